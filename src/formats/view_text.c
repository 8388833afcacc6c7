/* SPDX-License-Identifier: Apache-2.0 */
/* view_text.c - text as ClamAV's signatures for text see it: capitals made small, runs of blanks one
 * blank, and what is neither left out. Every file that passes for text comes through here, and a third
 * of those that are noise do: it is done without a branch on the bytes, which a processor would guess
 * wrongly, and sixteen of them at a time where it has the shuffles for that. */
#include <string.h>

#include "formats/views.h"

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= 9 && c <= 13);
}

static uint8_t small(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Byte by byte. Leaves out the second of two blanks in [from, len), and moves what stays to `made`;
 * `last` stands before `from`. Returns the new length. */
static size_t one_blank_each(uint8_t *at, size_t from, size_t len, size_t made, uint8_t last)
{
    for (size_t i = from; i < len; i++) {
        const uint8_t c = at[i];

        at[made] = c;
        made += (unsigned)(c != ' ') | (unsigned)(last != ' ');
        last = c;
    }
    return made;
}

static size_t keep_text(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t made = 0;

    for (size_t i = 0; i < len; i++) {
        const uint8_t c = is_blank(from[i]) ? ' ' : small(from[i]);

        to[made] = c;
        made += (unsigned)(c >= ' ') & (unsigned)(c < 0x80);
    }
    return made;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define SSSE3 __attribute__((target("ssse3")))

/* Which of four bytes stay, as a shuffle that brings them together, and how many they are. */
static const uint32_t together[16] = { 0, 0x00, 0x01, 0x0100, 0x02, 0x0200, 0x0201, 0x020100, 0x03,
    0x0300, 0x0301, 0x030100, 0x0302, 0x030200, 0x030201, 0x03020100 };
static const uint8_t ones[16] = { 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4 };

/* Writes the bytes of `v` that `stay` names to `to`, and up to three more behind them. */
SSSE3 static inline size_t put_some(uint8_t *to, __m128i v, unsigned stay)
{
    size_t made = 0;

    for (unsigned four = 0; four < 4; four++) {
        const unsigned bits = stay >> 4 * four & 15;
        const uint32_t shuffle = together[bits] + 0x04040404u * four;
        const int word = _mm_cvtsi128_si32(_mm_shuffle_epi8(v, _mm_cvtsi32_si128((int)shuffle)));

        memcpy(to + made, &word, sizeof(word));
        made += ones[bits];
    }
    return made;
}

/* What is written never passes what is read: `to` is as long as `from`, or the same. */
SSSE3 static size_t keep_text_16(uint8_t *to, const uint8_t *from, size_t len, size_t *done)
{
    size_t made = 0, at = 0;

    for (; len - at >= 16; at += 16) {
        __m128i v, capital, blank;

        memcpy(&v, from + at, sizeof(v));
        capital = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('A' - 1)),
                _mm_cmplt_epi8(v, _mm_set1_epi8('Z' + 1)));
        blank = _mm_and_si128(
                _mm_cmpgt_epi8(v, _mm_set1_epi8(8)), _mm_cmplt_epi8(v, _mm_set1_epi8(14)));
        v = _mm_or_si128(v, _mm_and_si128(capital, _mm_set1_epi8(0x20)));
        v = _mm_or_si128(_mm_andnot_si128(blank, v), _mm_and_si128(blank, _mm_set1_epi8(' ')));
        /* Signed: 0x80 and above are below zero. */
        made += put_some(to + made, v,
                (unsigned)_mm_movemask_epi8(_mm_cmpgt_epi8(v, _mm_set1_epi8(' ' - 1))));
    }
    *done = at;
    return made;
}

SSSE3 static size_t one_blank_each_16(uint8_t *at, size_t len, size_t *done, uint8_t *last)
{
    const __m128i space = _mm_set1_epi8(' ');
    unsigned before = 0; /* was the byte before these a blank? */
    size_t made = 0, i = 0;

    for (; len - i >= 16; i += 16) {
        unsigned blanks, second;
        __m128i v;

        memcpy(&v, at + i, sizeof(v));
        blanks = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, space));
        second = blanks & (blanks << 1 | before);
        before = blanks >> 15;
        if (second == 0) {
            memcpy(at + made, &v, sizeof(v));
            made += 16;
        } else {
            made += put_some(at + made, v, ~second & 0xffff);
        }
    }
    *done = i;
    *last = before != 0 ? ' ' : 0;
    return made;
}

static size_t view(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t done = 0, made = 0, kept;
    uint8_t last = 0;

    if (!__builtin_cpu_supports("ssse3")) {
        return one_blank_each(to, 0, keep_text(to, from, len), 0, 0);
    }
    kept = keep_text_16(to, from, len, &done);
    kept += keep_text(to + kept, from + done, len - done);
    made = one_blank_each_16(to, kept, &done, &last);
    return one_blank_each(to, done, kept, made, last);
}

#else

static size_t view(uint8_t *to, const uint8_t *from, size_t len)
{
    return one_blank_each(to, 0, keep_text(to, from, len), 0, 0);
}

#endif

void ov_view_text(struct ov_buf *out, struct ov_bytes in)
{
    const size_t before = (size_t)ov_bytes_len(ov_buf_bytes(out));
    const size_t len = (size_t)ov_bytes_len(in);
    uint8_t *to = ov_buf_extend(out, len);

    if (to != NULL) {
        ov_buf_cut(out, before + view(to, ov_bytes_raw(in), len));
    }
}
