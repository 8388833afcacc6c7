/* SPDX-License-Identifier: Apache-2.0 */
/* pass.c - the part that reads every byte. One load, fold, multiplication and bit test for each
 * offset looked at; the bitmap stays in the first or second level of cache.
 *
 * The filter's size was checked when the object's profile was chosen, and the shift keeps every
 * index inside it. */
#include <string.h>

#include "base/checked.h"
#include "match/inside.h"

#define INLINE static inline __attribute__((always_inline))

struct shape {
    uint8_t kind;
    uint8_t stride;
    uint8_t width;
};

#define FOLD UINT32_C(0x20202020)

INLINE uint32_t load32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

/* Bytes that are read for a gram. */
INLINE size_t gram_bytes(struct shape shape)
{
    return shape.kind == OV_PASS_DELTA ? 5 : shape.width == 8 ? 8 : 4;
}

INLINE uint64_t gram_at(const uint8_t *at, struct shape shape)
{
    const uint32_t low = load32(at);

    if (shape.kind == OV_PASS_PAIR) {
        return low & 0xffff;
    }
    if (shape.kind == OV_PASS_DELTA) {
        return low ^ load32(at + 1);
    }
    if (shape.width == 8) {
        return (low | FOLD) | (uint64_t)(load32(at + 4) | FOLD) << 32;
    }
    return shape.width == 3 ? (low | FOLD) & 0xffffff : low | FOLD;
}

uint64_t ov_pass_gram(const struct ov_pass *pass, const uint8_t *at, uint64_t left)
{
    const struct shape shape = { (uint8_t)pass->kind, (uint8_t)pass->stride, (uint8_t)pass->width };
    uint8_t bytes[8] = { 0 };

    if (left >= sizeof(bytes)) {
        return gram_at(at, shape);
    }
    memcpy(bytes, at, (size_t)left);
    return gram_at(bytes, shape);
}

/* Puts the offsets that pass into `hits`, from *from on, as long as 16 offsets can be done at a
 * time; *from is where to go on. Offsets are below `to`, and all bytes below `readable` may be
 * read. `shape` is a constant where this is called. */
INLINE uint32_t find(const struct ov_pass *pass, const uint8_t *at, size_t *from, size_t to,
        size_t readable, struct shape shape, uint32_t *hits)
{
    size_t x = *from;
    uint32_t count = 0;

    while (x + 16 <= to && x + 16 + gram_bytes(shape) <= readable && count <= OV_HITS_MAX - 16) {
        unsigned passed = 0;

#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i += shape.stride) {
            passed |= (unsigned)ov_pass_passes(pass, gram_at(at + x + i, shape)) << i;
        }
        while (passed != 0) {
            hits[count++] = (uint32_t)(x + (unsigned)__builtin_ctz(passed));
            passed &= passed - 1;
        }
        x += 16;
    }
    *from = x;
    return count;
}

static uint32_t find_any(
        struct ov_matcher *m, const struct ov_pass *pass, size_t *from, size_t to, size_t readable)
{
    const uint8_t *at = m->text.at;
    uint32_t *hits = m->hits;

#define FIND(kind, stride, width) \
    find(pass, at, from, to, readable, (struct shape){ kind, stride, width }, hits)

    if (m->vectors) {
        return ov_pass_find_avx2(pass, at, from, to, readable, hits);
    }
    if (pass->kind == OV_PASS_PAIR) {
        return FIND(OV_PASS_PAIR, 1, 2);
    }
    if (pass->kind == OV_PASS_DELTA) {
        return pass->stride == 4 ? FIND(OV_PASS_DELTA, 4, 4) : FIND(OV_PASS_DELTA, 1, 4);
    }
    if (pass->stride == 2) {
        return pass->width == 3 ? FIND(OV_PASS_FOLD, 2, 3) : FIND(OV_PASS_FOLD, 2, 4);
    }
    if (pass->stride == 1) {
        return FIND(OV_PASS_FOLD, 1, 4);
    }
    return pass->width == 8 ? FIND(OV_PASS_FOLD, 4, 8) : FIND(OV_PASS_FOLD, 4, 4);
#undef FIND
}

/* The offsets that are left, one by one. A gram must be all there; the last byte of an object has
 * no pair, but atoms of one byte may still be there. */
static uint32_t find_rest(
        struct ov_matcher *m, const struct ov_pass *pass, size_t *from, size_t to, size_t readable)
{
    const size_t needed = pass->kind == OV_PASS_DELTA  ? 5
                          : pass->kind == OV_PASS_PAIR ? 1
                                                       : pass->width;
    size_t x = *from;
    uint32_t count = 0;

    for (; x < to && readable - x >= needed && count < OV_HITS_MAX; x += pass->stride) {
        if (ov_pass_passes(pass, ov_pass_gram(pass, m->text.at + x, readable - x))) {
            m->hits[count++] = (uint32_t)x;
        }
    }
    *from = x;
    return count;
}

static void run_pass(struct ov_matcher *m, struct ov_pass *pass)
{
    const size_t readable = (size_t)(m->text.high - m->text.low);
    const size_t to = (size_t)(m->end - m->text.low);
    /* Strides are counted from the beginning of the object, wherever a block begins. */
    const uint64_t aligned = (m->first + pass->stride - 1) / pass->stride * pass->stride;
    size_t at = (size_t)(aligned - m->text.low), before;

    do {
        before = at;
        ov_candidates_check(m, pass, find_any(m, pass, &at, to, readable));
    } while (at > before && m->stopped != OV_REASON_STEPS);
    do {
        before = at;
        ov_candidates_check(m, pass, find_rest(m, pass, &at, to, readable));
    } while (at > before && m->stopped != OV_REASON_STEPS);
}

bool ov_pass_has_vectors(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
}

void ov_passes_run(struct ov_matcher *m)
{
    OV_ASSERT(m->text.high - m->text.low < UINT32_MAX);
    for (uint32_t i = 0; i < m->pass_count; i++) {
        if (m->passes[i].filter_bits != 0) {
            run_pass(m, &m->passes[i]);
        }
    }
}
