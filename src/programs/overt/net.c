/* SPDX-License-Identifier: Apache-2.0 */
/* net.c - one download: the name is resolved here, the rest is overt-fetch's, which gets addresses,
 * a port, caps, certificates and a file to append to. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "programs/overt/update.h"
#include "sandbox/jail.h"
#include "trust/line.h"

#define ADDRESSES_MAX 8
#define CERTIFICATES  "/etc/ssl/certs/ca-certificates.crt"
#define FD_SPARE      64 /* the child's own numbers are far below */

/* scheme://host[:port]/..., as much of it as is needed to resolve. */
struct place {
    char host[260];
    unsigned port;
};

static bool read_place(const char *url, struct place *out)
{
    const bool tls = strncmp(url, "https://", 8) == 0;
    const char *at = tls ? url + 8 : strncmp(url, "http://", 7) == 0 ? url + 7 : NULL;
    size_t len;
    uint64_t port = tls ? 443 : 80;

    if (at == NULL || strpbrk(at, "@ ") != NULL) {
        return false;
    }
    len = at[0] == '[' ? strcspn(at, "]") + 1 : strcspn(at, ":/");
    if (len == 0 || len >= sizeof(out->host) || (at[0] == '[' && at[len - 1] != ']')) {
        return false;
    }
    (void)snprintf(out->host, sizeof(out->host), "%.*s", (int)len, at);
    if (at[len] == ':') {
        const size_t digits = strspn(at + len + 1, "0123456789");

        if (ov_decimal_read(ov_bytes_of(at + len + 1, digits), &port) != NULL) {
            return false;
        }
        len += 1 + digits;
    }
    out->port = (unsigned)port;
    return (at[len] == '/' || at[len] == '\0') && port > 0 && port < 65536;
}

static overt_status put_addresses(const struct place *place, struct ov_buf *job, overt_error *err)
{
    const struct addrinfo wish = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    struct addrinfo *found = NULL;
    char bare[260], address[INET6_ADDRSTRLEN];
    int bad, count = 0;

    (void)snprintf(bare, sizeof(bare), "%s", place->host);
    if (bare[0] == '[') {
        memmove(bare, bare + 1, strlen(bare));
        bare[strlen(bare) - 1] = '\0';
    }
    bad = getaddrinfo(bare, NULL, &wish, &found);
    if (bad == EAI_ADDRFAMILY || bad == EAI_NONAME || bad == EAI_NODATA) { /* only loopback is up */
        const struct addrinfo any = { .ai_socktype = SOCK_STREAM };

        bad = getaddrinfo(bare, NULL, &any, &found);
    }
    if (bad != 0) {
        return ov_fail(err, OVERT_E_IO, UINT64_MAX, "%.60s cannot be resolved: %s", bare,
                gai_strerror(bad));
    }
    ov_buf_printf(job, "resolve %s:%u:", place->host, place->port);
    for (const struct addrinfo *a = found; a != NULL && count < ADDRESSES_MAX; a = a->ai_next) {
        const void *raw =
                a->ai_family == AF_INET6
                        ? (const void *)&((struct sockaddr_in6 *)(void *)a->ai_addr)->sin6_addr
                        : (const void *)&((struct sockaddr_in *)(void *)a->ai_addr)->sin_addr;

        if ((a->ai_family == AF_INET || a->ai_family == AF_INET6)
                && inet_ntop(a->ai_family, raw, address, sizeof(address)) != NULL) {
            ov_buf_printf(job, a->ai_family == AF_INET6 ? "%s[%s]" : "%s%s",
                    count++ == 0 ? "" : ",", address);
        }
    }
    ov_buf_put_u8(job, '\n');
    freeaddrinfo(found);
    return count > 0 ? OVERT_OK
                     : ov_fail(err, OVERT_E_IO, UINT64_MAX, "%.60s has no address", bare);
}

/* A memory file with the job, read-only to whoever gets it. */
static int job_file(const struct ov_buf *job)
{
    auto_fd int fd = memfd_create("overt-fetch", MFD_CLOEXEC);

    if (fd < 0 || !ov_buf_ok(job) || !ov_file_write_all(fd, ov_buf_bytes(job))
            || lseek(fd, 0, SEEK_SET) != 0) {
        return -1;
    }
    return ov_steal_fd(&fd);
}

