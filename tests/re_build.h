/* SPDX-License-Identifier: Apache-2.0 */
/* re_build.h - for tests: expressions from a short notation, and what they match, found the plain
 * way (every start, every length). Shares no code with what is tested.
 *
 * Notation: bytes, . (any but LF; any with `dot_all`), [a-z], [^a-z], (a|b), * + ? {n} {n,} {n,m},
 * each lazy with ? behind it, ^ $ \b \B \n \xHH \any.
 */
#ifndef OV_TESTS_RE_BUILD_H
#define OV_TESTS_RE_BUILD_H

#include <string.h>

#include "base/arena.h"
#include "base/checked.h"
#include "rules/ir/regex.h"

struct re_builder {
    struct ov_arena *arena;
    const char *at;
    bool dot_all;
};

static struct ov_re *re_node(struct re_builder *b, enum ov_re_kind kind)
{
    struct ov_re *re = ov_arena_alloc(b->arena, 1, sizeof(*re));

    OV_ASSERT(re != NULL);
    re->kind = kind;
    return re;
}

static unsigned re_hex(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static unsigned re_char(struct re_builder *b)
{
    unsigned c = (uint8_t)*b->at++;

    if (c != '\\') {
        return c;
    }
    c = (uint8_t)*b->at++;
    if (c == 'x') {
        c = re_hex(b->at[0]) * 16 + re_hex(b->at[1]);
        b->at += 2;
    } else if (c == 'n') {
        c = '\n';
    }
    return c;
}

static struct ov_re *re_class(struct re_builder *b, bool negate)
{
    struct ov_re *re = re_node(b, OV_RE_CLASS);

    re->set = ov_arena_alloc(b->arena, 1, sizeof(*re->set));
    OV_ASSERT(re->set != NULL);
    while (*b->at != ']') {
        const unsigned low = re_char(b);
        unsigned high = low;

        if (b->at[0] == '-' && b->at[1] != ']') {
            b->at++;
            high = re_char(b);
        }
        for (unsigned c = low; c <= high; c++) {
            re->set->bits[c >> 6] |= UINT64_C(1) << (c & 63);
        }
    }
    b->at++;
    re->negate = negate;
    return re;
}

static struct ov_re *re_alternatives(struct re_builder *b);

static struct ov_re *re_atom(struct re_builder *b)
{
    struct ov_re *re;

    switch (*b->at) {
    case '(':
        b->at++;
        re = re_alternatives(b);
        OV_ASSERT(*b->at == ')');
        b->at++;
        return re;
    case '[':
        b->at++;
        if (*b->at == '^') {
            b->at++;
            return re_class(b, true);
        }
        return re_class(b, false);
    case '.':
        b->at++;
        if (b->dot_all) {
            return re_node(b, OV_RE_ANY);
        }
        re = re_node(b, OV_RE_BYTE);
        re->value = '\n';
        re->mask = 0xff;
        re->negate = true;
        return re;
    case '^':
        b->at++;
        return re_node(b, OV_RE_BEGIN);
    case '$':
        b->at++;
        return re_node(b, OV_RE_END);
    default:
        break;
    }
    if (b->at[0] == '\\' && (b->at[1] == 'b' || b->at[1] == 'B')) {
        re = re_node(b, b->at[1] == 'b' ? OV_RE_WORD_BOUNDARY : OV_RE_NOT_WORD_BOUNDARY);
        b->at += 2;
        return re;
    }
    re = re_node(b, OV_RE_BYTE);
    re->value = (uint8_t)re_char(b);
    re->mask = 0xff;
    return re;
}

static uint32_t re_number(struct re_builder *b)
{
    uint32_t n = 0;

    while (*b->at >= '0' && *b->at <= '9') {
        n = n * 10 + (uint32_t)(*b->at++ - '0');
    }
    return n;
}

static struct ov_re *re_repeat(struct re_builder *b)
{
    struct ov_re *re = re_atom(b);

    while (*b->at == '*' || *b->at == '+' || *b->at == '?' || *b->at == '{') {
        struct ov_re *repeat = re_node(b, OV_RE_REPEAT);
        const char c = *b->at++;

        repeat->children = re;
        repeat->min = c == '+' ? 1 : 0;
        repeat->max = c == '?' ? 1 : OV_RE_UNBOUNDED;
        if (c == '{') {
            repeat->min = repeat->max = re_number(b);
            if (*b->at == ',') {
                b->at++;
                repeat->max = *b->at == '}' ? OV_RE_UNBOUNDED : re_number(b);
            }
            b->at++;
        }
        if (*b->at == '?') {
            b->at++;
            repeat->lazy = true;
        }
        re = repeat;
    }
    return re;
}

static struct ov_re *re_list(struct re_builder *b)
{
    struct ov_re *first = NULL, **end = &first, *concat;

    while (*b->at != '\0' && *b->at != '|' && *b->at != ')') {
        *end = re_repeat(b);
        end = &(*end)->next;
    }
    if (first == NULL) {
        return re_node(b, OV_RE_EMPTY);
    }
    if (first->next == NULL) {
        return first;
    }
    concat = re_node(b, OV_RE_CONCAT);
    concat->children = first;
    return concat;
}

static struct ov_re *re_alternatives(struct re_builder *b)
{
    struct ov_re *first = re_list(b), *last = first, *alt;

    if (*b->at != '|') {
        return first;
    }
    while (*b->at == '|') {
        b->at++;
        last->next = re_list(b);
        last = last->next;
    }
    alt = re_node(b, OV_RE_ALT);
    alt->children = first;
    return alt;
}

static inline struct ov_re *re_of(struct ov_arena *arena, const char *text, bool dot_all)
{
    struct re_builder b = { .arena = arena, .at = text, .dot_all = dot_all };
    struct ov_re *re = re_alternatives(&b);

    OV_ASSERT(*b.at == '\0');
    return re;
}

/* --- the plain matcher: texts of at most 62 bytes, sets of offsets as bits --------------------- */

struct naive {
    const uint8_t *text;
    unsigned size; /* <= 62 */
    bool nocase;
    bool wide;
};

static inline bool naive_word(const struct naive *n, int at)
{
    unsigned c;

    if (at < 0 || at >= (int)n->size || (n->wide && (at + 1 >= (int)n->size || n->text[at + 1]))) {
        return false;
    }
    c = n->text[at];
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static inline bool naive_in(const struct ov_re *re, unsigned c)
{
    if (re->kind == OV_RE_ANY) {
        return true;
    }
    if (re->kind == OV_RE_CLASS) {
        return (re->set->bits[c >> 6] >> (c & 63) & 1) != 0;
    }
    return (c & re->mask) == re->value;
}

static inline bool naive_takes(const struct naive *n, const struct ov_re *re, unsigned at)
{
    const unsigned c = n->text[at];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    if (n->wide && (at + 1 >= n->size || n->text[at + 1] != 0)) {
        return false;
    }
    return (naive_in(re, c) || (n->nocase && letter && naive_in(re, c ^ 0x20))) != re->negate;
}

/* Where the expression may end, if it begins at any of `from`. */
static inline uint64_t naive_ends(const struct naive *n, const struct ov_re *re, uint64_t from)
{
    const unsigned step = n->wide ? 2 : 1;
    uint64_t out = 0, seen, at;

    switch (re->kind) {
    case OV_RE_EMPTY:
        return from;
    case OV_RE_BYTE:
    case OV_RE_CLASS:
    case OV_RE_ANY:
        for (unsigned i = 0; i < n->size; i++) {
            if ((from >> i & 1) != 0 && naive_takes(n, re, i)) {
                out |= UINT64_C(1) << (i + step);
            }
        }
        return out;
    case OV_RE_CONCAT:
        for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
            from = naive_ends(n, child, from);
        }
        return from;
    case OV_RE_ALT:
        for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
            out |= naive_ends(n, child, from);
        }
        return out;
    case OV_RE_REPEAT:
        at = from;
        for (uint32_t i = 0; i < re->min && i < 200; i++) {
            at = naive_ends(n, re->children, at);
        }
        seen = at;
        for (uint32_t i = re->min; i < re->max && i < re->min + 200 && at != 0; i++) {
            at = naive_ends(n, re->children, at);
            seen |= at;
        }
        return seen;
    case OV_RE_EDGE: /* none of the trees made here has one */
        return 0;
    case OV_RE_BEGIN:
        return from & 1;
    case OV_RE_END:
        return from & UINT64_C(1) << n->size;
    case OV_RE_WORD_BOUNDARY:
    case OV_RE_NOT_WORD_BOUNDARY:
        for (int i = 0; i <= (int)n->size; i++) {
            const bool edge = naive_word(n, i - (int)step) != naive_word(n, i);

            if ((from >> i & 1) != 0 && edge == (re->kind == OV_RE_WORD_BOUNDARY)) {
                out |= UINT64_C(1) << i;
            }
        }
        return out;
    }
    return 0;
}

#endif
