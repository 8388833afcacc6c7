/* SPDX-License-Identifier: Apache-2.0 */
/* countersignature.h - a timestamp on a signature: PKCS #9's, or Microsoft's, which is a token of
 * RFC 3161. For src/formats. */
#ifndef OV_FORMATS_COUNTERSIGNATURE_H
#define OV_FORMATS_COUNTERSIGNATURE_H

#include <openssl/pkcs7.h>

#include "formats/say.h"

struct ov_countersignature {
    bool verified;
    int64_t time;
    const char *digest_name;       /* of OpenSSL's table; NULL: unknown yet */
    ASN1_OCTET_STRING *digest;     /* owned; NULL: none */
    STACK_OF(X509) * chain;        /* owned */
    STACK_OF(X509) * certificates; /* owned: those it brings along */
};

/* `signature` is what was countersigned, `certificates` where the signer's is looked for. Both
 * leave in *out what they found out before they failed; ov_countersignature_done frees it. */
void ov_countersignature_pkcs9(struct ov_say *say, struct ov_bytes der,
        STACK_OF(X509) * certificates, const ASN1_OCTET_STRING *signature,
        struct ov_countersignature *out);
void ov_countersignature_token(struct ov_say *say, struct ov_bytes der,
        const ASN1_OCTET_STRING *signature, struct ov_countersignature *out);

void ov_countersignature_say(
        struct ov_say *say, struct ov_spot at, const struct ov_countersignature *countersignature);
void ov_countersignature_done(struct ov_countersignature *countersignature);

#endif