static int start(const int fds[5], int answer, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    char path[4200];
    char *argv[] = { (char[]){ "overt-fetch" }, NULL };
    char *envp[] = { NULL };
    int bad = 0;

    if (!ov_jail_helper("overt-fetch", path, sizeof(path))) {
        return ENAMETOOLONG;
    }
    if (posix_spawn_file_actions_init(&files) != 0) {
        return ENOMEM;
    }
    if (posix_spawnattr_init(&attr) != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    bad = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    bad = bad != 0 ? bad : posix_spawn_file_actions_adddup2(&files, answer, 1);
    bad = bad != 0 ? bad : posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    for (int i = 0; bad == 0 && i < 3; i++) {
        if (fds[i] >= 0) {
            bad = posix_spawn_file_actions_adddup2(&files, fds[i], 3 + i);
        }
    }
    bad = bad != 0 ? bad : posix_spawnattr_setpgroup(&attr, 0);
    bad = bad != 0 ? bad : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
    bad = bad != 0 ? bad : posix_spawn(pid, path, &files, &attr, argv, envp);
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&files);
    return bad;
}

/* "STATUS BYTES WHY": one line; nothing else counts. */
static overt_status hear(int answer, pid_t pid, long *http, uint64_t *bytes, overt_error *err)
{
    char line[300] = "";
    size_t got = 0;
    int status = 0;
    char *end = NULL;

    for (;;) {
        const ssize_t n = read(answer, line + got, sizeof(line) - 1 - got);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0 || (got += (size_t)n) == sizeof(line) - 1) {
            break;
        }
    }
    line[got] = '\0';
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || strchr(line, '\n') == NULL) {
        return ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX, "overt-fetch died (status %#x)",
                (unsigned)status);
    }
    *strchr(line, '\n') = '\0';
    *http = strtol(line, &end, 10);
    *bytes = strtoull(end, &end, 10);
    if (WEXITSTATUS(status) != 0 || *end != ' ') {
        return ov_fail(err, OVERT_E_IO, UINT64_MAX, "%s", *end == ' ' ? end + 1 : "no answer");
    }
    return OVERT_OK;
}

overt_status ov_fetch(struct ov_download *download, const char *url, int body_fd,
        uint64_t bytes_max, uint64_t offset, long *http, overt_error *err)
{
    const uint64_t now = ov_now();
    const uint64_t cap = bytes_max < download->bytes_left ? bytes_max : download->bytes_left;
    auto_fd int job_fd = -1, body = -1, ca = -1, answer = -1, answer_in = -1;
    struct place place;
    struct ov_buf job;
    uint64_t bytes = 0;
    overt_status status;
    int pipes[2], bad;
    pid_t pid = -1;

    *http = 0;
    if (now >= download->until) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "the time for this update is over");
    }
    if (cap == 0) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "the bytes for this update are used up");
    }
    if (!read_place(download->proxy != NULL ? download->proxy : url, &place)) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "not an http or https URL");
    }
    ov_buf_init(&job, 16u * OV_KIB);
    status = put_addresses(&place, &job, err);
    ov_buf_printf(&job,
            "url %s\nmax %" PRIu64 "\noffset %" PRIu64 "\nseconds %" PRIu64 "\nport %u\n", url,
            offset + cap, offset, download->until - now, place.port);
    if (download->proxy != NULL) {
        ov_buf_printf(&job, "proxy %s\n", download->proxy);
    }
    job_fd = status == OVERT_OK ? job_file(&job) : -1;
    ov_buf_done(&job);
    if (status != OVERT_OK) {
        return status;
    }
    /* Numbers that dup2 does not step on. */
    body = fcntl(body_fd, F_DUPFD_CLOEXEC, FD_SPARE);
    ca = open(CERTIFICATES, O_RDONLY | O_CLOEXEC);
    if (job_fd < 0 || body < 0 || pipe2(pipes, O_CLOEXEC) != 0) {
        return ov_fail(
                err, OVERT_E_IO, UINT64_MAX, "overt-fetch cannot be prepared: %s", strerror(errno));
    }
    answer = fcntl(pipes[0], F_DUPFD_CLOEXEC, FD_SPARE);
    answer_in = fcntl(pipes[1], F_DUPFD_CLOEXEC, FD_SPARE);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    {
        const int high_job = fcntl(job_fd, F_DUPFD_CLOEXEC, FD_SPARE);
        const int high_ca = ca < 0 ? -1 : fcntl(ca, F_DUPFD_CLOEXEC, FD_SPARE);
        const int fds[5] = { high_job, body, high_ca };

        bad = start(fds, answer_in, &pid);
        (void)close(high_job);
        if (high_ca >= 0) {
            (void)close(high_ca);
        }
    }
    (void)close(ov_steal_fd(&answer_in));
    if (bad != 0) {
        return ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX, "overt-fetch cannot be started: %s",
                strerror(bad));
    }
    status = hear(answer, pid, http, &bytes, err);
    download->bytes_left -= bytes < download->bytes_left ? bytes : download->bytes_left;
    return status;
}
