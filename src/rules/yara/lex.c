/* SPDX-License-Identifier: Apache-2.0 */
/* lex.c - tokens, one at a time, in one pass. Facts about the language (which escapes, how long a
 * name, what a number looks like) are YARA 4.5's; docs/formats/yara.md lists them. */
#include "rules/yara/lex.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "rules/yara/words.h"

#define REAL_BYTES_MAX 300u /* digits of a floating point number we are ready to read */

/* --- bytes ---------------------------------------------------------------------------------- */

/* The byte `ahead` of the position, or -1 behind the end. The only place that looks at bytes. */
static int peek(const struct ov_lexer *lx, size_t ahead)
{
    const size_t len = (size_t)ov_bytes_len(lx->source);

    OV_ASSERT(lx->priv_pos <= len);
    return ahead < len - lx->priv_pos ? ov_bytes_raw(lx->source)[lx->priv_pos + ahead] : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(int c)
{
    return is_letter(c) || is_digit(c);
}

static int hex_value(int c)
{
    return is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Over one byte that is there, counting lines. */
static void advance(struct ov_lexer *lx)
{
    const int c = peek(lx, 0);

    OV_ASSERT(c >= 0);
    lx->priv_pos++;
    if (c == '\n') {
        lx->priv_line++;
        lx->priv_line_start = lx->priv_pos;
    }
}

static uint32_t column(const struct ov_lexer *lx)
{
    return (uint32_t)(lx->priv_pos - lx->priv_line_start) + 1;
}

struct ov_bytes ov_lex_slice(const struct ov_lexer *lx, size_t from, size_t to)
{
    struct ov_bytes out = ov_bytes_of(NULL, 0);
    const bool inside = ov_bytes_slice(lx->source, from, to - from, &out);

    OV_ASSERT(inside);
    return out;
}

/* --- between tokens ------------------------------------------------------------------------- */

/* Steps over a comment if there is one. YARA takes a comment that is never closed; so do we, but
 * whoever forgot to close it loses every rule behind it and should know. */
static bool skip_comment(struct ov_lexer *lx)
{
    const uint32_t line = lx->priv_line, col = column(lx);

    if (peek(lx, 0) != '/') {
        return false;
    }
    if (peek(lx, 1) == '/') {
        while (peek(lx, 0) >= 0 && peek(lx, 0) != '\n') {
            advance(lx);
        }
        return true;
    }
    if (peek(lx, 1) != '*') {
        return false;
    }
    lx->priv_pos += 2;
    while (peek(lx, 0) >= 0) {
        if (peek(lx, 0) == '*' && peek(lx, 1) == '/') {
            lx->priv_pos += 2;
            return true;
        }
        advance(lx);
    }
    ov_reading_hint(lx->reading, line, col,
            "this comment is never closed; everything behind it is ignored");
    return true;
}

static void skip_blanks(struct ov_lexer *lx)
{
    for (;;) {
        const int c = peek(lx, 0);

        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            advance(lx);
        } else if (!skip_comment(lx)) {
            return;
        }
    }
}

/* --- single tokens -------------------------------------------------------------------------- */

static void bad(struct ov_lexer *lx, struct ov_token *out)
{
    out->kind = OV_TOKEN_BAD;
    out->bad_line = lx->priv_line;
    lx->reading->failed = true;
}

void ov_lex_to_end(struct ov_lexer *lx)
{
    lx->priv_pos = (size_t)ov_bytes_len(lx->source);
}

/* It ends with its line; YARA has stepped over that end when it says so. */
static void tell_unterminated(struct ov_lexer *lx, struct ov_token *out, const char *what)
{
    const bool more = peek(lx, 0) == '\n' && lx->reading->as_yara;

    ov_reading_error(lx->reading, out->line + (more ? 1 : 0), out->column, "%s", what);
    bad(lx, out);
    out->bad_line += more ? 1 : 0;
}

/* For YARA a text or expression that the file ends in is the end of the file, and no more is told. */
static bool ends_with_file(struct ov_lexer *lx, struct ov_token *out)
{
    const int c = peek(lx, 0);

    if (!lx->reading->as_yara || !(c < 0 || (c == '\\' && peek(lx, 1) < 0))) {
        return false;
    }
    ov_lex_to_end(lx);
    out->kind = OV_TOKEN_END;
    return true;
}

/* `include` is one only before blanks and a quote on its line; else it is a name like others. */
static bool includes(const struct ov_lexer *lx)
{
    size_t ahead = 0;

    while (peek(lx, ahead) == ' ' || peek(lx, ahead) == '\t') {
        ahead++;
    }
    return ahead > 0 && peek(lx, ahead) == '"';
}

static void lex_word(struct ov_lexer *lx, struct ov_token *out)
{
    const size_t from = lx->priv_pos;

    while (is_word(peek(lx, 0))) {
        lx->priv_pos++;
    }
    out->text = ov_lex_slice(lx, from, lx->priv_pos);
    ov_word_look_up(out);
    if (out->kind == OV_TOKEN_INCLUDE && lx->reading->as_yara && !includes(lx)) {
        out->kind = OV_TOKEN_NAME;
    }
    if (out->kind != OV_TOKEN_NAME) {
        return;
    }
    if (lx->priv_pos - from > OV_IDENTIFIER_BYTES_MAX) {
        ov_reading_error(lx->reading, out->line, out->column, "identifier too long");
        bad(lx, out);
    }
}

/* $a, #a, @a, !a; only the first may end in a star. */
static void lex_string_name(struct ov_lexer *lx, struct ov_token *out, enum ov_token_kind kind)
{
    const size_t from = lx->priv_pos++;

    while (is_word(peek(lx, 0))) {
        lx->priv_pos++;
    }
    out->kind = kind;
    if (kind == OV_TOKEN_STRING && peek(lx, 0) == '*') {
        lx->priv_pos++;
        out->kind = OV_TOKEN_STRING_WILD;
    }
    out->text = ov_lex_slice(lx, from, lx->priv_pos);
}

static void too_large(struct ov_lexer *lx, struct ov_token *out)
{
    ov_reading_error(lx->reading, out->line, out->column, "integer overflow in \"%s\"",
            ov_excerpt_of(ov_lex_slice(lx, out->start, lx->priv_pos)).text);
    bad(lx, out);
}

static void lex_based(struct ov_lexer *lx, struct ov_token *out, int base)
{
    bool fits = true;

    lx->priv_pos += 2;
    out->kind = OV_TOKEN_INTEGER;
    for (int c = peek(lx, 0); base == 16 ? is_hex(c) : c >= '0' && c <= '7'; c = peek(lx, 0)) {
        fits = fits && ov_mul(&out->integer, out->integer, (int64_t)base)
               && ov_add(&out->integer, out->integer, (int64_t)hex_value(c));
        lx->priv_pos++;
    }
    if (!fits) {
        too_large(lx, out);
    }
}

static void lex_real(struct ov_lexer *lx, struct ov_token *out)
{
    char digits[REAL_BYTES_MAX + 1] = "";
    size_t len;

    lx->priv_pos++;
    while (is_digit(peek(lx, 0))) {
        lx->priv_pos++;
    }
    out->kind = OV_TOKEN_REAL;
    len = lx->priv_pos - out->start;
    if (len > REAL_BYTES_MAX) {
        ov_reading_error(lx->reading, out->line, out->column,
                "a number of %zu digits is more than the %u that are read", len, REAL_BYTES_MAX);
        bad(lx, out);
        return;
    }
    memcpy(digits, ov_bytes_raw(ov_lex_slice(lx, out->start, lx->priv_pos)), len);
    out->real = strtod(digits, NULL);
}

static void lex_number(struct ov_lexer *lx, struct ov_token *out)
{
    bool fits = true;

    if (peek(lx, 0) == '0' && peek(lx, 1) == 'x' && is_hex(peek(lx, 2))) {
        lex_based(lx, out, 16);
        return;
    }
    if (peek(lx, 0) == '0' && peek(lx, 1) == 'o' && peek(lx, 2) >= '0' && peek(lx, 2) <= '7') {
        lex_based(lx, out, 8);
        return;
    }
    out->kind = OV_TOKEN_INTEGER;
    while (is_digit(peek(lx, 0))) {
        fits = fits && ov_mul(&out->integer, out->integer, (int64_t)10)
               && ov_add(&out->integer, out->integer, (int64_t)(peek(lx, 0) - '0'));
        lx->priv_pos++;
    }
    if (peek(lx, 0) == '.' && is_digit(peek(lx, 1))) {
        lex_real(lx, out);
        return;
    }
    if ((peek(lx, 0) == 'K' || peek(lx, 0) == 'M') && peek(lx, 1) == 'B') {
        const int64_t unit = peek(lx, 0) == 'K' ? 1024 : 1024 * 1024;

        fits = fits && ov_mul(&out->integer, out->integer, unit);
        lx->priv_pos += 2;
    }
    if (!fits) {
        too_large(lx, out);
    }
}

/* One escape of a text string, the backslash being the next byte. */
static bool lex_escape(struct ov_lexer *lx)
{
    switch (peek(lx, 1)) {
    case 't':
    case 'n':
    case 'r':
    case '"':
    case '\\':
        lx->priv_pos += 2;
        return true;
    case 'x':
        if (is_hex(peek(lx, 2)) && is_hex(peek(lx, 3))) {
            lx->priv_pos += 4;
            return true;
        }
        ov_reading_error(lx->reading, lx->priv_line, column(lx), "illegal escape sequence");
        return false;
    default:
        ov_reading_error(lx->reading, lx->priv_line, column(lx), "illegal escape sequence");
        return false;
    }
}

static void lex_text(struct ov_lexer *lx, struct ov_token *out)
{
    lx->priv_pos++;
    out->kind = OV_TOKEN_TEXT;
    for (;;) {
        const int c = peek(lx, 0);

        if (ends_with_file(lx, out)) {
            return;
        }
        if (c < 0 || c == '\n') {
            tell_unterminated(lx, out, "unterminated string");
            return;
        }
        if (c == '"') {
            out->text = ov_lex_slice(lx, out->start + 1, lx->priv_pos);
            lx->priv_pos++;
            return;
        }
        if (c != '\\') {
            lx->priv_pos++;
            continue;
        }
        out->has_escapes = true;
        if (!lex_escape(lx)) {
            /* Told; the rest of the text is stepped over, to stay in step with the quotes. */
            bad(lx, out);
            lx->priv_pos += peek(lx, 1) >= 0 && peek(lx, 1) != '\n' ? 2 : 1;
            while (peek(lx, 0) >= 0 && peek(lx, 0) != '\n' && peek(lx, 0) != '"') {
                lx->priv_pos++;
            }
            lx->priv_pos += peek(lx, 0) == '"';
            return;
        }
    }
}

static void lex_regex(struct ov_lexer *lx, struct ov_token *out)
{
    lx->priv_pos++;
    out->kind = OV_TOKEN_REGEX;
    while (peek(lx, 0) != '/') {
        const int c = peek(lx, 0), escaped = peek(lx, 1);

        if (ends_with_file(lx, out)) {
            return;
        }
        if (c < 0 || c == '\n' || (c == '\\' && (escaped < 0 || escaped == '\n'))) {
            tell_unterminated(lx, out, "unterminated regular expression");
            return;
        }
        lx->priv_pos += c == '\\' ? 2 : 1;
    }
    out->text = ov_lex_slice(lx, out->start + 1, lx->priv_pos);
    lx->priv_pos++;
    if (peek(lx, 0) == 'i') {
        out->re_flags |= OV_STRING_NOCASE;
        lx->priv_pos++;
    }
    if (peek(lx, 0) == 's') {
        out->re_flags |= OV_STRING_DOT_ALL;
        lx->priv_pos++;
    }
}

/* What may stand between the braces; which order makes sense is hex.c's question. */
static bool is_hex_string_byte(int c)
{
    return is_hex(c) || (c > 0 && strchr(" \t\r\n-|~?[]()", c) != NULL);
}

static void lex_hex(struct ov_lexer *lx, struct ov_token *out)
{
    size_t from;

    lx->priv_pos++;
    from = lx->priv_pos;
    out->kind = OV_TOKEN_HEX;
    out->body_line = lx->priv_line;
    out->body_column = column(lx);
    for (;;) {
        const int c = peek(lx, 0);

        if (c == '}' && (lx->priv_pos != from || !lx->reading->as_yara)) {
            out->text = ov_lex_slice(lx, from, lx->priv_pos);
            lx->priv_pos++;
            return;
        }
        if (c == '/' && skip_comment(lx)) {
            continue;
        }
        if (!is_hex_string_byte(c)) {
            if (lx->reading->as_yara) { /* it is no hex string there at all */
                lx->priv_pos = from;
                lx->priv_line = out->body_line;
                lx->priv_line_start = from + 1 - out->body_column;
                out->kind = OV_TOKEN_BRACE_OPEN;
                return;
            }
            if (c < 0) {
                ov_reading_error(lx->reading, out->line, out->column,
                        "this hex string has no closing brace");
            } else {
                ov_reading_error(lx->reading, lx->priv_line, column(lx),
                        "%s has no place in a hex string",
                        ov_excerpt_of(ov_lex_slice(lx, lx->priv_pos, lx->priv_pos + 1)).text);
            }
            bad(lx, out);
            return;
        }
        advance(lx);
    }
}

static void lex_foreign_byte(struct ov_lexer *lx, struct ov_token *out)
{
    const int c = peek(lx, 0);

    advance(lx);
    if (c != 0 && c < 0x80) {
        out->kind = OV_TOKEN_STRAY; /* what is wrong with it is for the parser to tell */
        return;
    }
    ov_reading_error(lx->reading, out->line, out->column, "non-ascii character");
    bad(lx, out);
}

static void lex_sign(struct ov_lexer *lx, struct ov_token *out)
{
    static const struct {
        char text[3];
        enum ov_token_kind kind;
    } signs[] = {
        /* longer ones first */
        { "..", OV_TOKEN_DOT_DOT },
        { "==", OV_TOKEN_EQ },
        { "!=", OV_TOKEN_NE },
        { "<=", OV_TOKEN_LE },
        { "<<", OV_TOKEN_SHIFT_LEFT },
        { ">=", OV_TOKEN_GE },
        { ">>", OV_TOKEN_SHIFT_RIGHT },
        { "{", OV_TOKEN_BRACE_OPEN },
        { "}", OV_TOKEN_BRACE_CLOSE },
        { "(", OV_TOKEN_PAREN_OPEN },
        { ")", OV_TOKEN_PAREN_CLOSE },
        { "[", OV_TOKEN_BRACKET_OPEN },
        { "]", OV_TOKEN_BRACKET_CLOSE },
        { ":", OV_TOKEN_COLON },
        { ",", OV_TOKEN_COMMA },
        { ".", OV_TOKEN_DOT },
        { "=", OV_TOKEN_ASSIGN },
        { "<", OV_TOKEN_LT },
        { ">", OV_TOKEN_GT },
        { "+", OV_TOKEN_PLUS },
        { "-", OV_TOKEN_MINUS },
        { "*", OV_TOKEN_STAR },
        { "\\", OV_TOKEN_BACKSLASH },
        { "%", OV_TOKEN_PERCENT },
        { "&", OV_TOKEN_AMPERSAND },
        { "|", OV_TOKEN_PIPE },
        { "^", OV_TOKEN_CARET },
        { "~", OV_TOKEN_TILDE },
    };

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (peek(lx, 0) == signs[i].text[0]
                && (signs[i].text[1] == '\0' || peek(lx, 1) == signs[i].text[1])) {
            out->kind = signs[i].kind;
            lx->priv_pos += strlen(signs[i].text);
            return;
        }
    }
    lex_foreign_byte(lx, out);
}

