/* SPDX-License-Identifier: Apache-2.0 */
#include "db/value.h"

#include <float.h>
#include <math.h>
#include <string.h>

struct ov_value ov_value_undefined(void)
{
    return (struct ov_value){ .kind = OV_VALUE_UNDEFINED };
}

struct ov_value ov_value_int(int64_t v)
{
    return (struct ov_value){ .kind = OV_VALUE_INT, .integer = v };
}

struct ov_value ov_value_float(double v)
{
    return (struct ov_value){ .kind = OV_VALUE_FLOAT, .real = v };
}

struct ov_value ov_value_text(struct ov_bytes v)
{
    return (struct ov_value){ .kind = OV_VALUE_TEXT, .text = v };
}

struct ov_value ov_value_node(uint32_t node)
{
    return (struct ov_value){ .kind = OV_VALUE_NODE, .node = node };
}

bool ov_value_as_int(struct ov_value v, int64_t *out)
{
    if (v.kind == OV_VALUE_INT) {
        *out = v.integer;
        return true;
    }
    if (v.kind == OV_VALUE_FLOAT) {
        memcpy(out, &v.real, sizeof(*out));
        return true;
    }
    return false;
}

static bool as_float(struct ov_value v, double *out)
{
    if (v.kind == OV_VALUE_FLOAT) {
        *out = v.real;
        return true;
    }
    if (v.kind == OV_VALUE_INT) {
        *out = (double)v.integer;
        return true;
    }
    return false;
}

bool ov_value_is_true(struct ov_value v)
{
    int64_t bits;

    if (v.kind == OV_VALUE_TEXT) {
        return ov_bytes_len(v.text) != 0;
    }
    return ov_value_as_int(v, &bits) && bits != 0;
}

struct ov_value ov_value_unary(enum ov_op op, struct ov_value v)
{
    int64_t i;

    if (op == OV_OP_DEFINED) {
        return ov_value_int(v.kind != OV_VALUE_UNDEFINED);
    }
    if (op == OV_OP_TRUTH) {
        return ov_value_int(ov_value_is_true(v));
    }
    if (v.kind == OV_VALUE_UNDEFINED) {
        return v;
    }
    if (op == OV_OP_NOT) {
        return ov_value_int(!ov_value_is_true(v));
    }
    if (op == OV_OP_NEGATE && v.kind == OV_VALUE_FLOAT) {
        return ov_value_float(-v.real);
    }
    if (!ov_value_as_int(v, &i)) {
        return ov_value_undefined();
    }
    if (op == OV_OP_NEGATE) {
        return ov_value_int((int64_t)(0 - (uint64_t)i));
    }
    if (op == OV_OP_BIT_NOT) {
        return ov_value_int(~i);
    }
    return ov_value_undefined();
}

static struct ov_value shift(enum ov_op op, int64_t a, int64_t b)
{
    if (b < 0) {
        return ov_value_undefined();
    }
    if (b >= 64) {
        return ov_value_int(0);
    }
    if (op == OV_OP_SHIFT_LEFT) {
        return ov_value_int((int64_t)((uint64_t)a << b));
    }
    return ov_value_int(a >> b); /* gcc and clang: arithmetic */
}

static struct ov_value divide(enum ov_op op, int64_t a, int64_t b)
{
    if (b == 0) {
        return ov_value_undefined();
    }
    if (b == -1) { /* INT64_MIN / -1 traps; wrapped, it is itself */
        return ov_value_int(op == OV_OP_DIV ? (int64_t)(0 - (uint64_t)a) : 0);
    }
    return ov_value_int(op == OV_OP_DIV ? a / b : a % b);
}

static struct ov_value of_ints(enum ov_op op, int64_t a, int64_t b)
{
    const uint64_t x = (uint64_t)a, y = (uint64_t)b;

