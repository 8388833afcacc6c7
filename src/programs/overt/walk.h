/* SPDX-License-Identifier: Apache-2.0 */
/* walk.h - every regular file below a path, in an order that depends on names alone: in each folder
 * first its files by name (bytes compared), then its folders by name, each walked before the next.
 *
 * Names come from whoever may write there. Nothing is followed: not links (only a path that a
 * person named may be one), not mount loops; nothing but regular files is opened. Any depth, any
 * length of path, with few descriptors. One walk belongs to one thread. */
#ifndef OV_PROGRAMS_OVERT_WALK_H
#define OV_PROGRAMS_OVERT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ov_walk_options {
    const char *const *excludes; /* globs on the path or the name; NULL-terminated, or NULL */
    bool one_file_system;
    bool count_only; /* nothing is opened but folders */
};

struct ov_walk_counts {
    uint64_t excluded, links, special, vanished, other_fs, kernel_fs, loops;
};

enum ov_walk_step {
    OV_WALK_END = 0,     /* nothing more below this path */
    OV_WALK_FILE = 1,    /* entry.fd is open for reading, and yours */
    OV_WALK_PROBLEM = 2, /* entry.why says what could not be looked at */
    OV_WALK_AGAIN = 3    /* out of descriptors: close some, then ask again, or ov_walk_give_up */
};

struct ov_walk_entry {
    const char *path; /* lent until the next step */
    size_t path_bytes;
    int fd;
    uint64_t size;   /* where files are counted only; else who opened it asks the descriptor */
    const char *why; /* a sentence, static */
};

struct ov_walk;

/* NULL: out of memory. `options` is copied; what it points to is borrowed. */
struct ov_walk *ov_walk_new(const struct ov_walk_options *options);
void ov_walk_free(struct ov_walk *walk);

/* Begins at a path that a person named. The walk before it is forgotten. */
void ov_walk_begin(struct ov_walk *walk, const char *path);
enum ov_walk_step ov_walk_next(struct ov_walk *walk, struct ov_walk_entry *out);
/* After OV_WALK_AGAIN: what could not be opened is a PROBLEM next time. */
void ov_walk_give_up(struct ov_walk *walk);

const struct ov_walk_counts *ov_walk_counts(const struct ov_walk *walk);

#endif
