/* SPDX-License-Identifier: Apache-2.0 */
/* yara_modules.h - what `overt yara` hands over for modules: -x MODULE=FILE, and for `magic` the
 * database of this machine's libmagic. Opened here, read in the jail. */
#ifndef OV_PROGRAMS_OVERT_YARA_MODULES_H
#define OV_PROGRAMS_OVERT_YARA_MODULES_H

#include <overt/overt.h>

#include "programs/overt/yara_options.h"

#define OV_YR_MODULE_FILES_MAX 32u

struct ov_yr_module_files {
    struct {
        const char *module; /* in `names` */
        int fd;             /* owned */
    } at[OV_YR_MODULE_FILES_MAX];
    size_t count;
    char *names[OV_YR_MODULE_FILES_MAX]; /* owned */
};

/* Opens the files. False: it was said what is wrong, in yara's words. */
bool ov_yr_modules_open(struct ov_yr_module_files *files, const struct ov_words *words);
void ov_yr_modules_done(struct ov_yr_module_files *files);

/* Hands over what the rules of `db` can ask for. False: it was said why not. */
bool ov_yr_modules_give(
        const struct ov_yr_module_files *files, const overt_db *db, overt_scanner *scanner);

#endif
