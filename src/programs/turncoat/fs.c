/* SPDX-License-Identifier: Apache-2.0 */
/* fs.c - attacks by file: reading another, writing any, reaching one by a back door. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "programs/turncoat/turncoat.h"

#define NR_OPENAT2 437

ATTACK(fs_open_secret)
{
    return read_one(syscall(SYS_open, "/etc/shadow", O_RDONLY));
}

ATTACK(fs_open_public)
{
    return read_one(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
}

ATTACK(fs_open_bait)
{
    char path[PATH_BYTES];

    return read_one(syscall(SYS_openat, AT_FDCWD, bait_path(w, "decoy", path), O_RDONLY));
}

ATTACK(fs_openat2)
{
    const struct {
        uint64_t flags, mode, resolve;
    } how = { O_RDONLY, 0, 0 };

    return read_one(syscall(NR_OPENAT2, AT_FDCWD, "/etc/passwd", &how, sizeof(how)));
}

ATTACK(fs_open_root)
{
    return got(syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY));
}

ATTACK(fs_open_path)
{
    return got(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_PATH));
}

ATTACK(fs_parent_of_file)
{
    return got(syscall(SYS_openat, w->file, "..", O_RDONLY | O_DIRECTORY));
}

/* Any inode of the file system the descriptor is on, by its handle. */
ATTACK(fs_open_by_handle)
{
    struct {
        struct file_handle head;
        unsigned char bytes[MAX_HANDLE_SZ];
    } handle;
    int mount_id;

    handle.head.handle_bytes = MAX_HANDLE_SZ;
    if (syscall(SYS_name_to_handle_at, w->file, "", &handle, &mount_id, AT_EMPTY_PATH) != 0) {
        return -errno;
    }
    return read_one(syscall(SYS_open_by_handle_at, w->file, &handle, O_RDONLY));
}

ATTACK(fs_write_file)
{
    return got(syscall(SYS_pwrite64, w->file, "X", 1, 0));
}

ATTACK(fs_reopen_proc)
{
    char path[32];
    long fd;

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", w->file);
    fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR);
    return fd < 0 ? -errno : got(syscall(SYS_pwrite64, fd, "X", 1, 0));
}

ATTACK(fs_reopen_dev)
{
    char path[32];

    (void)snprintf(path, sizeof(path), "/dev/fd/%d", w->file);
    return got(syscall(SYS_openat, AT_FDCWD, path, O_RDWR));
}

ATTACK(fs_write_victim)
{
    char path[PATH_BYTES];
    const long fd = syscall(SYS_open, bait_path(w, "victim", path), O_WRONLY);

    return fd < 0 ? -errno : got(syscall(SYS_pwrite64, fd, "X", 1, 0));
}

ATTACK(fs_link_file)
{
    char path[PATH_BYTES];

    return got(
            syscall(SYS_linkat, w->file, "", AT_FDCWD, bait_path(w, "link", path), AT_EMPTY_PATH));
}

ATTACK(fs_create)
{
    char path[PATH_BYTES];
    const long fd = syscall(SYS_open, bait_path(w, "leak", path), O_CREAT | O_WRONLY, 0666);

    return fd < 0 ? -errno : got(syscall(SYS_write, fd, "leak", 4));
}

ATTACK(fs_create_empty)
{
    char path[PATH_BYTES]; /* a name alone carries 255 bytes */

    return got(syscall(SYS_creat, bait_path(w, "contents-of-the-file", path), 0666));
}

ATTACK(fs_mkdir)
{
    char path[PATH_BYTES];

    return got(syscall(SYS_mkdir, bait_path(w, "dir", path), 0777));
}

ATTACK(fs_symlink)
{
    char path[PATH_BYTES]; /* a target carries 4095 bytes */

    return got(syscall(SYS_symlink, "contents-of-the-file", bait_path(w, "symlink", path)));
}

ATTACK(fs_mkfifo)
{
    char path[PATH_BYTES];

    return got(syscall(SYS_mknod, bait_path(w, "fifo", path), S_IFIFO | 0666, 0));
}

ATTACK(fs_mknod)
{
    char path[PATH_BYTES];

    return got(syscall(SYS_mknod, bait_path(w, "null", path), S_IFCHR | 0666, 0x0103));
}

ATTACK(fs_rename)
{
    char from[PATH_BYTES], to[PATH_BYTES];

    return got(syscall(SYS_rename, bait_path(w, "decoy", from), bait_path(w, "moved", to)));
}

ATTACK(fs_unlink)
{
    char path[PATH_BYTES];

    return got(syscall(SYS_unlink, bait_path(w, "decoy", path)));
}

ATTACK(fs_truncate)
{
    char path[PATH_BYTES];

    return got(syscall(SYS_truncate, bait_path(w, "victim", path), 1));
}

