/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.c - attempts on kernel facilities that a scanner has no use for. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "programs/turncoat/try.h"

#define LEAK_KEY 0x0be27 /* of System V objects */

int try_io_uring(const struct ov_bait *bait)
{
    struct io_uring_params params;

    (void)bait;
    memset(&params, 0, sizeof(params));
    return opened(syscall(SYS_io_uring_setup, 4, &params));
}

int try_bpf(const struct ov_bait *bait)
{
    union bpf_attr attr;

    (void)bait;
    memset(&attr, 0, sizeof(attr));
    attr.map_type = BPF_MAP_TYPE_ARRAY;
    attr.key_size = 4;
    attr.value_size = 8;
    attr.max_entries = 1;
    return opened(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

int try_perf(const struct ov_bait *bait)
{
    struct perf_event_attr attr;

    (void)bait;
    memset(&attr, 0, sizeof(attr));
    attr.type = PERF_TYPE_SOFTWARE;
    attr.size = sizeof(attr);
    attr.config = PERF_COUNT_SW_CPU_CLOCK;
    return opened(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

int try_userfaultfd(const struct ov_bait *bait)
{
    (void)bait;
    return opened(syscall(SYS_userfaultfd, O_CLOEXEC));
}

int try_add_key(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_add_key, "user", "overt-leak", "secret", 6, KEY_SPEC_USER_KEYRING);
}

int try_shm(const struct ov_bait *bait)
{
    const long id = syscall(SYS_shmget, LEAK_KEY, 4096, IPC_CREAT | 0666);

    (void)bait;
    if (id < 0) {
        return -errno;
    }
    (void)syscall(SYS_shmctl, id, IPC_RMID, 0);
    return 0;
}

int try_msg(const struct ov_bait *bait)
{
    const long id = syscall(SYS_msgget, LEAK_KEY, IPC_CREAT | 0666);

    (void)bait;
    if (id < 0) {
        return -errno;
    }
    (void)syscall(SYS_msgctl, id, IPC_RMID, 0);
    return 0;
}

int try_mq(const struct ov_bait *bait)
{
    const struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 8 };
    const long fd = syscall(SYS_mq_open, "overtleak", O_CREAT | O_RDWR, 0666, &attr);

    (void)bait;
    if (fd < 0) {
        return -errno;
    }
    (void)syscall(SYS_mq_unlink, "overtleak");
    return opened(fd);
}

int try_sem(const struct ov_bait *bait)
{
    const long id = syscall(SYS_semget, LEAK_KEY, 1, IPC_CREAT | 0666);

    (void)bait;
    if (id < 0) {
        return -errno;
    }
    (void)syscall(SYS_semctl, id, 0, IPC_RMID, 0);
    return 0;
}

int try_memfd(const struct ov_bait *bait)
{
    (void)bait;
    return opened(syscall(SYS_memfd_create, "leak", 0));
}

int try_memfd_secret(const struct ov_bait *bait)
{
    (void)bait;
    return opened(syscall(SYS_memfd_secret, 0));
}

int try_eventfd(const struct ov_bait *bait)
{
    (void)bait;
    return opened(syscall(SYS_eventfd2, 0, 0));
}

int try_epoll(const struct ov_bait *bait)
{
    (void)bait;
    return opened(syscall(SYS_epoll_create1, 0));
}

int try_signalfd(const struct ov_bait *bait)
{
    const uint64_t none = 0;

    (void)bait;
    return opened(syscall(SYS_signalfd4, -1, &none, sizeof(none), 0));
}

int try_mount(const struct ov_bait *bait)
{
    const char *at = bait_path(bait, "");

    if (syscall(SYS_mount, "t", at, "tmpfs", 0, "size=4k") < 0) {
        return -errno;
    }
    (void)syscall(SYS_umount2, at, MNT_DETACH);
    return 0;
}

int try_fsopen(const struct ov_bait *bait)
{
    (void)bait;
    return opened(syscall(SYS_fsopen, "tmpfs", 0));
}

int try_open_tree(const struct ov_bait *bait)
{
    (void)bait;
    return opened(syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */));
}

int try_unshare_user(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_unshare, CLONE_NEWUSER);
}

int try_unshare_net(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_unshare, CLONE_NEWNET);
}

int try_setns(const struct ov_bait *bait)
{
    const long fd = syscall(SYS_open, "/proc/1/ns/net", O_RDONLY);

    (void)bait;
    if (fd < 0) {
        return -errno;
    }
    return SYS(SYS_setns, fd, 0);
}

int try_chroot(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_chroot, "/");
}

int try_setuid(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_setuid, 0);
}

int try_capset(const struct ov_bait *bait)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    const struct __user_cap_data_struct want[2] = { { .effective = 1u << CAP_SYS_ADMIN,
            .permitted = 1u << CAP_SYS_ADMIN } };

    (void)bait;
    return SYS(SYS_capset, &head, want);
}

int try_bounding_set(const struct ov_bait *bait)
{
    const long there = syscall(SYS_prctl, PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0);

    (void)bait;
    if (there < 0) {
        return -errno;
    }
    return there == 1 ? 0 : -EPERM;
}

int try_seccomp_listener(const struct ov_bait *bait)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct sock_fprog program = { .len = 1, .filter = &allow };

    (void)bait;
    return opened(syscall(
            SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

int try_landlock(const struct ov_bait *bait)
{
    const struct landlock_ruleset_attr attr = { .handled_access_fs = 1 };

    (void)bait;
    return opened(syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0));
}

int try_syslog(const struct ov_bait *bait)
{
    char text[16];

    (void)bait;
    return SYS(SYS_syslog, 3, text, sizeof(text));
}

/* "Not a module" means that we were allowed to load one. */
int try_init_module(const struct ov_bait *bait)
{
    const int got = SYS(SYS_init_module, "x", 1, "");

    (void)bait;
    return got == -ENOEXEC ? 0 : got;
}

/* Wrong magic numbers: EINVAL means that the right ones would have worked. */
int try_reboot(const struct ov_bait *bait)
{
    const int got = SYS(SYS_reboot, 0, 0, 0, 0);

    (void)bait;
    return got == -EINVAL ? 0 : got;
}

int try_ioperm(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_ioperm, 0x80, 1, 1);
}

int try_modify_ldt(const struct ov_bait *bait)
{
    char table[16];

    (void)bait;
    return SYS(SYS_modify_ldt, 0, table, sizeof(table));
}

int try_i386(const struct ov_bait *bait)
{
    int got;

    (void)bait;
    __asm__ volatile("int $0x80" : "=a"(got) : "a"(20 /* getpid of i386 */) : "memory");
    return got;
}

int try_x32(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(0x40000000 | SYS_getpid);
}

int try_raise_limit(const struct ov_bait *bait)
{
    const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

    (void)bait;
    return SYS(SYS_prlimit64, 0, RLIMIT_CORE, &all, NULL);
}

int try_sigaction(const struct ov_bait *bait)
{
    struct sigaction ignore;

    (void)bait;
    memset(&ignore, 0, sizeof(ignore));
    ignore.sa_handler = SIG_IGN;
    return outcome(sigaction(SIGXCPU, &ignore, NULL));
}

int try_set_tsc(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_prctl, PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0);
}

int try_dumpable(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

int try_quotactl(const struct ov_bait *bait)
{
    (void)bait;
    /* Q_SYNC without a device: flushes all quota files. */
    return SYS(SYS_quotactl, 0x80000100, NULL, 0, NULL);
}
