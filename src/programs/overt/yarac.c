/* SPDX-License-Identifier: Apache-2.0 */
/* yarac.c - `overt yarac`: the command line of yarac 4.5; what it writes is a rule database (.ovdb),
 * which `overt yara -C` and `overt scan --rules` take. */
#include <stdio.h>
#include <stdlib.h>

#include "programs/overt/commands.h"
#include "programs/overt/database_out.h"
#include "programs/overt/yara_rules.h"

static int run(const struct ov_yr_settings *s)
{
    struct ov_yr_values values;
    overt_db *db = NULL;
    int code = EXIT_FAILURE;

    if (s->version || s->help) {
        if (s->version) {
            (void)puts(OV_YARA_VERSION);
        } else {
            ov_yr_help(true);
        }
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (s->args.count < 2) {
        (void)fprintf(stderr, "yarac: wrong number of arguments\n"
                              "Usage: yarac [OPTION]... [NAMESPACE:]SOURCE_FILE... OUTPUT_FILE\n\n"
                              "Try `--help` for more options\n");
        return EXIT_FAILURE;
    }
    if (ov_yr_values_read(&values, &s->defines)) {
        db = ov_yr_compile(s, true, &values, s->args.count - 1);
    }
    if (db != NULL && ov_database_write("yarac", db, s->args.at[s->args.count - 1])) {
        code = EXIT_SUCCESS;
    }
    overt_db_free(db);
    ov_yr_values_done(&values);
    return code;
}

int cmd_yarac(int argc, char **argv)
{
    struct ov_yr_settings settings;
    const int code =
            ov_yr_options_read(&settings, true, argc, argv) ? run(&settings) : EXIT_FAILURE;

    ov_yr_options_done(&settings);
    return code;
}
