/* SPDX-License-Identifier: Apache-2.0 */
/* pe_exports.c - what a PE file exports. Three tables: addresses by number, and beside each other
 * the names and the numbers they belong to. */
#include "formats/pe.h"

#define EXPORTS_MAX    16384u /* as YARA */
#define NAME_BYTES_MAX 512u
#define DIRECTORY      40u

struct tables {
    struct ov_pe *pe;
    uint64_t start; /* the directory; addresses inside it lead to names of other libraries' */
    uint64_t bytes;
    uint64_t addresses;
    uint64_t names;
    uint64_t ordinals;
    uint32_t base;
    uint32_t count;
    uint32_t name_count;
};

static bool has_room(const struct ov_pe *pe, uint64_t at, uint64_t bytes)
{
    return at <= pe->layout.map.size && bytes <= pe->layout.map.size - at;
}

static bool table_at(const struct ov_pe *pe, uint64_t field, uint64_t *out)
{
    uint32_t rva;

    return ov_pages_u32le(pe->pages, field, &rva) && ov_pe_file_offset(pe, rva, out);
}

/* The directory's own name, and where the tables lie. False: nothing is exported. */
static bool open_tables(struct ov_fact_tree *tree, ov_fact_node node, struct tables *t)
{
    struct ov_pe *pe = t->pe;
    uint32_t bytes, stamp, functions, names, name_rva;
    uint64_t at = 0;

    if (!ov_pe_directory_at(pe, OV_PE_DIRECTORY_EXPORT, &t->start, &bytes)
            || !has_room(pe, t->start, DIRECTORY)
            || !ov_pages_u32le(pe->pages, t->start + 4, &stamp)
            || !ov_pages_u32le(pe->pages, t->start + 12, &name_rva)
            || !ov_pages_u32le(pe->pages, t->start + 16, &t->base)
            || !ov_pages_u32le(pe->pages, t->start + 20, &functions)
            || !ov_pages_u32le(pe->pages, t->start + 24, &names)) {
        return false;
    }
    t->bytes = bytes;
    t->count = functions < EXPORTS_MAX ? functions : EXPORTS_MAX;
    t->name_count = names < t->count ? names : t->count;
    ov_fact_int(tree, node, OV_PE_EXPORT_TIMESTAMP, stamp);
    if (ov_pe_file_offset(pe, name_rva, &at) && at > 0) {
        ov_fact_text(tree, node, OV_PE_DLL_NAME, ov_pe_text(pe, at, OV_PAGES_LEND_BYTES));
    }
    if (4ull * t->count > pe->layout.map.size - at) {
        return false;
    }
    if (names > 0
            && (!table_at(pe, t->start + 32, &t->names) || !has_room(pe, t->names, 4ull * names))) {
        return false;
    }
    return table_at(pe, t->start + 36, &t->ordinals) && has_room(pe, t->ordinals, 2ull * t->count)
           && table_at(pe, t->start + 28, &t->addresses)
           && has_room(pe, t->addresses, 4ull * t->count);
}

/* The export's address: its place in the file, or the name it is forwarded to. */
static void set_address(
        struct ov_fact_tree *tree, ov_fact_node export, const struct tables *t, uint32_t rva)
{
    uint64_t at;

    ov_fact_int(tree, export, OV_PE_EXPORT_DETAILS_RVA, rva);
    if (!ov_pe_file_offset(t->pe, rva, &at)) {
        return;
    }
    if (at > t->start && at < t->start + t->bytes) {
        ov_fact_text(tree, export, OV_PE_EXPORT_DETAILS_FORWARD_NAME,
                ov_pe_text(t->pe, at, NAME_BYTES_MAX));
    } else {
        ov_fact_int(tree, export, OV_PE_EXPORT_DETAILS_OFFSET, (int64_t)at);
    }
}

/* Of several names for one number, the first in the table counts. */
static void set_names(struct ov_fact_tree *tree, ov_fact_node node, const struct tables *t)
{
    struct ov_pages *pages = t->pe->pages;
    uint8_t named[EXPORTS_MAX / 8] = { 0 };

    for (uint32_t j = 0; j < t->name_count && ov_fact_charge(tree, 1); j++) {
        ov_fact_node export;
        uint16_t number;
        uint32_t rva;
        uint64_t at;

        if (!ov_pages_u16le(pages, t->ordinals + 2ull * j, &number) || number >= t->count
                || (named[number / 8] & 1u << number % 8) != 0) {
            continue;
        }
        named[number / 8] |= (uint8_t)(1u << number % 8);
        if (ov_pages_u32le(pages, t->names + 4ull * j, &rva) && ov_pe_file_offset(t->pe, rva, &at)
                && at > 0) {
            export = ov_fact_item(tree, node, OV_PE_EXPORT_DETAILS, number);
            ov_fact_text(
                    tree, export, OV_PE_EXPORT_DETAILS_NAME, ov_pe_text(t->pe, at, NAME_BYTES_MAX));
        }
    }
}

void ov_pe_exports(struct ov_fact_tree *tree, ov_fact_node node, struct ov_pe *pe)
{
    struct tables t = { .pe = pe };
    uint32_t rva, done = 0;

    ov_fact_int(tree, node, OV_PE_NUMBER_OF_EXPORTS, 0);
    if (!open_tables(tree, node, &t)) {
        return;
    }
    for (; done < t.count && ov_fact_charge(tree, 1); done++) {
        const ov_fact_node export = ov_fact_item(tree, node, OV_PE_EXPORT_DETAILS, done);

        ov_fact_int(tree, export, OV_PE_EXPORT_DETAILS_ORDINAL, (uint32_t)(t.base + done));
        if (ov_pages_u32le(pe->pages, t.addresses + 4ull * done, &rva)) {
            set_address(tree, export, &t, rva);
        }
    }
    set_names(tree, node, &t);
    ov_fact_int(tree, node, OV_PE_NUMBER_OF_EXPORTS, done);
}
