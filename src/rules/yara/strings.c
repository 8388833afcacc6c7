/* SPDX-License-Identifier: Apache-2.0 */
/* strings.c - the strings section: names, values, modifiers and which of them go together. */
#include <string.h>

#include "base/checked.h"
#include "rules/yara/hex.h"
#include "rules/yara/parser.h"
#include "rules/yara/quality.h"
#include "rules/yara/regex.h"

#define ALPHABET_BYTES 64u

static const char standard_alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* A string on its way into rule.strings. */
struct item {
    struct ov_string string;
    struct item *next;
};

/* --- modifiers ------------------------------------------------------------------------------ */

struct modifier {
    enum ov_token_kind token;
    uint32_t flag;
    unsigned kinds; /* 1 << ov_string_kind */
};

#define ON_TEXT  (1u << OV_STRING_TEXT)
#define ON_HEX   (1u << OV_STRING_HEX)
#define ON_REGEX (1u << OV_STRING_REGEX)

static const struct modifier modifiers[] = {
    { OV_TOKEN_ASCII, OV_STRING_ASCII, ON_TEXT | ON_REGEX },
    { OV_TOKEN_WIDE, OV_STRING_WIDE, ON_TEXT | ON_REGEX },
    { OV_TOKEN_NOCASE, OV_STRING_NOCASE, ON_TEXT | ON_REGEX },
    { OV_TOKEN_FULLWORD, OV_STRING_FULLWORD, ON_TEXT | ON_REGEX },
    { OV_TOKEN_PRIVATE, OV_STRING_PRIVATE, ON_TEXT | ON_REGEX | ON_HEX },
    { OV_TOKEN_XOR, OV_STRING_XOR, ON_TEXT },
    { OV_TOKEN_BASE64, OV_STRING_BASE64, ON_TEXT },
    { OV_TOKEN_BASE64WIDE, OV_STRING_BASE64_WIDE, ON_TEXT },
};

static const struct modifier *modifier_of(enum ov_token_kind token)
{
    for (size_t i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++) {
        if (modifiers[i].token == token) {
            return &modifiers[i];
        }
    }
    return NULL;
}

static const char *flag_text(uint32_t flag)
{
    switch (flag) {
    case OV_STRING_NOCASE:
        return "nocase";
    case OV_STRING_FULLWORD:
        return "fullword";
    case OV_STRING_XOR:
        return "xor";
    case OV_STRING_BASE64:
        return "base64";
    default:
        return "base64wide";
    }
}

/* One bound of an xor range. */
static bool read_key(struct ov_parser *p, int64_t *out)
{
    *out = p->tok.integer;
    return ov_parser_expect(p, OV_TOKEN_INTEGER, "integer number");
}

/* xor, xor(n), xor(n-m) */
static bool read_xor(struct ov_parser *p, struct ov_string *string)
{
    const struct ov_token at = p->tok;
    int64_t min, max;
    bool is_range;

    string->xor_min = 0;
    string->xor_max = 255;
    if (!ov_parser_accept(p, OV_TOKEN_PAREN_OPEN)) {
        return true;
    }
    if (!read_key(p, &min)) {
        return false;
    }
    max = min;
    is_range = ov_parser_accept(p, OV_TOKEN_MINUS);
    if (is_range && !read_key(p, &max)) {
        return false;
    }
    if (!ov_parser_expect(p, OV_TOKEN_PAREN_CLOSE, is_range ? "')'" : "'-' or ')'")) {
        return false;
    }
    if (!is_range && min > 255) {
        ov_reading_error(&p->reading, at.line, at.column, "invalid xor range");
    } else if (min > max) {
        ov_reading_error(&p->reading, at.line, at.column, "xor lower bound exceeds upper bound");
    } else if (max > 255) {
        ov_reading_error(
                &p->reading, at.line, at.column, "upper bound for xor range exceeded (max: 255)");
    } else {
        string->xor_min = (uint8_t)min;
        string->xor_max = (uint8_t)max;
    }
    return true;
}

