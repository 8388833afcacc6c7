/* SPDX-License-Identifier: Apache-2.0 */
/* scanner_test.c - the supervisor against workers that die, hang, flood, lie and lag. */
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

/* A database with RULES rules and nothing else: enough for a supervisor, which reads none. */
static overt_db *small_db(void)
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
static int file_of(const void *bytes, size_t len)
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

static int file_of_text(const char *text)
{
    return file_of(text, strlen(text));
}

static overt_scanner *scanner_with(
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
    if (overt_scanner_new(&s, db, &limits, &options, NULL) != OVERT_OK) {
        abort();
    }
    overt_db_free(db); /* the scanner keeps it */
    return s;
}

/* What a file is to do to its worker stands in its first byte. */
static char order_of(const struct fake_request *request)
{
    char c = 'c';

    if (request->size != 0 && pread(request->fd, &c, 1, 0) != 1) {
        _exit(9);
    }
    return c;
}

static void obey(int channel, char order, uint32_t seq)
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
    case 'n': /* nobody asks for a thing that takes long, and the next file's answer comes late */
        (void)poll(NULL, 0, 30);
        break;
    default:
        break;
    }
}

static void obedient(int channel, unsigned number, int database)
{
    (void)number;
    (void)database;
    for (;;) {
        struct fake_request request;

        fake_receive(channel, &request);
        obey(channel, order_of(&request), request.seq);
        fake_end(channel, request.seq);
        (void)close(request.fd);
    }
}

static const char *gap_reason(const overt_report *report)
{
    const overt_gap *gap = overt_report_gap(report, 0);

    return gap == NULL ? "" : gap->reason;
}

/* Submits one file a letter of `orders`, collects everything, and writes the verdicts in the order
 * of submission: c d f i, or ? for an error. Reasons of FAILED files go to `reasons`. */
static bool run(overt_scanner *s, const char *orders, char *verdicts, char reasons[][16])
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

TEST(ordinary_files_get_their_verdicts)
{
    overt_scanner *s = scanner_with(obedient, 2, OVERT_PROFILE_VERDICT, 0);
    char verdicts[RUN_MAX];

    CHECK_UINT(fake.opened, 0); /* none before the first file */
    CHECK(run(s, "chicchi", verdicts, NULL));
    CHECK_STR(verdicts, "cdiccdi");
    CHECK_UINT(overt_scanner_deaths(s), 0);
    CHECK_STR(overt_scanner_layers(s), "user,seccomp");
    overt_scanner_free(s);
    CHECK_UINT(fake.open_now, 0);
}

TEST(one_file_tells_what_was_found_and_where)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    overt_report *report = NULL;
    const overt_hit *hit;

    CHECK_UINT(overt_scan_bytes(s, "h", 1, "name", &report, NULL), OVERT_OK);
    CHECK_UINT(overt_report_verdict(report), OVERT_DETECTED);
    CHECK_STR(overt_report_name(report), "name");
    CHECK_UINT(overt_report_size(report), 1);
    CHECK_UINT(overt_report_hit_count(report), 1);
    hit = overt_report_hit(report, 0);
    CHECK(hit != NULL && hit->rule == 3 && hit->offset == 7 && hit->object == 2);
    CHECK(overt_report_hit(report, 1) == NULL);
    CHECK_UINT((uint64_t)(int64_t)overt_report_take_fd(report), UINT64_MAX);
    overt_report_free(report);
    overt_scanner_free(s);
}

TEST(a_death_costs_one_file_and_the_others_are_looked_at_again)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    char verdicts[RUN_MAX], reasons[RUN_MAX][16];

    CHECK(run(s, "ccdcchdccSi", verdicts, reasons));
    CHECK_STR(verdicts, "ccfccdfccfi");
    CHECK_STR(reasons[2], "died");
    CHECK_UINT(overt_scanner_deaths(s), 3);
    CHECK_UINT(fake.opened, 4);
    overt_scanner_free(s);
    CHECK_UINT(fake.open_now, 0);
}

