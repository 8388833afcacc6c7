/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "tests/tap.h"
#include "tests/unit/log_help.h"
#include "trust/key.h"

#define LOG_KEY "overt.example/log+a45cec38+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2US"

TEST(the_keys_of_the_vectors_come_out_of_their_seeds)
{
    unsigned rows_seen = 0;
    struct rows rows;

    rows_open(&rows);
    while (rows_next(&rows, "key")) {
        const enum ov_key_algorithm algorithm =
                strcmp(rows.fields[2], "01") == 0 ? OV_KEY_ED25519 : OV_KEY_COSIGNATURE_V1;
        const struct ov_signer signer = signer_of(rows.fields[1], algorithm);
        overt_error err = OVERT_ERROR_INIT;
        uint8_t want[32];
        struct ov_key key;
        struct ov_buf out;

        CHECK(from_hex(rows.fields[3], want, 4) && memcmp(signer.key.id, want, 4) == 0);
        CHECK(from_hex(rows.fields[4], want, 32) && memcmp(signer.key.bytes, want, 32) == 0);
        CHECK(from_hex(rows.fields[5], want, 32) && memcmp(signer.seed, want, 32) == 0);
        CHECK(ov_key_read(text_of(rows.fields[6]), &key, &err) == OVERT_OK);
        CHECK(key.algorithm == algorithm && memcmp(key.id, signer.key.id, 4) == 0);
        CHECK(ov_key_is_same(&key, &signer.key));
        ov_buf_init(&out, 1024);
        ov_key_put(&out, &key);
        CHECK(ov_bytes_equal(ov_buf_bytes(&out), rows.fields[6], strlen(rows.fields[6])));
        ov_buf_done(&out);
        rows_seen++;
    }
    CHECK_UINT(rows_seen, 4);
}

static const struct {
    const char *text;
    overt_status status;
    const char *why;
} bad_keys[] = {
    { "", OVERT_E_SYNTAX, "a key is written NAME+ID+BASE64" },
    { "a+b", OVERT_E_SYNTAX, "a key is written NAME+ID+BASE64" },
    { "overt.example/log+a45cec39+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2US", OVERT_E_SYNTAX,
            "the key's id is a45cec38, not what is written before it" },
    { "overt.example/log+A45CEC38+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2US", OVERT_E_SYNTAX,
            "the key's id is a45cec38, not what is written before it" },
    { "overt.example/log+a45cec38 +AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2US", OVERT_E_SYNTAX,
            "the key's id is a45cec38, not what is written before it" },
    { "overt.example/log2+a45cec38+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2US", OVERT_E_SYNTAX,
            "the key's id is 518c4d8e, not what is written before it" },
    { "+a45cec38+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2US", OVERT_E_SYNTAX,
            "a key's name is 1 to 255 characters of [0-9A-Za-z._/-]" },
    { "overt example+a45cec38+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2US", OVERT_E_SYNTAX,
            "a key's name is 1 to 255 characters of [0-9A-Za-z._/-]" },
    { "\xc3\xb6vert+a45cec38+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2US", OVERT_E_SYNTAX,
            "a key's name is 1 to 255 characters of [0-9A-Za-z._/-]" },
    { "n+a45cec38+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2U", OVERT_E_SYNTAX,
            "in the key: base64 whose length is no multiple of four" },
    { "n+a45cec38+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2U=", OVERT_E_SYNTAX,
            "the key has 31 bytes, not 32" },
    { "n+a45cec38+AQ==", OVERT_E_SYNTAX, "the key is empty" },
    { "n+a45cec38+", OVERT_E_SYNTAX, "the key is empty" },
    { "n+a45cec38+An0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2US", OVERT_E_VERSION,
            "the key's algorithm 0x02 is not known here" },
    { "n+a45cec38+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2USAAAA", OVERT_E_VERSION,
            "a key of algorithm 0x01 with 35 bytes is not known here" },
};

TEST(a_key_has_one_spelling_and_its_own_id)
{
    struct ov_key key;

    CHECK(ov_key_read(text_of(LOG_KEY), &key, NULL) == OVERT_OK);
    for (size_t i = 0; i < sizeof(bad_keys) / sizeof(bad_keys[0]); i++) {
        overt_error err = OVERT_ERROR_INIT;

        CHECK(ov_key_read(text_of(bad_keys[i].text), &key, &err) == bad_keys[i].status);
        CHECK_STR(err.message, bad_keys[i].why);
    }
}

/* ML-DSA-44 will come; until then such a key is named, not mistaken. */
TEST(a_post_quantum_key_is_named)
{
    uint8_t bytes[1 + 1312] = { 0x06 };
    overt_error err = OVERT_ERROR_INIT;
    struct ov_key key;
    struct ov_buf text;

    ov_buf_init(&text, 4096);
    ov_buf_put_text(&text, "n+00000000+");
    ov_base64_put(&text, ov_bytes_of(bytes, sizeof(bytes)));
    CHECK(ov_key_read(ov_buf_bytes(&text), &key, &err) == OVERT_E_VERSION);
    CHECK_STR(err.message, "a key of algorithm 0x06 with 1312 bytes is not known here");
    ov_buf_done(&text);
}

