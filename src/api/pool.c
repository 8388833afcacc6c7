/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - starting, feeding, hearing and burying workers.
 *
 * A worker may die, hang, lie, flood or be taken over; each costs the file it was working on and
 * nothing else. A worker that dies before it answered anything may mean that no worker can start
 * at all (then scanning must end, loudly) or that somebody put three killers in a row (then it
 * must go on): an empty file sent to a fresh worker tells the two apart. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "api/fail.h"
#include "api/inbox.h"
#include "api/layers.h"
#include "api/memfd.h"
#include "api/modules.h"
#include "base/checked.h"

/* A spawner tells how its worker ended within microseconds; a worker that only closed its channel
 * and lives on is not waited for longer. */
#define END_WAIT_MS 250

#define FRESH_DEATHS_MAX 3u

/* An empty file takes microseconds; a machine that is this far behind scans nothing anyway. */
#define PROBE_MS_MAX 10000u

/* --- the pool itself ------------------------------------------------------------------------ */

overt_status ov_pool_init(overt_scanner *s, size_t workers, overt_error *err)
{
    s->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->poll_fd < 0) {
        return ov_fail_errno(err, errno, "workers could not be waited for");
    }
    s->workers = calloc(workers, sizeof(*s->workers));
    s->inbox = ov_inbox_new(
            s->profile == OV_JAIL_VERDICT ? OV_VERDICT_FRAME_BYTES : OV_EXPLAIN_FRAME_BYTES_MAX);
    if (s->workers == NULL || s->inbox == NULL) {
        return ov_fail_nomem(err, "workers");
    }
    s->worker_count = workers;
    s->worker_places = workers;
    return OVERT_OK;
}

void ov_pool_done(overt_scanner *s)
{
    for (size_t i = 0; i < s->worker_count; i++) {
        ov_jail_close(s->workers[i].opening);
        ov_jail_close(s->workers[i].jail);
        ov_jobs_free(&s->workers[i].jobs);
    }
    ov_jobs_free(&s->waiting);
    ov_jobs_free(&s->done);
    free(s->workers);
    free(s->inbox);
    if (s->poll_fd >= 0) {
        (void)close(s->poll_fd);
    }
}

/* --- ends ----------------------------------------------------------------------------------- */

/* Settles a job that was answered or given up, and puts it where it will be collected. */
static void finish_job(overt_scanner *s, struct ov_job *job)
{
    overt_report *report = job->report;
    struct stat st;

    if (report == NULL) { /* a probe has told what it was for by coming back */
        ov_job_free(job);
        return;
    }
    if (job->regions_fd < 0 && !job->sealed /* memory has neither size nor time; sealed: for good */
            && (fstat(job->fd, &st) != 0 || (uint64_t)st.st_size != report->size
                    || st.st_mtim.tv_sec != job->mtime.tv_sec
                    || st.st_mtim.tv_nsec != job->mtime.tv_nsec)) {
        ov_report_gap(report, OV_REASON_CUT, "it changed while it was looked at");
    }
    ov_report_finish(report, s->explain_bytes_max);
    s->under_way--;
    ov_job_append(&s->done, job);
}

/* What waits at a worker is to be sent again, to whom it may be. */
static void take_back(overt_scanner *s, struct ov_worker *w)
{
    struct ov_job_list again = { .count = 0 };
    struct ov_job *job;

    while ((job = ov_job_take(&w->jobs)) != NULL) {
        if (ov_job_is_module(job)) {
            ov_job_free(job); /* the next worker gets its own */
            continue;
        }
        if (job->report != NULL) {
            ov_report_restart(job->report);
        }
        ov_job_append(&again, job);
    }
    ov_job_prepend_all(&s->waiting, &again);
    w->unsent = 0;
    w->queued_bytes = 0;
}

/* Closes a worker's jail. */
static void close_worker(overt_scanner *s, struct ov_worker *w)
{
    (void)epoll_ctl(s->poll_fd, EPOLL_CTL_DEL, ov_jail_channel(w->jail), NULL);
    ov_jail_close(w->jail);
    take_back(s, w);
    *w = (struct ov_worker){ .jail = NULL };
}

