/* SPDX-License-Identifier: Apache-2.0 */
/* scanner.h - the supervisor of a pool of workers: what scanner.c (the public functions) and
 * pool.c (what happens to workers) share. */
#ifndef OV_API_SCANNER_H
#define OV_API_SCANNER_H

#include "api/layers.h"
#include "api/worker.h"

struct ov_inbox; /* inbox.h */

/* What every worker is told before its first file. */
struct ov_module_data {
    uint32_t module; /* its row of facts/schema.h */
    int fd;          /* owned */
    uint64_t size;
};

struct overt_scanner {
    overt_db *db; /* held */
    overt_limits limits;
    enum ov_jail_profile profile;
    uint64_t explain_bytes_max;
    uint32_t wanted_kib; /* what is asked of a worker; 0: its own default */
    uint32_t scan_flags; /* OV_SCAN_* of every request */
    uint32_t remember;   /* contents that each worker may remember */
    unsigned without;
    size_t in_flight_max;
    uint32_t time_ms_max;
    uint32_t cpu_seconds;

    struct ov_worker *workers; /* owned, `worker_count` places */
    size_t worker_count;
    size_t worker_places; /* how many of them we try to fill: fewer after a start failed */
    int poll_fd;          /* epoll over the channels of all running workers */
    struct ov_inbox *inbox;
    struct ov_module_data modules[2];
    size_t module_count;

    bool prepared; /* its workers were begun all at once */
    bool bulk;     /* answers may lie for a while: fewer wake us */

    struct ov_job_list waiting; /* to be sent again, before anything new */
    struct ov_job_list done;    /* finished, not collected */
    size_t under_way;           /* submitted, not finished */
    uint32_t seq_last;
    uint64_t deaths;

    unsigned fresh_deaths; /* in a row, of workers that never answered anything */
    bool suspicious;       /* the next worker must answer an empty file first */
    bool broken;           /* workers cannot be had; `why` says why */
    overt_error why;
    unsigned layers; /* in force at every worker so far */
    char layer_names[OV_LAYER_NAMES_BYTES];
};

/* In the epoll, of what is no worker's channel. */
#define OV_POOL_NO_WORKER UINT64_MAX

/* placing.c: how a worker's jail is to be, and what a jail that is ready becomes. */
struct ov_jail_spec ov_pool_jail_spec(const overt_scanner *s);
OV_MUST_CHECK overt_status ov_pool_adopt(overt_scanner *s, struct ov_worker *w, overt_error *err);

OV_MUST_CHECK overt_status ov_pool_init(overt_scanner *s, size_t workers, overt_error *err);
void ov_pool_done(overt_scanner *s);

/* OVERT_OK: *sent of the jobs, at least one, are at a worker. OVERT_E_BUSY: no place. Otherwise no
 * worker can be had, and `err` says why. Several are as ov_worker_send wants them. */
OV_MUST_CHECK overt_status ov_pool_send(
        overt_scanner *s, struct ov_job *const *jobs, size_t count, size_t *sent, overt_error *err);

/* Takes in what workers have said so far, buries the dead, ends what is over its time, sends again
 * what waits. Waits up to `wait_ms` for something to happen. False: a signal came. */
bool ov_pool_turn(overt_scanner *s, int wait_ms);

/* pace.c: a new worker; what it said, and whether that was the end of a file; who rests from now on;
 * whether it has rested for so long that it is to be heard now. */
#define OV_PACE_REST_MS 100u /* answers lie no longer than this, if anybody turns the pool */
void ov_pace_begin(const overt_scanner *s, const struct ov_worker *w);
void ov_pace_heard(struct ov_worker *w, bool end);
void ov_pace_set(overt_scanner *s, uint64_t now_ms);
bool ov_pace_is_over(struct ov_worker *w, uint64_t now_ms);

/* True while some worker has something to answer. */
bool ov_pool_is_busy(const overt_scanner *s);

/* scanner.c: a file that may cross the wall, and what is to be done with it. */
OV_MUST_CHECK overt_status ov_scanner_check_file(
        int fd, const char *name, struct stat *st, bool *sealed, overt_error *err);
/* NULL: no memory. */
struct ov_job *ov_scanner_job(
        overt_scanner *s, int fd, const char *name, uint64_t token, const struct stat *st);

#endif
