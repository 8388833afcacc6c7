/* SPDX-License-Identifier: Apache-2.0 */
/* pe_imports.c - what a PE file imports, when it is loaded and when it first calls. */
#include <stdio.h>
#include <string.h>

#include "formats/pe.h"

#define IMPORTS_MAX     16384u /* as YARA: of libraries, and of functions */
#define NAME_BYTES_MAX  512u
#define DLL_BYTES_USUAL 256u /* longer ones YARA takes of delayed imports alone */
#define DLL_BYTES_MAX   (16u * 1024u)
#define DESCRIPTOR      20u
#define DELAY_BYTES     32u

/* Which fields: those of imports or of delayed ones. */
struct fields {
    enum ov_field details, library, function_count, functions, name, ordinal, rva;
};

static const struct fields standard = { OV_PE_IMPORT_DETAILS, OV_PE_IMPORT_DETAILS_LIBRARY_NAME,
    OV_PE_IMPORT_DETAILS_NUMBER_OF_FUNCTIONS, OV_PE_IMPORT_DETAILS_FUNCTIONS,
    OV_PE_IMPORT_DETAILS_FUNCTIONS_NAME, OV_PE_IMPORT_DETAILS_FUNCTIONS_ORDINAL,
    OV_PE_IMPORT_DETAILS_FUNCTIONS_RVA };
static const struct fields delayed = { OV_PE_DELAYED_IMPORT_DETAILS,
    OV_PE_DELAYED_IMPORT_DETAILS_LIBRARY_NAME, OV_PE_DELAYED_IMPORT_DETAILS_NUMBER_OF_FUNCTIONS,
    OV_PE_DELAYED_IMPORT_DETAILS_FUNCTIONS, OV_PE_DELAYED_IMPORT_DETAILS_FUNCTIONS_NAME,
    OV_PE_DELAYED_IMPORT_DETAILS_FUNCTIONS_ORDINAL, OV_PE_DELAYED_IMPORT_DETAILS_FUNCTIONS_RVA };

/* A library under way. Its node is made when its first function is known. */
struct library {
    struct ov_fact_tree *tree;
    struct ov_pe *pe;
    const struct fields *fields;
    ov_fact_node module;
    uint32_t number; /* which of the module's */
    uint32_t count;  /* of its functions */
    size_t name_len;
    char name[DLL_BYTES_MAX];
};

/* What no file of Windows may be called is no library. */
static bool is_dll_name(struct ov_bytes text)
{
    for (size_t i = 0; i < ov_bytes_len(text); i++) {
        const uint8_t c = ov_bytes_raw(text)[i];

        if (c < 0x20 || c > 0x7e || strchr("\"*<>?|", c) != NULL) {
            return false;
        }
    }
    return ov_bytes_len(text) > 0;
}

/* `bytes_max`: with its NUL. */
static bool read_dll_name(struct library *library, uint64_t rva, uint64_t bytes_max)
{
    struct ov_bytes text;
    uint64_t at;

    if (!ov_pe_file_offset(library->pe, rva, &at)
            || !ov_pages_text(library->pe->pages, at, bytes_max, &text) || !is_dll_name(text)) {
        return false;
    }
    library->name_len = (size_t)ov_bytes_len(text);
    memcpy(library->name, ov_bytes_raw(text), library->name_len);
    return ov_fact_charge(library->tree, 1 + library->name_len / 16);
}

/* As pefile, so that imphashes agree. */
static bool is_function_name(struct ov_bytes name)
{
    for (size_t i = 0; i < ov_bytes_len(name); i++) {
        const uint8_t c = ov_bytes_raw(name)[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
                && (c == 0 || strchr("._?@$()<>", c) == NULL)) {
            return false;
        }
    }
    return ov_bytes_len(name) > 0;
}

static ov_fact_node library_node(const struct library *library)
{
    return ov_fact_item(library->tree, library->module, library->fields->details, library->number);
}

static void add_function(
        struct library *library, struct ov_bytes name, const uint16_t *ordinal, uint64_t rva)
{
    struct ov_fact_tree *tree = library->tree;
    const ov_fact_node function =
            ov_fact_item(tree, library_node(library), library->fields->functions, library->count++);

