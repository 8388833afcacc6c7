/* SPDX-License-Identifier: Apache-2.0 */
/* gate.c - the gate's loop: which client may be read, what is sent, who has been silent too long.
 *
 * The supervisor is spoken to with blocking sends, and always listens; it speaks to us when its
 * own queue allows. So neither can wait for the other. */
#include "programs/overtd/gate.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/checked.h"
#include "sandbox/wire.h"

#define EVENTS_MAX    256
#define TICK_MS       500
#define OUT_BYTES_MAX (16u * 1024u * 1024u)
#define SUPERVISOR    UINT32_MAX
#define SEND_TRIES    10000u /* of a millisecond */
#define READS_AT_ONCE 32u    /* of one client, before others have their turn */

/* On their way to and from the supervisor, and the process's own. */
#define FDS_BESIDE (2u * OVD_BATCH_FDS_MAX + 32u)

static uint64_t clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static void send_batch(struct ovd_gate *gate)
{
    const struct timespec wait = { .tv_nsec = 1000000 };
    enum ovd_io io = OVD_IO_AGAIN;

    /* The socket blocks by itself; AGAIN is the kernel's, with too many descriptors on their way. */
    for (unsigned i = 0;
            i < SEND_TRIES && (io = ovd_batch_send(gate->supervisor, &gate->out)) == OVD_IO_AGAIN;
            i++) {
        (void)nanosleep(&wait, NULL);
    }
    if (io != OVD_IO_DONE) {
        ovd_batch_drop(&gate->out);
        gate->over = true;
    }
}

void ovd_gate_tell(struct ovd_gate *gate, enum ovd_kind kind, const struct ovd_client *c,
        uint32_t number, uint32_t value, struct ov_bytes text, int fd)
{
    const struct ovd_frame frame = { .kind = kind,
        .client = c == NULL ? 0 : c->id,
        .request = number,
        .value = value,
        .text = text,
        .fd = fd };

    if (ovd_batch_put(&gate->out, &frame)) {
        return;
    }
    send_batch(gate);
    if (!ovd_batch_put(&gate->out, &frame)) {
        OV_ASSERT(false); /* an empty one has room */
    }
}

bool ovd_gate_has_room(const struct ovd_gate *gate, uint64_t fds)
{
    const struct ovd_gate_options *o = gate->options;

    return o->clients_max + FDS_BESIDE + gate->fds_held + fds <= o->fds_max;
}

/* --- clients -------------------------------------------------------------------------------- */

static void free_client(struct ovd_gate *gate, struct ovd_client *c)
{
    while (c->requests != NULL) {
        struct ovd_request *r = c->requests;

        c->requests = r->next;
        gate->streams_bytes -= r->bytes;
        free(r);
    }
    gate->streams_bytes -= c->stream_bytes;
    if (c->stream_fd >= 0) {
        (void)close(c->stream_fd);
        gate->fds_held--;
    }
    ov_guard_tagging_free(c->tagging);
    for (uint32_t i = 0; i < c->fd_count; i++) {
        (void)close(c->fds[i]);
    }
    gate->fds_held -= c->fd_count;
    ov_buf_done(&c->in);
    ov_buf_done(&c->out);
    (void)close(c->fd);
    free(c);
}

static uint32_t slot_of(const struct ovd_gate *gate, uint32_t id)
{
    OV_ASSERT(gate->client_cap > 0);
    return id % gate->client_cap;
}

static struct ovd_client *find(const struct ovd_gate *gate, uint32_t id)
{
    struct ovd_client *c = gate->clients[slot_of(gate, id)];

    return c != NULL && c->id == id ? c : NULL;
}

/* Lets a client go. Unread bytes would make the kernel reset the connection, and the reset could
 * overtake what was said: they are taken in first, as far as they are there. */
static void let_go(struct ovd_gate *gate, struct ovd_client *c)
{
    uint8_t sink[4096];

    (void)shutdown(c->fd, SHUT_WR);
    for (unsigned i = 0; i < 64; i++) {
        if (recv(c->fd, sink, sizeof(sink), MSG_DONTWAIT) <= 0) {
            break;
        }
    }
    gate->clients[slot_of(gate, c->id)] = NULL;
    gate->client_count--;
    ovd_gate_tell(gate, OVD_GONE, c, 0, 0, ov_bytes_of(NULL, 0), -1);
    free_client(gate, c);
}

