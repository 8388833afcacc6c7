/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - one source: imports, includes and rules (rule.c), and getting back into step after an
 * error. */
#include <string.h>

#include "base/checked.h"
#include "facts/schema.h"
#include "rules/yara/parser.h"

#define INCLUDE_COST 256u /* bytes that even an empty include is taken for */

#define GRACE_TOKENS 3u

/* Names looked at for sets, see sets.c: a floor, and so many for each byte of source. */
#define WORK_FLOOR    (16u * (uint64_t)OV_MIB)
#define WORK_PER_BYTE 16u

/* --- tokens --------------------------------------------------------------------------------- */

void ov_parser_next(struct ov_parser *p)
{
    const uint32_t line = p->reading.next_line;

    if (p->reading.as_yara && p->reading.failed && !p->failed_at) {
        p->failed_lx = p->lx;
        p->failed_tok = p->tok;
        p->failed_at = true;
    }
    p->grace -= p->grace != 0;
    p->reading.next_line = 0; /* what the lexer tells stands where it says */
    ov_lex(&p->lx, &p->tok);
    p->reading.last_line = line;
    p->reading.next_line = p->tok.line;
    p->reading.at_end = p->tok.kind == OV_TOKEN_END && p->open_count == 1;
}

bool ov_parser_accept(struct ov_parser *p, enum ov_token_kind kind)
{
    if (p->tok.kind != kind) {
        return false;
    }
    ov_parser_next(p);
    return true;
}

/* What is no token has been told. YARA reads no further then, and within a rule says that, too. */
static void end_at_bad(struct ov_parser *p, const char *what)
{
    if (p->reading.as_yara && !p->reading.quiet) {
        if (ov_bytes_len(p->reading.rule) != 0 || what != NULL) {
            p->reading.failed = false;
            p->reading.next_line = 0;
            ov_reading_error(&p->reading, p->tok.bad_line, 0,
                    "syntax error, unexpected end of file%s%s", what == NULL ? "" : ", expecting ",
                    what == NULL ? "" : what);
        }
        ov_lex_to_end(&p->lx);
    }
}

bool ov_parser_unexpected(struct ov_parser *p, const char *what)
{
    if (p->tok.kind == OV_TOKEN_BAD) {
        end_at_bad(p, what);
    } else if (p->grace == 0) {
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
    if (strnlen((const char *)ov_bytes_raw(name), (size_t)ov_bytes_len(name))
            != ov_bytes_len(name)) {
        ov_reading_error(&p->reading, token.line, token.column, "invalid module name \"%.*s\"",
                (int)ov_bytes_len(name), (const char *)ov_bytes_raw(name));
    } else if (module == OV_FIELD_NONE) {
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
    if (token.kind == OV_TOKEN_END && p->reading.as_yara) {
        return true; /* a name that the file ends in: nothing more is said of it */
    }
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

/* As YARA: from where the first error was, it tells what is no token on the way, which ends all, and
 * then nothing of the order of the next three. */
static void recover_as_yara(struct ov_parser *p)
{
    if (p->failed_at) {
        p->lx = p->failed_lx;
        p->tok = p->failed_tok;
        p->reading.next_line = p->tok.line;
    }
    while (!begins_item(p)) {
        p->reading.failed = false;
        ov_parser_next(p);
        if (p->tok.kind == OV_TOKEN_BAD) {
            ov_lex_to_end(&p->lx);
        }
    }
    p->failed_at = false;
    p->grace = GRACE_TOKENS;
}

/* To where something new begins, telling nothing on the way. */
static void recover(struct ov_parser *p)
{
    if (p->reading.as_yara) {
        recover_as_yara(p);
        return;
    }
    p->reading.quiet = true;
    while (!begins_item(p)) {
        ov_parser_next(p);
    }
    p->reading.quiet = false;
}

/* One import, include or rule. False: the grammar is broken, or looked at as if it were. */
static bool read_item(struct ov_parser *p)
{
    bool stays;

    switch ((int)p->tok.kind) {
    case OV_TOKEN_IMPORT:
        return read_import(p);
    case OV_TOKEN_INCLUDE:
        return read_include(p);
    case OV_TOKEN_RULE:
    case OV_TOKEN_PRIVATE:
    case OV_TOKEN_GLOBAL:
        if (!ov_rule_read(p)) {
            return false;
        }
        /* YARA has not left a rule that it refuses, and passes over what stands behind it. */
        stays = p->reading.failed && p->reading.as_yara;
        if (!stays) {
            p->reading.rule = ov_bytes_of(NULL, 0);
        }
        p->reading.failed = false;
        ov_parser_next(p); /* the closing brace; what follows is no part of the rule any more */
        return !stays;
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

        if (!p->reading.as_yara) {
            p->reading.rule = ov_bytes_of(NULL, 0);
        }
        if (!read || (p->reading.as_yara && p->reading.failed)) {
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