TEST(a_death_says_how)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    overt_report *report = NULL;
    char detail[128];

    fake.end_syscall = 41;
    CHECK_UINT(overt_scan_bytes(s, "S", 1, "", &report, NULL), OVERT_OK);
    CHECK_UINT(overt_report_verdict(report), OVERT_FAILED);
    (void)snprintf(detail, sizeof(detail), "%.*s", (int)overt_report_gap(report, 0)->detail.len,
            overt_report_gap(report, 0)->detail.bytes);
    CHECK_STR(detail, "killed by the jail for trying system call 41");
    overt_report_free(report);
    CHECK_UINT(overt_scan_bytes(s, "d", 1, "", &report, NULL), OVERT_OK);
    (void)snprintf(detail, sizeof(detail), "%.*s", (int)overt_report_gap(report, 0)->detail.len,
            overt_report_gap(report, 0)->detail.bytes);
    CHECK_STR(detail, "signal 11 SIGSEGV");
    overt_report_free(report);
    overt_scanner_free(s);
}

TEST(what_was_found_before_a_death_stays_found)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    overt_report *report = NULL;

    CHECK_UINT(overt_scan_bytes(s, "D", 1, "", &report, NULL), OVERT_OK);
    CHECK_UINT(overt_report_verdict(report), OVERT_DETECTED);
    CHECK_STR(gap_reason(report), "died");
    overt_report_free(report);
    overt_scanner_free(s);
}

TEST(lies_cost_the_file_and_the_worker)
{
    static const char *const lies[] = { "r", "x", "l", "s", "f", NULL };

    for (const char *const *lie = lies; *lie != NULL; lie++) {
        overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
        char orders[16], verdicts[RUN_MAX], reasons[RUN_MAX][16];

        (void)snprintf(orders, sizeof(orders), "cc%sch", *lie);
        CHECK(run(s, orders, verdicts, reasons));
        printf("# %s: %s %s\n", orders, verdicts, reasons[2]);
        CHECK_STR(verdicts, "ccfcd");
        CHECK_STR(reasons[2], "protocol");
        CHECK_UINT(overt_scanner_deaths(s), 1);
        overt_scanner_free(s);
    }
}

TEST(a_worker_that_answers_twice_is_ended_and_nothing_is_lost)
{
    /* The second END comes when the next file is the oldest, or when nothing is asked: a lie in
     * both cases. The file after it cannot be told from the one it lies about. */
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    overt_report *report = NULL;

    CHECK_UINT(overt_scan_bytes(s, "e", 1, "", &report, NULL), OVERT_OK);
    CHECK_UINT(overt_report_verdict(report), OVERT_CLEAN);
    overt_report_free(report);
    CHECK_UINT(overt_scan_bytes(s, "h", 1, "", &report, NULL), OVERT_OK);
    CHECK(overt_report_verdict(report) == OVERT_FAILED
            || overt_report_verdict(report) == OVERT_DETECTED);
    overt_report_free(report);
    CHECK_UINT(overt_scan_bytes(s, "h", 1, "", &report, NULL), OVERT_OK);
    CHECK_UINT(overt_report_verdict(report), OVERT_DETECTED);
    overt_report_free(report);
    CHECK_UINT(overt_scanner_deaths(s), 1);
    overt_scanner_free(s);
}

TEST(a_closed_channel_is_a_death)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    char verdicts[RUN_MAX], reasons[RUN_MAX][16];

    CHECK(run(s, "cqzc", verdicts, reasons));
    CHECK_STR(verdicts, "cffc");
    CHECK_STR(reasons[1], "died");
    overt_scanner_free(s);
}

TEST(a_hang_ends_at_its_time_and_costs_one_file)
{
    overt_scanner *s = scanner_with(obedient, 2, OVERT_PROFILE_VERDICT, 200);
    char verdicts[RUN_MAX], reasons[RUN_MAX][16];
    struct timespec from, to;

    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    CHECK(run(s, "cwcchw", verdicts, reasons));
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    CHECK_STR(verdicts, "cfccdf");
    CHECK_STR(reasons[1], "time");
    CHECK(to.tv_sec - from.tv_sec < 10);
    overt_scanner_free(s);
}

TEST(waiting_behind_a_slow_file_is_not_charged)
{
    /* Each takes 30 ms of 300 ms; twenty of them wait 600 ms in all. */
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 300);
    char verdicts[RUN_MAX];

    CHECK(run(s, "nnnnnnnnnnnnnnnnnnnn", verdicts, NULL));
    CHECK_STR(verdicts, "cccccccccccccccccccc");
    overt_scanner_free(s);
}

