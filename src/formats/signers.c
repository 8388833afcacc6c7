/* SPDX-License-Identifier: Apache-2.0 */
/* signers.c - certificates of a PE file's signatures, held against a list. The file is hostile, and so
 * may be everything in its certificates: only what a trusted key itself signed is believed. */
#include "formats/signers.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/digest.h"
#include "base/limits.h"
#include "facts/tree.h"
#include "formats/authenticode.h"
#include "formats/pe_layout.h"
#include "formats/signed_data.h"

#define EXPONENT   65537u /* ClamAV knows no other */
#define SHA1_BYTES 20u

/* --- what a certificate says ------------------------------------------------------------------- */

/* The SHA-1 of a name's content: what its DER is without the first tag and length. */
static bool hash_name(const X509_NAME *name, uint8_t out[SHA1_BYTES])
{
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    const uint8_t *der = NULL, *content;
    size_t bytes = 0;
    int tag, class;
    long len;

    if (name == NULL || X509_NAME_get0_der(name, &der, &bytes) != 1) {
        return false;
    }
    content = der;
    if ((ASN1_get_object(&content, &len, &tag, &class, (long)bytes) & 0x80) != 0 || len < 0
            || !ov_digest_of(OV_DIGEST_SHA1, ov_bytes_of(content, (size_t)len), digest)) {
        return false;
    }
    memcpy(out, digest, SHA1_BYTES);
    return true;
}

static bool hash_serial(const X509 *certificate, uint8_t out[SHA1_BYTES])
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    uint8_t *der = NULL;
    const uint8_t *content;
    const int bytes = i2d_ASN1_INTEGER((ASN1_INTEGER *)(uintptr_t)serial, &der);
    int tag, class;
    long len;
    bool good;

    if (bytes <= 0) {
        return false;
    }
    content = der;
    good = (ASN1_get_object(&content, &len, &tag, &class, bytes) & 0x80) == 0 && len >= 0
           && ov_digest_of(OV_DIGEST_SHA1, ov_bytes_of(content, (size_t)len), digest);
    OPENSSL_free(der);
    if (good) {
        memcpy(out, digest, SHA1_BYTES);
    }
    return good;
}

static bool has_modulus(X509 *certificate, struct ov_bytes modulus)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    BIGNUM *own = NULL, *wanted = NULL;
    bool same = false;

    if (key != NULL && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &own) == 1) {
        wanted = BN_bin2bn(ov_bytes_raw(modulus), (int)ov_bytes_len(modulus), NULL);
        same = wanted != NULL && BN_cmp(own, wanted) == 0;
    }
    BN_free(own);
    BN_free(wanted);
    return same;
}

/* A certificate, hashed once for all that it is held against. */
struct identity {
    X509 *certificate;
    uint8_t subject[SHA1_BYTES], issuer[SHA1_BYTES], serial[SHA1_BYTES];
};

static bool identify(X509 *certificate, struct identity *out)
{
    out->certificate = certificate;
    return hash_name(X509_get_subject_name(certificate), out->subject)
           && hash_name(X509_get_issuer_name(certificate), out->issuer)
           && hash_serial(certificate, out->serial);
}

static bool is_signer(const struct identity *id, const struct ov_signer *signer)
{
    return memcmp(id->subject, signer->subject, SHA1_BYTES) == 0
           && (signer->serial == NULL || memcmp(id->serial, signer->serial, SHA1_BYTES) == 0)
           && has_modulus(id->certificate, signer->modulus);
}

/* --- is it signed by one that is trusted? --------------------------------------------------------- */