static void watch(struct ovd_gate *gate, struct ovd_client *c)
{
    const bool more = ov_bytes_len(ov_buf_bytes(&c->out)) > c->out_at;
    const uint32_t events = (ovd_client_may_read(gate, c) ? (uint32_t)EPOLLIN : 0)
                            | (more ? (uint32_t)EPOLLOUT : 0);
    struct epoll_event event = { .events = events, .data = { .u32 = c->id } };

    if (events != c->events) {
        c->events = events;
        (void)epoll_ctl(gate->epoll, EPOLL_CTL_MOD, c->fd, &event);
    }
    gate->streams_starve |= c->state == OVD_CLIENT_STREAM && (events & (uint32_t)EPOLLIN) == 0;
}

/* Sends what is due. False: the client is gone, or done and let go. */
static bool flush(struct ovd_gate *gate, struct ovd_client *c)
{
    for (;;) {
        const struct ov_bytes out = ov_buf_bytes(&c->out);
        struct ov_bytes rest;
        ssize_t n;

        if (!ov_bytes_slice(out, c->out_at, ov_bytes_len(out) - c->out_at, &rest)) {
            OV_ASSERT(false);
        }
        if (ov_bytes_len(rest) == 0) {
            break;
        }
        n = send(
                c->fd, ov_bytes_raw(rest), (size_t)ov_bytes_len(rest), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return true;
        }
        if (n < 0) {
            let_go(gate, c);
            return false;
        }
        c->out_at += (uint64_t)n;
        c->sent_ms = gate->now_ms;
    }
    c->out_at = 0;
    if (!ov_buf_ok(&c->out)) { /* it asked for more than it ever took */
        let_go(gate, c);
        return false;
    }
    ov_buf_clear(&c->out);
    if (c->state == OVD_CLIENT_CLOSES) {
        let_go(gate, c);
        return false;
    }
    return true;
}

static void serve(struct ovd_gate *gate, struct ovd_client *c)
{
    if (flush(gate, c)) {
        watch(gate, c);
    }
}

/* When memory for streams became free, others may be read again. */
static void serve_streams(struct ovd_gate *gate)
{
    if (!gate->streams_starve) {
        return;
    }
    gate->streams_starve = false; /* watch() says it again of those that still do */
    for (uint32_t i = 0; i < gate->client_cap; i++) {
        struct ovd_client *c = gate->clients[i];

        if (c != NULL && c->state == OVD_CLIENT_STREAM) {
            watch(gate, c);
        }
    }
}

static void new_client(struct ovd_gate *gate, const struct ovd_frame *frame)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .u32 = frame->client } };
    struct ovd_client *c = calloc(1, sizeof(*c));

    if (c == NULL || gate->clients[slot_of(gate, frame->client)] != NULL
            || epoll_ctl(gate->epoll, EPOLL_CTL_ADD, frame->fd, &event) != 0) {
        free(c);
        (void)close(frame->fd);
        {
            const struct ovd_client gone = { .id = frame->client };

            ovd_gate_tell(gate, OVD_GONE, &gone, 0, 0, ov_bytes_of(NULL, 0), -1);
        }
        return;
    }
    c->fd = frame->fd;
    c->id = frame->client;
    c->local = frame->value != 0;
    c->stream_fd = -1;
    c->heard_ms = gate->now_ms;
    c->events = EPOLLIN;
    ov_buf_init(&c->in, OVD_SCRATCH_BYTES + 2u * OV_CLAMD_COMMAND_BYTES_MAX);
    ov_buf_init(&c->out, OUT_BYTES_MAX);
    gate->clients[slot_of(gate, c->id)] = c;
    gate->client_count++;
}

/* --- reading -------------------------------------------------------------------------------- */

