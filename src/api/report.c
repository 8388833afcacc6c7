/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - from frames to a report. Everything that comes in was sent by a worker that may have
 * been taken over by the file it looked at. */
#include "api/report.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/named.h"
#include "base/reason.h"
#include "db/rules.h"
#include "facts/used.h"

#define GAP_OBJECT_NONE 0u

_Static_assert(OVERT_USED_TIME == OV_USED_TIME && OVERT_USED_VALUES == OV_USED_VALUES
                       && OVERT_USED_MODULES == OV_USED_MODULES,
        "numbered alike");

/* Texts of one report: bounded by what crosses the wall for it, and some for our own. */
#define TEXTS_BYTES_SLACK (64u * OV_KIB)
/* A worker ends its details at the limit, its hits at twice that, and says so: what comes beyond
 * is not from an honest one. */
#define KEEP_FACTOR 3u
/* A worker that sends this many times what it may is not talkative but hostile. */
#define FLOOD_FACTOR 4u

overt_report *ov_report_new(overt_db *db, const char *name, uint64_t token)
{
    const size_t name_bytes = strlen(name) + 1;
    overt_report *report = calloc(1, sizeof(*report) + name_bytes);

    if (report == NULL) {
        return NULL;
    }
    report->db = ov_database_hold(db);
    report->name = (char *)(report + 1);
    memcpy(report->name, name, name_bytes);
    report->token = token;
    report->fd = -1;
    ov_arena_init(&report->texts, UINT64_MAX);
    return report;
}

static void forget_findings(overt_report *report)
{
    free(report->hits);
    free(report->gaps);
    free(report->inner);
    free(report->strings);
    report->hits = NULL;
    report->gaps = NULL;
    report->inner = NULL;
    report->strings = NULL;
    report->hit_count = report->hit_cap = 0;
    report->gap_count = report->gap_cap = 0;
    report->inner_count = report->inner_cap = 0;
    report->string_count = report->string_cap = 0;
    free(report->said);
    report->said = NULL;
    report->said_count = report->said_cap = 0;
    free(report->said_rules);
    report->said_rules = NULL;
    report->said_rule_count = report->said_rule_cap = 0;
    for (size_t i = 0; i < report->module_count; i++) {
        ov_buf_done(&report->modules[i].lines);
    }
    free(report->modules);
    report->modules = NULL;
    report->module_count = report->module_cap = 0;
    free(report->costs);
    report->costs = NULL;
    report->cost_count = report->cost_cap = 0;
    ov_arena_done(&report->texts);
    ov_arena_init(&report->texts, UINT64_MAX);
}

void ov_report_restart(overt_report *report)
{
    forget_findings(report);
    report->objects = 0;
    report->used = 0;
    report->frames = 0;
    report->record_bytes = 0;
    report->hit_seen = false;
    report->lost = false;
    report->over = false;
    report->failed = OV_REASON_NONE;
    report->spare = (overt_gap){ .reason = NULL };
}

void overt_report_free(overt_report *report)
{
    if (report == NULL) {
        return;
    }
    forget_findings(report);
    ov_arena_done(&report->texts);
    if (report->fd >= 0) {
        (void)close(report->fd);
    }
    overt_db_free(report->db);
    free(report);
}

void *ov_report_grown(void *items, size_t count, size_t *cap, size_t size)
{
    size_t more = *cap == 0 ? 4 : *cap, bytes;
    void *at;

    if (count < *cap) {
        return items;
    }
    if (!ov_mul(&more, more, (size_t)2) || !ov_mul(&bytes, more, size)) {
        return NULL;
    }
    at = realloc(items, bytes);
    if (at != NULL) {
        *cap = more;
    }
    return at;
}

/* A private copy; empty when there was nothing or no memory (which is remembered). */
static overt_text keep_text(overt_report *report, struct ov_bytes text)
{
    struct ov_bytes copy;

    if (ov_bytes_len(text) == 0) {
        return (overt_text){ .bytes = "", .len = 0 };
    }
    if (!ov_arena_copy(&report->texts, text, &copy)) {
        report->lost = true;
        return (overt_text){ .bytes = "", .len = 0 };
    }
    return (overt_text){ .bytes = (const char *)ov_bytes_raw(copy),
        .len = (size_t)ov_bytes_len(copy) };
}

