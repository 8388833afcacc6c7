/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/spc.h"

#include <openssl/err.h>
#include <openssl/objects.h>

/* The program's name and a link; of the link nothing is wanted but that it parses. */
struct spc_string {
    int type;
    union {
        ASN1_BMPSTRING *unicode;
        ASN1_IA5STRING *ascii;
    } value;
};

struct spc_object {
    ASN1_OCTET_STRING *class;
    ASN1_OCTET_STRING *data;
};

struct spc_link {
    int type;
    union {
        ASN1_IA5STRING *url;
        struct spc_object *moniker;
        struct spc_string *file;
    } value;
};

struct spc_opus_info {
    struct spc_string *name;
    struct spc_link *more;
};

typedef struct ov_spc_value OV_SPC_VALUE;
typedef struct ov_spc_content OV_SPC_CONTENT;
typedef struct spc_string SPC_STRING;
typedef struct spc_object SPC_OBJECT;
typedef struct spc_link SPC_LINK;
typedef struct spc_opus_info SPC_OPUS_INFO;

/* clang-format off */

ASN1_CHOICE(SPC_STRING) = {
    ASN1_IMP_OPT(SPC_STRING, value.unicode, ASN1_BMPSTRING, 0),
    ASN1_IMP_OPT(SPC_STRING, value.ascii, ASN1_IA5STRING, 1)
} static_ASN1_CHOICE_END(SPC_STRING)

ASN1_SEQUENCE(SPC_OBJECT) = {
    ASN1_SIMPLE(SPC_OBJECT, class, ASN1_OCTET_STRING),
    ASN1_SIMPLE(SPC_OBJECT, data, ASN1_OCTET_STRING)
} static_ASN1_SEQUENCE_END(SPC_OBJECT)

ASN1_CHOICE(SPC_LINK) = {
    ASN1_IMP_OPT(SPC_LINK, value.url, ASN1_IA5STRING, 0),
    ASN1_IMP_OPT(SPC_LINK, value.moniker, SPC_OBJECT, 1),
    ASN1_EXP_OPT(SPC_LINK, value.file, SPC_STRING, 2)
} static_ASN1_CHOICE_END(SPC_LINK)

ASN1_SEQUENCE(SPC_OPUS_INFO) = {
    ASN1_EXP_OPT(SPC_OPUS_INFO, name, SPC_STRING, 0),
    ASN1_EXP_OPT(SPC_OPUS_INFO, more, SPC_LINK, 1)
} static_ASN1_SEQUENCE_END(SPC_OPUS_INFO)

ASN1_SEQUENCE(OV_SPC_VALUE) = {
    ASN1_SIMPLE(OV_SPC_VALUE, type, ASN1_OBJECT),
    ASN1_OPT(OV_SPC_VALUE, value, ASN1_ANY)
} static_ASN1_SEQUENCE_END(OV_SPC_VALUE)

ASN1_SEQUENCE(OV_SPC_CONTENT) = {
    ASN1_SIMPLE(OV_SPC_CONTENT, data, OV_SPC_VALUE),
    ASN1_SIMPLE(OV_SPC_CONTENT, digest, X509_SIG)
} static_ASN1_SEQUENCE_END(OV_SPC_CONTENT)
        /* clang-format on */

        struct ov_bytes ov_spc_bytes(const ASN1_TYPE *value)
{
    const struct ov_bytes none = ov_bytes_of("", 0);

    if (value == NULL) {
        return none;
    }
    switch (value->type) {
    case V_ASN1_BOOLEAN:
    case V_ASN1_NULL:
    case V_ASN1_OBJECT:
    case V_ASN1_UNDEF:
        return none;
    default:
        break;
    }
    if (value->value.asn1_string == NULL || value->value.asn1_string->length <= 0) {
        return none;
    }
    return ov_bytes_of(value->value.asn1_string->data, (size_t)value->value.asn1_string->length);
}

bool ov_spc_is(const ASN1_OBJECT *object, const char *oid)
{
    ASN1_OBJECT *wanted = OBJ_txt2obj(oid, 1);
    const bool same = object != NULL && wanted != NULL && OBJ_cmp(object, wanted) == 0;

    ASN1_OBJECT_free(wanted);
    return same;
}

