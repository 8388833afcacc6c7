/* SPDX-License-Identifier: Apache-2.0 */
/* elf.h - what YARA's module `elf` knows of a file: header, sections, segments, symbols. */
#ifndef OV_FORMATS_ELF_H
#define OV_FORMATS_ELF_H

#include "facts/tree.h"

/* Says nothing of what is no ELF file. */
void ov_elf_facts(struct ov_fact_tree *tree, struct ov_pages *pages);

#endif
