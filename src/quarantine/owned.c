/* SPDX-License-Identifier: Apache-2.0 */
/* owned.c - does a file belong to the operating system? Asked of dpkg's lists, and of rpm where
 * that is installed. A machine's own programs are not moved away without a person. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "quarantine/store.h"

#define DPKG_LISTS "/var/lib/dpkg/info"
#define RPM        "/usr/bin/rpm"

/* Does the list have a line that is just `path`? */
static bool has_line(const char *text, size_t len, const char *path)
{
    const size_t bytes = strlen(path);
    const char *at = text, *end = text + len;

    while (at < end && (at = memmem(at, (size_t)(end - at), path, bytes)) != NULL) {
        if ((at == text || at[-1] == '\n') && (at + bytes == end || at[bytes] == '\n')) {
            return true;
        }
        at++;
    }
    return false;
}

static bool list_has(int fd, const char *path)
{
    struct stat st;
    char *text;
    bool found;

    if (fstat(fd, &st) != 0 || st.st_size <= 0) {
        return false;
    }
    text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (text == MAP_FAILED) {
        return false;
    }
    /* Where /bin is a link to /usr/bin, packages may name a file by either. */
    found = has_line(text, (size_t)st.st_size, path)
            || (strncmp(path, "/usr/", 5) == 0 && has_line(text, (size_t)st.st_size, path + 4));
    (void)munmap(text, (size_t)st.st_size);
    return found;
}

/* False: the lists cannot be read. */
static bool ask_dpkg(const char *path, char *out, size_t size)
{
    DIR *dir = opendir(DPKG_LISTS);
    const struct dirent *entry;

    if (dir == NULL) {
        return errno == ENOENT;
    }
    while (out[0] == '\0' && (entry = readdir(dir)) != NULL) {
        const size_t len = strlen(entry->d_name);
        auto_fd int fd = -1;

        if (len <= 5 || strcmp(entry->d_name + len - 5, ".list") != 0) {
            continue;
        }
        fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0 && list_has(fd, path)) {
            (void)snprintf(out, size, "%.*s", (int)(len - 5), entry->d_name);
        }
    }
    (void)closedir(dir);
    return true;
}

static bool ask_rpm(const char *path, char *out, size_t size)
{
    char *argv[] = { (char[]){ "rpm" }, (char[]){ "-qf" }, (char[]){ "--qf" },
        (char[]){ "%{NAME}\\n" }, strdup(path), NULL };
    char *envp[] = { (char[]){ "PATH=/usr/bin:/bin" }, (char[]){ "LC_ALL=C" }, NULL };
    posix_spawn_file_actions_t files;
    int ends[2], status = 0;
    bool good = false;
    ssize_t n;
    pid_t pid;

    if (access(RPM, X_OK) != 0) {
        free(argv[4]);
        return true;
    }
    if (argv[4] == NULL || pipe2(ends, O_CLOEXEC) != 0) {
        free(argv[4]);
        return false;
    }
    if (posix_spawn_file_actions_init(&files) == 0) {
        good = posix_spawn_file_actions_adddup2(&files, ends[1], 1) == 0
               && posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0) == 0
               && posix_spawn(&pid, RPM, &files, NULL, argv, envp) == 0;
        (void)posix_spawn_file_actions_destroy(&files);
    }
    (void)close(ends[1]);
    if (good) {
        n = read(ends[0], out, size - 1);
        good = waitpid(pid, &status, 0) == pid && WIFEXITED(status);
        out[n > 0 && good && WEXITSTATUS(status) == 0 ? n : 0] = '\0';
        out[strcspn(out, "\n")] = '\0';
    }
    (void)close(ends[0]);
    free(argv[4]);
    return good;
}

bool ov_owned_by_package(const char *path, char *out, size_t size)
{
    out[0] = '\0';
    return ask_dpkg(path, out, size) && (out[0] != '\0' || ask_rpm(path, out, size));
}
