/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - `overt explain`: everything about a few files, at a person's explicit command. Names
 * of members and bytes of content cross the jail's wall here, to this person's terminal. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "programs/overt/commands.h"
#include "programs/overt/feed.h"
#include "programs/overt/interrupt.h"
#include "programs/overt/out.h"
#include "programs/overt/provenance.h"
#include "programs/overt/rulesets.h"
#include "report/result.h"
#include "sandbox/jail.h"

static const char help[] =
        "usage: overt explain [OPTION...] FILE...\n"
        "\n"
        "Says of each FILE (- for standard input) which rules hold, the text of each rule\n"
        "and what it says of itself, the offset and the bytes of each string that was\n"
        "found, and inside which container. Of a clean file: what was looked at.\n"
        "\n"
        "  --rules PATH            rules instead of the default, as for `overt scan`\n"
        "  --keep-good             go on without rules that have errors\n"
        "  --max-reply SIZE        what may be told of one file (default 64K); beyond it\n"
        "                          the file is INCOMPLETE, never cut in silence\n"
        "\n" OV_LIMIT_HELP "\n"
        "  --json                  one JSON object a file\n"
        "  --accept-weaker-jail LAYER   do without this layer (repeatable)\n"
        "  --help                  this text\n"
        "\n"
        "Exit status: as for `overt scan`.\n";

enum {
    OPTION_RULES = 0x100,
    OPTION_KEEP_GOOD,
    OPTION_REPLY,
    OPTION_JSON,
    OPTION_WEAKER,
    OPTION_HELP
};

struct settings {
    struct ov_words paths, rules, weaker;
    bool json, keep_good, help;
    uint64_t reply_max;
    overt_limits limits;
};

struct tally {
    bool detected, failed, incomplete;
};

static bool take_option(struct settings *s, int option, const char *value)
{
    switch (option) {
    case OPTION_RULES:
        return ov_words_add(&s->rules, value);
    case OPTION_WEAKER:
        if (ov_jail_layer_of(value) == 0) {
            ov_complain("explain", "--accept-weaker-jail: the jail has no layer '%s'", value);
            return false;
        }
        return ov_words_add(&s->weaker, value);
    case OPTION_REPLY:
        return ov_option_bytes("explain", "max-reply", value, &s->reply_max);
    case OPTION_KEEP_GOOD:
        s->keep_good = true;
        return true;
    case OPTION_JSON:
        s->json = true;
        return true;
    case OPTION_HELP:
        s->help = true;
        return true;
    default:
        if (option >= OV_OPTION_LIMITS && option < OV_OPTION_LIMITS_END) {
            return ov_option_limit("explain", option, value, &s->limits);
        }
        return false; /* getopt has said what is wrong */
    }
}

static bool parse(struct settings *s, int argc, char **argv)
{
    static const struct option options[] = {
        { "rules", required_argument, NULL, OPTION_RULES },
        { "keep-good", no_argument, NULL, OPTION_KEEP_GOOD },
        { "max-reply", required_argument, NULL, OPTION_REPLY },
        OV_LIMIT_OPTIONS,
        { "json", no_argument, NULL, OPTION_JSON },
        { "accept-weaker-jail", required_argument, NULL, OPTION_WEAKER },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
    };
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!take_option(s, option, optarg)) {
            return false;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (!ov_words_add(&s->paths, argv[i])) {
            return false;
        }
    }
    if (!s->help && s->paths.count == 0) {
        ov_complain("explain", "nothing to explain: give a FILE (overt explain --help)");
        return false;
    }
    return true;
}

static void tell(const struct settings *s, struct ov_out *out, const overt_db *db, bool colour,
        const struct ov_result *result, struct tally *tally)
{
    tally->detected |= result->verdict == OVERT_DETECTED;
    tally->failed |= result->verdict == OVERT_FAILED;
    tally->incomplete |= result->verdict == OVERT_INCOMPLETE;
    if (s->json) {
        ov_json_explain(&out->buf, result, db);
    } else {
        ov_lines_explain(&out->buf, result, db, colour);
    }
    ov_out_flush(out);
}

