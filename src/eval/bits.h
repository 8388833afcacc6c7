/* SPDX-License-Identifier: Apache-2.0 */
/* bits.h - a set of rule numbers that is walked in order and emptied in the time its members
 * take, however many rules there are. */
#ifndef OV_EVAL_BITS_H
#define OV_EVAL_BITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct ov_bits {
    uint64_t *priv_words[4]; /* [0]: one bit a number; [i]: which words of [i - 1] are not zero */
    uint32_t priv_count;
};

/* Numbers below `count`. False: out of memory. */
OV_MUST_CHECK bool ov_bits_init(struct ov_bits *bits, uint32_t count);
void ov_bits_done(struct ov_bits *bits);

void ov_bits_add(struct ov_bits *bits, uint32_t n); /* a number that is too large is left alone */
void ov_bits_remove(struct ov_bits *bits, uint32_t n);
bool ov_bits_has(const struct ov_bits *bits, uint32_t n);

/* The smallest member not below `from`. False: none. */
OV_MUST_CHECK bool ov_bits_next(const struct ov_bits *bits, uint32_t from, uint32_t *out);

void ov_bits_clear(struct ov_bits *bits);

#endif
