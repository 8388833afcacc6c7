/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c - frames and batches of them, with their descriptors. */
#include "sandbox/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/checked.h"

bool ovd_pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0;
}

/* --- to and from bytes ----------------------------------------------------------------------- */

static struct ovd_head head_of(const struct ovd_frame *frame)
{
    OV_ASSERT(ov_bytes_len(frame->text) <= OVD_TEXT_BYTES_MAX);
    return (struct ovd_head){
        .kind = ov_le32_of(frame->kind),
        .client = ov_le32_of(frame->client),
        .request = ov_le32_of(frame->request),
        .value = ov_le32_of(frame->value),
        .text_bytes = ov_le16_of((uint16_t)ov_bytes_len(frame->text)),
        .fds = ov_le16_of(frame->fd >= 0 ? 1 : 0),
    };
}

/* The frame at the reader; *fds: how many descriptors it has. False: there is none. */
static bool read_frame(struct ov_reader *r, struct ovd_frame *out, unsigned *fds)
{
    struct ov_bytes raw;
    struct ovd_head head;
    uint32_t kind;

    if (!ov_read_bytes(r, sizeof(head), &raw)) {
        return false;
    }
    memcpy(&head, ov_bytes_raw(raw), sizeof(head));
    kind = ov_le32_get(head.kind);
    *fds = ov_le16_get(head.fds);
    if (kind < 1 || kind > OVD_KIND_LAST || *fds > 1
            || ov_le16_get(head.text_bytes) > OVD_TEXT_BYTES_MAX
            || !ov_read_bytes(r, ov_le16_get(head.text_bytes), &out->text)) {
        return false;
    }
    out->kind = (enum ovd_kind)kind;
    out->client = ov_le32_get(head.client);
    out->request = ov_le32_get(head.request);
    out->value = ov_le32_get(head.value);
    out->fd = -1;
    return true;
}

/* --- messages -------------------------------------------------------------------------------- */

union control {
    char bytes[CMSG_SPACE(sizeof(int) * OVD_BATCH_FDS_MAX)];
    struct cmsghdr align;
};

static enum ovd_io send_message(
        int to, struct iovec *parts, size_t count, const int *fds, size_t fd_count)
{
    struct msghdr msg = { .msg_iov = parts, .msg_iovlen = count };
    union control control;
    ssize_t n;

    if (fd_count > 0) {
        const size_t bytes = sizeof(int) * fd_count;
        struct cmsghdr *cmsg = &control.align;

        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(bytes);
        memcpy(CMSG_DATA(cmsg), fds, bytes);
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(bytes);
    }
    do {
        n = sendmsg(to, &msg, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        return OVD_IO_DONE;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ETOOMANYREFS
                   ? OVD_IO_AGAIN
                   : OVD_IO_END;
}

static void close_all(const int *fds, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)close(fds[i]);
    }
}

/* Takes the descriptors out, `max` at most; with more all are closed, and false. */
static bool take_fds(struct msghdr *msg, int *fds, uint32_t max, uint32_t *count)
{
    bool good = (msg->msg_flags & MSG_CTRUNC) == 0;

    *count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        const size_t bytes = c->cmsg_len - CMSG_LEN(0);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            good = false;
            continue;
        }
        for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
            int one;

            memcpy(&one, CMSG_DATA(c) + at, sizeof(one));
            if (*count < max) {
                fds[(*count)++] = one;
            } else {
                (void)close(one);
                good = false;
            }
        }
    }
    if (!good) {
        close_all(fds, *count);
        *count = 0;
    }
    return good;
}

/* One message. *len: its bytes, never 0 when DONE. */
static enum ovd_io receive_message(
        int from, void *bytes, size_t size, int *fds, uint32_t max, size_t *len, uint32_t *count)
{
    struct iovec part = { .iov_base = bytes, .iov_len = size };
    union control control;
    struct msghdr msg = { .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes) };
    ssize_t n;

    do {
        n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? OVD_IO_AGAIN : OVD_IO_END;
    }
    if (!take_fds(&msg, fds, max, count)) {
        return OVD_IO_WRONG;
    }
    if (n == 0 && *count == 0) {
        return OVD_IO_END;
    }
    if (n == 0 || (msg.msg_flags & MSG_TRUNC) != 0) {
        close_all(fds, *count);
        return OVD_IO_WRONG;
    }
    *len = (size_t)n;
    return OVD_IO_DONE;
}

/* --- one frame ------------------------------------------------------------------------------- */

enum ovd_io ovd_send(int to, const struct ovd_frame *frame)
{
    struct ovd_head head = head_of(frame);
    uint8_t text[OVD_TEXT_BYTES_MAX];
    const size_t text_bytes = (size_t)ov_bytes_len(frame->text);
    struct iovec parts[2] = { { .iov_base = &head, .iov_len = sizeof(head) },
        { .iov_base = text, .iov_len = text_bytes } };

    if (text_bytes > 0) {
        memcpy(text, ov_bytes_raw(frame->text), text_bytes);
    }
    return send_message(to, parts, text_bytes > 0 ? 2 : 1, &frame->fd, frame->fd >= 0 ? 1 : 0);
}

enum ovd_io ovd_receive(int from, struct ovd_inbox *inbox, struct ovd_frame *out)
{
    struct ovd_frame frame = { .fd = -1 };
    struct ov_reader r;
    uint32_t count;
    unsigned fds;
    size_t len;
    int fd = -1;
    const enum ovd_io io =
            receive_message(from, inbox->bytes, sizeof(inbox->bytes), &fd, 1, &len, &count);

