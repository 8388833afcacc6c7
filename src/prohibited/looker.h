/* SPDX-License-Identifier: Apache-2.0 */
/* looker.h - what the files that look at one system share. Not for other rooms. */
#ifndef OV_PROHIBITED_LOOKER_H
#define OV_PROHIBITED_LOOKER_H

#include "base/limits.h"
#include "prohibited/ask.h"
#include "prohibited/gather.h"
#include "prohibited/index.h"
#include "prohibited/tree.h"

struct ov_looker {
    struct ov_survey *survey;
    struct ov_gather *gather;
    const struct ov_index *index;
    struct ov_ask *ask;
    struct ov_ask_options ask_options;
    int root_fd;
    char member[2 * OV_EXPLAIN_FRAME_BYTES_MAX]; /* told last, with what it lies in */
    uint32_t member_number;
    bool live, deep, windows, macos, android;
    enum ov_state most; /* what anything shows at most just now: a hidden layer holds remnants */
    overt_error *err;
    overt_status status; /* the first thing that stops everything */
};

/* One name of the system. `where` is the path for people; in an archive, folders need no entry of
 * their own, so those above are looked up as well. */
struct ov_named {
    const char *path, *where;
    bool is_link, is_folder, in_archive;
};
/* True: some fact is about it. */
bool ov_look_name_of(struct ov_looker *l, const struct ov_named *named);
void ov_look_note_system(struct ov_looker *l, const char *path);

/* One fact that a worker told of the file at `where`. */
void ov_look_fact(struct ov_looker *l, const char *where, const struct ov_trace *fact);

/* A hit with the state that the fact says, or `shows`. */
struct ov_sighting {
    const char *where, *detail, *version, *entity;
    unsigned version_rank;
    enum ov_state most; /* what it shows at most here */
};
void ov_look_text(
        struct ov_looker *l, enum ov_mark mark, const char *text, const struct ov_sighting *seen);

/* hive.c: a descriptor of a hive and its logs in one file of memory, of so many bytes. -1: there are
 * no logs, or they cannot be had. */
int ov_hive_with_logs(
        int folder_fd, const char *name, int hive_fd, uint64_t hive_bytes, uint64_t *bytes);

/* A package by whichever manager but Android's. */
void ov_look_package(struct ov_looker *l, const char *name, const struct ov_sighting *seen);
/* places.c: a name that is itself the entry of a package manager's database. */
void ov_look_package_place(struct ov_looker *l, const struct ov_named *named);

/* live.c: processes, modules, sockets of this machine. */
void ov_look_live(struct ov_looker *l);

/* image.c: archives and container images. */
void ov_look_archive(struct ov_looker *l, int fd, uint64_t size, const char *path);
bool ov_is_image_layout(int root_fd);
void ov_look_image_layout(struct ov_looker *l);

/* The part of `text` with this number, NUL-terminated, lent; "" when there is none. */
const char *ov_part_of(struct ov_bytes text, unsigned number);

#endif
