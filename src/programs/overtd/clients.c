/* SPDX-License-Identifier: Apache-2.0 */
/* clients.c - the supervisor's side of the gate: connections go in, requests come out. The gate is
 * not trusted: all it can name is a connection that was handed to it, and all that buys is an
 * answer about what that client may read. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/checked.h"
#include "clamd/command.h"
#include "programs/overtd/daemon.h"
#include "programs/overtd/gate.h"
#include "sandbox/confine.h"

#define BATCHES_AT_ONCE 8u
#define GATE_CHANNEL    3
#define GATE_EPOLL      4

static const char version_text[] = "ClamAV 1.4.6";

/* --- its process ---------------------------------------------------------------------------- */

/* Where every look is to be logged, every stream is looked at. */
static struct ov_guard_contents *new_memory(const struct ovd *d)
{
    struct ov_guard_contents *memory = NULL;

    if (!d->config.cache_off && !d->config.log_clean && d->config.cache_places > 0) {
        memory = ov_guard_contents_new(d->config.cache_places);
        if (memory == NULL) {
            (void)fprintf(stderr, "overtd: the gate remembers no streams: no memory for them\n");
        }
    }
    return memory;
}

_Noreturn static void live(struct ovd *d, int channel)
{
    struct ovd_gate_options options = {
        .stream_bytes_max = d->config.stream_bytes_max,
        .streams_memory_max = d->config.streams_memory_max,
        .command_ms = (uint32_t)(d->config.command_s * 1000),
        .read_ms = (uint32_t)(d->config.read_s * 1000),
        .clients_max = d->session_cap / 2,
        .memory = new_memory(d),
    };
    const int epoll = epoll_create1(0);
    struct rlimit files = { 0, 0 };
    struct ov_confine confine = { .profile = OV_JAIL_GATE,
        .set_ids = d->as_root,
        .uid = d->stranger.uid,
        .gid = d->stranger.gid };
    overt_error err = OVERT_ERROR_INIT;

    (void)getrlimit(RLIMIT_NOFILE, &files);
    confine.descriptors_max = files.rlim_cur;
    options.fds_max = files.rlim_cur;
    if (epoll < 0 || dup2(channel, GATE_CHANNEL + 100) < 0 || dup2(epoll, GATE_EPOLL) != GATE_EPOLL
            || dup2(GATE_CHANNEL + 100, GATE_CHANNEL) != GATE_CHANNEL
            || syscall(SYS_close_range, GATE_EPOLL + 1, ~0u, 0) != 0) {
        _exit(1);
    }
    if (ov_confine_self(&confine, &err) != OVERT_OK) {
        (void)fprintf(stderr, "overtd: the gate: %s\n", err.message);
        _exit(1);
    }
    _exit(ovd_gate_run(GATE_CHANNEL, GATE_EPOLL, &options));
}

bool ovd_gate_start(struct ovd *d)
{
    int ends[2];
    pid_t pid;

    if (!ovd_pair(ends)) {
        return false;
    }
    pid = fork();
    if (pid == 0) {
        live(d, ends[1]);
    }
    (void)close(ends[1]);
    d->gate = ends[0];
    d->gate_pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    d->gate_events = EPOLLIN;
    return d->gate_pidfd >= 0 && fcntl(d->gate, F_SETFL, O_NONBLOCK) == 0
           && ovd_watch(d, d->gate, OVD_EVENT_GATE, 0);
}

static void forget_sessions(struct ovd *d)
{
    for (uint32_t i = 0; i < d->session_cap; i++) {
        if (d->sessions[i].id != 0) {
            ovd_work_gone(d, d->sessions[i].id);
            free(d->sessions[i].peer);
            d->sessions[i] = (struct ovd_session){ .id = 0 };
        }
    }
    d->session_count = 0;
}

