/* SPDX-License-Identifier: Apache-2.0 */
/* jail.c - the supervisor's side: starts overt-spawn, talks to it, cleans up after it.
 *
 * This runs inside a stranger's program with threads, signal handlers and children of its own, so
 * it installs nothing, waits for nobody but its own child (by pidfd) and keeps no state beside
 * struct ov_jail. What the jailed program sends is not looked at here. */
#include "sandbox/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/checked.h"
#include "sandbox/order.h"

/* Building a jail takes 5 ms; a machine so busy that it takes this long will not scan either. */
#define READY_WAIT_MS 30000

/* How long the spawner may take to put things away before it is killed (and its tracee with it). */
#define CLOSE_WAIT_MS 2000

struct ov_jail {
    int control;
    int channel;
    int spawner; /* a pidfd, or -1 once reaped */
    unsigned layers;
    unsigned without;
    int64_t begun_ms, left_ms;
    struct ov_jail_end end;
};

/* --- finding and starting the spawner ------------------------------------------------------- */

/* Programs of a build tree lie beside each other; installed ones in libexecdir, which is looked for
 * from bin first: what was unpacked somewhere runs there, with the helpers it came with. */
static bool helper_dir(char *out, size_t size)
{
    static const char *const below[] = { "", "/libexec/overt" };
    char dir[PATH_MAX], probe[PATH_MAX + 64];
    const ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);

    dir[n < 0 ? 0 : n] = '\0';
    for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
        char *slash = strrchr(dir, '/'); /* of FOLDER/bin/PROGRAM first bin, then FOLDER */

        if (slash == NULL) {
            break;
        }
        *slash = '\0';
        (void)snprintf(probe, sizeof(probe), "%s%s/overt-spawn", dir, below[i]);
        if (access(probe, X_OK) == 0) {
            return snprintf(out, size, "%s%s", dir, below[i]) < (int)size;
        }
    }
    return snprintf(out, size, "%s", OV_HELPER_DIR) < (int)size;
}

bool ov_jail_helper(const char *program, char *out, size_t size)
{
    char dir[PATH_MAX];

    return helper_dir(dir, sizeof(dir)) && snprintf(out, size, "%s/%s", dir, program) < (int)size;
}

static overt_status start_spawner(const char *dir, int control, pid_t *pid, overt_error *err)
{
    char path[PATH_MAX + 16];
    char *argv[] = { (char[]){ "overt-spawn" }, NULL };
    char *envp[] = { NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t all, none;
    int bad;

    (void)snprintf(path, sizeof(path), "%s/overt-spawn", dir);
    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    if (posix_spawn_file_actions_init(&files) != 0) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to start overt-spawn");
    }
    if (posix_spawnattr_init(&attr) != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to start overt-spawn");
    }
    /* A process group of its own: Ctrl-C is for the command, which decides what becomes of us. */
    bad = posix_spawn_file_actions_adddup2(&files, control, OV_SPAWN_FD_CONTROL);
    for (int fd = 0; fd <= 2 && bad == 0; fd++) {
        bad = posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    }
    bad = bad != 0 ? bad : posix_spawnattr_setsigdefault(&attr, &all);
    bad = bad != 0 ? bad : posix_spawnattr_setsigmask(&attr, &none);
    bad = bad != 0 ? bad : posix_spawnattr_setpgroup(&attr, 0);
    bad = bad != 0 ? bad
                   : posix_spawnattr_setflags(&attr,
                           POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    bad = bad != 0 ? bad : posix_spawn(pid, path, &files, &attr, argv, envp);
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&files);
    if (bad != 0) {
        overt_status status = ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX,
                "overt-spawn cannot be started from %.64s: %s", dir, strerror(bad));

        if (err != NULL) {
            err->sys_errno = bad;
        }
        return status;
    }
    return OVERT_OK;
}

/* --- messages ------------------------------------------------------------------------------- */