    ov_fact_text(tree, function, library->fields->name, name);
    if (ordinal != NULL) {
        ov_fact_int(tree, function, library->fields->ordinal, *ordinal);
    }
    if (rva != 0) {
        ov_fact_int(tree, function, library->fields->rva, (int64_t)rva);
    }
}

static void add_by_ordinal(struct library *library, uint16_t ordinal, uint64_t rva)
{
    char name[OV_PE_ORDINAL_NAME];

    ov_pe_ordinal_name(ov_bytes_of(library->name, library->name_len), ordinal, name);
    add_function(library, ov_bytes_of(name, strlen(name)), &ordinal, rva);
}

static void end_library(struct library *library)
{
    const ov_fact_node node = library_node(library);

    ov_fact_text(library->tree, node, library->fields->library,
            ov_bytes_of(library->name, library->name_len));
    ov_fact_int(library->tree, node, library->fields->function_count, library->count);
    library->number++;
}

/* --- imports --------------------------------------------------------------------------------- */

/* A function by name: behind a hint of two bytes. False: there is none to be taken. */
static bool add_by_name(struct library *library, uint64_t thunk, uint64_t rva)
{
    struct ov_pe *pe = library->pe;
    struct ov_bytes name;
    uint64_t at;

    if (!ov_pe_file_offset(pe, thunk, &at) || !ov_pages_lend(pe->pages, at, 4, &name)) {
        return false;
    }
    name = ov_pe_text(pe, at + 2, NAME_BYTES_MAX);
    if (!is_function_name(name)) {
        return false;
    }
    add_function(library, name, NULL, rva);
    return true;
}

/* The functions of one descriptor; `*total` counts those of all. */
static void functions(
        struct library *library, uint32_t names_rva, uint32_t table_rva, uint32_t *total)
{
    struct ov_pe *pe = library->pe;
    const unsigned width = pe->layout.wide ? 8 : 4;
    const uint64_t by_ordinal = 1ull << (pe->layout.wide ? 63 : 31);
    uint32_t tried = 0;
    uint64_t at, thunk;

    library->count = 0;
    /* Some have no table of names; the other one serves as long as the file is not loaded. */
    if ((!ov_pe_file_offset(pe, names_rva, &at) || at == 0)
            && !ov_pe_file_offset(pe, table_rva, &at)) {
        return;
    }
    for (uint64_t i = 0;
            (pe->layout.wide ? tried : *total) < IMPORTS_MAX && ov_fact_charge(library->tree, 1)
            && ov_pe_word(pe, at + i * width, &thunk) && thunk != 0;
            i++) {
        uint64_t rva = table_rva + i * width;

        if (!pe->layout.wide) {
            rva = (uint32_t)rva;
        }
        tried++;
        if ((thunk & by_ordinal) != 0) {
            if ((thunk ^ by_ordinal) <= UINT16_MAX) { /* else it is no number of a function */
                add_by_ordinal(library, (uint16_t)(thunk & 0xffff), rva);
                (*total)++;
            }
        } else if (add_by_name(library, thunk, rva)) {
            (*total)++;
        }
    }
}

void ov_pe_imports(struct ov_fact_tree *tree, ov_fact_node node, struct ov_pe *pe)
{
    struct library library = { .tree = tree, .pe = pe, .fields = &standard, .module = node };
    uint32_t total = 0, bytes, names_rva, name_rva, table_rva;
    uint64_t at;

    if (ov_pe_directory_at(pe, OV_PE_DIRECTORY_IMPORT, &at, &bytes)) {
        for (uint32_t i = 0; i < IMPORTS_MAX && ov_fact_charge(tree, 1); i++, at += DESCRIPTOR) {
            if (!ov_pages_u32le(pe->pages, at, &names_rva)
                    || !ov_pages_u32le(pe->pages, at + 12, &name_rva) || name_rva == 0
                    || !ov_pages_u32le(pe->pages, at + 16, &table_rva)) {
                break;
            }
            if (!read_dll_name(&library, name_rva, DLL_BYTES_USUAL)) {
                continue;
            }
            functions(&library, names_rva, table_rva, &total);
            if (library.count != 0) {
                end_library(&library);
            }
        }
    }
    ov_fact_int(tree, node, OV_PE_NUMBER_OF_IMPORTS, library.number);
    ov_fact_int(tree, node, OV_PE_NUMBER_OF_IMPORTED_FUNCTIONS, total);
}

