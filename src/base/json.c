/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - a pushdown automaton: what it wants next, and whether it is in an object or an array. The
 * text is hostile; there is no recursion, and every step consumes a byte or ends. */
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"

/* Digits of a fraction that are looked at; what is longer is no number that anybody writes. */
#define NUMBER_BYTES_MAX 1024u

enum wants {
    WANTS_OUTSIDE, /* the object or array that everything is in */
    WANTS_VALUE,   /* behind a colon */
    WANTS_FIRST,   /* a value or `]`; a key or `}` */
    WANTS_NEXT,    /* behind a comma */
    WANTS_COMMA,   /* or the end */
    WANTS_NOTHING, /* but blanks to the end */
    WANTS_NO_MORE  /* it was said how it ended */
};

void ov_json_init(struct ov_json *json, struct ov_bytes in)
{
    memset(json, 0, sizeof(*json));
    json->priv_in = in;
    json->priv_wants = WANTS_OUTSIDE;
    ov_buf_init(&json->priv_text, SIZE_MAX);
}

void ov_json_done(struct ov_json *json)
{
    ov_buf_done(&json->priv_text);
}

static enum ov_json_event bad(struct ov_json *json, const char *why)
{
    json->why = why;
    json->priv_wants = WANTS_NO_MORE;
    return OV_JSON_BAD;
}

/* The byte at the place, or -1 at the end. */
static int peek(const struct ov_json *json)
{
    return json->at < ov_bytes_len(json->priv_in) ? ov_bytes_raw(json->priv_in)[json->at] : -1;
}

static void skip_blanks(struct ov_json *json)
{
    for (int c = peek(json); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(json)) {
        json->at++;
    }
}

/* --- texts ---------------------------------------------------------------------------------- */

static bool read_hex4(struct ov_json *json, uint32_t *out)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++) {
        const int c = peek(json);
        const int low = c | 0x20;

        if (c >= '0' && c <= '9') {
            v = v << 4 | (uint32_t)(c - '0');
        } else if (c >= 0 && low >= 'a' && low <= 'f') {
            v = v << 4 | (uint32_t)(low - 'a' + 10);
        } else {
            return false;
        }
        json->at++;
    }
    *out = v;
    return true;
}

/* Behind `\u`. Two of them where the first is one half of a pair. */
static bool read_unicode(struct ov_json *json)
{
    uint32_t high, low;

    if (!read_hex4(json, &high)) {
        return false;
    }
    if (high >= 0xdc00 && high <= 0xdfff) {
        return false;
    }
    if (high < 0xd800 || high > 0xdbff) {
        ov_text_put_utf8(&json->priv_text, high);
        return true;
    }
    if (peek(json) != '\\') {
        return false;
    }
    json->at++;
    if (peek(json) != 'u') {
        return false;
    }
    json->at++;
    if (!read_hex4(json, &low) || low < 0xdc00 || low > 0xdfff) {
        return false;
    }
    ov_text_put_utf8(&json->priv_text, 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00)));
    return true;
}

