/* SPDX-License-Identifier: Apache-2.0 */
/* pass.c - the part that reads every byte. One load, fold, multiplication and bit test for each
 * offset looked at; the bitmap stays in the first or second level of cache.
 *
 * The filter's size was checked when the database was opened, and the shift keeps every index
 * inside it. */
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "match/inside.h"

#define INLINE static inline __attribute__((always_inline))

#define FOLD UINT32_C(0x20202020)

INLINE uint32_t load32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

INLINE unsigned filter_bit(const struct ov_pass *pass, uint32_t gram)
{
    const uint32_t bit = (gram * pass->filter_hash) >> pass->filter_shift;

    return pass->filter[bit >> 3] >> (bit & 7) & 1u;
}

/* Bytes a gram reads. */
INLINE size_t gram_bytes(unsigned kind)
{
    return kind == OV_PASS_PAIR ? 2 : kind == OV_PASS_DELTA ? 5 : 4;
}

INLINE uint32_t gram_at(const uint8_t *at, unsigned kind)
{
    if (kind == OV_PASS_PAIR) {
        return at[0] | (uint32_t)at[1] << 8;
    }
    if (kind == OV_PASS_DELTA) {
        return load32(at) ^ load32(at + 1);
    }
    return load32(at) | FOLD;
}

/* Puts the offsets that pass into `hits`, from *from on, at most OV_HITS_MAX; *from is where to
 * go on. Offsets are below `to`, and all bytes below `readable` may be read. `kind` and `stride`
 * are constants where this is called. */
INLINE uint32_t find(const struct ov_pass *pass, const uint8_t *at, size_t *from, size_t to,
        size_t readable, unsigned kind, unsigned stride, uint32_t *hits)
{
    size_t x = *from;
    uint32_t count = 0;

    while (x + 16 <= to && x + 16 + gram_bytes(kind) <= readable && count <= OV_HITS_MAX - 16) {
        unsigned passed = 0;

#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i += stride) {
            passed |= filter_bit(pass, gram_at(at + x + i, kind)) << i;
        }
        while (passed != 0) {
            hits[count++] = (uint32_t)(x + (unsigned)__builtin_ctz(passed));
            passed &= passed - 1;
        }
        x += 16;
    }
    if (count <= OV_HITS_MAX - 32) { /* less than 32 offsets are left: one by one */
        while (x < to && x + gram_bytes(kind) <= readable
                && (x + 16 > to || x + 16 + gram_bytes(kind) > readable)) {
            if (filter_bit(pass, gram_at(at + x, kind)) != 0) {
                hits[count++] = (uint32_t)x;
            }
            x += stride;
        }
    }
    *from = x;
    return count;
}

static uint32_t find_any(const struct ov_pass *pass, const uint8_t *at, size_t *from, size_t to,
        size_t readable, uint32_t *hits)
{
    if (pass->kind == OV_PASS_PAIR) {
        return find(pass, at, from, to, readable, OV_PASS_PAIR, 1, hits);
    }
    if (pass->kind == OV_PASS_DELTA) {
        return pass->stride == 4 ? find(pass, at, from, to, readable, OV_PASS_DELTA, 4, hits)
                                 : find(pass, at, from, to, readable, OV_PASS_DELTA, 1, hits);
    }
    switch (pass->stride) {
    case 4:
        return find(pass, at, from, to, readable, OV_PASS_FOLD, 4, hits);
    case 2:
        return find(pass, at, from, to, readable, OV_PASS_FOLD, 2, hits);
    default:
        return find(pass, at, from, to, readable, OV_PASS_FOLD, 1, hits);
    }
}

static void run_pass(struct ov_matcher *m, struct ov_pass *pass)
{
    const size_t readable = (size_t)(m->text.high - m->text.low);
    const size_t to = (size_t)(m->end - m->text.low);
    /* Strides are counted from the beginning of the object, wherever a block begins. */
    const uint64_t aligned = (m->first + pass->stride - 1) / pass->stride * pass->stride;
    size_t at = (size_t)(aligned - m->text.low);

    while (at < to && at + gram_bytes(pass->kind) <= readable) {
        const size_t before = at;
        const uint32_t count = find_any(pass, m->text.at, &at, to, readable, m->hits);

        ov_candidates_check(m, pass, count);
        OV_ASSERT(at > before);
        if (m->stopped == OV_REASON_STEPS) {
            return;
        }
    }
    if (pass->kind == OV_PASS_PAIR && to == readable && to > 0 && at == to - 1) {
        /* The last byte of the object has no neighbour; atoms of one byte may still be there. */
        m->hits[0] = (uint32_t)(to - 1);
        ov_candidates_check(m, pass, 1);
    }
}

void ov_passes_run(struct ov_matcher *m)
{
    OV_ASSERT(m->text.high - m->text.low < UINT32_MAX);
    for (uint32_t i = 0; i < m->pass_count; i++) {
        run_pass(m, &m->passes[i]);
    }
}
