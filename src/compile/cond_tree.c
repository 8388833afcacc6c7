/* SPDX-License-Identifier: Apache-2.0 */
/* The front end is ours, yet rules pass through here on their way into a worker: a tree that
 * names things that are not there is refused, not believed. */
#include <stdarg.h>
#include <stdio.h>

#include "base/checked.h"
#include "compile/condition.h"

#define WEIGHT_MAX 1000000u

struct builder {
    struct ov_cond_context *context;
    const struct ov_rule *rule;
};

static struct ov_cond *build(struct builder *b, const struct ov_expr *expr,
        const struct ov_cond_scope *loop, unsigned depth);

enum ov_truth ov_known_truth(struct ov_known known)
{
    if (known.how == OV_KNOWN_NOT) {
        return OV_TRUTH_OPEN;
    }
    if (!ov_value_is_true(known.value)) {
        return OV_TRUTH_FALSE;
    }
    return known.how == OV_KNOWN_EXACTLY ? OV_TRUTH_TRUE : OV_TRUTH_OPEN;
}

bool ov_cond_needs_wake(const struct ov_cond *cond)
{
    return ov_known_truth(cond->mute) == OV_TRUTH_FALSE;
}

enum ov_quant ov_cond_quant(enum ov_how_many how_many)
{
    switch (how_many) {
    case OV_ALL:
        return OV_QUANT_ALL;
    case OV_ANY:
        return OV_QUANT_ANY;
    case OV_NONE:
        return OV_QUANT_NONE;
    case OV_COUNT:
        return OV_QUANT_COUNT;
    case OV_PERCENT:
        break;
    }
    return OV_QUANT_PERCENT;
}

/* Remembers the first problem. */
static OV_PRINTF(3, 4) struct ov_cond *refuse(
        struct builder *b, const struct ov_expr *at, const char *fmt, ...)
{
    struct ov_cond_context *context = b->context;
    va_list ap;

    if (context->why[0] == '\0') {
        context->line = at->line;
        context->column = at->column;
        va_start(ap, fmt);
        (void)vsnprintf(context->why, sizeof(context->why), fmt, ap);
        va_end(ap);
    }
    return NULL;
}

static uint32_t heavier(uint64_t weight)
{
    return weight > WEIGHT_MAX ? WEIGHT_MAX : (uint32_t)weight;
}

static uint32_t weight_of_part(const struct ov_cond *part)
{
    return part == NULL ? 0 : part->weight;
}

static uint32_t weigh(const struct ov_cond *cond)
{
    const struct ov_expr *e = cond->expr;
    uint64_t parts = (uint64_t)weight_of_part(cond->a) + weight_of_part(cond->b)
                     + weight_of_part(cond->quantity);

    for (uint32_t i = 0; i < cond->child_count; i++) {
        parts += cond->children[i]->weight;
    }
    if (cond->sure.how == OV_KNOWN_EXACTLY) {
        return 1;
    }
    switch ((unsigned)e->kind) {
    case OV_EXPR_FOR_STRINGS:
        return heavier(parts + 4 + (uint64_t)e->string_count * cond->body->weight);
    case OV_EXPR_FOR_LIST:
        return heavier(parts + 4 + (uint64_t)cond->child_count * cond->body->weight);
    case OV_EXPR_FOR_RANGE:
        return heavier(parts + 4 + 256u * (uint64_t)cond->body->weight);
    case OV_EXPR_OF_STRINGS:
    case OV_EXPR_OF_STRINGS_AT:
    case OV_EXPR_OF_STRINGS_IN:
        return heavier(parts + 2 + e->string_count / 4);
    case OV_EXPR_OF_RULES:
        return heavier(parts + 2 + e->rule_count / 4);
    case OV_EXPR_READ:
        return heavier(parts + 2);
    case OV_EXPR_ENTRYPOINT:
        return 64;
    case OV_EXPR_MATCHES:
    case OV_EXPR_COMPARE:
        return heavier(parts + 64);
    case OV_EXPR_MODULE: /* it may have to be parsed first */
        return 512;
    case OV_EXPR_CALL: /* some read the whole object */
        return heavier(parts + 4096);
    case OV_EXPR_FOR_FIELD:
        return heavier(parts + 4 + 16u * (uint64_t)cond->body->weight);
    case OV_EXPR_PCRE:
        return heavier(parts + 100000);
    default:
        return heavier(parts + 1);
    }
}

