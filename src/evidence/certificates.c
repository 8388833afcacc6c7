/* SPDX-License-Identifier: Apache-2.0 */
/* certificates.c - X.509 certificates wherever they lie: in PEM text, as DER, or as DER inside
 * something else (a registry value, an NSS database, a keychain, a program's signature). Nothing is
 * verified here: a name in a certificate says who is named, and the report says no more. */
#include <openssl/err.h>
#include <openssl/objects.h>
#include <string.h>

#include "evidence/certificate.h"
#include "evidence/readers.h"

#define CERTIFICATE_BYTES_MAX (64u * OV_KIB)
#define NAME_PARTS_MAX        64

/* --- names ---------------------------------------------------------------------------------- */

struct name {
    struct ov_buf text, cn, o; /* the whole; the first of each */
};

static void name_init(struct name *n)
{
    ov_buf_init(&n->text, CERTIFICATE_BYTES_MAX * 4);
    ov_buf_init(&n->cn, CERTIFICATE_BYTES_MAX * 4);
    ov_buf_init(&n->o, CERTIFICATE_BYTES_MAX * 4);
}

static void name_done(struct name *n)
{
    ov_buf_done(&n->text);
    ov_buf_done(&n->cn);
    ov_buf_done(&n->o);
}

static void put_once(struct ov_buf *to, const char *text, size_t len)
{
    if (ov_bytes_len(ov_buf_bytes(to)) == 0) {
        ov_buf_put(to, text, len);
    }
}

/* Text of whatever string type, as UTF-8. */
static void put_entry(struct name *n, const X509_NAME_ENTRY *entry)
{
    const int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    unsigned char *text = NULL;
    const int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));

    ov_buf_printf(&n->text, "%s%s=", ov_bytes_len(ov_buf_bytes(&n->text)) == 0 ? "" : ", ",
            nid == NID_undef ? "?" : OBJ_nid2sn(nid));
    if (len > 0) {
        ov_buf_put(&n->text, text, (size_t)len);
        if (nid == NID_commonName) {
            put_once(&n->cn, (const char *)text, (size_t)len);
        } else if (nid == NID_organizationName) {
            put_once(&n->o, (const char *)text, (size_t)len);
        }
    }
    OPENSSL_free(text);
}

static void put_name(struct name *n, const X509_NAME *name)
{
    const int count = X509_NAME_entry_count(name);

    for (int i = 0; i < count && i < NAME_PARTS_MAX; i++) {
        put_entry(n, X509_NAME_get_entry(name, i));
    }
}

void ov_tell_certificate(struct ov_evidence *e, const X509 *certificate, enum ov_trace_kind kind)
{
    struct name subject, issuer;
    struct ov_buf more;

    name_init(&subject);
    name_init(&issuer);
    ov_buf_init(&more, CERTIFICATE_BYTES_MAX * 16);
    put_name(&subject, X509_get_subject_name(certificate));
    put_name(&issuer, X509_get_issuer_name(certificate));
    ov_parts_add(&more, ov_buf_bytes(&subject.cn));
    ov_parts_add(&more, ov_buf_bytes(&subject.o));
    ov_parts_add(&more, ov_buf_bytes(&issuer.cn));
    ov_parts_add(&more, ov_buf_bytes(&issuer.o));
    ov_tell(e, kind, ov_buf_bytes(&subject.text), ov_buf_bytes(&more));
    name_done(&subject);
    name_done(&issuer);
    ov_buf_done(&more);
}

/* --- DER ------------------------------------------------------------------------------------ */

