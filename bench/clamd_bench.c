/* SPDX-License-Identifier: Apache-2.0 */
/* clamd_bench.c - a client that is not the bottleneck: `files` small streams or descriptors in one
 * session of clamd's protocol, so many under way at once. Prints seconds; every answer must be OK.
 * What is in a file follows from its number; the first is FIRST. Descriptors are of files in FOLDER,
 * opened for reading as clamdscan does; those that are not there yet are made beforehand.
 * usage: clamd_bench SOCKET instream|fildes FILES BYTES WINDOW FOLDER FIRST */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BYTES_MAX 65536u

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static int connect_to(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
        die(path);
    }
    return fd;
}

static void send_whole(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0) {
            die("send");
        }
        bytes += n;
        len -= (size_t)n;
    }
}

/* No two files are alike: a daemon that remembers contents knows those alone that it was sent before. */
static void fill(char *file, size_t bytes, uint64_t number)
{
    for (size_t i = 0; i < bytes; i++) {
        number = number * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        file[i] = (char)(number >> 56);
    }
}

static void send_stream(int fd, const char *file, size_t bytes)
{
    static const char head[] = "zINSTREAM";
    char whole[BYTES_MAX + 32];
    const uint32_t len = htonl((uint32_t)bytes);

    memcpy(whole, head, sizeof(head));
    memcpy(whole + sizeof(head), &len, 4);
    memcpy(whole + sizeof(head) + 4, file, bytes);
    memset(whole + sizeof(head) + 4 + bytes, 0, 4);
    send_whole(fd, whole, sizeof(head) + bytes + 8);
}

/* -1: it is there already, and was to be made. */
static int open_file(const char *folder, uint64_t number, int flags)
{
    char path[4096];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%llu", folder, (unsigned long long)number);
    fd = open(path, flags, 0644);
    if (fd < 0 && !(errno == EEXIST && (flags & O_EXCL) != 0)) {
        die(path);
    }
    return fd;
}

static void make_files(const char *folder, uint64_t first, uint64_t count, size_t bytes)
{
    static char file[BYTES_MAX];

    for (uint64_t i = first; i < first + count; i++) {
        const int fd = open_file(folder, i, O_WRONLY | O_CREAT | O_EXCL);

        fill(file, bytes, i);
        if (fd >= 0 && (write(fd, file, bytes) != (ssize_t)bytes || close(fd) != 0)) {
            die("write");
        }
    }
}

static void send_descriptor(int fd, const char *folder, uint64_t number)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = { .bytes = { 0 } };
    char zero = 0;
    struct iovec part = { .iov_base = &zero, .iov_len = 1 };
    struct msghdr msg = { .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes) };
    struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
    const int file = open_file(folder, number, O_RDONLY);

    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(h), &file, sizeof(file));
    send_whole(fd, "zFILDES", 8);
    if (sendmsg(fd, &msg, MSG_NOSIGNAL) != 1) {
        die("sendmsg");
    }
    (void)close(file);
}

/* Reads answers until at most `window` are missing; counts those that are OK. */
static void take(int fd, uint64_t sent, uint64_t window, uint64_t *taken, uint64_t *good)
{
    static char last[4]; /* the end of the answer under way */
    char bytes[65536];

    while (sent - *taken > window) {
        const ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

        if (n <= 0) {
            die("recv");
        }
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] == '\0') {
                (*taken)++;
                *good += memcmp(last + 1, " OK", 3) == 0 ? 1 : 0;
            }
            memmove(last, last + 1, 3);
            last[3] = bytes[i];
        }
    }
}

int main(int argc, char **argv)
{
    static char file[BYTES_MAX];
    uint64_t count, window, first, taken = 0, good = 0;
    struct timespec from, to;
    size_t bytes;
    int fd;

    if (argc != 8 || strtoul(argv[4], NULL, 10) > BYTES_MAX) {
        (void)fprintf(stderr,
                "usage: clamd_bench SOCKET instream|fildes FILES BYTES WINDOW FOLDER FIRST\n");
        return 2;
    }
    count = strtoul(argv[3], NULL, 10);
    bytes = strtoul(argv[4], NULL, 10);
    window = strtoul(argv[5], NULL, 10);
    first = strtoul(argv[7], NULL, 10);
    if (strcmp(argv[2], "fildes") == 0) {
        make_files(argv[6], first, count, bytes);
    }
    fd = connect_to(argv[1]);
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    send_whole(fd, "zIDSESSION", 11);
    for (uint64_t i = 0; i < count; i++) {
        if (strcmp(argv[2], "fildes") == 0) {
            send_descriptor(fd, argv[6], first + i);
        } else {
            fill(file, bytes, first + i);
            send_stream(fd, file, bytes);
        }
        take(fd, i + 1, window, &taken, &good);
    }
    take(fd, count, 0, &taken, &good);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.3f\n", (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    if (good != count) {
        (void)fprintf(stderr, "clamd_bench: %llu of %llu answers were OK\n",
                (unsigned long long)good, (unsigned long long)count);
        return 1;
    }
    return 0;
}