    if (io != OVD_IO_DONE) {
        return io;
    }
    r = ov_reader_on(ov_bytes_of(inbox->bytes, len));
    if (!read_frame(&r, &frame, &fds) || ov_reader_left(&r) != 0 || fds != count) {
        close_all(&fd, count);
        return OVD_IO_WRONG;
    }
    frame.fd = count == 1 ? fd : -1;
    *out = frame;
    return OVD_IO_DONE;
}

/* --- batches --------------------------------------------------------------------------------- */

bool ovd_batch_put(struct ovd_batch *batch, const struct ovd_frame *frame)
{
    const struct ovd_head head = head_of(frame);
    const size_t text_bytes = (size_t)ov_bytes_len(frame->text);

    if (sizeof(batch->bytes) - batch->len < sizeof(head) + text_bytes
            || (frame->fd >= 0 && batch->fd_count == OVD_BATCH_FDS_MAX)) {
        return false;
    }
    memcpy(batch->bytes + batch->len, &head, sizeof(head));
    batch->len += sizeof(head);
    if (text_bytes > 0) {
        memcpy(batch->bytes + batch->len, ov_bytes_raw(frame->text), text_bytes);
        batch->len += text_bytes;
    }
    if (frame->fd >= 0) {
        batch->fds[batch->fd_count++] = frame->fd;
    }
    return true;
}

static void empty(struct ovd_batch *batch)
{
    batch->len = batch->at = 0;
    batch->fd_count = batch->fd_at = 0;
}

enum ovd_io ovd_batch_send(int to, struct ovd_batch *batch)
{
    struct iovec part = { .iov_base = batch->bytes, .iov_len = batch->len };
    enum ovd_io io = OVD_IO_DONE;

    if (batch->len > 0) {
        io = send_message(to, &part, 1, batch->fds, batch->fd_count);
    }
    if (io == OVD_IO_DONE) {
        close_all(batch->fds, batch->fd_count);
        empty(batch);
    }
    return io;
}

void ovd_batch_drop(struct ovd_batch *batch)
{
    for (uint32_t i = batch->fd_at; i < batch->fd_count; i++) {
        (void)close(batch->fds[i]);
    }
    empty(batch);
}

enum ovd_io ovd_batch_receive(int from, struct ovd_batch *batch)
{
    struct ovd_frame frame;
    struct ov_reader r;
    uint32_t fds_in_all = 0;
    unsigned fds;
    const enum ovd_io io = receive_message(from, batch->bytes, sizeof(batch->bytes), batch->fds,
            OVD_BATCH_FDS_MAX, &batch->len, &batch->fd_count);

    batch->at = 0;
    batch->fd_at = 0;
    if (io != OVD_IO_DONE) {
        empty(batch);
        return io;
    }
    r = ov_reader_on(ov_bytes_of(batch->bytes, batch->len));
    while (ov_reader_left(&r) != 0) {
        if (!read_frame(&r, &frame, &fds)) {
            ovd_batch_drop(batch);
            return OVD_IO_WRONG;
        }
        fds_in_all += fds;
    }
    if (fds_in_all != batch->fd_count) {
        ovd_batch_drop(batch);
        return OVD_IO_WRONG;
    }
    return OVD_IO_DONE;
}

bool ovd_batch_next(struct ovd_batch *batch, struct ovd_frame *out)
{
    struct ov_reader r = ov_reader_on(ov_bytes_of(batch->bytes, batch->len));
    unsigned fds;

    if (batch->at == batch->len) {
        OV_ASSERT(batch->fd_at == batch->fd_count);
        empty(batch);
        return false;
    }
    if (!ov_read_skip(&r, batch->at) || !read_frame(&r, out, &fds)) {
        OV_ASSERT(false); /* the whole of it was looked at when it came */
    }
    batch->at = batch->len - (size_t)ov_reader_left(&r);
    out->fd = fds == 1 ? batch->fds[batch->fd_at++] : -1;
    return true;
}

void ovd_frames_put(struct ov_buf *frames, const struct ovd_frame *frame)
{
    const struct ovd_head head = head_of(frame);

    OV_ASSERT(frame->fd < 0);
    ov_buf_put(frames, &head, sizeof(head));
    if (ov_bytes_len(frame->text) > 0) {
        ov_buf_put(frames, ov_bytes_raw(frame->text), (size_t)ov_bytes_len(frame->text));
    }
}

enum ovd_io ovd_frames_send(int to, struct ov_bytes frames, uint64_t *sent)
{
    struct ovd_batch batch;
    enum ovd_io io = OVD_IO_DONE;

    *sent = 0;
    empty(&batch);
    while (io == OVD_IO_DONE && *sent < ov_bytes_len(frames)) {
        struct ov_reader r = ov_reader_on(frames);
        struct ovd_frame frame;
        unsigned fds;

        if (!ov_read_skip(&r, *sent)) {
            OV_ASSERT(false); /* less than there is */
        }
        while (ov_reader_left(&r) != 0) {
            if (!read_frame(&r, &frame, &fds)) {
                OV_ASSERT(false); /* we wrote them */
            }
            if (!ovd_batch_put(&batch, &frame)) {
                break;
            }
        }
        {
            const size_t len = batch.len;

            io = ovd_batch_send(to, &batch);
            *sent += io == OVD_IO_DONE ? len : 0;
        }
    }
    return io;
}
