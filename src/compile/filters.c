/* SPDX-License-Identifier: Apache-2.0 */
/* filters.c - the bitmaps that a pass asks first, one for each profile: which grams are worth a
 * look in the tables. */
#include <stdlib.h>
#include <string.h>

#include "compile/tables.h"

/* Bits of a filter for each gram, which sets three: 12 to 24 with rounding, so 12 to 22 per cent are
 * set and at most one in a hundred foreign grams passes. Twice as many would let less through and
 * leave the second level of cache. */
#define BITS_PER_ENTRY 16u

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

static void fill(
        const uint64_t *grams, uint32_t count, const struct ov_db_filter *filter, uint32_t *words)
{
    memset(words, 0, (size_t)1 << (filter->filter_bits - 3));
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t hash = hash_of(filter, grams[i]);

        words[ov_gram_word(hash, filter->filter_bits)] |= ov_gram_mask(hash);
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

/* The grams that are entered, each once, one behind the other: every hash that is tried goes over
 * them. There is room for all in `grams`. */
static uint32_t entered(const struct job *job, uint64_t *grams)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < job->count; i++) {
        const uint64_t gram = job->entries[i].gram;

        if (is_entered(job, i) && (count == 0 || grams[count - 1] != gram)) {
            grams[count++] = gram;
        }
    }
    return count;
}

/* --- nibbles -------------------------------------------------------------------------------------- */

/* What the nibbles let through is asked of the bitmap one by one; two or four records of them have
 * more sets, let less through, and cost more. Measured, for 32 offsets, a tenth of a nanosecond the
 * unit: with so much each offset that is let through, and without nibbles. */
#define COST_ANY     10u
#define COST_RECORD  30u
#define COST_OFFSET  20u
#define COST_WITHOUT 170u

/* More distinct entries than this do not fit the sets in any useful way. */
#define NIBBLE_ENTRIES_MAX 2048u

#define FOLDED 0x20u

/* Four bytes from the gram's offset on, as far as they are certain. */
struct quad {
    uint8_t value[4];
    uint8_t mask[4];
};

/* An atom's mask says what all its grams have in common; this one's bytes are certain, but for the
 * bit that is folded away. */
static struct quad quad_of(const struct ov_db_pass *pass, const struct ov_table_entry *entry)
{
    const struct ov_db_atom *atom = &entry->atom;
    struct quad quad = { { 0 }, { 0 } };

    for (size_t i = 0; i < 4; i++) {
        const uint8_t byte = (uint8_t)(entry->gram >> 8 * i);

        if (atom->window + i < sizeof(atom->value)) {
            quad.mask[i] = atom->mask[atom->window + i];
            quad.value[i] = atom->value[atom->window + i] & quad.mask[i];
        }
        if (pass->kind == OV_PASS_FOLD && i < pass->width) {
            quad.value[i] = (uint8_t)((byte & ~FOLDED) | (quad.value[i] & FOLDED));
            quad.mask[i] = (uint8_t)(quad.mask[i] | (0xffu & ~FOLDED));
        } else if (pass->kind == OV_PASS_PAIR && i < 2) {
            quad.value[i] = byte;
            quad.mask[i] = 0xff;
        }
    }
    return quad;
}

static int by_quad(const void *x, const void *y)
{
    return memcmp(x, y, sizeof(struct quad));
}

static void put_quad(struct ov_db_nibbles *nibbles, const struct quad *quad, unsigned set)
{
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned n = 0; n < 16; n++) {
            if (((n ^ quad->value[i]) & quad->mask[i] & 0x0fu) == 0) {
                nibbles->low[i][n] = (uint8_t)(nibbles->low[i][n] | 1u << set);
            }
            if (((n << 4 ^ quad->value[i]) & quad->mask[i] & 0xf0u) == 0) {
                nibbles->high[i][n] = (uint8_t)(nibbles->high[i][n] | 1u << set);
            }
        }
    }
}

static bool takes(const struct ov_db_nibbles *nibbles, unsigned i, unsigned set, unsigned byte)
{
    return (nibbles->low[i][byte & 15] >> set & nibbles->high[i][byte >> 4] >> set & 1) != 0;
}

