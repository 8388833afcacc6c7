/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c - `overt scan`: the command line of a scan. The work is in run.c, the walk in walk.c. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/text.h"
#include "programs/overt/commands.h"
#include "programs/overt/interrupt.h"
#include "programs/overt/ledgers.h"
#include "programs/overt/profile.h"
#include "programs/overt/rulesets.h"
#include "programs/overt/run.h"
#include "sandbox/jail.h"

#define IN_FLIGHT 32u
/* Descriptors beside the files under way: folders, rules, workers' channels, the terminal. */
#define DESCRIPTORS_OWN        96u
#define DESCRIPTORS_PER_WORKER 8u

static const char help[] =
        "usage: overt scan [OPTION...] PATH...\n"
        "       overt scan --profile quick|full [OPTION...] [PATH...]\n"
        "\n"
        "Scans files, and what is inside them, with rules. A PATH is a file, a folder\n"
        "(everything below it), or - for standard input. Whatever reads content runs in\n"
        "a jail; `overt prove` shows what the jail stops.\n"
        "\n"
        "  --profile quick         programs that run, what starts by itself, temporary\n"
        "                          folders, downloads; at idle priority, incremental\n"
        "  --profile full          every local file system, the same way\n"
        "  --incremental           pass over what was CLEAN under the same rules and has\n"
        "                          not changed since\n"
        "  --again                 with --profile: look at that too\n"
        "  --rules PATH            rules instead of the default: YARA files, hash lists,\n"
        "                          a compiled database (.ovdb), or a folder of such\n"
        "                          files. May be given several times\n"
        "  --keep-good             go on without rules that have errors\n"
        "  --file-list FILE        also what FILE names, one a line; - for standard input\n"
        "  -0, --null              names in the list end in NUL bytes, not in newlines\n"
        "  --exclude GLOB          leave out what has this path or name (repeatable)\n"
        "  --one-file-system       stay on the file system of each PATH\n"
        "  --jobs N                workers (default: one per processor)\n"
        "\n" OV_LIMIT_HELP "\n"
        "  --all                   a line for CLEAN files too\n"
        "  --json                  JSON Lines: every file, then a summary\n"
        "  --quiet                 no lines and no summary; the exit code tells\n"
        "  --no-progress           no progress line on a terminal\n"
        "  --accept-weaker-jail LAYER   do without this layer (repeatable); said in the\n"
        "                          summary\n"
        "  --help                  this text\n"
        "\n"
        "One line a finding, on standard output:\n"
        "  PATH: DETECTED RULE (in MEMBER/MEMBER)\n"
        "  PATH: INCOMPLETE REASON (in MEMBER): what stopped the look\n"
        "  PATH: FAILED REASON: what was in the way\n"
        "The summary goes to standard error.\n"
        "\n"
        "Exit status: 1 something was detected; else 2 a file failed, or the command;\n"
        "else 3 a look was incomplete; else 0. 130 when interrupted.\n";

enum {
    OPTION_RULES = 0x100,
    OPTION_PROFILE,
    OPTION_INCREMENTAL,
    OPTION_AGAIN,
    OPTION_KEEP_GOOD,
    OPTION_LIST,
    OPTION_EXCLUDE,
    OPTION_ONE_FS,
    OPTION_JOBS,
    OPTION_ALL,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_NO_PROGRESS,
    OPTION_WEAKER,
    OPTION_HELP
};

struct settings {
    struct ov_words paths, rules, excludes, weaker;
    const char *list;
    bool nul, one_fs, all, json, quiet, no_progress, keep_good, help, incremental, again;
    enum ov_profile profile;
    struct ov_profile_places places; /* what `paths` borrows beside the command line */
    uint64_t jobs;
    overt_limits limits;
};

