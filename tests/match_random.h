/* SPDX-License-Identifier: Apache-2.0 */
/* match_random.h - for tests: random strings and texts, and what each string finds in a text of at
 * most 62 bytes, the plain way. Choices come from a stream of bytes, so that a fuzzer can make
 * them too. */
#ifndef OV_TESTS_MATCH_RANDOM_H
#define OV_TESTS_MATCH_RANDOM_H

#include "compile/byteset.h"
#include "tests/match_build.h"

struct choices {
    const uint8_t *at; /* NULL: from the seed */
    size_t left;
    uint32_t seed;
};

static inline uint32_t choose(struct choices *c, uint32_t count)
{
    uint32_t value = 0;

    if (c->at != NULL) {
        if (c->left != 0) {
            value = *c->at++;
            c->left--;
        }
        return value % count;
    }
    c->seed = c->seed * 1664525u + 1013904223u;
    return (c->seed >> 8) % count;
}

static inline struct ov_re *random_re(struct ov_arena *arena, struct choices *c, unsigned depth)
{
    static const char *const leaves[] = { "a", "b", "[ab]", ".", "\\b", "^", "$", "\\B", "", "[^a]",
        "_", "abcd", "abab", "aaaabaaa", "bcdabcda", "[a-d]", "[ab]cda[bc]", " ", "a\\x00", "aab" };
    struct re_builder b = { .arena = arena };
    const unsigned kind = depth == 0 ? 0 : choose(c, 5);
    struct ov_re *re;

    if (kind == 0) {
        return re_of(arena, leaves[choose(c, 20)], choose(c, 2) != 0);
    }
    re = re_node(&b, kind <= 2 ? OV_RE_CONCAT : kind == 3 ? OV_RE_ALT : OV_RE_REPEAT);
    re->children = random_re(arena, c, depth - 1);
    if (kind == 4) {
        re->min = choose(c, 3);
        re->max = choose(c, 3) == 0 ? OV_RE_UNBOUNDED : re->min + choose(c, 3);
        return re;
    }
    re->children->next = random_re(arena, c, depth - 1);
    re->children->next->next = random_re(arena, c, depth - 1);
    return re;
}

static inline void set_lazy(struct ov_re *re)
{
    for (; re != NULL; re = re->next) {
        re->lazy = true;
        if (re->kind == OV_RE_CONCAT || re->kind == OV_RE_ALT || re->kind == OV_RE_REPEAT) {
            set_lazy(re->children);
        }
    }
}

static inline bool has_variable(const struct ov_re *re)
{
    for (; re != NULL; re = re->next) {
        if (re->kind == OV_RE_REPEAT && re->min != re->max) {
            return true;
        }
        if ((re->kind == OV_RE_CONCAT || re->kind == OV_RE_ALT || re->kind == OV_RE_REPEAT)
                && has_variable(re->children)) {
            return true;
        }
    }
    return false;
}

static inline unsigned random_text(struct choices *c, uint8_t text[64])
{
    static const char *const words[] = { "a", "b", "c", "ab", "abcd", "abab", "aaaabaaa",
        "bcdabcda", " ", "\n", "_", "A", "B", "AbCd", "aaaa", "9", "cda", "\x01" };
    const unsigned wide = choose(c, 3);
    unsigned size = 0;

    for (unsigned n = choose(c, 14); n > 0; n--) {
        const char *word = words[choose(c, 18)];

        for (size_t i = 0; word[i] != '\0' && size < 60; i++) {
            text[size++] = (uint8_t)word[i];
            if (wide == 1) {
                text[size++] = 0;
            }
        }
        if (wide == 2 && size < 60 && choose(c, 2) != 0) {
            text[size++] = 0;
        }
    }
    return size;
}

/* A random string, in `b`. Full words of variable length depend on where the cut is, so they are
 * left to other tests. */
