/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - what a database says of its rules, for people: listings, reports, explanations.
 *
 * The database is not trusted: every access is bounded, and false means that it contradicts
 * itself there (or that there is no such number). Texts are lent by the view. */
#ifndef OV_DB_RULES_H
#define OV_DB_RULES_H

#include "db/rules_layout.h"
#include "db/view.h"
#include "facts/schema.h"

struct ov_rule_info {
    struct ov_bytes name;
    struct ov_bytes space;
    struct ov_bytes source;
    struct ov_bytes file;
    uint32_t line;
    uint32_t flags; /* OV_DB_RULE_* */
    uint32_t string_first;
    uint32_t string_count;
    uint32_t meta_count;
    uint32_t tag_count;
};

struct ov_datum_info {
    struct ov_bytes name;
    enum ov_db_datum_type type;
    int64_t integer; /* BOOL, INT */
    double real;     /* FLOAT */
    struct ov_bytes text;
};

struct ov_string_info {
    struct ov_bytes name;
    uint32_t rule;    /* OV_DB_STRING_NO_RULE: of a rule that was left out */
    uint32_t flags;   /* OV_DB_STRING_* */
    uint64_t only_at; /* OV_DB_STRING_AT */
};

struct ov_hash_info {
    enum ov_hash_domain domain;
    enum ov_digest_kind kind;
    struct ov_bytes digest;
    bool has_size;
    uint64_t size;
    struct ov_bytes name;
};

uint32_t ov_db_rule_count(const struct ov_db_view *view); /* hash rules not counted */
uint32_t ov_db_hash_count(const struct ov_db_view *view);

OV_MUST_CHECK bool ov_db_rule_read(
        const struct ov_db_view *view, uint32_t rule, struct ov_rule_info *out);
OV_MUST_CHECK bool ov_db_rule_meta(
        const struct ov_db_view *view, uint32_t rule, uint32_t index, struct ov_datum_info *out);
OV_MUST_CHECK bool ov_db_rule_tag(
        const struct ov_db_view *view, uint32_t rule, uint32_t index, struct ov_bytes *out);

/* `string` is the number through the whole database: string_first + i. */
OV_MUST_CHECK bool ov_db_string_read(
        const struct ov_db_view *view, uint32_t string, struct ov_string_info *out);
OV_MUST_CHECK bool ov_db_external_read(
        const struct ov_db_view *view, uint32_t external, struct ov_datum_info *out);

/* Module `index` of those that the rules import, ascending by `rule`: before which rule. */
OV_MUST_CHECK bool ov_db_import_read(
        const struct ov_db_view *view, uint32_t index, enum ov_field *module, uint32_t *rule);

/* `index` is 0 for the first hash rule; its rule number is ov_db_rule_count + index. */
OV_MUST_CHECK bool ov_db_hash_read(
        const struct ov_db_view *view, uint32_t index, struct ov_hash_info *out);

/* The name of a rule or hash rule by the number that ov_evaluate and ov_hashes_find report. */
OV_MUST_CHECK bool ov_db_any_name(
        const struct ov_db_view *view, uint32_t number, struct ov_bytes *out);

/* A text span; false if it does not lie in the database. */
OV_MUST_CHECK bool ov_db_span_read(
        const struct ov_db_view *view, struct ov_db_span span, struct ov_bytes *out);

/* The element `index` of an array that OV_DB_GROUPS announces, or NULL. */
const void *ov_db_group_item(
        const struct ov_db_view *view, struct ov_db_array array, uint64_t index, size_t size);
/* False: there is no GROUPS section, or it is cut. */
OV_MUST_CHECK bool ov_db_groups_read(const struct ov_db_view *view, struct ov_db_groups *out);

/* One table (ov_hash_table) of OV_DB_HASHES. False: it is empty. */
OV_MUST_CHECK bool ov_db_hash_kind_read(
        const struct ov_db_view *view, unsigned table, struct ov_db_hash_kind *out);
/* Record `index` of a kind: its digest and tail. */
OV_MUST_CHECK bool ov_db_hash_record(const struct ov_db_view *view, enum ov_digest_kind kind,
        const struct ov_db_hash_kind *table, uint64_t index, struct ov_bytes *digest,
        struct ov_db_hash_tail *tail);

#endif