void ovd_gate_stop(struct ovd *d)
{
    siginfo_t end;

    if (d->gate >= 0) {
        (void)close(d->gate);
        d->gate = -1;
    }
    if (d->gate_pidfd >= 0) {
        struct pollfd over = { .fd = d->gate_pidfd, .events = POLLIN };

        if (poll(&over, 1, 1000) != 1) {
            (void)syscall(SYS_pidfd_send_signal, d->gate_pidfd, SIGKILL, NULL, 0);
        }
        (void)waitid(P_PIDFD, (id_t)d->gate_pidfd, &end, WEXITED);
        (void)close(d->gate_pidfd);
        d->gate_pidfd = -1;
    }
    ov_buf_clear(&d->gate_queue);
    d->gate_queue_at = 0;
    d->gate_events = 0;
}

/* All its clients have lost their connection; a new one serves those that come. */
static void gate_broke(struct ovd *d, const char *why)
{
    ovd_log(&d->log, OVD_ERROR, "the gate is replaced, and %u connections with it: %s",
            d->session_count, why);
    ovd_gate_stop(d);
    forget_sessions(d);
    if (!ovd_gate_start(d)) {
        ovd_log(&d->log, OVD_ERROR, "a gate cannot be started: %s", strerror(errno));
        d->stopping = true;
    }
}

/* --- to the gate ---------------------------------------------------------------------------- */

static void watch_gate(struct ovd *d)
{
    const bool more =
            d->parked.fd >= 0 || ov_bytes_len(ov_buf_bytes(&d->gate_queue)) > d->gate_queue_at;
    /* Each file that waits is a descriptor of ours: the gate waits with more of them until workers
     * have made room. */
    const bool room = d->queued < d->queue_fds_max;
    const uint32_t events = (room ? (uint32_t)EPOLLIN : 0) | (more ? (uint32_t)EPOLLOUT : 0);
    struct epoll_event event = { .events = events,
        .data = { .u64 = (uint64_t)OVD_EVENT_GATE << 32 } };

    if (events != d->gate_events) {
        d->gate_events = events;
        (void)epoll_ctl(d->epoll, EPOLL_CTL_MOD, d->gate, &event);
    }
}

/* A gate that is always a little behind never leaves the queue empty. */
static void forget_sent(struct ovd *d)
{
    auto_free uint8_t *whole = NULL;
    struct ov_bytes rest;
    size_t len = 0;

    whole = ov_buf_steal(&d->gate_queue, &len);
    if (whole != NULL
            && ov_bytes_slice(
                    ov_bytes_of(whole, len), d->gate_queue_at, len - d->gate_queue_at, &rest)) {
        ov_buf_put(&d->gate_queue, ov_bytes_raw(rest), (size_t)ov_bytes_len(rest));
    }
    d->gate_queue_at = 0;
}

/* A place whose number the gate will not find taken either: both count modulo the same. */
static uint32_t new_session(struct ovd *d)
{
    for (uint32_t i = 0; i < d->session_cap; i++) {
        const uint32_t id = ++d->session_generation;

        if (id != 0 && d->sessions[id % d->session_cap].id == 0) {
            return id;
        }
    }
    return 0;
}

/* False: the gate has no room now, and *conn is as it was. */
static bool hand_over(struct ovd *d, struct ovd_parked *conn)
{
    struct ovd_frame frame = { .kind = OVD_CLIENT, .value = conn->local ? 1 : 0, .fd = conn->fd };
    const uint32_t id = new_session(d);
    enum ovd_io io;

    frame.client = id;
    io = id == 0 ? OVD_IO_END : ovd_send(d->gate, &frame);
    if (io == OVD_IO_AGAIN) {
        return false;
    }
    (void)close(conn->fd);
    conn->fd = -1;
    if (io == OVD_IO_DONE) {
        d->sessions[id % d->session_cap] =
                (struct ovd_session){ .id = id, .local = conn->local, .peer = conn->peer };
        d->session_count++;
    } else { /* every place is taken, or this gate is no more */
        ovd_log(&d->log, OVD_WARNING, "a connection was closed: there is no room for it");
        free(conn->peer);
    }
    return true;
}

