/* SPDX-License-Identifier: Apache-2.0 */
/* prohibited.h - a survey of prohibited software, rendered: for people, for programs, and as the
 * forms that the directives ask for. A field that overt cannot know says OV_TO_BE_SUPPLIED. */
#ifndef OV_REPORT_PROHIBITED_H
#define OV_REPORT_PROHIBITED_H

#include "base/buf.h"
#include "prohibited/finding.h"

#define OV_TO_BE_SUPPLIED "[to be supplied]"

/* What became of a finding since an earlier report. */
enum ov_change {
    OV_CHANGE_STAYED,
    OV_CHANGE_NEW,
    OV_CHANGE_GONE,
    OV_CHANGE_STATE
};
struct ov_difference {
    enum ov_change change;
    const struct ov_found *before, *now; /* NULL where there is none */
    const char *host;
};

struct ov_prohibited_report {
    const struct ov_survey *survey;
    const struct ov_catalogue *catalogue;
    const struct ov_difference *differences; /* --since; else NULL */
    size_t difference_count;
    bool since;
    const char *since_started;
    const char *agency, *component; /* given by a person; NULL: not */
    const char *time;               /* of this report, RFC 3339 */
    uint64_t time_ms;               /* the same since 1970 */
    bool colour;
};

void ov_prohibited_text(struct ov_buf *out, const struct ov_prohibited_report *r);
void ov_prohibited_json(struct ov_buf *out, const struct ov_prohibited_report *r); /* JSON Lines */
void ov_prohibited_csv(struct ov_buf *out, const struct ov_prohibited_report *r);
void ov_prohibited_cyclonedx(struct ov_buf *out, const struct ov_prohibited_report *r);
void ov_prohibited_ocsf(struct ov_buf *out, const struct ov_prohibited_report *r);
void ov_prohibited_html(struct ov_buf *out, const struct ov_prohibited_report *r);
/* One form of one ban ("bod-17-01-30-day"). False: no ban of the catalogue has it. */
OV_MUST_CHECK bool ov_prohibited_form(
        struct ov_buf *out, const struct ov_prohibited_report *r, const char *form);
/* The steps of removal: for people, or as a shell script that only shows them unless told. */
void ov_prohibited_plan(struct ov_buf *out, const struct ov_prohibited_report *r, bool script);

/* The package URL of a finding that a package database told of. False: none did. purl.c */
OV_MUST_CHECK bool ov_prohibited_purl(
        struct ov_buf *out, const struct ov_prohibited_report *r, const struct ov_found *found);

/* On how many hosts a product was found in at least this state, and once only for each row of
 * equal products: `first` says whether this finding is the first of its product. */
size_t ov_prohibited_endpoints(
        const struct ov_survey *s, const struct ov_found *found, enum ov_state least, bool *first);

#endif
