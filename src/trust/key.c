/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/key.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/base64.h"
#include "base/checked.h"
#include "base/defence.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"
#include "trust/cosignature.h"
#include "trust/line.h"

#define ED25519_PUBLIC_BYTES    32u
#define ED25519_SIGNATURE_BYTES 64u

typedef overt_status check_fn(const struct ov_key *key, struct ov_bytes text,
        struct ov_bytes signature, uint64_t *time, overt_error *err);

static check_fn check_note, check_cosignature;

/* A new algorithm is a new row; nothing else in this room knows their number or sizes. */
static const struct algorithm {
    enum ov_key_algorithm number;
    size_t public_bytes;
    size_t signature_bytes;
    check_fn *check;
} algorithms[] = {
    { OV_KEY_ED25519, ED25519_PUBLIC_BYTES, ED25519_SIGNATURE_BYTES, check_note },
    { OV_KEY_COSIGNATURE_V1, ED25519_PUBLIC_BYTES,
            OV_COSIGNATURE_TIME_BYTES + ED25519_SIGNATURE_BYTES, check_cosignature },
};
_Static_assert(OV_KEY_PUBLIC_BYTES_MAX >= ED25519_PUBLIC_BYTES, "every key fits");
_Static_assert(
        OV_KEY_SIGNATURE_BYTES_MAX >= OV_COSIGNATURE_TIME_BYTES + ED25519_SIGNATURE_BYTES, "fits");

/* The points of small order (y coordinates, as RFC 8032 writes them; p and p + 1 are second
 * spellings of 0 and 1). With such a key one signature can hold for every text. */
static const uint8_t weak_points[][ED25519_PUBLIC_BYTES] = {
    { 0x00 },
    { 0x01 },
    { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
            0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d,
            0x53, 0xfc, 0x05 },
    { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
            0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92,
            0xac, 0x03, 0x7a },
    { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0x7f },
    { 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0x7f },
    { 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0x7f },
};

static const struct algorithm *algorithm_of(uint8_t number)
{
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (algorithms[i].number == (enum ov_key_algorithm)number) {
            return &algorithms[i];
        }
    }
    return NULL;
}

static bool is_weak(const uint8_t key[ED25519_PUBLIC_BYTES])
{
    uint8_t y[ED25519_PUBLIC_BYTES];

    memcpy(y, key, sizeof(y));
    y[sizeof(y) - 1] &= 0x7f; /* the top bit is the sign of x */
    for (size_t i = 0; i < sizeof(weak_points) / sizeof(weak_points[0]); i++) {
        if (memcmp(y, weak_points[i], sizeof(y)) == 0) {
            return true;
        }
    }
    return false;
}

bool ov_key_name_is_good(struct ov_bytes name)
{
    const uint64_t len = ov_bytes_len(name);

    for (uint64_t i = 0; i < len; i++) {
        const uint8_t c = ov_bytes_raw(name)[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z')
                && c != '.' && c != '_' && c != '/' && c != '-') {
            return false;
        }
    }
    return len >= 1 && len <= OV_KEY_NAME_BYTES_MAX;
}

overt_status ov_key_init(struct ov_key *out, struct ov_bytes name, uint8_t algorithm,
        struct ov_bytes bytes, overt_error *err)
{
    const struct algorithm *a = algorithm_of(algorithm);
    uint8_t hash[OV_DIGEST_BYTES_MAX];
    struct ov_digest *sha;
    struct ov_key key = { .name = name };

