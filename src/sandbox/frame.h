/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h - what crosses the jail's wall, byte for byte. docs/protocols/worker.md says when.
 *
 * The channel is a SEQPACKET socket: one message, one frame. Into the jail go requests, each with
 * exactly one read-only descriptor. Out of it come, in the verdict profile, frames of 16 bytes,
 * at most OV_VERDICT_FRAMES_MAX per file; in the explain and compile profiles, records of at most
 * OV_EXPLAIN_FRAME_BYTES_MAX. Both sides take the other for hostile: a frame that is not exactly
 * of its form ends the peer.
 */
#ifndef OV_SANDBOX_FRAME_H
#define OV_SANDBOX_FRAME_H

#include "base/buf.h"
#include "base/le.h"
#include "base/limits.h"
#include "base/reason.h"

/* Descriptors a jailed program is born with (DESIGN section 11). */
#define OV_JAIL_FD_CHANNEL  3
#define OV_JAIL_FD_PROGRAM  200 /* close-on-exec */
#define OV_JAIL_FD_DATABASE 201 /* worker: the database; compiler: the output memfd */

/* With what status a jailed program leaves when it cannot go on. Not to be trusted, only shown. */
enum ov_jailed_exit {
    OV_JAILED_EXIT_USAGE = 2,    /* no profile in argv[1] */
    OV_JAILED_EXIT_PROTOCOL = 3, /* the supervisor sent what it may not send */
    OV_JAILED_EXIT_CHANNEL = 4,  /* the channel is gone */
    OV_JAILED_EXIT_DATABASE = 5, /* descriptor 201 holds no database that can be opened */
    OV_JAILED_EXIT_MEMORY = 6    /* not enough to begin with */
};

/* --- requests ------------------------------------------------------------------------------- */

#define OV_REQUEST_MAGIC 0x5254564fu /* "OVTR" */

enum ov_request_kind {
    OV_REQUEST_SCAN = 1,   /* fd: the file */
    OV_REQUEST_SOURCE = 2, /* compiler; fd: one rule source; name follows the struct */
    OV_REQUEST_FINISH =
            3,            /* compiler; no more sources: compile. fd: any (a /dev/null); size: of the
                              output memory file at descriptor 201 */
    OV_REQUEST_VERIFY = 4 /* compiler; fd: a database to check whole */
};

/* OV_REQUEST_SCAN, in `flags` of the explain profile: KiB of records wanted for this file, with
 * all matches of all strings. 0: OV_EXPLAIN_WORKER_BYTES_DEFAULT, with the first matches of each.
 * What does not fit is said by OV_REASON_REPLIES; the first HIT always fits. */

/* OV_REQUEST_SOURCE, in `flags`. */
#define OV_SOURCE_YARA     1u
#define OV_SOURCE_HASHLIST 2u

struct ov_request {
    struct ov_le32 magic;
    struct ov_le32 kind;
    struct ov_le32 seq; /* chosen by the supervisor, returned in every reply */
    struct ov_le32 flags;
    struct ov_le64 size;      /* of the file behind the descriptor */
    struct ov_le64 bytes_max; /* limits: zero means the default */
    struct ov_le64 object_bytes_max;
    struct ov_le64 steps_max;
    struct ov_le32 objects_max;
    struct ov_le32 depth_max;
    struct ov_le32 ratio_max;
    struct ov_le32 name_bytes; /* behind the struct; 0 except for OV_REQUEST_SOURCE */
};

_Static_assert(sizeof(struct ov_request) == 64, "on the wire");
#define OV_REQUEST_BYTES_MAX (sizeof(struct ov_request) + OV_NAME_BYTES_MAX)

/* --- verdict profile ------------------------------------------------------------------------ */

enum ov_verdict_kind {
    OV_VERDICT_HIT = 1,        /* rule, object, offset */
    OV_VERDICT_INCOMPLETE = 2, /* reason, object */
    OV_VERDICT_END = 3         /* objects seen; the last frame of a file, always sent */
};

/* Fields a kind does not use are zero; anything else is refused. */
struct ov_verdict_frame {
    struct ov_le32 seq;
    uint8_t kind;
    uint8_t reason;        /* INCOMPLETE: an ov_reason that ov_reason_is_workers */
    struct ov_le16 object; /* HIT, INCOMPLETE: ordinal; 65535: that or more */
    struct ov_le32 rule;   /* HIT: < rules of the database. END: objects seen */
    struct ov_le32 offset; /* HIT: 0xffffffff: none, or beyond. Else 0 */
};

_Static_assert(sizeof(struct ov_verdict_frame) == OV_VERDICT_FRAME_BYTES, "on the wire");

struct ov_verdict {
    enum ov_verdict_kind kind;
    enum ov_reason reason;
    uint32_t object;
    uint32_t rule;
    uint32_t objects;
    uint32_t offset;
};

void ov_verdict_encode(struct ov_verdict_frame *frame, uint32_t seq, const struct ov_verdict *v);
/* False: not a frame a worker may send for `seq` on a database of `rule_count` rules (hash rules
 * counted). */
OV_MUST_CHECK bool ov_verdict_decode(
        struct ov_bytes message, uint32_t seq, uint64_t rule_count, struct ov_verdict *out);

/* --- explain and compile profiles ----------------------------------------------------------- */

enum ov_record_kind {
    OV_RECORD_OBJECT = 1,     /* object, parent, size, text = type, name */
    OV_RECORD_HIT = 2,        /* object, rule, offset */
    OV_RECORD_STRING = 3,     /* object, rule, string (number in its rule), offset, size = length,
                                 xor_key; text = the string's name, name = its first bytes */
    OV_RECORD_INCOMPLETE = 4, /* object, reason; text = detail */
    OV_RECORD_END = 5,        /* object = objects seen. The last record of a request, always sent */
    OV_RECORD_DIAG = 6,       /* severity (reason), line (object), column (rule); text = message,
                                 name = file */
    OV_RECORD_COMPILED = 7,   /* offset = bytes of the database; rule = rules, object = hashes,
                                 parent = errors */
    OV_RECORD_FAILED = 8      /* text = why the request could not be carried out */
};

struct ov_record {
    enum ov_record_kind kind;
    uint32_t reason;
    uint32_t object;
    uint32_t parent;
    uint32_t rule;
    uint32_t string;
    uint32_t xor_key;
    uint64_t offset;
    uint64_t size;
    struct ov_bytes text; /* decoded: borrowed from the message */
    struct ov_bytes name;
};

/* Texts that would not fit are cut to fit, which the record says by a flag `cut`. */
void ov_record_encode(struct ov_buf *out, uint32_t seq, const struct ov_record *record);
OV_MUST_CHECK bool ov_record_decode(
        struct ov_bytes message, uint32_t seq, struct ov_record *out, bool *cut);

/* --- requests: both ends -------------------------------------------------------------------- */

/* Checks magic, kind, lengths; `name` borrows from `message`. */
OV_MUST_CHECK bool ov_request_decode(
        struct ov_bytes message, struct ov_request *out, struct ov_bytes *name);

#endif
