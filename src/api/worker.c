/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - the queue at one worker. */
#include "api/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/fail.h"
#include "api/memfd.h"
#include "base/checked.h"

void ov_job_append(struct ov_job_list *list, struct ov_job *job)
{
    job->next = NULL;
    if (list->last == NULL) {
        list->first = job;
    } else {
        list->last->next = job;
    }
    list->last = job;
    list->count++;
}

struct ov_job *ov_job_take(struct ov_job_list *list)
{
    struct ov_job *job = list->first;

    if (job == NULL) {
        return NULL;
    }
    list->first = job->next;
    if (list->first == NULL) {
        list->last = NULL;
    }
    list->count--;
    job->next = NULL;
    return job;
}

void ov_job_prepend_all(struct ov_job_list *to, struct ov_job_list *from)
{
    if (from->first == NULL) {
        return;
    }
    from->last->next = to->first;
    to->first = from->first;
    if (to->last == NULL) {
        to->last = from->last;
    }
    to->count += from->count;
    *from = (struct ov_job_list){ .count = 0 };
}

overt_status ov_job_probe(struct ov_job **out, uint32_t seq, overt_error *err)
{
    struct ov_job *job = calloc(1, sizeof(*job));
    overt_status status;

    if (job == NULL) {
        return ov_fail_nomem(err, "a probe");
    }
    job->fd = -1;
    job->regions_fd = -1;
    job->home = OV_JOB_NO_HOME;
    ov_buf_init(&job->values, OV_VALUES_BYTES_MAX);
    status = ov_memfd_of(&job->fd, "overt-probe", ov_bytes_of(NULL, 0), err);
    if (status != OVERT_OK) {
        ov_job_free(job);
        return status;
    }
    job->seq = seq;
    job->request = (struct ov_request){
        .magic = ov_le32_of(OV_REQUEST_MAGIC),
        .kind = ov_le32_of(OV_REQUEST_SCAN),
        .seq = ov_le32_of(seq),
    };
    *out = job;
    return OVERT_OK;
}

void ov_job_free(struct ov_job *job)
{
    if (job == NULL) {
        return;
    }
    if (job->report == NULL && job->fd >= 0) {
        (void)close(job->fd); /* a probe's own */
    }
    if (job->regions_fd >= 0) {
        (void)close(job->regions_fd);
    }
    ov_buf_done(&job->values);
    overt_report_free(job->report);
    free(job);
}

void ov_jobs_free(struct ov_job_list *jobs)
{
    struct ov_job *job;

    while ((job = ov_job_take(jobs)) != NULL) {
        ov_job_free(job);
    }
}