/* Behind the backslash. */
static bool read_escape(struct ov_json *json)
{
    static const char letters[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    const int c = peek(json);

    json->at += c < 0 ? 0 : 1;
    if (c == 'u') {
        return read_unicode(json);
    }
    for (size_t i = 0; i + 1 < sizeof(letters); i += 2) {
        if (c == letters[i]) {
            ov_buf_put_u8(&json->priv_text, (uint8_t)letters[i + 1]);
            return true;
        }
    }
    return false;
}

/* One well-formed sequence of UTF-8 above 0x7f (RFC 3629, table 3-7 of Unicode). */
static bool read_wide(struct ov_json *json)
{
    const int first = peek(json);
    const unsigned more = first >= 0xf0 ? 3u : first >= 0xe0 ? 2u : 1u;
    int low = 0x80, high = 0xbf;

    if (first < 0xc2 || first > 0xf4) {
        return false;
    }
    low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : low;
    high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : high;
    ov_buf_put_u8(&json->priv_text, (uint8_t)first);
    json->at++;
    for (unsigned i = 0; i < more; i++) {
        const int c = peek(json);

        if (c < low || c > high) {
            return false;
        }
        ov_buf_put_u8(&json->priv_text, (uint8_t)c);
        json->at++;
        low = 0x80;
        high = 0xbf;
    }
    return true;
}

/* At a quotation mark. False: `why` is set. */
static bool read_text(struct ov_json *json)
{
    ov_buf_clear(&json->priv_text);
    json->at++;
    for (int c = peek(json); c != '"'; c = peek(json)) {
        if (c < 0x20) {
            json->why = c < 0 ? "a text has no end" : "a control character in a text";
            return false;
        }
        if (c == '\\') {
            json->at++;
            if (!read_escape(json)) {
                json->why = "an escape that is none";
                return false;
            }
        } else if (c >= 0x80) {
            if (!read_wide(json)) {
                json->why = "bytes that are not UTF-8";
                return false;
            }
        } else {
            ov_buf_put_u8(&json->priv_text, (uint8_t)c);
            json->at++;
        }
    }
    json->at++;
    if (!ov_buf_ok(&json->priv_text)) {
        json->why = "not enough memory for a text";
        return false;
    }
    json->text = ov_buf_bytes(&json->priv_text);
    return true;
}

/* --- numbers and words ---------------------------------------------------------------------- */

static size_t skip_digits(struct ov_json *json)
{
    size_t count = 0;

    for (int c = peek(json); c >= '0' && c <= '9'; c = peek(json)) {
        json->at++;
        count++;
    }
    return count;
}

/* What was walked over, as the C library reads it. */
static bool is_in_range(const struct ov_json *json, uint64_t from, bool whole, int64_t *out)
{
    char number[NUMBER_BYTES_MAX + 1];
    const size_t len = (size_t)(json->at - from);
    double real;

    if (len > NUMBER_BYTES_MAX) {
        return false;
    }
    memcpy(number, ov_bytes_raw(json->priv_in) + from, len);
    number[len] = '\0';
    errno = 0;
    if (whole) {
        *out = strtoll(number, NULL, 10);
        return errno == 0;
    }
    real = strtod(number, NULL);
    return !isinf(real);
}

static enum ov_json_event read_number(struct ov_json *json)
{
    const uint64_t from = json->at;
    bool whole = true;

    json->at += peek(json) == '-' ? 1 : 0;
    if (peek(json) == '0') {
        json->at++;
        if (peek(json) >= '0' && peek(json) <= '9') {
            return bad(json, "a number begins with a zero");
        }
    } else if (skip_digits(json) == 0) {
        return bad(json, "no value");
    }
    if (peek(json) == '.') {
        whole = false;
        json->at++;
        if (skip_digits(json) == 0) {
            return bad(json, "a fraction has no digits");
        }
    }
    if (peek(json) == 'e' || peek(json) == 'E') {
        whole = false;
        json->at++;
        json->at += peek(json) == '+' || peek(json) == '-' ? 1 : 0;
        if (skip_digits(json) == 0) {
            return bad(json, "an exponent has no digits");
        }
    }
    if (!is_in_range(json, from, whole, &json->integer)) {
        return bad(json, "a number is too large");
    }
    return whole ? OV_JSON_INTEGER : OV_JSON_OTHER;
}

static enum ov_json_event read_word(struct ov_json *json)
{
    static const char *const words[] = { "true", "false", "null" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const size_t len = strlen(words[i]);
        struct ov_bytes at;

        if (ov_bytes_slice(json->priv_in, json->at, len, &at)
                && ov_bytes_equal(at, words[i], len)) {
            json->at += len;
            return OV_JSON_OTHER;
        }
    }
    return read_number(json);
}

/* --- structure ------------------------------------------------------------------------------ */

static bool in_object(const struct ov_json *json)
{
    return json->priv_depth != 0 && json->priv_is_object[json->priv_depth - 1];
}

static enum ov_json_event begin(struct ov_json *json, bool is_object)
{
    if (json->priv_depth == OV_JSON_DEPTH_MAX) {
        return bad(json, "nested too deep");
    }
    json->at++;
    json->priv_is_object[json->priv_depth++] = is_object;
    json->priv_wants = WANTS_FIRST;
    return is_object ? OV_JSON_OBJECT : OV_JSON_ARRAY;
}

static enum ov_json_event end(struct ov_json *json)
{
    json->at++;
    json->priv_depth--;
    json->priv_wants = json->priv_depth == 0 ? WANTS_NOTHING : WANTS_COMMA;
    return OV_JSON_END;
}

static enum ov_json_event read_value(struct ov_json *json)
{
    const int c = peek(json);
    enum ov_json_event event = OV_JSON_TEXT;

    if (c == '{' || c == '[') {
        return begin(json, c == '{');
    }
    if (c != '"') {
        event = read_word(json);
    } else if (!read_text(json)) {
        return bad(json, json->why);
    }
    if (event != OV_JSON_BAD) {
        json->priv_wants = WANTS_COMMA;
    }
    return event;
}

static enum ov_json_event read_key(struct ov_json *json)
{
    if (peek(json) != '"') {
        return bad(json, "no key");
    }
    if (!read_text(json)) {
        return bad(json, json->why);
    }
    if (memchr(ov_bytes_raw(json->text), 0, (size_t)ov_bytes_len(json->text)) != NULL) {
        return bad(json, "a NUL in a key");
    }
    skip_blanks(json);
    if (peek(json) != ':') {
        return bad(json, "no colon behind a key");
    }
    json->at++;
    json->priv_wants = WANTS_VALUE;
    return OV_JSON_KEY;
}

static enum ov_json_event read_inside(struct ov_json *json)
{
    const char closes = in_object(json) ? '}' : ']';

    if (peek(json) == closes && json->priv_wants != WANTS_NEXT) {
        return end(json);
    }
    if (json->priv_wants == WANTS_COMMA) {
        if (peek(json) != ',') {
            return bad(json, "no comma between two values");
        }
        json->at++;
        json->priv_wants = WANTS_NEXT;
        skip_blanks(json);
    }
    return in_object(json) ? read_key(json) : read_value(json);
}

enum ov_json_event ov_json_next(struct ov_json *json)
{
    const enum wants wants = (enum wants)json->priv_wants;

    skip_blanks(json);
    switch (wants) {
    case WANTS_OUTSIDE:
        return peek(json) == '{' || peek(json) == '[' ? read_value(json)
                                                      : bad(json, "neither an object nor an array");
    case WANTS_VALUE:
        return read_value(json);
    case WANTS_FIRST:
    case WANTS_NEXT:
    case WANTS_COMMA:
        return read_inside(json);
    case WANTS_NOTHING:
        if (peek(json) >= 0) {
            return bad(json, "something stands behind the end");
        }
        json->priv_wants = WANTS_NO_MORE;
        return OV_JSON_DONE;
    case WANTS_NO_MORE:
        break;
    }
    return bad(json, "it ended before");
}
