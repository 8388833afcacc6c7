/* SPDX-License-Identifier: Apache-2.0 */
/* hex.c - recursive descent over the parentheses, at most OV_NEST_MAX of them deep.
 *
 *   alternatives = tokens { "|" tokens }
 *   tokens       = token { { jump } token }        begins and ends with a token, never a jump
 *   token        = byte | "(" alternatives ")"
 */
#include "rules/yara/hex.h"

#include "base/checked.h"
#include "base/limits.h"
#include "rules/yara/tree.h"

/* As YARA: longer jumps chain two strings, which cannot be done inside parentheses. */
#define JUMP_IN_PARENTHESES_MAX 200u
#define JUMP_MAX                ((uint64_t)INT32_MAX)

struct hex {
    struct ov_reading *reading;
    const struct ov_token *token;
    struct ov_bytes name; /* of the string, for messages */
    size_t pos;           /* <= length of the text */
    uint32_t depth;
};

static struct ov_re *read_alternatives(struct hex *h);

static int peek_at(const struct hex *h, size_t ahead)
{
    const size_t len = (size_t)ov_bytes_len(h->token->text);

    OV_ASSERT(h->pos <= len);
    return ahead < len - h->pos ? ov_bytes_raw(h->token->text)[h->pos + ahead] : -1;
}

/* Called once a string at most: positions are only worked out when there is something to tell. */
static void *wrong(struct hex *h, const char *what)
{
    uint32_t line = h->token->body_line, column = h->token->body_column;

    for (size_t i = 0; i < h->pos; i++) {
        column++;
        if (ov_bytes_raw(h->token->text)[i] == '\n') {
            line++;
            column = 1;
        }
    }
    ov_reading_error(h->reading, line, column, "invalid hex string \"%s\": %s",
            ov_excerpt_of(h->name).text, what);
    return NULL;
}

/* The lexer saw to it that comments are closed. */
static void skip_comment(struct hex *h)
{
    const bool is_line = peek_at(h, 1) == '/';

    h->pos += 2;
    for (int c = peek_at(h, 0); c >= 0; c = peek_at(h, 0)) {
        if (is_line && c == '\n') {
            return;
        }
        if (!is_line && c == '*' && peek_at(h, 1) == '/') {
            h->pos += 2;
            return;
        }
        h->pos++;
    }
}

/* The next byte that is no blank and no comment, or -1. */
static int peek(struct hex *h)
{
    for (;;) {
        const int c = peek_at(h, 0);

        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            h->pos++;
        } else if (c == '/') {
            skip_comment(h);
        } else {
            return c;
        }
    }
}

