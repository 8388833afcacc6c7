/* SPDX-License-Identifier: Apache-2.0 */
/* echo.c - the smallest honest worker: does what the first word of the "scanned" file says, and
 * answers with one END frame that carries a number. Tests only; it trusts its test. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/digest.h"
#include "sandbox/frame.h"

#define EXIT_PROTOCOL 3

/* --- what it can be told to do; each returns the number to answer with ------------------------ */

static uint32_t sum(const uint8_t *at, size_t len)
{
    uint32_t total = 1;

    for (size_t i = 0; i < len; i++) {
        total += at[i];
    }
    return total;
}

static uint32_t do_sum(const uint8_t *file, size_t len)
{
    return sum(file, len);
}

static uint32_t do_segv(const uint8_t *file, size_t len)
{
    volatile uintptr_t never_mapped = 16;

    (void)file;
    (void)len;
    *(volatile uint8_t *)never_mapped = 1;
    return 0;
}

static uint32_t do_exit(const uint8_t *file, size_t len)
{
    (void)file;
    (void)len;
    _exit(7);
}

static uint32_t do_getpid(const uint8_t *file, size_t len)
{
    (void)file;
    (void)len;
    return (uint32_t)syscall(SYS_getpid);
}

static uint32_t do_abort(const uint8_t *file, size_t len)
{
    (void)file;
    (void)len;
    abort();
}

static uint32_t do_spin(const uint8_t *file, size_t len)
{
    (void)file;
    (void)len;
    for (;;) {
        __asm__ volatile("");
    }
    return 0;
}

static uint32_t do_wait(const uint8_t *file, size_t len)
{
    struct msghdr msg = { 0 };

    (void)file;
    (void)len;
    return (uint32_t)recvmsg(OV_JAIL_FD_CHANNEL, &msg, 0);
}

static int by_value(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Sorting enough that the C library asks for the machine's memory, and growing what it sorts. */
static uint32_t do_sort(const uint8_t *file, size_t len)
{
    uint32_t *numbers = NULL;
    size_t count = 0;

    (void)file;
    (void)len;
    for (size_t room = 1024; room <= 1024u * 1024u; room *= 4) {
        uint32_t *grown = realloc(numbers, room * sizeof(*numbers));

        if (grown == NULL) {
            return 0;
        }
        numbers = grown;
        for (; count < room; count++) {
            numbers[count] = (uint32_t)(count * 2654435761u);
        }
    }
    qsort(numbers, count, sizeof(*numbers), by_value);
    for (size_t i = 1; i < count; i++) {
        if (numbers[i - 1] > numbers[i]) {
            return 0;
        }
    }
    free(numbers);
    return 1;
}

/* OpenSSL from its first call on. */
static uint32_t do_digest(const uint8_t *file, size_t len)
{
    uint8_t digest[OV_DIGEST_BYTES_MAX];

    for (int kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        if (!ov_digest_of((enum ov_digest_kind)kind, ov_bytes_of(file, len), digest)) {
            return 0;
        }
    }
    return (uint32_t)digest[0] << 8 | digest[1];
}

static uint32_t do_database(const uint8_t *file, size_t len)
{
    const uint8_t *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);

    (void)file;
    (void)len;
    return map == MAP_FAILED ? 0 : sum(map, 16);
}

static uint32_t do_output(const uint8_t *file, size_t len)
{
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);

    (void)file;
    (void)len;
    if (map == MAP_FAILED) {
        return 0;
    }
    memcpy(map, "written", 7);
    return 1;
}

/* Touches memory until there is no more; answers with the MiB it got. */
static uint32_t do_memory(const uint8_t *file, size_t len)
{
    uint32_t mib = 1;
    char *at;

    (void)file;
    (void)len;
    while ((at = malloc(1024u * 1024u)) != NULL) {
        memset(at, 1, 1024u * 1024u);
        __asm__ volatile("" : : "r"(at) : "memory"); /* it is used, compiler */
        mib++;
    }
    return mib;
}

static const struct {
    const char *word;
    uint32_t (*run)(const uint8_t *file, size_t len);
} orders[] = {
    { "sum", do_sum },
    { "segv", do_segv },
    { "exit", do_exit },
    { "getpid", do_getpid },
    { "abort", do_abort },
    { "spin", do_spin },
    { "wait", do_wait },
    { "sort", do_sort },
    { "digest", do_digest },
    { "database", do_database },
    { "output", do_output },
    { "memory", do_memory },
};

/* --- the loop ------------------------------------------------------------------------------- */

static uint32_t obey(int fd, uint64_t size)
{
    static uint8_t file[65536];
    const ssize_t n = pread(fd, file, size < sizeof(file) ? (size_t)size : sizeof(file), 0);

    for (size_t i = 0; n > 0 && i < sizeof(orders) / sizeof(orders[0]); i++) {
        const size_t word = strlen(orders[i].word);

        if ((size_t)n >= word && memcmp(file, orders[i].word, word) == 0) {
            return orders[i].run(file, (size_t)n);
        }
    }
    return n > 0 ? do_sum(file, (size_t)n) : 1;
}

static bool next_request(struct ov_request *request, int *fd)
{
    uint8_t message[OV_REQUEST_BYTES_MAX];
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = { .iov_base = message, .iov_len = sizeof(message) };
    struct msghdr msg = { .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes) };
    const ssize_t n = recvmsg(OV_JAIL_FD_CHANNEL, &msg, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *head;
    struct ov_bytes name;

    if (n == 0) {
        _exit(0);
    }
    head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    if (head == NULL || head->cmsg_len != CMSG_LEN(sizeof(int))
            || !ov_request_decode(ov_bytes_of(message, (size_t)n), request, &name)) {
        return false;
    }
    memcpy(fd, CMSG_DATA(head), sizeof(*fd));
    return true;
}

int main(void)
{
    struct ov_request request;
    struct ov_verdict_frame frame;
    int fd;

    while (next_request(&request, &fd)) {
        const struct ov_verdict end = {
            .kind = OV_VERDICT_END,
            .objects = obey(fd, ov_le64_get(request.size)),
        };

        (void)close(fd);
        ov_verdict_encode(&frame, ov_le32_get(request.seq), &end);
        if (write(OV_JAIL_FD_CHANNEL, &frame, sizeof(frame)) != (ssize_t)sizeof(frame)) {
            break;
        }
    }
    _exit(EXIT_PROTOCOL);
}
