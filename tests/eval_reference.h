/* SPDX-License-Identifier: Apache-2.0 */
/* eval_reference.h - conditions evaluated the plain way: straight over the tree, every match found
 * by trying every offset, nothing folded, nothing skipped. Shares no code with what it judges. */
#ifndef OV_TESTS_EVAL_REFERENCE_H
#define OV_TESTS_EVAL_REFERENCE_H

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "rules/ir/rule.h"

__extension__ typedef __int128 ref_wide;

struct ref_value {
    enum {
        REF_UNDEFINED,
        REF_INT,
        REF_FLOAT,
        REF_TEXT
    } kind;
    int64_t i;
    double d;
    struct ov_bytes s;
};

struct ref {
    const struct ov_rule_set *set;
    const struct ov_rule *rule;
    const uint8_t *data;
    size_t len;
    const bool *held; /* of earlier rules */
    struct ref_value locals[16];
};

static struct ref_value ref_eval(struct ref *r, const struct ov_expr *e);

static const struct ref_value ref_undefined = { .kind = REF_UNDEFINED };

static struct ref_value ref_int(int64_t i)
{
    return (struct ref_value){ .kind = REF_INT, .i = i };
}

static struct ref_value ref_float(double d)
{
    return (struct ref_value){ .kind = REF_FLOAT, .d = d };
}

static bool ref_true(struct ref_value v)
{
    return v.kind == REF_INT     ? v.i != 0
           : v.kind == REF_FLOAT ? v.d != 0 || signbit(v.d)
           : v.kind == REF_TEXT  ? ov_bytes_len(v.s) != 0
                                 : false;
}

/* --- strings --------------------------------------------------------------------------------- */

static bool ref_match_at(const struct ref *r, uint32_t string, size_t at)
{
    const struct ov_bytes t = r->rule->strings[string].text;
    const size_t n = (size_t)ov_bytes_len(t);

    return at + n <= r->len && memcmp(r->data + at, ov_bytes_raw(t), n) == 0;
}

/* Matches in [from, to]; *nth (counted from 1) is given its offset. */
static int64_t ref_count(const struct ref *r, uint32_t string, int64_t from, int64_t to,
        int64_t nth, int64_t *offset)
{
    int64_t count = 0;

    for (size_t at = 0; at < r->len; at++) {
        if ((int64_t)at >= from && (int64_t)at <= to && ref_match_at(r, string, at)) {
            count++;
            if (count == nth) {
                *offset = (int64_t)at;
            }
        }
    }
    return count;
}

static uint32_t ref_string(const struct ref *r, const struct ov_expr *e)
{
    return e->string == OV_STRING_LOCAL ? (uint32_t)r->locals[e->local].i : e->string;
}

static struct ref_value ref_of_string(struct ref *r, const struct ov_expr *e)
{
    const uint32_t string = ref_string(r, e);
    const struct ref_value a = e->a == NULL ? ref_int(1) : ref_eval(r, e->a);
    const struct ref_value b = e->b == NULL ? a : ref_eval(r, e->b);
    int64_t offset = -1;

    if (a.kind == REF_UNDEFINED || b.kind == REF_UNDEFINED) {
        return ref_undefined;
    }
    switch ((unsigned)e->kind) {
    case OV_EXPR_FOUND:
        return ref_int(ref_count(r, string, 0, INT64_MAX, 0, &offset) > 0);
    case OV_EXPR_COUNT:
        return ref_int(ref_count(r, string, 0, INT64_MAX, 0, &offset));
    case OV_EXPR_FOUND_AT:
        return ref_int(ref_count(r, string, a.i, a.i, 0, &offset) > 0);
    case OV_EXPR_FOUND_IN:
        return ref_int(ref_count(r, string, a.i, b.i, 0, &offset) > 0);
    case OV_EXPR_COUNT_IN:
        return ref_int(ref_count(r, string, a.i, b.i, 0, &offset));
    default:
        (void)ref_count(r, string, 0, INT64_MAX, a.i, &offset);
        if (a.i < 1 || offset < 0) {
            return ref_undefined;
        }
        return e->kind == OV_EXPR_OFFSET
                       ? ref_int(offset)
                       : ref_int((int64_t)ov_bytes_len(r->rule->strings[string].text));
    }
}

