/* SPDX-License-Identifier: Apache-2.0 */
/* byteset.h - sets of byte values, and what can be said of a tree without running it. */
#ifndef OV_COMPILE_BYTESET_H
#define OV_COMPILE_BYTESET_H

#include "rules/ir/regex.h"

/* Deeper trees are refused, not recursed into. Front ends stop at OV_NEST_MAX parentheses, and a
 * parenthesis makes three nodes at most (alternative, concatenation, repeat). */
#define OV_RE_DEPTH_MAX 1000u

static inline bool ov_set_has(const struct ov_re_set *set, unsigned byte)
{
    return (set->bits[byte >> 6] >> (byte & 63) & 1) != 0;
}

static inline void ov_set_add(struct ov_re_set *set, unsigned byte)
{
    set->bits[byte >> 6] |= UINT64_C(1) << (byte & 63);
}

unsigned ov_set_count(const struct ov_re_set *set);

/* The members in their order; how many. */
unsigned ov_set_members(const struct ov_re_set *set, uint8_t out[256]);

bool ov_set_equal(const struct ov_re_set *a, const struct ov_re_set *b);

/* For each ASCII letter in the set its other case too. */
void ov_set_fold(struct ov_re_set *set);

/* The bytes in which all members agree: (member & mask) == value. True if only members do. */
bool ov_set_mask(const struct ov_re_set *set, uint8_t *value, uint8_t *mask);

/* True for nodes that take exactly one byte; `set` is what they take. */
bool ov_re_one_byte(const struct ov_re *re, bool nocase, struct ov_re_set *set);

/* False if the tree is deeper than OV_RE_DEPTH_MAX. */
bool ov_re_depth_ok(const struct ov_re *re);

#define OV_RE_LENGTH_MAX UINT32_MAX /* that long or longer */

/* Shortest and longest match in bytes (not widened). The depth was checked. */
uint32_t ov_re_length_min(const struct ov_re *re);
uint32_t ov_re_length_max(const struct ov_re *re);

/* Whether a greedy repeat of variable length occurs: such strings keep their longest match. */
bool ov_re_is_greedy(const struct ov_re *re);
bool ov_re_is_variable(const struct ov_re *re); /* any repeat of variable length */

#endif
