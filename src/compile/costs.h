/* SPDX-License-Identifier: Apache-2.0 */
/* costs.h - what it costs to look for a string in ordinary files, and how soon it is found there:
 * the choice of gates goes by it. */
#ifndef OV_COMPILE_COSTS_H
#define OV_COMPILE_COSTS_H

#include "compile/cuts.h"

/* Of a string that can be no gate. Sums of costs stay below it. */
#define OV_COST_UNFIT (UINT64_MAX / 4)

struct ov_cost {
    uint64_t all;  /* looking and finding; 0: not reckoned yet */
    uint64_t find; /* how often it is found */
};

struct ov_costs {
    struct ov_tables tables; /* without entries: every string as if alone */
    struct ov_arena arena;
    struct ov_sequences *workspaces; /* two; owned */
    struct ov_cost *known;           /* for each string of the set; owned */
    bool out_of_memory;
};

OV_MUST_CHECK overt_status ov_costs_init(
        struct ov_costs *costs, const struct ov_rule_set *set, overt_error *err);
void ov_costs_done(struct ov_costs *costs);

/* `number` is the string's in the set. A share of all offsets, as in rarity.h. */
struct ov_cost ov_cost_of(struct ov_costs *costs, const struct ov_string *string, uint32_t number);

/* Whether the string is so short that it has to be looked for at every offset. */
bool ov_cost_every_offset(struct ov_costs *costs, const struct ov_string *string);

#endif
