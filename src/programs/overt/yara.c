/* SPDX-License-Identifier: Apache-2.0 */
/* yara.c - `overt yara`: the command line of yara 4.5. Rules are compiled and files looked at in
 * jails; here files are opened, and what comes back is printed as yara prints it. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/limits.h"
#include "facts/schema.h"
#include "programs/overt/commands.h"
#include "programs/overt/ledgers.h"
#include "programs/overt/yara_modules.h"
#include "programs/overt/yara_print.h"
#include "programs/overt/yara_process.h"
#include "programs/overt/yara_rules.h"
#include "programs/overt/yara_walk.h"

#define THREADS_MAX       32
#define ANSWER_BYTES_MAX  (64u * (uint64_t)OV_MIB)
#define TIMEOUT_SECONDS   (24 * 3600)
#define STEPS_WITHOUT_END (UINT64_MAX / 4)
#define BYTES_WITHOUT_END (UINT64_MAX / 4)

static const char *const usage_line =
        "Usage: yara [OPTION]... [NAMESPACE:]RULES_FILE... FILE | DIR | PID";

struct scan {
    const struct ov_yr_settings *settings;
    const struct ov_yr_values *values;
    overt_db *db;
    overt_scanner *scanner; /* owned */
    struct ov_out out;
    bool many;      /* a folder or a list: errors do not end it, counts have names */
    bool failed;    /* the exit code */
    uint64_t total; /* rules that held so far */
    time_t deadline;
    int64_t time; /* what time.now() gives, for every file of this run */
};

/* --- what comes back --------------------------------------------------------------------------- */

static void put_gaps(struct scan *scan, const overt_report *report)
{
    for (size_t i = 0; i < overt_report_gap_count(report); i++) {
        const overt_gap *gap = overt_report_gap(report, i);

        if (strcmp(gap->reason, "matches") == 0) {
            if (!scan->settings->no_warnings) {
                (void)fprintf(stderr,
                        "warning: %s: too many matches of a string, results may be incorrect\n",
                        overt_report_name(report));
                scan->failed |= scan->settings->fail_on_warnings;
            }
            continue;
        }
        scan->failed = true;
        if (strcmp(gap->reason, "time") == 0) {
            (void)fprintf(
                    stderr, "error scanning %s: scanning timed out\n", overt_report_name(report));
            continue;
        }
        (void)fprintf(stderr, "error scanning %s: %s%s%.*s\n", overt_report_name(report), gap->text,
                gap->detail.len != 0 ? ": " : "", (int)gap->detail.len, gap->detail.bytes);
    }
}

/* What somebody else would have to hand over too, to get the same answers. What stands on the command
 * line (-d) is known to who wrote it. */
static void put_used(struct scan *scan, const overt_report *report)
{
    const uint32_t used =
            overt_report_used(report) & ~(scan->settings->file_variables ? 0u : OVERT_USED_VALUES);

    if (used == 0 || scan->settings->no_warnings) {
        return;
    }
    ov_out_flush(&scan->out);
    (void)fprintf(stderr, "note: %s: rules asked for", overt_report_name(report));
    if ((used & OVERT_USED_TIME) != 0) {
        (void)fprintf(stderr, " the time (%lld)", (long long)scan->time);
    }
    if ((used & OVERT_USED_VALUES) != 0) {
        (void)fprintf(
                stderr, "%s the file's name and owner", (used & OVERT_USED_TIME) != 0 ? "," : "");
    }
    if ((used & OVERT_USED_MODULES) != 0) {
        (void)fprintf(stderr, "%s data for modules", used != OVERT_USED_MODULES ? "," : "");
    }
    (void)fputc('\n', stderr);
}

static void print_report(struct scan *scan, overt_report *report)
{
    const uint64_t count = ov_yr_print(&scan->out, scan->settings, scan->db, report, &scan->total);
    const bool whole = overt_report_gap_count(report) == 0;

    if (scan->settings->count && scan->many) {
        ov_buf_printf(
                &scan->out.buf, "%s: %llu\n", overt_report_name(report), (unsigned long long)count);
    } else if (scan->settings->count && whole) {
        ov_buf_printf(&scan->out.buf, "%llu\n", (unsigned long long)count);
    }
    if (!whole) {
        ov_out_flush(&scan->out); /* both may go to one terminal */
        put_gaps(scan, report);
    }
    put_used(scan, report);
    ov_out_spill(&scan->out);
    overt_report_free(report);
}

static bool complain(const overt_error *err)
{
    (void)fprintf(stderr, "error: %s\n", err->message);
    return false;
}