/* --- delayed imports ------------------------------------------------------------------------- */

struct delay {
    uint32_t attributes, name, names, table;
};

/* Old compilers wrote addresses, not distances from the image's base. */
static uint32_t relative(uint64_t base, uint32_t v)
{
    return v != 0 && v > base ? (uint32_t)(v - base) : v;
}

/* False: the end, or an entry that ends it. */
static bool read_delay(
        const struct ov_pe *pe, uint64_t at, uint64_t base, uint64_t image_bytes, struct delay *out)
{
    uint32_t v[8], any = 0;

    for (unsigned i = 0; i < 8; i++) {
        if (!ov_pages_u32le(pe->pages, at + 4ull * i, &v[i])) {
            return false;
        }
        any |= v[i];
    }
    *out = (struct delay){ .attributes = v[0], .name = v[1], .table = v[3], .names = v[4] };
    if (any == 0 || out->attributes > 1) {
        return false;
    }
    if (!pe->layout.wide && out->attributes == 0) {
        out->name = relative(base, out->name);
        out->table = relative(base, out->table);
        out->names = relative(base, out->names);
    }
    return out->names < image_bytes && out->table < image_bytes && out->name >= 64
           && out->names >= 64;
}

static void delayed_functions(
        struct library *library, const struct delay *delay, uint64_t base, uint32_t *total)
{
    struct ov_pe *pe = library->pe;
    const unsigned width = pe->layout.wide ? 8 : 4;
    const uint64_t by_ordinal = 1ull << (pe->layout.wide ? 63 : 31);

    library->count = 0;
    for (uint64_t i = 0; ov_fact_charge(library->tree, 1); i++) {
        const uint64_t rva = delay->table + i * width;
        uint64_t name, table, at;

        if (!ov_pe_file_offset(pe, delay->names + i * width, &at) || !ov_pe_word(pe, at, &name)
                || !ov_pe_file_offset(pe, rva, &at) || !ov_pe_word(pe, at, &table) || name == 0
                || table == 0) {
            return;
        }
        if ((name & by_ordinal) != 0) {
            add_by_ordinal(library, (uint16_t)(name & 0xffff), rva);
        } else {
            if (delay->attributes == 0 && name > base) {
                name -= base;
            }
            if (!ov_pe_file_offset(pe, name + 2, &at)) {
                continue;
            }
            add_function(library, ov_pe_text(pe, at, NAME_BYTES_MAX), NULL, rva);
        }
        (*total)++;
    }
}

void ov_pe_delayed_imports(struct ov_fact_tree *tree, ov_fact_node node, struct ov_pe *pe)
{
    struct library library = { .tree = tree, .pe = pe, .fields = &delayed, .module = node };
    uint32_t total = 0, bytes, image_bytes;
    uint64_t at, base;
    struct delay delay;

    if (ov_pe_directory_at(pe, OV_PE_DIRECTORY_DELAY_IMPORT, &at, &bytes)
            && ov_pe_word(pe, pe->layout.head + (pe->layout.wide ? 48 : 52), &base)
            && ov_pages_u32le(pe->pages, pe->layout.head + 80, &image_bytes)) {
        for (; ov_fact_charge(tree, 1) && read_delay(pe, at, base, image_bytes, &delay);
                at += DELAY_BYTES) {
            if (read_dll_name(&library, delay.name, DLL_BYTES_MAX)) {
                delayed_functions(&library, &delay, base, &total);
                end_library(&library);
            }
        }
    }
    ov_fact_int(tree, node, OV_PE_NUMBER_OF_DELAYED_IMPORTS, library.number);
    ov_fact_int(tree, node, OV_PE_NUMBER_OF_DELAYED_IMPORTED_FUNCTIONS, total);
}
