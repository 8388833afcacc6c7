/* SPDX-License-Identifier: Apache-2.0 */
/* embedded_find.c - the next place where a file of some kind may begin inside another. Reads all bytes
 * of most objects, so it looks at many at once, for all kinds together: memmem for each would read the
 * same bytes as often as there are kinds. */
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/embedded_kinds.h"
#include "formats/peek.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* `at` lies in `b`. */
static bool begins(struct ov_bytes b, uint64_t at, unsigned where)
{
    const uint8_t first = ov_bytes_raw(b)[at];

    for (size_t i = 0; i < OV_EMBEDDED_KINDS; i++) {
        const struct ov_embedded_kind *k = &ov_embedded_kinds[i];

        if (first == (uint8_t)k->magic[0] && (k->where & where) != 0
                && ov_has_prefix(b, at, k->magic, k->len)) {
            return true;
        }
    }
    return false;
}

#if defined(__x86_64__)

#define BYTES   OV_EMBEDDED_NIBBLE_BYTES
#define BUCKETS 8u

/* Two bytes stand in every file of some size: a kind that has no more shares its bucket with none, or
 * what mixes the nibbles of both would be let through as well. */
static void set_nibbles(struct ov_embedded_search *out)
{
    const unsigned where = out->where;
    unsigned shorts = 0, next_short = 0, next = 0;

    memset(out->low, 0, sizeof(out->low));
    memset(out->high, 0, sizeof(out->high));
    for (size_t kind = 0; kind < OV_EMBEDDED_KINDS; kind++) {
        shorts +=
                (ov_embedded_kinds[kind].where & where) != 0 && ov_embedded_kinds[kind].len < BYTES;
    }
    OV_ASSERT(shorts < BUCKETS);
    for (size_t kind = 0; kind < OV_EMBEDDED_KINDS; kind++) {
        const struct ov_embedded_kind *k = &ov_embedded_kinds[kind];
        uint8_t bucket;

        if ((k->where & where) == 0) {
            continue;
        }
        bucket = (uint8_t)(1u << (k->len < BYTES ? next_short++
                                                 : shorts + next++ % (BUCKETS - shorts)));
        for (size_t i = 0; i < BYTES; i++) {
            const uint8_t byte = (uint8_t)k->magic[i]; /* at worst the NUL behind it */

            for (size_t n = 0; n < 16 && i >= k->len; n++) {
                out->low[i][n] |= bucket;
                out->high[i][n] |= bucket;
            }
            out->low[i][byte & 15u] |= bucket;
            out->high[i][byte >> 4] |= bucket;
        }
    }
}

#define AVX2   __attribute__((target("avx2")))
#define INLINE AVX2 static inline __attribute__((always_inline))

INLINE __m256i table(const uint8_t bytes[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)bytes));
}

INLINE __m256i buckets_at(const uint8_t *at, __m256i low, __m256i high)
{
    const __m256i low_bits = _mm256_set1_epi8(15);
    const __m256i bytes = _mm256_loadu_si256((const void *)at);
    const __m256i above = _mm256_srli_epi16(bytes, 4);

    return _mm256_and_si256(_mm256_shuffle_epi8(low, _mm256_and_si256(bytes, low_bits)),
            _mm256_shuffle_epi8(high, _mm256_and_si256(above, low_bits)));
}

/* As far as whole vectors go; *from is where to go on if there is none. */
AVX2 static uint64_t find_many(
        const struct ov_embedded_search *search, struct ov_bytes b, uint64_t *from)
{
    const __m256i low0 = table(search->low[0]), high0 = table(search->high[0]);
    const __m256i low1 = table(search->low[1]), high1 = table(search->high[1]);
    const __m256i low2 = table(search->low[2]), high2 = table(search->high[2]);
    const uint8_t *p = ov_bytes_raw(b);
    const uint64_t len = ov_bytes_len(b);
    uint64_t x = *from;

    _Static_assert(BYTES == 3, "as many as are looked at here");
    for (; len - x >= 32 + BYTES; x += 32) {
        const __m256i may = _mm256_and_si256(_mm256_and_si256(buckets_at(p + x, low0, high0),
                                                     buckets_at(p + x + 1, low1, high1)),
                buckets_at(p + x + 2, low2, high2));
        unsigned left =
                ~(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(may, _mm256_setzero_si256()));

        for (; left != 0; left &= left - 1) {
            const uint64_t at = x + (unsigned)__builtin_ctz(left);

            if (begins(b, at, search->where)) {
                return at;
            }
        }
    }
    *from = x;
    return UINT64_MAX;
}

