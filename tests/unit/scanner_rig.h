/* SPDX-License-Identifier: Apache-2.0 */
/* scanner_rig.h - what the tests of the scanner share: a database, files, a worker that does what
 * the first byte of a file tells it to, and a run over many such files. */
#ifndef OV_TESTS_SCANNER_RIG_H
#define OV_TESTS_SCANNER_RIG_H

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include <overt/overt.h>

#include "base/checked.h"
#include "db/write.h"
#include "tests/tap.h"
#include "tests/unit/fake_jail.h"

#define RULES 10u

#ifndef RIG_BULK
#define RIG_BULK 0u
#endif

/* A database with RULES rules and nothing else: enough for a supervisor, which reads none. */
static inline overt_db *small_db(void)
{
    struct ov_db_writer writer;
    overt_db *db = NULL;
    uint8_t *bytes;
    size_t size;

    ov_db_writer_init(&writer, 1u << 20);
    ov_buf_put_zeros(&writer.sections[OV_DB_RULES], RULES * 80u);
    writer.counts[OV_DB_RULES] = RULES;
    size = (size_t)ov_db_writer_size(&writer);
    bytes = malloc(size);
    if (bytes == NULL || ov_db_writer_finish(&writer, bytes, size, NULL) != OVERT_OK
            || overt_db_open_bytes(&db, bytes, size, NULL) != OVERT_OK) {
        abort();
    }
    free(bytes);
    ov_db_writer_done(&writer);
    return db;
}

/* A read-only descriptor of a file with this content. */
static inline int file_of(const void *bytes, size_t len)
{
    char path[] = "/tmp/overt-scanner-test.XXXXXX";
    const int fd = mkstemp(path);
    int again;

    if (fd < 0 || write(fd, bytes, len) != (ssize_t)len) {
        abort();
    }
    again = open(path, O_RDONLY | O_CLOEXEC);
    (void)close(fd);
    (void)unlink(path);
    if (again < 0) {
        abort();
    }
    return again;
}

static inline int file_of_text(const char *text)
{
    return file_of(text, strlen(text));
}

static inline overt_scanner *scanner_with(
        fake_part part, uint32_t workers, overt_profile profile, uint32_t time_ms)
{
    overt_limits limits = OVERT_LIMITS_INIT;
    overt_options options = OVERT_OPTIONS_INIT;
    overt_scanner *s = NULL;
    overt_db *db = small_db();

    memset(&fake, 0, sizeof(fake));
    fake.part = part;
    limits.time_ms_max = time_ms;
    options.workers = workers;
    options.profile = profile;
    options.bulk = profile == OVERT_PROFILE_VERDICT ? RIG_BULK : 0;
    if (overt_scanner_new(&s, db, &limits, &options, NULL) != OVERT_OK) {
        abort();
    }
    overt_db_free(db); /* the scanner keeps it */
    return s;
}

/* What a file is to do to its worker stands in its first byte. */
static inline char order_of(const struct fake_request *request)
{
    char c = 'c';

    if (request->size != 0 && pread(request->fd, &c, 1, 0) != 1) {
        _exit(9);
    }
    return c;
}

