/* SPDX-License-Identifier: Apache-2.0 */
/* pdf_crypt.c - the standard security handler of ISO 32000-2 7.6.4, revisions 2
 * to 6, with the empty user password. The dictionary was written by whoever
 * made the file: strings have the lengths that the algorithms ask for, or there
 * is no key. */
#include "formats/pdf_crypt.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/checked.h"
#include "formats/pdf_words.h"
#include "formats/peek.h"

#define ROUNDS_MAX 1024u /* of algorithm 2.B; by chance it ends before 300 */

/* 7.6.4.3.2: what a password is filled up with. */
static const uint8_t filling[32] = { 0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00,
    0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08, 0x2e, 0x2e, 0x00, 0xb6, 0xd0, 0x68, 0x3e, 0x80, 0x2f, 0x0c,
    0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a };
static const uint8_t aes_salt[4] = { 's', 'A', 'l', 'T' };

/* --- ciphers --------------------------------------------------------------------------------- */

/* OpenSSL has it in a provider that is not linked; it is this short. */
static void rc4(const uint8_t *key, size_t key_bytes, const uint8_t *in, uint8_t *out, size_t len)
{
    uint8_t s[256], a = 0, b = 0;

    OV_ASSERT(key_bytes > 0);
    for (unsigned i = 0; i < 256; i++) {
        s[i] = (uint8_t)i;
    }
    for (unsigned i = 0; i < 256; i++) {
        const uint8_t v = s[i];

        b = (uint8_t)(b + v + key[i % key_bytes]);
        s[i] = s[b];
        s[b] = v;
    }
    b = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t v;

        a++;
        v = s[a];
        b = (uint8_t)(b + v);
        s[a] = s[b];
        s[b] = v;
        out[i] = in[i] ^ s[(uint8_t)(s[a] + v)];
    }
}

/* Whole blocks, nothing filled up. */
static bool aes_cbc(bool encrypt, const uint8_t *key, size_t key_bytes, const uint8_t *iv,
        const uint8_t *in, size_t len, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int got = 0;
    const bool good =
            context != NULL && len % 16 == 0 && len <= INT32_MAX
            && EVP_CipherInit_ex(context, key_bytes == 32 ? EVP_aes_256_cbc() : EVP_aes_128_cbc(),
                       NULL, key, iv, encrypt ? 1 : 0)
                       == 1
            && EVP_CIPHER_CTX_set_padding(context, 0) == 1
            && EVP_CipherUpdate(context, out, &got, in, (int)len) == 1 && got == (int)len;

    EVP_CIPHER_CTX_free(context);
    return good;
}

static bool digest(const EVP_MD *md, const void *in, size_t len, uint8_t *out, unsigned *bytes)
{
    return EVP_Digest(in, len, out, bytes, md, NULL) == 1;
}

/* --- keys ------------------------------------------------------------------------------------ */

/* Algorithm 2.B for the empty password and no owner: `salt` is what is hashed
 * at first. */
static bool hash_6(const uint8_t salt[8], bool old, uint8_t out[32])
{
    uint8_t k[64], text[64 * 64], made[64 * 64];
    unsigned bytes = 0;

    if (!digest(EVP_sha256(), salt, 8, k, &bytes)) {
        return false;
    }
    for (unsigned round = 0; !old && round < ROUNDS_MAX; round++) {
        const size_t len = (size_t)bytes * 64;
        unsigned sum = 0;

        for (unsigned i = 0; i < 64; i++) {
            memcpy(&text[(size_t)i * bytes], k, bytes);
        }
        if (!aes_cbc(true, k, 16, &k[16], text, len, made)) {
            return false;
        }
        for (unsigned i = 0; i < 16; i++) {
            sum += made[i];
        }
        if (!digest(sum % 3 == 0   ? EVP_sha256()
                    : sum % 3 == 1 ? EVP_sha384()
                                   : EVP_sha512(),
                    made, len, k, &bytes)) {
            return false;
        }
        if (round >= 63 && made[len - 1] + 32u <= round + 1) {
            break;
        }
    }
    memcpy(out, k, 32);
    return true;
}

/* 256 bits: the key stands in the dictionary, under a key made of the password.
 */
