/* SPDX-License-Identifier: Apache-2.0 */
/* hive.c - a registry hive goes to the worker together with its logs, in one file of memory: the
 * worker learns no names and is handed one descriptor. Bytes are copied, none of them is looked at.
 * docs/formats/evidence.md has the form. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include "base/limits.h"
#include "evidence/hive_bundle.h"
#include "prohibited/looker.h"

/* Which of a hive's logs a name is; OV_HIVE_LOGS_MAX: none. The names of a user's hive and of its
 * logs differ in case. */
static unsigned log_number(const char *name, const char *hive)
{
    static const char *const ends[OV_HIVE_LOGS_MAX] = { ".LOG", ".LOG1", ".LOG2" };
    const size_t len = strlen(hive);
    unsigned i = 0;

    if (strncasecmp(name, hive, len) != 0) {
        return OV_HIVE_LOGS_MAX;
    }
    while (i < OV_HIVE_LOGS_MAX && strcasecmp(name + len, ends[i]) != 0) {
        i++;
    }
    return i;
}

struct logs {
    int fd[OV_HIVE_LOGS_MAX]; /* owned; -1: none */
    uint64_t size[OV_HIVE_LOGS_MAX];
    uint64_t bytes;
};

static void take_log(struct logs *logs, int folder_fd, const char *name, unsigned number)
{
    auto_fd int fd = ov_tree_open(folder_fd, name, 0);
    struct stat st;

    if (fd >= 0 && logs->fd[number] < 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
            && st.st_size > 0 && (uint64_t)st.st_size <= OV_EVIDENCE_FILE_BYTES_MAX) {
        logs->fd[number] = ov_steal_fd(&fd);
        logs->size[number] = (uint64_t)st.st_size;
        logs->bytes += logs->size[number];
    }
}

static void find_logs(struct logs *logs, int folder_fd, const char *hive)
{
    const int listed = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = listed < 0 ? NULL : fdopendir(listed);
    const struct dirent *entry;

    if (dir == NULL) {
        if (listed >= 0) {
            (void)close(listed);
        }
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        const unsigned number = log_number(entry->d_name, hive);

        if (number < OV_HIVE_LOGS_MAX) {
            take_log(logs, folder_fd, entry->d_name, number);
        }
    }
    (void)closedir(dir);
}

static bool copy(int to, int from, uint64_t bytes)
{
    off_t at = 0;

    while ((uint64_t)at < bytes) {
        const ssize_t n = sendfile(to, from, &at, (size_t)(bytes - (uint64_t)at));

        if (n <= 0 && (n == 0 || errno != EINTR)) {
            return false;
        }
    }
    return true;
}

/* -1: it could not be made, and the hive is read without its logs. */
static int bundle(const struct logs *logs, int hive_fd, uint64_t hive_bytes)
{
    auto_fd int out = memfd_create("overt-hive", MFD_CLOEXEC);
    struct ov_hive_bundle head = { .magic = ov_le32_of(OV_HIVE_BUNDLE_MAGIC),
        .hive_bytes = ov_le64_of(hive_bytes) };
    bool good;

    for (unsigned i = 0; i < OV_HIVE_LOGS_MAX; i++) {
        head.log_bytes[i] = ov_le64_of(logs->size[i]);
    }
    good = out >= 0 && write(out, &head, sizeof(head)) == (ssize_t)sizeof(head);
    for (unsigned i = 0; i < OV_HIVE_LOGS_MAX && good; i++) {
        good = logs->size[i] == 0 || copy(out, logs->fd[i], logs->size[i]);
    }
    good = good && copy(out, hive_fd, hive_bytes);
    return good ? ov_steal_fd(&out) : -1;
}

int ov_hive_with_logs(
        int folder_fd, const char *name, int hive_fd, uint64_t hive_bytes, uint64_t *bytes)
{
    struct logs logs = { .fd = { -1, -1, -1 } };
    int out = -1;

    find_logs(&logs, folder_fd, name);
    *bytes = sizeof(struct ov_hive_bundle) + logs.bytes + hive_bytes;
    if (logs.bytes != 0 && hive_bytes != 0 && *bytes <= OV_EVIDENCE_FILE_BYTES_MAX) {
        out = bundle(&logs, hive_fd, hive_bytes);
    }
    for (unsigned i = 0; i < OV_HIVE_LOGS_MAX; i++) {
        if (logs.fd[i] >= 0) {
            (void)close(logs.fd[i]);
        }
    }
    return out;
}
