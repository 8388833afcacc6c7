/* SPDX-License-Identifier: Apache-2.0 */
/* replies.c - scans files in the real jail and prints what the worker sent, byte for byte in hex.
 *
 *   replies verdict|explain DATABASE FILE...
 *
 * Used by the test that the same bytes and rules give the same replies everywhere. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/text.h"
#include "sandbox/jail.h"

#define REPLY_WAIT_MS 60000

static int fail(const char *what)
{
    (void)fprintf(stderr, "replies: %s: %s\n", what, strerror(errno));
    return 1;
}

static void print_hex(struct ov_bytes message)
{
    struct ov_buf hex;

    ov_buf_init(&hex, 2u * OV_EXPLAIN_FRAME_BYTES_MAX);
    ov_text_hex(&hex, message);
    printf("%.*s\n", (int)ov_bytes_len(ov_buf_bytes(&hex)),
            (const char *)ov_bytes_raw(ov_buf_bytes(&hex)));
    ov_buf_done(&hex);
}

/* True when this was the last frame of the file. */
static bool is_last(struct ov_bytes message, uint32_t seq, bool explain)
{
    struct ov_verdict verdict;
    struct ov_record record;
    bool cut;

    if (explain) {
        return ov_record_decode(message, seq, &record, &cut)
               && (record.kind == OV_RECORD_END || record.kind == OV_RECORD_FAILED);
    }
    return ov_verdict_decode(message, seq, UINT32_MAX, &verdict) && verdict.kind == OV_VERDICT_END;
}

static int scan(struct ov_jail *jail, const char *path, uint32_t seq, bool explain)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct ov_request request = {
        .magic = ov_le32_of(OV_REQUEST_MAGIC),
        .kind = ov_le32_of(OV_REQUEST_SCAN),
        .seq = ov_le32_of(seq),
    };
    uint8_t message[OV_EXPLAIN_FRAME_BYTES_MAX];
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        return fail(path);
    }
    request.size = ov_le64_of((uint64_t)st.st_size);
    if (!ov_jail_send(jail, &request, ov_bytes_of(NULL, 0), fd)) {
        return fail("send");
    }
    for (;;) {
        struct pollfd ready = { .fd = ov_jail_channel(jail), .events = POLLIN };
        ssize_t n;

        if (poll(&ready, 1, REPLY_WAIT_MS) != 1) {
            return fail("no reply");
        }
        n = recv(ready.fd, message, sizeof(message), 0);
        if (n <= 0) {
            return fail("the worker is gone");
        }
        print_hex(ov_bytes_of(message, (size_t)n));
        if (is_last(ov_bytes_of(message, (size_t)n), seq, explain)) {
            return 0;
        }
    }
}

int main(int argc, char **argv)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_jail *jail = NULL;
    auto_fd int db = -1;
    struct stat st;
    bool explain;
    int bad = 0;

    if (argc < 4) {
        (void)fprintf(stderr, "usage: replies verdict|explain DATABASE FILE...\n");
        return 2;
    }
    explain = strcmp(argv[1], "explain") == 0;
    db = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (db < 0 || fstat(db, &st) != 0) {
        return fail(argv[2]);
    }
    {
        const struct ov_jail_spec spec = {
            .program = "overt-worker",
            .profile = explain ? OV_JAIL_EXPLAIN : OV_JAIL_VERDICT,
            .database_fd = db,
            .memory_bytes = 512u * OV_MIB,
            .database_bytes = (uint64_t)st.st_size,
            .cpu_seconds = 60,
        };

        if (ov_jail_open(&jail, &spec, &err) != OVERT_OK) {
            (void)fprintf(stderr, "replies: %s\n", err.message);
            return 1;
        }
    }
    for (int i = 3; i < argc && bad == 0; i++) {
        bad = scan(jail, argv[i], (uint32_t)i, explain);
    }
    ov_jail_close(jail);
    return bad;
}
