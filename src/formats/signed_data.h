/* SPDX-License-Identifier: Apache-2.0 */
/* signed_data.h - one Authenticode signature: a PKCS #7 SignedData. For src/formats. */
#ifndef OV_FORMATS_SIGNED_DATA_H
#define OV_FORMATS_SIGNED_DATA_H

#include <openssl/pkcs7.h>

#include "base/limits.h"
#include "formats/countersignature.h"
#include "formats/say.h"
#include "formats/spc.h"

enum ov_signed_state {
    OV_SIGNED_VALID = 0, /* it agrees with itself */
    OV_SIGNED_INVALID,   /* it does not, or lacks something */
    OV_SIGNED_UNSAID     /* so broken that nothing is said of it */
};

struct ov_signed {
    enum ov_signed_state state;
    PKCS7 *pkcs7;                   /* owned */
    struct ov_spc_content *content; /* owned */
    const char *digest_name;        /* of the file's digest; NULL: unknown */
    bool has_signer;                /* a signature that was read as far as its signer */
    STACK_OF(X509) * chain;         /* owned */
    const char *signer_digest_name;
    const ASN1_TYPE *signer_digest; /* in pkcs7 */
    char *program_name;             /* OpenSSL's */
    X509_ATTRIBUTE *nested;         /* in pkcs7: further signatures */
    struct ov_countersignature countersignatures[OV_COUNTERSIGNATURES_MAX];
    unsigned countersignature_count;
};

/* Reads and verifies one, without what is nested in it. */
void ov_signed_read(struct ov_say *say, struct ov_bytes der, struct ov_signed *out);
void ov_signed_done(struct ov_signed *s);

/* The digest of the file that the signature names; empty: none. */
struct ov_bytes ov_signed_digest(const struct ov_signed *s);

/* All but verified, digests and file_digest. */
void ov_signed_say(struct ov_say *say, struct ov_spot at, const struct ov_signed *s);

#endif