static void add_hit(overt_report *report, uint32_t rule, uint32_t object, uint64_t offset)
{
    const struct ov_bytes name = ov_database_rule_name(report->db, rule);
    void *at =
            ov_report_grown(report->hits, report->hit_count, &report->hit_cap, sizeof(overt_hit));

    report->hit_seen = true;
    if (at == NULL) {
        report->lost = true;
        return;
    }
    report->hits = at;
    report->hits[report->hit_count++] = (overt_hit){
        .rule = rule,
        .object = object,
        .offset = offset,
        .name = { .bytes = (const char *)ov_bytes_raw(name), .len = (size_t)ov_bytes_len(name) },
    };
}

static void add_gap(
        overt_report *report, uint32_t object, enum ov_reason reason, struct ov_bytes detail)
{
    const overt_gap gap = {
        .object = object,
        .reason = ov_reason_name(reason),
        .text = ov_reason_text(reason),
        .detail = keep_text(report, detail),
    };
    void *at =
            ov_report_grown(report->gaps, report->gap_count, &report->gap_cap, sizeof(overt_gap));

    if (at != NULL) {
        report->gaps = at;
        report->gaps[report->gap_count++] = gap;
        return;
    }
    report->lost = true;
    report->spare = gap; /* the last one that could not be kept: a gap is never only forgotten */
}

/* --- verdict profile ------------------------------------------------------------------------ */

enum ov_report_step ov_report_verdict(overt_report *report, struct ov_bytes message, uint32_t seq)
{
    struct ov_verdict verdict;

    report->frames++;
    if (report->frames > OV_VERDICT_FRAMES_MAX
            || !ov_verdict_decode(message, seq, ov_database_rules(report->db), &verdict)) {
        return OV_REPORT_LIE;
    }
    switch (verdict.kind) {
    case OV_VERDICT_HIT:
        add_hit(report, verdict.rule, verdict.object,
                verdict.offset == UINT32_MAX ? UINT64_MAX : verdict.offset);
        return OV_REPORT_MORE;
    case OV_VERDICT_INCOMPLETE:
        add_gap(report, verdict.object, verdict.reason, ov_bytes_of(NULL, 0));
        return OV_REPORT_MORE;
    case OV_VERDICT_END:
        report->objects = verdict.objects;
        return OV_REPORT_END;
    }
    return OV_REPORT_LIE;
}

/* --- explain profile ------------------------------------------------------------------------ */

/* What we call a kind of file is ours: short, printable, without spaces. */
static bool is_type_name(struct ov_bytes text)
{
    const uint8_t *at = ov_bytes_raw(text);

    if (ov_bytes_len(text) == 0 || ov_bytes_len(text) > 64) {
        return false;
    }
    for (uint64_t i = 0; i < ov_bytes_len(text); i++) {
        if (at[i] <= ' ' || at[i] > '~') {
            return false;
        }
    }
    return true;
}

static bool add_object(overt_report *report, const struct ov_record *record)
{
    overt_text type;
    void *at;

    if (!is_type_name(record->text) || record->parent > record->object
            || (record->object != 0 && record->parent == record->object)) {
        return false;
    }
    type = keep_text(report, record->text); /* the arena puts a NUL behind it */
    at = ov_report_grown(
            report->inner, report->inner_count, &report->inner_cap, sizeof(overt_object));
    if (at == NULL) {
        report->lost = true;
        return true;
    }
    report->inner = at;
    report->inner[report->inner_count++] = (overt_object){
        .ordinal = record->object,
        .parent = record->parent,
        .size = record->size,
        .type = type.bytes,
        .name = keep_text(report, record->name),
    };
    return true;
}

/* The database says how a string is written; the worker only which one it is. */
static enum overt_string_kind string_kind(
        const overt_report *report, const struct ov_record *record)
{
    const struct ov_db_view *view = &report->db->view;
    struct ov_rule_info rule;
    struct ov_string_info string;

    if (!ov_db_rule_read(view, record->rule, &rule) || record->string >= rule.string_count
            || !ov_db_string_read(view, rule.string_first + record->string, &string)) {
        return OVERT_STRING_TEXT; /* one of the two lies, and nothing hangs on it */
    }
    return (enum overt_string_kind)(string.flags >> OV_DB_STRING_KIND_SHIFT);
}

