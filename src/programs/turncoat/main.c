/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - overt-turncoat: takes one request in the worker's place, makes one attempt, tells how it
 * went in one frame of the worker's form. It is shipped so that the jail can be attacked where it
 * is used. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "programs/turncoat/turncoat.h"
#include "sandbox/frame.h"

#define EXIT_NO_REQUEST 3
#define EXIT_NO_ATTEMPT 5

static int (*const attempts[])(const struct ov_bait *bait) = {
#define ATTEMPT(function, class, outcome, name, gives) function,
#include "programs/turncoat/attempts.def"
#undef ATTEMPT
};

static void receive(struct ov_bait *bait, uint32_t *attempt)
{
    static uint8_t message[OV_REQUEST_BYTES_MAX];
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = { .iov_base = message, .iov_len = sizeof(message) };
    struct msghdr msg = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    const ssize_t n = recvmsg(OV_JAIL_FD_CHANNEL, &msg, 0);
    const struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    struct ov_request request;
    struct ov_bytes name;

    if (n <= 0 || c == NULL || c->cmsg_type != SCM_RIGHTS
            || !ov_request_decode(ov_bytes_of(message, (size_t)n), &request, &name)) {
        _exit(EXIT_NO_REQUEST);
    }
    memcpy(&bait->fd, CMSG_DATA(c), sizeof(bait->fd));
    bait->seq = ov_le32_get(request.seq);
    bait->host_pid = (uint32_t)ov_le64_get(request.bytes_max);
    bait->tcp_port = (uint16_t)ov_le64_get(request.object_bytes_max);
    bait->udp_port = (uint16_t)ov_le64_get(request.steps_max);
    *attempt = ov_le32_get(request.flags);
}

int main(void)
{
    struct ov_verdict_frame frame;
    struct ov_verdict told = { .kind = OV_VERDICT_HIT };
    struct ov_bait bait;
    uint32_t attempt;
    int result;

    receive(&bait, &attempt);
    if (attempt >= sizeof(attempts) / sizeof(attempts[0])) {
        _exit(EXIT_NO_ATTEMPT);
    }
    result = attempts[attempt](&bait);
    told.rule = result >= 0 ? 0 : 1u + (uint32_t)-result;
    ov_verdict_encode(&frame, bait.seq, &told);
    (void)!write(OV_JAIL_FD_CHANNEL, &frame, sizeof(frame));
    _exit(0);
}