/* Takes in what is there. `wait`: at least one report. False: no worker can be had. */
static bool collect(struct scan *scan, bool wait)
{
    overt_error err = OVERT_ERROR_INIT;

    while (overt_pending(scan->scanner) != 0) {
        overt_report *report = NULL;

        if (overt_collect(scan->scanner, wait ? -1 : 0, &report, &err) != OVERT_OK) {
            scan->failed = true;
            return complain(&err);
        }
        if (report != NULL) {
            print_report(scan, report);
            wait = false;
        } else if (!wait) {
            break;
        }
    }
    return true;
}

/* --- what goes in ------------------------------------------------------------------------------ */

#define VALUES_MAX (33u + OV_YARA_FILE_VARIABLES)

/* Values for one file: those from the command line where the database was compiled without them,
 * and, if wanted, what is known of the file from outside. */
struct file_values {
    overt_value at[VALUES_MAX];
    size_t count;
    char owner[64];
};

static overt_text text_of(const char *bytes, size_t len)
{
    return (overt_text){ .bytes = bytes, .len = len };
}

static void add_text(
        const struct scan *scan, struct file_values *values, const char *name, overt_text text)
{
    for (uint64_t i = 0; i < overt_db_external_count(scan->db); i++) {
        overt_error err = OVERT_ERROR_INIT;
        overt_value has;

        if (overt_db_external(scan->db, i, &has, &err) == OVERT_OK && has.kind == OVERT_VALUE_TEXT
                && has.name.len == strlen(name)
                && memcmp(has.name.bytes, name, has.name.len) == 0) {
            has.text = text;
            values->at[values->count++] = has;
        }
    }
}

/* As rule sets for incident response expect them: the last part of the path, the folder, the end
 * behind the last dot with that dot, and the user's name. What kind of file it is the worker says
 * better than a name could; nothing of it is known here, so `filetype` stays empty. */
static void add_file_variables(
        const struct scan *scan, struct file_values *values, const char *path, int fd)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    const struct passwd *user = NULL;
    struct stat st;

    if (fstat(fd, &st) == 0) {
        user = getpwuid(st.st_uid);
    }
    (void)snprintf(values->owner, sizeof(values->owner), "%s", user == NULL ? "" : user->pw_name);
    add_text(scan, values, "filename", text_of(name, strlen(name)));
    add_text(scan, values, "filepath", text_of(path, slash == NULL ? 0 : (size_t)(slash - path)));
    add_text(scan, values, "extension", dot == NULL ? text_of("", 0) : text_of(dot, strlen(dot)));
    add_text(scan, values, "owner", text_of(values->owner, strlen(values->owner)));
}

static void fill_values(
        const struct scan *scan, struct file_values *values, const char *path, int fd)
{
    values->count = 0;
    values->at[values->count++] = (overt_value){
        .name = text_of(OVERT_TIME_NAME, strlen(OVERT_TIME_NAME)),
        .kind = OVERT_VALUE_INTEGER,
        .integer = scan->time,
    };
    if (scan->settings->file_variables) {
        add_file_variables(scan, values, path, fd);
    }
    for (size_t i = 0; scan->settings->compiled && i < scan->values->count && i < 32u; i++) {
        values->at[values->count++] = scan->values->at[i];
    }
}

/* Takes `fd`. False: no worker can be had. */
static bool submit(
        struct scan *scan, int fd, const char *path, const struct ov_process_memory *memory)
{
    struct file_values values;

    fill_values(scan, &values, path, fd);
    for (;;) {
        overt_error err = OVERT_ERROR_INIT;
        const overt_status status =
                memory == NULL ? overt_submit_with(
                        scan->scanner, fd, path, 0, values.at, values.count, &err)
                               : overt_submit_regions(scan->scanner, fd, path, 0, memory->regions,
                                       memory->count, values.at, values.count, &err);

        if (status == OVERT_OK) {
            return collect(scan, false);
        }
        if (status != OVERT_E_BUSY) {
            (void)close(fd);
            scan->failed = true;
            return complain(&err);
        }
        if (!collect(scan, true)) {
            (void)close(fd);
            return false;
        }
    }
}

static bool scan_path(struct scan *scan, const char *path)
{
    const char *why;
    int fd = ov_yr_open(path, &why);

    while (fd < 0 && (errno == EMFILE || errno == ENFILE) && overt_pending(scan->scanner) != 0) {
        if (!collect(scan, true)) { /* each file under way is a descriptor */
            return false;
        }
        fd = ov_yr_open(path, &why);
    }
    if (fd >= 0) {
        return submit(scan, fd, path, NULL);
    }
    if (scan->settings->count && scan->many) {
        ov_buf_printf(&scan->out.buf, "%s: 0\n", path);
    }
    ov_out_flush(&scan->out);
    (void)fprintf(stderr, "error scanning %s: %s\n", path, why);
    scan->failed |= !scan->many;
    return true;
}

