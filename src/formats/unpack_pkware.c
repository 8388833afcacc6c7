/* SPDX-License-Identifier: Apache-2.0 */
/* unpack_pkware.c - deflate64 and implode, as PKWARE's APPNOTE (5.3, 5.5) and RFC 1951 have them.
 * The packed bytes are hostile: each turn takes bits or fails, and output has the buffer's cap. */
#include <string.h>

#include "base/checked.h"
#include "formats/bits.h"
#include "formats/peek.h"
#include "formats/unpack.h"

/* --- deflate64 ------------------------------------------------------------------------------ */

struct tables {
    struct ov_huff symbols;
    struct ov_huff places;
};

static bool fixed_tables(struct tables *t)
{
    uint8_t lengths[288];

    for (unsigned i = 0; i < 288; i++) {
        lengths[i] = (uint8_t)(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
    }
    if (!ov_huff_make(&t->symbols, lengths, 288)) {
        return false;
    }
    memset(lengths, 5, 32);
    return ov_huff_make(&t->places, lengths, 32);
}

static bool read_tables(struct ov_bits *b, struct tables *t)
{
    static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1,
        15 };
    const uint32_t symbols = ov_bits_low(b, 5) + 257, places = ov_bits_low(b, 5) + 1;
    const uint32_t count = ov_bits_low(b, 4) + 4;
    uint8_t lengths[288 + 32 + 140] = { 0 };
    struct ov_huff small;
    uint32_t i = 0;

    for (uint32_t k = 0; k < count; k++) {
        lengths[order[k]] = (uint8_t)ov_bits_low(b, 3);
    }
    if (!ov_huff_make(&small, lengths, 19)) {
        return false;
    }
    memset(lengths, 0, sizeof(lengths));
    while (i < symbols + places && !b->over) {
        const int c = ov_huff_low(&small, b);
        uint32_t run;
        uint8_t value = 0;

        if (c < 0) {
            return false;
        }
        if (c < 16) {
            lengths[i++] = (uint8_t)c;
            continue;
        }
        if (c == 16 && i > 0) {
            value = lengths[i - 1];
        }
        run = c == 16   ? ov_bits_low(b, 2) + 3
              : c == 17 ? ov_bits_low(b, 3) + 3
                        : ov_bits_low(b, 7) + 11;
        memset(&lengths[i], value, run); /* at most 138 behind 319 */
        i += run;
    }
    return i == symbols + places && symbols <= 288 && ov_huff_make(&t->symbols, lengths, symbols)
           && ov_huff_make(&t->places, &lengths[symbols], places);
}

/* A length or distance: so many bits over a base, where bases double every `per` codes. */
static uint32_t length_of(struct ov_bits *b, uint32_t code)
{
    const uint32_t extra = code < 8 ? 0 : (code - 4) / 4;

    if (code == 28) {
        return ov_bits_low(b, 16) + 3;
    }
    return code < 8 ? code + 3 : ((4 + code % 4) << extra) + 3 + ov_bits_low(b, extra);
}

static uint32_t distance_of(struct ov_bits *b, uint32_t code)
{
    const uint32_t extra = code < 4 ? 0 : (code - 2) / 2;

    return code < 4 ? code + 1 : ((2 + code % 2) << extra) + 1 + ov_bits_low(b, extra);
}

static bool packed_block(struct ov_buf *out, struct ov_bits *b, const struct tables *t)
{
    while (!b->over && ov_buf_ok(out)) {
        const int c = ov_huff_low(&t->symbols, b);
        uint32_t len;
        int place;

        if (c < 0 || c > 285) {
            return false;
        }
        if (c < 256) {
            ov_buf_put_u8(out, (uint8_t)c);
            continue;
        }
        if (c == 256) {
            return true;
        }
        len = length_of(b, (uint32_t)c - 257);
        place = ov_huff_low(&t->places, b);
        if (place < 0 || !ov_lz_copy(out, distance_of(b, (uint32_t)place), len)) {
            return !ov_buf_ok(out);
        }
    }
    return !b->over;
}

