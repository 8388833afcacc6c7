/* SPDX-License-Identifier: Apache-2.0 */
/* detached.c - NAME-VERSION.cvd.sign, since ClamAV 1.5: lines of MINLEVEL:[MAXLEVEL]:pkcs7-pem:BASE64
 * below one that says #clamsign-1.0. Each is a PKCS #7 signature over all bytes of the container, by
 * somebody whose certificate leads back to one that the owner trusts.
 *
 * The file may come from any mirror: it is hostile until it is judged. OpenSSL's memory and time go
 * with the number of signers, certificates and digests, so those are counted first. Here is no clock:
 * whether a certificate was still valid when it signed, or is now, is not asked. */
#include "rules/clamav/detached.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/checked.h"
#include "rules/clamav/reader.h"

#define FIRST_LINE  "#clamsign-1.0"
#define PARTS_MAX   16 /* signers, digests: one each is usual; certificates: a chain */
#define STRENGTH    2  /* 112 bits: no SHA-1, no RSA below 2048 bits in a chain */
#define SIGN_BYTES  OV_CLAM_SIGN_BYTES_MAX
#define TRUSTED_MAX 64u

struct ov_clam_kept {
    struct ov_clam_kept *next;
    struct ov_bytes name;
    struct ov_bytes bytes;
};

/* Copies both into the arena and puts them first. */
static bool keep(struct ov_clamav *clam, struct ov_clam_kept **list, struct ov_bytes name,
        struct ov_bytes bytes)
{
    struct ov_clam_kept *kept = ov_arena_alloc(clam->set->arena, 1, sizeof(*kept));

    if (kept == NULL || !ov_arena_copy(clam->set->arena, name, &kept->name)
            || !ov_arena_copy(clam->set->arena, bytes, &kept->bytes)) {
        clam->diags->out_of_memory = true;
        return false;
    }
    kept->next = *list;
    *list = kept;
    return true;
}

/* --- what the owner trusts -------------------------------------------------------------------- */

