/* SPDX-License-Identifier: Apache-2.0 */
/* bits.h - bits of untrusted bytes, from either end of a byte, and Huffman tables over them. Behind
 * the end there are zeros, and `over` says that they were asked for. */
#ifndef OV_FORMATS_BITS_H
#define OV_FORMATS_BITS_H

#include "base/buf.h"
#include "base/bytes.h"

struct ov_bits {
    struct ov_bytes in;
    uint64_t at; /* of the next byte to load */
    uint64_t acc;
    unsigned have;
    uint32_t borrowed; /* bytes behind the end that were made up */
    bool over;         /* more was taken than there is */
};

static inline struct ov_bits ov_bits_on(struct ov_bytes in)
{
    return (struct ov_bits){ .in = in };
}

static inline uint8_t ov_bits_load(struct ov_bits *b)
{
    if (b->at < ov_bytes_len(b->in)) {
        return ov_bytes_raw(b->in)[b->at++];
    }
    b->borrowed++;
    return 0;
}

static inline void ov_bits_check(struct ov_bits *b)
{
    if (b->borrowed * 8u > b->have) {
        b->over = true;
    }
}

/* The lowest bit of a byte first, as in deflate. n <= 32. */
static inline uint32_t ov_bits_low_peek(struct ov_bits *b, unsigned n)
{
    while (b->have < n) {
        b->acc |= (uint64_t)ov_bits_load(b) << b->have;
        b->have += 8;
    }
    return (uint32_t)(b->acc & (((uint64_t)1 << n) - 1));
}

static inline void ov_bits_low_skip(struct ov_bits *b, unsigned n)
{
    (void)ov_bits_low_peek(b, n);
    b->acc >>= n;
    b->have -= n;
    ov_bits_check(b);
}

static inline uint32_t ov_bits_low(struct ov_bits *b, unsigned n)
{
    const uint32_t v = ov_bits_low_peek(b, n);

    ov_bits_low_skip(b, n);
    return v;
}

/* The highest bit of a byte first. n <= 32. */
static inline uint32_t ov_bits_high_peek(struct ov_bits *b, unsigned n)
{
    while (b->have < n) {
        b->acc = b->acc << 8 | ov_bits_load(b);
        b->have += 8;
    }
    return n == 0 ? 0 : (uint32_t)(b->acc >> (b->have - n) & (((uint64_t)1 << n) - 1));
}

static inline void ov_bits_high_skip(struct ov_bits *b, unsigned n)
{
    (void)ov_bits_high_peek(b, n);
    b->have -= n;
    b->acc &= ((uint64_t)1 << b->have) - 1;
    ov_bits_check(b);
}

static inline uint32_t ov_bits_high(struct ov_bits *b, unsigned n)
{
    const uint32_t v = ov_bits_high_peek(b, n);

    ov_bits_high_skip(b, n);
    return v;
}

/* A canonical Huffman code of up to 20 bits and 1024 symbols (RFC 1951 3.2.2): for each length the
 * first code and its first symbol. */
#define OV_HUFF_SYMBOLS_MAX 1024u
#define OV_HUFF_BITS_MAX    20u

struct ov_huff {
    uint32_t count[OV_HUFF_BITS_MAX + 1];
    uint16_t symbol[OV_HUFF_SYMBOLS_MAX];
    uint32_t used;
    uint16_t only; /* the symbol of a code that has no bits */
};

/* False: the lengths are no code (more codes than there is room for). */
OV_MUST_CHECK bool ov_huff_make(struct ov_huff *h, const uint8_t *lengths, uint32_t count);

/* The next symbol; -1: no such code. Bits in the order of each kind of reader. */
int ov_huff_low(const struct ov_huff *h, struct ov_bits *b);
int ov_huff_high(const struct ov_huff *h, struct ov_bits *b);
int ov_huff_low_inverted(const struct ov_huff *h, struct ov_bits *b); /* 0 for 1, as PKWARE's */

/* Copies `len` bytes from `distance` behind the end of what was made. False: it lies in front of the
 * beginning, or the buffer is full. */
OV_MUST_CHECK bool ov_lz_copy(struct ov_buf *out, uint64_t distance, uint64_t len);

#endif
