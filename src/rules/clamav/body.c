/* SPDX-License-Identifier: Apache-2.0 */
/* body.c - the grammar of bodies: hexadecimal digits with wildcards, gaps, alternatives and edges,
 * to the tree that the compiler takes for hex strings. */
#include "base/checked.h"
#include "rules/clamav/reader.h"

#define EXACT_GAP_MAX 128u /* `{n}` below this is n wildcards and splits nothing */
#define ANCHOR_MAX    32u

static char char_at(const struct body *body, uint64_t at)
{
    return (char)(at < ov_bytes_len(body->text) ? ov_bytes_raw(body->text)[at] : 0);
}

void body_wrong(struct body *body, const char *why)
{
    body->failed = true;
    (void)refuse(
            body->line, "at character %llu of a body: %s", (unsigned long long)body->at + 1, why);
}

static bool node_allowed(struct body *body)
{
    if (++body->nodes <= OV_CLAM_BODY_NODES_MAX) {
        return true;
    }
    body_wrong(body, "it is too long");
    return false;
}

/* --- bytes ----------------------------------------------------------------------------------- */

static struct ov_re *masked(struct body *body, uint8_t value, uint8_t mask)
{
    struct ov_re *node;

    if (mask == 0xff && (body->flags & BODY_NOCASE) != 0 && (value | 0x20) >= 'a'
            && (value | 0x20) <= 'z') {
        struct ov_re_set set = { { 0 } };
        const unsigned low = value | 0x20, high = low & ~0x20u;

        set.bits[low / 64] |= (uint64_t)1 << low % 64;
        set.bits[high / 64] |= (uint64_t)1 << high % 64;
        return re_class(body->line, &set);
    }
    if (mask == 0) {
        return re_new(body->line, OV_RE_ANY);
    }
    node = re_new(body->line, OV_RE_BYTE);
    if (node != NULL) {
        node->value = value & mask;
        node->mask = mask;
    }
    return node;
}

/* Two characters, each a digit or `?`. */
bool body_byte(struct body *body, struct ov_bytes digits, struct re_list *list)
{
    unsigned value = 0, mask = 0;

    if (!node_allowed(body)) {
        return false;
    }
    if (ov_bytes_len(digits) != 2) {
        body_wrong(body, "half a byte");
        return false;
    }
    for (uint64_t i = 0; i < 2; i++) {
        const uint8_t c = ov_bytes_raw(digits)[i];
        const int digit = hex_digit(c);

        value <<= 4;
        mask <<= 4;
        if (digit >= 0) {
            value |= (unsigned)digit;
            mask |= 0xf;
        } else if (c != '?') {
            body_wrong(body, "this is neither a hexadecimal digit nor a wildcard");
            return false;
        }
    }
    re_add(list, masked(body, (uint8_t)value, (uint8_t)mask));
    if ((body->flags & BODY_WIDE) != 0) {
        struct ov_re *zero = re_new(body->line, OV_RE_BYTE);

        if (zero != NULL) {
            zero->mask = 0xff;
        }
        re_add(list, zero);
    }
    return true;
}

/* --- gaps ------------------------------------------------------------------------------------ */

/* `n`, `-m`, `n-` or `n-m` between brackets; no maximum is written as 0 or not at all. */
static bool read_gap(struct ov_bytes text, uint64_t *min, uint64_t *max)
{
    const uint64_t dash = find_byte(text, '-');
    const uint64_t len = ov_bytes_len(text);

    if (dash == len) {
        if (!read_number(text, OV_RE_UNBOUNDED - 1, min)) {
            return false;
        }
        *max = *min;
        return true;
    }
    *min = 0;
    *max = 0;
    if ((dash > 0 && !read_number(part(text, 0, dash), OV_RE_UNBOUNDED - 1, min))
            || (dash + 1 < len && !read_number(part(text, dash + 1, len), OV_RE_UNBOUNDED - 1, max))
            || len == 1) {
        return false;
    }
    *max = *max == 0 ? OV_RE_UNBOUNDED : *max;
    return true;
}

/* The text between the bracket at `at` and the one that closes it; *next: behind that. */
static bool between(struct body *body, char closing, struct ov_bytes *inside, uint64_t *next)
{
    const struct ov_bytes rest = part(body->text, body->at + 1, ov_bytes_len(body->text));
    const uint64_t end = find_byte(rest, closing);

    if (end == ov_bytes_len(rest)) {
        body_wrong(body, "a bracket is not closed");
        return false;
    }
    *inside = part(rest, 0, end);
    *next = body->at + 1 + end + 1;
    return true;
}

/* One part: what stands between two gaps that split. */
struct piece {
    unsigned run;   /* bytes known in full, up to here */
    bool anchored;  /* there are two such bytes side by side */
    bool something; /* anything at all */
};

static bool end_piece(struct body *body, struct piece *piece)
{
    if (!piece->anchored) {
        body_wrong(body, piece->something ? "no two known bytes stand side by side between two gaps"
                                          : "nothing stands between two gaps, or at an end");
        return false;
    }
    *piece = (struct piece){ .run = 0 };
    return true;
}

