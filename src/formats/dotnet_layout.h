/* SPDX-License-Identifier: Apache-2.0 */
/* dotnet_layout.h - .NET metadata in a PE file: streams, heaps and tables. For src/formats.
 *
 * ECMA-335, partition II, chapters 22 to 25. The shape of every table is a line of text, so that
 * row sizes and columns come from one place. */
#ifndef OV_FORMATS_DOTNET_LAYOUT_H
#define OV_FORMATS_DOTNET_LAYOUT_H

#include "formats/pe_layout.h"

/* Numbers of tables: bits of the stream's Valid field. */
enum {
    OV_CLR_MODULE = 0x00,
    OV_CLR_TYPE_REF = 0x01,
    OV_CLR_TYPE_DEF = 0x02,
    OV_CLR_METHOD_DEF = 0x06,
    OV_CLR_PARAM = 0x08,
    OV_CLR_INTERFACE_IMPL = 0x09,
    OV_CLR_MEMBER_REF = 0x0a,
    OV_CLR_CONSTANT = 0x0b,
    OV_CLR_CUSTOM_ATTRIBUTE = 0x0c,
    OV_CLR_MODULE_REF = 0x1a,
    OV_CLR_TYPE_SPEC = 0x1b,
    OV_CLR_FIELD_RVA = 0x1d,
    OV_CLR_ASSEMBLY = 0x20,
    OV_CLR_ASSEMBLY_REF = 0x23,
    OV_CLR_MANIFEST_RESOURCE = 0x28,
    OV_CLR_NESTED_CLASS = 0x29,
    OV_CLR_GENERIC_PARAM = 0x2a,
    OV_CLR_TABLES = 0x2d
};

#define OV_CLR_ROWS_MAX    15000u /* of one table: with more of them, YARA reads no further */
#define OV_CLR_STRING_MAX  1024u  /* bytes of a name */
#define OV_CLR_STREAM_NAME 32u

struct ov_clr_stream {
    bool there;
    uint64_t at; /* in the file */
    uint32_t size;
};

struct ov_clr_table {
    uint64_t at;
    uint32_t rows;
    uint32_t row_bytes;
};

struct ov_clr {
    struct ov_pe_layout pe;
    uint64_t header;  /* the CLI header */
    uint64_t root;    /* of the metadata */
    uint64_t version; /* text, and how many bytes it may take */
    uint32_t version_bytes;
    struct ov_clr_stream tables_stream, strings, blobs, guids, user_strings;
    uint8_t heap_flags;
    uint64_t valid;
    uint32_t claimed_rows[64];
    uint8_t widths[128];                       /* of a column, by its letter */
    struct ov_clr_table tables[OV_CLR_TABLES]; /* as far as they were walked */
};

/* Bytes of the file. */
struct ov_clr_part {
    uint64_t at;
    uint64_t len;
};

/* False: a PE file without .NET metadata. */
OV_MUST_CHECK bool ov_clr_open(const struct ov_pe_layout *pe, struct ov_clr *clr);

/* Reads the header of the tables' stream. False: it does not lie in the file. */
OV_MUST_CHECK bool ov_clr_read_rows(struct ov_clr *clr);

/* How a row of a table looks under these rows and heaps. 0: no such table. */
uint32_t ov_clr_row_bytes(const struct ov_clr *clr, unsigned table);
/* Where in a row a column begins, and what it holds. */
uint32_t ov_clr_column_at(const struct ov_clr *clr, unsigned table, unsigned column);
uint32_t ov_clr_cell(const struct ov_clr *clr, unsigned table, uint64_t row_at, unsigned column);

/* A row by its number, from 1. False: there is none, or it does not lie in the file whole. */
OV_MUST_CHECK bool ov_clr_row(
        const struct ov_clr *clr, unsigned table, uint32_t number, uint64_t *row_at);

/* A name in the heap of strings. False: it begins outside, does not end, or is too long. */
OV_MUST_CHECK bool ov_clr_string(const struct ov_clr *clr, uint32_t index, struct ov_clr_part *out);

/* An entry of the heaps of blobs and user strings (II.24.2.4). False: it does not lie in the file. */
OV_MUST_CHECK bool ov_clr_blob(const struct ov_clr *clr, uint64_t at, struct ov_clr_part *out);

#endif
