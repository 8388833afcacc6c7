/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - overt-worker: looks at files, in the jail, and answers in few and small words.
 *
 * Born with the channel at descriptor 3 and the database at 201; argv[1] names its profile. It
 * trusts no file, which is why it lives in a jail, and the supervisor only as far as a request
 * decodes. It may do next to nothing else: read descriptors it is handed, use memory, answer.
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "programs/worker/worker.h"

void worker_send(const void *message, size_t bytes)
{
    ssize_t n;

    do {
        n = write(OV_JAIL_FD_CHANNEL, message, bytes);
    } while (n < 0 && errno == EINTR);
    if (n != (ssize_t)bytes) {
        _exit(OV_JAILED_EXIT_CHANNEL);
    }
}

/* Freed memory is kept: libraries that open an archive take and give hundreds of KiB, and without
 * this each of them would be a system call and fresh pages. Only the largest dictionaries are
 * mapped one by one. */
static void tune_malloc(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 32 * (int)OV_MIB);
    (void)mallopt(M_TRIM_THRESHOLD, 64 * (int)OV_MIB);
    (void)mallopt(M_TOP_PAD, (int)OV_MIB);
}

/* The database, as large as it says it is: asking the kernel for a size would be death. Whoever
 * handed it over has compared the two. */
static void open_database(struct ov_db_view *view)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_db_header header;
    uint64_t bytes;
    void *at;

    if (pread(OV_JAIL_FD_DATABASE, &header, sizeof(header), 0) != (ssize_t)sizeof(header)) {
        _exit(OV_JAILED_EXIT_DATABASE);
    }
    bytes = ov_le64_get(header.file_bytes);
    if (memcmp(header.magic, OV_DB_MAGIC, sizeof(header.magic)) != 0 || bytes < sizeof(header)
            || bytes > PTRDIFF_MAX) {
        _exit(OV_JAILED_EXIT_DATABASE);
    }
    at = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);
    if (at == MAP_FAILED) {
        _exit(OV_JAILED_EXIT_DATABASE);
    }
    if (ov_db_view_open(view, ov_bytes_of(at, (size_t)bytes), &err) != OVERT_OK) {
        _exit(OV_JAILED_EXIT_DATABASE);
    }
}

/* With as much memory as there is: the jail may have been built smaller than usual, and cannot be
 * asked. */
static struct ov_engine *make_engine(const struct ov_db_view *view, bool explain)
{
    struct ov_engine_options options = {
        .memory_max = OV_ENGINE_MEMORY_DEFAULT, .keep_all = explain, .inside = true
    };
    struct ov_engine *engine = NULL;
    overt_error err = OVERT_ERROR_INIT;
    overt_status status;

    while ((status = ov_engine_new(&engine, view, &options, &err)) == OVERT_E_NOMEM
            && options.memory_max / 2 >= OV_ENGINE_MEMORY_MIN) {
        options.memory_max /= 2;
    }
    if (status != OVERT_OK) {
        _exit(status == OVERT_E_NOMEM ? OV_JAILED_EXIT_MEMORY : OV_JAILED_EXIT_DATABASE);
    }
    return engine;
}

/* How many descriptors come with it. */
static size_t fds_of(const struct ov_request *request, struct ov_bytes behind)
{
    const uint32_t kind = ov_le32_get(request->kind);

    if (kind == OV_REQUEST_FILES) {
        return (size_t)ov_bytes_len(behind) / sizeof(struct ov_file);
    }
    return kind == OV_REQUEST_SCAN && (ov_le32_get(request->flags) & OV_SCAN_REGIONS) != 0 ? 2 : 1;
}

/* One request and its descriptors; where there is one, fds[1] is -1. What stands `behind` is good
 * until the next. False: the supervisor is gone. */
