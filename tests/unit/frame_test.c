/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/frame.h"
#include "tests/tap.h"

static const struct ov_verdict hit = {
    .kind = OV_VERDICT_HIT, .object = 3, .rule = 7, .offset = 1234
};

static struct ov_bytes frame_bytes(const struct ov_verdict_frame *frame)
{
    return ov_bytes_of(frame, sizeof(*frame));
}

TEST(a_hit_survives_the_wall)
{
    struct ov_verdict_frame frame;
    struct ov_verdict got = { .kind = OV_VERDICT_END };

    ov_verdict_encode(&frame, 99, &hit);
    CHECK(ov_verdict_decode(frame_bytes(&frame), 99, 8, &got));
    CHECK(got.kind == OV_VERDICT_HIT);
    CHECK_UINT(got.object, 3);
    CHECK_UINT(got.rule, 7);
    CHECK_UINT(got.offset, 1234);
}

TEST(a_frame_for_another_request_or_rule_is_refused)
{
    struct ov_verdict_frame frame;
    struct ov_verdict got;

    ov_verdict_encode(&frame, 99, &hit);
    CHECK(!ov_verdict_decode(frame_bytes(&frame), 98, 8, &got));
    CHECK(!ov_verdict_decode(frame_bytes(&frame), 99, 7, &got));
    CHECK(!ov_verdict_decode(ov_bytes_of(&frame, 15), 99, 8, &got));
}

/* What a turncoat could hide in a frame is what the decoder does not look at: nothing. */
TEST(every_byte_of_an_incomplete_frame_is_checked_or_meant)
{
    const struct ov_verdict v = {
        .kind = OV_VERDICT_INCOMPLETE, .object = 1, .reason = OV_REASON_DEPTH
    };
    struct ov_verdict_frame frame;
    struct ov_verdict got;
    uint8_t raw[sizeof(frame)];

    ov_verdict_encode(&frame, 5, &v);
    memcpy(raw, &frame, sizeof(raw));
    for (size_t i = 8; i < sizeof(raw); i++) {
        raw[i] = 1;
        CHECK(!ov_verdict_decode(ov_bytes_of(raw, sizeof(raw)), 5, 8, &got));
        raw[i] = 0;
    }
    raw[5] = OV_REASON_DIED;
    CHECK(!ov_verdict_decode(ov_bytes_of(raw, sizeof(raw)), 5, 8, &got));
}

TEST(an_end_without_an_object_is_refused)
{
    const struct ov_verdict v = { .kind = OV_VERDICT_END, .objects = 0 };
    struct ov_verdict_frame frame;
    struct ov_verdict got;

    ov_verdict_encode(&frame, 5, &v);
    CHECK(!ov_verdict_decode(frame_bytes(&frame), 5, 8, &got));
}

TEST(ordinals_beyond_the_field_say_that_or_more)
{
    const struct ov_verdict v = {
        .kind = OV_VERDICT_INCOMPLETE, .object = 70000, .reason = OV_REASON_DAMAGED
    };
    struct ov_verdict_frame frame;
    struct ov_verdict got;

    ov_verdict_encode(&frame, 5, &v);
    CHECK(ov_verdict_decode(frame_bytes(&frame), 5, 8, &got));
    CHECK_UINT(got.object, 65535);
}

