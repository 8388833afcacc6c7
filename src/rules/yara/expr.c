/* SPDX-License-Identifier: Apache-2.0 */
/* expr.c - conditions: recursive descent for the logical operators, precedence climbing for
 * arithmetic. Recursion happens at parentheses, prefixes and loops only, each counted by
 * ov_expr_enter. From weak to strong:
 *
 *   or;  and;  not, defined;  comparisons (which do not chain);  |  ^  &  << >>  + -  * \ %;  - ~
 */
#include "base/checked.h"
#include "rules/yara/parser.h"
#include "rules/yara/regex.h"

bool ov_expr_enter(struct ov_parser *p)
{
    if (p->nest >= OV_NEST_MAX) {
        ov_reading_error(&p->reading, p->tok.line, p->tok.column,
                "the condition is nested more than %u levels deep", OV_NEST_MAX);
        return false;
    }
    p->nest++;
    return true;
}

void ov_expr_leave(struct ov_parser *p)
{
    OV_ASSERT(p->nest > 0);
    p->nest--;
}

/* --- values --------------------------------------------------------------------------------- */

struct ov_term ov_expr_leaf(
        struct ov_parser *p, enum ov_expr_kind kind, enum ov_type type, bool is_operand)
{
    struct ov_expr *expr = ov_expr_new(p, kind, type, p->tok.line, p->tok.column);

    if (expr == NULL) {
        return ov_term_none();
    }
    expr->integer = p->tok.kind == OV_TOKEN_TRUE ? 1 : p->tok.integer;
    expr->real = p->tok.real;
    ov_parser_next(p);
    return ov_term_of(expr, is_operand, 1);
}

static struct ov_term read_text(struct ov_parser *p)
{
    const struct ov_token token = p->tok;
    struct ov_term term = ov_expr_leaf(p, OV_EXPR_TEXT, OV_TYPE_TEXT, true);

    if (term.expr == NULL || !ov_token_unescape(&p->reading, &token, &term.expr->text)) {
        return ov_term_none();
    }
    return term;
}

static struct ov_term read_regex(struct ov_parser *p)
{
    const struct ov_token token = p->tok;
    struct ov_term term = ov_expr_leaf(p, OV_EXPR_REGEX, OV_TYPE_REGEX, true);
    struct ov_regex regex;

    if (term.expr == NULL) {
        return term;
    }
    if (!ov_regex_read(&p->reading, &token, ov_bytes_of(NULL, 0), false, &regex)) {
        return p->reading.out_of_memory ? ov_term_none() : ov_term_unknown(p, &token, true);
    }
    term.expr->re = regex.re;
    term.expr->re_flags = token.re_flags;
    return term;
}

static struct ov_term read_entrypoint(struct ov_parser *p)
{
    ov_reading_warning(&p->reading, p->tok.line, p->tok.column,
            "using deprecated \"entrypoint\" keyword. Use the \"entry_point\" function from PE "
            "module "
            "instead.");
    return ov_expr_leaf(p, OV_EXPR_ENTRYPOINT, OV_TYPE_INT, true);
}

/* int8(a) and its relatives. */
static struct ov_term read_read(struct ov_parser *p)
{
    const struct ov_token token = p->tok;
    struct ov_term term = ov_expr_leaf(p, OV_EXPR_READ, OV_TYPE_INT, true);
    struct ov_term offset;

    if (term.expr == NULL || !ov_parser_expect(p, OV_TOKEN_PAREN_OPEN, "'('")
            || !ov_expr_enter(p)) {
        return ov_term_none();
    }
    offset = ov_expr_read_operand(p);
    ov_expr_leave(p);
    if (offset.expr == NULL || !ov_parser_expect(p, OV_TOKEN_PAREN_CLOSE, NULL)) {
        return ov_term_none();
    }
    p->reading.at_last = true;
    (void)ov_term_check_integer(p, offset, "intXXXX or uintXXXX");
    p->reading.at_last = false;
    term.expr->read_bytes = token.read_bytes;
    term.expr->read_signed = token.read_signed;
    term.expr->read_big = token.read_big;
    term.expr->a = offset.expr;
    term.depth = offset.depth + 1;
    return term;
}

