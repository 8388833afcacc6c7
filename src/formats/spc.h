/* SPDX-License-Identifier: Apache-2.0 */
/* spc.h - the structures that Authenticode adds to PKCS #7 ("Windows Authenticode Portable
 * Executable Signature Format", 2008), and what is safe to take out of a parsed one. For
 * src/formats. */
#ifndef OV_FORMATS_SPC_H
#define OV_FORMATS_SPC_H

#include <openssl/asn1t.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "base/bytes.h"

#define OV_SPC_INDIRECT_DATA "1.3.6.1.4.1.311.2.1.4"
#define OV_SPC_OPUS_INFO     "1.3.6.1.4.1.311.2.1.12"
#define OV_SPC_NESTED        "1.3.6.1.4.1.311.2.4.1"
#define OV_SPC_COUNTERSIGNED "1.3.6.1.4.1.311.3.3.1"

struct ov_spc_value {
    ASN1_OBJECT *type;
    ASN1_TYPE *value;
};

/* What is signed: the digest of the file. */
struct ov_spc_content {
    struct ov_spc_value *data;
    X509_SIG *digest;
};

/* The NUL-terminated name of a digest and its bytes. */
struct ov_spc_content *ov_spc_content_of(PKCS7 *contents) OV_MUST_CHECK;
void ov_spc_content_free(struct ov_spc_content *content);
OV_DEFINE_AUTO(struct ov_spc_content, ov_spc_content_free);

/* The program's name out of an attribute, as UTF-8 from OpenSSL's allocator. NULL: it has none. */
char *ov_spc_program_name(const ASN1_TYPE *info) OV_MUST_CHECK;

/* The bytes of a value; empty for the types that have none (and whose union must not be read). */
struct ov_bytes ov_spc_bytes(const ASN1_TYPE *value);

bool ov_spc_is(const ASN1_OBJECT *object, const char *oid);

/* The attribute of this type; NULL: there is none. */
X509_ATTRIBUTE *ov_spc_attribute(const STACK_OF(X509_ATTRIBUTE) * attributes, const char *oid);
ASN1_TYPE *ov_spc_first_value(const STACK_OF(X509_ATTRIBUTE) * attributes, const char *oid);

/* How many elements a DER or BER text has, at most `max` + 1: what OpenSSL will make of it is
 * bounded by that. */
uint64_t ov_spc_elements(struct ov_bytes der, uint64_t max);

/* How many bytes the first element has with its header. UINT64_MAX: it does not say. 0: it is none.
 */
uint64_t ov_spc_element_bytes(struct ov_bytes head);

#endif