/* base64, base64("..."): 64 characters instead of the usual ones */
static bool read_alphabet(struct ov_parser *p, struct ov_bytes *out)
{
    const struct ov_token at = p->tok;
    struct ov_token text;
    struct ov_bytes alphabet;

    *out = ov_bytes_of(standard_alphabet, ALPHABET_BYTES);
    if (!ov_parser_accept(p, OV_TOKEN_PAREN_OPEN)) {
        return true;
    }
    text = p->tok;
    if (!ov_parser_expect(p, OV_TOKEN_TEXT, "text string")
            || !ov_token_unescape(&p->reading, &text, &alphabet)
            || !ov_parser_expect(p, OV_TOKEN_PAREN_CLOSE, "')'")) {
        return false;
    }
    if (ov_bytes_len(alphabet) != ALPHABET_BYTES) {
        ov_reading_error(&p->reading, at.line, at.column, "length of base64 alphabet must be 64");
        return true;
    }
    *out = alphabet;
    return true;
}

static bool read_modifier(
        struct ov_parser *p, const struct modifier *modifier, struct ov_string *string)
{
    const struct ov_token at = p->tok;

    if ((modifier->kinds & 1u << string->kind) == 0) {
        ov_reading_error(&p->reading, at.line, at.column,
                "syntax error, unexpected %s, expecting <condition>", ov_token_kind_text(at.kind));
    } else if ((string->flags & modifier->flag) != 0 && modifier->flag != OV_STRING_NOCASE) {
        ov_reading_error(&p->reading, at.line, at.column, "duplicated modifier");
    }
    string->flags |= modifier->flag;
    ov_parser_next(p);
    switch (modifier->flag) {
    case OV_STRING_XOR:
        return read_xor(p, string);
    case OV_STRING_BASE64:
        return read_alphabet(p, &string->base64_alphabet);
    case OV_STRING_BASE64_WIDE:
        return read_alphabet(p, &string->base64_wide_alphabet);
    default:
        return true;
    }
}

/* Tells of the first pair that makes no sense together. */
static void check_pairs(struct ov_parser *p, const struct ov_string *string)
{
    static const struct {
        uint32_t a;
        uint32_t b;
    } refused[] = {
        { OV_STRING_XOR, OV_STRING_NOCASE },
        { OV_STRING_BASE64, OV_STRING_NOCASE },
        { OV_STRING_BASE64, OV_STRING_FULLWORD },
        { OV_STRING_BASE64, OV_STRING_XOR },
        { OV_STRING_BASE64_WIDE, OV_STRING_NOCASE },
        { OV_STRING_BASE64_WIDE, OV_STRING_FULLWORD },
        { OV_STRING_BASE64_WIDE, OV_STRING_XOR },
    };
    const uint32_t both = OV_STRING_BASE64 | OV_STRING_BASE64_WIDE;

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if ((string->flags & refused[i].a) != 0 && (string->flags & refused[i].b) != 0) {
            ov_reading_error(&p->reading, string->line, string->column,
                    "invalid modifier combination: %s %s", flag_text(refused[i].a),
                    flag_text(refused[i].b));
            return;
        }
    }
    if ((string->flags & both) == both
            && !ov_bytes_equal(string->base64_alphabet, ov_bytes_raw(string->base64_wide_alphabet),
                    ALPHABET_BYTES)) {
        ov_reading_error(
                &p->reading, string->line, string->column, "can not specify multiple alphabets");
    }
}

