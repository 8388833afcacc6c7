/* SPDX-License-Identifier: Apache-2.0 */
/* pe_spell.h - what a program imports, as one line of text: `library.function,...` in lower case.
 * Imphashes are digests of it. Of `a.b.dll` YARA 4.5 makes `a.b` and ClamAV, like YARA 4.2, `a.b.dll`: observed. */
#ifndef OV_FACTS_PE_SPELL_H
#define OV_FACTS_PE_SPELL_H

#include "base/buf.h"
#include "facts/tree.h"

/* Which dot begins the ending that is left out. */
enum ov_spelling {
    OV_SPELLED_FROM_FIRST, /* ClamAV */
    OV_SPELLED_FROM_LAST,  /* YARA */
};

/* Of a tree in which the module pe was filled. */
void ov_pe_imports_spell(
        const struct ov_fact_tree *tree, enum ov_spelling spelling, struct ov_buf *out);

#endif