TEST(a_name_has_at_most_255_characters)
{
    char name[256];

    memset(name, 'a', sizeof(name));
    CHECK(ov_key_name_is_good(ov_bytes_of(name, 255)));
    CHECK(!ov_key_name_is_good(ov_bytes_of(name, 256)));
    CHECK(!ov_key_name_is_good(ov_bytes_of(NULL, 0)));
    for (unsigned c = 0; c < 256; c++) {
        const uint8_t one = (uint8_t)c;
        const bool want = c != 0
                          && strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "._/-",
                                     (int)c)
                                     != NULL;

        CHECK(ov_key_name_is_good(ov_bytes_of(&one, 1)) == want);
    }
}

/* The eight points of small order, in all their spellings, as RFC 8032 writes points. */
static const char *const weak[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

TEST(a_key_that_anyone_can_sign_for_is_refused)
{
    for (size_t i = 0; i < 2 * sizeof(weak) / sizeof(weak[0]); i++) {
        overt_error err = OVERT_ERROR_INIT;
        struct ov_key key;
        uint8_t bytes[32];

        CHECK(from_hex(weak[i / 2], bytes, 32));
        if (i % 2 != 0) {
            bytes[31] = (uint8_t)(bytes[31] | 0x80); /* the other sign of x */
        }
        CHECK(ov_key_init(&key, text_of("n"), OV_KEY_ED25519, ov_bytes_of(bytes, 32), &err)
                == OVERT_E_SYNTAX);
        CHECK_STR(err.message, "the key is a point of small order: anyone can sign for it");
    }
}

/* RFC 8032 section 7.1, test 2. */
#define RFC_PUBLIC "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
#define RFC_SIGNATURE                                                  \
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" \
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"

static void rfc_key(struct ov_key *key, uint8_t signature[64])
{
    uint8_t bytes[32];

    if (!from_hex(RFC_PUBLIC, bytes, 32) || !from_hex(RFC_SIGNATURE, signature, 64)
            || ov_key_init(key, text_of("n"), OV_KEY_ED25519, ov_bytes_of(bytes, 32), NULL)
                       != OVERT_OK) {
        abort();
    }
}

TEST(a_signature_of_rfc_8032_is_right_and_every_flipped_bit_is_wrong)
{
    overt_error err = OVERT_ERROR_INIT;
    uint8_t signature[64], text = 0x72;
    uint64_t time = 99;
    struct ov_key key;

    rfc_key(&key, signature);
    CHECK(ov_key_check(&key, ov_bytes_of(&text, 1), ov_bytes_of(signature, 64), &time, &err)
            == OVERT_OK);
    CHECK_UINT(time, 0);
    for (unsigned bit = 0; bit < 512; bit++) {
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(ov_key_check(&key, ov_bytes_of(&text, 1), ov_bytes_of(signature, 64), &time, &err)
                == OVERT_E_CORRUPT);
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    CHECK(ov_key_check(&key, ov_bytes_of(&text, 1), ov_bytes_of(signature, 63), &time, &err)
            == OVERT_E_CORRUPT);
    CHECK(ov_key_check(&key, ov_bytes_of(&text, 0), ov_bytes_of(signature, 64), &time, &err)
            == OVERT_E_CORRUPT);
}

/* Frozen: S and S plus the group's order solve the same equation; only the first is accepted. */
TEST(a_signature_has_one_s)
{
    static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c,
        0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
    uint8_t signature[64], text = 0x72;
    unsigned carry = 0;
    uint64_t time;
    struct ov_key key;

    rfc_key(&key, signature);
    for (unsigned i = 0; i < 32; i++) {
        carry += (unsigned)signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    CHECK_UINT(carry, 0);
    CHECK(ov_key_check(&key, ov_bytes_of(&text, 1), ov_bytes_of(signature, 64), &time, NULL)
            == OVERT_E_CORRUPT);
}

/* Frozen: bytes that are no point of the curve are a key under which nothing is right. */
TEST(a_key_off_the_curve_verifies_nothing)
{
    uint8_t signature[64], bytes[32] = { 0x02 }, text = 0x72;
    uint64_t time;
    struct ov_key key;

    rfc_key(&key, signature);
    CHECK(ov_key_init(&key, text_of("n"), OV_KEY_ED25519, ov_bytes_of(bytes, 32), NULL)
            == OVERT_OK);
    CHECK(ov_key_check(&key, ov_bytes_of(&text, 1), ov_bytes_of(signature, 64), &time, NULL)
            == OVERT_E_CORRUPT);
}

TEST(the_same_public_key_is_known_under_any_name_and_algorithm)
{
    const struct ov_signer a = signer_of("w1.example/overt", OV_KEY_COSIGNATURE_V1);
    const struct ov_signer b = signer_of("w2.example/overt", OV_KEY_COSIGNATURE_V1);
    struct ov_key renamed;

    CHECK(ov_key_init(
                  &renamed, text_of("other"), OV_KEY_ED25519, ov_bytes_of(a.key.bytes, 32), NULL)
            == OVERT_OK);
    CHECK(ov_key_is_same(&a.key, &renamed));
    CHECK(!ov_key_is_same(&a.key, &b.key));
    CHECK(memcmp(a.key.id, renamed.id, sizeof(renamed.id)) != 0);
}

TESTS(T(the_keys_of_the_vectors_come_out_of_their_seeds), T(a_key_has_one_spelling_and_its_own_id),
        T(a_post_quantum_key_is_named), T(a_name_has_at_most_255_characters),
        T(a_key_that_anyone_can_sign_for_is_refused),
        T(a_signature_of_rfc_8032_is_right_and_every_flipped_bit_is_wrong),
        T(a_signature_has_one_s), T(a_key_off_the_curve_verifies_nothing),
        T(the_same_public_key_is_known_under_any_name_and_algorithm));
