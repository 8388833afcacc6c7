/* SPDX-License-Identifier: Apache-2.0 */
/* ECMA-335, partition II, as far as YARA 4.5's module `dotnet` reads it, and where it stops. */
#include "formats/dotnet.h"

#include <stdio.h>
#include <string.h>

#include "formats/dotnet_classes.h"
#include "formats/dotnet_layout.h"
#include "formats/say.h"

#define GUIDS_MAX       16u
#define GUID_BYTES      16u
#define ELEMENT_STRING  0x0eu
#define MODULE_BYTES    18u   /* of the one row that YARA wants there, whatever its true size is */
#define ASSEMBLY_PARENT 0x0eu /* tags of coded indices (II.24.2.6) */
#define MEMBER_REF_TYPE 0x03u
#define TYPE_REF_PARENT 0x01u

struct dotnet {
    struct ov_clr clr;
    struct ov_spot root;
    struct ov_say *say;
    uint64_t resources; /* where they begin; wraps below 0 where they are nowhere */
};

static const struct ov_image *image_of(const struct dotnet *d)
{
    return &d->clr.pe.image;
}

static void say_string(const struct dotnet *d, struct ov_spot at, const char *field, uint32_t index)
{
    struct ov_clr_part text;

    if (ov_clr_string(&d->clr, index, &text)) {
        ov_say_part(d->say, at, field, image_of(d), text.at, text.len);
    }
}

/* --- streams --------------------------------------------------------------------------------- */

static bool is_named(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* Of streams that have the same name the first counts; of #GUID, the last. */
static void keep_stream(struct ov_clr *clr, const char *name, struct ov_clr_stream stream)
{
    if ((is_named(name, "#~") || is_named(name, "#-")) && !clr->tables_stream.there) {
        clr->tables_stream = stream;
    } else if (is_named(name, "#GUID")) {
        clr->guids = stream;
    } else if (is_named(name, "#Strings") && !clr->strings.there) {
        clr->strings = stream;
    } else if (is_named(name, "#Blob") && !clr->blobs.there) {
        clr->blobs = stream;
    } else if (is_named(name, "#US") && !clr->user_strings.there) {
        clr->user_strings = stream;
    }
}

/* II.24.2.2. Headers follow each other, so the walk ends with the file. */
static void say_streams(struct dotnet *d, uint64_t at, unsigned count)
{
    char name[OV_CLR_STREAM_NAME + 1];
    unsigned i;

    for (i = 0; i < count; i++) {
        struct ov_clr_stream stream = { .there = true };
        struct ov_spot spot;
        size_t len;

        if (!ov_image_copy(image_of(d), at + 8, name, OV_CLR_STREAM_NAME)) {
            break;
        }
        len = strnlen(name, OV_CLR_STREAM_NAME);
        if (len == OV_CLR_STREAM_NAME) {
            break;
        }
        stream.at = d->clr.root + ov_image_u32le(image_of(d), at);
        stream.size = ov_image_u32le(image_of(d), at + 4);
        spot = ov_say_item(d->say, d->root, "streams", i);
        ov_say_name(d->say, spot, "name", name);
        ov_say_int(d->say, spot, "offset", stream.at);
        ov_say_int(d->say, spot, "size", stream.size);
        keep_stream(&d->clr, name, stream);
        at += 8 + len + 4 - len % 4;
    }
    ov_say_int(d->say, d->root, "number_of_streams", i);
}

static void say_guids(const struct dotnet *d)
{
    const uint64_t claimed = d->clr.guids.size / GUID_BYTES;
    const uint64_t count = claimed < GUIDS_MAX ? claimed : GUIDS_MAX;
    uint8_t g[GUID_BYTES];
    char text[40];
    uint64_t i;

    for (i = 0; i < count; i++) {
        if (!ov_image_copy(image_of(d), d->clr.guids.at + i * GUID_BYTES, g, sizeof(g))) {
            break;
        }
        (void)snprintf(text, sizeof(text),
                "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", g[3], g[2],
                g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14],
                g[15]);
        ov_say_item_text(d->say, d->root, "guids", i, ov_bytes_of(text, strlen(text)));
    }
    ov_say_int(d->say, d->root, "number_of_guids", i);
}

