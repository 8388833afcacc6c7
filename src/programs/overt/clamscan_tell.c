/* SPDX-License-Identifier: Apache-2.0 */
/* clamscan_tell.c - clamscan's lines, and what its options do with a file in which something was
 * found. Names of files are printed as they are, as clamscan prints them. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/limits.h"
#include "programs/overt/clamscan.h"

#define COPIES_MAX 1000u

/* --- lines ------------------------------------------------------------------------------------ */

OV_PRINTF(3, 0)
static void to_log(struct clamscan *c, const char *prefix, const char *fmt, va_list ap)
{
    if (c->log != NULL) {
        (void)fputs(prefix, c->log);
        (void)vfprintf(c->log, fmt, ap);
        (void)fputc('\n', c->log);
    }
}

void clamscan_say(struct clamscan *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    to_log(c, "", fmt, ap);
    va_end(ap);
    if (!c->options.quiet) {
        va_start(ap, fmt);
        (void)vfprintf(stdout, fmt, ap);
        va_end(ap);
        (void)fputc('\n', stdout);
    }
}

OV_PRINTF(3, 0)
static void complain(struct clamscan *c, const char *prefix, const char *fmt, va_list ap)
{
    FILE *to = c->options.to_stdout ? stdout : stderr;

    (void)fflush(stdout);
    (void)fputs(prefix, to);
    (void)vfprintf(to, fmt, ap);
    (void)fputc('\n', to);
}

void clamscan_warn(struct clamscan *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    to_log(c, "WARNING: ", fmt, ap);
    va_end(ap);
    if (!c->options.quiet) {
        va_start(ap, fmt);
        complain(c, "WARNING: ", fmt, ap);
        va_end(ap);
    }
}

void clamscan_error(struct clamscan *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    to_log(c, "ERROR: ", fmt, ap);
    va_end(ap);
    va_start(ap, fmt);
    complain(c, "ERROR: ", fmt, ap);
    va_end(ap);
}

/* --- what to do with it ------------------------------------------------------------------------ */

/* A name in the folder that nobody has yet: NAME, NAME.001, NAME.002 ... Gives an open new file. */
static int new_place(const char *folder, const char *path, char **out)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;

    for (unsigned i = 0; i < COPIES_MAX; i++) {
        char *name = NULL;
        const int n = i == 0 ? asprintf(&name, "%s/%s", folder, base)
                             : asprintf(&name, "%s/%s.%03u", folder, base, i);
        int fd;

        if (n < 0) {
            errno = ENOMEM;
            return -1;
        }
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0) {
            *out = name;
            return fd;
        }
        free(name);
        if (errno != EEXIST) {
            return -1;
        }
    }
    return -1;
}

static bool copy_bytes(int from, int to)
{
    char part[65536];
    off_t at = 0;

    for (;;) {
        const ssize_t n = pread(from, part, sizeof(part), at);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0;
        }
        for (ssize_t done = 0; done < n;) {
            const ssize_t m = write(to, part + done, (size_t)(n - done));

            if (m < 0 && errno != EINTR) {
                return false;
            }
            done += m < 0 ? 0 : m;
        }
        at += n;
    }
}

/* Is the name still that of the file that was looked at? */
static bool is_same(const char *path, int fd)
{
    struct stat by_name, by_fd;

    return lstat(path, &by_name) == 0 && fstat(fd, &by_fd) == 0 && by_name.st_dev == by_fd.st_dev
           && by_name.st_ino == by_fd.st_ino;
}

static void copy_away(struct clamscan *c, const char *path, const char *real, int fd)
{
    const bool moves = c->options.action == CLAMSCAN_MOVE;
    auto_free char *folder = realpath(c->options.move_to, NULL);
    auto_free char *name = NULL;
    auto_fd int to = folder == NULL ? -1 : new_place(folder, path, &name);

    if (to < 0 || !copy_bytes(fd, to)) {
        clamscan_error(c, "Can't %s file %s to %s: %s", moves ? "move" : "copy", path,
                c->options.move_to, strerrordesc_np(errno));
        c->counts.errors++;
        return;
    }
    if (moves && (!is_same(real, fd) || unlink(real) != 0)) {
        clamscan_error(c, "Can't remove file %s: %s", path, strerrordesc_np(errno));
        c->counts.errors++;
        return;
    }
    clamscan_say(
            c, "%s (real path: '%s'): %s to '%s'", path, real, moves ? "moved" : "copied", name);
}

