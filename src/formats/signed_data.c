/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 2315 as OpenSSL reads it; which failure leaves what unsaid is as in YARA 4.5. */
#include "formats/signed_data.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "formats/certificate.h"

#define OID_MESSAGE_DIGEST   "1.2.840.113549.1.9.4"
#define OID_COUNTERSIGNATURE "1.2.840.113549.1.9.6"
#define VALUES_MAX           16 /* of one attribute */

_Static_assert(OV_COUNTERSIGNATURES_MAX == 2 * VALUES_MAX, "of either kind");

static int value_count(const X509_ATTRIBUTE *attribute)
{
    const int count = attribute == NULL ? 0 : X509_ATTRIBUTE_count(attribute);

    return count < VALUES_MAX ? count : VALUES_MAX;
}

static void read_countersignatures(
        struct ov_say *say, const PKCS7_SIGNER_INFO *info, const char *oid, struct ov_signed *out)
{
    X509_ATTRIBUTE *attribute = ov_spc_attribute(info->unauth_attr, oid);
    const int count = value_count(attribute);

    for (int i = 0; i < count && ov_say_work(say, OV_CHAIN_STEPS); i++) {
        const ASN1_TYPE *value = X509_ATTRIBUTE_get0_type(attribute, i);
        struct ov_countersignature *c = &out->countersignatures[out->countersignature_count];

        if (value == NULL) {
            break;
        }
        out->countersignature_count++;
        if (attribute != NULL
                && ov_spc_is(X509_ATTRIBUTE_get0_object(attribute), OID_COUNTERSIGNATURE)) {
            ov_countersignature_pkcs9(
                    say, ov_spc_bytes(value), out->pkcs7->d.sign->cert, info->enc_digest, c);
        } else {
            ov_countersignature_token(say, ov_spc_bytes(value), info->enc_digest, c);
        }
    }
}

/* The content is hashed without its header where the structure's version is 1, as PKCS #7 wants. */
static struct ov_bytes signed_bytes(const PKCS7 *pkcs7)
{
    struct ov_bytes bytes = ov_spc_bytes(pkcs7->d.sign->contents->d.other);
    const uint8_t *at = ov_bytes_raw(bytes);
    uint64_t version = 0, head;
    int tag, class;
    long len;

    (void)ASN1_INTEGER_get_uint64(&version, pkcs7->d.sign->version);
    if (version != 1
            || (ASN1_get_object(&at, &len, &tag, &class, (long)ov_bytes_len(bytes)) & 0x80)) {
        return bytes;
    }
    head = (uint64_t)(at - ov_bytes_raw(bytes));
    return len >= 0 && ov_bytes_slice(bytes, head, (uint64_t)len, &bytes) ? bytes
                                                                          : ov_bytes_of("", 0);
}

static bool verify(PKCS7 *pkcs7, PKCS7_SIGNER_INFO *info, X509 *signer)
{
    const struct ov_bytes bytes = signed_bytes(pkcs7);
    BIO *content = BIO_new_mem_buf(ov_bytes_raw(bytes), (int)ov_bytes_len(bytes));
    BIO *digests = content == NULL ? NULL : PKCS7_dataInit(pkcs7, content);
    char room[4096];
    bool is;

    if (digests == NULL) {
        BIO_free(content);
        return false;
    }
    while (BIO_read(digests, room, sizeof(room)) > 0) {
    }
    is = PKCS7_signatureVerify(digests, pkcs7, info, signer) == 1;
    BIO_free_all(digests);
    return is;
}

static X509 *signer_of(PKCS7 *pkcs7)
{
    STACK_OF(X509) *signers = PKCS7_get0_signers(pkcs7, pkcs7->d.sign->cert, 0);
    X509 *first = sk_X509_num(signers) > 0 ? sk_X509_value(signers, 0) : NULL;

    sk_X509_free(signers);
    return first;
}

static enum ov_signed_state read_signer(
        struct ov_say *say, PKCS7_SIGNER_INFO *info, struct ov_signed *out)
{
    X509 *signer;

    out->nested = ov_spc_attribute(info->unauth_attr, OV_SPC_NESTED);
    read_countersignatures(say, info, OID_COUNTERSIGNATURE, out);
    read_countersignatures(say, info, OV_SPC_COUNTERSIGNED, out);
    signer = signer_of(out->pkcs7);
    if (signer == NULL) {
        return OV_SIGNED_UNSAID;
    }
    out->chain = ov_certificate_chain(say, signer, out->pkcs7->d.sign->cert);
    out->signer_digest = ov_spc_first_value(info->auth_attr, OID_MESSAGE_DIGEST);
    if (out->signer_digest == NULL) {
        return OV_SIGNED_INVALID;
    }
    out->signer_digest_name = OBJ_nid2ln(OBJ_obj2nid(info->digest_alg->algorithm));
    out->program_name = ov_spc_program_name(ov_spc_first_value(info->auth_attr, OV_SPC_OPUS_INFO));
    return ov_say_work(say, OV_CHAIN_STEPS) && verify(out->pkcs7, info, signer) ? OV_SIGNED_VALID
                                                                                : OV_SIGNED_INVALID;
}

static enum ov_signed_state read_all(struct ov_say *say, struct ov_signed *out)
{
    STACK_OF(PKCS7_SIGNER_INFO) * infos;
    const X509_ALGOR *algorithm = NULL;

