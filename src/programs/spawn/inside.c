/* SPDX-License-Identifier: Apache-2.0 */
/* inside.c - the child's half: shuts itself in, layer by layer, then becomes the program.
 *
 * The order matters: what needs a privilege comes before the step that gives it up, what opens a
 * path before the root is empty, and seccomp last, because it allows none of this. A failure is
 * written into the shared page, and the parent makes the sentence. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "programs/spawn/plan.h"
#include "sandbox/filter.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE              65 /* Linux 6.3 */
#define PR_MDWE_REFUSE_EXEC_GAIN 1ul
#endif

/* Scratch places above everything that has a meaning; F_DUPFD looks for free ones. */
#define SCRATCH_FD 210
#define ALIVE_FD   202

static bool place(int fd, int at, int flags)
{
    const int high = fcntl(fd, F_DUPFD_CLOEXEC, SCRATCH_FD);

    return high >= 0 && dup3(high, at, flags) == at && close(high) == 0;
}

/* 0, 1, 2: /dev/null, read-only; 3: the channel; 200: the program, gone with the exec; 201: the
 * database. `alive` closes by the exec too, which tells an untracing parent of it. */
static bool place_descriptors(const struct plan *plan, int alive)
{
    int high[5];
    const int from[5] = { plan->null, plan->channel, plan->program, plan->database, alive };

    for (int i = 0; i < 5; i++) { /* out of each other's way first */
        high[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD_CLOEXEC, SCRATCH_FD);
        if (high[i] < 0 && from[i] >= 0) {
            return false;
        }
    }
    for (int fd = 0; fd <= 2; fd++) {
        if (!place(high[0], fd, 0)) {
            return false;
        }
    }
    if (!place(high[1], OV_JAIL_FD_CHANNEL, 0) || !place(high[2], OV_JAIL_FD_PROGRAM, O_CLOEXEC)
            || (high[3] >= 0 && !place(high[3], OV_JAIL_FD_DATABASE, 0))
            || !place(high[4], ALIVE_FD, O_CLOEXEC)) {
        return false;
    }
    if (high[3] < 0) {
        (void)close(OV_JAIL_FD_DATABASE);
    }
    return syscall(SYS_close_range, OV_JAIL_FD_CHANNEL + 1, OV_JAIL_FD_PROGRAM - 1, 0) == 0
           && syscall(SYS_close_range, ALIVE_FD + 1, ~0u, 0) == 0;
}

/* Only where the map gives us a user of our own: there root's groups are dropped. */
static bool become_worker(void)
{
    return setgroups(0, NULL) == 0 && setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0;
}

/* An empty, read-only root of one inode that nobody may even search; the old one is let go of. */
static bool empty_root(void)
{
    static const char *const places[] = { "/tmp", "/run", "/var", "/usr", "/proc" };
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    size_t i = 0;

    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return false;
    }
    while (mount("overt", places[i], "tmpfs", flags, "size=4k,nr_inodes=1,mode=0") != 0) {
        if (errno != ENOENT || ++i == sizeof(places) / sizeof(places[0])) {
            return false;
        }
    }
    return chdir(places[i]) == 0 && syscall(SYS_pivot_root, ".", ".") == 0
           && umount2(".", MNT_DETACH) == 0 && chdir("/") == 0
           && mount("", "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) == 0
           && sethostname("jail", 4) == 0 && setdomainname("", 0) == 0;
}

static bool drop_capabilities(void)
{
    const unsigned long locked = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP
                                 | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED
                                 | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    const struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };

    for (unsigned long cap = 0; cap < 64; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EINVAL) { /* EINVAL: no such */
            return false;
        }
    }
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0
           && prctl(PR_SET_SECUREBITS, locked, 0, 0, 0) == 0
           && syscall(SYS_capset, &head, none) == 0;
}

