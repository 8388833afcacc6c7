/* SPDX-License-Identifier: Apache-2.0 */
/* A rule whose condition is false as long as nothing was found needs to be looked at only when
 * something was. Which something can be chosen: of `$common and $rare` one of the two will do, of
 * `3 of ($a, $b, $c, $d)` any two. Rare ones are better, and cheaper to look for. */
#include <string.h>

#include "base/checked.h"
#include "compile/signs.h"

struct waker {
    bool by_clues; /* the condition is false for want of clues as well, not of strings alone */
    const struct ov_rule *rule;
    struct ov_costs *costs;
    uint32_t string_base;
    uint8_t *strings;
    const uint8_t *taken; /* strings that may not be chosen; NULL: all may */
    struct ov_buf *rules;
    struct ov_buf *clues;
    const struct ov_cond_context *context;
    struct ov_buf *signs; /* where they are appended; NULL: signs do not count */
    uint64_t signs_find;  /* of those */
};

/* Waking a rule costs a sweep over the object, which is as much as so many finds, as a binary logarithm. */
#define WAKE_SHIFT 6u

static uint64_t string_cost(const struct waker *w, uint32_t string)
{
    struct ov_cost cost;

    if (w->taken != NULL && w->taken[string] != 0) {
        return OV_COST_UNFIT;
    }
    cost = ov_cost_of(w->costs, &w->rule->strings[string], w->string_base + string);
    return w->signs == NULL || cost.all >= OV_COST_UNFIT ? cost.all
                                                         : cost.all + (cost.find << WAKE_SHIFT);
}

/* A rule that waits for another one is given all its strings from the start. */
#define RULE_COST (OV_SHARE_ONE >> 20)
#define COST_MAX  OV_COST_UNFIT

/* Of clues, the value of a text is the rarest; that of a number is often that of many files. */
static uint64_t take_clue(const struct waker *w, const struct ov_clue *clue, bool mark)
{
    if (mark) {
        ov_buf_put(w->clues, &clue, sizeof(const struct ov_clue *));
    }
    return clue->kind == OV_CLUE_DEFINED      ? 4 * RULE_COST
           : clue->value.kind == OV_VALUE_INT ? RULE_COST
                                              : 1;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b > COST_MAX ? COST_MAX : a + b;
}

static struct ov_value quantity_of(const struct ov_cond *cond)
{
    return cond->quantity == NULL ? ov_value_undefined() : cond->quantity->sure.value;
}

/* Is an `of` false because its strings are absent, and not for what else it mentions? Its bounds
 * or its quantity may depend on other strings: `none of ($b) at @a` waits for $a. */
static bool set_decides(const struct ov_cond *cond)
{
    const enum ov_quant quant = ov_cond_quant(cond->expr->how_many);

    if (cond->quantity != NULL && cond->quantity->sure.how != OV_KNOWN_EXACTLY) {
        return false;
    }
    return !ov_value_is_true(ov_value_of(quant, quantity_of(cond), 0, cond->expr->string_count));
}

/* Of a set of `total`, how many must be absent to make the `of` false. */
static uint32_t absent_enough(const struct ov_cond *cond, uint32_t total)
{
    const enum ov_quant quant = ov_cond_quant(cond->expr->how_many);
    const struct ov_value quantity = quantity_of(cond);

    for (uint32_t found = total; found > 0; found--) {
        if (!ov_value_is_true(ov_value_of(quant, quantity, found - 1, total))) {
            return total - (found - 1);
        }
    }
    return total;
}

static bool is_set_of_strings(enum ov_expr_kind kind)
{
    return kind == OV_EXPR_OF_STRINGS || kind == OV_EXPR_OF_STRINGS_AT
           || kind == OV_EXPR_OF_STRINGS_IN;
}

/* Marks (or prices, if `w` has no place for marks) the `wanted` cheapest of a set. */
static uint64_t choose_of_set(struct waker *w, const struct ov_expr *e, uint32_t wanted, bool mark)
{
    uint64_t cost = 0;
    uint64_t done_cost = 0; /* everything up to here, by (cost, place), is taken */
    uint32_t done_place = 0;

    for (uint32_t n = 0; n < wanted; n++) {
        uint64_t best_cost = UINT64_MAX;
        uint32_t best = 0;

        if (wanted == e->string_count) { /* all of them: no need to choose */
            best = n;
            best_cost = string_cost(w, e->strings[n]);
        }
        for (uint32_t i = 0; wanted != e->string_count && i < e->string_count; i++) {
            const uint64_t c = string_cost(w, e->strings[i]);
            const bool taken = n != 0 && (c < done_cost || (c == done_cost && i <= done_place));

            if (!taken && c < best_cost) {
                best_cost = c;
                best = i;
            }
        }
        if (mark) {
            w->strings[e->strings[best]] = 1;
        }
        cost = sum(cost, best_cost);
        done_cost = best_cost;
        done_place = best;
    }
    return cost;
}

