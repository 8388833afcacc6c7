/* SPDX-License-Identifier: Apache-2.0 */
/* system.h - looking at one system: this one, one mounted or unpacked somewhere, or one in an
 * archive. Names are walked here; content is read by a jailed worker alone. */
#ifndef OV_PROHIBITED_SYSTEM_H
#define OV_PROHIBITED_SYSTEM_H

#include "prohibited/finding.h"

struct ov_system_options {
    const char *root; /* NULL: this machine, live. A folder, or an archive's path */
    bool deep;        /* content of programs and archives too */
    int database_fd;  /* any rule database, for the workers */
    uint64_t database_bytes;
    unsigned without;    /* jail layers done without */
    const char *started; /* RFC 3339; lent */
};

/* Adds one host to the survey, with its findings, leads and coverage. */
OV_MUST_CHECK overt_status ov_system_look(struct ov_survey *survey,
        const struct ov_catalogue *catalogue, const struct ov_system_options *options,
        overt_error *err);

#endif