    if (!ov_key_name_is_good(name)) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                "a key's name is 1 to %u characters of [0-9A-Za-z._/-]", OV_KEY_NAME_BYTES_MAX);
    }
    if (a == NULL) {
        return ov_fail(err, OVERT_E_VERSION, UINT64_MAX,
                "the key's algorithm 0x%02x is not known here", algorithm);
    }
    if (ov_bytes_len(bytes) != a->public_bytes) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX, "the key has %llu bytes, not %zu",
                (unsigned long long)ov_bytes_len(bytes), a->public_bytes);
    }
    if (is_weak(ov_bytes_raw(bytes))) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                "the key is a point of small order: anyone can sign for it");
    }
    sha = ov_digest_new(OV_DIGEST_SHA256);
    if (sha == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for SHA-256");
    }
    ov_digest_begin(sha);
    ov_digest_update(sha, name);
    ov_digest_update(sha, ov_bytes_of("\n", 1));
    ov_digest_update(sha, ov_bytes_of(&algorithm, 1));
    ov_digest_update(sha, bytes);
    ov_digest_end(sha, hash);
    ov_digest_free(sha);
    key.algorithm = a->number;
    memcpy(key.id, hash, sizeof(key.id));
    memcpy(key.bytes, ov_bytes_raw(bytes), a->public_bytes);
    *out = key;
    return OVERT_OK;
}

static void put_id(struct ov_buf *out, const uint8_t id[OV_KEY_ID_BYTES])
{
    ov_text_hex(out, ov_bytes_of(id, OV_KEY_ID_BYTES));
}

/* True if `text` is the id in lower-case hex. */
static bool is_id(struct ov_bytes text, const uint8_t id[OV_KEY_ID_BYTES])
{
    char hex[OV_KEY_ID_BYTES * 2 + 1];

    (void)snprintf(hex, sizeof(hex), "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
    return ov_bytes_equal(text, hex, sizeof(hex) - 1);
}

overt_status ov_key_read(struct ov_bytes text, struct ov_key *out, overt_error *err)
{
    uint8_t bytes[1 + OV_KEY_PUBLIC_BYTES_MAX] = { 0 };
    struct ov_bytes name, rest, id, encoded;
    struct ov_key key = { 0 };
    overt_status status;
    const char *why;
    size_t len = 0;

    if (!ov_text_split(text, '+', &name, &rest) || !ov_text_split(rest, '+', &id, &encoded)) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX, "a key is written NAME+ID+BASE64");
    }
    why = ov_base64_decode(encoded, NULL, 0, &len);
    if (why != NULL) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX, "in the key: %s", why);
    }
    if (len < 2) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX, "the key is empty");
    }
    if (len > sizeof(bytes)) {
        /* Longer than any key we know. Say so by its algorithm, if that can be read. */
        uint8_t first[3];
        size_t three = 0;

        why = ov_base64_decode(ov_text_cut(encoded, 0, 4), first, sizeof(first), &three);
        OV_ASSERT(why == NULL && three == sizeof(first));
        return ov_fail(err, OVERT_E_VERSION, UINT64_MAX,
                "a key of algorithm 0x%02x with %zu bytes is not known here", first[0], len - 1);
    }
    why = ov_base64_decode(encoded, bytes, sizeof(bytes), &len);
    OV_ASSERT(why == NULL);
    status = ov_key_init(&key, name, bytes[0], ov_bytes_of(&bytes[1], len - 1), err);
    if (status != OVERT_OK) {
        return status;
    }
    if (!is_id(id, key.id)) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                "the key's id is %02x%02x%02x%02x, not what is written before it", key.id[0],
                key.id[1], key.id[2], key.id[3]);
    }
    *out = key;
    return OVERT_OK;
}

void ov_key_put(struct ov_buf *out, const struct ov_key *key)
{
    const struct algorithm *a = algorithm_of((uint8_t)key->algorithm);
    uint8_t bytes[1 + OV_KEY_PUBLIC_BYTES_MAX];

    OV_ASSERT(a != NULL);
    bytes[0] = (uint8_t)key->algorithm;
    memcpy(&bytes[1], key->bytes, a->public_bytes);
    ov_buf_put(out, ov_bytes_raw(key->name), (size_t)ov_bytes_len(key->name));
    ov_buf_put_u8(out, '+');
    put_id(out, key->id);
    ov_buf_put_u8(out, '+');
    ov_base64_put(out, ov_bytes_of(bytes, 1 + a->public_bytes));
}