static bool take_option(struct settings *s, int option, const char *value)
{
    switch (option) {
    case OPTION_RULES:
        return ov_words_add(&s->rules, value);
    case OPTION_PROFILE:
        s->profile = ov_profile_of(value);
        if (s->profile == OV_PROFILE_NONE) {
            ov_complain("scan", "--profile: '%s' is neither quick nor full", value);
        }
        return s->profile != OV_PROFILE_NONE;
    case OPTION_INCREMENTAL:
        s->incremental = true;
        return true;
    case OPTION_AGAIN:
        s->again = true;
        return true;
    case OPTION_EXCLUDE:
        return ov_words_add(&s->excludes, value);
    case OPTION_WEAKER:
        if (ov_jail_layer_of(value) == 0) {
            ov_complain("scan", "--accept-weaker-jail: the jail has no layer '%s'", value);
            return false;
        }
        return ov_words_add(&s->weaker, value);
    case OPTION_JOBS:
        return ov_option_number("scan", "jobs", value, 1, 1024, &s->jobs);
    case OPTION_LIST:
        s->list = value;
        return true;
    case OPTION_KEEP_GOOD:
        s->keep_good = true;
        return true;
    case '0':
        s->nul = true;
        return true;
    case OPTION_ONE_FS:
        s->one_fs = true;
        return true;
    case OPTION_ALL:
        s->all = true;
        return true;
    case OPTION_JSON:
        s->json = true;
        return true;
    case OPTION_QUIET:
        s->quiet = true;
        return true;
    case OPTION_NO_PROGRESS:
        s->no_progress = true;
        return true;
    case OPTION_HELP:
        s->help = true;
        return true;
    default:
        if (option >= OV_OPTION_LIMITS && option < OV_OPTION_LIMITS_END) {
            return ov_option_limit("scan", option, value, &s->limits);
        }
        return false; /* getopt has said what is wrong */
    }
}

static bool parse(struct settings *s, int argc, char **argv)
{
    static const struct option options[] = {
        { "profile", required_argument, NULL, OPTION_PROFILE },
        { "incremental", no_argument, NULL, OPTION_INCREMENTAL },
        { "again", no_argument, NULL, OPTION_AGAIN },
        { "rules", required_argument, NULL, OPTION_RULES },
        { "keep-good", no_argument, NULL, OPTION_KEEP_GOOD },
        { "file-list", required_argument, NULL, OPTION_LIST },
        { "null", no_argument, NULL, '0' },
        { "exclude", required_argument, NULL, OPTION_EXCLUDE },
        { "one-file-system", no_argument, NULL, OPTION_ONE_FS },
        { "jobs", required_argument, NULL, OPTION_JOBS },
        OV_LIMIT_OPTIONS,
        { "all", no_argument, NULL, OPTION_ALL },
        { "json", no_argument, NULL, OPTION_JSON },
        { "quiet", no_argument, NULL, OPTION_QUIET },
        { "no-progress", no_argument, NULL, OPTION_NO_PROGRESS },
        { "accept-weaker-jail", required_argument, NULL, OPTION_WEAKER },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
    };
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "0", options, NULL)) != -1) {
        if (!take_option(s, option, optarg)) {
            return false;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (!ov_words_add(&s->paths, argv[i])) {
            return false;
        }
    }
    if (s->help) {
        return true;
    }
    if (s->profile != OV_PROFILE_NONE
            && !ov_profile_places(&s->places, s->profile, "", &s->paths)) {
        return false;
    }
    if (s->paths.count == 0 && s->list == NULL) {
        ov_complain("scan", "nothing to scan: give a PATH, or --file-list (overt scan --help)");
        return false;
    }
    if (s->nul && s->list == NULL) {
        ov_complain("scan", "-0 is about --file-list");
        return false;
    }
    for (size_t i = 0; s->list != NULL && strcmp(s->list, "-") == 0 && i < s->paths.count; i++) {
        if (strcmp(s->paths.at[i], "-") == 0) {
            ov_complain("scan", "standard input cannot be the list and a file");
            return false;
        }
    }
    return true;
}

/* No more files under way than descriptors (main has raised the limit as far as it goes). */
static uint32_t fit_in_flight(uint64_t jobs)
{
    struct rlimit limit;
    rlim_t room, each;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return IN_FLIGHT;
    }
    room = limit.rlim_cur > DESCRIPTORS_OWN ? limit.rlim_cur - DESCRIPTORS_OWN : 1;
    each = room / jobs;
    each = each > DESCRIPTORS_PER_WORKER ? each - DESCRIPTORS_PER_WORKER : 1;
    return each < IN_FLIGHT ? (uint32_t)each : IN_FLIGHT;
}