static void lex(struct ov_lexer *lx, struct ov_token *out, bool hex)
{
    int c;

    skip_blanks(lx);
    *out = (struct ov_token){
        .kind = OV_TOKEN_END,
        .line = lx->priv_line,
        .column = column(lx),
        .start = lx->priv_pos,
        .text = ov_bytes_of(NULL, 0),
    };
    c = peek(lx, 0);
    if (c < 0) {
        out->end = lx->priv_pos;
        return;
    }
    if (is_letter(c)) {
        lex_word(lx, out);
    } else if (is_digit(c)) {
        lex_number(lx, out);
    } else if (c == '"') {
        lex_text(lx, out);
    } else if (c == '/') {
        lex_regex(lx, out);
    } else if (c == '$') {
        lex_string_name(lx, out, OV_TOKEN_STRING);
    } else if (c == '#') {
        lex_string_name(lx, out, OV_TOKEN_COUNT);
    } else if (c == '@') {
        lex_string_name(lx, out, OV_TOKEN_OFFSET);
    } else if (c == '!' && peek(lx, 1) != '=') {
        lex_string_name(lx, out, OV_TOKEN_LENGTH);
    } else if (c == '{' && (hex || lx->reading->as_yara)) { /* for YARA it is one anywhere */
        lex_hex(lx, out);
    } else {
        lex_sign(lx, out);
    }
    out->end = lx->priv_pos;
    if (ov_bytes_len(out->text) == 0 && out->kind != OV_TOKEN_TEXT) {
        out->text = ov_lex_slice(lx, out->start, out->end);
    }
}

