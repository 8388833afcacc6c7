/* SPDX-License-Identifier: Apache-2.0 */
/* tables.c - see tables.h. The same entries give the same bytes, always. */
#include "compile/tables.h"

#include <string.h>

#include "base/limits.h"

#define CROWD_BITS 18u

/* Bits of a filter for each entry, which sets two: 24 to 48 with rounding, so 4 to 8 per cent are
 * set and less than one in a hundred foreign grams passes. */
#define FILTER_BITS_PER_ENTRY 24u
#define ENTRIES_MAX           (UINT32_C(1) << 26)

/* Costs of all strings together that are not worth another pass: a look-up for each 64 bytes. Of
 * many strings some need every pass anyway, so less is worth it. */
#define DEAR_IN_ALL      (OV_SHARE_ONE >> 6)
#define DEAR_IN_ALL_MANY (OV_SHARE_ONE >> 8)
#define MANY             2000u

struct entry {
    uint64_t gram;
    uint32_t bucket;
    struct ov_db_atom atom;
};

static const struct {
    uint8_t kind;
    uint8_t stride;
    uint8_t width;
} shapes[OV_TABLES] = {
    [OV_TABLE_FOLD8] = { OV_PASS_FOLD, 4, 8 },
    [OV_TABLE_FOLD4] = { OV_PASS_FOLD, 4, 4 },
    [OV_TABLE_FOLD3] = { OV_PASS_FOLD, 2, 3 },
    [OV_TABLE_FOLD1] = { OV_PASS_FOLD, 1, 4 },
    [OV_TABLE_PAIR] = { OV_PASS_PAIR, 1, 2 },
    [OV_TABLE_DELTA4] = { OV_PASS_DELTA, 4, 4 },
    [OV_TABLE_DELTA1] = { OV_PASS_DELTA, 1, 4 },
};

uint8_t ov_tables_stride(enum ov_table table)
{
    return shapes[table].stride;
}

overt_status ov_tables_init(struct ov_tables *tables, uint32_t strings, overt_error *err)
{
    tables->many = strings >= MANY;
    tables->dear = tables->many ? DEAR_IN_ALL_MANY / strings : DEAR_IN_ALL / 256;
    ov_rarity_init(&tables->rarity);
    for (size_t i = 0; i < OV_TABLES; i++) {
        ov_buf_init(&tables->priv_entries[i], ENTRIES_MAX * sizeof(struct entry));
    }
    tables->priv_crowd = calloc(1u << CROWD_BITS, sizeof(*tables->priv_crowd));
    if (tables->priv_crowd == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the matcher's tables");
    }
    return OVERT_OK;
}

void ov_tables_done(struct ov_tables *tables)
{
    for (size_t i = 0; i < OV_TABLES; i++) {
        ov_buf_done(&tables->priv_entries[i]);
    }
    free(tables->priv_crowd);
    tables->priv_crowd = NULL;
}

static uint32_t crowd_slot(uint64_t gram)
{
    return (uint32_t)((gram * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - CROWD_BITS));
}

uint32_t ov_tables_crowd(const struct ov_tables *tables, uint64_t gram)
{
    return tables->priv_crowd[crowd_slot(gram)];
}

void ov_tables_add(
        struct ov_tables *tables, enum ov_table table, uint64_t gram, const struct ov_db_atom *atom)
{
    const struct entry entry = { .gram = gram, .atom = *atom };
    uint16_t *crowd = &tables->priv_crowd[crowd_slot(gram)];

    *crowd = (uint16_t)(*crowd + (*crowd != UINT16_MAX));
    ov_buf_put(&tables->priv_entries[table], &entry, sizeof(entry));
}

static uint8_t bits_for(uint64_t count, uint8_t low, uint8_t high)
{
    uint8_t bits = low;

    while (bits < high && (UINT64_C(1) << bits) < count) {
        bits++;
    }
    return bits;
}