/* One message with up to OV_SPAWN_FDS_MAX descriptors; all of it or nothing. */
static bool send_with(
        int to, struct iovec *parts, size_t part_count, const int *fds, size_t fd_count, int flags)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * OV_FILES_MAX)];
        struct cmsghdr align;
    } control;
    struct msghdr msg = { .msg_iov = parts, .msg_iovlen = part_count };
    size_t want = 0;
    ssize_t n;

    _Static_assert(OV_FILES_MAX >= OV_SPAWN_FDS_MAX, "an order's have room, too");
    OV_ASSERT(fd_count <= OV_FILES_MAX);
    memset(&control, 0, sizeof(control));
    if (fd_count > 0) {
        struct cmsghdr *head;

        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        head = CMSG_FIRSTHDR(&msg);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(head), fds, sizeof(int) * fd_count);
    }
    for (size_t i = 0; i < part_count; i++) {
        want += parts[i].iov_len;
    }
    do {
        n = sendmsg(to, &msg, MSG_NOSIGNAL | flags);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)want;
}

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* True when `fd` is readable or its peer gone before `wait_ms` were over. */
static bool wait_for(int fd, int wait_ms)
{
    const int64_t until = now_ms() + wait_ms;

    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        const int64_t left = until - now_ms();
        const int n = poll(&p, 1, left > 0 ? (int)left : 0);

        if (n > 0) {
            return true;
        }
        if ((n == 0 && left <= 0) || (n < 0 && errno != EINTR && errno != EAGAIN)) {
            return false;
        }
    }
}

static bool read_report(int control, int wait_ms, struct ov_spawn_report *out)
{
    struct ov_spawn_report report;
    ssize_t n;

    if (!wait_for(control, wait_ms)) {
        return false;
    }
    do {
        n = recv(control, &report, sizeof(report), MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(report) || ov_le32_get(report.magic) != OV_SPAWN_MAGIC) {
        return false;
    }
    report.text[sizeof(report.text) - 1] = '\0';
    *out = report;
    return true;
}

/* --- opening -------------------------------------------------------------------------------- */

static overt_status check_spec(const struct ov_jail_spec *spec, overt_error *err)
{
    if (spec->program == NULL || strchr(spec->program, '/') != NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a jail needs the name of a program");
    }
    if (spec->profile < OV_JAIL_VERDICT || spec->profile > OV_JAIL_COMPILE) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "there is no such jail profile");
    }
    if (spec->memory_bytes == 0 || spec->cpu_seconds == 0) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "a jail needs a limit of memory and one of processor time");
    }
    return OVERT_OK;
}

static overt_status refuse(overt_error *err, const struct ov_spawn_report *report)
{
    const char *layer = ov_jail_layer_name((enum ov_jail_layer)ov_le32_get(report->layer));
    overt_status status;

    if (layer == NULL) {
        status = ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX, "no jail: %s", report->text);
    } else {
        status = ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX, "jail layer '%s' cannot be had: %s",
                layer, report->text);
    }
    if (err != NULL) {
        err->sys_errno = (int32_t)ov_le32_get(report->sys_errno);
    }
    return status;
}

static overt_status no_answer(overt_error *err)
{
    return ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX,
            "no jail: overt-spawn ended, or did not answer within %d s", READY_WAIT_MS / 1000);
}

static overt_status hand_over(struct ov_jail *jail, const struct ov_jail_spec *spec, int inside,
        int program, overt_error *err)
{
    struct ov_spawn_order order = {
        .magic = ov_le32_of(OV_SPAWN_MAGIC),
        .profile = ov_le32_of((uint32_t)spec->profile),
        .without = ov_le32_of(spec->without),
        .cpu_seconds = ov_le32_of(spec->cpu_seconds),
        .memory_bytes = ov_le64_of(spec->memory_bytes),
        .database_bytes = ov_le64_of(spec->database_bytes),
    };
    const int fds[OV_SPAWN_FDS_MAX] = { inside, program, spec->database_fd };
    struct iovec part = { .iov_base = &order, .iov_len = sizeof(order) };

    jail->without = spec->without;
    jail->begun_ms = now_ms();
    return send_with(jail->control, &part, 1, fds, spec->database_fd >= 0 ? 3 : 2, 0)
                   ? OVERT_OK
                   : no_answer(err);
}

