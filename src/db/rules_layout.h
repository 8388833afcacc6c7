/* SPDX-License-Identifier: Apache-2.0 */
/* rules_layout.h - what lies inside the sections about rules, conditions and hashes. Changing it
 * means changing docs/formats/ovdb.md.
 *
 * Every field is a claim of whoever made the file. A text is an offset into OV_DB_TEXT and a
 * length. */
#ifndef OV_DB_RULES_LAYOUT_H
#define OV_DB_RULES_LAYOUT_H

#include <stddef.h>

#include "base/digest.h"
#include "db/layout.h"

struct ov_db_span { /* a text in OV_DB_TEXT */
    struct ov_le32 offset;
    struct ov_le32 bytes;
};

#define OV_DB_RULE_PRIVATE 0x1u /* holds, but is not reported */
#define OV_DB_RULE_GLOBAL  0x2u /* if it does not hold, no rule of its namespace does */
#define OV_DB_RULE_OPEN    0x4u /* reported even of what is signed under a trusted certificate */

struct ov_db_rule { /* OV_DB_RULES */
    struct ov_db_span name;
    struct ov_db_span source; /* as written, `rule` to `}` */
    struct ov_db_span file;   /* as the compiler was told */
    struct ov_le32 line;
    struct ov_le32 space; /* index into OV_DB_SPACES */
    struct ov_le32 flags;
    struct ov_le32 code_first; /* instructions in OV_DB_CODE; rules may share them */
    struct ov_le32 code_count;
    struct ov_le32 string_first; /* OV_DB_STRINGS */
    struct ov_le32 string_count;
    struct ov_le32 meta_first; /* OV_DB_METAS */
    struct ov_le32 meta_count;
    struct ov_le32 tag_first; /* OV_DB_TAGS */
    struct ov_le32 tag_count;
    struct ov_le32 waiter_first; /* in the waiters of OV_DB_GROUPS */
    struct ov_le32 waiter_count;
    struct ov_le32 reserved;
};
_Static_assert(sizeof(struct ov_db_rule) == 80, "on-disk layout");

enum ov_db_datum_type {
    OV_DB_DATUM_BOOL = 1,
    OV_DB_DATUM_INT,
    OV_DB_DATUM_FLOAT, /* externals only */
    OV_DB_DATUM_TEXT
};

struct ov_db_datum { /* OV_DB_METAS and OV_DB_EXTERNALS: a named value */
    struct ov_db_span name;
    struct ov_le32 type;
    struct ov_le32 text_bytes; /* TEXT; else 0 */
    struct ov_le64 value;      /* the integer, the double's bits, or the text's offset */
};
_Static_assert(sizeof(struct ov_db_datum) == 24, "on-disk layout");

#define OV_DB_STRING_NO_RULE UINT32_MAX

/* The low 16 bits are the modifiers of rules/ir/rule.h. */
#define OV_DB_STRING_MODIFIERS  0x0000ffffu
#define OV_DB_STRING_PRIVATE    0x00000080u
#define OV_DB_STRING_WAKES      0x00010000u /* finding it is a reason to evaluate its rule */
#define OV_DB_STRING_KIND_SHIFT 24          /* 1 text, 2 hex, 3 regular expression */

#define OV_DB_STRING_AT 0x00020000u /* shown at `only_at` and nowhere else */

struct ov_db_string { /* OV_DB_STRINGS, numbered as the matcher numbers them */
    struct ov_db_span name;
    struct ov_le32 rule; /* OV_DB_STRING_NO_RULE: its rule was left out */
    struct ov_le32 flags;
    struct ov_le64 only_at; /* AT; else 0 */
};
_Static_assert(sizeof(struct ov_db_string) == 24, "on-disk layout");

struct ov_db_space { /* OV_DB_SPACES */
    struct ov_db_span name;
    struct ov_le32 global_first; /* in the globals of OV_DB_GROUPS */
    struct ov_le32 global_count;
};
_Static_assert(sizeof(struct ov_db_space) == 16, "on-disk layout");

struct ov_db_import {      /* OV_DB_IMPORTS, in the order in which they were imported */
    struct ov_le32 module; /* its row of facts/schema.h */
    struct ov_le32 rule;   /* before which rule; their number: behind the last */
};
_Static_assert(sizeof(struct ov_db_import) == 8, "on-disk layout");