/* Bytes, folded (bit 5 is set), that a set takes at place i. */
static unsigned bytes_taken(
        const struct ov_db_nibbles *nibbles, unsigned i, unsigned set, uint8_t out[128])
{
    unsigned count = 0;

    for (unsigned b = 0x20; b < 256; b++) {
        if ((b & 0x20u) != 0 && (takes(nibbles, i, set, b) || takes(nibbles, i, set, b ^ 0x20u))) {
            out[count++] = (uint8_t)b;
        }
    }
    return count;
}

/* The share of pairs of neighbours that bytes i and i + 1 of a set take. This is asked for all pairs of
 * entries of each pass. */
static uint64_t pairs_taken(const struct ov_rarity *rarity, const struct ov_db_nibbles *nibbles,
        unsigned i, unsigned set)
{
    uint8_t firsts[128], seconds[128];
    const unsigned first_count = bytes_taken(nibbles, i, set, firsts);
    const unsigned second_count = bytes_taken(nibbles, i + 1, set, seconds);
    uint64_t share = 0;

    for (unsigned a = 0; a < first_count; a++) {
        if (second_count == 128) {
            share += ov_rarity_first(rarity, firsts[a]);
            continue;
        }
        for (unsigned b = 0; b < second_count; b++) {
            share += ov_rarity_pair(rarity, firsts[a], seconds[b]);
        }
    }
    return share < OV_SHARE_ONE ? share : OV_SHARE_ONE;
}

/* The share of offsets that one set lets through, about. */
static uint64_t share_of_set(const struct ov_rarity *rarity, unsigned kind,
        const struct ov_db_nibbles *nibbles, unsigned set)
{
    if (kind == OV_PASS_DELTA) { /* of differences only zero is known to be common */
        return takes(nibbles, 0, set, 0) && takes(nibbles, 1, set, 0) ? OV_SHARE_ONE / 8
                                                                      : OV_SHARE_ONE / 256;
    }
    return pairs_taken(rarity, nibbles, 0, set) * (pairs_taken(rarity, nibbles, 2, set) >> 16)
           / (OV_SHARE_ONE >> 16);
}

/* The share that a record lets through. */
static uint64_t share_taken(
        const struct ov_rarity *rarity, unsigned kind, const struct ov_db_nibbles *nibbles)
{
    uint64_t share = 0;

    for (unsigned set = 0; set < 8; set++) {
        share += share_of_set(rarity, kind, nibbles, set);
    }
    return share;
}

/* The distinct entries, in order; NULL: no memory. */
static struct quad *quads_of(const struct job *job, size_t *count)
{
    struct quad *quads = calloc((size_t)job->count + 1, sizeof(*quads));
    size_t all = 0, kept = 0;

    for (uint32_t i = 0; quads != NULL && i < job->count; i++) {
        if (is_entered(job, i)) {
            quads[all++] = quad_of(job->pass, &job->entries[i]);
        }
    }
    if (quads != NULL) {
        qsort(quads, all, sizeof(*quads), by_quad);
    }
    for (size_t i = 0; i < all; i++) {
        if (kept == 0 || by_quad(&quads[kept - 1], &quads[i]) != 0) {
            quads[kept++] = quads[i];
        }
    }
    *count = kept;
    return quads;
}

/* So few entries are divided among the sets as it costs least; of more, each set takes as many. */
#define DIVIDED_MAX 64u

struct division {
    uint64_t shares[DIVIDED_MAX][DIVIDED_MAX]; /* of a set that takes entries i to j */
    uint64_t least[DIVIDED_MAX + 1];
    uint8_t cuts[8 * OV_NIBBLES_MAX][DIVIDED_MAX + 1];
};

static void measure(const struct job *job, const struct ov_rarity *rarity, const struct quad *quads,
        size_t count, struct division *division)
{
    for (size_t i = 0; i < count; i++) {
        struct ov_db_nibbles one = { 0 };

        for (size_t j = i; j < count; j++) {
            put_quad(&one, &quads[j], 0);
            division->shares[i][j] = share_of_set(rarity, job->pass->kind, &one, 0);
        }
    }
}

