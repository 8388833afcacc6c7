/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - overt-verify: is this entry in a log that the policy accepts? Offline, from three files,
 * with nearly every right given up (shut.c). In its jail (jailed.c) it judges whole updates.
 *
 * It trusts the policy, which is the owner's, and nothing of the entry or the proof. It holds no
 * key that signs, asks no network and writes nothing but its answer. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "programs/verify/verify.h"
#include "trust/line.h"
#include "trust/proof.h"

enum {
    EXIT_GOOD = 0,
    EXIT_REFUSED = 1, /* the proof does not show what it should */
    EXIT_ERROR = 2,   /* nothing was judged: usage, an unreadable file, an unusable policy */
};

static const char usage[] =
        "usage: overt-verify proof --policy FILE --entry FILE PROOF\n"
        "       overt-verify --help | --version\n"
        "\n"
        "Says whether the entry is in a log that the policy accepts, by an offline proof\n"
        "(c2sp.org/tlog-proof@v1). Exit status: 0 it is, 1 refused, with the reason in one\n"
        "line, 2 nothing could be judged.\n";

struct request {
    const char *policy_path;
    const char *entry_path;
    const char *proof_path;
};

/* What was read, and so what the parsed forms borrow from. */
struct session {
    struct ov_buf policy_bytes;
    struct ov_buf entry_bytes;
    struct ov_buf proof_bytes;
    struct ov_policy policy;
    struct ov_proof proof;
    struct ov_judgement judgement;
};

/* One line on stderr; names and sentences may hold bytes from outside. */
static void tell(const char *path, uint32_t line, const char *sentence)
{
    struct ov_buf out;
    struct ov_bytes bytes;

    ov_buf_init(&out, SIZE_MAX);
    ov_buf_put_text(&out, "overt-verify: ");
    if (path != NULL) {
        ov_text_escape(&out, ov_bytes_of(path, strlen(path)));
        if (line != 0) {
            ov_buf_printf(&out, ":%" PRIu32, line);
        }
        ov_buf_put_text(&out, ": ");
    }
    ov_text_escape(&out, ov_bytes_of(sentence, strlen(sentence)));
    ov_buf_put_u8(&out, '\n');
    bytes = ov_buf_ok(&out) ? ov_buf_bytes(&out) : ov_bytes_of("overt-verify: no memory\n", 24);
    if (!ov_file_write_all(STDERR_FILENO, bytes)) {
        /* there is nobody else to be told */
    }
    ov_buf_done(&out);
}

/* Reads up to bytes_max + 1: the parser says what is wrong with one byte too many. */
static bool read_file(const char *path, size_t bytes_max, struct ov_buf *out)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n = 0;
    size_t left = bytes_max + 1;

    ov_buf_init(out, left);
    if (fd < 0) {
        tell(path, 0, strerror(errno));
        return false;
    }
    do {
        uint8_t block[4096];

        n = read(fd, block, left < sizeof(block) ? left : sizeof(block));
        if (n > 0) {
            ov_buf_put(out, block, (size_t)n);
            left -= (size_t)n;
        }
    } while ((n > 0 && left > 0) || (n < 0 && errno == EINTR));
    if (n < 0) {
        tell(path, 0, strerror(errno));
        return false;
    }
    if (!ov_buf_ok(out)) {
        tell(path, 0, "no memory to read it");
        return false;
    }
    return true;
}

static bool is_our_failure(overt_status status)
{
    return status == OVERT_E_NOMEM || status == OVERT_E_INTERNAL;
}

static int refuse(const struct request *request, overt_status status, const overt_error *err)
{
    tell(request->proof_path, err->line, err->message);
    return is_our_failure(status) ? EXIT_ERROR : EXIT_REFUSED;
}

static uint32_t days_of(uint32_t year, uint32_t month)
{
    static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month] + (month == 1 && leap ? 1u : 0u);
}

/* "2026-01-01T00:00:10Z"; years of five digits stay seconds. The C library's calendar would read
 * /etc/localtime, or what the environment names in its place. */
static void put_time(struct ov_buf *out, uint64_t seconds)
{
    const unsigned in_day = (unsigned)(seconds % 86400);
    uint64_t days = seconds / 86400;
    uint32_t year = 1970, month = 0;

    for (; year < 10000 && days >= days_of(year, month); month = (month + 1) % 12) {
        days -= days_of(year, month);
        year += month == 11;
    }
    if (year == 10000) {
        ov_buf_printf(out, "%" PRIu64 " s after 1970", seconds);
        return;
    }
    ov_buf_printf(out, "%04u-%02u-%02uT%02u:%02u:%02uZ", year, month + 1, (unsigned)days + 1,
            in_day / 3600, in_day / 60 % 60, in_day % 60);
}

