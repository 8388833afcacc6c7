/* SPDX-License-Identifier: Apache-2.0 */
/* turnover_test.c - workers are there before the first file, and go without being waited for. */
#include "api/turnover.h"
#include "tests/unit/scanner_rig.h"

/* Asks until it is true, bounded: each time the scanner's descriptor may say that it is worth it. */
static bool left(overt_scanner *s)
{
    for (unsigned i = 0; i < 2000; i++) {
        struct pollfd some = { .fd = overt_scanner_fd(s), .events = POLLIN };

        if (ov_scanner_leave(s)) {
            return true;
        }
        (void)poll(&some, 1, 5);
    }
    return false;
}

TEST(all_workers_are_there_before_anything_is_submitted)
{
    overt_scanner *s = scanner_with(obedient, 3, OVERT_PROFILE_VERDICT, 0);
    bool ready = true;
    char verdicts[RUN_MAX];

    CHECK_UINT(ov_scanner_prepare(s, &ready, NULL), OVERT_OK);
    CHECK(!ready); /* begun, not there */
    CHECK_UINT(fake.open_now, 3);
    for (unsigned i = 0; i < 10 && !ready; i++) {
        CHECK_UINT(ov_scanner_prepare(s, &ready, NULL), OVERT_OK);
    }
    CHECK(ready);
    CHECK_UINT(ov_scanner_workers(s), 3);
    CHECK(run(s, "chichcdcc", verdicts, NULL));
    CHECK_STR(verdicts, "cdicdcfcc");
    overt_scanner_free(s);
    CHECK_UINT(fake.open_now, 0);
}

TEST(workers_that_are_refused_are_an_error_and_leave_nothing)
{
    overt_scanner *s = scanner_with(obedient, 2, OVERT_PROFILE_VERDICT, 0);
    overt_error err = OVERT_ERROR_INIT;
    overt_status status = OVERT_OK;
    bool ready = false;

    fake.refuse = true;
    for (unsigned i = 0; i < 10 && status == OVERT_OK; i++) {
        status = ov_scanner_prepare(s, &ready, &err);
    }
    CHECK_UINT(status, OVERT_E_SANDBOX);
    CHECK(!ready && strstr(err.message, "refuses") != NULL);
    CHECK_UINT(fake.open_now, 0);
    overt_scanner_free(s);
}

TEST(with_fewer_workers_than_wished_it_goes_on)
{
    overt_scanner *s = scanner_with(obedient, 4, OVERT_PROFILE_VERDICT, 0);
    bool ready = false;
    char verdicts[RUN_MAX];

    fake.fail_from = 2;
    for (unsigned i = 0; i < 10 && !ready; i++) {
        CHECK_UINT(ov_scanner_prepare(s, &ready, NULL), OVERT_OK);
    }
    CHECK(ready);
    CHECK_UINT(ov_scanner_workers(s), 2);
    CHECK(run(s, "chi", verdicts, NULL));
    CHECK_STR(verdicts, "cdi");
    overt_scanner_free(s);
}

TEST(workers_leave_by_themselves)
{
    overt_scanner *s = scanner_with(obedient, 2, OVERT_PROFILE_VERDICT, 0);
    char verdicts[RUN_MAX];

    CHECK(run(s, "ccccc", verdicts, NULL));
    CHECK(left(s));
    CHECK_UINT(fake.open_now, 0);
    CHECK(left(s)); /* and stay away */
    overt_scanner_free(s);
}

TESTS(T(all_workers_are_there_before_anything_is_submitted),
        T(workers_that_are_refused_are_an_error_and_leave_nothing),
        T(with_fewer_workers_than_wished_it_goes_on), T(workers_leave_by_themselves));