X509_ATTRIBUTE *ov_spc_attribute(const STACK_OF(X509_ATTRIBUTE) * attributes, const char *oid)
{
    for (int i = 0; i < sk_X509_ATTRIBUTE_num(attributes); i++) {
        X509_ATTRIBUTE *attribute = sk_X509_ATTRIBUTE_value(attributes, i);

        if (ov_spc_is(X509_ATTRIBUTE_get0_object(attribute), oid)) {
            return attribute;
        }
    }
    return NULL;
}

ASN1_TYPE *ov_spc_first_value(const STACK_OF(X509_ATTRIBUTE) * attributes, const char *oid)
{
    X509_ATTRIBUTE *attribute = ov_spc_attribute(attributes, oid);

    return attribute == NULL ? NULL : X509_ATTRIBUTE_get0_type(attribute, 0);
}

struct ov_spc_content *ov_spc_content_of(PKCS7 *contents)
{
    struct ov_bytes bytes;
    const uint8_t *at;

    if (contents == NULL || !ov_spc_is(contents->type, OV_SPC_INDIRECT_DATA)) {
        return NULL;
    }
    bytes = ov_spc_bytes(contents->d.other);
    at = ov_bytes_raw(bytes);
    return (struct ov_spc_content *)ASN1_item_d2i(
            NULL, &at, (long)ov_bytes_len(bytes), ASN1_ITEM_rptr(OV_SPC_CONTENT));
}

void ov_spc_content_free(struct ov_spc_content *content)
{
    ASN1_item_free((ASN1_VALUE *)content, ASN1_ITEM_rptr(OV_SPC_CONTENT));
}

char *ov_spc_program_name(const ASN1_TYPE *info)
{
    const struct ov_bytes bytes = ov_spc_bytes(info);
    const uint8_t *at = ov_bytes_raw(bytes);
    struct spc_opus_info *opus = (struct spc_opus_info *)ASN1_item_d2i(
            NULL, &at, (long)ov_bytes_len(bytes), ASN1_ITEM_rptr(SPC_OPUS_INFO));
    unsigned char *text = NULL;
    int len = -1;

    if (opus != NULL && opus->name != NULL && opus->name->value.unicode != NULL) {
        len = ASN1_STRING_to_UTF8(&text, opus->name->value.unicode); /* a NUL behind it */
    }
    ASN1_item_free((ASN1_VALUE *)opus, ASN1_ITEM_rptr(SPC_OPUS_INFO));
    if (len >= 0 && (uint64_t)len < ov_bytes_len(bytes)) {
        return (char *)text;
    }
    OPENSSL_free(text);
    return NULL;
}

/* --- bounds ---------------------------------------------------------------------------------- */

/* X.690, 8.1: the header of an element. `*len` UINT64_MAX: of indefinite length. */
static bool read_header(struct ov_reader *r, bool *is_constructed, uint64_t *len)
{
    uint8_t byte;

    if (!ov_read_u8(r, &byte)) {
        return false;
    }
    *is_constructed = (byte & 0x20) != 0;
    if ((byte & 0x1f) == 0x1f) {
        do {
            if (!ov_read_u8(r, &byte)) {
                return false;
            }
        } while ((byte & 0x80) != 0);
    }
    if (!ov_read_u8(r, &byte)) {
        return false;
    }
    if (byte == 0x80) {
        *len = UINT64_MAX;
        return true;
    }
    *len = byte & 0x7f;
    if (byte > 0x80) {
        *len = 0;
        for (unsigned left = byte & 0x7f; left > 0; left--) {
            if (!ov_read_u8(r, &byte) || *len > UINT64_MAX >> 9) {
                return false;
            }
            *len = *len << 8 | byte;
        }
    }
    return true;
}

/* Every turn moves on by a header at least. Elements inside constructed ones are counted by going
 * in, so nothing has to be remembered. */
uint64_t ov_spc_elements(struct ov_bytes der, uint64_t max)
{
    struct ov_reader r = ov_reader_on(der);
    uint64_t count = 0, len;
    bool is_constructed;

    while (count <= max && read_header(&r, &is_constructed, &len)) {
        count++;
        if (!is_constructed && len != UINT64_MAX && !ov_read_skip(&r, len)) {
            break;
        }
    }
    return count;
}

uint64_t ov_spc_element_bytes(struct ov_bytes head)
{
    struct ov_reader r = ov_reader_on(head);
    bool is_constructed;
    uint64_t len;

    if (!read_header(&r, &is_constructed, &len)) {
        return 0;
    }
    return len == UINT64_MAX ? UINT64_MAX : len + ov_bytes_len(head) - ov_reader_left(&r);
}