void ov_lexer_init(struct ov_lexer *lx, struct ov_reading *reading, struct ov_bytes source)
{
    *lx = (struct ov_lexer){ .reading = reading, .source = source, .priv_line = 1 };
    if (peek(lx, 0) == 0xef && peek(lx, 1) == 0xbb && peek(lx, 2) == 0xbf) {
        lx->priv_pos = 3;
        lx->priv_line_start = 3;
    }
}

void ov_lex(struct ov_lexer *lx, struct ov_token *out)
{
    lex(lx, out, false);
}

void ov_lex_value(struct ov_lexer *lx, struct ov_token *out)
{
    lex(lx, out, true);
}

enum ov_token_kind ov_lex_peek(const struct ov_lexer *lx)
{
    struct ov_lexer ahead = *lx;
    struct ov_reading silent = *lx->reading;
    struct ov_token token;

    silent.quiet = true;
    ahead.reading = &silent;
    lex(&ahead, &token, false);
    return token.kind;
}

/* --- tokens --------------------------------------------------------------------------------- */

bool ov_token_unescape(
        struct ov_reading *reading, const struct ov_token *token, struct ov_bytes *out)
{
    struct ov_reader r = ov_reader_on(token->text);
    uint8_t *to;
    size_t len = 0;
    uint8_t b;

    OV_ASSERT(token->kind == OV_TOKEN_TEXT);
    if (!token->has_escapes) {
        *out = token->text;
        return true;
    }
    to = ov_reading_alloc(reading, (size_t)ov_bytes_len(token->text), 1);
    if (to == NULL) {
        return false;
    }
    while (ov_read_u8(&r, &b)) {
        uint8_t high = 0, low = 0;

        if (b == '\\' && ov_read_u8(&r, &b)) {
            if (b == 'x' && ov_read_u8(&r, &high) && ov_read_u8(&r, &low)) {
                b = (uint8_t)(hex_value(high) << 4 | hex_value(low));
            } else {
                b = b == 't' ? '\t' : b == 'n' ? '\n' : b == 'r' ? '\r' : b;
            }
        }
        to[len++] = b;
    }
    *out = ov_bytes_of(to, len);
    return true;
}

struct ov_bytes ov_token_name(const struct ov_token *token)
{
    struct ov_bytes out = ov_bytes_of(NULL, 0);
    const bool inside = ov_bytes_slice(token->text, 1, ov_bytes_len(token->text) - 1, &out);

    OV_ASSERT(inside);
    return out;
}
