/* SPDX-License-Identifier: Apache-2.0 */
/* loops.c - quantities: `2 of them`, `for all i in (1..3) : ( ... )`. */
#include "base/checked.h"
#include "rules/yara/modules.h"
#include "rules/yara/parser.h"

/* --- how many ------------------------------------------------------------------------------- */

bool ov_token_is_quantifier(enum ov_token_kind kind)
{
    return kind == OV_TOKEN_ALL || kind == OV_TOKEN_ANY || kind == OV_TOKEN_NONE;
}

struct ov_quantity ov_quantity_of_keyword(const struct ov_parser *p)
{
    OV_ASSERT(ov_token_is_quantifier(p->tok.kind));
    return (struct ov_quantity){
        .how_many = p->tok.kind == OV_TOKEN_ALL   ? OV_ALL
                    : p->tok.kind == OV_TOKEN_ANY ? OV_ANY
                                                  : OV_NONE,
        .line = p->tok.line,
        .column = p->tok.column,
    };
}

static void check_percentage(struct ov_parser *p, struct ov_term value)
{
    if (ov_term_check_integer(p, value, "%") && ov_term_is_constant(value)
            && (value.expr->integer < 1 || value.expr->integer > 100)) {
        ov_reading_error(&p->reading, value.expr->line, value.expr->column,
                "percentage must be between 1 and 100 (inclusive)");
    }
}

static void check_count(struct ov_parser *p, struct ov_term value)
{
    if (value.expr->type != OV_TYPE_INT && value.expr->type != OV_TYPE_UNKNOWN) {
        ov_reading_error(&p->reading, value.expr->line, value.expr->column,
                "invalid value in condition: \"%s\"",
                value.expr->kind == OV_EXPR_TEXT    ? ov_excerpt_of(value.expr->text).text
                : value.expr->type == OV_TYPE_TEXT  ? "string in for_expression is invalid"
                : value.expr->type == OV_TYPE_REGEX ? "regexp in for_expression is invalid"
                                                    : ov_type_text(value.expr->type));
        return;
    }
    if (!ov_term_is_constant(value)) {
        return;
    }
    if (value.expr->integer < 0) {
        ov_reading_error(&p->reading, value.expr->line, value.expr->column,
                "invalid value in condition: \"%lld\"", (long long)value.expr->integer);
    } else if (value.expr->integer == 0) {
        ov_reading_warning(&p->reading, value.expr->line, value.expr->column,
                "consider using \"none\" keyword, it is less ambiguous.");
    }
}

struct ov_quantity ov_quantity_of_term(
        struct ov_parser *p, enum ov_how_many how_many, struct ov_term value)
{
    struct ov_quantity quantity = { .how_many = how_many, .value = value };

    if (value.expr == NULL) {
        return quantity;
    }
    quantity.line = value.expr->line;
    quantity.column = value.expr->column;
    if (how_many == OV_PERCENT) {
        check_percentage(p, value);
    } else {
        check_count(p, value);
    }
    return quantity;
}

static bool is_known_count(const struct ov_quantity *quantity)
{
    return quantity->how_many == OV_COUNT && ov_term_is_constant(quantity->value);
}

static void check_possible(struct ov_parser *p, const struct ov_quantity *quantity, uint32_t count)
{
    if (is_known_count(quantity) && quantity->value.expr->integer > (int64_t)count) {
        ov_reading_warning(&p->reading, quantity->line, quantity->column,
                "expression always false - requesting %lld of %u.",
                (long long)quantity->value.expr->integer, count);
    }
}

static struct ov_expr *new_quantified(
        struct ov_parser *p, enum ov_expr_kind kind, const struct ov_quantity *quantity)
{
    struct ov_expr *expr = ov_expr_new(p, kind, OV_TYPE_BOOL, quantity->line, quantity->column);

    if (expr != NULL) {
        expr->how_many = quantity->how_many;
        expr->how_many_value = quantity->value.expr;
    }
    return expr;
}

/* --- of ------------------------------------------------------------------------------------- */

