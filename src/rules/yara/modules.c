/* SPDX-License-Identifier: Apache-2.0 */
/* modules.c - `pe.sections[0].name`, `pe.imports("a.dll")`: read from left to right, a step for
 * each dot, bracket and parenthesis. */
#include "rules/yara/modules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ARGUMENTS_MAX 8u /* as YARA's YR_MAX_FUNCTION_ARGS is 128; no function takes more than 3 */

/* What was read so far: an expression, or something on its way to one. */
struct path {
    struct ov_expr *expr; /* the value, or the structure that `asked` is in */
    enum ov_field asked;  /* an array, a dictionary or a function; NONE: expr is the whole */
    struct ov_token name; /* the last one, for messages */
    uint32_t depth;
    bool wrong; /* told already; the rest is read for its grammar only */
};

enum ov_type ov_module_type(const struct ov_field_row *row)
{
    switch (row->type) {
    case OV_FACT_TYPE_INT:
        return OV_TYPE_INT;
    case OV_FACT_TYPE_FLOAT:
        return OV_TYPE_FLOAT;
    case OV_FACT_TYPE_TEXT:
        return OV_TYPE_TEXT;
    default:
        return OV_TYPE_NODE;
    }
}

static OV_PRINTF(3, 4) void tell(struct ov_parser *p, struct path *path, const char *fmt, ...)
{
    char text[OV_IDENTIFIER_BYTES_MAX + 96u];
    va_list ap;

    if (path->wrong) {
        return;
    }
    path->wrong = true;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    ov_reading_error(&p->reading, path->name.line, path->name.column, "%s", text);
}

static const char *name_of(const struct path *path, struct ov_excerpt *excerpt)
{
    *excerpt = ov_excerpt_of(path->name.text);
    return excerpt->text;
}

/* A node of the tree that asks `field` of the structure read so far. */
static struct ov_expr *ask(
        struct ov_parser *p, struct path *path, enum ov_expr_kind kind, enum ov_field field)
{
    struct ov_expr *expr = ov_expr_new(
            p, kind, ov_module_type(ov_field_row(field)), path->expr->line, path->expr->column);

    if (expr != NULL) {
        expr->field = field;
        expr->a = path->expr;
        path->expr = expr;
        path->asked = OV_FIELD_NONE;
        path->depth++;
    }
    return expr;
}

static bool read_dot(struct ov_parser *p, struct path *path)
{
    const struct ov_token name = p->tok;
    struct ov_excerpt excerpt;
    const struct ov_field_row *row;
    enum ov_field field;

    if (!ov_parser_expect(p, OV_TOKEN_NAME, "identifier")) {
        return false;
    }
    if (path->asked != OV_FIELD_NONE || path->expr->type != OV_TYPE_NODE) {
        tell(p, path, "\"%s\" is not a structure", name_of(path, &excerpt));
        return true;
    }
    path->name = name;
    field = ov_field_find(path->expr->field, name.text);
    row = ov_field_row(field);
    if (field == OV_FIELD_NONE) {
        p->reading.at_last = true; /* YARA knows before it has read on */
        tell(p, path, "invalid field name \"%s\"", name_of(path, &excerpt));
        p->reading.at_last = false;
        return true;
    }
    if (row->kind == OV_FIELD_IS_FUNCTION || row->shape != OV_FACT_SHAPE_ONE) {
        path->asked = field;
        return true;
    }
    return path->wrong || ask(p, path, OV_EXPR_FIELD, field) != NULL;
}

static bool read_bracket(struct ov_parser *p, struct path *path)
{
    const struct ov_field_row *row = ov_field_row(path->asked);
    const bool is_dictionary = row->shape == OV_FACT_SHAPE_DICTIONARY;
    const enum ov_type wanted = is_dictionary ? OV_TYPE_TEXT : OV_TYPE_INT;
    struct ov_excerpt excerpt;
    struct ov_term index = ov_expr_read_operand(p);
    const enum ov_field field = path->asked;

    if (index.expr == NULL || !ov_parser_expect(p, OV_TOKEN_BRACKET_CLOSE, NULL)) {
        return false;
    }
    if (field == OV_FIELD_NONE || row->kind != OV_FIELD_IS_FACT) {
        tell(p, path, "\"%s\" is not an array or dictionary", name_of(path, &excerpt));
        return true;
    }
    if (index.expr->type != wanted && index.expr->type != OV_TYPE_UNKNOWN) {
        tell(p, path, "%s",
                is_dictionary ? "dictionary keys must be of string type"
                              : "array indexes must be of integer type");
        return true;
    }
    if (path->wrong) {
        return true;
    }
    if (ask(p, path, is_dictionary ? OV_EXPR_ENTRY : OV_EXPR_ITEM, field) == NULL) {
        return false;
    }
    path->expr->b = index.expr;
    path->depth = path->depth > index.depth + 1 ? path->depth : index.depth + 1;
    return true;
}

/* --- calls ---------------------------------------------------------------------------------- */

static char letter_of(enum ov_type type)
{
    switch (type) {
    case OV_TYPE_BOOL:
        return 'b';
    case OV_TYPE_INT:
        return 'i';
    case OV_TYPE_FLOAT:
        return 'f';
    case OV_TYPE_TEXT:
        return 's';
    case OV_TYPE_REGEX:
        return 'r';
    case OV_TYPE_NODE:
        break;
    }
    return '?';
}