/* Workers cannot be had: everything under way is told so, and nothing more is accepted. */
static void break_pool(overt_scanner *s, const overt_error *why)
{
    struct ov_job *job;

    s->broken = true;
    s->why = *why;
    for (size_t i = 0; i < s->worker_count; i++) {
        if (s->workers[i].jail != NULL) {
            close_worker(s, &s->workers[i]);
        }
    }
    while ((job = ov_job_take(&s->waiting)) != NULL) {
        if (job->report != NULL) {
            ov_report_fail(job->report, OV_REASON_JAIL, why->message);
        }
        finish_job(s, job);
    }
}

/* It was not at a file yet, but at what all workers are told before. True: nothing goes on. */
static bool end_at_module(overt_scanner *s, const struct ov_worker *w, const char *how)
{
    overt_error why = OVERT_ERROR_INIT;

    if (!ov_job_is_module(w->jobs.first)) {
        return false;
    }
    ov_modules_why(w->jobs.first, how, &why);
    break_pool(s, &why);
    return true;
}

/* The worker is over through its own doing. `reason` is said of the file it was working on. */
static void end_worker(overt_scanner *s, struct ov_worker *w, enum ov_reason reason,
        const char *detail, uint64_t now_ms)
{
    s->deaths++;
    if (end_at_module(s, w, detail)) {
        return;
    }
    if (ov_worker_head(w) != NULL) {
        struct ov_job *job = ov_worker_finish_head(w, now_ms);

        if (job->report != NULL) {
            ov_report_fail(job->report, reason, detail);
        }
        finish_job(s, job);
    }
    close_worker(s, w);
}

/* A worker that only ever started: is it the file, or can none start? */
static bool forgive_head(overt_scanner *s, struct ov_worker *w, const struct ov_jail_end *end)
{
    struct ov_job *job = ov_worker_head(w);

    if (w->answered) {
        return false;
    }
    s->fresh_deaths++;
    s->suspicious |= s->fresh_deaths >= FRESH_DEATHS_MAX;
    if (job == NULL || !end->known || end->signal != 0 || job->excused) {
        return false;
    }
    /* It left by itself, in order: it had something to say about itself, not about the file. */
    job->excused = true;
    s->suspicious = true;
    return true;
}

/* It could not even answer an empty file, and no other worker has answered anything meanwhile. */
static void end_probe(overt_scanner *s, struct ov_worker *w, const char *how, uint64_t now_ms)
{
    const bool hopeless = s->suspicious;
    overt_error why = OVERT_ERROR_INIT;

    end_worker(s, w, OV_REASON_DIED, how, now_ms);
    if (hopeless) {
        (void)ov_fail(&why, OVERT_E_SANDBOX, UINT64_MAX,
                "workers fail before they look at anything: %s", how);
        break_pool(s, &why);
    }
}

static void bury_worker(overt_scanner *s, struct ov_worker *w, uint64_t now_ms)
{
    struct ov_jail_end end = { .known = false, .syscall = -1 };
    char how[96];

    ov_jail_end(w->jail, END_WAIT_MS, &end);
    ov_worker_death_text(&end, how, sizeof(how));
    if (w->probing) {
        end_probe(s, w, how, now_ms);
        return;
    }
    if (!ov_job_is_module(w->jobs.first) && forgive_head(s, w, &end)) {
        s->deaths++;
        close_worker(s, w);
        return;
    }
    end_worker(s, w, OV_REASON_DIED, how, now_ms);
}

/* --- hearing -------------------------------------------------------------------------------- */

/* An answered file's turn is over. RLIMIT_CPU counts a worker's whole life and is twice what one
 * file may take: half used up, the worker is replaced between two files. */
static void head_answered(overt_scanner *s, struct ov_worker *w, uint64_t now_ms)
{
    finish_job(s, ov_worker_finish_head(w, now_ms));
    s->fresh_deaths = 0;
    s->suspicious = false;
    w->answered = true;
    w->probing = false;
    if (w->busy_ms / 1000u >= s->cpu_seconds / 2u) {
        close_worker(s, w);
    }
}

static void end_liar(overt_scanner *s, struct ov_worker *w, const char *detail, uint64_t now_ms)
{
    if (w->probing) {
        end_probe(s, w, "it sends what it may not send", now_ms);
    } else {
        end_worker(s, w, OV_REASON_PROTOCOL, detail, now_ms);
    }
}

