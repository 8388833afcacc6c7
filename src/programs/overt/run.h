/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - one run of `overt scan`: from a feed of files to lines in the order of the feed. */
#ifndef OV_PROGRAMS_OVERT_RUN_H
#define OV_PROGRAMS_OVERT_RUN_H

#include "programs/overt/feed.h"
#include "programs/overt/out.h"
#include "programs/overt/progress.h"
#include "programs/overt/provenance.h"
#include "programs/overt/seen.h"
#include "report/result.h"

struct ov_run_options {
    const char *command;
    overt_db *db;
    const struct ov_provenances *provenances;
    overt_limits limits;
    uint32_t jobs;
    uint32_t in_flight;
    const char *const *weaker;
    struct ov_buf *record; /* lines for the ledger: verdicts that were not clean; NULL: none */
    struct ov_seen *seen;  /* files in it are passed over, CLEAN ones are added; NULL: all anew */
    bool json;
    bool quiet; /* no lines for files, no summary; the exit code tells */
    bool all;   /* CLEAN files get a line too */
    bool colour;
};

/* Fills what it counts into `summary`. Returns 0, or the exit code of a run that could not go on
 * (which was said). */
int ov_run(const struct ov_run_options *options, struct ov_feed *feed, struct ov_out *out,
        struct ov_progress *progress, struct ov_summary *summary, char layers[256]);

#endif
