/* SPDX-License-Identifier: Apache-2.0 */
/* hash_set.h - listed digests, as many as there are: millions of lines that differ in nothing but
 * their bytes. So there is no object for each, only its record in the table of its domain and kind,
 * and one text of all names. */
#ifndef OV_RULES_IR_HASH_SET_H
#define OV_RULES_IR_HASH_SET_H

#include "base/buf.h"
#include "base/digest.h"

/* One line of a list, on its way in or out. */
struct ov_hash_rule {
    enum ov_hash_domain domain;
    enum ov_digest_kind kind;
    uint8_t digest[OV_DIGEST_BYTES_MAX]; /* zeros behind its end */
    bool has_size;
    uint64_t size;
    struct ov_bytes name;
};

/* What stands behind a digest in a table, as the machine has it. */
struct ov_hash_tail {
    uint64_t size; /* OV_HASH_NO_SIZE: any */
    uint32_t name; /* where it begins in `names` */
    uint32_t name_bytes;
};
#define OV_HASH_NO_SIZE UINT64_MAX

struct ov_hash_set {
    struct ov_buf tables[OV_HASH_TABLES]; /* digest, tail; in the order in which they came */
    struct ov_buf names;
    size_t count;                       /* of all tables */
    struct ov_hash_recent *priv_recent; /* owned */
};

void ov_hash_set_init(struct ov_hash_set *set);
void ov_hash_set_done(struct ov_hash_set *set);

/* Copies what it needs. False: out of memory, or more than a database can hold. */
OV_MUST_CHECK bool ov_hash_set_add(struct ov_hash_set *set, const struct ov_hash_rule *rule);

static inline size_t ov_hash_record_bytes(enum ov_digest_kind kind)
{
    return ov_digest_bytes(kind) + sizeof(struct ov_hash_tail);
}

size_t ov_hash_set_count(const struct ov_hash_set *set, unsigned table);
/* Number `n` of `count`, table after table; its name is lent until the next add. */
struct ov_hash_rule ov_hash_set_get(const struct ov_hash_set *set, size_t n);

#endif