static bool read_modifiers(struct ov_parser *p, struct ov_string *string)
{
    const uint32_t nocase = string->flags & OV_STRING_NOCASE; /* of /.../i: may be said again */
    const struct modifier *modifier;

    string->flags &= ~nocase;
    while ((modifier = modifier_of(p->tok.kind)) != NULL
            && ((modifier->kinds & 1u << string->kind) != 0 || !p->reading.as_yara)) {
        if ((string->flags & modifier->flag) != 0 && modifier->flag == OV_STRING_NOCASE) {
            ov_reading_error(&p->reading, p->tok.line, p->tok.column, "duplicated modifier");
        }
        if (!read_modifier(p, modifier, string)) {
            return false;
        }
    }
    string->flags |= nocase;
    if (string->kind != OV_STRING_HEX && (string->flags & OV_STRING_WIDE) == 0) {
        string->flags |= OV_STRING_ASCII;
    }
    check_pairs(p, string);
    return true;
}

/* --- values --------------------------------------------------------------------------------- */

static bool read_text(struct ov_parser *p, const struct ov_token *token, struct ov_string *string)
{
    string->kind = OV_STRING_TEXT;
    if (!ov_token_unescape(&p->reading, token, &string->text)) {
        return false;
    }
    if (ov_bytes_len(string->text) == 0) {
        ov_reading_error(&p->reading, token->line, token->column, "empty string \"%s\"",
                ov_excerpt_of(string->name).text);
    }
    return true;
}

/* What stands behind the `=`. A value that is wrong is told, and the string kept in its place so
 * that the condition finds it. */
static bool read_value(struct ov_parser *p, struct ov_string *string)
{
    const struct ov_token token = p->tok;
    struct ov_regex regex = { 0 };

    switch ((int)token.kind) {
    case OV_TOKEN_TEXT:
        if (!read_text(p, &token, string)) {
            return false;
        }
        break;
    case OV_TOKEN_HEX:
        string->kind = OV_STRING_HEX;
        string->flags = OV_STRING_LAZY;
        string->re = ov_hex_read(&p->reading, &token, string->name);
        break;
    case OV_TOKEN_REGEX:
        string->kind = OV_STRING_REGEX;
        if (ov_regex_read(&p->reading, &token, string->name, true, &regex)) {
            string->re = regex.re;
            string->flags = token.re_flags | (regex.is_greedy ? 0 : OV_STRING_LAZY);
            if (regex.is_unending) {
                ov_reading_warning(&p->reading, token.line, token.column,
                        "%s contains .*, .+ or .{x,} consider using .{,N}, .{1,N} or {x,N} with a "
                        "reasonable value for N",
                        ov_excerpt_of(string->name).text);
            }
        }
        break;
    default:
        p->reading.held_line = 0;
        return ov_parser_unexpected(p, "text string");
    }
    ov_parser_next(p);
    return !p->reading.out_of_memory;
}

/* --- the section ---------------------------------------------------------------------------- */

/* Notes the name; a name that is there already is told. */
static bool note_name(struct ov_parser *p, const struct ov_token *token, uint32_t number)
{
    const struct ov_bytes name = ov_token_name(token);
    uint32_t *value;

    if (ov_bytes_len(name) == 0) {
        return true; /* anonymous: found through sets only */
    }
    value = ov_names_add(&p->strings, ov_bytes_of(NULL, 0), name);
    if (value == NULL) {
        p->reading.out_of_memory = true;
        return false;
    }
    if (*value != OV_NAME_NEW) {
        ov_reading_error(&p->reading, token->line, token->column,
                "duplicated string identifier \"%s\"", ov_excerpt_of(token->text).text);
        return true;
    }
    *value = number;
    return true;
}

/* One `$name = value modifiers`, as an item of the scratch arena. NULL: the grammar is broken. */
static struct item *read_string(struct ov_parser *p, uint32_t number)
{
    const struct ov_token token = p->tok;
    struct item *item = ov_arena_alloc(&p->scratch, 1, sizeof(*item));
    uint32_t held_line;
    bool failed_before;

