/* SPDX-License-Identifier: Apache-2.0 */
/* What the conditions of a set ask for, before anything is written: which strings and how, which
 * of them first, in which objects. */
#include <string.h>

#include "base/checked.h"
#include "compile/condition.h"
#include "compile/conditions.h"
#include "compile/signs.h"

static overt_status no_memory(overt_error *err)
{
    return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for conditions");
}

void ov_rule_leave_out(struct ov_rule_plan *plan, const struct ov_rule *rule, uint32_t line,
        uint32_t column, const char *why, struct ov_diags *diags)
{
    plan->left_out = true;
    ov_diag_add(diags, OV_DIAG_ERROR, rule->file, rule->name, line, column, "%s", why);
}

struct ov_cond *ov_rule_tree(
        struct ov_cond_context *context, struct ov_rule_plan *plans, struct ov_diags *diags)
{
    const struct ov_rule *rule = &context->set->rules[context->rule];
    struct ov_cond *cond;

    ov_arena_reset(context->arena);
    cond = ov_cond_build(context, rule->condition);
    if (cond == NULL && !context->out_of_memory) {
        ov_rule_leave_out(
                &plans[context->rule], rule, context->line, context->column, context->why, diags);
    }
    return cond;
}

static overt_status check_totals(const struct ov_rule_set *set, overt_error *err)
{
    uint64_t strings = 0;

    for (size_t r = 0; r < set->rule_count; r++) {
        strings += set->rules[r].string_count;
    }
    if (strings >= UINT32_MAX || set->rule_count > OV_RULES_MAX
            || set->hashes.count > UINT32_MAX - 1 - set->rule_count) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX,
                "%zu rules with %llu strings, and %zu hashes, are too many for one database",
                set->rule_count, (unsigned long long)strings, set->hashes.count);
    }
    return OVERT_OK;
}

/* --- planning -------------------------------------------------------------------------------- */

overt_status ov_demands_init(
        struct ov_demands *demands, const struct ov_rule_set *set, overt_error *err)
{
    uint64_t strings = 0;

    *demands = (struct ov_demands){ 0 };
    ov_buf_init(&demands->signs, SIZE_MAX);
    for (size_t r = 0; r < set->rule_count; r++) {
        strings += set->rules[r].string_count;
    }
    demands->plans = calloc(set->rule_count + 1, sizeof(*demands->plans));
    demands->uses = calloc((size_t)strings + 1, 1);
    demands->phases = calloc((size_t)strings + 1, 1);
    demands->weights = calloc(set->rule_count + 1, sizeof(*demands->weights));
    demands->guards = calloc(set->rule_count + 1, sizeof(*demands->guards));
    demands->hints = calloc(1, sizeof(*demands->hints));
    demands->costs = calloc(1, sizeof(*demands->costs));
    if (demands->plans == NULL || demands->uses == NULL || demands->phases == NULL
            || demands->weights == NULL || demands->guards == NULL || demands->hints == NULL
            || demands->costs == NULL
            || !ov_hints_init(demands->hints, set->rule_count, set->lists)) {
        return no_memory(err);
    }
    return ov_costs_init(demands->costs, set, err);
}

void ov_demands_done(struct ov_demands *demands)
{
    if (demands->costs != NULL) {
        ov_costs_done(demands->costs);
    }
    if (demands->hints != NULL) {
        ov_hints_done(demands->hints);
    }
    ov_buf_done(&demands->signs);
    free(demands->costs);
    free(demands->hints);
    free(demands->guards);
    free(demands->weights);
    free(demands->phases);
    free(demands->uses);
    free(demands->plans);
    *demands = (struct ov_demands){ 0 };
}

/* Gates that are found in large objects as a rule save nothing: each of these is gone over twice.
 * But to look for short strings at every offset of every object costs more than that, and to go
 * over one in 2^GATES_SMALL_SHIFT of the small objects twice costs nothing. */
#define GATES_COST_MAX       (OV_SHARE_ONE >> 23)
#define GATES_COST_MAX_SHORT (OV_SHARE_ONE >> 21)
#define GATES_SMALL_SHIFT    4u

/* A rule whose gates are found as often as this waits for two of them, if there are others that cost
 * no more than that: of `all of them` any two. */
#define GATES_COST_ONE   (OV_SHARE_ONE >> 28)
#define GATES_COST_OTHER (OV_SHARE_ONE >> 20)