static void add_string(overt_report *report, const struct ov_record *record)
{
    void *at = ov_report_grown(
            report->strings, report->string_count, &report->string_cap, sizeof(overt_string_match));

    if (at == NULL) {
        report->lost = true;
        return;
    }
    report->strings = at;
    report->strings[report->string_count++] = (overt_string_match){
        .rule = record->rule,
        .object = record->object,
        .offset = record->offset,
        .length = record->size,
        .xor_key = record->xor_key,
        .name = keep_text(report, record->text),
        .bytes = keep_text(report, record->name),
        .string = record->string,
        .kind = string_kind(report, record),
    };
}

static void add_said(overt_report *report, const struct ov_record *record)
{
    void *at = ov_report_grown(
            report->said, report->said_count, &report->said_cap, sizeof(overt_text));
    void *rules = ov_report_grown(report->said_rules, report->said_rule_count,
            &report->said_rule_cap, sizeof(*report->said_rules));

    report->said = at == NULL ? report->said : at;
    report->said_rules = rules == NULL ? report->said_rules : rules;
    if (at == NULL || rules == NULL) {
        report->lost = true;
        return;
    }
    report->said_rules[report->said_rule_count++] = record->rule;
    report->said[report->said_count++] = keep_text(report, record->text);
}

/* Lines of printing characters: they go to a terminal as they are. Bytes above 0x9f may stand in the
 * names of a file's own fields, where yara prints them. */
static bool are_lines(struct ov_bytes text)
{
    const uint8_t *at = ov_bytes_raw(text);

    for (uint64_t i = 0; i < ov_bytes_len(text); i++) {
        if ((at[i] < ' ' && at[i] != '\n' && at[i] != '\t') || (at[i] > '~' && at[i] < 0xa0)) {
            return false;
        }
    }
    return true;
}

/* False: it is no piece of a module's lines, or not the next. */
static bool add_module(overt_report *report, const struct ov_record *record)
{
    struct ov_told_module *module;

    if (!are_lines(record->text)) {
        return false;
    }
    if (record->offset == 0) {
        void *at;

        if (report->module_count == OV_IMPORTS_MAX) {
            return false;
        }
        at = ov_report_grown(
                report->modules, report->module_count, &report->module_cap, sizeof(*module));
        if (at == NULL) {
            report->lost = true;
            return true;
        }
        report->modules = at;
        module = &report->modules[report->module_count++];
        module->rule = record->rule;
        ov_buf_init(&module->lines, OV_MODULE_LINES_MAX);
    }
    if (report->module_count == 0) {
        return report->lost;
    }
    module = &report->modules[report->module_count - 1];
    if (ov_bytes_len(ov_buf_bytes(&module->lines)) != record->offset && ov_buf_ok(&module->lines)) {
        return report->lost;
    }
    ov_buf_put(&module->lines, ov_bytes_raw(record->text), (size_t)ov_bytes_len(record->text));
    report->lost |= !ov_buf_ok(&module->lines);
    return true;
}

/* Kinds that end a file, or that are refused, whatever was kept so far. */
static enum ov_report_step settle(overt_report *report, const struct ov_record *record)
{
    if (record->kind == OV_RECORD_END) {
        report->objects = record->object;
        report->used = record->rule;
        return OV_REPORT_END;
    }
    if (record->kind == OV_RECORD_FAILED) {
        add_gap(report, 0, OV_REASON_DIED, record->text);
        report->failed = OV_REASON_DIED;
        return OV_REPORT_END;
    }
    return OV_REPORT_LIE;
}

