/* SPDX-License-Identifier: Apache-2.0 */
/* rulesets.h - from what stands behind --rules to an open database. */
#ifndef OV_PROGRAMS_OVERT_RULESETS_H
#define OV_PROGRAMS_OVERT_RULESETS_H

#include <overt/overt.h>

#include "base/buf.h"
#include "programs/overt/options.h"

struct ov_ruleset_options {
    const char *command;            /* for messages */
    const struct ov_words *sources; /* files and folders; none: the default */
    const char *const *weaker;      /* as in overt_options; for the compiler's jail */
    bool keep_good;                 /* go on without the rules that have errors */
    overt_diag_fn on_diag;          /* NULL, or told of each problem beside standard error */
    void *on_diag_payload;
    bool strict; /* a line of ClamAV's that is not loaded is an error */
};

struct ov_ruleset {
    overt_db *db;              /* owned */
    char *name;                /* owned; where the rules come from, for people */
    uint64_t errors, warnings; /* told on standard error */
};

/* False: it was said why. Diagnostics go to standard error as FILE:LINE:COLUMN: severity: text. */
bool ov_ruleset_open(struct ov_ruleset *out, const struct ov_ruleset_options *options);
/* The same, but always compiled from sources: what `overt compile` wants. */
bool ov_ruleset_compile(struct ov_ruleset *out, const struct ov_ruleset_options *options);
void ov_ruleset_done(struct ov_ruleset *ruleset);

#define OV_RULES_OF_STARTER "starter rules" /* the name of the embedded ones */

/* starter.c, made at build time from rules/. */
struct ov_bytes ov_starter_database(void);
/* They were copied: the pages they lie in need not stay in memory. */
void ov_starter_put_back(void);

#endif
