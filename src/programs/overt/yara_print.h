/* SPDX-License-Identifier: Apache-2.0 */
/* yara_print.h - one report as yara prints it, byte for byte. */
#ifndef OV_PROGRAMS_OVERT_YARA_PRINT_H
#define OV_PROGRAMS_OVERT_YARA_PRINT_H

#include "programs/overt/out.h"
#include "programs/overt/yara_options.h"

/* Prints what is to be seen of the rules; `*total` counts those that held in all reports. Returns
 * how many held in this one, as far as --max-rules let it look. */
uint64_t ov_yr_print(struct ov_out *out, const struct ov_yr_settings *settings, const overt_db *db,
        const overt_report *report, uint64_t *total);

/* Every rule's part of the database: --print-stats. */
void ov_yr_print_stats(struct ov_out *out, const overt_db *db);

#endif
