/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - `overt status`: is the daemon well, and if not, what is to be done? It reads the file
 * that overtd writes. Whoever may replace that file may say anything here: it is read as foreign
 * bytes, and nothing but a report is made of it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/text.h"
#include "programs/overt/commands.h"
#include "programs/overt/out.h"

#define STATUS_FILE      "/run/overt/status.json"
#define STATUS_BYTES_MAX (64u * 1024u)
#define STATUS_VERSION   1
#define STALE_S          60 /* it is written every 10 s */
#define RULES_OLD_S      (7 * 86400)
#define PROBLEMS_MAX     16u
#define PROBLEM_BYTES    256u

static const char help[] =
        "usage: overt status [OPTION...]\n"
        "\n"
        "Is the daemon well, and if not, what is to be done? Reads what overtd writes\n"
        "(StatusFile of overtd.conf); asks nobody, so any user may.\n"
        "\n"
        "  --file FILE             instead of " STATUS_FILE "\n"
        "  --json                  one JSON object: what overtd wrote, and the problems\n"
        "  --help                  this text\n"
        "\n"
        "Exit status: 0 all is well; 1 something is wrong, and the last lines say what;\n"
        "2 the status could not be read.\n";

struct problems {
    char at[PROBLEMS_MAX][PROBLEM_BYTES];
    size_t count;
};

static void OV_PRINTF(2, 3) add(struct problems *problems, const char *fmt, ...)
{
    va_list args;

    if (problems->count < PROBLEMS_MAX) {
        va_start(args, fmt);
        (void)vsnprintf(problems->at[problems->count++], PROBLEM_BYTES, fmt, args);
        va_end(args);
    }
}

/* --- reading -------------------------------------------------------------------------------- */

/* How much of the file was read; -1: errno, with EFBIG for one that cannot be ours. */
static ssize_t read_file(const char *path, char *room, size_t size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t len = 0;
    ssize_t n = -1;

    while (fd >= 0 && len < size && (n = read(fd, room + len, size - len)) > 0) {
        len += (size_t)n;
    }
    if (fd >= 0) {
        const int bad = errno;

        (void)close(fd);
        errno = bad;
    }
    if (n < 0) {
        return -1;
    }
    if (len == size) {
        errno = EFBIG;
        return -1;
    }
    return (ssize_t)len;
}

/* A number that is not there, or negative, is 0. */
static uint64_t number(const json_t *status, const char *key)
{
    const json_int_t value = json_integer_value(json_object_get(status, key));

    return value < 0 ? 0 : (uint64_t)value;
}

static const char *text(const json_t *status, const char *key)
{
    const char *value = json_string_value(json_object_get(status, key));

    return value == NULL ? "" : value;
}

/* --- judging -------------------------------------------------------------------------------- */

static bool process_lives(uint64_t pid)
{
    return pid > 0 && pid <= INT32_MAX && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

static void judge(const json_t *status, uint64_t now_s, struct problems *problems)
{
    const uint64_t written_s = number(status, "written_s");
    const uint64_t since_s = number(status, "rules_since_s");

    if (strcmp(text(status, "state"), "running") != 0) {
        add(problems, "overtd was ended: systemctl start overtd");
        return;
    }
    if (!process_lives(number(status, "pid"))) {
        add(problems, "overtd is gone without an end: see journalctl -u overtd, then systemctl "
                      "restart overtd");
        return;
    }
    if (now_s > written_s + STALE_S) {
        add(problems,
                "overtd has said nothing for %" PRIu64 " s: see journalctl -u overtd, then "
                "systemctl restart overtd",
                now_s - written_s);
    }
    if (number(status, "rules") == 0) {
        add(problems, "there are no rules in force: overt update, or Rules in overtd.conf");
    } else if (since_s != 0 && now_s > since_s + RULES_OLD_S) {
        add(problems, "the rules are in force since %" PRIu64 " days: overt update",
                (now_s - since_s) / 86400u);
    }
    if (number(status, "reloads_failed") > 0) {
        add(problems,
                "rules were refused %" PRIu64 " times, the old ones stay: see journalctl -u "
                "overtd for why",
                number(status, "reloads_failed"));
    }
    if (json_array_size(json_object_get(status, "jail_without")) > 0) {
        add(problems, "the jail does without layers (AcceptWeakerJail): overt prove shows what "
                      "that opens");
    }
    if (number(status, "late") > 0) {
        add(problems,
                "%" PRIu64 " opens were answered without a verdict: raise OnAccessDeadline, "
                "or watch less",
                number(status, "late"));
    }
    if (number(status, "guard_deaths") > 0) {
        add(problems, "the guard had to be replaced %" PRIu64 " times: see journalctl -u overtd",
                number(status, "guard_deaths"));
    }
}

/* --- telling -------------------------------------------------------------------------------- */

static void put_escaped(struct ov_buf *out, const char *value)
{
    ov_text_escape(out, ov_bytes_of(value, strlen(value)));
}

static void put_since(struct ov_buf *out, uint64_t seconds)
{
    if (seconds < 120) {
        ov_buf_printf(out, "%" PRIu64 " s", seconds);
    } else if (seconds < 7200) {
        ov_buf_printf(out, "%" PRIu64 " min", seconds / 60);
    } else if (seconds < 172800) {
        ov_buf_printf(out, "%" PRIu64 " h", seconds / 3600);
    } else {
        ov_buf_printf(out, "%" PRIu64 " days", seconds / 86400);
    }
}

static void put_words(struct ov_buf *out, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));

        ov_buf_put_text(out, i == 0 ? "" : ", ");
        put_escaped(out, word == NULL ? "" : word);
    }
}

