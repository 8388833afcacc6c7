/* SPDX-License-Identifier: Apache-2.0 */
/* What is verified here is that a timestamp agrees with itself and with what it stamps. Types out
 * of the file are asked for before a value is used: an attribute may hold anything. */
#include "formats/countersignature.h"

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "formats/certificate.h"
#include "formats/spc.h"

#define OID_SIGNING_TIME   "1.2.840.113549.1.9.5"
#define OID_MESSAGE_DIGEST "1.2.840.113549.1.9.4"
#define RECOVERED_BYTES    65536u

static struct ov_bytes bytes_of(const ASN1_STRING *string)
{
    const int len = string == NULL ? 0 : ASN1_STRING_length(string);

    return len <= 0 ? ov_bytes_of("", 0) : ov_bytes_of(ASN1_STRING_get0_data(string), (size_t)len);
}

/* Is `digest` the digest of `bytes`? */
static bool is_digest_of(const EVP_MD *md, struct ov_bytes bytes, struct ov_bytes digest)
{
    uint8_t made[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    return EVP_Digest(ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes), made, &len, md, NULL) == 1
           && ov_bytes_equal(digest, made, len);
}

/* --- PKCS #9 --------------------------------------------------------------------------------- */

/* What the signer's key makes of the signature: a digest, or a DigestInfo around one. */
static bool recovered_is(struct ov_bytes recovered, const EVP_MD *md, struct ov_bytes attributes)
{
    const uint8_t *at = ov_bytes_raw(recovered);
    const size_t wanted = (size_t)EVP_MD_get_size(md);
    const ASN1_OCTET_STRING *digest = NULL;
    struct ov_bytes head;
    X509_SIG *info;
    bool is;

    if (ov_bytes_len(recovered) == wanted) {
        return is_digest_of(md, attributes, recovered);
    }
    info = d2i_X509_SIG(NULL, &at, (long)ov_bytes_len(recovered));
    if (info == NULL) {
        return false;
    }
    X509_SIG_get0(info, NULL, &digest);
    is = ov_bytes_slice(bytes_of(digest), 0, wanted, &head) && is_digest_of(md, attributes, head);
    X509_SIG_free(info);
    return is;
}

static bool recovers(EVP_PKEY *key, const ASN1_OCTET_STRING *signature, const EVP_MD *md,
        struct ov_bytes attributes)
{
    auto_free uint8_t *room = malloc(RECOVERED_BYTES);
    EVP_PKEY_CTX *context = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
    const struct ov_bytes encrypted = bytes_of(signature);
    size_t len = RECOVERED_BYTES;
    bool is = false;

    if (room != NULL && context != NULL && EVP_PKEY_verify_recover_init(context) == 1
            && EVP_PKEY_verify_recover(context, room, &len, ov_bytes_raw(encrypted),
                       (size_t)ov_bytes_len(encrypted))
                       == 1) {
        is = recovered_is(ov_bytes_of(room, len), md, attributes);
    }
    EVP_PKEY_CTX_free(context);
    return is;
}

static bool verify_pkcs9(const PKCS7_SIGNER_INFO *info, X509 *signer, int nid,
        const ASN1_OCTET_STRING *signature, const struct ov_countersignature *out)
{
    const EVP_MD *md = EVP_get_digestbynid(nid);
    unsigned char *der = NULL;
    bool is;
    int len;

    if (md == NULL) {
        return false;
    }
    len = ASN1_item_i2d((ASN1_VALUE *)info->auth_attr, &der, ASN1_ITEM_rptr(PKCS7_ATTR_VERIFY));
    if (len < 0) {
        return false;
    }
    is = recovers(X509_get0_pubkey(signer), info->enc_digest, md, ov_bytes_of(der, (size_t)len))
         && is_digest_of(md, bytes_of(signature), bytes_of(out->digest));
    OPENSSL_free(der);
    return is;
}

static void read_pkcs9(struct ov_say *say, const PKCS7_SIGNER_INFO *info,
        STACK_OF(X509) * certificates, const ASN1_OCTET_STRING *signature,
        struct ov_countersignature *out)
{
    const int nid = OBJ_obj2nid(info->digest_alg->algorithm);
    const ASN1_TYPE *time = ov_spc_first_value(info->auth_attr, OID_SIGNING_TIME);
    const ASN1_TYPE *digest;
    X509 *signer;