/* --- checks ---------------------------------------------------------------------------------- */

static bool local_is_bound(const struct ov_cond_scope *loop, uint32_t local, bool as_string)
{
    for (; loop != NULL; loop = loop->outer) {
        if (loop->expr->local == local) {
            return (loop->expr->kind == OV_EXPR_FOR_STRINGS) == as_string;
        }
    }
    return false;
}

/* Only a loop over a dictionary has keys. */
static bool key_is_bound(const struct ov_cond_scope *loop, uint32_t local)
{
    while (loop != NULL && loop->expr->local != local) {
        loop = loop->outer;
    }
    return loop != NULL && loop->expr->kind == OV_EXPR_FOR_FIELD
           && ov_field_row(loop->expr->field)->shape == OV_FACT_SHAPE_DICTIONARY;
}

/* A row of the modules' table that can stand in such an expression. */
static bool check_field(struct builder *b, const struct ov_expr *e)
{
    const struct ov_field_row *row = ov_field_row(e->field);
    bool fits = row->kind == OV_FIELD_IS_FACT;

    switch ((unsigned)e->kind) {
    case OV_EXPR_MODULE:
        fits = row->kind == OV_FIELD_IS_MODULE;
        break;
    case OV_EXPR_FIELD:
        fits = (fits || row->kind == OV_FIELD_IS_CONSTANT) && row->shape == OV_FACT_SHAPE_ONE;
        break;
    case OV_EXPR_ITEM:
        fits = fits && row->shape == OV_FACT_SHAPE_ARRAY;
        break;
    case OV_EXPR_ENTRY:
        fits = fits && row->shape == OV_FACT_SHAPE_DICTIONARY;
        break;
    case OV_EXPR_CALL:
        fits = row->kind == OV_FIELD_IS_FUNCTION;
        break;
    default: /* FOR_FIELD */
        fits = fits && row->shape != OV_FACT_SHAPE_ONE;
        break;
    }
    return fits || refuse(b, e, "no module has a field %u of that kind", e->field) != NULL;
}

static bool check_string(
        struct builder *b, const struct ov_expr *e, const struct ov_cond_scope *loop)
{
    if (e->string == OV_STRING_LOCAL) {
        return local_is_bound(loop, e->local, true)
               || refuse(b, e, "this string belongs to no loop around it") != NULL;
    }
    return e->string < b->rule->string_count
           || refuse(b, e, "string %u of a rule with %u", e->string, b->rule->string_count) != NULL;
}

static bool check_rule(struct builder *b, const struct ov_expr *e, uint32_t rule)
{
    const struct ov_rule_set *set = b->context->set;

    if (rule >= b->context->rule) {
        return refuse(b, e, "a condition can refer to earlier rules only") != NULL;
    }
    if (b->context->plans[rule].left_out) {
        const struct ov_bytes name = set->rules[rule].name;

        return refuse(b, e, "it refers to the rule %.*s, which has an error",
                       (int)(ov_bytes_len(name) > 128 ? 128 : ov_bytes_len(name)),
                       (const char *)ov_bytes_raw(name))
               != NULL;
    }
    return true;
}

static bool check_sets(struct builder *b, const struct ov_expr *e)
{
    for (uint32_t i = 0; i < e->string_count; i++) {
        if (e->strings[i] >= b->rule->string_count) {
            return refuse(b, e, "string %u of a rule with %u", e->strings[i], b->rule->string_count)
                   != NULL;
        }
    }
    for (uint32_t i = 0; i < e->rule_count; i++) {
        if (!check_rule(b, e, e->rules[i])) {
            return false;
        }
    }
    return true;
}

static bool is_loop(enum ov_expr_kind kind)
{
    return kind >= OV_EXPR_FOR_STRINGS && kind <= OV_EXPR_FOR_FIELD;
}

static bool is_quantified(enum ov_expr_kind kind)
{
    return kind >= OV_EXPR_OF_STRINGS && kind <= OV_EXPR_FOR_FIELD;
}