/* --- operators ------------------------------------------------------------------------------- */

static struct ref_value ref_ints(enum ov_expr_kind kind, int64_t a, int64_t b)
{
    const ref_wide x = a, y = b;

    switch ((unsigned)kind) {
    case OV_EXPR_ADD:
        return ref_int((int64_t)(uint64_t)(x + y));
    case OV_EXPR_SUB:
        return ref_int((int64_t)(uint64_t)(x - y));
    case OV_EXPR_MUL:
        return ref_int((int64_t)(uint64_t)(x * y));
    case OV_EXPR_DIV:
        return b == 0 ? ref_undefined : ref_int((int64_t)(uint64_t)(x / y));
    case OV_EXPR_MOD:
        return b == 0 ? ref_undefined : ref_int((int64_t)(x % y));
    case OV_EXPR_BIT_AND:
        return ref_int(a & b);
    case OV_EXPR_BIT_OR:
        return ref_int(a | b);
    case OV_EXPR_BIT_XOR:
        return ref_int(a ^ b);
    case OV_EXPR_SHIFT_LEFT:
        return b < 0 ? ref_undefined : b > 63 ? ref_int(0) : ref_int((int64_t)((uint64_t)a << b));
    case OV_EXPR_SHIFT_RIGHT:
        return b < 0 ? ref_undefined : b > 63 ? ref_int(0) : ref_int(a >> b);
    case OV_EXPR_EQ:
        return ref_int(a == b);
    case OV_EXPR_NE:
        return ref_int(a != b);
    case OV_EXPR_LT:
        return ref_int(a < b);
    case OV_EXPR_LE:
        return ref_int(a <= b);
    case OV_EXPR_GT:
        return ref_int(a > b);
    default:
        return ref_int(a >= b);
    }
}

static struct ref_value ref_floats(enum ov_expr_kind kind, double a, double b)
{
    switch ((unsigned)kind) {
    case OV_EXPR_ADD:
        return ref_float(a + b);
    case OV_EXPR_SUB:
        return ref_float(a - b);
    case OV_EXPR_MUL:
        return ref_float(a * b);
    case OV_EXPR_DIV:
        return ref_float(a / b);
    case OV_EXPR_EQ:
        return ref_int(fabs(a - b) < 0x1p-52);
    case OV_EXPR_NE:
        return ref_int(fabs(a - b) >= 0x1p-52);
    case OV_EXPR_LT:
        return ref_int(a < b);
    case OV_EXPR_LE:
        return ref_int(a <= b);
    case OV_EXPR_GT:
        return ref_int(a > b);
    default:
        return ref_int(a >= b);
    }
}

/* Texts here are short and ASCII. */
static struct ref_value ref_texts(enum ov_expr_kind kind, struct ov_bytes a, struct ov_bytes b)
{
    char x[64] = { 0 }, y[64] = { 0 };
    size_t n = (size_t)ov_bytes_len(a), m = (size_t)ov_bytes_len(b);
    int c;

    OV_ASSERT(n < sizeof(x) && m < sizeof(y));
    memcpy(x, ov_bytes_raw(a), n);
    memcpy(y, ov_bytes_raw(b), m);
    c = strcmp(x, y);
    switch ((unsigned)kind) {
    case OV_EXPR_EQ:
        return ref_int(c == 0);
    case OV_EXPR_NE:
        return ref_int(c != 0);
    case OV_EXPR_LT:
        return ref_int(c < 0);
    case OV_EXPR_LE:
        return ref_int(c <= 0);
    case OV_EXPR_GT:
        return ref_int(c > 0);
    case OV_EXPR_GE:
        return ref_int(c >= 0);
    case OV_EXPR_CONTAINS:
        return ref_int(strstr(x, y) != NULL);
    case OV_EXPR_ICONTAINS:
        return ref_int(strcasestr(x, y) != NULL);
    case OV_EXPR_STARTSWITH:
        return ref_int(strncmp(x, y, m) == 0);
    case OV_EXPR_ISTARTSWITH:
        return ref_int(strncasecmp(x, y, m) == 0);
    case OV_EXPR_ENDSWITH:
        return ref_int(m <= n && strcmp(x + n - m, y) == 0);
    case OV_EXPR_IENDSWITH:
        return ref_int(m <= n && strcasecmp(x + n - m, y) == 0);
    default:
        return ref_int(strcasecmp(x, y) == 0);
    }
}