/* --- ranges --------------------------------------------------------------------------------- */

static void check_range(struct ov_parser *p, struct ov_term from, struct ov_term to)
{
    const char *wrong = NULL;

    if (from.expr->type != OV_TYPE_INT && from.expr->type != OV_TYPE_UNKNOWN) {
        wrong = "wrong type for range's lower bound";
    }
    if (to.expr->type != OV_TYPE_INT && to.expr->type != OV_TYPE_UNKNOWN) {
        wrong = "wrong type for range's upper bound";
    }
    if (wrong == NULL && ov_term_is_constant(from) && ov_term_is_constant(to)) {
        wrong = from.expr->integer > to.expr->integer
                        ? "invalid value in condition: \"range lower bound must be less than upper "
                          "bound\""
                : from.expr->integer < 0
                        ? "invalid value in condition: \"range lower bound can not be negative\""
                        : NULL;
    }
    if (wrong != NULL) {
        ov_reading_error(&p->reading, from.expr->line, from.expr->column, "%s", wrong);
    }
}

bool ov_expr_read_range_rest(struct ov_parser *p, struct ov_term from, struct ov_term *to)
{
    if (!ov_parser_expect(p, OV_TOKEN_DOT_DOT, NULL)) {
        return false;
    }
    *to = ov_expr_read_operand(p);
    if (to->expr == NULL || !ov_parser_expect(p, OV_TOKEN_PAREN_CLOSE, NULL)) {
        return false;
    }
    p->reading.at_last = true;
    check_range(p, from, *to);
    p->reading.at_last = false;
    return true;
}

bool ov_expr_read_range(struct ov_parser *p, struct ov_term *from, struct ov_term *to)
{
    bool read;

    if (!ov_parser_expect(p, OV_TOKEN_PAREN_OPEN, "'('") || !ov_expr_enter(p)) {
        return false;
    }
    *from = ov_expr_read_operand(p);
    read = from->expr != NULL && ov_expr_read_range_rest(p, *from, to);
    ov_expr_leave(p);
    return read;
}

/* --- arithmetic ----------------------------------------------------------------------------- */

static unsigned binding(enum ov_token_kind kind)
{
    switch ((int)kind) {
    case OV_TOKEN_PIPE:
        return 1;
    case OV_TOKEN_CARET:
        return 2;
    case OV_TOKEN_AMPERSAND:
        return 3;
    case OV_TOKEN_SHIFT_LEFT:
    case OV_TOKEN_SHIFT_RIGHT:
        return 4;
    case OV_TOKEN_PLUS:
    case OV_TOKEN_MINUS:
        return 5;
    case OV_TOKEN_STAR:
    case OV_TOKEN_BACKSLASH:
    case OV_TOKEN_PERCENT:
        return 6;
    default:
        return 0;
    }
}

/* YARA's grammar has no way on behind a condition: whoever reads on tells what may stand there. */
static bool ends_here(const struct ov_parser *p, struct ov_term term)
{
    return p->reading.as_yara && !term.is_operand;
}

/* Tells when a condition (true, $a, a == b) stands where a value should. */
static struct ov_term need_operand(struct ov_parser *p, struct ov_term term, const char *where)
{
    if (term.expr == NULL || term.is_operand) {
        return term;
    }
    if (term.expr->type != OV_TYPE_UNKNOWN) {
        ov_reading_error(&p->reading, term.expr->line, term.expr->column,
                "syntax error: %s is a condition, and a value is needed there", where);
    }
    term.expr->type = OV_TYPE_UNKNOWN;
    term.is_operand = true;
    return term;
}

static struct ov_term read_arithmetic(struct ov_parser *p, unsigned above);

static struct ov_term read_parentheses(struct ov_parser *p)
{
    struct ov_term term;

    const bool value = p->operand_nest > 0 && p->reading.as_yara; /* only one is looked for here */