static EVP_PKEY *key_of(struct ov_bytes modulus)
{
    BIGNUM *n = BN_bin2bn(ov_bytes_raw(modulus), (int)ov_bytes_len(modulus), NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (n != NULL && build != NULL && context != NULL
            && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1
            && OSSL_PARAM_BLD_push_uint(build, OSSL_PKEY_PARAM_RSA_E, EXPONENT) == 1) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    if (params == NULL || EVP_PKEY_fromdata_init(context) != 1
            || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    BN_free(n);
    return key;
}

static bool is_issued_by(const struct identity *id, const struct ov_signer *signer)
{
    EVP_PKEY *key;
    bool issued;

    if (memcmp(id->issuer, signer->subject, SHA1_BYTES) != 0) {
        return false;
    }
    key = key_of(signer->modulus);
    issued = key != NULL && X509_verify(id->certificate, key) == 1;
    EVP_PKEY_free(key);
    return issued;
}

struct search {
    struct ov_signers *signers;
    struct ov_budget *budget;
};

static bool pay(struct search *search)
{
    if (ov_budget_steps(search->budget, OV_CHAIN_STEPS)) {
        return true;
    }
    search->signers->reason = OV_REASON_STEPS;
    return false;
}

static void find_trusted(struct search *search, const struct ov_signed *s)
{
    for (int i = 0; i < sk_X509_num(s->chain) && !search->signers->trusted; i++) {
        X509 *certificate = sk_X509_value(s->chain, i);
        struct identity id;

        if (!identify(certificate, &id)) {
            return;
        }
        for (size_t k = 0; k < search->signers->count; k++) {
            const struct ov_signer *signer = &search->signers->list[k];

            if (signer->trusted && (is_signer(&id, signer) || is_issued_by(&id, signer))) {
                search->signers->trusted = true;
                return;
            }
        }
        /* What stands above is believed only because it signed this one. */
        if (i + 1 < sk_X509_num(s->chain)
                && (!pay(search)
                        || X509_verify(
                                   certificate, X509_get0_pubkey(sk_X509_value(s->chain, i + 1)))
                                   != 1)) {
            return;
        }
    }
}

static void on_signature(void *payload, const struct ov_signed *s)
{
    struct search *search = payload;
    STACK_OF(X509) *certificates =
            s->pkcs7 != NULL && PKCS7_type_is_signed(s->pkcs7) ? s->pkcs7->d.sign->cert : NULL;

    for (int i = 0; i < sk_X509_num(certificates) && pay(search); i++) {
        struct identity id;

        if (!identify(sk_X509_value(certificates, i), &id)) {
            continue;
        }
        for (size_t k = 0; k < search->signers->count; k++) {
            struct ov_signer *signer = &search->signers->list[k];

            signer->found |= is_signer(&id, signer);
        }
    }
    if (s->state == OV_SIGNED_VALID && s->chain != NULL) {
        find_trusted(search, s);
    }
    ERR_clear_error();
}

/* As ClamAV: signatures count only if nothing lies behind them. */
static bool ends_with_signatures(struct ov_pages *pages)
{
    const struct ov_image image = ov_image_on(pages);
    struct ov_pe_layout pe;
    uint32_t at, bytes;

    return ov_pe_open(&image, &pe) && ov_pe_directory(&pe, OV_PE_DIRECTORY_SECURITY, &at, &bytes)
           && at != 0 && (uint64_t)at + bytes == image.size;
}

void ov_signers_find(struct ov_signers *signers, struct ov_source *source, struct ov_budget *budget)
{
    struct search search = { .signers = signers, .budget = budget };
    struct ov_fact_tree *tree = ov_fact_tree_new();
    auto_free struct ov_pages *pages = malloc(sizeof(*pages));

    signers->reason = OV_REASON_NONE;
    signers->trusted = false;
    if (tree == NULL || pages == NULL) {
        signers->reason = OV_REASON_MEMORY;
        ov_fact_tree_free(tree);
        return;
    }
    ov_fact_tree_begin(tree);
    ov_fact_tree_charge_to(tree, budget);
    ov_pages_on(pages, source);
    if (ends_with_signatures(pages)) {
        ov_authenticode_each(tree, pages, on_signature, &search);
    }
    if (signers->reason == OV_REASON_NONE) {
        signers->reason = ov_fact_tree_reason(tree);
    }
    ov_fact_tree_free(tree);
}
