/* SPDX-License-Identifier: Apache-2.0 */
/* pe.h - what the parsers of PE files share: headers, sections, directories. Nothing of the file
 * is believed; what does not fit into it is not there. */
#ifndef OV_FORMATS_PE_H
#define OV_FORMATS_PE_H

#include "facts/pe_map.h"
#include "facts/tree.h"

enum ov_pe_directory {
    OV_PE_DIRECTORY_EXPORT = 0,
    OV_PE_DIRECTORY_IMPORT = 1,
    OV_PE_DIRECTORY_RESOURCE = 2,
    OV_PE_DIRECTORY_SECURITY = 4,
    OV_PE_DIRECTORY_DEBUG = 6,
    OV_PE_DIRECTORY_DELAY_IMPORT = 13,
    OV_PE_DIRECTORY_COM_DESCRIPTOR = 14,
    OV_PE_DIRECTORIES = 16
};

struct ov_pe {
    struct ov_pages *pages; /* borrowed */
    uint64_t at;            /* of the NT headers */
    bool is_64;
    uint16_t optional_bytes; /* SizeOfOptionalHeader */
    struct ov_pe_map map;
};

/* False: not a PE file that YARA would take for one. */
OV_MUST_CHECK bool ov_pe_file_open(struct ov_pe *pe, struct ov_pages *pages);

/* Where the sections' headers begin. */
uint64_t ov_pe_section_headers(const struct ov_pe *pe);

/* False: nothing of the file is mapped there. */
static inline bool ov_pe_file_offset(const struct ov_pe *pe, uint64_t rva, uint64_t *out)
{
    return ov_pe_map_offset(&pe->map, rva, out);
}

/* False: the file ends before it. */
OV_MUST_CHECK bool ov_pe_file_directory(
        const struct ov_pe *pe, enum ov_pe_directory number, uint32_t *rva, uint32_t *bytes);

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