static bool find_256(struct ov_bytes dictionary, uint64_t revision, struct ov_pdf_key *out)
{
    static const uint8_t zeros[16] = { 0 };
    uint8_t check[32], wrap[32];
    struct ov_buf u, ue;
    bool good;

    ov_buf_init(&u, 256);
    ov_buf_init(&ue, 256);
    good = ov_pdf_string_of(dictionary, "/U", &u) && ov_pdf_string_of(dictionary, "/UE", &ue)
           && ov_bytes_len(ov_buf_bytes(&u)) >= 48 && ov_bytes_len(ov_buf_bytes(&ue)) >= 32;
    if (good) {
        const uint8_t *p = ov_bytes_raw(ov_buf_bytes(&u));

        good = hash_6(&p[32], revision == 5, check) && memcmp(check, p, 32) == 0
               && hash_6(&p[40], revision == 5, wrap)
               && aes_cbc(false, wrap, 32, zeros, ov_bytes_raw(ov_buf_bytes(&ue)), 32, out->key);
    }
    ov_buf_done(&u);
    ov_buf_done(&ue);
    out->bytes = 32;
    return good;
}

/* Algorithms 4 and 5: is this the key of the empty password? */
static bool opens(
        const struct ov_pdf_key *key, uint64_t revision, struct ov_bytes id, struct ov_bytes u)
{
    uint8_t made[32], text[32 + 64], k[16];
    const size_t id_bytes = ov_bytes_len(id) < 64 ? (size_t)ov_bytes_len(id) : 64;
    unsigned bytes;

    if (revision == 2) {
        rc4(key->key, key->bytes, filling, made, 32);
        return ov_bytes_len(u) >= 32 && memcmp(made, ov_bytes_raw(u), 32) == 0;
    }
    memcpy(text, filling, 32);
    memcpy(&text[32], ov_bytes_raw(id), id_bytes);
    if (!digest(EVP_md5(), text, 32 + id_bytes, made, &bytes)) {
        return false;
    }
    for (unsigned round = 0; round < 20; round++) {
        for (size_t i = 0; i < key->bytes; i++) {
            k[i] = (uint8_t)(key->key[i] ^ round);
        }
        rc4(k, key->bytes, made, made, 16);
    }
    return ov_bytes_len(u) >= 16 && memcmp(made, ov_bytes_raw(u), 16) == 0;
}

/* Algorithm 2. */
static bool find_128(
        struct ov_bytes dictionary, struct ov_bytes id, uint64_t revision, struct ov_pdf_key *out)
{
    const uint64_t meta = ov_pdf_value_of(dictionary, 0, "/EncryptMetadata");
    struct ov_buf o, u, text;
    uint64_t permissions, bits = 40;
    uint8_t md5[16];
    unsigned bytes;
    bool good;

    ov_buf_init(&o, 256);
    ov_buf_init(&u, 256);
    ov_buf_init(&text, 1024);
    if (!ov_pdf_number_of(dictionary, "/Length", &bits)) {
        bits = 40;
    }
    bits = revision == 2 ? 40 : bits < 40 ? bits * 8 : bits; /* some say bytes */
    bits = revision >= 4 ? 128 : bits;
    out->bytes = bits >= 40 && bits <= 128 ? (size_t)(bits / 8) : 16;
    good = ov_pdf_string_of(dictionary, "/O", &o) && ov_pdf_string_of(dictionary, "/U", &u)
           && ov_bytes_len(ov_buf_bytes(&o)) >= 32
           && ov_pdf_number_of(dictionary, "/P", &permissions);
    if (good) {
        ov_buf_put(&text, filling, 32);
        ov_buf_put(&text, ov_bytes_raw(ov_buf_bytes(&o)), 32);
        ov_buf_put_u32le(&text, (uint32_t)permissions);
        ov_buf_put(&text, ov_bytes_raw(id), (size_t)ov_bytes_len(id));
        if (revision >= 4 && meta != UINT64_MAX && ov_has(dictionary, meta, "false", 5)) {
            ov_buf_put_u32le(&text, UINT32_MAX);
        }
        good = ov_buf_ok(&text)
               && digest(EVP_md5(), ov_bytes_raw(ov_buf_bytes(&text)),
                       (size_t)ov_bytes_len(ov_buf_bytes(&text)), md5, &bytes);
    }
    for (unsigned i = 0; good && revision >= 3 && i < 50; i++) {
        good = digest(EVP_md5(), md5, out->bytes, md5, &bytes);
    }
    if (good) {
        memcpy(out->key, md5, 16);
        good = opens(out, revision, id, ov_buf_bytes(&u));
    }
    ov_buf_done(&o);
    ov_buf_done(&u);
    ov_buf_done(&text);
    return good;
}

