/* SPDX-License-Identifier: Apache-2.0 */
/* pass_avx2.c - pass.c for processors with AVX2. Finds what pass.c finds, but for offsets inside
 * runs of bytes that are known to be barren. Called only where the processor was asked
 * (ov_pass_has_vectors).
 *
 * Eight grams are looked up at a time, four bytes apart. Most of such a step is for fetching eight
 * words of the bitmap, so a pass over every offset, four steps for 32 bytes, asks the nibbles first
 * where it has any: eight shuffles for 32 offsets. */
#include "match/inside.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2   __attribute__((target("avx2")))
#define INLINE AVX2 static inline __attribute__((always_inline))

/* Steps of 32 bytes whose finds are written down together. */
#define TOGETHER 16u

_Static_assert(OV_HITS_MAX > 32 * TOGETHER, "all offsets of so many steps may pass");

struct shape { /* constants where it is used */
    unsigned kind;
    unsigned stride;
    unsigned width;
};

/* What stays the same over a whole block. */
struct constants {
    __m256i low;
    __m256i high;
    __m128i shift;
};

INLINE int word_at(const uint8_t *filter, uint64_t index)
{
    int word;

    memcpy(&word, filter + 4 * index, sizeof(word));
    return word;
}

/* Four words of the bitmap. Loads of their own take two thirds of the time of a gather, on the
 * processors this was measured on, where the bitmap is in the first level of cache; behind it there
 * is no difference. */
INLINE __m128i words_at(const uint8_t *filter, __m128i indices)
{
    const uint64_t low = (uint64_t)_mm_cvtsi128_si64(indices);
    const uint64_t high = (uint64_t)_mm_extract_epi64(indices, 1);
    __m128i words = _mm_cvtsi32_si128(word_at(filter, low & UINT32_MAX));

    words = _mm_insert_epi32(words, word_at(filter, low >> 32), 1);
    words = _mm_insert_epi32(words, word_at(filter, high & UINT32_MAX), 2);
    return _mm_insert_epi32(words, word_at(filter, high >> 32), 3);
}

/* A bit for each of the eight hashes that passes. */
INLINE unsigned passed(const struct ov_pass *pass, __m256i hash, __m128i shift)
{
    const __m256i five = _mm256_set1_epi32(31);
    const __m256i indices = _mm256_srl_epi32(hash, shift);
    const __m256i words =
            _mm256_set_m128i(words_at(pass->filter, _mm256_extracti128_si256(indices, 1)),
                    words_at(pass->filter, _mm256_castsi256_si128(indices)));
    const __m256i a = _mm256_srlv_epi32(words, _mm256_and_si256(_mm256_srli_epi32(hash, 12), five));
    const __m256i b = _mm256_srlv_epi32(words, _mm256_and_si256(_mm256_srli_epi32(hash, 7), five));
    const __m256i c = _mm256_srlv_epi32(words, _mm256_and_si256(_mm256_srli_epi32(hash, 2), five));
    const __m256i all = _mm256_slli_epi32(_mm256_and_si256(_mm256_and_si256(a, b), c), 31);

    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(all));
}

/* As ov_gram_hash ends. */
INLINE __m256i mixed(__m256i h)
{
    return _mm256_xor_si256(h, _mm256_srli_epi32(h, 15));
}

/* The hashes of eight grams, four bytes apart, of which the first begins at `at`. */
INLINE __m256i hashes_at(const struct constants *k, const uint8_t *at, struct shape shape)
{
    const __m256i plain = _mm256_loadu_si256((const void *)at);
    const __m256i folded = _mm256_or_si256(plain, _mm256_set1_epi8(0x20));

    if (shape.kind == OV_PASS_PAIR) {
        return mixed(
                _mm256_mullo_epi32(_mm256_and_si256(plain, _mm256_set1_epi32(0xffff)), k->low));
    }
    if (shape.kind == OV_PASS_DELTA) {
        const __m256i next = _mm256_loadu_si256((const void *)(at + 1));

        return mixed(_mm256_mullo_epi32(_mm256_xor_si256(plain, next), k->low));
    }
    if (shape.width == 3) {
        return mixed(
                _mm256_mullo_epi32(_mm256_and_si256(folded, _mm256_set1_epi32(0xffffff)), k->low));
    }
    if (shape.width == 8) {
        const __m256i behind =
                _mm256_or_si256(_mm256_loadu_si256((const void *)(at + 4)), _mm256_set1_epi8(0x20));

        return mixed(_mm256_add_epi32(
                _mm256_mullo_epi32(folded, k->low), _mm256_mullo_epi32(behind, k->high)));
    }
    return mixed(_mm256_mullo_epi32(folded, k->low));
}