static uint64_t now_ms(void)
{
    struct timespec now = { .tv_sec = 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static bool has_name(const char *list, const char *name)
{
    const size_t len = strlen(name);

    for (const char *at = list; *at != '\0';) {
        const size_t part = strcspn(at, ",");

        if (part == len && memcmp(at, name, len) == 0) {
            return true;
        }
        at += part + (at[part] == ',');
    }
    return false;
}

/* The layers that a started worker did not have: `required` ones or bonuses. */
static void name_missing(const char *layers, bool required, char text[256])
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned bit = 0; bit < 32 && layers[0] != '\0'; bit++) {
        const char *name = ov_jail_layer_name((enum ov_jail_layer)(1u << bit));

        if (name != NULL && ((1u << bit & OV_LAYERS_REQUIRED) != 0) == required
                && !has_name(layers, name) && used + strlen(name) + 2 < 256) {
            used += (size_t)snprintf(text + used, 256 - used, "%s%s", used == 0 ? "" : ",", name);
        }
    }
}

static int exit_code(const struct ov_summary *s)
{
    return s->detected != 0     ? OV_EXIT_DETECTED
           : s->failed != 0     ? OV_EXIT_ERROR
           : s->incomplete != 0 ? OV_EXIT_INCOMPLETE
                                : OV_EXIT_CLEAN;
}

static void sum_up(const struct settings *s, struct ov_out *out, const struct ov_summary *counted,
        const struct ov_feed *feed, const char *layers)
{
    struct ov_summary summary = *counted;
    const struct ov_walk_counts *counts = ov_feed_counts(feed);
    char missing[256], bonuses[256];
    struct ov_out to_errors;

    summary.excluded = counts->excluded;
    summary.links = counts->links;
    summary.special = counts->special;
    summary.vanished = counts->vanished;
    summary.other_fs = counts->other_fs;
    summary.kernel_fs = counts->kernel_fs;
    summary.loops = counts->loops;
    summary.layers = layers;
    name_missing(layers, true, missing);
    name_missing(layers, false, bonuses);
    summary.missing = missing;
    summary.bonuses = bonuses;
    if (s->quiet) {
        return;
    }
    if (s->json) {
        ov_json_summary(&out->buf, &summary);
        return;
    }
    ov_out_flush(out); /* findings first, where both go to one terminal */
    ov_out_init(&to_errors, STDERR_FILENO);
    ov_lines_summary(&to_errors.buf, &summary);
    ov_out_flush(&to_errors);
    ov_out_done(&to_errors);
}

static void put_on_record(const struct ov_summary *s, const struct ov_buf *findings)
{
    const struct ov_bytes lines = ov_buf_bytes(findings);
    struct ov_buf text;

    ov_ledger_begin(&text);
    ov_buf_put_text(&text, "rules ");
    ov_text_hex(&text, ov_bytes_of(s->rules_sha256, sizeof(s->rules_sha256)));
    if (s->profile != NULL) {
        ov_buf_printf(&text, "\nprofile %s", s->profile);
    }
    ov_buf_printf(&text, "\nunchanged %llu", (unsigned long long)s->unchanged);
    ov_buf_printf(&text,
            "\nfiles %llu\ndetected %llu\nincomplete %llu\nfailed %llu\nclean %llu\ncompleted %s\n",
            (unsigned long long)s->files, (unsigned long long)s->detected,
            (unsigned long long)s->incomplete, (unsigned long long)s->failed,
            (unsigned long long)s->clean, s->completed ? "yes" : "no");
    if (ov_buf_ok(findings)) {
        ov_buf_put(&text, ov_bytes_raw(lines), (size_t)ov_bytes_len(lines));
    } else { /* long names: the counts stand for them */
        ov_buf_put_text(&text, "findings too long to list\n");
    }
    (void)ov_ledger_end("scan", OV_LEDGER_SCAN, &text); /* it said what went wrong */
}

/* At idle priority a file may wait for the processor longer than it is looked at. */
#define IDLE_TIME_MS (10u * OV_TIME_MS_DEFAULT)

static overt_limits limits_of(const struct settings *s)
{
    overt_limits limits = s->limits;

    if (s->profile != OV_PROFILE_NONE && limits.time_ms_max == 0) {
        limits.time_ms_max = IDLE_TIME_MS;
    }
    return limits;
}

/* NULL: everything is looked at. */
static struct ov_seen *open_seen(const struct settings *s, const struct ov_ruleset *rules)
{
    uint8_t sha256[32];

