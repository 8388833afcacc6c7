/* SPDX-License-Identifier: Apache-2.0 */
/* A gzip file that is unpacked in one go comes out as it does piece by piece; what is damaged, cut or
 * goes on behind its first member is left to the pieces. */
#include <string.h>
#include <zlib.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/inflate_whole.h"
#include "formats/stream.h"
#include "tests/tap.h"

#define ROOM (3u * (size_t)OV_INFLATE_WHOLE_BYTES_MAX / 2u)

static uint8_t packed[ROOM], plain[ROOM], unpacked[ROOM];

static void fill(size_t bytes)
{
    uint64_t seed = 7;

    for (size_t i = 0; i < bytes; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        plain[i] = (uint8_t)(seed >> 60); /* compresses to half */
    }
}

/* Packs the first `bytes` of `plain` behind packed[at]; returns where that ends. */
static size_t pack(size_t at, size_t bytes, bool head_crc)
{
    z_stream z = { .next_in = plain, .avail_in = (unsigned)bytes };
    gz_header head = { .os = 3, .hcrc = head_crc };

    OV_ASSERT(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK
              && deflateSetHeader(&z, &head) == Z_OK);
    z.next_out = packed + at;
    z.avail_out = (unsigned)(sizeof(packed) - at);
    OV_ASSERT(deflate(&z, Z_FINISH) == Z_STREAM_END);
    at = sizeof(packed) - z.avail_out;
    (void)deflateEnd(&z);
    return at;
}

/* What the stream gives for the first `len` of `packed`, and whether it was content. */
static size_t unpack(size_t len, bool *content)
{
    struct ov_stream *stream OV_CLEANUP(ov_stream_free_at) = ov_stream_new();
    struct ov_source source;
    struct ov_input input;
    struct ov_trouble trouble;
    struct ov_bytes piece;
    enum ov_give give;
    size_t got = 0;

    ov_source_on_bytes(&source, ov_bytes_of(packed, len));
    ov_input_init(&input, &source, 0, len);
    ov_stream_begin(stream, OV_CODEC_GZIP, &input, false);
    *content = true;
    while ((give = ov_stream_next(stream, &piece, &trouble)) != OV_GIVE_END) {
        const size_t bytes = give == OV_GIVE_PIECE ? (size_t)ov_bytes_len(piece) : 0;

        *content = *content && give == OV_GIVE_PIECE;
        OV_ASSERT(bytes <= sizeof(unpacked) - got);
        if (bytes != 0) {
            memcpy(unpacked + got, ov_bytes_raw(piece), bytes);
        }
        got += bytes;
    }
    return got;
}

/* Is it unpacked in one go? */
static bool goes_whole(size_t len)
{
    struct ov_inflate_whole whole;
    struct ov_source source;
    struct ov_input input;
    bool goes;

    ov_source_on_bytes(&source, ov_bytes_of(packed, len));
    ov_input_init(&input, &source, 0, len);
    ov_inflate_whole_init(&whole);
    goes = ov_inflate_whole_gzip(&whole, &input);
    ov_inflate_whole_done(&whole);
    return goes;
}

TEST(one_member_comes_out_whole)
{
    static const size_t sizes[] = { 1, 100, OV_PIECE_BYTES, OV_PIECE_BYTES + 1,
        OV_INFLATE_WHOLE_BYTES_MAX, 200 };

    fill(OV_INFLATE_WHOLE_BYTES_MAX);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const size_t len = pack(0, sizes[i], false);
        bool content;

        CHECK(goes_whole(len));
        CHECK_UINT(unpack(len, &content), sizes[i]);
        CHECK(content && memcmp(unpacked, plain, sizes[i]) == 0);
    }
}

