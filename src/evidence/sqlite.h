/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite.h - rows of a table in an SQLite file, bounded. SQLite itself stays out of the jail's
 * workers; and a database in a layer of an image, in an archive, has no file that it could open.
 *
 * Only ordinary tables are read, front to back. A schema is text here: it says which columns there
 * are, and nothing in it is ever run. */
#ifndef OV_EVIDENCE_SQLITE_H
#define OV_EVIDENCE_SQLITE_H

#include "evidence/tell.h"

struct ov_sqlite {
    struct ov_bytes bytes;
    uint32_t page_bytes;
    uint32_t usable_bytes; /* of a page */
    uint64_t pages;        /* whole ones that are there */
    bool cut;              /* it says that it has more */
};

struct ov_sqlite_table {
    uint32_t root;
    struct ov_buf sql; /* "CREATE TABLE ..." */
};

struct ov_sqlite_row {
    struct ov_bytes header, values; /* of the record */
};

/* False: not an SQLite database, or one whose text is not UTF-8. */
OV_MUST_CHECK bool ov_sqlite_open(struct ov_bytes bytes, struct ov_sqlite *out);

/* False: there is no such table (or the schema is damaged, which is told). ov_sqlite_table_done
 * either way. */
OV_MUST_CHECK bool ov_sqlite_find(struct ov_evidence *e, const struct ov_sqlite *db,
        const char *name, struct ov_sqlite_table *out);
void ov_sqlite_table_done(struct ov_sqlite_table *table);

/* Which place a column has. False: none of that name. */
OV_MUST_CHECK bool ov_sqlite_column_of(
        const struct ov_sqlite_table *table, const char *name, unsigned *out);

/* Calls `fn` with each row; what cannot be followed is told as a gap. A row is lent for the call. */
typedef void (*ov_sqlite_fn)(void *payload, const struct ov_sqlite_row *row);
void ov_sqlite_rows(struct ov_evidence *e, const struct ov_sqlite *db, uint32_t root,
        ov_sqlite_fn fn, void *payload);

/* A text's or blob's bytes; empty for what is neither or not there. */
struct ov_bytes ov_sqlite_bytes(const struct ov_sqlite_row *row, unsigned column);
/* A small integer. False: it is none. */
OV_MUST_CHECK bool ov_sqlite_number(
        const struct ov_sqlite_row *row, unsigned column, uint32_t *out);

#endif