TEST(killers_in_a_row_do_not_end_the_scan)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    char verdicts[RUN_MAX];

    CHECK(run(s, "dddddddddddh", verdicts, NULL));
    CHECK_STR(verdicts, "fffffffffffd");
    overt_scanner_free(s);
}

static void stillborn(int channel, unsigned number, int database)
{
    (void)channel;
    (void)number;
    (void)database;
    (void)kill(getpid(), SIGKILL);
}

static void leaver(int channel, unsigned number, int database)
{
    (void)channel;
    (void)number;
    (void)database;
    _exit(7);
}

static void check_hopeless(bool *tap_failed, fake_part part)
{
    overt_scanner *s = scanner_with(part, 2, OVERT_PROFILE_VERDICT, 0);
    overt_error err = OVERT_ERROR_INIT;
    overt_report *report = NULL;
    overt_status status = OVERT_OK;
    size_t reported = 0, submitted = 0;

    for (int i = 0; i < 100 && status != OVERT_E_SANDBOX; i++) {
        const int fd = file_of_text("c");

        status = overt_submit(s, fd, "c", 0, &err);
        if (status != OVERT_OK) {
            (void)close(fd);
        } else {
            submitted++;
        }
        if (status == OVERT_E_SANDBOX) {
            break;
        }
        report = NULL;
        status = overt_collect(s, 1000, &report, &err);
        if (report != NULL) {
            CHECK_UINT(overt_report_verdict(report), OVERT_FAILED);
            reported++;
            overt_report_free(report);
        }
    }
    CHECK_UINT(status, OVERT_E_SANDBOX);
    while (overt_pending(s) != 0) { /* every file that was taken gets its report */
        report = NULL;
        CHECK_UINT(overt_collect(s, 1000, &report, &err), OVERT_OK);
        CHECK(report != NULL && overt_report_verdict(report) == OVERT_FAILED);
        reported++;
        overt_report_free(report);
    }
    CHECK_UINT(reported, submitted);
    CHECK_UINT(overt_scan_bytes(s, "c", 1, "", &report, &err), OVERT_E_SANDBOX);
    CHECK(strstr(err.message, "before they look at anything") != NULL);
    overt_scanner_free(s);
}

TEST(workers_that_cannot_live_end_the_scan_with_a_name)
{
    check_hopeless(tap_failed, stillborn);
}

TEST(workers_that_leave_at_once_end_the_scan_with_a_name)
{
    check_hopeless(tap_failed, leaver);
}

static void has_no_use_for_the_database(int channel, unsigned number, int database)
{
    (void)channel;
    (void)number;
    (void)database;
    _exit(OV_JAILED_EXIT_DATABASE);
}

TEST(a_database_that_workers_cannot_use_is_named_as_the_reason)
{
    overt_scanner *s = scanner_with(has_no_use_for_the_database, 1, OVERT_PROFILE_VERDICT, 0);
    overt_error err = OVERT_ERROR_INIT;
    overt_report *report = NULL;

    CHECK_UINT(overt_scan_bytes(s, "c", 1, "", &report, &err), OVERT_OK);
    CHECK_UINT(overt_report_verdict(report), OVERT_FAILED);
    CHECK_STR(gap_reason(report), "jail");
    overt_report_free(report);
    CHECK_UINT(overt_scan_bytes(s, "c", 1, "", &report, &err), OVERT_E_SANDBOX);
    CHECK(strstr(err.message, "compile its rules again") != NULL);
    overt_scanner_free(s);
}

static void leaves_first(int channel, unsigned number, int database)
{
    if (number == 0) {
        struct fake_request request;

        fake_receive(channel, &request);
        _exit(1);
    }
    obedient(channel, number, database);
}

TEST(a_worker_that_leaves_before_its_first_answer_is_forgiven_once)
{
    overt_scanner *s = scanner_with(leaves_first, 1, OVERT_PROFILE_VERDICT, 0);
    char verdicts[RUN_MAX];

    CHECK(run(s, "hc", verdicts, NULL));
    CHECK_STR(verdicts, "dc");
    CHECK_UINT(overt_scanner_deaths(s), 1);
    overt_scanner_free(s);
}

