/* SPDX-License-Identifier: Apache-2.0 */
/* clamscan.c - `overt clamscan`: many files under way at once, their lines in the order of the walk. */
#include "programs/overt/clamscan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "programs/overt/commands.h"
#include "programs/overt/out.h"

/* Files that wait for their line: as many as are under way, and those behind a slow one. */
#define WAITING_MAX 512u

struct waiting {
    char *path;           /* owned */
    overt_report *report; /* owned; NULL: not there yet */
};

struct lines {
    overt_scanner *scanner; /* owned */
    struct waiting ring[WAITING_MAX];
    uint64_t first; /* token of the oldest that waits */
    uint64_t next;
};

static void tell_ready(struct clamscan *c, struct lines *lines)
{
    while (lines->first < lines->next) {
        struct waiting *w = &lines->ring[lines->first % WAITING_MAX];

        if (w->report == NULL) {
            return;
        }
        clamscan_tell(c, w->path, w->report);
        overt_report_free(w->report);
        free(w->path);
        *w = (struct waiting){ .path = NULL };
        lines->first++;
    }
}

/* Takes in one report. False: none came, and none will. */
static bool collect(struct clamscan *c, struct lines *lines)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_report *report = NULL;

    if (overt_collect(lines->scanner, -1, &report, &err) != OVERT_OK) {
        clamscan_error(c, "%s", err.message);
        c->counts.errors++;
        return false;
    }
    if (report == NULL) {
        return false;
    }
    lines->ring[overt_report_token(report) % WAITING_MAX].report = report;
    tell_ready(c, lines);
    return true;
}

/* Larger than what clamscan was told to look at: said, and not a word of OK without it. */
static bool is_too_large(struct clamscan *c, const char *path, int fd)
{
    const uint64_t most = c->options.file_bytes_max;
    struct stat st;

    if (most == 0 || fstat(fd, &st) != 0 || (uint64_t)st.st_size <= most) {
        return false;
    }
    c->counts.files++;
    if (c->options.alert_exceeds) {
        c->counts.infected++;
        clamscan_say(c, "%s: Heuristics.Limits.Exceeded.MaxFileSize FOUND", path);
        return true;
    }
    if (!c->options.infected_only && !c->options.suppress_ok) {
        clamscan_say(c, "%s: OK", path);
    }
    c->counts.incomplete++;
    clamscan_warn(c, "%s: not looked at: larger than --max-filesize", path);
    return true;
}

static void submit(struct clamscan *c, void *payload, const char *path, int fd)
{
    struct lines *lines = payload;
    struct waiting *w = &lines->ring[lines->next % WAITING_MAX];
    overt_error err = OVERT_ERROR_INIT;
    overt_status status;

    if (is_too_large(c, path, fd)) {
        (void)close(fd);
        return;
    }
    if (c->options.verbose) {
        clamscan_say(c, "Scanning %s", path);
    }
    while (lines->next - lines->first >= WAITING_MAX && collect(c, lines)) {
        /* until there is a place */
    }
    w->path = strdup(path);
    if (w->path == NULL) {
        clamscan_error(c, "no memory for a name");
        c->counts.errors++;
        (void)close(fd);
        return;
    }
    while ((status = overt_submit(lines->scanner, fd, path, lines->next, &err)) == OVERT_E_BUSY) {
        if (!collect(c, lines)) {
            break;
        }
    }
    if (status != OVERT_OK) {
        clamscan_say(c, "%s: %s ERROR", path, err.message);
        c->counts.errors++;
        free(w->path);
        w->path = NULL;
        (void)close(fd);
        return;
    }
    lines->next++;
}