static int nibble(int c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What has a place in a hex string, only not here. */
static bool is_text(int c)
{
    return c < 0 || c == ']' || c == '-' || c == '|' || c == ')' || c == '(' || c == '[';
}

/* Two digits, one or both of them `?`, perhaps behind a `~`. */
static struct ov_re *read_byte(struct hex *h)
{
    const bool negate = peek_at(h, 0) == '~';
    struct ov_re *node;
    int high, low;

    h->pos += negate;
    high = peek_at(h, 0);
    low = peek_at(h, 1);
    if (nibble(high) < 0 && high != '?') {
        return wrong(h, negate          ? "invalid not operator (~) in hex string"
                        : is_text(high) ? "syntax error"
                                        : "invalid character in hex string");
    }
    if (nibble(low) < 0 && low != '?') {
        return wrong(h, negate ? "invalid not operator (~) in hex string"
                               : "uneven number of digits in hex string");
    }
    if (high == '?' && low == '?') {
        if (negate) {
            return wrong(h, "invalid not operator (~) in hex string");
        }
        h->pos += 2;
        return ov_re_new(h->reading, OV_RE_ANY);
    }
    node = ov_re_byte(h->reading, 0);
    if (node == NULL) {
        return NULL;
    }
    node->value = (uint8_t)((high == '?' ? 0 : nibble(high) << 4) | (low == '?' ? 0 : nibble(low)));
    node->mask = (uint8_t)((high == '?' ? 0 : 0xf0) | (low == '?' ? 0 : 0x0f));
    node->negate = negate;
    h->pos += 2;
    return node;
}

static struct ov_re *read_parentheses(struct hex *h)
{
    struct ov_re *node;

    if (h->depth >= OV_NEST_MAX) {
        return wrong(h, "parentheses are nested too deep");
    }
    h->pos++;
    h->depth++;
    node = read_alternatives(h);
    h->depth--;
    if (node == NULL) {
        return NULL;
    }
    if (peek(h) != ')') {
        return wrong(h, "syntax error");
    }
    h->pos++;
    return node;
}

/* False: no digits here. A number past the limit stays past it. */
static bool read_number(struct hex *h, uint64_t *out)
{
    uint64_t value = 0;
    int c = peek(h);

    if (c < '0' || c > '9') {
        return false;
    }
    for (; c >= '0' && c <= '9'; c = peek_at(h, 0)) {
        if (value <= JUMP_MAX) {
            value = value * 10 + (uint64_t)(c - '0');
        }
        h->pos++;
    }
    *out = value;
    return true;
}

struct jump {
    uint64_t min;
    uint64_t max;
    bool unbounded;
};

/* [n], [n-m], [n-], [-] */
static bool read_jump(struct hex *h, struct jump *out)
{
    bool has_min, has_max = false;

    h->pos++;
    has_min = read_number(h, &out->min);
    out->max = out->min;
    if (peek(h) == '-') {
        h->pos++;
        has_max = read_number(h, &out->max);
        out->unbounded = !has_max;
    } else if (!has_min) {
        return wrong(h, "syntax error") != NULL;
    } else if (out->min == 0) {
        return wrong(h, "invalid jump length") != NULL;
    }
    if (peek(h) != ']' || (!has_min && has_max)) {
        return wrong(h, "syntax error") != NULL;
    }
    if (out->min > JUMP_MAX || out->max > JUMP_MAX) {
        return wrong(h, "a jump of more than 2147483647 bytes") != NULL;
    }
    if (!out->unbounded && out->max < out->min) {
        return wrong(h, "invalid jump range") != NULL;
    }
    if (h->depth > 0 && out->unbounded) {
        return wrong(h, "unbounded jumps not allowed inside alternation (|)") != NULL;
    }
    if (h->depth > 0 && out->max > JUMP_IN_PARENTHESES_MAX) {
        return wrong(h, "jumps over 200 not allowed inside alternation (|)") != NULL;
    }
    h->pos++;
    return true;
}

/* Jumps in a row are one: [1-2][3-] is [4-]. */
static bool read_jumps(struct hex *h, struct ov_re_list *list)
{
    struct jump all = { 0 };
    struct ov_re *node;

    while (peek(h) == '[') {
        struct jump one = { 0 };

        if (!read_jump(h, &one)) {
            return false;
        }
        all.min += one.min;
        all.max += one.max;
        all.unbounded = all.unbounded || one.unbounded;
        if (all.min > JUMP_MAX || all.max > JUMP_MAX) {
            return wrong(h, "jumps that add up to more than 2147483647 bytes") != NULL;
        }
    }
    if (peek(h) < 0 || peek(h) == ')' || peek(h) == '|') {
        return wrong(h, "syntax error") != NULL;
    }
    if (!all.unbounded && all.max == 0) {
        return true; /* [0-0] */
    }
    node = ov_re_new(h->reading, OV_RE_REPEAT);
    if (node == NULL) {
        return false;
    }
    node->children = ov_re_new(h->reading, OV_RE_ANY);
    if (node->children == NULL) {
        return false;
    }
    node->lazy = true;
    node->min = (uint32_t)all.min;
    node->max = all.unbounded ? OV_RE_UNBOUNDED : (uint32_t)all.max;
    ov_re_list_add(list, node);
    return true;
}

static struct ov_re *read_tokens(struct hex *h)
{
    struct ov_re_list list = { 0 };

    for (int c = peek(h); c >= 0 && c != ')' && c != '|'; c = peek(h)) {
        struct ov_re *node;

        if (c == '[') {
            if (list.count == 0) {
                return wrong(h, "syntax error");
            }
            if (!read_jumps(h, &list)) {
                return NULL;
            }
            continue;
        }
        node = c == '(' ? read_parentheses(h) : read_byte(h);
        if (node == NULL) {
            return NULL;
        }
        ov_re_list_add(&list, node);
    }
    if (list.count == 0) {
        return wrong(h, "syntax error");
    }
    return ov_re_list_close(h->reading, &list, OV_RE_CONCAT);
}

static struct ov_re *read_alternatives(struct hex *h)
{
    struct ov_re_list list = { 0 };

    for (;;) {
        struct ov_re *node = read_tokens(h);

        if (node == NULL) {
            return NULL;
        }
        ov_re_list_add(&list, node);
        if (h->depth == 0 || peek(h) != '|') {
            return ov_re_list_close(h->reading, &list, OV_RE_ALT);
        }
        h->pos++;
    }
}

struct ov_re *ov_hex_read(
        struct ov_reading *reading, const struct ov_token *token, struct ov_bytes name)
{
    struct hex h = { .reading = reading, .token = token, .name = name };
    struct ov_re *node;

    OV_ASSERT(token->kind == OV_TOKEN_HEX);
    node = read_alternatives(&h);
    if (node == NULL) {
        return NULL;
    }
    if (peek(&h) == ')') {
        return wrong(&h, "syntax error");
    }
    if (peek(&h) >= 0) {
        return wrong(&h, "syntax error");
    }
    return node;
}
