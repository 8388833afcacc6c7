/* SPDX-License-Identifier: Apache-2.0 */
/* Where the sections of an executable lie in it and where it begins, as ClamAV counts: offsets of
 * its signatures (EP+n, Sx+n, SL+n, SEx) and its hashes of sections are about these numbers.
 *
 * Every number comes from whoever made the file. Loops are bounded by counts of 16 bits and by
 * OV_CLAM_SECTIONS_MAX; every offset is checked against the file before it is used. */
#include <string.h>

#include "base/checked.h"
#include "formats/clam.h"

#define PE_SECTIONS_MAX 96u

struct number {
    struct ov_source *source;
    bool big;
    bool wide; /* addresses of 8 bytes */
    bool ok;
};

static uint64_t get(struct number *n, uint64_t at, unsigned bytes)
{
    uint8_t raw[8];
    uint64_t v = 0;

    if (at >= n->source->size || bytes > n->source->size - at
            || ov_source_read(n->source, at, raw, bytes) != bytes) {
        n->ok = false;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++) {
        v = v << 8 | raw[n->big ? i : bytes - 1 - i];
    }
    return v;
}

static void add_section(struct ov_clam_executable *out, uint64_t start, uint64_t size)
{
    if (out->section_count < OV_CLAM_SECTIONS_MAX) {
        out->sections[out->section_count++] =
                (struct ov_clam_section){ .start = start, .size = size };
    }
}

/* --- PE -------------------------------------------------------------------------------------- */

struct pe_section {
    uint64_t rva;
    uint64_t raw;
    uint64_t raw_size;
};

struct pe {
    uint64_t section_count;
    uint64_t file_alignment;
    uint64_t headers_size;
    uint64_t entry;
    struct pe_section sections[PE_SECTIONS_MAX];
};

static uint64_t align_down(uint64_t v, uint64_t to)
{
    return to == 0 ? v : v / to * to;
}

static uint64_t align_up(uint64_t v, uint64_t to)
{
    return to == 0 ? v : (v / to + (v % to != 0)) * to;
}

/* The alignment that the sections themselves keep to. */
static void settle_alignment(struct pe *pe)
{
    for (uint64_t i = 0; i < pe->section_count && pe->file_alignment != 0x200; i++) {
        const struct pe_section *s = &pe->sections[i];

        if (pe->file_alignment != 0 && s->raw_size != 0 && s->raw % pe->file_alignment != 0
                && s->raw % 0x200 == 0) {
            pe->file_alignment = 0x200;
        }
    }
}

static bool read_pe(struct number *n, struct pe *pe)
{
    const uint64_t at = get(n, 0x3c, 4);
    uint64_t optional, table, optional_bytes;
    bool plus;

    if (!n->ok || get(n, at, 4) != 0x4550 || !n->ok) {
        return false;
    }
    pe->section_count = get(n, at + 6, 2);
    optional_bytes = get(n, at + 20, 2);
    optional = at + 24;
    plus = get(n, optional, 2) == 0x20b;
    if (!n->ok || pe->section_count == 0 || pe->section_count > PE_SECTIONS_MAX
            || optional_bytes < (plus ? 112u : 96u)) {
        return false;
    }
    pe->entry = get(n, optional + 16, 4);
    pe->file_alignment = get(n, optional + 36, 4);
    pe->headers_size = get(n, optional + 60, 4);
    table = optional + optional_bytes;
    for (uint64_t i = 0; i < pe->section_count; i++) {
        const uint64_t row = table + i * 40;

        pe->sections[i] = (struct pe_section){
            .rva = get(n, row + 12, 4),
            .raw_size = get(n, row + 16, 4),
            .raw = get(n, row + 20, 4),
        };
    }
    return n->ok;
}

/* The file offset of an address, in the last section that holds it. */
static bool pe_place(const struct pe *pe, uint64_t rva, uint64_t file_bytes, uint64_t *out)
{
    if (rva < pe->headers_size) {
        *out = rva;
        return rva < file_bytes;
    }
    for (uint64_t i = pe->section_count; i > 0; i--) {
        const struct pe_section *s = &pe->sections[i - 1];

        if (s->raw_size != 0 && rva >= s->rva && rva - s->rva < s->raw_size) {
            *out = s->raw + (rva - s->rva);
            return *out < file_bytes;
        }
    }
    return false;
}

