/* SPDX-License-Identifier: Apache-2.0 */
/* scanner_parts_test.c - many small files in one descriptor: each has its own verdict, and a death in
 * the middle costs one of them. */
#include "api/memfd.h"
#include "tests/unit/scanner_rig.h"

/* The letters of `orders` as the bytes of a sealed memory file, a part each. */
static int parts_of(const char *orders, overt_part *parts)
{
    int fd = -1;

    if (ov_memfd_of(&fd, "parts", ov_bytes_of(orders, strlen(orders)), NULL) != OVERT_OK) {
        abort();
    }
    for (size_t i = 0; i < strlen(orders); i++) {
        parts[i] = (overt_part){ .offset = i, .bytes = 1, .token = i };
    }
    return fd;
}

static bool run_parts(overt_scanner *s, const char *orders, char *verdicts)
{
    static const char letters[] = "cdfi";
    const size_t count = strlen(orders);
    overt_part parts[RUN_MAX];
    size_t next = 0, got = 0;
    bool good = true;
    const int fd = parts_of(orders, parts);

    memset(verdicts, '?', count);
    verdicts[count] = '\0';
    while (got < count) {
        overt_report *report = NULL;
        size_t taken = 0;

        if (next < count) {
            const overt_status status =
                    overt_submit_parts(s, fd, parts + next, count - next, &taken, NULL);

            next += taken;
            if (status != OVERT_OK && status != OVERT_E_BUSY) {
                break;
            }
            if (status == OVERT_OK && taken > 0) {
                continue;
            }
        }
        if (overt_collect(s, 20000, &report, NULL) != OVERT_OK
                || (report == NULL && next == count)) {
            break;
        }
        if (report != NULL) {
            verdicts[overt_report_token(report)] = letters[overt_report_verdict(report)];
            good &= overt_report_size(report) == 1 && overt_report_take_fd(report) == -1;
            overt_report_free(report);
            got++;
        }
    }
    (void)close(fd);
    return good && got == count && overt_pending(s) == 0;
}

TEST(each_part_gets_its_verdict)
{
    overt_scanner *s = scanner_with(obedient, 2, OVERT_PROFILE_VERDICT, 0);
    char verdicts[RUN_MAX];

    CHECK(run_parts(
            s, "chicchichcchiicchichchcchichchiichichchichcichichichichichchichich", verdicts));
    CHECK_STR(verdicts, "cdiccdicdccdiiccdicdcdccdicdcdiicdicdcdicdcicdicdicdicdicdcdicdicd");
    CHECK_UINT(overt_scanner_deaths(s), 0);
    overt_scanner_free(s);
}

TEST(a_death_costs_one_part_and_the_others_are_looked_at_again)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    char verdicts[RUN_MAX];

    CHECK(run_parts(s, "ccdcchdccxhi", verdicts));
    CHECK_STR(verdicts, "ccfccdfccfdi");
    CHECK_UINT(overt_scanner_deaths(s), 3);
    overt_scanner_free(s);
    CHECK_UINT(fake.open_now, 0);
}

TEST(no_worker_gets_more_than_its_share_or_than_it_has_room_for)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    char orders[101] = { 0 };
    overt_part parts[100];
    size_t taken = 0;
    int fd;

    memset(orders, 'c', 100);
    fd = parts_of(orders, parts);
    CHECK_UINT(overt_submit_parts(s, fd, parts, 100, &taken, NULL), OVERT_OK);
    CHECK_UINT(taken, 32);
    (void)close(fd); /* the scanner is let go of before it could ask again */
    overt_scanner_free(s);
}

TEST(parts_of_what_could_change_or_outside_are_refused)
{
    overt_scanner *s = scanner_with(obedient, 1, OVERT_PROFILE_VERDICT, 0);
    const int file = file_of_text("cc");
    overt_part part = { .offset = 0, .bytes = 1 };
    overt_part parts[2];
    const int fd = parts_of("cc", parts);
    size_t taken = 0;

    CHECK_UINT(overt_submit_parts(s, file, &part, 1, &taken, NULL), OVERT_E_ARGUMENT);
    part.bytes = 3;
    CHECK_UINT(overt_submit_parts(s, fd, &part, 1, &taken, NULL), OVERT_E_ARGUMENT);
    part = (overt_part){ .offset = UINT64_MAX, .bytes = 2 };
    CHECK_UINT(overt_submit_parts(s, fd, &part, 1, &taken, NULL), OVERT_E_ARGUMENT);
    CHECK_UINT(overt_submit_parts(s, fd, &part, 0, &taken, NULL), OVERT_E_ARGUMENT);
    CHECK_UINT(overt_pending(s), 0);
    (void)close(file);
    (void)close(fd);
    overt_scanner_free(s);
}

TESTS(T(each_part_gets_its_verdict), T(a_death_costs_one_part_and_the_others_are_looked_at_again),
        T(no_worker_gets_more_than_its_share_or_than_it_has_room_for),
        T(parts_of_what_could_change_or_outside_are_refused));