    if (s->again || (!s->incremental && s->profile == OV_PROFILE_NONE)) {
        return NULL;
    }
    overt_db_digest(rules->db, sha256);
    return ov_seen_open("scan", sha256);
}

static int scan(const struct settings *s, struct ov_ruleset *rules)
{
    const uint64_t begun = now_ms();
    const uint64_t jobs = s->jobs != 0 ? s->jobs : (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    const struct ov_feed_options feeding = {
        .walk = { .excludes = s->excludes.at,
                .one_file_system = s->one_fs || s->profile == OV_PROFILE_FULL },
        .paths = &s->paths,
        .list = s->list,
        .list_is_nul_separated = s->nul,
    };
    struct ov_provenances provenances;
    struct ov_buf record;
    struct ov_seen *seen = open_seen(s, rules);
    struct ov_summary summary = {
        .rules = overt_db_rule_count(rules->db),
        .hashes = overt_db_hash_count(rules->db),
        .rules_name = rules->name,
        .rules_left_out = rules->errors,
        .layers = "",
        .profile = s->profile == OV_PROFILE_NONE ? NULL : ov_profile_name(s->profile),
    };
    const struct ov_run_options options = {
        .command = "scan",
        .db = rules->db,
        .provenances = &provenances,
        .record = &record,
        .seen = seen,
        .limits = limits_of(s),
        .jobs = (uint32_t)(jobs > 1024 ? 1024 : jobs),
        .in_flight = fit_in_flight(jobs),
        .weaker = s->weaker.at,
        .json = s->json,
        .quiet = s->quiet,
        .all = s->all,
        .colour = ov_out_wants_colour(STDOUT_FILENO),
    };
    struct ov_feed *feed = ov_feed_new(&feeding);
    struct ov_progress *progress = NULL;
    struct ov_out out;
    char layers[256];
    int code;

    if (feed == NULL) {
        ov_seen_free(seen);
        return OV_EXIT_ERROR;
    }
    ov_interrupt_init();
    if (s->profile != OV_PROFILE_NONE) {
        ov_profile_step_aside();
    }
    ov_buf_init(&record, OV_LEDGER_RECORD_BYTES_MAX / 2u);
    ov_provenances_init(&provenances, rules->db, rules->name);
    summary.rules_are_local = provenances.is_local;
    overt_db_digest(rules->db, summary.rules_sha256);
    if (!s->no_progress && !s->quiet) {
        progress = ov_progress_new(&feeding.walk, &s->paths, s->list == NULL);
    }
    ov_out_init(&out, STDOUT_FILENO);
    code = ov_run(&options, feed, &out, progress, &summary, layers);
    ov_progress_free(progress);
    summary.ms = now_ms() - begun;
    sum_up(s, &out, &summary, feed, layers);
    if (!ov_out_finish(&out)) {
        code = OV_EXIT_ERROR;
    }
    ov_out_done(&out);
    ov_feed_free(feed);
    put_on_record(&summary, &record);
    ov_buf_done(&record);
    ov_provenances_done(&provenances);
    if (seen != NULL) {
        (void)ov_seen_save(seen, s->profile == OV_PROFILE_FULL && summary.completed);
        ov_seen_free(seen);
    }
    if (code != 0) {
        return code;
    }
    return summary.interrupted ? 128 + ov_interrupt_signal() : exit_code(&summary);
}

int cmd_scan(int argc, char **argv)
{
    struct settings s = { .limits = OVERT_LIMITS_INIT };
    int code = OV_EXIT_ERROR;

    if (parse(&s, argc, argv)) {
        struct ov_ruleset rules = { .db = NULL };
        const struct ov_ruleset_options from = {
            .command = "scan", .sources = &s.rules, .weaker = s.weaker.at, .keep_good = s.keep_good
        };

        if (s.help) {
            (void)fputs(help, stdout);
            code = OV_EXIT_CLEAN;
        } else if (ov_ruleset_open(&rules, &from)) {
            code = scan(&s, &rules);
        }
        ov_ruleset_done(&rules);
    }
    ov_words_done(&s.paths);
    ov_words_done(&s.rules);
    ov_words_done(&s.excludes);
    ov_words_done(&s.weaker);
    ov_profile_done(&s.places);
    return code;
}
