/* SPDX-License-Identifier: Apache-2.0 */
/* Text is made the way its definition says, whatever way is quickest. */
#include "formats/views.h"
#include "tests/tap.h"

#define BYTES_MAX 200u

/* The definition, byte by byte. */
static size_t expected(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t made = 0;

    for (size_t i = 0; i < len; i++) {
        const bool blank = from[i] == ' ' || (from[i] >= 9 && from[i] <= 13);
        const bool capital = from[i] >= 'A' && from[i] <= 'Z';
        const uint8_t c = blank ? ' ' : capital ? (uint8_t)(from[i] | 0x20) : from[i];

        if (c >= ' ' && c < 0x80 && !(c == ' ' && made > 0 && to[made - 1] == ' ')) {
            to[made++] = c;
        }
    }
    return made;
}

static bool is_made_so(const uint8_t *bytes, size_t len)
{
    uint8_t want[BYTES_MAX];
    const size_t made = expected(want, bytes, len);
    struct ov_buf out;
    bool same;

    ov_buf_init(&out, 2 * BYTES_MAX);
    ov_buf_put_u8(&out, '|'); /* what is there before stays */
    ov_view_text(&out, ov_bytes_of(bytes, len));
    same = ov_buf_ok(&out) && ov_bytes_len(ov_buf_bytes(&out)) == made + 1
           && ov_bytes_have(ov_buf_bytes(&out), 0, "|", 1)
           && ov_bytes_have(ov_buf_bytes(&out), 1, want, made);
    ov_buf_done(&out);
    return same;
}

TEST(noise_of_every_length_is_cut_down_to_its_text)
{
    uint8_t bytes[BYTES_MAX];
    uint64_t number = 1;

    for (size_t len = 0; len <= BYTES_MAX; len++) {
        for (size_t i = 0; i < len; i++) {
            number = number * UINT64_C(6364136223846793005) + 1;
            bytes[i] = (uint8_t)(number >> 56);
        }
        CHECK(is_made_so(bytes, len));
    }
}

TEST(runs_of_blanks_are_one_blank_wherever_they_stand)
{
    static const uint8_t kinds[] = { ' ', '\t', '\r', 'A', 'z', 0, 0x80 };
    uint8_t bytes[BYTES_MAX];
    uint64_t number = 7;

    for (unsigned turn = 0; turn < 500; turn++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            number = number * UINT64_C(6364136223846793005) + 1;
            bytes[i] = kinds[(number >> 40) % sizeof(kinds)];
        }
        CHECK(is_made_so(bytes, turn % BYTES_MAX));
    }
}

TEST(every_byte_has_its_place)
{
    uint8_t bytes[32];

    for (unsigned c = 0; c < 256; c++) {
        memset(bytes, 'x', sizeof(bytes));
        bytes[5] = bytes[20] = bytes[31] = (uint8_t)c;
        CHECK(is_made_so(bytes, sizeof(bytes)));
    }
}

TESTS(T(noise_of_every_length_is_cut_down_to_its_text),
        T(runs_of_blanks_are_one_blank_wherever_they_stand), T(every_byte_has_its_place));
