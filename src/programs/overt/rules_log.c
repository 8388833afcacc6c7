/* SPDX-License-Identifier: Apache-2.0 */
/* rules_log.c - `overt rules status|diff|rollback|accept`: what stands about the log's rules in the
 * state folder, and the two decisions that are a person's. */
#include "programs/overt/rules_log.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/defence.h"
#include "base/text.h"
#include "programs/overt/commands.h"
#include "programs/overt/out.h"
#include "trust/line.h"

#define HELD_BYTES_MAX (16u * OV_MIB)

static const char usage[] =
        "usage: overt rules status [--state FOLDER] [--policy FILE]\n"
        "       overt rules diff [--state FOLDER]\n"
        "       overt rules accept INDEX... [--state FOLDER]\n"
        "       overt rules rollback [--state FOLDER]\n"
        "\n"
        "  status    the log, its freshness; what is held, pending, revoked, suppressed\n"
        "  diff      entries in force in the active set and not in the previous, and back\n"
        "  accept    entries that were held may come into force, with the next update\n"
        "  rollback  back to the previous set, until the log says something new\n"
        "\n"
        "      --state FOLDER         where rules are kept (/var/lib/overt)\n"
        "      --policy FILE          how old rules may be (/etc/overt/policy)\n"
        "\n"
        "Exit: 0, 4 the rules are STALE (status), 2 an error.\n";

struct command {
    struct ov_store store;
    struct ov_out out;
    const char *state, *policy;
    struct ov_words words;
};

static void put_line(struct ov_buf *out, const char *before, struct ov_bytes text)
{
    ov_buf_put_text(out, before);
    ov_text_escape(out, text);
    ov_buf_put_u8(out, '\n');
}

int ov_put_freshness(struct ov_buf *out, const struct ov_settings *settings, uint64_t time)
{
    const uint64_t now = ov_now(), stale = settings->stale_seconds;

    if (!OV_DEFENDED(freshness)) {
        return OV_EXIT_CLEAN;
    }
    if (now + 600 < time) { /* ten minutes are no news */
        ov_buf_put_text(out, "CLOCK: this machine's clock is behind the witnesses'; freshness "
                             "cannot be told\n");
        return OV_EXIT_STALE;
    }
    if (now > time && now - time > stale) {
        ov_buf_printf(out,
                "STALE: no witness vouched for these rules for %" PRIu64 " hours; they still "
                "scan\n",
                (now - time) / 3600);
        return OV_EXIT_STALE;
    }
    return OV_EXIT_CLEAN;
}

/* --- status --------------------------------------------------------------------------------- */

static void put_held(struct command *c)
{
    struct ov_buf text;
    struct ov_lines lines;
    struct ov_bytes line;

    ov_buf_init(&text, HELD_BYTES_MAX);
    if (ov_file_read(c->store.fd, "active/held", HELD_BYTES_MAX - 1u, &text, NULL) == OVERT_OK) {
        lines = ov_lines_on(ov_buf_bytes(&text));
        while (ov_lines_next(&lines, &line)) {
            put_line(&c->out.buf, "held: entry ", line);
        }
    }
    ov_buf_done(&text);
}

static int status(struct command *c)
{
    struct ov_origins origins;
    struct ov_lines lines;
    struct ov_bytes line, rest, all;
    int code;

    if (!ov_store_policy(&c->store, c->policy)) {
        return OV_EXIT_ERROR;
    }
    if (!ov_store_origins(&c->store, "active", &origins)) {
        ov_complain("rules", "%s: no rules of a log are active here (overt update)", c->state);
        return OV_EXIT_ERROR;
    }
    ov_buf_put_text(&c->out.buf, "log: ");
    ov_text_escape(&c->out.buf, origins.origin);
    ov_buf_printf(
            &c->out.buf, ", %" PRIu64 " entries, %u witnesses, ", origins.size, origins.witnesses);
    ov_put_time(&c->out.buf, origins.time);
    ov_buf_put_u8(&c->out.buf, '\n');
    all = ov_buf_bytes(&origins.text);
    lines = ov_lines_on(ov_text_cut(all, origins.rest, ov_bytes_len(all) - origins.rest));
    while (ov_lines_next(&lines, &line)) {
        if (!ov_text_after(line, "file ", &rest)) { /* dozens, for `overt verify-self` */
            put_line(&c->out.buf, "", line);
        }
    }
    put_held(c);
    code = ov_put_freshness(&c->out.buf, &c->store.settings, origins.time);
    ov_origins_done(&origins);
    return code;
}

/* --- diff ----------------------------------------------------------------------------------- */

struct entries {
    size_t count;
    uint64_t *at; /* owned; ascending, each once */
};

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The entries that a database's rules are from. */
static bool read_entries(overt_db *db, struct entries *out)
{
    const uint64_t count = overt_db_rule_count(db) + overt_db_hash_count(db);
    size_t kept = 0;

    *out = (struct entries){ .at = calloc(count == 0 ? 1 : (size_t)count, sizeof(uint64_t)) };
    for (uint64_t i = 0; out->at != NULL && i < count; i++) {
        overt_error err = OVERT_ERROR_INIT;
        struct ov_bytes rest, number, name;
        overt_rule rule;

        if (overt_db_rule(db, i, &rule, &err) != OVERT_OK
                || !ov_text_after(rule.is_hash ? ov_bytes_of(rule.name.bytes, rule.name.len)
                                               : ov_bytes_of(rule.space.bytes, rule.space.len),
                        "log:", &rest)) {
            continue;
        }
        if (!ov_text_split(rest, ':', &number, &name)) {
            number = rest;
        }
        if (ov_decimal_read(number, &out->at[out->count]) == NULL) {
            out->count++;
        }
    }
    if (out->at == NULL) {
        return false;
    }
    qsort(out->at, out->count, sizeof(out->at[0]), compare);
    for (size_t i = 0; i < out->count; i++) {
        if (kept == 0 || out->at[kept - 1] != out->at[i]) {
            out->at[kept++] = out->at[i];
        }
    }
    out->count = kept;
    return true;
}

