/* SPDX-License-Identifier: Apache-2.0 */
/* read_report.h - a report of `overt prohibited --format json`, read back: for merging many
 * machines' reports and for comparing with an earlier one. Reports come from other machines: what is
 * not of the form is refused with its line. */
#ifndef OV_PROHIBITED_READ_REPORT_H
#define OV_PROHIBITED_READ_REPORT_H

#include "prohibited/finding.h"

/* Adds the report's hosts, findings, leads and gaps to the survey. "-": standard input. */
OV_MUST_CHECK overt_status ov_survey_read_file(
        struct ov_survey *s, const char *path, overt_error *err);
OV_MUST_CHECK overt_status ov_survey_read(
        struct ov_survey *s, const char *name, struct ov_bytes text, overt_error *err);

#endif
