/* SPDX-License-Identifier: Apache-2.0 */
/* parser.h - what the files of this room share while they read one source.
 *
 * Two kinds of error. What breaks the grammar makes a function return false (or a term without an
 * expression), and reading goes on at the next rule. What is merely wrong is told, marks the rule
 * as failed, and reading goes on right behind it, with a value of unknown type that nobody
 * complains about a second time. */
#ifndef OV_RULES_YARA_PARSER_H
#define OV_RULES_YARA_PARSER_H

#include "base/limits.h"
#include "rules/yara/lex.h"
#include "rules/yara/yara.h"

#define OV_TYPE_UNKNOWN ((enum ov_type)0) /* of what was wrong already */

/* In ov_rule_set.names: a rule of that name was read, but not kept. */
#define OV_NAME_REFUSED (UINT32_MAX - 1u)

/* A variable of a loop, or (name empty) the string that `$` stands for. */
struct ov_loop {
    struct ov_bytes name;
    enum ov_type type;
    uint32_t slot;
    uint32_t field; /* of type NODE: which structure */
    bool is_key;    /* of a loop over a dictionary */
};

struct ov_parser {
    struct ov_reading reading;
    struct ov_rule_set *set;
    const struct ov_yara_options *options;
    struct ov_bytes space;
    struct ov_names externals;
    struct ov_arena names_arena;
    struct ov_lexer lx;
    struct ov_token tok; /* the next one; not consumed yet */
    struct ov_lexer
            failed_lx; /* as_yara: where the first error of an item was; the same of `tok` */
    struct ov_token failed_tok;
    bool failed_at; /* these are set */
    unsigned grace; /* tokens after an error before what is wrong with their order is told again */
    struct ov_bytes open_files[OV_INCLUDE_DEPTH_MAX + 1]; /* names, outermost first */
    uint32_t open_count;
    uint64_t include_bytes_left;
    uint64_t work_left; /* names looked at for sets: in proportion to the source, so no more */

    /* the rule being read */
    struct ov_rule rule;
    struct ov_arena scratch;
    struct ov_names strings;  /* number in rule.strings; in `scratch` */
    bool *string_is_used;     /* in `scratch` */
    bool *string_is_anywhere; /* the same: asked for otherwise than at one known offset */
    uint32_t anonymous_count;
    uint32_t nest;
    uint32_t operand_nest; /* inside of so many places where only values may stand */
    struct ov_loop loops[OV_LOOP_NEST_MAX * 2];
    uint32_t loop_count; /* entries of `loops` */
    uint32_t loop_nest;

    uint32_t *picked; /* owned: members of the set being read */
    uint32_t picked_count;
    uint32_t picked_cap;
};

/* --- tokens (rules.c) ----------------------------------------------------------------------- */

void ov_parser_next(struct ov_parser *p);
/* Consumes it if it is there. */
bool ov_parser_accept(struct ov_parser *p, enum ov_token_kind kind);
/* Consumes it, or tells what should have been there (NULL: too many things) and returns false. */
OV_MUST_CHECK bool ov_parser_expect(struct ov_parser *p, enum ov_token_kind kind, const char *what);
/* Tells what should have been there. Always false. */
bool ov_parser_unexpected(struct ov_parser *p, const char *what);

/* --- a rule (rule.c) ------------------------------------------------------------------------ */

/* At `rule` or what stands before it. False: the grammar is broken. */
OV_MUST_CHECK bool ov_rule_read(struct ov_parser *p);

/* --- strings (strings.c) -------------------------------------------------------------------- */

/* Behind `strings:`. Fills rule.strings. */
OV_MUST_CHECK bool ov_strings_read(struct ov_parser *p);
/* The condition asks for a string at this offset; NULL: anywhere else, too. */
void ov_strings_note_at(struct ov_parser *p, uint32_t number, const int64_t *offset);
/* Tells of those that no condition asked for. */
void ov_strings_check_used(struct ov_parser *p);

/* --- sets (sets.c) -------------------------------------------------------------------------- */

/* `them`, or from the first item of a parenthesis: strings into expr->strings. */
OV_MUST_CHECK bool ov_set_read_strings(struct ov_parser *p, struct ov_expr *expr);
/* From the first item of a parenthesis: rules into expr->rules. `*self` counts how often the rule
 * being read is meant itself; it is not among them. */
OV_MUST_CHECK bool ov_set_read_rules(struct ov_parser *p, struct ov_expr *expr, uint32_t *self);
/* A rule of this name now begins: is there a set of an earlier rule that should have had it? */
bool ov_set_is_taken(struct ov_parser *p, struct ov_bytes name, struct ov_bytes *wildcard);

