/* SPDX-License-Identifier: Apache-2.0 */
/* elf_layout.h - the tables of an ELF file in both widths and byte orders. For src/formats alone.
 *
 * System V gABI, chapters 4 and 5. Every read is checked; what is not there reads as 0, and the
 * functions that hand out a table say first whether it lies in the file. */
#ifndef OV_FORMATS_ELF_LAYOUT_H
#define OV_FORMATS_ELF_LAYOUT_H

#include "formats/image.h"

enum {
    OV_ELF_ET_EXEC = 2,
    OV_ELF_SHT_NULL = 0,
    OV_ELF_SHT_SYMTAB = 2,
    OV_ELF_SHT_STRTAB = 3,
    OV_ELF_SHT_NOBITS = 8,
    OV_ELF_SHT_DYNSYM = 11,
    OV_ELF_PT_DYNAMIC = 2
};

struct ov_elf {
    struct ov_image image;
    uint64_t size; /* of the image */
    bool wide;     /* 64 bits */
    bool big;      /* the most significant byte first */
    uint16_t type;
    uint16_t machine;
    uint64_t entry;
    uint64_t segments_at;
    uint64_t sections_at;
    uint16_t segment_bytes; /* as the header claims; entries are read at their true size */
    uint16_t segment_count;
    uint16_t section_bytes;
    uint16_t section_count;
    uint16_t names_section;
};

struct ov_elf_section {
    uint32_t name;
    uint32_t type;
    uint64_t flags;
    uint64_t address;
    uint64_t offset;
    uint64_t size;
    uint32_t link;
};

struct ov_elf_segment {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t address;
    uint64_t physical;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
};

/* Text in the file, without the NUL that ends it. */
struct ov_elf_text {
    uint64_t at;
    uint64_t len;
};

struct ov_elf_symbol {
    struct ov_elf_text name;
    bool has_name;
    uint8_t bind;
    uint8_t type;
    uint8_t visibility;
    uint16_t section;
    uint64_t value;
    uint64_t size;
};

/* Symbols and their names, both within the file. */
struct ov_elf_symbols {
    bool found;
    uint64_t at;
    uint64_t count;
    uint64_t names_at;
    uint64_t names_end;
};

/* False: no ELF file, or one of a kind that YARA does not read. */
OV_MUST_CHECK bool ov_elf_open(const struct ov_image *image, struct ov_elf *elf);

/* Do the tables lie in the file, as the walk over them wants it? */
bool ov_elf_has_sections(const struct ov_elf *elf);
bool ov_elf_has_segments(const struct ov_elf *elf);

struct ov_elf_section ov_elf_section_at(const struct ov_elf *elf, uint64_t index);
struct ov_elf_segment ov_elf_segment_at(const struct ov_elf *elf, uint64_t index);
struct ov_elf_symbol ov_elf_symbol_at(
        const struct ov_elf *elf, const struct ov_elf_symbols *symbols, uint64_t index);
uint64_t ov_elf_word(const struct ov_elf *elf, uint64_t at); /* 4 or 8 bytes */

/* The last table of this type (SYMTAB or DYNSYM) whose names are in a string table. */
struct ov_elf_symbols ov_elf_find_symbols(const struct ov_elf *elf, uint32_t type);

/* The text at `index` of the string table [at, end): the table must begin with a NUL, and the text
 * must end in it. */
OV_MUST_CHECK bool ov_elf_text_at(const struct ov_elf *elf, uint64_t at, uint64_t end,
        uint64_t index, struct ov_elf_text *out);

#endif
