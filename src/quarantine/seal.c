/* SPDX-License-Identifier: Apache-2.0 */
/* seal.c - ChaCha20-Poly1305 over records, by libcrypto. What is read back may have been changed by
 * whoever could write the store; only what opens is used. */
#include "quarantine/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/checked.h"
#include "base/le.h"

#define MAGIC       "OVTQ\r\n\x1a\n"
#define VERSION     1u
#define LAST_BIT    0x80000000u
#define NONCE_BYTES 12

bool ov_seal_begin(struct ov_seal *seal, const uint8_t key[OV_SEAL_KEY_BYTES],
        const uint8_t id[OV_SEAL_ID_BYTES])
{
    unsigned len = 0;

    *seal = (struct ov_seal){ .priv_number = 0 };
    return HMAC(EVP_sha256(), key, (int)OV_SEAL_KEY_BYTES, id, OV_SEAL_ID_BYTES, seal->priv_key,
                   &len)
                   != NULL
           && len == sizeof(seal->priv_key);
}

void ov_seal_done(struct ov_seal *seal)
{
    OPENSSL_cleanse(seal, sizeof(*seal));
}

void ov_seal_put_head(struct ov_buf *out, const uint8_t id[OV_SEAL_ID_BYTES])
{
    ov_buf_put(out, MAGIC, 8);
    ov_buf_put_u32le(out, VERSION);
    ov_buf_put_u32le(out, 0);
    ov_buf_put(out, id, OV_SEAL_ID_BYTES);
}

bool ov_seal_read_head(struct ov_reader *r, uint8_t id[OV_SEAL_ID_BYTES])
{
    struct ov_bytes magic, raw;
    uint32_t version, zero;

    if (!ov_read_bytes(r, 8, &magic) || !ov_bytes_equal(magic, MAGIC, 8)
            || !ov_read_u32le(r, &version) || version != VERSION || !ov_read_u32le(r, &zero)
            || zero != 0 || !ov_read_bytes(r, OV_SEAL_ID_BYTES, &raw)) {
        return false;
    }
    memcpy(id, ov_bytes_raw(raw), OV_SEAL_ID_BYTES);
    return true;
}

static void nonce_of(uint64_t number, uint8_t nonce[NONCE_BYTES])
{
    memset(nonce, 0, NONCE_BYTES);
    for (unsigned i = 0; i < 8; i++) {
        nonce[4 + i] = (uint8_t)(number >> (8 * i));
    }
}

/* One record in either direction. Encrypting fills `tag`, decrypting holds the bytes against it. */
static bool run(const struct ov_seal *seal, bool encrypt, const uint8_t head[4], const uint8_t *in,
        size_t len, uint8_t *out, uint8_t tag[OV_SEAL_TAG_BYTES])
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t nonce[NONCE_BYTES];
    int done = 0, end = 0;
    bool good;

    nonce_of(seal->priv_number, nonce);
    good = ctx != NULL
           && EVP_CipherInit_ex(
                      ctx, EVP_chacha20_poly1305(), NULL, seal->priv_key, nonce, encrypt ? 1 : 0)
                      == 1
           && EVP_CipherUpdate(ctx, NULL, &done, head, 4) == 1
           && EVP_CipherUpdate(ctx, out, &done, in, (int)len) == 1
           && (encrypt
                   || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)OV_SEAL_TAG_BYTES, tag)
                              == 1)
           && EVP_CipherFinal_ex(ctx, out + done, &end) == 1
           && (!encrypt
                   || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)OV_SEAL_TAG_BYTES, tag)
                              == 1);
    EVP_CIPHER_CTX_free(ctx);
    return good && (size_t)done + (size_t)end == len;
}

bool ov_seal_put(struct ov_seal *seal, struct ov_buf *out, struct ov_bytes plain, bool last)
{
    const size_t len = (size_t)ov_bytes_len(plain);
    const struct ov_le32 head = ov_le32_of((uint32_t)len | (last ? LAST_BIT : 0));
    uint8_t tag[OV_SEAL_TAG_BYTES];
    uint8_t *room;

    OV_ASSERT(len <= OV_SEAL_RECORD_BYTES && (len > 0 || last) && !seal->priv_ended);
    ov_buf_put(out, &head, sizeof(head));
    room = ov_buf_extend(out, len);
    if (room == NULL
            || !run(seal, true, (const uint8_t *)&head,
                    len == 0 ? (const uint8_t *)"" : ov_bytes_raw(plain), len, room, tag)) {
        return false;
    }
    ov_buf_put(out, tag, sizeof(tag));
    seal->priv_number++;
    seal->priv_ended = last;
    return ov_buf_ok(out);
}

enum ov_unseal ov_seal_take(
        struct ov_seal *seal, struct ov_reader *r, uint8_t *plain, size_t *plain_bytes)
{
    struct ov_reader at = *r;
    struct ov_bytes cipher, tag_bytes;
    struct ov_le32 head;
    uint8_t tag[OV_SEAL_TAG_BYTES];
    uint32_t word, len;

    if (seal->priv_ended) {
        return OV_UNSEAL_DAMAGED; /* something stands behind the last record */
    }
    if (!ov_read_u32le(&at, &word)) {
        return OV_UNSEAL_MORE;
    }
    len = word & ~LAST_BIT;
    if (len > OV_SEAL_RECORD_BYTES || (len == 0 && (word & LAST_BIT) == 0)) {
        return OV_UNSEAL_DAMAGED;
    }
    if (!ov_read_bytes(&at, len, &cipher) || !ov_read_bytes(&at, OV_SEAL_TAG_BYTES, &tag_bytes)) {
        return OV_UNSEAL_MORE;
    }
    head = ov_le32_of(word);
    memcpy(tag, ov_bytes_raw(tag_bytes), sizeof(tag));
    if (!run(seal, false, (const uint8_t *)&head,
                len == 0 ? (const uint8_t *)"" : ov_bytes_raw(cipher), len, plain, tag)) {
        return OV_UNSEAL_DAMAGED;
    }
    seal->priv_number++;
    seal->priv_ended = (word & LAST_BIT) != 0;
    *plain_bytes = len;
    *r = at;
    return seal->priv_ended ? OV_UNSEAL_LAST : OV_UNSEAL_RECORD;
}
