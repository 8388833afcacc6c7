/* SPDX-License-Identifier: Apache-2.0 */
/* info.c - attacks by knowledge: what would make a verdict depend on more than bytes and rules. */
#include <cpuid.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "programs/turncoat/turncoat.h"

/* --- of the file -------------------------------------------------------------------------------- */

ATTACK(info_fstat)
{
    struct stat st;

    return got(syscall(SYS_fstat, w->file, &st));
}

ATTACK(info_statx)
{
    struct statx st;

    return got(syscall(SYS_statx, w->file, "", AT_EMPTY_PATH, STATX_ALL, &st));
}

ATTACK(info_newfstatat)
{
    struct stat st;

    return got(syscall(SYS_newfstatat, w->file, "", &st, AT_EMPTY_PATH));
}

ATTACK(info_fstatfs)
{
    struct statfs st;

    return got(syscall(SYS_fstatfs, w->file, &st));
}

ATTACK(info_file_name)
{
    char path[32], name[256];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", w->file);
    return got(syscall(SYS_readlink, path, name, sizeof(name)));
}

ATTACK(info_file_handle)
{
    struct {
        struct file_handle head;
        unsigned char bytes[MAX_HANDLE_SZ];
    } handle;
    int mount_id;

    handle.head.handle_bytes = MAX_HANDLE_SZ;
    return got(syscall(SYS_name_to_handle_at, w->file, "", &handle, &mount_id, AT_EMPTY_PATH));
}

ATTACK(info_xattrs)
{
    char names[1024];

    return got(syscall(SYS_flistxattr, w->file, names, sizeof(names)));
}

ATTACK(info_generation)
{
    long generation = 0;

    return got(ioctl(w->file, FS_IOC_GETVERSION, &generation));
}

ATTACK(info_extents)
{
    struct fiemap map;

    memset(&map, 0, sizeof(map));
    map.fm_length = ~0ull;
    return got(ioctl(w->file, FS_IOC_FIEMAP, &map));
}

ATTACK(info_open_flags)
{
    return got(syscall(SYS_fcntl, w->file, F_GETFL));
}

ATTACK(info_descriptor_owner)
{
    return got(syscall(SYS_kcmp, syscall(SYS_getpid), syscall(SYS_getpid), 0, 3, w->file));
}

/* --- of who and where we are ---------------------------------------------------------------------- */

ATTACK(info_environment)
{
    return environ != NULL && environ[0] != NULL ? 0 : -ENOENT;
}

ATTACK(info_pid)
{
    return got(syscall(SYS_getpid));
}

ATTACK(info_parent)
{
    return got(syscall(SYS_getppid));
}

ATTACK(info_thread)
{
    return got(syscall(SYS_gettid));
}

ATTACK(info_uid)
{
    return got(syscall(SYS_getuid));
}

ATTACK(info_groups)
{
    unsigned groups[64];

    return got(syscall(SYS_getgroups, 64, groups));
}

ATTACK(info_capabilities)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct caps[2];

    return got(syscall(SYS_capget, &head, caps));
}

ATTACK(info_session)
{
    return got(syscall(SYS_getsid, 0));
}

ATTACK(info_working_directory)
{
    char path[4096];

    return got(syscall(SYS_getcwd, path, sizeof(path)));
}

ATTACK(info_own_program)
{
    char path[256];

    return got(syscall(SYS_readlink, "/proc/self/exe", path, sizeof(path)));
}

ATTACK(info_limits)
{
    struct rlimit limit;

    return got(syscall(SYS_getrlimit, RLIMIT_AS, &limit));
}

ATTACK(info_host_name)
{
    struct utsname name;

    return got(syscall(SYS_uname, &name));
}

ATTACK(info_machine)
{
    struct sysinfo info;

    return got(syscall(SYS_sysinfo, &info));
}

ATTACK(info_processors)
{
    cpu_set_t set;

    return got(syscall(SYS_sched_getaffinity, 0, sizeof(set), &set));
}

ATTACK(info_this_processor)
{
    unsigned cpu;

    return got(syscall(SYS_getcpu, &cpu, NULL, NULL));
}

ATTACK(info_memory_nodes)
{
    int mode;

    return got(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0));
}

ATTACK(info_machine_id)
{
    return read_one(syscall(SYS_openat, AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY));
}

ATTACK(info_interfaces)
{
    return read_one(syscall(SYS_openat, AT_FDCWD, "/proc/net/dev", O_RDONLY));
}

ATTACK(info_hardware)
{
    return got(syscall(SYS_openat, AT_FDCWD, "/sys/class/dmi/id/product_uuid", O_RDONLY));
}

ATTACK(info_inotify)
{
    const long fd = syscall(SYS_inotify_init1, 0);

    return fd < 0 ? -errno : got(syscall(SYS_inotify_add_watch, fd, w->bait->dir, IN_ALL_EVENTS));
}

ATTACK(info_fanotify)
{
    return got(syscall(SYS_fanotify_init, 0, O_RDONLY));
}

/* --- of chance ------------------------------------------------------------------------------------ */

ATTACK(info_random)
{
    char bytes[8];

    return got(syscall(SYS_getrandom, bytes, sizeof(bytes), 0));
}

ATTACK(info_random_device)
{
    return read_one(syscall(SYS_openat, AT_FDCWD, "/dev/urandom", O_RDONLY));
}

/* --- by instruction, which no layer can refuse ------------------------------------------------------ */

ATTACK(info_cpuid)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) ? 0 : -ENOSYS;
}

ATTACK(info_rdrand)
{
    unsigned a, b, c, d;
    unsigned char ok;
    uint64_t value;

    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_RDRND) == 0) {
        return -ENOSYS;
    }
    __asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(ok) : : "cc");
    return ok ? 0 : -EAGAIN;
}

ATTACK(info_rdpid)
{
    unsigned a, b, c, d;
    uint64_t value;

    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (c & 1u << 22) == 0) {
        return -ENOSYS;
    }
    __asm__ volatile(".byte 0xf3, 0x0f, 0xc7, 0xf8" : "=a"(value)); /* rdpid %rax */
    return 0;
}

/* The limit of a segment that the kernel keeps for getcpu. */
ATTACK(info_segment_limit)
{
    const unsigned selector = 0x7b;
    unsigned limit = 0;
    unsigned char ok;

    __asm__ volatile("lsl %2, %0; setz %1" : "+r"(limit), "=qm"(ok) : "r"(selector) : "cc");
    return ok ? 0 : -ENOSYS;
}

ATTACK(info_auxv_random)
{
    return getauxval(AT_RANDOM) != 0 ? 0 : -ENOENT;
}
