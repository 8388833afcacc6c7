/* SPDX-License-Identifier: Apache-2.0 */
/* Where YARA 4.5 has a rule of its own about broken tables, the rule is kept and named here. */
#include "formats/elf_layout.h"

#define MAGIC             0x7f454c46u
#define RESERVED_SECTIONS 0xff00u /* SHN_LORESERVE: as many sections, or more, and none is read */
#define MANY_SEGMENTS     0xffffu /* PN_XNUM */

static uint16_t half(const struct ov_elf *elf, uint64_t at)
{
    const uint16_t v = ov_image_u16le(&elf->image, at);

    return elf->big ? __builtin_bswap16(v) : v;
}

static uint32_t word(const struct ov_elf *elf, uint64_t at)
{
    const uint32_t v = ov_image_u32le(&elf->image, at);

    return elf->big ? __builtin_bswap32(v) : v;
}

uint64_t ov_elf_word(const struct ov_elf *elf, uint64_t at)
{
    if (!elf->wide) {
        return word(elf, at);
    }
    const uint64_t v = ov_image_u64le(&elf->image, at);

    return elf->big ? __builtin_bswap64(v) : v;
}

/* gABI figure 4-3, e_ident and the header in either width. */
bool ov_elf_open(const struct ov_image *image, struct ov_elf *elf)
{
    const uint8_t width = ov_image_u8(image, 4), order = ov_image_u8(image, 5);
    uint64_t at;

    if (ov_image_u32be(image, 0) != MAGIC || (width != 1 && width != 2)
            || (order != 1 && order != 2)) {
        return false;
    }
    *elf = (struct ov_elf){
        .image = *image, .size = image->size, .wide = width == 2, .big = order == 2
    };
    if (elf->size <= (elf->wide ? 64u : 52u)) { /* a header alone is not enough for YARA */
        return false;
    }
    const unsigned w = elf->wide ? 8 : 4;

    elf->type = half(elf, 16);
    elf->machine = half(elf, 18);
    elf->entry = ov_elf_word(elf, 24);
    elf->segments_at = ov_elf_word(elf, 24 + w);
    elf->sections_at = ov_elf_word(elf, 24 + 2 * w);
    at = 24 + 3 * w + 4 + 2; /* after e_flags and e_ehsize */
    elf->segment_bytes = half(elf, at);
    elf->segment_count = half(elf, at + 2);
    elf->section_bytes = half(elf, at + 4);
    elf->section_count = half(elf, at + 6);
    elf->names_section = half(elf, at + 8);
    return true;
}

static uint64_t section_size(const struct ov_elf *elf)
{
    return elf->wide ? 64 : 40;
}

static uint64_t segment_size(const struct ov_elf *elf)
{
    return elf->wide ? 56 : 32;
}

bool ov_elf_has_sections(const struct ov_elf *elf)
{
    return elf->section_count < RESERVED_SECTIONS && elf->names_section < elf->section_count
           && elf->sections_at < elf->size
           && elf->section_count * section_size(elf) <= elf->size - elf->sections_at;
}

bool ov_elf_has_segments(const struct ov_elf *elf)
{
    return elf->segment_count > 0 && elf->segment_count < MANY_SEGMENTS
           && elf->segments_at < elf->size
           && elf->segment_count * segment_size(elf) <= elf->size - elf->segments_at;
}

struct ov_elf_section ov_elf_section_at(const struct ov_elf *elf, uint64_t index)
{
    const uint64_t at = elf->sections_at + index * section_size(elf);
    const unsigned w = elf->wide ? 8 : 4;

    return (struct ov_elf_section){
        .name = word(elf, at),
        .type = word(elf, at + 4),
        .flags = ov_elf_word(elf, at + 8),
        .address = ov_elf_word(elf, at + 8 + w),
        .offset = ov_elf_word(elf, at + 8 + 2 * w),
        .size = ov_elf_word(elf, at + 8 + 3 * w),
        .link = word(elf, at + 8 + 4 * w),
    };
}

