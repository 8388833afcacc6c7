/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - what a name stands for. A tree over hashes of (space, name): the cost of a lookup does
 * not depend on who chose the names, so a rule file cannot make its own reading slow. */
#ifndef OV_RULES_IR_NAMES_H
#define OV_RULES_IR_NAMES_H

#include "base/arena.h"

struct ov_names {
    struct ov_arena *arena; /* borrowed */
    struct ov_name *priv_root;
};

#define OV_NAME_NEW UINT32_MAX /* the value of a name that was just added */

void ov_names_init(struct ov_names *names, struct ov_arena *arena);

/* Where the value of (space, name) is kept, or NULL if there is none. */
uint32_t *ov_names_find(const struct ov_names *names, struct ov_bytes space, struct ov_bytes name);

/* The same, added with the value OV_NAME_NEW if it was not there. `space` and `name` are borrowed
 * for the life of the arena. NULL: out of memory. */
uint32_t *ov_names_add(struct ov_names *names, struct ov_bytes space, struct ov_bytes name)
        OV_MUST_CHECK;

#endif
