/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h - what the files of overt-worker share. */
#ifndef OV_PROGRAMS_WORKER_WORKER_H
#define OV_PROGRAMS_WORKER_WORKER_H

#include "engine/engine.h"
#include "evidence/evidence.h"
#include "guard/looked.h"
#include "sandbox/frame.h"

/* What ends the worker is told by its exit status alone: ov_jailed_exit. */

/* One message. Ends the worker if the channel does not take it whole. */
void worker_send(const void *message, size_t bytes);

/* memory.c: small files in which nothing was found, by their bytes. */
struct worker_memory {
    uint32_t places;                  /* as asked; 0: nothing is remembered */
    struct ov_scan_limits limits;     /* under which they were looked at */
    struct ov_looked *looked;         /* owned; NULL: nothing is remembered */
    struct ov_digest *digest;         /* owned */
    uint8_t *room;                    /* owned; WORKER_SMALL_BYTES_MAX */
    uint8_t now[OV_DIGEST_BYTES_MAX]; /* of what was read last */
};

#define WORKER_SMALL_BYTES_MAX (64u * OV_KIB)

/* What the request says; with other limits all is forgotten. */
void worker_memory_for(
        struct worker_memory *m, uint32_t places, const struct ov_scan_limits *limits);
/* The whole of a small file. Lent until the next. False: it is to be looked at where it lies. */
OV_MUST_CHECK bool worker_memory_read(
        struct worker_memory *m, int fd, uint64_t size, struct ov_bytes *out);
/* What was read last: nothing was found in it before, in so many objects. */
OV_MUST_CHECK bool worker_memory_knows(const struct worker_memory *m, uint32_t *objects);
void worker_memory_put(struct worker_memory *m, uint32_t objects);

/* Looks at one file and answers, END last. Profiles differ in what they say. */
void worker_verdict(struct ov_engine *engine, struct worker_memory *memory, uint32_t seq, int fd,
        uint64_t size, const struct ov_scan_limits *limits);
/* The same with each of `files` (OV_REQUEST_FILES), as many as there are descriptors. */
void worker_files(struct ov_engine *engine, struct worker_memory *memory, const int *fds,
        struct ov_bytes files, const struct ov_scan_limits *limits);
/* The same with each of `parts` (OV_REQUEST_PARTS). */
void worker_verdicts(struct ov_engine *engine, uint32_t seq, int fd, struct ov_bytes parts,
        const struct ov_scan_limits *limits);
/* `fds`, `size` and `flags`: as in a request. `time`: for time.now(), or NULL. */
void worker_explain(struct ov_engine *engine, const struct ov_db_view *view, uint32_t seq,
        const int fds[2], uint64_t size, const struct ov_scan_limits *limits, uint32_t flags,
        const int64_t *time);
/* Data for a module (OV_REQUEST_MODULE), for all scans behind. Closes `fd`. */
void worker_module(struct ov_engine *engine, uint32_t seq, uint32_t module, int fd, uint64_t size);
/* What a file says of installed software (OV_REQUEST_FACTS). Closes `fd` before the END. */
void worker_traces(uint32_t seq, int fd, uint64_t size, struct ov_bytes questions, uint32_t flags);

#endif
