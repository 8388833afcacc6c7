/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of whoever made the file: each number is read through the bounded reader of the
 * object. Counts have 16 bits, and a table has to lie in the file.
 *
 * PE: "PE Format" (Microsoft). ELF: System V gABI, chapters 4 and 5. */
#include "eval/entrypoint.h"

#define SECTIONS_MAX 60u /* of a PE: YARA looks no further */

static bool u16(struct ov_facts *facts, uint64_t at, uint64_t *out)
{
    uint32_t v;

    if (!ov_facts_read(facts, at, 2, &v)) {
        return false;
    }
    *out = v;
    return true;
}

static bool u32(struct ov_facts *facts, uint64_t at, uint64_t *out)
{
    uint32_t v;

    if (!ov_facts_read(facts, at, 4, &v)) {
        return false;
    }
    *out = v;
    return true;
}

static bool u64(struct ov_facts *facts, uint64_t at, uint64_t *out)
{
    uint64_t low, high;

    if (at > UINT64_MAX - 8 || !u32(facts, at, &low) || !u32(facts, at + 4, &high)) {
        return false;
    }
    *out = low | high << 32;
    return true;
}

/* The section that begins nearest below the entry's address says where the file has it. */
static bool pe_entry(struct ov_facts *facts, uint64_t *out)
{
    uint64_t head, machine, sections, optional_bytes, entry, address, offset;
    uint64_t best_address = 0, best_offset = 0;

    if (!u32(facts, 0x3c, &head) || head > INT32_MAX || !u32(facts, head, &address)
            || address != 0x4550 /* PE\0\0 */ || !u16(facts, head + 4, &machine)
            || (machine != 0x014c && machine != 0x8664) || !u16(facts, head + 6, &sections)
            || !u16(facts, head + 20, &optional_bytes) || !u32(facts, head + 40, &entry)
            || head + 24 + optional_bytes >= facts->source->size) {
        return false;
    }
    if (sections > SECTIONS_MAX) {
        sections = SECTIONS_MAX;
    }
    for (uint64_t i = 0; i < sections; i++) {
        const uint64_t at = head + 24 + optional_bytes + i * 40;

        if (!u32(facts, at + 12, &address) || !u32(facts, at + 20, &offset)
                || at + 40 >= facts->source->size) {
            *out = 0; /* a table that reaches the end of the file leads to the start */
            return true;
        }
        if (entry >= address && address >= best_address) {
            best_address = address;
            best_offset = offset;
        }
    }
    *out = best_offset + (entry - best_address);
    return true;
}

struct elf {
    bool wide; /* 64 bits */
    uint64_t type;
    uint64_t entry;
    uint64_t segments, segment_bytes, segment_count;
    uint64_t sections, section_bytes, section_count;
};

static bool word(struct ov_facts *facts, const struct elf *elf, uint64_t at, uint64_t *out)
{
    return elf->wide ? u64(facts, at, out) : u32(facts, at, out);
}

static bool elf_header(struct ov_facts *facts, struct elf *elf)
{
    const unsigned w = elf->wide ? 8 : 4;
    const uint64_t tail = 24 + 3 * w + 4; /* e_ehsize */

    return u16(facts, 16, &elf->type) && word(facts, elf, 24, &elf->entry)
           && word(facts, elf, 24 + w, &elf->segments)
           && word(facts, elf, 24 + 2 * w, &elf->sections)
           && u16(facts, tail + 2, &elf->segment_bytes) && u16(facts, tail + 4, &elf->segment_count)
           && u16(facts, tail + 6, &elf->section_bytes)
           && u16(facts, tail + 8, &elf->section_count);
}

/* A table that does not lie in the file as a whole is not looked into. */
static bool lies_in_file(const struct ov_facts *facts, uint64_t at, uint64_t bytes)
{
    return bytes <= facts->source->size && at <= facts->source->size - bytes;
}

static bool leads_there(
        uint64_t entry, uint64_t address, uint64_t size, uint64_t offset, uint64_t *out)
{
    if (entry < address || entry - address >= size) {
        return false;
    }
    *out = offset + (entry - address);
    return true;
}

/* Executables: the segment that will hold the entry. */
static bool by_segments(struct ov_facts *facts, const struct elf *elf, uint64_t *out)
{
    const uint64_t size = elf->wide ? 56 : 32;
    uint64_t address, offset, bytes;

    if (!lies_in_file(facts, elf->segments, elf->segment_count * size)) {
        return false;
    }
    for (uint64_t i = 0; i < elf->segment_count; i++) {
        const uint64_t at = elf->segments + i * size;

        if (!word(facts, elf, at + (elf->wide ? 8 : 4), &offset)
                || !word(facts, elf, at + (elf->wide ? 16 : 8), &address)
                || !word(facts, elf, at + (elf->wide ? 40 : 20), &bytes)) {
            return false;
        }
        if (leads_there(elf->entry, address, bytes, offset, out)) {
            return true;
        }
    }
    return false;
}

/* Everything else: the section, if it has bytes in the file. */
static bool by_sections(struct ov_facts *facts, const struct elf *elf, uint64_t *out)
{
    const uint64_t size = elf->wide ? 64 : 40;
    uint64_t type, address, offset, bytes;

    if (!lies_in_file(facts, elf->sections, elf->section_count * size)) {
        return false;
    }
    for (uint64_t i = 0; i < elf->section_count; i++) {
        const uint64_t at = elf->sections + i * size;

        if (!u32(facts, at + 4, &type) || !word(facts, elf, at + (elf->wide ? 16 : 12), &address)
                || !word(facts, elf, at + (elf->wide ? 24 : 16), &offset)
                || !word(facts, elf, at + (elf->wide ? 32 : 20), &bytes)) {
            return false;
        }
        if (type != 0 && type != 8 /* NOBITS */
                && leads_there(elf->entry, address, bytes, offset, out)) {
            return true;
        }
    }
    return false;
}

bool ov_entrypoint_find(struct ov_facts *facts, uint64_t *out)
{
    struct elf elf = { 0 };
    uint64_t magic, class;

    if (u16(facts, 0, &magic) && magic == 0x5a4d) { /* MZ */
        return pe_entry(facts, out);
    }
    if (!u32(facts, 0, &magic) || magic != 0x464c457f || !u16(facts, 4, &class)) {
        return false;
    }
    class &= 0xff;
    if (class != 1 && class != 2) {
        return false;
    }
    elf.wide = class == 2;
    if (!lies_in_file(facts, 0, elf.wide ? 64 : 52) || !elf_header(facts, &elf)) {
        return false;
    }
    if (!(elf.type == 2 /* ET_EXEC */ ? by_segments(facts, &elf, out)
                                      : by_sections(facts, &elf, out))) {
        *out = 0; /* in no segment or section: the start of the file, as YARA says */
    }
    return true;
}
