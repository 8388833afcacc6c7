/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/checked.h"

struct ov_digest {
    EVP_MD *md; /* fetched once: a fetch per object would cost more than a small object */
    EVP_MD_CTX *ctx;
    enum ov_digest_kind kind;
};

static const struct {
    const char *name;
    const char *openssl_name;
    size_t bytes;
} kinds[OV_DIGEST_KINDS] = {
    [OV_DIGEST_MD5] = { "md5", "MD5", 16 },
    [OV_DIGEST_SHA1] = { "sha1", "SHA1", 20 },
    [OV_DIGEST_SHA256] = { "sha256", "SHA2-256", 32 },
};

size_t ov_digest_bytes(enum ov_digest_kind kind)
{
    OV_ASSERT(kind < OV_DIGEST_KINDS);
    return kinds[kind].bytes;
}

const char *ov_digest_name(enum ov_digest_kind kind)
{
    OV_ASSERT(kind < OV_DIGEST_KINDS);
    return kinds[kind].name;
}

struct ov_digest *ov_digest_new(enum ov_digest_kind kind)
{
    struct ov_digest *digest;

    OV_ASSERT(kind < OV_DIGEST_KINDS);
    /* The default would open openssl.cnf, which a jail answers by death. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return NULL;
    }
    digest = calloc(1, sizeof(*digest));
    if (digest == NULL) {
        return NULL;
    }
    digest->kind = kind;
    digest->md = EVP_MD_fetch(NULL, kinds[kind].openssl_name, NULL);
    digest->ctx = EVP_MD_CTX_new();
    if (digest->md == NULL || digest->ctx == NULL) {
        ov_digest_free(digest);
        return NULL;
    }
    return digest;
}

void ov_digest_free(struct ov_digest *digest)
{
    if (digest == NULL) {
        return;
    }
    EVP_MD_CTX_free(digest->ctx);
    EVP_MD_free(digest->md);
    free(digest);
}

void ov_digest_begin(struct ov_digest *digest)
{
    const int ok = EVP_DigestInit_ex2(digest->ctx, digest->md, NULL);

    OV_ASSERT(ok == 1);
}

void ov_digest_update(struct ov_digest *digest, struct ov_bytes bytes)
{
    const int ok = EVP_DigestUpdate(digest->ctx, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));

    OV_ASSERT(ok == 1);
}

void ov_digest_end(struct ov_digest *digest, uint8_t out[OV_DIGEST_BYTES_MAX])
{
    unsigned int bytes = 0;
    const int ok = EVP_DigestFinal_ex(digest->ctx, out, &bytes);

    OV_ASSERT(ok == 1 && bytes == kinds[digest->kind].bytes);
}

bool ov_digest_of(enum ov_digest_kind kind, struct ov_bytes bytes, uint8_t out[OV_DIGEST_BYTES_MAX])
{
    struct ov_digest *digest = ov_digest_new(kind);

    if (digest == NULL) {
        return false;
    }
    ov_digest_begin(digest);
    ov_digest_update(digest, bytes);
    ov_digest_end(digest, out);
    ov_digest_free(digest);
    return true;
}