static bool open_set(struct command *c, const char *set, struct entries *out)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_db *db = NULL;
    char path[4200];
    bool good;

    (void)snprintf(path, sizeof(path), "%s/%s/rules.ovdb", c->state, set);
    good = overt_db_open(&db, path, &err) == OVERT_OK;
    if (!good) {
        ov_complain_error("rules", &err);
    } else if (!read_entries(db, out)) {
        ov_complain("rules", "no memory");
        good = false;
    }
    overt_db_free(db);
    return good;
}

static int diff(struct command *c)
{
    struct entries before = { .count = 0 }, now = { .count = 0 };
    int code = OV_EXIT_ERROR;

    if (open_set(c, "previous", &before) && open_set(c, "active", &now)) {
        size_t i = 0, k = 0;

        while (i < before.count || k < now.count) {
            if (k == now.count || (i < before.count && before.at[i] < now.at[k])) {
                ov_buf_printf(&c->out.buf, "- entry %" PRIu64 "\n", before.at[i++]);
            } else if (i == before.count || now.at[k] < before.at[i]) {
                ov_buf_printf(&c->out.buf, "+ entry %" PRIu64 "\n", now.at[k++]);
            } else {
                i++;
                k++;
            }
        }
        code = OV_EXIT_CLEAN;
    }
    free(before.at);
    free(now.at);
    return code;
}

/* --- decisions ------------------------------------------------------------------------------ */

static int rollback(struct command *c)
{
    overt_error err = OVERT_ERROR_INIT;

    if (ov_roll_back(&c->store, &err) != OVERT_OK) {
        ov_complain_error("rules", &err);
        return OV_EXIT_ERROR;
    }
    ov_buf_put_text(&c->out.buf, "the previous rules are active again\n");
    return ov_record_decision(&c->store, "rollback", NULL, 0) ? OV_EXIT_CLEAN : OV_EXIT_ERROR;
}

static int accept_entries(struct command *c)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf text;
    overt_status result;

    ov_buf_init(&text, HELD_BYTES_MAX);
    result = ov_file_read(c->store.fd, "accepted", HELD_BYTES_MAX / 2u, &text, &err);
    if (result != OVERT_OK && err.sys_errno == ENOENT) {
        result = OVERT_OK;
    }
    for (size_t i = 0; result == OVERT_OK && i < c->words.count; i++) {
        const char *why;
        uint64_t index = 0;

        why = ov_decimal_read(ov_bytes_of(c->words.at[i], strlen(c->words.at[i])), &index);
        if (why != NULL) {
            result = ov_fail(&err, OVERT_E_ARGUMENT, UINT64_MAX, "%.40s: %s", c->words.at[i], why);
        }
        ov_buf_printf(&text, "%" PRIu64 "\n", index);
    }
    if (result == OVERT_OK && c->words.count == 0) {
        result = ov_fail(&err, OVERT_E_ARGUMENT, UINT64_MAX, "accept: no entry was named");
    }
    if (result == OVERT_OK) {
        result = ov_file_replace(c->store.fd, "accepted", ov_buf_bytes(&text), 0644, &err);
    }
    ov_buf_done(&text);
    if (result != OVERT_OK) {
        ov_complain_error("rules", &err);
        return OV_EXIT_ERROR;
    }
    return ov_record_decision(&c->store, "accept", c->words.at, c->words.count) ? OV_EXIT_CLEAN
                                                                                : OV_EXIT_ERROR;
}

static const struct {
    const char *name;
    bool writes;
    int (*run)(struct command *c);
} verbs[] = {
    { "status", false, status },
    { "diff", false, diff },
    { "rollback", true, rollback },
    { "accept", true, accept_entries },
};

static bool read_options(struct command *c, int argc, char **argv)
{
    static const struct option options[] = {
        { "state", required_argument, NULL, 's' },
        { "policy", required_argument, NULL, 'p' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 's') {
            c->state = optarg;
        } else if (option == 'p') {
            c->policy = optarg;
        } else {
            return false; /* getopt_long has said what is wrong */
        }
    }
    for (; optind < argc; optind++) {
        if (!ov_words_add(&c->words, argv[optind])) {
            return false;
        }
    }
    return true;
}

bool ov_rules_log_is(const char *verb)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verb, verbs[i].name) == 0) {
            return true;
        }
    }
    return false;
}

int ov_rules_log(int argc, char **argv)
{
    struct command *c = calloc(1, sizeof(*c));
    int code = OV_EXIT_ERROR;

    if (c == NULL) {
        ov_complain("rules", "no memory");
        return code;
    }
    c->state = OV_STATE_DEFAULT;
    c->policy = OV_POLICY_DEFAULT;
    c->store.fd = -1;
    ov_out_init(&c->out, STDOUT_FILENO);
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        ov_buf_put_text(&c->out.buf, usage);
        code = OV_EXIT_CLEAN;
    } else if (read_options(c, argc, argv)) {
        for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
            if (strcmp(argv[0], verbs[i].name) == 0
                    && ov_store_open(&c->store, "rules", c->state, verbs[i].writes)) {
                code = verbs[i].run(c);
            }
        }
    }
    if (!ov_out_finish(&c->out)) {
        code = OV_EXIT_ERROR;
    }
    ov_out_done(&c->out);
    ov_store_close(&c->store);
    ov_words_done(&c->words);
    free(c);
    return code;
}