static struct ref_value ref_binary(struct ref *r, const struct ov_expr *e)
{
    const struct ref_value a = ref_eval(r, e->a), b = ref_eval(r, e->b);
    const bool is_float = e->a->type == OV_TYPE_FLOAT || e->b->type == OV_TYPE_FLOAT;

    if (a.kind == REF_UNDEFINED || b.kind == REF_UNDEFINED) {
        return is_float && e->kind == OV_EXPR_LT ? ref_int(0) : ref_undefined;
    }
    if (a.kind == REF_TEXT) {
        return ref_texts(e->kind, a.s, b.s);
    }
    if (is_float) {
        return ref_floats(e->kind, a.kind == REF_FLOAT ? a.d : (double)a.i,
                b.kind == REF_FLOAT ? b.d : (double)b.i);
    }
    return ref_ints(e->kind, a.i, b.i);
}

/* --- quantifiers ----------------------------------------------------------------------------- */

static struct ref_value ref_enough(struct ref *r, const struct ov_expr *e, int64_t yes, int64_t all)
{
    const struct ref_value q =
            e->how_many_value == NULL ? ref_undefined : ref_eval(r, e->how_many_value);

    switch (e->how_many) {
    case OV_ALL:
        return ref_int(yes == all);
    case OV_ANY:
        return ref_int(yes >= 1);
    case OV_NONE:
        return ref_int(yes == 0);
    case OV_COUNT:
        return ref_int(q.kind == REF_UNDEFINED ? yes == all : q.i == 0 ? yes == 0 : yes >= q.i);
    case OV_PERCENT:
        break;
    }
    return q.kind == REF_UNDEFINED ? ref_undefined
                                   : ref_int((double)yes / (double)all * 100 >= (double)q.i);
}

static struct ref_value ref_of(struct ref *r, const struct ov_expr *e)
{
    struct ref_value a = ref_int(0), b = ref_int(INT64_MAX);
    int64_t yes = 0, offset;

    if (e->kind == OV_EXPR_OF_RULES) {
        for (uint32_t i = 0; i < e->rule_count; i++) {
            yes += r->held[e->rules[i]];
        }
        return ref_enough(r, e, yes, e->rule_count);
    }
    if (e->a != NULL) {
        a = ref_eval(r, e->a);
        b = e->b != NULL ? ref_eval(r, e->b) : a;
    }
    if (a.kind == REF_UNDEFINED || b.kind == REF_UNDEFINED) {
        return ref_undefined;
    }
    for (uint32_t i = 0; i < e->string_count; i++) {
        yes += ref_count(r, e->strings[i], a.i, b.i, 0, &offset) > 0;
    }
    return ref_enough(r, e, yes, e->string_count);
}

/* The body for one value of the variable. */
static int64_t ref_round(struct ref *r, const struct ov_expr *e, struct ref_value v)
{
    OV_ASSERT(e->local < 16);
    r->locals[e->local] = v;
    return ref_true(ref_eval(r, e->body));
}

static struct ref_value ref_for(struct ref *r, const struct ov_expr *e)
{
    int64_t yes = 0, all = 0;

    if (e->kind == OV_EXPR_FOR_STRINGS) {
        for (uint32_t i = 0; i < e->string_count; i++, all++) {
            yes += ref_round(r, e, ref_int(e->strings[i]));
        }
    } else if (e->kind == OV_EXPR_FOR_LIST) {
        for (const struct ov_expr *item = e->children; item != NULL; item = item->next, all++) {
            yes += ref_round(r, e, ref_eval(r, item));
        }
    } else {
        const struct ref_value low = ref_eval(r, e->a), high = ref_eval(r, e->b);

        if (low.kind != REF_UNDEFINED && high.kind != REF_UNDEFINED) {
            OV_ASSERT(high.i < low.i || high.i - low.i < 10000);
            for (int64_t i = low.i; i <= high.i; i++, all++) {
                yes += ref_round(r, e, ref_int(i));
            }
        }
    }
    return all == 0 ? ref_int(0) : ref_enough(r, e, yes, all);
}

