/* SPDX-License-Identifier: Apache-2.0 */
/* rules_cost.h - `overt rules cost`: which rules are dear. */
#ifndef OV_PROGRAMS_OVERT_RULES_COST_H
#define OV_PROGRAMS_OVERT_RULES_COST_H

#include <stddef.h>

/* argv[0] is the verb. Returns the exit code. */
int ov_rules_cost(int argc, char **argv);

/* rules_cost_bytes.c: reference files for who gives none, the same on every machine. */
#define OV_REFERENCE_FILES 4u
const char *ov_reference_name(size_t number);
/* A sealed file in memory; -1: it was said why there is none. The caller's. */
int ov_reference_open(size_t number);

#endif
