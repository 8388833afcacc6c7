/* SPDX-License-Identifier: Apache-2.0 */
/* unpack_lzx.c - LZX as help files (CHM) have it ([MS-PATCH] 2, with resets). The packed bytes are
 * hostile: each turn takes bits or fails, and output has a cap. */
#include <string.h>

#include "base/checked.h"
#include "formats/bits.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define FRAME_BYTES   0x8000u
#define LENGTH_CODES  249u
#define MAIN_CODES    (256u + 8u * 50u)
#define PRETREE_CODES 20u

enum block {
    BLOCK_VERBATIM = 1,
    BLOCK_ALIGNED = 2,
    BLOCK_PLAIN = 3
};

struct lzx {
    struct ov_bits b; /* over words of 16 bits whose bytes were exchanged */
    struct ov_buf *out;
    uint32_t slots;
    uint32_t recent[3];
    uint8_t main_lengths[MAIN_CODES];
    uint8_t length_lengths[LENGTH_CODES];
    struct ov_huff main;
    struct ov_huff length;
    struct ov_huff aligned;
    enum block block;
    uint32_t block_left;
    bool header_due;
};

/* Lengths as changes to the last ones, by a code of their own. */
static bool read_lengths(struct lzx *x, uint8_t *lengths, uint32_t from, uint32_t to)
{
    uint8_t small[PRETREE_CODES];
    struct ov_huff pretree;
    uint32_t i = from;

    for (uint32_t k = 0; k < PRETREE_CODES; k++) {
        small[k] = (uint8_t)ov_bits_high(&x->b, 4);
    }
    if (!ov_huff_make(&pretree, small, PRETREE_CODES)) {
        return false;
    }
    while (i < to && !x->b.over) {
        int c = ov_huff_high(&pretree, &x->b);
        uint32_t run = 1;
        uint8_t value = 0;

        if (c < 0) {
            return false;
        }
        if (c == 17) {
            run = 4 + ov_bits_high(&x->b, 4);
        } else if (c == 18) {
            run = 20 + ov_bits_high(&x->b, 5);
        } else {
            if (c == 19) {
                run = 4 + ov_bits_high(&x->b, 1);
                c = ov_huff_high(&pretree, &x->b);
                if (c < 0 || c > 16) {
                    return false;
                }
            }
            value = (uint8_t)((lengths[i] + 17 - c) % 17);
        }
        for (; run > 0 && i < to; run--) {
            lengths[i++] = value;
        }
    }
    return !x->b.over;
}

/* How many bits of the word at hand are used up. */
static unsigned into_word(const struct lzx *x)
{
    return (unsigned)(((x->b.at + x->b.borrowed) * 8 - x->b.have) % 16);
}

static uint32_t plain_number(struct lzx *x)
{
    const uint32_t low = ov_bits_high(&x->b, 16), high = ov_bits_high(&x->b, 16);

    return low | high << 16;
}

static bool begin_block(struct lzx *x)
{
    uint8_t aligned[8];

    if (x->header_due) {
        x->header_due = false;
        if (ov_bits_high(&x->b, 1) != 0) {
            (void)ov_bits_high(&x->b, 32); /* jumps are translated for programs alone */
        }
    }
    x->block = (enum block)ov_bits_high(&x->b, 3);
    x->block_left = ov_bits_high(&x->b, 24);
    if (x->block == BLOCK_PLAIN) {
        ov_bits_high_skip(&x->b, 16 - into_word(x)); /* a whole word, if it was at its beginning */
        for (unsigned i = 0; i < 3; i++) {
            x->recent[i] = plain_number(x);
        }
        return !x->b.over;
    }
    if (x->block != BLOCK_VERBATIM && x->block != BLOCK_ALIGNED) {
        return false;
    }
    if (x->block == BLOCK_ALIGNED) {
        for (unsigned i = 0; i < 8; i++) {
            aligned[i] = (uint8_t)ov_bits_high(&x->b, 3);
        }
        if (!ov_huff_make(&x->aligned, aligned, 8)) {
            return false;
        }
    }
    return read_lengths(x, x->main_lengths, 0, 256)
           && read_lengths(x, x->main_lengths, 256, 256 + 8 * x->slots)
           && ov_huff_make(&x->main, x->main_lengths, 256 + 8 * x->slots)
           && read_lengths(x, x->length_lengths, 0, LENGTH_CODES)
           && ov_huff_make(&x->length, x->length_lengths, LENGTH_CODES);
}