    out->digest_name = OBJ_nid2ln(nid);
    if (time == NULL) {
        return;
    }
    /* Of a type that has no bytes, no time is read. */
    out->time = ov_certificate_time(
            ov_bytes_len(ov_spc_bytes(time)) == 0 ? NULL : time->value.asn1_string);
    signer = X509_find_by_issuer_and_serial(
            certificates, info->issuer_and_serial->issuer, info->issuer_and_serial->serial);
    if (signer == NULL) {
        return;
    }
    out->chain = ov_certificate_chain(say, signer, certificates);
    digest = ov_spc_first_value(info->auth_attr, OID_MESSAGE_DIGEST);
    if (ov_bytes_len(ov_spc_bytes(digest)) == 0 || EVP_get_digestbynid(nid) == NULL) {
        return;
    }
    out->digest = ASN1_STRING_dup(digest->value.asn1_string);
    out->verified = out->digest != NULL && verify_pkcs9(info, signer, nid, signature, out);
}

void ov_countersignature_pkcs9(struct ov_say *say, struct ov_bytes der,
        STACK_OF(X509) * certificates, const ASN1_OCTET_STRING *signature,
        struct ov_countersignature *out)
{
    const uint8_t *at = ov_bytes_raw(der);
    PKCS7_SIGNER_INFO *info = d2i_PKCS7_SIGNER_INFO(NULL, &at, (long)ov_bytes_len(der));

    if (info != NULL) {
        read_pkcs9(say, info, certificates, signature, out);
    }
    PKCS7_SIGNER_INFO_free(info);
}

/* --- RFC 3161 -------------------------------------------------------------------------------- */

/* A token in whichever of its two envelopes OpenSSL can read. */
struct token {
    PKCS7 *pkcs7;
    CMS_ContentInfo *cms;
    STACK_OF(X509) * cms_certificates; /* owned */
};

static bool open_token(struct ov_bytes der, struct token *token)
{
    const uint8_t *at = ov_bytes_raw(der);

    token->pkcs7 = d2i_PKCS7(NULL, &at, (long)ov_bytes_len(der));
    if (token->pkcs7 != NULL) {
        return PKCS7_type_is_signed(token->pkcs7) && token->pkcs7->d.sign != NULL;
    }
    at = ov_bytes_raw(der);
    token->cms = d2i_CMS_ContentInfo(NULL, &at, (long)ov_bytes_len(der));
    if (token->cms != NULL) {
        token->cms_certificates = CMS_get1_certs(token->cms);
    }
    return token->cms != NULL;
}

static void close_token(struct token *token)
{
    PKCS7_free(token->pkcs7);
    CMS_ContentInfo_free(token->cms);
    sk_X509_pop_free(token->cms_certificates, X509_free);
}

static STACK_OF(X509) * certificates_of(const struct token *token)
{
    return token->pkcs7 != NULL ? token->pkcs7->d.sign->cert : token->cms_certificates;
}

static TS_TST_INFO *info_of(const struct token *token)
{
    const ASN1_OBJECT *type;
    ASN1_OCTET_STRING **content;
    struct ov_bytes bytes;
    const uint8_t *at;

    if (token->pkcs7 != NULL) {
        return PKCS7_to_TS_TST_INFO(token->pkcs7);
    }
    type = CMS_get0_eContentType(token->cms);
    content = CMS_get0_content(token->cms);
    if (type == NULL || OBJ_obj2nid(type) != NID_id_smime_ct_TSTInfo || content == NULL
            || *content == NULL) {
        return NULL;
    }
    bytes = bytes_of(*content);
    at = ov_bytes_raw(bytes);
    return d2i_TS_TST_INFO(NULL, &at, (long)ov_bytes_len(bytes));
}

/* The certificate of the first signer whose certificate is there. With PKCS #7 all must be. */
static X509 *signer_of(const struct token *token)
{
    STACK_OF(CMS_SignerInfo) * infos;
    STACK_OF(X509) * signers;
    X509 *first;

    if (token->pkcs7 != NULL) {
        signers = PKCS7_get0_signers(token->pkcs7, token->pkcs7->d.sign->cert, 0);
        first = sk_X509_num(signers) > 0 ? sk_X509_value(signers, 0) : NULL;
        sk_X509_free(signers);
        return first;
    }
    infos = CMS_get0_SignerInfos(token->cms);
    for (int i = 0; i < sk_CMS_SignerInfo_num(infos); i++) {
        for (int j = 0; j < sk_X509_num(token->cms_certificates); j++) {
            first = sk_X509_value(token->cms_certificates, j);
            if (CMS_SignerInfo_cert_cmp(sk_CMS_SignerInfo_value(infos, i), first) == 0) {
                return first;
            }
        }
    }
    return NULL;
}

