/* SPDX-License-Identifier: Apache-2.0 */
#include "db/rules.h"

#include <string.h>

#include "base/checked.h"
#include "base/limits.h"

uint32_t ov_db_rule_count(const struct ov_db_view *view)
{
    return view->counts[OV_DB_RULES];
}

uint32_t ov_db_hash_count(const struct ov_db_view *view)
{
    return view->counts[OV_DB_HASHES];
}

bool ov_db_span_read(const struct ov_db_view *view, struct ov_db_span span, struct ov_bytes *out)
{
    return ov_db_text(view, ov_le32_get(span.offset), ov_le32_get(span.bytes), out);
}

bool ov_db_rule_read(const struct ov_db_view *view, uint32_t rule, struct ov_rule_info *out)
{
    const struct ov_db_rule *r = ov_db_record(view, OV_DB_RULES, rule, sizeof(*r));
    const struct ov_db_space *space;
    struct ov_rule_info info = { 0 };

    if (r == NULL) {
        return false;
    }
    space = ov_db_record(view, OV_DB_SPACES, ov_le32_get(r->space), sizeof(*space));
    if (space == NULL || !ov_db_span_read(view, space->name, &info.space)
            || !ov_db_span_read(view, r->name, &info.name)
            || !ov_db_span_read(view, r->source, &info.source)
            || !ov_db_span_read(view, r->file, &info.file)) {
        return false;
    }
    info.line = ov_le32_get(r->line);
    info.flags = ov_le32_get(r->flags);
    info.string_first = ov_le32_get(r->string_first);
    info.string_count = ov_le32_get(r->string_count);
    info.meta_count = ov_le32_get(r->meta_count);
    info.tag_count = ov_le32_get(r->tag_count);
    *out = info;
    return true;
}

static bool read_datum(
        const struct ov_db_view *view, const struct ov_db_datum *d, struct ov_datum_info *out)
{
    struct ov_datum_info info = { .text = ov_bytes_of(NULL, 0) };
    uint64_t value;

    if (d == NULL || !ov_db_span_read(view, d->name, &info.name)) {
        return false;
    }
    value = ov_le64_get(d->value);
    switch (ov_le32_get(d->type)) {
    case OV_DB_DATUM_BOOL:
    case OV_DB_DATUM_INT:
        info.integer = (int64_t)value;
        break;
    case OV_DB_DATUM_FLOAT:
        memcpy(&info.real, &value, sizeof(info.real));
        break;
    case OV_DB_DATUM_TEXT:
        if (!ov_db_text(view, value, ov_le32_get(d->text_bytes), &info.text)) {
            return false;
        }
        break;
    default:
        return false;
    }
    info.type = (enum ov_db_datum_type)ov_le32_get(d->type);
    *out = info;
    return true;
}

bool ov_db_rule_meta(
        const struct ov_db_view *view, uint32_t rule, uint32_t index, struct ov_datum_info *out)
{
    const struct ov_db_rule *r = ov_db_record(view, OV_DB_RULES, rule, sizeof(*r));

    if (r == NULL || index >= ov_le32_get(r->meta_count)) {
        return false;
    }
    return read_datum(view,
            ov_db_record(view, OV_DB_METAS, (uint64_t)ov_le32_get(r->meta_first) + index,
                    sizeof(struct ov_db_datum)),
            out);
}

bool ov_db_external_read(
        const struct ov_db_view *view, uint32_t external, struct ov_datum_info *out)
{
    return read_datum(
            view, ov_db_record(view, OV_DB_EXTERNALS, external, sizeof(struct ov_db_datum)), out);
}

bool ov_db_import_read(
        const struct ov_db_view *view, uint32_t index, enum ov_field *module, uint32_t *rule)
{
    const struct ov_db_import *import = ov_db_record(view, OV_DB_IMPORTS, index, sizeof(*import));

    if (import == NULL || index >= OV_IMPORTS_MAX
            || ov_field_row(ov_le32_get(import->module))->kind != OV_FIELD_IS_MODULE) {
        return false;
    }
    *module = (enum ov_field)ov_le32_get(import->module);
    *rule = ov_le32_get(import->rule);
    return true;
}

bool ov_db_rule_tag(
        const struct ov_db_view *view, uint32_t rule, uint32_t index, struct ov_bytes *out)
{
    const struct ov_db_rule *r = ov_db_record(view, OV_DB_RULES, rule, sizeof(*r));
    const struct ov_db_span *tag;

    if (r == NULL || index >= ov_le32_get(r->tag_count)) {
        return false;
    }
    tag = ov_db_record(view, OV_DB_TAGS, (uint64_t)ov_le32_get(r->tag_first) + index, sizeof(*tag));
    return tag != NULL && ov_db_span_read(view, *tag, out);
}