/* An empty file may be answered with anything that is well formed. */
static enum ov_report_step step_of_probe(
        const overt_scanner *s, const struct ov_job *job, struct ov_bytes message)
{
    struct ov_verdict verdict;
    struct ov_record record;
    bool cut, end;

    if (s->profile == OV_JAIL_VERDICT) {
        if (!ov_verdict_decode(message, job->seq, ov_database_rules(s->db), &verdict)) {
            return OV_REPORT_LIE;
        }
        end = verdict.kind == OV_VERDICT_END;
    } else {
        if (!ov_record_decode(message, job->seq, &record, &cut)
                || record.kind == OV_RECORD_FAILED) {
            return OV_REPORT_LIE;
        }
        end = record.kind == OV_RECORD_END;
    }
    return end ? OV_REPORT_END : OV_REPORT_MORE;
}

/* What a worker says to data for a module. */
static enum ov_report_step step_of_module(
        overt_scanner *s, const struct ov_worker *w, struct ov_bytes message)
{
    struct ov_record record;
    char how[160];
    bool cut;

    if (!ov_record_decode(message, w->jobs.first->seq, &record, &cut)
            || (record.kind != OV_RECORD_END && record.kind != OV_RECORD_FAILED)) {
        return OV_REPORT_LIE;
    }
    if (record.kind == OV_RECORD_END) {
        return OV_REPORT_END;
    }
    (void)snprintf(how, sizeof(how), "%.*s", (int)ov_bytes_len(record.text),
            (const char *)ov_bytes_raw(record.text));
    (void)end_at_module(s, w, how);
    return OV_REPORT_MORE;
}

static enum ov_report_step step_of(
        const overt_scanner *s, const struct ov_job *job, struct ov_bytes message)
{
    if (job == NULL) {
        return OV_REPORT_LIE; /* nobody asked */
    }
    if (job->report == NULL) {
        return step_of_probe(s, job, message);
    }
    return s->profile == OV_JAIL_VERDICT
                   ? ov_report_verdict(job->report, message, job->seq)
                   : ov_report_record(job->report, message, job->seq, s->explain_bytes_max);
}

/* False: the worker is over. */
static bool hear(overt_scanner *s, struct ov_worker *w, struct ov_bytes message, uint64_t now_ms)
{
    switch (ov_job_is_module(w->jobs.first) ? step_of_module(s, w, message)
                                            : step_of(s, ov_worker_head(w), message)) {
    case OV_REPORT_MORE:
        if (w->jail == NULL) {
            return false;
        }
        ov_pace_heard(w, false);
        return true;
    case OV_REPORT_END:
        ov_pace_heard(w, true);
        head_answered(s, w, now_ms);
        return w->jail != NULL;
    case OV_REPORT_LIE:
        break;
    }
    end_liar(s, w, "", now_ms);
    return false;
}

/* Takes in one batch. False: nothing more to take in now, or the worker is over. */
static bool hear_batch(overt_scanner *s, struct ov_worker *w, bool *reset, uint64_t now_ms)
{
    const struct ov_inbox *in = s->inbox;
    const int n = ov_inbox_take(s->inbox, ov_jail_channel(w->jail));

    if (n < 0 && errno == EINTR) {
        return true;
    }
    if (n < 0 && errno == ECONNRESET && !*reset) {
        /* It died with requests unread. What it had said before still lies behind the error. */
        *reset = true;
        return true;
    }
    if (n < 0) {
        if (*reset || (errno != EAGAIN && errno != EWOULDBLOCK)) {
            bury_worker(s, w, now_ms);
        }
        return false;
    }
    for (int i = 0; i < n; i++) {
        const struct mmsghdr *head = &in->heads[i];

        if (head->msg_len == 0) {
            bury_worker(s, w, now_ms);
            return false;
        }
        if (head->msg_len > in->message_bytes) {
            end_liar(s, w, "its message is too long", now_ms);
            return false;
        }
        if (!hear(s, w, ov_bytes_of(in->parts[i].iov_base, head->msg_len), now_ms)) {
            return false;
        }
    }
    return (unsigned)n == OV_INBOX_MESSAGES || *reset;
}

static void hear_worker(overt_scanner *s, struct ov_worker *w, uint64_t now_ms)
{
    bool reset = false;

    while (hear_batch(s, w, &reset, now_ms)) {
    }
}

/* An event of its channel. */
static void hear_event(overt_scanner *s, struct ov_worker *w, uint64_t now_ms)
{
    const size_t count = w->jobs.count;

    hear_worker(s, w, now_ms);
    w->woken_in_vain = w->woken_in_vain || (w->rests && w->jobs.count == count);
}

