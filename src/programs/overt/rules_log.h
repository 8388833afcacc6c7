/* SPDX-License-Identifier: Apache-2.0 */
/* rules_log.h - the verbs of `overt rules` that are about the log. */
#ifndef OV_PROGRAMS_OVERT_RULES_LOG_H
#define OV_PROGRAMS_OVERT_RULES_LOG_H

#include "programs/overt/update.h"

bool ov_rules_log_is(const char *verb);
/* argv[0] is the verb. Returns the exit code. */
int ov_rules_log(int argc, char **argv);

/* A line if the rules are STALE or the clock is wrong; OV_EXIT_STALE then, else OV_EXIT_CLEAN. */
int ov_put_freshness(struct ov_buf *out, const struct ov_settings *settings, uint64_t time);

#endif
