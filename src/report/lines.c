/* SPDX-License-Identifier: Apache-2.0 */
/* lines.c - results for people: one line a finding, so that grep and a glance work. Everything
 * that came from outside is escaped; a name cannot write to the terminal or begin a line. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "report/result.h"

#define RED    "\033[1;31m"
#define YELLOW "\033[33m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"

struct line {
    struct ov_buf *out;
    const struct ov_result *result;
    bool colour;
    size_t hits;
};

static void put_head(const struct line *line, overt_verdict verdict)
{
    const char *colour = verdict == OVERT_DETECTED     ? RED
                         : verdict == OVERT_INCOMPLETE ? YELLOW
                                                       : BOLD;

    ov_text_escape(line->out, line->result->path);
    ov_buf_printf(line->out, ": %s%s%s", line->colour ? colour : "", overt_verdict_text(verdict),
            line->colour ? PLAIN : "");
}

/* " (in a.tar/e.com)"; " (in object 3)" where names are not known. */
static void put_place(struct ov_buf *out, const struct ov_finding *finding)
{
    overt_text names[OV_CHAIN_MAX];
    size_t count;

    if (finding->object == 0) {
        return;
    }
    count = ov_result_chain(finding->within, finding->object, names, OV_CHAIN_MAX);
    if (count == 0) {
        ov_buf_printf(out, " (in inner object %" PRIu32 ")", finding->object);
        return;
    }
    ov_buf_put_text(out, " (in ");
    for (size_t i = 0; i < count; i++) {
        ov_buf_put_text(out, i == 0 ? "" : "/");
        if (names[i].len == 0) {
            ov_buf_put_text(out, "-"); /* a compressed stream has no name */
        }
        ov_text_escape(out, ov_bytes_of_text(names[i]));
    }
    ov_buf_put_u8(out, ')');
}

/* "2026-01-01" */
static void put_day(struct ov_buf *out, uint64_t seconds)
{
    const time_t when = (time_t)seconds;
    struct tm tm;
    char text[40];

    if (seconds < 253402300800u && gmtime_r(&when, &tm) != NULL
            && strftime(text, sizeof(text), "%Y-%m-%d", &tm) != 0) {
        ov_buf_put_text(out, text);
    }
}

void ov_lines_provenance(struct ov_buf *out, const struct ov_provenance *from)
{
    if (!from->is_logged) {
        return;
    }
    ov_buf_printf(out, " [entry %" PRIu64 " of ", from->index);
    ov_text_escape(out, ov_bytes_of_text(from->log));
    ov_buf_put_text(out, ", public since ");
    put_day(out, from->time);
    ov_buf_printf(
            out, ", %" PRIu32 " witness%s]", from->witnesses, from->witnesses == 1 ? "" : "es");
}

static void put_finding(void *payload, const struct ov_finding *finding)
{
    struct line *line = payload;
    struct ov_buf *out = line->out;
    bool failed;

    if (finding->is_hit) {
        struct ov_provenance from;

        ov_result_provenance(line->result, finding->within, finding->hit, &from);
        if (from.is_suppression) {
            return; /* told with the hits that it is about */
        }
        line->hits++;
        if (from.is_suppressed) {
            ov_text_escape(out, line->result->path);
            ov_buf_printf(out, ": SUPPRESSED by entry %" PRIu64, from.suppressed_by);
        } else {
            put_head(line, OVERT_DETECTED);
        }
        ov_buf_put_u8(out, ' ');
        ov_text_escape(out, ov_bytes_of_text(from.name));
        put_place(out, finding);
        ov_lines_provenance(out, &from);
        ov_buf_put_u8(out, '\n');
        return;
    }
    failed = line->result->verdict == OVERT_FAILED;
    put_head(line, failed ? OVERT_FAILED : OVERT_INCOMPLETE);
    ov_buf_printf(out, " %s", finding->gap->reason);
    put_place(out, finding);
    ov_buf_printf(out, ": %s", finding->gap->text);
    if (finding->gap->detail.len != 0) {
        ov_buf_put_text(out, ": ");
        ov_text_escape(out, ov_bytes_of_text(finding->gap->detail));
    }
    ov_buf_put_u8(out, '\n');
}

