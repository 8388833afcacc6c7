/* SPDX-License-Identifier: Apache-2.0 */
/* rarity.h - how often a few bytes are met in ordinary files, as a share of all offsets. */
#ifndef OV_COMPILE_RARITY_H
#define OV_COMPILE_RARITY_H

#include <stdint.h>

/* Shares are whole numbers, so that every machine makes the same database. */
#define OV_SHARE_ONE (UINT64_C(1) << 40)

struct ov_rarity {
    uint64_t priv_pair[128][128];   /* share of the pair */
    uint64_t priv_first[128];       /* of all pairs that begin so */
    uint32_t priv_follow[128][128]; /* of 1 << 20: how often the second follows the first */
};

void ov_rarity_init(struct ov_rarity *rarity);

/* Bytes are folded (| 0x20) here; case makes no difference. */
uint64_t ov_rarity_pair(const struct ov_rarity *rarity, uint8_t first, uint8_t second);
/* Of a byte with any behind it. */
uint64_t ov_rarity_first(const struct ov_rarity *rarity, uint8_t first);
uint64_t ov_rarity_gram(const struct ov_rarity *rarity, const uint8_t *gram, unsigned width);

#endif
