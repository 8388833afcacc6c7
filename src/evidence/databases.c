/* SPDX-License-Identifier: Apache-2.0 */
/* databases.c - what other databases in SQLite form say of installed software: FreeBSD's packages,
 * what winget installed, and what macOS was told to allow. Which one it is, its tables say. */
#include "evidence/readers.h"
#include "evidence/sqlite.h"

#define COLUMNS 4u

struct rows {
    struct ov_evidence *e;
    unsigned columns[COLUMNS];
    bool has[COLUMNS];
};

static struct ov_bytes column(
        const struct rows *rows, const struct ov_sqlite_row *row, unsigned which)
{
    return rows->has[which] ? ov_sqlite_bytes(row, rows->columns[which]) : ov_bytes_of(NULL, 0);
}

static void on_pkg(void *payload, const struct ov_sqlite_row *row)
{
    const struct rows *rows = payload;
    struct ov_buf more;

    ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX);
    ov_parts_add(&more, column(rows, row, 1));
    ov_parts_add(&more, column(rows, row, 2));
    ov_parts_add(&more, column(rows, row, 3));
    ov_tell_number(rows->e, OV_TRACE_PACKAGE,
            OV_PACKAGE_NUMBER(OV_MANAGER_FREEBSD, OV_PACKAGE_INSTALLED), column(rows, row, 0),
            ov_buf_bytes(&more));
    ov_buf_done(&more);
}

static void on_winget(void *payload, const struct ov_sqlite_row *row)
{
    const struct rows *rows = payload;
    struct ov_buf more;

    ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX);
    for (int i = 0; i < 4; i++) { /* name, version, publisher, place */
        ov_parts_add(&more, ov_bytes_of(NULL, 0));
    }
    ov_parts_add(&more, column(rows, row, 0));
    ov_tell(rows->e, OV_TRACE_PROGRAM, column(rows, row, 0), ov_buf_bytes(&more));
    ov_buf_done(&more);
}

/* Who was once allowed to load an extension of the kernel: a team, and its bundle. */
static void on_kext(void *payload, const struct ov_sqlite_row *row)
{
    const struct rows *rows = payload;
    struct ov_buf more;

    ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX);
    ov_parts_add(&more, column(rows, row, 1));
    ov_tell_number(
            rows->e, OV_TRACE_TEAM, OV_TRACE_LEFT, column(rows, row, 0), ov_buf_bytes(&more));
    ov_buf_clear(&more);
    ov_parts_add(&more, ov_bytes_of(NULL, 0));
    ov_tell_number(
            rows->e, OV_TRACE_BUNDLE, OV_TRACE_LEFT, column(rows, row, 1), ov_buf_bytes(&more));
    ov_buf_done(&more);
}

/* Which bundle was allowed what (camera, whole disk). */
static void on_tcc(void *payload, const struct ov_sqlite_row *row)
{
    const struct rows *rows = payload;
    struct ov_buf more;

    ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX);
    ov_parts_add(&more, ov_bytes_of(NULL, 0));
    ov_tell_number(
            rows->e, OV_TRACE_BUNDLE, OV_TRACE_LEFT, column(rows, row, 0), ov_buf_bytes(&more));
    ov_buf_done(&more);
}

/* The tables that are known. Every one that a database has is read. */
static const struct {
    const char *table;
    const char *columns[COLUMNS]; /* NULL: no more. The first must be there */
    ov_sqlite_fn fn;
} tables[] = {
    { "packages", { "name", "version", "arch", "maintainer" }, on_pkg },
    { "ids", { "id" }, on_winget },
    { "kext_policy", { "team_id", "bundle_id" }, on_kext },
    { "kext_load_history_v3", { "team_id", "bundle_id" }, on_kext },
    { "access", { "client" }, on_tcc },
};

static void read_table(struct ov_evidence *e, const struct ov_sqlite *db,
        const struct ov_sqlite_table *table, size_t which)
{
    struct rows rows = { .e = e };

    for (unsigned i = 0; i < COLUMNS && tables[which].columns[i] != NULL; i++) {
        rows.has[i] = ov_sqlite_column_of(table, tables[which].columns[i], &rows.columns[i]);
    }
    /* winget's later form has its identifiers in a table named as FreeBSD's. */
    if (tables[which].fn == on_pkg && !rows.has[1]) {
        rows.has[0] = ov_sqlite_column_of(table, "id", &rows.columns[0]);
        ov_sqlite_rows(e, db, table->root, on_winget, &rows);
    } else if (rows.has[0]) {
        ov_sqlite_rows(e, db, table->root, tables[which].fn, &rows);
    }
}

void ov_read_database(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct ov_sqlite db;
    unsigned known = 0;

    if (!ov_sqlite_open(bytes, &db)) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "not an SQLite database that can be read");
        return;
    }
    if (db.cut) {
        ov_tell_gap(e, OV_REASON_CUT, "the database is shorter than it says");
    }
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        struct ov_sqlite_table table;

        if (ov_sqlite_find(e, &db, tables[i].table, &table)) {
            read_table(e, &db, &table, i);
            known++;
        }
        ov_sqlite_table_done(&table);
    }
    if (known == 0) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED, "a database without any table that is known");
    }
}
