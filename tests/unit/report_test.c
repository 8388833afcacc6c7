/* SPDX-License-Identifier: Apache-2.0 */
/* report_test.c - what is shown of results: escaped, complete, and the two looks brought together. */
#include <stdio.h>

#include "api/report.h"
#include "db/write.h"
#include "report/result.h"
#include "tests/tap.h"

static overt_db *small_db(void)
{
    struct ov_db_writer writer;
    overt_db *db = NULL;
    uint8_t *bytes;
    size_t size;

    ov_db_writer_init(&writer, 1u << 20);
    ov_buf_put_zeros(&writer.sections[OV_DB_RULES], 10 * 80);
    writer.counts[OV_DB_RULES] = 10;
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

static void tell(overt_report *report, struct ov_record record)
{
    struct ov_buf buf;

    if (ov_bytes_raw(record.text) == NULL) {
        record.text = ov_bytes_of(NULL, 0);
    }
    if (ov_bytes_raw(record.name) == NULL) {
        record.name = ov_bytes_of(NULL, 0);
    }
    ov_buf_init(&buf, OV_EXPLAIN_FRAME_BYTES_MAX);
    ov_record_encode(&buf, 1, &record);
    if (ov_report_record(report, ov_buf_bytes(&buf), 1, 1u << 20) == OV_REPORT_LIE) {
        abort();
    }
    ov_buf_done(&buf);
}

static void tell_object(overt_report *report, uint32_t ordinal, uint32_t parent, const char *name)
{
    tell(report, (struct ov_record){ .kind = OV_RECORD_OBJECT,
                         .object = ordinal,
                         .parent = parent,
                         .size = 5,
                         .text = ov_bytes_of("data", 4),
                         .name = ov_bytes_of(name, strlen(name)) });
}

/* Hit of rule 3 in object 2 = "a.tar/e\nvil"; a gap in object 1. */
static overt_report *explained_report(overt_db *db, bool too_much)
{
    overt_report *report = ov_report_new(db, "path", 0);

    tell_object(report, 0, 0, "");
    tell_object(report, 1, 0, "a.tar");
    tell_object(report, 2, 1, "e\nvil");
    tell(report, (struct ov_record){
                         .kind = OV_RECORD_HIT, .object = 2, .rule = 3, .offset = UINT64_MAX });
    tell(report, (struct ov_record){ .kind = OV_RECORD_INCOMPLETE,
                         .object = 1,
                         .reason = OV_REASON_DAMAGED,
                         .text = ov_bytes_of("cut\033[m", 6) });
    if (too_much) {
        ov_report_gap(report, OV_REASON_REPLIES, "");
    }
    ov_report_finish(report, 1u << 20);
    return report;
}

static overt_report *verdict_report(overt_db *db, uint32_t rule, bool more)
{
    overt_report *report = ov_report_new(db, "path", 0);
    struct ov_verdict_frame frame;

    ov_verdict_encode(&frame, 1,
            &(struct ov_verdict){
                    .kind = OV_VERDICT_HIT, .rule = rule, .object = 2, .offset = UINT32_MAX });
    if (ov_report_verdict(report, ov_bytes_of(&frame, sizeof(frame)), 1) != OV_REPORT_MORE) {
        abort();
    }
    if (more) {
        ov_report_gap(report, OV_REASON_STEPS, "");
    }
    ov_report_finish(report, 1);
    return report;
}

static bool shows(const struct ov_buf *buf, const char *want)
{
    const struct ov_bytes b = ov_buf_bytes(buf);
    const bool same = ov_bytes_equal(b, want, strlen(want));

    if (!same) {
        printf("# got:  %.*s\n# want: %s\n", (int)ov_bytes_len(b), (const char *)ov_bytes_raw(b),
                want);
    }
    return same;
}

TEST(one_line_a_finding_with_its_path)
{
    overt_db *db = small_db();
    overt_report *first = verdict_report(db, 3, false), *second = explained_report(db, true);
    const struct ov_result result = { .path = ov_bytes_of("/t/\x1b\n\xff", 6),
        .verdict = OVERT_DETECTED,
        .report = first,
        .explained = second };
    struct ov_buf out;

    ov_buf_init(&out, 65536);
    ov_lines_file(&out, &result, false);
    CHECK(shows(&out, "/t/\\x1b\\n\\xff: DETECTED  (in a.tar/e\\nvil)\n"
                      "/t/\\x1b\\n\\xff: INCOMPLETE damaged (in a.tar): cut short or damaged: "
                      "cut\\x1b[m\n"));
    ov_buf_done(&out);
    overt_report_free(first);
    overt_report_free(second);
    overt_db_free(db);
}

TEST(what_only_the_first_look_told_is_kept)
{
    overt_db *db = small_db();
    overt_report *first = verdict_report(db, 4, true), *second = explained_report(db, false);
    const struct ov_result result = {
        .path = ov_bytes_of("p", 1), .verdict = OVERT_DETECTED, .report = first, .explained = second
    };
    struct ov_buf out;

    ov_buf_init(&out, 65536);
    ov_lines_file(&out, &result, true);
    CHECK(shows(&out,
            "p: \033[1;31mDETECTED\033[0m  (in a.tar/e\\nvil)\n"
            "p: \033[1;31mDETECTED\033[0m  (in inner object 2)\n"
            "p: \033[33mINCOMPLETE\033[0m damaged (in a.tar): cut short or damaged: cut\\x1b[m\n"
            "p: \033[33mINCOMPLETE\033[0m steps: the rules took more steps on it than the "
            "limit\n"));
    ov_buf_done(&out);
    overt_report_free(first);
    overt_report_free(second);
    overt_db_free(db);
}

TEST(files_as_json)
{
    overt_db *db = small_db();
    overt_report *first = verdict_report(db, 3, false), *second = explained_report(db, false);
    struct ov_result result = { .path = ov_bytes_of("\xff\"", 2),
        .verdict = OVERT_DETECTED,
        .size = 7,
        .report = first,
        .explained = second };
    struct ov_buf out;

    ov_buf_init(&out, 65536);
    ov_json_file(&out, &result);
    CHECK(shows(&out, "{\"type\":\"file\",\"path\":\"\\\\xff\\\"\",\"path_hex\":\"ff22\","
                      "\"verdict\":\"DETECTED\",\"size\":7,\"objects\":0,\"hits\":[{\"rule\":\"\","
                      "\"number\":3,\"object\":2,\"inside\":[{\"name\":\"a.tar\"},"
                      "{\"name\":\"e\\nvil\"}]}],\"gaps\":[{\"reason\":\"damaged\","
                      "\"text\":\"cut short or damaged\",\"detail\":\"cut\\u001b[m\",\"object\":1,"
                      "\"inside\":[{\"name\":\"a.tar\"}]}],\"explained\":true}\n"));
    ov_buf_clear(&out);
    result = (struct ov_result){ .path = ov_bytes_of("p", 1),
        .verdict = OVERT_FAILED,
        .reason = "open",
        .detail = ov_bytes_of("Permission denied", 17) };
    ov_json_file(&out, &result);
    CHECK(shows(&out, "{\"type\":\"file\",\"path\":\"p\",\"verdict\":\"FAILED\",\"hits\":[],"
                      "\"gaps\":[{\"reason\":\"open\",\"text\":\"Permission denied\","
                      "\"object\":0}],\"explained\":false}\n"));
    ov_buf_clear(&out);
    ov_lines_file(&out, &result, false);
    CHECK(shows(&out, "p: FAILED open: Permission denied\n"));
    ov_buf_done(&out);
    overt_report_free(first);
    overt_report_free(second);
    overt_db_free(db);
}

TEST(a_detection_whose_hit_was_lost_is_still_a_detection)
{
    overt_db *db = small_db();
    overt_report *report = ov_report_new(db, "p", 0);
    const struct ov_result result = {
        .path = ov_bytes_of("p", 1), .verdict = OVERT_DETECTED, .report = report
    };
    struct ov_buf out;

    report->hit_seen = true;
    report->lost = true;
    ov_report_finish(report, 1);
    CHECK_UINT(overt_report_verdict(report), OVERT_DETECTED);
    ov_buf_init(&out, 65536);
    ov_lines_file(&out, &result, false);
    ov_buf_put_u8(&out, 0);
    CHECK(strstr((const char *)ov_bytes_raw(ov_buf_bytes(&out)), "p: DETECTED a rule") != NULL);
    ov_buf_done(&out);
    overt_report_free(report);
    overt_db_free(db);
}

TEST(bytes_for_people)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = { { 0, "0 B" }, { 999, "999 B" }, { 1000, "1.0 kB" }, { 99949, "99.9 kB" },
        { 100000, "100 kB" }, { 1500000, "1.5 MB" }, { UINT64_MAX, "18.4 EB" } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ov_buf out;

        ov_buf_init(&out, 100);
        ov_lines_bytes(&out, cases[i].bytes);
        CHECK(shows(&out, cases[i].text));
        ov_buf_done(&out);
    }
}

TESTS(T(one_line_a_finding_with_its_path), T(what_only_the_first_look_told_is_kept),
        T(files_as_json), T(a_detection_whose_hit_was_lost_is_still_a_detection),
        T(bytes_for_people));
