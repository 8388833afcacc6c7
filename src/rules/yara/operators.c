/* SPDX-License-Identifier: Apache-2.0 */
/* operators.c - what operators take and give, and what they come to when both sides are known.
 *
 * Integers that are known are folded at once: YARA refuses an overflow or a division by zero that
 * it can see, and negative counts and offsets likewise. */
#include "base/checked.h"
#include "rules/yara/parser.h"

struct operator
{
    enum ov_token_kind token;
    enum ov_expr_kind kind;
    enum takes {
        TAKES_NUMBERS,
        TAKES_INTEGERS,
        TAKES_ALIKE,
        TAKES_TEXTS
    } takes;
};

static const struct operator operators[] = {
    { OV_TOKEN_PLUS, OV_EXPR_ADD, TAKES_NUMBERS },
    { OV_TOKEN_MINUS, OV_EXPR_SUB, TAKES_NUMBERS },
    { OV_TOKEN_STAR, OV_EXPR_MUL, TAKES_NUMBERS },
    { OV_TOKEN_BACKSLASH, OV_EXPR_DIV, TAKES_NUMBERS },
    { OV_TOKEN_PERCENT, OV_EXPR_MOD, TAKES_INTEGERS },
    { OV_TOKEN_AMPERSAND, OV_EXPR_BIT_AND, TAKES_INTEGERS },
    { OV_TOKEN_PIPE, OV_EXPR_BIT_OR, TAKES_INTEGERS },
    { OV_TOKEN_CARET, OV_EXPR_BIT_XOR, TAKES_INTEGERS },
    { OV_TOKEN_SHIFT_LEFT, OV_EXPR_SHIFT_LEFT, TAKES_INTEGERS },
    { OV_TOKEN_SHIFT_RIGHT, OV_EXPR_SHIFT_RIGHT, TAKES_INTEGERS },
    { OV_TOKEN_EQ, OV_EXPR_EQ, TAKES_ALIKE },
    { OV_TOKEN_NE, OV_EXPR_NE, TAKES_ALIKE },
    { OV_TOKEN_LT, OV_EXPR_LT, TAKES_ALIKE },
    { OV_TOKEN_LE, OV_EXPR_LE, TAKES_ALIKE },
    { OV_TOKEN_GT, OV_EXPR_GT, TAKES_ALIKE },
    { OV_TOKEN_GE, OV_EXPR_GE, TAKES_ALIKE },
    { OV_TOKEN_CONTAINS, OV_EXPR_CONTAINS, TAKES_TEXTS },
    { OV_TOKEN_ICONTAINS, OV_EXPR_ICONTAINS, TAKES_TEXTS },
    { OV_TOKEN_STARTSWITH, OV_EXPR_STARTSWITH, TAKES_TEXTS },
    { OV_TOKEN_ISTARTSWITH, OV_EXPR_ISTARTSWITH, TAKES_TEXTS },
    { OV_TOKEN_ENDSWITH, OV_EXPR_ENDSWITH, TAKES_TEXTS },
    { OV_TOKEN_IENDSWITH, OV_EXPR_IENDSWITH, TAKES_TEXTS },
    { OV_TOKEN_IEQUALS, OV_EXPR_IEQUALS, TAKES_TEXTS },
};

static const struct operator* operator_of(enum ov_token_kind token)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (operators[i].token == token) {
            return &operators[i];
        }
    }
    OV_ASSERT(false); /* every operator that is parsed stands in the table */
    return NULL;
}

const char *ov_type_text(enum ov_type type)
{
    switch (type) {
    case OV_TYPE_BOOL:
        return "boolean";
    case OV_TYPE_INT:
        return "integer";
    case OV_TYPE_FLOAT:
        return "float";
    case OV_TYPE_TEXT:
        return "string";
    case OV_TYPE_REGEX:
        return "regexp";
    case OV_TYPE_NODE:
        return "structure";
    }
    return "unknown";
}

/* --- terms ---------------------------------------------------------------------------------- */

