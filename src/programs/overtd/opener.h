/* SPDX-License-Identifier: Apache-2.0 */
/* opener.h - a process that turns one path of a client into open descriptors, with that client's
 * own rights: what he may not read, the daemon does not read for him. It has no call that reads
 * content; the supervisor hands the descriptors to workers. */
#ifndef OV_PROGRAMS_OVERTD_OPENER_H
#define OV_PROGRAMS_OVERTD_OPENER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"

#define OVD_GROUPS_MAX 256u

/* On whose behalf. */
struct ovd_peer {
    bool known; /* false: TCP; then `uid` is the daemon's unprivileged user */
    uid_t uid;
    gid_t gid;
    gid_t groups[OVD_GROUPS_MAX];
    size_t group_count;
};

struct ovd_opener_options {
    struct ov_bytes path; /* as the client said it */
    const struct ovd_peer *peer;
    bool set_ids;                /* we are root */
    bool one_file_system;        /* CrossFilesystems no */
    const char *const *excludes; /* globs; NULL-terminated, or NULL */
};

/* Starts one. Gives the supervisor's end, non-blocking, and the process's pidfd. Frames that come:
 * OVD_FILE, OVD_PROBLEM, and at last OVD_DONE; an end without that is a failure. False: errno. */
OV_MUST_CHECK bool ovd_opener_start(
        const struct ovd_opener_options *options, int *channel, int *pidfd);

#endif