/* --- OV_DB_GROUPS: this header, then arrays of it by byte offset from the section's start ------ */

struct ov_db_array {
    struct ov_le32 offset; /* a multiple of 4 */
    struct ov_le32 count;
};

struct ov_db_groups {
    struct ov_db_array guards;  /* struct ov_db_guard */
    struct ov_db_array always;  /* struct ov_db_always: rules that may hold with no string found */
    struct ov_db_array waiters; /* ov_le32: rules to evaluate when the one they wait for holds */
    struct ov_db_array globals; /* ov_le32: global rules, namespace by namespace */
};
_Static_assert(sizeof(struct ov_db_groups) == 32, "on-disk layout");

#define OV_DB_GUARD_BYTES_MAX 1024u /* guards look at no byte behind this */

/* The always rules [first, first + count) can hold only if the `bytes` bytes at `offset`, read
 * little-endian, are `value`. bytes == 0: whatever the object. */
struct ov_db_guard {
    struct ov_le16 offset;
    struct ov_le16 bytes; /* 0, 1, 2 or 4 */
    struct ov_le32 value;
    struct ov_le32 first;
    struct ov_le32 count;
};
_Static_assert(sizeof(struct ov_db_guard) == 16, "on-disk layout");

/* Sizes as 32 bits, saturated: an object of 4 GiB or more counts as UINT32_MAX. */
struct ov_db_always {
    struct ov_le32 rule;
    struct ov_le32 size_min;
    struct ov_le32 size_max;
};
_Static_assert(sizeof(struct ov_db_always) == 12, "on-disk layout");

/* --- OV_DB_HASHES: OV_HASH_TABLES ov_db_hash_kinds, then what they point to -------------------- */

#define OV_DB_HASH_NO_SIZE UINT64_MAX

struct ov_db_hash_kind {
    struct ov_le32 first; /* hash index of records[0]; rule number = rule count + hash index */
    struct ov_le32 count;
    struct ov_le64 records;      /* byte offset in the section: ascending by digest */
    struct ov_le64 buckets;      /* ov_le32[(1 << bucket_bits) + 1]: first record of each bucket */
    struct ov_le32 bucket_bits;  /* leading bits of a digest that name its bucket; at most 24 */
    struct ov_le32 unsized;      /* records without a size */
    struct ov_le64 sizes;        /* byte offset of 1 << size_bits lines of 64 bytes each */
    struct ov_le32 size_bits;    /* at most 24 */
    struct ov_le32 record_bytes; /* ov_db_hash_record_bytes of this kind */
    struct ov_le64 size_min;     /* of the records that have one */
    struct ov_le64 size_max;
};
_Static_assert(sizeof(struct ov_db_hash_kind) == 64, "on-disk layout");

/* A record is a digest followed by this. */
struct ov_db_hash_tail {
    struct ov_le64 size; /* OV_DB_HASH_NO_SIZE: any */
    struct ov_db_span name;
};
_Static_assert(sizeof(struct ov_db_hash_tail) == 16, "on-disk layout");

#define OV_DB_HASH_BUCKET_BITS_MAX 24u
#define OV_DB_HASH_SIZE_BITS_MAX   24u

static inline uint32_t ov_db_hash_record_bytes(enum ov_digest_kind kind)
{
    return (uint32_t)(ov_digest_bytes(kind) + sizeof(struct ov_db_hash_tail));
}

/* Which two bits of which line stand for a size: a filter in one cache line. */
static inline void ov_db_hash_size_bits(
        uint64_t size, uint32_t size_bits, uint64_t *line, unsigned *bit_a, unsigned *bit_b)
{
    const uint64_t h = (size + 0x9e3779b97f4a7c15u) * 0xd6e8feb86659fd93u;
    const uint64_t g = (h ^ h >> 32) * 0xd6e8feb86659fd93u;

    *line = size_bits == 0 ? 0 : g >> (64 - size_bits);
    *bit_a = (unsigned)(g & 511);
    *bit_b = (unsigned)(g >> 9 & 511);
}

#endif
