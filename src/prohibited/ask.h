/* SPDX-License-Identifier: Apache-2.0 */
/* ask.h - handing files to a jailed worker and hearing what they say of installed software. Files
 * wait in a row of OV_ASK_PLACES; answers come in the order of the asking. A worker that dies, hangs
 * or lies costs the file it was on, and the rest goes to the next one. */
#ifndef OV_PROHIBITED_ASK_H
#define OV_PROHIBITED_ASK_H

#include "evidence/evidence.h"
#include "sandbox/jail.h"

#define OV_ASK_PLACES 16u

struct ov_asked {
    const char *path; /* as given, for people; lent */
    enum ov_look look;
    uint64_t user; /* the caller's */
};

struct ov_ask_sink {
    void *payload;
    void (*fact)(void *payload, const struct ov_asked *asked, const struct ov_trace *fact);
    /* `reason` is the stable name of an ov_reason. */
    void (*gap)(void *payload, const struct ov_asked *asked, uint32_t member, enum ov_reason reason,
            const char *text);
    void (*end)(void *payload, const struct ov_asked *asked);
};

struct ov_ask_options {
    int database_fd; /* any rule database: a worker opens one before it does anything */
    uint64_t database_bytes;
    unsigned without; /* layers of the jail done without */
    struct ov_bytes questions;
    const struct ov_ask_sink *sink;
};

struct ov_ask;

OV_MUST_CHECK overt_status ov_ask_open(
        struct ov_ask **out, const struct ov_ask_options *options, overt_error *err);
void ov_ask_close(struct ov_ask *ask);

/* Takes `fd`. Waits while all places are taken. Fails only when no worker can be had at all. */
OV_MUST_CHECK overt_status ov_ask_file(struct ov_ask *ask, enum ov_look look, bool deep, int fd,
        uint64_t size, const char *path, uint64_t user, overt_error *err);
/* Waits for everything under way. */
OV_MUST_CHECK overt_status ov_ask_finish(struct ov_ask *ask, overt_error *err);

/* Layers in force at every worker, comma-separated. Lent. */
const char *ov_ask_layers(const struct ov_ask *ask);

#endif
