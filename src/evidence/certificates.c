/* SPDX-License-Identifier: Apache-2.0 */
/* certificates.c - X.509 certificates wherever they lie: in PEM text, as DER, or as DER inside
 * something else (a registry value, an NSS database, a keychain, a program's signature). Nothing is
 * verified here: a name in a certificate says who is named, and the report says no more. */
#include <stdio.h>
#include <string.h>

#include "evidence/readers.h"

#define CERTIFICATE_BYTES_MAX (64u * OV_KIB)
#define NAME_PARTS_MAX        64u

/* OpenSSL's reader would bring its sockets into the worker; a name needs so little of DER that this
 * is the smaller evil. */

#define TAG_SEQUENCE 0x30u
#define TAG_SET      0x31u
#define TAG_OID      0x06u
#define TAG_VERSION  0xa0u

struct der {
    uint8_t tag;
    struct ov_bytes content;
};

/* One element: tag of one byte, length of up to four. */
static bool der_next(struct ov_reader *r, struct der *out)
{
    struct ov_reader at = *r;
    uint64_t len = 0;
    uint8_t tag, c;

    if (!ov_read_u8(&at, &tag) || !ov_read_u8(&at, &c)) {
        return false;
    }
    if ((c & 0x80) == 0) {
        len = c;
    } else {
        const unsigned bytes = c & 0x7f;

        if (bytes == 0 || bytes > 4) {
            return false;
        }
        for (unsigned i = 0; i < bytes; i++) {
            if (!ov_read_u8(&at, &c)) {
                return false;
            }
            len = len << 8 | c;
        }
    }
    if (!ov_read_bytes(&at, len, &out->content)) {
        return false;
    }
    out->tag = tag;
    *r = at;
    return true;
}

static bool der_expect(struct ov_reader *r, uint8_t tag, struct ov_bytes *content)
{
    struct der element;

    if (!der_next(r, &element) || element.tag != tag) {
        return false;
    }
    *content = element.content;
    return true;
}

/* --- names ---------------------------------------------------------------------------------- */

enum part {
    PART_OTHER,
    PART_CN,
    PART_O
};