static void keep_fds(struct ovd_gate *gate, struct ovd_client *c, struct msghdr *msg)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h != NULL; h = CMSG_NXTHDR(msg, h)) {
        const size_t bytes = h->cmsg_len - CMSG_LEN(0);

        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
            int fd;

            memcpy(&fd, CMSG_DATA(h) + at, sizeof(fd));
            if (c->fd_count < OVD_CLIENT_FDS_MAX) {
                c->fds[c->fd_count++] = fd;
                gate->fds_held++;
            } else {
                (void)close(fd);
            }
        }
    }
}

enum heard {
    HEARD_ALL = 0, /* for now */
    HEARD_SOME,    /* there may be more */
    HEARD_LAST     /* the client is gone */
};

/* One read. The kernel ends one behind each descriptor, so that what comes after it is still there. */
static enum heard read_some(struct ovd_gate *gate, struct ovd_client *c)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * OVD_CLIENT_FDS_MAX)];
        struct cmsghdr align;
    } control;
    struct iovec part = { .iov_base = gate->scratch, .iov_len = OVD_SCRATCH_BYTES };
    struct msghdr msg = { .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = ovd_gate_has_room(gate, OVD_CLIENT_FDS_MAX) ? sizeof(control.bytes) : 0 };
    const ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    bool with_fds;

    if (n < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            let_go(gate, c);
            return HEARD_LAST;
        }
        return HEARD_ALL;
    }
    with_fds = CMSG_FIRSTHDR(&msg) != NULL;
    if (c->local) {
        keep_fds(gate, c, &msg);
    }
    c->heard_ms = gate->now_ms;
    if (n == 0) {
        ovd_client_end(gate, c);
        return HEARD_ALL;
    }
    ovd_client_bytes(gate, c, ov_bytes_of(gate->scratch, (size_t)n));
    return with_fds ? HEARD_SOME : HEARD_ALL;
}

static void read_client(struct ovd_gate *gate, struct ovd_client *c)
{
    const uint64_t held = gate->streams_bytes;
    enum heard heard = HEARD_SOME;

    for (unsigned i = 0; i < READS_AT_ONCE && heard == HEARD_SOME && ovd_client_may_read(gate, c);
            i++) {
        heard = read_some(gate, c);
    }
    if (heard != HEARD_LAST) {
        serve(gate, c);
    }
    if (gate->streams_bytes < held) {
        serve_streams(gate);
    }
}

static void answered(struct ovd_gate *gate, const struct ovd_frame *frame)
{
    struct ovd_client *c = find(gate, frame->client);

    if (c == NULL || (frame->kind != OVD_LINE && frame->kind != OVD_LAST)) {
        return; /* it went meanwhile */
    }
    ovd_client_answer(gate, c, frame);
    if (!c->due) {
        c->due = true;
        gate->due[gate->due_count++] = c->id;
    }
}

/* Every answer of a batch first, then each client that got some: one send for all of them, and
 * what it said meanwhile. */
static void serve_due(struct ovd_gate *gate)
{
    for (uint32_t i = 0; i < gate->due_count; i++) {
        struct ovd_client *c = find(gate, gate->due[i]);

        OV_ASSERT(c != NULL); /* none is let go between its answer and here */
        c->due = false;
        if (ov_bytes_len(ov_buf_bytes(&c->in)) > 0 && ovd_client_takes_bytes(c)) {
            ovd_client_bytes(gate, c, ov_bytes_of(NULL, 0)); /* there is room for more */
        }
        serve(gate, c);
    }
    gate->due_count = 0;
}

static void hear_supervisor(struct ovd_gate *gate)
{
    const enum ovd_io io = ovd_batch_receive(gate->supervisor, &gate->in);
    const uint64_t held = gate->streams_bytes;
    struct ovd_frame frame;

    if (io != OVD_IO_DONE) {
        gate->over = io != OVD_IO_AGAIN;
        return;
    }
    while (ovd_batch_next(&gate->in, &frame)) {
        if (frame.kind == OVD_CLIENT && frame.fd >= 0) {
            new_client(gate, &frame);
            continue;
        }
        if (frame.fd >= 0) {
            (void)close(frame.fd);
        }
        if (frame.kind == OVD_FORGET && gate->options->memory != NULL) {
            ov_guard_contents_forget(gate->options->memory);
            continue;
        }
        answered(gate, &frame);
    }
    serve_due(gate);
    if (gate->streams_bytes < held) {
        serve_streams(gate);
    }
}

