/* SPDX-License-Identifier: Apache-2.0 */
/* prohibited.h - what the files of `overt prohibited` share. */
#ifndef OV_PROGRAMS_OVERT_PROHIBITED_H
#define OV_PROGRAMS_OVERT_PROHIBITED_H

#include "programs/overt/options.h"
#include "prohibited/finding.h"

enum prohibited_task {
    PROHIBITED_LOOK,
    PROHIBITED_MERGE,
    PROHIBITED_PLAN
};

struct prohibited {
    enum prohibited_task task;
    const char *root, *format, *since, *agency, *component;
    struct ov_words folders; /* of catalogue files */
    struct ov_words reports; /* merge, plan */
    unsigned without;
    bool deep, script, other_catalogue, help;
    char time[32]; /* of this run */
    uint64_t time_ms;
};

/* Each says what is wrong when it returns false, or the exit code. */
int prohibited_run(struct prohibited *p);

/* prohibited_write.c */
bool prohibited_knows_format(const struct prohibited *p, const struct ov_catalogue *catalogue);
/* Renders to standard output. `before`: an earlier report to compare with, or NULL. */
bool prohibited_write(const struct prohibited *p, const struct ov_catalogue *catalogue,
        const struct ov_survey *survey, const struct ov_survey *before);

#endif
