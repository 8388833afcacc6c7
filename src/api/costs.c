/* SPDX-License-Identifier: Apache-2.0 */
/* costs.c - what a worker tells of rules' costs. Numbers only; which rule they are of is checked. */
#include <string.h>

#include "api/report.h"
#include "db/rules.h"

bool ov_report_cost(overt_report *report, const struct ov_record *record)
{
    struct ov_cost_told told;
    void *at;

    if (record->rule >= ov_db_rule_count(&report->db->view)
            || ov_bytes_len(record->text) != sizeof(told)) {
        return false;
    }
    if (report->over) {
        return true; /* the end of the report will say so */
    }
    at = ov_report_grown(
            report->costs, report->cost_count, &report->cost_cap, sizeof(report->costs[0]));
    if (at == NULL) {
        report->lost = true;
        return true;
    }
    report->costs = at;
    memcpy(&told, ov_bytes_raw(record->text), sizeof(told));
    report->costs[report->cost_count++] = (overt_cost){
        .rule = record->rule,
        .object = record->object,
        .candidates = ov_le64_get(told.candidates),
        .confirmations = ov_le64_get(told.confirmations),
        .string_steps = ov_le64_get(told.string_steps),
        .matches = ov_le64_get(told.matches),
        .condition_steps = ov_le64_get(told.condition_steps),
        .string = record->string,
        .string_spent = ov_le64_get(told.string_spent),
    };
    return true;
}

size_t overt_report_cost_count(const overt_report *report)
{
    return report->cost_count;
}

const overt_cost *overt_report_cost(const overt_report *report, size_t index)
{
    return index < report->cost_count ? &report->costs[index] : NULL;
}