overt_status ov_jail_finish(struct ov_jail *jail, int wait_ms, bool *ready, overt_error *err)
{
    struct ov_spawn_report report;

    *ready = false;
    if (!wait_for(jail->control, wait_ms)) {
        return now_ms() - jail->begun_ms < READY_WAIT_MS ? OVERT_OK : no_answer(err);
    }
    if (!read_report(jail->control, 0, &report)) {
        return no_answer(err);
    }
    if (ov_le32_get(report.kind) != OV_SPAWN_READY) {
        return refuse(err, &report);
    }
    jail->layers = ov_le32_get(report.layers);
    if ((~jail->layers & ~jail->without & OV_LAYERS_REQUIRED) != 0) {
        return ov_fail(err, OVERT_E_INTERNAL, UINT64_MAX, "overt-spawn left out a layer");
    }
    *ready = true;
    return OVERT_OK;
}

int ov_jail_control(const struct ov_jail *jail)
{
    return jail->control;
}

/* The spawner must know its own program by a descriptor before any path goes out of sight. */
static overt_status open_program(const char *dir, const char *program, int *out, overt_error *err)
{
    char path[PATH_MAX + 272];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%.255s", dir, program);
    fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        overt_status status = ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX,
                "%.32s cannot be opened in %.48s: %s", program, dir, strerror(errno));

        if (err != NULL) {
            err->sys_errno = errno;
        }
        return status;
    }
    *out = fd;
    return OVERT_OK;
}

static overt_status no_socket(overt_error *err)
{
    const int bad = errno;
    overt_status status =
            ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX, "no jail: socketpair: %s", strerror(bad));

    if (err != NULL) {
        err->sys_errno = bad;
    }
    return status;
}

/* The spawner and its control socket, whose other end is the spawner's alone afterwards: that is how
 * its end is seen. */
static overt_status start(struct ov_jail *jail, const char *dir, overt_error *err)
{
    auto_fd int inside = -1;
    int pair[2];
    pid_t pid = -1;
    overt_status status;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return no_socket(err);
    }
    jail->control = pair[0];
    inside = pair[1];
    status = start_spawner(dir, inside, &pid, err);
    if (status != OVERT_OK) {
        return status;
    }
    /* Nobody but us may reap it, so the number is still its own. */
    jail->spawner = (int)syscall(SYS_pidfd_open, pid, 0);
    if (jail->spawner < 0) {
        status = ov_fail(
                err, OVERT_E_SANDBOX, UINT64_MAX, "no jail: pidfd_open: %s", strerror(errno));
        (void)shutdown(jail->control, SHUT_RDWR); /* which ends it */
        (void)waitpid(pid, NULL, 0);
    }
    return status;
}

/* Fills an empty jail, which the caller closes if this fails. */
static overt_status build(
        struct ov_jail *jail, const char *dir, const struct ov_jail_spec *spec, overt_error *err)
{
    auto_fd int program = -1;
    auto_fd int channel_inside = -1;
    int pair[2];
    overt_status status = open_program(dir, spec->program, &program, err);

    if (status != OVERT_OK) {
        return status;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return no_socket(err);
    }
    jail->channel = pair[0];
    channel_inside = pair[1];
    if (fcntl(jail->channel, F_SETFL, O_NONBLOCK) != 0) { /* ours alone: the other end blocks */
        return no_socket(err);
    }
    status = start(jail, dir, err);
    if (status != OVERT_OK) {
        return status;
    }
    return hand_over(jail, spec, channel_inside, program, err);
}

overt_status ov_jail_open(struct ov_jail **out, const struct ov_jail_spec *spec, overt_error *err)
{
    struct ov_jail *jail;
    overt_status status = ov_jail_begin(&jail, spec, err);
    bool ready = false;

    if (status != OVERT_OK) {
        return status;
    }
    while (status == OVERT_OK && !ready) {
        status = ov_jail_finish(jail, READY_WAIT_MS, &ready, err);
    }
    if (status != OVERT_OK) {
        ov_jail_close(jail);
        return status;
    }
    *out = jail;
    return OVERT_OK;
}

