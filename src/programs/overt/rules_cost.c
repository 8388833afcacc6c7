/* SPDX-License-Identifier: Apache-2.0 */
/* rules_cost.c - `overt rules cost`: what each rule of a set costs on given files, counted by the
 * worker in its jail. There is no clock in there, so costs are numbers of things done: the same rules
 * and bytes give the same table everywhere. */
#include "programs/overt/rules_cost.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "programs/overt/commands.h"
#include "programs/overt/feed.h"
#include "programs/overt/out.h"
#include "programs/overt/rulesets.h"

#define TOP_DEFAULT   25u
#define TOP_MAX       10000000u
#define REPLY_BYTES   (256u * OV_MIB) /* two records for each of a million rules */
#define WARNING_WORD  "slow"          /* what the compiler's warnings about costs have in them */
#define WARNINGS_KEPT 100000u

static const char usage[] =
        "usage: overt rules cost RULES [FILE]...\n"
        "       overt rules cost --rules PATH [--rules PATH]... [FILE]...\n"
        "\n"
        "What each rule costs on the FILEs (folders are walked), the dearest first; without\n"
        "FILEs on 4 MiB of reference bytes that are part of this program. A unit is a place\n"
        "looked at because a few bytes of a string were found there (candidate), or a step\n"
        "of comparing it or of the condition. Beside a rule stands the string that cost most,\n"
        "and what the compiler says of slow strings.\n"
        "\n"
        "      --rules PATH           a rule file, a folder of them, or a .ovdb\n"
        "      --top N                rules to name (default 25; 0: all that cost anything)\n"
        "      --keep-good            go on without rules that have errors\n"
        "      --json                 one JSON object a rule and line\n"
        "      --accept-weaker-jail LAYER\n"
        "                             do without this layer of the jail\n"
        "      --help                 this text\n"
        "\n"
        "Exit: 0; 3 if a file was not looked at to its end; 2 if something is wrong.\n";

struct row {
    uint32_t rule;
    overt_cost sum;
};

struct command {
    struct ov_words rules, files, weaker;
    struct ov_ruleset ruleset;
    struct ov_out out;
    struct row *rows;      /* owned; one for each rule */
    overt_error *warnings; /* owned; of the compiler, by file and line */
    size_t warning_count, warning_cap;
    uint64_t rule_count;
    uint64_t spent; /* by all rules together */
    uint64_t bytes, looked_at;
    uint64_t top;
    bool json, keep_good, incomplete, failed;
};

static struct ov_bytes bytes_of(overt_text text)
{
    return ov_bytes_of(text.bytes, text.len);
}

static uint64_t spent_on(const overt_cost *cost)
{
    return cost->candidates + cost->string_steps + cost->condition_steps;
}

/* --- counting -------------------------------------------------------------------------------- */

static void keep_warning(void *payload, const overt_error *diag, int is_warning)
{
    struct command *c = payload;

    if (is_warning != 1 || strstr(diag->message, WARNING_WORD) == NULL
            || c->warning_count == WARNINGS_KEPT) {
        return; /* it was told on standard error all the same */
    }
    if (c->warning_count == c->warning_cap) {
        const size_t cap = c->warning_cap == 0 ? 16 : 2 * c->warning_cap;
        overt_error *more = reallocarray(c->warnings, cap, sizeof(*more));

        if (more == NULL) {
            return;
        }
        c->warnings = more;
        c->warning_cap = cap;
    }
    c->warnings[c->warning_count++] = *diag;
}

static void add(struct command *c, const overt_cost *cost)
{
    overt_cost *sum;

    if (cost->rule >= c->rule_count) {
        return; /* the library has checked it against the same database */
    }
    sum = &c->rows[cost->rule].sum;
    sum->candidates += cost->candidates;
    sum->confirmations += cost->confirmations;
    sum->string_steps += cost->string_steps;
    sum->matches += cost->matches;
    sum->condition_steps += cost->condition_steps;
    if (cost->string_spent > sum->string_spent) { /* of one object: dearest where it is dearest */
        sum->string = cost->string;
        sum->string_spent = cost->string_spent;
    }
    c->spent += spent_on(cost);
}

