/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - one file in full: which rules hold, what they say of themselves, which bytes they
 * found and where. Rule texts, names and bytes are all foreign. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "report/result.h"

#define INDENT     "    "
#define DUMP_BYTES 16u

/* Hits of one rule in one object are one finding; the first of them speaks for all. */
static bool is_first(const overt_report *report, size_t index)
{
    const overt_hit *hit = overt_report_hit(report, index);

    for (size_t i = 0; i < index; i++) {
        const overt_hit *other = overt_report_hit(report, i);

        if (other->rule == hit->rule && other->object == hit->object) {
            return false;
        }
    }
    return true;
}

static bool is_first_of_rule(const overt_report *report, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (overt_report_hit(report, i)->rule == overt_report_hit(report, index)->rule) {
            return false;
        }
    }
    return true;
}

/* --- for people ----------------------------------------------------------------------------- */

/* Many lines of foreign text, each indented and escaped. */
static void put_block(struct ov_buf *out, overt_text text)
{
    const char *at = text.bytes;
    size_t left = text.len;

    while (left > 0) {
        const char *end = memchr(at, '\n', left);
        size_t len = end == NULL ? left : (size_t)(end - at);
        const size_t step = len + (end != NULL);
        const char *line = at;

        at += step;
        left -= step;
        if (len > 0 && line[len - 1] == '\r') {
            len--;
        }
        ov_buf_put_text(out, INDENT INDENT);
        for (; len > 0 && *line == '\t'; line++, len--) {
            ov_buf_put_text(out, INDENT);
        }
        ov_text_escape(out, ov_bytes_of(line, len));
        ov_buf_put_u8(out, '\n');
    }
}

static void put_dump(struct ov_buf *out, const overt_string_match *match)
{
    const uint8_t *bytes = (const uint8_t *)match->bytes.bytes;

    for (size_t at = 0; at < match->bytes.len; at += DUMP_BYTES) {
        const size_t n = match->bytes.len - at < DUMP_BYTES ? match->bytes.len - at : DUMP_BYTES;

        ov_buf_printf(out, INDENT INDENT "%010" PRIx64 "  ", match->offset + at);
        for (size_t i = 0; i < DUMP_BYTES; i++) {
            if (i < n) {
                ov_buf_printf(out, "%02x ", bytes[at + i]);
            } else {
                ov_buf_put_text(out, "   ");
            }
        }
        ov_buf_put_text(out, " |");
        for (size_t i = 0; i < n; i++) {
            const uint8_t c = bytes[at + i];

            ov_buf_put_u8(out, c >= 0x20 && c < 0x7f ? c : '.');
        }
        ov_buf_put_text(out, "|\n");
    }
    if (match->length > match->bytes.len) {
        ov_buf_printf(out, INDENT INDENT "... %" PRIu64 " more bytes\n",
                match->length - match->bytes.len);
    }
}

static void put_strings(struct ov_buf *out, const overt_report *report, const overt_hit *hit)
{
    for (size_t i = 0; i < overt_report_string_count(report); i++) {
        const overt_string_match *match = overt_report_string(report, i);

        if (match->rule != hit->rule || match->object != hit->object) {
            continue;
        }
        ov_buf_put_text(out, INDENT);
        ov_text_escape(out, ov_bytes_of_text(match->name));
        ov_buf_printf(out, " at offset %" PRIu64 ", %" PRIu64 " byte%s", match->offset,
                match->length, match->length == 1 ? "" : "s");
        if (match->xor_key != 0) {
            ov_buf_printf(out, ", xor key 0x%02" PRIx32, match->xor_key);
        }
        ov_buf_put_text(out, ":\n");
        put_dump(out, match);
    }
}

