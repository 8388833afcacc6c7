/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - overt-spawn: takes one order, builds one jail, reports, and watches until the end.
 *
 * Started by the library only. It reads one order of fixed size and never a byte of content; see
 * docs/decisions/0001-one-spawner-per-jail.md for why it is a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/checked.h"
#include "base/limits.h"
#include "programs/spawn/plan.h"

#define EXIT_NOT_STARTED_BY_OVERT 2

/* Above the budget of the program and its database: the program's own text, its stack, and what
 * the allocator leaves between things. */
#define ADDRESS_SLACK_BYTES (32u * (uint64_t)OV_MIB)

/* Descriptors are laid out up to 210 and a few more. */
#define DESCRIPTORS_NEEDED 256u

bool refuse(struct refusal *out, unsigned layer, int sys_errno, const char *fmt, ...)
{
    va_list args;

    out->layer = layer;
    out->sys_errno = sys_errno;
    va_start(args, fmt);
    (void)vsnprintf(out->text, sizeof(out->text), fmt, args);
    va_end(args);
    return false;
}

/* Whatever else the program around the library had open, or set, ends here. */
static bool start_clean(struct refusal *why)
{
    struct rlimit files;

    if (syscall(SYS_close_range, OV_SPAWN_FD_CONTROL + 1, ~0u, 0) != 0
            || fcntl(OV_SPAWN_FD_CONTROL, F_SETFD, FD_CLOEXEC) != 0 || chdir("/") != 0
            || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return refuse(why, 0, errno, "overt-spawn cannot start clean: %s", strerror(errno));
    }
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max < DESCRIPTORS_NEEDED) {
        return refuse(why, 0, EMFILE, "the hard limit of open files (ulimit -Hn) is below %u",
                DESCRIPTORS_NEEDED);
    }
    if (files.rlim_cur < DESCRIPTORS_NEEDED) {
        files.rlim_cur = DESCRIPTORS_NEEDED;
        (void)setrlimit(RLIMIT_NOFILE, &files); /* below the hard limit: cannot fail */
    }
    return true;
}

static bool take_order(struct plan *plan)
{
    struct ov_spawn_order order = { .magic = ov_le32_of(0) };
    int fds[OV_SPAWN_FDS_MAX] = { -1, -1, -1 };
    union {
        char bytes[CMSG_SPACE(sizeof(fds))];
        struct cmsghdr align;
    } control;
    struct iovec part = { .iov_base = &order, .iov_len = sizeof(order) };
    struct msghdr msg = { .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes) };
    const struct cmsghdr *head;
    ssize_t n;
    uint64_t bytes;

    do {
        n = recvmsg(OV_SPAWN_FD_CONTROL, &msg, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    head = n == (ssize_t)sizeof(order) ? CMSG_FIRSTHDR(&msg) : NULL;
    if (head == NULL || head->cmsg_type != SCM_RIGHTS || ov_le32_get(order.magic) != OV_SPAWN_MAGIC
            || (head->cmsg_len != CMSG_LEN(2 * sizeof(int))
                    && head->cmsg_len != CMSG_LEN(3 * sizeof(int)))) {
        return false;
    }
    memcpy(fds, CMSG_DATA(head), head->cmsg_len - CMSG_LEN(0));
    if (!ov_add(&bytes, ov_le64_get(order.memory_bytes), ov_le64_get(order.database_bytes))
            || !ov_add(&bytes, bytes, ADDRESS_SLACK_BYTES)) {
        bytes = UINT64_MAX; /* RLIM_INFINITY: what was asked for */
    }
    *plan = (struct plan){
        .profile = (enum ov_jail_profile)ov_le32_get(order.profile),
        .layers = ~ov_le32_get(order.without),
        .cpu_seconds = ov_le32_get(order.cpu_seconds),
        .address_bytes = bytes,
        .channel = fds[0],
        .program = fds[1],
        .database = fds[2],
        .null = open("/dev/null", O_RDONLY | O_CLOEXEC),
    };
    return true;
}

/* A mapping of a descriptor open for writing can be made writable later, by mprotect. So whatever
 * was handed over, a scanning worker gets the database read-only. */
static bool keep_database_safe(struct plan *plan, struct refusal *why)
{
    char path[32];
    int fd;

    if (plan->database < 0 || plan->profile == OV_JAIL_COMPILE
            || (fcntl(plan->database, F_GETFL) & O_ACCMODE) == O_RDONLY) {
        return true;
    }
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", plan->database);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return refuse(
                why, 0, errno, "the database cannot be reopened read-only: %s", strerror(errno));
    }
    (void)close(plan->database);
    plan->database = fd;
    return true;
}

static void report(const struct ov_spawn_report *r)
{
    (void)send(OV_SPAWN_FD_CONTROL, r, sizeof(*r), MSG_NOSIGNAL);
}

/* From here on it only waits; a root spawner keeps the one power to kill its own tracee. */
static void lay_down_power(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct caps[2] = { { 0 }, { 0 } };
    const uint32_t kill_cap = 1u << CAP_KILL;

    if (syscall(SYS_capget, &head, caps) == 0) {
        caps[0] = (struct __user_cap_data_struct){ .effective = caps[0].permitted & kill_cap,
            .permitted = caps[0].permitted & kill_cap };
        caps[1] = (struct __user_cap_data_struct){ 0 };
        (void)syscall(SYS_capset, &head, caps); /* giving up cannot be refused */
    }
}

int main(void)
{
    struct ov_spawn_report told = { .magic = ov_le32_of(OV_SPAWN_MAGIC) };
    struct refusal why = { 0 };
    struct plan plan = { .null = -1 };
    const pid_t parent = getppid();
    unsigned layers = 0;
    pid_t pid = -1;
    int supervisor;
    bool ok = start_clean(&why);

    if (!take_order(&plan)) {
        return EXIT_NOT_STARTED_BY_OVERT;
    }
    /* A thread that opened a jail may end; its process may not, hence not PR_SET_PDEATHSIG. */
    supervisor = (int)syscall(SYS_pidfd_open, parent, 0);
    if (getppid() != parent) {
        return 0; /* it is gone already */
    }
    if (ok && plan.null < 0) {
        ok = refuse(&why, 0, errno, "/dev/null: %s", strerror(errno));
    }
    if (!ok || !keep_database_safe(&plan, &why) || !build_jail(&plan, &pid, &layers, &why)) {
        told.kind = ov_le32_of(OV_SPAWN_REFUSED);
        told.layer = ov_le32_of(why.layer);
        told.sys_errno = ov_le32_of((uint32_t)why.sys_errno);
        (void)memcpy(told.text, why.text, sizeof(told.text));
        report(&told);
        return 0;
    }
    (void)close(plan.channel); /* or the library would never see the program's end closed */
    (void)close(plan.program);
    (void)close(plan.null);
    if (plan.database >= 0) {
        (void)close(plan.database);
    }
    told.kind = ov_le32_of(OV_SPAWN_READY);
    told.layers = ov_le32_of(layers);
    report(&told);
    lay_down_power();
    watch(pid, OV_SPAWN_FD_CONTROL, supervisor);
    return 0;
}
