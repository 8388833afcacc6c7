/* SPDX-License-Identifier: Apache-2.0 */
/* rarity.c - shares of pairs are counted (rarity_table.h); longer grams are reckoned as a chain in
 * which each byte depends on the one before it. */
#include "compile/rarity.h"

#include "compile/rarity_table.h"

static unsigned squeeze(uint8_t byte)
{
    return (byte & 0x1fu) | (byte >> 1 & 0x60u); /* bit 5 is folded away */
}

void ov_rarity_init(struct ov_rarity *rarity)
{
    for (unsigned a = 0; a < 128; a++) {
        uint64_t all = 0;

        for (unsigned b = 0; b < 128; b++) {
            const unsigned halves = (unsigned)(rarity_rows[a][b] - '0');
            uint64_t share = OV_SHARE_ONE >> halves / 2;

            if (halves % 2 != 0) {
                share = share * 724 >> 10; /* the square root of a half */
            }
            rarity->priv_pair[a][b] = share;
            all += share;
        }
        rarity->priv_first[a] = all;
        for (unsigned b = 0; b < 128; b++) {
            rarity->priv_follow[a][b] = (uint32_t)((rarity->priv_pair[a][b] << 20) / all);
        }
    }
}

uint64_t ov_rarity_pair(const struct ov_rarity *rarity, uint8_t first, uint8_t second)
{
    return rarity->priv_pair[squeeze(first)][squeeze(second)];
}

uint64_t ov_rarity_first(const struct ov_rarity *rarity, uint8_t first)
{
    return rarity->priv_first[squeeze(first)];
}

uint64_t ov_rarity_gram(const struct ov_rarity *rarity, const uint8_t *gram, unsigned width)
{
    uint64_t share = ov_rarity_pair(rarity, gram[0], gram[1]);

    for (unsigned i = 2; i < width; i++) {
        share = (share * rarity->priv_follow[squeeze(gram[i - 1])][squeeze(gram[i])]) >> 20;
    }
    return share;
}