/* Marks more strings as gates, so that two must be found for the rule to hold. False: one must do. */
static bool add_gates(const struct ov_cond_context *context, const struct ov_cond *cond,
        uint8_t *phases, struct ov_buf *waits)
{
    const struct ov_rule *rule = &context->set->rules[context->rule];
    uint8_t *more = ov_arena_alloc(context->arena, rule->string_count, 1);
    uint64_t cost;

    if (more == NULL) {
        return false;
    }
    ov_buf_clear(waits);
    cost = ov_cond_wakes_besides(context, cond, phases, more, waits);
    if (cost > GATES_COST_OTHER || ov_bytes_len(ov_buf_bytes(waits)) != 0) {
        return false;
    }
    for (uint32_t s = 0; s < rule->string_count; s++) {
        if (more[s] != 0 && ov_cost_every_offset(context->costs, &rule->strings[s])) {
            return false;
        }
    }
    for (uint32_t s = 0; s < rule->string_count; s++) {
        phases[s] |= more[s];
    }
    return true;
}

/* Whether a string that is no gate would have to be looked for at every offset. */
static bool has_short(const struct ov_cond_context *context, const uint8_t *phases)
{
    const struct ov_rule *rule = &context->set->rules[context->rule];

    for (uint32_t s = 0; s < rule->string_count; s++) {
        if (phases[s] == 0 && ov_cost_every_offset(context->costs, &rule->strings[s])) {
            return true;
        }
    }
    return false;
}

/* Whether hardly any object that the rule is for has a gate in it, small as these are. */
static bool few_wake(
        const struct ov_cond_context *context, const struct ov_cond *cond, const uint8_t *phases)
{
    const struct ov_rule *rule = &context->set->rules[context->rule];
    struct ov_guards guards;
    uint64_t find = 0;

    ov_cond_guards(cond, &guards);
    for (uint32_t s = 0; s < rule->string_count; s++) {
        if (phases[s] != 0) {
            find += ov_cost_of(context->costs, &rule->strings[s], context->string_base + s).find;
        }
    }
    return find <= (OV_SHARE_ONE >> GATES_SMALL_SHIFT) / ((uint64_t)guards.size_max + 1);
}

static bool gates_are_good(const struct ov_cond_context *context, const struct ov_cond *cond,
        const uint8_t *phases, uint64_t cost)
{
    return cost <= GATES_COST_MAX || (cost <= GATES_COST_MAX_SHORT && has_short(context, phases))
           || few_wake(context, cond, phases);
}

/* Objects that have a sign are as often gone over twice: that is worth what it costs to look for the
 * rule's other strings in all objects, if it is so much more. Many rules share their signs. */
#define SIGNS_FIND_MAX   (OV_SHARE_ONE >> 15)
#define SIGNS_GAIN_SHIFT 4u

/* What it costs to look for the strings that are not marked. */
static uint64_t cost_of_others(const struct ov_cond_context *context, const uint8_t *marked)
{
    const struct ov_rule *rule = &context->set->rules[context->rule];
    uint64_t cost = 0;

    for (uint32_t s = 0; s < rule->string_count && cost < OV_COST_UNFIT; s++) {
        if (marked[s] == 0) {
            cost += ov_cost_of(context->costs, &rule->strings[s], context->string_base + s).all;
        }
    }
    return cost;
}

/* Whether the rule's strings can wait for signs, or signs and few strings. */
static bool plan_by_signs(const struct ov_cond_context *context, const struct ov_cond *cond,
        uint8_t *phases, struct ov_buf *waits, struct ov_buf *signs)
{
    const uint32_t count = context->set->rules[context->rule].string_count;
    struct ov_buf chosen;
    uint64_t find = 0;
    bool good;

    ov_buf_init(&chosen, SIZE_MAX);
    ov_buf_clear(waits);
    good = ov_cond_wakes_by_signs(context, cond, phases, waits, &chosen, &find)
           && ov_bytes_len(ov_buf_bytes(waits)) == 0 && find <= SIGNS_FIND_MAX
           && ov_bytes_len(ov_buf_bytes(&chosen)) != 0
           && cost_of_others(context, phases) >> SIGNS_GAIN_SHIFT >= find;
    if (good) {
        const struct ov_bytes bytes = ov_buf_bytes(&chosen);

        ov_buf_put(signs, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));
        for (uint32_t s = 0; s < count; s++) {
            phases[s] = phases[s] != 0 ? OV_PHASE_GATE : OV_PHASE_LATER;
        }
    }
    good = good && ov_buf_ok(&chosen);
    ov_buf_done(&chosen);
    return good;
}

