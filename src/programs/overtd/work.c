/* SPDX-License-Identifier: Apache-2.0 */
/* work.c - requests become files, files go to workers, reports come back. Files wait in one queue,
 * but a request has only so many of its own in it at once, so that whoever asks for a whole disk
 * does not keep the others waiting. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/limits.h"
#include "clamd/command.h"
#include "programs/overtd/daemon.h"

#define MULTISCAN_WINDOW 64u

static void free_job(struct ovd_job *job)
{
    if (job->fd >= 0) {
        (void)close(job->fd);
    }
    if (job->among != NULL && --job->among->users == 0) {
        (void)close(job->among->fd);
        free(job->among);
    }
    free(job->path);
    free(job);
}

/* --- works ---------------------------------------------------------------------------------- */

static struct ovd_work *new_work(struct ovd *d, const struct ovd_frame *frame)
{
    struct ovd_work *work;
    uint32_t slot = 0;

    while (slot < d->work_cap && d->works[slot] != NULL) {
        slot++;
    }
    if (slot == d->work_cap) {
        const uint32_t cap = d->work_cap == 0 ? 64 : d->work_cap * 2;
        struct ovd_work **works = reallocarray(d->works, cap, sizeof(struct ovd_work *));

        if (works == NULL) {
            return NULL;
        }
        memset(works + d->work_cap, 0, (cap - d->work_cap) * sizeof(struct ovd_work *));
        d->works = works;
        d->work_cap = cap;
    }
    work = calloc(1, sizeof(*work));
    if (work == NULL) {
        return NULL;
    }
    *work = (struct ovd_work){ .number = slot + 1,
        .client = frame->client,
        .request = frame->request,
        .opener = -1,
        .opener_pidfd = -1,
        .window = 1,
        .since_ms = ovd_clock_ms() };
    d->works[slot] = work;
    d->work_count++;
    d->counts.requests++;
    return work;
}

static void stop_opener(struct ovd *d, struct ovd_work *work)
{
    siginfo_t end;

    if (work->opener >= 0) {
        (void)close(work->opener);
        work->opener = -1;
    }
    if (work->opener_pidfd >= 0) {
        (void)syscall(SYS_pidfd_send_signal, work->opener_pidfd, SIGKILL, NULL, 0);
        (void)waitid(P_PIDFD, (id_t)work->opener_pidfd, &end, WEXITED);
        (void)close(work->opener_pidfd);
        work->opener_pidfd = -1;
        d->openers--;
    }
    work->opening = false;
}

static void start_opener(struct ovd *d, struct ovd_work *work);

/* Paths that waited for an opener get one, oldest place first. */
static void start_waiting(struct ovd *d)
{
    for (uint32_t i = 0; i < d->work_cap && d->openers < OVD_OPENERS_MAX; i++) {
        if (d->works[i] != NULL && d->works[i]->waits) {
            start_opener(d, d->works[i]);
        }
    }
}

static void end_work(struct ovd *d, struct ovd_work *work)
{
    const bool had_opener = work->opener_pidfd >= 0;

    OV_ASSERT(work->under_way == 0);
    stop_opener(d, work);
    d->works[work->number - 1] = NULL;
    d->work_count--;
    free(work->path);
    free(work);
    if (had_opener) {
        start_waiting(d);
    }
}

/* Ends the request if nothing of it is left; says the one line that a path without a find gets. */
static void settle(struct ovd *d, struct ovd_work *work)
{
    if (work->under_way > 0 || work->waits || (work->opening && !work->gone && !work->enough)) {
        return;
    }
    if (!work->gone) {
        char line[OVD_TEXT_BYTES_MAX] = "";

        if (work->kind == OVD_WORK_PATH && work->found == 0
                && (work->problems == 0 || work->problems < work->told)) {
            (void)snprintf(line, sizeof(line), "%s: OK", work->path);
        }
        ovd_reply(d, work->client, work->request, true, line);
    }
    end_work(d, work);
}

void ovd_work_gone(struct ovd *d, uint32_t client)
{
    for (uint32_t i = 0; i < d->work_cap; i++) {
        struct ovd_work *work = d->works[i];

        if (work != NULL && work->client == client) {
            work->gone = true;
            work->waits = false;
            stop_opener(d, work);
            settle(d, work);
        }
    }
}

void ovd_work_done(struct ovd *d)
{
    while (d->queue_first != NULL) {
        struct ovd_job *job = d->queue_first;

        d->queue_first = job->next;
        free_job(job);
    }
    for (uint32_t i = 0; i < d->work_cap; i++) {
        if (d->works[i] != NULL) {
            stop_opener(d, d->works[i]);
            free(d->works[i]->path);
            free(d->works[i]);
        }
    }
    free(d->works);
    d->works = NULL;
    d->work_cap = 0;
}

