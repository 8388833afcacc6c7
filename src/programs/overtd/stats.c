/* SPDX-License-Identifier: Apache-2.0 */
/* stats.c - how the daemon does: for clamdtop and check_clamd in clamd's words, for Prometheus as
 * a text file that node_exporter collects. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/text.h"
#include "programs/overtd/daemon.h"

static void put_memory(struct ov_buf *out)
{
    struct rusage use;

    (void)getrusage(RUSAGE_SELF, &use);
    /* The fields are clamd's; what they count there, heap pools, overt does not have. */
    ov_buf_printf(out,
            "MEMSTATS: heap N/A mmap N/A used N/A free N/A releasable N/A pools 1 pools_used "
            "%.3fM pools_total %.3fM\nEND",
            (double)use.ru_maxrss / 1024.0, (double)use.ru_maxrss / 1024.0);
}

void ovd_stats_text(struct ovd *d, struct ov_buf *out)
{
    const uint64_t workers =
            d->config.workers == 0 ? (uint64_t)sysconf(_SC_NPROCESSORS_ONLN) : d->config.workers;
    const size_t busy = overt_pending(d->current.scanner);
    const uint64_t now = ovd_clock_ms();
    unsigned shown = 0;

    ov_buf_printf(out, "POOLS: 1\n\nSTATE: VALID PRIMARY\n");
    ov_buf_printf(out, "THREADS: live %llu  idle %llu max %llu idle-timeout 30\n",
            (unsigned long long)workers, (unsigned long long)(busy >= workers ? 0 : workers - busy),
            (unsigned long long)workers);
    ov_buf_printf(out, "QUEUE: %llu items\n", (unsigned long long)d->queued);
    ov_buf_put_text(out, "\tSTATS 0.000001 \n");
    for (uint32_t i = 0; i < d->work_cap && shown < 32; i++) {
        const struct ovd_work *work = d->works[i];

        if (work != NULL) {
            ov_buf_printf(out, "\t%s %.6f ",
                    work->kind == OVD_WORK_PATH     ? "SCAN"
                    : work->kind == OVD_WORK_STREAM ? "INSTREAM"
                                                    : "FILDES",
                    (double)(now - work->since_ms) / 1000.0);
            if (work->path != NULL) {
                ov_text_escape(out, ov_bytes_of(work->path, strnlen(work->path, 128)));
            }
            ov_buf_put_u8(out, '\n');
            shown++;
        }
    }
    ov_buf_put_u8(out, '\n');
    put_memory(out);
}

/* --- Prometheus ----------------------------------------------------------------------------- */

static void metric(
        struct ov_buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    ov_buf_printf(out, "# HELP overt_%s %s\n# TYPE overt_%s %s\novert_%s %llu\n", name, help, name,
            type, name, (unsigned long long)value);
}

bool ovd_replace_file(const char *path, struct ov_bytes text)
{
    auto_free char *next = NULL;
    auto_fd int fd = -1;

    if (asprintf(&next, "%s.new", path) < 0) {
        errno = ENOMEM;
        return false;
    }
    fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    return fd >= 0
           && write(fd, ov_bytes_raw(text), (size_t)ov_bytes_len(text))
                      == (ssize_t)ov_bytes_len(text)
           && rename(next, path) == 0;
}

void ovd_metrics_write(struct ovd *d)
{
    struct ov_buf out;

    if (d->config.metrics_file == NULL) {
        return;
    }
    ov_buf_init(&out, 65536);
    metric(&out, "requests_total", "counter", "Requests of clients.", d->counts.requests);
    metric(&out, "files_total", "counter", "Files looked at.", d->counts.files);
    metric(&out, "bytes_total", "counter", "Bytes of these files.", d->counts.bytes);
    metric(&out, "detected_total", "counter", "Files in which a rule held.", d->counts.detected);
    metric(&out, "incomplete_total", "counter", "Looks that ended early.", d->counts.incomplete);
    metric(&out, "failed_total", "counter", "Files that could not be looked at.", d->counts.failed);
    metric(&out, "reloads_total", "counter", "Rule sets that took over.", d->counts.reloads);
    metric(&out, "reloads_failed_total", "counter", "Rule sets that could not.",
            d->counts.reloads_failed);
    metric(&out, "worker_deaths_total", "counter", "Workers that died.",
            overt_scanner_deaths(d->current.scanner));
    metric(&out, "accesses_total", "counter", "Opens that were asked about.", d->counts.accesses);
    metric(&out, "denied_total", "counter", "Opens that were refused.", d->counts.denied);
    metric(&out, "late_total", "counter", "Opens answered without a verdict.", d->counts.late);
    metric(&out, "guard_deaths_total", "counter", "Guards that were replaced.",
            d->counts.guard_deaths);
    metric(&out, "connections", "gauge", "Connections now.", d->session_count);
    metric(&out, "queue_files", "gauge", "Files that wait for a worker.", d->queued);
    metric(&out, "rules", "gauge", "Rules and hashes in force.", d->current.rules);
    if (!ov_buf_ok(&out) || !ovd_replace_file(d->config.metrics_file, ov_buf_bytes(&out))) {
        ovd_log(&d->log, OVD_WARNING, "MetricsFile %s: %s", d->config.metrics_file,
                strerror(errno));
    }
    ov_buf_done(&out);
}