struct ov_expr *ov_expr_new(struct ov_parser *p, enum ov_expr_kind kind, enum ov_type type,
        uint32_t line, uint32_t column)
{
    struct ov_expr *expr = ov_reading_alloc(&p->reading, 1, sizeof(*expr));

    if (expr != NULL) {
        expr->kind = kind;
        expr->type = type;
        expr->line = line;
        expr->column = column;
    }
    return expr;
}

struct ov_term ov_term_of(struct ov_expr *expr, bool is_operand, uint32_t depth)
{
    return (struct ov_term){ .expr = expr, .is_operand = is_operand, .depth = depth };
}

struct ov_term ov_term_none(void)
{
    return (struct ov_term){ .expr = NULL };
}

struct ov_term ov_term_unknown(struct ov_parser *p, const struct ov_token *at, bool is_operand)
{
    return ov_term_of(
            ov_expr_new(p, OV_EXPR_INT, OV_TYPE_UNKNOWN, at->line, at->column), is_operand, 1);
}

uint32_t ov_depth_over(struct ov_term a, struct ov_term b)
{
    return (a.depth > b.depth ? a.depth : b.depth) + 1;
}

bool ov_term_is_constant(struct ov_term term)
{
    return term.expr->kind == OV_EXPR_INT && term.expr->type == OV_TYPE_INT;
}

bool ov_term_check_integer(struct ov_parser *p, struct ov_term term, const char *what)
{
    if (term.expr->type == OV_TYPE_INT || term.expr->type == OV_TYPE_UNKNOWN) {
        return true;
    }
    ov_reading_error(&p->reading, term.expr->line, term.expr->column,
            "wrong type \"%s\" for %s operator", ov_type_text(term.expr->type), what);
    return false;
}

struct ov_term ov_term_as_condition(struct ov_parser *p, struct ov_term term)
{
    struct ov_expr *expr = term.expr;

    if (expr == NULL) {
        return term;
    }
    if (expr->kind == OV_EXPR_TEXT) {
        ov_reading_warning(&p->reading, expr->line, expr->column,
                "using literal string \"%s\" in a boolean operation.",
                ov_excerpt_of(expr->text).text);
    }
    if (expr->type == OV_TYPE_REGEX) {
        /* YARA takes it, as something that is there. Nobody means it. */
        ov_reading_hint(&p->reading, expr->line, expr->column,
                "a regular expression used as a condition: it is always true");
        expr->kind = OV_EXPR_BOOL;
        expr->type = OV_TYPE_BOOL;
        expr->integer = 1;
    }
    return term;
}

/* --- folding -------------------------------------------------------------------------------- */

static const char overflow[] = "integer overflow";

/* The sign is kept, as YARA does on every machine it runs on. */
static int64_t shifted_right(int64_t a, unsigned by)
{
    return a < 0 ? (int64_t) ~(~(uint64_t)a >> by) : (int64_t)((uint64_t)a >> by);
}

/* a op b, both known. Returns what is wrong with it, or NULL. */
static const char *fold(enum ov_expr_kind kind, int64_t a, int64_t b, int64_t *out)
{
    switch ((int)kind) {
    case OV_EXPR_ADD:
        return ov_add(out, a, b) ? NULL : overflow;
    case OV_EXPR_SUB:
        return ov_sub(out, a, b) ? NULL : overflow;
    case OV_EXPR_MUL:
        /* As YARA, which sees an overflow in -4611686018427387904 * 2 already. */
        return ov_mul(out, a, b) && *out != INT64_MIN ? NULL : overflow;
    case OV_EXPR_DIV:
    case OV_EXPR_MOD:
        if (b == 0) {
            return "division by zero";
        }
        if (a == INT64_MIN && b == -1) {
            return overflow;
        }
        *out = kind == OV_EXPR_DIV ? a / b : a % b;
        return NULL;
    case OV_EXPR_BIT_AND:
        *out = a & b;
        return NULL;
    case OV_EXPR_BIT_OR:
        *out = a | b;
        return NULL;
    case OV_EXPR_BIT_XOR:
        *out = a ^ b;
        return NULL;
    case OV_EXPR_SHIFT_LEFT:
        *out = b >= 64 ? 0 : (int64_t)((uint64_t)a << b);
        return NULL;
    case OV_EXPR_SHIFT_RIGHT:
        *out = b >= 64 ? 0 : shifted_right(a, (unsigned)b);
        return NULL;
    default:
        OV_ASSERT(false); /* only arithmetic is folded */
        return NULL;
    }
}

