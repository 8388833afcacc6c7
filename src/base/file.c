/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

overt_status ov_file_fail(overt_error *err, int sys_errno, const char *path, const char *what)
{
    const overt_status status =
            ov_fail(err, OVERT_E_IO, UINT64_MAX, "%s: %s", what, strerror(sys_errno));

    if (err != NULL) {
        err->sys_errno = sys_errno;
        (void)snprintf(
                err->source, sizeof(err->source), "%.*s", (int)sizeof(err->source) - 1, path);
    }
    return status;
}

overt_status ov_file_read(
        int at, const char *path, size_t bytes_max, struct ov_buf *out, overt_error *err)
{
    auto_fd int fd = openat(at, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    size_t got = 0;

    if (fd < 0) {
        return ov_file_fail(err, errno, path, "it cannot be opened");
    }
    for (;;) {
        uint8_t block[65536];
        const ssize_t n = read(fd, block, sizeof(block));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return ov_file_fail(err, errno, path, "it cannot be read");
        }
        if (n == 0) {
            break;
        }
        got += (size_t)n;
        if (got > bytes_max) {
            overt_status status = ov_fail(
                    err, OVERT_E_LIMIT, UINT64_MAX, "it has more than %zu bytes", bytes_max);

            if (err != NULL) {
                (void)snprintf(err->source, sizeof(err->source), "%.*s",
                        (int)sizeof(err->source) - 1, path);
            }
            return status;
        }
        ov_buf_put(out, block, (size_t)n);
    }
    return ov_buf_ok(out) ? OVERT_OK : ov_file_fail(err, ENOMEM, path, "it cannot be kept");
}

bool ov_file_write_all(int fd, struct ov_bytes bytes)
{
    const uint8_t *at = ov_bytes_raw(bytes);
    size_t left = (size_t)ov_bytes_len(bytes);

    while (left > 0) {
        const ssize_t n = write(fd, at, left);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n < 0 ? errno : ENOSPC;
            return false;
        }
        at += n;
        left -= (size_t)n;
    }
    return true;
}

/* The folder a path lies in, "." for a bare name. False: too long. */
static bool folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    const size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    if (len >= PATH_MAX) {
        return false;
    }
    (void)snprintf(folder, PATH_MAX, "%.*s", (int)len, path);
    if (len == 0) {
        (void)snprintf(folder, PATH_MAX, "%s", slash == NULL ? "." : "/");
    }
    return true;
}

overt_status ov_folder_sync(int at, const char *path, overt_error *err)
{
    auto_fd int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0) {
        return ov_file_fail(err, errno, path, "the folder cannot be synced");
    }
    return OVERT_OK;
}

overt_status ov_file_replace(
        int at, const char *path, struct ov_bytes bytes, mode_t mode, overt_error *err)
{
    char folder[PATH_MAX], fresh[PATH_MAX];
    auto_fd int fd = -1;

    if (!folder_of(path, folder)
            || snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh)) {
        return ov_file_fail(err, ENAMETOOLONG, path, "it cannot be written");
    }
    fd = openat(at, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 || !ov_file_write_all(fd, bytes) || fsync(fd) != 0) {
        return ov_file_fail(err, errno, path, "it cannot be written");
    }
    if (renameat(at, fresh, at, path) != 0) {
        return ov_file_fail(err, errno, path, "it cannot be replaced");
    }
    return ov_folder_sync(at, folder, err);
}

overt_status ov_folder_make(int at, const char *path, mode_t mode, overt_error *err)
{
    char part[PATH_MAX];
    const size_t len = strlen(path);

    if (len >= sizeof(part)) {
        return ov_file_fail(err, ENAMETOOLONG, path, "the folder cannot be made");
    }
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdirat(at, part, mode) != 0 && errno != EEXIST) {
            return ov_file_fail(err, errno, part, "the folder cannot be made");
        }
    }
    return OVERT_OK;
}
