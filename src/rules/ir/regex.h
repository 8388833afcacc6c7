/* SPDX-License-Identifier: Apache-2.0 */
/* regex.h - one tree for everything a string can be: hex strings and regular expressions alike.
 *
 * A node matches bytes, never characters. Case folding and widening are flags of the string and
 * are applied by the compiler; `.` without /s has become a class without LF already.
 */
#ifndef OV_RULES_IR_REGEX_H
#define OV_RULES_IR_REGEX_H

#include <stdbool.h>
#include <stdint.h>

#define OV_RE_UNBOUNDED UINT32_MAX

enum ov_re_kind {
    OV_RE_EMPTY,         /* nothing, always there */
    OV_RE_BYTE,          /* one byte b: ((b & mask) == value) != negate */
    OV_RE_CLASS,         /* one byte of `set`; with negate, one that is not. Folding comes first */
    OV_RE_ANY,           /* one byte, any */
    OV_RE_CONCAT,        /* the children, one after another */
    OV_RE_ALT,           /* any one of the children */
    OV_RE_REPEAT,        /* the one child, min to max times; max may be OV_RE_UNBOUNDED */
    OV_RE_BEGIN,         /* ^: offset 0 of the object */
    OV_RE_END,           /* $: the end of the object */
    OV_RE_WORD_BOUNDARY, /* \b */
    OV_RE_NOT_WORD_BOUNDARY, /* \B */
    OV_RE_EDGE /* `value` (ov_edge of base/clamtype.h) holds here; negate: it does not */
};

struct ov_re_set {
    uint64_t bits[4]; /* bit b of the 256: byte value b belongs */
};

/* Large databases are millions of these, one for each byte of a body. */
struct ov_re {
    enum ov_re_kind kind;
    uint8_t value; /* BYTE; value & ~mask == 0 */
    uint8_t mask;
    bool negate;
    bool lazy : 1;   /* REPEAT; a hex jump is lazy */
    bool chains : 1; /* REPEAT of a REGEX: a jump; what is before and behind it is looked for apart */
    union {
        struct { /* REPEAT */
            uint32_t min;
            uint32_t max;
        };
        struct ov_re_set *set; /* CLASS */
    };
    struct ov_re *children; /* CONCAT, ALT: first of a list; REPEAT: the child */
    struct ov_re *next;     /* in the parent's list */
};

_Static_assert(sizeof(struct ov_re) <= 32, "two of an arena's places");

#endif