static inline void random_string(struct match_bench *b, struct choices *c)
{
    static const char *const texts[] = { "a", "ab", "abc", "abcd", "abcda", "ababab", "aaaabaaa",
        "bcdabcda", "abcdabcdabcd", "aaaaaaa", "aaaa", "b c", "_a" };
    uint32_t flags = 1 + choose(c, 3); /* ascii, wide or both */
    const unsigned kind = choose(c, 4);
    struct ov_string *string;

    if (kind == 0) {
        const char *text = texts[choose(c, 13)];

        flags |= choose(c, 2) != 0 ? OV_STRING_FULLWORD : 0;
        flags |= choose(c, 3) == 0 ? OV_STRING_XOR : choose(c, 2) != 0 ? OV_STRING_NOCASE : 0;
        string = bench_add(b, OV_STRING_TEXT, flags);
        string->text = ov_bytes_of(text, strlen(text));
        string->xor_max = choose(c, 2) != 0 ? 255 : 3;
        string->xor_min = choose(c, 2) != 0 ? 0 : 1;
        return;
    }
    if (kind == 1) {
        string = bench_add(b, OV_STRING_HEX, 0);
        string->re = random_re(&b->arena, c, 2);
        return;
    }
    flags |= choose(c, 2) != 0 ? OV_STRING_NOCASE : 0;
    string = bench_add(b, OV_STRING_REGEX, flags);
    {
        struct ov_re *re = random_re(&b->arena, c, 3);

        if (choose(c, 2) != 0) {
            set_lazy(re);
            string->flags |= OV_STRING_LAZY;
        }
        if (choose(c, 3) == 0 && !has_variable(re)) {
            string->flags |= OV_STRING_FULLWORD;
        }
        string->re = re;
    }
}

/* --- the plain way ----------------------------------------------------------------------------- */

static inline bool plain_alnum(const uint8_t *text, int size, int at)
{
    if (at < 0 || at >= size) {
        return false;
    }
    return (text[at] >= '0' && text[at] <= '9') || (text[at] >= 'a' && text[at] <= 'z')
           || (text[at] >= 'A' && text[at] <= 'Z');
}

static inline bool plain_fullword(
        const uint8_t *text, unsigned size, unsigned start, unsigned end, bool wide)
{
    const int n = (int)size, s = (int)start, e = (int)end;

    if (!wide) {
        return !plain_alnum(text, n, s - 1) && !plain_alnum(text, n, e);
    }
    return !(s >= 2 && text[s - 1] == 0 && plain_alnum(text, n, s - 2))
           && !(e + 1 < n && text[e + 1] == 0 && plain_alnum(text, n, e));
}

#define NO_LENGTH UINT32_MAX

static inline unsigned plain_lowest(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits);
}

/* The length at `start` of one form, or NO_LENGTH. */
static inline unsigned plain_text(const struct ov_string *string, const uint8_t *text,
        unsigned size, unsigned start, bool wide, unsigned *key)
{
    const uint8_t *want = ov_bytes_raw(string->text);
    const unsigned step = wide ? 2 : 1, len = (unsigned)ov_bytes_len(string->text) * step;

    if (start + len > size) {
        return NO_LENGTH;
    }
    *key = (string->flags & OV_STRING_XOR) != 0 ? text[start] ^ want[0] : 0u;
    if ((string->flags & OV_STRING_XOR) != 0
            && (*key < string->xor_min || *key > string->xor_max)) {
        return NO_LENGTH;
    }
    for (unsigned i = 0; i < len; i++) {
        const unsigned w = wide && i % 2 != 0 ? 0u : want[i / step];
        unsigned have = text[start + i] ^ *key;

        if ((string->flags & OV_STRING_NOCASE) != 0 && (w | 0x20) >= 'a' && (w | 0x20) <= 'z') {
            have = (have & ~0x20u) | (w & 0x20u);
        }
        if (have != w) {
            return NO_LENGTH;
        }
    }
    return (string->flags & OV_STRING_FULLWORD) == 0
                           || plain_fullword(text, size, start, start + len, wide)
                   ? len
                   : NO_LENGTH;
}