/* The eight bits, spread to every fourth place. */
INLINE unsigned spread(unsigned bits)
{
    static const uint16_t half[16] = { 0x0000, 0x0001, 0x0010, 0x0011, 0x0100, 0x0101, 0x0110,
        0x0111, 0x1000, 0x1001, 0x1010, 0x1011, 0x1100, 0x1101, 0x1110, 0x1111 };

    return (unsigned)half[bits >> 4 & 15] << 16 | half[bits & 15];
}

/* Of 32 offsets from `at` on, those that pass: eight bits for each step. */
INLINE unsigned look(const struct ov_pass *pass, const struct constants *k, const uint8_t *at,
        struct shape shape)
{
    unsigned bits = 0;

    for (unsigned i = 0; i < 4; i += shape.stride) {
        bits |= passed(pass, hashes_at(k, at + i, shape), k->shift) << 8 * i;
    }
    return bits;
}

/* The same, a bit for each offset. */
INLINE unsigned in_order(unsigned bits, struct shape shape)
{
    unsigned all = 0;

    for (unsigned i = 0; i < 4; i += shape.stride) {
        all |= spread(bits >> 8 * i & 255u) << i;
    }
    return all;
}

/* Whether the 32 bytes at `at`, all of one value if `plain` is, lie inside a barren run. */
INLINE bool is_barren(const struct ov_pass *pass, const uint8_t *at, size_t x, size_t readable)
{
    const __m256i plain = _mm256_loadu_si256((const void *)(at + x));
    const uint8_t b = at[x];
    const __m256i run = _mm256_set1_epi8((char)b);

    if (_mm256_movemask_epi8(_mm256_cmpeq_epi8(plain, run)) != -1
            || (pass->barren[b >> 6] >> (b & 63) & 1) == 0 || x < 4 || x + 41 > readable) {
        return false;
    }
    return memcmp(at + x - 4, at + x, 4) == 0 && memcmp(at + x + 32, at + x, 9) == 0;
}

INLINE uint32_t find(const struct ov_pass *pass, const uint8_t *at, size_t *from, size_t to,
        size_t readable, uint32_t *hits, struct shape shape)
{
    const struct constants k = {
        .low = _mm256_set1_epi32((int)pass->hash_low),
        .high = _mm256_set1_epi32((int)pass->hash_high),
        .shift = _mm_cvtsi32_si128((int)(37 - pass->filter_bits)),
    };
    size_t x = *from;
    uint32_t count = 0;

    /* The last step reads three bytes more and a difference one; the second half of a gram four. */
    while (x + 32 <= to && x + 32 + 4 <= readable && count <= OV_HITS_MAX - 32 * TOGETHER) {
        uint32_t places[TOGETHER + 1], found[TOGETHER + 1];
        unsigned n = 0;

        /* One step in four lets something through, and none can be told beforehand: no branch. */
        for (unsigned i = 0; i < TOGETHER && x + 32 <= to && x + 32 + 4 <= readable; i++) {
            if (!is_barren(pass, at, x, readable)) {
                places[n] = (uint32_t)x;
                found[n] = look(pass, &k, at + x, shape);
                n += found[n] != 0;
            }
            x += 32;
        }
        for (unsigned i = 0; i < n; i++) {
            for (unsigned bits = in_order(found[i], shape); bits != 0; bits &= bits - 1) {
                hits[count++] = places[i] + (unsigned)__builtin_ctz(bits);
            }
        }
    }
    *from = x;
    return count;
}

/* --- with nibbles --------------------------------------------------------------------------------- */