static bool has_vectors(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
}

#else

static void set_nibbles(struct ov_embedded_search *out)
{
    (void)out;
}

static uint64_t find_many(
        const struct ov_embedded_search *search, struct ov_bytes b, uint64_t *from)
{
    (void)search, (void)b, (void)from;
    return UINT64_MAX;
}

static bool has_vectors(void)
{
    return false;
}

#endif

/* Sixteen bytes at a time: the two that each kind begins with. */
typedef uint8_t v16 __attribute__((vector_size(16)));
typedef uint64_t v2 __attribute__((vector_size(16)));

static uint64_t find_plainly(struct ov_bytes b, uint64_t *from, unsigned where)
{
    const uint8_t *p = ov_bytes_raw(b);
    const uint64_t len = ov_bytes_len(b);
    v16 first[OV_EMBEDDED_KINDS], second[OV_EMBEDDED_KINDS];
    size_t count = 0;

    for (size_t i = 0; i < OV_EMBEDDED_KINDS; i++) {
        if ((ov_embedded_kinds[i].where & where) != 0) {
            first[count] = (v16){ 0 } + (uint8_t)ov_embedded_kinds[i].magic[0];
            second[count++] = (v16){ 0 } + (uint8_t)ov_embedded_kinds[i].magic[1];
        }
    }
    for (; len - *from >= 17; *from += 16) {
        v16 a, c, any = { 0 };
        v2 halves;

        memcpy(&a, &p[*from], sizeof(a));
        memcpy(&c, &p[*from + 1], sizeof(c));
        for (size_t i = 0; i < count; i++) {
            any |= (v16)(a == first[i]) & (v16)(c == second[i]);
        }
        memcpy(&halves, &any, sizeof(halves));
        for (unsigned i = 0; (halves[0] | halves[1]) != 0 && i < 16; i++) {
            if (any[i] != 0 && begins(b, *from + i, where)) {
                return *from + i;
            }
        }
    }
    return UINT64_MAX;
}

void ov_embedded_search_init(struct ov_embedded_search *search, unsigned where)
{
    search->where = where;
    search->vectors = has_vectors();
    if (search->vectors) {
        set_nibbles(search);
    }
}

uint64_t ov_embedded_find(const struct ov_embedded_search *search, struct ov_bytes b, uint64_t from)
{
    const unsigned where = search->where;
    const uint64_t len = ov_bytes_len(b);
    uint64_t found;

    if (from > len) {
        return UINT64_MAX;
    }
    found = search->vectors ? find_many(search, b, &from) : find_plainly(b, &from, where);
    for (; found == UINT64_MAX && len - from >= 2; from++) {
        if (begins(b, from, where)) {
            return from;
        }
    }
    return found;
}

/* The file whose magic is at `at` of the window: does its check say that there is none? */
static bool is_none(const struct ov_embedded_kind *k, const struct ov_window *window, uint64_t at,
        uint64_t size)
{
    const uint64_t magic_at = window->offset + at;
    const uint64_t seen_to = window->offset + ov_bytes_len(window->bytes);
    uint64_t begin, bytes;

    if (magic_at <= k->back) {
        return true; /* the object itself, or what would begin in front of it */
    }
    begin = magic_at - k->back;
    if (begin < window->offset || (seen_to - begin < OV_EMBEDDED_HEAD_BYTES && seen_to != size)) {
        return false;
    }
    return !k->check(ov_bytes_between(window->bytes, begin - window->offset,
                             begin - window->offset + OV_EMBEDDED_HEAD_BYTES),
            size - begin, &bytes);
}

bool ov_embedded_none(const struct ov_window *window, uint64_t size, unsigned where)
{
    const uint64_t end = window->end - window->offset;
    uint64_t at = window->first - window->offset;
    struct ov_embedded_search search;

    ov_embedded_search_init(&search, where);
    /* Each turn goes to the next place where one may be. */
    while ((at = ov_embedded_find(&search, window->bytes, at)) < end) {
        for (size_t i = 0; i < OV_EMBEDDED_KINDS; i++) {
            const struct ov_embedded_kind *k = &ov_embedded_kinds[i];

            if ((k->where & where) != 0 && ov_has_prefix(window->bytes, at, k->magic, k->len)
                    && !is_none(k, window, at, size)) {
                return false;
            }
        }
        at++;
    }
    return true;
}
