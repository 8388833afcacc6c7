/* SPDX-License-Identifier: Apache-2.0 */
/* kern.c - attacks on the kernel: the parts of it that a worker has no use for, each a surface. A
 * call made with wrong arguments on purpose worked if the kernel got as far as refusing those. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/utsname.h>

#include "programs/turncoat/turncoat.h"

/* --- machines inside the kernel --------------------------------------------------------------------- */

ATTACK(kern_io_uring)
{
    struct io_uring_params params;

    memset(&params, 0, sizeof(params));
    return got(syscall(SYS_io_uring_setup, 4, &params));
}

ATTACK(kern_aio)
{
    unsigned long context = 0;

    return got(syscall(SYS_io_setup, 1, &context));
}

ATTACK(kern_bpf)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.map_type = BPF_MAP_TYPE_ARRAY;
    attr.key_size = 4;
    attr.value_size = 8;
    attr.max_entries = 1;
    return got(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

ATTACK(kern_perf)
{
    struct perf_event_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.type = PERF_TYPE_SOFTWARE;
    attr.size = sizeof(attr);
    attr.config = PERF_COUNT_SW_CPU_CLOCK;
    return got(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

ATTACK(kern_userfaultfd)
{
    return got(syscall(SYS_userfaultfd, O_CLOEXEC));
}

ATTACK(kern_secret_memory)
{
    return got(syscall(447, 0)); /* memfd_secret */
}

ATTACK(kern_eventfd)
{
    return got(syscall(SYS_eventfd2, 0, 0));
}

ATTACK(kern_signalfd)
{
    const uint64_t mask = 1;

    return got(syscall(SYS_signalfd4, -1, &mask, sizeof(mask), 0));
}

ATTACK(kern_epoll)
{
    return got(syscall(SYS_epoll_create1, 0));
}

ATTACK(kern_remap_pages)
{
    static char page[4096] __attribute__((aligned(4096)));

    return got_or(syscall(SYS_remap_file_pages, page, sizeof(page), 0, 0, 0), EINVAL);
}

ATTACK(kern_move_pages)
{
    static char page[4096] __attribute__((aligned(4096)));
    void *const pages[1] = { page };
    int status[1];

    return got(syscall(SYS_move_pages, 0, 1, pages, NULL, status, 0));
}

ATTACK(kern_ioctl)
{
    int ready = 0;

    return got(syscall(SYS_ioctl, OV_JAIL_FD_CHANNEL, 0x541b, &ready)); /* FIONREAD */
}

/* --- mounts and namespaces --------------------------------------------------------------------------- */

ATTACK(kern_mount)
{
    if (mount("t", w->bait->dir, "tmpfs", 0, "size=4k") != 0) {
        return -errno;
    }
    (void)umount2(w->bait->dir, MNT_DETACH);
    return 0;
}

ATTACK(kern_umount)
{
    return got_or(syscall(SYS_umount2, "/proc/self", 0), EINVAL);
}

ATTACK(kern_fsopen)
{
    return got(syscall(SYS_fsopen, "tmpfs", 0));
}

ATTACK(kern_open_tree)
{
    return got(syscall(SYS_open_tree, AT_FDCWD, "/", 1));
}

ATTACK(kern_pivot_root)
{
    return got_or(syscall(SYS_pivot_root, ".", "."), EINVAL);
}

ATTACK(kern_chroot)
{
    return got(syscall(SYS_chroot, "/"));
}

ATTACK(kern_user_namespace)
{
    return got(syscall(SYS_unshare, CLONE_NEWUSER));
}

ATTACK(kern_net_namespace)
{
    return got(syscall(SYS_unshare, CLONE_NEWNET));
}

ATTACK(kern_enter_namespace)
{
    const long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/ns/net", O_RDONLY);

    return fd < 0 ? -errno : got(syscall(SYS_setns, fd, 0));
}

ATTACK(kern_enter_supervisor)
{
    const long pidfd = syscall(SYS_pidfd_open, w->supervisor, 0);

    return pidfd < 0 ? -errno : got(syscall(SYS_setns, pidfd, CLONE_NEWNET));
}

/* --- privileges ---------------------------------------------------------------------------------------- */

ATTACK(kern_setuid)
{
    return got(syscall(SYS_setuid, 0));
}

ATTACK(kern_setresuid)
{
    return got(syscall(SYS_setresuid, -1, -1, -1));
}

ATTACK(kern_setgroups)
{
    return got(syscall(SYS_setgroups, 0, NULL));
}

ATTACK(kern_capset)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    const struct __user_cap_data_struct caps[2] = {
        { .effective = 1u << CAP_SYS_ADMIN, .permitted = 1u << CAP_SYS_ADMIN }, { 0 }
    };

    return got(syscall(SYS_capset, &head, caps));
}

ATTACK(kern_bounding_set)
{
    const long there = syscall(SYS_prctl, PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0);

    return there == 1 ? 0 : there == 0 ? -EPERM : -errno;
}

ATTACK(kern_securebits)
{
    return got(syscall(SYS_prctl, PR_SET_SECUREBITS, 0, 0, 0, 0));
}

ATTACK(kern_raise_limit)
{
    const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

    return got(syscall(SYS_setrlimit, RLIMIT_CORE, &limit));
}

ATTACK(kern_raise_limit_64)
{
    const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

    return got(syscall(SYS_prlimit64, 0, RLIMIT_AS, &limit, NULL));
}

/* --- other rules over system calls ------------------------------------------------------------------------ */

static struct sock_filter allow_all[] = { { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } };
static const struct sock_fprog allow_program = { .len = 1, .filter = allow_all };

ATTACK(kern_seccomp_listener)
{
    return got(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
            &allow_program));
}

ATTACK(kern_seccomp_filter)
{
    return got(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &allow_program));
}

