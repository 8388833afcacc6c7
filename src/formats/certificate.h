/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.h - what is said of one X.509 certificate, and of the chain that leads from it. For
 * src/formats. */
#ifndef OV_FORMATS_CERTIFICATE_H
#define OV_FORMATS_CERTIFICATE_H

#include <openssl/x509.h>

#include "formats/say.h"

/* thumbprint, issuer, subject, version, algorithm, algorithm_oid, serial, not_before, not_after */
void ov_certificate_say(struct ov_say *say, struct ov_spot at, X509 *certificate);

/* An array of certificates. */
void ov_certificates_say(struct ov_say *say, struct ov_spot at, const char *array,
        const STACK_OF(X509) * certificates);

/* The certificates from `leaf` upwards, as far as `certificates` have them; none of them trusted.
 * Gives a stack of references, or NULL. */
/* clang-format off */
STACK_OF(X509) *ov_certificate_chain(
        struct ov_say *say, X509 *leaf, STACK_OF(X509) *certificates) OV_MUST_CHECK;
/* clang-format on */

/* Seconds since 1970. What is no time is the last day of 1899, as YARA has it. */
int64_t ov_certificate_time(const ASN1_TIME *time);

/* Lower-case hexadecimal digits. */
void ov_say_hex(struct ov_say *say, struct ov_spot at, const char *field, struct ov_bytes bytes);

#endif