    if (item == NULL) {
        p->reading.out_of_memory = true;
        return NULL;
    }
    item->string.name = token.text;
    item->string.text = ov_bytes_of(NULL, 0);
    item->string.base64_alphabet = ov_bytes_of(NULL, 0);
    item->string.base64_wide_alphabet = ov_bytes_of(NULL, 0);
    item->string.line = token.line;
    item->string.column = token.column;
    ov_parser_next(p);
    if (p->tok.kind != OV_TOKEN_ASSIGN) {
        (void)ov_parser_unexpected(p, "'='");
        return NULL;
    }
    p->reading.held_line = p->tok.line;
    if (!note_name(p, &token, number) || (p->reading.failed && p->reading.as_yara)) {
        return NULL;
    }
    held_line = p->reading.held_line;
    p->reading.held_line = 0; /* the lexer tells of the value itself where it is */
    p->reading.next_line = 0;
    ov_lex_value(&p->lx, &p->tok);
    p->reading.next_line = p->tok.line;
    p->reading.held_line = held_line;
    failed_before = p->reading.failed;
    p->reading.failed = false;
    if (!read_value(p, &item->string) || !read_modifiers(p, &item->string)) {
        return NULL;
    }
    if (!p->reading.failed && ov_string_is_slow(&item->string)) {
        ov_reading_warning(&p->reading, token.line, token.column,
                "string \"%s\" may slow down scanning", ov_excerpt_of(token.text).text);
    }
    p->reading.failed = p->reading.failed || failed_before;
    return item;
}

static bool keep(struct ov_parser *p, const struct item *first, uint32_t count)
{
    p->rule.strings = ov_reading_alloc(&p->reading, count, sizeof(*p->rule.strings));
    p->string_is_used = ov_arena_alloc(&p->scratch, count, sizeof(*p->string_is_used));
    p->string_is_anywhere = ov_arena_alloc(&p->scratch, count, sizeof(*p->string_is_anywhere));
    if (p->rule.strings == NULL || p->string_is_used == NULL || p->string_is_anywhere == NULL) {
        p->reading.out_of_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        OV_ASSERT(first != NULL);
        p->rule.strings[i] = first->string;
        first = first->next;
    }
    p->rule.string_count = count;
    return true;
}

static uint32_t count_max(const struct ov_parser *p)
{
    const uint32_t max = p->options->strings_per_rule_max;

    return max == 0 ? OV_STRINGS_PER_RULE_MAX : max;
}

bool ov_strings_read(struct ov_parser *p)
{
    struct item *first = NULL, **tail = &first;
    uint32_t count = 0;

    if (p->tok.kind != OV_TOKEN_STRING) {
        return ov_parser_unexpected(p, "string identifier");
    }
    while (p->tok.kind == OV_TOKEN_STRING) {
        struct item *item;

        if (count >= count_max(p)) {
            ov_reading_error(&p->reading, p->tok.line, p->tok.column,
                    "too many strings in rule \"%s\" (limit: %u)", ov_excerpt_of(p->rule.name).text,
                    count_max(p));
            return false;
        }
        item = read_string(p, count);
        p->reading.held_line = 0;
        if (item == NULL || (p->reading.failed && p->reading.as_yara)) {
            return false;
        }
        *tail = item;
        tail = &item->next;
        count++;
    }
    return keep(p, first, count);
}

void ov_strings_note_at(struct ov_parser *p, uint32_t number, const int64_t *offset)
{
    struct ov_string *string = &p->rule.strings[number];

    if (offset == NULL || p->string_is_anywhere[number]
            || (string->is_at && string->only_at != *offset)) {
        p->string_is_anywhere[number] = true;
        string->is_at = false;
        return;
    }
    string->is_at = true;
    string->only_at = *offset;
}

void ov_strings_check_used(struct ov_parser *p)
{
    for (uint32_t i = 0; i < p->rule.string_count; i++) {
        const struct ov_string *string = &p->rule.strings[i];
        struct ov_bytes head;

        if (p->string_is_used[i]
                || (ov_bytes_slice(string->name, 0, 2, &head) && ov_bytes_equal(head, "$_", 2))) {
            continue;
        }
        ov_reading_error(&p->reading, string->line, string->column, "unreferenced string \"%s\"",
                ov_excerpt_of(string->name).text);
    }
}
