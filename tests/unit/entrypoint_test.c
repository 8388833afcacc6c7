/* SPDX-License-Identifier: Apache-2.0 */
/* Places were compared with those that YARA 4.5 gives for the same bytes. */
#include "eval/entrypoint.h"
#include "tests/tap.h"

static uint8_t object[1024];

static void put(size_t at, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        object[at + i] = (uint8_t)(v >> 8 * i);
    }
}

static uint64_t entry_of(size_t len)
{
    static struct ov_facts facts;
    struct ov_source source;
    uint64_t entry;

    ov_source_on_bytes(&source, ov_bytes_of(object, len));
    ov_facts_begin(&facts, &source);
    return ov_facts_entry(&facts, &entry) ? entry : UINT64_MAX;
}

/* Two sections: 0x1000 at 0x200, 0x2000 at 0x300. */
static void make_pe(uint32_t entry)
{
    memset(object, 0, sizeof(object));
    put(0, 0x5a4d, 2);
    put(0x3c, 0x40, 4);
    put(0x40, 0x4550, 4);
    put(0x44, 0x14c, 2);
    put(0x46, 2, 2);
    put(0x54, 0xe0, 2);
    put(0x68, entry, 4);
    put(0x40 + 24 + 0xe0 + 12, 0x1000, 4);
    put(0x40 + 24 + 0xe0 + 20, 0x200, 4);
    put(0x40 + 24 + 0xe0 + 40 + 12, 0x2000, 4);
    put(0x40 + 24 + 0xe0 + 40 + 20, 0x300, 4);
}

static void make_elf(bool wide, unsigned type, uint64_t entry)
{
    memset(object, 0, sizeof(object));
    put(0, 0x464c457f, 4);
    put(4, wide ? 2 : 1, 1);
    put(16, type, 2);
    put(24, entry, wide ? 8 : 4);
    put(wide ? 32 : 28, 0x80, wide ? 8 : 4);  /* segments */
    put(wide ? 40 : 32, 0x180, wide ? 8 : 4); /* sections */
    put(wide ? 56 : 44, 2, 2);
    put(wide ? 60 : 48, 2, 2);
    /* second segment: 0x400000, 0x1000 bytes, at 0x40 */
    put(0x80 + (wide ? 56 + 8 : 32 + 4), 0x40, wide ? 8 : 4);
    put(0x80 + (wide ? 56 + 16 : 32 + 8), 0x400000, wide ? 8 : 4);
    put(0x80 + (wide ? 56 + 40 : 32 + 20), 0x1000, wide ? 8 : 4);
    /* second section: 0x500000, 0x100 bytes, at 0x60 */
    put(0x180 + (wide ? 64 + 4 : 40 + 4), 1, 4);
    put(0x180 + (wide ? 64 + 16 : 40 + 12), 0x500000, wide ? 8 : 4);
    put(0x180 + (wide ? 64 + 24 : 40 + 16), 0x60, wide ? 8 : 4);
    put(0x180 + (wide ? 64 + 32 : 40 + 20), 0x100, wide ? 8 : 4);
}

TEST(pe_entries_lie_in_the_section_nearest_below)
{
    make_pe(0x1010);
    CHECK_UINT(entry_of(sizeof(object)), 0x210);
    make_pe(0x2010);
    CHECK_UINT(entry_of(sizeof(object)), 0x310);
    make_pe(0x10);
    CHECK_UINT(entry_of(sizeof(object)), 0x10);
    make_pe(0x2010);
    CHECK_UINT(entry_of(0x40 + 24 + 0xe0 + 81), 0x310);
    CHECK_UINT(entry_of(0x40 + 24 + 0xe0 + 80), 0);
    CHECK_UINT(entry_of(0x40 + 24 + 0xe0), UINT64_MAX);
    put(0x44, 0x1c0, 2); /* not a machine that is counted */
    CHECK_UINT(entry_of(sizeof(object)), UINT64_MAX);
}

TEST(elf_entries_lie_in_segments_or_sections)
{
    for (unsigned wide = 0; wide < 2; wide++) {
        make_elf(wide != 0, 2, 0x400020);
        CHECK_UINT(entry_of(sizeof(object)), 0x60);
        make_elf(wide != 0, 3, 0x500020);
        CHECK_UINT(entry_of(sizeof(object)), 0x80);
        /* In none of them, or in a table that is cut: the start. */
        make_elf(wide != 0, 2, 0x500020);
        CHECK_UINT(entry_of(sizeof(object)), 0);
        make_elf(wide != 0, 3, 0x400020);
        CHECK_UINT(entry_of(sizeof(object)), 0);
        make_elf(wide != 0, 3, 0x500020);
        CHECK_UINT(entry_of(0x180 + (wide != 0 ? 128 : 80)), 0x80);
        CHECK_UINT(entry_of(0x180 + (wide != 0 ? 128 : 80) - 1), 0);
        CHECK_UINT(entry_of(wide != 0 ? 63 : 51), UINT64_MAX);
    }
}

TEST(every_truncation_and_wild_number_is_survived)
{
    for (unsigned form = 0; form < 3; form++) {
        for (size_t len = 0; len <= sizeof(object); len++) {
            form == 0 ? make_pe(0x1010) : make_elf(form == 2, 2, 0x400020);
            (void)entry_of(len);
        }
        for (size_t at = 0; at + 8 <= sizeof(object); at++) {
            form == 0 ? make_pe(0x1010) : make_elf(form == 2, at % 2 == 0 ? 2 : 3, 0x400020);
            put(at, UINT64_MAX, 8);
            (void)entry_of(sizeof(object));
        }
    }
    CHECK_UINT(entry_of(0), UINT64_MAX);
}

TESTS(T(pe_entries_lie_in_the_section_nearest_below), T(elf_entries_lie_in_segments_or_sections),
        T(every_truncation_and_wild_number_is_survived));
