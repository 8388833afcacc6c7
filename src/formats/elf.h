/* SPDX-License-Identifier: Apache-2.0 */
/* elf.h - what YARA's module `elf` knows of a file: header, sections, segments, symbols, and two
 * digests of its symbols' names. */
#ifndef OV_FORMATS_ELF_H
#define OV_FORMATS_ELF_H

#include "facts/tree.h"

/* Says nothing of what is no ELF file. */
void ov_elf_facts(struct ov_fact_tree *tree, struct ov_pages *pages);

/* The functions import_md5() and telfhash(): 32 hexadecimal digits, and the 72 characters of a TLSH
 * or nothing where the names are too few for one. False: there are no such names, or the budget or
 * the memory did not suffice (*reason, else OV_REASON_NONE). */
OV_MUST_CHECK bool ov_elf_import_md5(
        struct ov_pages *pages, struct ov_budget *budget, char out[33], enum ov_reason *reason);
OV_MUST_CHECK bool ov_elf_telfhash(
        struct ov_pages *pages, struct ov_budget *budget, char out[73], enum ov_reason *reason);

#endif
