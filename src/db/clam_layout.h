/* SPDX-License-Identifier: Apache-2.0 */
/* clam_layout.h - what the instructions PCRE and COMPARE are given, as a text in OV_DB_TEXT.
 * Changing it means changing docs/formats/ovdb.md. */
#ifndef OV_DB_CLAM_LAYOUT_H
#define OV_DB_CLAM_LAYOUT_H

#include "base/le.h"

#define OV_CLAM_PCRE_CASELESS   0x0001u /* i */
#define OV_CLAM_PCRE_DOTALL     0x0002u /* s */
#define OV_CLAM_PCRE_MULTILINE  0x0004u /* m */
#define OV_CLAM_PCRE_EXTENDED   0x0008u /* x */
#define OV_CLAM_PCRE_ANCHORED   0x0010u /* A */
#define OV_CLAM_PCRE_DOLLAR_END 0x0020u /* E */
#define OV_CLAM_PCRE_UNGREEDY   0x0040u /* U */
#define OV_CLAM_PCRE_GLOBAL     0x0080u /* g: every match counts, not the first one only */
#define OV_CLAM_PCRE_ROLLING    0x0100u /* r: it may begin anywhere behind the offset */
#define OV_CLAM_PCRE_ENCOMPASS  0x0200u /* e: it sees no more than [offset, offset + shift) */
#define OV_CLAM_PCRE_ANYWHERE   0x0400u /* there is no offset */
#define OV_CLAM_PCRE_NAME       0x0800u /* of the name that the object has in its container */
#define OV_CLAM_PCRE_FLAGS      0x0fffu

struct ov_clam_pcre { /* followed by the expression */
    struct ov_le32 flags;
    struct ov_le32 shift; /* how far behind the offset it may begin */
};
_Static_assert(sizeof(struct ov_clam_pcre) == 8, "on-disk layout");

enum ov_clam_compare_form {
    OV_CLAM_COMPARE_HEX = 1, /* digits */
    OV_CLAM_COMPARE_DECIMAL,
    OV_CLAM_COMPARE_AUTO,   /* hexadecimal behind 0x, else decimal */
    OV_CLAM_COMPARE_BINARY, /* 1, 2, 4 or 8 bytes */
    /* no comparison, but a count of matches: an ov_clam_count */
    OV_CLAM_COUNT_VERSION, /* that begin where a string of the version information does */
    OV_CLAM_COUNT_BEFORE,  /* of the body before a macro that one of its members followed */
    OV_CLAM_COUNT_MACRO    /* of the members that did */
};

#define OV_CLAM_COMPARE_BIG   0x01u
#define OV_CLAM_COMPARE_EXACT 0x02u /* all of the text must be digits */

struct ov_clam_compare {
    uint8_t form;
    uint8_t flags;
    uint8_t bytes;
    uint8_t count; /* 1 or 2 comparisons, all of which must hold */
    struct ov_le32 reserved;
    struct ov_le64 offset; /* signed: from where the match begins */
    uint8_t op[2];         /* '<', '>', '=' */
    uint8_t reserved2[6];
    struct ov_le64 value[2]; /* signed */
};
_Static_assert(sizeof(struct ov_clam_compare) == 40, "on-disk layout");

struct ov_clam_count { /* followed by numbers of strings of the rule, an ov_le32 each */
    uint8_t form;
    uint8_t reserved[3];
    struct ov_le32 bodies;   /* so many strings are counted, the forms of one body */
    struct ov_le32 members;  /* and so many behind them are members of the macro's group */
    struct ov_le32 min, max; /* how far behind the body's beginning a member begins */
    uint8_t reserved2[20];
};
_Static_assert(
        sizeof(struct ov_clam_count) == sizeof(struct ov_clam_compare), "either is one record");

#endif
