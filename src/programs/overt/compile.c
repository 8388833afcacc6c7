/* SPDX-License-Identifier: Apache-2.0 */
/* compile.c - `overt compile`: rule files to one database file. The text is read in the compiler's
 * jail. */
#include <getopt.h>
#include <stdio.h>

#include "programs/overt/commands.h"
#include "programs/overt/database_out.h"
#include "programs/overt/out.h"
#include "programs/overt/rulesets.h"

static const char usage[] =
        "usage: overt compile [OPTION...] RULES... -o FILE\n"
        "\n"
        "Compiles YARA files, hash lists and folders of both into one database, which\n"
        "`overt scan --rules FILE` maps instead of reading. Every problem is told as\n"
        "FILE:LINE:COLUMN: severity: sentence; the first does not stop the rest.\n"
        "\n"
        "  -o, --output FILE          the database; replaced whole or not at all\n"
        "      --keep-good            leave out rules with errors instead of stopping\n"
        "      --strict               a line of ClamAV's that is not loaded is an error\n"
        "      --accept-weaker-jail LAYER\n"
        "                             compile without this layer of the jail\n"
        "      --help                 this text\n"
        "\n"
        "Exit: 0 compiled, 2 something is wrong (with --keep-good: nothing compiled).\n";

static void summary(const struct ov_ruleset *ruleset, const char *path)
{
    const unsigned long long rules = overt_db_rule_count(ruleset->db);
    const unsigned long long hashes = overt_db_hash_count(ruleset->db);

    (void)fprintf(stderr, "%s: %llu rule%s, %llu hash%s, %llu bytes", path, rules,
            rules == 1 ? "" : "s", hashes, hashes == 1 ? "" : "es",
            (unsigned long long)overt_db_bytes(ruleset->db));
    if (ruleset->errors != 0) {
        (void)fprintf(stderr, "; %llu error%s, those rules are left out",
                (unsigned long long)ruleset->errors, ruleset->errors == 1 ? "" : "s");
    }
    (void)fprintf(stderr, "\n");
}

int cmd_compile(int argc, char **argv)
{
    enum {
        OPTION_KEEP_GOOD = 0x100,
        OPTION_STRICT,
        OPTION_WEAKER,
        OPTION_HELP
    };
    static const struct option options[] = {
        { "output", required_argument, NULL, 'o' },
        { "keep-good", no_argument, NULL, OPTION_KEEP_GOOD },
        { "strict", no_argument, NULL, OPTION_STRICT },
        { "accept-weaker-jail", required_argument, NULL, OPTION_WEAKER },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
    };
    struct ov_words sources = { 0 }, weaker = { 0 };
    struct ov_ruleset_options wish = { .command = "compile", .sources = &sources };
    struct ov_ruleset ruleset = { 0 };
    const char *output = NULL;
    int code = OV_EXIT_ERROR, option;
    bool good = true;

    while (good && (option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            output = optarg;
            break;
        case OPTION_KEEP_GOOD:
            wish.keep_good = true;
            break;
        case OPTION_STRICT:
            wish.strict = true;
            break;
        case OPTION_WEAKER:
            good = ov_words_add(&weaker, optarg);
            break;
        case OPTION_HELP:
            (void)fputs(usage, stdout);
            code = fflush(stdout) == 0 ? OV_EXIT_CLEAN : OV_EXIT_ERROR;
            good = false;
            break;
        default:
            good = false; /* getopt_long has said what is wrong */
            break;
        }
    }
    for (; good && optind < argc; optind++) {
        good = ov_words_add(&sources, argv[optind]);
    }
    if (good && (output == NULL || sources.count == 0)) {
        ov_complain("compile", "%s; `overt compile --help` tells more",
                output == NULL ? "-o FILE is missing" : "no rule files were named");
        good = false;
    }
    wish.weaker = weaker.at;
    if (good && ov_ruleset_compile(&ruleset, &wish)
            && ov_database_write("compile", ruleset.db, output)) {
        summary(&ruleset, output);
        code = OV_EXIT_CLEAN;
    }
    ov_ruleset_done(&ruleset);
    ov_words_done(&sources);
    ov_words_done(&weaker);
    return code;
}
