/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - the supervisor of one jailed worker. It takes the worker for hostile: a record that does
 * not decode, that nobody asked for or that comes without end costs the worker its life. */
#include "prohibited/ask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/checked.h"

#define WORKER_MEMORY_BYTES (1024u * (uint64_t)OV_MIB)
/* A worker that is silent for this long hangs; one file may take this long in all. */
#define SILENCE_MS  120000u
#define FILE_MS_MAX 7200000u
#define CPU_SECONDS 7200u
#define DEATHS_MAX  1000u /* then something other than a file is wrong */

struct job {
    struct ov_asked asked;
    char *path; /* owned */
    int fd;     /* owned */
    uint32_t seq;
    bool deep;
    uint64_t size;
    uint64_t bytes_heard;
};

struct ov_ask {
    struct ov_ask_options options;
    struct ov_jail *jail;           /* NULL: none running */
    struct job jobs[OV_ASK_PLACES]; /* a ring; `first` is what the worker is on */
    unsigned first, count, sent;
    uint32_t seq_last;
    unsigned layers;
    unsigned deaths, fresh_deaths;
    uint64_t head_since_ms, heard_ms;
    char layer_names[256];
};

static uint64_t now_ms(void)
{
    struct timespec now = { .tv_sec = 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static struct job *job_at(struct ov_ask *ask, unsigned index)
{
    return &ask->jobs[(ask->first + index) % OV_ASK_PLACES];
}

static void drop_job(struct job *job)
{
    free(job->path);
    if (job->fd >= 0) {
        (void)close(job->fd);
    }
    *job = (struct job){ .fd = -1 };
}

static void name_layers(struct ov_ask *ask)
{
    size_t len = 0;

    ask->layer_names[0] = '\0';
    for (unsigned bit = 0; bit < 32; bit++) {
        const char *name = ov_jail_layer_name((enum ov_jail_layer)(1u << bit));

        if ((ask->layers & 1u << bit) != 0 && name != NULL) {
            len += (size_t)snprintf(ask->layer_names + len, sizeof(ask->layer_names) - len, "%s%s",
                    len == 0 ? "" : ",", name);
            OV_ASSERT(len < sizeof(ask->layer_names));
        }
    }
}

static overt_status start(struct ov_ask *ask, overt_error *err)
{
    const struct ov_jail_spec spec = {
        .program = "overt-worker",
        .profile = OV_JAIL_EXPLAIN,
        .database_fd = ask->options.database_fd,
        .memory_bytes = WORKER_MEMORY_BYTES,
        .database_bytes = ask->options.database_bytes,
        .cpu_seconds = CPU_SECONDS,
        .without = ask->options.without,
    };
    const overt_status status = ov_jail_open(&ask->jail, &spec, err);

    if (status == OVERT_OK) {
        ask->layers &= ov_jail_layers(ask->jail);
        ask->heard_ms = now_ms();
        ask->head_since_ms = ask->heard_ms;
        name_layers(ask);
    }
    return status;
}

overt_status ov_ask_open(
        struct ov_ask **out, const struct ov_ask_options *options, overt_error *err)
{
    struct ov_ask *ask = calloc(1, sizeof(*ask));
    overt_status status;

    if (ask == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a worker's supervisor");
    }
    ask->options = *options;
    ask->layers = ~0u;
    for (unsigned i = 0; i < OV_ASK_PLACES; i++) {
        ask->jobs[i].fd = -1;
    }
    status = start(ask, err);
    if (status != OVERT_OK) {
        free(ask);
        return status;
    }
    *out = ask;
    return OVERT_OK;
}

void ov_ask_close(struct ov_ask *ask)
{
    if (ask == NULL) {
        return;
    }
    ov_jail_close(ask->jail);
    for (unsigned i = 0; i < OV_ASK_PLACES; i++) {
        drop_job(&ask->jobs[i]);
    }
    free(ask);
}

const char *ov_ask_layers(const struct ov_ask *ask)
{
    return ask->layer_names;
}

/* --- the head of the row -------------------------------------------------------------------- */

static void end_head(struct ov_ask *ask)
{
    struct job *job = job_at(ask, 0);

    ask->options.sink->end(ask->options.sink->payload, &job->asked);
    drop_job(job);
    ask->first = (ask->first + 1) % OV_ASK_PLACES;
    ask->count--;
    ask->sent--;
    ask->head_since_ms = now_ms();
}

/* The worker is over. What it was on is told as unread; what waited behind it is sent again. */
static overt_status bury(
        struct ov_ask *ask, enum ov_reason reason, const char *text, overt_error *err)
{
    if (ask->sent > 0) {
        const struct ov_asked *asked = &job_at(ask, 0)->asked;

        ask->options.sink->gap(ask->options.sink->payload, asked, 0, reason, text);
        end_head(ask);
    }
    ov_jail_close(ask->jail);
    ask->jail = NULL;
    ask->sent = 0;
    if (++ask->deaths > DEATHS_MAX || ++ask->fresh_deaths > 5) {
        return ov_fail(
                err, OVERT_E_SANDBOX, UINT64_MAX, "workers fail one after the other: %s", text);
    }
    return start(ask, err);
}

static overt_status bury_dead(struct ov_ask *ask, overt_error *err)
{
    struct ov_jail_end end = { .known = false, .syscall = -1 };
    char text[96];

    ov_jail_end(ask->jail, 250, &end);
    if (end.known && end.signal != 0) {
        (void)snprintf(text, sizeof(text), "the worker ended by signal %d (system call %ld)",
                end.signal, end.syscall);
    } else {
        (void)snprintf(text, sizeof(text), "the worker exited with status %d", end.exit_status);
    }
    return bury(ask, OV_REASON_DIED, text, err);
}

/* --- hearing -------------------------------------------------------------------------------- */

/* False: not something a worker may say. */
static bool hear_record(struct ov_ask *ask, struct ov_bytes message)
{
    const struct ov_ask_sink *sink = ask->options.sink;
    struct job *job = job_at(ask, 0);
    struct ov_record record;
    bool cut;

    if (ask->sent == 0 || !ov_record_decode(message, job->seq, &record, &cut)) {
        return false;
    }
    job->bytes_heard += ov_bytes_len(message);
    if (job->bytes_heard > OV_EVIDENCE_REPLY_BYTES_MAX + 2ull * OV_EXPLAIN_FRAME_BYTES_MAX) {
        return false;
    }
    ask->fresh_deaths = 0;
    switch (record.kind) {
    case OV_RECORD_FACT: {
        const struct ov_trace fact = {
            .kind = (enum ov_trace_kind)record.rule,
            .member = record.object,
            .number = (uint32_t)record.offset,
            .text = record.text,
            .more = record.name,
        };

        if (record.rule < OV_TRACE_MEMBER || record.rule > OV_TRACE_LAST
                || record.offset > UINT32_MAX) {
            return false;
        }
        if (cut) {
            sink->gap(sink->payload, &job->asked, record.object, OV_REASON_REPLIES,
                    "a name in it is too long to be told whole");
        }
        sink->fact(sink->payload, &job->asked, &fact);
        return true;
    }
    case OV_RECORD_INCOMPLETE: {
        char text[256];
        const size_t len = (size_t)ov_bytes_len(record.text);

        if (!ov_reason_is_workers(record.reason) || len >= sizeof(text)) {
            return false;
        }
        memcpy(text, ov_bytes_raw(record.text), len);
        text[len] = '\0';
        sink->gap(sink->payload, &job->asked, record.object, (enum ov_reason)record.reason, text);
        return true;
    }
    case OV_RECORD_END:
        end_head(ask);
        return true;
    case OV_RECORD_OBJECT:
    case OV_RECORD_HIT:
    case OV_RECORD_STRING:
    case OV_RECORD_DIAG:
    case OV_RECORD_COMPILED:
    case OV_RECORD_INCLUDE:
    case OV_RECORD_DIAG_RULE:
    case OV_RECORD_SAID:
    case OV_RECORD_MODULE:
    case OV_RECORD_COST:
    case OV_RECORD_FAILED:
        break;
    }
    return false;
}

/* Takes in what is there. *dead: the channel has ended. */
static overt_status hear(struct ov_ask *ask, bool *dead, overt_error *err)
{
    static uint8_t message[OV_EXPLAIN_FRAME_BYTES_MAX + 1];

    for (;;) {
        const ssize_t n = recv(ov_jail_channel(ask->jail), message, sizeof(message), MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return OVERT_OK;
        }
        if (n <= 0) {
            *dead = true;
            return OVERT_OK;
        }
        ask->heard_ms = now_ms();
        if (!hear_record(ask, ov_bytes_of(message, (size_t)n))) {
            return bury(ask, OV_REASON_PROTOCOL, "the worker sent what it may not send", err);
        }
    }
}

static void send_waiting(struct ov_ask *ask)
{
    while (ask->sent < ask->count) {
        struct job *job = job_at(ask, ask->sent);
        const struct ov_request request = {
            .magic = ov_le32_of(OV_REQUEST_MAGIC),
            .kind = ov_le32_of(OV_REQUEST_FACTS),
            .seq = ov_le32_of(job->seq),
            .flags = ov_le32_of((uint32_t)job->asked.look | (job->deep ? OV_FACTS_DEEP : 0)),
            .size = ov_le64_of(job->size),
        };

        if (!ov_jail_send(ask->jail, &request, ask->options.questions, job->fd)) {
            return; /* full, or gone: hearing tells */
        }
        if (ask->sent == 0) {
            ask->head_since_ms = now_ms();
            ask->heard_ms = ask->head_since_ms;
        }
        job->bytes_heard = 0;
        ask->sent++;
    }
}

/* Something under way; one turn of waiting and hearing. */
static overt_status turn(struct ov_ask *ask, overt_error *err)
{
    struct pollfd channel = { .fd = ov_jail_channel(ask->jail), .events = POLLIN };
    bool dead = false;
    overt_status status;

    send_waiting(ask);
    if (poll(&channel, 1, 1000) < 0 && errno != EINTR) {
        return ov_fail(err, OVERT_E_IO, UINT64_MAX, "a worker cannot be waited for: %s",
                strerrordesc_np(errno));
    }
    status = hear(ask, &dead, err);
    if (status == OVERT_OK && dead) {
        return bury_dead(ask, err);
    }
    if (status == OVERT_OK && ask->sent > 0
            && (now_ms() - ask->heard_ms > SILENCE_MS
                    || now_ms() - ask->head_since_ms > FILE_MS_MAX)) {
        return bury(ask, OV_REASON_TIME, "", err);
    }
    return status;
}

/* --- asking --------------------------------------------------------------------------------- */

overt_status ov_ask_file(struct ov_ask *ask, enum ov_look look, bool deep, int fd, uint64_t size,
        const char *path, uint64_t user, overt_error *err)
{
    auto_fd int held = fd;
    overt_status status = OVERT_OK;
    struct job *job;
    char *own;

    while (status == OVERT_OK && ask->count == OV_ASK_PLACES) {
        status = turn(ask, err);
    }
    if (status != OVERT_OK) {
        return status;
    }
    own = strdup(path);
    if (own == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a path");
    }
    job = job_at(ask, ask->count);
    *job = (struct job){ .asked = { .path = own, .look = look, .user = user },
        .path = own,
        .fd = ov_steal_fd(&held),
        .seq = ++ask->seq_last,
        .deep = deep,
        .size = size };
    ask->count++;
    send_waiting(ask);
    return OVERT_OK;
}

overt_status ov_ask_finish(struct ov_ask *ask, overt_error *err)
{
    overt_status status = OVERT_OK;

    while (status == OVERT_OK && ask->count > 0) {
        status = turn(ask, err);
    }
    return status;
}
