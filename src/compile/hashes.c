/* SPDX-License-Identifier: Apache-2.0 */
/* hashes.c - hashes to OV_DB_HASHES: per domain and kind a table sorted by digest, with buckets on
 * its leading bits, and a filter over the sizes, so that most objects need no digest at all. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "compile/conditions.h"
#include "compile/intern.h"
#include "db/rules_layout.h"

#define RECORDS_PER_BUCKET 4u
#define SIZES_PER_LINE     16u /* two bits of 512 each: one wrong answer in 250 or fewer */
#define LINE_BYTES         64u

/* Ascending by digest, then size, then as listed: the same lists give the same bytes. */
static int by_digest(const void *a, const void *b)
{
    const struct ov_hash_rule *x = *(const struct ov_hash_rule *const *)a;
    const struct ov_hash_rule *y = *(const struct ov_hash_rule *const *)b;
    const int order = memcmp(x->digest, y->digest, sizeof(x->digest));

    if (order != 0) {
        return order;
    }
    if (x->has_size != y->has_size) {
        return x->has_size ? -1 : 1;
    }
    if (x->has_size && x->size != y->size) {
        return x->size < y->size ? -1 : 1;
    }
    return x < y ? -1 : x > y;
}

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

static void put_buckets(
        struct ov_buf *out, const struct ov_hash_rule *const *sorted, uint32_t count, uint32_t bits)
{
    uint32_t at = 0;

    for (uint32_t bucket = 0; bucket < 1u << bits; bucket++) {
        while (at < count && bucket_of(sorted[at]->digest, bits) < bucket) {
            at++;
        }
        ov_buf_put_u32le(out, at);
    }
    ov_buf_put_u32le(out, count);
}

static void put_sizes(
        struct ov_buf *out, const struct ov_hash_rule *const *sorted, uint32_t count, uint32_t bits)
{
    const size_t bytes = (size_t)LINE_BYTES << bits;
    uint8_t *filter = ov_buf_extend(out, bytes);

    if (filter == NULL) {
        return;
    }
    memset(filter, 0, bytes);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t line;
        unsigned a, b;

        if (!sorted[i]->has_size) {
            continue;
        }
        ov_db_hash_size_bits(sorted[i]->size, bits, &line, &a, &b);
        filter[line * LINE_BYTES + a / 8] |= (uint8_t)(1u << a % 8);
        filter[line * LINE_BYTES + b / 8] |= (uint8_t)(1u << b % 8);
    }
}

static void put_records(struct ov_buf *out, const struct ov_hash_rule *const *sorted,
        uint32_t count, enum ov_digest_kind kind, struct ov_intern *texts)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct ov_hash_rule *h = sorted[i];
        const struct ov_db_hash_tail tail = {
            .size = ov_le64_of(h->has_size ? h->size : OV_DB_HASH_NO_SIZE),
            .name = { .offset = ov_le32_of(ov_intern_put(texts, h->name, 1)),
                    .bytes = ov_le32_of((uint32_t)ov_bytes_len(h->name)) },
        };

        ov_buf_put(out, h->digest, ov_digest_bytes(kind));
        ov_buf_put(out, &tail, sizeof(tail));
    }
}

/* One kind: its tables behind what is there, its header returned. */
static struct ov_db_hash_kind put_kind(struct ov_buf *out, const struct ov_hash_rule *const *sorted,
        uint32_t first, uint32_t count, enum ov_digest_kind kind, struct ov_intern *texts)
{
    uint64_t size_min = UINT64_MAX, size_max = 0;
    uint32_t unsized = 0;
    const uint32_t bucket_bits = bits_for(count, RECORDS_PER_BUCKET, OV_DB_HASH_BUCKET_BITS_MAX);
    const uint32_t size_bits = bits_for(count, SIZES_PER_LINE, OV_DB_HASH_SIZE_BITS_MAX);
    struct ov_db_hash_kind head;

    for (uint32_t i = 0; i < count; i++) {
        unsized += !sorted[i]->has_size;
        if (sorted[i]->has_size && sorted[i]->size < size_min) {
            size_min = sorted[i]->size;
        }
        if (sorted[i]->has_size && sorted[i]->size > size_max) {
            size_max = sorted[i]->size;
        }
    }
    head = (struct ov_db_hash_kind){
        .first = ov_le32_of(first),
        .count = ov_le32_of(count),
        .bucket_bits = ov_le32_of(bucket_bits),
        .unsized = ov_le32_of(unsized),
        .size_bits = ov_le32_of(size_bits),
        .record_bytes = ov_le32_of(ov_db_hash_record_bytes(kind)),
        .size_min = ov_le64_of(size_min),
        .size_max = ov_le64_of(size_max),
    };
    ov_buf_align(out, LINE_BYTES);
    head.sizes = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    put_sizes(out, sorted, count, size_bits);
    head.buckets = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    put_buckets(out, sorted, count, bucket_bits);
    head.records = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    put_records(out, sorted, count, kind, texts);
    return head;
}

overt_status ov_compile_hashes(const struct ov_rule_set *set, struct ov_diags *diags,
        struct ov_intern *texts, struct ov_db_writer *writer, overt_error *err)
{
    struct ov_buf *out = &writer->sections[OV_DB_HASHES];
    auto_free const struct ov_hash_rule **sorted = NULL;
    struct ov_db_hash_kind heads[OV_HASH_TABLES];
    uint32_t first = 0;

    (void)diags; /* a hash that was read is good */
    if (set->hash_count == 0) {
        return OVERT_OK;
    }
    sorted = calloc(set->hash_count, sizeof(*sorted));
    if (sorted == NULL) {
        return ov_fail(
                err, OVERT_E_NOMEM, UINT64_MAX, "no memory to sort %zu hashes", set->hash_count);
    }
    ov_buf_put_zeros(out, sizeof(heads)); /* filled in at the end */
    for (unsigned table = 0; table < OV_HASH_TABLES; table++) {
        const enum ov_digest_kind kind = ov_hash_table_kind(table);
        uint32_t count = 0;

        for (size_t i = 0; i < set->hash_count; i++) {
            if (set->hashes[i].kind == kind
                    && set->hashes[i].domain == ov_hash_table_domain(table)) {
                sorted[count++] = &set->hashes[i];
            }
        }
        qsort(sorted, count, sizeof(*sorted), by_digest);
        heads[table] = put_kind(out, sorted, first, count, kind, texts);
        first += count;
    }
    if (!ov_buf_ok(out) || !ov_intern_ok(texts)) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for %zu hashes", set->hash_count);
    }
    OV_ASSERT(first == set->hash_count);
    ov_buf_set(out, 0, heads, sizeof(heads));
    writer->counts[OV_DB_HASHES] = first;
    return OVERT_OK;
}