bool ov_key_is_same(const struct ov_key *a, const struct ov_key *b)
{
    const struct algorithm *x = algorithm_of((uint8_t)a->algorithm);
    const struct algorithm *y = algorithm_of((uint8_t)b->algorithm);

    OV_ASSERT(x != NULL && y != NULL);
    return x->public_bytes == y->public_bytes && memcmp(a->bytes, b->bytes, x->public_bytes) == 0;
}

static overt_status wrong(const struct ov_key *key, overt_error *err)
{
    /* A name may be longer than a message: its beginning and the id are enough to find it. */
    return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
            "the signature of %.*s (%02x%02x%02x%02x) is wrong",
            (int)(ov_bytes_len(key->name) > 64 ? 64 : ov_bytes_len(key->name)),
            (const char *)ov_bytes_raw(key->name), key->id[0], key->id[1], key->id[2], key->id[3]);
}

/* Did OpenSSL run out of memory since ERR_clear_error? Then a "wrong" of it means nothing. */
static bool is_out_of_memory(void)
{
    unsigned long code;

    while ((code = ERR_get_error()) != 0) {
        if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
            return true;
        }
    }
    return false;
}

/* RFC 8032, pure. OpenSSL's checks are the ones all our programs agree on: S below the order of
 * the group, no cofactor; the tests hold it to that. */
static overt_status ed25519_check(const struct ov_key *key, struct ov_bytes message,
        struct ov_bytes signature, overt_error *err)
{
    EVP_PKEY *pkey = NULL;
    EVP_MD_CTX *ctx = NULL;
    int good = -1;

    ERR_clear_error();
    /* The default would open openssl.cnf, which the environment can point anywhere. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1) {
        pkey = EVP_PKEY_new_raw_public_key(
                EVP_PKEY_ED25519, NULL, key->bytes, ED25519_PUBLIC_BYTES);
        ctx = EVP_MD_CTX_new();
    }
    if (pkey != NULL && ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1) {
        good = EVP_DigestVerify(ctx, ov_bytes_raw(signature), (size_t)ov_bytes_len(signature),
                ov_bytes_raw(message), (size_t)ov_bytes_len(message));
    }
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    if (good == 1 || !OV_DEFENDED(signatures)) {
        return OVERT_OK;
    }
    if (good < 0 || is_out_of_memory()) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to check a signature");
    }
    return wrong(key, err);
}

static overt_status check_note(const struct ov_key *key, struct ov_bytes text,
        struct ov_bytes signature, uint64_t *time, overt_error *err)
{
    *time = 0;
    return ed25519_check(key, text, signature, err);
}

static overt_status check_cosignature(const struct ov_key *key, struct ov_bytes text,
        struct ov_bytes signature, uint64_t *time, overt_error *err)
{
    struct ov_bytes ed25519;
    struct ov_buf message;
    overt_status status;
    const char *why = ov_cosignature_read(signature, time, &ed25519);

    if (why != NULL) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "%s", why);
    }
    ov_buf_init(&message, OV_NOTE_BYTES_MAX + OV_KIB);
    ov_cosignature_put_message(&message, *time, text);
    status = ov_buf_ok(&message)
                     ? ed25519_check(key, ov_buf_bytes(&message), ed25519, err)
                     : ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to check a signature");
    ov_buf_done(&message);
    return status;
}

overt_status ov_key_check(const struct ov_key *key, struct ov_bytes text, struct ov_bytes signature,
        uint64_t *time, overt_error *err)
{
    const struct algorithm *a = algorithm_of((uint8_t)key->algorithm);
    uint64_t when = 0;
    overt_status status;

    OV_ASSERT(a != NULL);
    OV_ASSERT(ov_bytes_len(text) <= OV_NOTE_BYTES_MAX);
    if (ov_bytes_len(signature) != a->signature_bytes) {
        return wrong(key, err);
    }
    status = a->check(key, text, signature, &when, err);
    if (status == OVERT_OK) {
        *time = when;
    }
    return status;
}
