/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h - what the files of overt-worker share. */
#ifndef OV_PROGRAMS_WORKER_WORKER_H
#define OV_PROGRAMS_WORKER_WORKER_H

#include "engine/engine.h"
#include "evidence/evidence.h"
#include "sandbox/frame.h"

/* What ends the worker is told by its exit status alone: ov_jailed_exit. */

/* One message. Ends the worker if the channel does not take it whole. */
void worker_send(const void *message, size_t bytes);

/* Looks at one file and answers, END last. Profiles differ in what they say. */
void worker_verdict(struct ov_engine *engine, uint32_t seq, int fd, uint64_t size,
        const struct ov_scan_limits *limits);
/* The same with each of `files` (OV_REQUEST_FILES), as many as there are descriptors. */
void worker_files(struct ov_engine *engine, const int *fds, struct ov_bytes files,
        const struct ov_scan_limits *limits);
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