static void check_one_place(struct ov_parser *p, const struct ov_quantity *quantity, uint32_t count)
{
    if ((quantity->how_many == OV_ALL && count > 1)
            || (is_known_count(quantity) && quantity->value.expr->integer > 1)) {
        ov_reading_warning(&p->reading, quantity->line, quantity->column,
                "multiple strings at an offset is usually false.");
    }
}

/* Behind a set of strings: `at x` or `in (x..y)`. YARA has neither with percentages. */
static struct ov_term read_where(
        struct ov_parser *p, const struct ov_quantity *quantity, struct ov_term of)
{
    struct ov_term a, b;

    if (quantity->how_many == OV_PERCENT) {
        return of;
    }
    if (ov_parser_accept(p, OV_TOKEN_AT)) {
        a = ov_expr_read_operand(p);
        if (a.expr == NULL) {
            return a;
        }
        if (a.expr->type != OV_TYPE_INT && a.expr->type != OV_TYPE_UNKNOWN) {
            ov_reading_error(&p->reading, a.expr->line, a.expr->column,
                    "invalid value in condition: \"at expression must be an integer\"");
        }
        check_one_place(p, quantity, of.expr->string_count);
        of.expr->kind = OV_EXPR_OF_STRINGS_AT;
        of.expr->a = a.expr;
        of.depth = of.depth > a.depth ? of.depth : a.depth + 1;
    } else if (ov_parser_accept(p, OV_TOKEN_IN)) {
        if (!ov_expr_read_range(p, &a, &b)) {
            return ov_term_none();
        }
        of.expr->kind = OV_EXPR_OF_STRINGS_IN;
        of.expr->a = a.expr;
        of.expr->b = b.expr;
        of.depth = of.depth > ov_depth_over(a, b) ? of.depth : ov_depth_over(a, b);
    }
    return of;
}

/* The rule itself among the rules it asks about never holds yet. It is no member of the set, so
 * what it means for the answer is said otherwise. */
static void count_self(struct ov_parser *p, struct ov_expr *expr, uint32_t self)
{
    const uint64_t all = (uint64_t)expr->rule_count + self;

    if (self == 0) {
        return;
    }
    if (expr->how_many == OV_ALL) {
        ov_reading_hint(&p->reading, expr->line, expr->column,
                "this never holds: the rule itself is one of those it asks about");
        expr->kind = OV_EXPR_BOOL;
        expr->integer = 0;
    } else if (expr->how_many == OV_PERCENT) {
        if (expr->how_many_value->kind != OV_EXPR_INT) {
            ov_reading_error(&p->reading, expr->line, expr->column,
                    "a percentage that is not known now, of rules among which is this rule itself");
            return;
        }
        expr->how_many = OV_COUNT;
        expr->how_many_value->integer =
                (int64_t)((all * (uint64_t)expr->how_many_value->integer + 99) / 100);
    } else if (expr->rule_count == 0 && expr->how_many != OV_COUNT) {
        expr->kind = OV_EXPR_BOOL;
        expr->integer = expr->how_many == OV_NONE;
    }
}

static struct ov_term read_of_rules(struct ov_parser *p, const struct ov_quantity *quantity)
{
    struct ov_expr *expr = new_quantified(p, OV_EXPR_OF_RULES, quantity);
    uint32_t self = 0;

    if (expr == NULL || !ov_set_read_rules(p, expr, &self)) {
        return ov_term_none();
    }
    p->reading.at_last = true;
    check_possible(p, quantity, expr->rule_count + self);
    p->reading.at_last = false;
    if (!p->reading.failed) {
        count_self(p, expr, self);
    }
    return ov_term_of(expr, false, quantity->value.depth + 1);
}

struct ov_term ov_of_read(struct ov_parser *p, const struct ov_quantity *quantity)
{
    struct ov_expr *expr;
    struct ov_term term;

    if (!ov_parser_expect(p, OV_TOKEN_OF, "<of>")) {
        return ov_term_none();
    }
    if (p->tok.kind != OV_TOKEN_THEM) {
        if (!ov_parser_expect(p, OV_TOKEN_PAREN_OPEN, "<them> or '('")) {
            return ov_term_none();
        }
        if (p->tok.kind == OV_TOKEN_NAME) {
            return read_of_rules(p, quantity);
        }
    }
    expr = new_quantified(p, OV_EXPR_OF_STRINGS, quantity);
    if (expr == NULL || !ov_set_read_strings(p, expr)) {
        return ov_term_none();
    }
    term = read_where(p, quantity, ov_term_of(expr, false, quantity->value.depth + 1));
    if (term.expr != NULL) {
        check_possible(p, quantity, expr->string_count);
    }
    return term;
}