static void put_rule(struct ov_buf *out, const overt_db *db, uint32_t number)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_rule rule;

    if (overt_db_rule(db, number, &rule, &err) != OVERT_OK) {
        ov_buf_printf(out, INDENT "%s\n", err.message);
        return;
    }
    if (rule.is_hash) {
        ov_buf_put_text(out, INDENT "a digest of the whole object is on a list\n");
        return;
    }
    for (uint32_t i = 0; i < rule.meta_count; i++) {
        overt_meta meta;

        if (overt_db_rule_meta(db, number, i, &meta, &err) != OVERT_OK) {
            break;
        }
        ov_buf_put_text(out, INDENT);
        ov_text_escape(out, ov_bytes_of_text(meta.name));
        ov_buf_put_text(out, ": ");
        if (meta.kind == OVERT_META_TEXT) {
            ov_text_escape(out, ov_bytes_of_text(meta.text));
        } else if (meta.kind == OVERT_META_INTEGER) {
            ov_buf_printf(out, "%" PRId64, meta.integer);
        } else {
            ov_buf_put_text(out, meta.integer != 0 ? "true" : "false");
        }
        ov_buf_put_u8(out, '\n');
    }
    if (rule.source.len != 0) {
        ov_buf_put_text(out, INDENT "the rule:\n");
        put_block(out, rule.source);
    }
}

static void put_where(struct ov_buf *out, const overt_report *report, uint32_t object)
{
    overt_text names[OV_CHAIN_MAX];
    const size_t count = ov_result_chain(report, object, names, OV_CHAIN_MAX);
    const overt_object *inner = overt_report_object(report, object);

    if (object != 0 && count == 0) {
        ov_buf_printf(out, " in inner object %" PRIu32, object);
    }
    for (size_t i = 0; i < count; i++) {
        ov_buf_put_text(out, i == 0 ? " in " : "/");
        if (names[i].len == 0) {
            ov_buf_put_u8(out, '-');
        }
        ov_text_escape(out, ov_bytes_of_text(names[i]));
    }
    if (inner != NULL) {
        ov_buf_printf(out, " (%s, ", inner->type);
        ov_lines_bytes(out, inner->size);
        ov_buf_put_u8(out, ')');
    }
}

void ov_lines_explain(
        struct ov_buf *out, const struct ov_result *result, const overt_db *db, bool colour)
{
    const overt_report *report = result->report;

    ov_text_escape(out, result->path);
    ov_buf_printf(out, ": %s%s%s\n", colour ? "\033[1m" : "", overt_verdict_text(result->verdict),
            colour ? "\033[0m" : "");
    if (report == NULL) {
        ov_buf_printf(out, "  %s: ", result->reason);
        ov_text_escape(out, result->detail);
        ov_buf_put_u8(out, '\n');
        return;
    }
    ov_buf_printf(out,
            "  looked at: %" PRIu64 " bytes, %" PRIu32 " object%s, with %" PRIu64
            " rules and %" PRIu64 " hashes\n",
            result->size, overt_report_objects(report),
            overt_report_objects(report) == 1 ? "" : "s", overt_db_rule_count(db),
            overt_db_hash_count(db));
    for (size_t i = 0; i < overt_report_hit_count(report); i++) {
        const overt_hit *hit = overt_report_hit(report, i);

        if (!is_first(report, i)) {
            continue;
        }
        ov_buf_put_text(out, "  DETECTED ");
        ov_text_escape(out, ov_bytes_of_text(hit->name));
        put_where(out, report, hit->object);
        ov_buf_put_u8(out, '\n');
        put_strings(out, report, hit);
        if (is_first_of_rule(report, i)) {
            put_rule(out, db, hit->rule);
        }
    }
    for (size_t i = 0; i < overt_report_gap_count(report); i++) {
        const overt_gap *gap = overt_report_gap(report, i);

        ov_buf_printf(out, "  not examined: %s", gap->reason);
        put_where(out, report, gap->object);
        ov_buf_printf(out, ": %s", gap->text);
        if (gap->detail.len != 0) {
            ov_buf_put_text(out, ": ");
            ov_text_escape(out, ov_bytes_of_text(gap->detail));
        }
        ov_buf_put_u8(out, '\n');
    }
}

/* --- JSON ----------------------------------------------------------------------------------- */