    switch ((unsigned)op) {
    case OV_OP_ADD:
        return ov_value_int((int64_t)(x + y));
    case OV_OP_SUB:
        return ov_value_int((int64_t)(x - y));
    case OV_OP_MUL:
        return ov_value_int((int64_t)(x * y));
    case OV_OP_DIV:
    case OV_OP_MOD:
        return divide(op, a, b);
    case OV_OP_BIT_AND:
        return ov_value_int(a & b);
    case OV_OP_BIT_OR:
        return ov_value_int(a | b);
    case OV_OP_BIT_XOR:
        return ov_value_int(a ^ b);
    case OV_OP_SHIFT_LEFT:
    case OV_OP_SHIFT_RIGHT:
        return shift(op, a, b);
    case OV_OP_EQ:
        return ov_value_int(a == b);
    case OV_OP_NE:
        return ov_value_int(a != b);
    case OV_OP_LT:
        return ov_value_int(a < b);
    case OV_OP_LE:
        return ov_value_int(a <= b);
    case OV_OP_GT:
        return ov_value_int(a > b);
    case OV_OP_GE:
        return ov_value_int(a >= b);
    default:
        return ov_value_undefined();
    }
}

static struct ov_value of_floats(enum ov_op op, double a, double b)
{
    switch ((unsigned)op) {
    case OV_OP_ADD:
        return ov_value_float(a + b);
    case OV_OP_SUB:
        return ov_value_float(a - b);
    case OV_OP_MUL:
        return ov_value_float(a * b);
    case OV_OP_DIV:
        return ov_value_float(a / b);
    case OV_OP_EQ:
        return ov_value_int(fabs(a - b) < DBL_EPSILON);
    case OV_OP_NE:
        return ov_value_int(fabs(a - b) >= DBL_EPSILON);
    case OV_OP_LT:
    case OV_OP_LT_FLOAT:
        return ov_value_int(a < b);
    case OV_OP_LE:
        return ov_value_int(a <= b);
    case OV_OP_GT:
        return ov_value_int(a > b);
    case OV_OP_GE:
        return ov_value_int(a >= b);
    default:
        return ov_value_undefined();
    }
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static int order(struct ov_bytes a, struct ov_bytes b)
{
    const uint8_t *p = ov_bytes_raw(a), *q = ov_bytes_raw(b);
    const uint64_t len_a = ov_bytes_len(a), len_b = ov_bytes_len(b);
    const uint64_t both = len_a < len_b ? len_a : len_b;

    for (uint64_t i = 0; i < both; i++) {
        if (p[i] != q[i]) {
            return (int8_t)p[i] < (int8_t)q[i] ? -1 : 1;
        }
    }
    return len_a == len_b ? 0 : len_a < len_b ? -1 : 1;
}

/* Does `b` stand in `a` at `at`? */
static bool stands_at(struct ov_bytes a, uint64_t at, struct ov_bytes b, bool fold)
{
    struct ov_bytes part;
    const uint8_t *p, *q = ov_bytes_raw(b);

    if (!ov_bytes_slice(a, at, ov_bytes_len(b), &part)) {
        return false;
    }
    p = ov_bytes_raw(part);
    for (uint64_t i = 0; i < ov_bytes_len(b); i++) {
        if (fold ? lower(p[i]) != lower(q[i]) : p[i] != q[i]) {
            return false;
        }
    }
    return true;
}

static bool contains(struct ov_bytes a, struct ov_bytes b, bool fold)
{
    const uint64_t len_a = ov_bytes_len(a), len_b = ov_bytes_len(b);

    for (uint64_t at = 0; len_b <= len_a && at <= len_a - len_b; at++) {
        if (stands_at(a, at, b, fold)) {
            return true;
        }
    }
    return false;
}

static bool ends_with(struct ov_bytes a, struct ov_bytes b, bool fold)
{
    return ov_bytes_len(b) <= ov_bytes_len(a)
           && stands_at(a, ov_bytes_len(a) - ov_bytes_len(b), b, fold);
}

static struct ov_value of_texts(enum ov_op op, struct ov_bytes a, struct ov_bytes b)
{
    switch ((unsigned)op) {
    case OV_OP_EQ:
        return ov_value_int(order(a, b) == 0);
    case OV_OP_NE:
        return ov_value_int(order(a, b) != 0);
    case OV_OP_LT:
        return ov_value_int(order(a, b) < 0);
    case OV_OP_LE:
        return ov_value_int(order(a, b) <= 0);
    case OV_OP_GT:
        return ov_value_int(order(a, b) > 0);
    case OV_OP_GE:
        return ov_value_int(order(a, b) >= 0);
    case OV_OP_CONTAINS:
    case OV_OP_ICONTAINS:
        return ov_value_int(contains(a, b, op == OV_OP_ICONTAINS));
    case OV_OP_STARTSWITH:
    case OV_OP_ISTARTSWITH:
        return ov_value_int(stands_at(a, 0, b, op == OV_OP_ISTARTSWITH));
    case OV_OP_ENDSWITH:
    case OV_OP_IENDSWITH:
        return ov_value_int(ends_with(a, b, op == OV_OP_IENDSWITH));
    case OV_OP_IEQUALS:
        return ov_value_int(ov_bytes_len(a) == ov_bytes_len(b) && stands_at(a, 0, b, true));
    default:
        return ov_value_undefined();
    }
}

static bool takes_ints_only(enum ov_op op)
{
    return op == OV_OP_MOD || (op >= OV_OP_BIT_AND && op <= OV_OP_SHIFT_RIGHT);
}

struct ov_value ov_value_binary(enum ov_op op, struct ov_value a, struct ov_value b)
{
    double x, y;
    int64_t i, j;

