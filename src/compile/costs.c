/* SPDX-License-Identifier: Apache-2.0 */
/* costs.c - see costs.h. */
#include "compile/costs.h"

#include "base/checked.h"
#include "compile/common.h"

/* A rule that is woken costs a second sweep over the object: that is in what common.h says. */
#define XOR_FIND (OV_SHARE_ONE >> 27)

overt_status ov_costs_init(struct ov_costs *costs, const struct ov_rule_set *set, overt_error *err)
{
    uint64_t strings = 0;
    overt_status status;

    for (size_t r = 0; r < set->rule_count; r++) {
        strings += set->rules[r].string_count;
    }
    *costs = (struct ov_costs){ .workspaces = calloc(2, sizeof(*costs->workspaces)) };
    ov_arena_init(&costs->arena, UINT64_MAX);
    costs->known = calloc((size_t)strings + 1, sizeof(*costs->known));
    status = ov_tables_init(
            &costs->tables, strings < UINT32_MAX ? (uint32_t)strings : UINT32_MAX, err);
    if (status == OVERT_OK && (costs->workspaces == NULL || costs->known == NULL)) {
        status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to weigh strings");
    }
    return status;
}

void ov_costs_done(struct ov_costs *costs)
{
    free(costs->workspaces);
    free(costs->known);
    ov_tables_done(&costs->tables);
    ov_arena_done(&costs->arena);
    *costs = (struct ov_costs){ 0 };
}

static struct ov_cost cost_of_everywhere(void)
{
    return (struct ov_cost){ .all = OV_SHARE_ONE, .find = OV_SHARE_ONE };
}

static struct ov_cost cost_of_fixed(const struct ov_costs *costs, const struct ov_form *form)
{
    struct ov_cost cost;
    struct ov_place place;
    const bool found =
            form->is_xor ? ov_atom_choose_xor(&costs->tables, form->elements, form->count, &place)
                         : ov_atom_choose(&costs->tables, form->elements, form->count, &place);

    if (!found) {
        return cost_of_everywhere();
    }
    cost.find =
            (form->is_xor ? XOR_FIND : 0) + ov_common_find(form->elements, form->count, form->wide);
    cost.all = place.cost + cost.find;
    return cost;
}

static struct ov_cost cost_of_form(struct ov_costs *costs, const struct ov_form *form)
{
    struct ov_cost cost = { 0 };
    size_t cut;

    if (form->fixed) {
        return cost_of_fixed(costs, form);
    }
    if (!ov_cut_choose(&costs->tables, form, costs->workspaces, &cut, &cost.all)) {
        costs->out_of_memory = true;
    }
    if (cost.all >= OV_SHARE_ONE / 8) {
        return cost_of_everywhere();
    }
    for (uint32_t i = 0; i < costs->workspaces[0].count; i++) {
        const struct ov_sequence *sequence = &costs->workspaces[0].items[i];

        cost.find += ov_common_find(sequence->sets, sequence->count, form->wide);
    }
    /* A run of an automaton costs as much as several comparisons. */
    cost.all = 8 * cost.all + cost.find;
    return cost;
}

struct ov_cost ov_cost_of(struct ov_costs *costs, const struct ov_string *string, uint32_t number)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_cost cost = { .all = 1 };
    struct ov_forms forms;

    if (costs->known[number].all != 0) {
        return costs->known[number];
    }
    if (ov_forms_of(string, &costs->arena, &forms, &err) != OVERT_OK || forms.part_count != 0) {
        /* Parts of a chain are found one by one; or the rule is left out. */
        cost = (struct ov_cost){ .all = OV_COST_UNFIT, .find = OV_COST_UNFIT };
    }
    for (size_t i = 0; i < forms.count && cost.all != OV_COST_UNFIT; i++) {
        const struct ov_cost form = cost_of_form(costs, &forms.items[i]);

        cost.all += form.all;
        cost.find += form.find;
    }
    ov_arena_reset(&costs->arena);
    costs->known[number] = cost;
    return cost;
}

static bool every_offset(const struct ov_place *place)
{
    return ov_tables_stride(place->table) == 1;
}

static bool form_every_offset(struct ov_costs *costs, const struct ov_form *form)
{
    struct ov_place place;
    uint64_t cost;
    size_t cut;

    if (form->fixed) {
        const bool found =
                form->is_xor
                        ? ov_atom_choose_xor(&costs->tables, form->elements, form->count, &place)
                        : ov_atom_choose(&costs->tables, form->elements, form->count, &place);

        return !found || every_offset(&place);
    }
    if (!ov_cut_choose(&costs->tables, form, costs->workspaces, &cut, &cost)) {
        costs->out_of_memory = true;
    }
    for (uint32_t i = 0; i < costs->workspaces[0].count && cost != UINT64_MAX; i++) {
        const struct ov_sequence *sequence = &costs->workspaces[0].items[i];

        if (!ov_atom_choose(&costs->tables, sequence->sets, sequence->count, &place)
                || every_offset(&place)) {
            return true;
        }
    }
    return cost == UINT64_MAX;
}

bool ov_cost_every_offset(struct ov_costs *costs, const struct ov_string *string)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_forms forms;
    bool every;

    every = ov_forms_of(string, &costs->arena, &forms, &err) != OVERT_OK;
    for (size_t i = 0; i < forms.count && !every; i++) {
        every = form_every_offset(costs, &forms.items[i]);
    }
    ov_arena_reset(&costs->arena);
    return every;
}