/* --- for ------------------------------------------------------------------------------------ */

#define VARIABLES_MAX 2u /* of one loop: key and value */

struct variables {
    struct ov_token names[VARIABLES_MAX];
    uint32_t count;
};

static bool read_variables(struct ov_parser *p, struct variables *out)
{
    out->count = 0;
    do {
        if (p->tok.kind != OV_TOKEN_NAME) {
            return ov_parser_unexpected(p, out->count == 0 ? "identifier or <of>" : "identifier");
        }
        if (out->count < VARIABLES_MAX) {
            out->names[out->count] = p->tok;
        }
        out->count++;
        ov_parser_next(p);
    } while (ov_parser_accept(p, OV_TOKEN_COMMA));
    return true;
}

/* The loop's body, `loop_count` restored behind it. */
static struct ov_term read_body(struct ov_parser *p)
{
    struct ov_term body;

    if (!ov_parser_expect(p, OV_TOKEN_COLON, "':'")
            || !ov_parser_expect(p, OV_TOKEN_PAREN_OPEN, "'('")) {
        return ov_term_none();
    }
    body = ov_term_as_condition(p, ov_expr_read(p));
    if (body.expr == NULL || !ov_parser_expect(p, OV_TOKEN_PAREN_CLOSE, "<or> or <and> or ')'")) {
        return ov_term_none();
    }
    return body;
}

static void bind(struct ov_parser *p, struct ov_bytes name, enum ov_type type)
{
    OV_ASSERT(p->loop_count < sizeof(p->loops) / sizeof(p->loops[0]));
    p->loops[p->loop_count] = (struct ov_loop){ .name = name, .type = type, .slot = p->loop_count };
    p->loop_count++;
    if (p->rule.local_count < p->loop_count) {
        p->rule.local_count = p->loop_count;
    }
}

static void check_variables(struct ov_parser *p, const struct variables *names)
{
    for (uint32_t i = 0; i < names->count && i < VARIABLES_MAX; i++) {
        const struct ov_token *name = &names->names[i];

        for (uint32_t j = 0; j < p->loop_count; j++) {
            if (ov_bytes_equal(p->loops[j].name, ov_bytes_raw(name->text),
                        (size_t)ov_bytes_len(name->text))) {
                ov_reading_error(&p->reading, name->line, name->column,
                        "duplicated loop identifier \"%s\"", ov_excerpt_of(name->text).text);
            }
        }
    }
}

static struct ov_term read_for_strings(struct ov_parser *p, const struct ov_quantity *quantity)
{
    struct ov_expr *expr = new_quantified(p, OV_EXPR_FOR_STRINGS, quantity);
    struct ov_term body;

    if (quantity->how_many == OV_PERCENT) {
        ov_reading_error(&p->reading, quantity->line, quantity->column,
                "\"for\" takes no percentage; write \"of\" without \"for\", or count");
    }
    for (uint32_t i = 0; i < p->loop_count; i++) {
        if (ov_bytes_len(p->loops[i].name) == 0) {
            ov_reading_error(&p->reading, quantity->line, quantity->column,
                    "'for <quantifier> of <string set>' loops can't be nested");
            break;
        }
    }
    ov_parser_next(p); /* of */
    if (expr == NULL
            || (p->tok.kind != OV_TOKEN_THEM
                    && !ov_parser_expect(p, OV_TOKEN_PAREN_OPEN, "<them> or '('"))
            || !ov_set_read_strings(p, expr)) {
        return ov_term_none();
    }
    expr->local = p->loop_count;
    bind(p, ov_bytes_of(NULL, 0), OV_TYPE_BOOL);
    body = read_body(p);
    p->loop_count--;
    if (body.expr == NULL) {
        return body;
    }
    expr->body = body.expr;
    return ov_term_of(expr, false, ov_depth_over(quantity->value, body));
}