static const struct {
    const char *oid;
    size_t len;
    const char *name;
    enum part part;
} types[] = {
    { "\x55\x04\x03", 3, "CN", PART_CN },
    { "\x55\x04\x0a", 3, "O", PART_O },
    { "\x55\x04\x0b", 3, "OU", PART_OTHER },
    { "\x55\x04\x06", 3, "C", PART_OTHER },
    { "\x55\x04\x07", 3, "L", PART_OTHER },
    { "\x55\x04\x08", 3, "ST", PART_OTHER },
    { "\x55\x04\x05", 3, "serialNumber", PART_OTHER },
    { "\x55\x04\x09", 3, "street", PART_OTHER },
    { "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 9, "emailAddress", PART_OTHER },
};

#define TYPES (sizeof(types) / sizeof(types[0]))

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

/* Text of whatever string type, as UTF-8. */
static void put_string(struct ov_buf *out, const struct der *value)
{
    struct ov_reader r = ov_reader_on(value->content);
    uint8_t be[2];

    switch (value->tag) {
    case 12: /* UTF8String */
    case 19: /* PrintableString */
    case 22: /* IA5String */
        ov_buf_put(out, ov_bytes_raw(value->content), (size_t)ov_bytes_len(value->content));
        return;
    case 20: /* TeletexString: what writers put there is ISO 8859-1 */
        ov_latin1_put(out, value->content);
        return;
    case 30: /* BMPString, big-endian */
        while (ov_read_u8(&r, &be[1]) && ov_read_u8(&r, &be[0])) {
            ov_utf16_put(out, ov_bytes_of(be, 2));
        }
        return;
    default:
        return;
    }
}

static bool put_attribute(struct name *n, struct ov_bytes attribute)
{
    struct ov_reader r = ov_reader_on(attribute);
    struct ov_bytes oid;
    struct der value;
    size_t type = 0;

    if (!der_expect(&r, TAG_OID, &oid) || !der_next(&r, &value)) {
        return false;
    }
    while (type < TYPES && !ov_bytes_equal(oid, types[type].oid, types[type].len)) {
        type++;
    }
    ov_buf_printf(&n->text, "%s%s=", ov_bytes_len(ov_buf_bytes(&n->text)) == 0 ? "" : ", ",
            type < TYPES ? types[type].name : "?");
    put_string(&n->text, &value);
    if (type < TYPES && types[type].part == PART_CN && ov_bytes_len(ov_buf_bytes(&n->cn)) == 0) {
        put_string(&n->cn, &value);
    }
    if (type < TYPES && types[type].part == PART_O && ov_bytes_len(ov_buf_bytes(&n->o)) == 0) {
        put_string(&n->o, &value);
    }
    return true;
}

/* Name: a row of sets, each of attributes. */
static bool read_name(struct ov_bytes bytes, struct name *n)
{
    struct ov_reader sets = ov_reader_on(bytes);
    unsigned parts = 0;

    while (ov_reader_left(&sets) != 0) {
        struct ov_bytes set, attribute;
        struct ov_reader r;

        if (!der_expect(&sets, TAG_SET, &set)) {
            return false;
        }
        r = ov_reader_on(set);
        while (ov_reader_left(&r) != 0) {
            if (++parts > NAME_PARTS_MAX || !der_expect(&r, TAG_SEQUENCE, &attribute)
                    || !put_attribute(n, attribute)) {
                return false;
            }
        }
    }
    return true;
}

/* RFC 5280, 4.1: version, serial number, algorithm, issuer, validity, subject. */
static bool read_certificate(struct ov_bytes bytes, struct name *subject, struct name *issuer)
{
    struct ov_reader r = ov_reader_on(bytes);
    struct ov_bytes certificate, tbs, part;
    struct der any;

    if (!der_expect(&r, TAG_SEQUENCE, &certificate)) {
        return false;
    }
    r = ov_reader_on(certificate);
    if (!der_expect(&r, TAG_SEQUENCE, &tbs)) {
        return false;
    }
    r = ov_reader_on(tbs);
    return der_expect(&r, TAG_VERSION, &part) && der_next(&r, &any)
           && der_expect(&r, TAG_SEQUENCE, &part) && der_expect(&r, TAG_SEQUENCE, &part)
           && read_name(part, issuer) && der_expect(&r, TAG_SEQUENCE, &part)
           && der_expect(&r, TAG_SEQUENCE, &part) && read_name(part, subject);
}

static bool tell_certificate(struct ov_evidence *e, struct ov_bytes bytes, enum ov_trace_kind kind)
{
    struct name subject, issuer;
    struct ov_buf more;
    bool good;

    name_init(&subject);
    name_init(&issuer);
    ov_buf_init(&more, CERTIFICATE_BYTES_MAX * 16);
    good = read_certificate(bytes, &subject, &issuer);
    if (good) {
        ov_parts_add(&more, ov_buf_bytes(&subject.cn));
        ov_parts_add(&more, ov_buf_bytes(&subject.o));
        ov_parts_add(&more, ov_buf_bytes(&issuer.cn));
        ov_parts_add(&more, ov_buf_bytes(&issuer.o));
        ov_tell(e, kind, ov_buf_bytes(&subject.text), ov_buf_bytes(&more));
    }
    name_done(&subject);
    name_done(&issuer);
    ov_buf_done(&more);
    return good;
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

void ov_tell_certificates(struct ov_evidence *e, struct ov_bytes bytes, enum ov_trace_kind kind)
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
            struct ov_bytes certificate;

            if (ov_bytes_slice(bytes, at, len, &certificate)
                    && tell_certificate(e, certificate, kind)) {
                at += len;
                continue;
            }
        }
        at++;
    }
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

static void end_pem(struct ov_evidence *e, struct ov_buf *base64)
{
    struct ov_buf der;

    ov_buf_init(&der, CERTIFICATE_BYTES_MAX * 2);
    if (ov_buf_ok(base64) && decode(ov_buf_bytes(base64), &der)) {
        ov_tell_certificates(e, ov_buf_bytes(&der), OV_TRACE_CERTIFICATE);
    } else {
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

void ov_read_certificates(struct ov_evidence *e, struct ov_bytes bytes)
{
    static const char begin[] = "-----BEGIN ";

    if (ov_bytes_len(bytes) != 0
            && memmem(ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes), begin, sizeof(begin) - 1)
                       != NULL) {
        read_pem(e, bytes);
    }
    ov_tell_certificates(e, bytes, OV_TRACE_CERTIFICATE);
}