TEST(a_jail_that_cannot_be_had_is_an_error_before_anything_is_scanned)
{
    overt_scanner *s = scanner_with(obedient, 2, OVERT_PROFILE_VERDICT, 0);
    overt_error err = OVERT_ERROR_INIT;
    overt_report *report = NULL;

    fake.fail_from = 0;
    fake.opened = 1;
    fake.fail_from = 1;
    CHECK_UINT(overt_scan_bytes(s, "c", 1, "", &report, &err), OVERT_E_SANDBOX);
    CHECK_STR(err.message, "the fake refuses jail 1");
    overt_scanner_free(s);
}

TEST(fewer_workers_than_asked_for_are_enough)
{
    overt_scanner *s = scanner_with(obedient, 8, OVERT_PROFILE_VERDICT, 0);
    char verdicts[RUN_MAX];

    fake.fail_from = 2;
    CHECK(run(s, "cccccccccccccchccccccccccccccccccccccccc", verdicts, NULL));
    CHECK_UINT(fake.opened, 2);
    overt_scanner_free(s);
}

TEST(when_the_last_worker_cannot_be_replaced_everything_waiting_is_told)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    overt_error err = OVERT_ERROR_INIT;
    const char *orders = "cdcc";
    char verdicts[8] = "????";
    size_t got = 0;

    fake.fail_from = 1;
    for (size_t i = 0; i < 4; i++) {
        const char text[2] = { orders[i], '\0' };

        CHECK_UINT(overt_submit(s, file_of_text(text), text, i, &err), OVERT_OK);
    }
    while (overt_pending(s) != 0) {
        overt_report *report = NULL;

        CHECK_UINT(overt_collect(s, -1, &report, &err), OVERT_OK);
        if (report != NULL) {
            verdicts[overt_report_token(report)] = "cdfi"[overt_report_verdict(report)];
            got++;
            overt_report_free(report);
        }
    }
    CHECK_UINT(got, 4);
    CHECK_STR(verdicts, "cfff");
    overt_scanner_free(s);
}

TEST(a_full_scanner_says_so_and_takes_nothing)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 500);
    overt_error err = OVERT_ERROR_INIT;
    overt_status status = OVERT_OK;
    int fd = -1;
    size_t taken = 0;

    while (taken < 1000) {
        fd = file_of_text("w");
        status = overt_submit(s, fd, "w", taken, &err);
        if (status != OVERT_OK) {
            break;
        }
        taken++;
    }
    CHECK_UINT(status, OVERT_E_BUSY);
    CHECK_UINT(taken, 32);
    CHECK_UINT(overt_pending(s), 32);
    CHECK(fcntl(fd, F_GETFD) >= 0); /* still ours */
    (void)close(fd);
    CHECK_UINT(overt_scan_bytes(s, "c", 1, "", &(overt_report *){ NULL }, &err), OVERT_E_BUSY);
    overt_scanner_free(s); /* with files under way */
}

TEST(descriptors_that_may_not_cross_are_refused)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    overt_error err = OVERT_ERROR_INIT;
    overt_report *report = NULL;
    int pipes[2];
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int writable = (int)memfd_create("w", MFD_CLOEXEC);
    const int path_only = open("/etc/passwd", O_PATH | O_CLOEXEC);

    CHECK(pipe2(pipes, O_CLOEXEC) == 0);
    CHECK_UINT(overt_scan_fd(s, pipes[0], "a pipe", &report, &err), OVERT_E_ARGUMENT);
    CHECK_STR(err.source, "a pipe");
    CHECK_UINT(overt_scan_fd(s, null, "", &report, &err), OVERT_E_ARGUMENT);
    CHECK_UINT(overt_scan_fd(s, folder, "", &report, &err), OVERT_E_ARGUMENT);
    CHECK_UINT(overt_scan_fd(s, writable, "", &report, &err), OVERT_E_ARGUMENT);
    CHECK_UINT(overt_scan_fd(s, path_only, "", &report, &err), OVERT_E_ARGUMENT);
    CHECK_UINT(overt_scan_fd(s, -1, "", &report, &err), OVERT_E_ARGUMENT);
    CHECK_UINT(overt_scan_fd(s, 9999, "", &report, &err), OVERT_E_IO);
    CHECK_UINT(fake.opened, 0);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    (void)close(null);
    (void)close(folder);
    (void)close(writable);
    (void)close(path_only);
    overt_scanner_free(s);
}