/* Which of a, b the kind has; OFFSET and LENGTH may do without. */
static unsigned operand_count(enum ov_expr_kind kind)
{
    switch ((unsigned)kind) {
    case OV_EXPR_READ:
    case OV_EXPR_FOUND_AT:
    case OV_EXPR_NOT:
    case OV_EXPR_DEFINED:
    case OV_EXPR_NEGATE:
    case OV_EXPR_BIT_NOT:
    case OV_EXPR_PCRE:
    case OV_EXPR_COMPARE:
    case OV_EXPR_MATCHES: /* b is a regular expression, not a value */
    case OV_EXPR_OF_STRINGS_AT:
    case OV_EXPR_FIELD:
    case OV_EXPR_CALL: /* of its arguments, see build_items */
    case OV_EXPR_FOR_FIELD:
        return 1;
    case OV_EXPR_FOUND_IN:
    case OV_EXPR_COUNT_IN:
    case OV_EXPR_OF_STRINGS_IN:
    case OV_EXPR_FOR_RANGE:
    case OV_EXPR_ITEM:
    case OV_EXPR_ENTRY:
    case OV_EXPR_IF:
        return 2;
    default:
        return ov_cond_op(kind, false) != 0 ? 2 : 0;
    }
}

static bool check_kind(struct builder *b, const struct ov_expr *e, const struct ov_cond_scope *loop)
{
    switch ((unsigned)e->kind) {
    case OV_EXPR_REGEX:
        return refuse(b, e, "a regular expression can stand behind `matches` only") != NULL;
    case OV_EXPR_READ:
        return e->read_bytes == 1 || e->read_bytes == 2 || e->read_bytes == 4
               || refuse(b, e, "cannot read %u bytes", e->read_bytes) != NULL;
    case OV_EXPR_EXTERNAL:
        return e->index < b->context->set->external_count
               || refuse(b, e, "there is no external variable %u", e->index) != NULL;
    case OV_EXPR_MODULE:
    case OV_EXPR_FIELD:
    case OV_EXPR_ITEM:
    case OV_EXPR_ENTRY:
    case OV_EXPR_CALL:
        return check_field(b, e);
    case OV_EXPR_PATTERN:
        return e->re != NULL || refuse(b, e, "a regular expression that is none") != NULL;
    case OV_EXPR_FOR_FIELD:
        return check_field(b, e);
    case OV_EXPR_LOCAL:
        return (e->is_key ? key_is_bound(loop, e->local) : local_is_bound(loop, e->local, false))
               || refuse(b, e, "this variable belongs to no loop around it") != NULL;
    case OV_EXPR_RULE:
        return check_rule(b, e, e->index);
    case OV_EXPR_FOUND:
    case OV_EXPR_FOUND_AT:
    case OV_EXPR_FOUND_IN:
    case OV_EXPR_COUNT:
    case OV_EXPR_COUNT_IN:
    case OV_EXPR_OFFSET:
    case OV_EXPR_LENGTH:
        return check_string(b, e, loop);
    case OV_EXPR_MATCHES:
        return (e->b != NULL && e->b->kind == OV_EXPR_REGEX && e->b->re != NULL)
               || refuse(b, e, "`matches` wants a regular expression") != NULL;
    default:
        return !is_quantified(e->kind) || check_sets(b, e);
    }
}

static bool check_loop(struct builder *b, const struct ov_expr *e, const struct ov_cond_scope *loop)
{
    unsigned nested = 0;

    if (e->how_many == OV_PERCENT) {
        return refuse(b, e, "a loop cannot count in per cent") != NULL;
    }
    for (; loop != NULL; loop = loop->outer) {
        nested++;
        if (loop->expr->local == e->local) {
            return refuse(b, e, "two nested loops share a variable") != NULL;
        }
    }
    return nested < OV_LOOP_NEST_MAX
           || refuse(b, e, "loops nest deeper than %u", OV_LOOP_NEST_MAX) != NULL;
}

/* --- parts ----------------------------------------------------------------------------------- */

static int by_weight(const void *x, const void *y)
{
    const struct ov_cond *const *p = x, *const *q = y;

    if ((*p)->weight != (*q)->weight) {
        return (*p)->weight < (*q)->weight ? -1 : 1;
    }
    return ((*p)->place > (*q)->place) - ((*p)->place < (*q)->place);
}

