/* SPDX-License-Identifier: Apache-2.0 */
/* candidates.c - what a filter let through: the bucket of its gram, and in it the atoms whose
 * eight bytes are there. Buckets of which every string is settled are skipped from then on.
 *
 * A tenth of ordinary files is runs of one byte. Inside a run every offset looks the same, so when
 * one was looked at in vain, so were all. */
#include <string.h>

#include "match/inside.h"

/* Buckets of hits are fetched this far ahead. */
#define AHEAD 16u

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
        if (ov_atom_wanted(m, &pass->atoms[i])) {
            return;
        }
    }
    if (pass->dead[bucket >> 6] == 0) {
        pass->dead_words[pass->dead_count++] = bucket >> 6;
    }
    pass->dead[bucket >> 6] |= UINT64_C(1) << (bucket & 63);
}

/* Whether all bytes that windows at this hit can cover have one value. */
static bool inside_run(const struct ov_text *text, uint32_t at)
{
    uint64_t run;

    if (at < 4 || text->high - text->low - at < 9) {
        return false;
    }
    run = text->at[at] * UINT64_C(0x0101010101010101);
    return load64(text->at + at - 4) == run && load64(text->at + at + 1) == run;
}

static bool is_barren(const struct ov_matcher *m, const struct ov_pass *pass, uint32_t at)
{
    const uint8_t b = m->text.at[at];

    return (pass->barren[b >> 6] >> (b & 63) & 1) != 0 && inside_run(&m->text, at);
}

static void check_bucket(struct ov_matcher *m, struct ov_pass *pass, uint32_t bucket, uint32_t at)
{
    const uint32_t from = ov_le32_get(pass->buckets[bucket]);
    const uint32_t end = ov_le32_get(pass->buckets[bucket + 1]);
    const uint32_t to = end < pass->atom_count ? end : pass->atom_count;
    bool settled = false, wanted = false;

    /* Buckets of a database made to be slow; ordinary ones hold a few. */
    if (to > from && to - from > 8 && !ov_budget_steps(m->budget, (to - from) / 8)) {
        ov_matcher_stop(m, OV_REASON_STEPS);
        return;
    }
    for (uint32_t i = from; i < to; i++) {
        const struct ov_db_atom *atom = &pass->atoms[i];
        const uint64_t back = ov_le32_get(atom->back);

        if (m->costs != NULL) {
            ov_count_candidate(m, ov_le32_get(atom->string));
        }
        if (!window_fits(m, pass, atom, at)) {
            continue;
        }
        if (!ov_atom_wanted(m, atom)) {
            settled = true;
            continue;
        }
        wanted = true;
        if (back <= m->text.low + at) {
            ov_confirm(m, ov_le32_get(atom->pattern), m->text.low + at - back);
        }
        settled |= !ov_atom_wanted(m, atom);
    }
    if (settled) {
        bury(m, pass, bucket, from, to);
    }
    if (!wanted && inside_run(&m->text, at)) {
        const uint8_t b = m->text.at[at];

        pass->barren[b >> 6] |= UINT64_C(1) << (b & 63);
    }
}

/* 1 if the gram of this bucket's product is looked for between the bytes it stands between; where
 * there are no such bytes its bucket decides. Else 0. */
static uint32_t is_marked(
        const struct ov_matcher *m, const struct ov_pass *pass, uint64_t product, uint32_t at)
{
    const struct ov_db_mark *mark;
    const uint64_t behind = (uint64_t)at + pass->width;

    if (pass->mark_shift == 64) {
        return 1;
    }
    mark = &pass->marks[product >> pass->mark_shift];
    if (at == 0 || behind >= m->text.high - m->text.low) {
        return 1;
    }
    return ov_le32_get(mark->before) >> (m->text.at[at - 1] & 31)
           & ov_le32_get(mark->behind) >> (m->text.at[behind] & 31) & 1;
}

struct batch {
    uint32_t count;
    uint32_t places[AHEAD + 1];
    uint32_t buckets[AHEAD + 1];
};

/* Of the hits from *next on, the marked ones, and what their buckets say fetched. */
static void gather(const struct ov_matcher *m, const struct ov_pass *pass, uint32_t *next,
        uint32_t count, struct batch *out)
{
    uint32_t n = 0;

    for (; *next < count && n < AHEAD; ++*next) {
        const uint32_t at = m->hits[*next];
        const uint64_t product =
                ov_pass_gram(pass, m->text.at + at, m->text.high - m->text.low - at)
                * pass->bucket_hash;

        /* Whether it is marked nobody can guess, least of all a processor: no branch here. */
        out->places[n] = at;
        out->buckets[n] = (uint32_t)(product >> pass->bucket_shift);
        n += is_marked(m, pass, product, at);
    }
    for (uint32_t i = 0; i < n; i++) {
        __builtin_prefetch(&pass->buckets[out->buckets[i]]);
        __builtin_prefetch(&pass->dead[out->buckets[i] >> 6]);
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t from = ov_le32_get(pass->buckets[out->buckets[i]]);

        if (from < pass->atom_count) {
            __builtin_prefetch(&pass->atoms[from]);
        }
    }
    out->count = n;
}

void ov_candidates_check(struct ov_matcher *m, struct ov_pass *pass, uint32_t count)
{
    struct batch batch = { .count = 0 };

    for (uint32_t next = 0; next < count;) {
        gather(m, pass, &next, count, &batch);
        for (uint32_t i = 0; i < batch.count; i++) {
            const uint32_t bucket = batch.buckets[i];

            if ((pass->dead[bucket >> 6] >> (bucket & 63) & 1) == 0
                    && !is_barren(m, pass, batch.places[i])) {
                check_bucket(m, pass, bucket, batch.places[i]);
            }
        }
    }
}
