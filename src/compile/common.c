/* SPDX-License-Identifier: Apache-2.0 */
/* common.c - see common.h. Only printable text was counted. */
#include "compile/common.h"

#include "base/checked.h"
#include "compile/byteset.h"
#include "compile/common_table.h"
#include "compile/words_table.h"

#define GRAM_BYTES 8u
#define WORDS_ROW  128u

/* A common text is in one of some hundred objects, whatever its length. */
#define COMMON_FIND (OV_SHARE_ONE >> 17)

/* Others are the seldomer the longer they are: so much for none, and so much less for each byte. */
#define FIND_SHIFT     12u
#define SHIFT_PER_BYTE 2u
#define BYTES_MAX      14u

bool ov_common_gram(const uint8_t gram[8])
{
    const unsigned table_bits = 19;
    uint64_t value = 0;
    uint32_t cell;

    for (unsigned i = 0; i < GRAM_BYTES; i++) {
        value |= (uint64_t)(gram[i] | 0x20u) << 8 * i;
    }
    cell = (uint32_t)((value * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - table_bits));
    return (common_words[cell / 32] >> (cell % 32) & 1) != 0;
}

/* What a digit of words_table.h says. */
static uint64_t share_of(char digit)
{
    const unsigned value = digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a') + 10;

    return value == 0 ? 0 : OV_SHARE_ONE >> (value + 1);
}

uint64_t ov_common_share(const uint8_t *gram, unsigned width)
{
    const unsigned bits = width == 3 ? 14 : 16;
    const char *row;
    uint32_t value = 0;

    OV_ASSERT(width == 3 || width == 4);
    for (unsigned i = 0; i < width; i++) {
        value |= (uint32_t)(gram[i] | 0x20u) << 8 * i;
    }
    value = (value * UINT32_C(0x9e3779b1)) >> (32 - bits);
    row = width == 3 ? common_threes[value / WORDS_ROW] : common_fours[value / WORDS_ROW];
    return share_of(row[value % WORDS_ROW]);
}

/* The one printable byte that all of a set become when folded, or 0. */
static uint8_t folded_byte(const struct ov_re_set *set)
{
    uint8_t value, mask;

    if (ov_set_count(set) == 0 || ov_set_count(set) > 2) {
        return 0;
    }
    (void)ov_set_mask(set, &value, &mask);
    if (value < 0x20 || (value | 0x20u) > 0x7e || (mask | 0x20u) != 0xff) {
        return 0;
    }
    return value | 0x20u;
}

static unsigned certain_bits(const struct ov_re_set *set)
{
    uint8_t value, mask;

    (void)ov_set_mask(set, &value, &mask);
    return (unsigned)__builtin_popcount(mask);
}

uint64_t ov_common_find(const struct ov_re_set *sets, size_t count, bool wide)
{
    const size_t step = wide ? 2 : 1;
    uint8_t text[GRAM_BYTES] = { 0 };
    unsigned bits = 0, run = 0, common = 0, rare = 0;
    size_t bytes;

    for (size_t i = 0; i < count; i += step) {
        const uint8_t byte = folded_byte(&sets[i]);

        bits += certain_bits(&sets[i]);
        run = byte == 0 ? 0 : run + 1;
        for (unsigned b = 0; b + 1 < GRAM_BYTES; b++) {
            text[b] = text[b + 1];
        }
        text[GRAM_BYTES - 1] = byte;
        if (run >= GRAM_BYTES) {
            const bool is_common = ov_common_gram(text);

            common += is_common;
            rare += !is_common;
        }
    }
    if (common != 0 && rare == 0) {
        return COMMON_FIND;
    }
    bytes = bits / 8 < BYTES_MAX ? bits / 8 : BYTES_MAX;
    return OV_SHARE_ONE >> (FIND_SHIFT + SHIFT_PER_BYTE * bytes);
}