void ovd_gate_flush(struct ovd *d)
{
    struct ov_bytes all = ov_buf_bytes(&d->gate_queue), rest;
    uint64_t sent = 0;

    if (d->gate < 0) {
        return;
    }
    if (d->parked.fd >= 0 && hand_over(d, &d->parked)) {
        ovd_listen_pause(d, false);
    }
    if (d->gate_queue_at == ov_bytes_len(all)
            || !ov_bytes_slice(
                    all, d->gate_queue_at, ov_bytes_len(all) - d->gate_queue_at, &rest)) {
        watch_gate(d);
        return;
    }
    if (!ov_buf_ok(&d->gate_queue)) {
        gate_broke(d, "it does not take its answers");
        return;
    }
    (void)ovd_frames_send(d->gate, rest, &sent); /* it is gone: its channel will say so */
    d->gate_queue_at += sent;
    if (d->gate_queue_at == ov_bytes_len(all)) {
        ov_buf_clear(&d->gate_queue);
        d->gate_queue_at = 0;
    } else if (d->gate_queue_at >= OVD_GATE_QUEUE_MAX / 2) {
        forget_sent(d);
    }
    watch_gate(d);
}

void ovd_reply_clean(struct ovd *d, uint32_t client, uint32_t request, const char *text)
{
    const struct ovd_frame frame = { .kind = OVD_LAST,
        .client = client,
        .request = request,
        .value = OVD_CLEAN,
        .text = ov_bytes_of(text, strlen(text)),
        .fd = -1 };

    ovd_frames_put(&d->gate_queue, &frame);
}

void ovd_gate_forget(struct ovd *d)
{
    const struct ovd_frame frame = { .kind = OVD_FORGET, .text = ov_bytes_of("", 0), .fd = -1 };

    ovd_frames_put(&d->gate_queue, &frame);
}

void ovd_reply(struct ovd *d, uint32_t client, uint32_t request, bool last, const char *text)
{
    const size_t bytes = strlen(text);
    const struct ovd_frame frame = { .kind = last ? OVD_LAST : OVD_LINE,
        .client = client,
        .request = request,
        .text = ov_bytes_of(text, bytes > OVD_TEXT_BYTES_MAX ? OVD_TEXT_BYTES_MAX : bytes),
        .fd = -1 };

    ovd_frames_put(&d->gate_queue, &frame);
}

void ovd_gate_add(struct ovd *d, int fd, bool local, struct ovd_peer *peer)
{
    OV_ASSERT(d->parked.fd < 0); /* nothing is accepted meanwhile */
    d->parked = (struct ovd_parked){ .fd = fd, .local = local, .peer = peer };
    if (!hand_over(d, &d->parked)) {
        ovd_listen_pause(d, true);
    }
}

/* --- from the gate -------------------------------------------------------------------------- */

static void client_gone(struct ovd *d, uint32_t client)
{
    struct ovd_session *s = &d->sessions[client % d->session_cap];

    if (client != 0 && s->id == client) {
        ovd_work_gone(d, client);
        free(s->peer);
        *s = (struct ovd_session){ .id = 0 };
        d->session_count--;
    }
}

static void answer_stats(struct ovd *d, const struct ovd_frame *frame)
{
    struct ov_buf text;

    ov_buf_init(&text, OVD_TEXT_BYTES_MAX);
    ovd_stats_text(d, &text);
    ov_buf_put_u8(&text, 0);
    ovd_reply(d, frame->client, frame->request, true,
            ov_buf_ok(&text) ? (const char *)ov_bytes_raw(ov_buf_bytes(&text)) : "ERROR");
    ov_buf_done(&text);
}