struct ov_elf_segment ov_elf_segment_at(const struct ov_elf *elf, uint64_t index)
{
    const uint64_t at = elf->segments_at + index * segment_size(elf);

    if (elf->wide) {
        return (struct ov_elf_segment){
            .type = word(elf, at),
            .flags = word(elf, at + 4),
            .offset = ov_elf_word(elf, at + 8),
            .address = ov_elf_word(elf, at + 16),
            .physical = ov_elf_word(elf, at + 24),
            .file_size = ov_elf_word(elf, at + 32),
            .memory_size = ov_elf_word(elf, at + 40),
            .alignment = ov_elf_word(elf, at + 48),
        };
    }
    return (struct ov_elf_segment){
        .type = word(elf, at),
        .offset = word(elf, at + 4),
        .address = word(elf, at + 8),
        .physical = word(elf, at + 12),
        .file_size = word(elf, at + 16),
        .memory_size = word(elf, at + 20),
        .flags = word(elf, at + 24),
        .alignment = word(elf, at + 28),
    };
}

struct ov_elf_symbols ov_elf_find_symbols(const struct ov_elf *elf, uint32_t type)
{
    struct ov_elf_symbols found = { 0 };
    struct ov_elf_section section = { 0 }, names = { 0 };
    bool any = false;
    /* YARA compares the link with the count as a little-endian number, whatever the order is. */
    const uint16_t links = elf->big ? __builtin_bswap16(elf->section_count) : elf->section_count;

    for (uint64_t i = 0; i < elf->section_count; i++) {
        const struct ov_elf_section s = ov_elf_section_at(elf, i);

        if (s.type != type || s.link >= links) {
            continue;
        }
        if (!ov_image_has(&elf->image, elf->sections_at + s.link * section_size(elf),
                    section_size(elf))) {
            continue;
        }
        const struct ov_elf_section linked = ov_elf_section_at(elf, s.link);

        if (linked.type == OV_ELF_SHT_STRTAB) {
            any = true;
            section = s;
            names = linked;
        }
    }
    if (!any || !ov_image_has(&elf->image, names.offset, names.size)
            || !ov_image_has(&elf->image, section.offset, section.size)) {
        return found;
    }
    found.found = true;
    found.at = section.offset;
    found.count = section.size / (elf->wide ? 24 : 16);
    found.names_at = names.offset;
    found.names_end = names.offset + names.size;
    return found;
}

/* gABI figure 4-16, Elf32_Sym and Elf64_Sym. */
struct ov_elf_symbol ov_elf_symbol_at(
        const struct ov_elf *elf, const struct ov_elf_symbols *symbols, uint64_t index)
{
    const uint64_t at = symbols->at + index * (elf->wide ? 24 : 16);
    const uint64_t tail = at + (elf->wide ? 4 : 12); /* st_info */
    const uint8_t info = ov_image_u8(&elf->image, tail);
    struct ov_elf_symbol symbol = {
        .bind = info >> 4,
        .type = info & 15,
        .visibility = ov_image_u8(&elf->image, tail + 1) & 3,
        .section = half(elf, tail + 2),
        .value = ov_elf_word(elf, at + (elf->wide ? 8 : 4)),
        .size = ov_elf_word(elf, at + (elf->wide ? 16 : 8)),
    };

    symbol.has_name =
            ov_elf_text_at(elf, symbols->names_at, symbols->names_end, word(elf, at), &symbol.name);
    return symbol;
}

bool ov_elf_text_at(const struct ov_elf *elf, uint64_t at, uint64_t end, uint64_t index,
        struct ov_elf_text *out)
{
    uint64_t len;

    if (at >= end || !ov_image_has(&elf->image, at, 1) || ov_image_u8(&elf->image, at) != 0
            || index > INT32_MAX || index >= end - at
            || !ov_image_text_len(&elf->image, at + index, end, &len)) {
        return false;
    }
    *out = (struct ov_elf_text){ .at = at + index, .len = len };
    return true;
}
