/* SPDX-License-Identifier: Apache-2.0 */
/* yara_walk.h - the files of a folder as yara meets them: in the order in which the folder lists
 * them, each inner folder (where wanted) at its place, links followed or not. Names come from
 * whoever may write there; nothing but regular files is opened. */
#ifndef OV_PROGRAMS_OVERT_YARA_WALK_H
#define OV_PROGRAMS_OVERT_YARA_WALK_H

#include <stdbool.h>
#include <stdint.h>

struct ov_yr_walk_options {
    bool recursive;
    bool no_links;
    long long skip_larger; /* 0 or less: nothing is skipped */
};

struct ov_yr_walk;

/* NULL: out of memory. */
struct ov_yr_walk *ov_yr_walk_new(const struct ov_yr_walk_options *options);
void ov_yr_walk_free(struct ov_yr_walk *walk);

/* The walk before it is forgotten. A folder that cannot be read is told on standard error. */
void ov_yr_walk_begin(struct ov_yr_walk *walk, const char *folder);
/* The path of the next file, lent until the next call; NULL: that was all. */
const char *ov_yr_walk_next(struct ov_yr_walk *walk);
uint64_t ov_yr_walk_problems(const struct ov_yr_walk *walk);

/* Opens a regular file for reading. -1: `*why` says why not. */
int ov_yr_open(const char *path, const char **why);

#endif
