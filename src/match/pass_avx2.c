/* SPDX-License-Identifier: Apache-2.0 */
/* pass_avx2.c - pass.c for processors with AVX2: eight grams at a time. Finds what pass.c finds.
 * Called only where the processor was asked (ov_pass_has_vectors). */
#include "match/inside.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* A bit for each of the eight hashes that passes. */
AVX2 static inline unsigned passed(const struct ov_pass *pass, __m256i hash, __m128i shift)
{
    const __m256i five = _mm256_set1_epi32(31);
    const __m256i words =
            _mm256_i32gather_epi32((const void *)pass->filter, _mm256_srl_epi32(hash, shift), 4);
    const __m256i a = _mm256_srlv_epi32(words, _mm256_and_si256(_mm256_srli_epi32(hash, 10), five));
    const __m256i b = _mm256_srlv_epi32(words, _mm256_and_si256(_mm256_srli_epi32(hash, 5), five));
    const __m256i both = _mm256_slli_epi32(_mm256_and_si256(a, b), 31);

    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(both));
}

/* The hashes of eight grams, four bytes apart, of which the first begins at `at`. */
AVX2 static inline __m256i hashes_at(const struct ov_pass *pass, const uint8_t *at)
{
    const __m256i low = _mm256_set1_epi32((int)pass->hash_low);
    const __m256i plain = _mm256_loadu_si256((const void *)at);
    const __m256i folded = _mm256_or_si256(plain, _mm256_set1_epi8(0x20));
    __m256i hash;

    if (pass->kind == OV_PASS_PAIR) {
        return _mm256_mullo_epi32(_mm256_and_si256(plain, _mm256_set1_epi32(0xffff)), low);
    }
    if (pass->kind == OV_PASS_DELTA) {
        const __m256i next = _mm256_loadu_si256((const void *)(at + 1));

        return _mm256_mullo_epi32(_mm256_xor_si256(plain, next), low);
    }
    if (pass->width == 3) {
        return _mm256_mullo_epi32(_mm256_and_si256(folded, _mm256_set1_epi32(0xffffff)), low);
    }
    hash = _mm256_mullo_epi32(folded, low);
    if (pass->width == 8) {
        const __m256i behind =
                _mm256_or_si256(_mm256_loadu_si256((const void *)(at + 4)), _mm256_set1_epi8(0x20));
        const __m256i high = _mm256_set1_epi32((int)pass->hash_high);

        hash = _mm256_add_epi32(hash, _mm256_mullo_epi32(behind, high));
    }
    return hash;
}

/* Of grams four bytes apart, those of which the first begins `lane` bytes behind `at`: a bit at
 * every fourth place, from `lane` on. */
AVX2 static inline unsigned lane(
        const struct ov_pass *pass, const uint8_t *at, unsigned lane_number, __m128i shift)
{
    /* The eight bits, spread to every fourth place. */
    static const uint16_t spread[16] = { 0x0000, 0x0001, 0x0010, 0x0011, 0x0100, 0x0101, 0x0110,
        0x0111, 0x1000, 0x1001, 0x1010, 0x1011, 0x1100, 0x1101, 0x1110, 0x1111 };
    const unsigned bits = passed(pass, hashes_at(pass, at + lane_number), shift);

    return ((unsigned)spread[bits >> 4] << 16 | spread[bits & 15]) << lane_number;
}

AVX2 uint32_t ov_pass_find_avx2(const struct ov_pass *pass, const uint8_t *at, size_t *from,
        size_t to, size_t readable, uint32_t *hits)
{
    const __m128i shift = _mm_cvtsi32_si128((int)(37 - pass->filter_bits));
    size_t x = *from;
    uint32_t count = 0;

    /* The last lane reads three bytes more and a difference one; the second half of a gram four. */
    while (x + 32 <= to && x + 32 + 4 <= readable && count <= OV_HITS_MAX - 32) {
        unsigned bits = lane(pass, at + x, 0, shift);

        if (pass->stride <= 2) {
            bits |= lane(pass, at + x, 2, shift);
        }
        if (pass->stride == 1) {
            bits |= lane(pass, at + x, 1, shift) | lane(pass, at + x, 3, shift);
        }
        while (bits != 0) {
            hits[count++] = (uint32_t)x + (unsigned)__builtin_ctz(bits);
            bits &= bits - 1;
        }
        x += 32;
    }
    *from = x;
    return count;
}

#else

uint32_t ov_pass_find_avx2(const struct ov_pass *pass, const uint8_t *at, size_t *from, size_t to,
        size_t readable, uint32_t *hits)
{
    (void)pass, (void)at, (void)from, (void)to, (void)readable, (void)hits;
    return 0; /* pass.c never asks for vectors here */
}

#endif
