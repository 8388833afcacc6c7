/* SPDX-License-Identifier: Apache-2.0 */
/* report_read.c - what a report says, for those who asked for it. */
#include "api/report.h"

overt_verdict overt_report_verdict(const overt_report *report)
{
    return report->verdict;
}

const char *overt_report_name(const overt_report *report)
{
    return report->name;
}

uint64_t overt_report_token(const overt_report *report)
{
    return report->token;
}

int overt_report_take_fd(overt_report *report)
{
    const int fd = report->fd;

    report->fd = -1;
    return fd;
}

uint64_t overt_report_size(const overt_report *report)
{
    return report->size;
}

uint32_t overt_report_objects(const overt_report *report)
{
    return report->objects;
}

size_t overt_report_hit_count(const overt_report *report)
{
    return report->hit_count;
}

const overt_hit *overt_report_hit(const overt_report *report, size_t index)
{
    return index < report->hit_count ? &report->hits[index] : NULL;
}

/* With no memory for any gap, the one in `spare` still says that there was one. */
size_t overt_report_gap_count(const overt_report *report)
{
    return report->gap_count == 0 && report->spare.reason != NULL ? 1 : report->gap_count;
}

const overt_gap *overt_report_gap(const overt_report *report, size_t index)
{
    if (report->gap_count == 0 && report->spare.reason != NULL) {
        return index == 0 ? &report->spare : NULL;
    }
    return index < report->gap_count ? &report->gaps[index] : NULL;
}

const overt_object *overt_report_object(const overt_report *report, uint32_t ordinal)
{
    const overt_object wanted = { .ordinal = ordinal };

    if (report->inner_count == 0) {
        return NULL;
    }
    return bsearch(&wanted, report->inner, report->inner_count, sizeof(overt_object),
            ov_report_compare_objects);
}

size_t overt_report_told_count(const overt_report *report)
{
    return report->inner_count;
}

const overt_object *overt_report_told(const overt_report *report, size_t index)
{
    return index < report->inner_count ? &report->inner[index] : NULL;
}

size_t overt_report_string_count(const overt_report *report)
{
    return report->string_count;
}

const overt_string_match *overt_report_string(const overt_report *report, size_t index)
{
    return index < report->string_count ? &report->strings[index] : NULL;
}

size_t overt_report_said_count(const overt_report *report)
{
    return report->said_count;
}

const overt_text *overt_report_said(const overt_report *report, size_t index)
{
    return index < report->said_count ? &report->said[index] : NULL;
}

uint32_t overt_report_said_rule(const overt_report *report, size_t index)
{
    return index < report->said_rule_count ? report->said_rules[index] : UINT32_MAX;
}

uint32_t overt_report_used(const overt_report *report)
{
    return report->used;
}

size_t overt_report_module_count(const overt_report *report)
{
    return report->module_count;
}

int overt_report_module(const overt_report *report, size_t index, overt_module *out)
{
    struct ov_bytes lines;

    if (index >= report->module_count || !ov_buf_ok(&report->modules[index].lines)) {
        return 0;
    }
    lines = ov_buf_bytes(&report->modules[index].lines);
    *out = (overt_module){ .rule = report->modules[index].rule,
        .lines = {
                .bytes = (const char *)ov_bytes_raw(lines), .len = (size_t)ov_bytes_len(lines) } };
    return 1;
}