/* Strings of a set are at most thousands, and the choice is quadratic: above this, take all. */
#define CHOICE_MAX 256u

static uint64_t wake_set(struct waker *w, const struct ov_cond *cond, bool mark)
{
    const struct ov_expr *e = cond->expr;
    uint32_t wanted = absent_enough(cond, e->string_count);

    if (wanted > CHOICE_MAX) {
        wanted = e->string_count;
    }
    return choose_of_set(w, e, wanted, mark);
}

/* Everything the condition mentions: always right, rarely the best. */
static uint64_t wake_all(struct waker *w, const struct ov_cond *cond, bool mark)
{
    const struct ov_expr *e;
    uint64_t cost = 0;

    if (cond == NULL || cond->sure.how == OV_KNOWN_EXACTLY) {
        return 0;
    }
    if (w->by_clues && cond->clue != NULL) {
        return take_clue(w, cond->clue, mark);
    }
    e = cond->expr;
    if (e->kind >= OV_EXPR_FOUND && e->kind <= OV_EXPR_LENGTH && e->string != OV_STRING_LOCAL) {
        cost = string_cost(w, e->string);
        if (mark) {
            w->strings[e->string] = 1;
        }
    }
    if (is_set_of_strings(e->kind) || e->kind == OV_EXPR_FOR_STRINGS) {
        cost = sum(cost, choose_of_set(w, e, e->string_count, mark));
    }
    if (e->kind == OV_EXPR_RULE || e->kind == OV_EXPR_OF_RULES) {
        const uint32_t count = e->kind == OV_EXPR_RULE ? 1 : e->rule_count;

        for (uint32_t i = 0; i < count; i++) {
            if (mark) {
                ov_buf_put_u32le(w->rules, e->kind == OV_EXPR_RULE ? e->index : e->rules[i]);
            }
            cost = sum(cost, RULE_COST);
        }
    }
    cost = sum(cost, wake_all(w, cond->a, mark));
    cost = sum(cost, wake_all(w, cond->b, mark));
    cost = sum(cost, wake_all(w, cond->quantity, mark));
    cost = sum(cost, wake_all(w, cond->body, mark));
    for (uint32_t i = 0; i < cond->child_count; i++) {
        cost = sum(cost, wake_all(w, cond->children[i], mark));
    }
    return cost;
}

static bool choose(struct waker *w, const struct ov_cond *cond, bool mark, uint64_t *cost);

/* Signs without which the part is false, if there are any. */
static bool choose_signs(struct waker *w, const struct ov_cond *cond, bool mark, uint64_t *cost)
{
    struct ov_sign_choice choice;

    if (w->signs == NULL || !ov_cond_signs(w->context, cond, &choice)) {
        return false;
    }
    *cost = choice.find << WAKE_SHIFT;
    if (mark) {
        ov_buf_put(w->signs, choice.items, choice.count * sizeof(choice.items[0]));
        w->signs_find += choice.find;
    }
    return true;
}

/* Of an `and`, one operand that is false as long as nothing is found. False: there is none. */
static bool choose_operand(struct waker *w, const struct ov_cond *cond, bool mark, uint64_t *cost)
{
    const struct ov_cond *best = NULL;

    *cost = COST_MAX;
    for (uint32_t i = 0; i < cond->child_count; i++) {
        uint64_t c;

        if (choose(w, cond->children[i], false, &c) && (best == NULL || c < *cost)) {
            best = cond->children[i];
            *cost = c;
        }
    }
    if (best != NULL && mark) {
        (void)choose(w, best, true, cost);
    }
    return best != NULL;
}

/* Of an `or`, all operands. False: one of them may be true although nothing was found. */
static bool choose_each(struct waker *w, const struct ov_cond *cond, bool mark, uint64_t *cost)
{
    *cost = 0;
    for (uint32_t i = 0; i < cond->child_count; i++) {
        uint64_t part;

        if (!choose(w, cond->children[i], mark, &part)) {
            return false;
        }
        *cost = sum(*cost, part);
    }
    return true;
}

/* A loop that is false because its body is, however often it runs. */
static bool body_decides(const struct waker *w, const struct ov_cond *cond)
{
    const enum ov_quant quant = ov_cond_quant(cond->expr->how_many);

    return w->by_clues && ov_known_truth(cond->body->mute) == OV_TRUTH_FALSE
           && (cond->quantity == NULL || cond->quantity->sure.how == OV_KNOWN_EXACTLY)
           && !ov_value_loop(ov_value_wanted(quant, quantity_of(cond)), 0, 1);
}

/* False: `cond` may be true although nothing was found. Nested `and`s of `or`s are priced once a
 * level, so the depth of the tree bounds the work. */
