/* SPDX-License-Identifier: Apache-2.0 */
/* awake.c - the filters of a second sweep. Few rules are awake in one object, so filters that know
 * their grams alone let hardly anything through and lie in the first level of cache; passes that
 * none of them needs are not made.
 *
 * Grams and patterns of a good database are in order; where one lies about it, grams are missing
 * from a filter, and less is found. */
#include <string.h>

#include "base/limits.h"
#include "match/inside.h"

#define BITS_PER_GRAM 16u

/* So many fit the eight sets of one record of nibbles. */
#define NIBBLE_GRAMS 64u

/* A record takes three quarters of a step of eight look-ups, of which a pass over every offset has
 * four: so many records are worth asking. */
static unsigned records_worth(const struct ov_pass *pass)
{
    return OV_NIBBLES_MAX / pass->stride;
}

/* Any odd numbers will do: there is nothing here to be tried out beforehand. */
#define HASH_LOW  UINT32_C(0x9e3779b1)
#define HASH_HIGH UINT32_C(0x85ebca6b)

/* The first pattern whose string is not below `string`. */
static uint32_t first_pattern(const struct ov_matcher *m, uint32_t string)
{
    uint32_t low = 0, high = m->pattern_count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const struct ov_db_pattern *pattern = ov_pattern_at(m, middle);

        if (pattern != NULL && ov_le32_get(pattern->string) < string) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The first gram whose pattern is not below `pattern`. */
static uint32_t first_gram(const struct ov_pass *pass, uint32_t pattern)
{
    uint32_t low = 0, high = pass->atom_count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (ov_le32_get(pass->grams[middle].pattern) < pattern) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The grams of an awake rule in one pass: [*first, *end). */
static void grams_of(const struct ov_matcher *m, const struct ov_pass *pass, uint32_t rule,
        uint32_t *first, uint32_t *end)
{
    const uint32_t from = ov_le32_get(m->rules[rule].first_string);
    const uint32_t to = ov_le32_get(m->rules[rule + 1].first_string);

    *first = first_gram(pass, first_pattern(m, from));
    *end = first_gram(pass, first_pattern(m, to));
}

static void enter(struct ov_pass *pass, uint32_t *words, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const uint32_t hash = ov_gram_hash(ov_le64_get(pass->grams[i].gram), HASH_LOW, HASH_HIGH);

        words[ov_gram_word(hash, pass->filter_bits)] |= ov_gram_mask(hash);
    }
}

/* One byte of a gram, in set number `set`; folded, it may have been one of two. */
static void put_byte(
        struct ov_db_nibbles *nibbles, unsigned i, uint8_t byte, bool folded, unsigned set)
{
    const unsigned low = byte & 15u, high = byte >> 4;

    nibbles->low[i][low] = (uint8_t)(nibbles->low[i][low] | 1u << set);
    nibbles->high[i][high] = (uint8_t)(nibbles->high[i][high] | 1u << set);
    if (folded) {
        nibbles->high[i][high ^ 2u] = (uint8_t)(nibbles->high[i][high ^ 2u] | 1u << set);
    }
}

/* Bytes behind a gram may be any. Neighbours share a set. */
static void make_nibbles(struct ov_matcher *m, uint32_t number, uint64_t count)
{
    struct ov_pass *pass = &m->passes[number];
    struct ov_db_nibbles *nibbles = m->awake_nibbles[number];
    const unsigned records = count <= NIBBLE_GRAMS ? 1 : count <= 2 * NIBBLE_GRAMS ? 2 : 4;
    uint64_t entered = 0;

    memset(nibbles, 0, records * sizeof(*nibbles));
    for (unsigned n = 0; n < records; n++) {
        for (unsigned i = pass->width; i < 4; i++) {
            memset(nibbles[n].low[i], 0xff, sizeof(nibbles[n].low[i]));
            memset(nibbles[n].high[i], 0xff, sizeof(nibbles[n].high[i]));
        }
    }
    for (uint32_t r = 0; r < m->awake_count; r++) {
        uint32_t first, end;

        grams_of(m, pass, m->awake_rules[r], &first, &end);
        for (uint32_t g = first; g < end; g++, entered++) {
            const uint64_t gram = ov_le64_get(pass->grams[g].gram);
            const unsigned set = (unsigned)(entered * 8 * records / count);

            for (unsigned i = 0; i < pass->width && i < 4; i++) {
                put_byte(&nibbles[set / 8], i, (uint8_t)(gram >> 8 * i), pass->kind == OV_PASS_FOLD,
                        set % 8);
            }
        }
    }
    pass->nibbles = nibbles;
    pass->nibble_count = records;
}

static void make_filter(struct ov_matcher *m, uint32_t number)
{
    struct ov_pass *pass = &m->passes[number];
    uint64_t count = 0;
    uint32_t first, end;
    unsigned bits = OV_FILTER_BITS_MIN;

    for (uint32_t i = 0; i < m->awake_count; i++) {
        grams_of(m, pass, m->awake_rules[i], &first, &end);
        count += end > first ? end - first : 0;
    }
    while ((UINT64_C(1) << bits) < count * BITS_PER_GRAM) {
        bits++;
    }
    if (bits > OV_AWAKE_BITS_MAX) {
        return; /* the last profile's filter is as good */
    }
    pass->filter_bits = 0;
    if (count == 0) {
        return; /* the pass is not made */
    }
    if (m->awake_filters[number] == NULL) {
        m->awake_filters[number] = malloc((size_t)1 << (OV_AWAKE_BITS_MAX - 3));
    }
    if (m->awake_filters[number] == NULL) {
        ov_matcher_stop(m, OV_REASON_MEMORY);
        return;
    }
    memset(m->awake_filters[number], 0, (size_t)1 << (bits - 3));
    pass->filter = (const uint8_t *)m->awake_filters[number];
    pass->filter_bits = bits;
    pass->hash_low = HASH_LOW;
    pass->hash_high = HASH_HIGH;
    pass->nibble_count = 0;
    pass->mark_shift = 64;
    for (uint32_t i = 0; i < m->awake_count; i++) {
        grams_of(m, pass, m->awake_rules[i], &first, &end);
        enter(pass, m->awake_filters[number], first, end);
    }
    if (count <= (uint64_t)NIBBLE_GRAMS * records_worth(pass)) {
        make_nibbles(m, number, count);
    }
}

void ov_awake_filters(struct ov_matcher *m)
{
    for (uint32_t i = 0; i < m->pass_count; i++) {
        make_filter(m, i);
    }
}
