/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pe_layout.h"

#define SECTION_BYTES 40u

/* Those whose headers lie in the file. */
static void read_sections(struct ov_pe_layout *pe)
{
    uint64_t at = pe->sections_at;

    for (; pe->map.count < pe->map.claimed && ov_image_has(&pe->image, at, SECTION_BYTES);
            at += SECTION_BYTES) {
        pe->map.sections[pe->map.count++] = (struct ov_pe_section){
            .virtual_size = ov_image_u32le(&pe->image, at + 8),
            .virtual_address = ov_image_u32le(&pe->image, at + 12),
            .raw_size = ov_image_u32le(&pe->image, at + 16),
            .raw_offset = ov_image_u32le(&pe->image, at + 20),
        };
    }
}

bool ov_pe_open(const struct ov_image *image, struct ov_pe_layout *pe)
{
    const uint64_t head = ov_image_u32le(image, 0x3c);
    uint16_t claimed;
    bool wide;

    if (image->size < 64 || ov_image_u16le(image, 0) != 0x5a4d /* MZ */ || head > INT32_MAX
            || !ov_image_has(image, head, 24 + 224)
            || ov_image_u32le(image, head) != 0x4550 /* PE\0\0 */) {
        return false;
    }
    wide = ov_image_u16le(image, head + 24) == 0x20b;
    if (wide && !ov_image_has(image, head, 24 + 240)) {
        return false;
    }
    claimed = ov_image_u16le(image, head + 6);
    *pe = (struct ov_pe_layout){
        .image = *image,
        .head = head,
        .optional = head + 24,
        .wide = wide,
        .sections_at = head + 24 + ov_image_u16le(image, head + 20),
        .map = { .size = image->size,
                .section_alignment = ov_image_u32le(image, head + 24 + 32),
                .file_alignment = ov_image_u32le(image, head + 24 + 36),
                .claimed = claimed < OV_PE_SECTIONS_MAX ? claimed : OV_PE_SECTIONS_MAX },
    };
    read_sections(pe);
    return true;
}

bool ov_pe_directory(
        const struct ov_pe_layout *pe, unsigned index, uint32_t *address, uint32_t *size)
{
    const uint64_t at = pe->optional + (pe->wide ? 112 : 96) + 8 * (uint64_t)index;

    if (!ov_image_has(&pe->image, at, 8)) {
        return false;
    }
    *address = ov_image_u32le(&pe->image, at);
    *size = ov_image_u32le(&pe->image, at + 4);
    return true;
}

uint32_t ov_pe_directory_count(const struct ov_pe_layout *pe)
{
    return ov_image_u32le(&pe->image, pe->optional + (pe->wide ? 108 : 92));
}

bool ov_pe_offset(const struct ov_pe_layout *pe, uint32_t address, uint64_t *out)
{
    return ov_pe_map_offset(&pe->map, address, out);
}
