/* SPDX-License-Identifier: Apache-2.0 */
/* automaton.h - a run of tree nodes to one program (struct ov_db_program and what follows it).
 *
 * Of several ways on, a choice names the preferred one first: the earlier alternative, one more of
 * what is repeated, or of a lazy repeat one less.
 *
 * The program's size is linear in the tree with its repeats written out; OV_PROGRAM_NODES_MAX
 * bounds it. */
#ifndef OV_COMPILE_AUTOMATON_H
#define OV_COMPILE_AUTOMATON_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "rules/ir/regex.h"

struct ov_automaton_options {
    bool nocase;
    bool wide;     /* behind each byte a zero */
    bool backward; /* reads downwards, from the end of the last item */
    bool reach;    /* run over OV_REGEX_REACH_BYTES at most: larger repeats may be rounded off */
};

/* Appends the program for `items` one after another. The depth of each was checked. On failure
 * `out` may hold part of it. OVERT_E_LIMIT: too large. */
OV_MUST_CHECK overt_status ov_automaton_append(const struct ov_re *const *items, size_t count,
        const struct ov_automaton_options *options, struct ov_buf *out, overt_error *err);

#endif