INLINE __m256i both_lanes(const uint8_t table[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table));
}

/* The tables of one byte of an entry. */
struct halves {
    __m256i low;
    __m256i high;
};

/* The halves of 32 bytes: what the tables are asked for. */
struct asked {
    __m256i low;
    __m256i high;
};

INLINE struct asked asked_at(const uint8_t *at, bool differences)
{
    const __m256i four = _mm256_set1_epi8(0x0f);
    __m256i bytes = _mm256_loadu_si256((const void *)at);

    if (differences) {
        bytes = _mm256_xor_si256(bytes, _mm256_loadu_si256((const void *)(at + 1)));
    }
    return (struct asked){
        .low = _mm256_and_si256(bytes, four),
        .high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), four),
    };
}

INLINE __m256i sets_of(const struct halves *table, struct asked asked)
{
    return _mm256_and_si256(_mm256_shuffle_epi8(table->low, asked.low),
            _mm256_shuffle_epi8(table->high, asked.high));
}

/* Offsets are counted from one that the stride divides. */
#define EVERY        0xffffffffu
#define EVERY_SECOND 0x55555555u
#define EVERY_FOURTH 0x11111111u

/* What is a constant where it is used: how many bytes of a gram decide, and how many records there
 * are. */
struct plan {
    unsigned kind;
    unsigned width;
    unsigned records;
    unsigned places; /* a bit for each of 32 offsets that is looked at */
};

/* The offsets of the 32 from `at` on at which some record has an entry. */
INLINE unsigned entries_at(
        struct halves tables[OV_NIBBLES_MAX][4], const uint8_t *at, struct plan plan)
{
    __m256i sets[OV_NIBBLES_MAX];
    __m256i any;

    for (unsigned i = 0; i < plan.width; i++) {
        const struct asked asked = asked_at(at + i, plan.kind == OV_PASS_DELTA);

        for (unsigned n = 0; n < plan.records; n++) {
            const __m256i here = sets_of(&tables[n][i], asked);

            sets[n] = i == 0 ? here : _mm256_and_si256(sets[n], here);
        }
    }
    any = sets[0];
    for (unsigned n = 1; n < plan.records; n++) {
        any = _mm256_or_si256(any, sets[n]);
    }
    return ~(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(any, _mm256_setzero_si256()));
}

INLINE uint32_t load32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

/* As ov_pass_gram, where all its bytes are there: eight at every fourth offset, else five. */
INLINE uint64_t gram_at(const struct ov_pass *pass, const uint8_t *at, struct plan plan)
{
    const uint32_t fold = 0x20202020u, low = load32(at);

    if (plan.kind == OV_PASS_PAIR) {
        return low & 0xffff;
    }
    if (plan.kind == OV_PASS_DELTA) {
        return low ^ load32(at + 1);
    }
    if (plan.places == EVERY_FOURTH && pass->width == 8) {
        return (low | fold) | (uint64_t)(load32(at + 4) | fold) << 32;
    }
    return plan.width == 3 ? (low | fold) & 0xffffff : low | fold;
}

INLINE uint32_t find_by_nibbles(const struct ov_pass *pass, const uint8_t *at, size_t *from,
        size_t to, size_t readable, uint32_t *hits, struct plan plan)
{
    struct halves tables[OV_NIBBLES_MAX][4];
    size_t x = *from;
    uint32_t count = 0;

    for (unsigned n = 0; n < plan.records; n++) {
        /* Of three records the last one stands twice. */
        const struct ov_db_nibbles *record =
                &pass->nibbles[n < pass->nibble_count ? n : pass->nibble_count - 1];

        for (unsigned i = 0; i < plan.width; i++) {
            tables[n][i].low = both_lanes(record->low[i]);
            tables[n][i].high = both_lanes(record->high[i]);
        }
    }
    while (x + 32 <= to && x + 32 + 4 <= readable && count <= OV_HITS_MAX - 32 * TOGETHER) {
        uint32_t places[TOGETHER + 1], found[TOGETHER + 1];
        unsigned n = 0;

        /* In texts every other step lets something through: no branch, as above. */
        for (unsigned i = 0; i < TOGETHER && x + 32 <= to && x + 32 + 4 <= readable; i++) {
            places[n] = (uint32_t)x;
            found[n] = entries_at(tables, at + x, plan) & plan.places;
            n += found[n] != 0;
            x += 32;
        }
        for (unsigned i = 0; i < n; i++) {
            if (is_barren(pass, at, places[i], readable)) {
                continue;
            }
            for (unsigned bits = found[i]; bits != 0; bits &= bits - 1) {
                const uint32_t here = places[i] + (unsigned)__builtin_ctz(bits);

                hits[count] = here;
                count += ov_pass_passes(pass, gram_at(pass, at + here, plan));
            }
        }
    }
    *from = x;
    return count;
}

