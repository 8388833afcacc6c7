/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules to run, in which order. Neither the object nor the database is trusted.
 *
 * A rule is run if a string or a clue was found that wakes it, if a rule holds that it waits for,
 * or if it is one of the few that may hold without and the object's first bytes and size allow it.
 * Rules are run in order; they refer to earlier ones only, so what they refer to is known. One
 * that takes long is put off until the others are done. */
#include <string.h>

#include "base/checked.h"
#include "db/rules.h"
#include "eval/eval.h"
#include "eval/machine.h"

#define STEPS_ENDLESS (UINT64_MAX / 8)

struct ov_evaluator {
    const struct ov_db_view *view;
    struct ov_db_groups groups;
    struct ov_db_clues clues;
    bool has_groups;
    bool has_clues;
    uint32_t rule_count;
    struct ov_bits due;     /* to be run */
    struct ov_bits put_off; /* took too long, or wait for one that did */
    struct ov_bits held;
    struct ov_given *given; /* owned, sorted */
    uint32_t given_count, given_cap;
    struct ov_facts facts;
    struct ov_machine machine;
    uint64_t *steps; /* one for each rule, or NULL: nobody asked; owned */
};

overt_status ov_evaluator_new(
        struct ov_evaluator **out, const struct ov_db_view *view, overt_error *err)
{
    struct ov_evaluator *ev = calloc(1, sizeof(*ev));
    uint64_t records;

    if (ev == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to evaluate rules");
    }
    /* A count is a claim: memory is for the rules that lie in the file. */
    records = ov_bytes_len(view->sections[OV_DB_RULES]) / sizeof(struct ov_db_rule);
    ev->view = view;
    ev->rule_count = ov_db_rule_count(view);
    if (ev->rule_count > records) {
        ov_evaluator_free(ev);
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the table of rules is cut short");
    }
    ev->has_groups = ov_db_groups_read(view, &ev->groups);
    ev->has_clues = ov_db_clues_read(view, &ev->clues);
    if (ev->rule_count != 0 && !ev->has_groups) {
        ov_evaluator_free(ev);
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "rules without their groups");
    }
    if (!ov_bits_init(&ev->due, ev->rule_count) || !ov_bits_init(&ev->put_off, ev->rule_count)
            || !ov_bits_init(&ev->held, ev->rule_count)) {
        ov_evaluator_free(ev);
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to evaluate rules");
    }
    *out = ev;
    return OVERT_OK;
}

void ov_evaluator_free(struct ov_evaluator *ev)
{
    if (ev != NULL) {
        ov_bits_done(&ev->due);
        ov_bits_done(&ev->put_off);
        ov_bits_done(&ev->held);
        free(ev->given);
        ov_asked_done(&ev->facts.asked);
        ov_clam_pcre_free(ev->machine.pcre);
        free(ev->steps);
        free(ev);
    }
}

bool ov_evaluator_count_steps(struct ov_evaluator *ev, bool count)
{
    if (!count) {
        free(ev->steps);
        ev->steps = NULL;
        return true;
    }
    if (ev->steps == NULL) {
        ev->steps = calloc((size_t)ev->rule_count + 1, sizeof(*ev->steps));
    }
    return ev->steps != NULL;
}

uint64_t ov_evaluator_steps(const struct ov_evaluator *ev, uint32_t rule)
{
    return ev->steps != NULL && rule < ev->rule_count ? ev->steps[rule] : 0;
}

/* --- values given for one object ------------------------------------------------------------- */

void ov_evaluator_forget_values(struct ov_evaluator *ev)
{
    ev->given_count = 0;
}

/* The number of the variable of this name and type; false: the rules have none. */
static bool find_external(
        const struct ov_db_view *view, const struct ov_external_value *value, uint32_t *number)
{
    struct ov_datum_info info;

    for (uint32_t i = 0; i < view->counts[OV_DB_EXTERNALS] && ov_db_external_read(view, i, &info);
            i++) {
        if (info.type == value->type
                && ov_bytes_equal(
                        info.name, ov_bytes_raw(value->name), (size_t)ov_bytes_len(value->name))) {
            *number = i;
            return true;
        }
    }
    return false;
}

bool ov_evaluator_give_value(struct ov_evaluator *ev, const struct ov_external_value *value)
{
    struct ov_value given = ov_value_int(value->integer);
    uint32_t number, at = 0;

    if (!find_external(ev->view, value, &number)) {
        return true;
    }
    if (value->type == OV_DB_DATUM_FLOAT) {
        given = ov_value_float(value->real);
    } else if (value->type == OV_DB_DATUM_TEXT) {
        given = ov_value_text(value->text);
    }
    while (at < ev->given_count && ev->given[at].number < number) {
        at++;
    }
    if (at < ev->given_count && ev->given[at].number == number) {
        ev->given[at].value = given;
        return true;
    }
    if (ev->given_count == ev->given_cap) {
        const uint32_t cap = ev->given_cap == 0 ? 8 : ev->given_cap * 2;
        struct ov_given *more = reallocarray(ev->given, cap, sizeof(*more));

        if (more == NULL) {
            return false;
        }
        ev->given = more;
        ev->given_cap = cap;
    }
    memmove(&ev->given[at + 1], &ev->given[at], (ev->given_count - at) * sizeof(*ev->given));
    ev->given[at] = (struct ov_given){ .number = number, .value = given };
    ev->given_count++;
    return true;
}

