/* SPDX-License-Identifier: Apache-2.0 */
/* tables.c - see tables.h. The same entries give the same bytes, always. */
#include "compile/tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "compile/signs.h"

#define CROWD_BITS 18u

/* Nearly all that passes a filter is in no table; an empty bucket says so without a look at atoms. */
#define BUCKETS_PER_ENTRY 4u

#define ENTRIES_MAX (UINT32_C(1) << 26)

/* Costs of all strings together that are not worth another pass: a look-up for each 64 bytes. Of
 * many strings some need every pass anyway, so less is worth it. */
#define DEAR_IN_ALL      (OV_SHARE_ONE >> 6)
#define DEAR_IN_ALL_MANY (OV_SHARE_ONE >> 5)
#define MANY             2000u

static const struct {
    uint8_t kind;
    uint8_t stride;
    uint8_t width;
} shapes[OV_TABLES] = {
    [OV_TABLE_FOLD8] = { OV_PASS_FOLD, 4, 8 },
    [OV_TABLE_FOLD2] = { OV_PASS_FOLD, 2, 4 },
    [OV_TABLE_FOLD3] = { OV_PASS_FOLD, 2, 3 },
    [OV_TABLE_FOLD1] = { OV_PASS_FOLD, 1, 4 },
    [OV_TABLE_PAIR] = { OV_PASS_PAIR, 1, 2 },
    [OV_TABLE_DELTA4] = { OV_PASS_DELTA, 4, 4 },
    [OV_TABLE_DELTA1] = { OV_PASS_DELTA, 1, 4 },
};

static overt_status no_memory(overt_error *err)
{
    return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the matcher's tables");
}

uint8_t ov_tables_stride(enum ov_table table)
{
    return shapes[table].stride;
}

