/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a condition before any object is seen. `bare` supposes that no string of
 * the rule occurs and that no rule holds which needs something to wake it; a rule whose condition
 * is then false is evaluated only for objects in which one of its strings was found. `mute`
 * supposes besides that the object has none of the facts that the condition compares with. */
#include <string.h>

#include "base/checked.h"
#include "compile/condition.h"

/* Folding a comparison of long texts is not worth the compiler's time. */
#define FOLD_STEPS_MAX 65536u

enum ov_op ov_cond_op(enum ov_expr_kind kind, bool is_float)
{
    switch ((unsigned)kind) {
    case OV_EXPR_ADD:
        return OV_OP_ADD;
    case OV_EXPR_SUB:
        return OV_OP_SUB;
    case OV_EXPR_MUL:
        return OV_OP_MUL;
    case OV_EXPR_DIV:
        return OV_OP_DIV;
    case OV_EXPR_MOD:
        return OV_OP_MOD;
    case OV_EXPR_BIT_AND:
        return OV_OP_BIT_AND;
    case OV_EXPR_BIT_OR:
        return OV_OP_BIT_OR;
    case OV_EXPR_BIT_XOR:
        return OV_OP_BIT_XOR;
    case OV_EXPR_SHIFT_LEFT:
        return OV_OP_SHIFT_LEFT;
    case OV_EXPR_SHIFT_RIGHT:
        return OV_OP_SHIFT_RIGHT;
    case OV_EXPR_EQ:
        return OV_OP_EQ;
    case OV_EXPR_NE:
        return OV_OP_NE;
    case OV_EXPR_LT:
        return is_float ? OV_OP_LT_FLOAT : OV_OP_LT;
    case OV_EXPR_LE:
        return OV_OP_LE;
    case OV_EXPR_GT:
        return OV_OP_GT;
    case OV_EXPR_GE:
        return OV_OP_GE;
    case OV_EXPR_CONTAINS:
        return OV_OP_CONTAINS;
    case OV_EXPR_ICONTAINS:
        return OV_OP_ICONTAINS;
    case OV_EXPR_STARTSWITH:
        return OV_OP_STARTSWITH;
    case OV_EXPR_ISTARTSWITH:
        return OV_OP_ISTARTSWITH;
    case OV_EXPR_ENDSWITH:
        return OV_OP_ENDSWITH;
    case OV_EXPR_IENDSWITH:
        return OV_OP_IENDSWITH;
    case OV_EXPR_IEQUALS:
        return OV_OP_IEQUALS;
    default:
        return (enum ov_op)0;
    }
}

bool ov_cond_is_float(const struct ov_cond *a, const struct ov_cond *b)
{
    return a->expr->type == OV_TYPE_FLOAT || b->expr->type == OV_TYPE_FLOAT;
}

static const struct ov_known nothing = { .how = OV_KNOWN_NOT };

static struct ov_known exactly(struct ov_value value)
{
    return (struct ov_known){ .how = OV_KNOWN_EXACTLY, .value = value };
}

static struct ov_known or_undefined(struct ov_value value)
{
    if (value.kind == OV_VALUE_UNDEFINED) {
        return exactly(value);
    }
    return (struct ov_known){ .how = OV_KNOWN_OR_UNDEFINED, .value = value };
}

static struct ov_known of_part(const struct ov_cond *part, enum ov_when when)
{
    switch (when) {
    case OV_WHEN_MUTE:
        return part->mute;
    case OV_WHEN_BARE:
        return part->bare;
    case OV_WHEN_ANY:
        break;
    }
    return part->sure;
}

static bool is_undefined(struct ov_known known)
{
    return known.how == OV_KNOWN_EXACTLY && known.value.kind == OV_VALUE_UNDEFINED;
}

static struct ov_known unary(enum ov_op op, struct ov_known a)
{
    if (a.how == OV_KNOWN_EXACTLY) {
        return exactly(ov_value_unary(op, a.value));
    }
    if (a.how == OV_KNOWN_OR_UNDEFINED && op != OV_OP_DEFINED) {
        return or_undefined(ov_value_unary(op, a.value));
    }
    return nothing;
}

static struct ov_known binary(enum ov_op op, struct ov_known a, struct ov_known b)
{
    struct ov_value value;

    if (is_undefined(a) || is_undefined(b)) {
        return exactly(ov_value_binary(op, ov_value_undefined(), ov_value_undefined()));
    }
    if (a.how == OV_KNOWN_NOT || b.how == OV_KNOWN_NOT
            || ov_value_steps(op, a.value, b.value) > FOLD_STEPS_MAX) {
        return nothing;
    }
    value = ov_value_binary(op, a.value, b.value);
    if (a.how == OV_KNOWN_EXACTLY && b.how == OV_KNOWN_EXACTLY) {
        return exactly(value);
    }
    if (op == OV_OP_LT_FLOAT) { /* undefined operands make it false */
        return ov_value_is_true(value) ? nothing : exactly(value);
    }
    return or_undefined(value);
}

