/* SPDX-License-Identifier: Apache-2.0 */
/* pe_facts.c - the module pe: what stands in the headers. The rest is in files of its own, one for
 * each part. YARA 4.5 is what it is measured with, on broken files more than on good ones. */
#include <ctype.h>
#include <string.h>

#include "base/checked.h"
#include "base/le.h"
#include "formats/pe.h"

/* --- headers --------------------------------------------------------------------------------- */

/* One number of the headers. */
struct number {
    enum ov_field field;
    uint16_t at_32; /* from the NT headers; PE32 */
    uint16_t at_64; /* PE32+; 0: it has none */
    uint8_t bytes;  /* 1, 2, 4; 8: 4 in PE32 */
};

static const struct number numbers[] = {
    { OV_PE_MACHINE, 4, 4, 2 },
    { OV_PE_NUMBER_OF_SECTIONS, 6, 6, 2 },
    { OV_PE_TIMESTAMP, 8, 8, 4 },
    { OV_PE_POINTER_TO_SYMBOL_TABLE, 12, 12, 4 },
    { OV_PE_NUMBER_OF_SYMBOLS, 16, 16, 4 },
    { OV_PE_SIZE_OF_OPTIONAL_HEADER, 20, 20, 2 },
    { OV_PE_CHARACTERISTICS, 22, 22, 2 },
    { OV_PE_OPTHDR_MAGIC, 24, 24, 2 },
    { OV_PE_SIZE_OF_CODE, 28, 28, 4 },
    { OV_PE_SIZE_OF_INITIALIZED_DATA, 32, 32, 4 },
    { OV_PE_SIZE_OF_UNINITIALIZED_DATA, 36, 36, 4 },
    { OV_PE_ENTRY_POINT_RAW, 40, 40, 4 },
    { OV_PE_BASE_OF_CODE, 44, 44, 4 },
    { OV_PE_BASE_OF_DATA, 48, 0, 4 },
    { OV_PE_IMAGE_BASE, 52, 48, 8 },
    { OV_PE_SECTION_ALIGNMENT, 56, 56, 4 },
    { OV_PE_FILE_ALIGNMENT, 60, 60, 4 },
    { OV_PE_WIN32_VERSION_VALUE, 76, 76, 4 },
    { OV_PE_SIZE_OF_IMAGE, 80, 80, 4 },
    { OV_PE_SIZE_OF_HEADERS, 84, 84, 4 },
    { OV_PE_CHECKSUM, 88, 88, 4 },
    { OV_PE_SUBSYSTEM, 92, 92, 2 },
    { OV_PE_DLL_CHARACTERISTICS, 94, 94, 2 },
    { OV_PE_SIZE_OF_STACK_RESERVE, 96, 96, 8 },
    { OV_PE_SIZE_OF_STACK_COMMIT, 100, 104, 8 },
    { OV_PE_SIZE_OF_HEAP_RESERVE, 104, 112, 8 },
    { OV_PE_SIZE_OF_HEAP_COMMIT, 108, 120, 8 },
    { OV_PE_LOADER_FLAGS, 112, 128, 4 },
    { OV_PE_NUMBER_OF_RVA_AND_SIZES, 116, 132, 4 },
};

static bool read_number(const struct ov_pe *pe, uint64_t at, unsigned bytes, uint64_t *out)
{
    uint8_t narrow;
    uint16_t half;
    uint32_t whole;

    switch (bytes) {
    case 1:
        if (!ov_pages_u8(pe->pages, at, &narrow)) {
            return false;
        }
        *out = narrow;
        return true;
    case 2:
        if (!ov_pages_u16le(pe->pages, at, &half)) {
            return false;
        }
        *out = half;
        return true;
    case 4:
        if (!ov_pages_u32le(pe->pages, at, &whole)) {
            return false;
        }
        *out = whole;
        return true;
    default:
        return ov_pe_word(pe, at, out);
    }
}

static void set_number(struct ov_fact_tree *tree, ov_fact_node node, const struct ov_pe *pe,
        enum ov_field field, uint64_t at, unsigned bytes)
{
    uint64_t v;

    if (read_number(pe, pe->layout.head + at, bytes, &v)) {
        ov_fact_int(tree, node, field, (int64_t)v);
    }
}

