/* SPDX-License-Identifier: Apache-2.0 */
/* compiling.c - the supervisor of overt-compile. Rule text may come from anyone and may have taken
 * the compiler over: what it says is decoded strictly, and counted. */
#include "api/compiling.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "api/fail.h"
#include "api/worker.h"

/* A million hashes or ten thousand rules take about a second; a quarter of a gigabyte of rules a
 * minute. Memory: address space, of which the output's own size comes on top. */
#define COMPILE_CPU_SECONDS  1200u
#define COMPILE_WALL_MS      (1800u * 1000u)
#define COMPILE_MEMORY_BYTES (8u * OV_GIB)
#define COMPILE_RECORDS_MAX  (4u * OV_DIAGS_MAX) /* of one request */
#define END_WAIT_MS          250

static overt_status begin(struct ov_compiling *c, const char *program, const char *who,
        int output_fd, uint64_t output_bytes, unsigned without, overt_error *err)
{
    const struct ov_jail_spec spec = {
        .program = program,
        .profile = OV_JAIL_COMPILE,
        .database_fd = output_fd,
        .memory_bytes = COMPILE_MEMORY_BYTES,
        .database_bytes = output_bytes,
        .cpu_seconds = COMPILE_CPU_SECONDS,
        .without = without,
    };

    *c = (struct ov_compiling){ .who = who };
    return ov_jail_open(&c->jail, &spec, err);
}

overt_status ov_compiling_begin(struct ov_compiling *c, int output_fd, uint64_t output_bytes,
        unsigned without, overt_error *err)
{
    return begin(c, "overt-compile", "the rule compiler", output_fd, output_bytes, without, err);
}

overt_status ov_verifying_begin(struct ov_compiling *c, int output_fd, uint64_t output_bytes,
        unsigned without, overt_error *err)
{
    return begin(c, "overt-verify", "the verifier", output_fd, output_bytes, without, err);
}

void ov_compiling_done(struct ov_compiling *c)
{
    ov_jail_close(c->jail);
    c->jail = NULL;
}

static overt_status fail_dead(struct ov_compiling *c, overt_error *err)
{
    struct ov_jail_end end = { .known = false, .syscall = -1 };
    char how[80];

    ov_jail_end(c->jail, END_WAIT_MS, &end);
    ov_worker_death_text(&end, how, sizeof(how));
    return ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX, "%s died: %s", c->who, how);
}

static overt_status wait_for(
        struct ov_compiling *c, short events, uint64_t until_ms, overt_error *err)
{
    for (;;) {
        struct pollfd ready = { .fd = ov_jail_channel(c->jail), .events = events };
        const uint64_t now_ms = ov_clock_ms();
        int n;

        if (now_ms >= until_ms) {
            return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "%s took over %u s", c->who,
                    COMPILE_WALL_MS / 1000u);
        }
        n = poll(&ready, 1, (int)(until_ms - now_ms));
        if (n > 0) {
            return OVERT_OK;
        }
        if (n < 0 && errno != EINTR) {
            return ov_fail_errno(err, errno, "a jailed program could not be waited for");
        }
    }
}

static overt_status send_request(struct ov_compiling *c, const struct ov_request *request,
        struct ov_bytes name, int fd, uint64_t until_ms, overt_error *err)
{
    while (!ov_jail_send(c->jail, request, name, fd)) {
        overt_status status;

        if (errno == EPIPE || errno == ECONNRESET) {
            return fail_dead(c, err);
        }
        if (errno != EAGAIN && errno != EINTR) {
            return ov_fail_errno(err, errno, "nothing could be handed to a jailed program");
        }
        status = wait_for(c, POLLOUT, until_ms, err);
        if (status != OVERT_OK) {
            return status;
        }
    }
    return OVERT_OK;
}

/* One message. ECONNRESET stands before messages that are still there, once. */
static ssize_t receive(struct ov_compiling *c, uint8_t *message, size_t bytes)
{
    for (int resets = 0;;) {
        const ssize_t n = recv(ov_jail_channel(c->jail), message, bytes, MSG_DONTWAIT | MSG_TRUNC);

        if (n < 0 && (errno == EINTR || (errno == ECONNRESET && resets++ == 0))) {
            continue;
        }
        return n;
    }
}

