/* SPDX-License-Identifier: Apache-2.0 */
/* trial.c - new rules are tried before they count: on the samples their authors gave, and on this
 * machine's own system files, of which none may be hit. The scanning is libovert's, in its jail. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/defence.h"
#include "programs/overt/update.h"
#include "trust/line.h"

#define LISTS          "/var/lib/dpkg/info" /* one a package: the files it owns */
#define LIST_BYTES_MAX (64u * OV_MIB)

bool ov_held_add(struct ov_held *held, uint64_t index, const char *why)
{
    size_t at = held->count;

    while (at > 0 && held->at[at - 1].index >= index) {
        at--;
    }
    if (at < held->count && held->at[at].index == index) {
        return true; /* one reason is enough */
    }
    if (held->count == held->cap) {
        const size_t cap = held->cap == 0 ? 64 : held->cap * 2;
        struct ov_held_rule *more = reallocarray(held->at, cap, sizeof(*more));

        if (more == NULL) {
            return false;
        }
        held->at = more;
        held->cap = cap;
    }
    memmove(held->at + at + 1, held->at + at, (held->count - at) * sizeof(held->at[0]));
    held->at[at] = (struct ov_held_rule){ .index = index };
    (void)snprintf(held->at[at].why, sizeof(held->at[at].why), "%s", why);
    held->count++;
    return true;
}

/* The entry that a hit's rule is from. False: from none, which a rule stream cannot make. */
static bool entry_of(const overt_db *db, const overt_hit *hit, uint64_t *index)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_bytes rest, number, name;
    overt_rule rule;

    if (overt_db_rule(db, hit->rule, &rule, &err) != OVERT_OK) {
        return false;
    }
    if (!ov_text_after(rule.is_hash ? ov_bytes_of(rule.name.bytes, rule.name.len)
                                    : ov_bytes_of(rule.space.bytes, rule.space.len),
                "log:", &rest)) {
        return false;
    }
    if (!ov_text_split(rest, ':', &number, &name)) {
        number = rest;
    }
    return ov_decimal_read(number, index) == NULL;
}

static overt_status open_scanner(
        overt_scanner **scanner, overt_db *db, const char *const *weaker, overt_error *err)
{
    overt_options options = OVERT_OPTIONS_INIT;

    options.weaker = weaker;
    return overt_scanner_new(scanner, db, NULL, &options, err);
}

/* --- samples -------------------------------------------------------------------------------- */

static bool next_sample(
        struct ov_reader *r, uint64_t *index, bool *must_hold, struct ov_bytes *bytes)
{
    uint32_t low, high, hold, len;

    if (!ov_read_u32le(r, &low) || !ov_read_u32le(r, &high) || !ov_read_u32le(r, &hold)
            || !ov_read_u32le(r, &len) || !ov_read_bytes(r, len, bytes)) {
        return false;
    }
    *index = (uint64_t)high << 32 | low;
    *must_hold = hold != 0;
    return true;
}

static overt_status try_sample(overt_scanner *scanner, const overt_db *db, uint64_t index,
        bool must_hold, struct ov_bytes bytes, struct ov_held *held, overt_error *err)
{
    overt_report *report = NULL;
    overt_status status = overt_scan_bytes(
            scanner, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes), "sample", &report, err);
    bool holds = false;

    if (status != OVERT_OK) {
        return status;
    }
    for (size_t i = 0; i < overt_report_hit_count(report); i++) {
        uint64_t of;

        holds = holds || (entry_of(db, overt_report_hit(report, i), &of) && of == index);
    }
    overt_report_free(report);
    if (holds == must_hold) {
        return OVERT_OK;
    }
    return ov_held_add(held, index,
                   must_hold ? "it does not detect its own sample"
                             : "it detects a sample that it is to spare")
                   ? OVERT_OK
                   : ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a held rule");
}

overt_status ov_try_samples(overt_db *db, struct ov_bytes samples, const char *const *weaker,
        struct ov_held *held, overt_error *err)
{
    struct ov_reader r = ov_reader_on(samples);
    overt_scanner *scanner = NULL;
    overt_status status = OVERT_OK;
    struct ov_bytes bytes;
    uint64_t index;
    bool must_hold;

    if (ov_reader_left(&r) == 0) {
        return OVERT_OK;
    }
    status = open_scanner(&scanner, db, weaker, err);
    while (status == OVERT_OK && ov_reader_left(&r) != 0) {
        if (!next_sample(&r, &index, &must_hold, &bytes)) {
            status =
                    ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX, "the verifier's samples are damaged");
        } else {
            status = try_sample(scanner, db, index, must_hold, bytes, held, err);
        }
    }
    overt_scanner_free(scanner);
    return status;
}