static void take(struct command *c, const char *name, const overt_report *report)
{
    const overt_verdict verdict = overt_report_verdict(report);

    for (size_t i = 0; i < overt_report_cost_count(report); i++) {
        add(c, overt_report_cost(report, i));
    }
    for (size_t i = 0; i < overt_report_gap_count(report); i++) {
        const overt_gap *gap = overt_report_gap(report, i);

        ov_complain("rules", "%s: %s%s%.*s", name, gap->text, gap->detail.len == 0 ? "" : ": ",
                (int)gap->detail.len, gap->detail.bytes);
        c->incomplete = true;
    }
    c->failed |= verdict == OVERT_FAILED;
    c->bytes += overt_report_size(report);
    c->looked_at++;
}

/* False: no worker can be had. */
static bool look(struct command *c, overt_scanner *scanner, int fd, const char *name)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_report *report = NULL;
    const overt_status status = overt_scan_fd(scanner, fd, name, &report, &err);

    if (status == OVERT_E_ARGUMENT || status == OVERT_E_IO) {
        ov_complain("rules", "%s: %s", name, err.message);
        c->failed = true;
        return true;
    }
    if (status != OVERT_OK) {
        ov_complain_error("rules", &err);
        return false;
    }
    take(c, name, report);
    overt_report_free(report);
    return true;
}

static bool look_at_references(struct command *c, overt_scanner *scanner)
{
    bool good = true;

    for (size_t i = 0; good && i < OV_REFERENCE_FILES; i++) {
        auto_fd int fd = ov_reference_open(i);

        good = fd >= 0 && look(c, scanner, fd, ov_reference_name(i));
    }
    return good;
}

static bool look_at_files(struct command *c, overt_scanner *scanner)
{
    const struct ov_feed_options feeding = { .paths = &c->files };
    struct ov_feed *feed = ov_feed_new(&feeding);
    bool good = feed != NULL, more = good;

    while (good && more) {
        struct ov_walk_entry entry;

        switch (ov_feed_next(feed, &entry)) {
        case OV_FEED_FILE:
            good = look(c, scanner, entry.fd, entry.path);
            (void)close(entry.fd);
            break;
        case OV_FEED_PROBLEM:
            ov_complain("rules", "%.*s: %s", (int)entry.path_bytes, entry.path, entry.why);
            c->failed = true;
            break;
        case OV_FEED_AGAIN:
            ov_feed_give_up(feed);
            break;
        case OV_FEED_END:
        case OV_FEED_WAIT:
            more = false;
            break;
        }
    }
    ov_feed_free(feed);
    return good;
}

static bool count(struct command *c)
{
    overt_options options = OVERT_OPTIONS_INIT;
    overt_error err = OVERT_ERROR_INIT;
    overt_scanner *scanner = NULL;
    bool good;

    options.profile = OVERT_PROFILE_EXPLAIN;
    options.look = OVERT_LOOK_RAW | OVERT_LOOK_NO_STRINGS | OVERT_LOOK_COSTS;
    options.workers = 1;
    options.explain_bytes_max = REPLY_BYTES;
    options.weaker = c->weaker.at;
    if (overt_scanner_new(&scanner, c->ruleset.db, NULL, &options, &err) != OVERT_OK) {
        ov_complain_error("rules", &err);
        return false;
    }
    good = c->files.count == 0 ? look_at_references(c, scanner) : look_at_files(c, scanner);
    overt_scanner_free(scanner);
    return good;
}

/* --- telling --------------------------------------------------------------------------------- */

/* Dearest first; of equals the one that stands first in the rules. */
static int by_cost(const void *x, const void *y)
{
    const struct row *a = x, *b = y;
    const uint64_t p = spent_on(&a->sum), q = spent_on(&b->sum);

    return p != q ? (p < q) - (p > q) : (a->rule > b->rule) - (a->rule < b->rule);
}

/* In thousandths, rounded down. */
static unsigned share_of(const struct command *c, uint64_t spent)
{
    return c->spent == 0 ? 0
                         : (unsigned)(spent <= UINT64_MAX / 1000 ? spent * 1000 / c->spent
                                                                 : spent / (c->spent / 1000));
}

static uint32_t lines_of(overt_text source)
{
    uint32_t lines = 1;

    for (size_t i = 0; i < source.len; i++) {
        lines += source.bytes[i] == '\n';
    }
    return lines;
}

