/* SPDX-License-Identifier: Apache-2.0 */
/* scanner_explain_test.c - the explain profile: what is kept of it, capped and refused. */
#include "tests/unit/scanner_rig.h"

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

TESTS(T(an_explained_file_tells_names_strings_and_details), T(explained_lies_are_refused),
        T(more_than_the_cap_is_said_and_a_flood_is_ended),
        T(a_worker_that_could_not_look_says_why));
