/* SPDX-License-Identifier: Apache-2.0 */
/* witness.h - what a witness decides on one submission (c2sp.org/tlog-witness add-checkpoint), and
 * the HTTP requests it is asked by. No state and no socket in here: both are the program's.
 *
 * Whoever submits is not trusted, nor is the log: it may try to have two histories cosigned. */
#ifndef OV_TRUST_WITNESS_H
#define OV_TRUST_WITNESS_H

#include "trust/checkpoint.h"
#include "trust/note.h"

/* Request line and headers; and a body: 63 hashes, a note, and what is around them. */
#define OV_HTTP_HEAD_BYTES_MAX (8u * OV_KIB)
#define OV_HTTP_BODY_BYTES_MAX (72u * OV_KIB)

enum ov_http_method {
    OV_HTTP_GET = 1,
    OV_HTTP_POST
};

struct ov_http_request {
    enum ov_http_method method;
    struct ov_bytes path; /* borrowed */
    uint64_t head_bytes;  /* request line, headers and the empty line */
    uint64_t body_bytes;  /* by Content-Length */
};

/* 0: more bytes are needed. 200: *out is filled (the body may still be on its way). Else the status
 * to answer with, and *why. */
unsigned ov_http_read(struct ov_bytes in, struct ov_http_request *out, const char **why);

struct ov_submission {
    uint64_t old_size;
    uint32_t path_count;
    struct ov_hash path[OV_TREE_HEIGHT_MAX];
    struct ov_bytes note_bytes;
    struct ov_note note;
    struct ov_checkpoint checkpoint;
};

/* Borrows. False: malformed (400), and *err says how. */
OV_MUST_CHECK bool ov_submission_read(
        struct ov_bytes body, struct ov_submission *out, overt_error *err);

/* What this witness cosigned last of this log. */
struct ov_witnessed {
    uint64_t size; /* 0: nothing yet */
    struct ov_hash root;
};

/* The status: 200 if it may be cosigned once that is on the disk. `logs` are the keys of the logs
 * that are known; *log becomes the submission's, also to look up `last`, which is asked for between
 * the checks of the signature and of the size. */
struct ov_witness_ask {
    const struct ov_key *logs;
    size_t log_count;
    /* False: the state cannot be read (500). */
    bool (*last)(void *payload, struct ov_bytes origin, struct ov_witnessed *out);
    void *payload;
};
unsigned ov_witness_decide(const struct ov_witness_ask *ask, const struct ov_submission *submission,
        struct ov_digest *sha, struct ov_witnessed *last, overt_error *err);

#endif