static void header(struct ov_fact_tree *tree, ov_fact_node node, const struct ov_pe *pe)
{
    const ov_fact_node linker = ov_fact_struct(tree, node, OV_PE_LINKER_VERSION);
    const ov_fact_node os = ov_fact_struct(tree, node, OV_PE_OS_VERSION);
    const ov_fact_node image = ov_fact_struct(tree, node, OV_PE_IMAGE_VERSION);
    const ov_fact_node subsystem = ov_fact_struct(tree, node, OV_PE_SUBSYSTEM_VERSION);
    uint32_t entry;
    uint64_t at;

    ov_fact_int(tree, node, OV_PE_IS_PE, 1);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const unsigned where = pe->layout.wide ? numbers[i].at_64 : numbers[i].at_32;

        if (where != 0) {
            set_number(tree, node, pe, numbers[i].field, where, numbers[i].bytes);
        }
    }
    set_number(tree, linker, pe, OV_PE_LINKER_VERSION_MAJOR, 26, 1);
    set_number(tree, linker, pe, OV_PE_LINKER_VERSION_MINOR, 27, 1);
    set_number(tree, os, pe, OV_PE_OS_VERSION_MAJOR, 64, 2);
    set_number(tree, os, pe, OV_PE_OS_VERSION_MINOR, 66, 2);
    set_number(tree, image, pe, OV_PE_IMAGE_VERSION_MAJOR, 68, 2);
    set_number(tree, image, pe, OV_PE_IMAGE_VERSION_MINOR, 70, 2);
    set_number(tree, subsystem, pe, OV_PE_SUBSYSTEM_VERSION_MAJOR, 72, 2);
    set_number(tree, subsystem, pe, OV_PE_SUBSYSTEM_VERSION_MINOR, 74, 2);
    if (ov_pages_u32le(pe->pages, pe->layout.head + 40, &entry)) {
        /* -1 where it leads nowhere, which is a number like any other */
        ov_fact_int(tree, node, OV_PE_ENTRY_POINT,
                ov_pe_file_offset(pe, entry, &at) ? (int64_t)at : -1);
    }
}

static void directories(struct ov_fact_tree *tree, ov_fact_node node, const struct ov_pe *pe)
{
    uint64_t at = pe->layout.head + (pe->layout.wide ? 136 : 120);
    uint32_t count, rva, bytes;

    if (!ov_pages_u32le(pe->pages, at - 4, &count)) {
        return;
    }
    for (uint32_t i = 0; i < count && i < OV_PE_DIRECTORIES; i++) {
        ov_fact_node directory;

        if (!ov_pages_u32le(pe->pages, at, &rva) || !ov_pages_u32le(pe->pages, at + 4, &bytes)) {
            return;
        }
        directory = ov_fact_item(tree, node, OV_PE_DATA_DIRECTORIES, i);
        ov_fact_int(tree, directory, OV_PE_DATA_DIRECTORIES_VIRTUAL_ADDRESS, rva);
        ov_fact_int(tree, directory, OV_PE_DATA_DIRECTORIES_SIZE, bytes);
        at += 8;
    }
}

/* --- sections -------------------------------------------------------------------------------- */

#define NAME_BYTES   8u
#define SYMBOL_BYTES 18u

/* "/123" stands for a name in the string table behind the symbols. */
static void full_name(struct ov_fact_tree *tree, ov_fact_node section, const struct ov_pe *pe,
        const uint8_t *name, size_t len)
{
    uint32_t symbols_at, symbol_count;
    uint64_t at = 0;
    struct ov_bytes text;

    if (!ov_pages_u32le(pe->pages, pe->layout.head + 12, &symbols_at)
            || !ov_pages_u32le(pe->pages, pe->layout.head + 16, &symbol_count)) {
        return;
    }
    if (symbols_at == 0 || len == 0 || name[0] != '/') {
        ov_fact_text(tree, section, OV_PE_SECTIONS_FULL_NAME, ov_bytes_of(name, len));
        return;
    }
    for (size_t i = 1; i < NAME_BYTES && i < len && isdigit(name[i]) != 0; i++) {
        at = at * 10 + (name[i] - (unsigned)'0');
    }
    at += symbols_at + (uint64_t)symbol_count * SYMBOL_BYTES;
    if (!ov_pages_text(pe->pages, at, OV_PAGES_LEND_BYTES, &text)) {
        return;
    }
    for (size_t i = 0; i < ov_bytes_len(text); i++) {
        const uint8_t c = ov_bytes_raw(text)[i];

        if (c < 0x20 || c > 0x7e) {
            return;
        }
    }
    ov_fact_text(tree, section, OV_PE_SECTIONS_FULL_NAME, text);
}

