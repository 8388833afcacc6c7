/* SPDX-License-Identifier: Apache-2.0 */
/* lists.h - OV_DB_LISTS: what a database of ClamAV's says beside its signatures: certificates and
 * passwords, what is to be thought of addresses in mail, and how types are told. Items one behind the other, each with a
 * kind and a length. Changing them means changing docs/formats/ovdb.md. */
#ifndef OV_DB_LISTS_H
#define OV_DB_LISTS_H

#include "db/view.h"

enum ov_list_kind {
    OV_LIST_CERTIFICATE = 1, /* struct ov_list_certificate, then its modulus */
    OV_LIST_PASSWORD,        /* struct ov_list_password, then the password */
    OV_LIST_PHISHING,        /* struct ov_list_phishing, then two texts */
    OV_LIST_SETTING,         /* struct ov_list_setting */
    OV_LIST_MAGIC,           /* struct ov_list_magic, then the bytes */
    OV_LIST_KIND_LAST = OV_LIST_MAGIC
};

struct ov_list_head {
    struct ov_le32 kind;
    struct ov_le32 bytes; /* of the item; the next begins at a multiple of 4 */
};
_Static_assert(sizeof(struct ov_list_head) == 8, "on-disk layout");

#define OV_LIST_CERTIFICATE_TRUSTED    0x01u /* else: whoever is signed by it is detected */
#define OV_LIST_CERTIFICATE_CODE       0x02u /* it may sign programs */
#define OV_LIST_CERTIFICATE_TIME       0x04u
#define OV_LIST_CERTIFICATE_ISSUES     0x08u /* it may sign certificates */
#define OV_LIST_CERTIFICATE_HAS_SERIAL 0x10u

struct ov_list_certificate {
    struct ov_le32 flags;
    uint8_t subject[20]; /* SHA-1 of the name's content */
    uint8_t serial[20];  /* SHA-1 of the number's content */
};
_Static_assert(sizeof(struct ov_list_certificate) == 44, "on-disk layout");

struct ov_list_password {
    struct ov_le32 container; /* an ov_clam_type; ANY: of whatever type */
};
_Static_assert(sizeof(struct ov_list_password) == 4, "on-disk layout");

enum ov_list_phishing_what {
    OV_PHISHING_HOST = 1,   /* pdb H: the first text is a host that is often imitated */
    OV_PHISHING_REGEX,      /* pdb R: the first text is an expression for real:displayed */
    OV_PHISHING_PAIR_HOSTS, /* wdb M: a real host may be displayed as the second */
    OV_PHISHING_PAIR_REGEX, /* wdb X: the same with expressions */
    OV_PHISHING_REAL_REGEX, /* wdb Y: addresses that may be displayed as anything */
    OV_PHISHING_WHAT_LAST = OV_PHISHING_REAL_REGEX
};

struct ov_list_phishing {
    struct ov_le32 what;
    struct ov_le32 first_bytes; /* of the first text; the second is the rest */
};
_Static_assert(sizeof(struct ov_list_phishing) == 8, "on-disk layout");

enum ov_setting {
    OV_SETTING_PCRE_MATCHES = 1, /* limits of regular expressions; 0: overt's own */
    OV_SETTING_PCRE_DEPTH,
    OV_SETTING_PCRE_BYTES,
    OV_SETTING_NO_VIEWS,   /* texts and pages are not normalised */
    OV_SETTING_CLOSED,     /* an ov_clam_type: objects of it are not opened */
    OV_SETTING_SIGNATURES, /* how many signatures were loaded, as ClamAV counts them */
    /* larger pages and texts are not normalised; a larger page without its tags is not looked at */
    OV_SETTING_HTML_BYTES,
    OV_SETTING_NO_TAGS_BYTES,
    OV_SETTING_TEXT_BYTES,
    OV_SETTING_PARTITIONS, /* of one disk, as many are opened */
    OV_SETTING_LAST = OV_SETTING_PARTITIONS
};

struct ov_list_setting {
    struct ov_le32 what;
    struct ov_le32 reserved;
    struct ov_le64 value;
};
_Static_assert(sizeof(struct ov_list_setting) == 16, "on-disk layout");

/* An object with these bytes at the offset is of this type. */
struct ov_list_magic {
    struct ov_le32 type; /* an ov_clam_type */
    struct ov_le32 offset;
};
_Static_assert(sizeof(struct ov_list_magic) == 8, "on-disk layout");

struct ov_list_item {
    enum ov_list_kind kind;
    struct ov_bytes bytes; /* lent */
};

/* The item at *at, which goes on to the next; begin with 0. False: there are no more. */
OV_MUST_CHECK bool ov_db_list_next(
        const struct ov_db_view *view, uint64_t *at, struct ov_list_item *out);

/* The fixed part of an item, into `head` of `size` bytes; *rest: what follows it. */
OV_MUST_CHECK bool ov_db_list_split(
        const struct ov_list_item *item, void *head, size_t size, struct ov_bytes *rest);

#endif
