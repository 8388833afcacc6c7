/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/certificate.h"

#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define NAME_BYTES   256u /* of issuer and subject, cut there by YARA */
#define SERIAL_BYTES 22   /* of its DER: 20 and a header (RFC 5280, 4.1.2.2) */

void ov_say_hex(struct ov_say *say, struct ov_spot at, const char *field, struct ov_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    const size_t len = (size_t)ov_bytes_len(bytes);
    auto_free char *text = NULL;

    if (!ov_say_work(say, 1 + len / 8)) {
        return;
    }
    text = malloc(2 * len + 1);
    if (text == NULL) {
        ov_fact_give_up(say->tree, OV_REASON_MEMORY);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[ov_bytes_raw(bytes)[i] >> 4];
        text[2 * i + 1] = digits[ov_bytes_raw(bytes)[i] & 15];
    }
    ov_say_text(say, at, field, ov_bytes_of(text, 2 * len));
}

/* Days from 1970-01-01 to a day of the Gregorian calendar; months from 1, days from any number. */
static int64_t days_to(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = month <= 2 ? year - 1 : year; /* a year begins in March */
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t of_era = y - era * 400;
    const int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year + day - 1 - 719468;
}

/* timegm would do the same, after looking for the machine's time zone. */
int64_t ov_certificate_time(const ASN1_TIME *time)
{
    struct tm t = { 0 };

    if (time != NULL && ASN1_TIME_to_tm(time, &t) != 1) {
        memset(&t, 0, sizeof(t));
    }
    return days_to(t.tm_year + (int64_t)1900, t.tm_mon + (int64_t)1, t.tm_mday) * 86400
           + t.tm_hour * (int64_t)3600 + t.tm_min * (int64_t)60 + t.tm_sec;
}

/* "/C=US/O=...": a slash inside a value has lost the backslash that OpenSSL 3 puts before it. */
static void say_dn(struct ov_say *say, struct ov_spot at, const char *field, const X509_NAME *dn)
{
    char text[NAME_BYTES] = "", *from = text, *to = text;

    if (dn == NULL || X509_NAME_oneline(dn, text, sizeof(text)) == NULL) {
        return;
    }
    while (*from != 0) {
        if (from[0] == '\\' && from[1] == '/') {
            from++;
        }
        *to++ = *from++;
    }
    *to = 0;
    ov_say_name(say, at, field, text);
}

static void say_serial(struct ov_say *say, struct ov_spot at, const ASN1_INTEGER *serial)
{
    uint8_t der[SERIAL_BYTES], *end = der;
    char text[3 * SERIAL_BYTES];
    const int len = i2d_ASN1_INTEGER(serial, NULL);

    if (len < 2 || len > SERIAL_BYTES || i2d_ASN1_INTEGER(serial, &end) != len) {
        return;
    }
    for (int i = 2; i < len; i++) {
        (void)snprintf(text + 3 * (i - 2), 4, i + 1 < len ? "%02x:" : "%02x", der[i]);
    }
    ov_say_text(say, at, "serial", ov_bytes_of(text, len == 2 ? 0 : 3 * (size_t)(len - 2) - 1));
}

void ov_certificate_say(struct ov_say *say, struct ov_spot at, X509 *certificate)
{
    const int algorithm = X509_get_signature_nid(certificate);
    uint8_t digest[EVP_MAX_MD_SIZE];
    char oid[NAME_BYTES] = "";
    unsigned len = 0;

    if (!ov_say_work(say, OV_CERTIFICATE_STEPS)) {
        return;
    }
    if (X509_digest(certificate, EVP_sha1(), digest, &len) == 1) {
        ov_say_hex(say, at, "thumbprint", ov_bytes_of(digest, len));
    }
    say_dn(say, at, "issuer", X509_get_issuer_name(certificate));
    say_dn(say, at, "subject", X509_get_subject_name(certificate));
    ov_say_int(say, at, "version", (uint64_t)X509_get_version(certificate) + 1);
    ov_say_name(say, at, "algorithm", OBJ_nid2ln(algorithm));
    (void)OBJ_obj2txt(oid, sizeof(oid), OBJ_nid2obj(algorithm), 1);
    ov_say_name(say, at, "algorithm_oid", oid);
    say_serial(say, at, X509_get0_serialNumber(certificate));
    ov_say_int(
            say, at, "not_before", (uint64_t)ov_certificate_time(X509_get0_notBefore(certificate)));
    ov_say_int(
            say, at, "not_after", (uint64_t)ov_certificate_time(X509_get0_notAfter(certificate)));
}

void ov_certificates_say(struct ov_say *say, struct ov_spot at, const char *array,
        const STACK_OF(X509) * certificates)
{
    for (int i = 0; i < sk_X509_num(certificates) && !ov_say_stopped(say); i++) {
        ov_certificate_say(
                say, ov_say_item(say, at, array, (uint64_t)i), sk_X509_value(certificates, i));
    }
}

STACK_OF(X509) * ov_certificate_chain(struct ov_say *say, X509 *leaf, STACK_OF(X509) * certificates)
{
    X509_STORE *store;
    X509_STORE_CTX *context;
    STACK_OF(X509) *chain = NULL;

    if (leaf == NULL || certificates == NULL || !ov_say_work(say, OV_CHAIN_STEPS)) {
        return NULL;
    }
    store = X509_STORE_new();
    context = X509_STORE_CTX_new();
    if (store != NULL && context != NULL
            && X509_STORE_CTX_init(context, store, leaf, certificates) == 1) {
        X509_STORE_CTX_set_flags(context, X509_V_FLAG_NO_CHECK_TIME);
        /* It cannot succeed, as nothing is trusted; the chain is what it is asked for. */
        (void)X509_verify_cert(context);
        chain = X509_STORE_CTX_get1_chain(context);
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return chain;
}
