/* SPDX-License-Identifier: Apache-2.0 */
/* certificates.c - X.509 certificates wherever they lie: in PEM text, as DER, or as DER inside
 * something else (a registry value, an NSS database, a keychain, a program's signature). Nothing is
 * verified here: a name in a certificate says who is named, and the report says no more. */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "evidence/readers.h"

#define CERTIFICATE_BYTES_MAX (64u * OV_KIB)

/* --- names ---------------------------------------------------------------------------------- */

static void put_entry(struct ov_buf *out, const ASN1_STRING *value)
{
    unsigned char *utf8 = NULL;
    const int len = ASN1_STRING_to_UTF8(&utf8, value);

    if (len > 0) {
        ov_buf_put(out, utf8, (size_t)len);
    }
    OPENSSL_free(utf8);
}

static void put_name(struct ov_buf *out, const X509_NAME *name)
{
    const int count = X509_NAME_entry_count(name);

    for (int i = 0; i < count; i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        const int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
        const char *type = nid == NID_undef ? "?" : OBJ_nid2sn(nid);

        ov_buf_printf(out, "%s%s=", i == 0 ? "" : ", ", type);
        put_entry(out, X509_NAME_ENTRY_get_data(entry));
    }
}

static void add_part(struct ov_buf *parts, const X509_NAME *name, int nid)
{
    const int at = X509_NAME_get_index_by_NID(name, nid, -1);
    struct ov_buf text;

    ov_buf_init(&text, CERTIFICATE_BYTES_MAX);
    if (at >= 0) {
        put_entry(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    }
    ov_parts_add(parts, ov_buf_bytes(&text));
    ov_buf_done(&text);
}

static void tell_certificate(struct ov_evidence *e, const X509 *x, enum ov_fact_kind kind)
{
    const X509_NAME *subject = X509_get_subject_name(x), *issuer = X509_get_issuer_name(x);
    struct ov_buf text, more;

    ov_buf_init(&text, CERTIFICATE_BYTES_MAX);
    ov_buf_init(&more, CERTIFICATE_BYTES_MAX);
    put_name(&text, subject);
    add_part(&more, subject, NID_commonName);
    add_part(&more, subject, NID_organizationName);
    add_part(&more, issuer, NID_commonName);
    add_part(&more, issuer, NID_organizationName);
    ov_tell(e, kind, ov_buf_bytes(&text), ov_buf_bytes(&more));
    ov_buf_done(&text);
    ov_buf_done(&more);
}

/* --- DER ------------------------------------------------------------------------------------ */

/* SEQUENCE { SEQUENCE { [0] { INTEGER 2 } ... : how a version 3 certificate begins. Its whole
 * length, or 0. Both lengths have two bytes in every certificate of between 256 and 65535. */
static uint64_t certificate_at(const uint8_t *raw, uint64_t left)
{
    static const uint8_t version[] = { 0xa0, 0x03, 0x02, 0x01, 0x02 };
    uint64_t len, inner;

    if (left < 13 || raw[0] != 0x30 || raw[1] != 0x82 || raw[4] != 0x30
            || (raw[5] != 0x82 && raw[5] != 0x81)) {
        return 0;
    }
    len = ((uint64_t)raw[2] << 8 | raw[3]) + 4;
    inner = raw[5] == 0x82 ? 8 : 7;
    return len <= left && memcmp(raw + inner, version, sizeof(version)) == 0 ? len : 0;
}

void ov_tell_certificates(struct ov_evidence *e, struct ov_bytes bytes, enum ov_fact_kind kind)
{
    const uint8_t *raw = ov_bytes_raw(bytes);
    const uint64_t end = ov_bytes_len(bytes);
    uint64_t at = 0;

    while (at < end) { /* each turn goes on by at least one byte */
        const uint8_t *next = memchr(raw + at, 0x30, (size_t)(end - at));
        uint64_t len;

        if (next == NULL) {
            return;
        }
        at = (uint64_t)(next - raw);
        len = certificate_at(raw + at, end - at);
        if (len != 0 && ov_evidence_step(e, 16)) {
            const uint8_t *from = raw + at;
            X509 *x = d2i_X509(NULL, &from, (long)len);

            if (x != NULL) {
                tell_certificate(e, x, kind);
                X509_free(x);
                at += len;
                continue;
            }
        }
        at++;
    }
}

/* --- PEM ------------------------------------------------------------------------------------ */

static void end_pem(struct ov_evidence *e, struct ov_buf *base64)
{
    const struct ov_bytes text = ov_buf_bytes(base64);
    const size_t len = (size_t)ov_bytes_len(text);
    uint8_t *der = len == 0 || len % 4 != 0 ? NULL : malloc(len / 4 * 3);
    int der_len = -1;

    if (der != NULL) {
        der_len = EVP_DecodeBlock(der, ov_bytes_raw(text), (int)len);
    }
    if (der_len > 0) {
        ov_tell_certificates(e, ov_bytes_of(der, (size_t)der_len), OV_FACT_CERTIFICATE);
    } else {
        ov_tell_gap(e, OV_REASON_DAMAGED, "a certificate in PEM cannot be decoded");
    }
    free(der);
    ov_buf_clear(base64);
}

static void read_pem(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct ov_reader r = ov_reader_on(bytes);
    struct ov_bytes line;
    struct ov_buf base64;
    bool inside = false;

    ov_buf_init(&base64, CERTIFICATE_BYTES_MAX * 2);
    while (ov_line_next(&r, &line)) {
        if (ov_text_begins(line, "-----BEGIN CERTIFICATE-----")
                || ov_text_begins(line, "-----BEGIN TRUSTED CERTIFICATE-----")
                || ov_text_begins(line, "-----BEGIN X509 CERTIFICATE-----")) {
            inside = true;
            ov_buf_clear(&base64);
        } else if (inside && ov_text_begins(line, "-----END ")) {
            inside = false;
            end_pem(e, &base64);
        } else if (inside) {
            const struct ov_bytes text = ov_text_trim(line);

            ov_buf_put(&base64, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
        }
    }
    if (inside) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "a certificate in PEM has no end");
    }
    ov_buf_done(&base64);
}

void ov_read_certificates(struct ov_evidence *e, struct ov_bytes bytes)
{
    static const char begin[] = "-----BEGIN ";

    if (ov_bytes_len(bytes) != 0
            && memmem(ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes), begin, sizeof(begin) - 1)
                       != NULL) {
        read_pem(e, bytes);
    }
    ov_tell_certificates(e, bytes, OV_FACT_CERTIFICATE);
}