void ov_evaluator_use(struct ov_evaluator *ev, const struct ov_eval_means *means)
{
    ev->facts.asked.means = means;
}

uint32_t ov_evaluator_used(const struct ov_evaluator *ev)
{
    return ev->facts.asked.used;
}

const struct ov_fact_tree *ov_evaluator_facts(struct ov_evaluator *ev, enum ov_field module)
{
    return ov_asked_module(&ev->facts.asked, ev->facts.source, module);
}

enum ov_reason ov_evaluator_facts_reason(const struct ov_evaluator *ev)
{
    return ov_asked_reason(&ev->facts.asked);
}

/* --- what is due ----------------------------------------------------------------------------- */

static void wake_by_strings(struct ov_evaluator *ev, const struct ov_matcher *m)
{
    size_t count = 0;
    const uint32_t *strings = ov_matcher_found_strings(m, &count);

    for (size_t i = 0; i < count; i++) {
        const struct ov_db_string *s =
                ov_db_record(ev->view, OV_DB_STRINGS, strings[i], sizeof(*s));

        if (s != NULL && (ov_le32_get(s->flags) & OV_DB_STRING_WAKES) != 0) {
            ov_bits_add(&ev->due, ov_le32_get(s->rule));
        }
    }
}

/* Are the `count` bytes at `offset` the value? 0 bytes are. */
static bool stands_at(
        struct ov_evaluator *ev, struct ov_le16 offset, struct ov_le16 count, struct ov_le32 value)
{
    const uint16_t bytes = ov_le16_get(count);
    uint32_t v;

    if (bytes == 0) {
        return true;
    }
    return (bytes == 1 || bytes == 2 || bytes == 4)
           && ov_facts_read(&ev->facts, ov_le16_get(offset), bytes, &v) && v == ov_le32_get(value);
}

static uint32_t object_size(const struct ov_evaluator *ev)
{
    const uint64_t real = ev->facts.source->size;

    return real > UINT32_MAX ? UINT32_MAX : (uint32_t)real;
}

/* Looks up what the object's facts are among those that rules wait for. */
static enum ov_reason wake_by_clues(struct ov_evaluator *ev, struct ov_budget *budget)
{
    const uint32_t size = object_size(ev);
    enum ov_outcome outcome = OV_OUTCOME_FALSE;
    const struct ov_db_probe *probe;

    if (!ev->has_clues) {
        return OV_REASON_NONE;
    }
    ev->machine.budget = budget;
    ev->machine.clues = &ev->clues;
    ev->machine.woken = &ev->due;
    ev->machine.told = NULL;
    for (uint64_t p = 0;
            outcome == OV_OUTCOME_FALSE
            && (probe = ov_db_clues_item(ev->view, ev->clues.probes, p, sizeof(*probe))) != NULL;
            p++) {
        if (size >= ov_le32_get(probe->size_min) && size <= ov_le32_get(probe->size_max)
                && stands_at(ev, probe->offset, probe->bytes, probe->test)) {
            ev->machine.probe = probe;
            outcome = ov_machine_run_probe(&ev->machine);
        }
    }
    ev->machine.probe = NULL;
    return outcome == OV_OUTCOME_NO_STEPS ? OV_REASON_STEPS
           : outcome == OV_OUTCOME_FALSE  ? OV_REASON_NONE
                                          : OV_REASON_RULES;
}

static bool wake_always(struct ov_evaluator *ev, struct ov_budget *budget)
{
    const uint32_t size = object_size(ev);
    const struct ov_db_guard *guard;

    for (uint64_t g = 0;
            (guard = ov_db_group_item(ev->view, ev->groups.guards, g, sizeof(*guard))) != NULL;
            g++) {
        const uint64_t first = ov_le32_get(guard->first), count = ov_le32_get(guard->count);

        if (!stands_at(ev, guard->offset, guard->bytes, guard->value)) {
            continue;
        }
        if (!ov_budget_steps(budget, 1 + count / 16)) {
            return false;
        }
        for (uint64_t i = first; i < first + count; i++) {
            const struct ov_db_always *entry =
                    ov_db_group_item(ev->view, ev->groups.always, i, sizeof(*entry));

            if (entry == NULL) {
                break;
            }
            if (size >= ov_le32_get(entry->size_min) && size <= ov_le32_get(entry->size_max)) {
                ov_bits_add(&ev->due, ov_le32_get(entry->rule));
            }
        }
    }
    return true;
}

