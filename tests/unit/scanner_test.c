/* SPDX-License-Identifier: Apache-2.0 */
/* scanner_test.c - the supervisor against workers that die, hang, flood, lie and lag. */
#include "tests/unit/scanner_rig.h"

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
    /* Each takes 30 ms of 1000 ms; forty of them wait 1200 ms in all. */
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 1000);
    char orders[64], verdicts[RUN_MAX];

    memset(orders, 'n', 40);
    orders[40] = '\0';
    CHECK(run(s, orders, verdicts, NULL));
    CHECK(strspn(verdicts, "c") == 40);
    overt_scanner_free(s);
}

TEST(files_that_say_much_are_all_heard)
{
    /* More than a channel holds, between files that say little. */
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    char orders[RUN_MAX], verdicts[RUN_MAX];

    for (size_t i = 0; i < 300; i++) {
        orders[i] = i >= 100 && i < 200 ? 'm' : 'c';
    }
    orders[300] = '\0';
    CHECK(run(s, orders, verdicts, NULL));
    for (size_t i = 0; i < 300; i++) {
        CHECK_UINT((uint64_t)verdicts[i], orders[i] == 'm' ? 'd' : 'c');
    }
    CHECK_UINT(overt_scanner_deaths(s), 0);
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

    /* Whether the file was handed over before the worker had left is chance; never is it clean. */
    if (overt_scan_bytes(s, "c", 1, "", &report, &err) == OVERT_OK) {
        CHECK_UINT(overt_report_verdict(report), OVERT_FAILED);
        CHECK_STR(gap_reason(report), "jail");
        overt_report_free(report);
    }
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
    for (size_t i = 0; i < 4;) {
        const char text[2] = { orders[i], '\0' };
        const int fd = file_of_text(text);
        const overt_status status = overt_submit(s, fd, text, i, &err);

        if (status == OVERT_OK) {
            i++;
            continue;
        }
        (void)close(fd);
        if (status == OVERT_E_BUSY) { /* it died already; its death has to be heard */
            overt_report *report = NULL;

            if (overt_collect(s, 1000, &report, &err) == OVERT_OK && report != NULL) {
                verdicts[overt_report_token(report)] = "cdfi"[overt_report_verdict(report)];
                got++;
                overt_report_free(report);
            }
            continue;
        }
        CHECK_UINT(status, OVERT_E_SANDBOX); /* or that no other can be had is known already */
        verdicts[i++] = 'f';
        got++;
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
    CHECK(fake.opened >= 2);
    CHECK_UINT(overt_scanner_deaths(s), 0);
    overt_scanner_free(s);
}

/* Answers with its own number as a rule, and what it may remember as an offset. */
static void tells_who_it_is(int channel, unsigned number, int database)
{
    (void)database;
    for (;;) {
        struct fake_request request;

        fake_receive(channel, &request);
        fake_verdict(channel, request.seq,
                (struct ov_verdict){ .kind = OV_VERDICT_HIT,
                        .rule = number,
                        .offset = ov_le32_get(request.head.flags) });
        fake_end(channel, request.seq);
        (void)close(request.fd);
    }
}

static overt_hit looked_at(overt_scanner *s, int fd)
{
    overt_report *report = NULL;
    overt_hit hit;

    if (overt_scan_fd(s, fd, "", &report, NULL) != OVERT_OK
            || overt_report_hit_count(report) != 1) {
        abort();
    }
    hit = *overt_report_hit(report, 0);
    overt_report_free(report);
    return hit;
}

TEST(a_file_comes_back_to_the_worker_that_remembers_it)
{
    enum {
        FILES = 8
    };
    overt_options options = OVERT_OPTIONS_INIT;
    overt_scanner *s = NULL;
    overt_db *db = small_db();
    int files[FILES];

    memset(&fake, 0, sizeof(fake));
    fake.part = tells_who_it_is;
    options.workers = 2;
    options.remember = 99;
    CHECK_UINT(overt_scanner_new(&s, db, NULL, &options, NULL), OVERT_OK);
    overt_db_free(db);
    for (unsigned i = 0; i < FILES; i++) {
        files[i] = file_of_text("c");
    }
    CHECK_UINT(looked_at(s, files[0]).offset, 50); /* its share of 99 */
    for (unsigned i = 0; i < 2 * FILES; i++) { /* so many at once that both workers are needed */
        CHECK_UINT(overt_submit(s, dup(files[i % FILES]), "", i, NULL), OVERT_OK);
    }
    for (unsigned i = 0; i < 2 * FILES; i++) {
        overt_report *report = NULL;

        CHECK_UINT(overt_collect(s, 20000, &report, NULL), OVERT_OK);
        overt_report_free(report);
    }
    CHECK_UINT(fake.opened, 2);
    for (unsigned i = 0; i < FILES; i++) {
        const uint32_t first = looked_at(s, files[i]).rule;

        for (unsigned k = 0; k < 3; k++) {
            CHECK_UINT(looked_at(s, files[i]).rule, first);
        }
    }
    for (unsigned i = 0; i < FILES; i++) {
        (void)close(files[i]);
    }
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
    options.bulk = 2;
    CHECK_UINT(overt_scanner_new(&s, db, NULL, &options, &err), OVERT_E_ARGUMENT);
    options.bulk = 1;
    options.profile = OVERT_PROFILE_EXPLAIN;
    CHECK_UINT(overt_scanner_new(&s, db, NULL, &options, &err), OVERT_E_ARGUMENT);
    options = (overt_options)OVERT_OPTIONS_INIT;
    options.version = 2;
    CHECK_UINT(overt_scanner_new(&s, db, NULL, &options, &err), OVERT_E_ARGUMENT);
    options = (overt_options)OVERT_OPTIONS_INIT;
    options.profile = OVERT_PROFILE_EXPLAIN;
    options.remember = 1;
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
        T(files_that_say_much_are_all_heard), T(killers_in_a_row_do_not_end_the_scan),
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
        T(a_file_comes_back_to_the_worker_that_remembers_it),
        T(options_that_are_wrong_are_refused_by_name));
