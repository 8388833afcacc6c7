/* SPDX-License-Identifier: Apache-2.0 */
/* pe.c - headers of a PE file ("PE Format" in the Windows documentation). */
#include "formats/pe.h"

#include <string.h>

#include "base/le.h"

#define DOS_BYTES      64u
#define NT_BYTES       24u /* signature and file header */
#define OPTIONAL_32    224u
#define OPTIONAL_64    240u
#define DIRECTORIES_32 96u /* in the optional header */
#define DIRECTORIES_64 112u
#define SECTION_BYTES  40u
#define MAGIC_64       0x20bu

static void read_sections(struct ov_pe *pe, uint16_t claimed)
{
    struct ov_pe_map *map = &pe->map;
    uint64_t at = ov_pe_section_headers(pe);
    struct ov_bytes header;

    map->claimed = claimed < OV_PE_SECTIONS_MAX ? claimed : OV_PE_SECTIONS_MAX;
    map->count = 0;
    while (map->count < map->claimed && ov_pages_lend(pe->pages, at, SECTION_BYTES, &header)) {
        struct ov_pe_section *s = &map->sections[map->count++];
        struct ov_reader r = ov_reader_on(header);

        (void)!(ov_read_skip(&r, 8) && ov_read_u32le(&r, &s->virtual_size)
                && ov_read_u32le(&r, &s->virtual_address) && ov_read_u32le(&r, &s->raw_size)
                && ov_read_u32le(&r, &s->raw_offset));
        at += SECTION_BYTES;
    }
}

bool ov_pe_file_open(struct ov_pe *pe, struct ov_pages *pages)
{
    const uint64_t size = ov_pages_size(pages);
    uint16_t mz, sections, optional_bytes, magic;
    uint32_t lfanew, signature, alignment, section_alignment;

    if (size < DOS_BYTES || !ov_pages_u16le(pages, 0, &mz) || mz != 0x5a4d
            || !ov_pages_u32le(pages, 60, &lfanew)) {
        return false;
    }
    if (size < (uint64_t)lfanew + NT_BYTES + OPTIONAL_32
            || !ov_pages_u32le(pages, lfanew, &signature) || signature != 0x4550
            || !ov_pages_u16le(pages, lfanew + 6ull, &sections)
            || !ov_pages_u16le(pages, lfanew + 20ull, &optional_bytes)
            || !ov_pages_u16le(pages, (uint64_t)lfanew + NT_BYTES, &magic)
            || !ov_pages_u32le(pages, (uint64_t)lfanew + NT_BYTES + 32u, &section_alignment)
            || !ov_pages_u32le(pages, (uint64_t)lfanew + NT_BYTES + 36u, &alignment)) {
        return false;
    }
    if (magic == MAGIC_64 && size < (uint64_t)lfanew + NT_BYTES + OPTIONAL_64) {
        return false;
    }
    pe->pages = pages;
    pe->at = lfanew;
    pe->is_64 = magic == MAGIC_64;
    pe->optional_bytes = optional_bytes;
    pe->map.size = size;
    pe->map.file_alignment = alignment;
    pe->map.section_alignment = section_alignment;
    read_sections(pe, sections);
    return true;
}

uint64_t ov_pe_section_headers(const struct ov_pe *pe)
{
    return pe->at + NT_BYTES + pe->optional_bytes;
}

/* Neither NumberOfRvaAndSizes nor SizeOfOptionalHeader is asked: files lie about both. */
bool ov_pe_file_directory(
        const struct ov_pe *pe, enum ov_pe_directory number, uint32_t *rva, uint32_t *bytes)
{
    const uint32_t start = (pe->is_64 ? DIRECTORIES_64 : DIRECTORIES_32) + 8u * (uint32_t)number;

    return ov_pages_u32le(pe->pages, pe->at + NT_BYTES + start, rva)
           && ov_pages_u32le(pe->pages, pe->at + NT_BYTES + start + 4, bytes);
}

bool ov_pe_directory_at(
        const struct ov_pe *pe, enum ov_pe_directory number, uint64_t *at, uint32_t *bytes)
{
    uint32_t rva;

    return ov_pe_file_directory(pe, number, &rva, bytes) && rva != 0
           && ov_pe_file_offset(pe, rva, at);
}

bool ov_pe_word(const struct ov_pe *pe, uint64_t at, uint64_t *out)
{
    uint32_t narrow;

    if (pe->is_64) {
        return ov_pages_u64le(pe->pages, at, out);
    }
    if (!ov_pages_u32le(pe->pages, at, &narrow)) {
        return false;
    }
    *out = narrow;
    return true;
}

struct ov_bytes ov_pe_text(const struct ov_pe *pe, uint64_t at, uint64_t max)
{
    const struct ov_bytes some = ov_pages_lend_some(pe->pages, at, max);
    const uint8_t *raw = ov_bytes_raw(some);
    const uint8_t *end =
            ov_bytes_len(some) == 0 ? NULL : memchr(raw, 0, (size_t)ov_bytes_len(some));
    struct ov_bytes text = some;

    if (end != NULL && !ov_bytes_slice(some, 0, (uint64_t)(end - raw), &text)) {
        return some;
    }
    return text;
}
