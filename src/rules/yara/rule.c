/* SPDX-License-Identifier: Apache-2.0 */
/* rule.c - one rule, from its modifiers to its closing brace: into the set, or among those refused. */
#include "base/checked.h"
#include "rules/yara/parser.h"

/* --- parts of a rule ------------------------------------------------------------------------ */

/* Things on their way into an array of the rule. */
struct tag {
    struct ov_bytes name;
    struct tag *next;
};

struct meta {
    struct ov_meta meta;
    struct meta *next;
};

static bool read_tags(struct ov_parser *p)
{
    struct ov_names seen;
    struct tag *first = NULL, **tail = &first;

    if (!ov_parser_accept(p, OV_TOKEN_COLON)) {
        return true;
    }
    ov_names_init(&seen, &p->scratch);
    do {
        const struct ov_token token = p->tok;
        struct tag *tag = ov_arena_alloc(&p->scratch, 1, sizeof(*tag));
        uint32_t *value;

        if (!ov_parser_expect(p, OV_TOKEN_NAME, "identifier")) {
            return false;
        }
        value = ov_names_add(&seen, ov_bytes_of(NULL, 0), token.text);
        if (tag == NULL || value == NULL) {
            p->reading.out_of_memory = true;
            return false;
        }
        if (*value != OV_NAME_NEW) {
            p->reading.at_last = true;
            ov_reading_error(&p->reading, token.line, token.column,
                    "duplicated tag identifier \"%s\"", ov_excerpt_of(token.text).text);
        }
        p->reading.at_last = false;
        *value = 0;
        tag->name = token.text;
        *tail = tag;
        tail = &tag->next;
        p->rule.tag_count++;
    } while (p->tok.kind == OV_TOKEN_NAME);
    p->rule.tags = ov_reading_alloc(&p->reading, p->rule.tag_count, sizeof(*p->rule.tags));
    if (p->rule.tags == NULL) {
        return false;
    }
    for (uint32_t i = 0; first != NULL; first = first->next) {
        p->rule.tags[i++] = first->name;
    }
    return true;
}

static bool read_meta_value(struct ov_parser *p, struct ov_meta *meta)
{
    const struct ov_token token = p->tok;
    const size_t start = token.start;
    const bool negative = ov_parser_accept(p, OV_TOKEN_MINUS);

    meta->text = p->tok.text;
    switch ((int)p->tok.kind) {
    case OV_TOKEN_INTEGER:
        meta->type = OV_TYPE_INT;
        meta->integer = negative ? -p->tok.integer : p->tok.integer;
        meta->text = ov_lex_slice(&p->lx, start, p->tok.end);
        break;
    case OV_TOKEN_TRUE:
    case OV_TOKEN_FALSE:
        meta->type = OV_TYPE_BOOL;
        meta->integer = p->tok.kind == OV_TOKEN_TRUE;
        break;
    case OV_TOKEN_TEXT:
        meta->type = OV_TYPE_TEXT;
        if (!ov_token_unescape(&p->reading, &p->tok, &meta->text)) {
            return false;
        }
        break;
    default:
        break;
    }
    if (meta->type == OV_TYPE_UNKNOWN || (negative && meta->type != OV_TYPE_INT)) {
        return ov_parser_unexpected(p, negative ? "integer number" : NULL);
    }
    ov_parser_next(p);
    return true;
}

static bool read_metas(struct ov_parser *p)
{
    struct meta *first = NULL, **tail = &first;

    if (!ov_parser_accept(p, OV_TOKEN_META)) {
        return true;
    }
    if (!ov_parser_expect(p, OV_TOKEN_COLON, "':'")) {
        return false;
    }
    do {
        struct meta *meta = ov_arena_alloc(&p->scratch, 1, sizeof(*meta));

        if (meta == NULL) {
            p->reading.out_of_memory = true;
            return false;
        }
        meta->meta.name = p->tok.text;
        if (!ov_parser_expect(p, OV_TOKEN_NAME, "identifier")
                || !ov_parser_expect(p, OV_TOKEN_ASSIGN, "'='")
                || !read_meta_value(p, &meta->meta)) {
            return false;
        }
        *tail = meta;
        tail = &meta->next;
        p->rule.meta_count++;
    } while (p->tok.kind == OV_TOKEN_NAME);
    p->rule.metas = ov_reading_alloc(&p->reading, p->rule.meta_count, sizeof(*p->rule.metas));
    if (p->rule.metas == NULL) {
        return false;
    }
    for (uint32_t i = 0; first != NULL; first = first->next) {
        p->rule.metas[i++] = first->meta;
    }
    return true;
}

static bool read_strings(struct ov_parser *p)
{
    if (!ov_parser_accept(p, OV_TOKEN_STRINGS)) {
        return true;
    }
    return ov_parser_expect(p, OV_TOKEN_COLON, "':'") && ov_strings_read(p);
}

