/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pe_layout.h"

#define SECTIONS_MAX  96u
#define SECTION_BYTES 40u
#define PAGE_BYTES    0x1000u
#define SECTOR_BYTES  0x200u

bool ov_pe_open(const struct ov_image *image, struct ov_pe_layout *pe)
{
    const uint64_t head = ov_image_u32le(image, 0x3c);
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
    *pe = (struct ov_pe_layout){
        .image = *image,
        .head = head,
        .optional = head + 24,
        .wide = wide,
        .sections_at = head + 24 + ov_image_u16le(image, head + 20),
        .section_count = ov_image_u16le(image, head + 6),
        .section_alignment = ov_image_u32le(image, head + 24 + 32),
        .file_alignment = ov_image_u32le(image, head + 24 + 36),
    };
    if (pe->section_count > SECTIONS_MAX) {
        pe->section_count = SECTIONS_MAX;
    }
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

/* Where a section's bytes begin: rounded down as the loader does. */
static uint32_t rounded(const struct ov_pe_layout *pe, uint32_t offset)
{
    const uint32_t to = pe->file_alignment < SECTOR_BYTES ? pe->file_alignment : SECTOR_BYTES;

    if (to != 0) {
        offset -= offset % to;
    }
    if (pe->section_alignment >= PAGE_BYTES) {
        offset -= offset % SECTOR_BYTES;
    }
    return offset;
}

bool ov_pe_offset(const struct ov_pe_layout *pe, uint32_t address, uint64_t *out)
{
    uint32_t lowest = UINT32_MAX, start = 0, offset = 0;
    uint64_t bytes = 0, found;

    for (uint32_t i = 0; i < pe->section_count; i++) {
        const uint64_t at = pe->sections_at + (uint64_t)i * SECTION_BYTES;
        const uint32_t begins = ov_image_u32le(&pe->image, at + 12);
        const uint32_t in_memory = ov_image_u32le(&pe->image, at + 8);
        const uint32_t in_file = ov_image_u32le(&pe->image, at + 16);

        if (!ov_image_has(&pe->image, at, SECTION_BYTES)) {
            return false;
        }
        if (begins < lowest) {
            lowest = begins;
        }
        if (address >= begins && address - begins < (in_memory > in_file ? in_memory : in_file)
                && start <= begins) {
            start = begins;
            offset = rounded(pe, ov_image_u32le(&pe->image, at + 20));
            bytes = in_file;
        }
    }
    if (address < lowest) { /* the headers are mapped as they lie in the file */
        start = 0;
        offset = 0;
        bytes = pe->image.size;
    }
    if (address - start >= bytes) {
        return false;
    }
    found = (uint64_t)offset + (address - start);
    if (found >= pe->image.size) {
        return false;
    }
    *out = found;
    return true;
}