static struct ov_known connected(const struct ov_cond *cond, enum ov_when when)
{
    const bool is_and = cond->expr->kind == OV_EXPR_AND;
    const enum ov_truth decisive = is_and ? OV_TRUTH_FALSE : OV_TRUTH_TRUE;
    bool open = false;

    for (uint32_t i = 0; i < cond->child_count; i++) {
        const enum ov_truth truth = ov_known_truth(of_part(cond->children[i], when));

        if (truth == decisive) {
            return exactly(ov_value_int(!is_and));
        }
        open |= truth == OV_TRUTH_OPEN;
    }
    return open ? nothing : exactly(ov_value_int(is_and));
}

/* b if a is true, else 0. */
static struct ov_known either(struct ov_known a, struct ov_known b)
{
    switch (ov_known_truth(a)) {
    case OV_TRUTH_FALSE:
        return exactly(ov_value_int(0));
    case OV_TRUTH_TRUE:
        return b;
    case OV_TRUTH_OPEN:
        break;
    }
    return b.how == OV_KNOWN_EXACTLY && b.value.kind == OV_VALUE_INT && b.value.integer == 0
                   ? b
                   : nothing;
}

/* The outcome of something positional of which nothing was found: `value`, unless a bound is
 * undefined. */
static struct ov_known bounded(const struct ov_cond *cond, enum ov_when when, struct ov_known value)
{
    const struct ov_known a = of_part(cond->a, when);
    const struct ov_known b = cond->b == NULL ? a : of_part(cond->b, when);

    if (is_undefined(a) || is_undefined(b)) {
        return exactly(ov_value_undefined());
    }
    if (when == OV_WHEN_ANY || value.how == OV_KNOWN_NOT) {
        return nothing;
    }
    if (a.how == OV_KNOWN_EXACTLY && b.how == OV_KNOWN_EXACTLY) {
        return value;
    }
    return or_undefined(value.value);
}

/* `found` of a set, nothing of which was found. */
static struct ov_known of_none(const struct ov_cond *cond, enum ov_when when, uint32_t total)
{
    const enum ov_quant quant = ov_cond_quant(cond->expr->how_many);
    struct ov_value quantity = ov_value_undefined();

    if (cond->quantity != NULL) {
        const struct ov_known known = of_part(cond->quantity, when);

        if (known.how != OV_KNOWN_EXACTLY) {
            return nothing;
        }
        quantity = known.value;
    }
    return exactly(ov_value_of(quant, quantity, 0, total));
}

static bool rules_need_waking(const struct ov_cond_context *context, const struct ov_expr *e)
{
    for (uint32_t i = 0; i < e->rule_count; i++) {
        if (!context->plans[e->rules[i]].needs_wake) {
            return false;
        }
    }
    return true;
}

/* How often a loop runs: true and *total, or false if it may also run never. */
static bool loop_total(const struct ov_cond *cond, enum ov_when when, uint64_t *total)
{
    struct ov_known low, high;
    int64_t from, to;

    if (cond->expr->kind == OV_EXPR_FOR_STRINGS) {
        *total = cond->expr->string_count;
        return true;
    }
    if (cond->expr->kind == OV_EXPR_FOR_LIST) {
        *total = cond->child_count;
        return true;
    }
    if (cond->expr->kind == OV_EXPR_FOR_FIELD) {
        return false;
    }
    low = of_part(cond->a, when);
    high = of_part(cond->b, when);
    if (is_undefined(low) || is_undefined(high)) {
        *total = 0;
        return true;
    }
    if (low.how != OV_KNOWN_EXACTLY || high.how != OV_KNOWN_EXACTLY
            || !ov_value_as_int(low.value, &from) || !ov_value_as_int(high.value, &to)) {
        return false;
    }
    *total = from > to ? 0 : (uint64_t)to - (uint64_t)from;
    *total += from <= to && *total != UINT64_MAX;
    return true;
}

static struct ov_known looped(const struct ov_cond *cond, enum ov_when when)
{
    const enum ov_truth body = ov_known_truth(of_part(cond->body, when));
    const enum ov_quant quant = ov_cond_quant(cond->expr->how_many);
    struct ov_value quantity = ov_value_undefined();
    uint64_t total;
    int64_t wanted;
    bool holds;

