/* SPDX-License-Identifier: Apache-2.0 */
/* running.c - /proc/PID/exe is the file that a process runs, also when another lies at its path by
 * now, and also from within a jail. Only root may look at everyone's. */
#include "programs/overt/running.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/text.h"

#define READ_BYTES 65536u
#define DELETED    " (deleted)" /* what the kernel puts behind the path of a file that is gone */

bool ov_sha256_fd(int fd, struct ov_hash *out)
{
    struct ov_digest *sha = ov_digest_new(OV_DIGEST_SHA256);
    uint8_t block[READ_BYTES], digest[OV_DIGEST_BYTES_MAX];
    off_t at = 0;
    ssize_t n;

    if (sha == NULL) {
        errno = ENOMEM;
        return false;
    }
    ov_digest_begin(sha);
    while ((n = pread(fd, block, sizeof(block), at)) != 0) {
        if (n < 0 && errno != EINTR) {
            break;
        }
        if (n > 0) {
            ov_digest_update(sha, ov_bytes_of(block, (size_t)n));
            at += n;
        }
    }
    ov_digest_end(sha, digest);
    ov_digest_free(sha);
    memcpy(out->b, digest, OV_HASH_BYTES);
    return n == 0;
}

static bool is_called(const struct ov_release_file *file, const char *base_name)
{
    const char *at = (const char *)ov_bytes_raw(file->name);
    const size_t len = (size_t)ov_bytes_len(file->name), base = strlen(base_name);

    return len > base && at[len - base - 1] == '/' && memcmp(at + len - base, base_name, base) == 0;
}

const struct ov_release_file *ov_release_file_called(
        const struct ov_releases *releases, uint64_t index, const char *base_name)
{
    for (size_t i = 0; i < releases->file_count; i++) {
        if (releases->files[i].index == index && is_called(&releases->files[i], base_name)) {
            return &releases->files[i];
        }
    }
    return NULL;
}

const struct ov_release *ov_release_with(
        const struct ov_releases *releases, const char *base_name, const struct ov_hash *sha256)
{
    for (size_t i = 0; i < releases->count; i++) {
        const struct ov_release_file *file =
                ov_release_file_called(releases, releases->at[i].index, base_name);

        if (file != NULL && ov_hash_equal(&file->sha256, sha256)) {
            return &releases->at[i];
        }
    }
    return NULL;
}

static void put_process(struct ov_buf *out, const char *state, const char *pid, const char *path)
{
    ov_buf_printf(out, "%s process %s (", state, pid);
    ov_text_escape(out, ov_bytes_of(path, strlen(path)));
    ov_buf_put_text(out, "): ");
}

/* `path` is where the program was started from, without DELETED. */
static void judge(const struct ov_releases *releases, const struct ov_release *release,
        const char *pid, const char *path, struct ov_buf *out, struct ov_running *counts)
{
    const char *base_name = strrchr(path, '/') + 1;
    const struct ov_release_file *file =
            ov_release_file_called(releases, release->index, base_name);
    const struct ov_release *other;
    char exe[64];
    struct ov_hash sha256;
    auto_fd int fd = -1;

    if (file == NULL) {
        return; /* not a program of ours */
    }
    (void)snprintf(exe, sizeof(exe), "/proc/%s/exe", pid);
    fd = open(exe, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || !ov_sha256_fd(fd, &sha256)) {
        if (errno == ENOENT || errno == ESRCH) {
            return; /* it has just ended */
        }
        put_process(out, "UNREAD ", pid, path);
        ov_buf_printf(out, "%s\n", strerror(errno));
        counts->unread++;
        return;
    }
    if (ov_hash_equal(&file->sha256, &sha256)) {
        counts->same++;
        return;
    }
    counts->other++;
    put_process(out, "RUNNING", pid, path);
    other = ov_release_with(releases, base_name, &sha256);
    if (other != NULL) {
        ov_text_escape(out, other->name);
        ov_buf_put_text(out, ", another release of the log; restart it\n");
    } else {
        ov_text_hex(out, ov_bytes_of(sha256.b, OV_HASH_BYTES));
        ov_buf_put_text(out, " is in no release of the log\n");
    }
}

static int compare(const void *a, const void *b)
{
    const long x = *(const long *)a, y = *(const long *)b;

    return (x > y) - (x < y);
}

/* Their numbers, ascending. NULL: errno. */
static long *list(size_t *count)
{
    DIR *folder = opendir("/proc");
    long *at = NULL, *more;
    size_t cap = 0;

    *count = 0;
    if (folder == NULL) {
        return NULL;
    }
    for (const struct dirent *d = readdir(folder); d != NULL; d = readdir(folder)) {
        char *end = NULL;
        const long pid = strtol(d->d_name, &end, 10);

        if (pid <= 0 || *end != '\0') {
            continue;
        }
        if (*count == cap) {
            cap = cap == 0 ? 256 : cap * 2;
            more = reallocarray(at, cap, sizeof(*at));
            if (more == NULL) {
                free(at);
                (void)closedir(folder);
                errno = ENOMEM;
                return NULL;
            }
            at = more;
        }
        at[(*count)++] = pid;
    }
    (void)closedir(folder);
    if (at != NULL) {
        qsort(at, *count, sizeof(*at), compare);
    } else {
        errno = ENOENT; /* not even we are there: /proc is none */
    }
    return at;
}

bool ov_running_check(const struct ov_releases *releases, const struct ov_release *release,
        struct ov_buf *out, struct ov_running *counts)
{
    size_t count;
    long *pids = list(&count);

    *counts = (struct ov_running){ .same = 0 };
    if (pids == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char link[64], pid[32], path[PATH_MAX];
        ssize_t len;

        (void)snprintf(pid, sizeof(pid), "%ld", pids[i]);
        (void)snprintf(link, sizeof(link), "/proc/%s/exe", pid);
        len = readlink(link, path, sizeof(path) - 1);
        if (len < 0 && (errno == EACCES || errno == EPERM)) {
            char comm[64];
            auto_fd int fd = -1;
            ssize_t n;

            /* Another's process: what it is called is all that may be known. */
            (void)snprintf(link, sizeof(link), "/proc/%s/comm", pid);
            fd = open(link, O_RDONLY | O_CLOEXEC);
            n = fd < 0 ? -1 : read(fd, comm + 1, sizeof(comm) - 2);
            if (n <= 1) {
                continue;
            }
            comm[0] = '/';
            comm[n] = '\0'; /* in place of its LF */
            judge(releases, release, pid, comm, out, counts);
            continue;
        }
        if (len <= 0 || path[0] != '/') {
            continue; /* it has ended, or is the kernel's */
        }
        path[len] = '\0';
        if ((size_t)len > strlen(DELETED) && strcmp(path + len - strlen(DELETED), DELETED) == 0) {
            path[(size_t)len - strlen(DELETED)] = '\0';
        }
        judge(releases, release, pid, path, out, counts);
    }
    free(pids);
    return true;
}