static int64_t now_ms(clockid_t clock)
{
    struct timespec now = { .tv_sec = 0 };

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool scan(struct clamscan *c)
{
    static struct lines lines;
    overt_options options = OVERT_OPTIONS_INIT;
    overt_error err = OVERT_ERROR_INIT;

    if (!c->options.scan_archive) {
        options.profile = OVERT_PROFILE_EXPLAIN;
        options.look = OVERT_LOOK_RAW | OVERT_LOOK_NO_STRINGS;
    } else if (c->options.alert_encrypted || c->options.alert_encrypted_archive
               || c->options.alert_encrypted_document || c->options.archive_verbose
               || c->options.gen_json) {
        /* the types and names of objects are told in this profile alone */
        options.profile = OVERT_PROFILE_EXPLAIN;
        options.look = OVERT_LOOK_NO_STRINGS;
    }
    options.look |= c->options.gen_json ? OVERT_LOOK_OBJECTS : 0u;
    options.bulk = options.profile != OVERT_PROFILE_EXPLAIN;
    if (overt_scanner_new(&lines.scanner, c->db, &c->options.limits, &options, &err) != OVERT_OK) {
        clamscan_error(c, "%s", err.message);
        return false;
    }
    clamscan_files(c, submit, &lines);
    while (lines.first < lines.next && collect(c, &lines)) {
        /* until all have their line */
    }
    overt_scanner_free(lines.scanner);
    return lines.first == lines.next;
}

static bool prepare(struct clamscan *c)
{
    if (c->options.log != NULL) {
        c->log = fopen(c->options.log, "ae");
        if (c->log == NULL) {
            clamscan_error(c, "Can't open %s: %s", c->options.log, strerrordesc_np(errno));
            return false;
        }
        (void)fprintf(c->log, "\n%.79s\n\n",
                "-------------------------------------------------------------------------------");
    }
    if (c->options.move_to != NULL) {
        auto_free char *folder = realpath(c->options.move_to, NULL);

        if (folder == NULL || access(folder, W_OK | X_OK) != 0) {
            clamscan_error(c, "%s: %s", c->options.move_to, strerrordesc_np(errno));
            return false;
        }
    }
    return clamscan_rules_open(c);
}

static int run(struct clamscan *c)
{
    const int64_t begun = now_ms(CLOCK_REALTIME) / 1000, from = now_ms(CLOCK_MONOTONIC);
    const bool good = prepare(c) && scan(c);

    if (!c->options.no_summary && !c->options.quiet) {
        clamscan_summary(c, begun, (uint64_t)(now_ms(CLOCK_MONOTONIC) - from));
    }
    if (fflush(stdout) != 0) {
        clamscan_error(c, "standard output: %s", strerrordesc_np(errno));
        return CLAMSCAN_EXIT_ERROR;
    }
    return !good                     ? CLAMSCAN_EXIT_ERROR
           : c->counts.infected != 0 ? CLAMSCAN_EXIT_FOUND
           : c->counts.errors != 0   ? CLAMSCAN_EXIT_ERROR
                                     : CLAMSCAN_EXIT_CLEAN;
}

int cmd_clamscan(int argc, char **argv)
{
    struct clamscan c = { .log = NULL };
    int code = CLAMSCAN_EXIT_ERROR;

    if (!clamscan_options_read(&c.options, argc, argv)) {
        clamscan_options_done(&c.options);
        return CLAMSCAN_EXIT_ERROR;
    }
    if (c.options.help) {
        clamscan_help(stdout);
        code = CLAMSCAN_EXIT_CLEAN;
    } else if (c.options.version) {
        (void)printf("ClamAV " CLAMSCAN_VERSION " (overt %s)\n", OV_VERSION);
        code = CLAMSCAN_EXIT_CLEAN;
    } else {
        code = run(&c);
    }
    overt_db_free(c.db);
    if (c.log != NULL && fclose(c.log) != 0) {
        (void)fprintf(stderr, "ERROR: %s: %s\n", c.options.log, strerrordesc_np(errno));
        code = CLAMSCAN_EXIT_ERROR;
    }
    clamscan_options_done(&c.options);
    return code;
}