static X509 *certificate_of(struct ov_bytes der)
{
    const uint8_t *at = ov_bytes_raw(der);
    X509 *certificate = d2i_X509(NULL, &at, (long)ov_bytes_len(der));

    if (certificate != NULL && at != ov_bytes_raw(der) + ov_bytes_len(der)) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

bool clam_detached_trust(struct ov_clamav *clam, struct ov_bytes base64)
{
    uint8_t *der = malloc(SIGN_BYTES);
    X509 *certificate = NULL;
    size_t bytes = 0;
    bool good = true; /* what is wrong with a certificate is told */

    if (der == NULL) {
        clam->diags->out_of_memory = true;
        return false;
    }
    if (ov_base64_decode(base64, der, SIGN_BYTES, &bytes) == NULL) {
        certificate = certificate_of(ov_bytes_of(der, bytes));
    }
    if (certificate == NULL || clam->trusted_count == TRUSTED_MAX) {
        ov_diag_add(clam->diags, OV_DIAG_ERROR, ov_bytes_of("certificates", 12),
                ov_bytes_of(NULL, 0), 0, 0, "%s",
                certificate == NULL ? "one of them is no certificate, or damaged"
                                    : "more than 64 of them");
    } else {
        good = keep(clam, &clam->trusted, ov_bytes_of("", 0), ov_bytes_of(der, bytes));
        clam->trusted_count++;
    }
    X509_free(certificate);
    ERR_clear_error();
    free(der);
    return good;
}

/* NULL: no memory. */
static X509_STORE *store_of(const struct ov_clamav *clam)
{
    X509_STORE *store = X509_STORE_new();
    bool good = store != NULL && X509_STORE_set_flags(store, X509_V_FLAG_NO_CHECK_TIME) == 1;

    if (good) {
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(store), STRENGTH);
    }
    for (const struct ov_clam_kept *k = clam->trusted; good && k != NULL; k = k->next) {
        X509 *certificate = certificate_of(k->bytes);

        good = certificate != NULL && X509_STORE_add_cert(store, certificate) == 1;
        X509_free(certificate);
    }
    if (!good) {
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}

/* --- one signature ---------------------------------------------------------------------------- */

static enum clam_detached say(
        struct clam_detached_said *out, enum clam_detached is, const char *why)
{
    out->is = is;
    (void)snprintf(out->why, sizeof(out->why), "%s", why);
    return is;
}

static bool is_strong(const X509_ALGOR *digest)
{
    const int nid = OBJ_obj2nid(digest->algorithm);

    return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

/* Is it what may be handed to OpenSSL at all? NULL, or why not. */
static const char *why_not_judged(PKCS7 *pkcs7)
{
    STACK_OF(PKCS7_SIGNER_INFO) * signers;

    if (!PKCS7_type_is_signed(pkcs7) || pkcs7->d.sign == NULL || pkcs7->d.sign->contents == NULL
            || PKCS7_get_detached(pkcs7) != 1) {
        return "a line is no detached PKCS #7 signature";
    }
    signers = PKCS7_get_signer_info(pkcs7);
    if (sk_PKCS7_SIGNER_INFO_num(signers) < 1 || sk_PKCS7_SIGNER_INFO_num(signers) > PARTS_MAX
            || sk_X509_num(pkcs7->d.sign->cert) > PARTS_MAX
            || sk_X509_ALGOR_num(pkcs7->d.sign->md_algs) > PARTS_MAX) {
        return "a signature has no signer, or more than 16 parts of a kind";
    }
    for (int i = 0; i < sk_PKCS7_SIGNER_INFO_num(signers); i++) {
        if (!is_strong(sk_PKCS7_SIGNER_INFO_value(signers, i)->digest_alg)) {
            return "its digest is none of SHA-256, SHA-384 and SHA-512";
        }
    }
    for (int i = 0; i < sk_X509_ALGOR_num(pkcs7->d.sign->md_algs); i++) {
        if (!is_strong(sk_X509_ALGOR_value(pkcs7->d.sign->md_algs, i))) {
            return "it names a digest that is none of SHA-256, SHA-384 and SHA-512";
        }
    }
    return NULL;
}

/* Why OpenSSL said no, in words. */
static enum clam_detached say_why(struct clam_detached_said *out)
{
    const char *detail = NULL;
    int flags = 0;
    const int reason = ERR_GET_REASON(ERR_peek_last_error_data(&detail, &flags));

    if (reason == PKCS7_R_CERTIFICATE_VERIFY_ERROR) {
        const bool has_detail = detail != NULL && (flags & ERR_TXT_STRING) != 0;

        out->is = CLAM_DETACHED_BAD;
        (void)snprintf(out->why, sizeof(out->why),
                "its signer does not lead back to a certificate that is trusted%s%s",
                has_detail ? ": " : "", has_detail ? detail : "");
        return out->is;
    }
    if (reason == PKCS7_R_SIGNATURE_FAILURE || reason == PKCS7_R_DIGEST_FAILURE) {
        return say(out, CLAM_DETACHED_BAD, "it is of other bytes than these, or damaged");
    }
    return say(out, CLAM_DETACHED_BAD, "its signer's certificate is missing, or it is damaged");
}

static enum clam_detached judge(
        struct ov_clamav *clam, PKCS7 *pkcs7, struct ov_bytes bytes, struct clam_detached_said *out)
{
    const char *why = why_not_judged(pkcs7);
    X509_STORE *store;
    BIO *content;

    if (why != NULL) {
        return say(out, CLAM_DETACHED_NONE, why);
    }
    store = store_of(clam);
    content = BIO_new_mem_buf(ov_bytes_raw(bytes), (int)ov_bytes_len(bytes));
    if (store == NULL || content == NULL) {
        clam->diags->out_of_memory = true;
        (void)say(out, CLAM_DETACHED_BAD, "memory ran out");
    } else if (PKCS7_verify(pkcs7, NULL, store, content, NULL, PKCS7_BINARY | PKCS7_NOCRL) == 1) {
        (void)say(out, CLAM_DETACHED_GOOD, "");
    } else {
        (void)say_why(out);
    }
    BIO_free(content);
    X509_STORE_free(store);
    ERR_clear_error();
    return out->is;
}

/* --- the lines -------------------------------------------------------------------------------- */

/* Cuts a field off at a colon. False: there is no colon. */
static bool take_field(struct ov_bytes *rest, struct ov_bytes *field)
{
    const uint64_t colon = find_byte(*rest, ':');

    if (colon == ov_bytes_len(*rest)) {
        return false;
    }
    *field = part(*rest, 0, colon);
    *rest = part(*rest, colon + 1, ov_bytes_len(*rest));
    return true;
}

static enum clam_detached judge_line(struct ov_clamav *clam, struct ov_bytes line,
        struct ov_bytes bytes, struct clam_detached_said *out)
{
    struct ov_bytes least, most, form;
    uint64_t from = 0, to = UINT32_MAX;
    const uint8_t *at;
    uint8_t *der;
    size_t der_bytes = 0;
    PKCS7 *pkcs7 = NULL;

    if (!take_field(&line, &least) || !take_field(&line, &most) || !take_field(&line, &form)
            || !read_number(least, UINT32_MAX, &from)
            || (ov_bytes_len(most) != 0 && !read_number(most, UINT32_MAX, &to))) {
        return say(out, CLAM_DETACHED_NONE, "a line is not MIN:[MAX]:FORM:SIGNATURE");
    }
    if (from > OV_CLAM_SIGN_LEVEL || to < OV_CLAM_SIGN_LEVEL) {
        return say(out, CLAM_DETACHED_NONE, "it is for other levels");
    }
    if (!is_text(form, "pkcs7-pem")) {
        return say(out, CLAM_DETACHED_NONE, "it is of another form than pkcs7-pem");
    }
    der = malloc(SIGN_BYTES);
    if (der == NULL) {
        clam->diags->out_of_memory = true;
        return say(out, CLAM_DETACHED_BAD, "memory ran out");
    }
    at = der;
    if (ov_base64_decode(line, der, SIGN_BYTES, &der_bytes) == NULL) {
        pkcs7 = d2i_PKCS7(NULL, &at, (long)der_bytes);
    }
    if (pkcs7 == NULL || at != der + der_bytes) {
        (void)say(out, CLAM_DETACHED_NONE, "a line is no PKCS #7 signature");
    } else {
        (void)judge(clam, pkcs7, bytes, out);
    }
    PKCS7_free(pkcs7);
    ERR_clear_error();
    free(der);
    return out->is;
}

static struct ov_bytes without_blanks(struct ov_bytes line)
{
    uint64_t from = 0, to = ov_bytes_len(line);
    const uint8_t *raw = ov_bytes_raw(line);

    while (to > 0 && (raw[to - 1] == '\r' || raw[to - 1] == ' ' || raw[to - 1] == '\t')) {
        to--;
    }
    while (from < to && (raw[from] == ' ' || raw[from] == '\t')) {
        from++;
    }
    return part(line, from, to);
}

/* The first line that can be judged decides. */
static void judge_lines(struct ov_clamav *clam, struct ov_bytes text, struct ov_bytes bytes,
        struct clam_detached_said *out)
{
    bool first = true;

    (void)say(out, CLAM_DETACHED_NONE, "it has no signature");
    while (ov_bytes_len(text) != 0) {
        const uint64_t end = find_byte(text, '\n');
        const struct ov_bytes line = without_blanks(part(text, 0, end));

        text = part(text, end == ov_bytes_len(text) ? end : end + 1, ov_bytes_len(text));
        if (first && !is_text(line, FIRST_LINE)) {
            (void)say(out, CLAM_DETACHED_NONE, "its first line is not " FIRST_LINE);
            return;
        }
        first = false;
        if (ov_bytes_len(line) != 0 && !begins(line, "#")
                && judge_line(clam, line, bytes, out) != CLAM_DETACHED_NONE) {
            return;
        }
    }
}

/* --- finding it ------------------------------------------------------------------------------- */

bool clam_detached_keep(struct ov_clamav *clam, struct ov_bytes name, struct ov_bytes text)
{
    if (ov_bytes_len(text) > SIGN_BYTES) {
        ov_diag_add(clam->diags, clam->strict ? OV_DIAG_ERROR : OV_DIAG_WARNING, name,
                ov_bytes_of(NULL, 0), 0, 0, "not read: a file of signatures has at most %u bytes",
                SIGN_BYTES);
        return true;
    }
    return keep(clam, &clam->signs, name, text);
}

/* DIR/NAME-VERSION.cvd.sign for DIR/NAME.cvd and DIR/NAME-VERSION.cvd: NAME ends before the first dash
 * or dot. */
static bool is_of(struct ov_bytes sign, struct ov_bytes container, uint64_t version)
{
    const uint8_t *raw = ov_bytes_raw(container);
    uint64_t slash = ov_bytes_len(container), stem;
    char rest[40];
    struct ov_bytes head, tail;

    while (slash > 0 && raw[slash - 1] != '/') {
        slash--;
    }
    for (stem = slash; stem < ov_bytes_len(container) && raw[stem] != '-' && raw[stem] != '.';) {
        stem++;
    }
    (void)snprintf(rest, sizeof(rest), "-%llu.cvd.sign", (unsigned long long)version);
    return ov_bytes_slice(sign, 0, stem, &head)
           && ov_bytes_slice(sign, stem, ov_bytes_len(sign) - stem, &tail)
           && ov_bytes_equal(head, raw, (size_t)stem) && is_text(tail, rest);
}

void clam_detached_judge(struct ov_clamav *clam, struct ov_bytes name, uint64_t version,
        struct ov_bytes bytes, struct clam_detached_said *out)
{
    const struct ov_clam_kept *kept = clam->signs;

    while (kept != NULL && !is_of(kept->name, name, version)) {
        kept = kept->next;
    }
    if (kept == NULL) {
        (void)say(out, CLAM_DETACHED_NONE, "there is no file of signatures beside it");
    } else if (clam->trusted == NULL) {
        (void)say(out, CLAM_DETACHED_NONE, "no certificate is trusted to sign it");
    } else {
        judge_lines(clam, kept->bytes, bytes, out);
    }
}