static bool is_over_time(struct scan *scan)
{
    struct timespec now = { .tv_sec = 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec < scan->deadline) {
        return false;
    }
    if (!scan->failed) {
        (void)fprintf(stderr, "error: scanning timed out\n");
    }
    scan->failed = true;
    return true;
}

static bool scan_folder(struct scan *scan, struct ov_yr_walk *walk, const char *folder)
{
    const char *path;

    ov_yr_walk_begin(walk, folder);
    while (!is_over_time(scan) && (path = ov_yr_walk_next(walk)) != NULL) {
        if (!scan_path(scan, path)) {
            return false;
        }
    }
    return true;
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool scan_list(struct scan *scan, struct ov_yr_walk *walk, const char *list)
{
    FILE *file = fopen(list, "re");
    char *line = NULL;
    size_t cap = 0;
    bool good = true;

    if (file == NULL) {
        (void)fprintf(stderr, "error: could not open file \"%s\".\n", list);
        scan->failed = true;
        return false;
    }
    for (ssize_t n; good && !is_over_time(scan) && (n = getline(&line, &cap, file)) != -1;) {
        if (n > 0 && line[n - 1] == '\n') {
            line[n - 1] = '\0';
        }
        good = is_folder(line) ? scan_folder(scan, walk, line) : scan_path(scan, line);
    }
    free(line);
    (void)fclose(file);
    return good;
}

static void scan_many(struct scan *scan, const char *target)
{
    const struct ov_yr_settings *s = scan->settings;
    const struct ov_yr_walk_options options = {
        .recursive = s->recursive, .no_links = s->no_links, .skip_larger = s->skip_larger
    };
    struct ov_yr_walk *walk = ov_yr_walk_new(&options);
    bool good;

    if (walk == NULL) {
        (void)fprintf(stderr, "not enough memory\n");
        scan->failed = true;
        return;
    }
    good = s->scan_list ? scan_list(scan, walk, target) : scan_folder(scan, walk, target);
    while (good && overt_pending(scan->scanner) != 0) {
        good = collect(scan, true);
    }
    scan->failed |= ov_yr_walk_problems(walk) != 0;
    ov_yr_walk_free(walk);
}

/* A target that is no file but all digits is a process. */
static bool is_process(const char *target, long *pid)
{
    char *end = NULL;

    errno = 0;
    *pid = strtol(target, &end, 10);
    return errno == 0 && *pid > 0 && *end == '\0' && access(target, R_OK) != 0;
}

static void scan_process(struct scan *scan, const char *target, long pid)
{
    const long chunk = scan->settings->process_chunk;
    struct ov_process_memory memory;

    if (!ov_process_memory_open(&memory, pid, chunk > 0 ? (uint64_t)chunk : 1073741824u)) {
        (void)fprintf(stderr,
                "error scanning %s: can not attach to process (try running as root)\n", target);
        scan->failed = true;
        return;
    }
    (void)submit(scan, ov_steal_fd(&memory.fd), target, &memory);
    ov_process_memory_done(&memory);
}

static void scan_one(struct scan *scan, const char *target)
{
    bool good;
    long pid;

    if (is_process(target, &pid)) {
        scan_process(scan, target, pid);
        good = true;
    } else {
        good = scan_path(scan, target);
    }
    while (good && overt_pending(scan->scanner) != 0) {
        good = collect(scan, true);
    }
}

/* --- the command ------------------------------------------------------------------------------- */

static uint32_t looks(const struct ov_yr_settings *s)
{
    const bool strings = (s->strings || s->length || s->xor_key) && !s->count;

    return OVERT_LOOK_RAW | (strings ? 0 : OVERT_LOOK_NO_STRINGS) | (s->fast ? OVERT_LOOK_FIRST : 0)
           | (strings && s->negate ? OVERT_LOOK_UNHELD : 0)
           | (s->module_data ? OVERT_LOOK_MODULES : 0);
}

static uint32_t workers(const struct ov_yr_settings *s, bool many)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (!many) {
        return 1;
    }
    if (!s->threads_given && processors > 0 && processors < s->threads) {
        return (uint32_t)processors;
    }
    return s->threads < 1 ? 1 : (uint32_t)s->threads;
}

