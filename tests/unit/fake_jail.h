/* SPDX-License-Identifier: Apache-2.0 */
/* fake_jail.h - src/sandbox/jail.h without a jail: each "jail" is a child process that plays a
 * part. The part is a function of the test; it gets the channel and the number of the jail. */
#ifndef OV_TESTS_FAKE_JAIL_H
#define OV_TESTS_FAKE_JAIL_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/jail.h"

typedef void (*fake_part)(int channel, unsigned number, int database);

static struct {
    fake_part part;
    unsigned opened; /* so far; also the number of the next */
    unsigned open_now;
    unsigned fail_from; /* ov_jail_open fails from this number on; 0: never */
    bool refuse;        /* jails are begun, and come to nothing */
    struct ov_jail_spec last_spec;
    long end_syscall;
} fake;

struct ov_jail {
    pid_t pid;
    int channel;
    int status;
    bool reaped;
    unsigned asked;
};

/* --- for the parts: the jailed side of the wire ---------------------------------------------- */

struct fake_request {
    struct ov_request head;
    uint32_t seq;
    int fd;
    uint64_t size;
    char name[OV_PARTS_MAX * sizeof(struct ov_part)];
    size_t name_bytes;
};

/* Several files came in one message: those that the part was not told of yet. */
static struct {
    struct ov_file files[OV_FILES_MAX];
    int fds[OV_FILES_MAX];
    size_t count, at;
} fake_files;

static void fake_next_file(struct fake_request *out)
{
    const struct ov_file *file = &fake_files.files[fake_files.at];

    out->head.kind = ov_le32_of(OV_REQUEST_SCAN);
    out->seq = ov_le32_get(file->seq);
    out->size = ov_le64_get(file->size);
    out->fd = fake_files.fds[fake_files.at++];
    out->name_bytes = 0;
}

/* Waits for one request; leaves the process when the supervisor is gone. */
static void fake_receive(int channel, struct fake_request *out)
{
    uint8_t message[OV_REQUEST_BYTES_MAX];
    union {
        char bytes[CMSG_SPACE(sizeof(int) * OV_FILES_MAX)];
        struct cmsghdr align;
    } control;
    struct iovec part = { .iov_base = message, .iov_len = sizeof(message) };
    struct msghdr msg = { .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes) };
    struct ov_bytes name;
    ssize_t n;

    if (fake_files.at < fake_files.count) {
        fake_next_file(out);
        return;
    }
    n = recvmsg(channel, &msg, 0);
    if (n <= 0 || CMSG_FIRSTHDR(&msg) == NULL
            || !ov_request_decode(ov_bytes_of(message, (size_t)n), &out->head, &name)) {
        _exit(0);
    }
    if (ov_le32_get(out->head.kind) == OV_REQUEST_FILES) {
        fake_files.count = (size_t)ov_bytes_len(name) / sizeof(struct ov_file);
        fake_files.at = 0;
        if (CMSG_FIRSTHDR(&msg)->cmsg_len != CMSG_LEN(sizeof(int) * fake_files.count)) {
            _exit(0);
        }
        memcpy(fake_files.files, ov_bytes_raw(name), (size_t)ov_bytes_len(name));
        memcpy(fake_files.fds, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int) * fake_files.count);
        fake_next_file(out);
        return;
    }
    memcpy(&out->fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
    out->seq = ov_le32_get(out->head.seq);
    out->size = ov_le64_get(out->head.size);
    memset(out->name, 0, sizeof(out->name));
    out->name_bytes = (size_t)ov_bytes_len(name);
    memcpy(out->name, ov_bytes_raw(name), out->name_bytes);
}

static void fake_send(int channel, const void *bytes, size_t len)
{
    if (send(channel, bytes, len, MSG_NOSIGNAL) != (ssize_t)len) {
        _exit(0);
    }
}

static void fake_verdict(int channel, uint32_t seq, struct ov_verdict verdict)
{
    struct ov_verdict_frame frame;

    ov_verdict_encode(&frame, seq, &verdict);
    fake_send(channel, &frame, sizeof(frame));
}

static inline void fake_end(int channel, uint32_t seq)
{
    fake_verdict(channel, seq, (struct ov_verdict){ .kind = OV_VERDICT_END, .objects = 1 });
}

static inline void fake_record(int channel, uint32_t seq, struct ov_record record)
{
    struct ov_buf buf;
    struct ov_bytes bytes;

    ov_buf_init(&buf, OV_EXPLAIN_FRAME_BYTES_MAX);
    ov_record_encode(&buf, seq, &record);
    bytes = ov_buf_bytes(&buf);
    fake_send(channel, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));
    ov_buf_done(&buf);
}

/* --- jail.h ----------------------------------------------------------------------------------- */

