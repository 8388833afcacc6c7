/* SPDX-License-Identifier: Apache-2.0 */
/* prohibited.c - `overt prohibited`: what it takes on its command line. prohibited_run.c does it. */
#include "programs/overt/prohibited.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "programs/overt/commands.h"
#include "programs/overt/out.h"
#include "sandbox/jail.h"

static const char help[] =
        "usage: overt prohibited [OPTION...]\n"
        "\n"
        "Says which products of banned vendors are on this system, or on one mounted or\n"
        "unpacked elsewhere: running, installed, or left behind; what shows it; whether\n"
        "each ban covers it and why; and what could not be read.\n"
        "\n"
        "  --root PATH             a foreign system's root, a tar or another archive of\n"
        "                          one, or an OCI image layout, instead of this machine\n"
        "  --deep                  read programs and archives, too: signers, versions,\n"
        "                          engines inside other products\n"
        "  --format FORMAT         text (default), json, csv, cyclonedx, ocsf, html, or\n"
        "                          a form: bod-17-01-30-day, bod-17-01-60-day,\n"
        "                          bod-17-01-status, far-3-day, far-10-day, far-72-hour\n"
        "  --products DIR          more products, beside those that overt knows\n"
        "  --bans DIR              more bans\n"
        "  --since REPORT          what went, stayed and came since an earlier report\n"
        "                          (of --format json)\n"
        "  --agency NAME, --component NAME   for the forms\n"
        "  --accept-weaker-jail LAYER   do without this layer (repeatable)\n"
        "  --help                  this text\n"
        "\n"
        "  overt prohibited merge REPORT...   many machines' reports into one\n"
        "  --other-catalogue       even if they were made with different catalogues\n"
        "  overt prohibited plan [REPORT...]  the steps of removal, for this system or\n"
        "                                     for what reports found\n"
        "  --script                as a shell script that only shows what it would do,\n"
        "                          until a person has read it and runs it with --really\n"
        "\n"
        "Exit status: 0 none found and everything read, 1 found, 2 error, 3 nothing\n"
        "found and not everything read.\n";

enum {
    OPTION_ROOT = 0x100,
    OPTION_DEEP,
    OPTION_FORMAT,
    OPTION_PRODUCTS,
    OPTION_BANS,
    OPTION_SINCE,
    OPTION_AGENCY,
    OPTION_COMPONENT,
    OPTION_WEAKER,
    OPTION_SCRIPT,
    OPTION_OTHER_CATALOGUE,
    OPTION_HELP
};

static const struct option options[] = {
    { "root", required_argument, NULL, OPTION_ROOT },
    { "deep", no_argument, NULL, OPTION_DEEP },
    { "format", required_argument, NULL, OPTION_FORMAT },
    { "products", required_argument, NULL, OPTION_PRODUCTS },
    { "bans", required_argument, NULL, OPTION_BANS },
    { "since", required_argument, NULL, OPTION_SINCE },
    { "agency", required_argument, NULL, OPTION_AGENCY },
    { "component", required_argument, NULL, OPTION_COMPONENT },
    { "accept-weaker-jail", required_argument, NULL, OPTION_WEAKER },
    { "script", no_argument, NULL, OPTION_SCRIPT },
    { "other-catalogue", no_argument, NULL, OPTION_OTHER_CATALOGUE },
    { "help", no_argument, NULL, OPTION_HELP },
    { NULL, 0, NULL, 0 },
};

static bool take_option(struct prohibited *p, int option, const char *value)
{
    switch (option) {
    case OPTION_ROOT:
        p->root = value;
        return true;
    case OPTION_DEEP:
        p->deep = true;
        return true;
    case OPTION_FORMAT:
        p->format = value;
        return true;
    case OPTION_PRODUCTS:
    case OPTION_BANS:
        return ov_words_add(&p->folders, value);
    case OPTION_SINCE:
        p->since = value;
        return true;
    case OPTION_AGENCY:
        p->agency = value;
        return true;
    case OPTION_COMPONENT:
        p->component = value;
        return true;
    case OPTION_WEAKER:
        if (ov_jail_layer_of(value) == 0) {
            ov_complain("prohibited", "--accept-weaker-jail: the jail has no layer '%s'", value);
            return false;
        }
        p->without |= ov_jail_layer_of(value);
        return true;
    case OPTION_SCRIPT:
        p->script = true;
        return true;
    case OPTION_OTHER_CATALOGUE:
        p->other_catalogue = true;
        return true;
    case OPTION_HELP:
        p->help = true;
        return true;
    default:
        return false; /* getopt has said what is wrong */
    }
}

static bool parse(struct prohibited *p, int argc, char **argv)
{
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!take_option(p, option, optarg)) {
            return false;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (p->task == PROHIBITED_LOOK) {
            ov_complain("prohibited", "'%s': give a root with --root (overt prohibited --help)",
                    argv[i]);
            return false;
        }
        if (!ov_words_add(&p->reports, argv[i])) {
            return false;
        }
    }
    if (p->task == PROHIBITED_MERGE && p->reports.count == 0 && !p->help) {
        ov_complain("prohibited", "nothing to merge: give reports (overt prohibited --help)");
        return false;
    }
    return true;
}

int cmd_prohibited(int argc, char **argv)
{
    struct prohibited p = { .task = PROHIBITED_LOOK, .format = "text" };
    int code = OV_EXIT_ERROR;

    if (argc > 1 && strcmp(argv[1], "merge") == 0) {
        p.task = PROHIBITED_MERGE;
    } else if (argc > 1 && strcmp(argv[1], "plan") == 0) {
        p.task = PROHIBITED_PLAN;
    }
    if (p.task != PROHIBITED_LOOK) {
        argc--;
        argv++;
    }
    if (parse(&p, argc, argv)) {
        if (p.help) {
            (void)fputs(help, stdout);
            code = OV_EXIT_CLEAN;
        } else {
            code = prohibited_run(&p);
        }
    }
    ov_words_done(&p.folders);
    ov_words_done(&p.reports);
    return code;
}