TEST(a_file_that_changes_meanwhile_is_never_clean)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    char path[] = "/tmp/overt-scanner-test.XXXXXX";
    const int fd = mkstemp(path);
    const int reading = open(path, O_RDONLY | O_CLOEXEC);
    overt_error err = OVERT_ERROR_INIT;
    overt_report *report = NULL;

    CHECK(fd >= 0 && reading >= 0 && write(fd, "n", 1) == 1);
    CHECK_UINT(overt_submit(s, reading, path, 0, &err), OVERT_OK);
    CHECK(write(fd, "more", 4) == 4);
    CHECK_UINT(overt_collect(s, -1, &report, &err), OVERT_OK);
    CHECK_UINT(overt_report_verdict(report), OVERT_INCOMPLETE);
    CHECK_STR(gap_reason(report), "cut");
    overt_report_free(report);
    (void)close(fd);
    (void)unlink(path);
    overt_scanner_free(s);
}

TEST(the_descriptor_comes_back_with_the_report)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    overt_error err = OVERT_ERROR_INIT;
    overt_report *report = NULL;
    const int fd = file_of_text("h");
    int back;

    CHECK_UINT(overt_submit(s, fd, "", 5, &err), OVERT_OK);
    CHECK_UINT(overt_collect(s, -1, &report, &err), OVERT_OK);
    back = overt_report_take_fd(report);
    CHECK_UINT((uint64_t)back, (uint64_t)fd);
    overt_report_free(report);
    CHECK(fcntl(back, F_GETFD) >= 0);
    (void)close(back);
    overt_scanner_free(s);
}

TEST(a_long_run_of_everything_loses_nothing_and_leaks_no_descriptor)
{
    overt_scanner *s = scanner_with(obedient, 3, OVERT_PROFILE_VERDICT, 2000);
    static const char letters[] = "cccchchcicdcccScxcclcrDcc";
    char orders[RUN_MAX], verdicts[RUN_MAX];
    uint32_t state = 1;
    const int before = dup(0);

    for (size_t i = 0; i < 400; i++) {
        state = state * 1664525u + 1013904223u;
        orders[i] = letters[(state >> 16) % (sizeof(letters) - 1)];
    }
    orders[400] = '\0';
    CHECK(run(s, orders, verdicts, NULL));
    for (size_t i = 0; i < 400; i++) {
        const char want = strchr("c", orders[i]) != NULL    ? 'c'
                          : strchr("hD", orders[i]) != NULL ? 'd'
                          : orders[i] == 'i'                ? 'i'
                                                            : 'f';

        CHECK_UINT((uint64_t)verdicts[i], (uint64_t)want);
    }
    overt_scanner_free(s);
    (void)close(before);
    {
        const int after = dup(0);

        CHECK(after <= before);
        (void)close(after);
    }
}

TEST(a_worker_is_replaced_before_its_processor_time_runs_out)
{
    /* A limit of 1 s gives the jail 2 s for its life; after 1 s of work it is replaced. */
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 1000);
    char orders[64], verdicts[RUN_MAX];

    memset(orders, 'n', 45); /* 45 times 30 ms */
    orders[45] = '\0';
    CHECK(run(s, orders, verdicts, NULL));
    CHECK(strspn(verdicts, "c") == 45);
    CHECK_UINT(fake.last_spec.cpu_seconds, 2);
    CHECK_UINT(fake.opened, 2);
    CHECK_UINT(overt_scanner_deaths(s), 0);
    overt_scanner_free(s);
}

/* --- explain ---------------------------------------------------------------------------------- */

static struct ov_bytes text_of(const char *text)
{
    return ov_bytes_of(text, strlen(text));
}