    if (a.kind == OV_VALUE_UNDEFINED || b.kind == OV_VALUE_UNDEFINED) {
        return op == OV_OP_LT_FLOAT ? ov_value_int(0) : ov_value_undefined();
    }
    if (a.kind == OV_VALUE_TEXT && b.kind == OV_VALUE_TEXT) {
        return of_texts(op, a.text, b.text);
    }
    if ((a.kind == OV_VALUE_FLOAT || b.kind == OV_VALUE_FLOAT || op == OV_OP_LT_FLOAT)
            && !takes_ints_only(op)) {
        return as_float(a, &x) && as_float(b, &y) ? of_floats(op, x, y) : ov_value_undefined();
    }
    return ov_value_as_int(a, &i) && ov_value_as_int(b, &j) ? of_ints(op, i, j)
                                                            : ov_value_undefined();
}

uint64_t ov_value_steps(enum ov_op op, struct ov_value a, struct ov_value b)
{
    uint64_t len_a, len_b;

    if (a.kind != OV_VALUE_TEXT || b.kind != OV_VALUE_TEXT) {
        return 1;
    }
    len_a = ov_bytes_len(a.text);
    len_b = ov_bytes_len(b.text);
    if (len_a > UINT32_MAX || len_b > UINT32_MAX) {
        return UINT64_MAX;
    }
    if (op == OV_OP_CONTAINS || op == OV_OP_ICONTAINS) {
        return len_b > len_a ? 1 : 1 + (len_a - len_b + 1) * (len_b + 1) / 16;
    }
    return 1 + (len_a < len_b ? len_a : len_b) / 16;
}

struct ov_value ov_value_of(
        enum ov_quant quant, struct ov_value quantity, uint64_t true_count, uint64_t total)
{
    int64_t n;

    if (quant == OV_QUANT_PERCENT) {
        if (!ov_value_as_int(quantity, &n)) {
            return ov_value_undefined();
        }
        if (total == 0) {
            return ov_value_int(0);
        }
        return ov_value_int((double)true_count / (double)total * 100 >= (double)n);
    }
    n = ov_value_wanted(quant, quantity);
    if (n == OV_WANTED_ALL) {
        return ov_value_int(true_count >= total);
    }
    if (n == 0) {
        return ov_value_int(true_count == 0);
    }
    return ov_value_int(n < 0 || true_count >= (uint64_t)n);
}

int64_t ov_value_wanted(enum ov_quant quant, struct ov_value quantity)
{
    int64_t n;

    if (quant == OV_QUANT_ANY) {
        return 1;
    }
    if (quant == OV_QUANT_NONE) {
        return 0;
    }
    if (quant == OV_QUANT_ALL || !ov_value_as_int(quantity, &n)) {
        return OV_WANTED_ALL;
    }
    return n == OV_WANTED_ALL ? -1 : n; /* below zero is all the same */
}

bool ov_value_loop(int64_t wanted, uint64_t true_count, uint64_t total)
{
    if (total == 0) {
        return false; /* a loop that never ran does not hold, not even `none` */
    }
    if (wanted == OV_WANTED_ALL) {
        return true_count == total;
    }
    if (wanted == 0) {
        return true_count == 0;
    }
    return wanted < 0 || true_count >= (uint64_t)wanted;
}

bool ov_value_loop_is_settled(int64_t wanted, uint64_t true_count, uint64_t total)
{
    if (total == 0) {
        return false;
    }
    if (wanted == OV_WANTED_ALL) {
        return true_count != total;
    }
    if (wanted == 0) {
        return true_count != 0;
    }
    return wanted < 0 || true_count >= (uint64_t)wanted;
}