/* --- files ---------------------------------------------------------------------------------- */

static void queue(struct ovd *d, struct ovd_job *job)
{
    if (d->queue_last == NULL) {
        d->queue_first = job;
    } else {
        d->queue_last->next = job;
    }
    d->queue_last = job;
    d->queued++;
    job->work->under_way++;
}

/* Takes `fd`. */
static void add_job(struct ovd *d, struct ovd_work *work, int fd, struct ov_bytes path)
{
    struct ovd_job *job = calloc(1, sizeof(*job));
    overt_error err = OVERT_ERROR_INIT;

    if (job != NULL && ov_bytes_len(path) > 0) {
        job->path = strndup((const char *)ov_bytes_raw(path), (size_t)ov_bytes_len(path));
    }
    if (job == NULL || (ov_bytes_len(path) > 0 && job->path == NULL)) {
        (void)ov_fail(&err, OVERT_E_NOMEM, UINT64_MAX, "no memory");
        ovd_error_tell(d, work, "", &err);
        free(job);
        (void)close(fd);
        return;
    }
    job->work = work;
    job->fd = fd;
    queue(d, job);
}

/* A worker gets nothing it could write through. Memory files of the gate are sealed, and files that
 * clients opened for reading are as they should be; libovert refuses the rest, and is asked to look
 * at it first, so that of a thousand good descriptors none is examined twice. What a client opened
 * for writing too is opened once more, for reading. */
