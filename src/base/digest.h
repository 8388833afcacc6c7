/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - the hash functions that rules, databases and the log ask for (through OpenSSL).
 *
 * No configuration file is read and no clock, entropy or file is asked for, so this works in a
 * worker. */
#ifndef OV_BASE_DIGEST_H
#define OV_BASE_DIGEST_H

#include "base/bytes.h"

enum ov_digest_kind {
    OV_DIGEST_MD5 = 0,
    OV_DIGEST_SHA1 = 1,
    OV_DIGEST_SHA256 = 2,
    OV_DIGEST_KINDS = 3
};

#define OV_DIGEST_BYTES_MAX 32u

/* What a listed digest is one of. A table of a database is one domain's digests of one kind. */
enum ov_hash_domain {
    OV_HASH_FILE = 0,    /* a whole object */
    OV_HASH_SECTION = 1, /* the raw bytes of one section of an executable */
    OV_HASH_IMPORT = 2,  /* what an executable imports, spelled out */
    OV_HASH_TRUST = 3,   /* a whole object in which nothing is to be found */
    OV_HASH_DOMAINS = 4
};

#define OV_HASH_TABLES ((unsigned)OV_HASH_DOMAINS * (unsigned)OV_DIGEST_KINDS)

static inline unsigned ov_hash_table(enum ov_hash_domain domain, enum ov_digest_kind kind)
{
    return (unsigned)domain * (unsigned)OV_DIGEST_KINDS + (unsigned)kind;
}

static inline enum ov_digest_kind ov_hash_table_kind(unsigned table)
{
    return (enum ov_digest_kind)(table % (unsigned)OV_DIGEST_KINDS);
}

static inline enum ov_hash_domain ov_hash_table_domain(unsigned table)
{
    return (enum ov_hash_domain)(table / (unsigned)OV_DIGEST_KINDS);
}

struct ov_digest; /* one running digest, reusable */

size_t ov_digest_bytes(enum ov_digest_kind kind); /* 16, 20, 32 */
const char *ov_digest_name(enum ov_digest_kind kind);

/* NULL: out of memory, or OpenSSL has no such digest. */
struct ov_digest *ov_digest_new(enum ov_digest_kind kind) OV_MUST_CHECK;
void ov_digest_free(struct ov_digest *digest);
OV_DEFINE_AUTO(struct ov_digest, ov_digest_free);

void ov_digest_begin(struct ov_digest *digest);
void ov_digest_update(struct ov_digest *digest, struct ov_bytes bytes);
void ov_digest_end(struct ov_digest *digest, uint8_t out[OV_DIGEST_BYTES_MAX]);

/* All at once. False only when ov_digest_new fails. */
OV_MUST_CHECK bool ov_digest_of(
        enum ov_digest_kind kind, struct ov_bytes bytes, uint8_t out[OV_DIGEST_BYTES_MAX]);

#endif
