/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sign.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "trust/cosignature.h"
#include "trust/line.h"

#define ED25519_SIGNATURE_BYTES 64u

overt_status ov_signer_init(struct ov_signer *out, struct ov_bytes name,
        enum ov_key_algorithm algorithm, const uint8_t seed[OV_SEED_BYTES], overt_error *err)
{
    struct ov_signer signer;
    uint8_t public_key[32];
    size_t public_bytes = sizeof(public_key);
    EVP_PKEY *pkey = NULL;
    overt_status status;
    bool have = false;

    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1) {
        pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, OV_SEED_BYTES);
        have = pkey != NULL && EVP_PKEY_get_raw_public_key(pkey, public_key, &public_bytes) == 1;
    }
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    if (!have) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a signing key");
    }
    status = ov_key_init(
            &signer.key, name, (uint8_t)algorithm, ov_bytes_of(public_key, public_bytes), err);
    if (status == OVERT_OK) {
        memcpy(signer.seed, seed, OV_SEED_BYTES);
        *out = signer;
    }
    return status;
}

#define PRIVATE_HEAD "PRIVATE+KEY+"

static bool is_id(struct ov_bytes text, const uint8_t id[OV_KEY_ID_BYTES])
{
    char hex[2 * OV_KEY_ID_BYTES + 1];

    for (size_t i = 0; i < OV_KEY_ID_BYTES; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", id[i]);
    }
    return ov_bytes_equal(text, hex, strlen(hex));
}

overt_status ov_signer_read(struct ov_bytes text, struct ov_signer *out, overt_error *err)
{
    struct ov_bytes line, rest, name, id, base64, after;
    uint8_t bytes[1 + OV_SEED_BYTES];
    overt_status status;
    size_t len = 0;

    if (!ov_text_split(text, '\n', &line, &after) || ov_bytes_len(after) != 0
            || !ov_text_after(line, PRIVATE_HEAD, &rest) || !ov_text_split(rest, '+', &name, &after)
            || !ov_text_split(after, '+', &id, &base64)
            || ov_base64_decode(base64, bytes, sizeof(bytes), &len) != NULL || len != sizeof(bytes)
            || (bytes[0] != OV_KEY_ED25519 && bytes[0] != OV_KEY_COSIGNATURE_V1)) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                "not a private key: one line of PRIVATE+KEY+NAME+ID+BASE64");
    }
    status = ov_signer_init(out, name, (enum ov_key_algorithm)bytes[0], bytes + 1, err);
    explicit_bzero(bytes, sizeof(bytes));
    if (status == OVERT_OK && !is_id(id, out->key.id)) {
        status = ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX, "the private key's id is not its own");
    }
    return status;
}

bool ov_signer_put(struct ov_buf *out, const struct ov_signer *signer)
{
    uint8_t bytes[1 + OV_SEED_BYTES];

    bytes[0] = (uint8_t)signer->key.algorithm;
    memcpy(bytes + 1, signer->seed, OV_SEED_BYTES);
    ov_buf_put_text(out, PRIVATE_HEAD);
    ov_buf_put(out, ov_bytes_raw(signer->key.name), (size_t)ov_bytes_len(signer->key.name));
    ov_buf_printf(out, "+%02x%02x%02x%02x+", signer->key.id[0], signer->key.id[1],
            signer->key.id[2], signer->key.id[3]);
    ov_base64_put(out, ov_bytes_of(bytes, sizeof(bytes)));
    ov_buf_put_u8(out, '\n');
    explicit_bzero(bytes, sizeof(bytes));
    return ov_buf_ok(out);
}

static overt_status ed25519_sign(const struct ov_signer *signer, struct ov_bytes message,
        uint8_t out[ED25519_SIGNATURE_BYTES], overt_error *err)
{
    EVP_PKEY *pkey =
            EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, signer->seed, OV_SEED_BYTES);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = ED25519_SIGNATURE_BYTES;
    const bool done =
            pkey != NULL && ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1
            && EVP_DigestSign(ctx, out, &len, ov_bytes_raw(message), (size_t)ov_bytes_len(message))
                       == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return done ? OVERT_OK : ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to sign");
}

static overt_status check_text(struct ov_bytes text, overt_error *err)
{
    const uint64_t len = ov_bytes_len(text);

    if (len == 0 || len > OV_NOTE_BYTES_MAX || ov_bytes_raw(text)[len - 1] != '\n') {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "a note's text has 1 to %u bytes and ends in LF", OV_NOTE_BYTES_MAX);
    }
    return ov_text_check_plain(text, err) == OVERT_OK
                   ? OVERT_OK
                   : ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                           "a note's text is UTF-8 without control characters");
}

overt_status ov_sign_note(struct ov_buf *out, struct ov_bytes text, const struct ov_signer *signer,
        uint64_t time, overt_error *err)
{
    uint8_t signature[ED25519_SIGNATURE_BYTES];
    struct ov_buf message, field;
    overt_status status = check_text(text, err);

    if (status != OVERT_OK) {
        return status;
    }
    if (time > OV_LOG_NUMBER_MAX) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a cosignature's time is below 2^63");
    }
    ov_buf_init(&message, OV_NOTE_BYTES_MAX + OV_KIB);
    ov_buf_init(&field, OV_KEY_SIGNATURE_BYTES_MAX);
    if (signer->key.algorithm == OV_KEY_COSIGNATURE_V1) {
        ov_cosignature_put_message(&message, time, text);
        ov_cosignature_put_time(&field, time);
    } else {
        ov_buf_put(&message, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    }
    status = ov_buf_ok(&message) ? ed25519_sign(signer, ov_buf_bytes(&message), signature, err)
                                 : ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to sign");
    if (status == OVERT_OK) {
        ov_buf_put(&field, signature, sizeof(signature));
        ov_note_put_signature(out, signer->key.name, signer->key.id, ov_buf_bytes(&field));
        if (!ov_buf_ok(&field) || !ov_buf_ok(out)) {
            status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to sign");
        }
    }
    ov_buf_done(&field);
    ov_buf_done(&message);
    return status;
}