/* Adds the rules that wait for this one, all of which come behind it, to one set or two. */
static bool add_waiters(struct ov_evaluator *ev, uint32_t rule, struct ov_bits *set,
        struct ov_bits *and_set, struct ov_budget *budget)
{
    const struct ov_db_rule *r = ov_db_record(ev->view, OV_DB_RULES, rule, sizeof(*r));
    uint64_t first, count;

    if (r == NULL) {
        return true;
    }
    first = ov_le32_get(r->waiter_first);
    count = ov_le32_get(r->waiter_count);
    if (!ov_budget_steps(budget, count)) {
        return false;
    }
    for (uint64_t i = first; i < first + count; i++) {
        const struct ov_le32 *waiter =
                ov_db_group_item(ev->view, ev->groups.waiters, i, sizeof(*waiter));

        if (waiter == NULL) {
            break;
        }
        if (ov_le32_get(*waiter) > rule) {
            ov_bits_add(set, ov_le32_get(*waiter));
            if (and_set != NULL) {
                ov_bits_add(and_set, ov_le32_get(*waiter));
            }
        }
    }
    return true;
}

/* --- running --------------------------------------------------------------------------------- */

/* Runs one rule with at most `slice` steps. *all_spent: it had all that was left. */
static enum ov_outcome run_rule(struct ov_evaluator *ev, uint32_t rule, uint64_t slice,
        struct ov_budget *budget, bool *all_spent)
{
    const uint64_t given = budget->steps_left < slice ? budget->steps_left : slice;
    struct ov_budget part = { .steps_left = given };
    enum ov_outcome outcome;
    uint64_t spent;

    *all_spent = given == budget->steps_left;
    ev->machine.budget = &part;
    outcome = ov_machine_run(&ev->machine, rule);
    spent = given - part.steps_left; /* what was parsed meanwhile is paid for already */
    budget->steps_left -= spent < budget->steps_left ? spent : budget->steps_left;
    if (ev->steps != NULL) {
        ev->steps[rule] += spent;
    }
    return outcome;
}

/* A rule that is put off is neither true nor false for now, and neither are those that wait for
 * it: they are put off when the walk comes to them. */
static bool put_off(struct ov_evaluator *ev, uint32_t rule, struct ov_budget *budget)
{
    ov_bits_add(&ev->put_off, rule);
    return add_waiters(ev, rule, &ev->put_off, &ev->due, budget);
}

/* What to do with a rule that came to an end. */
static enum ov_reason settle(struct ov_evaluator *ev, struct ov_bits *set, uint32_t rule,
        enum ov_outcome outcome, struct ov_budget *budget)
{
    switch (outcome) {
    case OV_OUTCOME_FALSE:
        break;
    case OV_OUTCOME_HOLDS:
        ov_bits_add(&ev->held, rule);
        return add_waiters(ev, rule, set, NULL, budget) ? OV_REASON_NONE : OV_REASON_STEPS;
    case OV_OUTCOME_NO_STEPS:
    case OV_OUTCOME_WAITS:
        return put_off(ev, rule, budget) ? OV_REASON_NONE : OV_REASON_STEPS;
    case OV_OUTCOME_DAMAGED:
        return OV_REASON_RULES;
    }
    return OV_REASON_NONE;
}

/* Where steps are as good as endless there is nothing to share out: rules run in their order and once,
 * which those that speak (console.log) show. */
static uint64_t slice_of(const struct ov_budget *budget)
{
    return budget->steps_left > STEPS_ENDLESS ? UINT64_MAX : OV_CONDITION_SLICE_STEPS;
}

/* Runs a set in order; what is woken on the way joins it, further on. First round: everything
 * due, and who needs more than a slice is put off. Second: those put off, without a slice. In
 * both, what a rule refers to was settled before it or put off. */
static enum ov_reason run_set(
        struct ov_evaluator *ev, struct ov_bits *set, uint64_t slice, struct ov_budget *budget)
{
    enum ov_reason reason = OV_REASON_NONE;

    for (uint32_t rule = 0; ov_bits_next(set, rule, &rule); rule++) {
        enum ov_outcome outcome = OV_OUTCOME_WAITS;
        bool all_spent = false;
        enum ov_reason one;

        ov_bits_remove(set, rule);
        if (!ov_bits_has(&ev->put_off, rule)) {
            outcome = run_rule(ev, rule, slice, budget, &all_spent);
        }
        if (outcome == OV_OUTCOME_NO_STEPS && all_spent) {
            return OV_REASON_STEPS;
        }
        one = settle(ev, set, rule, outcome, budget);
        if (one == OV_REASON_STEPS) {
            return one;
        }
        if (one != OV_REASON_NONE) {
            reason = one;
        }
    }
    return reason;
}

