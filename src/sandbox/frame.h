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

/* RLIMIT_NOFILE in the jail: every later descriptor is below it. */
#define OV_JAIL_FDS_MAX 16
_Static_assert(OV_JAIL_FD_CHANNEL + 1 + OV_FILES_MAX <= OV_JAIL_FDS_MAX, "one message's fit");

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
            3, /* compiler; no more sources: compile. fd: any (a /dev/null); size: of the
                              output memory file at descriptor 201 */
    OV_REQUEST_VERIFY = 4,   /* compiler; fd: a database to check whole */
    OV_REQUEST_EXTERNAL = 5, /* compiler, before the sources; name: see ov_external_text */
    OV_REQUEST_INCLUDE = 6,  /* compiler, as the answer to OV_RECORD_INCLUDE and only then. flags:
                                1 if fd is the text; else the name says why there is none */
    OV_REQUEST_FACTS = 7,    /* worker, explain profile; fd: a file that says something of installed
                                software; questions follow the struct, NUL behind each */
    OV_REQUEST_MODULE = 8,   /* worker, explain profile; fd: what the owner's command hands over for
                                the module in `flags` (its row of facts/schema.h), for all scans
                                behind. Answered with END, or FAILED and why it is no use */
    OV_REQUEST_PARTS = 9,    /* worker, verdict profile; fd: several small files, each a part of it;
                                struct ov_part[] follows the struct. Each is answered as if it came
                                by SCAN, the first with `seq`, every other with the number behind */
    OV_REQUEST_FILES = 10    /* worker, verdict profile; as many descriptors as struct ov_file[]
                                follow the struct. Each is answered as if it came by SCAN */
};

/* OV_REQUEST_PARTS: one to OV_PARTS_MAX of them; `size` is that of all they lie in. */
struct ov_part {
    struct ov_le64 offset;
    struct ov_le64 bytes;
};
_Static_assert(sizeof(struct ov_part) == 16, "on the wire");

/* OV_REQUEST_FILES: one to OV_FILES_MAX of them; `seq` and `size` of the request are of none. */
struct ov_file {
    struct ov_le64 size;
    struct ov_le32 seq;
    struct ov_le32 zero;
};
_Static_assert(sizeof(struct ov_file) == 16, "on the wire");

/* OV_REQUEST_FACTS, in `flags`: an ov_look (evidence/evidence.h), and whether to read content that
 * need not be read. */
#define OV_FACTS_LOOK 0xffu
#define OV_FACTS_DEEP 0x100u

/* OV_REQUEST_SCAN and FILES of the verdict profile, in `flags`: how many contents of small files in which
 * nothing was found the worker may remember; 0: none. The same in every request, or they are forgotten. */
#define OV_SCAN_REMEMBER_MAX (1u << 20)

/* OV_REQUEST_SCAN, in the low bits of `flags` of the explain profile: KiB of records wanted for
 * this file, with all matches of all strings. 0: OV_EXPLAIN_WORKER_BYTES_DEFAULT, with the first
 * matches of each. What does not fit is said by OV_REASON_REPLIES; the first HIT always fits. */
#define OV_SCAN_KIB_MASK 0x00ffffffu
/* How to look, in the high bits (explain only). */
#define OV_SCAN_RAW        0x80000000u /* the file alone, not what is inside it */
#define OV_SCAN_NO_STRINGS 0x40000000u /* no STRING records; strings may be settled early */
#define OV_SCAN_FIRST      0x20000000u /* strings may be settled early, but are told */
#define OV_SCAN_UNHELD     0x10000000u /* strings of rules that do not hold, too */
#define OV_SCAN_REGIONS    0x08000000u /* two descriptors: memory, and struct ov_region[] of it */
#define OV_SCAN_MODULES    0x04000000u /* MODULE records: what the imported modules say of the file */
#define OV_SCAN_OBJECTS    0x02000000u /* OBJECT records of all objects, as long as there is room */
#define OV_SCAN_COSTS      0x01000000u /* COST records: what each rule cost */
#define OV_SCAN_FLAGS      0xff000000u

/* OV_SCAN_REGIONS: a part of a process's memory. Ascending, disjoint, none empty. */
struct ov_region {
    struct ov_le64 address;
    struct ov_le64 bytes;
};
_Static_assert(sizeof(struct ov_region) == 16, "on the wire");

/* OV_REQUEST_SOURCE, in `flags`: one dialect, and for YARA how to read it. `objects_max`: strings
 * a rule may have; 0: the default. */