static bool choose(struct waker *w, const struct ov_cond *cond, bool mark, uint64_t *cost)
{
    const bool absent = ov_known_truth(w->by_clues ? cond->mute : cond->bare) == OV_TRUTH_FALSE;
    const bool by_signs = w->signs != NULL && !cond->speaks;
    bool found;

    *cost = 0;
    if (absent && cond->sure.how == OV_KNOWN_EXACTLY) {
        return true; /* never true: nothing need wake it */
    }
    if (by_signs && choose_signs(w, cond, mark, cost)) {
        return true;
    }
    if (!absent && by_signs && cond->expr->kind == OV_EXPR_AND) {
        return choose_operand(w, cond, mark, cost);
    }
    if (!absent && by_signs && cond->expr->kind == OV_EXPR_OR) {
        return choose_each(w, cond, mark, cost);
    }
    if (!absent) {
        return false;
    }
    if (w->by_clues && cond->clue != NULL) {
        *cost = take_clue(w, cond->clue, mark);
        return true;
    }
    if (cond->speaks) { /* as YARA: it may speak before it comes to the string that decides */
        *cost = wake_all(w, cond, mark);
        return true;
    }
    switch ((unsigned)cond->expr->kind) {
    case OV_EXPR_AND:
        found = choose_operand(w, cond, mark, cost);
        OV_ASSERT(found); /* else the `and` would not be false */
        return true;
    case OV_EXPR_OR:
        found = choose_each(w, cond, mark, cost);
        OV_ASSERT(found);
        return true;
    case OV_EXPR_IF:
        if (choose(w, cond->a, mark, cost)) {
            return true;
        }
        *cost = wake_all(w, cond, mark);
        return true;
    case OV_EXPR_OF_STRINGS:
    case OV_EXPR_OF_STRINGS_AT:
    case OV_EXPR_OF_STRINGS_IN:
        *cost = set_decides(cond) ? wake_set(w, cond, mark) : wake_all(w, cond, mark);
        return true;
    case OV_EXPR_FOR_RANGE:
    case OV_EXPR_FOR_LIST:
    case OV_EXPR_FOR_FIELD:
        if (body_decides(w, cond) && choose(w, cond->body, mark, cost)) {
            return true;
        }
        *cost = wake_all(w, cond, mark);
        return true;
    default:
        *cost = wake_all(w, cond, mark);
        return true;
    }
}

uint64_t ov_cond_wakes(const struct ov_cond_context *context, const struct ov_cond *cond,
        uint8_t *strings, struct ov_buf *rules, struct ov_buf *clues)
{
    struct waker w = {
        .by_clues = ov_known_truth(cond->bare) != OV_TRUTH_FALSE,
        .rule = &context->set->rules[context->rule],
        .costs = context->costs,
        .string_base = context->string_base,
        .strings = strings,
        .rules = rules,
        .clues = clues,
    };
    uint64_t cost;
    bool absent;

    memset(strings, 0, w.rule->string_count);
    absent = choose(&w, cond, true, &cost);
    OV_ASSERT(absent);
    return cost;
}

uint64_t ov_cond_wakes_besides(const struct ov_cond_context *context, const struct ov_cond *cond,
        const uint8_t *first, uint8_t *strings, struct ov_buf *rules)
{
    struct waker w = {
        .rule = &context->set->rules[context->rule],
        .costs = context->costs,
        .string_base = context->string_base,
        .strings = strings,
        .taken = first,
        .rules = rules,
    };
    uint64_t cost;

    memset(strings, 0, w.rule->string_count);
    if (!choose(&w, cond, true, &cost)) {
        return OV_COST_UNFIT;
    }
    for (uint32_t s = 0; s < w.rule->string_count; s++) {
        if (strings[s] != 0 && first[s] != 0) {
            return OV_COST_UNFIT; /* it had no choice */
        }
    }
    return cost;
}

bool ov_cond_wakes_by_signs(const struct ov_cond_context *context, const struct ov_cond *cond,
        uint8_t *strings, struct ov_buf *rules, struct ov_buf *signs, uint64_t *find)
{
    struct waker w = {
        .rule = &context->set->rules[context->rule],
        .costs = context->costs,
        .string_base = context->string_base,
        .strings = strings,
        .rules = rules,
        .context = context,
        .signs = signs,
    };
    uint64_t cost;

    memset(strings, 0, w.rule->string_count);
    if (!choose(&w, cond, true, &cost)) {
        return false;
    }
    *find = w.signs_find;
    for (uint32_t s = 0; s < w.rule->string_count; s++) {
        if (strings[s] != 0) {
            *find = sum(*find, ov_cost_of(w.costs, &w.rule->strings[s], w.string_base + s).find);
        }
    }
    return true;
}
