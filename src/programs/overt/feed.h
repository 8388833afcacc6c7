/* SPDX-License-Identifier: Apache-2.0 */
/* feed.h - what a scan is to look at, one after the other: paths from the command line, then names
 * from lists, then standard input. */
#ifndef OV_PROGRAMS_OVERT_FEED_H
#define OV_PROGRAMS_OVERT_FEED_H

#include "programs/overt/options.h"
#include "programs/overt/walk.h"

enum ov_feed_step {
    OV_FEED_END,
    OV_FEED_FILE,
    OV_FEED_PROBLEM,
    OV_FEED_AGAIN, /* out of descriptors: collect, then ask again, or ov_feed_give_up */
    OV_FEED_WAIT   /* the list has nothing yet: poll ov_feed_fd */
};

struct ov_feed_options {
    struct ov_walk_options walk;
    const struct ov_words *paths; /* "-": standard input as one file */
    const char *list;             /* --file-list; NULL: none; "-": standard input */
    bool list_is_nul_separated;
};

struct ov_feed;

/* NULL: it was said why. */
struct ov_feed *ov_feed_new(const struct ov_feed_options *options);
void ov_feed_free(struct ov_feed *feed);

enum ov_feed_step ov_feed_next(struct ov_feed *feed, struct ov_walk_entry *out);
void ov_feed_give_up(struct ov_feed *feed);
int ov_feed_fd(const struct ov_feed *feed); /* -1: no list */
const struct ov_walk_counts *ov_feed_counts(const struct ov_feed *feed);

#endif
