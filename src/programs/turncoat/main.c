/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - overt-turncoat: a worker whose maker was compelled. It takes one request like an honest
 * worker, makes one attack, confesses the result, and ends. `overt prove` starts it, in the jail
 * or (to show that an attack works when nothing stops it) outside. Every attack is harmless where
 * it succeeds: it touches the bait and itself only. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "programs/turncoat/turncoat.h"

static int (*const attacks[])(const struct world *w) = {
#define X(class, id, judge, name, gain) attack_##id,
#include "programs/turncoat/attacks.def"
#undef X
};

const char *bait_path(const struct world *w, const char *name, char out[PATH_BYTES])
{
    const size_t dir = strnlen(w->bait->dir, sizeof(w->bait->dir) - 1);

    memcpy(out, w->bait->dir, dir);
    out[dir] = '/';
    (void)strncpy(out + dir + 1, name, PATH_BYTES - dir - 2);
    out[PATH_BYTES - 1] = '\0';
    return out;
}

int read_one(long fd)
{
    char c;
    ssize_t n;
    int bad;

    if (fd < 0) {
        return -errno;
    }
    n = read((int)fd, &c, 1);
    bad = n < 0 ? errno : ENODATA;
    (void)close((int)fd);
    return n == 1 ? 0 : -bad;
}

int run_code(const void *at)
{
    int (*code)(void);

    memcpy(&code, &at, sizeof(at));
    return code() == 42 ? 0 : -EIO;
}

static bool take_order(struct ov_request *request, struct bait *bait, int *fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec parts[2] = {
        { .iov_base = request, .iov_len = sizeof(*request) },
        { .iov_base = bait, .iov_len = sizeof(*bait) },
    };
    struct msghdr msg = { .msg_iov = parts,
        .msg_iovlen = 2,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes) };
    const ssize_t n = recvmsg(OV_JAIL_FD_CHANNEL, &msg, 0);
    const struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

    if (n != (ssize_t)(sizeof(*request) + sizeof(*bait)) || head == NULL
            || head->cmsg_type != SCM_RIGHTS || ov_le32_get(bait->magic) != BAIT_MAGIC
            || ov_le32_get(bait->attack) >= sizeof(attacks) / sizeof(attacks[0])) {
        return false;
    }
    bait->dir[sizeof(bait->dir) - 1] = '\0';
    bait->abstract[sizeof(bait->abstract) - 1] = '\0';
    memcpy(fd, CMSG_DATA(head), sizeof(*fd));
    return true;
}

int main(void)
{
    struct ov_request request = { .magic = ov_le32_of(0) };
    struct bait bait = { .magic = ov_le32_of(0) };
    struct world world = { .bait = &bait };
    struct ov_verdict_frame word = { .kind = CONFESSION_KIND };

    if (!take_order(&request, &bait, &world.file)) {
        _exit(TURNCOAT_EXIT_NO_ORDER);
    }
    world.seq = ov_le32_get(request.seq);
    world.supervisor = ov_le32_get(bait.supervisor);
    word.seq = request.seq;
    word.rule = ov_le32_of((uint32_t)attacks[ov_le32_get(bait.attack)](&world));
    if (write(OV_JAIL_FD_CHANNEL, &word, sizeof(word)) != (ssize_t)sizeof(word)) {
        _exit(TURNCOAT_EXIT_NO_WORD);
    }
    _exit(0);
}
