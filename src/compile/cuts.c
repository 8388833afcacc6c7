/* SPDX-License-Identifier: Apache-2.0 */
/* cuts.c - see cuts.h. */
#include "compile/cuts.h"

#include "compile/byteset.h"

/* How often a cut is tried inside a long run of single bytes. */
#define CUT_EVERY 32u

/* The cost of looking for all of these; false if one of them gives nothing to look for. */
static bool cost_of(const struct ov_tables *tables, const struct ov_sequences *seqs, uint64_t *cost)
{
    *cost = 0;
    for (uint32_t i = 0; i < seqs->count; i++) {
        struct ov_place place;

        if (!ov_atom_choose(tables, seqs->items[i].sets, seqs->items[i].count, &place)) {
            return false;
        }
        *cost += place.cost < OV_SHARE_ONE ? place.cost : OV_SHARE_ONE;
    }
    return true;
}

static bool is_cut(const struct ov_form *form, size_t at)
{
    struct ov_re_set set;

    return at % CUT_EVERY == 0 || !ov_re_one_byte(form->items[at - 1], false, &set);
}

bool ov_cut_choose(const struct ov_tables *tables, const struct ov_form *form,
        struct ov_sequences *workspaces, size_t *cut, uint64_t *cost)
{
    *cut = 0;
    *cost = UINT64_MAX;
    for (size_t at = 0; at < form->item_count; at++) {
        uint64_t here;

        if (!is_cut(form, at)) {
            continue;
        }
        if (!ov_sequences_of(form->items + at, form->item_count - at, form->nocase, form->wide,
                    &workspaces[1])) {
            return false;
        }
        if (cost_of(tables, &workspaces[1], &here) && here < *cost) {
            *cost = here;
            *cut = at;
            ov_sequences_copy(&workspaces[0], &workspaces[1]);
        }
    }
    return true;
}