/* From the name on. Up to, not over, the closing brace. */
static bool read_body(struct ov_parser *p)
{
    if (!read_tags(p) || !ov_parser_expect(p, OV_TOKEN_BRACE_OPEN, "'{'") || !read_metas(p)
            || !read_strings(p) || !ov_parser_expect(p, OV_TOKEN_CONDITION, "<condition>")
            || !ov_parser_expect(p, OV_TOKEN_COLON, "':'")
            || !ov_condition_read(p, &p->rule.condition)) {
        return false;
    }
    if (p->tok.kind != OV_TOKEN_BRACE_CLOSE) {
        return ov_parser_unexpected(p, "'}'");
    }
    ov_strings_check_used(p);
    return true;
}

/* --- a rule --------------------------------------------------------------------------------- */

/* Gives the place where the rule's number will stand; NULL: the name is not to be had (told). */
static uint32_t *take_name(struct ov_parser *p, const struct ov_token *name)
{
    struct ov_bytes wildcard;
    uint32_t *value;

    if (ov_names_find(&p->externals, ov_bytes_of(NULL, 0), name->text) != NULL) {
        ov_reading_error(&p->reading, name->line, name->column, "duplicated identifier \"%s\"",
                ov_excerpt_of(name->text).text);
        return NULL;
    }
    if (ov_set_is_taken(p, name->text, &wildcard)) {
        ov_reading_error(&p->reading, name->line, name->column,
                "rule identifier \"%s\" matches previously used wildcard rule set",
                ov_excerpt_of(name->text).text);
    }
    value = ov_names_add(&p->set->names, p->space, name->text);
    if (value == NULL) {
        p->reading.out_of_memory = true;
        p->reading.failed = true;
        return NULL;
    }
    if (*value != OV_NAME_NEW) {
        ov_reading_error(&p->reading, name->line, name->column, "duplicated identifier \"%s\"",
                ov_excerpt_of(name->text).text);
        return NULL;
    }
    return value;
}

/* The rule is done and good: into the set. */
static void keep_rule(struct ov_parser *p, uint32_t *number)
{
    struct ov_rule *rule = ov_rule_set_add_rule(p->set);

    if (rule == NULL) {
        if (p->set->rule_count >= OV_RULES_MAX) {
            ov_reading_error(&p->reading, p->rule.line, 0,
                    "more than %u rules, the most a database may hold", OV_RULES_MAX);
        } else {
            p->reading.out_of_memory = true;
            p->reading.failed = true;
        }
        return;
    }
    *rule = p->rule;
    *number = (uint32_t)(p->set->rule_count - 1);
}

static void refuse_rule(struct ov_parser *p, uint32_t *number)
{
    struct ov_refused_rule *refused = ov_reading_alloc(&p->reading, 1, sizeof(*refused));

    *number = OV_NAME_REFUSED;
    if (refused != NULL) {
        refused->name = p->rule.name;
        refused->space = p->space;
        refused->next = p->set->refused;
        p->set->refused = refused;
    }
}

static bool read_modifiers(struct ov_parser *p)
{
    for (;;) {
        if (ov_parser_accept(p, OV_TOKEN_PRIVATE)) {
            p->rule.flags |= OV_RULE_PRIVATE;
        } else if (ov_parser_accept(p, OV_TOKEN_GLOBAL)) {
            p->rule.flags |= OV_RULE_GLOBAL;
        } else {
            return ov_parser_expect(p, OV_TOKEN_RULE, "<rule> or <private> or <global>");
        }
    }
}

static void begin_rule(struct ov_parser *p)
{
    ov_arena_reset(&p->scratch);
    ov_names_init(&p->strings, &p->scratch);
    p->string_is_used = NULL;
    p->rule = (struct ov_rule){
        .space = p->space,
        .file = p->reading.file,
        .line = p->tok.line,
    };
}

bool ov_rule_read(struct ov_parser *p)
{
    const size_t start = p->tok.start;
    struct ov_token name;
    uint32_t *number;
    bool read, refused;

    begin_rule(p);
    if (!read_modifiers(p)) {
        return false;
    }
    name = p->tok;
    p->rule.name = name.text;
    if (name.kind != OV_TOKEN_NAME) {
        return ov_parser_unexpected(p, "identifier");
    }
    if (!p->reading.as_yara) { /* YARA is in no rule yet, or in one that it refused */
        p->reading.rule = name.text;
    }
    number = take_name(p, &name);
    p->reading.rule = name.text;
    refused = p->reading.failed && p->reading.as_yara; /* not read further */
    ov_parser_next(p);
    read = !refused && read_body(p);
    if (read && !p->reading.failed) {
        OV_ASSERT(number != NULL);
        p->rule.source = ov_lex_slice(&p->lx, start, p->tok.end);
        keep_rule(p, number);
    }
    if (p->reading.failed && number != NULL) {
        refuse_rule(p, number);
    }
    return read;
}