    if (!ov_expr_enter(p)) {
        return ov_term_none();
    }
    ov_parser_next(p);
    term = value ? read_arithmetic(p, 0) : ov_expr_read(p);
    ov_expr_leave(p);
    if (term.expr == NULL
            || !ov_parser_expect(p, OV_TOKEN_PAREN_CLOSE, value ? NULL : "<or> or <and>")) {
        return ov_term_none();
    }
    return term;
}

static struct ov_term read_value(struct ov_parser *p);

static struct ov_term read_prefixed(struct ov_parser *p)
{
    const struct ov_token op = p->tok;
    struct ov_term term;

    if (!ov_expr_enter(p)) {
        return ov_term_none();
    }
    ov_parser_next(p);
    p->operand_nest++;
    term = need_operand(p, read_value(p), "what stands behind a sign");
    p->operand_nest--;
    ov_expr_leave(p);
    return term.expr == NULL ? term : ov_term_unary(p, &op, term);
}

static struct ov_term read_value(struct ov_parser *p)
{
    switch ((int)p->tok.kind) {
    case OV_TOKEN_PAREN_OPEN:
        return read_parentheses(p);
    case OV_TOKEN_MINUS:
    case OV_TOKEN_TILDE:
        return read_prefixed(p);
    case OV_TOKEN_INTEGER:
        return ov_expr_leaf(p, OV_EXPR_INT, OV_TYPE_INT, true);
    case OV_TOKEN_REAL:
        return ov_expr_leaf(p, OV_EXPR_FLOAT, OV_TYPE_FLOAT, true);
    case OV_TOKEN_TEXT:
        return read_text(p);
    case OV_TOKEN_REGEX:
        return read_regex(p);
    case OV_TOKEN_FILESIZE:
        return ov_expr_leaf(p, OV_EXPR_FILESIZE, OV_TYPE_INT, true);
    case OV_TOKEN_ENTRYPOINT:
        return read_entrypoint(p);
    case OV_TOKEN_READ:
        return read_read(p);
    case OV_TOKEN_COUNT:
        return ov_ask_read_count(p);
    case OV_TOKEN_OFFSET:
        return ov_ask_read_position(p, OV_EXPR_OFFSET);
    case OV_TOKEN_LENGTH:
        return ov_ask_read_position(p, OV_EXPR_LENGTH);
    case OV_TOKEN_NAME:
        return ov_identifier_read(p);
    default:
        (void)ov_parser_unexpected(p, NULL);
        return ov_term_none();
    }
}

/* Where nothing but a value may stand. */
static struct ov_term read_operand(struct ov_parser *p, unsigned above)
{
    struct ov_term term;

    p->operand_nest++;
    term = read_arithmetic(p, above);
    p->operand_nest--;
    return term;
}

/* Everything that binds stronger than `above`. Recursion is bounded by the six levels. */
static struct ov_term read_arithmetic(struct ov_parser *p, unsigned above)
{
    struct ov_term left = read_value(p);

    while (left.expr != NULL && binding(p->tok.kind) > above) {
        const struct ov_token op = p->tok;
        struct ov_term right;

        if (op.kind == OV_TOKEN_PERCENT && ov_lex_peek(&p->lx) == OV_TOKEN_OF) {
            if (above > 0) {
                ov_reading_error(&p->reading, op.line, op.column, "syntax error, unexpected <of>");
                return ov_term_none();
            }
            return left; /* 50 % of them */
        }
        if (ends_here(p, left)) {
            return left;
        }
        left = need_operand(p, left, "what stands before the operator");
        ov_parser_next(p);
        right = read_operand(p, binding(op.kind));
        right = need_operand(p, right, "what stands behind the operator");
        if (right.expr == NULL) {
            return right;
        }
        left = ov_term_binary(p, &op, left, right);
    }
    return left;
}

struct ov_term ov_expr_read_operand(struct ov_parser *p)
{
    return need_operand(p, read_operand(p, 0), "this");
}

/* --- comparisons and quantities ------------------------------------------------------------- */

