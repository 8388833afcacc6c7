/* SPDX-License-Identifier: Apache-2.0 */
/* identifiers.c - names in conditions: variables of loops, modules, external variables, other
 * rules; and what is asked of a module with dots, brackets and parentheses (modules.c). */
#include <string.h>

#include "rules/yara/modules.h"
#include "rules/yara/parser.h"

/* --- what a name stands for ----------------------------------------------------------------- */

static const struct ov_loop *find_loop(const struct ov_parser *p, struct ov_bytes name)
{
    for (uint32_t i = p->loop_count; i > 0; i--) {
        const struct ov_loop *loop = &p->loops[i - 1];

        if (ov_bytes_len(loop->name) > 0
                && ov_bytes_equal(
                        name, ov_bytes_raw(loop->name), (size_t)ov_bytes_len(loop->name))) {
            return loop;
        }
    }
    return NULL;
}

static struct ov_term external(struct ov_parser *p, const struct ov_token *token, uint32_t index)
{
    const enum ov_type type = p->set->externals[index].type;
    struct ov_expr *expr = ov_expr_new(p, OV_EXPR_EXTERNAL, type, token->line, token->column);

    if (expr == NULL) {
        return ov_term_none();
    }
    if (type == OV_TYPE_BOOL) {
        expr->type = OV_TYPE_INT; /* as YARA: 0 or 1, and arithmetic works on it */
    }
    expr->index = index;
    return ov_term_of(expr, true, 1);
}

static struct ov_term other_rule(struct ov_parser *p, const struct ov_token *token, uint32_t rule)
{
    struct ov_expr *expr;

    if (rule == OV_NAME_REFUSED) {
        if (!p->reading.as_yara) { /* YARA knows it all the same, and nothing comes of either */
            ov_reading_error(&p->reading, token->line, token->column,
                    "the rule \"%s\" was refused, and this one asks about it",
                    ov_excerpt_of(token->text).text);
        }
        return ov_term_unknown(p, token, true);
    }
    if (rule == OV_NAME_NEW) { /* this very rule, not decided yet: as in YARA, it does not hold */
        ov_reading_hint(&p->reading, token->line, token->column,
                "a rule that asks about itself: the answer is always no");
        expr = ov_expr_new(p, OV_EXPR_BOOL, OV_TYPE_BOOL, token->line, token->column);
    } else {
        expr = ov_expr_new(p, OV_EXPR_RULE, OV_TYPE_BOOL, token->line, token->column);
        if (expr != NULL) {
            expr->index = rule;
        }
    }
    return expr == NULL ? ov_term_none() : ov_term_of(expr, true, 1);
}

static void tell_unknown(struct ov_parser *p, const struct ov_token *token)
{
    ov_reading_error(&p->reading, token->line, token->column, "undefined identifier \"%s\"",
            ov_excerpt_of(token->text).text);
}

static struct ov_term module(struct ov_parser *p, const struct ov_token *token, uint32_t field)
{
    struct ov_expr *expr = ov_expr_new(p, OV_EXPR_MODULE, OV_TYPE_NODE, token->line, token->column);

    if (expr == NULL) {
        return ov_term_none();
    }
    expr->field = field;
    return ov_term_of(expr, true, 1);
}

static struct ov_term variable(
        struct ov_parser *p, const struct ov_token *token, const struct ov_loop *loop)
{
    struct ov_expr *expr = ov_expr_new(p, OV_EXPR_LOCAL, loop->type, token->line, token->column);

    if (expr == NULL) {
        return ov_term_none();
    }
    expr->local = loop->slot;
    expr->is_key = loop->is_key;
    expr->field = loop->field;
    return ov_term_of(expr, true, 1);
}

static struct ov_term resolve(struct ov_parser *p, const struct ov_token *token)
{
    const struct ov_loop *loop = find_loop(p, token->text);
    const uint32_t *number;

    if (loop != NULL) {
        return variable(p, token, loop);
    }
    number = ov_names_find(&p->set->modules, p->space, token->text);
    if (number != NULL) {
        return module(p, token, *number);
    }
    number = ov_names_find(&p->externals, ov_bytes_of(NULL, 0), token->text);
    if (number != NULL) {
        return external(p, token, *number);
    }
    number = ov_names_find(&p->set->names, p->space, token->text);
    if (number != NULL) {
        return other_rule(p, token, *number);
    }
    tell_unknown(p, token);
    return ov_term_unknown(p, token, true);
}

/* --- what follows a name -------------------------------------------------------------------- */

struct ov_term ov_identifier_read(struct ov_parser *p)
{
    const struct ov_token token = p->tok;
    const struct ov_term term = resolve(p, &token);

    ov_parser_next(p);
    return term.expr == NULL ? term : ov_module_read_value(p, term, &token);
}

bool ov_identifier_read_iterable(struct ov_parser *p, struct ov_iterable *out)
{
    const struct ov_token token = p->tok;
    const struct ov_term term = resolve(p, &token);

    ov_parser_next(p);
    return term.expr != NULL && ov_module_read_iterable(p, term, &token, out);
}
