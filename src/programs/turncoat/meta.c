/* SPDX-License-Identifier: Apache-2.0 */
/* meta.c - attacks on what is around a file's contents: owner, mode, times, attributes, flags. Each
 * is also a place to write to for whoever may look at the file later. */
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "programs/turncoat/turncoat.h"

ATTACK(meta_fchmod)
{
    return got(syscall(SYS_fchmod, w->file, 0640));
}

ATTACK(meta_fchown)
{
    return got(syscall(SYS_fchown, w->file, -1, -1));
}

ATTACK(meta_times)
{
    const struct timespec times[2] = { { .tv_sec = 0x41424344 }, { .tv_sec = 0x45464748 } };

    return got(syscall(SYS_utimensat, w->file, NULL, times, 0));
}

ATTACK(meta_touch)
{
    return got(syscall(SYS_utimensat, w->file, NULL, NULL, 0));
}

ATTACK(meta_setxattr)
{
    return got(syscall(SYS_fsetxattr, w->file, "user.leak", "contents", 8, 0));
}

ATTACK(meta_removexattr)
{
    return got_or(syscall(SYS_fremovexattr, w->file, "user.none"), ENODATA);
}

ATTACK(meta_ioctl_flags)
{
    int flags = 0;

    if (ioctl(w->file, FS_IOC_GETFLAGS, &flags) != 0) {
        return -errno;
    }
    flags ^= FS_NODUMP_FL;
    return got(ioctl(w->file, FS_IOC_SETFLAGS, &flags));
}

ATTACK(meta_ioctl_xflags)
{
    struct fsxattr flags;

    memset(&flags, 0, sizeof(flags));
    return got(ioctl(w->file, FS_IOC_FSGETXATTR, &flags));
}

ATTACK(meta_ftruncate)
{
    return got(syscall(SYS_ftruncate, w->file, 1));
}

ATTACK(meta_fallocate)
{
    return got(syscall(SYS_fallocate, w->file, 1, 0, 8192));
}

ATTACK(meta_fsync)
{
    return got(syscall(SYS_fsync, w->file));
}

ATTACK(meta_sync)
{
    return got(syscall(SYS_sync));
}