TEST(one_room_serves_members_of_all_sizes)
{
    static const size_t sizes[] = { 1, 100000, OV_INFLATE_WHOLE_BYTES_MAX, 7 };
    struct ov_inflate_whole whole;

    fill(OV_INFLATE_WHOLE_BYTES_MAX);
    ov_inflate_whole_init(&whole);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const size_t len = pack(0, sizes[i], false);
        struct ov_source source;
        struct ov_input input;
        struct ov_bytes piece;
        size_t at = 0;

        ov_source_on_bytes(&source, ov_bytes_of(packed, len));
        ov_input_init(&input, &source, 0, len);
        CHECK(ov_inflate_whole_gzip(&whole, &input));
        while (ov_inflate_whole_next(&whole, &piece)) {
            const size_t bytes = (size_t)ov_bytes_len(piece);

            CHECK(bytes <= sizes[i] - at && memcmp(ov_bytes_raw(piece), plain + at, bytes) == 0);
            at += bytes;
        }
        CHECK_UINT(at, sizes[i]);
    }
    ov_inflate_whole_done(&whole);
}

TEST(what_is_larger_or_empty_or_checked_by_its_header_goes_in_pieces)
{
    size_t len;
    bool content;

    fill(OV_INFLATE_WHOLE_BYTES_MAX + 1);
    len = pack(0, OV_INFLATE_WHOLE_BYTES_MAX + 1, false);
    CHECK(!goes_whole(len));
    CHECK_UINT(unpack(len, &content), OV_INFLATE_WHOLE_BYTES_MAX + 1);
    CHECK(content);
    len = pack(0, 0, false);
    CHECK(!goes_whole(len));
    CHECK_UINT(unpack(len, &content), 0);
    CHECK(content);
    len = pack(0, 100, true);
    CHECK(!goes_whole(len));
    CHECK_UINT(unpack(len, &content), 100);
    CHECK(content);
    packed[10] ^= 1; /* of the header's checksum */
    CHECK(!goes_whole(len));
    (void)unpack(len, &content);
    CHECK(!content);
}

TEST(what_stands_behind_a_member_is_not_passed_over)
{
    size_t first, len;
    bool content;

    fill(5000);
    first = pack(0, 5000, false);
    len = pack(first, 5000, false); /* as large as the first: the size at the end fits both */
    CHECK(!goes_whole(len));
    CHECK_UINT(unpack(len, &content), 10000);
    CHECK(content && memcmp(unpacked + 5000, plain, 5000) == 0);
    memset(packed + first, 0, 512); /* padding */
    CHECK(!goes_whole(first + 512));
    CHECK_UINT(unpack(first + 512, &content), 5000);
    CHECK(content);
    memset(packed + first, 'x', 20);
    CHECK(!goes_whole(first + 20));
    CHECK_UINT(unpack(first + 20, &content), 5000);
}

TEST(damage_is_said_and_what_stands_before_it_is_given)
{
    size_t len;
    bool content;

    fill(50000);
    len = pack(0, 50000, false);
    CHECK(!goes_whole(len - 1));
    CHECK_UINT(unpack(len - 1, &content), 50000);
    CHECK(!content);
    CHECK(!goes_whole(len / 2));
    CHECK(unpack(len / 2, &content) > 10000);
    CHECK(!content && memcmp(unpacked, plain, 10000) == 0);
    packed[len - 8] ^= 1; /* the checksum */
    CHECK(!goes_whole(len));
    CHECK_UINT(unpack(len, &content), 50000);
    CHECK(!content);
    packed[len - 8] ^= 1;
    packed[len - 4] ^= 1; /* the size */
    CHECK(!goes_whole(len));
    CHECK_UINT(unpack(len, &content), 50000);
    CHECK(!content);
    for (size_t i = 0; i < 17; i++) {
        CHECK(!goes_whole(i));
    }
}

TESTS(T(one_member_comes_out_whole), T(one_room_serves_members_of_all_sizes),
        T(what_is_larger_or_empty_or_checked_by_its_header_goes_in_pieces),
        T(what_stands_behind_a_member_is_not_passed_over),
        T(damage_is_said_and_what_stands_before_it_is_given));