/* II.24.2.4: blobs of UTF-16 and one byte more each, which YARA leaves to be read as a blob of its
 * own. */
static void say_user_strings(const struct dotnet *d)
{
    const struct ov_clr_stream *us = &d->clr.user_strings;
    uint64_t at = us->at, end = us->at + us->size, count = 0;
    struct ov_clr_part blob;

    if (us->size == 0 || !ov_image_has(image_of(d), at, us->size)
            || ov_image_u8(image_of(d), at) != 0) {
        return;
    }
    at++;
    while (at < end && ov_say_work(d->say, 1) && ov_clr_blob(&d->clr, at, &blob)) {
        at = blob.at;
        if (blob.len > 1) {
            ov_say_item_part(
                    d->say, d->root, "user_strings", count++, image_of(d), at, blob.len - 1);
            at += blob.len - 1;
        }
    }
    ov_say_int(d->say, d->root, "number_of_user_strings", count);
}

/* --- tables ---------------------------------------------------------------------------------- */

/* A blob that does not touch the file's end: YARA's "quick sanity check". */
static bool blob_inside(const struct dotnet *d, uint32_t index, struct ov_clr_part *blob)
{
    return ov_clr_blob(&d->clr, d->clr.blobs.at + index, blob)
           && blob->at + blob->len < image_of(d)->size;
}

/* Rows as far as they lie in the file. */
static bool next_row(const struct dotnet *d, unsigned table, uint32_t row, uint64_t *at)
{
    return ov_say_work(d->say, 1) && ov_clr_row(&d->clr, table, row, at);
}

static void say_constants(const struct dotnet *d)
{
    const unsigned table = OV_CLR_CONSTANT;
    struct ov_clr_part blob;
    uint32_t count = 0;
    uint64_t at;

    for (uint32_t row = 1; next_row(d, table, row, &at); row++) {
        if (ov_clr_cell(&d->clr, table, at, 0) == ELEMENT_STRING
                && blob_inside(d, ov_clr_cell(&d->clr, table, at, 2), &blob)) {
            ov_say_item_part(d->say, d->root, "constants", count++, image_of(d), blob.at, blob.len);
        }
    }
    ov_say_int(d->say, d->root, "number_of_constants", count);
}

/* YARA multiplies in 32 bits. */
static uint64_t row_by_index(const struct ov_clr_table *table, uint32_t index)
{
    return table->at + (uint32_t)(table->row_bytes * (index > 0 ? index - 1 : 0));
}

enum follow {
    FOLLOWS,
    LEADS_ELSEWHERE,
    LEADS_NOWHERE
};

/* Is the attribute's constructor, a row of MemberRef, one of GuidAttribute, a row of TypeRef? A
 * name that cannot be read is taken for it. */
static enum follow is_guid_attribute(const struct dotnet *d, uint32_t constructor)
{
    const struct ov_clr *clr = &d->clr;
    const struct ov_clr_table *members = &clr->tables[OV_CLR_MEMBER_REF];
    const struct ov_clr_table *types = &clr->tables[OV_CLR_TYPE_REF];
    uint64_t at = row_by_index(members, constructor);
    struct ov_clr_part name;
    struct ov_bytes bytes;
    uint16_t parent;

    if (!ov_image_has(image_of(d), at, members->row_bytes)) {
        return LEADS_NOWHERE;
    }
    parent = ov_image_u16le(image_of(d), at); /* 2 bytes, even where the column has 4 */
    if ((parent & 7) != TYPE_REF_PARENT) {
        return LEADS_ELSEWHERE;
    }
    at = row_by_index(types, parent >> 3);
    if (!ov_image_has(image_of(d), at, types->row_bytes)) {
        return LEADS_NOWHERE;
    }
    if (ov_clr_string(clr, ov_clr_cell(clr, OV_CLR_TYPE_REF, at, 1), &name)
            && !(name.len >= 13 && ov_image_lend(image_of(d), name.at, 13, &bytes)
                    && ov_bytes_equal(bytes, "GuidAttribute", 13))) {
        return LEADS_ELSEWHERE;
    }
    return FOLLOWS;
}