static overt_status fail_told(
        const struct ov_record *record, enum ov_request_kind kind, overt_error *err)
{
    const int len = (int)(ov_bytes_len(record->text) < 120 ? ov_bytes_len(record->text) : 120);

    return ov_fail(err, kind == OV_REQUEST_VERIFY ? OVERT_E_CORRUPT : OVERT_E_LIMIT, UINT64_MAX,
            "%.*s", len, (const char *)ov_bytes_raw(record->text));
}

static overt_status converse(struct ov_compiling *c, const struct ov_request *request,
        struct ov_bytes name, int fd, ov_record_fn fn, void *payload, overt_error *err)
{
    struct ov_request head = *request;
    const uint64_t until_ms = ov_clock_ms() + COMPILE_WALL_MS;
    uint8_t message[OV_EXPLAIN_FRAME_BYTES_MAX];
    overt_status status;

    head.name_bytes = ov_le32_of((uint32_t)ov_bytes_len(name));
    status = send_request(c, &head, name, fd, until_ms, err);
    for (uint32_t records = 0; status == OVERT_OK && records < COMPILE_RECORDS_MAX;) {
        const ssize_t n = receive(c, message, sizeof(message));
        struct ov_record record;
        bool cut;

        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            status = wait_for(c, POLLIN, until_ms, err);
            continue;
        }
        if (n <= 0) {
            return fail_dead(c, err);
        }
        records++;
        if ((size_t)n > sizeof(message)
                || !ov_record_decode(ov_bytes_of(message, (size_t)n), c->seq_last, &record, &cut)) {
            break;
        }
        if (record.kind == OV_RECORD_END) {
            return OVERT_OK;
        }
        if (record.kind == OV_RECORD_FAILED) {
            return fail_told(&record, (enum ov_request_kind)ov_le32_get(request->kind), err);
        }
        if (fn == NULL || !fn(payload, &record)) {
            break;
        }
    }
    return status != OVERT_OK ? status
                              : ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX,
                                      "%s sent what it may not send", c->who);
}

static struct ov_request request_of(
        uint32_t seq, enum ov_request_kind kind, uint32_t flags, uint64_t size)
{
    return (struct ov_request){
        .magic = ov_le32_of(OV_REQUEST_MAGIC),
        .kind = ov_le32_of((uint32_t)kind),
        .seq = ov_le32_of(seq),
        .flags = ov_le32_of(flags),
        .size = ov_le64_of(size),
    };
}

overt_status ov_compiling_ask(struct ov_compiling *c, enum ov_request_kind kind, uint32_t flags,
        uint64_t size, struct ov_bytes name, int fd, ov_record_fn fn, void *payload,
        overt_error *err)
{
    const struct ov_request request = request_of(++c->seq_last, kind, flags, size);

    return converse(c, &request, name, fd, fn, payload, err);
}

overt_status ov_compiling_ask_source(struct ov_compiling *c, const struct ov_source_form *form,
        uint64_t size, struct ov_bytes name, int fd, ov_record_fn fn, void *payload,
        overt_error *err)
{
    struct ov_request request = request_of(++c->seq_last, OV_REQUEST_SOURCE, form->flags, size);

    request.objects_max = ov_le32_of(form->strings_max);
    return converse(c, &request, name, fd, fn, payload, err);
}

bool ov_compiling_answer_include(struct ov_compiling *c, int fd, uint64_t size, const char *why)
{
    const struct ov_request request =
            request_of(c->seq_last, OV_REQUEST_INCLUDE, fd >= 0 ? 1 : 0, size);
    const uint64_t until_ms = ov_clock_ms() + COMPILE_WALL_MS;
    auto_fd int nothing = -1;

    if (fd < 0) {
        nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        fd = nothing;
    }
    return fd >= 0
           && send_request(c, &request, ov_bytes_of(why, strlen(why)), fd, until_ms, NULL)
                      == OVERT_OK;
}
