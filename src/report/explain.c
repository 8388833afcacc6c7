/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - one file in full: which rules hold, what they say of themselves, which bytes they
 * found and where. Rule texts, names and bytes are all foreign. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "report/result.h"

#define INDENT     "    "
#define DUMP_BYTES 16u

/* A report may hold millions of hits and matches, so nothing here compares each with each. */
struct plan {
    const overt_report *report;
    uint8_t *flags;  /* of each hit */
    size_t *strings; /* matches by rule, object and arrival */
};

#define FIRST_IN_OBJECT 1u /* of this rule in this object: one finding, however often it was told */
#define FIRST_OF_RULE   2u /* the rule itself is shown once */

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_hits(const void *a, const void *b, void *payload)
{
    const struct plan *plan = payload;
    const size_t i = *(const size_t *)a, j = *(const size_t *)b;
    const overt_hit *x = overt_report_hit(plan->report, i);
    const overt_hit *y = overt_report_hit(plan->report, j);
    const int by_rule = compare_numbers(x->rule, y->rule);
    const int by_object = compare_numbers(x->object, y->object);

    return by_rule != 0 ? by_rule : by_object != 0 ? by_object : compare_numbers(i, j);
}

static int compare_strings(const void *a, const void *b, void *payload)
{
    const struct plan *plan = payload;
    const size_t i = *(const size_t *)a, j = *(const size_t *)b;
    const overt_string_match *x = overt_report_string(plan->report, i);
    const overt_string_match *y = overt_report_string(plan->report, j);
    const int by_rule = compare_numbers(x->rule, y->rule);
    const int by_object = compare_numbers(x->object, y->object);

    return by_rule != 0 ? by_rule : by_object != 0 ? by_object : compare_numbers(i, j);
}

static size_t *numbers_up_to(size_t count)
{
    size_t *numbers = calloc(count + 1, sizeof(*numbers));

    for (size_t i = 0; numbers != NULL && i < count; i++) {
        numbers[i] = i;
    }
    return numbers;
}

static void mark_firsts(struct plan *plan, const size_t *order, size_t count)
{
    size_t first_of_rule = 0;

    for (size_t i = 0; i < count; i++) {
        const overt_hit *hit = overt_report_hit(plan->report, order[i]);
        const overt_hit *before = i == 0 ? NULL : overt_report_hit(plan->report, order[i - 1]);

        if (before == NULL || before->rule != hit->rule || before->object != hit->object) {
            plan->flags[order[i]] |= FIRST_IN_OBJECT;
        }
        if (before == NULL || before->rule != hit->rule) {
            first_of_rule = order[i];
            plan->flags[first_of_rule] |= FIRST_OF_RULE;
        } else if (order[i] < first_of_rule) {
            plan->flags[first_of_rule] &= (uint8_t)~FIRST_OF_RULE;
            first_of_rule = order[i];
            plan->flags[first_of_rule] |= FIRST_OF_RULE;
        }
    }
}

static void plan_done(struct plan *plan)
{
    free(plan->flags);
    free(plan->strings);
}

/* False: no memory. */
static bool plan_init(struct plan *plan, const overt_report *report)
{
    const size_t hits = overt_report_hit_count(report), strings = overt_report_string_count(report);
    size_t *order = numbers_up_to(hits);

    *plan = (struct plan){
        .report = report, .flags = calloc(hits + 1, 1), .strings = numbers_up_to(strings)
    };
    if (order == NULL || plan->flags == NULL || plan->strings == NULL) {
        free(order);
        plan_done(plan);
        return false;
    }
    qsort_r(order, hits, sizeof(*order), compare_hits, plan);
    qsort_r(plan->strings, strings, sizeof(*plan->strings), compare_strings, plan);
    mark_firsts(plan, order, hits);
    free(order);
    return true;
}

/* Where the matches of this rule in this object begin among plan->strings. */
static size_t first_string(const struct plan *plan, const overt_hit *hit)
{
    size_t low = 0, high = overt_report_string_count(plan->report);

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const overt_string_match *match = overt_report_string(plan->report, plan->strings[middle]);

        if (match->rule < hit->rule || (match->rule == hit->rule && match->object < hit->object)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
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
        ov_text_escape_source(out, ov_bytes_of(line, len));
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

static void put_strings(struct ov_buf *out, const struct plan *plan, const overt_hit *hit)
{
    const size_t count = overt_report_string_count(plan->report);

    for (size_t i = first_string(plan, hit); i < count; i++) {
        const overt_string_match *match = overt_report_string(plan->report, plan->strings[i]);

        if (match->rule != hit->rule || match->object != hit->object) {
            return;
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

static void put_hits(struct ov_buf *out, const struct ov_result *result, const overt_db *db)
{
    const overt_report *report = result->report;
    struct plan plan;

    if (!plan_init(&plan, report)) {
        ov_buf_put_text(out, "  no memory to tell what was found\n");
        return;
    }
    for (size_t i = 0; i < overt_report_hit_count(report); i++) {
        const overt_hit *hit = overt_report_hit(report, i);
        struct ov_provenance from;

        ov_result_provenance(result, report, hit, &from);
        if ((plan.flags[i] & FIRST_IN_OBJECT) == 0 || from.is_suppression) {
            continue;
        }
        if (from.is_suppressed) {
            ov_buf_printf(out, "  SUPPRESSED by entry %" PRIu64 " ", from.suppressed_by);
        } else {
            ov_buf_put_text(out, "  DETECTED ");
        }
        ov_text_escape(out, ov_bytes_of_text(from.name));
        put_where(out, report, hit->object);
        ov_lines_provenance(out, &from);
        ov_buf_put_text(out, from.is_local ? " [local]\n" : "\n");
        put_strings(out, &plan, hit);
        if ((plan.flags[i] & FIRST_OF_RULE) != 0) {
            put_rule(out, db, hit->rule);
        }
    }
    plan_done(&plan);
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
    put_hits(out, result, db);
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
    ov_buf_put_text(out, ",\"seen\":[");
    for (size_t i = 0; i < overt_report_told_count(report); i++) {
        const overt_object *object = overt_report_told(report, i);

        ov_buf_printf(out, "%s{\"object\":%" PRIu32 ",\"parent\":%" PRIu32 ",\"size\":%" PRIu64 ",",
                i == 0 ? "" : ",", object->ordinal, object->parent, object->size);
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

static void json_rule(struct ov_buf *out, const overt_db *db, uint32_t number, bool comma)
{
    overt_rule rule;

    ov_buf_printf(out, "%s{\"number\":%" PRIu32, comma ? "," : "", number);
    if (overt_db_rule(db, number, &rule, NULL) != OVERT_OK) {
        ov_buf_put_u8(out, '}'); /* the database lies about it */
        return;
    }
    ov_buf_put_u8(out, ',');
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

static void json_rules(struct ov_buf *out, const overt_report *report, const overt_db *db)
{
    struct plan plan;
    size_t told = 0;

    if (!plan_init(&plan, report)) {
        ov_buf_put_text(out, ",\"rules\":null"); /* no memory */
        return;
    }
    ov_buf_put_text(out, ",\"rules\":[");
    for (size_t i = 0; i < overt_report_hit_count(report); i++) {
        if ((plan.flags[i] & FIRST_OF_RULE) != 0) {
            json_rule(out, db, overt_report_hit(report, i)->rule, told++ != 0);
        }
    }
    ov_buf_put_u8(out, ']');
    plan_done(&plan);
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
