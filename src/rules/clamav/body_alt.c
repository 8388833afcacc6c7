/* SPDX-License-Identifier: Apache-2.0 */
/* body_alt.c - parentheses inside a body: alternatives, what is none of them, and classes of bytes
 * that stand for one. Depth is bounded by OV_CLAM_NEST_MAX. */
#include <string.h>

#include "base/checked.h"
#include "rules/clamav/reader.h"

static char char_at(const struct body *body, uint64_t at)
{
    return (char)(at < ov_bytes_len(body->text) ? ov_bytes_raw(body->text)[at] : 0);
}

static void set_add(struct ov_re_set *set, unsigned byte)
{
    set->bits[byte / 64] |= (uint64_t)1 << byte % 64;
}

static bool set_has(const struct ov_re_set *set, unsigned byte)
{
    return (set->bits[byte / 64] >> byte % 64 & 1) != 0;
}

static void set_invert(struct ov_re_set *set)
{
    for (unsigned i = 0; i < 4; i++) {
        set->bits[i] = ~set->bits[i];
    }
}

/* --- classes --------------------------------------------------------------------------------- */

static struct ov_re *one_of(struct body *body, const char *bytes, bool negated)
{
    struct ov_re_set set = { { 0 } };

    for (size_t i = 0; bytes[i] != '\0'; i++) {
        set_add(&set, (uint8_t)bytes[i]);
    }
    if (negated) {
        set_invert(&set);
    }
    return re_class(body->line, &set);
}

static struct ov_re *line_end(struct body *body, bool negated)
{
    struct re_list crlf = { .first = NULL }, both = { .first = NULL };

    if (negated) {
        return one_of(body, "\n", true);
    }
    re_add(&crlf, one_of(body, "\r", false));
    re_add(&crlf, one_of(body, "\n", false));
    re_add(&both, one_of(body, "\n", false));
    re_add(&both, re_close(body->line, &crlf, OV_RE_CONCAT));
    return re_close(body->line, &both, OV_RE_ALT);
}

/* (B), (L), (W) inside a body take a byte. */
static struct ov_re *class_inside(struct body *body, char letter, bool negated)
{
    static const char word[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    switch (letter) {
    case 'B':
        return one_of(body, "\n\r \"'-./<=>@_", negated);
    case 'W':
        return one_of(body, word, !negated);
    default:
        return line_end(body, negated);
    }
}

/* --- alternatives ---------------------------------------------------------------------------- */

/* The plain texts of alternatives of one length, for negation. */
struct plain {
    struct ov_bytes texts[256]; /* hexadecimal digits */
    size_t count;
    uint64_t digits; /* of each */
    bool is_plain;
};

static void note_plain(struct plain *plain, struct ov_bytes text)
{
    struct ov_reader r = ov_reader_on(text);
    uint8_t c;

    if (plain->count == sizeof(plain->texts) / sizeof(plain->texts[0])
            || (plain->count != 0 && ov_bytes_len(text) != plain->digits)) {
        plain->is_plain = false;
        return;
    }
    while (ov_read_u8(&r, &c)) {
        plain->is_plain = plain->is_plain && hex_digit(c) >= 0;
    }
    plain->digits = ov_bytes_len(text);
    plain->texts[plain->count++] = text;
}

static uint8_t byte_of(struct ov_bytes digits, uint64_t index)
{
    const uint8_t *raw = ov_bytes_raw(digits);

    return (uint8_t)(hex_digit(raw[index * 2]) << 4 | hex_digit(raw[index * 2 + 1]));
}

/* One alternative, up to `|` or `)`. */
static struct ov_re *read_choice(struct body *body, struct plain *plain, unsigned depth)
{
    const uint64_t from = body->at;
    struct re_list list = { .first = NULL };