enum ov_report_step ov_report_record(
        overt_report *report, struct ov_bytes message, uint32_t seq, uint64_t bytes_max)
{
    const uint64_t rules = ov_database_rules(report->db);
    struct ov_record record;
    bool cut;

    if (!ov_record_decode(message, seq, &record, &cut)) {
        return OV_REPORT_LIE;
    }
    report->record_bytes += ov_bytes_len(message);
    report->over |= report->record_bytes / KEEP_FACTOR > bytes_max + OV_EXPLAIN_FRAME_BYTES_MAX;
    if (report->record_bytes / FLOOD_FACTOR > bytes_max + OV_MIB) {
        return OV_REPORT_LIE;
    }
    switch (record.kind) {
    case OV_RECORD_OBJECT:
        return report->over || add_object(report, &record) ? OV_REPORT_MORE : OV_REPORT_LIE;
    case OV_RECORD_HIT:
        if (record.rule >= rules) {
            return OV_REPORT_LIE;
        }
        report->hit_seen = true;
        if (!report->over) {
            add_hit(report, record.rule, record.object, record.offset);
        }
        return OV_REPORT_MORE;
    case OV_RECORD_STRING:
        if (record.rule >= rules) {
            return OV_REPORT_LIE;
        }
        if (!report->over) {
            add_string(report, &record);
        }
        return OV_REPORT_MORE;
    case OV_RECORD_INCOMPLETE:
        if (!ov_reason_is_workers(record.reason)) {
            return OV_REPORT_LIE;
        }
        if (!report->over) {
            add_gap(report, record.object, (enum ov_reason)record.reason, record.text);
        }
        return OV_REPORT_MORE;
    case OV_RECORD_SAID:
        if (!report->over) {
            add_said(report, &record);
        }
        return OV_REPORT_MORE;
    case OV_RECORD_MODULE:
        return report->over || add_module(report, &record) ? OV_REPORT_MORE : OV_REPORT_LIE;
    case OV_RECORD_COST:
        return ov_report_cost(report, &record) ? OV_REPORT_MORE : OV_REPORT_LIE;
    case OV_RECORD_END:
    case OV_RECORD_FAILED:
    case OV_RECORD_DIAG:
    case OV_RECORD_COMPILED:
    case OV_RECORD_INCLUDE:
    case OV_RECORD_DIAG_RULE:
    case OV_RECORD_FACT:
        return settle(report, &record);
    }
    return OV_REPORT_LIE;
}

/* --- the supervisor's part ------------------------------------------------------------------ */

void ov_report_gap(overt_report *report, enum ov_reason reason, const char *detail)
{
    add_gap(report, GAP_OBJECT_NONE, reason, ov_bytes_of(detail, strlen(detail)));
}

void ov_report_fail(overt_report *report, enum ov_reason reason, const char *detail)
{
    if (reason == OV_REASON_PROTOCOL) {
        ov_report_restart(report); /* nothing of what a liar said is kept */
    }
    ov_report_gap(report, reason, detail);
    report->failed = reason;
}

int ov_report_compare_objects(const void *a, const void *b)
{
    const overt_object *x = a, *y = b;

    return x->ordinal < y->ordinal ? -1 : x->ordinal > y->ordinal;
}

/* The worker never learns a file's name. Where it found nothing in it to open, and nothing else, the
 * name may say that there is something all the same. */
static void heed_name(overt_report *report)
{
    const char *detail = "";
    enum ov_reason reason;

    if (!report->by_name || report->hit_seen || report->failed != OV_REASON_NONE
            || report->gap_count != 0 || report->objects != 1 || report->size == 0) {
        return;
    }
    reason = ov_reason_by_name(ov_bytes_of(report->name, strlen(report->name)), &detail);
    if (reason != OV_REASON_NONE) {
        ov_report_gap(report, reason, detail);
    }
}

void ov_report_finish(overt_report *report, uint64_t bytes_max)
{
    heed_name(report);
    if (report->inner_count > 1) {
        qsort(report->inner, report->inner_count, sizeof(overt_object), ov_report_compare_objects);
    }
    if (report->over) {
        char detail[96];

        (void)snprintf(detail, sizeof(detail), "the limit for this is %llu bytes",
                (unsigned long long)bytes_max);
        ov_report_gap(report, OV_REASON_REPLIES, detail);
    }
    if (report->lost) {
        ov_report_gap(report, OV_REASON_MEMORY, "of the program that asked, not of the worker");
    }
    if (report->hit_seen) {
        report->verdict = OVERT_DETECTED;
    } else if (report->failed != OV_REASON_NONE) {
        report->verdict = OVERT_FAILED;
    } else if (report->gap_count != 0 || report->lost) {
        report->verdict = OVERT_INCOMPLETE;
    } else {
        report->verdict = OVERT_CLEAN;
    }
}
