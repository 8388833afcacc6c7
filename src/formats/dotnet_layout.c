/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/dotnet_layout.h"

#include <string.h>

#define CLI_HEADER_BYTES 72u
#define METADATA_MAGIC   0x424a5342u
#define METADATA_BYTES   16u
#define TABLES_HEADER    24u
#define EXTRA_DATA       0x40u /* in HeapSizes: 4 bytes more before the tables; undocumented */

#define T(number) (UINT64_C(1) << (number))

/* Columns: 2 and 4 are bytes of a number; s, g, b indices of heaps; small letters indices of one
 * table; capitals coded indices, which share their bits with the table's tag (II.24.2.6). */
static const char *const shapes[OV_CLR_TABLES] = {
    [OV_CLR_MODULE] = "2sggg",
    [OV_CLR_TYPE_REF] = "Rss",
    [OV_CLR_TYPE_DEF] = "4ssDfm",
    [0x03] = "f",
    [0x04] = "2sb",
    [0x05] = "m",
    [OV_CLR_METHOD_DEF] = "422sbp",
    [0x07] = NULL, /* ParamPtr: YARA reads no further */
    [OV_CLR_PARAM] = "22s",
    [OV_CLR_INTERFACE_IMPL] = "tD",
    [OV_CLR_MEMBER_REF] = "Psb",
    [OV_CLR_CONSTANT] = "2Cb",
    [OV_CLR_CUSTOM_ATTRIBUTE] = "ATb",
    [0x0d] = "Fb",
    [0x0e] = "2Sb",
    [0x0f] = "24t",
    [0x10] = "4f",
    [0x11] = "b",
    [0x12] = "te",
    [0x13] = "e",
    [0x14] = "2sD",
    [0x15] = "ty",
    [0x16] = "y",
    [0x17] = "2sb",
    [0x18] = "2mM",
    [0x19] = "tNN",
    [OV_CLR_MODULE_REF] = "s",
    [OV_CLR_TYPE_SPEC] = "b",
    [0x1c] = "2Osu",
    [OV_CLR_FIELD_RVA] = "4f",
    [0x1e] = "44",
    [0x1f] = "4",
    [OV_CLR_ASSEMBLY] = "422224bss",
    [0x21] = "4",
    [0x22] = "444",
    [OV_CLR_ASSEMBLY_REF] = "22224bssb",
    [0x24] = "4w",
    [0x25] = "444q",
    [0x26] = "4sb",
    [0x27] = "44ssI",
    [OV_CLR_MANIFEST_RESOURCE] = "44sJ",
    [OV_CLR_NESTED_CLASS] = "tt",
    [OV_CLR_GENERIC_PARAM] = "22Gs",
    [0x2b] = "Nb",
    [0x2c] = "nD",
};

/* An index has 4 bytes when one of these tables has too many rows for what the tag leaves of 2. */
static const struct {
    char column;
    uint8_t tag_bits;
    uint64_t tables;
} indices[] = {
    { 'f', 0, T(0x04) },
    { 'm', 0, T(0x06) },
    { 'p', 0, T(0x08) },
    { 't', 0, T(0x02) },
    { 'e', 0, T(0x14) },
    { 'y', 0, T(0x17) },
    { 'u', 0, T(0x1a) },
    { 'q', 0, T(0x23) },
    { 'w', 0, T(0x24) },
    { 'n', 0, T(0x2a) },
    { 'R', 2, T(0x00) | T(0x1a) | T(0x23) | T(0x01) },
    { 'D', 2, T(0x02) | T(0x01) | T(0x1b) },
    { 'P', 3, T(0x06) | T(0x1a) | T(0x01) | T(0x1b) },
    { 'C', 2, T(0x08) | T(0x04) | T(0x17) },
    { 'A', 5,
            T(0x06) | T(0x04) | T(0x01) | T(0x02) | T(0x08) | T(0x09) | T(0x0a) | T(0x00) | T(0x17)
                    | T(0x14) | T(0x11) | T(0x1a) | T(0x1b) | T(0x20) | T(0x23) | T(0x26) | T(0x27)
                    | T(0x28) | T(0x2a) | T(0x2c) | T(0x2b) },
    { 'T', 3, T(0x06) | T(0x0a) },
    { 'F', 1, T(0x04) | T(0x08) },
    { 'S', 2, T(0x02) | T(0x06) | T(0x20) },
    { 'M', 1, T(0x14) | T(0x17) },
    { 'N', 1, T(0x06) | T(0x0a) },
    { 'O', 1, T(0x04) | T(0x06) },
    { 'I', 2, T(0x26) | T(0x23) | T(0x27) },
    { 'J', 2, T(0x26) | T(0x23) },
    { 'G', 1, T(0x02) | T(0x06) },
};

static uint8_t index_bytes(const struct ov_clr *clr, unsigned tag_bits, uint64_t tables)
{
    for (unsigned table = 0; table < 64; table++) {
        if ((tables >> table & 1) != 0 && clr->claimed_rows[table] > 0xffffu >> tag_bits) {
            return 4;
        }
    }
    return 2;
}

static void set_widths(struct ov_clr *clr)
{
    clr->widths['2'] = 2;
    clr->widths['4'] = 4;
    clr->widths['s'] = clr->heap_flags & 1 ? 4 : 2;
    clr->widths['g'] = clr->heap_flags & 2 ? 4 : 2;
    clr->widths['b'] = clr->heap_flags & 4 ? 4 : 2;
    for (size_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
        clr->widths[(unsigned char)indices[i].column] =
                index_bytes(clr, indices[i].tag_bits, indices[i].tables);
    }
}

