/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c - frames with at most one descriptor. */
#include "sandbox/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/checked.h"

bool ovd_pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0;
}

union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

enum ovd_io ovd_send(int to, const struct ovd_frame *frame)
{
    const struct ovd_head head = {
        .kind = ov_le32_of(frame->kind),
        .client = ov_le32_of(frame->client),
        .request = ov_le32_of(frame->request),
        .value = ov_le32_of(frame->value),
    };
    uint8_t message[sizeof(struct ovd_inbox)];
    const size_t text_bytes = (size_t)ov_bytes_len(frame->text);
    struct iovec part = { .iov_base = message, .iov_len = sizeof(head) + text_bytes };
    struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
    union control control;
    ssize_t n;

    OV_ASSERT(text_bytes <= OVD_TEXT_BYTES_MAX);
    memcpy(message, &head, sizeof(head));
    if (text_bytes > 0) {
        memcpy(message + sizeof(head), ov_bytes_raw(frame->text), text_bytes);
    }
    if (frame->fd >= 0) {
        struct cmsghdr *cmsg;

        memset(&control, 0, sizeof(control));
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof(control.bytes);
        cmsg = CMSG_FIRSTHDR(&msg);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &frame->fd, sizeof(int));
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

/* Takes the descriptor out; more than one is wrong, and all are closed then. */
static bool take_fd(struct msghdr *msg, int *fd)
{
    bool good = (msg->msg_flags & MSG_CTRUNC) == 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        const size_t bytes = c->cmsg_len - CMSG_LEN(0);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            good = false;
            continue;
        }
        for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
            int one;

            memcpy(&one, CMSG_DATA(c) + at, sizeof(one));
            if (*fd < 0 && good) {
                *fd = one;
            } else {
                (void)close(one);
                good = false;
            }
        }
    }
    return good;
}

enum ovd_io ovd_receive(int from, struct ovd_inbox *inbox, struct ovd_frame *out)
{
    /* cppcheck-suppress ctuuninitvar ; it is what receives */
    struct iovec part = { .iov_base = inbox->bytes, .iov_len = sizeof(inbox->bytes) };
    union control control;
    struct msghdr msg = { .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes) };
    struct ovd_head head;
    int fd = -1;
    uint32_t kind;
    ssize_t n;
    bool good;

    do {
        n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? OVD_IO_AGAIN : OVD_IO_END;
    }
    good = take_fd(&msg, &fd);
    if (n == 0 && fd < 0) {
        return OVD_IO_END;
    }
    if (good && (size_t)n >= sizeof(head) && (msg.msg_flags & MSG_TRUNC) == 0) {
        memcpy(&head, inbox->bytes, sizeof(head));
        kind = ov_le32_get(head.kind);
        if (kind >= 1 && kind <= OVD_KIND_LAST) {
            *out = (struct ovd_frame){
                .kind = (enum ovd_kind)kind,
                .client = ov_le32_get(head.client),
                .request = ov_le32_get(head.request),
                .value = ov_le32_get(head.value),
                .text = ov_bytes_of(inbox->bytes + sizeof(head), (size_t)n - sizeof(head)),
                .fd = fd,
            };
            return OVD_IO_DONE;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return OVD_IO_WRONG;
}