/* Of a pair the tables of the third byte and the fourth say nothing, of three bytes that of the
 * fourth. */
#define FIND_RECORDS(kind, width, records, places) \
    find_by_nibbles(                               \
            pass, at, from, to, readable, hits, (struct plan){ kind, width, records, places })
#define FIND_NIBBLES(kind, width, places)                                    \
    (pass->nibble_count == 1          ? FIND_RECORDS(kind, width, 1, places) \
            : pass->nibble_count == 2 ? FIND_RECORDS(kind, width, 2, places) \
                                      : FIND_RECORDS(kind, width, OV_NIBBLES_MAX, places))

AVX2 static uint32_t find_among_nibbles(const struct ov_pass *pass, const uint8_t *at, size_t *from,
        size_t to, size_t readable, uint32_t *hits)
{
    if (pass->kind == OV_PASS_DELTA) {
        return pass->stride == 4 ? FIND_NIBBLES(OV_PASS_DELTA, 4, EVERY_FOURTH)
                                 : FIND_NIBBLES(OV_PASS_DELTA, 4, EVERY);
    }
    if (pass->kind == OV_PASS_PAIR) {
        return FIND_NIBBLES(OV_PASS_PAIR, 2, EVERY);
    }
    if (pass->stride == 2) {
        return pass->width == 3 ? FIND_NIBBLES(OV_PASS_FOLD, 3, EVERY_SECOND)
                                : FIND_NIBBLES(OV_PASS_FOLD, 4, EVERY_SECOND);
    }
    return pass->stride == 4 ? FIND_NIBBLES(OV_PASS_FOLD, 4, EVERY_FOURTH)
                             : FIND_NIBBLES(OV_PASS_FOLD, 4, EVERY);
}

/* --- which ---------------------------------------------------------------------------------------- */

#define FIND(kind, stride, width) \
    find(pass, at, from, to, readable, hits, (struct shape){ kind, stride, width })

AVX2 uint32_t ov_pass_find_avx2(const struct ov_pass *pass, const uint8_t *at, size_t *from,
        size_t to, size_t readable, uint32_t *hits)
{
    if (pass->nibble_count != 0) {
        return find_among_nibbles(pass, at, from, to, readable, hits);
    }
    if (pass->kind == OV_PASS_PAIR) {
        return FIND(OV_PASS_PAIR, 1, 2);
    }
    if (pass->kind == OV_PASS_DELTA) {
        return pass->stride == 4 ? FIND(OV_PASS_DELTA, 4, 4) : FIND(OV_PASS_DELTA, 1, 4);
    }
    if (pass->width == 8) {
        return FIND(OV_PASS_FOLD, 4, 8);
    }
    if (pass->width == 3) {
        return FIND(OV_PASS_FOLD, 2, 3);
    }
    return pass->stride == 4   ? FIND(OV_PASS_FOLD, 4, 4)
           : pass->stride == 2 ? FIND(OV_PASS_FOLD, 2, 4)
                               : FIND(OV_PASS_FOLD, 1, 4);
}

#else

uint32_t ov_pass_find_avx2(const struct ov_pass *pass, const uint8_t *at, size_t *from, size_t to,
        size_t readable, uint32_t *hits)
{
    (void)pass, (void)at, (void)from, (void)to, (void)readable, (void)hits;
    return 0; /* pass.c never asks for vectors here */
}

#endif
