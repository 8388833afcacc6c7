/* SPDX-License-Identifier: Apache-2.0 */
/* hashes.c - hashes to OV_DB_HASHES: per domain and kind a table sorted by digest, with buckets on
 * its leading bits, and a filter over the sizes, so that most objects need no digest at all. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "compile/conditions.h"
#include "db/rules_layout.h"

#define RECORDS_PER_BUCKET 4u
#define SIZES_PER_LINE     16u /* two bits of 512 each: one wrong answer in 250 or fewer */
#define LINE_BYTES         64u
#define CROWD              24u /* as many in one bucket are sorted where they are */

/* Records are sorted in the section's own memory. */
_Static_assert(
        sizeof(struct ov_hash_tail) == sizeof(struct ov_db_hash_tail), "one in place of the other");

/* One table on its way to its section: records as the set has them, and the same sorted. */
struct table {
    enum ov_digest_kind kind;
    size_t digest_bytes;
    size_t record_bytes;
    const uint8_t *records;
    uint32_t count;
    uint32_t bucket_bits;
    uint32_t *ends; /* owned: behind the last record of each bucket, once sorted */
};

/* Smallest number of bits, at most `bits_max`, so that 2^bits * each >= count. */
static uint32_t bits_for(uint64_t count, uint64_t each, uint32_t bits_max)
{
    uint32_t bits = 0;

    while (bits < bits_max && (each << bits) < count) {
        bits++;
    }
    return bits;
}

static uint32_t bucket_of(const uint8_t *digest, uint32_t bits)
{
    const uint32_t leading = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16
                             | (uint32_t)digest[2] << 8 | digest[3];

    return bits == 0 ? 0 : leading >> (32 - bits);
}

/* Ascending by digest, then size, then as listed: the same lists give the same bytes. A size is
 * less than none, as OV_HASH_NO_SIZE is the largest number. */
static int order(const struct table *t, const uint8_t *x, const uint8_t *y)
{
    const int by_digest = memcmp(x, y, t->digest_bytes);
    struct ov_hash_tail a, b;

    if (by_digest != 0) {
        return by_digest;
    }
    memcpy(&a, x + t->digest_bytes, sizeof(a));
    memcpy(&b, y + t->digest_bytes, sizeof(b));
    return a.size != b.size ? (a.size < b.size ? -1 : 1) : 0;
}

static int by_order(const void *x, const void *y, void *table)
{
    const uint8_t *a = *(const uint8_t *const *)x, *b = *(const uint8_t *const *)y;
    const int compared = order(table, a, b);

    return compared != 0 ? compared : a < b ? -1 : a > b;
}

/* Sorts a few neighbours where they are; equal ones stay as they came. */
static void sort_few(const struct table *t, uint8_t *records, uint32_t count)
{
    uint8_t moved[OV_DIGEST_BYTES_MAX + sizeof(struct ov_hash_tail)];
    const size_t size = t->record_bytes;

    for (uint32_t i = 1; i < count; i++) {
        uint32_t to = i;

        while (to > 0 && order(t, records + (to - 1) * size, records + i * size) > 0) {
            to--;
        }
        if (to != i) {
            memcpy(moved, records + i * size, size);
            memmove(records + (to + 1) * size, records + to * size, (i - to) * size);
            memcpy(records + to * size, moved, size);
        }
    }
}

/* Digests can be made to share their leading bits, so that a bucket holds all of them. */
static bool sort_crowd(struct table *t, uint8_t *records, uint32_t count)
{
    const size_t size = t->record_bytes;
    auto_free uint8_t *copy = malloc(count * size);
    auto_free const uint8_t **places = calloc(count, sizeof(*places));

    if (copy == NULL || places == NULL) {
        return false;
    }
    memcpy(copy, records, count * size);
    for (uint32_t i = 0; i < count; i++) {
        places[i] = copy + i * size;
    }
    qsort_r(places, count, sizeof(*places), by_order, t);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(records + i * size, places[i], size);
    }
    return true;
}

