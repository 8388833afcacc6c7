/* SPDX-License-Identifier: Apache-2.0 */
/* signs.h - a few bytes that must stand at or near the beginning or the end of an object for a part of a
 * condition to be true. They cost next to nothing to look for, so a rule that has some waits for them. */
#ifndef OV_COMPILE_SIGNS_H
#define OV_COMPILE_SIGNS_H

#include "compile/condition.h"
#include "db/match_layout.h"

/* Of one part of a condition; of more it is not worth the while. */
#define OV_SIGNS_FEW 64u

struct ov_sign {
    struct ov_db_sign at; /* `rules` and `rule_count` are filled in when all are written */
    uint32_t rule;        /* of the set */
};

struct ov_sign_choice {
    struct ov_sign items[OV_SIGNS_FEW];
    uint32_t count;
    uint64_t find; /* how often one of them is found: a share of all offsets, as in costs.h */
};

/* cond_signs.c: signs of which one must be there for `cond`, by itself, to be true. False: there are no
 * such. */
OV_MUST_CHECK bool ov_cond_signs(const struct ov_cond_context *context, const struct ov_cond *cond,
        struct ov_sign_choice *out);

/* Appends all signs (struct ov_sign; equal ones become one) to `out` and says where in `filters`. */
OV_MUST_CHECK overt_status ov_signs_write(
        struct ov_bytes signs, struct ov_db_filters *filters, struct ov_buf *out, overt_error *err);

#endif
