/* SPDX-License-Identifier: Apache-2.0 */
/* yara_options.h - the command lines of `overt yara` and `overt yarac`: those of yara and yarac 4.5,
 * with their own way of reading options, which scripts have learnt to live with. */
#ifndef OV_PROGRAMS_OVERT_YARA_OPTIONS_H
#define OV_PROGRAMS_OVERT_YARA_OPTIONS_H

#include "programs/overt/options.h"

#define OV_YARA_VERSION "4.5.4" /* what is spoken; scripts ask */

struct ov_yr_settings {
    /* what to print */
    bool count, negate, meta, name_space, stats, strings, length, xor_key, tags, module_data;
    bool module_names, help, version, no_console;
    struct ov_words identifiers, only_tags;
    /* the rules */
    bool compiled, strict_escape, fail_on_warnings, no_warnings;
    struct ov_words defines, module_files;
    long strings_max;
    const char *atom_table;
    /* what to scan */
    bool recursive, scan_list, no_links, fast, file_variables;
    long process_chunk, rules_max, stack_slots, threads, timeout_s;
    long long skip_larger;
    bool threads_given;
    struct ov_words weaker;
    struct ov_words args; /* what is no option */
};

/* False: it was said what is wrong, in yara's words. `is_yarac`: the few that yarac has. */
bool ov_yr_options_read(struct ov_yr_settings *s, bool is_yarac, int argc, char **argv);
void ov_yr_options_done(struct ov_yr_settings *s);
void ov_yr_help(bool is_yarac);

#endif
