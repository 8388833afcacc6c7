/* SPDX-License-Identifier: Apache-2.0 */
/* pe_map.h - from an address in the memory image of a PE file to a place in the file, as YARA 4.5
 * counts it. For the parsers, and for pe.rva_to_offset(). */
#ifndef OV_FACTS_PE_MAP_H
#define OV_FACTS_PE_MAP_H

#include "base/bytes.h"

#define OV_PE_SECTIONS_MAX 96u /* as YARA; the loader of Windows refuses more as well */

struct ov_pe_section {
    uint32_t virtual_address;
    uint32_t virtual_size;
    uint32_t raw_offset;
    uint32_t raw_size;
};

struct ov_pe_map {
    uint64_t size;           /* of the file */
    uint32_t file_alignment; /* of the optional header */
    uint32_t section_alignment;
    uint32_t claimed; /* NumberOfSections, at most OV_PE_SECTIONS_MAX */
    uint32_t count;   /* of those, whose headers are there */
    struct ov_pe_section sections[OV_PE_SECTIONS_MAX];
};

/* False: nothing of the file is mapped there. */
OV_MUST_CHECK bool ov_pe_map_offset(const struct ov_pe_map *map, uint64_t rva, uint64_t *out);

#endif