/* --- conditions (expr.c, asks.c, loops.c, operators.c, identifiers.c) ------------------------------- */

/* A value on its way into the tree. */
struct ov_term {
    struct ov_expr *expr; /* NULL: the grammar is broken or memory is gone */
    bool is_operand; /* arithmetic and comparisons take it; `true`, `$a`, `a == b` they do not */
    uint32_t depth;  /* of the tree */
};

OV_MUST_CHECK bool ov_condition_read(struct ov_parser *p, struct ov_expr **out);

/* expr.c, for the others */
struct ov_term ov_expr_read(struct ov_parser *p);         /* anything */
bool ov_expr_begins(enum ov_token_kind kind);             /* with this token */
struct ov_term ov_expr_read_operand(struct ov_parser *p); /* up to a comparison, exclusive */
/* `(a..b)`, the parenthesis being consumed and a read, up to and with the closing one */
OV_MUST_CHECK bool ov_expr_read_range_rest(
        struct ov_parser *p, struct ov_term from, struct ov_term *to);
OV_MUST_CHECK bool ov_expr_read_range(
        struct ov_parser *p, struct ov_term *from, struct ov_term *to);
/* One level down; false (told) when that is too deep. */
OV_MUST_CHECK bool ov_expr_enter(struct ov_parser *p);
void ov_expr_leave(struct ov_parser *p);

/* The token as a node without children; the token is consumed. */
struct ov_term ov_expr_leaf(
        struct ov_parser *p, enum ov_expr_kind kind, enum ov_type type, bool is_operand);

/* asks.c, at $a, #a and @a or !a */
struct ov_term ov_ask_read_found(struct ov_parser *p);
struct ov_term ov_ask_read_count(struct ov_parser *p);
struct ov_term ov_ask_read_position(struct ov_parser *p, enum ov_expr_kind kind);

/* loops.c */
struct ov_term ov_loop_read(struct ov_parser *p); /* at `for` */
/* At `of`: `how_many` is what stood before it (all, any, none or a count). */
struct ov_quantity {
    enum ov_how_many how_many;
    struct ov_term value; /* COUNT, PERCENT */
    uint32_t line;
    uint32_t column;
};
struct ov_term ov_of_read(struct ov_parser *p, const struct ov_quantity *quantity);
struct ov_quantity ov_quantity_of_keyword(const struct ov_parser *p); /* at all, any, none */
struct ov_quantity ov_quantity_of_term(
        struct ov_parser *p, enum ov_how_many how_many, struct ov_term value);
bool ov_token_is_quantifier(enum ov_token_kind kind);

/* identifiers.c */
struct ov_term ov_identifier_read(struct ov_parser *p); /* at a name */
/* The same where something to loop over should stand. */
struct ov_iterable {
    struct ov_expr *of; /* the structure it is in; NULL: it is none, which was told */
    uint32_t field;     /* enum ov_field: an array or dictionary */
    uint32_t depth;
    struct ov_token name; /* the last one */
};
OV_MUST_CHECK bool ov_identifier_read_iterable(struct ov_parser *p, struct ov_iterable *out);

/* operators.c */
struct ov_expr *ov_expr_new(struct ov_parser *p, enum ov_expr_kind kind, enum ov_type type,
        uint32_t line, uint32_t column) OV_MUST_CHECK;
struct ov_term ov_term_of(struct ov_expr *expr, bool is_operand, uint32_t depth);
struct ov_term ov_term_none(void); /* grammar broken */
struct ov_term ov_term_unknown(struct ov_parser *p, const struct ov_token *at, bool is_operand);
struct ov_term ov_term_unary(struct ov_parser *p, const struct ov_token *op, struct ov_term a);
struct ov_term ov_term_binary(
        struct ov_parser *p, const struct ov_token *op, struct ov_term a, struct ov_term b);
/* As a condition: tells what should not be one. */
struct ov_term ov_term_as_condition(struct ov_parser *p, struct ov_term term);
/* True if it is an integer (or unknown). Else tells that this is the wrong type for `what`. */
bool ov_term_check_integer(struct ov_parser *p, struct ov_term term, const char *what);
const char *ov_type_text(enum ov_type type);   /* as YARA calls it */
bool ov_term_is_constant(struct ov_term term); /* an integer known now */
uint32_t ov_depth_over(struct ov_term a, struct ov_term b);

#endif