static void section(
        struct ov_fact_tree *tree, ov_fact_node node, const struct ov_pe *pe, uint32_t number)
{
    const uint64_t at = pe->layout.sections_at + 40ull * number;
    const struct ov_pe_section *s = &pe->layout.map.sections[number];
    const ov_fact_node section = ov_fact_item(tree, node, OV_PE_SECTIONS, number);
    uint8_t name[NAME_BYTES];
    size_t len = NAME_BYTES;
    uint32_t relocations, lines, flags;
    uint16_t relocation_count, line_count;

    if (ov_pages_read(pe->pages, at, name, NAME_BYTES) != NAME_BYTES
            || !ov_pages_u32le(pe->pages, at + 24, &relocations)
            || !ov_pages_u32le(pe->pages, at + 28, &lines)
            || !ov_pages_u16le(pe->pages, at + 32, &relocation_count)
            || !ov_pages_u16le(pe->pages, at + 34, &line_count)
            || !ov_pages_u32le(pe->pages, at + 36, &flags)) {
        return;
    }
    while (len > 0 && name[len - 1] == 0) { /* bytes behind a first NUL belong to it */
        len--;
    }
    ov_fact_text(tree, section, OV_PE_SECTIONS_NAME, ov_bytes_of(name, len));
    full_name(tree, section, pe, name, len);
    ov_fact_int(tree, section, OV_PE_SECTIONS_CHARACTERISTICS, flags);
    ov_fact_int(tree, section, OV_PE_SECTIONS_VIRTUAL_ADDRESS, s->virtual_address);
    ov_fact_int(tree, section, OV_PE_SECTIONS_VIRTUAL_SIZE, s->virtual_size);
    ov_fact_int(tree, section, OV_PE_SECTIONS_RAW_DATA_OFFSET, s->raw_offset);
    ov_fact_int(tree, section, OV_PE_SECTIONS_RAW_DATA_SIZE, s->raw_size);
    ov_fact_int(tree, section, OV_PE_SECTIONS_POINTER_TO_RELOCATIONS, relocations);
    ov_fact_int(tree, section, OV_PE_SECTIONS_POINTER_TO_LINE_NUMBERS, lines);
    ov_fact_int(tree, section, OV_PE_SECTIONS_NUMBER_OF_RELOCATIONS, relocation_count);
    ov_fact_int(tree, section, OV_PE_SECTIONS_NUMBER_OF_LINE_NUMBERS, line_count);
}

/* What lies behind the section that ends last. */
static void overlay(struct ov_fact_tree *tree, ov_fact_node node, const struct ov_pe *pe)
{
    const ov_fact_node overlay = ov_fact_struct(tree, node, OV_PE_OVERLAY);
    uint64_t end = 0;

    for (uint32_t i = 0; i < pe->layout.map.count; i++) {
        const struct ov_pe_section *s = &pe->layout.map.sections[i];
        const uint32_t wrapped = s->raw_offset + s->raw_size; /* in 32 bits, as YARA adds them */

        if (wrapped > end) {
            end = (uint64_t)s->raw_offset + s->raw_size;
        }
    }
    if (end == 0 || pe->layout.map.size <= end) {
        end = pe->layout.map.size;
    }
    ov_fact_int(tree, overlay, OV_PE_OVERLAY_OFFSET, end == pe->layout.map.size ? 0 : (int64_t)end);
    ov_fact_int(tree, overlay, OV_PE_OVERLAY_SIZE, (int64_t)(pe->layout.map.size - end));
}

void ov_pe_facts(struct ov_fact_tree *tree, struct ov_pages *pages)
{
    const ov_fact_node node = ov_fact_root(tree, OV_PE);
    struct ov_pe pe;

    if (!ov_pe_file_open(&pe, pages)) {
        ov_fact_int(tree, node, OV_PE_IS_PE, 0);
        return;
    }
    header(tree, node, &pe);
    directories(tree, node, &pe);
    for (uint32_t i = 0; i < pe.layout.map.count; i++) {
        section(tree, node, &pe, i);
    }
    overlay(tree, node, &pe);
    ov_pe_rich(tree, node, &pe);
    ov_pe_debug(tree, node, &pe);
    ov_pe_imports(tree, node, &pe);
    ov_pe_delayed_imports(tree, node, &pe);
    ov_pe_exports(tree, node, &pe);
    ov_pe_resources(tree, node, &pe);
}
