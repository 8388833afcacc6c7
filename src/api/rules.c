/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - what a database says of its rules, for the user of libovert. */
#include "db/rules.h"

#include "api/database.h"
#include "base/error.h"

static overt_text lent(struct ov_bytes bytes)
{
    return (overt_text){ .bytes = (const char *)ov_bytes_raw(bytes),
        .len = (size_t)ov_bytes_len(bytes) };
}

struct ov_bytes ov_database_rule_name(const overt_db *db, uint64_t number)
{
    struct ov_bytes name;

    if (number > UINT32_MAX || !ov_db_any_name(&db->view, (uint32_t)number, &name)) {
        return ov_bytes_of("?", 1);
    }
    return name;
}

static overt_status no_such_rule(const overt_db *db, uint64_t number, overt_error *err)
{
    return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "there is no rule %llu among %llu",
            (unsigned long long)number, (unsigned long long)ov_database_rules(db));
}

static overt_status read_hash(
        const overt_db *db, uint32_t number, uint32_t rules, overt_rule *out, overt_error *err)
{
    struct ov_hash_info info;

    if (!ov_db_hash_read(&db->view, number - rules, &info)) {
        return ov_fail(
                err, OVERT_E_CORRUPT, UINT64_MAX, "the database lies about hash rule %u", number);
    }
    *out = (overt_rule){ .number = number, .name = lent(info.name), .is_hash = 1 };
    out->space = lent(ov_bytes_of(NULL, 0));
    out->source = lent(ov_bytes_of(NULL, 0));
    return OVERT_OK;
}

overt_status overt_db_rule(const overt_db *db, uint64_t number, overt_rule *out, overt_error *err)
{
    const uint32_t rules = ov_db_rule_count(&db->view);
    struct ov_rule_info info;

    if (number >= ov_database_rules(db)) {
        return no_such_rule(db, number, err);
    }
    if (number >= rules) {
        return read_hash(db, (uint32_t)number, rules, out, err);
    }
    if (!ov_db_rule_read(&db->view, (uint32_t)number, &info)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the database lies about rule %llu",
                (unsigned long long)number);
    }
    *out = (overt_rule){
        .number = (uint32_t)number,
        .name = lent(info.name),
        .space = lent(info.space),
        .source = lent(info.source),
        .file = lent(info.file),
        .line = info.line,
        .meta_count = info.meta_count,
        .tag_count = info.tag_count,
        .string_count = info.string_count,
        .is_private = (info.flags & OV_DB_RULE_PRIVATE) != 0,
        .is_global = (info.flags & OV_DB_RULE_GLOBAL) != 0,
    };
    return OVERT_OK;
}

overt_status overt_db_rule_string(
        const overt_db *db, uint64_t number, uint32_t index, overt_text *out, overt_error *err)
{
    struct ov_rule_info rule;
    struct ov_string_info string;

    if (number >= ov_db_rule_count(&db->view)) {
        return no_such_rule(db, number, err);
    }
    if (!ov_db_rule_read(&db->view, (uint32_t)number, &rule)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the database lies about rule %llu",
                (unsigned long long)number);
    }
    if (index >= rule.string_count) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "rule %llu has no string %u",
                (unsigned long long)number, index);
    }
    if (!ov_db_string_read(&db->view, rule.string_first + index, &string)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "the database lies about a string of rule %llu", (unsigned long long)number);
    }
    *out = lent(string.name);
    return OVERT_OK;
}

overt_status overt_db_rule_meta(
        const overt_db *db, uint64_t number, uint32_t index, overt_meta *out, overt_error *err)
{
    struct ov_datum_info info;

    if (number >= ov_db_rule_count(&db->view)) {
        return no_such_rule(db, number, err);
    }
    if (!ov_db_rule_meta(&db->view, (uint32_t)number, index, &info)) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "rule %llu has no meta %u",
                (unsigned long long)number, index);
    }
    *out = (overt_meta){
        .name = lent(info.name), .text = lent(info.text), .integer = info.integer
    };
    out->kind = info.type == OV_DB_DATUM_TEXT  ? OVERT_META_TEXT
                : info.type == OV_DB_DATUM_INT ? OVERT_META_INTEGER
                                               : OVERT_META_BOOLEAN;
    return OVERT_OK;
}

overt_status overt_db_rule_tag(
        const overt_db *db, uint64_t number, uint32_t index, overt_text *out, overt_error *err)
{
    struct ov_bytes tag;

    if (number >= ov_db_rule_count(&db->view)) {
        return no_such_rule(db, number, err);
    }
    if (!ov_db_rule_tag(&db->view, (uint32_t)number, index, &tag)) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "rule %llu has no tag %u",
                (unsigned long long)number, index);
    }
    *out = lent(tag);
    return OVERT_OK;
}

uint64_t overt_db_external_count(const overt_db *db)
{
    return db->view.counts[OV_DB_EXTERNALS];
}

overt_status overt_db_external(
        const overt_db *db, uint64_t number, overt_value *out, overt_error *err)
{
    struct ov_datum_info info;

    if (number >= overt_db_external_count(db)
            || !ov_db_external_read(&db->view, (uint32_t)number, &info)) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "there is no external variable %llu",
                (unsigned long long)number);
    }
    *out = (overt_value){
        .name = lent(info.name),
        .kind = (overt_value_kind)info.type,
        .integer = info.integer,
        .real = info.real,
        .text = lent(info.text),
    };
    return OVERT_OK;
}

const char *overt_db_import(const overt_db *db, uint32_t index)
{
    enum ov_field module;
    uint32_t rule;

    return ov_db_import_read(&db->view, index, &module, &rule) ? ov_field_row(module)->name : NULL;
}
