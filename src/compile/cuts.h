/* SPDX-License-Identifier: Apache-2.0 */
/* cuts.h - where to cut an expression in two: behind the cut stands what is looked for. */
#ifndef OV_COMPILE_CUTS_H
#define OV_COMPILE_CUTS_H

#include "compile/forms.h"
#include "compile/sequences.h"
#include "compile/tables.h"

/* The cheapest cut, its cost (at most OV_SHARE_ONE for each sequence; UINT64_MAX: there is none),
 * and in workspaces[0] what may stand behind it. `workspaces` are two. False: out of memory. */
OV_MUST_CHECK bool ov_cut_choose(const struct ov_tables *tables, const struct ov_form *form,
        struct ov_sequences *workspaces, size_t *cut, uint64_t *cost);

#endif
