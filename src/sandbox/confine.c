/* SPDX-License-Identifier: Apache-2.0 */
/* confine.c - the steps, in the order in which each is still allowed. */
#include "sandbox/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "sandbox/filter.h"

static overt_status failed(overt_error *err, const char *step)
{
    const int bad = errno;
    const overt_status status = ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX,
            "a role could not be confined: %s: %s", step, strerror(bad));

    if (err != NULL) {
        err->sys_errno = bad;
    }
    return status;
}

/* Rights on files of the first version, which every kernel with Landlock knows: 13 bits. */
#define LANDLOCK_ALL     ((UINT64_C(1) << 13) - 1)
#define LANDLOCK_READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* Nothing is allowed of what is handled. A kernel without Landlock has seccomp's rows all the
 * same: they leave no call that could use these rights. */
static bool deny_files(uint64_t rights)
{
    const struct landlock_ruleset_attr rules = { .handled_access_fs = rights };
    const int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
    bool good;

    if (fd < 0) {
        return errno == ENOSYS || errno == EOPNOTSUPP;
    }
    good = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
    (void)close(fd);
    return good;
}

/* An opener that stays root may go on reading what others wrote, and nothing else. */
static bool drop_capabilities(bool stays_root)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct kept[2];

    memset(kept, 0, sizeof(kept));
    if (stays_root) {
        kept[0].effective = kept[0].permitted = 1u << CAP_DAC_READ_SEARCH;
    }
    for (int cap = 0; cap <= 63; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EINVAL && errno != EPERM) {
            return false; /* EINVAL: no such capability; EPERM: not root, nothing to drop */
        }
    }
    return syscall(SYS_capset, &head, kept) == 0;
}

static bool set_limits(const struct ov_confine *confine)
{
    const struct rlimit files = { confine->descriptors_max, confine->descriptors_max };
    const struct rlimit none = { 0, 0 };

    return setrlimit(RLIMIT_NOFILE, &files) == 0 && setrlimit(RLIMIT_CORE, &none) == 0
           && setrlimit(RLIMIT_MSGQUEUE, &none) == 0 && setrlimit(RLIMIT_NPROC, &none) == 0;
}

static bool become(const struct ov_confine *confine)
{
    return setgroups(confine->group_count, confine->groups) == 0
           && setresgid(confine->gid, confine->gid, confine->gid) == 0
           && setresuid(confine->uid, confine->uid, confine->uid) == 0;
}

static bool set_filter(enum ov_jail_profile profile)
{
    struct ov_filter filter;
    struct sock_fprog program;

    ov_filter_build(&filter, profile);
    program = (struct sock_fprog){ .len = filter.len, .filter = filter.code };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

/* All but the guard: it may have to go on refusing (programs/guard). */
static bool end_with_supervisor(const struct ov_confine *confine)
{
    return confine->profile == OV_JAIL_GUARD || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
}

overt_status ov_confine_self(const struct ov_confine *confine, overt_error *err)
{
    const bool gate = confine->profile == OV_JAIL_GATE;
    const bool opener = confine->profile == OV_JAIL_OPENER;

    if (!end_with_supervisor(confine)) {
        return failed(err, "to end with its supervisor");
    }
    if (!opener && confine->set_ids && unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) {
        return failed(err, "namespaces");
    }
    if (confine->set_ids && !become(confine)) {
        return failed(err, "user and groups");
    }
    if (!set_limits(confine)) {
        return failed(err, "limits");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return failed(err, "no new privileges");
    }
    if (!deny_files(gate ? LANDLOCK_ALL : LANDLOCK_ALL & ~LANDLOCK_READING)) {
        return failed(err, "landlock");
    }
    if (!drop_capabilities(opener && confine->set_ids && confine->uid == 0)) {
        return failed(err, "capabilities");
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return failed(err, "no dumps");
    }
    /* setresuid has cleared it; a supervisor that died in between has left us to init. */
    if (!end_with_supervisor(confine)) {
        return failed(err, "to end with its supervisor");
    }
    if (!set_filter(confine->profile)) {
        return failed(err, "seccomp");
    }
    return OVERT_OK;
}
