/* SPDX-License-Identifier: Apache-2.0 */
/* filters.c - the bitmaps that a pass asks first, one for each profile: which grams are worth a
 * look in the tables. */
#include <string.h>

#include "compile/tables.h"

/* Bits of a filter for each entry, which sets two: 24 to 48 with rounding, so 4 to 8 per cent are
 * set and less than one in a hundred foreign grams passes. */
#define BITS_PER_ENTRY 24u

/* How many hashes are tried for one that lets no common run of bytes through. */
#define TRIES 8u

/* What is entered in one filter. */
struct job {
    const struct ov_db_pass *pass;
    const struct ov_table_entry *entries;
    uint32_t count;
    const struct ov_profiles *profiles;
    uint32_t profile;
};

static bool is_entered(const struct job *job, uint32_t entry)
{
    const uint16_t group = ov_le16_get(job->entries[entry].atom.group);

    return ov_profile_has(&job->profiles->groups[group], job->profile);
}

static uint32_t hash_of(const struct ov_db_filter *filter, uint64_t gram)
{
    return ov_gram_hash(gram, ov_le32_get(filter->hash_low), ov_le32_get(filter->hash_high));
}

static void fill(const struct job *job, const struct ov_db_filter *filter, uint32_t *words)
{
    memset(words, 0, (size_t)1 << (filter->filter_bits - 3));
    for (uint32_t i = 0; i < job->count; i++) {
        if (is_entered(job, i)) {
            const uint32_t hash = hash_of(filter, job->entries[i].gram);

            words[ov_gram_word(hash, filter->filter_bits)] |= ov_gram_mask(hash);
        }
    }
}

/* How many grams that fill long stretches of ordinary files pass this filter. */
static unsigned runs_that_pass(
        const struct job *job, const struct ov_db_filter *filter, const uint32_t *words)
{
    const unsigned width = job->pass->width;
    const uint64_t all = width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * width) - 1;
    unsigned passing = 0;

    for (unsigned b = 0; b < 256; b++) {
        const unsigned folded = job->pass->kind == OV_PASS_FOLD ? b | 0x20u : b;
        const uint32_t hash = hash_of(filter, (folded * UINT64_C(0x0101010101010101)) & all);
        const uint32_t mask = ov_gram_mask(hash);

        if ((words[ov_gram_word(hash, filter->filter_bits)] & mask) == mask) {
            passing += b == 0 ? 1000 : b == 0xff || b == ' ' ? 100 : 1;
        }
    }
    return passing;
}

static uint32_t entered(const struct job *job)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < job->count; i++) {
        count += is_entered(job, i);
    }
    return count;
}

overt_status ov_filter_put(const struct ov_db_pass *pass, const struct ov_table_entry *entries,
        uint32_t count, const struct ov_profiles *profiles, uint32_t profile,
        struct ov_db_filter *filter, struct ov_buf *out, overt_error *err)
{
    const struct job job = {
        .pass = pass, .entries = entries, .count = count, .profiles = profiles, .profile = profile
    };
    const uint32_t here = entered(&job);
    const uint8_t bits =
            ov_table_bits((uint64_t)here * BITS_PER_ENTRY, OV_FILTER_BITS_MIN, OV_FILTER_BITS_MAX);
    struct ov_db_filter best = { .filter_bits = bits };
    auto_free uint32_t *words = malloc((size_t)1 << (bits - 3));
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    unsigned fewest = UINT32_MAX;

    *filter = (struct ov_db_filter){ .filter_bits = 0 };
    if (here == 0) {
        return OVERT_OK; /* the pass is not made */
    }
    if (words == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the matcher's tables");
    }
    for (unsigned i = 0; i < TRIES && fewest != 0; i++) {
        struct ov_db_filter one = best;
        unsigned passing;

        one.hash_low = ov_le32_of((uint32_t)(state >> 32) | 1);
        one.hash_high = ov_le32_of((uint32_t)state | 1);
        fill(&job, &one, words);
        passing = runs_that_pass(&job, &one, words);
        if (passing < fewest) {
            fewest = passing;
            best = one;
        }
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    }
    if (fewest != 0) {
        fill(&job, &best, words);
    }
    best.offset = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    *filter = best;
    for (size_t i = 0; i < (size_t)1 << (bits - 5); i++) {
        ov_buf_put_u32le(out, words[i]);
    }
    ov_buf_align(out, OV_DB_ALIGN);
    return OVERT_OK;
}
