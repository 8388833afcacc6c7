/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the command `overt`: finds the command and hands over. It reads no content and no rule
 * text itself; that happens in jailed helpers. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <overt/overt.h>

#include "programs/overt/commands.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} commands[] = {
    { "scan", cmd_scan, "what is in these files and folders?" },
    { "explain", cmd_explain, "which rules hold for a file, why and where" },
    { "compile", cmd_compile, "rules to a database" },
    { "rules", cmd_rules, "what a rule set holds" },
    { "clamscan", cmd_clamscan, "ClamAV's databases, with the command line of clamscan 1.4.6" },
    { "yara", cmd_yara, "YARA rules over raw bytes, with the command line of yara 4.5" },
    { "yarac", cmd_yarac, "YARA rules to a database, with the command line of yarac 4.5" },
    { "bundle", cmd_bundle, "a stretch of the log as a file, for where there is no network" },
    { "ledger", cmd_ledger, "what this machine did, and that the record of it is whole" },
    { "update", cmd_update, "new rules from the log, verified, tried, switched to" },
    { "quarantine", cmd_quarantine, "what was put away; putting away and giving back" },
    { "prohibited", cmd_prohibited, "products of banned vendors on this system, and the reports" },
    { "status", cmd_status, "is the daemon well, and if not, what is to be done?" },
    { "history", cmd_history, "what was scanned, found, put away and updated" },
    { "verify-self", cmd_verify_self, "is what is installed and running what the log says?" },
    { "prove", cmd_prove, "run every attack in the jail of this machine, show what stopped it" },
};

static void usage(FILE *to)
{
    (void)fprintf(to, "usage: overt COMMAND [ARGUMENT...]\n\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        (void)fprintf(to, "  %-11s %s\n", commands[i].name, commands[i].what);
    }
    (void)fprintf(to, "\n`overt COMMAND --help` tells more.\n");
}

/* As many descriptors as the system lets us have: each file under way is one, and so are a jail's
 * numbers 200 and 201. What cannot be raised shows where it is needed. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    raise_descriptors();
    if (argc < 2) {
        usage(stderr);
        return OV_EXIT_ERROR;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return OV_EXIT_CLEAN;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("overt %s\n", OV_VERSION);
        return OV_EXIT_CLEAN;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    (void)fprintf(stderr, "overt: '%s' is not a command; `overt --help` lists them\n", argv[1]);
    return OV_EXIT_ERROR;
}