static int accept_proof(const struct session *s)
{
    struct ov_buf out;
    struct ov_bytes bytes;
    bool good;

    ov_buf_init(&out, SIZE_MAX);
    ov_buf_printf(&out, "verified: entry %" PRIu64 " of %" PRIu64 " in ", s->proof.index,
            s->proof.checkpoint.size);
    ov_text_escape(&out, s->proof.checkpoint.origin);
    if (s->judgement.counted == 0) {
        ov_buf_put_text(&out, ", no witness asked for");
    } else {
        ov_buf_put_text(&out, ", cosigned by");
        for (uint32_t i = 0; i < s->policy.name_count; i++) {
            if (s->judgement.is_counted[i]) {
                ov_buf_put_u8(&out, ' ');
                ov_text_escape(&out, s->policy.names[i].name);
            }
        }
        ov_buf_put_text(&out, ", median time ");
        put_time(&out, s->judgement.median_time);
    }
    if (ov_bytes_len(s->proof.extra) != 0) {
        ov_buf_put_text(&out, "; its extra data are vouched for by nobody");
    }
    ov_buf_put_u8(&out, '\n');
    bytes = ov_buf_bytes(&out);
    good = ov_buf_ok(&out)
           && ov_file_write_all(
                   STDOUT_FILENO, bytes); /* not stdio, which asks the kernel about its files */
    ov_buf_done(&out);
    if (!good) {
        tell(NULL, 0, "the answer could not be written");
        return EXIT_ERROR;
    }
    return EXIT_GOOD;
}

static int verify(const struct request *request, struct session *s)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_status status;

    if (!shut_prepare()) {
        tell(NULL, 0, "no memory");
        return EXIT_ERROR;
    }
    if (!read_file(request->policy_path, OV_POLICY_BYTES_MAX, &s->policy_bytes)
            || !read_file(request->entry_path, OV_LOG_ENTRY_BYTES_MAX, &s->entry_bytes)
            || !read_file(request->proof_path, OV_PROOF_BYTES_MAX, &s->proof_bytes)) {
        return EXIT_ERROR;
    }
    if (!shut_in()) {
        tell(NULL, 0, "it cannot give up its rights here, and so judges nothing");
        return EXIT_ERROR;
    }
    if (ov_policy_read(ov_buf_bytes(&s->policy_bytes), &s->policy, &err) != OVERT_OK) {
        tell(request->policy_path, err.line, err.message);
        return EXIT_ERROR;
    }
    status = ov_proof_read(ov_buf_bytes(&s->proof_bytes), &s->proof, &err);
    if (status == OVERT_OK) {
        status = ov_proof_check(
                &s->proof, &s->policy, ov_buf_bytes(&s->entry_bytes), &s->judgement, &err);
    }
    return status == OVERT_OK ? accept_proof(s) : refuse(request, status, &err);
}

static int bad_usage(const char *what, const char *why)
{
    tell(what, 0, why);
    (void)fputs("usage: overt-verify proof --policy FILE --entry FILE PROOF\n", stderr);
    return EXIT_ERROR;
}

/* `argv` begins behind "proof". */
static int parse(int argc, char **argv, struct request *out)
{
    for (int i = 0; i < argc; i++) {
        const bool is_policy = strcmp(argv[i], "--policy") == 0;
        const char **to = is_policy ? &out->policy_path : &out->entry_path;

        if (is_policy || strcmp(argv[i], "--entry") == 0) {
            if (i + 1 == argc || *to != NULL) {
                return bad_usage(argv[i], "takes one file, once");
            }
            *to = argv[++i];
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            return bad_usage(argv[i], "no such option");
        } else if (out->proof_path != NULL) {
            return bad_usage(argv[i], "a second proof; one at a time");
        } else {
            out->proof_path = argv[i];
        }
    }
    if (out->policy_path == NULL || out->entry_path == NULL || out->proof_path == NULL) {
        return bad_usage(out->policy_path == NULL  ? "--policy FILE"
                         : out->entry_path == NULL ? "--entry FILE"
                                                   : "PROOF",
                "missing");
    }
    return EXIT_GOOD;
}

int main(int argc, char **argv)
{
    struct request request = { 0 };
    struct session *s;
    int result;

    if (argc == 2 && strcmp(argv[1], "compile") == 0) { /* the jail's name for its kind */
        verify_in_jail();
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("overt-verify %s\n", OV_VERSION);
        return EXIT_GOOD;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            (void)fputs(usage, stdout);
            return EXIT_GOOD;
        }
    }
    if (argc < 2 || strcmp(argv[1], "proof") != 0) {
        return bad_usage(argc < 2 ? NULL : argv[1], "the only command is \"proof\"");
    }
    result = parse(argc - 2, argv + 2, &request);
    if (result != EXIT_GOOD) {
        return result;
    }
    s = calloc(1, sizeof(*s)); /* 50 kB of parsed forms */
    if (s == NULL) {
        tell(NULL, 0, "no memory");
        return EXIT_ERROR;
    }
    result = verify(&request, s);
    ov_buf_done(&s->policy_bytes);
    ov_buf_done(&s->entry_bytes);
    ov_buf_done(&s->proof_bytes);
    free(s);
    leave(result);
}
