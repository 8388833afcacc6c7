/* SPDX-License-Identifier: Apache-2.0 */
/* files.c - attempts to reach other files than the one that was handed over. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

#include "programs/turncoat/try.h"
#include "sandbox/frame.h"

#define DESCRIPTORS_TRIED 1024

int try_open_shadow(const struct ov_bait *bait)
{
    (void)bait;
    return gave_a_byte(syscall(SYS_open, "/etc/shadow", O_RDONLY));
}

int try_open_passwd(const struct ov_bait *bait)
{
    (void)bait;
    return gave_a_byte(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
}

int try_openat2(const struct ov_bait *bait)
{
    const struct open_how how = { .flags = O_RDONLY };

    (void)bait;
    return gave_a_byte(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof(how)));
}

/* The descriptor stands for its file system: with CAP_DAC_READ_SEARCH any inode of it opens. */
int try_open_handle(const struct ov_bait *bait)
{
    struct {
        struct file_handle handle;
        unsigned char bytes[MAX_HANDLE_SZ];
    } of = { .handle = { .handle_bytes = MAX_HANDLE_SZ } };
    int mount;

    if (syscall(SYS_name_to_handle_at, AT_FDCWD, "/etc/shadow", &of, &mount, 0) < 0) {
        of.handle.handle_bytes = MAX_HANDLE_SZ;
        if (syscall(SYS_name_to_handle_at, bait->fd, "", &of, &mount, AT_EMPTY_PATH) < 0) {
            return -errno;
        }
    }
    return gave_a_byte(syscall(SYS_open_by_handle_at, bait->fd, &of, O_RDONLY));
}

int try_write_descriptor(const struct ov_bait *bait)
{
    return SYS(SYS_pwrite64, bait->fd, "X", 1, 0);
}

static int reopen_and_write(const char *folder, int fd)
{
    char path[64];
    long again;

    (void)snprintf(path, sizeof(path), "%s/%d", folder, fd);
    again = syscall(SYS_open, path, O_RDWR);
    if (again < 0) {
        return -errno;
    }
    return SYS(SYS_pwrite64, again, "v", 1, 0);
}

int try_proc_reopen(const struct ov_bait *bait)
{
    return reopen_and_write("/proc/self/fd", bait->fd);
}

int try_dev_reopen(const struct ov_bait *bait)
{
    return reopen_and_write("/dev/fd", bait->fd);
}

int try_linkat(const struct ov_bait *bait)
{
    const char *to = bait_path(bait, "/link");
    const long linked = syscall(SYS_linkat, bait->fd, "", AT_FDCWD, to, AT_EMPTY_PATH);

    if (linked < 0) {
        return -errno;
    }
    (void)syscall(SYS_unlink, to);
    return 0;
}

int try_create(const struct ov_bait *bait)
{
    const char *path = bait_path(bait, "/drop");
    const long fd = syscall(SYS_open, path, O_CREAT | O_WRONLY | O_TRUNC, 0666);
    int got;

    if (fd < 0) {
        return -errno;
    }
    got = syscall(SYS_write, fd, "leak", 4) == 4 ? 0 : -errno;
    (void)syscall(SYS_unlink, path);
    return got;
}

int try_truncate(const struct ov_bait *bait)
{
    return SYS(SYS_truncate, bait_path(bait, "/victim"), 4096);
}

int try_mkfifo(const struct ov_bait *bait)
{
    const char *path = bait_path(bait, "/fifo");
    const int got = SYS(SYS_mknod, path, S_IFIFO | 0666, 0);

    (void)syscall(SYS_unlink, path);
    return got;
}

int try_tmpfile(const struct ov_bait *bait)
{
    return opened(syscall(SYS_open, bait_path(bait, ""), O_TMPFILE | O_RDWR, 0600));
}

int try_sendfile(const struct ov_bait *bait)
{
    const char *path = bait_path(bait, "/sent");
    const long fd = syscall(SYS_open, path, O_CREAT | O_WRONLY | O_TRUNC, 0666);
    off_t from = 0;
    int got;

    if (fd < 0) {
        return -errno;
    }
    got = SYS(SYS_sendfile, fd, bait->fd, &from, 16);
    (void)syscall(SYS_unlink, path);
    return got;
}

int try_splice(const struct ov_bait *bait)
{
    int ends[2];
    off_t from = 0;

    if (syscall(SYS_pipe2, ends, 0) < 0) {
        return -errno;
    }
    return SYS(SYS_splice, bait->fd, &from, ends[1], NULL, 16, 0);
}

int try_copy_range(const struct ov_bait *bait)
{
    const char *path = bait_path(bait, "/copied");
    const long fd = syscall(SYS_open, path, O_CREAT | O_RDWR | O_TRUNC, 0666);
    off_t from = 0;
    int got;

    if (fd < 0) {
        return -errno;
    }
    got = SYS(SYS_copy_file_range, bait->fd, &from, fd, NULL, 16, 0);
    (void)syscall(SYS_unlink, path);
    return got;
}

int try_stdio(const struct ov_bait *bait)
{
    int got = -EBADF;

    (void)bait;
    for (int fd = 0; fd < 3 && got != 0; fd++) {
        got = SYS(SYS_write, fd, "leak", 4);
    }
    return got;
}

/* Anything readable beside the channel, the victim and the two it was born with. */
int try_leaked(const struct ov_bait *bait)
{
    for (int fd = 0; fd < DESCRIPTORS_TRIED; fd++) {
        char c;

        if (fd == bait->fd || fd == OV_JAIL_FD_CHANNEL || fd == OV_JAIL_FD_DATABASE) {
            continue;
        }
        if (syscall(SYS_pread64, fd, &c, 1, 0) == 1) {
            return 0;
        }
    }
    return -EBADF;
}

int try_unlink(const struct ov_bait *bait)
{
    return SYS(SYS_unlink, bait_path(bait, "/expendable"));
}

int try_rename(const struct ov_bait *bait)
{
    char to[128];

    (void)snprintf(to, sizeof(to), "%s", bait_path(bait, "/renamed"));
    return SYS(SYS_rename, bait_path(bait, "/victim"), to);
}

int try_symlink(const struct ov_bait *bait)
{
    const char *path = bait_path(bait, "/symlink");
    const int got = SYS(SYS_symlink, "/etc/passwd", path);

    (void)syscall(SYS_unlink, path);
    return got;
}

int try_mkdir(const struct ov_bait *bait)
{
    const char *path = bait_path(bait, "/folder");
    const int got = SYS(SYS_mkdir, path, 0777);

    (void)syscall(SYS_rmdir, path);
    return got;
}

/* An empty root lists as nothing but its two dots: that is refusal enough. */
int try_list_root(const struct ov_bait *bait)
{
    static char entries[4096];
    const long fd = syscall(SYS_open, "/", O_RDONLY | O_DIRECTORY);
    long n;

    (void)bait;
    if (fd < 0) {
        return -errno;
    }
    n = syscall(SYS_getdents64, fd, entries, sizeof(entries));
    if (n < 0) {
        return -errno;
    }
    return n > 48 ? 0 : -ENOENT;
}

int try_stat_path(const struct ov_bait *bait)
{
    struct stat st;

    (void)bait;
    return SYS(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &st, 0);
}