static bool is_comparison(enum ov_token_kind kind)
{
    switch ((int)kind) {
    case OV_TOKEN_EQ:
    case OV_TOKEN_NE:
    case OV_TOKEN_LT:
    case OV_TOKEN_LE:
    case OV_TOKEN_GT:
    case OV_TOKEN_GE:
    case OV_TOKEN_CONTAINS:
    case OV_TOKEN_ICONTAINS:
    case OV_TOKEN_STARTSWITH:
    case OV_TOKEN_ISTARTSWITH:
    case OV_TOKEN_ENDSWITH:
    case OV_TOKEN_IENDSWITH:
    case OV_TOKEN_IEQUALS:
    case OV_TOKEN_MATCHES:
        return true;
    default:
        return false;
    }
}

/* Behind `matches`: a regular expression, written out. */
static struct ov_term read_matches(struct ov_parser *p, struct ov_term text)
{
    struct ov_expr *expr;
    struct ov_term regex;

    if (p->tok.kind != OV_TOKEN_REGEX) {
        (void)ov_parser_unexpected(p, "regular expression");
        return ov_term_none();
    }
    regex = read_regex(p);
    expr = ov_expr_new(p, OV_EXPR_MATCHES, OV_TYPE_BOOL, text.expr->line, text.expr->column);
    if (regex.expr == NULL || expr == NULL) {
        return ov_term_none();
    }
    if (text.expr->type != OV_TYPE_TEXT && text.expr->type != OV_TYPE_UNKNOWN) {
        ov_reading_error(&p->reading, text.expr->line, text.expr->column,
                "wrong type \"%s\" for matches operator", ov_type_text(text.expr->type));
    }
    expr->a = text.expr;
    expr->b = regex.expr;
    return ov_term_of(expr, false, ov_depth_over(text, regex));
}

static struct ov_term read_comparison(struct ov_parser *p, struct ov_term left)
{
    const struct ov_token op = p->tok;
    struct ov_term right;

    left = need_operand(p, left, "what stands before the comparison");
    ov_parser_next(p);
    if (op.kind == OV_TOKEN_MATCHES) {
        return read_matches(p, left);
    }
    right = read_operand(p, 0);
    right = need_operand(p, right, "what stands behind the comparison");
    return right.expr == NULL ? right : ov_term_binary(p, &op, left, right);
}

/* What begins with a value: a comparison, `n of`, `n % of`, or the value itself. */
static struct ov_term read_from_value(struct ov_parser *p)
{
    struct ov_term term = read_arithmetic(p, 0);
    struct ov_quantity quantity;
    enum ov_how_many how_many = OV_COUNT;

    if (term.expr == NULL || ends_here(p, term)) {
        return term;
    }
    if (p->tok.kind == OV_TOKEN_PERCENT || p->tok.kind == OV_TOKEN_OF) {
        term = need_operand(p, term, "what stands before \"of\"");
        if (ov_parser_accept(p, OV_TOKEN_PERCENT)) {
            how_many = OV_PERCENT;
        }
        quantity = ov_quantity_of_term(p, how_many, term);
        return ov_of_read(p, &quantity);
    }
    if (is_comparison(p->tok.kind)) {
        term = read_comparison(p, term);
    }
    return term;
}

bool ov_expr_begins(enum ov_token_kind kind)
{
    static const enum ov_token_kind kinds[] = { OV_TOKEN_NAME, OV_TOKEN_STRING, OV_TOKEN_COUNT,
        OV_TOKEN_OFFSET, OV_TOKEN_LENGTH, OV_TOKEN_INTEGER, OV_TOKEN_REAL, OV_TOKEN_TEXT,
        OV_TOKEN_REGEX, OV_TOKEN_READ, OV_TOKEN_PAREN_OPEN, OV_TOKEN_MINUS, OV_TOKEN_TILDE,
        OV_TOKEN_FILESIZE, OV_TOKEN_ENTRYPOINT, OV_TOKEN_TRUE, OV_TOKEN_FALSE, OV_TOKEN_NOT,
        OV_TOKEN_DEFINED, OV_TOKEN_ALL, OV_TOKEN_ANY, OV_TOKEN_NONE, OV_TOKEN_FOR };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kind == kinds[i]) {
            return true;
        }
    }
    return false;
}

static struct ov_term read_relation(struct ov_parser *p)
{
    struct ov_term term;
    struct ov_quantity quantity;

