/* SPDX-License-Identifier: Apache-2.0 */
/* spaces.h - the namespaces of a set, numbered in the order in which rules first name them. */
#ifndef OV_COMPILE_SPACES_H
#define OV_COMPILE_SPACES_H

#include "rules/ir/rule.h"

struct ov_rule_plan;

struct ov_spaces {
    uint32_t *of_rule;      /* by number in the set */
    struct ov_bytes *names; /* by number of the space */
    uint32_t count;
};

/* Of the rules that are not left out. False: out of memory. */
OV_MUST_CHECK bool ov_spaces_find(
        const struct ov_rule_set *set, const struct ov_rule_plan *plans, struct ov_spaces *out);
void ov_spaces_done(struct ov_spaces *spaces);

#endif
