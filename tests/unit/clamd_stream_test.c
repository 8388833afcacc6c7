/* SPDX-License-Identifier: Apache-2.0 */
#include "clamd/stream.h"
#include "tests/tap.h"

/* Gives the bytes `piece` at a time; what came out, in `got`. */
static enum ov_clamd_stream_step feed(uint64_t quota, const char *bytes, size_t len, size_t piece,
        char *got, size_t *got_len, size_t *used_all)
{
    struct ov_clamd_stream stream;
    enum ov_clamd_stream_step step = OV_CLAMD_STREAM_MORE;
    size_t at = 0;

    ov_clamd_stream_begin(&stream, quota);
    *got_len = 0;
    while (at < len && step != OV_CLAMD_STREAM_END && step != OV_CLAMD_STREAM_TOO_LONG) {
        struct ov_bytes data;
        uint64_t used = 0;

        step = ov_clamd_stream_take(&stream,
                ov_bytes_of(bytes + at, len - at < piece ? len - at : piece), &data, &used);
        at += (size_t)used;
        if (step == OV_CLAMD_STREAM_DATA) {
            memcpy(got + *got_len, ov_bytes_raw(data), (size_t)ov_bytes_len(data));
            *got_len += (size_t)ov_bytes_len(data);
        }
    }
    *used_all = at;
    return step;
}

static const char two[] = "\0\0\0\003abc\0\0\0\002de\0\0\0\0rest";

TEST(chunks_come_out_whatever_the_pieces)
{
    for (size_t piece = 1; piece <= sizeof(two); piece++) {
        char got[32];
        size_t len, used;

        CHECK(feed(100, two, sizeof(two) - 1, piece, got, &len, &used) == OV_CLAMD_STREAM_END);
        CHECK_UINT(len, 5);
        CHECK(memcmp(got, "abcde", 5) == 0);
        CHECK_UINT(used, 17);
    }
}

TEST(the_quota_is_over_all_chunks_and_exact)
{
    char got[32];
    size_t len, used;

    CHECK(feed(5, two, sizeof(two) - 1, 64, got, &len, &used) == OV_CLAMD_STREAM_END);
    CHECK(feed(4, two, sizeof(two) - 1, 64, got, &len, &used) == OV_CLAMD_STREAM_TOO_LONG);
    CHECK_UINT(len, 3);
    CHECK_UINT(used, 11); /* nothing of the data that is over it */
}

TEST(a_length_of_all_ones_is_over_every_quota)
{
    char got[32];
    size_t len, used;

    CHECK(feed(UINT32_MAX - 1,
                  "\xff\xff\xff\xff"
                  "a",
                  5, 64, got, &len, &used)
            == OV_CLAMD_STREAM_TOO_LONG);
}

TEST(an_empty_stream_ends)
{
    char got[32];
    size_t len, used;

    CHECK(feed(5, "\0\0\0\0", 4, 1, got, &len, &used) == OV_CLAMD_STREAM_END);
    CHECK_UINT(len, 0);
}

TESTS(T(chunks_come_out_whatever_the_pieces), T(the_quota_is_over_all_chunks_and_exact),
        T(a_length_of_all_ones_is_over_every_quota), T(an_empty_stream_ends));