static uint32_t bucket_of(const struct ov_db_pass *pass, uint64_t gram)
{
    return (uint32_t)((gram * ov_le64_get(pass->bucket_hash)) >> (64 - pass->bucket_bits));
}

static uint32_t hash_of(const struct ov_db_pass *pass, uint64_t gram)
{
    return ov_gram_hash(gram, ov_le32_get(pass->hash_low), ov_le32_get(pass->hash_high));
}

static void fill_filter(
        const struct ov_db_pass *pass, const struct entry *entries, uint32_t count, uint32_t *words)
{
    memset(words, 0, (size_t)1 << (pass->filter_bits - 3));
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t hash = hash_of(pass, entries[i].gram);

        words[ov_gram_word(hash, pass->filter_bits)] |= ov_gram_mask(hash);
    }
}

/* How many grams that fill long stretches of ordinary files pass this filter. */
static unsigned runs_that_pass(const struct ov_db_pass *pass, const uint32_t *words)
{
    const uint64_t all = pass->width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * pass->width) - 1;
    unsigned passing = 0;

    for (unsigned b = 0; b < 256; b++) {
        const unsigned folded = pass->kind == OV_PASS_FOLD ? b | 0x20u : b;
        const uint32_t hash = hash_of(pass, (folded * UINT64_C(0x0101010101010101)) & all);
        const uint32_t mask = ov_gram_mask(hash);

        if ((words[ov_gram_word(hash, pass->filter_bits)] & mask) == mask) {
            passing += b == 0 ? 1000 : b == 0xff || b == ' ' ? 100 : 1;
        }
    }
    return passing;
}

/* Writes the bitmap; of a few hashes, the one that lets the fewest runs of one byte through. */
static overt_status put_filter(struct ov_db_pass *pass, const struct entry *entries, uint32_t count,
        struct ov_buf *out, overt_error *err)
{
    const size_t word_count = (size_t)1 << (pass->filter_bits - 5);
    auto_free uint32_t *words = malloc(word_count * sizeof(*words));
    struct ov_db_pass best = *pass;
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    unsigned fewest = UINT32_MAX;

    if (words == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the matcher's tables");
    }
    for (unsigned i = 0; i < 8 && fewest != 0; i++) {
        unsigned passing;

        pass->hash_low = ov_le32_of((uint32_t)(state >> 32) | 1);
        pass->hash_high = ov_le32_of((uint32_t)state | 1);
        fill_filter(pass, entries, count, words);
        passing = runs_that_pass(pass, words);
        if (passing < fewest) {
            fewest = passing;
            best = *pass;
        }
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    }
    *pass = best;
    fill_filter(pass, entries, count, words);
    for (size_t i = 0; i < word_count; i++) {
        ov_buf_put_u32le(out, words[i]);
    }
    return OVERT_OK;
}

/* By counting; entries of one bucket keep their order. `starts` has one more number than there
 * are buckets, `order` one for each entry. */
