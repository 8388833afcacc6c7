/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - where `overt scan --profile quick|full` looks, and how it keeps out of the way. */
#ifndef OV_PROGRAMS_OVERT_PROFILE_H
#define OV_PROGRAMS_OVERT_PROFILE_H

#include "programs/overt/options.h"

enum ov_profile {
    OV_PROFILE_NONE = 0,
    OV_PROFILE_QUICK, /* where what runs, or will run by itself, has its files */
    OV_PROFILE_FULL   /* every local file system */
};

/* NONE: there is none of that name. */
enum ov_profile ov_profile_of(const char *name);
const char *ov_profile_name(enum ov_profile profile);

/* Adds what is there on this machine, each place once; the words are owned by *keep until
 * ov_profile_done. `root`: "", or a folder that stands for / in tests. False: it was said why. */
struct ov_profile_places {
    char **at; /* owned */
    size_t count, cap;
};
bool ov_profile_places(struct ov_profile_places *keep, enum ov_profile profile, const char *root,
        struct ov_words *paths);
void ov_profile_done(struct ov_profile_places *keep);

/* The lowest priorities for processor and disk that this process may have, and what it starts. */
void ov_profile_step_aside(void);

#endif
