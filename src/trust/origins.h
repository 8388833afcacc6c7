/* SPDX-License-Identifier: Apache-2.0 */
/* origins.h - where the rules of a database came from: the text that a replay writes beside it.
 *
 * The file is this machine's own, written by an update; a damaged one is refused. */
#ifndef OV_TRUST_ORIGINS_H
#define OV_TRUST_ORIGINS_H

#include "base/buf.h"
#include "trust/state.h"

struct ov_origins {
    struct ov_buf text; /* owned; what follows borrows from it */
    struct ov_bytes origin;
    uint64_t size;
    uint64_t time;
    uint32_t witnesses;
    struct ov_state segments; /* only the segments are used */
    uint64_t rest;            /* where the other lines begin in `text` */
};

/* Takes `text`, which holds the file. After a failure it holds nothing. */
OV_MUST_CHECK overt_status ov_origins_read(
        struct ov_buf *text, struct ov_origins *out, overt_error *err);
void ov_origins_done(struct ov_origins *origins);

struct ov_origin {
    uint64_t index;
    uint64_t time; /* when the entry came into the log */
    uint32_t witnesses;
};

/* `space`: "log:INDEX" or "log:INDEX:NAME", as databases have it; *name is the NAME, or empty.
 * False: not a rule of a log, or of none that is known here. */
OV_MUST_CHECK bool ov_origins_find(const struct ov_origins *origins, struct ov_bytes space,
        struct ov_origin *out, struct ov_bytes *name);

#endif
