/* SPDX-License-Identifier: Apache-2.0 */
/* common.h - what it costs that a text is found in an object in which nothing is wrong. No table
 * of pairs can say how often words occur; which texts are common was counted (common_table.h). */
#ifndef OV_COMPILE_COMMON_H
#define OV_COMPILE_COMMON_H

#include <stddef.h>

#include "compile/rarity.h"
#include "rules/ir/regex.h"

/* A share of OV_SHARE_ONE, at most one in 2^17 and at least one in 2^40, by how much of the sequence
 * is certain. `wide`: every other set is a zero. */
uint64_t ov_common_find(const struct ov_re_set *sets, size_t count, bool wide);

/* The share of offsets at which these three or four bytes, folded, stand in ordinary files: at least
 * one in 2^16, or 0 if they are not common. */
uint64_t ov_common_share(const uint8_t *gram, unsigned width);

/* Whether these eight bytes, folded, stand in many ordinary files. */
bool ov_common_gram(const uint8_t gram[8]);

#endif
