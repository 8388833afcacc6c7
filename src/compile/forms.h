/* SPDX-License-Identifier: Apache-2.0 */
/* forms.h - what a string of a rule stands for, once its modifiers are written out: ascii and
 * wide, three alignments of base64, top-level alternatives, parts of a chained hex string. */
#ifndef OV_COMPILE_FORMS_H
#define OV_COMPILE_FORMS_H

#include "base/error.h"
#include "rules/ir/rule.h"

#define OV_FORM_UNCHAINED UINT32_MAX

struct ov_form {
    bool fixed;
    const struct ov_re_set *elements; /* fixed: one set for each byte, folded and widened */
    size_t count;
    const struct ov_re *const *items; /* else: the tree's topmost nodes, one after another */
    size_t item_count;
    bool nocase;
    bool wide;
    bool is_xor;
    bool fullword;
    bool shortest; /* of several lengths at one offset */
    bool any_end;  /* every length may show a full word, not the best one only */
    uint8_t xor_min;
    uint8_t xor_max;
    uint32_t part; /* which part of the chain; OV_FORM_UNCHAINED */
};

struct ov_gap {
    uint32_t min;
    uint32_t max; /* OV_RE_UNBOUNDED: any */
};

struct ov_forms {
    struct ov_form *items;
    size_t count;
    struct ov_gap *gaps; /* between part i and part i + 1 */
    uint32_t part_count; /* 0: no chain */
    size_t priv_cap;
};

/* A hex jump that may be longer than this cuts the string into parts, as in YARA. */
#define OV_CHAIN_JUMP_MIN 200u

/* A form of fixed length, longest. */
#define OV_FIXED_BYTES_MAX 65535u

/* Everything lives in `arena`; items borrow from the string's tree. */
OV_MUST_CHECK overt_status ov_forms_of(const struct ov_string *string, struct ov_arena *arena,
        struct ov_forms *out, overt_error *err);

#endif