static bool receive(struct ov_request *request, struct ov_bytes *behind, int fds[OV_FILES_MAX])
{
    static uint8_t message[OV_REQUEST_BYTES_MAX];
    union {
        char bytes[CMSG_SPACE(OV_FILES_MAX * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = { .iov_base = message, .iov_len = sizeof(message) };
    struct msghdr msg = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    const struct cmsghdr *c;
    size_t count;
    ssize_t n;

    do {
        n = recvmsg(OV_JAIL_FD_CHANNEL, &msg, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return false;
    }
    c = CMSG_FIRSTHDR(&msg);
    if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || c == NULL || c->cmsg_level != SOL_SOCKET
            || c->cmsg_type != SCM_RIGHTS
            || !ov_request_decode(ov_bytes_of(message, (size_t)n), request, behind)) {
        _exit(OV_JAILED_EXIT_PROTOCOL);
    }
    count = fds_of(request, *behind);
    if (c->cmsg_len != CMSG_LEN(count * sizeof(int))) {
        _exit(OV_JAILED_EXIT_PROTOCOL);
    }
    fds[1] = -1;
    memcpy(fds, CMSG_DATA(c), count * sizeof(int));
    return true;
}

static struct ov_scan_limits limits_of(const struct ov_request *request)
{
    return (struct ov_scan_limits){
        .bytes_max = ov_le64_get(request->bytes_max),
        .object_bytes_max = ov_le64_get(request->object_bytes_max),
        .steps_max = ov_le64_get(request->steps_max),
        .objects_max = ov_le32_get(request->objects_max),
        .depth_max = ov_le32_get(request->depth_max),
        .ratio_max = ov_le32_get(request->ratio_max),
    };
}

/* True if the time is among them. */
static bool give_values(struct ov_engine *engine, struct ov_bytes values, int64_t *time)
{
    bool has_time = false;
    struct ov_reader r = ov_reader_on(values);
    struct ov_given_value given;

    ov_engine_forget_values(engine);
    while (ov_reader_left(&r) != 0) {
        struct ov_external_value value;

        if (!ov_given_value_read(&r, &given)) {
            _exit(OV_JAILED_EXIT_PROTOCOL);
        }
        if (ov_bytes_equal(given.name, OV_GIVEN_TIME, strlen(OV_GIVEN_TIME))) {
            *time = (int64_t)given.value;
            has_time = true;
            continue;
        }
        value = (struct ov_external_value){
            .name = given.name,
            .type = (enum ov_db_datum_type)given.type,
            .integer = (int64_t)given.value,
            .text = given.text,
        };
        memcpy(&value.real, &given.value, sizeof(value.real));
        if (!ov_engine_give_value(engine, &value)) {
            _exit(OV_JAILED_EXIT_MEMORY);
        }
    }
    return has_time;
}

int main(int argc, char **argv)
{
    const bool explain = argc == 2 && strcmp(argv[1], "explain") == 0;
    static struct ov_db_view view;
    struct worker_memory memory = { .places = 0 };
    struct ov_engine *engine;
    struct ov_request request;
    struct ov_bytes behind;
    int fds[OV_FILES_MAX] = { -1, -1 };

    if (argc != 2 || (!explain && strcmp(argv[1], "verdict") != 0)) {
        _exit(OV_JAILED_EXIT_USAGE);
    }
    tune_malloc();
    open_database(&view);
    engine = make_engine(&view, explain);
    while (receive(&request, &behind, fds)) {
        const struct ov_scan_limits limits = limits_of(&request);
        const uint32_t seq = ov_le32_get(request.seq);
        const uint64_t size = ov_le64_get(request.size);

        const bool facts = ov_le32_get(request.kind) == OV_REQUEST_FACTS;
        const bool module = ov_le32_get(request.kind) == OV_REQUEST_MODULE;
        const bool parts = ov_le32_get(request.kind) == OV_REQUEST_PARTS;
        const bool files = ov_le32_get(request.kind) == OV_REQUEST_FILES;

        if (!facts && !module && !parts && !files && ov_le32_get(request.kind) != OV_REQUEST_SCAN) {
            _exit(OV_JAILED_EXIT_PROTOCOL);
        }
        if (explain ? parts || files
                    : facts || module || (ov_bytes_len(behind) != 0 && !parts && !files)
                                || ov_le32_get(request.flags)
                                           > (parts ? 0 : OV_SCAN_REMEMBER_MAX)) {
            _exit(OV_JAILED_EXIT_PROTOCOL); /* a verdict is about bytes and rules alone */
        }
        if (!explain && !parts) {
            worker_memory_for(&memory, ov_le32_get(request.flags), &limits);
        }
        if (facts) {
            worker_traces(seq, fds[0], size, behind, ov_le32_get(request.flags));
        } else if (module) {
            worker_module(engine, seq, ov_le32_get(request.flags), fds[0], size);
        } else if (explain) {
            int64_t time = 0;
            const bool has_time = give_values(engine, behind, &time);

            worker_explain(engine, &view, seq, fds, size, &limits, ov_le32_get(request.flags),
                    has_time ? &time : NULL);
        } else if (files) {
            worker_files(engine, &memory, fds, behind, &limits);
        } else if (parts) {
            worker_verdicts(engine, seq, fds[0], behind, &limits);
        } else {
            worker_verdict(engine, &memory, seq, fds[0], size, &limits);
        }
    }
    _exit(0);
}