static bool set_limits(const struct plan *plan)
{
    const rlim_t cpu = plan->cpu_seconds;
    /* The soft limit of processor time comes first, so that a SIGXCPU names the reason. A core
     * limit of 1 byte, not 0, also stops dumps that go to a program (core(5)). */
    const struct {
        __rlimit_resource_t what;
        rlim_t soft, hard;
    } limits[] = {
        { RLIMIT_AS, plan->address_bytes, plan->address_bytes },
        { RLIMIT_CPU, cpu, cpu + 1 },
        { RLIMIT_FSIZE, 0, 0 },
        { RLIMIT_NOFILE, OV_JAIL_FDS_MAX, OV_JAIL_FDS_MAX },
        { RLIMIT_NPROC, 0, 0 },
        { RLIMIT_CORE, 1, 1 },
        { RLIMIT_MEMLOCK, 0, 0 },
        { RLIMIT_MSGQUEUE, 0, 0 },
        { RLIMIT_STACK, 1024u * 1024u, 1024u * 1024u },
        { RLIMIT_SIGPENDING, 4, 4 },
        { RLIMIT_NICE, 0, 0 },
        { RLIMIT_RTPRIO, 0, 0 },
    };

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct rlimit now, then = { .rlim_cur = limits[i].soft, .rlim_max = limits[i].hard };

        if (getrlimit(limits[i].what, &now) != 0) {
            return false;
        }
        if (then.rlim_max > now.rlim_max) { /* already tighter: stays */
            then.rlim_max = now.rlim_max;
        }
        if (then.rlim_cur > then.rlim_max) {
            then.rlim_cur = then.rlim_max;
        }
        if (setrlimit(limits[i].what, &then) != 0) {
            return false;
        }
    }
    return true;
}

static bool filter_calls(const struct plan *plan)
{
    static struct ov_filter filter;
    struct sock_fprog program;

    ov_filter_build(&filter, plan->profile);
    program = (struct sock_fprog){ .len = filter.len, .filter = filter.code };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static _Noreturn void fail(struct progress *progress, unsigned layer, const char *what)
{
    progress->sys_errno = errno;
    progress->layer = layer;
    (void)strncpy(progress->what, what, sizeof(progress->what) - 1);
    progress->failed = true;
    _exit(1);
}

static const char *profile_name(enum ov_jail_profile profile)
{
    switch (profile) {
    case OV_JAIL_VERDICT:
        return "verdict";
    case OV_JAIL_EXPLAIN:
        return "explain";
    case OV_JAIL_COMPILE:
        return "compile";
    case OV_JAIL_GATE:
    case OV_JAIL_OPENER:
    case OV_JAIL_GUARD:
        break; /* roles that confine themselves: no orders for the spawner */
    }
    return "";
}

_Noreturn void shut_in(const struct plan *plan, struct progress *progress, int go, int alive)
{
    char self[] = "overt-worker", profile[16] = "";
    char *const argv[] = { self, profile, NULL };
    char *const envp[] = { NULL };
    char c;

    (void)strncpy(profile, profile_name(plan->profile), sizeof(profile) - 1);
    if (read(go, &c, 1) != 1) {
        _exit(1); /* the parent gave up, and knows why */
    }
    if (progress->own_uid && !become_worker()) {
        fail(progress, OV_LAYER_OWN_UID, "taking the worker's user");
    }
    if (!place_descriptors(plan, alive)) {
        fail(progress, 0, "placing descriptors");
    }
    if (plan_wants(plan, OV_LAYER_NAMESPACES) && !empty_root()) {
        fail(progress, OV_LAYER_NAMESPACES, "an empty root");
    }
    if (plan_wants(plan, OV_LAYER_USER) && !drop_capabilities()) {
        fail(progress, OV_LAYER_USER, "dropping capabilities");
    }
    (void)umask(0777); /* a core file that may not be read is not written */
    if (plan_wants(plan, OV_LAYER_RLIMITS) && !set_limits(plan)) {
        fail(progress, OV_LAYER_RLIMITS, "setrlimit");
    }
    if (plan_wants(plan, OV_LAYER_MDWE)
            && prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0) {
        progress->bonuses |= OV_LAYER_MDWE;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        fail(progress, 0, "no_new_privs");
    }
    if (plan_wants(plan, OV_LAYER_CLOCK) && prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) != 0) {
        fail(progress, OV_LAYER_CLOCK, "PR_SET_TSC");
    }
    if (plan_wants(plan, OV_LAYER_LANDLOCK)
            && !restrict_files(OV_JAIL_FD_PROGRAM, plan->layers, &progress->bonuses)) {
        fail(progress, OV_LAYER_LANDLOCK,
                errno == ENOSYS || errno == EOPNOTSUPP ? "not in this kernel, or off (lsm= at boot)"
                                                       : "restricting files");
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) { /* after the last change of user */
        fail(progress, 0, "PR_SET_PDEATHSIG");
    }
    if (plan_wants(plan, OV_LAYER_SECCOMP) && !filter_calls(plan)) {
        fail(progress, OV_LAYER_SECCOMP, "installing the filter");
    }
    (void)syscall(SYS_execveat, OV_JAIL_FD_PROGRAM, "", argv, envp, AT_EMPTY_PATH);
    fail(progress, 0, "executing the program");
}