/* --- this system's own files ----------------------------------------------------------------- */

struct trying {
    overt_scanner *scanner;
    overt_db *db;
    struct ov_held *held;
    uint64_t bytes_left, files;
    overt_status status;
    overt_error *err;
};

/* What a machine cannot do without comes first, as far as the bytes reach. */
static const char *const first[] = { "/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", NULL };
static const char *const then[] = { "/lib/", "/lib64/", "/usr/lib/", "/usr/libexec/", "/etc/",
    NULL };

static void take_report(struct trying *t, overt_report *report)
{
    for (size_t i = 0; i < overt_report_hit_count(report); i++) {
        char why[160];
        uint64_t index;

        if (!entry_of(t->db, overt_report_hit(report, i), &index)) {
            continue;
        }
        (void)snprintf(why, sizeof(why), "it hits %.100s, a file of this system",
                overt_report_name(report));
        if (!ov_held_add(t->held, index, why)) {
            t->status = ov_fail(t->err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a held rule");
        }
    }
    overt_report_free(report);
}

static bool collect(struct trying *t, int wait_ms)
{
    overt_report *report = NULL;

    if (t->status == OVERT_OK) {
        t->status = overt_collect(t->scanner, wait_ms, &report, t->err);
    }
    if (report != NULL) {
        take_report(t, report);
    }
    return report != NULL;
}

static void try_file(struct trying *t, const char *path)
{
    auto_fd int fd = -1;
    struct stat st;

    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > t->bytes_left) {
        return;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return;
    }
    for (;;) {
        overt_error err = OVERT_ERROR_INIT;
        const overt_status status = overt_submit(t->scanner, fd, path, t->files, &err);

        if (status == OVERT_OK) {
            (void)ov_steal_fd(&fd);
            t->files++;
            t->bytes_left -= (uint64_t)st.st_size;
            return;
        }
        if (status != OVERT_E_BUSY || t->status != OVERT_OK) {
            return;
        }
        (void)collect(t, 1000);
    }
}

static void try_list(struct trying *t, const char *path, const char *const *prefixes)
{
    struct ov_buf text;
    struct ov_lines lines;
    struct ov_bytes line, rest;

    ov_buf_init(&text, LIST_BYTES_MAX);
    if (ov_file_read(AT_FDCWD, path, LIST_BYTES_MAX - 1u, &text, NULL) == OVERT_OK) {
        lines = ov_lines_on(ov_buf_bytes(&text));
        while (t->status == OVERT_OK && t->bytes_left > 0 && ov_lines_next(&lines, &line)) {
            char name[4096];
            bool wanted = false;

            for (const char *const *p = prefixes; *p != NULL; p++) {
                wanted = wanted || ov_text_after(line, *p, &rest);
            }
            if (wanted && ov_bytes_len(line) < sizeof(name)) {
                (void)snprintf(name, sizeof(name), "%.*s", OV_TEXT_ARG(line));
                try_file(t, name);
            }
        }
    }
    ov_buf_done(&text);
}

static int is_list(const struct dirent *d)
{
    const size_t len = strlen(d->d_name);

    return len > 5 && strcmp(d->d_name + len - 5, ".list") == 0;
}

overt_status ov_try_system(overt_db *db, uint64_t bytes_max, const char *const *weaker,
        struct ov_held *held, overt_error *err)
{
    struct trying t = { .db = db, .held = held, .bytes_left = bytes_max, .err = err };
    struct dirent **names = NULL;
    const int count = bytes_max == 0 || !OV_DEFENDED(probation)
                              ? 0
                              : scandir(LISTS, &names, is_list, alphasort);

    if (count <= 0) {
        return OVERT_OK; /* nothing is known of this system's own files */
    }
    t.status = open_scanner(&t.scanner, db, weaker, err);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; t.status == OVERT_OK && i < count; i++) {
            char path[400];

            (void)snprintf(path, sizeof(path), LISTS "/%s", names[i]->d_name);
            try_list(&t, path, pass == 0 ? first : then);
        }
    }
    while (t.status == OVERT_OK && overt_pending(t.scanner) > 0) {
        (void)collect(&t, 1000);
    }
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free((void *)names);
    overt_scanner_free(t.scanner);
    return t.status;
}
