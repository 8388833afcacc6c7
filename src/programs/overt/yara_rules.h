/* SPDX-License-Identifier: Apache-2.0 */
/* yara_rules.h - the rules of `overt yara` and `overt yarac`: files with namespaces, variables from
 * the command line, problems told as yara tells them. */
#ifndef OV_PROGRAMS_OVERT_YARA_RULES_H
#define OV_PROGRAMS_OVERT_YARA_RULES_H

#include "programs/overt/yara_options.h"

/* Variables from -d, in the order given. Texts are borrowed from the command line. */
struct ov_yr_values {
    overt_value *at; /* owned */
    size_t count;
};

/* What is written without a value is told, and nothing behind it is taken, as yara does. False: out
 * of memory, said. */
bool ov_yr_values_read(struct ov_yr_values *values, const struct ov_words *defines);
void ov_yr_values_done(struct ov_yr_values *values);

/* Compiles the first `file_count` of the arguments. NULL: it was said why. */
overt_db *ov_yr_compile(const struct ov_yr_settings *settings, bool is_yarac,
        const struct ov_yr_values *values, size_t file_count);

/* Opens what `overt yarac` wrote. NULL: it was said why. */
overt_db *ov_yr_load(const char *path, const struct ov_yr_values *values);

/* Names of the variables of --file-variables. */
#define OV_YARA_FILE_VARIABLES 5
extern const char *const ov_yr_file_variables[OV_YARA_FILE_VARIABLES];

#endif