static void json_strings(struct ov_buf *out, const overt_report *report)
{
    ov_buf_put_text(out, ",\"strings\":[");
    for (size_t i = 0; i < overt_report_string_count(report); i++) {
        const overt_string_match *match = overt_report_string(report, i);

        ov_buf_printf(out, "%s{\"number\":%" PRIu32 ",\"object\":%" PRIu32 ",", i == 0 ? "" : ",",
                match->rule, match->object);
        ov_json_text(out, "name", ov_bytes_of_text(match->name));
        ov_buf_printf(out,
                ",\"offset\":%" PRIu64 ",\"length\":%" PRIu64 ",\"xor_key\":%" PRIu32
                ",\"bytes_hex\":\"",
                match->offset, match->length, match->xor_key);
        ov_text_hex(out, ov_bytes_of_text(match->bytes));
        ov_buf_put_text(out, "\"}");
    }
    ov_buf_put_u8(out, ']');
}

static void json_objects(struct ov_buf *out, const overt_report *report)
{
    size_t told = 0;

    ov_buf_put_text(out, ",\"seen\":[");
    for (uint32_t i = 0; i < overt_report_objects(report); i++) {
        const overt_object *object = overt_report_object(report, i);

        if (object == NULL) {
            continue; /* there was nothing to say of it */
        }
        ov_buf_printf(out, "%s{\"object\":%" PRIu32 ",\"parent\":%" PRIu32 ",\"size\":%" PRIu64 ",",
                told++ == 0 ? "" : ",", object->ordinal, object->parent, object->size);
        ov_json_text(out, "kind", ov_bytes_of(object->type, strlen(object->type)));
        ov_buf_put_u8(out, ',');
        ov_json_text(out, "name", ov_bytes_of_text(object->name));
        ov_buf_put_u8(out, '}');
    }
    ov_buf_put_u8(out, ']');
}

static void json_metas(struct ov_buf *out, const overt_db *db, const overt_rule *rule)
{
    ov_buf_put_text(out, ",\"meta\":[");
    for (uint32_t i = 0; i < rule->meta_count; i++) {
        overt_meta meta;

        if (overt_db_rule_meta(db, rule->number, i, &meta, NULL) != OVERT_OK) {
            break;
        }
        ov_buf_put_text(out, i == 0 ? "{" : ",{");
        ov_json_text(out, "name", ov_bytes_of_text(meta.name));
        ov_buf_put_u8(out, ',');
        if (meta.kind == OVERT_META_TEXT) {
            ov_json_text(out, "value", ov_bytes_of_text(meta.text));
        } else if (meta.kind == OVERT_META_INTEGER) {
            ov_buf_printf(out, "\"value\":%" PRId64, meta.integer);
        } else {
            ov_buf_printf(out, "\"value\":%s", meta.integer != 0 ? "true" : "false");
        }
        ov_buf_put_u8(out, '}');
    }
    ov_buf_put_u8(out, ']');
}

static void json_rules(struct ov_buf *out, const overt_report *report, const overt_db *db)
{
    size_t told = 0;

    ov_buf_put_text(out, ",\"rules\":[");
    for (size_t i = 0; i < overt_report_hit_count(report); i++) {
        const uint32_t number = overt_report_hit(report, i)->rule;
        overt_rule rule;

        if (!is_first_of_rule(report, i) || overt_db_rule(db, number, &rule, NULL) != OVERT_OK) {
            continue;
        }
        ov_buf_printf(out, "%s{\"number\":%" PRIu32 ",", told++ == 0 ? "" : ",", number);
        ov_json_text(out, "name", ov_bytes_of_text(rule.name));
        ov_buf_printf(out, ",\"hash\":%s", rule.is_hash ? "true" : "false");
        if (!rule.is_hash) {
            ov_buf_put_u8(out, ',');
            ov_json_text(out, "namespace", ov_bytes_of_text(rule.space));
            json_metas(out, db, &rule);
            ov_buf_put_u8(out, ',');
            ov_json_text(out, "source", ov_bytes_of_text(rule.source));
        }
        ov_buf_put_u8(out, '}');
    }
    ov_buf_put_u8(out, ']');
}

void ov_json_explain(struct ov_buf *out, const struct ov_result *result, const overt_db *db)
{
    ov_buf_put_text(out, "{\"type\":\"explanation\"");
    ov_json_body(out, result);
    if (result->report != NULL) {
        json_objects(out, result->report);
        json_strings(out, result->report);
        json_rules(out, result->report, db);
    }
    ov_buf_put_text(out, "}\n");
}
