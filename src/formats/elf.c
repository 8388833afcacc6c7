/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of YARA 4.5's module `elf`, field by field. Tables may overlap and names may share
 * bytes, so a small file can claim much more than it holds: each row is charged, and each name by
 * its length. */
#include "formats/elf.h"

#include "formats/elf_layout.h"
#include "formats/say.h"

/* Finding the end of a name runs at memchr's speed: this many bytes are one step. */
#define NAME_BYTES_PER_STEP 64u

/* False: the address lies in no segment or section, or their table not in the file. */
static bool entry_offset(const struct ov_elf *elf, uint64_t *out)
{
    const bool by_segments = elf->type == OV_ELF_ET_EXEC;
    const uint64_t at = by_segments ? elf->segments_at : elf->sections_at;
    const uint64_t count = by_segments ? elf->segment_count : elf->section_count;
    const uint64_t row = by_segments ? (elf->wide ? 56 : 32) : (elf->wide ? 64 : 40);
    /* Sums wrap at the file's own width. */
    const uint64_t mask = elf->wide ? UINT64_MAX : UINT32_MAX;

    if (at == 0 || count == 0 || at > elf->size || count * row > elf->size - at) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t address, size, offset;

        if (by_segments) {
            const struct ov_elf_segment s = ov_elf_segment_at(elf, i);

            address = s.address;
            size = s.memory_size;
            offset = s.offset;
        } else {
            const struct ov_elf_section s = ov_elf_section_at(elf, i);

            if (s.type == OV_ELF_SHT_NULL || s.type == OV_ELF_SHT_NOBITS) {
                continue;
            }
            address = s.address;
            size = s.size;
            offset = s.offset;
        }
        if (elf->entry >= address && elf->entry < ((address + size) & mask)) {
            *out = offset + (elf->entry - address);
            return true;
        }
    }
    return false;
}

static void say_header(const struct ov_elf *elf, struct ov_spot root, struct ov_say *say)
{
    uint64_t entry;

    ov_say_int(say, root, "type", elf->type);
    ov_say_int(say, root, "machine", elf->machine);
    ov_say_int(say, root, "sh_offset", elf->sections_at);
    ov_say_int(say, root, "sh_entry_size", elf->section_bytes);
    ov_say_int(say, root, "number_of_sections", elf->section_count);
    ov_say_int(say, root, "ph_offset", elf->segments_at);
    ov_say_int(say, root, "ph_entry_size", elf->segment_bytes);
    ov_say_int(say, root, "number_of_segments", elf->segment_count);
    if (elf->entry == 0) {
        return;
    }
    if (elf->image.is_memory) {
        ov_say_int(say, root, "entry_point", elf->image.base + elf->entry);
    } else if (entry_offset(elf, &entry)) {
        ov_say_int(say, root, "entry_point", entry);
    }
}

static void say_text(const struct ov_elf *elf, struct ov_spot at, const char *field,
        struct ov_elf_text text, struct ov_say *say)
{
    if (ov_say_work(say, 1 + text.len / NAME_BYTES_PER_STEP)) {
        ov_say_part(say, at, field, &elf->image, text.at, text.len);
    }
}

static void say_sections(const struct ov_elf *elf, struct ov_spot root, struct ov_say *say)
{
    const uint64_t names_at = ov_elf_section_at(elf, elf->names_section).offset;
    struct ov_elf_text name;
    const bool named = names_at > 0 && names_at < elf->size;

    for (uint64_t i = 0; i < elf->section_count && !ov_say_stopped(say); i++) {
        const struct ov_elf_section s = ov_elf_section_at(elf, i);
        const struct ov_spot at = ov_say_item(say, root, "sections", i);

        ov_say_int(say, at, "type", s.type);
        ov_say_int(say, at, "flags", s.flags);
        ov_say_int(say, at, "address", s.address);
        ov_say_int(say, at, "size", s.size);
        ov_say_int(say, at, "offset", s.offset);
        if (named && s.name < elf->size
                && ov_elf_text_at(elf, names_at, elf->size, s.name, &name)) {
            say_text(elf, at, "name", name, say);
        }
    }
}