/* To verify, the content has to be read through once. */
static void read_through(BIO *bio)
{
    char room[4096];

    while (BIO_read(bio, room, sizeof(room)) > 0) {
    }
}

static bool verify_token(const struct token *token, X509 *signer)
{
    BIO *bio = token->pkcs7 != NULL ? PKCS7_dataInit(token->pkcs7, NULL)
                                    : CMS_dataInit(token->cms, NULL);
    STACK_OF(PKCS7_SIGNER_INFO) * infos;
    STACK_OF(CMS_SignerInfo) * cms_infos;
    bool is = false;

    if (bio == NULL) {
        return false;
    }
    read_through(bio);
    if (token->pkcs7 != NULL) {
        infos = PKCS7_get_signer_info(token->pkcs7);
        is = sk_PKCS7_SIGNER_INFO_num(infos) > 0
             && PKCS7_signatureVerify(
                        bio, token->pkcs7, sk_PKCS7_SIGNER_INFO_value(infos, 0), signer)
                        == 1;
    } else {
        cms_infos = CMS_get0_SignerInfos(token->cms);
        is = sk_CMS_SignerInfo_num(cms_infos) > 0
             && CMS_SignerInfo_verify_content(sk_CMS_SignerInfo_value(cms_infos, 0), bio) == 1;
    }
    BIO_free_all(bio);
    return is;
}

static void read_token(struct ov_say *say, const struct token *token, TS_TST_INFO *info,
        const ASN1_OCTET_STRING *signature, struct ov_countersignature *out)
{
    X509 *signer = signer_of(token);
    STACK_OF(X509) *certificates = certificates_of(token);
    TS_MSG_IMPRINT *imprint;
    const EVP_MD *md;
    int nid;

    out->time = ov_certificate_time(TS_TST_INFO_get_time(info));
    if (signer == NULL || sk_X509_num(certificates) > (int)OV_CERTIFICATES_MAX) {
        return;
    }
    out->certificates = X509_chain_up_ref(certificates);
    out->chain = ov_certificate_chain(say, signer, certificates);
    imprint = TS_TST_INFO_get_msg_imprint(info);
    if (imprint == NULL) {
        return;
    }
    nid = OBJ_obj2nid(TS_MSG_IMPRINT_get_algo(imprint)->algorithm);
    out->digest_name = OBJ_nid2ln(nid);
    out->digest = ASN1_STRING_dup(TS_MSG_IMPRINT_get_msg(imprint));
    md = EVP_get_digestbynid(nid);
    out->verified = md != NULL && ov_bytes_len(bytes_of(out->digest)) != 0
                    && is_digest_of(md, bytes_of(signature), bytes_of(out->digest))
                    && TS_TST_INFO_get_version(info) == 1 && verify_token(token, signer);
}

void ov_countersignature_token(struct ov_say *say, struct ov_bytes der,
        const ASN1_OCTET_STRING *signature, struct ov_countersignature *out)
{
    struct token token = { .pkcs7 = NULL };
    TS_TST_INFO *info = open_token(der, &token) ? info_of(&token) : NULL;

    if (info != NULL && TS_TST_INFO_get_time(info) != NULL) {
        read_token(say, &token, info, signature, out);
    }
    TS_TST_INFO_free(info);
    close_token(&token);
}

/* --- both ------------------------------------------------------------------------------------ */

void ov_countersignature_say(
        struct ov_say *say, struct ov_spot at, const struct ov_countersignature *c)
{
    ov_say_int(say, at, "verified", c->verified);
    if (c->digest_name != NULL) {
        ov_say_name(say, at, "digest_alg", c->digest_name);
    }
    ov_say_int(say, at, "sign_time", (uint64_t)c->time);
    if (ov_bytes_len(bytes_of(c->digest)) != 0) {
        ov_say_hex(say, at, "digest", bytes_of(c->digest));
    }
    ov_say_int(say, at, "length_of_chain", c->chain == NULL ? 0 : (uint64_t)sk_X509_num(c->chain));
    ov_certificates_say(say, at, "chain", c->chain);
}

void ov_countersignature_done(struct ov_countersignature *c)
{
    ASN1_OCTET_STRING_free(c->digest);
    sk_X509_pop_free(c->chain, X509_free);
    sk_X509_pop_free(c->certificates, X509_free);
}
