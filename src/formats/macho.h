/* SPDX-License-Identifier: Apache-2.0 */
/* macho.h - what YARA's module `macho` knows of a file: header, segments with sections, entry
 * point; and the same of every file inside a fat one. */
#ifndef OV_FORMATS_MACHO_H
#define OV_FORMATS_MACHO_H

#include "facts/tree.h"

/* Says nothing of what is no Mach-O file. */
void ov_macho_facts(struct ov_fact_tree *tree, struct ov_pages *pages);

#endif
