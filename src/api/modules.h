/* SPDX-License-Identifier: Apache-2.0 */
/* modules.h - data for modules, between overt_scanner_give and the workers. */
#ifndef OV_API_MODULES_H
#define OV_API_MODULES_H

#include "api/scanner.h"

void ov_modules_done(overt_scanner *s);

/* How much more memory a worker needs for them. */
uint64_t ov_modules_memory(const overt_scanner *s);

/* Everything that was handed over, to a worker that was just started. */
OV_MUST_CHECK overt_status ov_modules_send(overt_scanner *s, struct ov_worker *w, overt_error *err);

bool ov_job_is_module(const struct ov_job *job); /* NULL: no */
/* Why everything ends: what a worker did with this job. */
void ov_modules_why(const struct ov_job *job, const char *how, overt_error *err);

#endif
