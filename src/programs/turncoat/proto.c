/* SPDX-License-Identifier: Apache-2.0 */
/* proto.c - attacks on the channel: more bytes than a reply has, by another call, to another place, or
 * bytes that are no reply at all. */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "programs/turncoat/turncoat.h"

#define CHANNEL OV_JAIL_FD_CHANNEL
#define BYTES   OV_VERDICT_FRAME_BYTES

static int write_bytes(size_t count)
{
    static char bytes[8192];

    memset(bytes, 'L', sizeof(bytes));
    return syscall(SYS_write, CHANNEL, bytes, count) == (long)count ? 0 : -errno;
}

ATTACK(proto_write_4096)
{
    return write_bytes(4096);
}

ATTACK(proto_write_17)
{
    return write_bytes(17);
}

ATTACK(proto_write_15)
{
    return write_bytes(15);
}

ATTACK(proto_write_0)
{
    return write_bytes(0);
}

ATTACK(proto_writev)
{
    static char frame[BYTES];
    const struct iovec parts[2] = { { frame, BYTES }, { frame, BYTES } };

    return got(syscall(SYS_writev, CHANNEL, parts, 2));
}

ATTACK(proto_pwrite)
{
    static char frame[BYTES];

    return got_or(syscall(SYS_pwrite64, CHANNEL, frame, BYTES, 0), ESPIPE);
}

ATTACK(proto_send)
{
    static char frame[64];

    return got(syscall(SYS_sendto, CHANNEL, frame, sizeof(frame), MSG_NOSIGNAL, NULL, 0));
}

ATTACK(proto_sendmsg)
{
    static char frame[64];
    struct iovec part = { frame, sizeof(frame) };
    const struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

    return got(syscall(SYS_sendmsg, CHANNEL, &msg, MSG_NOSIGNAL));
}

ATTACK(proto_pass_descriptor)
{
    static char frame[BYTES];
    struct iovec part = { frame, BYTES };
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr msg = { .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes) };
    struct cmsghdr *head;

    memset(&control, 0, sizeof(control));
    head = CMSG_FIRSTHDR(&msg);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &w->file, sizeof(int));
    return got(syscall(SYS_sendmsg, CHANNEL, &msg, MSG_NOSIGNAL));
}

ATTACK(proto_option)
{
    const int bytes = 1 << 20;

    return got(setsockopt(CHANNEL, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)));
}

ATTACK(proto_peer)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return got(getsockopt(CHANNEL, SOL_SOCKET, SO_PEERCRED, &peer, &len));
}

ATTACK(proto_own_name)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);

    return got(getsockname(CHANNEL, (struct sockaddr *)&name, &len));
}

ATTACK(proto_shutdown)
{
    return got(syscall(SYS_shutdown, CHANNEL, SHUT_RD));
}

ATTACK(proto_peek)
{
    char byte;
    struct iovec part = { &byte, 1 };
    struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

    return got_or(syscall(SYS_recvmsg, CHANNEL, &msg, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
}

ATTACK(proto_recvfrom)
{
    char byte;

    return got_or(syscall(SYS_recvfrom, CHANNEL, &byte, 1, MSG_DONTWAIT, NULL, NULL), EAGAIN);
}

ATTACK(proto_duplicate)
{
    return got(syscall(SYS_dup, CHANNEL));
}

ATTACK(proto_nonblocking)
{
    return got(syscall(SYS_fcntl, CHANNEL, 4, 04000)); /* F_SETFL, O_NONBLOCK */
}

ATTACK(proto_queue)
{
    int bytes = 0;

    return got(ioctl(CHANNEL, TIOCOUTQ, &bytes)); /* has the supervisor read it yet? a clock */
}

/* Fields a kind does not use carry bytes. */
ATTACK(proto_forged_frame)
{
    struct ov_verdict_frame frame = { .seq = ov_le32_of(w->seq),
        .kind = OV_VERDICT_END,
        .rule = ov_le32_of(1),
        .offset = ov_le32_of(0x4c45414b) };

    (void)syscall(SYS_write, CHANNEL, &frame, BYTES);
    _exit(0);
}

ATTACK(proto_other_seq)
{
    const struct ov_verdict_frame frame = {
        .seq = ov_le32_of(w->seq ^ 0x4c45414b), .kind = OV_VERDICT_END, .rule = ov_le32_of(1)
    };

    (void)syscall(SYS_write, CHANNEL, &frame, BYTES);
    _exit(0);
}

ATTACK(proto_no_such_rule)
{
    const struct ov_verdict_frame frame = {
        .seq = ov_le32_of(w->seq), .kind = OV_VERDICT_HIT, .rule = ov_le32_of(0x4c45414b)
    };

    (void)syscall(SYS_write, CHANNEL, &frame, BYTES);
    _exit(0);
}

ATTACK(proto_flood)
{
    const struct ov_verdict_frame frame = { .seq = ov_le32_of(w->seq), .kind = OV_VERDICT_HIT };

    for (int i = 0; i < 100; i++) {
        if (syscall(SYS_write, CHANNEL, &frame, BYTES) != (long)BYTES) {
            break;
        }
    }
    _exit(0);
}

ATTACK(proto_after_end)
{
    const struct ov_verdict_frame frame = {
        .seq = ov_le32_of(w->seq), .kind = OV_VERDICT_END, .rule = ov_le32_of(1)
    };

    (void)syscall(SYS_write, CHANNEL, &frame, BYTES);
    (void)syscall(SYS_write, CHANNEL, &frame, BYTES);
    _exit(0);
}

/* Well-formed and false: a hit whose offset is four bytes of the file. */
ATTACK(proto_lie)
{
    struct ov_verdict_frame frame = { .seq = ov_le32_of(w->seq), .kind = OV_VERDICT_HIT };

    (void)syscall(SYS_pread64, w->file, &frame.offset, sizeof(frame.offset), 0);
    return got(syscall(SYS_write, CHANNEL, &frame, BYTES));
}