/* Each record to its bucket in the order in which they came, then each bucket by itself: of digests
 * nobody tampered with four share one. */
static bool sort_table(struct table *t, uint8_t *to)
{
    const uint32_t buckets = 1u << t->bucket_bits;
    uint32_t from = 0;

    t->ends = calloc(buckets, sizeof(*t->ends));
    if (t->ends == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < t->count; i++) {
        t->ends[bucket_of(t->records + i * t->record_bytes, t->bucket_bits)]++;
    }
    for (uint32_t b = 0; b < buckets; b++) {
        const uint32_t count = t->ends[b];

        t->ends[b] = from;
        from += count;
    }
    for (uint32_t i = 0; i < t->count; i++) {
        const uint8_t *record = t->records + i * t->record_bytes;

        memcpy(to + t->ends[bucket_of(record, t->bucket_bits)]++ * t->record_bytes, record,
                t->record_bytes);
    }
    from = 0;
    for (uint32_t b = 0; b < buckets; b++) {
        const uint32_t count = t->ends[b] - from;
        uint8_t *records = to + (size_t)from * t->record_bytes;

        if (count > CROWD) {
            if (!sort_crowd(t, records, count)) {
                return false;
            }
        } else {
            sort_few(t, records, count);
        }
        from = t->ends[b];
    }
    return true;
}

/* The sorted records' tails, from the machine's form to the file's. `text`: where the names are. */
static void finish_records(const struct table *t, uint8_t *records, uint32_t text)
{
    for (uint32_t i = 0; i < t->count; i++) {
        uint8_t *at = records + i * t->record_bytes + t->digest_bytes;
        struct ov_hash_tail tail;
        struct ov_db_hash_tail out;

        memcpy(&tail, at, sizeof(tail));
        out = (struct ov_db_hash_tail){
            .size = ov_le64_of(tail.size),
            .name = { .offset = ov_le32_of(text + tail.name),
                    .bytes = ov_le32_of(tail.name_bytes) },
        };
        memcpy(at, &out, sizeof(out));
    }
}

static void put_buckets(struct ov_buf *out, const struct table *t)
{
    ov_buf_put_u32le(out, 0);
    for (uint32_t bucket = 0; bucket < 1u << t->bucket_bits; bucket++) {
        ov_buf_put_u32le(out, t->ends[bucket]);
    }
}

/* Sizes: the filter, and what the header says of them. */
static void put_sizes(
        struct ov_buf *out, const struct table *t, uint32_t bits, struct ov_db_hash_kind *head)
{
    const size_t bytes = (size_t)LINE_BYTES << bits;
    uint64_t size_min = UINT64_MAX, size_max = 0;
    uint32_t unsized = 0;
    uint8_t *filter = ov_buf_extend(out, bytes);

    if (filter == NULL) {
        return;
    }
    memset(filter, 0, bytes);
    for (uint32_t i = 0; i < t->count; i++) {
        struct ov_hash_tail tail;
        uint64_t line;
        unsigned a, b;

        memcpy(&tail, t->records + i * t->record_bytes + t->digest_bytes, sizeof(tail));
        if (tail.size == OV_HASH_NO_SIZE) {
            unsized++;
            continue;
        }
        size_min = tail.size < size_min ? tail.size : size_min;
        size_max = tail.size > size_max ? tail.size : size_max;
        ov_db_hash_size_bits(tail.size, bits, &line, &a, &b);
        filter[line * LINE_BYTES + a / 8] |= (uint8_t)(1u << a % 8);
        filter[line * LINE_BYTES + b / 8] |= (uint8_t)(1u << b % 8);
    }
    head->unsized = ov_le32_of(unsized);
    head->size_min = ov_le64_of(size_min);
    head->size_max = ov_le64_of(size_max);
}

/* One table behind what is there, `head` filled in but for its first number. Sorted in its place:
 * buckets come before records, so their room is left first. */
