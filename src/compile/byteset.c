/* SPDX-License-Identifier: Apache-2.0 */
/* byteset.c - see byteset.h. Trees come from rule text, so counts in them may be anything: all
 * lengths saturate. Recursion is bounded by ov_re_depth_ok, which every caller asks first. */
#include "compile/byteset.h"

#include <stddef.h>

#include "base/checked.h"

/* By adding up ever wider fields of all words at once: the baseline has no instruction for it. */
unsigned ov_set_count(const struct ov_re_set *set)
{
    const uint64_t in_2 = UINT64_C(0x3333333333333333), in_4 = UINT64_C(0x0f0f0f0f0f0f0f0f);
    uint64_t bytes = 0;

    for (size_t i = 0; i < 4; i++) {
        const uint64_t word = set->bits[i];
        const uint64_t pairs = word - (word >> 1 & UINT64_C(0x5555555555555555));
        const uint64_t fours = (pairs & in_2) + (pairs >> 2 & in_2);

        bytes += (fours + (fours >> 4)) & in_4; /* at most 32 in each byte */
    }
    bytes = (bytes & UINT64_C(0x00ff00ff00ff00ff)) + (bytes >> 8 & UINT64_C(0x00ff00ff00ff00ff));
    return (unsigned)((bytes * UINT64_C(0x0001000100010001)) >> 48);
}

bool ov_set_equal(const struct ov_re_set *a, const struct ov_re_set *b)
{
    return a->bits[0] == b->bits[0] && a->bits[1] == b->bits[1] && a->bits[2] == b->bits[2]
           && a->bits[3] == b->bits[3];
}

void ov_set_fold(struct ov_re_set *set)
{
    /* 'A'..'Z' and 'a'..'z' both lie in the second word, 32 apart. */
    const uint64_t upper = UINT64_C(0x07fffffe), lower = upper << 32;
    const uint64_t letters = set->bits[1];

    set->bits[1] |= (letters & upper) << 32 | (letters & lower) >> 32;
}

unsigned ov_set_members(const struct ov_re_set *set, uint8_t out[256])
{
    unsigned count = 0;

    for (unsigned word = 0; word < 4; word++) {
        for (uint64_t left = set->bits[word]; left != 0; left &= left - 1) {
            out[count++] = (uint8_t)(word * 64 + (unsigned)__builtin_ctzll(left));
        }
    }
    return count;
}

/* One question a bit, not one a member: sets are small or nearly all, and both are many. */
bool ov_set_mask(const struct ov_re_set *set, uint8_t *value, uint8_t *mask)
{
    /* The numbers below 64 in which bit 0, 1, ... is set; bits 6 and 7 are a word's own. */
    static const uint64_t with_bit[6] = {
        UINT64_C(0xaaaaaaaaaaaaaaaa),
        UINT64_C(0xcccccccccccccccc),
        UINT64_C(0xf0f0f0f0f0f0f0f0),
        UINT64_C(0xff00ff00ff00ff00),
        UINT64_C(0xffff0000ffff0000),
        UINT64_C(0xffffffff00000000),
    };
    uint64_t either = 0;
    unsigned all = 0xff, some = 0;

    for (unsigned word = 0; word < 4; word++) {
        if (set->bits[word] != 0) {
            either |= set->bits[word];
            all &= word << 6 | 0x3fu;
            some |= word << 6;
        }
    }
    for (unsigned bit = 0; bit < 6; bit++) {
        all &= (either & ~with_bit[bit]) != 0 ? ~(1u << bit) : 0xffu;
        some |= (either & with_bit[bit]) != 0 ? 1u << bit : 0;
    }
    *mask = (uint8_t) ~(all ^ some);
    *value = (uint8_t)(all & *mask);
    if (*mask == 0xff) {
        return true; /* one member */
    }
    return ov_set_count(set) == 1u << __builtin_popcount(0xffu & ~*mask);
}