    if (loop_total(cond, when, &total)) {
        if (total == 0) {
            return exactly(ov_value_int(0));
        }
    } else {
        total = 0;
    }
    if (cond->quantity != NULL) {
        const struct ov_known known = of_part(cond->quantity, when);

        if (known.how != OV_KNOWN_EXACTLY) {
            return nothing;
        }
        quantity = known.value;
    }
    if (body == OV_TRUTH_OPEN) {
        return nothing;
    }
    wanted = ov_value_wanted(quant, quantity);
    if (total != 0) {
        return exactly(
                ov_value_int(ov_value_loop(wanted, body == OV_TRUTH_TRUE ? total : 0, total)));
    }
    /* It may never run, and then it does not hold. */
    if (body == OV_TRUTH_TRUE) {
        holds = wanted != 0;
    } else {
        holds = ov_value_loop(wanted, 0, 1);
    }
    return holds ? nothing : exactly(ov_value_int(0));
}

/* A constant of a module is known now; what it says of an object is not. */
static struct ov_known of_field(const struct ov_cond *cond, enum ov_when when)
{
    const struct ov_field_row *row = ov_field_row(cond->expr->field);

    if (is_undefined(of_part(cond->a, when))
            || (cond->b != NULL && is_undefined(of_part(cond->b, when)))) {
        return exactly(ov_value_undefined());
    }
    if (row->kind != OV_FIELD_IS_CONSTANT) {
        return nothing;
    }
    switch (row->type) {
    case OV_FACT_TYPE_INT:
        return exactly(ov_value_int(row->integer));
    case OV_FACT_TYPE_FLOAT:
        return exactly(ov_value_float(row->real));
    default:
        return exactly(ov_value_text(ov_bytes_of(row->text, row->text_bytes)));
    }
}

static struct ov_known of_call(const struct ov_cond *cond, enum ov_when when)
{
    for (uint32_t i = 0; i < cond->child_count; i++) {
        if (is_undefined(of_part(cond->children[i], when))) {
            return exactly(ov_value_undefined()); /* as YARA, which does not call it then */
        }
    }
    return nothing;
}

static struct ov_known of_string(const struct ov_cond *cond, enum ov_when when)
{
    switch ((unsigned)cond->expr->kind) {
    case OV_EXPR_FOUND:
    case OV_EXPR_COUNT:
        return when != OV_WHEN_ANY ? exactly(ov_value_int(0)) : nothing;
    case OV_EXPR_FOUND_AT:
    case OV_EXPR_FOUND_IN:
    case OV_EXPR_COUNT_IN:
        return bounded(cond, when, exactly(ov_value_int(0)));
    default: /* OFFSET, LENGTH */
        if (when != OV_WHEN_ANY || (cond->a != NULL && is_undefined(cond->a->sure))) {
            return exactly(ov_value_undefined());
        }
        return nothing;
    }
}

static struct ov_known quantified(
        const struct ov_cond_context *context, const struct ov_cond *cond, enum ov_when when)
{
    const struct ov_expr *e = cond->expr;

    switch ((unsigned)e->kind) {
    case OV_EXPR_OF_STRINGS:
        return when != OV_WHEN_ANY || e->string_count == 0 ? of_none(cond, when, e->string_count)
                                                           : nothing;
    case OV_EXPR_OF_STRINGS_AT:
    case OV_EXPR_OF_STRINGS_IN:
        return bounded(cond, when, of_none(cond, when, e->string_count));
    case OV_EXPR_OF_RULES:
        return (when != OV_WHEN_ANY && rules_need_waking(context, e)) || e->rule_count == 0
                       ? of_none(cond, when, e->rule_count)
                       : nothing;
    default:
        return looped(cond, when);
    }
}