static uint32_t column_bytes(const struct ov_clr *clr, char column)
{
    return clr->widths[(unsigned char)column & 127];
}

uint32_t ov_clr_column_at(const struct ov_clr *clr, unsigned table, unsigned column)
{
    const char *shape = shapes[table];
    uint32_t at = 0;

    for (unsigned i = 0; i < column && shape[i] != 0; i++) {
        at += column_bytes(clr, shape[i]);
    }
    return at;
}

uint32_t ov_clr_row_bytes(const struct ov_clr *clr, unsigned table)
{
    if (table >= OV_CLR_TABLES || shapes[table] == NULL) {
        return 0;
    }
    return ov_clr_column_at(clr, table, (unsigned)strlen(shapes[table]));
}

uint32_t ov_clr_cell(const struct ov_clr *clr, unsigned table, uint64_t row_at, unsigned column)
{
    const uint64_t at = row_at + ov_clr_column_at(clr, table, column);

    return column_bytes(clr, shapes[table][column]) == 2 ? ov_image_u16le(&clr->pe.image, at)
                                                         : ov_image_u32le(&clr->pe.image, at);
}

bool ov_clr_row(const struct ov_clr *clr, unsigned table, uint32_t number, uint64_t *row_at)
{
    const struct ov_clr_table *t = &clr->tables[table];

    if (number < 1 || number > t->rows) {
        return false;
    }
    *row_at = t->at + (uint64_t)(number - 1) * t->row_bytes;
    return ov_image_has(&clr->pe.image, *row_at, t->row_bytes);
}

bool ov_clr_string(const struct ov_clr *clr, uint32_t index, struct ov_clr_part *out)
{
    const uint64_t at = clr->strings.at + index;
    uint64_t len;

    if (index >= clr->strings.size || !ov_image_has(&clr->pe.image, at, 1)
            || !ov_image_text_len(&clr->pe.image, at, at + OV_CLR_STRING_MAX + 1, &len)) {
        return false;
    }
    *out = (struct ov_clr_part){ .at = at, .len = len };
    return true;
}

bool ov_clr_blob(const struct ov_clr *clr, uint64_t at, struct ov_clr_part *out)
{
    const struct ov_image *image = &clr->pe.image;
    const uint8_t first = ov_image_u8(image, at);
    uint32_t head, len;

    if (!ov_image_has(image, at, 1)) {
        return false;
    }
    if ((first & 0x80) == 0) {
        head = 1;
        len = first;
    } else if ((first & 0xc0) == 0x80) {
        head = 2;
        len = (first & 0x3fu) << 8 | ov_image_u8(image, at + 1);
    } else if ((first & 0xe0) == 0xc0 && ov_image_has(image, at, 5)) {
        head = 4; /* YARA wants a byte behind it */
        len = ov_image_u32be(image, at) & 0x1fffffffu;
    } else {
        return false;
    }
    if (!ov_image_has(image, at, head) || !ov_image_has(image, at, (uint64_t)head + len)) {
        return false;
    }
    *out = (struct ov_clr_part){ .at = at + head, .len = len };
    return true;
}

/* II.25.3.3 and II.24.2.1. */
bool ov_clr_open(const struct ov_pe_layout *pe, struct ov_clr *clr)
{
    const struct ov_image *image = &pe->image;
    uint32_t address, size, version_bytes;
    uint64_t header, root;

    if (!ov_pe_directory(pe, OV_PE_DIRECTORY_CLR, &address, &size)
            || !ov_pe_offset(pe, address, &header) || !ov_image_has(image, header, CLI_HEADER_BYTES)
            || ov_image_u32le(image, header) != CLI_HEADER_BYTES
            || !ov_pe_offset(pe, ov_image_u32le(image, header + 8), &root)
            || !ov_image_has(image, root, METADATA_BYTES)
            || ov_image_u32le(image, root) != METADATA_MAGIC) {
        return false;
    }
    version_bytes = ov_image_u32le(image, root + 12);
    if (version_bytes == 0 || version_bytes > 255 || version_bytes % 4 != 0
            || !ov_image_has(image, root + METADATA_BYTES, version_bytes)
            || (pe->wide && ov_pe_directory_count(pe) < OV_PE_DIRECTORY_CLR)) {
        return false;
    }
    *clr = (struct ov_clr){
        .pe = *pe,
        .header = header,
        .root = root,
        .version = root + METADATA_BYTES,
        .version_bytes = version_bytes,
    };
    return true;
}

/* II.24.2.6. What is not there counts no rows. */
bool ov_clr_read_rows(struct ov_clr *clr)
{
    const struct ov_image *image = &clr->pe.image;
    const uint64_t at = clr->tables_stream.at;
    uint64_t next = at + TABLES_HEADER;

    if (!ov_image_has(image, at, TABLES_HEADER)) {
        return false;
    }
    clr->heap_flags = ov_image_u8(image, at + 6);
    clr->valid = ov_image_u64le(image, at + 8);
    for (unsigned table = 0; table < 64; table++) {
        if ((clr->valid >> table & 1) != 0) {
            clr->claimed_rows[table] = ov_image_u32le(image, next);
            next += 4;
        }
    }
    set_widths(clr);
    return true;
}