/* The rest of `(a, b, c)`, a being read: integers or texts. */
static bool read_list_rest(struct ov_parser *p, struct ov_expr *expr, struct ov_term *first)
{
    struct ov_expr **tail = &first->expr->next;
    enum ov_type type = first->expr->type;

    if (type != OV_TYPE_INT && type != OV_TYPE_TEXT && type != OV_TYPE_UNKNOWN) {
        ov_reading_error(&p->reading, first->expr->line, first->expr->column,
                "wrong type for enumeration item");
        first->expr->type = OV_TYPE_UNKNOWN;
        type = OV_TYPE_UNKNOWN;
    }
    expr->kind = OV_EXPR_FOR_LIST;
    expr->children = first->expr;
    while (ov_parser_accept(p, OV_TOKEN_COMMA)) {
        struct ov_term item = ov_expr_read_operand(p);

        if (item.expr == NULL) {
            return false;
        }
        if (item.expr->type != type && item.expr->type != OV_TYPE_UNKNOWN
                && type != OV_TYPE_UNKNOWN) {
            ov_reading_error(&p->reading, item.expr->line, item.expr->column,
                    "enumerations must be all the same type");
        }
        *tail = item.expr;
        tail = &item.expr->next;
        first->depth = item.depth > first->depth ? item.depth : first->depth;
    }
    return ov_parser_expect(p, OV_TOKEN_PAREN_CLOSE, "')' or ','");
}

/* What to loop over: an array or a dictionary of a module. */
static bool read_field(
        struct ov_parser *p, struct ov_expr *expr, enum ov_type *type, uint32_t *depth)
{
    struct ov_iterable iterable;

    if (!ov_identifier_read_iterable(p, &iterable)) {
        return false;
    }
    expr->kind = OV_EXPR_FOR_FIELD;
    if (iterable.of != NULL) {
        expr->a = iterable.of;
        expr->field = iterable.field;
        *type = ov_module_type(ov_field_row(iterable.field));
        *depth = iterable.depth;
    }
    return true;
}

/* Have as many variables been named as a round gives values? */
static void check_names(
        struct ov_parser *p, const struct variables *names, const struct ov_expr *expr)
{
    const struct ov_field_row *row = ov_field_row(expr->field);
    const bool is_dictionary =
            expr->kind == OV_EXPR_FOR_FIELD && row->shape == OV_FACT_SHAPE_DICTIONARY;
    const struct ov_token *at = &names->names[names->count > 1 ? 1 : 0];

    if (names->count > VARIABLES_MAX) {
        ov_reading_error(&p->reading, at->line, at->column, "too many loop variables");
    } else if (expr->kind == OV_EXPR_FOR_FIELD && expr->a == NULL) {
        return; /* it is none, which was told */
    } else if (is_dictionary && names->count != 2) {
        ov_reading_error(&p->reading, at->line, at->column,
                "iterator for \"%s\" yields a key,value pair item on each iteration", row->name);
    } else if (!is_dictionary && expr->kind == OV_EXPR_FOR_FIELD && names->count != 1) {
        ov_reading_error(&p->reading, at->line, at->column,
                "iterator for \"%s\" yields a single item on each iteration, but the loop expects "
                "%u",
                row->name, names->count);
    } else if (expr->kind != OV_EXPR_FOR_FIELD && names->count != 1) {
        ov_reading_error(&p->reading, at->line, at->column,
                "iterator yields one value on each iteration , but the loop expects %u",
                names->count);
    }
}

static void bind_all(struct ov_parser *p, const struct variables *names, const struct ov_expr *expr,
        enum ov_type type)
{
    const uint32_t slot = p->loop_count;

    for (uint32_t i = 0; i < names->count && i < VARIABLES_MAX; i++) {
        const bool is_key = expr->kind == OV_EXPR_FOR_FIELD && names->count == 2 && i == 0;

        bind(p, names->names[i].text, is_key && type != OV_TYPE_UNKNOWN ? OV_TYPE_TEXT : type);
        p->loops[p->loop_count - 1].slot = slot;
        p->loops[p->loop_count - 1].is_key = is_key;
        p->loops[p->loop_count - 1].field = expr->field;
    }
}