static void find_pe(struct number *n, struct ov_clam_executable *out)
{
    const uint64_t file_bytes = n->source->size;
    struct pe pe;

    if (!read_pe(n, &pe)) {
        return;
    }
    settle_alignment(&pe);
    for (uint64_t i = 0; i < pe.section_count; i++) {
        struct pe_section *s = &pe.sections[i];

        s->rva = align_down(s->rva, 0x1000);
        s->raw = align_down(s->raw, pe.file_alignment);
        s->raw_size = align_up(s->raw_size, pe.file_alignment);
        if (s->raw >= file_bytes) {
            s->raw_size = 0;
        } else if (s->raw_size > file_bytes - s->raw) {
            s->raw_size = file_bytes - s->raw;
        }
        add_section(out, s->raw, s->raw_size);
    }
    out->has_entry = pe_place(&pe, pe.entry, file_bytes, &out->entry);
    out->known = out->has_entry;
}

/* --- ELF ------------------------------------------------------------------------------------- */

static bool elf_entry(struct number *n, uint64_t address, uint64_t table, uint64_t count,
        uint64_t row_bytes, uint64_t *out)
{
    for (uint64_t i = 0; i < count && n->ok; i++) {
        const uint64_t row = table + i * row_bytes;
        const uint64_t offset = n->wide ? get(n, row + 8, 8) : get(n, row + 4, 4);
        const uint64_t base = n->wide ? get(n, row + 16, 8) : get(n, row + 8, 4);
        const uint64_t size = n->wide ? get(n, row + 40, 8) : get(n, row + 20, 4);

        if (n->ok && address >= base && address - base < size) {
            return ov_add(out, offset, address - base);
        }
    }
    return false;
}

static void find_elf(struct number *n, struct ov_clam_executable *out)
{
    const uint64_t kind = get(n, 4, 1), order = get(n, 5, 1);
    uint64_t entry, segments, segment_count, segment_bytes, sections, section_count, section_bytes;

    n->wide = kind == 2;
    n->big = order == 2;
    if (!n->ok || (kind != 1 && kind != 2) || (order != 1 && order != 2)) {
        return;
    }
    entry = n->wide ? get(n, 24, 8) : get(n, 24, 4);
    segments = n->wide ? get(n, 32, 8) : get(n, 28, 4);
    sections = n->wide ? get(n, 40, 8) : get(n, 32, 4);
    segment_bytes = get(n, n->wide ? 54 : 42, 2);
    segment_count = get(n, n->wide ? 56 : 44, 2);
    section_bytes = get(n, n->wide ? 58 : 46, 2);
    section_count = get(n, n->wide ? 60 : 48, 2);
    if (!n->ok || segment_count > 128 || section_count > OV_CLAM_SECTIONS_MAX
            || segments > n->source->size || sections > n->source->size) {
        return;
    }
    if (segment_count != 0 && entry != 0) {
        if (segment_bytes < (n->wide ? 56u : 32u)
                || !elf_entry(n, entry, segments, segment_count, segment_bytes, &out->entry)) {
            return;
        }
        out->has_entry = true;
    }
    for (uint64_t i = 0; i < section_count && section_bytes != 0; i++) {
        const uint64_t row = sections + i * section_bytes;
        const uint64_t offset = n->wide ? get(n, row + 24, 8) : get(n, row + 16, 4);
        const uint64_t size = n->wide ? get(n, row + 32, 8) : get(n, row + 20, 4);

        if (!n->ok) {
            return;
        }
        add_section(out, offset, size);
    }
    out->known = true;
}

/* --- Mach-O ---------------------------------------------------------------------------------- */

#define LC_SEGMENT    0x1u
#define LC_UNIXTHREAD 0x5u
#define LC_SEGMENT_64 0x19u

