/* SPDX-License-Identifier: Apache-2.0 */
/* candidates.c - what a filter let through: the bucket of its gram, and in it the atoms whose
 * eight bytes are there. Buckets of which every string is settled are skipped from then on. */
#include <string.h>

#include "match/inside.h"

/* Buckets of hits are fetched this far ahead. */
#define AHEAD 16u

static uint32_t gram_at(const struct ov_text *text, unsigned kind, uint32_t at)
{
    const uint64_t left = text->high - text->low - at;
    uint8_t b[5] = { 0 };

    memcpy(b, text->at + at, left < sizeof(b) ? (size_t)left : sizeof(b));
    switch (kind) {
    case OV_PASS_PAIR:
        return b[0] | (uint32_t)b[1] << 8;
    case OV_PASS_DELTA:
        return (uint32_t)(b[0] ^ b[1]) | (uint32_t)(b[1] ^ b[2]) << 8
               | (uint32_t)(b[2] ^ b[3]) << 16 | (uint32_t)(b[3] ^ b[4]) << 24;
    default:
        return (b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24)
               | UINT32_C(0x20202020);
    }
}

static uint32_t bucket_of(const struct ov_pass *pass, uint32_t gram)
{
    return ((gram ^ gram >> 15) * pass->bucket_hash) >> pass->bucket_shift;
}

static uint64_t load64(const uint8_t *at)
{
    uint64_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

/* The atom's window at this hit. True also where the window is not all there: then confirming
 * decides. */
static bool window_fits(const struct ov_matcher *m, const struct ov_pass *pass,
        const struct ov_db_atom *atom, uint32_t at)
{
    const uint64_t len = m->text.high - m->text.low;
    const uint32_t from = at - atom->window;
    uint64_t bytes;

    if (at < atom->window || len - from < 9) {
        return true;
    }
    bytes = load64(m->text.at + from);
    if (pass->kind == OV_PASS_DELTA) {
        bytes ^= load64(m->text.at + from + 1);
    }
    return ((bytes ^ load64(atom->value)) & load64(atom->mask)) == 0;
}

static void bury(
        struct ov_matcher *m, struct ov_pass *pass, uint32_t bucket, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        if (ov_pattern_wanted(m, pass->atoms[i].use, ov_le32_get(pass->atoms[i].string))) {
            return;
        }
    }
    if (pass->dead[bucket >> 6] == 0) {
        pass->dead_words[pass->dead_count++] = bucket >> 6;
    }
    pass->dead[bucket >> 6] |= UINT64_C(1) << (bucket & 63);
}

static void check_bucket(struct ov_matcher *m, struct ov_pass *pass, uint32_t bucket, uint32_t at)
{
    const uint32_t from = ov_le32_get(pass->buckets[bucket]);
    const uint32_t end = ov_le32_get(pass->buckets[bucket + 1]);
    const uint32_t to = end < pass->atom_count ? end : pass->atom_count;
    bool settled = false;

    /* Buckets of a database made to be slow; ordinary ones hold a few. */
    if (to > from && to - from > 8 && !ov_budget_steps(m->budget, (to - from) / 8)) {
        ov_matcher_stop(m, OV_REASON_STEPS);
        return;
    }
    for (uint32_t i = from; i < to; i++) {
        const struct ov_db_atom *atom = &pass->atoms[i];
        const uint64_t back = ov_le32_get(atom->back);

        if (!window_fits(m, pass, atom, at)) {
            continue;
        }
        if (!ov_pattern_wanted(m, atom->use, ov_le32_get(atom->string))) {
            settled = true;
            continue;
        }
        if (back <= m->text.low + at) {
            ov_confirm(m, ov_le32_get(atom->pattern), m->text.low + at - back);
        }
        settled |= !ov_pattern_wanted(m, atom->use, ov_le32_get(atom->string));
    }
    if (settled) {
        bury(m, pass, bucket, from, to);
    }
}

void ov_candidates_check(struct ov_matcher *m, struct ov_pass *pass, uint32_t count)
{
    uint32_t buckets[AHEAD];

    for (uint32_t done = 0; done < count; done += AHEAD) {
        const uint32_t n = count - done < AHEAD ? count - done : AHEAD;

        for (uint32_t i = 0; i < n; i++) {
            buckets[i] = bucket_of(pass, gram_at(&m->text, pass->kind, m->hits[done + i]));
            __builtin_prefetch(&pass->buckets[buckets[i]]);
        }
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t from = ov_le32_get(pass->buckets[buckets[i]]);

            if (from < pass->atom_count) {
                __builtin_prefetch(&pass->atoms[from]);
            }
        }
        for (uint32_t i = 0; i < n; i++) {
            if ((pass->dead[buckets[i] >> 6] >> (buckets[i] & 63) & 1) == 0) {
                check_bucket(m, pass, buckets[i], m->hits[done + i]);
            }
        }
    }
}