static uint64_t time_allowed(const overt_scanner *s, const struct ov_worker *w)
{
    return w->probing && s->time_ms_max > PROBE_MS_MAX ? PROBE_MS_MAX : s->time_ms_max;
}

static void check_deadlines(overt_scanner *s, uint64_t now_ms)
{
    for (size_t i = 0; i < s->worker_count; i++) {
        struct ov_worker *w = &s->workers[i];

        if (w->jail == NULL || ov_worker_head(w) == NULL
                || now_ms - w->head_since_ms < time_allowed(s, w)) {
            continue;
        }
        if (w->probing) {
            end_probe(s, w, "no answer to an empty file in time", now_ms);
        } else {
            char detail[64];

            (void)snprintf(detail, sizeof(detail), "the limit is %u ms", s->time_ms_max);
            end_worker(s, w, OV_REASON_TIME, detail, now_ms);
        }
    }
}

/* --- one turn ------------------------------------------------------------------------------- */

static void send_waiting(overt_scanner *s)
{
    while (s->waiting.first != NULL) {
        struct ov_job *job = s->waiting.first, *next = job->next;
        overt_error why = OVERT_ERROR_INIT;
        const size_t count = s->waiting.count;
        overt_status status;
        size_t sent;

        (void)ov_job_take(&s->waiting);
        status = ov_pool_send(s, &job, 1, &sent, &why);
        if (status == OVERT_OK) {
            OV_ASSERT(s->waiting.first == next && s->waiting.count == count - 1);
            continue;
        }
        {
            struct ov_job_list one = { .count = 0 };

            ov_job_append(&one, job);
            ov_job_prepend_all(&s->waiting, &one);
        }
        if (status != OVERT_E_BUSY) {
            break_pool(s, &why);
        }
        return;
    }
}

/* What waits for company has waited long enough. */
static void flush_workers(overt_scanner *s)
{
    const uint64_t now_ms = ov_clock_ms();

    for (size_t i = 0; i < s->worker_count; i++) {
        struct ov_worker *w = &s->workers[i];

        if (w->unsent == 0 || ov_worker_flush(w, now_ms) != OV_SEND_FULL
                || ov_worker_head(w) != NULL) {
            continue; /* one that is gone says so by its channel */
        }
        take_back(s, w); /* it has nothing to answer that would make room */
    }
}

static int wait_bounded(const overt_scanner *s, int wait_ms, uint64_t now_ms)
{
    uint64_t wait = wait_ms < 0 ? UINT64_MAX : (uint64_t)wait_ms;

    for (size_t i = 0; i < s->worker_count; i++) {
        const struct ov_worker *w = &s->workers[i];

        if (w->jail != NULL && ov_worker_head(w) != NULL) {
            const uint64_t spent = now_ms - w->head_since_ms;
            const uint64_t allowed = time_allowed(s, w);
            const uint64_t left = spent < allowed ? allowed - spent : 0;

            wait = left < wait ? left : wait;
            wait = w->rests && OV_PACE_REST_MS < wait ? OV_PACE_REST_MS : wait;
        }
    }
    return wait > INT32_MAX ? -1 : (int)wait;
}

bool ov_pool_is_busy(const overt_scanner *s)
{
    for (size_t i = 0; i < s->worker_count; i++) {
        if (s->workers[i].jobs.first != NULL) {
            return true;
        }
    }
    return s->waiting.first != NULL;
}

bool ov_pool_turn(overt_scanner *s, int wait_ms)
{
    struct epoll_event events[16];
    int n;

    flush_workers(s);
    ov_pace_set(s, ov_clock_ms());
    n = epoll_wait(s->poll_fd, events, 16, wait_bounded(s, wait_ms, ov_clock_ms()));
    if (n < 0) {
        OV_ASSERT(errno == EINTR); /* nothing else can be wrong with this call */
        return false;
    }
    {
        const uint64_t now_ms = ov_clock_ms();

        for (int i = 0; i < n; i++) {
            if (events[i].data.u64 != OV_POOL_NO_WORKER
                    && s->workers[events[i].data.u64].jail != NULL) {
                hear_event(s, &s->workers[events[i].data.u64], now_ms);
            }
        }
        for (size_t i = 0; i < s->worker_count; i++) {
            if (s->workers[i].jail != NULL && ov_pace_is_over(&s->workers[i], now_ms)) {
                hear_worker(s, &s->workers[i], now_ms);
            }
        }
        check_deadlines(s, now_ms);
        flush_workers(s);
        send_waiting(s);
    }
    return true;
}