TEST(a_record_survives_and_a_long_text_is_cut_aloud)
{
    static char longer[10000];
    struct ov_record record = { .kind = OV_RECORD_OBJECT, .object = 9, .size = UINT64_MAX }, got;
    struct ov_buf buf;
    bool cut = true;

    memset(longer, 'n', sizeof(longer));
    record.text = ov_bytes_of("zip", 3);
    record.name = ov_bytes_of("a\0b", 3);
    ov_buf_init(&buf, 100000);
    ov_record_encode(&buf, 7, &record);
    CHECK(ov_record_decode(ov_buf_bytes(&buf), 7, &got, &cut));
    CHECK(!cut && got.size == UINT64_MAX && got.object == 9);
    CHECK(ov_bytes_equal(got.text, "zip", 3) && ov_bytes_equal(got.name, "a\0b", 3));
    CHECK(!ov_record_decode(ov_buf_bytes(&buf), 8, &got, &cut));

    ov_buf_clear(&buf);
    record.name = ov_bytes_of(longer, sizeof(longer));
    ov_record_encode(&buf, 7, &record);
    CHECK_UINT(ov_bytes_len(ov_buf_bytes(&buf)), OV_EXPLAIN_FRAME_BYTES_MAX);
    CHECK(ov_record_decode(ov_buf_bytes(&buf), 7, &got, &cut));
    CHECK(cut && ov_bytes_equal(got.text, "zip", 3));
    ov_buf_done(&buf);
}

TEST(a_request_with_bytes_left_over_is_refused)
{
    struct ov_request request = {
        .magic = ov_le32_of(OV_REQUEST_MAGIC),
        .kind = ov_le32_of(OV_REQUEST_SOURCE),
        .name_bytes = ov_le32_of(2),
    };
    struct ov_request got;
    struct ov_bytes name;
    uint8_t wire[sizeof(request) + 3];

    memcpy(wire, &request, sizeof(request));
    memcpy(wire + sizeof(request), "abc", 3);
    CHECK(ov_request_decode(ov_bytes_of(wire, sizeof(wire) - 1), &got, &name));
    CHECK(ov_bytes_equal(name, "ab", 2));
    CHECK(!ov_request_decode(ov_bytes_of(wire, sizeof(wire)), &got, &name));
    CHECK(!ov_request_decode(ov_bytes_of(wire, sizeof(wire) - 2), &got, &name));
    request.kind = ov_le32_of(OV_REQUEST_FINISH);
    memcpy(wire, &request, sizeof(request));
    CHECK(!ov_request_decode(ov_bytes_of(wire, sizeof(wire) - 1), &got, &name));
}

TEST(a_given_value_survives_and_each_part_of_it_does_not)
{
    const struct ov_given_value value = {
        .name = ov_bytes_of("filename", 8), .text = ov_bytes_of("a\0b", 3), .type = 4
    };
    struct ov_given_value got;
    struct ov_reader r;
    struct ov_buf buf;
    struct ov_bytes part;

    ov_buf_init(&buf, 1000);
    ov_given_value_put(&buf, &value);
    r = ov_reader_on(ov_buf_bytes(&buf));
    CHECK(ov_given_value_read(&r, &got) && ov_reader_left(&r) == 0);
    CHECK(got.type == 4 && got.value == 0);
    CHECK(ov_bytes_equal(got.name, "filename", 8) && ov_bytes_equal(got.text, "a\0b", 3));
    for (uint64_t len = 0; len < ov_bytes_len(ov_buf_bytes(&buf)); len++) {
        CHECK(ov_bytes_slice(ov_buf_bytes(&buf), 0, len, &part));
        r = ov_reader_on(part);
        CHECK(!ov_given_value_read(&r, &got));
        CHECK(ov_reader_left(&r) == len);
    }
    for (uint8_t type = 0; type < 6; type++) { /* only a text has one */
        ov_buf_set(&buf, 4, &type, 1);
        r = ov_reader_on(ov_buf_bytes(&buf));
        CHECK(ov_given_value_read(&r, &got) == (type == 4));
    }
    ov_buf_done(&buf);
}