static void explaining(int channel, unsigned number, int database)
{
    (void)number;
    (void)database;
    for (;;) {
        struct fake_request r;
        char order;
        const struct ov_record end = { .kind = OV_RECORD_END,
            .object = 3,
            .text = ov_bytes_of(NULL, 0),
            .name = ov_bytes_of(NULL, 0) };

        fake_receive(channel, &r);
        order = order_of(&r);
        for (uint32_t i = 0; i < 3; i++) { /* not in order: 0 2 1 */
            const uint32_t ordinal = i == 0 ? 0 : 3 - i;

            fake_record(channel, r.seq,
                    (struct ov_record){ .kind = OV_RECORD_OBJECT,
                            .object = ordinal,
                            .parent = order == 'p'   ? 9
                                      : ordinal == 2 ? 1u
                                                     : 0u,
                            .size = 10 + ordinal,
                            .text = text_of(order == 't' ? "bad type" : "zip"),
                            .name = text_of(ordinal == 0   ? ""
                                            : ordinal == 1 ? "outer"
                                                           : "in\nner") });
        }
        fake_record(channel, r.seq,
                (struct ov_record){ .kind = OV_RECORD_HIT,
                        .object = 2,
                        .rule = order == 'r' ? RULES : 4,
                        .offset = UINT64_MAX,
                        .text = ov_bytes_of(NULL, 0),
                        .name = ov_bytes_of(NULL, 0) });
        for (int i = 0; i < (order == 'm' ? 5000 : order == 'f' ? 2000000 : 1); i++) {
            fake_record(channel, r.seq,
                    (struct ov_record){ .kind = OV_RECORD_STRING,
                            .object = 2,
                            .rule = 4,
                            .offset = 12,
                            .size = 5,
                            .text = text_of("$a"),
                            .name = text_of("bytes") });
        }
        fake_record(channel, r.seq,
                (struct ov_record){
                        .kind = order == 'k' ? OV_RECORD_COMPILED : OV_RECORD_INCOMPLETE,
                        .object = 1,
                        .reason = OV_REASON_DAMAGED,
                        .text = text_of("a detail"),
                        .name = ov_bytes_of(NULL, 0) });
        if (order == 'F') {
            fake_record(channel, r.seq,
                    (struct ov_record){ .kind = OV_RECORD_FAILED,
                            .text = text_of("no memory"),
                            .name = ov_bytes_of(NULL, 0) });
        } else {
            fake_record(channel, r.seq, end);
        }
        (void)close(r.fd);
    }
}

TEST(an_explained_file_tells_names_strings_and_details)
{
    overt_scanner *s = scanner_with(explaining, 1, OVERT_PROFILE_EXPLAIN, 0);
    overt_report *report = NULL;
    const overt_object *inner;
    const overt_string_match *match;

    CHECK_UINT(overt_scan_bytes(s, "c", 1, "", &report, NULL), OVERT_OK);
    CHECK_UINT(overt_report_verdict(report), OVERT_DETECTED);
    CHECK_UINT(overt_report_objects(report), 3);
    inner = overt_report_object(report, 2);
    CHECK(inner != NULL && inner->parent == 1 && inner->size == 12);
    CHECK_STR(inner->type, "zip");
    CHECK(inner->name.len == 6 && memcmp(inner->name.bytes, "in\nner", 6) == 0);
    CHECK(overt_report_object(report, 3) == NULL);
    CHECK_UINT(overt_report_string_count(report), 1);
    match = overt_report_string(report, 0);
    CHECK(match->offset == 12 && match->length == 5 && match->bytes.len == 5);
    CHECK_STR(gap_reason(report), "damaged");
    overt_report_free(report);
    overt_scanner_free(s);
}

TEST(explained_lies_are_refused)
{
    static const char lies[] = "ptrk";

    for (const char *lie = lies; *lie != '\0'; lie++) {
        overt_scanner *s = scanner_with(explaining, 1, OVERT_PROFILE_EXPLAIN, 0);
        overt_report *report = NULL;

        CHECK_UINT(overt_scan_bytes(s, lie, 1, "", &report, NULL), OVERT_OK);
        CHECK_UINT(overt_report_verdict(report), OVERT_FAILED);
        CHECK_STR(gap_reason(report), "protocol");
        CHECK_UINT(overt_report_hit_count(report), 0);
        overt_report_free(report);
        overt_scanner_free(s);
    }
}