static struct ov_cond **child_array(struct builder *b, uint64_t count)
{
    struct ov_cond **children = ov_arena_alloc(b->context->arena, (size_t)count, sizeof(*children));

    b->context->out_of_memory |= children == NULL;
    return children;
}

/* The operands of an `and` or `or`, those of nested ones of the same kind included. */
static bool build_operands(
        struct builder *b, struct ov_cond *cond, const struct ov_cond_scope *loop, unsigned depth)
{
    const struct ov_expr *e = cond->expr;
    uint64_t count = 0, kept = 0;
    struct ov_cond **all;

    for (const struct ov_expr *child = e->children; child != NULL; child = child->next) {
        count++;
    }
    if (count == 0) {
        return refuse(b, e, "an operator without operands") != NULL;
    }
    all = child_array(b, count);
    if (all == NULL) {
        return false;
    }
    count = 0;
    for (const struct ov_expr *child = e->children; child != NULL; child = child->next) {
        struct ov_cond *built = build(b, child, loop, depth + 1);

        if (built == NULL) {
            return false;
        }
        all[count++] = built;
        kept += built->expr->kind == e->kind && built->sure.how != OV_KNOWN_EXACTLY
                        ? built->child_count
                        : 1;
    }
    cond->children = child_array(b, kept);
    if (cond->children == NULL || kept > UINT32_MAX) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (all[i]->expr->kind != e->kind || all[i]->sure.how == OV_KNOWN_EXACTLY) {
            cond->children[cond->child_count++] = all[i];
            continue;
        }
        for (uint32_t j = 0; j < all[i]->child_count; j++) {
            cond->children[cond->child_count++] = all[i]->children[j];
        }
    }
    return true;
}

/* What cannot change the outcome goes; the rest is ordered so that the cheap decides first. */
static void trim_operands(struct ov_cond *cond)
{
    const enum ov_truth neutral = cond->expr->kind == OV_EXPR_AND ? OV_TRUTH_TRUE : OV_TRUTH_FALSE;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < cond->child_count; i++) {
        if (ov_known_truth(cond->children[i]->sure) != neutral) {
            cond->children[i]->place = kept;
            cond->children[kept++] = cond->children[i];
        }
    }
    cond->child_count = kept;
    if (!cond->speaks) { /* what is said, and when, is part of the outcome */
        qsort(cond->children, kept, sizeof(cond->children[0]), by_weight);
    }
}

static bool build_items(
        struct builder *b, struct ov_cond *cond, const struct ov_cond_scope *loop, unsigned depth)
{
    uint64_t count = 0;

    for (const struct ov_expr *item = cond->expr->children; item != NULL; item = item->next) {
        count++;
    }
    cond->children = child_array(b, count);
    if (cond->children == NULL || count > UINT32_MAX) {
        return false;
    }
    for (const struct ov_expr *item = cond->expr->children; item != NULL; item = item->next) {
        struct ov_cond *built = build(b, item, loop, depth + 1);

        if (built == NULL) {
            return false;
        }
        cond->children[cond->child_count++] = built;
    }
    return true;
}

static bool build_part(struct builder *b, const struct ov_cond *cond, const struct ov_expr *part,
        struct ov_cond **out, const struct ov_cond_scope *loop, unsigned depth)
{
    if (part == NULL) {
        return refuse(b, cond->expr, "an operator without its operand") != NULL;
    }
    *out = build(b, part, loop, depth + 1);
    return *out != NULL;
}

static bool build_parts(
        struct builder *b, struct ov_cond *cond, const struct ov_cond_scope *loop, unsigned depth)
{
    const struct ov_expr *e = cond->expr;
    const unsigned operands = operand_count(e->kind);
    const bool may_have = e->kind == OV_EXPR_OFFSET || e->kind == OV_EXPR_LENGTH;
    const struct ov_cond_scope inner = { .expr = e, .outer = loop };