/* The operation on two known integers, as a known integer in the place of `a`. */
static struct ov_term folded(struct ov_parser *p, const struct ov_token *op, enum ov_expr_kind kind,
        struct ov_term a, struct ov_term b)
{
    int64_t value = 0;
    const char *why = fold(kind, a.expr->integer, b.expr->integer, &value);

    if (why != NULL) {
        if (why == overflow) {
            ov_reading_error(&p->reading, op->line, op->column,
                    "integer overflow in \"%lld %s %lld\"", (long long)a.expr->integer,
                    ov_excerpt_of(op->text).text, (long long)b.expr->integer);
        } else {
            ov_reading_error(&p->reading, op->line, op->column, "%s", why);
        }
        a.expr->type = OV_TYPE_UNKNOWN;
        return a;
    }
    a.expr->integer = value;
    return a;
}

/* --- operators ------------------------------------------------------------------------------ */

static bool is_number(enum ov_type type)
{
    return type == OV_TYPE_INT || type == OV_TYPE_FLOAT;
}

static bool takes_both(const struct operator* op, enum ov_type a, enum ov_type b)
{
    switch (op->takes) {
    case TAKES_NUMBERS:
        return is_number(a) && is_number(b);
    case TAKES_INTEGERS:
        return a == OV_TYPE_INT && b == OV_TYPE_INT;
    case TAKES_ALIKE:
        return (is_number(a) && is_number(b)) || (a == OV_TYPE_TEXT && b == OV_TYPE_TEXT);
    case TAKES_TEXTS:
        return a == OV_TYPE_TEXT && b == OV_TYPE_TEXT;
    }
    return false;
}

static void tell_types(struct ov_parser *p, const struct ov_token *op, const struct operator* row,
        enum ov_type a, enum ov_type b)
{
    const bool texts = row->takes == TAKES_TEXTS;

    if (row->takes == TAKES_INTEGERS || texts) {
        const enum ov_type wanted = texts ? OV_TYPE_TEXT : OV_TYPE_INT;

        ov_reading_error(&p->reading, op->line, op->column, "wrong type \"%s\" for %s operator",
                ov_type_text(a != wanted ? a : b),
                op->kind == OV_TOKEN_AMPERSAND ? "^" : ov_excerpt_of(op->text).text);
    } else if (a == OV_TYPE_TEXT && b == OV_TYPE_TEXT) {
        ov_reading_error(&p->reading, op->line, op->column,
                "strings don't support \"%s\" operation", ov_excerpt_of(op->text).text);
    } else {
        ov_reading_error(&p->reading, op->line, op->column, "type mismatch");
    }
}

static enum ov_type type_of_result(const struct operator* op, enum ov_type a, enum ov_type b)
{
    if (op->takes == TAKES_ALIKE || op->takes == TAKES_TEXTS) {
        return OV_TYPE_BOOL;
    }
    if (op->takes == TAKES_INTEGERS) {
        return OV_TYPE_INT;
    }
    return a == OV_TYPE_FLOAT || b == OV_TYPE_FLOAT ? OV_TYPE_FLOAT : OV_TYPE_INT;
}

/* Whoever walks the tree may do so by recursion: it is never deeper than this. */
static struct ov_term limited(struct ov_parser *p, const struct ov_token *op, struct ov_term term)
{
    if (term.expr == NULL || term.depth <= OV_CONDITION_DEPTH_MAX) {
        return term;
    }
    ov_reading_error(&p->reading, op->line, op->column,
            "more than %u operators, each around the other; use parentheses to make groups",
            OV_CONDITION_DEPTH_MAX);
    return ov_term_none();
}

/* Behind these YARA need not look at what comes next. */
static bool is_last(enum ov_token_kind op, struct ov_term right)
{
    return (op == OV_TOKEN_STAR || op == OV_TOKEN_BACKSLASH || op == OV_TOKEN_PERCENT)
           && (right.expr->kind == OV_EXPR_INT || right.expr->kind == OV_EXPR_FLOAT
                   || right.expr->kind == OV_EXPR_TEXT || right.expr->kind == OV_EXPR_FILESIZE);
}