    if (out->pkcs7 == NULL || !PKCS7_type_is_signed(out->pkcs7) || out->pkcs7->d.sign == NULL
            || out->pkcs7->d.sign->cert == NULL) {
        return OV_SIGNED_UNSAID;
    }
    if (sk_X509_num(out->pkcs7->d.sign->cert) > (int)OV_CERTIFICATES_MAX) {
        ov_fact_give_up(say->tree, OV_REASON_OBJECTS);
        return OV_SIGNED_UNSAID;
    }
    out->content = ov_spc_content_of(out->pkcs7->d.sign->contents);
    if (out->content == NULL) {
        return OV_SIGNED_INVALID;
    }
    X509_SIG_get0(out->content->digest, &algorithm, NULL);
    out->digest_name = OBJ_nid2ln(OBJ_obj2nid(algorithm->algorithm));
    out->has_signer = true;
    infos = PKCS7_get_signer_info(out->pkcs7);
    if (sk_PKCS7_SIGNER_INFO_num(infos) < 1) {
        return OV_SIGNED_UNSAID;
    }
    return read_signer(say, sk_PKCS7_SIGNER_INFO_value(infos, 0), out);
}

void ov_signed_read(struct ov_say *say, struct ov_bytes der, struct ov_signed *out)
{
    const uint8_t *at = ov_bytes_raw(der);

    *out = (struct ov_signed){ .state = OV_SIGNED_UNSAID };
    /* OpenSSL's memory and time go with the number of elements. */
    if (ov_spc_elements(der, OV_SIGNATURE_ELEMENTS_MAX) > OV_SIGNATURE_ELEMENTS_MAX) {
        ov_fact_give_up(say->tree, OV_REASON_OBJECTS);
        return;
    }
    if (ov_say_work(say, ov_bytes_len(der))) {
        out->pkcs7 = d2i_PKCS7(NULL, &at, (long)ov_bytes_len(der));
        out->state = read_all(say, out);
    }
}

void ov_signed_done(struct ov_signed *s)
{
    for (unsigned i = 0; i < s->countersignature_count; i++) {
        ov_countersignature_done(&s->countersignatures[i]);
    }
    OPENSSL_free(s->program_name);
    sk_X509_pop_free(s->chain, X509_free);
    ov_spc_content_free(s->content);
    PKCS7_free(s->pkcs7);
}

struct ov_bytes ov_signed_digest(const struct ov_signed *s)
{
    const ASN1_OCTET_STRING *digest = NULL;

    if (s->content != NULL) {
        X509_SIG_get0(s->content->digest, NULL, &digest);
    }
    return digest == NULL || ASN1_STRING_length(digest) <= 0
                   ? ov_bytes_of("", 0)
                   : ov_bytes_of(ASN1_STRING_get0_data(digest), (size_t)ASN1_STRING_length(digest));
}

/* Its own certificates, then those that its timestamps brought along. */
static void say_certificates(struct ov_say *say, struct ov_spot at, const struct ov_signed *s)
{
    STACK_OF(X509) *all = sk_X509_dup(s->pkcs7->d.sign->cert); /* borrows what is in it */

    for (unsigned i = 0; all != NULL && i < s->countersignature_count; i++) {
        const STACK_OF(X509) *more = s->countersignatures[i].certificates;

        for (int k = 0; k < sk_X509_num(more); k++) {
            (void)sk_X509_push(all, sk_X509_value(more, k));
        }
    }
    if (all == NULL) {
        ov_fact_give_up(say->tree, OV_REASON_MEMORY);
        return;
    }
    ov_say_int(say, at, "number_of_certificates", (uint64_t)sk_X509_num(all));
    ov_certificates_say(say, at, "certificates", all);
    sk_X509_free(all);
}

static void say_signer(struct ov_say *say, struct ov_spot at, const struct ov_signed *s)
{
    const struct ov_spot spot = ov_say_in(say, at, "signer_info");

    if (sk_X509_num(s->chain) > 0) {
        ov_certificate_say(say, at, sk_X509_value(s->chain, 0));
    }
    if (s->program_name != NULL) {
        ov_say_name(say, spot, "program_name", s->program_name);
    }
    if (s->signer_digest_name != NULL) {
        ov_say_name(say, spot, "digest_alg", s->signer_digest_name);
    }
    if (ov_bytes_len(ov_spc_bytes(s->signer_digest)) != 0) {
        ov_say_hex(say, spot, "digest", ov_spc_bytes(s->signer_digest));
    }
    ov_say_int(
            say, spot, "length_of_chain", s->chain == NULL ? 0 : (uint64_t)sk_X509_num(s->chain));
    ov_certificates_say(say, spot, "chain", s->chain);
}

void ov_signed_say(struct ov_say *say, struct ov_spot at, const struct ov_signed *s)
{
    say_certificates(say, at, s);
    if (s->has_signer) {
        say_signer(say, at, s);
    }
    ov_say_int(say, at, "number_of_countersignatures", s->countersignature_count);
    for (unsigned i = 0; i < s->countersignature_count; i++) {
        ov_countersignature_say(
                say, ov_say_item(say, at, "countersignatures", i), &s->countersignatures[i]);
    }
}