/* 0, or the exit code of a run that cannot go on. */
static int explain_file(const struct settings *s, overt_scanner *scanner,
        const struct ov_provenances *from, struct ov_out *out, const struct ov_walk_entry *entry,
        struct tally *tally)
{
    const bool colour = ov_out_wants_colour(STDOUT_FILENO);
    overt_error err = OVERT_ERROR_INIT;
    overt_report *report = NULL;
    struct ov_result result = { .path = ov_bytes_of(entry->path, entry->path_bytes),
        .verdict = OVERT_FAILED,
        .reason = "open" };
    overt_status status;

    status = overt_scan_fd(scanner, entry->fd, entry->path, &report, &err);
    (void)close(entry->fd);
    if (status == OVERT_E_ARGUMENT || status == OVERT_E_IO) {
        result.detail = ov_bytes_of(err.message, strlen(err.message));
    } else if (status != OVERT_OK) {
        ov_complain_error("explain", &err);
        return OV_EXIT_ERROR;
    } else {
        result.report = report;
        result.verdict = overt_report_verdict(report);
        result.size = overt_report_size(report);
        ov_provenances_settle(from, &result);
    }
    tell(s, out, from->db, colour, &result, tally);
    overt_report_free(report);
    return 0;
}

static int explain(const struct settings *s, overt_scanner *scanner,
        const struct ov_provenances *from, struct ov_feed *feed)
{
    struct tally tally = { .detected = false };
    struct ov_out out;
    int code = 0;

    ov_out_init(&out, STDOUT_FILENO);
    while (code == 0 && out.failed == 0) {
        struct ov_walk_entry entry;
        const enum ov_feed_step step = ov_feed_next(feed, &entry);

        if (step == OV_FEED_FILE) {
            code = explain_file(s, scanner, from, &out, &entry, &tally);
        } else if (step == OV_FEED_PROBLEM) {
            const struct ov_result result = { .path = ov_bytes_of(entry.path, entry.path_bytes),
                .verdict = OVERT_FAILED,
                .reason = "open",
                .detail = ov_bytes_of(entry.why, strlen(entry.why)) };

            tell(s, &out, from->db, ov_out_wants_colour(STDOUT_FILENO), &result, &tally);
        } else if (step == OV_FEED_AGAIN) {
            ov_feed_give_up(feed);
        } else {
            break;
        }
    }
    if (!ov_out_finish(&out)) {
        code = OV_EXIT_ERROR;
    }
    ov_out_done(&out);
    return code != 0          ? code
           : tally.detected   ? OV_EXIT_DETECTED
           : tally.failed     ? OV_EXIT_ERROR
           : tally.incomplete ? OV_EXIT_INCOMPLETE
                              : OV_EXIT_CLEAN;
}

static int run(const struct settings *s, const struct ov_ruleset *rules)
{
    struct ov_provenances from;
    const struct ov_feed_options feeding = { .paths = &s->paths };
    struct ov_feed *feed = ov_feed_new(&feeding);
    overt_options options = OVERT_OPTIONS_INIT;
    overt_error err = OVERT_ERROR_INIT;
    overt_scanner *scanner = NULL;
    int code = OV_EXIT_ERROR;

    options.profile = OVERT_PROFILE_EXPLAIN;
    options.workers = 1;
    options.explain_bytes_max = s->reply_max;
    options.weaker = s->weaker.at;
    if (feed != NULL) {
        if (overt_scanner_new(&scanner, rules->db, &s->limits, &options, &err) == OVERT_OK) {
            ov_provenances_init(&from, rules->db, rules->name);
            code = explain(s, scanner, &from, feed);
            ov_provenances_done(&from);
        } else {
            ov_complain_error("explain", &err);
        }
    }
    overt_scanner_free(scanner);
    ov_feed_free(feed);
    return code;
}

int cmd_explain(int argc, char **argv)
{
    struct settings s = { .limits = OVERT_LIMITS_INIT };
    int code = OV_EXIT_ERROR;

    if (parse(&s, argc, argv)) {
        struct ov_ruleset rules = { .db = NULL };
        const struct ov_ruleset_options from = { .command = "explain",
            .sources = &s.rules,
            .weaker = s.weaker.at,
            .keep_good = s.keep_good };

        if (s.help) {
            (void)fputs(help, stdout);
            code = OV_EXIT_CLEAN;
        } else if (ov_ruleset_open(&rules, &from)) {
            code = run(&s, &rules);
        }
        ov_ruleset_done(&rules);
    }
    ov_words_done(&s.paths);
    ov_words_done(&s.rules);
    ov_words_done(&s.weaker);
    return code;
}
