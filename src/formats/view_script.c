/* SPDX-License-Identifier: Apache-2.0 */
/* view_script.c - a script in one spelling: no comments, no white space but between words, strings in
 * double quotes, joined and unescaped, and names that it declares by their number. Words alone are
 * understood, no grammar; a script that is none comes out as its words. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "formats/decode.h"
#include "formats/peek.h"
#include "formats/views.h"

#define NAMES_MAX      512u
#define NAME_BYTES_MAX 64u

struct script {
    struct ov_buf *out;
    struct ov_bytes in;
    uint64_t at;
    struct ov_bytes names[NAMES_MAX]; /* that were declared; lent from `in` */
    uint32_t name_count;
    bool declares;    /* behind "var" or "function" */
    uint8_t last;     /* the last letter put */
    bool last_string; /* it closed a string */
    bool plus;        /* a '+' behind a string is held back */
    bool unescape;    /* unescape( before a string is held back */
};

static bool is_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
           || c == '$' || c >= 0x80;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= 9 && c <= 13);
}

static void put(struct script *s, uint8_t c)
{
    if (s->unescape) {
        s->unescape = false;
        ov_buf_put_text(s->out, "unescape(");
    }
    if (s->plus) {
        s->plus = false;
        ov_buf_put_u8(s->out, '+');
    }
    c = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
    ov_buf_put_u8(s->out, c);
    s->last = c;
    s->last_string = false;
}

/* Comments and white space. False: there are none here. */
static bool skip(struct script *s)
{
    uint64_t end;

    if (is_blank(ov_u8_at(s->in, s->at, 'x'))) {
        s->at++;
        return true;
    }
    if (ov_has(s->in, s->at, "//", 2) || ov_has(s->in, s->at, "<!--", 4)) {
        end = ov_bytes_find(s->in, s->at, "\n", 1);
        s->at = end == UINT64_MAX ? ov_bytes_len(s->in) : end;
        return true;
    }
    if (ov_has(s->in, s->at, "/*", 2)) {
        end = ov_bytes_find(s->in, s->at + 2, "*/", 2);
        s->at = end == UINT64_MAX ? ov_bytes_len(s->in) : end + 2;
        return true;
    }
    return false;
}

/* One letter of a string, escapes undone. */
static uint8_t letter(struct script *s)
{
    static const char from[] = "nrtbfv", to[] = "\n\r\t\b\f\v";
    uint8_t c = ov_u8_at(s->in, s->at++, 0);
    const char *found;

    if (c != '\\') {
        return c;
    }
    c = ov_u8_at(s->in, s->at++, 0);
    if (c == 'x' || c == 'u') {
        const uint64_t digits = c == 'x' ? 2 : 4;
        uint32_t v = 0;

        for (uint64_t i = 0; i < digits; i++) {
            const int d = ov_hex_digit(ov_u8_at(s->in, s->at + i, 'x'));

            if (d < 0) {
                return c;
            }
            v = v << 4 | (uint32_t)d;
        }
        s->at += digits;
        return (uint8_t)v;
    }
    found = c == 0 ? NULL : strchr(from, c);
    return found == NULL ? c : (uint8_t)to[found - from];
}

/* A string, joined to the one before it if only '+' stands between. */
static void put_string(struct script *s)
{
    const uint8_t quote = ov_u8_at(s->in, s->at++, 0);
    const bool unescape = s->unescape, joins = s->plus && !unescape;
    const struct ov_bytes made = ov_buf_bytes(s->out);
    struct ov_buf text;

    ov_buf_init(&text, OV_MADE_BYTES_MAX);
    while (s->at < ov_bytes_len(s->in) && ov_u8_at(s->in, s->at, 0) != quote) {
        ov_buf_put_u8(&text, letter(s));
    }
    s->at++;
    s->unescape = false;
    if (joins && ov_bytes_len(made) != 0) {
        s->plus = false;
        ov_buf_cut(s->out, (size_t)ov_bytes_len(made) - 1); /* the closing quote */
    } else {
        put(s, '"');
    }
    if (unescape) {
        struct ov_buf plain;

        ov_buf_init(&plain, OV_MADE_BYTES_MAX);
        ov_decode_percent(&plain, ov_buf_bytes(&text));
        ov_buf_done(&text);
        text = plain;
        while (skip(s)) {
        }
        s->at += ov_u8_at(s->in, s->at, 0) == ')' ? 1 : 0;
    }
    for (uint64_t i = 0; i < ov_bytes_len(ov_buf_bytes(&text)); i++) {
        put(s, ov_u8_at(ov_buf_bytes(&text), i, 0));
    }
    ov_buf_done(&text);
    put(s, '"');
    s->last_string = true;
}

static bool is(struct ov_bytes word, const char *text)
{
    return ov_bytes_equal(word, text, strlen(text));
}

/* The number of a name; UINT32_MAX: it was never declared. */
static uint32_t number_of(struct script *s, struct ov_bytes word)
{
    for (uint32_t i = 0; i < s->name_count; i++) {
        if (ov_bytes_equal(s->names[i], ov_bytes_raw(word), (size_t)ov_bytes_len(word))) {
            return i;
        }
    }
    if (!s->declares || s->name_count == NAMES_MAX || ov_bytes_len(word) > NAME_BYTES_MAX) {
        return UINT32_MAX;
    }
    s->names[s->name_count] = word;
    return s->name_count++;
}

static void put_word(struct script *s)
{
    const uint64_t from = s->at;
    const bool member = s->last == '.';
    struct ov_bytes word;
    uint32_t number;
    char name[16];

    while (s->at < ov_bytes_len(s->in) && is_word(ov_u8_at(s->in, s->at, 0))) {
        s->at++;
    }
    word = ov_bytes_between(s->in, from, s->at);
    if (is(word, "unescape")) {
        uint64_t at = s->at;

        while (is_blank(ov_u8_at(s->in, at, 'x'))) {
            at++;
        }
        if (ov_u8_at(s->in, at, 0) == '('
                && (ov_u8_at(s->in, at + 1, 0) == '"' || ov_u8_at(s->in, at + 1, 0) == '\'')) {
            s->at = at + 1;
            s->unescape = true;
            return;
        }
    }
    if (is_word(s->last) && !s->last_string) {
        put(s, ' ');
    }
    number = member ? UINT32_MAX : number_of(s, word);
    s->declares = is(word, "var") || is(word, "function");
    if (number != UINT32_MAX) {
        (void)snprintf(name, sizeof(name), "n%03x", number);
        word = ov_bytes_of(name, strlen(name));
    }
    for (uint64_t i = 0; i < ov_bytes_len(word); i++) {
        put(s, ov_u8_at(word, i, 0));
    }
}

void ov_view_script(struct ov_buf *out, struct ov_bytes in)
{
    struct script s = { .out = out, .in = in };

    /* Each turn goes forward. */
    while (s.at < ov_bytes_len(in)) {
        const uint8_t c = ov_u8_at(in, s.at, 0);

        if (skip(&s)) {
            continue;
        }
        if (c == '"' || c == '\'') {
            put_string(&s);
        } else if (is_word(c)) {
            put_word(&s);
        } else if (c == '+' && s.last_string && !s.plus) {
            s.plus = true;
            s.at++;
        } else {
            put(&s, c);
            s.at++;
        }
    }
    if (s.plus) {
        ov_buf_put_u8(out, '+');
    }
}
