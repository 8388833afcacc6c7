/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - MD5, SHA-1 and SHA-256 through OpenSSL's own functions for each.
 *
 * The newer EVP interface would do the same by way of providers, and bring with it, into the
 * statically linked worker, everything OpenSSL can reach from there: sockets, names, files. These
 * functions bring their assembly and nothing else, and begin a digest ten times as fast. OpenSSL
 * calls them deprecated; they have been stable for twenty years. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/digest.h"

#include <openssl/md5.h>
#include <openssl/sha.h>

#include "base/checked.h"

struct ov_digest {
    enum ov_digest_kind kind;
    union {
        MD5_CTX md5;
        SHA_CTX sha1;
        SHA256_CTX sha256;
    } u;
};

static const struct {
    const char *name;
    size_t bytes;
} kinds[OV_DIGEST_KINDS] = {
    [OV_DIGEST_MD5] = { "md5", MD5_DIGEST_LENGTH },
    [OV_DIGEST_SHA1] = { "sha1", SHA_DIGEST_LENGTH },
    [OV_DIGEST_SHA256] = { "sha256", SHA256_DIGEST_LENGTH },
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
    struct ov_digest *digest = calloc(1, sizeof(*digest));

    OV_ASSERT(kind < OV_DIGEST_KINDS);
    if (digest != NULL) {
        digest->kind = kind;
        ov_digest_begin(digest);
    }
    return digest;
}

void ov_digest_free(struct ov_digest *digest)
{
    free(digest);
}

void ov_digest_begin(struct ov_digest *digest)
{
    int ok = 0;

    switch (digest->kind) {
    case OV_DIGEST_MD5:
        ok = MD5_Init(&digest->u.md5);
        break;
    case OV_DIGEST_SHA1:
        ok = SHA1_Init(&digest->u.sha1);
        break;
    case OV_DIGEST_SHA256:
        ok = SHA256_Init(&digest->u.sha256);
        break;
    case OV_DIGEST_KINDS:
        break;
    }
    OV_ASSERT(ok == 1);
}

void ov_digest_update(struct ov_digest *digest, struct ov_bytes bytes)
{
    const uint8_t *at = ov_bytes_raw(bytes);
    const size_t len = (size_t)ov_bytes_len(bytes);
    int ok = 0;

    switch (digest->kind) {
    case OV_DIGEST_MD5:
        ok = MD5_Update(&digest->u.md5, at, len);
        break;
    case OV_DIGEST_SHA1:
        ok = SHA1_Update(&digest->u.sha1, at, len);
        break;
    case OV_DIGEST_SHA256:
        ok = SHA256_Update(&digest->u.sha256, at, len);
        break;
    case OV_DIGEST_KINDS:
        break;
    }
    OV_ASSERT(ok == 1);
}

void ov_digest_end(struct ov_digest *digest, uint8_t out[OV_DIGEST_BYTES_MAX])
{
    int ok = 0;

    switch (digest->kind) {
    case OV_DIGEST_MD5:
        ok = MD5_Final(out, &digest->u.md5);
        break;
    case OV_DIGEST_SHA1:
        ok = SHA1_Final(out, &digest->u.sha1);
        break;
    case OV_DIGEST_SHA256:
        ok = SHA256_Final(out, &digest->u.sha256);
        break;
    case OV_DIGEST_KINDS:
        break;
    }
    OV_ASSERT(ok == 1);
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
