/* SPDX-License-Identifier: Apache-2.0 */
/* sequences.h - how a match must go on behind a cut: a few sequences of byte sets, one of which
 * every match begins with there. Atoms are chosen in them. */
#ifndef OV_COMPILE_SEQUENCES_H
#define OV_COMPILE_SEQUENCES_H

#include <stddef.h>

#include "rules/ir/regex.h"

#define OV_SEQUENCES_MAX       64u
#define OV_SEQUENCE_BYTES_MAX  64u /* at most OV_ATOM_BACK_MAX */
#define OV_SEQUENCE_REPEAT_MAX 3u  /* optional copies that are written out */

struct ov_sequence {
    struct ov_re_set sets[OV_SEQUENCE_BYTES_MAX];
    uint32_t count;
    bool open; /* what stands behind it in the tree may be appended */
};

struct ov_sequences {
    struct ov_sequence items[OV_SEQUENCES_MAX];
    uint32_t count;
};

/* The sequences with which `items` begin. False: out of memory. A sequence without any set says
 * that a match may be empty there, so no atom can be had. The depth was checked. */
bool ov_sequences_of(const struct ov_re *const *items, size_t count, bool nocase, bool wide,
        struct ov_sequences *out);

void ov_sequences_copy(struct ov_sequences *to, const struct ov_sequences *from);

#endif