/* --- everything ------------------------------------------------------------------------------ */

static struct ref_value ref_read(struct ref *r, const struct ov_expr *e)
{
    const struct ref_value at = ref_eval(r, e->a);
    const unsigned n = e->read_bytes;
    uint64_t v = 0;

    if (at.kind == REF_UNDEFINED || at.i < 0 || (uint64_t)at.i > r->len
            || r->len - (size_t)at.i < n) {
        return ref_undefined;
    }
    for (unsigned i = 0; i < n; i++) {
        v |= (uint64_t)r->data[(size_t)at.i + i] << 8 * (e->read_big ? n - 1 - i : i);
    }
    if (e->read_signed && (v >> (8 * n - 1) & 1) != 0) {
        return ref_int((int64_t)v - ((int64_t)1 << 8 * n));
    }
    return ref_int((int64_t)v);
}

static struct ref_value ref_external(const struct ref *r, const struct ov_expr *e)
{
    const struct ov_external *x = &r->set->externals[e->index];

    return x->type == OV_TYPE_TEXT    ? (struct ref_value){ .kind = REF_TEXT, .s = x->text }
           : x->type == OV_TYPE_FLOAT ? ref_float(x->real)
                                      : ref_int(x->integer);
}

static struct ref_value ref_unary(struct ref *r, const struct ov_expr *e)
{
    const struct ref_value v = ref_eval(r, e->a);

    if (e->kind == OV_EXPR_DEFINED) {
        return ref_int(v.kind != REF_UNDEFINED);
    }
    if (v.kind == REF_UNDEFINED) {
        return v;
    }
    if (e->kind == OV_EXPR_NOT) {
        return ref_int(!ref_true(v));
    }
    if (v.kind == REF_FLOAT) {
        return ref_float(-v.d);
    }
    return ref_int(e->kind == OV_EXPR_NEGATE ? (int64_t)(0 - (uint64_t)v.i) : ~v.i);
}

static struct ref_value ref_eval(struct ref *r, const struct ov_expr *e)
{
    bool all = true, any = false;

    switch ((unsigned)e->kind) {
    case OV_EXPR_BOOL:
    case OV_EXPR_INT:
        return ref_int(e->integer);
    case OV_EXPR_FLOAT:
        return ref_float(e->real);
    case OV_EXPR_TEXT:
        return (struct ref_value){ .kind = REF_TEXT, .s = e->text };
    case OV_EXPR_FILESIZE:
        return ref_int((int64_t)r->len);
    case OV_EXPR_ENTRYPOINT:
        return ref_undefined;
    case OV_EXPR_READ:
        return ref_read(r, e);
    case OV_EXPR_EXTERNAL:
        return ref_external(r, e);
    case OV_EXPR_LOCAL:
        return r->locals[e->local];
    case OV_EXPR_RULE:
        return ref_int(r->held[e->index]);
    case OV_EXPR_AND:
    case OV_EXPR_OR:
        for (const struct ov_expr *child = e->children; child != NULL; child = child->next) {
            const bool one = ref_true(ref_eval(r, child));

            all &= one;
            any |= one;
        }
        return ref_int(e->kind == OV_EXPR_AND ? all : any);
    case OV_EXPR_NOT:
    case OV_EXPR_DEFINED:
    case OV_EXPR_NEGATE:
    case OV_EXPR_BIT_NOT:
        return ref_unary(r, e);
    case OV_EXPR_OF_STRINGS:
    case OV_EXPR_OF_STRINGS_AT:
    case OV_EXPR_OF_STRINGS_IN:
    case OV_EXPR_OF_RULES:
        return ref_of(r, e);
    case OV_EXPR_FOR_STRINGS:
    case OV_EXPR_FOR_RANGE:
    case OV_EXPR_FOR_LIST:
        return ref_for(r, e);
    default:
        return e->kind >= OV_EXPR_FOUND && e->kind <= OV_EXPR_LENGTH ? ref_of_string(r, e)
                                                                     : ref_binary(r, e);
    }
}

#endif