void ov_lines_file(struct ov_buf *out, const struct ov_result *result, bool colour)
{
    struct line line = { .out = out, .result = result, .colour = colour };

    if (result->verdict == OVERT_CLEAN && !result->has_suppressed) {
        ov_text_escape(out, result->path);
        ov_buf_put_text(out, ": CLEAN\n");
        return;
    }
    if (result->report == NULL) {
        put_head(&line, result->verdict);
        ov_buf_printf(out, " %s: ", result->reason);
        ov_text_escape(out, result->detail);
        ov_buf_put_u8(out, '\n');
        return;
    }
    ov_result_findings(result, put_finding, &line);
    if (result->verdict == OVERT_DETECTED && line.hits == 0) {
        put_head(&line, OVERT_DETECTED); /* the gap that was told says why there is no name */
        ov_buf_put_text(out, " a rule that could not be kept\n");
    }
}

void ov_lines_bytes(struct ov_buf *out, uint64_t bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1000;
        unit++;
    }
    ov_buf_printf(out, unit == 0 || value >= 99.95 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

static void put_count(struct ov_buf *out, uint64_t count, const char *one, const char *many)
{
    if (count != 0) {
        ov_buf_printf(out, "  skipped: %" PRIu64 " %s\n", count, count == 1 ? one : many);
    }
}

void ov_lines_summary(struct ov_buf *out, const struct ov_summary *s)
{
    const uint64_t ms = s->ms == 0 ? 1 : s->ms;

    if (s->interrupted) {
        ov_buf_put_text(out, "Interrupted: what follows was done until then.\n");
    } else if (!s->completed) {
        ov_buf_put_text(out, "Not completed: what follows was done until the error.\n");
    }
    ov_buf_printf(out, "%" PRIu64 " file%s, ", s->files, s->files == 1 ? "" : "s");
    ov_lines_bytes(out, s->bytes);
    ov_buf_printf(out, " in %.1f s (", (double)s->ms / 1000);
    ov_lines_bytes(out, (uint64_t)((double)s->bytes * 1000 / (double)ms));
    ov_buf_printf(out,
            "/s): %" PRIu64 " detected, %" PRIu64 " incomplete, %" PRIu64 " failed, %" PRIu64
            " clean\n",
            s->detected, s->incomplete, s->failed, s->clean);
    put_count(out, s->excluded, "excluded path", "excluded paths");
    put_count(out, s->links, "symbolic link", "symbolic links");
    put_count(out, s->special, "socket, FIFO or device", "sockets, FIFOs and devices");
    put_count(out, s->vanished, "file that vanished", "files that vanished");
    put_count(out, s->other_fs, "folder on another file system", "folders on other file systems");
    put_count(out, s->kernel_fs, "folder of the kernel's (/proc, /sys and the like)",
            "folders of the kernel's (/proc, /sys and the like)");
    put_count(out, s->loops, "folder that contains itself (a mount loop)",
            "folders that contain themselves (mount loops)");
    if (s->unchanged != 0) {
        ov_buf_printf(out,
                "  not looked at again: %" PRIu64
                " files unchanged since they were CLEAN under these rules\n",
                s->unchanged);
    }
    if (s->not_explained != 0) {
        ov_buf_printf(out,
                "  %" PRIu64 " more were not looked at again for names (overt explain FILE)\n",
                s->not_explained);
    }
    if (s->deaths != 0) {
        ov_buf_printf(out, "  workers that died or were killed: %" PRIu64 "\n", s->deaths);
    }
    ov_buf_put_text(out, "Rules: ");
    ov_text_escape(out, ov_bytes_of(s->rules_name, strlen(s->rules_name)));
    ov_buf_put_text(out, s->rules_are_local ? " (local: no log vouches for them)" : "");
    ov_buf_printf(out, ": %" PRIu64 " rules, %" PRIu64 " hashes, ", s->rules, s->hashes);
    ov_text_hex(out, ov_bytes_of(s->rules_sha256, 8));
    if (s->rules_left_out != 0) {
        ov_buf_printf(out, " (left out for errors: %" PRIu64 ")", s->rules_left_out);
    }
    ov_buf_put_u8(out, '\n');
    if (s->missing[0] != '\0') {
        ov_buf_printf(out, "Jail: WEAKER THAN REQUIRED, as accepted: without %s\n", s->missing);
    } else if (s->bonuses[0] != '\0') {
        ov_buf_printf(out, "Jail: every required layer; not on this machine: %s\n", s->bonuses);
    }
}