static struct ov_known judge(
        const struct ov_cond_context *context, const struct ov_cond *cond, enum ov_when when)
{
    const struct ov_expr *e = cond->expr;

    switch (e->kind) {
    case OV_EXPR_BOOL:
        return exactly(ov_value_int(e->integer != 0));
    case OV_EXPR_INT:
        return exactly(ov_value_int(e->integer));
    case OV_EXPR_FLOAT:
        return exactly(ov_value_float(e->real));
    case OV_EXPR_TEXT:
        return exactly(ov_value_text(e->text));
    case OV_EXPR_REGEX:
    case OV_EXPR_PATTERN:
    case OV_EXPR_MODULE:
    case OV_EXPR_FILESIZE:
    case OV_EXPR_ENTRYPOINT:
    case OV_EXPR_EXTERNAL:
    case OV_EXPR_LOCAL:
    case OV_EXPR_OBJECT:
        return nothing;
    case OV_EXPR_PCRE:
    case OV_EXPR_COMPARE:
        return is_undefined(of_part(cond->a, when)) ? exactly(ov_value_int(0)) : nothing;
    case OV_EXPR_IF:
        return either(of_part(cond->a, when), of_part(cond->b, when));
    case OV_EXPR_READ:
    case OV_EXPR_MATCHES:
        return is_undefined(of_part(cond->a, when)) ? exactly(ov_value_undefined()) : nothing;
    case OV_EXPR_FIELD:
    case OV_EXPR_ITEM:
    case OV_EXPR_ENTRY:
        return of_field(cond, when);
    case OV_EXPR_CALL:
        return of_call(cond, when);
    case OV_EXPR_RULE:
        return when != OV_WHEN_ANY && context->plans[e->index].needs_wake ? exactly(ov_value_int(0))
                                                                          : nothing;
    case OV_EXPR_FOUND:
    case OV_EXPR_FOUND_AT:
    case OV_EXPR_FOUND_IN:
    case OV_EXPR_COUNT:
    case OV_EXPR_COUNT_IN:
    case OV_EXPR_OFFSET:
    case OV_EXPR_LENGTH:
        return of_string(cond, when);
    case OV_EXPR_NOT:
        return unary(OV_OP_NOT, of_part(cond->a, when));
    case OV_EXPR_DEFINED:
        return unary(OV_OP_DEFINED, of_part(cond->a, when));
    case OV_EXPR_NEGATE:
        return unary(OV_OP_NEGATE, of_part(cond->a, when));
    case OV_EXPR_BIT_NOT:
        return unary(OV_OP_BIT_NOT, of_part(cond->a, when));
    case OV_EXPR_AND:
    case OV_EXPR_OR:
        return connected(cond, when);
    case OV_EXPR_ADD:
    case OV_EXPR_SUB:
    case OV_EXPR_MUL:
    case OV_EXPR_DIV:
    case OV_EXPR_MOD:
    case OV_EXPR_BIT_AND:
    case OV_EXPR_BIT_OR:
    case OV_EXPR_BIT_XOR:
    case OV_EXPR_SHIFT_LEFT:
    case OV_EXPR_SHIFT_RIGHT:
    case OV_EXPR_EQ:
    case OV_EXPR_NE:
    case OV_EXPR_LT:
    case OV_EXPR_LE:
    case OV_EXPR_GT:
    case OV_EXPR_GE:
    case OV_EXPR_CONTAINS:
    case OV_EXPR_ICONTAINS:
    case OV_EXPR_STARTSWITH:
    case OV_EXPR_ISTARTSWITH:
    case OV_EXPR_ENDSWITH:
    case OV_EXPR_IENDSWITH:
    case OV_EXPR_IEQUALS:
        return binary(ov_cond_op(e->kind, ov_cond_is_float(cond->a, cond->b)),
                of_part(cond->a, when), of_part(cond->b, when));
    case OV_EXPR_OF_STRINGS:
    case OV_EXPR_OF_STRINGS_AT:
    case OV_EXPR_OF_STRINGS_IN:
    case OV_EXPR_OF_RULES:
    case OV_EXPR_FOR_STRINGS:
    case OV_EXPR_FOR_RANGE:
    case OV_EXPR_FOR_LIST:
    case OV_EXPR_FOR_FIELD:
        return quantified(context, cond, when);
    }
    return nothing;
}

/* What speaks must be run to be heard, whatever comes out. YARA does not run it where a string is
 * wanted beside it (`console.log("a") and $b`) and none of the rule's strings was found. */
static struct ov_known of_speaker(const struct ov_cond *cond, enum ov_when when)
{
    if (when == OV_WHEN_ANY || cond->expr->kind != OV_EXPR_AND) {
        return nothing;
    }
    for (uint32_t i = 0; i < cond->child_count; i++) {
        const struct ov_cond *child = cond->children[i];
        const enum ov_expr_kind kind = child->expr->kind;
        const bool waits = kind == OV_EXPR_FOUND || kind == OV_EXPR_FOUND_AT
                           || kind == OV_EXPR_FOUND_IN || kind == OV_EXPR_AND
                           || (kind >= OV_EXPR_OF_STRINGS && kind <= OV_EXPR_OF_STRINGS_IN);

        if (waits && ov_known_truth(child->bare) == OV_TRUTH_FALSE) {
            return exactly(ov_value_int(0));
        }
    }
    return nothing;
}

struct ov_known ov_cond_judge(
        const struct ov_cond_context *context, const struct ov_cond *cond, enum ov_when when)
{
    if (cond->speaks) {
        return of_speaker(cond, when);
    }
    if (when == OV_WHEN_MUTE && cond->clue != NULL) {
        return or_undefined(ov_value_int(0));
    }
    return judge(context, cond, when);
}