/* What to loop over: `(a..b)`, `(a, b, c)` or a name. */
static bool read_iterable(
        struct ov_parser *p, struct ov_expr *expr, enum ov_type *type, uint32_t *depth)
{
    struct ov_term first, to;
    bool read;

    *type = OV_TYPE_UNKNOWN;
    *depth = 0;
    if (p->tok.kind == OV_TOKEN_NAME) {
        return read_field(p, expr, type, depth);
    }
    if (!ov_parser_expect(p, OV_TOKEN_PAREN_OPEN, "identifier or '('") || !ov_expr_enter(p)) {
        return false;
    }
    first = ov_expr_read_operand(p);
    if (first.expr == NULL) {
        read = false;
    } else if (p->tok.kind == OV_TOKEN_DOT_DOT) {
        read = ov_expr_read_range_rest(p, first, &to);
        if (read) {
            *type = OV_TYPE_INT;
            *depth = ov_depth_over(first, to);
            expr->a = first.expr;
            expr->b = to.expr;
        }
    } else {
        read = read_list_rest(p, expr, &first);
        *type = first.expr->type;
        *depth = first.depth + 1;
    }
    ov_expr_leave(p);
    return read;
}

static struct ov_term read_for_in(struct ov_parser *p, const struct ov_quantity *quantity)
{
    const uint32_t outer = p->loop_count;
    struct ov_expr *expr = new_quantified(p, OV_EXPR_FOR_RANGE, quantity);
    struct variables names = { .count = 0 };
    struct ov_term body;
    enum ov_type type;
    uint32_t depth;

    if (expr == NULL || !read_variables(p, &names)) {
        return ov_term_none();
    }
    check_variables(p, &names);
    if (!ov_parser_expect(p, OV_TOKEN_IN, "<in> or ','")
            || !read_iterable(p, expr, &type, &depth)) {
        return ov_term_none();
    }
    check_names(p, &names, expr);
    expr->local = p->loop_count;
    bind_all(p, &names, expr, type);
    body = read_body(p);
    p->loop_count = outer;
    if (body.expr == NULL) {
        return body;
    }
    expr->body = body.expr;
    depth = depth + 1 > body.depth + 1 ? depth + 1 : body.depth + 1;
    return ov_term_of(
            expr, false, quantity->value.depth + 1 > depth ? quantity->value.depth + 1 : depth);
}

static bool read_quantity(struct ov_parser *p, struct ov_quantity *out)
{
    struct ov_term value;
    bool percent;

    if (ov_token_is_quantifier(p->tok.kind)) {
        *out = ov_quantity_of_keyword(p);
        ov_parser_next(p);
        return true;
    }
    value = ov_expr_read_operand(p);
    if (value.expr == NULL) {
        return false;
    }
    percent = ov_parser_accept(p, OV_TOKEN_PERCENT);
    if (percent && p->reading.as_yara) { /* for which this is a modulo without its second number */
        (void)ov_parser_unexpected(p, NULL);
        return false;
    }
    *out = ov_quantity_of_term(p, percent ? OV_PERCENT : OV_COUNT, value);
    return true;
}

struct ov_term ov_loop_read(struct ov_parser *p)
{
    const uint32_t line = p->tok.line, column = p->tok.column;
    struct ov_quantity quantity;
    struct ov_term term;

    if (p->loop_nest >= OV_LOOP_NEST_MAX) {
        ov_reading_error(&p->reading, line, column, "loop nesting limit exceeded");
        return ov_term_none();
    }
    if (!ov_expr_enter(p)) {
        return ov_term_none();
    }
    p->loop_nest++;
    ov_parser_next(p);
    if (!read_quantity(p, &quantity)) {
        term = ov_term_none();
    } else {
        term = p->tok.kind == OV_TOKEN_OF ? read_for_strings(p, &quantity)
                                          : read_for_in(p, &quantity);
    }
    p->loop_nest--;
    ov_expr_leave(p);
    if (term.expr != NULL) {
        term.expr->line = line;
        term.expr->column = column;
    }
    return term;
}