static bool stored_block(struct ov_buf *out, struct ov_bits *b)
{
    uint32_t len;

    ov_bits_low_skip(b, b->have % 8);
    len = ov_bits_low(b, 16);
    if (len != (ov_bits_low(b, 16) ^ 0xffffu)) {
        return false;
    }
    for (; len > 0 && !b->over; len--) {
        ov_buf_put_u8(out, (uint8_t)ov_bits_low(b, 8));
    }
    return !b->over;
}

bool ov_unpack_deflate64(struct ov_buf *out, struct ov_bytes in)
{
    struct ov_bits b = ov_bits_on(in);
    struct tables t;
    bool last = false, good = true;

    while (!last && good && ov_buf_ok(out)) {
        uint32_t kind;

        last = ov_bits_low(&b, 1) != 0;
        kind = ov_bits_low(&b, 2);
        if (kind == 0) {
            good = stored_block(out, &b);
        } else {
            good = kind < 3 && (kind == 1 ? fixed_tables(&t) : read_tables(&b, &t))
                   && packed_block(out, &b, &t);
        }
    }
    return good;
}

/* --- implode -------------------------------------------------------------------------------- */

/* APPNOTE 5.3.7: how many bytes, then in each a length and how many codes have it. */
static bool read_lengths(struct ov_bytes in, uint64_t *at, struct ov_huff *h, uint32_t count)
{
    const uint32_t bytes = (uint32_t)ov_u8_at(in, *at, 0) + 1;
    uint8_t lengths[256] = { 0 };
    uint32_t n = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        const uint8_t v = ov_u8_at(in, *at + 1 + i, 0);

        for (unsigned k = 0; k <= v >> 4; k++) {
            if (n == count) {
                return false;
            }
            lengths[n++] = (uint8_t)((v & 15) + 1);
        }
    }
    *at += 1 + (uint64_t)bytes;
    return n == count && ov_huff_make(h, lengths, count);
}

bool ov_unpack_implode(struct ov_buf *out, struct ov_bytes in, unsigned flags)
{
    const unsigned low_bits = (flags & 1) != 0 ? 7 : 6;
    const bool has_literals = (flags & 2) != 0;
    struct ov_huff literals, lengths, places;
    struct ov_bits b;
    uint64_t at = 0;

    if ((has_literals && !read_lengths(in, &at, &literals, 256))
            || !read_lengths(in, &at, &lengths, 64) || !read_lengths(in, &at, &places, 64)) {
        return false;
    }
    b = ov_bits_on(in);
    b.at = at;
    while (!b.over && ov_buf_ok(out)) {
        uint32_t low, len;
        uint64_t distance, made;
        int c, place;

        if (ov_bits_low(&b, 1) != 0) {
            c = has_literals ? ov_huff_low_inverted(&literals, &b) : (int)ov_bits_low(&b, 8);
            if (c < 0) {
                return false;
            }
            if (!b.over) {
                ov_buf_put_u8(out, (uint8_t)c);
            }
            continue;
        }
        low = ov_bits_low(&b, low_bits);
        place = ov_huff_low_inverted(&places, &b);
        c = ov_huff_low_inverted(&lengths, &b);
        if (place < 0 || c < 0) {
            return false;
        }
        len = (uint32_t)c + (has_literals ? 3 : 2) + (c == 63 ? ov_bits_low(&b, 8) : 0);
        distance = ((uint64_t)(uint32_t)place << low_bits | low) + 1;
        made = ov_bytes_len(ov_buf_bytes(out));
        if (b.over) {
            break;
        }
        for (; len > 0 && distance > made; len--, made++) {
            ov_buf_put_u8(out, 0); /* in front of the beginning lie zeros */
        }
        if (len > 0 && !ov_lz_copy(out, distance, len)) {
            return !ov_buf_ok(out);
        }
    }
    return true;
}