/* Which cipher streams have; from version 4 on it has a name. */
static enum ov_pdf_cipher cipher_of(struct ov_bytes dictionary, uint64_t version)
{
    const uint64_t filter = ov_pdf_value_of(dictionary, 0, "/StmF");
    const uint64_t method = ov_pdf_value_of(dictionary, 0, "/CFM");

    if (version < 4) {
        return OV_PDF_RC4;
    }
    if (filter == UINT64_MAX || ov_has(dictionary, filter, "/Identity", 9)
            || ov_has(dictionary, method, "/None", 5)) {
        return OV_PDF_PLAIN;
    }
    if (ov_has(dictionary, method, "/AESV3", 6)) {
        return OV_PDF_AES_256;
    }
    return ov_has(dictionary, method, "/AESV2", 6) ? OV_PDF_AES : OV_PDF_RC4;
}

void ov_pdf_key_find(struct ov_bytes dictionary, struct ov_bytes id, struct ov_pdf_key *out)
{
    const uint64_t filter = ov_pdf_value_of(dictionary, 0, "/Filter");
    uint64_t version = 0, revision = 0;
    bool good;

    memset(out, 0, sizeof(*out));
    out->cipher = OV_PDF_LOCKED;
    if (!ov_has(dictionary, filter, "/Standard", 9) || !ov_pdf_number_of(dictionary, "/V", &version)
            || !ov_pdf_number_of(dictionary, "/R", &revision) || version < 1 || version > 5
            || version == 3 || revision < 2 || revision > 6) {
        return;
    }
    good = version == 5 ? find_256(dictionary, revision, out)
                        : find_128(dictionary, id, revision, out);
    if (good) {
        out->cipher = cipher_of(dictionary, version);
    }
    if ((out->cipher == OV_PDF_AES_256) != (version == 5) && out->cipher != OV_PDF_PLAIN) {
        out->cipher = OV_PDF_LOCKED;
    }
}

/* --- objects --------------------------------------------------------------------------------- */

/* Algorithm 1. */
static bool key_of_object(const struct ov_pdf_key *key, uint32_t number, uint32_t generation,
        uint8_t out[16], size_t *bytes)
{
    uint8_t text[16 + 5 + 4];
    size_t len = key->bytes;
    unsigned got;

    memcpy(text, key->key, len);
    text[len++] = (uint8_t)number;
    text[len++] = (uint8_t)(number >> 8);
    text[len++] = (uint8_t)(number >> 16);
    text[len++] = (uint8_t)generation;
    text[len++] = (uint8_t)(generation >> 8);
    *bytes = len < 16 ? len : 16;
    if (key->cipher == OV_PDF_AES) {
        memcpy(&text[len], aes_salt, sizeof(aes_salt));
        len += sizeof(aes_salt);
    }
    return digest(EVP_md5(), text, len, out, &got);
}

bool ov_pdf_decrypt(const struct ov_pdf_key *key, uint32_t number, uint32_t generation,
        struct ov_bytes data, struct ov_buf *out)
{
    const uint8_t *in = ov_bytes_raw(data);
    size_t len = (size_t)ov_bytes_len(data), bytes = key->bytes, kept;
    uint8_t own[32], *to;

    OV_ASSERT(key->cipher != OV_PDF_LOCKED);
    if (key->cipher == OV_PDF_PLAIN || len == 0) {
        ov_buf_put(out, in, len);
        return true;
    }
    memcpy(own, key->key, sizeof(own));
    if (key->cipher != OV_PDF_AES_256 && !key_of_object(key, number, generation, own, &bytes)) {
        return false;
    }
    if (key->cipher == OV_PDF_RC4) {
        to = ov_buf_extend(out, len);
        if (to != NULL) {
            rc4(own, bytes, in, to, len);
        }
        return true; /* what does not fit is told by the buffer */
    }
    if (len < 32) {
        return len == 16; /* nothing, behind the first block */
    }
    kept = (len - 16) / 16 * 16;
    to = ov_buf_extend(out, kept);
    if (to == NULL) {
        return true;
    }
    if (!aes_cbc(false, own, bytes, in, &in[16], kept, to)) {
        ov_buf_cut(out, (size_t)ov_bytes_len(ov_buf_bytes(out)) - kept);
        return false;
    }
    /* The last byte says how many of them fill up the block. */
    if (to[kept - 1] >= 1 && to[kept - 1] <= 16) {
        ov_buf_cut(out, (size_t)ov_bytes_len(ov_buf_bytes(out)) - to[kept - 1]);
    }
    return len % 16 == 0;
}