static bool take_braces(struct body *body, struct piece *piece, struct re_list *list)
{
    struct ov_bytes inside;
    uint64_t next, min, max;

    if (!between(body, '}', &inside, &next)) {
        return false;
    }
    if (!read_gap(inside, &min, &max) || min > max) {
        body_wrong(body, "this gap is none");
        return false;
    }
    body->at = next;
    if (min == max && min < EXACT_GAP_MAX) {
        if (min > 0) {
            piece->run = 0;
            re_add(list, re_any(body->line, (uint32_t)min, (uint32_t)max));
        }
        return true;
    }
    if (!end_piece(body, piece)) {
        return false;
    }
    re_add(list, re_any(body->line, (uint32_t)min, (uint32_t)max));
    return true;
}

static bool take_star(struct body *body, struct piece *piece, struct re_list *list)
{
    if (!end_piece(body, piece)) {
        return false;
    }
    body->at++;
    re_add(list, re_any(body->line, 0, OV_RE_UNBOUNDED));
    return true;
}

/* `HH[n-m]` before a part, `[n-m]HH` behind it. */
static bool take_anchor(struct body *body, struct piece *piece, struct re_list *list)
{
    struct ov_bytes inside;
    uint64_t next, min, max;

    if (!between(body, ']', &inside, &next)) {
        return false;
    }
    if (!read_gap(inside, &min, &max) || min > max || max > ANCHOR_MAX) {
        body_wrong(body, "between square brackets stands n-m, m being at most 32");
        return false;
    }
    piece->run = 0;
    body->at = next;
    re_add(list, re_any(body->line, (uint32_t)min, (uint32_t)max));
    return true;
}

/* --- edges ----------------------------------------------------------------------------------- */

static bool is_class(const struct body *body, uint64_t at)
{
    const char letter = char_at(body, at + 1);

    return char_at(body, at) == '(' && (letter == 'B' || letter == 'L' || letter == 'W')
           && char_at(body, at + 2) == ')';
}

static struct ov_re *edge(struct body *body, char letter, bool before, bool negated)
{
    struct ov_re *node = re_new(body->line, OV_RE_EDGE);

    if (node != NULL) {
        node->value = letter == 'B'   ? (before ? OV_EDGE_BLANK_BEFORE : OV_EDGE_BLANK_AFTER)
                      : letter == 'L' ? (before ? OV_EDGE_LINE_BEFORE : OV_EDGE_LINE_AFTER)
                                      : (before ? OV_EDGE_WORD_BEFORE : OV_EDGE_WORD_AFTER);
        node->negate = negated;
    }
    return node;
}

/* Of a full word. */
static struct ov_re *word_edge(struct body *body, bool before)
{
    struct ov_re *node = edge(body, 'W', before, false);

    if (node != NULL && (body->flags & BODY_WIDE) != 0) {
        node->value = before ? OV_EDGE_WIDE_WORD_BEFORE : OV_EDGE_WIDE_WORD_AFTER;
    }
    return node;
}

static bool take_parenthesis(struct body *body, struct piece *piece, struct re_list *list)
{
    const bool negated = char_at(body, body->at) == '!';
    const uint64_t open = body->at + negated;
    const uint64_t start = body->at;

    if (char_at(body, open) != '(') {
        body_wrong(body, "`!` stands before a parenthesis only");
        return false;
    }
    if (is_class(body, open) && (start == 0 || open + 3 == ov_bytes_len(body->text))) {
        re_add(list, edge(body, char_at(body, open + 1), start == 0, negated));
        body->at = open + 3;
        return true;
    }
    body->at = open;
    piece->run = 0;
    re_add(list, body_alternative(body, negated, 0));
    return !body->failed;
}

/* --- all of it ------------------------------------------------------------------------------- */

static bool take_byte(struct body *body, struct piece *piece, struct re_list *list)
{
    const uint64_t left = ov_bytes_len(body->text) - body->at;
    const struct ov_bytes digits = part(body->text, body->at, body->at + (left < 2 ? left : 2));

    if (!body_byte(body, digits, list)) {
        return false;
    }
    body->at += 2;
    piece->something = true;
    piece->run = find_byte(digits, '?') == 2 ? piece->run + 1 : 0;
    piece->anchored |= piece->run >= 2 || (body->flags & BODY_WIDE) != 0;
    return true;
}

static bool take_one(struct body *body, struct piece *piece, struct re_list *list)
{
    switch (char_at(body, body->at)) {
    case '*':
        return take_star(body, piece, list);
    case '{':
        return take_braces(body, piece, list);
    case '[':
        return take_anchor(body, piece, list);
    case '(':
    case '!':
        return take_parenthesis(body, piece, list);
    default:
        return take_byte(body, piece, list);
    }
}

struct ov_re *body_read(struct line *line, struct ov_bytes text, unsigned flags)
{
    struct body body = { .line = line, .text = text, .flags = flags };
    struct piece piece = { .run = 0 };
    struct re_list list = { .first = NULL };

    if ((flags & BODY_FULLWORD) != 0) {
        re_add(&list, word_edge(&body, true));
    }
    while (body.at < ov_bytes_len(text)) {
        if (!take_one(&body, &piece, &list)) {
            return NULL;
        }
    }
    if (!end_piece(&body, &piece)) {
        return NULL;
    }
    if ((flags & BODY_FULLWORD) != 0) {
        re_add(&list, word_edge(&body, false));
    }
    return line->clam->diags->out_of_memory ? NULL : re_close(line, &list, OV_RE_CONCAT);
}