static inline void obey(int channel, char order, uint32_t seq)
{
    switch (order) {
    case 'h': /* a hit */
        fake_verdict(channel, seq,
                (struct ov_verdict){ .kind = OV_VERDICT_HIT, .rule = 3, .offset = 7, .object = 2 });
        break;
    case 'i':
        fake_verdict(channel, seq,
                (struct ov_verdict){
                        .kind = OV_VERDICT_INCOMPLETE, .reason = OV_REASON_ENCRYPTED });
        break;
    case 'd': /* dies */
        (void)kill(getpid(), SIGSEGV);
        (void)pause();
        break;
    case 'D': /* a hit, then it dies */
        obey(channel, 'h', seq);
        (void)kill(getpid(), SIGKILL);
        (void)pause();
        break;
    case 'S':
        (void)kill(getpid(), SIGSYS);
        (void)pause();
        break;
    case 'w': /* hangs */
        for (;;) {
            (void)pause();
        }
    case 'q': /* closes the channel and lives on */
        (void)close(channel);
        for (;;) {
            (void)pause();
        }
    case 'f': /* floods */
        for (;;) {
            obey(channel, 'h', seq);
        }
    case 'r': /* a rule that is none */
        fake_verdict(channel, seq, (struct ov_verdict){ .kind = OV_VERDICT_HIT, .rule = RULES });
        break;
    case 's': /* another file's number */
        fake_end(channel, seq + 1);
        break;
    case 'x': /* a short frame */
        fake_send(channel, "short", 5);
        break;
    case 'l': { /* a long one that begins well */
        uint8_t frame[17] = { 0 };

        ov_verdict_encode((struct ov_verdict_frame *)(void *)frame, seq,
                &(struct ov_verdict){ .kind = OV_VERDICT_END, .objects = 1 });
        fake_send(channel, frame, sizeof(frame));
        break;
    }
    case 'e': /* answers twice */
        fake_end(channel, seq);
        break;
    case 'z': /* an empty message */
        fake_send(channel, "", 0);
        break;
    case 'm': /* as much as a file may say */
        for (unsigned i = 1; i < OV_VERDICT_FRAMES_MAX; i++) {
            obey(channel, 'h', seq);
        }
        break;
    case 'n': /* nobody asks for a thing that takes long, and the next file's answer comes late */
        (void)poll(NULL, 0, 30);
        break;
    default:
        break;
    }
}

/* Each part as if it were a file. */
static inline void obey_parts(int channel, const struct fake_request *request)
{
    for (size_t at = 0; at < request->name_bytes; at += sizeof(struct ov_part)) {
        const uint32_t seq = request->seq + (uint32_t)(at / sizeof(struct ov_part));
        struct ov_part part;
        char order = 'c';

        memcpy(&part, request->name + at, sizeof(part));
        if (ov_le64_get(part.bytes) != 0
                && pread(request->fd, &order, 1, (off_t)ov_le64_get(part.offset)) != 1) {
            _exit(9);
        }
        obey(channel, order, seq);
        fake_end(channel, seq);
    }
}

static inline void obedient(int channel, unsigned number, int database)
{
    (void)number;
    (void)database;
    for (;;) {
        struct fake_request request;

        fake_receive(channel, &request);
        if (ov_le32_get(request.head.kind) == OV_REQUEST_PARTS) {
            obey_parts(channel, &request);
        } else {
            obey(channel, order_of(&request), request.seq);
            fake_end(channel, request.seq);
        }
        (void)close(request.fd);
    }
}

static inline const char *gap_reason(const overt_report *report)
{
    const overt_gap *gap = overt_report_gap(report, 0);

    return gap == NULL ? "" : gap->reason;
}

/* Submits one file a letter of `orders`, collects everything, and writes the verdicts in the order
 * of submission: c d f i, or ? for an error. Reasons of FAILED files go to `reasons`. */
static inline bool run(overt_scanner *s, const char *orders, char *verdicts, char reasons[][16])
{
    static const char letters[] = "cdfi";
    const size_t count = strlen(orders);
    size_t next = 0, got = 0;

    memset(verdicts, '?', count);
    verdicts[count] = '\0';
    while (got < count) {
        overt_report *report = NULL;

        if (next < count) {
            const char text[2] = { orders[next], '\0' };
            const int fd = file_of_text(text);
            overt_error err = OVERT_ERROR_INIT;
            const overt_status status = overt_submit(s, fd, text, next, &err);

            if (status == OVERT_OK) {
                next++;
                continue;
            }
            (void)close(fd);
            if (status != OVERT_E_BUSY) {
                printf("# submit: %s\n", err.message);
                return false;
            }
        }
        {
            overt_error err = OVERT_ERROR_INIT;

            if (overt_collect(s, 20000, &report, &err) != OVERT_OK) {
                printf("# collect: %s\n", err.message);
                return false;
            }
        }
        if (report == NULL) {
            if (next == count) {
                printf("# nothing came\n");
                return false;
            }
            continue;
        }
        verdicts[overt_report_token(report)] = letters[overt_report_verdict(report)];
        if (reasons != NULL) {
            (void)snprintf(reasons[overt_report_token(report)], 16, "%s", gap_reason(report));
        }
        overt_report_free(report);
        got++;
    }
    return overt_pending(s) == 0;
}

#define RUN_MAX 512

#endif