/* II.23.3: 01 00, the length of a text in one byte, the text. */
static void say_typelib(const struct dotnet *d, struct ov_clr_part blob)
{
    const struct ov_image *image = image_of(d);
    const uint8_t len = ov_image_u8(image, blob.at + 2);
    const uint64_t at = blob.at + 3;
    uint64_t text_len;

    if (blob.len < 3 || ov_image_u16le(image, blob.at) != 1 || !ov_image_has(image, at, len)) {
        return;
    }
    if (ov_image_u8(image, at) == 0xff) { /* a null string */
        text_len = 0;
    } else if (!ov_image_text_len(image, at, at + len, &text_len)) {
        text_len = len;
    }
    ov_say_part(d->say, d->root, "typelib", image, at, text_len);
}

static void say_attributes(const struct dotnet *d)
{
    const struct ov_clr *clr = &d->clr;
    const unsigned table = OV_CLR_CUSTOM_ATTRIBUTE;
    struct ov_clr_part blob;
    uint64_t at;

    if (clr->tables[OV_CLR_TYPE_REF].at == 0 || clr->tables[OV_CLR_MEMBER_REF].at == 0) {
        return;
    }
    for (uint32_t row = 1; next_row(d, table, row, &at); row++) {
        const uint32_t parent = ov_clr_cell(clr, table, at, 0);
        const uint32_t type = ov_clr_cell(clr, table, at, 1);
        const uint32_t value = ov_clr_cell(clr, table, at, 2);
        enum follow follow;

        if ((parent & 0x1f) != ASSEMBLY_PARENT || (type & 7) != MEMBER_REF_TYPE) {
            continue;
        }
        follow = is_guid_attribute(d, type >> 3);
        if (follow == LEADS_NOWHERE) {
            break;
        }
        if (follow == FOLLOWS && value != 0 && blob_inside(d, value, &blob)) {
            say_typelib(d, blob);
        }
    }
}

static void say_module_refs(const struct dotnet *d)
{
    const struct ov_clr_table *table = &d->clr.tables[OV_CLR_MODULE_REF];
    struct ov_clr_part name;
    uint32_t count = 0;

    for (uint32_t i = 0; i < table->rows && ov_say_work(d->say, 1); i++) {
        const uint64_t at = table->at + (uint64_t)i * table->row_bytes;

        if (!ov_image_has(image_of(d), at, 4)) { /* YARA wants 4, even of the last row's 2 */
            break;
        }
        if (ov_clr_string(&d->clr, ov_clr_cell(&d->clr, OV_CLR_MODULE_REF, at, 0), &name)) {
            ov_say_item_part(
                    d->say, d->root, "modulerefs", count++, image_of(d), name.at, name.len);
        }
    }
    ov_say_int(d->say, d->root, "number_of_modulerefs", count);
}

static void say_field_offsets(const struct dotnet *d)
{
    const struct ov_clr_table *table = &d->clr.tables[OV_CLR_FIELD_RVA];
    uint32_t count = 0;
    uint64_t offset;

    for (uint32_t i = 0; i < table->rows; i++) {
        const uint64_t at = table->at + (uint64_t)i * table->row_bytes;

        if (!ov_say_work(d->say, 1 + d->clr.pe.map.count) || !ov_image_has(image_of(d), at, 8)) {
            break; /* 8, even where a row has 6 */
        }
        if (ov_pe_offset(&d->clr.pe, ov_image_u32le(image_of(d), at), &offset)) {
            ov_say_item_int(d->say, d->root, "field_offsets", count++, offset);
        }
    }
    ov_say_int(d->say, d->root, "number_of_field_offsets", count);
}