static bool is_about(const overt_error *warning, const overt_rule *rule)
{
    return ov_bytes_equal(bytes_of(rule->file), warning->source, strlen(warning->source))
           && warning->line >= rule->line && warning->line - rule->line < lines_of(rule->source);
}

/* The name of the string that cost most; false: none did. */
static bool dearest(const struct command *c, const struct row *row, overt_text *out)
{
    overt_error err = OVERT_ERROR_INIT;

    return row->sum.string_spent != 0
           && overt_db_rule_string(c->ruleset.db, row->rule, row->sum.string, out, &err)
                      == OVERT_OK;
}

static void put_text(struct command *c, const struct row *row, const overt_rule *rule)
{
    const uint64_t spent = spent_on(&row->sum);
    const unsigned share = share_of(c, spent);
    struct ov_buf *out = &c->out.buf;
    overt_text name;

    ov_buf_printf(out, "%3u.%u%% %12llu %11llu %11llu %11llu %10llu %9llu  ", share / 10,
            share % 10, (unsigned long long)spent, (unsigned long long)row->sum.candidates,
            (unsigned long long)row->sum.confirmations, (unsigned long long)row->sum.string_steps,
            (unsigned long long)row->sum.condition_steps, (unsigned long long)row->sum.matches);
    ov_text_escape(out, bytes_of(rule->name));
    if (dearest(c, row, &name)) {
        ov_buf_put_text(out, "  ");
        ov_text_escape(out, bytes_of(name));
    }
    ov_buf_put_u8(out, '\n');
    for (size_t i = 0; i < c->warning_count; i++) {
        if (is_about(&c->warnings[i], rule)) {
            ov_buf_printf(out, "        line %u: ", c->warnings[i].line);
            ov_text_escape(
                    out, ov_bytes_of(c->warnings[i].message, strlen(c->warnings[i].message)));
            ov_buf_put_u8(out, '\n');
        }
    }
}

static void put_json(struct command *c, const struct row *row, const overt_rule *rule)
{
    struct ov_buf *out = &c->out.buf;
    bool first = true;
    overt_text name;

    ov_buf_put_text(out, "{\"type\":\"cost\",\"rule\":");
    ov_text_json(out, bytes_of(rule->name));
    ov_buf_put_text(out, ",\"namespace\":");
    ov_text_json(out, bytes_of(rule->space));
    ov_buf_printf(out,
            ",\"number\":%u,\"spent\":%llu,\"per_mille\":%u,\"candidates\":%llu,"
            "\"confirmations\":%llu,\"string_steps\":%llu,\"condition_steps\":%llu,"
            "\"matches\":%llu,\"string\":",
            row->rule, (unsigned long long)spent_on(&row->sum), share_of(c, spent_on(&row->sum)),
            (unsigned long long)row->sum.candidates, (unsigned long long)row->sum.confirmations,
            (unsigned long long)row->sum.string_steps, (unsigned long long)row->sum.condition_steps,
            (unsigned long long)row->sum.matches);
    if (dearest(c, row, &name)) {
        ov_text_json(out, bytes_of(name));
    } else {
        ov_buf_put_text(out, "null");
    }
    ov_buf_put_text(out, ",\"warnings\":[");
    for (size_t i = 0; i < c->warning_count; i++) {
        if (is_about(&c->warnings[i], rule)) {
            ov_buf_put_text(out, first ? "" : ",");
            ov_text_json(out, ov_bytes_of(c->warnings[i].message, strlen(c->warnings[i].message)));
            first = false;
        }
    }
    ov_buf_put_text(out, "]}\n");
}

static bool tell(struct command *c)
{
    overt_error err = OVERT_ERROR_INIT;
    uint64_t count = 0;

    qsort(c->rows, (size_t)c->rule_count, sizeof(c->rows[0]), by_cost);
    while (count < c->rule_count && spent_on(&c->rows[count].sum) != 0) {
        count++;
    }
    if (!c->json) {
        ov_buf_printf(&c->out.buf,
                "%llu files, %llu bytes; %llu of %llu rules cost something, %llu units in all\n",
                (unsigned long long)c->looked_at, (unsigned long long)c->bytes,
                (unsigned long long)count, (unsigned long long)c->rule_count,
                (unsigned long long)c->spent);
        ov_buf_put_text(&c->out.buf,
                " share        spent  candidates confirmed   string steps  condition   matches  "
                "rule and its dearest string\n");
    }
    for (uint64_t i = 0; i < count && (c->top == 0 || i < c->top); i++) {
        overt_rule rule;

        if (overt_db_rule(c->ruleset.db, c->rows[i].rule, &rule, &err) != OVERT_OK) {
            ov_complain_error("rules", &err);
            return false;
        }
        if (c->json) {
            put_json(c, &c->rows[i], &rule);
        } else {
            put_text(c, &c->rows[i], &rule);
        }
        ov_out_spill(&c->out);
    }
    return true;
}