/* How far back a copy reaches: one of the last three, or a number of its own. */
static bool read_distance(struct lzx *x, uint32_t slot, uint32_t *out)
{
    uint32_t base = 0, extra = 0, more, v;

    if (slot < 3) {
        v = x->recent[slot];
        x->recent[slot] = x->recent[0];
        x->recent[0] = v;
        *out = v;
        return true;
    }
    for (uint32_t i = 0; i < slot; i++) {
        extra = i < 4 ? 0 : i < 36 ? i / 2 - 1 : 17;
        base += 1u << extra;
    }
    extra = slot < 4 ? 0 : slot < 36 ? slot / 2 - 1 : 17;
    if (x->block == BLOCK_ALIGNED && extra >= 3) {
        int low;

        more = ov_bits_high(&x->b, extra - 3) << 3;
        low = ov_huff_high(&x->aligned, &x->b);
        if (low < 0) {
            return false;
        }
        more += (uint32_t)low;
    } else {
        more = ov_bits_high(&x->b, extra);
    }
    v = base + more - 2;
    x->recent[2] = x->recent[1];
    x->recent[1] = x->recent[0];
    x->recent[0] = v;
    *out = v;
    return true;
}

/* One letter or copy, of at most `room` bytes; *made says of how many. */
static bool decode_one(struct lzx *x, uint32_t *made)
{
    const int c = ov_huff_high(&x->main, &x->b);
    uint32_t len, distance;

    if (c < 0) {
        return false;
    }
    if (c < 256) {
        ov_buf_put_u8(x->out, (uint8_t)c);
        *made = 1;
        return true;
    }
    len = (uint32_t)(c - 256) & 7;
    if (len == 7) {
        const int more = ov_huff_high(&x->length, &x->b);

        if (more < 0) {
            return false;
        }
        len += (uint32_t)more;
    }
    len += 2;
    *made = len;
    return read_distance(x, (uint32_t)(c - 256) >> 3, &distance)
           && ov_lz_copy(x->out, distance, len);
}

/* Bytes as they are; words keep their order, so two come at a time. */
static void copy_plain(struct lzx *x, uint32_t bytes)
{
    for (; bytes > 0; bytes -= bytes < 2 ? bytes : 2) {
        const uint32_t word = ov_bits_high(&x->b, 16);

        ov_buf_put_u8(x->out, (uint8_t)word);
        if (bytes > 1) {
            ov_buf_put_u8(x->out, (uint8_t)(word >> 8));
        }
    }
}

static bool decode_frame(struct lzx *x, uint64_t bytes)
{
    while (bytes > 0 && ov_buf_ok(x->out)) {
        uint32_t made = 0;

        if (x->b.over || (x->block_left == 0 && !begin_block(x))) {
            return false;
        }
        if (x->block_left == 0) {
            continue; /* an empty block took bits */
        }
        if (x->block == BLOCK_PLAIN) {
            made = x->block_left < bytes ? x->block_left : (uint32_t)bytes;
            copy_plain(x, made);
        } else if (!decode_one(x, &made)) {
            return false;
        }
        if (made > bytes || made > x->block_left) {
            return false; /* copies do not cross frames or blocks */
        }
        bytes -= made;
        x->block_left -= made;
    }
    if (into_word(x) != 0) {
        ov_bits_high_skip(&x->b, 16 - into_word(x));
    }
    return !x->b.over;
}

static uint32_t slots_of(uint32_t window)
{
    uint32_t bits = 15;

    while (bits < 21 && 1u << bits < window) {
        bits++;
    }
    return bits == 21 ? 50 : bits == 20 ? 42 : 2 * bits;
}

static void reset(struct lzx *x)
{
    x->recent[0] = x->recent[1] = x->recent[2] = 1;
    memset(x->main_lengths, 0, sizeof(x->main_lengths));
    memset(x->length_lengths, 0, sizeof(x->length_lengths));
    x->block_left = 0;
    x->header_due = true;
}

bool ov_unpack_lzx(struct ov_buf *out, struct ov_bytes words, uint64_t size, uint32_t window,
        uint64_t reset_bytes)
{
    struct lzx x;
    uint64_t made = 0;

    memset(&x, 0, sizeof(x));
    x.b = ov_bits_on(words);
    x.out = out;
    x.slots = slots_of(window);
    /* Each turn makes a frame, which is the last or a whole one. */
    while (made < size && ov_buf_ok(out)) {
        const uint64_t frame = size - made < FRAME_BYTES ? size - made : FRAME_BYTES;

        if (reset_bytes != 0 && made % reset_bytes == 0) {
            reset(&x);
        }
        if (!decode_frame(&x, frame)) {
            return !ov_buf_ok(out);
        }
        made += frame;
    }
    return true;
}
