/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - the queue at one worker. */
#include "api/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

uint64_t ov_clock_ms(void)
{
    struct timespec now = { .tv_sec = 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

enum ov_send_result ov_worker_send(struct ov_worker *worker, struct ov_job *job, uint64_t now_ms)
{
    const struct ov_bytes values = ov_buf_bytes(&job->values);
    const bool sent = job->regions_fd >= 0
                              ? ov_jail_send_two(
                                      worker->jail, &job->request, values, job->fd, job->regions_fd)
                              : ov_jail_send(worker->jail, &job->request, values, job->fd);

    if (!sent) {
        /* The rest (ENOBUFS, ETOOMANYREFS, ENOMEM) passes when what is under way is answered. */
        return errno == EPIPE || errno == ECONNRESET ? OV_SEND_GONE : OV_SEND_FULL;
    }
    if (worker->jobs.first == NULL) {
        worker->head_since_ms = now_ms;
    }
    ov_job_append(&worker->jobs, job);
    worker->queued_bytes += ov_le64_get(job->request.size);
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