#define OV_SOURCE_YARA          1u
#define OV_SOURCE_HASHLIST      2u
#define OV_SOURCE_CLAMAV        3u  /* what it is, the end of its name says */
#define OV_SOURCE_OPTIONS       4u  /* how the ClamAV sources behind it are to be read */
#define OV_SOURCE_LOGGED        16u /* a rule stream */
#define OV_SOURCE_DIALECT       0xffu
#define OV_SOURCE_SPACE         0x100u /* the name is the namespace, a NUL, and the file's name */
#define OV_SOURCE_STRICT_ESCAPE 0x200u
#define OV_SOURCE_INCLUDES      0x400u /* `include` may be asked of the parent */
#define OV_SOURCE_FIRST_ERROR   0x800u /* of each rule only the first error is told, as YARA does */
#define OV_SOURCE_FLAGS         0xfffu

/* A value for an external variable. OV_REQUEST_EXTERNAL has one behind it; OV_REQUEST_SCAN of the
 * explain profile any number that fit: values that take the place of those in the database. */
struct ov_value_head {
    struct ov_le16 name_bytes; /* then the name, then the text, both without NUL */
    struct ov_le16 text_bytes; /* 0 unless TEXT */
    struct ov_le32 type;       /* 1 boolean, 2 integer, 3 float, 4 text: as in OV_DB_EXTERNALS */
    struct ov_le64 value;      /* the integer, or the double's bits */
};
_Static_assert(sizeof(struct ov_value_head) == 16, "on the wire");

/* A name that no variable can have: the integer is what time.now() gives, for the scan it comes
 * with. Without it that is undefined. */
#define OV_GIVEN_TIME "time.now"

struct ov_given_value {
    struct ov_bytes name;
    struct ov_bytes text;
    uint32_t type;
    uint64_t value;
};

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
    struct ov_le32 name_bytes; /* behind the struct; SOURCE and INCLUDE: at most
                                  OV_NAME_BYTES_MAX; EXTERNAL and SCAN: values; else 0 */
};

_Static_assert(sizeof(struct ov_request) == 64, "on the wire");
#define OV_REQUEST_BYTES_MAX (sizeof(struct ov_request) + OV_QUESTIONS_BYTES_MAX)
_Static_assert(OV_QUESTIONS_BYTES_MAX >= OV_VALUES_BYTES_MAX
                       && OV_QUESTIONS_BYTES_MAX >= OV_NAME_BYTES_MAX,
        "the longest of the three");

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
    OV_RECORD_END = 5,      /* object = objects seen, rule = OV_USED_* of what was handed over. The
                                 last record of a request, always sent */
    OV_RECORD_DIAG = 6,     /* severity (reason), line (object), column (rule); text = message,
                                 name = file */
    OV_RECORD_COMPILED = 7, /* offset = bytes of the database; rule = rules, object = hashes,
                                 parent = errors */
    OV_RECORD_FAILED = 8,   /* text = why the request could not be carried out */
    OV_RECORD_INCLUDE = 9,  /* compiler: text = the name as written, name = the file it stands in.
                                 Waits for OV_REQUEST_INCLUDE */
    OV_RECORD_DIAG_RULE = 10, /* text = the rule that the DIAG right behind it is about */
    OV_RECORD_SAID = 11,      /* object, rule; text = what the rule's console.log says */
    OV_RECORD_FACT = 12, /* FACTS: rule = an ov_trace_kind, object = member (0: the file), offset =
                                 number; text, name = what it says */
    OV_RECORD_MODULE = 13, /* object, rule = before which rule it is imported; text = its lines as
                                 `yara -D` prints them, in as many records as it takes; offset =
                                 where in them this stands, 0: a module begins */
    OV_RECORD_COST = 14    /* object, rule, string (number in its rule) = the costliest; text = one
                                 struct ov_cost_told */
};

/* What a rule cost on one object, counted: engine/engine.h. */
struct ov_cost_told {
    struct ov_le64 candidates;
    struct ov_le64 confirmations;
    struct ov_le64 string_steps;
    struct ov_le64 matches;
    struct ov_le64 condition_steps;
    struct ov_le64 string_spent; /* of string_steps and candidates: the costliest string's */
};

_Static_assert(sizeof(struct ov_cost_told) == 48, "on the wire");

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

void ov_given_value_put(struct ov_buf *out, const struct ov_given_value *value);
/* The next of them; borrows from what `r` reads. False: what is there is none. */
OV_MUST_CHECK bool ov_given_value_read(struct ov_reader *r, struct ov_given_value *out);

/* Checks magic, kind, lengths, and that parts lie inside; `name` borrows from `message`. */
OV_MUST_CHECK bool ov_request_decode(
        struct ov_bytes message, struct ov_request *out, struct ov_bytes *name);

#endif