ATTACK(kern_seccomp_prctl)
{
    return got(syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &allow_program, 0, 0));
}

ATTACK(kern_dispatch)
{
    return got(syscall(SYS_prctl, 59, 0, 0, 0, 0)); /* PR_SET_SYSCALL_USER_DISPATCH, off */
}

ATTACK(kern_landlock)
{
    const uint64_t rights[3] = { 1, 0, 0 };

    return got(syscall(444, rights, sizeof(rights), 0));
}

/* i386's getpid. */
ATTACK(kern_int80)
{
    int result;

    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
    return result >= 0 ? 0 : result;
}

/* i386's write, whose number is x86-64's stat. */
ATTACK(kern_int80_write)
{
    int result;
    static char text[] = "contents of file";

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(4), "b"(1L), "c"(text), "d"(16L)
                     : "memory", "r8", "r9", "r10", "r11");
    return result == 16 ? 0 : result;
}

ATTACK(kern_x32)
{
    return got(syscall(0x40000000 | SYS_getpid));
}

ATTACK(kern_negative_call)
{
    return got(syscall(-1));
}

/* --- the machine itself --------------------------------------------------------------------------------------- */

ATTACK(kern_log)
{
    char text[16];

    return got(syscall(SYS_syslog, 3, text, sizeof(text)));
}

ATTACK(kern_module)
{
    return got_or(syscall(SYS_init_module, "x", 1, ""), ENOEXEC);
}

ATTACK(kern_module_file)
{
    return got_or(syscall(SYS_finit_module, w->file, "", 0), ENOEXEC);
}

ATTACK(kern_kexec)
{
    return got_or(syscall(SYS_kexec_load, 0, 0, NULL, 0xffffUL), EINVAL);
}

ATTACK(kern_reboot)
{
    return got_or(syscall(SYS_reboot, 0, 0, 0, 0), EINVAL);
}

ATTACK(kern_swap)
{
    return got_or(syscall(SYS_swapon, "/nonexistent", 0), ENOENT);
}

ATTACK(kern_set_time)
{
    const struct timeval never = { .tv_sec = -1, .tv_usec = -1 };

    return got_or(syscall(SYS_settimeofday, &never, NULL), EINVAL);
}

ATTACK(kern_host_name)
{
    struct utsname name;

    if (syscall(SYS_uname, &name) != 0) {
        return -errno;
    }
    return got(syscall(SYS_sethostname, name.nodename, strlen(name.nodename)));
}

ATTACK(kern_ports)
{
    return got(syscall(SYS_ioperm, 0x80, 1, 1));
}

ATTACK(kern_port_level)
{
    return got(syscall(SYS_iopl, 3));
}

ATTACK(kern_ldt)
{
    char entry[16];

    return got(syscall(SYS_modify_ldt, 0, entry, sizeof(entry)));
}

ATTACK(kern_shadow_stack)
{
    return got(syscall(SYS_arch_prctl, 0x5001, 1)); /* ARCH_SHSTK_ENABLE */
}

ATTACK(kern_register_state)
{
    uint64_t supported;

    return got(syscall(SYS_arch_prctl, 0x1021, &supported)); /* ARCH_GET_XCOMP_SUPP */
}

ATTACK(kern_quota)
{
    return got_or(syscall(SYS_quotactl, 0x80000100, NULL, 0, NULL), ENODEV); /* Q_SYNC */
}
