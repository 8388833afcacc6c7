/* SPDX-License-Identifier: Apache-2.0 */
/* identifiers.c - names in conditions: variables of loops, external variables, other rules. What
 * follows a name with dots, brackets or parentheses belongs to modules, of which there are none
 * yet: it is read, named, and the rule is left out. */
#include <string.h>

#include "rules/yara/parser.h"

static const char *const yara_modules[] = { "console", "cuckoo", "dex", "dotnet", "elf", "hash",
    "macho", "magic", "math", "pe", "string", "time", "vt" };

bool ov_identifier_is_module(struct ov_bytes name)
{
    for (size_t i = 0; i < sizeof(yara_modules) / sizeof(yara_modules[0]); i++) {
        if (ov_bytes_equal(name, yara_modules[i], strlen(yara_modules[i]))) {
            return true;
        }
    }
    return false;
}

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
        ov_reading_error(&p->reading, token->line, token->column,
                "the rule \"%s\" was refused, and this one asks about it",
                ov_excerpt_of(token->text).text);
        return ov_term_unknown(p, token, true);
    }
    if (rule == OV_NAME_NEW) { /* this very rule, not decided yet: as in YARA, it does not hold */
        ov_reading_warning(&p->reading, token->line, token->column,
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

static void tell_module(struct ov_parser *p, const struct ov_token *token)
{
    if (!p->module_told) {
        ov_reading_error(&p->reading, token->line, token->column,
                "the rule uses the module \"%s\", and this version has no modules: it is left out",
                ov_excerpt_of(token->text).text);
    }
    p->module_told = true;
    p->reading.failed = true;
}

static void tell_unknown(struct ov_parser *p, const struct ov_token *token)
{
    if (ov_names_find(&p->modules, ov_bytes_of(NULL, 0), token->text) != NULL) {
        tell_module(p, token);
    } else if (ov_identifier_is_module(token->text)) {
        ov_reading_error(&p->reading, token->line, token->column,
                "\"%s\" is not known here; is an import missing?", ov_excerpt_of(token->text).text);
    } else {
        ov_reading_error(&p->reading, token->line, token->column,
                "\"%s\" is not known: no earlier rule and no variable has that name",
                ov_excerpt_of(token->text).text);
    }
}

static struct ov_term resolve(struct ov_parser *p, const struct ov_token *token)
{
    const struct ov_loop *loop = find_loop(p, token->text);
    const uint32_t *number;
    struct ov_expr *expr;

    if (loop != NULL) {
        expr = ov_expr_new(p, OV_EXPR_LOCAL, loop->type, token->line, token->column);
        if (expr == NULL) {
            return ov_term_none();
        }
        expr->local = loop->slot;
        return ov_term_of(expr, true, 1);
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

static bool read_arguments(struct ov_parser *p)
{
    if (ov_parser_accept(p, OV_TOKEN_PAREN_CLOSE)) {
        return true;
    }
    do {
        if (ov_expr_read(p).expr == NULL) {
            return false;
        }
    } while (ov_parser_accept(p, OV_TOKEN_COMMA));
    return ov_parser_expect(p, OV_TOKEN_PAREN_CLOSE, "\")\"");
}

/* One of .name, [index] and (arguments). */
static bool read_suffix(struct ov_parser *p)
{
    bool read;

    if (ov_parser_accept(p, OV_TOKEN_DOT)) {
        return ov_parser_expect(p, OV_TOKEN_NAME, "a name");
    }
    if (!ov_expr_enter(p)) {
        return false;
    }
    if (ov_parser_accept(p, OV_TOKEN_BRACKET_OPEN)) {
        read = ov_expr_read_operand(p).expr != NULL
               && ov_parser_expect(p, OV_TOKEN_BRACKET_CLOSE, "\"]\"");
    } else {
        ov_parser_next(p); /* the parenthesis */
        read = read_arguments(p);
    }
    ov_expr_leave(p);
    return read;
}

static bool is_suffix(enum ov_token_kind kind)
{
    return kind == OV_TOKEN_DOT || kind == OV_TOKEN_BRACKET_OPEN || kind == OV_TOKEN_PAREN_OPEN;
}

struct ov_term ov_identifier_read(struct ov_parser *p)
{
    const struct ov_token token = p->tok;
    struct ov_term term = resolve(p, &token);

    ov_parser_next(p);
    if (term.expr == NULL || !is_suffix(p->tok.kind)) {
        return term;
    }
    if (term.expr->type != OV_TYPE_UNKNOWN) {
        ov_reading_error(&p->reading, p->tok.line, p->tok.column,
                "\"%s\" is a single value: it has no fields, no elements, and cannot be called",
                ov_excerpt_of(token.text).text);
    }
    while (is_suffix(p->tok.kind)) {
        if (!read_suffix(p)) {
            return ov_term_none();
        }
    }
    return ov_term_unknown(p, &token, true);
}

bool ov_identifier_read_iterable(struct ov_parser *p)
{
    const struct ov_token token = p->tok;
    struct ov_term term = ov_identifier_read(p);

    if (term.expr == NULL) {
        return false;
    }
    if (term.expr->type != OV_TYPE_UNKNOWN) {
        ov_reading_error(&p->reading, token.line, token.column,
                "\"%s\" is a single value, nothing to loop over", ov_excerpt_of(token.text).text);
    }
    return true;
}