ATTACK(fs_tmpfile)
{
    return got(syscall(SYS_openat, AT_FDCWD, w->bait->dir, O_TMPFILE | O_RDWR, 0600));
}

ATTACK(fs_chdir)
{
    if (syscall(SYS_chdir, "/etc") != 0) {
        return -errno;
    }
    return read_one(syscall(SYS_openat, AT_FDCWD, "passwd", O_RDONLY));
}

ATTACK(fs_list_dir)
{
    char entries[1024];
    const long fd = syscall(SYS_open, "/", O_RDONLY | O_DIRECTORY);

    return fd < 0 ? -errno : got(syscall(SYS_getdents64, fd, entries, sizeof(entries)));
}

ATTACK(fs_stat_path)
{
    struct stat st;

    return got(syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &st, 0));
}

ATTACK(fs_access)
{
    return got(syscall(SYS_access, "/etc/passwd", R_OK));
}

ATTACK(fs_sendfile)
{
    char path[PATH_BYTES];
    const long fd = syscall(SYS_open, bait_path(w, "sent", path), O_CREAT | O_WRONLY, 0666);
    off_t from = 0;

    return fd < 0 ? -errno : got(sendfile((int)fd, w->file, &from, 16));
}

ATTACK(fs_copy_range)
{
    char path[PATH_BYTES];
    const long fd = syscall(SYS_open, bait_path(w, "copied", path), O_CREAT | O_WRONLY, 0666);
    off_t from = 0;

    return fd < 0 ? -errno : got(syscall(SYS_copy_file_range, w->file, &from, fd, NULL, 16, 0));
}

ATTACK(fs_splice)
{
    int pipes[2];
    off_t from = 0;

    if (syscall(SYS_pipe2, pipes, 0) != 0) {
        return -errno;
    }
    return got(syscall(SYS_splice, w->file, &from, pipes[1], NULL, 16, 0));
}

ATTACK(fs_splice_to_channel)
{
    off_t from = 0;

    return got(syscall(SYS_sendfile, OV_JAIL_FD_CHANNEL, w->file, &from, 16));
}

/* Every number that could be a descriptor but the channel, the file and the database. */
ATTACK(fs_leaked_descriptors)
{
    for (int fd = 0; fd < 1024; fd++) {
        char c;

        if (fd != OV_JAIL_FD_CHANNEL && fd != w->file && fd != OV_JAIL_FD_DATABASE
                && syscall(SYS_pread64, fd, &c, 1, 0) == 1) {
            return 0;
        }
    }
    return -EBADF;
}

ATTACK(fs_leaked_writable)
{
    int last = EBADF;

    for (int fd = 0; fd < 1024; fd++) {
        if (fd == OV_JAIL_FD_CHANNEL || fd == OV_JAIL_FD_DATABASE) {
            continue;
        }
        if (syscall(SYS_write, fd, "contents of file", 16) == 16) {
            return 0;
        }
        last = errno;
    }
    return -last;
}

ATTACK(fs_write_stdout)
{
    return got(syscall(SYS_write, 1, "contents of file", 16));
}

/* --- the database --------------------------------------------------------------------------- */

ATTACK(fs_write_database)
{
    return got(syscall(SYS_write, OV_JAIL_FD_DATABASE, "contents of file", 16));
}

ATTACK(fs_pwrite_database)
{
    return got(syscall(SYS_pwrite64, OV_JAIL_FD_DATABASE, "X", 1, 64));
}

ATTACK(fs_truncate_database)
{
    return got(syscall(SYS_ftruncate, OV_JAIL_FD_DATABASE, 1));
}

ATTACK(fs_punch_database)
{
    return got(syscall(SYS_fallocate, OV_JAIL_FD_DATABASE, 3, 0, 4096)); /* PUNCH, KEEP_SIZE */
}

ATTACK(fs_map_database)
{
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);

    if (map == MAP_FAILED) {
        return -errno;
    }
    map[65] = 'X';
    return 0;
}

/* The allowed mapping first, then more rights on it. */
ATTACK(fs_protect_database)
{
    char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);

    if (map == MAP_FAILED || mprotect(map, 4096, PROT_READ | PROT_WRITE) != 0) {
        return -errno;
    }
    map[66] = 'X';
    return 0;
}

ATTACK(fs_lock_database)
{
    const struct flock lock = {
        .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0x4142, .l_len = 1
    };

    return got(syscall(SYS_fcntl, OV_JAIL_FD_DATABASE, F_OFD_SETLK, &lock));
}

ATTACK(fs_memfd)
{
    const long fd = syscall(SYS_memfd_create, "leak", 0);

    return fd < 0 ? -errno : got(syscall(SYS_write, fd, "contents of file", 16));
}