    switch ((int)p->tok.kind) {
    case OV_TOKEN_TRUE:
    case OV_TOKEN_FALSE:
        term = ov_expr_leaf(p, OV_EXPR_BOOL, OV_TYPE_BOOL, false);
        break;
    case OV_TOKEN_STRING:
        term = ov_ask_read_found(p);
        break;
    case OV_TOKEN_FOR:
        term = ov_loop_read(p);
        break;
    case OV_TOKEN_ALL:
    case OV_TOKEN_ANY:
    case OV_TOKEN_NONE:
        quantity = ov_quantity_of_keyword(p);
        ov_parser_next(p);
        term = ov_of_read(p, &quantity);
        break;
    default:
        term = read_from_value(p);
        break;
    }
    if (term.expr != NULL && !term.is_operand && !ends_here(p, term)
            && (is_comparison(p->tok.kind) || binding(p->tok.kind) > 0)) {
        /* They take values, and this is a condition. */
        (void)ov_parser_unexpected(p, p->nest == 0 ? "'}'" : NULL);
        return ov_term_none();
    }
    return term;
}

/* --- logic ---------------------------------------------------------------------------------- */

static struct ov_term read_not(struct ov_parser *p)
{
    const struct ov_token op = p->tok;
    struct ov_term term;
    struct ov_expr *expr;

    if (op.kind != OV_TOKEN_NOT && op.kind != OV_TOKEN_DEFINED) {
        return read_relation(p);
    }
    if (!ov_expr_enter(p)) {
        return ov_term_none();
    }
    ov_parser_next(p);
    term = ov_term_as_condition(p, read_not(p));
    ov_expr_leave(p);
    if (term.expr == NULL) {
        return term;
    }
    expr = ov_expr_new(p, op.kind == OV_TOKEN_NOT ? OV_EXPR_NOT : OV_EXPR_DEFINED, OV_TYPE_BOOL,
            op.line, op.column);
    if (expr == NULL) {
        return ov_term_none();
    }
    expr->a = term.expr;
    return ov_term_of(expr, false, term.depth + 1);
}

/* What `op` puts between terms read by `next`: one node with all of them, however many. */
static struct ov_term read_chain(struct ov_parser *p, enum ov_token_kind op, enum ov_expr_kind kind,
        struct ov_term (*next)(struct ov_parser *))
{
    struct ov_term first = next(p);
    struct ov_expr *expr, **tail;
    uint32_t depth = first.depth;

    if (first.expr == NULL || p->tok.kind != op) {
        return first;
    }
    expr = ov_expr_new(p, kind, OV_TYPE_BOOL, first.expr->line, first.expr->column);
    if (expr == NULL) {
        return ov_term_none();
    }
    expr->children = ov_term_as_condition(p, first).expr;
    tail = &expr->children->next;
    while (ov_parser_accept(p, op)) {
        struct ov_term term = ov_term_as_condition(p, next(p));

        if (term.expr == NULL) {
            return term;
        }
        *tail = term.expr;
        tail = &term.expr->next;
        depth = term.depth > depth ? term.depth : depth;
    }
    return ov_term_of(expr, false, depth + 1);
}

static struct ov_term read_and(struct ov_parser *p)
{
    return read_chain(p, OV_TOKEN_AND, OV_EXPR_AND, read_not);
}

struct ov_term ov_expr_read(struct ov_parser *p)
{
    return read_chain(p, OV_TOKEN_OR, OV_EXPR_OR, read_and);
}

bool ov_condition_read(struct ov_parser *p, struct ov_expr **out)
{
    struct ov_term term;

    p->nest = 0;
    p->loop_count = 0;
    p->loop_nest = 0;
    term = ov_term_as_condition(p, ov_expr_read(p));
    if (term.expr == NULL) {
        return false;
    }
    if (term.depth > OV_CONDITION_DEPTH_MAX) {
        ov_reading_error(&p->reading, term.expr->line, term.expr->column,
                "the condition is more than %u levels deep", OV_CONDITION_DEPTH_MAX);
    }
    *out = term.expr;
    return true;
}
