/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - one source: imports, includes and rules, and getting back into step after an error. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "facts/schema.h"
#include "rules/yara/parser.h"

#define INCLUDE_COST 256u /* bytes that even an empty include is taken for */

/* Names looked at for sets, see sets.c: a floor, and so many for each byte of source. */
#define WORK_FLOOR    (16u * (uint64_t)OV_MIB)
#define WORK_PER_BYTE 16u

/* --- tokens --------------------------------------------------------------------------------- */

void ov_parser_next(struct ov_parser *p)
{
    const uint32_t line = p->reading.next_line;

    p->reading.next_line = 0; /* what the lexer tells stands where it says */
    ov_lex(&p->lx, &p->tok);
    p->reading.last_line = line;
    p->reading.next_line = p->tok.line;
}

bool ov_parser_accept(struct ov_parser *p, enum ov_token_kind kind)
{
    if (p->tok.kind != kind) {
        return false;
    }
    ov_parser_next(p);
    return true;
}

/* What is no token has been told. YARA reads no further then, and says that, too. */
static void end_at_bad(struct ov_parser *p, const char *what)
{
    if (p->reading.as_yara && !p->reading.quiet) {
        p->reading.failed = false;
        p->reading.next_line = 0;
        ov_reading_error(&p->reading, p->tok.bad_line, 0,
                "syntax error, unexpected end of file%s%s", what == NULL ? "" : ", expecting ",
                what == NULL ? "" : what);
        ov_lex_to_end(&p->lx);
    }
}

bool ov_parser_unexpected(struct ov_parser *p, const char *what)
{
    if (p->tok.kind == OV_TOKEN_BAD) {
        end_at_bad(p, what);
    } else {
        if (p->tok.kind == OV_TOKEN_END && p->reading.as_yara && p->open_count == 1) {
            p->reading.next_line = 0;
            p->tok.line = 0; /* YARA has closed the file by then */
        }
        ov_reading_error(&p->reading, p->tok.line, p->tok.column, "syntax error, unexpected %s%s%s",
                ov_token_kind_text(p->tok.kind), what == NULL ? "" : ", expecting ",
                what == NULL ? "" : what);
    }
    p->reading.failed = true;
    return false;
}

bool ov_parser_expect(struct ov_parser *p, enum ov_token_kind kind, const char *what)
{
    return ov_parser_accept(p, kind) || ov_parser_unexpected(p, what);
}

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

