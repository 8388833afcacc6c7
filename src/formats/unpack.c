/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.c - zlib and liblzma over whole buffers, and LHA's codes. The bytes are hostile: the
 * libraries check theirs; our own loops end as each turn takes bits or makes bytes, up to a cap. */
#include "formats/unpack.h"

#define ZLIB_CONST
#include <lzma.h>
#include <string.h>
#include <zlib.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/bits.h"
#include "formats/peek.h"

#define CHUNK_BYTES (32u * OV_KIB)
/* What a stream may come to while nobody knows yet whether it is one. */
#define TRIAL_BYTES_MAX (256u * OV_KIB)

uint32_t ov_crc32(struct ov_bytes bytes)
{
    const uint8_t *at = ov_bytes_raw(bytes);
    const uint64_t len = ov_bytes_len(bytes);

    return len == 0 ? 0 : (uint32_t)crc32_z(0, at, (size_t)len);
}

struct ov_deflate_trial ov_deflate_try(struct ov_bytes in, int window_bits)
{
    struct ov_deflate_trial trial = { .ended = false };
    uint8_t made[1024];
    z_stream z = { 0 };
    int answer = Z_OK;

    if (ov_bytes_len(in) > UINT32_MAX || inflateInit2(&z, window_bits) != Z_OK) {
        return trial; /* no memory to doubt it */
    }
    z.next_in = ov_bytes_raw(in);
    z.avail_in = (unsigned)ov_bytes_len(in);
    /* Each turn uses up input or makes output, or is the last. */
    while (answer == Z_OK && z.total_out < TRIAL_BYTES_MAX) {
        z.next_out = made;
        z.avail_out = sizeof(made);
        answer = inflate(&z, Z_NO_FLUSH);
    }
    trial.used = z.total_in;
    trial.made = z.total_out;
    trial.ended = answer == Z_STREAM_END;
    trial.failed = answer != Z_OK && answer != Z_STREAM_END && answer != Z_BUF_ERROR;
    (void)inflateEnd(&z);
    return trial;
}

bool ov_deflate_goes_well(struct ov_bytes in)
{
    const struct ov_deflate_trial trial = ov_deflate_try(in, -15);

    return !trial.failed && (trial.made != 0 || trial.ended);
}

bool ov_lzma_goes_well(struct ov_bytes in)
{
    lzma_stream s = LZMA_STREAM_INIT;
    uint8_t made[4096];
    lzma_ret answer;

    if (lzma_alone_decoder(&s, OV_CODEC_MEMORY_MAX) != LZMA_OK) {
        return true;
    }
    s.next_in = ov_bytes_raw(in);
    s.avail_in = (size_t)ov_bytes_len(in);
    s.next_out = made;
    s.avail_out = sizeof(made);
    answer = lzma_code(&s, LZMA_RUN);
    lzma_end(&s);
    return answer == LZMA_MEMLIMIT_ERROR
           || ((answer == LZMA_OK || answer == LZMA_STREAM_END) && s.avail_out < sizeof(made));
}

static bool unpack_zlib(struct ov_buf *out, struct ov_bytes in, int window_bits, uint64_t *used)
{
    uint8_t chunk[CHUNK_BYTES];
    z_stream z = { 0 };
    int answer = Z_OK;

    if (ov_bytes_len(in) > UINT32_MAX || inflateInit2(&z, window_bits) != Z_OK) {
        return false;
    }
    z.next_in = ov_bytes_raw(in);
    z.avail_in = (uInt)ov_bytes_len(in);
    /* Each turn makes bytes or is the last. */
    while (answer == Z_OK && ov_buf_ok(out)) {
        z.next_out = chunk;
        z.avail_out = sizeof(chunk);
        answer = inflate(&z, Z_NO_FLUSH);
        if (answer == Z_OK && z.avail_out == sizeof(chunk)) {
            answer = Z_BUF_ERROR;
        }
        ov_buf_put(out, chunk, sizeof(chunk) - z.avail_out);
    }
    *used = ov_bytes_len(in) - z.avail_in;
    (void)inflateEnd(&z);
    return answer == Z_STREAM_END || !ov_buf_ok(out);
}

bool ov_unpack_zlib(struct ov_buf *out, struct ov_bytes in, int window_bits)
{
    uint64_t used;

    return unpack_zlib(out, in, window_bits, &used);
}

bool ov_unpack_zlib_first(struct ov_buf *out, struct ov_bytes in, uint64_t *used)
{
    return unpack_zlib(out, in, 15, used);
}

bool ov_unpack_lzma(
        struct ov_buf *out, struct ov_bytes properties, struct ov_bytes in, uint64_t size)
{
    uint8_t head[13];
    uint8_t chunk[CHUNK_BYTES];
    lzma_stream s = LZMA_STREAM_INIT;
    lzma_ret answer = LZMA_OK;
    uint64_t made = 0;

