/* SPDX-License-Identifier: Apache-2.0 */
/* hashes.c - is this object on a list? A look-up touches its bucket and the records there; the size
 * filter decides before any digest is computed. The database is not trusted: what lies outside its
 * section is not there. */
#include <string.h>

#include "db/rules.h"
#include "eval/eval.h"

#define LINE_BYTES 64u

static bool size_is_listed(
        const struct ov_db_view *view, const struct ov_db_hash_kind *head, uint64_t size)
{
    struct ov_bytes filter;
    const uint8_t *bits;
    uint64_t line;
    unsigned a, b;

    if (size < ov_le64_get(head->size_min) || size > ov_le64_get(head->size_max)) {
        return false;
    }
    ov_db_hash_size_bits(size, ov_le32_get(head->size_bits), &line, &a, &b);
    if (!ov_bytes_slice(view->sections[OV_DB_HASHES], ov_le64_get(head->sizes),
                (uint64_t)LINE_BYTES << ov_le32_get(head->size_bits), &filter)) {
        return false;
    }
    bits = ov_bytes_raw(filter) + line * LINE_BYTES;
    return (bits[a / 8] >> a % 8 & 1) != 0 && (bits[b / 8] >> b % 8 & 1) != 0;
}

unsigned ov_hashes_wanted(const struct ov_db_view *view, uint64_t size)
{
    return ov_domain_wanted(view, OV_HASH_FILE, size);
}

unsigned ov_domain_wanted(const struct ov_db_view *view, enum ov_hash_domain domain, uint64_t size)
{
    unsigned wanted = 0;

    for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        struct ov_db_hash_kind head;

        if (ov_db_hash_kind_read(view, ov_hash_table(domain, (enum ov_digest_kind)kind), &head)
                && (ov_le32_get(head.unsized) != 0 || size_is_listed(view, &head, size))) {
            wanted |= 1u << kind;
        }
    }
    return wanted;
}

/* The records whose digest shares the leading bits: [*from, *to). */
static bool bucket_of(const struct ov_db_view *view, const struct ov_db_hash_kind *head,
        const uint8_t *digest, uint32_t *from, uint32_t *to)
{
    const uint32_t bits = ov_le32_get(head->bucket_bits);
    const uint32_t leading = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16
                             | (uint32_t)digest[2] << 8 | digest[3];
    const uint64_t bucket = bits == 0 ? 0 : leading >> (32 - bits);
    struct ov_le32 pair[2];
    struct ov_bytes table, raw;

    if (!ov_bytes_slice(view->sections[OV_DB_HASHES], ov_le64_get(head->buckets),
                ((1ull << bits) + 1) * sizeof(pair[0]), &table)
            || !ov_bytes_slice(table, bucket * sizeof(pair[0]), sizeof(pair), &raw)) {
        return false;
    }
    memcpy(pair, ov_bytes_raw(raw), sizeof(pair));
    *from = ov_le32_get(pair[0]);
    *to = ov_le32_get(pair[1]);
    if (*to > ov_le32_get(head->count)) {
        *to = ov_le32_get(head->count);
    }
    return true;
}

/* The first record of [from, to) that is not below `digest`. A list can be made to share leading
 * bits, so a bucket is searched, not walked. */
static uint32_t first_not_below(const struct ov_db_view *view, enum ov_digest_kind kind,
        const struct ov_db_hash_kind *head, const uint8_t *digest, uint32_t from, uint32_t to)
{
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        struct ov_db_hash_tail tail;
        struct ov_bytes listed;

        if (!ov_db_hash_record(view, kind, head, middle, &listed, &tail)) {
            return to;
        }
        if (memcmp(ov_bytes_raw(listed), digest, ov_digest_bytes(kind)) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

void ov_hashes_find(const struct ov_db_view *view, enum ov_digest_kind kind, const uint8_t *digest,
        uint64_t size, ov_rule_fn on_rule, void *payload)
{
    ov_domain_find(view, OV_HASH_FILE, kind, digest, size, on_rule, payload);
}

bool ov_domain_is_empty(const struct ov_db_view *view, enum ov_hash_domain domain)
{
    struct ov_db_hash_kind head;

    for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        if (ov_db_hash_kind_read(view, ov_hash_table(domain, (enum ov_digest_kind)kind), &head)) {
            return false;
        }
    }
    return true;
}

void ov_domain_find(const struct ov_db_view *view, enum ov_hash_domain domain,
        enum ov_digest_kind kind, const uint8_t *digest, uint64_t size, ov_rule_fn on_rule,
        void *payload)
{
    const uint32_t base = ov_db_rule_count(view);
    struct ov_db_hash_kind head;
    struct ov_db_hash_tail tail;
    struct ov_bytes listed;
    uint32_t from, to;

    if (!ov_db_hash_kind_read(view, ov_hash_table(domain, kind), &head)
            || !bucket_of(view, &head, digest, &from, &to)) {
        return;
    }
    for (uint32_t i = first_not_below(view, kind, &head, digest, from, to);
            i < to && ov_db_hash_record(view, kind, &head, i, &listed, &tail)
            && ov_bytes_equal(listed, digest, ov_digest_bytes(kind));
            i++) {
        const uint64_t asked = ov_le64_get(tail.size);

        if (asked == OV_DB_HASH_NO_SIZE || asked == size) {
            on_rule(payload, base + ov_le32_get(head.first) + i, UINT64_MAX);
        }
    }
}
