/* SPDX-License-Identifier: Apache-2.0 */
/* result.c - bringing the two looks at one file together. The second is better informed, but the
 * first one counts: what only it told is never left out. */
#include "report/result.h"

#include <string.h>

static bool is_told(const overt_report *report, const overt_hit *hit)
{
    for (size_t i = 0; i < overt_report_hit_count(report); i++) {
        if (overt_report_hit(report, i)->rule == hit->rule) {
            return true;
        }
    }
    return false;
}

static bool is_gap_told(const overt_report *report, const overt_gap *gap)
{
    for (size_t i = 0; i < overt_report_gap_count(report); i++) {
        if (strcmp(overt_report_gap(report, i)->reason, gap->reason) == 0) {
            return true;
        }
    }
    return false;
}

static void tell_hits(
        const overt_report *report, const overt_report *unless, ov_finding_fn fn, void *payload)
{
    for (size_t i = 0; i < overt_report_hit_count(report); i++) {
        const overt_hit *hit = overt_report_hit(report, i);

        if (unless == NULL || !is_told(unless, hit)) {
            fn(payload,
                    &(struct ov_finding){
                            .is_hit = true, .hit = hit, .within = report, .object = hit->object });
        }
    }
}

/* The second look has more to tell, and so reaches the limit of telling sooner; that says nothing
 * of the look itself. */
static bool is_of_second_only(const overt_gap *gap, const overt_report *first)
{
    return first != NULL && strcmp(gap->reason, "replies") == 0 && !is_gap_told(first, gap);
}

/* `first`: the look that counts, when `report` is the second. */
static void tell_gaps(const overt_report *report, const overt_report *first,
        const overt_report *unless, ov_finding_fn fn, void *payload)
{
    for (size_t i = 0; i < overt_report_gap_count(report); i++) {
        const overt_gap *gap = overt_report_gap(report, i);

        if ((unless == NULL || !is_gap_told(unless, gap)) && !is_of_second_only(gap, first)) {
            fn(payload, &(struct ov_finding){
                                .is_hit = false,
                                .gap = gap,
                                .within = report,
                                .object = gap->object,
                        });
        }
    }
}

void ov_result_findings(const struct ov_result *result, ov_finding_fn fn, void *payload)
{
    if (result->explained != NULL) {
        tell_hits(result->explained, NULL, fn, payload);
    }
    if (result->report != NULL) {
        tell_hits(result->report, result->explained, fn, payload);
    }
    if (result->explained != NULL) {
        tell_gaps(result->explained, result->report, NULL, fn, payload);
    }
    if (result->report != NULL) {
        tell_gaps(result->report, NULL, result->explained, fn, payload);
    }
}

size_t ov_result_chain(const overt_report *report, uint32_t object, overt_text *names, size_t max)
{
    size_t count = 0;

    /* Ends: a parent's number is smaller than its child's, or the report was refused. */
    while (object != 0 && count < max) {
        const overt_object *inner = overt_report_object(report, object);

        if (inner == NULL || inner->parent >= object) {
            break;
        }
        names[count++] = inner->name;
        object = inner->parent;
    }
    for (size_t i = 0; i < count / 2; i++) {
        const overt_text t = names[i];

        names[i] = names[count - 1 - i];
        names[count - 1 - i] = t;
    }
    return count;
}

void ov_result_provenance(const struct ov_result *result, const overt_report *within,
        const overt_hit *hit, struct ov_provenance *out)
{
    *out = (struct ov_provenance){ .name = hit->name };
    if (result->provenance != NULL) {
        result->provenance(result->provenance_payload, within, hit, out);
    }
}