/* For each number of sets and each number of entries the cheapest last cut: a set that takes both a
 * gram of zeros and its neighbour may take most of a file. */
static void divide(struct division *division, size_t count, size_t sets)
{
    division->least[0] = 0;
    for (size_t to = 1; to <= count; to++) {
        division->least[to] = division->shares[0][to - 1];
        division->cuts[0][to] = 0;
    }
    for (size_t set = 1; set < sets; set++) {
        for (size_t to = count; to > 0; to--) {
            division->cuts[set][to] = (uint8_t)to; /* the set stays empty */
            for (size_t from = 0; from < to; from++) {
                const uint64_t share = division->least[from] + division->shares[from][to - 1];

                if (share < division->least[to]) {
                    division->least[to] = share;
                    division->cuts[set][to] = (uint8_t)from;
                }
            }
        }
    }
}

/* So many records, over which the entries are spread. Neighbours in order share a set. `division`
 * is measured, or NULL. */
static void spread(const struct quad *quads, size_t count, size_t records,
        struct division *division, struct ov_db_nibbles out[OV_NIBBLES_MAX])
{
    const size_t sets = 8u * records;
    size_t to = count;

    memset(out, 0, OV_NIBBLES_MAX * sizeof(*out));
    if (division != NULL) {
        divide(division, count, sets);
    }
    for (size_t set = sets; set-- > 0;) {
        /* The first whose index, times `sets`, is no less than set * count. */
        const size_t from =
                division != NULL ? division->cuts[set][to] : (set * count + sets - 1) / sets;

        for (size_t i = from; i < to; i++) {
            put_quad(&out[set / 8], &quads[i], (unsigned)(set % 8));
        }
        to = from;
    }
}

/* Returns how many records it takes; 0: they are not worth asking. */
static uint8_t make_nibbles(const struct job *job, const struct ov_rarity *rarity,
        struct ov_db_nibbles out[OV_NIBBLES_MAX])
{
    size_t count;
    auto_free struct quad *quads = quads_of(job, &count);
    auto_free struct division *division = NULL;
    uint64_t least = COST_WITHOUT / job->pass->stride;
    uint8_t best = 0;

    if (quads == NULL || count > NIBBLE_ENTRIES_MAX) {
        return 0;
    }
    if (count <= DIVIDED_MAX) {
        division = calloc(1, sizeof(*division));
        if (division == NULL) {
            return 0;
        }
        measure(job, rarity, quads, count, division);
    }
    for (uint8_t records = 1; records <= OV_NIBBLES_MAX; records = (uint8_t)(records * 2)) {
        uint64_t share = 0, cost;

        spread(quads, count, records, division, out);
        for (size_t i = 0; i < records; i++) {
            share += share_taken(rarity, job->pass->kind, &out[i]);
        }
        cost = COST_ANY + COST_RECORD * records
               + 32 / job->pass->stride * COST_OFFSET * share / OV_SHARE_ONE;
        if (cost < least) {
            least = cost;
            best = records;
        }
    }
    if (best != 0) {
        spread(quads, count, best, division, out);
    }
    return best;
}

/* --- marks ---------------------------------------------------------------------------------------- */

/* Records of marks for each gram, before rounding up to a power of two. */
#define MARKS_PER_GRAM 1u

/* Grams of eight bytes are rare enough by themselves, and would have too many marks. */
static bool has_marks(const struct ov_db_pass *pass)
{
    return pass->kind != OV_PASS_DELTA && pass->width < 8;
}

/* The bytes, by their low five bits, that an atom takes at a place of its window: any outside. */
static uint32_t taken_at(const struct ov_db_atom *atom, int place)
{
    uint32_t taken = 0;

    if (place < 0 || place >= (int)sizeof(atom->value)) {
        return UINT32_MAX;
    }
    for (unsigned n = 0; n < 32; n++) {
        taken |= (uint32_t)(((n ^ atom->value[place]) & atom->mask[place] & 31u) == 0) << n;
    }
    return taken;
}