struct ov_term ov_term_unary(struct ov_parser *p, const struct ov_token *op, struct ov_term a)
{
    const bool is_minus = op->kind == OV_TOKEN_MINUS;
    struct ov_expr *expr;

    if (a.expr->type == OV_TYPE_UNKNOWN) {
        return a;
    }
    if (!is_number(a.expr->type) || (!is_minus && a.expr->type != OV_TYPE_INT)) {
        p->reading.at_last = is_last(OV_TOKEN_STAR, a);
        ov_reading_error(&p->reading, op->line, op->column, "wrong type \"%s\" for %s operator",
                ov_type_text(a.expr->type), ov_excerpt_of(op->text).text);
        p->reading.at_last = false;
        return ov_term_unknown(p, op, true);
    }
    if (ov_term_is_constant(a)) {
        const uint64_t bits = (uint64_t)a.expr->integer;

        a.expr->integer = (int64_t)(is_minus ? 0 - bits : ~bits);
        a.expr->line = op->line;
        a.expr->column = op->column;
        return a;
    }
    expr = ov_expr_new(
            p, is_minus ? OV_EXPR_NEGATE : OV_EXPR_BIT_NOT, a.expr->type, op->line, op->column);
    if (expr == NULL) {
        return ov_term_none();
    }
    expr->a = a.expr;
    return limited(p, op, ov_term_of(expr, true, a.depth + 1));
}

/* A shift by a known negative number has no meaning that anybody could want. */
static bool check_shift(struct ov_parser *p, const struct ov_token *op, const struct operator* row,
        struct ov_term b)
{
    if ((row->kind == OV_EXPR_SHIFT_LEFT || row->kind == OV_EXPR_SHIFT_RIGHT)
            && ov_term_is_constant(b) && b.expr->integer < 0) {
        ov_reading_error(&p->reading, op->line, op->column, "invalid value in condition: \"%lld\"",
                (long long)b.expr->integer);
        return false;
    }
    return true;
}

static struct ov_term binary(
        struct ov_parser *p, const struct ov_token *op, struct ov_term a, struct ov_term b)
{
    const struct operator* row = operator_of(op->kind);
    const enum ov_type at = a.expr->type, bt = b.expr->type;
    const bool gives_operand = row->takes == TAKES_NUMBERS || row->takes == TAKES_INTEGERS;
    struct ov_expr *expr;

    if (at != OV_TYPE_UNKNOWN && bt != OV_TYPE_UNKNOWN && !takes_both(row, at, bt)) {
        tell_types(p, op, row, at, bt);
        return ov_term_unknown(p, op, gives_operand);
    }
    if (!check_shift(p, op, row, b)) {
        return ov_term_unknown(p, op, gives_operand);
    }
    if (gives_operand && ov_term_is_constant(a) && ov_term_is_constant(b)) {
        return folded(p, op, row->kind, a, b);
    }
    if (gives_operand && at == OV_TYPE_INT && ov_term_is_constant(b) && b.expr->integer == 0
            && (row->kind == OV_EXPR_DIV || row->kind == OV_EXPR_MOD)) {
        ov_reading_error(&p->reading, op->line, op->column, "division by zero");
    }
    expr = ov_expr_new(p, row->kind, type_of_result(row, at, bt), a.expr->line, a.expr->column);
    if (expr == NULL) {
        return ov_term_none();
    }
    if (gives_operand && (at == OV_TYPE_UNKNOWN || bt == OV_TYPE_UNKNOWN)) {
        expr->type = OV_TYPE_UNKNOWN;
    }
    expr->a = a.expr;
    expr->b = b.expr;
    return limited(p, op, ov_term_of(expr, gives_operand, ov_depth_over(a, b)));
}

struct ov_term ov_term_binary(
        struct ov_parser *p, const struct ov_token *op, struct ov_term a, struct ov_term b)
{
    struct ov_term term;

    p->reading.at_last = is_last(op->kind, b);
    term = binary(p, op, a, b);
    p->reading.at_last = false;
    return term;
}