struct macho {
    uint64_t entry_address;
    bool has_address;
    uint64_t segment_count;
    struct {
        uint64_t address, size, offset;
    } segments[OV_CLAM_SECTIONS_MAX];
};

static void read_segment(struct number *n, uint64_t at, uint64_t bytes, bool wide, struct macho *m,
        struct ov_clam_executable *out)
{
    const uint64_t row_bytes = wide ? 80 : 68, first = wide ? 72 : 56;
    const uint64_t count = get(n, at + (wide ? 64 : 48), 4);

    if (!n->ok || count > OV_CLAM_SECTIONS_MAX || first + count * row_bytes > bytes) {
        n->ok = n->ok && count == 0;
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t row = at + first + i * row_bytes;
        const uint64_t address = wide ? get(n, row + 32, 8) : get(n, row + 32, 4);
        const uint64_t size = wide ? get(n, row + 40, 8) : get(n, row + 36, 4);
        const uint64_t offset = get(n, row + (wide ? 48 : 40), 4);

        if (m->segment_count < OV_CLAM_SECTIONS_MAX) {
            m->segments[m->segment_count].address = address;
            m->segments[m->segment_count].size = size;
            m->segments[m->segment_count].offset = offset;
            m->segment_count++;
        }
        add_section(out, offset, size);
    }
}

/* The program counter in the registers that the thread begins with. */
static void read_thread(struct number *n, uint64_t at, uint64_t cpu, struct macho *m)
{
    switch (cpu) {
    case 7: /* x86: eip */
        m->entry_address = get(n, at + 16 + 40, 4);
        break;
    case 0x01000007: /* x86-64: rip */
        m->entry_address = get(n, at + 16 + 128, 8);
        break;
    case 12: /* ARM: pc */
        m->entry_address = get(n, at + 16 + 60, 4);
        break;
    case 18: /* PowerPC: srr0 */
        m->entry_address = get(n, at + 16, 4);
        break;
    case 0x01000012: /* PowerPC, 64 bits */
        m->entry_address = get(n, at + 16, 8);
        break;
    default:
        return;
    }
    m->has_address = n->ok;
}

static void find_macho(struct number *n, struct ov_clam_executable *out)
{
    struct macho m = { .has_address = false };
    const uint64_t magic = get(n, 0, 4);
    uint64_t cpu, count, at;

    n->big = magic == 0xcefaedfe || magic == 0xcffaedfe;
    n->wide = magic == 0xfeedfacf || magic == 0xcffaedfe;
    cpu = get(n, 4, 4);
    count = get(n, 16, 4);
    at = n->wide ? 32 : 28;
    if (!n->ok || count == 0 || count > 1024) {
        return;
    }
    for (uint64_t i = 0; i < count && n->ok; i++) {
        const uint64_t command = get(n, at, 4), bytes = get(n, at + 4, 4);

        if (!n->ok || bytes < 8 || bytes > n->source->size - at) {
            return;
        }
        if (command == LC_SEGMENT || command == LC_SEGMENT_64) {
            read_segment(n, at, bytes, command == LC_SEGMENT_64, &m, out);
        } else if (command == LC_UNIXTHREAD) {
            read_thread(n, at, cpu, &m);
        }
        at += bytes;
    }
    if (!n->ok) {
        return;
    }
    for (uint64_t i = 0; i < m.segment_count && m.has_address && !out->has_entry; i++) {
        if (m.entry_address >= m.segments[i].address
                && m.entry_address - m.segments[i].address < m.segments[i].size) {
            out->entry = m.segments[i].offset + (m.entry_address - m.segments[i].address);
            out->has_entry = true;
        }
    }
    out->known = !m.has_address || out->has_entry;
}

void ov_clam_executable_find(
        struct ov_source *source, enum ov_clam_type type, struct ov_clam_executable *out)
{
    struct number n = { .source = source, .ok = true };

    *out = (struct ov_clam_executable){ .known = false };
    if (type == OV_CLAM_MSEXE) {
        find_pe(&n, out);
    } else if (type == OV_CLAM_ELF) {
        find_elf(&n, out);
    } else if (type == OV_CLAM_MACHO) {
        find_macho(&n, out);
    }
}