bool ov_db_string_read(const struct ov_db_view *view, uint32_t string, struct ov_string_info *out)
{
    const struct ov_db_string *s = ov_db_record(view, OV_DB_STRINGS, string, sizeof(*s));

    if (s == NULL || !ov_db_span_read(view, s->name, &out->name)) {
        return false;
    }
    out->rule = ov_le32_get(s->rule);
    out->flags = ov_le32_get(s->flags);
    out->only_at = ov_le64_get(s->only_at);
    return true;
}

bool ov_db_groups_read(const struct ov_db_view *view, struct ov_db_groups *out)
{
    struct ov_bytes head;

    if (!ov_bytes_slice(view->sections[OV_DB_GROUPS], 0, sizeof(*out), &head)) {
        return false;
    }
    memcpy(out, ov_bytes_raw(head), sizeof(*out));
    return true;
}

const void *ov_db_group_item(
        const struct ov_db_view *view, struct ov_db_array array, uint64_t index, size_t size)
{
    struct ov_bytes item;
    uint64_t at;

    if (index >= ov_le32_get(array.count) || !ov_mul(&at, index, (uint64_t)size)
            || !ov_add(&at, at, ov_le32_get(array.offset))
            || !ov_bytes_slice(view->sections[OV_DB_GROUPS], at, size, &item)) {
        return NULL;
    }
    return ov_bytes_raw(item);
}

bool ov_db_hash_kind_read(
        const struct ov_db_view *view, unsigned table, struct ov_db_hash_kind *out)
{
    struct ov_bytes head;

    if (!ov_bytes_slice(view->sections[OV_DB_HASHES], (uint64_t)table * sizeof(*out), sizeof(*out),
                &head)) {
        return false;
    }
    memcpy(out, ov_bytes_raw(head), sizeof(*out));
    return ov_le32_get(out->count) != 0
           && ov_le32_get(out->record_bytes) == ov_db_hash_record_bytes(ov_hash_table_kind(table))
           && ov_le32_get(out->bucket_bits) <= OV_DB_HASH_BUCKET_BITS_MAX
           && ov_le32_get(out->size_bits) <= OV_DB_HASH_SIZE_BITS_MAX;
}

bool ov_db_hash_record(const struct ov_db_view *view, enum ov_digest_kind kind,
        const struct ov_db_hash_kind *table, uint64_t index, struct ov_bytes *digest,
        struct ov_db_hash_tail *tail)
{
    const uint32_t bytes = ov_db_hash_record_bytes(kind);
    const uint64_t digest_bytes = ov_digest_bytes(kind);
    struct ov_bytes record, rest;
    uint64_t at;

    if (index >= ov_le32_get(table->count)
            || !ov_add(&at, ov_le64_get(table->records), index * bytes)
            || !ov_bytes_slice(view->sections[OV_DB_HASHES], at, bytes, &record)
            || !ov_bytes_slice(record, 0, digest_bytes, digest)
            || !ov_bytes_slice(record, digest_bytes, sizeof(*tail), &rest)) {
        return false;
    }
    memcpy(tail, ov_bytes_raw(rest), sizeof(*tail));
    return true;
}

bool ov_db_hash_read(const struct ov_db_view *view, uint32_t index, struct ov_hash_info *out)
{
    struct ov_db_hash_kind table;
    struct ov_db_hash_tail tail;
    struct ov_hash_info info = { 0 };

    for (unsigned number = 0; number < OV_HASH_TABLES; number++) {
        info.domain = ov_hash_table_domain(number);
        info.kind = ov_hash_table_kind(number);
        if (!ov_db_hash_kind_read(view, number, &table) || index < ov_le32_get(table.first)
                || index - ov_le32_get(table.first) >= ov_le32_get(table.count)) {
            continue;
        }
        if (!ov_db_hash_record(
                    view, info.kind, &table, index - ov_le32_get(table.first), &info.digest, &tail)
                || !ov_db_span_read(view, tail.name, &info.name)) {
            return false;
        }
        info.size = ov_le64_get(tail.size);
        info.has_size = info.size != OV_DB_HASH_NO_SIZE;
        *out = info;
        return true;
    }
    return false;
}

bool ov_db_any_name(const struct ov_db_view *view, uint32_t number, struct ov_bytes *out)
{
    const uint32_t rules = ov_db_rule_count(view);
    struct ov_hash_info hash;

    if (number < rules) {
        const struct ov_db_rule *r = ov_db_record(view, OV_DB_RULES, number, sizeof(*r));

        return r != NULL && ov_db_span_read(view, r->name, out);
    }
    if (!ov_db_hash_read(view, number - rules, &hash)) {
        return false;
    }
    *out = hash.name;
    return true;
}
