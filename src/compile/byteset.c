/* SPDX-License-Identifier: Apache-2.0 */
/* byteset.c - see byteset.h. Trees come from rule text, so counts in them may be anything: all
 * lengths saturate. Recursion is bounded by ov_re_depth_ok, which every caller asks first. */
#include "compile/byteset.h"

#include <stddef.h>

#include "base/checked.h"

unsigned ov_set_count(const struct ov_re_set *set)
{
    unsigned count = 0;

    for (size_t i = 0; i < 4; i++) {
        count += (unsigned)__builtin_popcountll(set->bits[i]);
    }
    return count;
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

bool ov_set_mask(const struct ov_re_set *set, uint8_t *value, uint8_t *mask)
{
    unsigned all = 0xff, some = 0, count = 0;

    for (unsigned word = 0; word < 4; word++) {
        for (uint64_t left = set->bits[word]; left != 0; left &= left - 1) {
            const unsigned b = word * 64 + (unsigned)__builtin_ctzll(left);

            all &= b;
            some |= b;
            count++;
        }
    }
    *mask = (uint8_t) ~(all ^ some);
    *value = (uint8_t)(all & *mask);
    return count == 1u << __builtin_popcount(0xffu & ~*mask);
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