/* Streams that were answered from memory are only counted. */
static void tell_known(struct ovd_gate *gate)
{
    const uint32_t bytes =
            gate->known_bytes < UINT32_MAX ? (uint32_t)gate->known_bytes : UINT32_MAX;

    if (gate->known_count > 0) {
        ovd_gate_tell(gate, OVD_KNOWN, NULL, bytes, gate->known_count, ov_bytes_of(NULL, 0), -1);
        gate->known_bytes -= bytes;
        gate->known_count = 0;
    }
}

/* --- time ----------------------------------------------------------------------------------- */

static bool is_late(const struct ovd_gate *gate, const struct ovd_client *c)
{
    const struct ovd_gate_options *o = gate->options;
    const uint64_t silent = gate->now_ms - c->heard_ms;

    if (c->state >= OVD_CLIENT_SAID_ALL
            || (c->request_count > 0 && c->state != OVD_CLIENT_STREAM)) {
        return false;
    }
    if (c->state == OVD_CLIENT_STREAM && (c->events & EPOLLIN) == 0) {
        return false; /* it is we who do not read */
    }
    return silent >= (c->spoke ? o->read_ms : o->command_ms);
}

static void check_times(struct ovd_gate *gate)
{
    for (uint32_t i = 0; i < gate->client_cap; i++) {
        struct ovd_client *c = gate->clients[i];

        if (c == NULL) {
            continue;
        }
        if (is_late(gate, c)) {
            ovd_client_timed_out(c);
            serve(gate, c);
        } else if (ov_bytes_len(ov_buf_bytes(&c->out)) > c->out_at
                   && gate->now_ms - c->sent_ms >= gate->options->read_ms) {
            let_go(gate, c);
        }
    }
}

/* --- the loop ------------------------------------------------------------------------------- */

static bool begin(struct ovd_gate *gate)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .u32 = SUPERVISOR } };

    gate->client_cap = gate->options->clients_max * 2u + 1u; /* ids ascend: few fall on one slot */
    gate->clients = calloc(gate->client_cap, sizeof(struct ovd_client *));
    gate->scratch = malloc(OVD_SCRATCH_BYTES);
    gate->pack.bytes = malloc(OVD_PACK_BYTES);
    gate->due = malloc(OVD_BATCH_BYTES_MAX / sizeof(struct ovd_head) * sizeof(gate->due[0]));
    return gate->clients != NULL && gate->scratch != NULL && gate->pack.bytes != NULL
           && gate->due != NULL && gate->epoll >= 0
           && epoll_ctl(gate->epoll, EPOLL_CTL_ADD, gate->supervisor, &event) == 0;
}

int ovd_gate_run(int supervisor, int epoll, const struct ovd_gate_options *options)
{
    static struct ovd_gate gate; /* its two batches are large for a stack */
    uint64_t checked_ms;

    gate = (struct ovd_gate){ .options = options, .supervisor = supervisor, .epoll = epoll };
    if (!begin(&gate)) {
        return 1;
    }
    gate.now_ms = checked_ms = clock_ms();
    while (!gate.over) {
        struct epoll_event events[EVENTS_MAX];
        const int n = epoll_wait(gate.epoll, events, EVENTS_MAX, TICK_MS);

        gate.now_ms = clock_ms();
        if (n < 0 && errno != EINTR) {
            return 1;
        }
        for (int i = 0; i < n && !gate.over; i++) {
            struct ovd_client *c;

            if (events[i].data.u32 == SUPERVISOR) {
                hear_supervisor(&gate);
                continue;
            }
            c = find(&gate, events[i].data.u32);
            if (c == NULL) {
                continue; /* let go earlier in this batch */
            }
            if ((events[i].events & EPOLLIN) != 0) {
                read_client(&gate, c);
            } else if ((events[i].events & EPOLLOUT) != 0) {
                serve(&gate, c);
            } else { /* an error or a hang-up, while nothing of it is read */
                let_go(&gate, c);
            }
        }
        if (gate.now_ms - checked_ms >= TICK_MS) {
            checked_ms = gate.now_ms;
            check_times(&gate);
        }
        tell_known(&gate);
        send_batch(&gate);
    }
    return 0;
}