uint64_t ov_clock_ms(void)
{
    struct timespec now = { .tv_sec = 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static bool send_parts(struct ov_jail *jail, struct ov_job *const *jobs, size_t count)
{
    struct ov_request request = jobs[0]->request;
    struct ov_part parts[OV_PARTS_MAX];

    OV_ASSERT(count <= OV_PARTS_MAX);
    for (size_t i = 0; i < count; i++) {
        OV_ASSERT(jobs[i]->is_part && jobs[i]->fd == jobs[0]->fd
                  && jobs[i]->seq == jobs[0]->seq + (uint32_t)i);
        parts[i] = (struct ov_part){ .offset = ov_le64_of(jobs[i]->offset),
            .bytes = jobs[i]->request.size };
    }
    request.kind = ov_le32_of(OV_REQUEST_PARTS);
    request.size = ov_le64_of(jobs[0]->all_bytes);
    return ov_jail_send(jail, &request, ov_bytes_of(parts, count * sizeof(parts[0])), jobs[0]->fd);
}

static bool send_one(struct ov_jail *jail, const struct ov_job *job)
{
    const struct ov_bytes values = ov_buf_bytes(&job->values);

    const int fds[2] = { job->fd, job->regions_fd };

    return ov_jail_send_many(jail, &job->request, values, fds, job->regions_fd >= 0 ? 2 : 1);
}

/* The rest (ENOBUFS, ETOOMANYREFS, ENOMEM) passes when what is under way is answered. */
static enum ov_send_result not_sent(void)
{
    return errno == EPIPE || errno == ECONNRESET ? OV_SEND_GONE : OV_SEND_FULL;
}

static void append(struct ov_worker *worker, struct ov_job *job)
{
    ov_job_append(&worker->jobs, job);
    worker->queued_bytes += ov_le64_get(job->request.size);
}

enum ov_send_result ov_worker_send(
        struct ov_worker *worker, struct ov_job *const *jobs, size_t count, uint64_t now_ms)
{
    bool sent;

    OV_ASSERT(worker->unsent == 0 && (count == 1 || jobs[0]->is_part));
    sent = jobs[0]->is_part ? send_parts(worker->jail, jobs, count)
                            : send_one(worker->jail, jobs[0]);

    if (!sent) {
        return not_sent();
    }
    if (worker->jobs.first == NULL) {
        worker->head_since_ms = now_ms;
    }
    for (size_t i = 0; i < count; i++) {
        append(worker, jobs[i]);
    }
    return OV_SEND_DONE;
}

/* --- several files in one message ------------------------------------------------------------ */

struct ov_job *ov_worker_head(const struct ov_worker *worker)
{
    return worker->jobs.count > worker->unsent ? worker->jobs.first : NULL;
}

static bool send_files(struct ov_jail *jail, const struct ov_job *first, size_t count)
{
    struct ov_request request = first->request;
    struct ov_file files[OV_FILES_MAX];
    int fds[OV_FILES_MAX];

    OV_ASSERT(count <= OV_FILES_MAX);
    for (size_t i = 0; i < count && first != NULL; i++, first = first->next) {
        files[i] = (struct ov_file){ .size = first->request.size, .seq = ov_le32_of(first->seq) };
        fds[i] = first->fd;
    }
    request.kind = ov_le32_of(OV_REQUEST_FILES);
    return ov_jail_send_many(
            jail, &request, ov_bytes_of(files, count * sizeof(files[0])), fds, count);
}

enum ov_send_result ov_worker_flush(struct ov_worker *worker, uint64_t now_ms)
{
    const bool idle = ov_worker_head(worker) == NULL;

    if (worker->unsent == 0) {
        return OV_SEND_DONE;
    }
    if (worker->unsent == 1 ? !send_one(worker->jail, worker->unsent_first)
                            : !send_files(worker->jail, worker->unsent_first, worker->unsent)) {
        return not_sent();
    }
    worker->unsent = 0;
    worker->head_since_ms = idle ? now_ms : worker->head_since_ms;
    return OV_SEND_DONE;
}

enum ov_send_result ov_worker_put(struct ov_worker *worker, struct ov_job *job, uint64_t now_ms)
{
    enum ov_send_result result;

    OV_ASSERT(job->goes_along);
    if (ov_worker_head(worker) == NULL) {
        result = ov_worker_flush(worker, now_ms);
        return result == OV_SEND_DONE ? ov_worker_send(worker, &job, 1, now_ms) : result;
    }
    if (worker->unsent == OV_FILES_MAX) {
        result = ov_worker_flush(worker, now_ms);
        if (result != OV_SEND_DONE) {
            return result;
        }
    }
    append(worker, job);
    worker->unsent_first = worker->unsent == 0 ? job : worker->unsent_first;
    worker->unsent++;
    if (worker->unsent == OV_FILES_MAX) {
        (void)ov_worker_flush(worker, now_ms); /* else later, or with its channel's end */
    }
    return OV_SEND_DONE;
}

struct ov_job *ov_worker_finish_head(struct ov_worker *worker, uint64_t now_ms)
{
    struct ov_job *job = ov_job_take(&worker->jobs);

    OV_ASSERT(job != NULL);
    worker->queued_bytes -= ov_le64_get(job->request.size);
    worker->busy_ms += now_ms - worker->head_since_ms;
    worker->head_since_ms = now_ms;
    return job;
}

void ov_worker_death_text(const struct ov_jail_end *end, char *text, size_t bytes)
{
    if (!end->known) {
        (void)snprintf(text, bytes, "how is not known");
        return;
    }
    if (end->signal == 0 && end->exit_status == OV_JAILED_EXIT_DATABASE) {
        (void)snprintf(
                text, bytes, "this database is not for this version; compile its rules again");
        return;
    }
    if (end->signal == 0 && end->exit_status == OV_JAILED_EXIT_MEMORY) {
        (void)snprintf(text, bytes, "not enough memory to begin with");
        return;
    }
    if (end->signal == 0) {
        (void)snprintf(text, bytes, "it exited with status %d", end->exit_status);
        return;
    }
    if (end->signal == SIGSYS) {
        (void)snprintf(text, bytes, "killed by the jail for trying system call %ld", end->syscall);
        return;
    }
    {
        const char *name = sigabbrev_np(end->signal);

        (void)snprintf(text, bytes, "signal %d%s%s", end->signal, name == NULL ? "" : " SIG",
                name == NULL ? "" : name);
    }
}