TEST(parts_lie_inside_of_what_they_are_parts_of)
{
    static const struct {
        uint64_t offset, bytes;
        bool good;
    } cases[] = { { 0, 10, true }, { 10, 0, true }, { 3, 7, true }, { 3, 8, false },
        { 11, 0, false }, { UINT64_MAX, 1, false }, { 1, UINT64_MAX, false } };
    struct ov_request request = { .magic = ov_le32_of(OV_REQUEST_MAGIC),
        .kind = ov_le32_of(OV_REQUEST_PARTS),
        .size = ov_le64_of(10),
        .name_bytes = ov_le32_of(2 * sizeof(struct ov_part)) };
    struct ov_part parts[OV_PARTS_MAX + 1] = { { .bytes = ov_le64_of(1) } };
    uint8_t wire[sizeof(request) + sizeof(parts)];
    struct ov_request got;
    struct ov_bytes name;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        parts[1] = (struct ov_part){ ov_le64_of(cases[i].offset), ov_le64_of(cases[i].bytes) };
        memcpy(wire, &request, sizeof(request));
        memcpy(wire + sizeof(request), parts, sizeof(parts));
        CHECK(ov_request_decode(
                      ov_bytes_of(wire, sizeof(request) + 2 * sizeof(parts[0])), &got, &name)
                == cases[i].good);
    }
    request.name_bytes = ov_le32_of(sizeof(parts)); /* one too many */
    memcpy(wire, &request, sizeof(request));
    CHECK(!ov_request_decode(ov_bytes_of(wire, sizeof(wire)), &got, &name));
    request.name_bytes = ov_le32_of(0); /* none */
    memcpy(wire, &request, sizeof(request));
    CHECK(!ov_request_decode(ov_bytes_of(wire, sizeof(request)), &got, &name));
    request.name_bytes = ov_le32_of(sizeof(parts[0]) + 1); /* half of one */
    memcpy(wire, &request, sizeof(request));
    CHECK(!ov_request_decode(
            ov_bytes_of(wire, sizeof(request) + sizeof(parts[0]) + 1), &got, &name));
}

TEST(files_are_whole_few_and_of_a_size)
{
    struct ov_request request = { .magic = ov_le32_of(OV_REQUEST_MAGIC),
        .kind = ov_le32_of(OV_REQUEST_FILES) };
    struct ov_file files[OV_FILES_MAX + 1] = { { .seq = ov_le32_of(7) } };
    uint8_t wire[sizeof(request) + sizeof(files)];
    struct ov_request got;
    struct ov_bytes name;

    for (size_t bytes = 0; bytes <= sizeof(files); bytes++) {
        request.name_bytes = ov_le32_of((uint32_t)bytes);
        memcpy(wire, &request, sizeof(request));
        memcpy(wire + sizeof(request), files, sizeof(files));
        CHECK(ov_request_decode(ov_bytes_of(wire, sizeof(request) + bytes), &got, &name)
                == (bytes != 0 && bytes % sizeof(files[0]) == 0 && bytes < sizeof(files)));
    }
    request.name_bytes = ov_le32_of(sizeof(files[0]));
    memcpy(wire, &request, sizeof(request));
    files[0].size = ov_le64_of((uint64_t)INT64_MAX + 1);
    memcpy(wire + sizeof(request), files, sizeof(files));
    CHECK(!ov_request_decode(ov_bytes_of(wire, sizeof(request) + sizeof(files[0])), &got, &name));
    files[0] = (struct ov_file){ .zero = ov_le32_of(1) };
    memcpy(wire + sizeof(request), files, sizeof(files));
    CHECK(!ov_request_decode(ov_bytes_of(wire, sizeof(request) + sizeof(files[0])), &got, &name));
}

TESTS(T(a_hit_survives_the_wall), T(a_frame_for_another_request_or_rule_is_refused),
        T(every_byte_of_an_incomplete_frame_is_checked_or_meant),
        T(an_end_without_an_object_is_refused), T(ordinals_beyond_the_field_say_that_or_more),
        T(a_record_survives_and_a_long_text_is_cut_aloud),
        T(a_request_with_bytes_left_over_is_refused), T(parts_lie_inside_of_what_they_are_parts_of),
        T(files_are_whole_few_and_of_a_size),
        T(a_given_value_survives_and_each_part_of_it_does_not));
