/* SPDX-License-Identifier: Apache-2.0 */
/* pe_spell.h - what a program imports, as one line of text: `library.function,...` in lower case.
 * Imphashes are digests of it, YARA's and ClamAV's alike. */
#ifndef OV_FACTS_PE_SPELL_H
#define OV_FACTS_PE_SPELL_H

#include "base/buf.h"
#include "facts/tree.h"

/* Of a tree in which the module pe was filled. */
void ov_pe_imports_spell(const struct ov_fact_tree *tree, struct ov_buf *out);

#endif