static bool read_rule(struct ov_parser *p)
{
    const size_t start = p->tok.start;
    struct ov_token name;
    uint32_t *number;
    bool read;

    begin_rule(p);
    if (!read_modifiers(p)) {
        return false;
    }
    name = p->tok;
    p->rule.name = name.text;
    if (name.kind != OV_TOKEN_NAME) {
        return ov_parser_unexpected(p, "identifier");
    }
    p->reading.rule = name.text;
    number = take_name(p, &name);
    ov_parser_next(p);
    read = read_body(p);
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

/* --- a source ------------------------------------------------------------------------------- */

static bool read_source(struct ov_parser *p, struct ov_bytes file, struct ov_bytes text);

static bool read_import(struct ov_parser *p)
{
    struct ov_token token;
    struct ov_bytes name;
    enum ov_field module;
    uint32_t *number;

    ov_parser_next(p);
    token = p->tok;
    if (token.kind != OV_TOKEN_TEXT) {
        return ov_parser_unexpected(p, "text string");
    }
    if (!ov_token_unescape(&p->reading, &token, &name)) {
        return false;
    }
    module = ov_field_module(name);
    if (module == OV_FIELD_NONE) {
        ov_reading_error(&p->reading, token.line, token.column, "unknown module \"%s\"",
                ov_excerpt_of(name).text);
    } else {
        number = ov_names_add(&p->set->modules, p->space, name);
        if (number == NULL) {
            p->reading.out_of_memory = true;
            return false;
        }
        *number = module; /* importing twice is importing once */
        ov_rule_set_import(p->set, module);
    }
    ov_parser_next(p);
    return true;
}

/* The name of an included file: relative ones are meant from the folder of who includes them.
 * False: out of memory. */
static bool join_path(struct ov_parser *p, struct ov_bytes name, struct ov_bytes *out)
{
    const uint8_t *from = ov_bytes_raw(p->reading.file);
    const uint8_t *at = ov_bytes_raw(name);
    size_t folder = (size_t)ov_bytes_len(p->reading.file);
    const size_t len = (size_t)ov_bytes_len(name);
    uint8_t *path;

    while (folder > 0 && from[folder - 1] != '/') {
        folder--;
    }
    if (folder == 0 || (len > 0 && at[0] == '/')) {
        *out = name;
        return true;
    }
    path = ov_reading_alloc(&p->reading, folder + len, 1);
    if (path == NULL) {
        return false;
    }
    memcpy(path, from, folder);
    memcpy(path + folder, at, len);
    *out = ov_bytes_of(path, folder + len);
    return true;
}

/* A file inside itself, perhaps through others. */
static bool is_open(const struct ov_parser *p, struct ov_bytes path)
{
    for (uint32_t i = 0; i < p->open_count; i++) {
        if (ov_bytes_equal(p->open_files[i], ov_bytes_raw(path), (size_t)ov_bytes_len(path))) {
            return true;
        }
    }
    return false;
}

/* The text of an include, paid for. False: there is none, which was told. */
static bool fetch_include(struct ov_parser *p, const struct ov_token *token, struct ov_bytes name,
        struct ov_bytes path, struct ov_bytes *out)
{
    const char *why = "there is nobody to ask for it";
    uint64_t cost;

    if (p->options->include == NULL) {
        ov_reading_error(&p->reading, token->line, token->column, "includes are disabled");
        return false;
    }
    if (is_open(p, path)) {
        ov_reading_error(&p->reading, token->line, token->column, "includes circular reference");
        return false;
    }
    if (p->open_count > OV_INCLUDE_DEPTH_MAX) {
        ov_reading_error(&p->reading, token->line, token->column, "includes depth exceeded");
        return false;
    }
    if (!p->options->include(p->options->include_payload, p->reading.file, path, out, &why)) {
        ov_reading_error(&p->reading, token->line, token->column,
                "can't open include file: %.*s%s%s%s", (int)ov_bytes_len(name),
                (const char *)ov_bytes_raw(name), why[0] == '\0' ? "" : " (", why,
                why[0] == '\0' ? "" : ")");
        return false;
    }
    cost = ov_bytes_len(*out) + INCLUDE_COST;
    if (p->include_bytes_left < cost) {
        ov_reading_error(&p->reading, token->line, token->column,
                "the included files together have more than %u MiB",
                OV_RULE_SOURCE_BYTES_MAX / OV_MIB);
        return false;
    }
    p->include_bytes_left -= cost;
    return true;
}

static bool read_include(struct ov_parser *p)
{
    const struct ov_reading outer = p->reading;
    struct ov_lexer lx;
    struct ov_token token;
    struct ov_bytes name, path, text;

    ov_parser_next(p);
    token = p->tok;
    if (token.kind != OV_TOKEN_TEXT) {
        return ov_parser_unexpected(p, "text string");
    }
    if (!ov_token_unescape(&p->reading, &token, &name) || !join_path(p, name, &path)) {
        return false;
    }
    if (fetch_include(p, &token, name, path, &text)) {
        lx = p->lx;
        if (!read_source(p, path, text)) {
            p->reading.out_of_memory = true;
        }
        p->lx = lx;
        p->reading.file = outer.file;
    }
    ov_parser_next(p);
    return true;
}

static bool begins_item(const struct ov_parser *p)
{
    enum ov_token_kind behind;

    switch ((int)p->tok.kind) {
    case OV_TOKEN_RULE:
    case OV_TOKEN_IMPORT:
    case OV_TOKEN_INCLUDE:
    case OV_TOKEN_END:
        return true;
    case OV_TOKEN_PRIVATE: /* of a rule, not of a string */
    case OV_TOKEN_GLOBAL:
        behind = ov_lex_peek(&p->lx);
        return behind == OV_TOKEN_RULE || behind == OV_TOKEN_PRIVATE || behind == OV_TOKEN_GLOBAL;
    default:
        return false;
    }
}

/* To where something new begins, telling nothing on the way. */
static void recover(struct ov_parser *p)
{
    p->reading.quiet = true;
    while (!begins_item(p)) {
        ov_parser_next(p);
    }
    p->reading.quiet = false;
}

/* One import, include or rule. False: the grammar is broken. */
static bool read_item(struct ov_parser *p)
{
    switch ((int)p->tok.kind) {
    case OV_TOKEN_IMPORT:
        return read_import(p);
    case OV_TOKEN_INCLUDE:
        return read_include(p);
    case OV_TOKEN_RULE:
    case OV_TOKEN_PRIVATE:
    case OV_TOKEN_GLOBAL:
        if (!read_rule(p)) {
            return false;
        }
        p->reading.rule = ov_bytes_of(NULL, 0);
        p->reading.failed = false;
        ov_parser_next(p); /* the closing brace; what follows is no part of the rule any more */
        return true;
    default:
        (void)ov_parser_unexpected(p, NULL);
        ov_parser_next(p);
        return false;
    }
}

/* False: out of memory. */
static bool read_source(struct ov_parser *p, struct ov_bytes file, struct ov_bytes text)
{
    struct ov_bytes kept;

    /* Names, texts and whole rules are borrowed from this copy for as long as the set lives. */
    if (!ov_arena_copy(p->reading.arena, text, &kept)) {
        return false;
    }
    OV_ASSERT(p->open_count < sizeof(p->open_files) / sizeof(p->open_files[0]));
    p->open_files[p->open_count++] = file;
    p->reading.file = file;
    ov_lexer_init(&p->lx, &p->reading, kept);
    ov_parser_next(p);
    while (p->tok.kind != OV_TOKEN_END && !p->reading.out_of_memory) {
        const bool read = read_item(p);

        p->reading.rule = ov_bytes_of(NULL, 0);
        if (!read) {
            recover(p);
        }
        p->reading.failed = false;
    }
    p->open_count--;
    return !p->reading.out_of_memory;
}

/* --- the whole ------------------------------------------------------------------------------ */

static bool is_utf16(struct ov_bytes text)
{
    struct ov_bytes head;

    return ov_bytes_slice(text, 0, 2, &head)
           && (ov_bytes_equal(head, "\xff\xfe", 2) || ov_bytes_equal(head, "\xfe\xff", 2));
}

static bool index_externals(struct ov_parser *p)
{
    for (size_t i = 0; i < p->set->external_count; i++) {
        uint32_t *value =
                ov_names_add(&p->externals, ov_bytes_of(NULL, 0), p->set->externals[i].name);

        if (value == NULL) {
            return false;
        }
        *value = (uint32_t)i;
    }
    return true;
}

static bool read_all(struct ov_parser *p, struct ov_bytes file, struct ov_bytes text)
{
    struct ov_bytes kept_file;

    if (!index_externals(p) || !ov_arena_copy(p->reading.arena, file, &kept_file)
            || !ov_arena_copy(p->reading.arena, p->options->space, &p->space)) {
        return false;
    }
    p->reading.file = kept_file;
    if (ov_bytes_len(text) > OV_RULE_SOURCE_BYTES_MAX) {
        ov_reading_error(&p->reading, 0, 0, "the file has more than %u MiB, the most that is read",
                OV_RULE_SOURCE_BYTES_MAX / OV_MIB);
        return true;
    }
    if (is_utf16(text)) {
        ov_reading_error(&p->reading, 1, 1, "this is UTF-16; YARA rules are ASCII or UTF-8");
        return true;
    }
    return read_source(p, kept_file, text);
}

bool ov_yara_read(struct ov_rule_set *set, struct ov_bytes file, struct ov_bytes text,
        const struct ov_yara_options *options, struct ov_diags *diags)
{
    const uint64_t errors_before = diags->errors;
    struct ov_parser p = {
        .reading = { .arena = set->arena,
                .diags = diags,
                .file = file,
                .rule = ov_bytes_of(NULL, 0),
                .strict_escape = options->strict_escape,
                .as_yara = options->first_error_only },
        .set = set,
        .options = options,
        .include_bytes_left = OV_RULE_SOURCE_BYTES_MAX,
        .work_left = WORK_FLOOR + ov_bytes_len(text) * WORK_PER_BYTE,
    };

    ov_arena_init(&p.scratch, UINT64_MAX);
    ov_arena_init(&p.names_arena, UINT64_MAX);
    ov_names_init(&p.externals, &p.names_arena);
    if (!read_all(&p, file, text)) {
        ov_reading_error(&p.reading, 0, 0, "memory ran out while this file was read");
        diags->out_of_memory = true;
    }
    free(p.picked);
    ov_arena_done(&p.names_arena);
    ov_arena_done(&p.scratch);
    return diags->errors == errors_before && !diags->out_of_memory;
}