bool ov_re_one_byte(const struct ov_re *re, bool nocase, struct ov_re_set *set)
{
    const unsigned open = ~(unsigned)re->mask & 0xffu; /* BYTE: bits that may be any */

    *set = (struct ov_re_set){ { 0 } };
    switch (re->kind) {
    case OV_RE_BYTE:
        for (unsigned left = open;; left = (left - 1) & open) {
            ov_set_add(set, re->value | left);
            if (left == 0) {
                break;
            }
        }
        break;
    case OV_RE_CLASS:
        *set = *re->set;
        break;
    case OV_RE_ANY:
        *set = (struct ov_re_set){ { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } };
        return true;
    case OV_RE_EMPTY:
    case OV_RE_CONCAT:
    case OV_RE_ALT:
    case OV_RE_REPEAT:
    case OV_RE_BEGIN:
    case OV_RE_END:
    case OV_RE_WORD_BOUNDARY:
    case OV_RE_NOT_WORD_BOUNDARY:
    case OV_RE_EDGE:
        return false;
    }
    if (nocase) {
        ov_set_fold(set);
    }
    for (size_t i = 0; i < 4 && re->negate; i++) {
        set->bits[i] = ~set->bits[i];
    }
    return true;
}

static bool depth_ok(const struct ov_re *re, unsigned left)
{
    if (left == 0) {
        return false;
    }
    if (re->kind != OV_RE_CONCAT && re->kind != OV_RE_ALT && re->kind != OV_RE_REPEAT) {
        return true;
    }
    for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
        if (!depth_ok(child, left - 1)) {
            return false;
        }
    }
    return true;
}

bool ov_re_depth_ok(const struct ov_re *re)
{
    return depth_ok(re, OV_RE_DEPTH_MAX);
}

static uint32_t saturated_add(uint32_t a, uint32_t b)
{
    uint32_t sum;

    return ov_add(&sum, a, b) ? sum : OV_RE_LENGTH_MAX;
}

static uint32_t saturated_mul(uint32_t a, uint32_t b)
{
    uint32_t product;

    if (a == 0 || b == 0) {
        return 0;
    }
    if (a == OV_RE_LENGTH_MAX || b == OV_RE_LENGTH_MAX) {
        return OV_RE_LENGTH_MAX;
    }
    return ov_mul(&product, a, b) ? product : OV_RE_LENGTH_MAX;
}

/* Both lengths are the same walk with another choice among alternatives and of repeats. */
static uint32_t length_of(const struct ov_re *re, bool longest)
{
    uint32_t length = 0;
    bool first = true;

    switch (re->kind) {
    case OV_RE_BYTE:
    case OV_RE_CLASS:
    case OV_RE_ANY:
        return 1;
    case OV_RE_CONCAT:
        for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
            length = saturated_add(length, length_of(child, longest));
        }
        return length;
    case OV_RE_ALT:
        for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
            const uint32_t one = length_of(child, longest);

            if (first || (longest ? one > length : one < length)) {
                length = one;
            }
            first = false;
        }
        return length;
    case OV_RE_REPEAT:
        return saturated_mul(length_of(re->children, longest), longest ? re->max : re->min);
    case OV_RE_EMPTY:
    case OV_RE_BEGIN:
    case OV_RE_END:
    case OV_RE_WORD_BOUNDARY:
    case OV_RE_NOT_WORD_BOUNDARY:
    case OV_RE_EDGE:
        break;
    }
    return 0;
}

uint32_t ov_re_length_min(const struct ov_re *re)
{
    return length_of(re, false);
}

uint32_t ov_re_length_max(const struct ov_re *re)
{
    return length_of(re, true);
}

static bool has_repeat(const struct ov_re *re, bool greedy_only)
{
    if (re->kind == OV_RE_REPEAT && re->min != re->max && !(greedy_only && re->lazy)) {
        return true;
    }
    if (re->kind != OV_RE_CONCAT && re->kind != OV_RE_ALT && re->kind != OV_RE_REPEAT) {
        return false;
    }
    for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
        if (has_repeat(child, greedy_only)) {
            return true;
        }
    }
    return false;
}

bool ov_re_is_greedy(const struct ov_re *re)
{
    return has_repeat(re, true);
}

bool ov_re_is_variable(const struct ov_re *re)
{
    return has_repeat(re, false);
}