static bool open_again(struct ovd *d, struct ovd_job *job)
{
    const int flags = fcntl(job->fd, F_GETFL);
    char self[48];
    struct stat st;
    int again;

    if (fstat(job->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        ovd_problem_tell(d, job->work, "", OVD_PROBLEM_SPECIAL, 0);
        return false;
    }
    if (flags < 0 || (flags & O_PATH) != 0) {
        ovd_problem_tell(d, job->work, "", OVD_PROBLEM_ACCESS, EBADF);
        return false;
    }
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", job->fd);
    again = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (again < 0) {
        ovd_problem_tell(d, job->work, "", OVD_PROBLEM_ACCESS, errno);
        return false;
    }
    (void)close(job->fd);
    job->fd = again;
    return true;
}

void ovd_work_fd(struct ovd *d, const struct ovd_frame *frame)
{
    struct ovd_work *work = new_work(d, frame);

    if (work == NULL) {
        (void)close(frame->fd);
        ovd_reply(d, frame->client, frame->request, true, "Can't allocate memory ERROR");
        return;
    }
    work->kind = frame->value == OVD_STREAM ? OVD_WORK_STREAM : OVD_WORK_FD;
    work->shown = frame->value;
    add_job(d, work, frame->fd, ov_bytes_of(NULL, 0));
    settle(d, work); /* nothing is under way if there was no memory */
}

/* One stream of them. */
static void add_part(struct ovd *d, const struct ovd_frame *frame, struct ovd_streams *among,
        const struct ovd_part *part)
{
    const struct ovd_frame asked = { .client = frame->client,
        .request = ov_le32_get(part->request) };
    struct ovd_job *job = calloc(1, sizeof(*job));
    struct ovd_work *work = job == NULL ? NULL : new_work(d, &asked);

    if (work == NULL) {
        free(job);
        ovd_reply(d, asked.client, asked.request, true, "Can't allocate memory ERROR");
        return;
    }
    work->kind = OVD_WORK_STREAM;
    work->shown = OVD_STREAM;
    *job = (struct ovd_job){ .work = work,
        .fd = -1,
        .among = among,
        .offset = ov_le32_get(part->offset),
        .bytes = ov_le32_get(part->bytes) };
    among->users++;
    queue(d, job);
}

bool ovd_work_parts(struct ovd *d, const struct ovd_frame *frame)
{
    struct ov_reader r = ov_reader_on(frame->text);
    struct ovd_streams *among = calloc(1, sizeof(*among));
    struct ovd_part part;
    struct ov_bytes raw;

    if (among == NULL) {
        (void)close(frame->fd);
        return false; /* nobody could be answered one by one */
    }
    among->fd = frame->fd;
    among->users = 1; /* until all of them are there */
    while (ov_read_bytes(&r, sizeof(part), &raw)) {
        memcpy(&part, ov_bytes_raw(raw), sizeof(part));
        add_part(d, frame, among, &part);
    }
    if (--among->users == 0) {
        (void)close(among->fd);
        free(among);
    }
    return ov_bytes_len(frame->text) != 0 && ov_reader_left(&r) == 0;
}

/* --- paths ---------------------------------------------------------------------------------- */

static void start_opener(struct ovd *d, struct ovd_work *work)
{
    const struct ovd_session *s = &d->sessions[work->client % d->session_cap];
    const struct ovd_opener_options options = {
        .path = ov_bytes_of(work->path, strlen(work->path)),
        .peer = s->peer == NULL ? &d->stranger : s->peer,
        .set_ids = d->as_root,
        .one_file_system = !d->config.cross_file_systems,
        .excludes = (const char *const *)d->config.excludes.at,
    };

    work->waits = d->openers >= OVD_OPENERS_MAX;
    if (work->waits) {
        return;
    }
    if (!ovd_opener_start(&options, &work->opener, &work->opener_pidfd)) {
        ovd_problem_tell(d, work, work->path, OVD_PROBLEM_ACCESS, errno);
        settle(d, work);
        return;
    }
    d->openers++;
    work->opening = true;
    if (!ovd_watch(d, work->opener, OVD_EVENT_OPENER, work->number)) {
        ovd_problem_tell(d, work, work->path, OVD_PROBLEM_ACCESS, errno);
        stop_opener(d, work);
        settle(d, work);
    }
}

void ovd_work_path(struct ovd *d, const struct ovd_frame *frame)
{
    struct ovd_work *work = new_work(d, frame);

    if (work != NULL) {
        work->kind = OVD_WORK_PATH;
        work->verb = frame->value;
        work->path =
                strndup((const char *)ov_bytes_raw(frame->text), (size_t)ov_bytes_len(frame->text));
        work->window = work->verb == OV_CLAMD_MULTISCAN ? MULTISCAN_WINDOW : 1;
    }
    if (work == NULL || work->path == NULL) {
        ovd_reply(d, frame->client, frame->request, true, "Can't allocate memory ERROR");
        if (work != NULL) {
            work->gone = true;
            settle(d, work);
        }
        return;
    }
    if (work->verb == OV_CLAMD_ALLMATCHSCAN && !d->config.allmatch) {
        char line[OVD_TEXT_BYTES_MAX];

        (void)snprintf(line, sizeof(line),
                "%s: ALLMATCHSCAN command disabled by clamd configuration. ERROR", work->path);
        ovd_reply(d, work->client, work->request, true, line);
        work->gone = true; /* it has its answer */
        settle(d, work);
        return;
    }
    start_opener(d, work);
}

/* Its descriptor is watched only while there is room for one more of its files. */
static void watch_opener(struct ovd *d, struct ovd_work *work)
{
    struct epoll_event event = { .events = work->under_way < work->window ? EPOLLIN : 0,
        .data = { .u64 = (uint64_t)OVD_EVENT_OPENER << 32 | work->number } };

    if (work->opener >= 0) {
        (void)epoll_ctl(d->epoll, EPOLL_CTL_MOD, work->opener, &event);
    }
}

static void opener_said(struct ovd *d, struct ovd_work *work, struct ovd_frame *frame)
{
    char path[OVD_TEXT_BYTES_MAX + 1];
    const size_t len = (size_t)ov_bytes_len(frame->text);

    memcpy(path, ov_bytes_raw(frame->text), len);
    path[len] = '\0';
    if (frame->kind == OVD_FILE && frame->fd >= 0) {
        work->told++;
        add_job(d, work, frame->fd, frame->text);
        return;
    }
    if (frame->fd >= 0) {
        (void)close(frame->fd);
    }
    if (frame->kind == OVD_PROBLEM && frame->value >= 1 && frame->value <= OVD_PROBLEM_LAST) {
        work->told++;
        ovd_problem_tell(
                d, work, path, (enum ovd_problem)frame->value, (int)(frame->request & 0xfff));
        return;
    }
    if (frame->kind != OVD_DONE) {
        ovd_log(&d->log, OVD_ERROR, "an opener sent what it may not send: %s", work->path);
        ovd_problem_tell(d, work, work->path, OVD_PROBLEM_ACCESS, EIO);
    }
    stop_opener(d, work);
    start_waiting(d);
}

void ovd_work_hear_opener(struct ovd *d, uint32_t number)
{
    struct ovd_work *work = number >= 1 && number <= d->work_cap ? d->works[number - 1] : NULL;

    if (work == NULL || work->opener < 0) {
        return;
    }
    while (work->opener >= 0 && !work->enough && work->under_way < work->window) {
        struct ovd_inbox inbox;
        struct ovd_frame frame;
        const enum ovd_io io = ovd_receive(work->opener, &inbox, &frame);

        if (io == OVD_IO_AGAIN) {
            break;
        }
        if (io == OVD_IO_DONE) {
            opener_said(d, work, &frame);
            continue;
        }
        ovd_log(&d->log, OVD_ERROR, "an opener ended before its time: %s", work->path);
        ovd_problem_tell(d, work, work->path, OVD_PROBLEM_ACCESS, EIO);
        stop_opener(d, work);
    }
    watch_opener(d, work);
    settle(d, work);
}

/* A job's address is its token; 0 is none. */
static uint64_t token_of(struct ovd_job *job)
{
    uint64_t token;

    _Static_assert(sizeof(token) == sizeof(job), "an address fits");
    memcpy(&token, &job, sizeof(token));
    return token;
}

static struct ovd_job *job_of(uint64_t token)
{
    struct ovd_job *job;

    memcpy(&job, &token, sizeof(job));
    return job;
}

/* --- the scanner ---------------------------------------------------------------------------- */

static void drop_first(struct ovd *d)
{
    struct ovd_job *job = d->queue_first;

    d->queue_first = job->next;
    d->queue_last = job->next == NULL ? NULL : d->queue_last;
    d->queued--;
}

static bool is_wanted(const struct ovd_job *job)
{
    return !job->work->gone && !job->work->enough;
}

/* The first, and all behind it that lie in the same memory file; what is taken is in the queue no
 * more. */
static overt_status submit_parts(struct ovd *d, overt_error *err)
{
    const struct ovd_streams *among = d->queue_first->among;
    overt_part parts[OV_PARTS_MAX];
    size_t count = 0, taken = 0;
    overt_status status;

    for (struct ovd_job *job = d->queue_first;
            job != NULL && job->among == among && is_wanted(job) && count < OV_PARTS_MAX;
            job = job->next) {
        parts[count++] = (overt_part){ job->offset, job->bytes, token_of(job) };
    }
    status = overt_submit_parts(d->current.scanner, among->fd, parts, count, &taken, err);
    for (; taken > 0 && d->queue_first != NULL; taken--) {
        drop_first(d);
    }
    return status;
}

void ovd_work_submit(struct ovd *d)
{
    while (d->queue_first != NULL) {
        struct ovd_job *job = d->queue_first;
        overt_error err = OVERT_ERROR_INIT;
        struct ovd_work *work = job->work;
        const bool wanted = is_wanted(job);
        overt_status status = OVERT_OK;

        if (wanted && job->among != NULL) {
            status = submit_parts(d, &err);
            if (status == OVERT_OK) {
                continue;
            }
        } else if (wanted) {
            status = overt_submit(d->current.scanner, job->fd, job->path == NULL ? "" : job->path,
                    token_of(job), &err);
        }
        if (status == OVERT_E_BUSY) {
            return;
        }
        if (status == OVERT_E_ARGUMENT && work->kind == OVD_WORK_FD && !job->opened_again) {
            job->opened_again = true;
            if (open_again(d, job)) {
                continue; /* as if it had just come */
            }
            status = OVERT_OK;
        } else if (wanted && status == OVERT_OK) {
            drop_first(d);
            job->fd = -1; /* the scanner's now */
            continue;
        }
        drop_first(d);
        if (status != OVERT_OK) {
            ovd_error_tell(d, work, job->path, &err);
        }
        free_job(job);
        work->under_way--;
        watch_opener(d, work);
        settle(d, work);
    }
}

static void reported(struct ovd *d, overt_report *report)
{
    struct ovd_job *job = job_of(overt_report_token(report));
    struct ovd_work *work;

    if (job == NULL) {
        return; /* the empty file that started the workers */
    }
    work = job->work;
    d->counts.files++;
    d->counts.bytes += overt_report_size(report);
    ovd_verdict_tell(d, work, job->path, report);
    if (work->found > 0 && work->verb == OV_CLAMD_SCAN && work->kind == OVD_WORK_PATH) {
        work->enough = true; /* SCAN stops at the first */
        stop_opener(d, work);
        start_waiting(d);
    }
    free_job(job);
    work->under_way--;
    watch_opener(d, work);
    settle(d, work);
}

static void collect(struct ovd *d, struct ovd_scanner *s)
{
    while (s->scanner != NULL) {
        overt_error err = OVERT_ERROR_INIT;
        overt_report *report = NULL;

        if (overt_collect(s->scanner, 0, &report, &err) != OVERT_OK) {
            ovd_log(&d->log, OVD_ERROR, "nothing can be scanned any more: %s", err.message);
            d->stopping = true; /* the service manager starts us anew, or says why not */
            return;
        }
        if (report == NULL) {
            return;
        }
        reported(d, report);
        overt_report_free(report);
    }
}

void ovd_work_collect(struct ovd *d)
{
    collect(d, &d->current);
    collect(d, &d->retiring);
    ovd_rules_retire(d);
    ovd_work_submit(d);
}
