/* SPDX-License-Identifier: Apache-2.0 */
/* pe.h - what the parsers of the module pe share. Nothing of the file is believed; what does not
 * fit into it is not there. */
#ifndef OV_FORMATS_PE_H
#define OV_FORMATS_PE_H

#include "facts/tree.h"
#include "formats/pe_layout.h"

struct ov_pe {
    struct ov_pages *pages; /* borrowed */
    struct ov_pe_layout layout;
};

/* False: not a PE file that YARA would take for one. */
OV_MUST_CHECK bool ov_pe_file_open(struct ov_pe *pe, struct ov_pages *pages);

/* False: nothing of the file is mapped there. */
static inline bool ov_pe_file_offset(const struct ov_pe *pe, uint64_t rva, uint64_t *out)
{
    return ov_pe_map_offset(&pe->layout.map, rva, out);
}

/* The place that a directory leads to. False: it has none. */
OV_MUST_CHECK bool ov_pe_directory_at(
        const struct ov_pe *pe, enum ov_pe_directory number, uint64_t *at, uint32_t *bytes);

/* Fields that are 8 bytes wide in PE32+ and 4 in PE32. */
OV_MUST_CHECK bool ov_pe_word(const struct ov_pe *pe, uint64_t at, uint64_t *out);

/* The bytes up to a NUL, at most `max`, or up to the file's end; possibly none. Lent as by pages. */
struct ov_bytes ov_pe_text(const struct ov_pe *pe, uint64_t at, uint64_t max);

/* pe_ordinals.c: what a function imported by number is called: a name that pefile knows for it, or
 * ordN. `out` takes OV_PE_ORDINAL_NAME bytes. */
#define OV_PE_ORDINAL_NAME 64u
void ov_pe_ordinal_name(struct ov_bytes dll, uint16_t ordinal, char out[OV_PE_ORDINAL_NAME]);

/* The parts of the module pe; `node` is its structure. */
void ov_pe_facts(struct ov_fact_tree *tree, struct ov_pages *pages);
void ov_pe_imports(struct ov_fact_tree *tree, ov_fact_node node, struct ov_pe *pe);
void ov_pe_delayed_imports(struct ov_fact_tree *tree, ov_fact_node node, struct ov_pe *pe);
void ov_pe_exports(struct ov_fact_tree *tree, ov_fact_node node, struct ov_pe *pe);
void ov_pe_resources(struct ov_fact_tree *tree, ov_fact_node node, struct ov_pe *pe);
void ov_pe_rich(struct ov_fact_tree *tree, ov_fact_node node, struct ov_pe *pe);
void ov_pe_debug(struct ov_fact_tree *tree, ov_fact_node node, struct ov_pe *pe);

#endif