/* Four numbers of 16 bits, from column `first`. */
static void say_version(
        const struct dotnet *d, struct ov_spot in, unsigned table, uint64_t at, unsigned first)
{
    static const char *const parts[] = { "major", "minor", "build_number", "revision_number" };
    const struct ov_spot spot = ov_say_in(d->say, in, "version");

    for (unsigned i = 0; i < 4; i++) {
        ov_say_int(d->say, spot, parts[i], ov_clr_cell(&d->clr, table, at, first + i));
    }
}

static void say_assembly(const struct dotnet *d)
{
    const unsigned table = OV_CLR_ASSEMBLY;
    const uint64_t at = d->clr.tables[table].at;
    const struct ov_spot spot = ov_say_in(d->say, d->root, "assembly");
    struct ov_clr_part culture;

    say_version(d, spot, table, at, 1);
    say_string(d, spot, "name", ov_clr_cell(&d->clr, table, at, 7));
    if (ov_clr_string(&d->clr, ov_clr_cell(&d->clr, table, at, 8), &culture) && culture.len > 0) {
        ov_say_part(d->say, spot, "culture", image_of(d), culture.at, culture.len);
    }
}

static void say_assembly_refs(const struct dotnet *d)
{
    const unsigned table = OV_CLR_ASSEMBLY_REF;
    struct ov_clr_part key;
    uint64_t at;
    uint32_t row;

    for (row = 1; next_row(d, table, row, &at); row++) {
        const struct ov_spot spot = ov_say_item(d->say, d->root, "assembly_refs", row - 1);

        say_version(d, spot, table, at, 0);
        if (!ov_clr_blob(&d->clr, d->clr.blobs.at + ov_clr_cell(&d->clr, table, at, 5), &key)) {
            continue;
        }
        if (key.len > 0) {
            ov_say_part(d->say, spot, "public_key_or_token", image_of(d), key.at, key.len);
        }
        say_string(d, spot, "name", ov_clr_cell(&d->clr, table, at, 6));
    }
    ov_say_int(d->say, d->root, "number_of_assembly_refs", row - 1);
}

static void say_resource(const struct dotnet *d, uint32_t index, uint64_t at)
{
    const unsigned table = OV_CLR_MANIFEST_RESOURCE;
    const uint64_t from = d->resources + ov_clr_cell(&d->clr, table, at, 0);
    const bool is_inside =
            ov_clr_cell(&d->clr, table, at, 3) == 0 && ov_image_has(image_of(d), from, 4);
    struct ov_clr_part name;
    const bool is_named = ov_clr_string(&d->clr, ov_clr_cell(&d->clr, table, at, 2), &name);
    struct ov_spot spot;

    if (!is_inside && !is_named) {
        return; /* a hole */
    }
    spot = ov_say_item(d->say, d->root, "resources", index);
    if (is_named) {
        ov_say_part(d->say, spot, "name", image_of(d), name.at, name.len);
    }
    if (is_inside) {
        ov_say_int(d->say, spot, "offset", from + 4);
        ov_say_int(d->say, spot, "length", ov_image_u32le(image_of(d), from));
    }
}

static void say_resources(const struct dotnet *d)
{
    uint64_t at;
    uint32_t row;

    for (row = 1; next_row(d, OV_CLR_MANIFEST_RESOURCE, row, &at); row++) {
        say_resource(d, row - 1, at);
    }
    ov_say_int(d->say, d->root, "number_of_resources", row - 1);
}