TEST(more_than_the_cap_is_said_and_a_flood_is_ended)
{
    overt_scanner *s = scanner_with(explaining, 1, OVERT_PROFILE_EXPLAIN, 0);
    overt_report *report = NULL;
    const overt_gap *gap;

    CHECK_UINT(overt_scan_bytes(s, "m", 1, "", &report, NULL), OVERT_OK);
    CHECK_UINT(overt_report_verdict(report), OVERT_DETECTED);
    CHECK_UINT(overt_report_gap_count(report), 1);
    gap = overt_report_gap(report, 0);
    CHECK_STR(gap->reason, "replies");
    overt_report_free(report);
    CHECK_UINT(overt_scan_bytes(s, "f", 1, "", &report, NULL), OVERT_OK);
    CHECK_STR(gap_reason(report), "protocol");
    overt_report_free(report);
    overt_scanner_free(s);
}

TEST(a_worker_that_could_not_look_says_why)
{
    overt_scanner *s = scanner_with(explaining, 1, OVERT_PROFILE_EXPLAIN, 0);
    overt_report *report = NULL;

    CHECK_UINT(overt_scan_bytes(s, "F", 1, "", &report, NULL), OVERT_OK);
    CHECK_UINT(overt_report_verdict(report), OVERT_DETECTED);
    CHECK_UINT(overt_report_gap_count(report), 2);
    CHECK_STR(overt_report_gap(report, 1)->reason, "died");
    overt_report_free(report);
    overt_scanner_free(s);
}

TEST(options_that_are_wrong_are_refused_by_name)
{
    overt_db *db = small_db();
    overt_options options = OVERT_OPTIONS_INIT;
    overt_limits limits = OVERT_LIMITS_INIT;
    overt_error err = OVERT_ERROR_INIT;
    overt_scanner *s = NULL;
    const char *const weaker[] = { "no-such-layer", NULL };

    options.weaker = weaker;
    CHECK_UINT(overt_scanner_new(&s, db, NULL, &options, &err), OVERT_E_ARGUMENT);
    CHECK(strstr(err.message, "no-such-layer") != NULL);
    options = (overt_options)OVERT_OPTIONS_INIT;
    options.version = 2;
    CHECK_UINT(overt_scanner_new(&s, db, NULL, &options, &err), OVERT_E_ARGUMENT);
    limits.depth_max = 10000;
    CHECK_UINT(overt_scanner_new(&s, db, &limits, NULL, &err), OVERT_E_ARGUMENT);
    CHECK_UINT(overt_scanner_new(&s, NULL, NULL, NULL, &err), OVERT_E_ARGUMENT);
    overt_db_free(db);
    overt_scanner_free(NULL);
    overt_report_free(NULL);
    overt_db_free(NULL);
}

TESTS(T(ordinary_files_get_their_verdicts), T(one_file_tells_what_was_found_and_where),
        T(a_death_costs_one_file_and_the_others_are_looked_at_again), T(a_death_says_how),
        T(what_was_found_before_a_death_stays_found), T(lies_cost_the_file_and_the_worker),
        T(a_worker_that_answers_twice_is_ended_and_nothing_is_lost), T(a_closed_channel_is_a_death),
        T(a_hang_ends_at_its_time_and_costs_one_file), T(waiting_behind_a_slow_file_is_not_charged),
        T(killers_in_a_row_do_not_end_the_scan),
        T(workers_that_cannot_live_end_the_scan_with_a_name),
        T(workers_that_leave_at_once_end_the_scan_with_a_name),
        T(a_database_that_workers_cannot_use_is_named_as_the_reason),
        T(a_worker_that_leaves_before_its_first_answer_is_forgiven_once),
        T(a_jail_that_cannot_be_had_is_an_error_before_anything_is_scanned),
        T(fewer_workers_than_asked_for_are_enough),
        T(when_the_last_worker_cannot_be_replaced_everything_waiting_is_told),
        T(a_full_scanner_says_so_and_takes_nothing), T(descriptors_that_may_not_cross_are_refused),
        T(a_file_that_changes_meanwhile_is_never_clean),
        T(the_descriptor_comes_back_with_the_report),
        T(a_long_run_of_everything_loses_nothing_and_leaks_no_descriptor),
        T(a_worker_is_replaced_before_its_processor_time_runs_out),
        T(an_explained_file_tells_names_strings_and_details), T(explained_lies_are_refused),
        T(more_than_the_cap_is_said_and_a_flood_is_ended), T(a_worker_that_could_not_look_says_why),
        T(options_that_are_wrong_are_refused_by_name));
