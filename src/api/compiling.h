/* SPDX-License-Identifier: Apache-2.0 */
/* compiling.h - a conversation with overt-compile, or overt-verify, in its jail: one request, its
 * answers, the next. */
#ifndef OV_API_COMPILING_H
#define OV_API_COMPILING_H

#include "base/bytes.h"
#include "sandbox/jail.h"

struct ov_compiling {
    struct ov_jail *jail; /* owned */
    const char *who;      /* for messages: "the rule compiler" */
    uint32_t seq_last;
};

/* `output_fd` is mapped writable in the jail; `without` as in ov_jail_spec. */
OV_MUST_CHECK overt_status ov_compiling_begin(struct ov_compiling *c, int output_fd,
        uint64_t output_bytes, unsigned without, overt_error *err);
/* The same with overt-verify (trust/verdict.h). */
OV_MUST_CHECK overt_status ov_verifying_begin(struct ov_compiling *c, int output_fd,
        uint64_t output_bytes, unsigned without, overt_error *err);
void ov_compiling_done(struct ov_compiling *c);

/* Called for each record before the last; false: it may not be sent here. */
typedef bool (*ov_record_fn)(void *payload, const struct ov_record *record);

/* Sends one request and hears its answers to the end. A FAILED record is OVERT_E_CORRUPT for
 * VERIFY and OVERT_E_LIMIT otherwise, with its sentence; a compiler that dies, hangs or lies is
 * OVERT_E_SANDBOX. */
OV_MUST_CHECK overt_status ov_compiling_ask(struct ov_compiling *c, enum ov_request_kind kind,
        uint32_t flags, uint64_t size, struct ov_bytes name, int fd, ov_record_fn fn, void *payload,
        overt_error *err);

/* How OV_REQUEST_SOURCE has its texts read. */
struct ov_source_form {
    uint32_t flags;       /* OV_SOURCE_* */
    uint32_t strings_max; /* of a rule; 0: the default */
};

/* The same for a source. */
OV_MUST_CHECK overt_status ov_compiling_ask_source(struct ov_compiling *c,
        const struct ov_source_form *form, uint64_t size, struct ov_bytes name, int fd,
        ov_record_fn fn, void *payload, overt_error *err);

/* Inside such a call: the answer to OV_RECORD_INCLUDE. `fd` >= 0: a text of `size` bytes; else
 * `why` there is none. False: the compiler cannot be told. */
OV_MUST_CHECK bool ov_compiling_answer_include(
        struct ov_compiling *c, int fd, uint64_t size, const char *why);

#endif
