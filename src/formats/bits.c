/* SPDX-License-Identifier: Apache-2.0 */
/* bits.c - Huffman tables made from lengths that are not trusted, and copies within what was made. */
#include "formats/bits.h"

#include <string.h>

#include "base/checked.h"

bool ov_huff_make(struct ov_huff *h, const uint8_t *lengths, uint32_t count)
{
    uint32_t offset[OV_HUFF_BITS_MAX + 2] = { 0 };
    int64_t left = 1;

    OV_ASSERT(count <= OV_HUFF_SYMBOLS_MAX);
    memset(h, 0, sizeof(*h));
    for (uint32_t i = 0; i < count; i++) {
        if (lengths[i] > OV_HUFF_BITS_MAX) {
            return false;
        }
        h->count[lengths[i]]++;
    }
    h->count[0] = 0;
    for (unsigned bits = 1; bits <= OV_HUFF_BITS_MAX; bits++) {
        left = (left << 1) - h->count[bits];
        if (left < 0) {
            return false;
        }
        offset[bits + 1] = offset[bits] + h->count[bits];
    }
    for (uint32_t i = 0; i < count; i++) {
        if (lengths[i] != 0) {
            h->symbol[offset[lengths[i]]++] = (uint16_t)i;
            h->only = (uint16_t)i;
            h->used++;
        }
    }
    return true;
}

enum order {
    LOW,
    LOW_INVERTED,
    HIGH
};

/* All orders read a code's bits from its first on; they differ in where the next bit is. */
static inline int decode(const struct ov_huff *h, struct ov_bits *b, enum order order)
{
    uint32_t code = 0, first = 0, index = 0;

    for (unsigned bits = 1; bits <= OV_HUFF_BITS_MAX; bits++) {
        code |= order == HIGH ? ov_bits_high(b, 1)
                              : ov_bits_low(b, 1) ^ (order == LOW_INVERTED ? 1u : 0u);
        if (code - first < h->count[bits]) {
            return h->symbol[index + (code - first)];
        }
        index += h->count[bits];
        first = (first + h->count[bits]) << 1;
        code <<= 1;
    }
    return -1;
}

int ov_huff_low(const struct ov_huff *h, struct ov_bits *b)
{
    return decode(h, b, LOW);
}

int ov_huff_high(const struct ov_huff *h, struct ov_bits *b)
{
    return decode(h, b, HIGH);
}

int ov_huff_low_inverted(const struct ov_huff *h, struct ov_bits *b)
{
    return decode(h, b, LOW_INVERTED);
}

bool ov_lz_copy(struct ov_buf *out, uint64_t distance, uint64_t len)
{
    const uint64_t made = ov_bytes_len(ov_buf_bytes(out));
    uint8_t *to;
    const uint8_t *from;

    if (distance == 0 || distance > made || len > SIZE_MAX) {
        return false;
    }
    to = ov_buf_extend(out, (size_t)len);
    if (to == NULL) {
        return false;
    }
    /* Byte by byte: what is copied may just have been made. */
    from = &ov_bytes_raw(ov_buf_bytes(out))[made - distance];
    for (size_t i = 0; i < len; i++) {
        to[i] = from[i];
    }
    return true;
}