struct arguments {
    struct ov_expr *first;
    struct ov_expr **tail;
    char letters[ARGUMENTS_MAX + 1u];
    size_t count;
    uint32_t depth;
    bool is_known; /* no argument was wrong in itself */
};

static bool read_arguments(struct ov_parser *p, struct arguments *out)
{
    const uint32_t operand_nest = p->operand_nest;

    memset(out, 0, sizeof(*out));
    out->tail = &out->first;
    out->is_known = true;
    if (ov_parser_accept(p, OV_TOKEN_PAREN_CLOSE)) {
        return true;
    }
    if (!ov_expr_begins(p->tok.kind)) {
        return ov_parser_unexpected(p, "')'");
    }
    do {
        struct ov_term term;

        p->operand_nest = 0;
        term = ov_expr_read(p);
        p->operand_nest = operand_nest;
        if (term.expr == NULL) {
            return false;
        }
        if (out->count < ARGUMENTS_MAX) {
            out->letters[out->count] = letter_of(term.expr->type);
        }
        out->count++;
        out->is_known &= term.expr->type != OV_TYPE_UNKNOWN;
        if (term.expr->kind == OV_EXPR_REGEX) {
            term.expr->kind = OV_EXPR_PATTERN;
        }
        *out->tail = term.expr;
        out->tail = &term.expr->next;
        out->depth = term.depth > out->depth ? term.depth : out->depth;
    } while (ov_parser_accept(p, OV_TOKEN_COMMA));
    return ov_parser_expect(p, OV_TOKEN_PAREN_CLOSE, "')'");
}

static bool read_call(struct ov_parser *p, struct path *path)
{
    struct ov_excerpt excerpt;
    struct arguments arguments;
    enum ov_field field = path->asked;

    if (!read_arguments(p, &arguments)) {
        return false;
    }
    if (ov_field_row(field)->kind != OV_FIELD_IS_FUNCTION) {
        tell(p, path, "\"%s\" is not a function", name_of(path, &excerpt));
        return true;
    }
    while (field != OV_FIELD_NONE
            && strcmp(ov_field_row(field)->arguments, arguments.letters) != 0) {
        field = ov_field_next_overload(field);
    }
    if (!arguments.is_known) {
        path->wrong = true; /* it was told what is wrong with them */
    } else if (field == OV_FIELD_NONE || arguments.count > ARGUMENTS_MAX) {
        tell(p, path, "wrong arguments for function \"%s\"", name_of(path, &excerpt));
    }
    if (path->wrong) {
        path->asked = OV_FIELD_NONE;
        return true;
    }
    if (ask(p, path, OV_EXPR_CALL, field) == NULL) {
        return false;
    }
    path->expr->children = arguments.first;
    path->depth = path->depth > arguments.depth + 1 ? path->depth : arguments.depth + 1;
    return true;
}

/* --- the whole ------------------------------------------------------------------------------ */

/* One of .name, [index] and (arguments). */
static bool read_step(struct ov_parser *p, struct path *path)
{
    bool read;

    if (ov_parser_accept(p, OV_TOKEN_DOT)) {
        return read_dot(p, path);
    }
    if (!ov_expr_enter(p)) {
        return false;
    }
    if (ov_parser_accept(p, OV_TOKEN_BRACKET_OPEN)) {
        read = read_bracket(p, path);
    } else {
        ov_parser_next(p); /* the parenthesis */
        read = read_call(p, path);
    }
    ov_expr_leave(p);
    return read;
}

static bool is_step(enum ov_token_kind kind)
{
    return kind == OV_TOKEN_DOT || kind == OV_TOKEN_BRACKET_OPEN || kind == OV_TOKEN_PAREN_OPEN;
}

static bool read_path(
        struct ov_parser *p, struct ov_term base, const struct ov_token *name, struct path *out)
{
    *out = (struct path){
        .expr = base.expr,
        .name = *name,
        .depth = base.depth,
        .wrong = base.expr->type == OV_TYPE_UNKNOWN,
    };
    while (is_step(p->tok.kind)) {
        if (!read_step(p, out)) {
            return false;
        }
    }
    return true;
}

struct ov_term ov_module_read_value(
        struct ov_parser *p, struct ov_term base, const struct ov_token *name)
{
    struct ov_excerpt excerpt;
    struct path path;

    if (!read_path(p, base, name, &path)) {
        return ov_term_none();
    }
    if (path.asked != OV_FIELD_NONE || path.expr->type == OV_TYPE_NODE) {
        tell(p, &path, "wrong usage of identifier \"%s\"", name_of(&path, &excerpt));
    }
    if (path.wrong) {
        return ov_term_unknown(p, name, true);
    }
    if (path.depth > OV_CONDITION_DEPTH_MAX) {
        tell(p, &path, "too many steps from \"%s\" to here", name_of(&path, &excerpt));
        return ov_term_none();
    }
    return ov_term_of(path.expr, base.is_operand, path.depth);
}

bool ov_module_read_iterable(struct ov_parser *p, struct ov_term base, const struct ov_token *name,
        struct ov_iterable *out)
{
    struct ov_excerpt excerpt;
    struct path path;

    if (!read_path(p, base, name, &path)) {
        return false;
    }
    *out = (struct ov_iterable){ .of = NULL, .name = path.name };
    if (ov_field_row(path.asked)->kind != OV_FIELD_IS_FACT) {
        tell(p, &path, "identifier \"%s\" is not iterable", name_of(&path, &excerpt));
    }
    if (!path.wrong) {
        out->of = path.expr;
        out->field = path.asked;
        out->depth = path.depth;
    }
    return true;
}