/* --- the command line ------------------------------------------------------------------------ */

/* -1: go on; else the exit code. */
static int read_options(struct command *c, int argc, char **argv)
{
    enum {
        OPTION_RULES = 0x100,
        OPTION_TOP,
        OPTION_KEEP_GOOD,
        OPTION_JSON,
        OPTION_WEAKER,
        OPTION_HELP
    };
    static const struct option options[] = {
        { "rules", required_argument, NULL, OPTION_RULES },
        { "top", required_argument, NULL, OPTION_TOP },
        { "keep-good", no_argument, NULL, OPTION_KEEP_GOOD },
        { "json", no_argument, NULL, OPTION_JSON },
        { "accept-weaker-jail", required_argument, NULL, OPTION_WEAKER },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        bool good = true;

        switch (option) {
        case OPTION_RULES:
            good = ov_words_add(&c->rules, optarg);
            break;
        case OPTION_TOP:
            good = ov_option_number("rules", "top", optarg, 0, TOP_MAX, &c->top);
            break;
        case OPTION_KEEP_GOOD:
            c->keep_good = true;
            break;
        case OPTION_JSON:
            c->json = true;
            break;
        case OPTION_WEAKER:
            good = ov_words_add(&c->weaker, optarg);
            break;
        case OPTION_HELP:
            ov_buf_put_text(&c->out.buf, usage);
            return OV_EXIT_CLEAN;
        default:
            good = false; /* getopt_long has said what is wrong */
            break;
        }
        if (!good) {
            return OV_EXIT_ERROR;
        }
    }
    for (; optind < argc; optind++) {
        if (!ov_words_add(c->rules.count == 0 ? &c->rules : &c->files, argv[optind])) {
            return OV_EXIT_ERROR;
        }
    }
    if (c->rules.count == 0) {
        ov_complain("rules", "cost: of which RULES? (overt rules cost --help)");
        return OV_EXIT_ERROR;
    }
    return -1;
}

static int run(struct command *c)
{
    const struct ov_ruleset_options wish = {
        .command = "rules",
        .sources = &c->rules,
        .weaker = c->weaker.at,
        .keep_good = c->keep_good,
        .on_diag = keep_warning,
        .on_diag_payload = c,
    };

    if (!ov_ruleset_open(&c->ruleset, &wish)) {
        return OV_EXIT_ERROR;
    }
    c->rule_count = overt_db_rule_count(c->ruleset.db);
    c->rows = calloc((size_t)c->rule_count + 1, sizeof(c->rows[0]));
    if (c->rows == NULL) {
        ov_complain(
                "rules", "no memory for what %llu rules cost", (unsigned long long)c->rule_count);
        return OV_EXIT_ERROR;
    }
    for (uint64_t i = 0; i < c->rule_count; i++) {
        c->rows[i].rule = (uint32_t)i;
    }
    if (!count(c) || !tell(c) || c->failed) {
        return OV_EXIT_ERROR;
    }
    return c->incomplete ? OV_EXIT_INCOMPLETE : OV_EXIT_CLEAN;
}

int ov_rules_cost(int argc, char **argv)
{
    struct command c = { .top = TOP_DEFAULT };
    int code;

    optind = 1;
    ov_out_init(&c.out, STDOUT_FILENO);
    code = read_options(&c, argc, argv);
    if (code < 0) {
        code = run(&c);
    }
    if (!ov_out_finish(&c.out)) {
        code = OV_EXIT_ERROR;
    }
    ov_out_done(&c.out);
    ov_ruleset_done(&c.ruleset);
    free(c.rows);
    free(c.warnings);
    ov_words_done(&c.rules);
    ov_words_done(&c.files);
    ov_words_done(&c.weaker);
    return code;
}