static void say_table(const struct dotnet *d, unsigned table)
{
    switch (table) {
    case OV_CLR_MODULE:
        say_string(
                d, d->root, "module_name", ov_clr_cell(&d->clr, table, d->clr.tables[table].at, 1));
        break;
    case OV_CLR_CONSTANT:
        say_constants(d);
        break;
    case OV_CLR_CUSTOM_ATTRIBUTE:
        say_attributes(d);
        break;
    case OV_CLR_MODULE_REF:
        say_module_refs(d);
        break;
    case OV_CLR_FIELD_RVA:
        say_field_offsets(d);
        break;
    case OV_CLR_ASSEMBLY:
        say_assembly(d);
        break;
    case OV_CLR_ASSEMBLY_REF:
        say_assembly_refs(d);
        break;
    case OV_CLR_MANIFEST_RESOURCE:
        say_resources(d);
        break;
    default:
        break;
    }
}

/* The tables lie one behind the other in the order of their numbers. False: one that is unknown or
 * too long, where YARA reads no further. */
static bool say_tables(struct dotnet *d)
{
    struct ov_clr *clr = &d->clr;
    uint64_t counts = clr->tables_stream.at + 24;
    uint64_t at =
            counts + 4 * (uint64_t)__builtin_popcountll(clr->valid)
            + ((clr->heap_flags & 0x40) != 0 ? 4 : 0); /* II.24.2.6 knows nothing of these 4 */

    for (unsigned table = 0; table < 64; table++) {
        const uint32_t row_bytes = ov_clr_row_bytes(clr, table);
        uint32_t rows;
        uint64_t least = 0;

        if ((clr->valid >> table & 1) == 0) {
            continue;
        }
        if (!ov_image_has(image_of(d), counts, 4)) {
            return false;
        }
        rows = ov_image_u32le(image_of(d), counts);
        counts += 4;
        if (rows > OV_CLR_ROWS_MAX || row_bytes == 0) {
            return false;
        }
        if (table == OV_CLR_MODULE || table == OV_CLR_ASSEMBLY) {
            least = table == OV_CLR_MODULE ? MODULE_BYTES : row_bytes;
        }
        if (least > 0 && !ov_image_has(image_of(d), at, least)) {
            continue; /* and the next table begins here */
        }
        clr->tables[table] =
                (struct ov_clr_table){ .at = at, .rows = rows, .row_bytes = row_bytes };
        say_table(d, table);
        at += (uint64_t)row_bytes * rows;
    }
    return true;
}

/* --- the whole ------------------------------------------------------------------------------- */

static void say_metadata(struct dotnet *d)
{
    struct ov_clr *clr = &d->clr;
    const uint64_t at = clr->version + clr->version_bytes + 2; /* after Flags */
    uint64_t len;

    if (ov_image_text_len(image_of(d), clr->version, clr->version + clr->version_bytes, &len)) {
        ov_say_part(d->say, d->root, "version", image_of(d), clr->version, len);
    }
    if (!ov_image_has(image_of(d), at, 2)) {
        return;
    }
    say_streams(d, at + 2, ov_image_u8(image_of(d), at)); /* YARA takes the low byte alone */
    if (clr->guids.there) {
        say_guids(d);
    }
    if (clr->tables_stream.there && clr->strings.there && clr->blobs.there
            && ov_clr_read_rows(clr)) {
        if (!ov_pe_offset(&clr->pe, ov_image_u32le(image_of(d), clr->header + 24), &d->resources)) {
            d->resources = UINT64_MAX; /* -1: YARA adds to that, too */
        }
        if (say_tables(d)) {
            ov_clr_say_classes(clr, d->root, d->say);
        }
    }
    if (clr->user_strings.there) {
        say_user_strings(d);
    }
}

void ov_dotnet_facts(struct ov_fact_tree *tree, struct ov_pages *pages)
{
    const struct ov_image image = ov_image_on(pages);
    struct ov_pe_layout pe;
    struct ov_say say;
    struct dotnet d = { .say = &say };

    if (!ov_pe_open(&image, &pe)) {
        return;
    }
    d.root = ov_say_begin(&say, tree, OV_DOTNET);
    if (!ov_clr_open(&pe, &d.clr)) {
        ov_say_int(&say, d.root, "is_dotnet", 0);
        return;
    }
    ov_say_int(&say, d.root, "is_dotnet", 1);
    say_metadata(&d);
}