static void say_symbols(const struct ov_elf *elf, uint32_t type, struct ov_spot root,
        const char *array, const char *count, struct ov_say *say)
{
    const struct ov_elf_symbols symbols = ov_elf_find_symbols(elf, type);

    if (!symbols.found) {
        return;
    }
    for (uint64_t i = 0; i < symbols.count && !ov_say_stopped(say); i++) {
        const struct ov_elf_symbol symbol = ov_elf_symbol_at(elf, &symbols, i);
        const struct ov_spot at = ov_say_item(say, root, array, i);

        if (symbol.has_name) {
            say_text(elf, at, "name", symbol.name, say);
        }
        ov_say_int(say, at, "bind", symbol.bind);
        ov_say_int(say, at, "type", symbol.type);
        ov_say_int(say, at, "shndx", symbol.section);
        ov_say_int(say, at, "value", symbol.value);
        ov_say_int(say, at, "size", symbol.size);
        ov_say_int(say, at, " visibility", symbol.visibility);
    }
    ov_say_int(say, root, count, symbols.count);
}

/* Up to the entry DT_NULL, or the end of the file. Several such segments write over each other. */
static void say_dynamic(
        const struct ov_elf *elf, uint64_t at, struct ov_spot root, struct ov_say *say)
{
    const uint64_t row = elf->wide ? 16 : 8;
    uint64_t count = 0;

    while (at < elf->size && row <= elf->size - at && !ov_say_stopped(say)) {
        const uint64_t tag = ov_elf_word(elf, at);
        const struct ov_spot spot = ov_say_item(say, root, "dynamic", count);

        ov_say_int(say, spot, "type", tag);
        ov_say_int(say, spot, "val", ov_elf_word(elf, at + row / 2));
        count++;
        at += row;
        if (tag == 0) {
            break;
        }
    }
    ov_say_int(say, root, "dynamic_section_entries", count);
}

static void say_segments(const struct ov_elf *elf, struct ov_spot root, struct ov_say *say)
{
    for (uint64_t i = 0; i < elf->segment_count && !ov_say_stopped(say); i++) {
        const struct ov_elf_segment s = ov_elf_segment_at(elf, i);
        const struct ov_spot at = ov_say_item(say, root, "segments", i);

        ov_say_int(say, at, "type", s.type);
        ov_say_int(say, at, "flags", s.flags);
        ov_say_int(say, at, "offset", s.offset);
        ov_say_int(say, at, "virtual_address", s.address);
        ov_say_int(say, at, "physical_address", s.physical);
        ov_say_int(say, at, "file_size", s.file_size);
        ov_say_int(say, at, "memory_size", s.memory_size);
        ov_say_int(say, at, "alignment", s.alignment);
        if (s.type == OV_ELF_PT_DYNAMIC) {
            say_dynamic(elf, s.offset, root, say);
        }
    }
}

void ov_elf_facts(struct ov_fact_tree *tree, struct ov_pages *pages)
{
    const struct ov_image image = ov_image_on(pages);
    struct ov_say say;
    struct ov_spot root;
    struct ov_elf elf;

    if (!ov_elf_open(&image, &elf) || (image.is_memory && elf.type != OV_ELF_ET_EXEC)) {
        return;
    }
    root = ov_say_begin(&say, tree, OV_ELF);
    say_header(&elf, root, &say);
    if (ov_elf_has_sections(&elf)) {
        say_sections(&elf, root, &say);
        say_symbols(&elf, OV_ELF_SHT_SYMTAB, root, "symtab", "symtab_entries", &say);
        say_symbols(&elf, OV_ELF_SHT_DYNSYM, root, "dynsym", "dynsym_entries", &say);
    }
    if (ov_elf_has_segments(&elf)) {
        say_segments(&elf, root, &say);
    }
}
