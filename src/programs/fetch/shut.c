/* SPDX-License-Identifier: Apache-2.0 */
/* shut.c - overt-fetch's own jail, laid on after the libraries are loaded and before the network is
 * touched. It confines an honest program against hostile input; docs/decisions/0011 says why that
 * is enough here: there is nothing in this process that is worth taking. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "programs/fetch/fetch.h"

#define MEMORY_BYTES (512ull * 1024 * 1024)
#define UNPRIVILEGED 64999u /* without a user of its own; DESIGN section 11 */

/* Everything a Landlock rule set can handle, by ABI: the header may be older than the kernel. */
#define FS_RIGHTS_1 ((1ull << 13) - 1)
#define NET_CONNECT (1ull << 1)
#define NET_BIND    (1ull << 0)

struct ruleset {
    uint64_t fs, net;
};

struct port_rule {
    uint64_t access, port;
};

static bool fail(overt_error *err, const char *what)
{
    (void)ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX, "overt-fetch cannot shut itself in: %s: %s",
            what, strerror(errno));
    return false;
}

/* Deny-all for files; for TCP all but the one port, where the kernel knows how (ABI 4). */
static bool restrict_access(uint16_t port, overt_error *err)
{
    struct ruleset rules = { .fs = FS_RIGHTS_1 };
    const struct port_rule one = { .access = NET_CONNECT, .port = port };
    const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    int fd;

    if (abi < 1) {
        return fail(err, "Landlock");
    }
    rules.fs |= abi >= 2 ? 1ull << 13 : 0;
    rules.fs |= abi >= 3 ? 1ull << 14 : 0;
    rules.net = abi >= 4 ? NET_BIND | NET_CONNECT : 0;
    fd = (int)syscall(
            SYS_landlock_create_ruleset, &rules, abi >= 4 ? sizeof(rules) : sizeof(rules.fs), 0);
    if (fd < 0 || (abi >= 4 && syscall(SYS_landlock_add_rule, fd, 2, &one, 0) != 0)
            || syscall(SYS_landlock_restrict_self, fd, 0) != 0) {
        return fail(err, "Landlock");
    }
    (void)close(fd);
    return true;
}

static bool set_limits(void)
{
    const struct {
        __rlimit_resource_t what;
        rlim_t value;
    } limits[] = { { RLIMIT_AS, MEMORY_BYTES }, { RLIMIT_NPROC, 0 }, { RLIMIT_CORE, 0 },
        { RLIMIT_NOFILE, 32 }, { RLIMIT_MEMLOCK, 0 } };

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        const struct rlimit limit = { .rlim_cur = limits[i].value, .rlim_max = limits[i].value };

        if (setrlimit(limits[i].what, &limit) != 0) {
            return false;
        }
    }
    return true;
}

/* Root has nothing to do here. */
static bool drop_root(void)
{
    return geteuid() != 0
           || (syscall(SYS_setgroups, 0, NULL) == 0
                   && setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED) == 0
                   && setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED) == 0);
}

static const int allowed[] = { SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(close), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(connect), SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(shutdown), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
    SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
    SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(fcntl), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(exit_group), SCMP_SYS(exit),
    SCMP_SYS(lseek), SCMP_SYS(pipe2), SCMP_SYS(restart_syscall) };

/* Asked by libraries, answered, never carried out. */
static const struct {
    int call;
    unsigned answer;
} answered[] = { { SCMP_SYS(openat), ENOENT }, { SCMP_SYS(open), ENOENT },
    { SCMP_SYS(newfstatat), ENOENT }, { SCMP_SYS(stat), ENOENT }, { SCMP_SYS(access), ENOENT },
    { SCMP_SYS(faccessat), ENOENT }, { SCMP_SYS(readlink), ENOENT }, { SCMP_SYS(fstat), EBADF },
    { SCMP_SYS(sysinfo), EPERM }, { SCMP_SYS(uname), EPERM }, { SCMP_SYS(prlimit64), EPERM },
    { SCMP_SYS(sched_getaffinity), EPERM }, { SCMP_SYS(ioctl), ENOTTY },
    { SCMP_SYS(eventfd2), ENOSYS }, { SCMP_SYS(bind), EPERM } };

static bool filter_calls(overt_error *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int bad = ctx == NULL ? -ENOMEM : 0;

    for (size_t i = 0; bad == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        bad = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
    }
    for (size_t i = 0; bad == 0 && i < sizeof(answered) / sizeof(answered[0]); i++) {
        bad = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(answered[i].answer), answered[i].call, 0);
    }
    /* TCP over IPv4 and IPv6; a pair of local sockets wakes libcurl's own poll. Other families (a
     * look for routes, names) are answered. */
    bad = bad != 0 ? bad
                   : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                           SCMP_A0(SCMP_CMP_EQ, AF_INET, 0),
                           SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
    bad = bad != 0 ? bad
                   : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                           SCMP_A0(SCMP_CMP_EQ, AF_INET6, 0),
                           SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
    for (int family = 0; bad == 0 && family < 64; family++) {
        if (family == AF_INET || family == AF_INET6) {
            bad = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 2,
                    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0),
                    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM));
        } else {
            bad = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0));
        }
    }
    bad = bad != 0 ? bad
                   : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1,
                           SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
    bad = bad != 0 ? bad
                   : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                           SCMP_A2(SCMP_CMP_MASKED_EQ, 4u /* PROT_EXEC */, 0),
                           SCMP_A3(SCMP_CMP_MASKED_EQ, 0x20u /* MAP_ANONYMOUS */, 0x20u));
    bad = bad != 0 ? bad
                   : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                           SCMP_A2(SCMP_CMP_MASKED_EQ, 4u, 0));
    bad = bad != 0 ? bad : seccomp_load(ctx);
    seccomp_release(ctx);
    errno = -bad;
    return bad == 0 || fail(err, "seccomp");
}

bool shut_in(uint16_t port, overt_error *err)
{
    if (syscall(SYS_close_range, 6, ~0u, 0) != 0) {
        return fail(err, "descriptors");
    }
    if (!set_limits() || !drop_root()) {
        return fail(err, "limits and user");
    }
    /* After the change of user, which would undo the second. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0) != 0) {
        return fail(err, "prctl");
    }
    return restrict_access(port, err) && filter_calls(err);
}