static bool make_scanner(struct scan *scan)
{
    const struct ov_yr_settings *s = scan->settings;
    overt_options options = OVERT_OPTIONS_INIT;
    overt_limits limits = OVERT_LIMITS_INIT;
    overt_error err = OVERT_ERROR_INIT;
    const long seconds = s->timeout_s < 1                 ? 1
                         : s->timeout_s > TIMEOUT_SECONDS ? TIMEOUT_SECONDS
                                                          : s->timeout_s;

    limits.time_ms_max = (uint32_t)seconds * 1000u;
    limits.steps_max = STEPS_WITHOUT_END; /* yara has no such limit: time is the only one */
    limits.bytes_max = BYTES_WITHOUT_END;
    options.profile = OVERT_PROFILE_EXPLAIN;
    options.workers = workers(s, scan->many);
    options.explain_bytes_max = ANSWER_BYTES_MAX;
    options.look = looks(s);
    options.weaker = s->weaker.at;
    return overt_scanner_new(&scan->scanner, scan->db, &limits, &options, &err) == OVERT_OK
           || complain(&err);
}

/* Everything behind the rules. Returns the exit code. */
static int scan(const struct ov_yr_settings *s, const struct ov_yr_values *values,
        const struct ov_yr_module_files *files, overt_db *db)
{
    const char *target = s->args.at[s->args.count - 1];
    struct scan scan = {
        .settings = s, .values = values, .db = db, .many = s->scan_list || is_folder(target)
    };
    struct timespec now = { .tv_sec = 0 };

    if (s->scan_list && is_folder(target)) {
        (void)fprintf(stderr, "error: cannot use a directory as scan list.\n");
        return EXIT_FAILURE;
    }
    (void)ov_ledger_weaker("yara", s->weaker.at); /* it said what went wrong */
    scan.time = (int64_t)time(NULL);
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    scan.deadline = now.tv_sec + (s->timeout_s > 0 ? s->timeout_s : 0);
    ov_out_init(&scan.out, STDOUT_FILENO);
    if (s->stats) {
        ov_yr_print_stats(&scan.out, db);
    }
    if (!make_scanner(&scan) || !ov_yr_modules_give(files, db, scan.scanner)) {
        scan.failed = true;
    } else if (scan.many) {
        scan_many(&scan, target);
    } else {
        scan_one(&scan, target);
    }
    overt_scanner_free(scan.scanner);
    scan.failed |= !ov_out_finish(&scan.out);
    ov_out_done(&scan.out);
    return scan.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static overt_db *get_rules(const struct ov_yr_settings *s, const struct ov_yr_values *values)
{
    if (!s->compiled) {
        return ov_yr_compile(s, false, values, s->args.count - 1);
    }
    if (s->args.count != 2) {
        (void)fprintf(stderr, "error: can't accept multiple rules files if one of them is in "
                              "compiled form.\n");
        return NULL;
    }
    return ov_yr_load(s->args.at[0], values);
}

static int list_modules(void)
{
    for (unsigned field = 1; field < OV_FIELD_COUNT; field++) {
        const struct ov_field_row *row = ov_field_row(field);

        if (row->kind == OV_FIELD_IS_MODULE) {
            (void)puts(row->name);
        }
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The table makes yara faster or slower and nothing else, so there is nothing to read in it; but one
 * that is not there is an error. */
static bool can_read_table(const struct ov_yr_settings *s)
{
    if (s->atom_table != NULL && access(s->atom_table, R_OK) != 0) {
        (void)fprintf(stderr, "error loading atom quality table: could not open file\n");
        return false;
    }
    return true;
}

static int run(const struct ov_yr_settings *s)
{
    struct ov_yr_module_files files = { .count = 0 };
    struct ov_yr_values values = { .count = 0 };
    overt_db *db = NULL;
    int code = EXIT_FAILURE;

    if (s->version || s->help) {
        if (s->version) {
            (void)puts(OV_YARA_VERSION);
        } else {
            ov_yr_help(false);
        }
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (s->threads > THREADS_MAX) {
        (void)fprintf(stderr, "maximum number of threads is %d\n", THREADS_MAX);
        return EXIT_FAILURE;
    }
    if (s->module_names) {
        return list_modules();
    }
    if (s->args.count < 2) {
        (void)fprintf(stderr,
                "yara: wrong number of arguments\n%s\n\nTry `--help` for more options\n",
                usage_line);
        return EXIT_FAILURE;
    }
    if (can_read_table(s) && ov_yr_modules_open(&files, &s->module_files)
            && ov_yr_values_read(&values, &s->defines)) {
        db = get_rules(s, &values);
    }
    if (db != NULL) {
        code = scan(s, &values, &files, db);
    }
    overt_db_free(db);
    ov_yr_values_done(&values);
    ov_yr_modules_done(&files);
    return code;
}

int cmd_yara(int argc, char **argv)
{
    struct ov_yr_settings settings;
    const int code =
            ov_yr_options_read(&settings, false, argc, argv) ? run(&settings) : EXIT_FAILURE;

    ov_yr_options_done(&settings);
    return code;
}
