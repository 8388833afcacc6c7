/* SPDX-License-Identifier: Apache-2.0 */
/* replies.c - attempts on the machine's memory and time, and on the one channel there is. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "programs/turncoat/try.h"
#include "sandbox/frame.h"

int try_memory(const struct ov_bait *bait)
{
    (void)bait;
    for (int i = 0; i < 2048; i++) {
        const long at = syscall(SYS_mmap, NULL, 1 << 20, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (at < 0) {
            return -errno;
        }
        for (long k = 0; k < 1 << 20; k += 4096) {
            *(volatile char *)(at + k) = 1; /* NOLINT(performance-no-int-to-ptr) */
        }
    }
    return 0;
}

int try_stack(const struct ov_bait *bait)
{
    volatile char deep[64 << 20];

    (void)bait;
    for (long i = (64 << 20) - 4096; i >= 0; i -= 4096) {
        deep[i] = 1;
    }
    return deep[0] == 1 ? 0 : -EIO;
}

int try_mlock(const struct ov_bait *bait)
{
    static char page[4096];

    (void)bait;
    return SYS(SYS_mlock, page, sizeof(page));
}

int try_many_descriptors(const struct ov_bait *bait)
{
    for (int i = 0; i < 1000; i++) {
        if (syscall(SYS_dup, bait->fd) < 0) {
            return -errno;
        }
    }
    return 0;
}

int try_loop(const struct ov_bait *bait)
{
    (void)bait;
    for (;;) {
        __asm__ volatile("");
    }
}

int try_hang(const struct ov_bait *bait)
{
    char c;
    struct iovec part = { .iov_base = &c, .iov_len = 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

    (void)bait;
    for (;;) {
        (void)recvmsg(OV_JAIL_FD_CHANNEL, &message, 0);
    }
}

static int reply_of(size_t bytes)
{
    static char content[4096];

    memset(content, 'L', sizeof(content));
    return SYS(SYS_write, OV_JAIL_FD_CHANNEL, content, bytes);
}

int try_big_reply(const struct ov_bait *bait)
{
    (void)bait;
    return reply_of(4096);
}

int try_17_bytes(const struct ov_bait *bait)
{
    (void)bait;
    return reply_of(17);
}

int try_short_reply(const struct ov_bait *bait)
{
    (void)bait;
    return reply_of(3);
}

static struct ov_verdict_frame frame_of(const struct ov_bait *bait, uint32_t rule)
{
    const struct ov_verdict hit = { .kind = OV_VERDICT_HIT, .rule = rule };
    struct ov_verdict_frame frame;

    ov_verdict_encode(&frame, bait->seq, &hit);
    return frame;
}

static int reply_with(const struct ov_verdict_frame *frame)
{
    return SYS(SYS_write, OV_JAIL_FD_CHANNEL, frame, sizeof(*frame));
}

int try_flood(const struct ov_bait *bait)
{
    for (uint32_t i = 0; i < 200; i++) {
        const struct ov_verdict_frame frame = frame_of(bait, i % 2);
        const int got = reply_with(&frame);

        if (got != 0) {
            return got;
        }
    }
    return 0;
}

int try_forged_reply(const struct ov_bait *bait)
{
    const struct ov_verdict_frame frame = frame_of(bait, 0xdeadbeef);

    return reply_with(&frame);
}

int try_other_sequence(const struct ov_bait *bait)
{
    struct ov_verdict_frame frame = frame_of(bait, 0);

    frame.seq = ov_le32_of(bait->seq ^ 0x4c45414b);
    return reply_with(&frame);
}

int try_hidden_bits(const struct ov_bait *bait)
{
    struct ov_verdict_frame frame = frame_of(bait, 0);

    frame.kind = OV_VERDICT_INCOMPLETE;
    frame.reason = OV_REASON_DAMAGED;
    frame.offset = ov_le32_of(0x4c45414b);
    return reply_with(&frame);
}

int try_pass_descriptor(const struct ov_bait *bait)
{
    struct ov_verdict_frame frame = frame_of(bait, 0);
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = { .iov_base = &frame, .iov_len = sizeof(frame) };
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    struct cmsghdr *c;

    memset(&control, 0, sizeof(control));
    c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &bait->fd, sizeof(bait->fd));
    return outcome(sendmsg(OV_JAIL_FD_CHANNEL, &message, 0));
}

int try_writev(const struct ov_bait *bait)
{
    struct ov_verdict_frame frame = frame_of(bait, 0);
    char content[16] = "content";
    const struct iovec parts[2] = { { &frame, sizeof(frame) }, { content, sizeof(content) } };

    return SYS(SYS_writev, OV_JAIL_FD_CHANNEL, parts, 2);
}

int try_socket_option(const struct ov_bait *bait)
{
    const int bytes = 1 << 20;

    (void)bait;
    return outcome(setsockopt(OV_JAIL_FD_CHANNEL, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)));
}

/* Only the reading side, so that the answer can still be told. */
int try_shutdown(const struct ov_bait *bait)
{
    (void)bait;
    return outcome(shutdown(OV_JAIL_FD_CHANNEL, SHUT_RD));
}

int try_peer_credentials(const struct ov_bait *bait)
{
    struct ucred peer;
    socklen_t bytes = sizeof(peer);

    (void)bait;
    return outcome(getsockopt(OV_JAIL_FD_CHANNEL, SOL_SOCKET, SO_PEERCRED, &peer, &bytes));
}

int try_core(const struct ov_bait *bait)
{
    (void)bait;
    __builtin_trap();
}

int try_crash_address(const struct ov_bait *bait)
{
    (void)bait;
    *(volatile int *)0x4c45414b0000ul = 1; /* NOLINT(performance-no-int-to-ptr) */
    return 0;
}

/* The kernel logs the bytes around the instruction that faulted; here they are the file's. */
int try_crash_code(const struct ov_bait *bait)
{
    static unsigned char data[4096] __attribute__((aligned(4096)));
    void (*code)(void) = (void (*)(void))(uintptr_t)(data + 82); /* NOLINT */

    (void)syscall(SYS_pread64, bait->fd, data, sizeof(data), 0);
    code();
    return 0;
}

int try_syscall_number(const struct ov_bait *bait)
{
    (void)bait;
    (void)syscall(0x1eaf);
    _exit(0x1e);
}

int try_exit_status(const struct ov_bait *bait)
{
    (void)bait;
    _exit(42);
}
