/* SPDX-License-Identifier: Apache-2.0 */
/* verify_hashes.c - walks OV_DB_HASHES once: tables inside the section, records in order, buckets
 * that lead to where their records are, names inside the texts, sizes known to the filter. */
#include <string.h>

#include "base/error.h"
#include "db/rules.h"
#include "db/verify.h"

#define LINE_BYTES 64u

struct walk {
    const struct ov_db_view *view;
    unsigned table;
    enum ov_digest_kind kind; /* of the table */
    struct ov_db_hash_kind head;
    struct ov_bytes buckets;
    struct ov_bytes sizes;
    overt_error *err;
};

static overt_status wrong(const struct walk *w, const char *what, uint64_t index)
{
    return ov_fail(w->err, OVERT_E_CORRUPT, UINT64_MAX, "hashes, %s, record %llu: %s",
            ov_digest_name(w->kind), (unsigned long long)index, what);
}

static uint32_t bucket_start(const struct walk *w, uint64_t bucket)
{
    struct ov_bytes raw;
    struct ov_le32 at = ov_le32_of(UINT32_MAX);

    if (ov_bytes_slice(w->buckets, bucket * sizeof(at), sizeof(at), &raw)) {
        memcpy(&at, ov_bytes_raw(raw), sizeof(at));
    }
    return ov_le32_get(at);
}

static bool filter_knows(const struct walk *w, uint64_t size)
{
    const uint8_t *filter = ov_bytes_raw(w->sizes);
    uint64_t line;
    unsigned a, b;

    ov_db_hash_size_bits(size, ov_le32_get(w->head.size_bits), &line, &a, &b);
    filter += line * LINE_BYTES;
    return (filter[a / 8] >> a % 8 & 1) != 0 && (filter[b / 8] >> b % 8 & 1) != 0;
}

/* In the bucket that its leading bits name? */
static bool in_its_bucket(const struct walk *w, struct ov_bytes digest, uint64_t index)
{
    const uint32_t bits = ov_le32_get(w->head.bucket_bits);
    const uint8_t *d = ov_bytes_raw(digest);
    const uint32_t leading =
            (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
    const uint32_t bucket = bits == 0 ? 0 : leading >> (32 - bits);

    return bucket_start(w, bucket) <= index && index < bucket_start(w, bucket + 1ull);
}

static overt_status check_records(struct walk *w)
{
    const uint32_t count = ov_le32_get(w->head.count);
    struct ov_bytes last = ov_bytes_of(NULL, 0);
    uint32_t unsized = 0;

    for (uint64_t i = 0; i < count; i++) {
        struct ov_db_hash_tail tail;
        struct ov_bytes digest, name;
        uint64_t size;

        if (!ov_db_hash_record(w->view, w->kind, &w->head, i, &digest, &tail)) {
            return wrong(w, "not inside the section", i);
        }
        if (i != 0 && memcmp(ov_bytes_raw(last), ov_bytes_raw(digest), ov_bytes_len(digest)) > 0) {
            return wrong(w, "out of order", i);
        }
        if (!in_its_bucket(w, digest, i)) {
            return wrong(w, "not in its bucket", i);
        }
        if (!ov_db_span_read(w->view, tail.name, &name)) {
            return wrong(w, "its name lies outside the texts", i);
        }
        size = ov_le64_get(tail.size);
        unsized += size == OV_DB_HASH_NO_SIZE;
        if (size != OV_DB_HASH_NO_SIZE
                && (size < ov_le64_get(w->head.size_min) || size > ov_le64_get(w->head.size_max)
                        || !filter_knows(w, size))) {
            return wrong(w, "its size would never be looked for", i);
        }
        last = digest;
    }
    return unsized == ov_le32_get(w->head.unsized) ? OVERT_OK
                                                   : wrong(w, "the count of unsized is off", count);
}

static overt_status check_kind(struct walk *w, uint32_t *first)
{
    struct ov_bytes section = w->view->sections[OV_DB_HASHES], raw;
    const uint64_t at = (uint64_t)w->table * sizeof(w->head);
    uint64_t buckets;

    if (!ov_bytes_slice(section, at, sizeof(w->head), &raw)) {
        return wrong(w, "the section is cut short", 0);
    }
    memcpy(&w->head, ov_bytes_raw(raw), sizeof(w->head));
    if (ov_le32_get(w->head.first) != *first) {
        return wrong(w, "its numbers do not follow the kind before", 0);
    }
    if (ov_le32_get(w->head.count) == 0) {
        return OVERT_OK;
    }
    if (!ov_db_hash_kind_read(w->view, w->table, &w->head)) {
        return wrong(w, "its header is out of bounds", 0);
    }
    buckets = (1ull << ov_le32_get(w->head.bucket_bits)) + 1;
    if (!ov_bytes_slice(section, ov_le64_get(w->head.buckets), buckets * 4, &w->buckets)
            || !ov_bytes_slice(section, ov_le64_get(w->head.sizes),
                    (uint64_t)LINE_BYTES << ov_le32_get(w->head.size_bits), &w->sizes)) {
        return wrong(w, "its buckets or sizes are not inside the section", 0);
    }
    if (UINT32_MAX - *first < ov_le32_get(w->head.count)) {
        return wrong(w, "too many", 0);
    }
    *first += ov_le32_get(w->head.count);
    return check_records(w);
}

overt_status ov_db_verify_hashes(const struct ov_db_view *view, overt_error *err)
{
    uint32_t first = 0;

    if (ov_bytes_len(view->sections[OV_DB_HASHES]) == 0) {
        return view->counts[OV_DB_HASHES] == 0
                       ? OVERT_OK
                       : ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "hashes without a section");
    }
    for (unsigned table = 0; table < OV_HASH_TABLES; table++) {
        struct walk w = {
            .view = view, .table = table, .kind = ov_hash_table_kind(table), .err = err
        };
        const overt_status status = check_kind(&w, &first);

        if (status != OVERT_OK) {
            return status;
        }
    }
    if (first != view->counts[OV_DB_HASHES]) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "%u hashes are announced, %u are there",
                view->counts[OV_DB_HASHES], first);
    }
    return OVERT_OK;
}