/* Where an expression may end, what is preferred first. */
struct plain_order {
    uint8_t ends[64];
    unsigned count;
    uint64_t seen;
};

static inline void plain_add(struct plain_order *order, unsigned end)
{
    if ((order->seen >> end & 1) == 0) {
        order->seen |= UINT64_C(1) << end;
        order->ends[order->count++] = (uint8_t)end;
    }
}

static inline void plain_try(
        const struct naive *n, const struct ov_re *re, unsigned from, struct plain_order *out);

/* Of a repeat `done` copies have been taken up to `from`. What comes from there again adds nothing. */
static inline void plain_repeat(const struct naive *n, const struct ov_re *re, unsigned done,
        unsigned from, uint64_t visited[8], struct plain_order *out)
{
    const bool enough = done >= re->min, unbounded = re->max == OV_RE_UNBOUNDED;
    const unsigned slot = enough && unbounded ? re->min : done;
    struct plain_order one = { .count = 0 };

    if ((visited[slot] >> from & 1) != 0) {
        return;
    }
    visited[slot] |= UINT64_C(1) << from;
    if (enough && re->lazy) {
        plain_add(out, from);
    }
    if (!enough || unbounded || done < re->max) {
        plain_try(n, re->children, from, &one);
    }
    for (unsigned i = 0; i < one.count; i++) {
        plain_repeat(n, re, slot + 1, one.ends[i], visited, out);
    }
    if (enough) {
        plain_add(out, from);
    }
}

/* What stands one behind the other, parentheses taken off. */
struct plain_items {
    const struct ov_re *at[256];
    unsigned count;
};

static inline void plain_flatten(const struct ov_re *re, struct plain_items *items)
{
    if (re->kind != OV_RE_CONCAT) {
        OV_ASSERT(items->count < 256);
        items->at[items->count++] = re;
        return;
    }
    for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
        plain_flatten(child, items);
    }
}

static inline void plain_list(const struct naive *n, const struct ov_re *const *items,
        unsigned count, unsigned from, struct plain_order *out)
{
    struct plain_order here = { .count = 0 };

    plain_add(&here, from);
    for (unsigned item = 0; item < count; item++) {
        struct plain_order next = { .count = 0 };

        for (unsigned i = 0; i < here.count; i++) {
            plain_try(n, items[item], here.ends[i], &next);
        }
        here = next;
    }
    for (unsigned i = 0; i < here.count; i++) {
        plain_add(out, here.ends[i]);
    }
}

static inline void plain_try(
        const struct naive *n, const struct ov_re *re, unsigned from, struct plain_order *out)
{
    uint64_t visited[8] = { 0 }, ends;

    if (re->kind == OV_RE_CONCAT) {
        struct plain_items items = { .count = 0 };

        plain_flatten(re, &items);
        plain_list(n, items.at, items.count, from, out);
    } else if (re->kind == OV_RE_ALT) {
        for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
            plain_try(n, child, from, out);
        }
    } else if (re->kind == OV_RE_REPEAT) {
        plain_repeat(n, re, 0, from, visited, out);
    } else {
        ends = naive_ends(n, re, UINT64_C(1) << from); /* one at most */
        for (unsigned end = 0; end <= n->size; end++) {
            if ((ends >> end & 1) != 0) {
                plain_add(out, end);
            }
        }
    }
}

/* Whether what may be empty is repeated without end in it. */
static inline bool plain_loops(const struct ov_re *re)
{
    if (re->kind == OV_RE_REPEAT && re->max == OV_RE_UNBOUNDED
            && ov_re_length_min(re->children) == 0) {
        return true;
    }
    if (re->kind != OV_RE_CONCAT && re->kind != OV_RE_ALT && re->kind != OV_RE_REPEAT) {
        return false;
    }
    for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
        if (plain_loops(child)) {
            return true;
        }
    }
    return false;
}