static uint64_t before(uint64_t now_s, uint64_t then_s)
{
    return now_s > then_s ? now_s - then_s : 0;
}

static void put_access(struct ov_buf *out, const json_t *status)
{
    const json_t *modes = json_object_get(status, "access_modes");

    ov_buf_put_text(out, "on access   ");
    if (json_array_size(modes) == 0) {
        ov_buf_put_text(out, "not watched\n");
        return;
    }
    put_words(out, modes);
    ov_buf_put_text(out, " below ");
    put_words(out, json_object_get(status, "access_paths"));
    ov_buf_printf(out, "; %s; %" PRIu64 " asked, %" PRIu64 " refused\n",
            json_is_true(json_object_get(status, "access_prevents"))
                    ? "refuses what a rule holds for"
                    : "detects only",
            number(status, "accesses"), number(status, "denied"));
}

static void put_people(
        struct ov_buf *out, const json_t *status, uint64_t now_s, const struct problems *problems)
{
    const bool runs = strcmp(text(status, "state"), "running") == 0;

    ov_buf_printf(out, "overtd      %s, process %" PRIu64 ", up ", runs ? "running" : "ended",
            number(status, "pid"));
    put_since(out, number(status, "running_s"));
    ov_buf_put_text(out, "; said ");
    put_since(out, before(now_s, number(status, "written_s")));
    ov_buf_put_text(out, " ago\nrules       ");
    put_escaped(out, text(status, "rules_name"));
    ov_buf_printf(out, ", %" PRIu64 ", ", number(status, "rules"));
    put_escaped(out, text(status, "rules_digest"));
    ov_buf_put_text(out, ", in force for ");
    put_since(out, before(now_s, number(status, "rules_since_s")));
    ov_buf_put_text(out, "\njail        ");
    put_escaped(out, text(status, "jail"));
    ov_buf_put_text(out, "\n");
    put_access(out, status);
    ov_buf_printf(out,
            "files       %" PRIu64 " looked at, %" PRIu64 " detected, %" PRIu64
            " incomplete, %" PRIu64 " failed\n",
            number(status, "files"), number(status, "detected"), number(status, "incomplete"),
            number(status, "failed"));
    if (number(status, "found_s") != 0) {
        ov_buf_put_text(out, "last found  ");
        put_escaped(out, text(status, "found_name"));
        ov_buf_put_text(out, ": ");
        put_escaped(out, text(status, "found_rule"));
        ov_buf_put_text(out, ", ");
        put_since(out, before(now_s, number(status, "found_s")));
        ov_buf_put_text(out, " ago\n");
    }
    for (size_t i = 0; i < problems->count; i++) {
        ov_buf_printf(out, "WRONG       %s\n", problems->at[i]);
    }
}

/* False: no memory. */
static bool put_json(struct ov_buf *out, json_t *status, const struct problems *problems)
{
    json_t *list = json_array();
    char *line;

    for (size_t i = 0; i < problems->count; i++) {
        (void)json_array_append_new(list, json_string(problems->at[i]));
    }
    if (json_object_set_new(status, "problems", list) != 0
            || (line = json_dumps(status, JSON_COMPACT)) == NULL) {
        return false;
    }
    ov_buf_printf(out, "%s\n", line);
    free(line);
    return true;
}

static int tell(json_t *status, bool as_json)
{
    const uint64_t now_s = (uint64_t)time(NULL);
    struct problems problems = { .count = 0 };
    struct ov_out out;
    bool good = true;

    judge(status, now_s, &problems);
    ov_out_init(&out, STDOUT_FILENO);
    if (as_json) {
        good = put_json(&out.buf, status, &problems);
    } else {
        put_people(&out.buf, status, now_s, &problems);
    }
    if (!good) {
        ov_complain("status", "no memory");
    }
    good = ov_out_finish(&out) && good;
    ov_out_done(&out);
    return !good ? OV_EXIT_ERROR : problems.count > 0 ? OV_EXIT_DETECTED : OV_EXIT_CLEAN;
}

int cmd_status(int argc, char **argv)
{
    static const struct option options[] = { { "file", required_argument, NULL, 'f' },
        { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 } };
    const char *path = STATUS_FILE;
    bool as_json = false;
    char room[STATUS_BYTES_MAX];
    json_error_t bad;
    json_t *status;
    ssize_t len;
    int option, code;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            (void)fputs(help, stdout);
            return OV_EXIT_CLEAN;
        }
        if (option == '?') {
            return OV_EXIT_ERROR;
        }
        path = option == 'f' ? optarg : path;
        as_json = as_json || option == 'j';
    }
    if (optind != argc) {
        ov_complain("status", "'%s' is not understood", argv[optind]);
        return OV_EXIT_ERROR;
    }
    len = read_file(path, room, sizeof(room));
    if (len < 0) {
        ov_complain("status", "%s: %s%s", path, strerror(errno),
                errno == ENOENT
                        ? "; is overtd running, with this StatusFile? systemctl status overtd"
                        : "");
        return OV_EXIT_ERROR;
    }
    status = json_loadb(room, (size_t)len, JSON_REJECT_DUPLICATES, &bad);
    if (!json_is_object(status) || number(status, "version") != STATUS_VERSION) {
        ov_complain("status", "%s: not a status of this version: %s", path,
                status == NULL ? bad.text : "other fields");
        json_decref(status);
        return OV_EXIT_ERROR;
    }
    code = tell(status, as_json);
    json_decref(status);
    return code;
}