    while (!body->failed) {
        const char c = char_at(body, body->at);

        if (c == '|' || c == ')') {
            break;
        }
        if (c == '\0') {
            body_wrong(body, "a parenthesis is not closed");
        } else if (c == '(' || c == '!') {
            const bool negated = c == '!';

            plain->is_plain = false;
            body->at += negated;
            re_add(&list, body_alternative(body, negated, depth + 1));
        } else if (c == '*' || c == '{' || c == '[') {
            body_wrong(body, "there is a gap inside parentheses");
        } else {
            const uint64_t left = ov_bytes_len(body->text) - body->at;

            if (body_byte(body, part(body->text, body->at, body->at + (left < 2 ? left : 2)),
                        &list)) {
                body->at += 2;
            }
        }
    }
    if (body->failed) {
        return NULL;
    }
    if (list.count == 0) {
        body_wrong(body, "an empty alternative");
        return NULL;
    }
    note_plain(plain, part(body->text, from, body->at));
    return re_close(body->line, &list, OV_RE_CONCAT);
}

/* Bytes of the length of the given texts that are none of them: the first differs, or the first is
 * one of theirs and the rest is none of the rests. `count` texts share their first `at` bytes. */
static struct ov_re *none_of(
        struct body *body, struct ov_bytes *texts, size_t count, uint64_t at, uint64_t len)
{
    struct ov_re_set firsts = { { 0 } }, others;
    struct re_list choices = { .first = NULL }, list = { .first = NULL };

    if (++body->nodes > OV_CLAM_BODY_NODES_MAX) {
        body_wrong(body, "it is too long");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        set_add(&firsts, byte_of(texts[i], at));
    }
    others = firsts;
    set_invert(&others);
    re_add(&list, re_class(body->line, &others));
    if (at + 1 == len) {
        return list.first;
    }
    re_add(&list, re_any(body->line, (uint32_t)(len - at - 1), (uint32_t)(len - at - 1)));
    re_add(&choices, re_close(body->line, &list, OV_RE_CONCAT));
    for (unsigned byte = 0; byte < 256 && !body->failed; byte++) {
        struct ov_bytes same[256];
        struct ov_re_set one = { { 0 } };
        struct re_list branch = { .first = NULL };
        size_t same_count = 0;

        if (!set_has(&firsts, byte)) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (byte_of(texts[i], at) == byte) {
                same[same_count++] = texts[i];
            }
        }
        set_add(&one, byte);
        re_add(&branch, re_class(body->line, &one));
        re_add(&branch, none_of(body, same, same_count, at + 1, len));
        re_add(&choices, re_close(body->line, &branch, OV_RE_CONCAT));
    }
    return re_close(body->line, &choices, OV_RE_ALT);
}

static struct ov_re *negate(struct body *body, struct plain *plain)
{
    if (!plain->is_plain || plain->digits % 2 != 0 || plain->digits > 32) {
        body_wrong(body, "only alternatives of one length, without wildcards, can be negated");
        return NULL;
    }
    if (body->flags != 0) {
        body_wrong(body, "negated alternatives do not go with modifiers");
        return NULL;
    }
    return none_of(body, plain->texts, plain->count, 0, plain->digits / 2);
}

struct ov_re *body_alternative(struct body *body, bool negated, unsigned depth)
{
    struct plain plain = { .is_plain = true };
    struct re_list choices = { .first = NULL };
    const char letter = char_at(body, body->at + 1);

    if (depth >= OV_CLAM_NEST_MAX) {
        body_wrong(body, "parentheses nest too deeply");
        return NULL;
    }
    if ((letter == 'B' || letter == 'L' || letter == 'W') && char_at(body, body->at + 2) == ')') {
        body->at += 3;
        return class_inside(body, letter, negated);
    }
    do {
        body->at++; /* the parenthesis or the bar */
        re_add(&choices, read_choice(body, &plain, depth));
    } while (!body->failed && char_at(body, body->at) == '|');
    if (body->failed) {
        return NULL;
    }
    body->at++;
    if (negated) {
        return negate(body, &plain);
    }
    return re_close(body->line, &choices, OV_RE_ALT);
}