const char *ov_jail_layer_name(enum ov_jail_layer layer)
{
    return layer == OV_LAYER_SECCOMP ? "seccomp" : layer == OV_LAYER_USER ? "user" : NULL;
}

unsigned ov_jail_layer_of(const char *name)
{
    return strcmp(name, "seccomp") == 0 ? OV_LAYER_SECCOMP
           : strcmp(name, "user") == 0  ? OV_LAYER_USER
                                        : 0;
}

overt_status ov_jail_open(struct ov_jail **out, const struct ov_jail_spec *spec, overt_error *err)
{
    const unsigned number = fake.opened;
    int pair[2];
    struct ov_jail *jail;

    if (fake.fail_from != 0 && number >= fake.fail_from) {
        return ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX, "the fake refuses jail %u", number);
    }
    jail = calloc(1, sizeof(*jail));
    if (jail == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        abort();
    }
    fake.last_spec = *spec;
    jail->pid = fork();
    if (jail->pid == 0) {
        (void)close(pair[0]);
        (void)signal(SIGSEGV, SIG_DFL); /* sanitizers catch it */
        fake.part(pair[1], number, spec->database_fd);
        _exit(0);
    }
    (void)close(pair[1]);
    (void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
    jail->channel = pair[0];
    fake.opened++;
    fake.open_now++;
    *out = jail;
    return OVERT_OK;
}

void ov_jail_close(struct ov_jail *jail)
{
    if (jail == NULL) {
        return;
    }
    if (!jail->reaped) {
        (void)kill(jail->pid, SIGKILL);
        (void)waitpid(jail->pid, NULL, 0);
    }
    (void)close(jail->channel);
    free(jail);
    fake.open_now--;
}

overt_status ov_jail_begin(struct ov_jail **out, const struct ov_jail_spec *spec, overt_error *err)
{
    return ov_jail_open(out, spec, err);
}

/* Ready when it is asked the second time; readable from the first moment. */
overt_status ov_jail_finish(struct ov_jail *jail, int wait_ms, bool *ready, overt_error *err)
{
    (void)wait_ms;
    *ready = jail->asked++ > 0;
    if (fake.refuse && *ready) {
        return ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX, "the fake refuses this jail");
    }
    return OVERT_OK;
}

int ov_jail_control(const struct ov_jail *jail)
{
    return jail->channel;
}

int ov_jail_leave(struct ov_jail *jail)
{
    (void)shutdown(jail->channel, SHUT_RDWR);
    return -1;
}

bool ov_jail_is_over(struct ov_jail *jail)
{
    jail->reaped = jail->reaped || waitpid(jail->pid, &jail->status, WNOHANG) == jail->pid;
    return jail->reaped;
}

unsigned ov_jail_layers(const struct ov_jail *jail)
{
    (void)jail;
    return OV_LAYER_SECCOMP | OV_LAYER_USER;
}

int ov_jail_channel(const struct ov_jail *jail)
{
    return jail->channel;
}

bool ov_jail_send_many(struct ov_jail *jail, const struct ov_request *request, struct ov_bytes name,
        const int *fds, size_t count)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * OV_FILES_MAX)];
        struct cmsghdr align;
    } control = { .bytes = { 0 } };
    uint8_t message[OV_REQUEST_BYTES_MAX];
    struct iovec part = { .iov_base = message,
        .iov_len = sizeof(*request) + (size_t)ov_bytes_len(name) };
    struct msghdr msg = { .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE(sizeof(int) * count) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    struct ov_request head = *request;

    head.name_bytes = ov_le32_of((uint32_t)ov_bytes_len(name));
    memcpy(message, &head, sizeof(head));
    if (ov_bytes_len(name) != 0) {
        memcpy(message + sizeof(*request), ov_bytes_raw(name), (size_t)ov_bytes_len(name));
    }
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
    return sendmsg(jail->channel, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

bool ov_jail_send(
        struct ov_jail *jail, const struct ov_request *request, struct ov_bytes name, int fd)
{
    return ov_jail_send_many(jail, request, name, &fd, 1);
}

void ov_jail_end(struct ov_jail *jail, int wait_ms, struct ov_jail_end *out)
{
    *out = (struct ov_jail_end){ .syscall = -1 };
    for (int waited = 0; waited <= wait_ms && !jail->reaped; waited++) {
        jail->reaped = waitpid(jail->pid, &jail->status, WNOHANG) == jail->pid;
        if (!jail->reaped) {
            (void)poll(NULL, 0, 1);
        }
    }
    if (!jail->reaped) {
        return;
    }
    out->known = true;
    out->signal = WIFSIGNALED(jail->status) ? WTERMSIG(jail->status) : 0;
    out->exit_status = WIFEXITED(jail->status) ? WEXITSTATUS(jail->status) : 0;
    out->syscall = out->signal == SIGSYS ? fake.end_syscall : -1;
}

#endif
