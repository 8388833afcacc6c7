/* SPDX-License-Identifier: Apache-2.0 */
/* victim.c - attempts on the one descriptor that was handed over: what it could carry to somebody
 * else, and what it could tell. */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "programs/turncoat/try.h"

int try_fchmod(const struct ov_bait *bait)
{
    return SYS(SYS_fchmod, bait->fd, 0666);
}

int try_fchown(const struct ov_bait *bait)
{
    return SYS(SYS_fchown, bait->fd, -1, -1);
}

int try_futimens(const struct ov_bait *bait)
{
    const struct timespec times[2] = { { .tv_sec = 12345 }, { .tv_sec = 67890 } };

    return SYS(SYS_utimensat, bait->fd, NULL, times, 0);
}

int try_fsetxattr(const struct ov_bait *bait)
{
    return SYS(SYS_fsetxattr, bait->fd, "user.leak", "x", 1, 0);
}

int try_ioctl_flags(const struct ov_bait *bait)
{
    int flags = 0;

    if (syscall(SYS_ioctl, bait->fd, FS_IOC_GETFLAGS, &flags) < 0) {
        return -errno;
    }
    flags |= FS_NODUMP_FL;
    return SYS(SYS_ioctl, bait->fd, FS_IOC_SETFLAGS, &flags);
}

int try_ftruncate(const struct ov_bait *bait)
{
    return SYS(SYS_ftruncate, bait->fd, 0);
}

int try_fallocate(const struct ov_bait *bait)
{
    return SYS(SYS_fallocate, bait->fd, 0, 0, 8192);
}

int try_fsync(const struct ov_bait *bait)
{
    return SYS(SYS_fsync, bait->fd);
}

int try_flock(const struct ov_bait *bait)
{
    return SYS(SYS_flock, bait->fd, LOCK_SH | LOCK_NB);
}

int try_ofd_lock(const struct ov_bait *bait)
{
    const struct flock lock = {
        .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0x41424344, .l_len = 1
    };

    return SYS(SYS_fcntl, bait->fd, F_OFD_SETLK, &lock);
}

int try_lease(const struct ov_bait *bait)
{
    return SYS(SYS_fcntl, bait->fd, F_SETLEASE, F_RDLCK);
}

int try_set_flags(const struct ov_bait *bait)
{
    return SYS(SYS_fcntl, bait->fd, F_SETFL, O_NONBLOCK);
}

int try_lseek(const struct ov_bait *bait)
{
    return SYS(SYS_lseek, bait->fd, 0x1234, SEEK_SET);
}

int try_read_moves_offset(const struct ov_bait *bait)
{
    char c;

    return SYS(SYS_read, bait->fd, &c, 1);
}

int try_fadvise(const struct ov_bait *bait)
{
    return SYS(SYS_fadvise64, bait->fd, 0, 0, POSIX_FADV_DONTNEED);
}

int try_readahead(const struct ov_bait *bait)
{
    return SYS(SYS_readahead, bait->fd, 0, 4096);
}

int try_map_victim(const struct ov_bait *bait)
{
    return SYS(SYS_mmap, NULL, 4096, PROT_READ, MAP_SHARED, bait->fd, 0);
}

int try_mincore(const struct ov_bait *bait)
{
    unsigned char resident[1];
    const long at = syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_SHARED, bait->fd, 0);

    if (at < 0) {
        return -errno;
    }
    return SYS(SYS_mincore, at, 4096, resident);
}

int try_fstat(const struct ov_bait *bait)
{
    struct stat st;

    return SYS(SYS_fstat, bait->fd, &st);
}

int try_readlink_name(const struct ov_bait *bait)
{
    char path[64], name[256];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", bait->fd);
    return SYS(SYS_readlink, path, name, sizeof(name));
}

int try_fstatfs(const struct ov_bait *bait)
{
    struct statfs st;

    return SYS(SYS_fstatfs, bait->fd, &st);
}

int try_getxattr(const struct ov_bait *bait)
{
    char value[256];
    const int got = SYS(SYS_fgetxattr, bait->fd, "security.selinux", value, sizeof(value));

    return got == -ENODATA ? 0 : got; /* "there is none" is an answer, too */
}

int try_inotify(const struct ov_bait *bait)
{
    const long watch = syscall(SYS_inotify_init1, 0);

    (void)bait;
    if (watch < 0) {
        return -errno;
    }
    return SYS(SYS_inotify_add_watch, watch, "/tmp", IN_ALL_EVENTS);
}

int try_fanotify(const struct ov_bait *bait)
{
    (void)bait;
    return opened(syscall(SYS_fanotify_init, 0, 0));
}

int try_statx(const struct ov_bait *bait)
{
    struct statx st;

    return SYS(SYS_statx, bait->fd, "", AT_EMPTY_PATH, STATX_ALL, &st);
}