static uint8_t put_marks(const struct job *job, uint32_t grams, struct ov_buf *out)
{
    const uint8_t bits = ov_table_bits((uint64_t)grams * MARKS_PER_GRAM, 1, OV_MARK_BITS_MAX);
    const size_t count = (size_t)1 << bits;
    auto_free struct ov_db_mark *marks = calloc(count, sizeof(*marks));

    if (marks == NULL) {
        return 0;
    }
    for (uint32_t i = 0; i < job->count; i++) {
        const struct ov_db_atom *atom = &job->entries[i].atom;
        struct ov_db_mark *mark;

        if (!is_entered(job, i)) {
            continue;
        }
        mark = &marks[(job->entries[i].gram * ov_le64_get(job->pass->bucket_hash)) >> (64 - bits)];
        mark->before =
                ov_le32_of(ov_le32_get(mark->before) | taken_at(atom, (int)atom->window - 1));
        mark->behind = ov_le32_of(
                ov_le32_get(mark->behind) | taken_at(atom, atom->window + job->pass->width));
    }
    ov_buf_put(out, marks, count * sizeof(*marks));
    return bits;
}

/* --- a filter ------------------------------------------------------------------------------------- */

/* The bitmap in `words`, under that of a few hashes which lets the fewest runs of one byte
 * through. */
static void make_bitmap(const struct job *job, const uint64_t *grams, uint32_t count,
        struct ov_db_filter *filter, uint32_t *words)
{
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    struct ov_db_filter best = *filter;
    unsigned fewest = UINT32_MAX;

    for (unsigned i = 0; i < TRIES && fewest != 0; i++) {
        unsigned passing;

        filter->hash_low = ov_le32_of((uint32_t)(state >> 32) | 1);
        filter->hash_high = ov_le32_of((uint32_t)state | 1);
        fill(grams, count, filter, words);
        passing = runs_that_pass(job, filter, words);
        if (passing < fewest) {
            fewest = passing;
            best = *filter;
        }
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    }
    *filter = best;
    if (fewest != 0) {
        fill(grams, count, filter, words);
    }
}

overt_status ov_filter_put(const struct ov_rarity *rarity, const struct ov_db_pass *pass,
        const struct ov_table_entry *entries, uint32_t count, const struct ov_profiles *profiles,
        uint32_t profile, struct ov_db_filter *filter, struct ov_buf *out, overt_error *err)
{
    const struct job job = {
        .pass = pass, .entries = entries, .count = count, .profiles = profiles, .profile = profile
    };
    struct ov_db_nibbles nibbles[OV_NIBBLES_MAX];
    auto_free uint64_t *grams = malloc(((size_t)count + 1) * sizeof(*grams));
    auto_free uint32_t *words = NULL;
    uint32_t here;
    uint8_t bits;

    *filter = (struct ov_db_filter){ .filter_bits = 0 };
    if (grams == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the matcher's tables");
    }
    here = entered(&job, grams);
    if (here == 0) {
        return OVERT_OK; /* the pass is not made */
    }
    bits = ov_table_bits((uint64_t)here * BITS_PER_ENTRY, OV_FILTER_BITS_MIN, OV_FILTER_BITS_MAX);
    words = malloc((size_t)1 << (bits - 3));
    if (words == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the matcher's tables");
    }
    filter->filter_bits = bits;
    filter->nibble_count = pass->stride <= 2 ? make_nibbles(&job, rarity, nibbles) : 0;
    filter->nibbles = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    ov_buf_put(out, nibbles, filter->nibble_count * sizeof(nibbles[0]));
    if (has_marks(pass)) {
        ov_buf_align(out, OV_DB_ALIGN);
        filter->marks = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
        filter->mark_bits = put_marks(&job, here, out);
        if (filter->mark_bits == 0) {
            return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the matcher's tables");
        }
    }
    make_bitmap(&job, grams, here, filter, words);
    filter->offset = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    for (size_t i = 0; i < (size_t)1 << (bits - 5); i++) {
        ov_buf_put_u32le(out, words[i]);
    }
    ov_buf_align(out, OV_DB_ALIGN);
    return OVERT_OK;
}