/* The end right of a cut: the first in order, or the nearest or farthest. UINT_MAX: none. */
static inline unsigned plain_end(const struct ov_string *string, const struct naive *n,
        const struct ov_re *const *right, unsigned count, unsigned start, unsigned cut,
        bool shortest)
{
    struct plain_order order = { .count = 0 };
    unsigned best = UINT32_MAX;
    bool loops = false;

    for (unsigned i = 0; i < count; i++) {
        loops = loops || plain_loops(right[i]);
    }
    plain_list(n, right, count, cut, &order);
    for (unsigned i = 0; i < order.count; i++) {
        const unsigned end = order.ends[i];

        if ((string->flags & OV_STRING_FULLWORD) != 0
                && !plain_fullword(n->text, n->size, start, end, n->wide)) {
            continue;
        }
        if (best == UINT32_MAX || (loops && (shortest ? end < best : end > best))) {
            best = end;
        }
    }
    return best;
}

/* The lengths, as bits, that a match at `start` may have: one for each place where the compiler may
 * cut the expression. Right of it the preferred end counts; of several cuts, the nearest or
 * farthest end. 0: no match. */
static inline uint64_t plain_re(const struct ov_string *string, const struct ov_re *re,
        bool shortest, const uint8_t *text, unsigned size, unsigned start, bool wide)
{
    const struct naive naive = {
        .text = text,
        .size = size,
        .nocase = (string->flags & OV_STRING_NOCASE) != 0,
        .wide = wide,
    };
    struct plain_items items = { .count = 0 };
    uint64_t cuts = UINT64_C(1) << start, lengths = 0;

    plain_flatten(re, &items);
    for (unsigned i = 0; i < items.count; i++) {
        unsigned best = UINT32_MAX;

        for (unsigned cut = start; cut <= size; cut++) {
            const unsigned end = (cuts >> cut & 1) == 0
                                         ? UINT32_MAX
                                         : plain_end(string, &naive, items.at + i, items.count - i,
                                                 start, cut, shortest);

            if (end != UINT32_MAX && (best == UINT32_MAX || (shortest ? end < best : end > best))) {
                best = end;
            }
        }
        lengths |= best == UINT32_MAX ? 0 : UINT64_C(1) << (best - start);
        cuts = naive_ends(&naive, items.at[i], cuts);
    }
    return lengths;
}

/* The lengths that the string's match at `start` may have, as bits; 0: no match. */
static inline uint64_t plain_lengths(const struct ov_string *string, const uint8_t *text,
        unsigned size, unsigned start, unsigned *key)
{
    const bool shortest = string->kind != OV_STRING_REGEX || (string->flags & OV_STRING_LAZY) != 0
                          || !has_variable(string->re);
    uint64_t lengths = 0;

    *key = 0;
    for (unsigned wide = 0; wide < 2; wide++) {
        const struct ov_re *re = string->re;
        /* Alternatives count one by one, unless one of them may be empty. */
        const bool alternatives = re != NULL && re->kind == OV_RE_ALT && ov_re_length_min(re) != 0;

        if (wide ? (string->flags & OV_STRING_WIDE) == 0
                 : string->kind != OV_STRING_HEX && (string->flags & OV_STRING_ASCII) == 0) {
            continue;
        }
        if (string->kind == OV_STRING_TEXT) {
            unsigned this_key = 0;
            const unsigned length = plain_text(string, text, size, start, wide != 0, &this_key);

            if (length != NO_LENGTH && (lengths == 0 || length < plain_lowest(lengths))) {
                lengths = UINT64_C(1) << length;
                *key = this_key;
            }
            continue;
        }
        for (const struct ov_re *one = alternatives ? re->children : re; one != NULL;
                one = alternatives ? one->next : NULL) {
            lengths |= plain_re(string, one, shortest, text, size, start, wide != 0);
        }
    }
    return lengths;
}

#endif