    if ((operands >= 1 || (may_have && e->a != NULL))
            && !build_part(b, cond, e->a, &cond->a, loop, depth)) {
        return false;
    }
    if (operands == 2 && !build_part(b, cond, e->b, &cond->b, loop, depth)) {
        return false;
    }
    if (is_quantified(e->kind) && ov_quant_has_value(ov_cond_quant(e->how_many))
            && !build_part(b, cond, e->how_many_value, &cond->quantity, loop, depth)) {
        return false;
    }
    if (e->kind == OV_EXPR_AND || e->kind == OV_EXPR_OR) {
        return build_operands(b, cond, loop, depth);
    }
    if ((e->kind == OV_EXPR_FOR_LIST || e->kind == OV_EXPR_CALL)
            && !build_items(b, cond, loop, depth)) {
        return false;
    }
    if (is_loop(e->kind)) {
        return check_loop(b, e, loop) && build_part(b, cond, e->body, &cond->body, &inner, depth);
    }
    return true;
}

static bool part_speaks(const struct ov_cond *part)
{
    return part != NULL && part->speaks;
}

/* Does evaluating it tell the owner something (console.log)? */
static bool speaks(const struct ov_cond *cond)
{
    bool any = part_speaks(cond->a) || part_speaks(cond->b) || part_speaks(cond->body)
               || part_speaks(cond->quantity)
               || (cond->expr->kind == OV_EXPR_CALL
                       && ov_field_module_of(cond->expr->field) == OV_CONSOLE);

    for (uint32_t i = 0; i < cond->child_count; i++) {
        any |= cond->children[i]->speaks;
    }
    return any;
}

/* False: out of memory. */
static bool note_clue(struct builder *b, struct ov_cond *cond, const struct ov_cond_scope *loop)
{
    struct ov_clue clue = { 0 }, *kept;

    if (!ov_cond_clue(cond, loop, &clue)) {
        return true;
    }
    kept = ov_arena_alloc(b->context->arena, 1, sizeof(*kept));
    if (kept == NULL) {
        b->context->out_of_memory = true;
        return false;
    }
    *kept = clue;
    cond->clue = kept;
    return true;
}

static struct ov_cond *build(struct builder *b, const struct ov_expr *expr,
        const struct ov_cond_scope *loop, unsigned depth)
{
    struct ov_cond *cond;
    const char *wrong;

    if (depth >= OV_CONDITION_DEPTH_MAX) {
        return refuse(b, expr, "the condition nests deeper than %u", OV_CONDITION_DEPTH_MAX);
    }
    if (!check_kind(b, expr, loop)) {
        return NULL;
    }
    cond = ov_arena_alloc(b->context->arena, 1, sizeof(*cond));
    if (cond == NULL) {
        b->context->out_of_memory = true;
        return NULL;
    }
    cond->expr = expr;
    if (!build_parts(b, cond, loop, depth)) {
        return NULL;
    }
    cond->type = ov_cond_type(b->context, cond);
    wrong = ov_cond_check_types(cond);
    if (wrong != NULL) {
        return refuse(b, expr, "%s", wrong);
    }
    cond->speaks = speaks(cond);
    cond->sure = ov_cond_judge(b->context, cond, OV_WHEN_ANY);
    cond->bare = cond->mute = cond->sure;
    if (cond->sure.how != OV_KNOWN_EXACTLY) {
        cond->bare = ov_cond_judge(b->context, cond, OV_WHEN_BARE);
        if (!note_clue(b, cond, loop)) {
            return NULL;
        }
        cond->mute = ov_cond_judge(b->context, cond, OV_WHEN_MUTE);
    }
    if ((expr->kind == OV_EXPR_AND || expr->kind == OV_EXPR_OR)
            && cond->sure.how != OV_KNOWN_EXACTLY) {
        trim_operands(cond);
    }
    cond->weight = weigh(cond);
    return cond;
}

struct ov_cond *ov_cond_build(struct ov_cond_context *context, const struct ov_expr *expr)
{
    struct builder b = { .context = context, .rule = &context->set->rules[context->rule] };

    context->out_of_memory = false;
    context->why[0] = '\0';
    if (expr == NULL) {
        const struct ov_expr nowhere = { .line = b.rule->line };

        return refuse(&b, &nowhere, "a rule without a condition");
    }
    return build(&b, expr, NULL, 0);
}