static bool put_table(
        struct ov_buf *out, struct table *t, uint32_t text, struct ov_db_hash_kind *head)
{
    const uint32_t size_bits = bits_for(t->count, SIZES_PER_LINE, OV_DB_HASH_SIZE_BITS_MAX);
    OV_CLEANUP(ov_buf_done) struct ov_buf buckets;
    size_t buckets_at;
    uint8_t *records;

    t->bucket_bits = bits_for(t->count, RECORDS_PER_BUCKET, OV_DB_HASH_BUCKET_BITS_MAX);
    ov_buf_init(&buckets, SIZE_MAX);
    head->count = ov_le32_of(t->count);
    head->bucket_bits = ov_le32_of(t->bucket_bits);
    head->size_bits = ov_le32_of(size_bits);
    head->record_bytes = ov_le32_of(ov_db_hash_record_bytes(t->kind));
    ov_buf_align(out, LINE_BYTES);
    head->sizes = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    put_sizes(out, t, size_bits, head);
    buckets_at = (size_t)ov_bytes_len(ov_buf_bytes(out));
    head->buckets = ov_le64_of(buckets_at);
    ov_buf_put_zeros(out, ((1u << t->bucket_bits) + 1u) * sizeof(uint32_t));
    head->records = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    records = ov_buf_extend(out, t->count * t->record_bytes);
    if (records == NULL || !sort_table(t, records)) {
        return false;
    }
    finish_records(t, records, text);
    put_buckets(&buckets, t);
    if (!ov_buf_ok(&buckets)) {
        return false;
    }
    ov_buf_set(out, buckets_at, ov_bytes_raw(ov_buf_bytes(&buckets)),
            (size_t)ov_bytes_len(ov_buf_bytes(&buckets)));
    return true;
}

/* The names become the beginning of the database's texts, or follow those. Gives where. */
static uint32_t take_names(struct ov_hash_set *set, struct ov_buf *text)
{
    const uint64_t at = ov_bytes_len(ov_buf_bytes(text));

    if (at == 0) {
        ov_buf_done(text);
        *text = set->names;
        ov_buf_init(&set->names, UINT32_MAX);
        return 0;
    }
    ov_buf_put(text, ov_bytes_raw(ov_buf_bytes(&set->names)),
            (size_t)ov_bytes_len(ov_buf_bytes(&set->names)));
    ov_buf_done(&set->names);
    return (uint32_t)at;
}

overt_status ov_compile_hashes(
        struct ov_hash_set *set, struct ov_db_writer *writer, overt_error *err)
{
    struct ov_buf *out = &writer->sections[OV_DB_HASHES];
    struct ov_db_hash_kind heads[OV_HASH_TABLES] = { 0 };
    uint32_t first = 0;
    uint32_t text;
    bool good = true;

    if (set->count == 0) {
        return OVERT_OK;
    }
    text = take_names(set, &writer->sections[OV_DB_TEXT]);
    ov_buf_put_zeros(out, sizeof(heads)); /* filled in at the end */
    for (unsigned number = 0; good && number < OV_HASH_TABLES; number++) {
        struct table t = {
            .kind = ov_hash_table_kind(number),
            .records = ov_bytes_raw(ov_buf_bytes(&set->tables[number])),
            .count = (uint32_t)ov_hash_set_count(set, number),
        };

        t.digest_bytes = ov_digest_bytes(t.kind);
        t.record_bytes = ov_hash_record_bytes(t.kind);
        heads[number].first = ov_le32_of(first);
        good = put_table(out, &t, text, &heads[number]);
        free(t.ends);
        first += t.count;
        ov_buf_done(&set->tables[number]);
    }
    if (!good || !ov_buf_ok(out) || !ov_buf_ok(&writer->sections[OV_DB_TEXT])) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for %zu hashes", set->count);
    }
    OV_ASSERT(first == set->count);
    ov_buf_set(out, 0, heads, sizeof(heads));
    writer->counts[OV_DB_HASHES] = first;
    return OVERT_OK;
}