static bool asked(struct ovd *d, const struct ovd_frame *frame)
{
    char text[512];

    switch ((enum ov_clamd_verb)frame->value) {
    case OV_CLAMD_VERSION:
        ovd_reply(d, frame->client, frame->request, true, version_text);
        return true;
    case OV_CLAMD_VERSIONCOMMANDS:
        (void)snprintf(text, sizeof(text), "%s%s", version_text, ov_clamd_commands_text);
        ovd_reply(d, frame->client, frame->request, true, text);
        return true;
    case OV_CLAMD_RELOAD:
        ovd_reply(d, frame->client, frame->request, true, "RELOADING");
        ovd_rules_reload(d);
        return true;
    case OV_CLAMD_SHUTDOWN:
        ovd_log(&d->log, OVD_NOTICE, "a client asked overtd to end");
        ovd_reply(d, frame->client, frame->request, true, "");
        d->stopping = true;
        return true;
    case OV_CLAMD_STATS:
        answer_stats(d, frame);
        return true;
    case OV_CLAMD_UNKNOWN:
    case OV_CLAMD_PING:
    case OV_CLAMD_DETSTATS:
    case OV_CLAMD_SCAN:
    case OV_CLAMD_CONTSCAN:
    case OV_CLAMD_MULTISCAN:
    case OV_CLAMD_ALLMATCHSCAN:
    case OV_CLAMD_FILDES:
    case OV_CLAMD_INSTREAM:
    case OV_CLAMD_IDSESSION:
    case OV_CLAMD_END:
        break;
    }
    return false;
}

/* False: the gate said what it may not say. Takes the frame's descriptor. */
static bool heard(struct ovd *d, struct ovd_frame *frame)
{
    const bool known =
            frame->client != 0 && d->sessions[frame->client % d->session_cap].id == frame->client;
    bool good = true;

    if (frame->kind == OVD_SCAN_FD && frame->fd >= 0) {
        if (known) {
            ovd_work_fd(d, frame); /* takes the descriptor */
            return true;
        }
    } else if (frame->kind == OVD_SCAN_PARTS && frame->fd >= 0) {
        if (known) {
            return ovd_work_parts(d, frame); /* takes it too */
        }
    } else if (frame->fd >= 0) {
        good = false;
    } else if (frame->kind == OVD_GONE) {
        client_gone(d, frame->client);
    } else if (frame->kind == OVD_KNOWN) {
        d->counts.requests += frame->value;
        d->counts.files += frame->value;
        d->counts.bytes += frame->request;
    } else if (frame->kind == OVD_SCAN_PATH && known) {
        ovd_work_path(d, frame);
    } else if (frame->kind == OVD_ASK && known) {
        good = asked(d, frame);
    } else {
        good = !known && (frame->kind == OVD_SCAN_PATH || frame->kind == OVD_ASK);
    }
    if (frame->fd >= 0) {
        (void)close(frame->fd);
    }
    return good;
}

void ovd_gate_hear(struct ovd *d, uint32_t events)
{
    if ((events & EPOLLOUT) != 0) {
        ovd_gate_flush(d);
    }
    for (unsigned i = 0; i < BATCHES_AT_ONCE && d->gate >= 0 && d->queued < d->queue_fds_max; i++) {
        struct ovd_batch batch;
        struct ovd_frame frame;
        bool good = true;

        switch (ovd_batch_receive(d->gate, &batch)) {
        case OVD_IO_AGAIN:
            return;
        case OVD_IO_END:
            gate_broke(d, "it is gone");
            return;
        case OVD_IO_WRONG:
            gate_broke(d, "it sent what is no frame");
            return;
        case OVD_IO_DONE:
            break;
        }
        while (good && ovd_batch_next(&batch, &frame)) {
            good = heard(d, &frame);
        }
        if (!good) {
            ovd_batch_drop(&batch);
            gate_broke(d, "it asked for what it may not ask");
            return;
        }
    }
}