/* Tells the certificate that these bytes begin with. Gives its length; 0: there is none. */
static uint64_t tell_der(struct ov_evidence *e, struct ov_bytes bytes, enum ov_trace_kind kind)
{
    const unsigned char *at = ov_bytes_raw(bytes);
    X509 *certificate;
    uint64_t len;

    /* Nothing of OpenSSL's may look for its configuration: a worker has no files. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
    certificate = d2i_X509(NULL, &at, (long)ov_bytes_len(bytes));
    ERR_clear_error();
    if (certificate == NULL) {
        return 0;
    }
    len = (uint64_t)(at - ov_bytes_raw(bytes));
    ov_tell_certificate(e, certificate, kind);
    X509_free(certificate);
    return len;
}

/* Does a certificate begin here, and how long is it? SEQUENCE { SEQUENCE { ... with lengths of one or
 * two bytes behind 0x81 or 0x82, as certificates of between 128 and 65535 bytes have them; then
 * [0] { INTEGER 2 }, or in certificates of version 1 a serial number and an algorithm. */
static uint64_t certificate_at(const uint8_t *raw, uint64_t left)
{
    static const uint8_t version[] = { 0xa0, 0x03, 0x02, 0x01, 0x02 };
    uint64_t head, inner, len;

    if (left < 64 || raw[0] != 0x30 || (raw[1] != 0x82 && raw[1] != 0x81)) {
        return 0;
    }
    head = raw[1] == 0x82 ? 4 : 3;
    len = (raw[1] == 0x82 ? (uint64_t)raw[2] << 8 | raw[3] : raw[2]) + head;
    if (len > left || len < 64 || raw[head] != 0x30
            || (raw[head + 1] != 0x82 && raw[head + 1] != 0x81)) {
        return 0;
    }
    inner = head + (raw[head + 1] == 0x82 ? 4 : 3);
    if (memcmp(raw + inner, version, sizeof(version)) == 0) {
        return len;
    }
    return raw[inner] == 0x02 && raw[inner + 1] <= 20 && inner + raw[inner + 1] + 4u < len
                           && raw[inner + 2 + raw[inner + 1]] == 0x30
                   ? len
                   : 0;
}

static unsigned tell_all(struct ov_evidence *e, struct ov_bytes bytes, enum ov_trace_kind kind)
{
    const uint8_t *raw = ov_bytes_raw(bytes);
    const uint64_t end = ov_bytes_len(bytes);
    unsigned count = 0;
    uint64_t at = 0;

    while (at < end) { /* each turn goes on by at least one byte */
        const uint8_t *next = memchr(raw + at, 0x30, (size_t)(end - at));
        struct ov_bytes certificate;
        uint64_t len;

        if (next == NULL) {
            break;
        }
        at = (uint64_t)(next - raw);
        len = certificate_at(raw + at, end - at);
        if (len != 0 && ov_evidence_step(e, 64 + len / 16)
                && ov_bytes_slice(bytes, at, len, &certificate)
                && tell_der(e, certificate, kind) != 0) {
            count++;
            at += len;
        } else {
            at++;
        }
    }
    return count;
}

void ov_tell_certificates(struct ov_evidence *e, struct ov_bytes bytes, enum ov_trace_kind kind)
{
    (void)tell_all(e, bytes, kind);
}

/* --- PEM ------------------------------------------------------------------------------------ */

static int value_of(uint8_t c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

static bool decode(struct ov_bytes text, struct ov_buf *der)
{
    struct ov_reader r = ov_reader_on(text);
    uint32_t bits = 0;
    unsigned have = 0;
    uint8_t c;

    while (ov_read_u8(&r, &c) && c != '=') {
        const int value = value_of(c);

        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            ov_buf_put_u8(der, (uint8_t)(bits >> have));
        }
    }
    return ov_buf_ok(der) && ov_bytes_len(ov_buf_bytes(der)) != 0;
}

/* "Put your certificate here": an example's text, and no damaged certificate. */
static bool is_prose(struct ov_bytes text)
{
    const uint8_t *raw = ov_bytes_raw(text);

    for (uint64_t i = 0; i < ov_bytes_len(text) && i < 64; i++) {
        if (value_of(raw[i]) < 0 && raw[i] != '=') {
            return true;
        }
    }
    return false;
}

static void end_pem(struct ov_evidence *e, struct ov_buf *base64)
{
    struct ov_buf der;

    if (is_prose(ov_buf_bytes(base64))) {
        ov_buf_clear(base64);
        return;
    }
    ov_buf_init(&der, CERTIFICATE_BYTES_MAX * 2);
    /* Of a "trusted" certificate something stands behind it. */
    if (!ov_buf_ok(base64) || !decode(ov_buf_bytes(base64), &der)
            || !ov_evidence_step(e, 64 + ov_bytes_len(ov_buf_bytes(&der)) / 16)
            || tell_der(e, ov_buf_bytes(&der), OV_TRACE_CERTIFICATE) == 0) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "a certificate in PEM cannot be decoded");
    }
    ov_buf_done(&der);
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

/* PKCS #12: SEQUENCE { INTEGER 3, ... . What it holds is nearly always encrypted. */
static bool is_pkcs12(struct ov_bytes bytes)
{
    static const uint8_t version[] = { 0x02, 0x01, 0x03 };
    const uint8_t *raw = ov_bytes_raw(bytes);
    const uint64_t len = ov_bytes_len(bytes);

    return len > 16 && raw[0] == 0x30
           && (memcmp(raw + 4, version, 3) == 0 || memcmp(raw + 2, version, 3) == 0
                   || memcmp(raw + 3, version, 3) == 0);
}

void ov_read_certificates(struct ov_evidence *e, struct ov_bytes bytes)
{
    static const char begin[] = "-----BEGIN ";

    if (ov_bytes_len(bytes) != 0
            && memmem(ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes), begin, sizeof(begin) - 1)
                       != NULL) {
        read_pem(e, bytes);
    }
    if (tell_all(e, bytes, OV_TRACE_CERTIFICATE) == 0 && is_pkcs12(bytes)) {
        ov_tell_gap(e, OV_REASON_ENCRYPTED, "an encrypted store of certificates (PKCS #12)");
    }
}
