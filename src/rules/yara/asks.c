/* SPDX-License-Identifier: Apache-2.0 */
/* asks.c - what a condition asks about single strings: $a, $a at x, $a in (x..y), #a, @a[i], !a[i]. */
#include "rules/yara/parser.h"

/* Which string the token ($a, #a, @a, !a, or the sign alone) means. False: told. */
static bool find_string(struct ov_parser *p, const struct ov_token *token, struct ov_expr *expr)
{
    const struct ov_bytes name = ov_token_name(token);
    uint32_t *number;

    if (ov_bytes_len(name) > 0) {
        number = ov_names_find(&p->strings, ov_bytes_of(NULL, 0), name);
        if (number == NULL) {
            ov_reading_error(&p->reading, token->line, token->column, "undefined string \"$%s\"",
                    ov_excerpt_of(name).text);
            return false;
        }
        expr->string = *number;
        p->string_is_used[*number] = true;
        return true;
    }
    for (uint32_t i = p->loop_count; i > 0; i--) {
        if (ov_bytes_len(p->loops[i - 1].name) == 0) {
            expr->string = OV_STRING_LOCAL;
            expr->local = p->loops[i - 1].slot;
            return true;
        }
    }
    ov_reading_error(&p->reading, token->line, token->column, "wrong use of anonymous string");
    return false;
}

/* Where a string of the rule is asked for; NULL: not at one known offset. */
static void note(struct ov_parser *p, const struct ov_expr *expr, const int64_t *offset)
{
    if (expr->type != OV_TYPE_UNKNOWN && expr->string != OV_STRING_LOCAL) {
        ov_strings_note_at(p, expr->string, offset);
    }
}

/* $a, $a at x, $a in (x..y) */
struct ov_term ov_ask_read_found(struct ov_parser *p)
{
    const struct ov_token token = p->tok;
    struct ov_term term = ov_expr_leaf(p, OV_EXPR_FOUND, OV_TYPE_BOOL, false);
    struct ov_term a, b;

    if (term.expr == NULL) {
        return term;
    }
    if (!find_string(p, &token, term.expr)) {
        term.expr->type = OV_TYPE_UNKNOWN;
    }
    if (ov_parser_accept(p, OV_TOKEN_AT)) {
        a = ov_expr_read_operand(p);
        if (a.expr == NULL) {
            return a;
        }
        (void)ov_term_check_integer(p, a, "at");
        term.expr->kind = OV_EXPR_FOUND_AT;
        term.expr->a = a.expr;
        note(p, term.expr, ov_term_is_constant(a) ? &a.expr->integer : NULL);
        term.depth = a.depth + 1;
    } else if (ov_parser_accept(p, OV_TOKEN_IN)) {
        if (!ov_expr_read_range(p, &a, &b)) {
            return ov_term_none();
        }
        term.expr->kind = OV_EXPR_FOUND_IN;
        term.expr->a = a.expr;
        term.expr->b = b.expr;
        term.depth = ov_depth_over(a, b);
        note(p, term.expr, NULL);
    } else {
        note(p, term.expr, NULL);
    }
    return term;
}

/* #a, #a in (x..y) */
struct ov_term ov_ask_read_count(struct ov_parser *p)
{
    const struct ov_token token = p->tok;
    struct ov_term term = ov_expr_leaf(p, OV_EXPR_COUNT, OV_TYPE_INT, true);
    struct ov_term a, b;

    if (term.expr == NULL) {
        return term;
    }
    if (!find_string(p, &token, term.expr)) {
        term.expr->type = OV_TYPE_UNKNOWN;
    }
    note(p, term.expr, NULL);
    if (ov_parser_accept(p, OV_TOKEN_IN)) {
        if (!ov_expr_read_range(p, &a, &b)) {
            return ov_term_none();
        }
        term.expr->kind = OV_EXPR_COUNT_IN;
        term.expr->a = a.expr;
        term.expr->b = b.expr;
        term.depth = ov_depth_over(a, b);
    }
    return term;
}

/* @a, @a[i], !a, !a[i] */
struct ov_term ov_ask_read_position(struct ov_parser *p, enum ov_expr_kind kind)
{
    const struct ov_token token = p->tok;
    struct ov_term term = ov_expr_leaf(p, kind, OV_TYPE_INT, true);
    struct ov_term index;

    if (term.expr == NULL) {
        return term;
    }
    if (!find_string(p, &token, term.expr)) {
        term.expr->type = OV_TYPE_UNKNOWN;
    }
    note(p, term.expr, NULL);
    if (ov_parser_accept(p, OV_TOKEN_BRACKET_OPEN)) {
        if (!ov_expr_enter(p)) {
            return ov_term_none();
        }
        index = ov_expr_read_operand(p);
        ov_expr_leave(p);
        if (index.expr == NULL || !ov_parser_expect(p, OV_TOKEN_BRACKET_CLOSE, NULL)) {
            return ov_term_none();
        }
        (void)ov_term_check_integer(p, index, "[]");
        term.expr->a = index.expr;
        term.depth = index.depth + 1;
    }
    return term;
}