overt_status ov_jail_begin(struct ov_jail **out, const struct ov_jail_spec *spec, overt_error *err)
{
    char dir[PATH_MAX];
    struct ov_jail *jail;
    overt_status status = check_spec(spec, err);
    bool found;

    if (status != OVERT_OK) {
        return status;
    }
    found = spec->helper_dir == NULL
                    ? helper_dir(dir, sizeof(dir))
                    : snprintf(dir, sizeof(dir), "%s", spec->helper_dir) < (int)sizeof(dir);
    if (!found) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "the folder of the helpers is too long");
    }
    jail = calloc(1, sizeof(*jail));
    if (jail == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a jail");
    }
    jail->control = jail->channel = jail->spawner = -1;
    status = build(jail, dir, spec, err);
    if (status != OVERT_OK) {
        ov_jail_close(jail);
        return status;
    }
    *out = jail;
    return OVERT_OK;
}

/* --- using and closing ---------------------------------------------------------------------- */

int ov_jail_leave(struct ov_jail *jail)
{
    jail->left_ms = now_ms();
    if (jail->control >= 0) {
        (void)shutdown(jail->control, SHUT_RDWR); /* also where a fork holds a copy */
        (void)close(jail->control);
        jail->control = -1;
    }
    if (jail->channel >= 0) {
        (void)close(jail->channel);
        jail->channel = -1;
    }
    return jail->spawner;
}

/* The spawner takes its program with it. */
static void reap(struct ov_jail *jail)
{
    siginfo_t info;

    /* ECHILD: the program around us reaps everybody's children. */
    while (waitid(P_PIDFD, (id_t)jail->spawner, &info, WEXITED) != 0 && errno == EINTR) {
    }
    (void)close(jail->spawner);
    jail->spawner = -1;
}

bool ov_jail_is_over(struct ov_jail *jail)
{
    if (jail->spawner < 0) {
        return true;
    }
    if (!wait_for(jail->spawner, 0)) {
        if (now_ms() - jail->left_ms >= CLOSE_WAIT_MS) {
            (void)syscall(SYS_pidfd_send_signal, jail->spawner, SIGKILL, NULL, 0);
        }
        return false;
    }
    reap(jail);
    return true;
}

void ov_jail_close(struct ov_jail *jail)
{
    if (jail == NULL) {
        return;
    }
    if (ov_jail_leave(jail) >= 0) {
        if (!wait_for(jail->spawner, CLOSE_WAIT_MS)) {
            (void)syscall(SYS_pidfd_send_signal, jail->spawner, SIGKILL, NULL, 0);
        }
        reap(jail);
    }
    free(jail);
}

unsigned ov_jail_layers(const struct ov_jail *jail)
{
    return jail->layers;
}

int ov_jail_channel(const struct ov_jail *jail)
{
    return jail->channel;
}

bool ov_jail_send_many(struct ov_jail *jail, const struct ov_request *request, struct ov_bytes name,
        const int *fds, size_t count)
{
    struct ov_request head = *request;
    const size_t name_bytes = (size_t)ov_bytes_len(name);
    const uint8_t *text = ov_bytes_raw(name);
    struct iovec parts[2] = {
        { .iov_base = &head, .iov_len = sizeof(head) },
        { .iov_base = NULL, .iov_len = name_bytes },
    };

    if (name_bytes > OV_QUESTIONS_BYTES_MAX) {
        errno = EMSGSIZE;
        return false;
    }
    memcpy(&parts[1].iov_base, &text, sizeof(text)); /* sendmsg only reads, its type forgets it */
    head.name_bytes = ov_le32_of((uint32_t)name_bytes);
    return send_with(jail->channel, parts, name_bytes > 0 ? 2 : 1, fds, count, MSG_DONTWAIT);
}

bool ov_jail_send(
        struct ov_jail *jail, const struct ov_request *request, struct ov_bytes name, int fd)
{
    return ov_jail_send_many(jail, request, name, &fd, 1);
}

void ov_jail_end(struct ov_jail *jail, int wait_ms, struct ov_jail_end *out)
{
    struct ov_spawn_report report;

    if (!jail->end.known && read_report(jail->control, wait_ms, &report)
            && ov_le32_get(report.kind) == OV_SPAWN_ENDED) {
        const uint32_t call = ov_le32_get(report.syscall);

        jail->end = (struct ov_jail_end){
            .known = true,
            .signal = (int)ov_le32_get(report.signal),
            .exit_status = (int)ov_le32_get(report.exit_status),
            .syscall = call == UINT32_MAX ? -1 : (long)call,
        };
    }
    *out = jail->end;
}
