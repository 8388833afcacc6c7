/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h - one jailed worker and the files waiting at it, oldest first. The oldest is the one it
 * is working on: requests are answered in the order they were sent. The youngest may not have been
 * sent yet: while the worker has something to do, files wait here until a message is full of them,
 * or the next turn of the pool. */
#ifndef OV_API_WORKER_H
#define OV_API_WORKER_H

#include <sys/stat.h>

#include "api/report.h"
#include "sandbox/jail.h"

#define OV_JOB_NO_HOME UINT32_MAX

struct ov_job {
    struct ov_job *next;
    overt_report *report; /* owned; NULL for a probe */
    int fd;               /* borrowed from the report or from the caller */
    int regions_fd;       /* owned; -1: the whole file */
    struct ov_buf values; /* owned; behind the request */
    uint32_t seq;
    uint32_t home;   /* which worker it rather goes to, modulo how many there are */
    bool goes_along; /* with others, in one message: nothing stands behind its request */
    bool is_part;    /* of what is behind `fd`: request.size bytes from `offset` */
    uint64_t offset;
    uint64_t all_bytes; /* a part's: of all that it lies in */
    struct ov_request request;
    struct timespec mtime; /* when it was submitted */
    bool sealed;           /* its bytes cannot change: it need not be asked afterwards */
    bool excused;          /* a worker that could not start has already been forgiven on it */
};

struct ov_job_list {
    struct ov_job *first, *last;
    size_t count;
};

void ov_job_append(struct ov_job_list *list, struct ov_job *job);
struct ov_job *ov_job_take(struct ov_job_list *list); /* NULL: empty */
/* Moves all of `from` before the first of `to`, in its order. */
void ov_job_prepend_all(struct ov_job_list *to, struct ov_job_list *from);

/* Gives *out the request for an empty file, without a report. */
OV_MUST_CHECK overt_status ov_job_probe(struct ov_job **out, uint32_t seq, overt_error *err);
void ov_job_free(struct ov_job *job); /* with its report */
void ov_jobs_free(struct ov_job_list *jobs);

struct ov_worker {
    struct ov_jail *jail;    /* NULL: not running */
    struct ov_jail *opening; /* not finished yet; NULL: none is being built */
    bool left;               /* it is ending, and hears nothing; by `process` its end is seen */
    int process;
    struct ov_job_list jobs;
    size_t unsent;               /* the last so many of them, */
    struct ov_job *unsent_first; /* from this one on */
    uint64_t queued_bytes;       /* of all jobs */
    uint64_t head_since_ms;      /* when the oldest became the oldest */
    uint64_t busy_ms;            /* wall time spent on files already answered */
    bool answered;               /* it has answered at least one file to the end */
    bool probing;                /* it has to answer an empty file before it gets others */

    /* pace.c */
    bool rests;         /* what it says does not wake us */
    bool woken_in_vain; /* and nothing was heard since: it is not to rest */
    unsigned frames;    /* of the oldest job, so far */
    unsigned talkative; /* so many files more it is not to rest */
    uint64_t rests_since_ms;
};

enum ov_send_result {
    OV_SEND_DONE,
    OV_SEND_FULL, /* later */
    OV_SEND_GONE  /* the worker is dead */
};

/* In one message; several are parts of one descriptor, OV_PARTS_MAX at most, their numbers in a row.
 * DONE: they are the worker's. */
enum ov_send_result ov_worker_send(
        struct ov_worker *worker, struct ov_job *const *jobs, size_t count, uint64_t now_ms);
/* One that goes along, at once or with those that come behind it. */
enum ov_send_result ov_worker_put(struct ov_worker *worker, struct ov_job *job, uint64_t now_ms);
/* Sends what was not sent yet. */
enum ov_send_result ov_worker_flush(struct ov_worker *worker, uint64_t now_ms);

/* The one it is working on; NULL: it has nothing to do. */
struct ov_job *ov_worker_head(const struct ov_worker *worker);

/* The oldest job, answered or given up: taken out, its time counted. */
struct ov_job *ov_worker_finish_head(struct ov_worker *worker, uint64_t now_ms);

/* A sentence on how the jailed program ended. */
void ov_worker_death_text(const struct ov_jail_end *end, char *text, size_t bytes);

/* Milliseconds of a clock that only goes forward. */
uint64_t ov_clock_ms(void);

#endif
