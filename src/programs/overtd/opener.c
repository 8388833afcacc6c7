/* SPDX-License-Identifier: Apache-2.0 */
/* opener.c - the opener's life: become the client, give up everything else, walk, hand over. */
#include "programs/overtd/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/checked.h"
#include "programs/overt/walk.h"
#include "sandbox/confine.h"
#include "sandbox/wire.h"

#define CHANNEL 3
/* The walk keeps 16 folders open. The kernel counts what this user has on its way through sockets
 * against the same limit, which is why it is not as tight. */
#define DESCRIPTORS_MAX 1024u

static struct ov_bytes text_of(const char *text)
{
    return ov_bytes_of(text, strlen(text));
}

/* How long what the kernel has no room for is tried again: 10 s of milliseconds. */
#define SEND_TRIES 10000u

static enum ovd_io send_patiently(const struct ovd_frame *frame)
{
    const struct timespec wait = { .tv_nsec = 1000000 };
    enum ovd_io io = OVD_IO_AGAIN;

    for (unsigned i = 0; i < SEND_TRIES && (io = ovd_send(CHANNEL, frame)) == OVD_IO_AGAIN; i++) {
        (void)nanosleep(&wait, NULL);
    }
    return io;
}

/* Blocks while the supervisor has no place for more. */
static void tell(enum ovd_kind kind, uint32_t value, int bad, struct ov_bytes text, int fd)
{
    struct ovd_frame frame = {
        .kind = kind, .request = (uint32_t)bad, .value = value, .text = text, .fd = fd
    };

    if (ov_bytes_len(text) > OVD_TEXT_BYTES_MAX) { /* a path longer than a client could say */
        frame.text = ov_bytes_of(ov_bytes_raw(text), OVD_TEXT_BYTES_MAX);
    }
    if (send_patiently(&frame) != OVD_IO_DONE) {
        _exit(0); /* nobody listens any more: the client has gone or heard enough */
    }
}

static int errno_of(const char *why)
{
    for (int bad = 1; bad < 134; bad++) {
        const char *text = strerrordesc_np(bad);

        if (text != NULL && strcmp(text, why) == 0) {
            return bad;
        }
    }
    return EIO;
}

static uint32_t walk_below(const char *path, const struct ovd_opener_options *options)
{
    const struct ov_walk_options how = { .excludes = options->excludes,
        .one_file_system = options->one_file_system };
    struct ov_walk *walk = ov_walk_new(&how);
    struct ov_walk_entry entry;
    uint32_t told = 0;

    if (walk == NULL) {
        tell(OVD_PROBLEM, OVD_PROBLEM_ACCESS, ENOMEM, text_of(path), -1);
        return 1;
    }
    ov_walk_begin(walk, path);
    for (;;) {
        switch (ov_walk_next(walk, &entry)) {
        case OV_WALK_END:
            ov_walk_free(walk);
            return told;
        case OV_WALK_FILE:
            tell(OVD_FILE, 0, 0, ov_bytes_of(entry.path, entry.path_bytes), entry.fd);
            (void)close(entry.fd);
            told++;
            break;
        case OV_WALK_PROBLEM:
            tell(OVD_PROBLEM, OVD_PROBLEM_ACCESS, errno_of(entry.why),
                    ov_bytes_of(entry.path, entry.path_bytes), -1);
            told++;
            break;
        case OV_WALK_AGAIN:
            ov_walk_give_up(walk);
            break;
        }
    }
}

static uint32_t look_up(const char *path, const struct ovd_opener_options *options)
{
    char real[PATH_MAX];
    struct stat st;

    if (realpath(path, real) == NULL || stat(real, &st) != 0) {
        tell(OVD_PROBLEM, errno == EACCES ? OVD_PROBLEM_ACCESS : OVD_PROBLEM_CHECK, errno,
                text_of(path), -1);
        return 1;
    }
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        tell(OVD_PROBLEM, OVD_PROBLEM_SPECIAL, 0, text_of(path), -1);
        return 1;
    }
    return walk_below(real, options);
}

_Noreturn static void live(const struct ovd_opener_options *options, int channel)
{
    const struct ov_confine confine = {
        .profile = OV_JAIL_OPENER,
        .set_ids = options->set_ids,
        .uid = options->peer->uid,
        .gid = options->peer->gid,
        .groups = options->peer->groups,
        .group_count = options->peer->group_count,
        .descriptors_max = DESCRIPTORS_MAX,
    };
    char path[OVD_TEXT_BYTES_MAX + 1];
    const size_t len = (size_t)ov_bytes_len(options->path);
    overt_error err = OVERT_ERROR_INIT;
    uint32_t told;

    OV_ASSERT(len <= OVD_TEXT_BYTES_MAX);
    memcpy(path, ov_bytes_raw(options->path), len);
    path[len] = '\0';
    if (dup2(channel, CHANNEL) != CHANNEL || fcntl(CHANNEL, F_SETFD, 0) != 0
            || syscall(SYS_close_range, CHANNEL + 1, ~0u, 0) != 0
            || ov_confine_self(&confine, &err) != OVERT_OK) {
        _exit(1); /* the supervisor sees an end without OVD_DONE, and says so */
    }
    if (strlen(path) != len) { /* a NUL inside: no such name can exist */
        tell(OVD_PROBLEM, OVD_PROBLEM_CHECK, ENOENT, text_of(path), -1);
        told = 1;
    } else {
        told = look_up(path, options);
    }
    tell(OVD_DONE, told, 0, text_of(""), -1);
    _exit(0);
}

static int pidfd_of(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

bool ovd_opener_start(const struct ovd_opener_options *options, int *channel, int *pidfd)
{
    auto_fd int ours = -1;
    auto_fd int theirs = -1;
    int ends[2];
    pid_t pid;

    if (!ovd_pair(ends)) {
        return false;
    }
    ours = ends[0];
    theirs = ends[1];
    if (fcntl(ours, F_SETFL, O_NONBLOCK) != 0) {
        return false;
    }
    pid = fork();
    if (pid < 0) {
        return false;
    }
    if (pid == 0) {
        live(options, theirs);
    }
    *pidfd = pidfd_of(pid);
    if (*pidfd < 0) {
        const int bad = errno;

        (void)kill(pid, SIGKILL);
        errno = bad;
        return false;
    }
    *channel = ov_steal_fd(&ours);
    return true;
}