static void put_buckets(struct ov_db_pass *pass, struct entry *entries, uint32_t count,
        uint32_t *starts, uint32_t *order, struct ov_buf *out)
{
    const uint32_t buckets = UINT32_C(1) << pass->bucket_bits;

    for (uint32_t i = 0; i < count; i++) {
        entries[i].bucket = bucket_of(pass, entries[i].gram);
        starts[entries[i].bucket + 1]++;
    }
    for (uint32_t i = 0; i < buckets; i++) {
        starts[i + 1] += starts[i];
    }
    pass->buckets = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    for (uint32_t i = 0; i <= buckets; i++) {
        ov_buf_put_u32le(out, starts[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        order[starts[entries[i].bucket]++] = i;
    }
    ov_buf_align(out, OV_DB_ALIGN);
    pass->atoms = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    for (uint32_t i = 0; i < count; i++) {
        ov_buf_put(out, &entries[order[i]].atom, sizeof(struct ov_db_atom));
    }
    ov_buf_align(out, OV_DB_ALIGN);
}

static overt_status put_atoms(struct ov_db_pass *pass, struct entry *entries, uint32_t count,
        struct ov_buf *out, overt_error *err)
{
    uint32_t *starts = calloc((UINT64_C(1) << pass->bucket_bits) + 1, sizeof(*starts));
    uint32_t *order = calloc((size_t)count + 1, sizeof(*order));
    overt_status status = OVERT_OK;

    if (starts == NULL || order == NULL) {
        status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the matcher's tables");
    } else {
        put_buckets(pass, entries, count, starts, order, out);
    }
    free(order);
    free(starts);
    return status;
}

static overt_status put_pass(struct ov_tables *tables, size_t table, struct ov_db_pass *pass,
        struct ov_db_writer *writer, overt_error *err)
{
    struct ov_buf *filters = &writer->sections[OV_DB_FILTERS];
    const struct ov_bytes bytes = ov_buf_bytes(&tables->priv_entries[table]);
    const uint32_t count = (uint32_t)(ov_bytes_len(bytes) / sizeof(struct entry));
    size_t stolen_bytes = 0;
    auto_free struct entry *entries = NULL;
    overt_status status;

    if (!ov_buf_ok(&tables->priv_entries[table])) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the matcher's tables");
    }
    entries = (void *)ov_buf_steal(&tables->priv_entries[table], &stolen_bytes);
    *pass = (struct ov_db_pass){
        .kind = shapes[table].kind,
        .stride = shapes[table].stride,
        .width = shapes[table].width,
        .filter_bits = bits_for(
                (uint64_t)count * FILTER_BITS_PER_ENTRY, OV_FILTER_BITS_MIN, OV_FILTER_BITS_MAX),
        .bucket_bits = bits_for(count, OV_BUCKET_BITS_MIN, OV_BUCKET_BITS_MAX),
        .bucket_hash = ov_le64_of(UINT64_C(0xc2b2ae3d27d4eb4f)),
        .atom_count = ov_le32_of(count),
        .filter = ov_le64_of(ov_bytes_len(ov_buf_bytes(filters))),
    };
    status = put_filter(pass, entries, count, filters, err);
    if (status != OVERT_OK) {
        return status;
    }
    ov_buf_align(filters, OV_DB_ALIGN);
    return put_atoms(pass, entries, count, &writer->sections[OV_DB_ATOMS], err);
}

overt_status ov_tables_write(struct ov_tables *tables, struct ov_db_filters *filters,
        struct ov_bytes parts, struct ov_bytes lone, struct ov_db_writer *writer, overt_error *err)
{
    struct ov_buf *out = &writer->sections[OV_DB_FILTERS];
    uint32_t passes = 0;

    ov_buf_put(out, filters, sizeof(*filters));
    filters->parts = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    ov_buf_put(out, ov_bytes_raw(parts), (size_t)ov_bytes_len(parts));
    filters->lone = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    ov_buf_put(out, ov_bytes_raw(lone), (size_t)ov_bytes_len(lone));
    ov_buf_align(out, OV_DB_ALIGN);
    for (size_t table = 0; table < OV_TABLES; table++) {
        const bool used = ov_bytes_len(ov_buf_bytes(&tables->priv_entries[table])) != 0
                          || !ov_buf_ok(&tables->priv_entries[table]);

        if (used) {
            const overt_status status =
                    put_pass(tables, table, &filters->passes[passes++], writer, err);

            if (status != OVERT_OK) {
                return status;
            }
        }
    }
    filters->pass_count = ov_le32_of(passes);
    if (!ov_buf_ok(out) || !ov_buf_ok(&writer->sections[OV_DB_ATOMS])) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the matcher's tables");
    }
    /* The header was written when the rest was not known; now it is. */
    for (size_t at = 0; at < sizeof(*filters); at += 4) {
        struct ov_le32 word;

        memcpy(&word, (const uint8_t *)filters + at, sizeof(word));
        ov_buf_set_u32le(out, at, ov_le32_get(word));
    }
    return OVERT_OK;
}
