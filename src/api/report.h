/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - building the report of one scan from what a worker sends. The worker is not trusted:
 * a number it may not send is refused here, and a refusal ends the worker. */
#ifndef OV_API_REPORT_H
#define OV_API_REPORT_H

#include "api/database.h"
#include "base/arena.h"
#include "sandbox/frame.h"

/* What a module said of the file: comes in pieces. */
struct ov_told_module {
    uint32_t rule;
    struct ov_buf lines;
};

struct overt_report {
    overt_db *db; /* held: names of rules are borrowed from it */
    char *name;   /* in the same allocation */
    uint64_t token;
    uint64_t size;
    int fd; /* owned; -1: none */
    overt_verdict verdict;
    uint32_t objects;
    uint32_t used; /* OVERT_USED_* */

    overt_hit *hits; /* owned arrays */
    size_t hit_count, hit_cap;
    overt_gap *gaps;
    size_t gap_count, gap_cap;
    overt_object *inner; /* ascending by ordinal once the report is finished */
    size_t inner_count, inner_cap;
    overt_string_match *strings;
    size_t string_count, string_cap;
    overt_text *said; /* owned array: messages of rules */
    size_t said_count, said_cap;
    uint32_t *said_rules; /* owned array: who said them */
    size_t said_rule_count, said_rule_cap;
    struct ov_told_module *modules; /* owned array */
    size_t module_count, module_cap;
    overt_cost *costs; /* owned array */
    size_t cost_count, cost_cap;
    struct ov_arena texts; /* what hits, gaps, objects and strings point into */

    uint32_t frames;       /* received so far */
    uint64_t record_bytes; /* of the explain profile */
    bool hit_seen;         /* a rule held, whether or not the hit could be kept */
    bool lost;             /* no memory for something that was told */
    bool by_name;          /* what its name says of its content counts */
    bool over;             /* more was told than the cap lets us keep */
    enum ov_reason failed; /* OV_REASON_NONE: it was looked at to its end */
    overt_gap spare;       /* where a gap goes when there is no memory for it */
};

/* NULL: out of memory. Holds `db`; takes nothing else. */
overt_report *ov_report_new(overt_db *db, const char *name, uint64_t token) OV_MUST_CHECK;

/* For the file to be looked at again by another worker: forgets what the last one told. */
void ov_report_restart(overt_report *report);

enum ov_report_step {
    OV_REPORT_MORE = 0, /* wait for more frames */
    OV_REPORT_END = 1,  /* that was the last one */
    OV_REPORT_LIE = 2   /* the worker may not send that */
};

/* One message of a worker in the verdict profile, and in the explain profile. */
enum ov_report_step ov_report_verdict(overt_report *report, struct ov_bytes message, uint32_t seq);
enum ov_report_step ov_report_record(
        overt_report *report, struct ov_bytes message, uint32_t seq, uint64_t bytes_max);

/* costs.c: one record of what a rule cost. False: the worker may not send it. */
OV_MUST_CHECK bool ov_report_cost(overt_report *report, const struct ov_record *record);

/* Room for one more in a growing array of `size`-byte items; NULL: out of memory. */
void *ov_report_grown(void *items, size_t count, size_t *cap, size_t size) OV_MUST_CHECK;

/* The supervisor's own findings. `detail` may be "". */
void ov_report_gap(overt_report *report, enum ov_reason reason, const char *detail);
void ov_report_fail(overt_report *report, enum ov_reason reason, const char *detail);

/* By ordinal, for qsort and bsearch. */
int ov_report_compare_objects(const void *a, const void *b);

/* Settles the verdict. Nothing is added afterwards. */
void ov_report_finish(overt_report *report, uint64_t bytes_max);

#endif
