/* SPDX-License-Identifier: Apache-2.0 */
/* placing.c - which worker gets a file, and starting one where there is none. */
#include <errno.h>
#include <sys/epoll.h>

#include "api/fail.h"
#include "api/layers.h"
#include "api/modules.h"
#include "base/checked.h"

#define WORKER_MEMORY_BYTES (512u * (uint64_t)OV_MIB)

/* Waiting at one worker behind the file it works on. More would wait there while others idle. */
#define QUEUED_BYTES_MAX (16u * (uint64_t)OV_MIB)

/* --- starting ------------------------------------------------------------------------------- */

/* What holds for all workers of this scanner so far. */
static void note_layers(overt_scanner *s, unsigned layers)
{
    s->layers = s->layer_names[0] == '\0' ? layers : s->layers & layers;
    ov_layers_text(s->layers, s->layer_names);
}

static overt_status send_probe(overt_scanner *s, struct ov_worker *w, overt_error *err)
{
    struct ov_job *job;
    const overt_status status = ov_job_probe(&job, s->seq_last + 1, err);

    if (status != OVERT_OK) {
        return status;
    }
    s->seq_last++;
    w->probing = true;
    if (ov_worker_send(w, &job, 1, ov_clock_ms()) != OV_SEND_DONE) {
        ov_job_free(job); /* gone already: its channel will say so */
    }
    return OVERT_OK;
}

struct ov_jail_spec ov_pool_jail_spec(const overt_scanner *s)
{
    return (struct ov_jail_spec){
        .program = "overt-worker",
        .profile = s->profile,
        .database_fd = s->db->fd,
        .memory_bytes = WORKER_MEMORY_BYTES + ov_modules_memory(s),
        .database_bytes = s->db->map_bytes,
        .cpu_seconds = s->cpu_seconds,
        .without = s->without,
    };
}

overt_status ov_pool_adopt(overt_scanner *s, struct ov_worker *w, overt_error *err)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .u64 = (uint64_t)(w - s->workers) } };
    overt_status status;

    if (epoll_ctl(s->poll_fd, EPOLL_CTL_ADD, ov_jail_channel(w->jail), &event) != 0) {
        status = ov_fail_errno(err, errno, "a worker could not be waited for");
        ov_jail_close(w->jail);
        w->jail = NULL;
        return status;
    }
    ov_pace_begin(s, w);
    note_layers(s, ov_jail_layers(w->jail));
    status = s->suspicious ? send_probe(s, w, err) : OVERT_OK;
    return status == OVERT_OK ? ov_modules_send(s, w, err) : status;
}

static overt_status start_worker(overt_scanner *s, struct ov_worker *w, overt_error *err)
{
    const struct ov_jail_spec spec = ov_pool_jail_spec(s);
    const overt_status status = ov_jail_open(&w->jail, &spec, err);

    if (status != OVERT_OK) {
        w->jail = NULL;
        return status;
    }
    return ov_pool_adopt(s, w, err);
}

static bool has_room(const overt_scanner *s, const struct ov_worker *w, const struct ov_job *job)
{
    const uint64_t size = ov_le64_get(job->request.size);

    if (w->jail == NULL || w->probing || w->jobs.count >= s->in_flight_max + s->module_count) {
        return false;
    }
    return w->jobs.count == 0
           || (size <= QUEUED_BYTES_MAX && w->queued_bytes <= QUEUED_BYTES_MAX - size);
}

/* The worker that may remember the file, unless it has this many more to do than another. */
#define HOME_SLACK 8u

static struct ov_worker *home_or(overt_scanner *s, const struct ov_job *job, struct ov_worker *best)
{
    struct ov_worker *home;

    if (best == NULL || job->home == OV_JOB_NO_HOME || s->worker_count == 0) {
        return best;
    }
    home = &s->workers[job->home % s->worker_count];
    return has_room(s, home, job) && home->jobs.count <= best->jobs.count + HOME_SLACK ? home
                                                                                       : best;
}

/* The running worker with the fewest files that has room for this one, or NULL. Also counts those
 * that run, and finds a place where none does. */
static struct ov_worker *choose(
        overt_scanner *s, const struct ov_job *job, size_t *running, struct ov_worker **empty)
{
    struct ov_worker *best = NULL;

    *running = 0;
    *empty = NULL;
    for (size_t i = 0; i < s->worker_count; i++) {
        struct ov_worker *w = &s->workers[i];

        if (w->jail == NULL) {
            *empty = *empty == NULL ? w : *empty;
            continue;
        }
        ++*running;
        if (has_room(s, w, job) && (best == NULL || w->jobs.count < best->jobs.count)) {
            best = w;
        }
    }
    return home_or(s, job, best);
}

/* How many of them this worker is to have: no more than it has room for, and than its share, so that
 * others work too. */
static size_t share_of(
        const overt_scanner *s, const struct ov_worker *w, size_t count, size_t running)
{
    const size_t room = s->in_flight_max + s->module_count - w->jobs.count;
    const size_t share = (count + running - 1) / running;

    return share < room ? share : room;
}

/* What waits there goes first. */
static enum ov_send_result hand_over(struct ov_worker *w, struct ov_job *const *jobs, size_t count)
{
    const uint64_t now_ms = ov_clock_ms();
    enum ov_send_result result;

    if (jobs[0]->goes_along) {
        return ov_worker_put(w, jobs[0], now_ms);
    }
    result = ov_worker_flush(w, now_ms);
    return result == OV_SEND_DONE ? ov_worker_send(w, jobs, count, now_ms) : result;
}

overt_status ov_pool_send(
        overt_scanner *s, struct ov_job *const *jobs, size_t count, size_t *sent, overt_error *err)
{
    struct ov_worker *best, *empty;
    size_t running;

    if (s->broken) {
        *err = s->why;
        return (overt_status)s->why.status;
    }
    best = choose(s, jobs[0], &running, &empty);
    if (empty != NULL && (best == NULL || best->jobs.count != 0)
            && (running == 0 || running < s->worker_places) && !(s->suspicious && running != 0)) {
        overt_error why = OVERT_ERROR_INIT;
        const overt_status status = start_worker(s, empty, &why);

        if (status == OVERT_OK) {
            best = has_room(s, empty, jobs[0]) ? empty : best;
            running++;
        } else if (running == 0) {
            *err = why;
            return status;
        } else {
            s->worker_places = running; /* the machine has no more for us: go on with these */
        }
    }
    if (best == NULL) {
        return OVERT_E_BUSY;
    }
    *sent = share_of(s, best, count, running);
    switch (hand_over(best, jobs, *sent)) {
    case OV_SEND_DONE:
        return OVERT_OK;
    case OV_SEND_GONE: /* it keeps its place until what it said last was heard: ov_pool_turn */
        return OVERT_E_BUSY;
    case OV_SEND_FULL:
        break;
    }
    return ov_worker_head(best) != NULL
                   ? OVERT_E_BUSY
                   : ov_fail_errno(err, errno, "a file could not be handed to a worker");
}
