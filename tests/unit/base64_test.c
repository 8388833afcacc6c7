/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "tests/tap.h"
#include "tests/unit/log_help.h"

static const struct {
    const char *bytes;
    const char *text;
} rfc4648[] = {
    { "", "" },
    { "f", "Zg==" },
    { "fo", "Zm8=" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" },
    { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" },
};

TEST(the_vectors_of_rfc_4648_go_both_ways)
{
    for (size_t i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
        uint8_t out[8];
        size_t len = 99;
        struct ov_buf buf;

        CHECK(ov_base64_decode(text_of(rfc4648[i].text), out, sizeof(out), &len) == NULL);
        CHECK(ov_bytes_equal(ov_bytes_of(out, len), rfc4648[i].bytes, strlen(rfc4648[i].bytes)));
        ov_buf_init(&buf, 64);
        ov_base64_put(&buf, text_of(rfc4648[i].bytes));
        CHECK(ov_bytes_equal(ov_buf_bytes(&buf), rfc4648[i].text, strlen(rfc4648[i].text)));
        ov_buf_done(&buf);
    }
}

static const char *why(const char *text)
{
    size_t len;

    return ov_base64_decode(text_of(text), NULL, 0, &len);
}

TEST(what_is_wrong_is_said)
{
    CHECK_STR(why("Zg="), "base64 whose length is no multiple of four");
    CHECK_STR(why("Zg"), "base64 whose length is no multiple of four");
    CHECK_STR(why("Zh=="), "base64 with bits set behind its last byte");
    CHECK_STR(why("Zm9="), "base64 with bits set behind its last byte");
    CHECK_STR(why("Z==="), "a character that is none of base64");
    CHECK_STR(why("===="), "a character that is none of base64");
    CHECK_STR(why("Zg==Zg=="), "a character that is none of base64");
    CHECK_STR(why("Zm9-"), "a character that is none of base64");
    CHECK_STR(why("Zm 9"), "a character that is none of base64");
    CHECK_STR(why("Zm9v\n\n\n\n"), "a character that is none of base64");
}

TEST(more_than_fits_is_refused_and_exactly_what_fits_is_not)
{
    uint8_t out[3];
    size_t len = 99;

    CHECK(ov_base64_decode(text_of("Zm9v"), out, 3, &len) == NULL);
    CHECK_UINT(len, 3);
    len = 99;
    CHECK_STR(ov_base64_decode(text_of("Zm9v"), out, 2, &len), "more base64 than fits here");
    CHECK_UINT(len, 99);
}

/* The property the room stands on: no text but the encoder's own decodes. */
TEST(one_byte_string_has_one_text)
{
    for (size_t n = 0; n <= 7; n++) {
        const uint8_t bytes[7] = { 0x00, 0xff, 0x10, 0x83, 0xfb, 0xef, 0x01 };
        struct ov_buf text;

        ov_buf_init(&text, 64);
        ov_base64_put(&text, ov_bytes_of(bytes, n));
        for (size_t at = 0; at < ov_bytes_len(ov_buf_bytes(&text)); at++) {
            for (unsigned c = 0; c < 256; c++) {
                char changed[16];
                uint8_t out[16];
                size_t len = 0;
                const size_t chars = (size_t)ov_bytes_len(ov_buf_bytes(&text));
                struct ov_buf again;

                memcpy(changed, ov_bytes_raw(ov_buf_bytes(&text)), chars);
                changed[at] = (char)c;
                if (ov_base64_decode(ov_bytes_of(changed, chars), out, sizeof(out), &len) != NULL) {
                    continue;
                }
                ov_buf_init(&again, 64);
                ov_base64_put(&again, ov_bytes_of(out, len));
                CHECK(ov_bytes_equal(ov_buf_bytes(&again), changed, chars));
                ov_buf_done(&again);
            }
        }
        ov_buf_done(&text);
    }
}

TESTS(T(the_vectors_of_rfc_4648_go_both_ways), T(what_is_wrong_is_said),
        T(more_than_fits_is_refused_and_exactly_what_fits_is_not), T(one_byte_string_has_one_text));