    if (ov_bytes_len(properties) != 5 || lzma_alone_decoder(&s, OV_CODEC_MEMORY_MAX) != LZMA_OK) {
        return false;
    }
    memcpy(head, ov_bytes_raw(properties), 5);
    memset(head + 5, 0xff, 8); /* the end is told by `size`, here */
    s.next_in = head;
    s.avail_in = sizeof(head);
    while (answer == LZMA_OK && made < size && ov_buf_ok(out)) {
        const uint64_t left = size - made;
        size_t got;

        s.next_out = chunk;
        s.avail_out = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);
        got = s.avail_out;
        answer = lzma_code(&s, LZMA_RUN);
        got -= s.avail_out;
        ov_buf_put(out, chunk, got);
        made += got;
        if (s.avail_in == 0 && s.next_in == head + sizeof(head)) {
            s.next_in = ov_bytes_raw(in);
            s.avail_in = (size_t)ov_bytes_len(in);
        } else if (answer == LZMA_OK && got == 0 && s.avail_in == 0) {
            answer = LZMA_BUF_ERROR;
        }
    }
    lzma_end(&s);
    return answer == LZMA_STREAM_END || made == size || !ov_buf_ok(out);
}

/* --- LHA's static Huffman ------------------------------------------------------------------- */

#define LZH_SYMBOLS 510u
#define LZH_LENGTHS 19u

/* A table for the lengths of another, or for distances: `special` is where a run may stand. */
static bool lzh_read_small(
        struct ov_bits *b, struct ov_huff *h, unsigned count, unsigned bits, unsigned special)
{
    const uint32_t n = ov_bits_high(b, bits);
    uint8_t lengths[32] = { 0 };
    uint32_t i = 0;

    if (n == 0) {
        memset(h, 0, sizeof(*h));
        h->only = (uint16_t)ov_bits_high(b, bits);
        return h->only < count;
    }
    while (i < n && i < count) {
        uint32_t len = ov_bits_high(b, 3);

        if (len == 7) {
            while (ov_bits_high(b, 1) != 0 && len < OV_HUFF_BITS_MAX) {
                len++;
            }
        }
        lengths[i++] = (uint8_t)len;
        if (i == special) {
            for (uint32_t run = ov_bits_high(b, 2); run > 0 && i < count; run--) {
                lengths[i++] = 0;
            }
        }
    }
    return ov_huff_make(h, lengths, count);
}

static int lzh_symbol(const struct ov_huff *h, struct ov_bits *b)
{
    return h->used == 0 ? h->only : ov_huff_high(h, b);
}

static bool lzh_read_main(struct ov_bits *b, struct ov_huff *h, const struct ov_huff *small)
{
    const uint32_t n = ov_bits_high(b, 9);
    uint8_t lengths[LZH_SYMBOLS] = { 0 };
    uint32_t i = 0;

    if (n == 0) {
        memset(h, 0, sizeof(*h));
        h->only = (uint16_t)ov_bits_high(b, 9);
        return h->only < LZH_SYMBOLS;
    }
    while (i < n && i < LZH_SYMBOLS && !b->over) {
        const int c = lzh_symbol(small, b);
        uint32_t run = 0;

        if (c < 0) {
            return false;
        }
        if (c > 2) {
            lengths[i++] = (uint8_t)(c - 2);
            continue;
        }
        run = c == 0 ? 1 : c == 1 ? ov_bits_high(b, 4) + 3 : ov_bits_high(b, 9) + 20;
        i += run;
    }
    return ov_huff_make(h, lengths, LZH_SYMBOLS);
}

struct lzh {
    struct ov_huff small;
    struct ov_huff symbols;
    struct ov_huff places;
};

static bool lzh_block(
        struct ov_buf *out, struct ov_bits *b, struct lzh *t, uint64_t size, unsigned places)
{
    uint32_t left = ov_bits_high(b, 16);

    if (!lzh_read_small(b, &t->small, LZH_LENGTHS, 5, 3)
            || !lzh_read_main(b, &t->symbols, &t->small)
            || !lzh_read_small(b, &t->places, places, 5, 0)) {
        return false;
    }
    for (; left > 0 && ov_bytes_len(ov_buf_bytes(out)) < size && ov_buf_ok(out); left--) {
        const int c = lzh_symbol(&t->symbols, b);
        int place;
        uint32_t distance;

        if (c < 0 || b->over) {
            return false;
        }
        if (c < 256) {
            ov_buf_put_u8(out, (uint8_t)c);
            continue;
        }
        place = lzh_symbol(&t->places, b);
        if (place < 0 || place > 30) {
            return false;
        }
        distance = place == 0 ? 0 : (1u << (place - 1)) + ov_bits_high(b, (unsigned)place - 1);
        if (!ov_lz_copy(out, (uint64_t)distance + 1, (uint64_t)c - 253)) {
            return !ov_buf_ok(out);
        }
    }
    return true;
}

bool ov_unpack_lzh(struct ov_buf *out, struct ov_bytes in, uint64_t size, unsigned places)
{
    struct ov_bits b = ov_bits_on(in);
    struct lzh t;
    bool good = true;

    while (good && ov_bytes_len(ov_buf_bytes(out)) < size && ov_buf_ok(out)) {
        good = lzh_block(out, &b, &t, size, places) && !b.over;
    }
    return good;
}