static void act(struct clamscan *c, const char *path)
{
    auto_free char *real = NULL;
    auto_fd int fd = -1;

    if (c->options.action == CLAMSCAN_LEAVE || strcmp(path, "stdin") == 0) {
        return;
    }
    real = realpath(path, NULL);
    fd = real == NULL ? -1 : open(real, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    if (fd < 0) {
        clamscan_error(c, "%s: %s", path, strerrordesc_np(errno));
        c->counts.errors++;
    } else if (c->options.action != CLAMSCAN_REMOVE) {
        copy_away(c, path, real, fd);
    } else if (!is_same(real, fd) || unlink(real) != 0) {
        clamscan_error(c, "Can't remove file %s: %s", path, strerrordesc_np(errno));
        c->counts.errors++;
    } else {
        clamscan_say(c, "%s (real path: '%s'): Removed.", path, real);
    }
}

/* --- reports ----------------------------------------------------------------------------------- */

/* ClamAV stops at the first: what is inside comes before what it is in, and places before hashes. */
static bool comes_first(const overt_hit *a, const overt_hit *b)
{
    if (a->object != b->object) {
        return a->object != 0 && (b->object == 0 || a->object < b->object);
    }
    return a->offset < b->offset;
}

static bool same_name(const overt_hit *a, const overt_hit *b)
{
    return a->name.len == b->name.len && memcmp(a->name.bytes, b->name.bytes, a->name.len) == 0;
}

static void say_found(
        struct clamscan *c, const char *path, const overt_report *report, const overt_hit *hit)
{
    clamscan_say(c, "%s: %.*s FOUND", path, (int)hit->name.len, hit->name.bytes);
    if (c->options.archive_verbose) {
        struct ov_buf inside;
        struct ov_bytes text;

        ov_buf_init(&inside, OV_MIB);
        clamscan_put_inside(&inside, report, hit->object);
        text = ov_buf_bytes(&inside);
        clamscan_say(c, "%s%.*s: %.*s FOUND", path, (int)ov_bytes_len(text),
                (const char *)ov_bytes_raw(text), (int)hit->name.len, hit->name.bytes);
        ov_buf_done(&inside);
    }
    if (c->options.bell) {
        (void)fputc('\a', stderr);
    }
}

/* What ClamAV reports at the end of a look, or, where it was asked to, at once. */
static bool is_heuristic(const overt_hit *hit)
{
    static const char mark[] = "Heuristics.", broken[] = "Heuristics.Broken.";

    return hit->name.len >= sizeof(mark) && memcmp(hit->name.bytes, mark, sizeof(mark) - 1) == 0
           && (hit->name.len < sizeof(broken)
                   || memcmp(hit->name.bytes, broken, sizeof(broken) - 1) != 0);
}

/* Of two, the one that is named: signatures before heuristics, unless these take precedence. */
static bool is_named_before(const struct clamscan *c, const overt_hit *a, const overt_hit *b)
{
    if (is_heuristic(a) != is_heuristic(b)) {
        return is_heuristic(a) == c->options.heuristics_first;
    }
    return comes_first(a, b);
}

/* `alert`: what else there is to say, or NULL. */
static void say_hits(
        struct clamscan *c, const char *path, const overt_report *report, const char *alert)
{
    const size_t count = overt_report_hit_count(report);
    const overt_hit *first = overt_report_hit(report, 0);

    if (!c->options.all_matches) {
        for (size_t i = 1; i < count; i++) {
            const overt_hit *hit = overt_report_hit(report, i);

            first = is_named_before(c, hit, first) ? hit : first;
        }
        if (alert != NULL && c->options.heuristics_first && !is_heuristic(first)) {
            clamscan_say(c, "%s: %s FOUND", path, alert);
        } else {
            say_found(c, path, report, first);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const overt_hit *hit = overt_report_hit(report, i);
        bool said = false;

        for (size_t k = 0; k < i && !said; k++) {
            said = same_name(hit, overt_report_hit(report, k));
        }
        if (!said) {
            say_found(c, path, report, hit);
        }
    }
    if (alert != NULL) {
        clamscan_say(c, "%s: %s FOUND", path, alert);
    }
}

/* --- alerts about what could not be looked at, where they were asked for ------------------------ */

/* ClamAV names what is encrypted by its kind: the object's, or that of what it lies in. NULL: nobody
 * asked to be alerted to this kind. */
static const char *encrypted_alert(
        const struct clamscan *c, const overt_report *report, uint32_t ordinal)
{
    static const struct {
        const char *type;
        const char *name;
        bool document;
    } kinds[] = {
        { "zip", "Heuristics.Encrypted.Zip", false },
        { "rar", "Heuristics.Encrypted.RAR", false },
        { "rar5", "Heuristics.Encrypted.RAR", false },
        { "7z", "Heuristics.Encrypted.7Zip", false },
        { "arj", "Heuristics.Encrypted.Arj", false },
        { "egg", "Heuristics.Encrypted.EGG", false },
        { "alz", "Heuristics.Encrypted.Alz", false },
        { "pdf", "Heuristics.Encrypted.PDF", true },
        { "ole2", "Heuristics.Encrypted.OLE2", true },
    };
    const bool archives = c->options.alert_encrypted || c->options.alert_encrypted_archive;
    const bool documents = c->options.alert_encrypted || c->options.alert_encrypted_document;

    for (unsigned turn = 0; turn < 2; turn++) {
        const overt_object *object = overt_report_object(report, ordinal);

        if (object == NULL) {
            break;
        }
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
            if (strcmp(object->type, kinds[i].type) == 0) {
                return (kinds[i].document ? documents : archives) ? kinds[i].name : NULL;
            }
        }
        ordinal = object->parent;
    }
    return archives ? "Heuristics.Encrypted" : NULL;
}

static const char *limit_alert(const struct clamscan *c, const overt_gap *gap)
{
    static const struct {
        const char *reason;
        const char *name;
    } limits[] = {
        { "bytes", "Heuristics.Limits.Exceeded.MaxScanSize" },
        { "object-bytes", "Heuristics.Limits.Exceeded.MaxFileSize" },
        { "objects", "Heuristics.Limits.Exceeded.MaxFiles" },
        { "depth", "Heuristics.Limits.Exceeded.MaxRecursion" },
        { "time", "Heuristics.Limits.Exceeded.MaxScanTime" },
    };

    for (size_t k = 0; c->options.alert_exceeds && k < sizeof(limits) / sizeof(limits[0]); k++) {
        if (strcmp(gap->reason, limits[k].reason) == 0) {
            return limits[k].name;
        }
    }
    return NULL;
}

/* NULL: none. */
static const char *alert_of(const struct clamscan *c, const overt_report *report)
{
    for (size_t i = 0; i < overt_report_gap_count(report); i++) {
        const overt_gap *gap = overt_report_gap(report, i);
        const char *alert = strcmp(gap->reason, "encrypted") == 0
                                    ? encrypted_alert(c, report, gap->object)
                                    : limit_alert(c, gap);

        if (alert != NULL) {
            return alert;
        }
    }
    return NULL;
}

static void say_gaps(struct clamscan *c, const char *path, const overt_report *report)
{
    c->counts.incomplete++;
    for (size_t i = 0; i < overt_report_gap_count(report); i++) {
        clamscan_warn(c, "%s: not looked at in full: %s", path, overt_report_gap(report, i)->text);
    }
}

void clamscan_tell(struct clamscan *c, const char *path, overt_report *report)
{
    const overt_verdict verdict = overt_report_verdict(report);
    const char *alert = NULL;

    c->counts.files++;
    c->counts.bytes += overt_report_size(report);
    if (c->options.gen_json) {
        clamscan_json(c, path, report);
    }
    if (verdict == OVERT_DETECTED) {
        c->counts.infected++;
        say_hits(c, path, report, alert_of(c, report));
        act(c, path);
        return;
    }
    if (verdict == OVERT_FAILED) {
        clamscan_say(c, "%s: %s ERROR", path,
                overt_report_gap_count(report) == 0 ? "it could not be scanned"
                                                    : overt_report_gap(report, 0)->text);
        c->counts.errors++;
        return;
    }
    alert = verdict == OVERT_INCOMPLETE ? alert_of(c, report) : NULL;
    if (alert != NULL) {
        c->counts.infected++;
        clamscan_say(c, "%s: %s FOUND", path, alert);
        act(c, path);
        return;
    }
    if (!c->options.infected_only && !c->options.suppress_ok) {
        clamscan_say(c, "%s: OK", path);
    }
    if (verdict == OVERT_INCOMPLETE) {
        say_gaps(c, path, report);
    }
}

/* --- summary ----------------------------------------------------------------------------------- */

static void say_date(struct clamscan *c, const char *what, int64_t when)
{
    const time_t at = (time_t)when;
    char text[64];
    struct tm tm;

    if (localtime_r(&at, &tm) != NULL && strftime(text, sizeof(text), "%Y:%m:%d %H:%M:%S", &tm)) {
        clamscan_say(c, "%s %s", what, text);
    }
}

void clamscan_summary(struct clamscan *c, int64_t begun, uint64_t ms)
{
    const struct clamscan_counts *n = &c->counts;
    const double megabytes = (double)n->bytes / (1024.0 * 1024.0);

    clamscan_say(c, "\n----------- SCAN SUMMARY -----------");
    clamscan_say(c, "Known viruses: %llu",
            c->db == NULL ? 0ULL : (unsigned long long)overt_db_signature_count(c->db));
    clamscan_say(c, "Engine version: " CLAMSCAN_VERSION);
    clamscan_say(c, "Scanned directories: %llu", (unsigned long long)n->directories);
    clamscan_say(c, "Scanned files: %llu", (unsigned long long)n->files);
    clamscan_say(c, "Infected files: %llu", (unsigned long long)n->infected);
    if (n->errors != 0) {
        clamscan_say(c, "Total errors: %llu", (unsigned long long)n->errors);
    }
    if (n->incomplete != 0) {
        clamscan_say(c, "Not looked at in full: %llu", (unsigned long long)n->incomplete);
    }
    clamscan_say(c, "Data scanned: %.2f MB", megabytes);
    clamscan_say(c, "Data read: %.2f MB (ratio %.2f:1)", megabytes, n->bytes == 0 ? 0.0 : 1.0);
    clamscan_say(c, "Time: %llu.%03llu sec (%llu m %llu s)", (unsigned long long)(ms / 1000),
            (unsigned long long)(ms % 1000), (unsigned long long)(ms / 60000),
            (unsigned long long)(ms / 1000 % 60));
    say_date(c, "Start Date:", begun);
    say_date(c, "End Date:  ", begun + (int64_t)(ms / 1000));
}