/* Of a rule that cannot hold unless one of a few strings occurs, the others need not be looked
 * for before one was. `phases` are the rule's; `waits` is scratch. */
static void plan_phases(const struct ov_cond_context *context, const struct ov_cond *cond,
        uint8_t *phases, struct ov_buf *waits, struct ov_buf *signs, struct ov_db_sleeper *out)
{
    const uint32_t count = context->set->rules[context->rule].string_count;
    uint32_t gates = 0;
    uint64_t cost;

    ov_buf_clear(waits);
    cost = ov_cond_wakes(context, cond, phases, waits, NULL);
    for (uint32_t s = 0; s < count; s++) {
        gates += phases[s] != 0;
    }
    if (gates == count || ov_bytes_len(ov_buf_bytes(waits)) != 0
            || !gates_are_good(context, cond, phases, cost)) {
        if (count != 0 && !plan_by_signs(context, cond, phases, waits, signs)) {
            memset(phases, OV_PHASE_ALWAYS, count);
        }
        return;
    }
    if (cost > GATES_COST_ONE && add_gates(context, cond, phases, waits)) {
        out->gates = 2;
    }
    for (uint32_t s = 0; s < count; s++) {
        phases[s] = phases[s] != 0 ? OV_PHASE_GATE : OV_PHASE_LATER;
    }
}

/* What must be true of the object for the rule to hold, as far as one test goes. */
static void plan_guard(const struct ov_cond *cond, struct ov_db_sleeper *out)
{
    struct ov_guards guards;

    ov_cond_guards(cond, &guards);
    out->size_min = ov_le32_of(guards.size_min);
    out->size_max = ov_le32_of(guards.size_max);
    if (guards.count == 1) {
        out->value = ov_le32_of(guards.tests[0].value);
        out->offset = ov_le16_of((uint16_t)guards.tests[0].offset);
        out->bytes = (uint8_t)guards.tests[0].bytes;
    }
}

static void plan_rule(struct ov_cond_context *context, struct ov_demands *demands,
        struct ov_diags *diags, struct ov_buf *waits)
{
    const size_t r = context->rule;
    const struct ov_rule *rule = &context->set->rules[r];
    uint8_t *uses = demands->uses + context->string_base;
    uint8_t *phases = demands->phases + context->string_base;
    const struct ov_cond *cond =
            demands->plans[r].left_out ? NULL : ov_rule_tree(context, demands->plans, diags);

    memset(uses, OV_USE_NONE, rule->string_count);
    memset(phases, OV_PHASE_ALWAYS, rule->string_count);
    if (cond != NULL) {
        demands->plans[r].needs_wake = ov_cond_needs_wake(cond);
        ov_cond_uses(cond, uses);
        plan_guard(cond, &demands->guards[r]);
        if (ov_known_truth(cond->bare) == OV_TRUTH_FALSE) { /* else a clue may wake it too */
            plan_phases(context, cond, phases, waits, &demands->signs, &demands->guards[r]);
        }
        for (uint32_t s = 0; s < rule->string_count; s++) {
            demands->weights[r] += phases[s] != OV_PHASE_LATER;
        }
    }
    ov_cond_hint(demands->hints, rule, cond);
}

overt_status ov_conditions_plan(const struct ov_rule_set *set, struct ov_demands *demands,
        struct ov_diags *diags, overt_error *err)
{
    const overt_status status = check_totals(set, err);
    struct ov_arena arena;
    struct ov_cond_context context = {
        .set = set, .plans = demands->plans, .costs = demands->costs, .arena = &arena
    };
    struct ov_buf waits;
    bool good;

    if (status != OVERT_OK) {
        return status;
    }
    ov_arena_init(&arena, UINT64_MAX);
    ov_buf_init(&waits, SIZE_MAX);
    for (size_t r = 0; r < set->rule_count && !context.out_of_memory; r++) {
        context.rule = r;
        plan_rule(&context, demands, diags, &waits);
        context.string_base += set->rules[r].string_count;
    }
    good = !context.out_of_memory && !demands->hints->out_of_memory
           && !demands->costs->out_of_memory && ov_buf_ok(&waits) && ov_buf_ok(&demands->signs);
    ov_buf_done(&waits);
    ov_arena_done(&arena);
    return good ? OVERT_OK : no_memory(err);
}