/* --- telling --------------------------------------------------------------------------------- */

/* Do all global rules of the rule's namespace hold? */
static bool globals_hold(struct ov_evaluator *ev, const struct ov_db_rule *r,
        struct ov_budget *budget, enum ov_reason *reason)
{
    const struct ov_db_space *space =
            ov_db_record(ev->view, OV_DB_SPACES, ov_le32_get(r->space), sizeof(*space));
    uint64_t first, count;

    if (space == NULL) {
        *reason = OV_REASON_RULES;
        return false;
    }
    first = ov_le32_get(space->global_first);
    count = ov_le32_get(space->global_count);
    if (!ov_budget_steps(budget, count)) {
        *reason = OV_REASON_STEPS;
        return false;
    }
    for (uint64_t i = first; i < first + count; i++) {
        const struct ov_le32 *global =
                ov_db_group_item(ev->view, ev->groups.globals, i, sizeof(*global));

        if (global == NULL) {
            *reason = OV_REASON_RULES;
            return false;
        }
        if (!ov_bits_has(&ev->held, ov_le32_get(*global))) {
            return false;
        }
    }
    return true;
}

static uint64_t first_offset(
        const struct ov_evaluator *ev, const struct ov_db_rule *r, const struct ov_matcher *m)
{
    const uint64_t first = ov_le32_get(r->string_first), count = ov_le32_get(r->string_count);

    for (uint64_t s = first; s < first + count && s < ev->view->counts[OV_DB_STRINGS]; s++) {
        const struct ov_match *matches;
        size_t n = 0;

        if (ov_matcher_found(m, (uint32_t)s)) {
            matches = ov_matcher_matches(m, (uint32_t)s, &n);
            if (n != 0) {
                return matches[0].offset;
            }
        }
    }
    return UINT64_MAX;
}

static void tell(struct ov_evaluator *ev, const struct ov_matcher *m, struct ov_budget *budget,
        enum ov_reason *reason, ov_rule_fn on_rule, void *payload)
{
    for (uint32_t rule = 0; ov_bits_next(&ev->held, rule, &rule); rule++) {
        const struct ov_db_rule *r = ov_db_record(ev->view, OV_DB_RULES, rule, sizeof(*r));

        if (r != NULL && (ov_le32_get(r->flags) & OV_DB_RULE_PRIVATE) == 0
                && globals_hold(ev, r, budget, reason)) {
            on_rule(payload, rule, first_offset(ev, r, m));
        }
    }
}

enum ov_reason ov_evaluate(struct ov_evaluator *ev, const struct ov_matcher *m,
        struct ov_source *source, struct ov_budget *budget, ov_rule_fn on_rule, void *payload)
{
    enum ov_reason reason = OV_REASON_NONE, later, clues;

    ov_facts_begin(&ev->facts, source);
    ov_asked_begin(&ev->facts.asked, budget);
    if (ev->steps != NULL) {
        memset(ev->steps, 0, ((size_t)ev->rule_count + 1) * sizeof(*ev->steps));
    }
    if (ev->rule_count == 0) {
        return OV_REASON_NONE;
    }
    ev->machine.view = ev->view;
    ev->machine.matcher = m;
    ev->machine.facts = &ev->facts;
    ev->machine.held = &ev->held;
    ev->machine.given = ev->given;
    ev->machine.given_count = ev->given_count;
    ev->machine.open = &ev->put_off;
    ev->machine.object = ev->facts.asked.means == NULL ? NULL : ev->facts.asked.means->object;
    ev->machine.unfinished = OV_REASON_NONE;
    if (ev->machine.pcre != NULL) {
        ov_clam_pcre_begin(ev->machine.pcre);
    }
    wake_by_strings(ev, m);
    clues = wake_by_clues(ev, budget);
    if (clues == OV_REASON_STEPS || !wake_always(ev, budget)) {
        reason = OV_REASON_STEPS;
    }
    if (reason == OV_REASON_NONE) {
        reason = run_set(ev, &ev->due, slice_of(budget), budget);
    }
    if (reason != OV_REASON_STEPS) {
        later = run_set(ev, &ev->put_off, UINT64_MAX, budget);
        reason = later == OV_REASON_NONE ? reason : later;
    }
    if (reason == OV_REASON_NONE) {
        reason = clues;
    }
    if (reason == OV_REASON_NONE) {
        reason = ov_asked_reason(&ev->facts.asked);
    }
    if (reason == OV_REASON_NONE) {
        reason = ev->machine.unfinished;
    }
    tell(ev, m, budget, &reason, on_rule, payload);
    ov_bits_clear(&ev->due);
    ov_bits_clear(&ev->put_off);
    ov_bits_clear(&ev->held);
    return reason;
}
