/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/pe_map.h"

#define PAGE          0x1000u
#define ALIGNMENT_MAX 0x200u /* larger values are ignored by the loader, too */

/* Where a section is really taken from. */
static uint32_t rounded(const struct ov_pe_map *map, uint32_t offset)
{
    const uint32_t alignment =
            map->file_alignment < ALIGNMENT_MAX ? map->file_alignment : ALIGNMENT_MAX;

    if (alignment != 0) {
        offset -= offset % alignment;
    }
    return map->section_alignment < PAGE ? offset : offset - offset % ALIGNMENT_MAX;
}

bool ov_pe_map_offset(const struct ov_pe_map *map, uint64_t rva, uint64_t *out)
{
    uint32_t lowest = UINT32_MAX, at = 0, raw_offset = 0, raw_size = 0;

    if (map->count < map->claimed) {
        return false; /* the table of sections is cut short */
    }
    for (uint32_t i = 0; i < map->count; i++) {
        const struct ov_pe_section *s = &map->sections[i];
        const uint32_t mapped = s->virtual_size > s->raw_size ? s->virtual_size : s->raw_size;

        if (s->virtual_address < lowest) {
            lowest = s->virtual_address;
        }
        if (rva >= s->virtual_address && rva - s->virtual_address < mapped
                && at <= s->virtual_address) {
            at = s->virtual_address;
            raw_offset = rounded(map, s->raw_offset);
            raw_size = s->raw_size;
        }
    }
    if (rva < lowest) { /* the headers lie where the image begins */
        at = 0;
        raw_offset = 0;
        raw_size = (uint32_t)map->size;
    }
    if (rva - at >= raw_size || raw_offset + (rva - at) >= map->size) {
        return false;
    }
    *out = raw_offset + (rva - at);
    return true;
}
