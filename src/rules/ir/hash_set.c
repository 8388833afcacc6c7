/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ir/hash_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

/* Lists of a million lines often have a few thousand names, or one. The names that were put last are
 * remembered, each at the one place that its hash gives it: what is forgotten stands twice. */
#define RECENT_COUNT 4096u

struct ov_hash_recent {
    uint32_t name;
    uint32_t name_bytes; /* 0: nothing yet */
};

void ov_hash_set_init(struct ov_hash_set *set)
{
    *set = (struct ov_hash_set){ .count = 0 };
    for (unsigned table = 0; table < OV_HASH_TABLES; table++) {
        ov_buf_init(&set->tables[table], SIZE_MAX);
    }
    ov_buf_init(&set->names, UINT32_MAX);
}

void ov_hash_set_done(struct ov_hash_set *set)
{
    for (unsigned table = 0; table < OV_HASH_TABLES; table++) {
        ov_buf_done(&set->tables[table]);
    }
    ov_buf_done(&set->names);
    free(set->priv_recent);
    ov_hash_set_init(set);
}

static uint32_t place_of(struct ov_bytes name)
{
    const uint8_t *at = ov_bytes_raw(name);
    uint64_t h = 0xcbf29ce484222325u;

    for (uint64_t i = 0; i < ov_bytes_len(name); i++) {
        h = (h ^ at[i]) * 0x100000001b3u;
    }
    return (uint32_t)(h >> 32 ^ h) % RECENT_COUNT;
}

static bool put_name(struct ov_hash_set *set, struct ov_bytes name, struct ov_hash_tail *tail)
{
    const struct ov_bytes all = ov_buf_bytes(&set->names);
    const size_t len = (size_t)ov_bytes_len(name);
    struct ov_hash_recent *recent;
    struct ov_bytes there;

    if (set->priv_recent == NULL) {
        set->priv_recent = calloc(RECENT_COUNT, sizeof(*set->priv_recent));
    }
    if (set->priv_recent == NULL) {
        return false;
    }
    recent = &set->priv_recent[place_of(name)];
    if (recent->name_bytes != len || !ov_bytes_slice(all, recent->name, len, &there)
            || !ov_bytes_equal(there, ov_bytes_raw(name), len)) {
        *recent = (struct ov_hash_recent){ .name = (uint32_t)ov_bytes_len(all),
            .name_bytes = (uint32_t)len };
        ov_buf_put(&set->names, ov_bytes_raw(name), len);
    }
    tail->name = recent->name;
    tail->name_bytes = recent->name_bytes;
    return ov_buf_ok(&set->names);
}

bool ov_hash_set_add(struct ov_hash_set *set, const struct ov_hash_rule *rule)
{
    const size_t digest_bytes = ov_digest_bytes(rule->kind);
    struct ov_hash_tail tail = { .size = rule->has_size ? rule->size : OV_HASH_NO_SIZE };
    struct ov_buf *table = &set->tables[ov_hash_table(rule->domain, rule->kind)];
    uint8_t *to;

    if (set->count >= UINT32_MAX / 2 || !put_name(set, rule->name, &tail)) {
        return false;
    }
    to = ov_buf_extend(table, digest_bytes + sizeof(tail));
    if (to == NULL) {
        return false;
    }
    memcpy(to, rule->digest, digest_bytes);
    memcpy(to + digest_bytes, &tail, sizeof(tail));
    set->count++;
    return true;
}

size_t ov_hash_set_count(const struct ov_hash_set *set, unsigned table)
{
    return (size_t)ov_bytes_len(ov_buf_bytes(&set->tables[table]))
           / ov_hash_record_bytes(ov_hash_table_kind(table));
}

struct ov_hash_rule ov_hash_set_get(const struct ov_hash_set *set, size_t n)
{
    unsigned table = 0;
    struct ov_hash_rule rule = { .has_size = false };
    struct ov_hash_tail tail;
    const uint8_t *record;
    bool inside;

    while (table < OV_HASH_TABLES - 1 && n >= ov_hash_set_count(set, table)) {
        n -= ov_hash_set_count(set, table++);
    }
    OV_ASSERT(n < ov_hash_set_count(set, table));
    rule.domain = ov_hash_table_domain(table);
    rule.kind = ov_hash_table_kind(table);
    record = ov_bytes_raw(ov_buf_bytes(&set->tables[table])) + n * ov_hash_record_bytes(rule.kind);
    memcpy(rule.digest, record, ov_digest_bytes(rule.kind));
    memcpy(&tail, record + ov_digest_bytes(rule.kind), sizeof(tail));
    rule.has_size = tail.size != OV_HASH_NO_SIZE;
    rule.size = rule.has_size ? tail.size : 0;
    inside = ov_bytes_slice(ov_buf_bytes(&set->names), tail.name, tail.name_bytes, &rule.name);
    OV_ASSERT(inside);
    return rule;
}