overt_status ov_tables_init(struct ov_tables *tables, uint32_t strings, overt_error *err)
{
    tables->dear = strings >= MANY ? DEAR_IN_ALL_MANY / strings : DEAR_IN_ALL / 256;
    ov_rarity_init(&tables->rarity);
    for (size_t i = 0; i < OV_TABLES; i++) {
        ov_buf_init(&tables->priv_entries[i], ENTRIES_MAX * sizeof(struct ov_table_entry));
    }
    tables->priv_crowd = calloc(1u << CROWD_BITS, sizeof(*tables->priv_crowd));
    if (tables->priv_crowd == NULL) {
        return no_memory(err);
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

uint32_t ov_tables_count(const struct ov_tables *tables, enum ov_table table)
{
    return (uint32_t)(ov_bytes_len(ov_buf_bytes(&tables->priv_entries[table]))
                      / sizeof(struct ov_table_entry));
}

uint32_t ov_tables_crowd(const struct ov_tables *tables, uint64_t gram)
{
    return tables->priv_crowd[crowd_slot(gram)];
}

void ov_tables_add(
        struct ov_tables *tables, enum ov_table table, uint64_t gram, const struct ov_db_atom *atom)
{
    const struct ov_table_entry entry = { .gram = gram, .atom = *atom };
    uint16_t *crowd = &tables->priv_crowd[crowd_slot(gram)];

    *crowd = (uint16_t)(*crowd + (*crowd != UINT16_MAX));
    ov_buf_put(&tables->priv_entries[table], &entry, sizeof(entry));
}

uint8_t ov_table_bits(uint64_t count, uint8_t low, uint8_t high)
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

/* By counting; entries of one bucket keep their order. `starts` has one more number than there
 * are buckets, `order` one for each entry. */
static void put_buckets(struct ov_db_pass *pass, const struct ov_table_entry *entries,
        uint32_t count, uint32_t *starts, uint32_t *order, struct ov_buf *out)
{
    const uint32_t buckets = UINT32_C(1) << pass->bucket_bits;

    for (uint32_t i = 0; i < count; i++) {
        starts[bucket_of(pass, entries[i].gram) + 1]++;
    }
    for (uint32_t i = 0; i < buckets; i++) {
        starts[i + 1] += starts[i];
    }
    pass->buckets = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    for (uint32_t i = 0; i <= buckets; i++) {
        ov_buf_put_u32le(out, starts[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        order[starts[bucket_of(pass, entries[i].gram)]++] = i;
    }
    ov_buf_align(out, OV_DB_ALIGN);
    pass->atoms = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    for (uint32_t i = 0; i < count; i++) {
        ov_buf_put(out, &entries[order[i]].atom, sizeof(struct ov_db_atom));
    }
    ov_buf_align(out, OV_DB_ALIGN);
}

static overt_status put_atoms(struct ov_db_pass *pass, const struct ov_table_entry *entries,
        uint32_t count, struct ov_buf *out, overt_error *err)
{
    uint32_t *starts = calloc((UINT64_C(1) << pass->bucket_bits) + 1, sizeof(*starts));
    uint32_t *order = calloc((size_t)count + 1, sizeof(*order));
    overt_status status = OVERT_OK;

    if (starts == NULL || order == NULL) {
        status = no_memory(err);
    } else {
        put_buckets(pass, entries, count, starts, order, out);
    }
    free(order);
    free(starts);
    return status;
}

/* Lends the table's entries to `entries`, in the order in which they were added. */
static uint32_t entries_of(
        const struct ov_tables *tables, size_t table, const struct ov_table_entry **entries)
{
    const struct ov_bytes bytes = ov_buf_bytes(&tables->priv_entries[table]);

    *entries = (const void *)ov_bytes_raw(bytes);
    return (uint32_t)(ov_bytes_len(bytes) / sizeof(struct ov_table_entry));
}

static struct ov_le64 here(const struct ov_buf *out)
{
    return ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
}

/* Patterns are entered one after another, so these are in order. */
static void put_grams(struct ov_db_pass *pass, const struct ov_table_entry *entries, uint32_t count,
        struct ov_buf *out)
{
    pass->grams = here(out);
    for (uint32_t i = 0; i < count; i++) {
        const struct ov_db_gram record = { .gram = ov_le64_of(entries[i].gram),
            .pattern = entries[i].atom.pattern };

        ov_buf_put(out, &record, sizeof(record));
    }
    ov_buf_align(out, OV_DB_ALIGN);
}

static int by_gram(const void *x, const void *y)
{
    const struct ov_table_entry *a = x, *b = y;

    return (a->gram > b->gram) - (a->gram < b->gram);
}

/* The filters of one table in all profiles, which want equal grams side by side. */
static overt_status put_filters(struct ov_tables *tables, const struct ov_db_pass *of,
        uint32_t pass, const struct ov_table_entry *entries, uint32_t count,
        const struct ov_profiles *profiles, struct ov_db_profile *records, struct ov_buf *out,
        overt_error *err)
{
    auto_free struct ov_table_entry *sorted = malloc(((size_t)count + 1) * sizeof(*sorted));
    overt_status status = OVERT_OK;

    if (sorted == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the matcher's tables");
    }
    if (count != 0) {
        memcpy(sorted, entries, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), by_gram);
    }
    for (uint32_t p = 0; p < profiles->profile_count && status == OVERT_OK; p++) {
        status = ov_filter_put(&tables->rarity, of, sorted, count, profiles, p,
                &records[p].filters[pass], out, err);
    }
    return status;
}

/* The pass over one table: its filter in each profile, its buckets, its atoms. */
static overt_status put_pass(struct ov_tables *tables, size_t table, uint32_t pass,
        const struct ov_profiles *profiles, struct ov_db_filters *filters,
        struct ov_db_profile *records, struct ov_db_writer *writer, overt_error *err)
{
    const struct ov_table_entry *entries;
    const uint32_t count = entries_of(tables, table, &entries);
    struct ov_db_pass *to = &filters->passes[pass];
    overt_status status;

    *to = (struct ov_db_pass){
        .kind = shapes[table].kind,
        .stride = shapes[table].stride,
        .width = shapes[table].width,
        .bucket_bits = ov_table_bits(
                (uint64_t)count * BUCKETS_PER_ENTRY, OV_BUCKET_BITS_MIN, OV_BUCKET_BITS_MAX),
        .bucket_hash = ov_le64_of(UINT64_C(0xc2b2ae3d27d4eb4f)),
        .atom_count = ov_le32_of(count),
    };
    status = put_filters(tables, to, pass, entries, count, profiles, records,
            &writer->sections[OV_DB_FILTERS], err);
    if (status != OVERT_OK) {
        return status;
    }
    put_grams(to, entries, count, &writer->sections[OV_DB_ATOMS]);
    return put_atoms(to, entries, count, &writer->sections[OV_DB_ATOMS], err);
}

/* Classes, sizes, the map and the groups; room for the profiles. */
static void put_profiles(
        const struct ov_profiles *profiles, struct ov_db_filters *filters, struct ov_buf *out)
{
    const uint32_t cells = profiles->class_count * profiles->size_count;

    filters->class_count = ov_le32_of(profiles->class_count);
    filters->size_count = ov_le32_of(profiles->size_count);
    filters->profile_count = ov_le32_of(profiles->profile_count);
    filters->group_count = ov_le32_of(profiles->group_count);
    filters->classes = here(out);
    ov_buf_put(out, profiles->classes, profiles->class_count * sizeof(profiles->classes[0]));
    filters->sizes = here(out);
    for (uint32_t i = 0; i + 1 < profiles->size_count; i++) {
        ov_buf_put_u64le(out, profiles->sizes[i]);
    }
    filters->groups = here(out);
    for (uint32_t i = 0; i < profiles->group_count; i++) {
        for (size_t word = 0; word < OV_PROFILES_MAX / 64; word++) {
            ov_buf_put_u64le(out, profiles->groups[i].words[word]);
        }
    }
    filters->map = here(out);
    ov_buf_put(out, profiles->map, cells);
    ov_buf_align(out, 8);
    filters->profiles = here(out);
    ov_buf_put_zeros(out, profiles->profile_count * sizeof(struct ov_db_profile));
    ov_buf_align(out, OV_DB_ALIGN);
}

static overt_status put_passes(struct ov_tables *tables, const struct ov_profiles *profiles,
        struct ov_db_filters *filters, struct ov_db_writer *writer, overt_error *err)
{
    struct ov_buf *out = &writer->sections[OV_DB_FILTERS];
    auto_free struct ov_db_profile *records = calloc(profiles->profile_count, sizeof(*records));
    uint32_t passes = 0;

    if (records == NULL) {
        return no_memory(err);
    }
    for (size_t table = 0; table < OV_TABLES; table++) {
        overt_status status;

        if (!ov_buf_ok(&tables->priv_entries[table])) {
            return no_memory(err);
        }
        if (ov_bytes_len(ov_buf_bytes(&tables->priv_entries[table])) == 0) {
            continue;
        }
        status = put_pass(tables, table, passes++, profiles, filters, records, writer, err);
        if (status != OVERT_OK) {
            return status;
        }
    }
    filters->pass_count = ov_le32_of(passes);
    if (ov_buf_ok(out)) {
        ov_buf_set(out, (size_t)ov_le64_get(filters->profiles), records,
                profiles->profile_count * sizeof(*records));
    }
    return OVERT_OK;
}

overt_status ov_tables_write(struct ov_tables *tables, const struct ov_profiles *profiles,
        struct ov_db_filters *filters, struct ov_bytes parts, struct ov_bytes lone,
        struct ov_bytes sleepers, struct ov_bytes signs, struct ov_db_writer *writer,
        overt_error *err)
{
    struct ov_buf *out = &writer->sections[OV_DB_FILTERS];
    overt_status status;

    ov_buf_put(out, filters, sizeof(*filters));
    filters->parts = here(out);
    ov_buf_put(out, ov_bytes_raw(parts), (size_t)ov_bytes_len(parts));
    filters->lone = here(out);
    ov_buf_put(out, ov_bytes_raw(lone), (size_t)ov_bytes_len(lone));
    filters->rules = here(out);
    filters->rule_count =
            ov_le32_of((uint32_t)(ov_bytes_len(sleepers) / sizeof(struct ov_db_sleeper) - 1));
    ov_buf_put(out, ov_bytes_raw(sleepers), (size_t)ov_bytes_len(sleepers));
    ov_buf_align(out, 8);
    status = ov_signs_write(signs, filters, out, err);
    if (status != OVERT_OK) {
        return status;
    }
    put_profiles(profiles, filters, out);
    status = put_passes(tables, profiles, filters, writer, err);
    if (status != OVERT_OK) {
        return status;
    }
    if (!ov_buf_ok(out) || !ov_buf_ok(&writer->sections[OV_DB_ATOMS])) {
        return no_memory(err);
    }
    /* The header was written when the rest was not known; now it is. */
    ov_buf_set(out, 0, filters, sizeof(*filters));
    return OVERT_OK;
}
