/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite.c - "Database File Format" of sqlite.org: pages, table b-trees (1.6), records (2.1). No
 * page number is believed; every page of a table is entered once, so a tree that leads back into
 * itself ends when the file's pages are used up. */
#include "evidence/sqlite.h"

#include <string.h>
#include <strings.h>

#include "base/checked.h"

#define HEADER_BYTES  100u
#define PAGE_INTERIOR 5u
#define PAGE_LEAF     13u
#define LEVELS_MAX    20u /* SQLite's own limit */
#define RECORD_MAX    (64u * OV_MIB)
#define SERIAL_BLOB   12u
#define SERIAL_TEXT   13u
#define COLUMN_ROOT   3u /* of sqlite_schema: type, name, tbl_name, rootpage, sql */
#define COLUMN_SQL    4u
#define COLUMNS_MAX   2000u
#define SQL_BYTES_MAX (64u * OV_KIB)

bool ov_sqlite_open(struct ov_bytes bytes, struct ov_sqlite *out)
{
    static const char magic[16] = "SQLite format 3";
    struct ov_sqlite db = { .bytes = bytes };
    struct ov_reader r = ov_reader_on(bytes);
    struct ov_bytes head;
    uint32_t encoding, pages;
    uint16_t page_bytes;
    uint8_t reserved;

    if (!ov_read_bytes(&r, sizeof(magic), &head) || !ov_bytes_equal(head, magic, sizeof(magic))
            || !ov_u16be_at(bytes, 16, &page_bytes) || !ov_read_skip(&r, 4)
            || !ov_read_u8(&r, &reserved) || !ov_u32be_at(bytes, 28, &pages)
            || !ov_u32be_at(bytes, 56, &encoding)) {
        return false;
    }
    db.page_bytes = page_bytes == 1 ? 65536u : page_bytes;
    if (db.page_bytes < 512 || (db.page_bytes & (db.page_bytes - 1)) != 0
            || reserved > db.page_bytes - 480 || encoding > 1) { /* 0: nothing in it yet */
        return false;
    }
    db.usable_bytes = db.page_bytes - reserved;
    db.pages = ov_bytes_len(bytes) / db.page_bytes;
    db.cut = db.pages < pages;
    *out = db;
    return true;
}

/* --- pages and records ---------------------------------------------------------------------- */

static bool page_of(const struct ov_sqlite *db, uint32_t number, struct ov_bytes *out)
{
    return number != 0
           && ov_bytes_slice(
                   db->bytes, (uint64_t)(number - 1) * db->page_bytes, db->usable_bytes, out);
}

/* Seven bits a byte, the high bit says more; the ninth has eight. */
static bool read_varint(struct ov_reader *r, uint64_t *out)
{
    uint64_t v = 0;
    uint8_t c;

    for (unsigned i = 0; i < 9; i++) {
        if (!ov_read_u8(r, &c)) {
            return false;
        }
        if (i == 8) {
            *out = v << 8 | c;
            return true;
        }
        v = v << 7 | (c & 0x7fu);
        if ((c & 0x80u) == 0) {
            break;
        }
    }
    *out = v;
    return true;
}

struct walk {
    struct ov_evidence *e;
    const struct ov_sqlite *db;
    ov_sqlite_fn fn;
    void *payload;
    struct ov_buf record;
    uint64_t pages_left;
    const char *wrong; /* why it does not go on; NULL: it does */
};

/* What does not fit on its page goes on in a chain of pages. */
static bool put_overflow(struct walk *w, uint32_t page_number, uint64_t left)
{
    while (left > 0) { /* each turn takes at least one byte, as usable pages have over 480 */
        struct ov_bytes page, part;
        const uint64_t room = w->db->usable_bytes - 4;
        const uint64_t len = left < room ? left : room;

        if (!ov_evidence_step(w->e, 1 + len / 64) || !page_of(w->db, page_number, &page)
                || !ov_u32be_at(page, 0, &page_number) || !ov_bytes_slice(page, 4, len, &part)) {
            return false;
        }
        ov_buf_put(&w->record, ov_bytes_raw(part), (size_t)len);
        left -= len;
    }
    return ov_buf_ok(&w->record);
}

/* How much of a payload stays in the leaf (1.6, "cell payload overflow"). */
static uint64_t local_bytes(uint64_t usable, uint64_t payload)
{
    const uint64_t most = usable - 35, least = (usable - 12) * 32 / 255 - 23;
    const uint64_t fitting = least + (payload - least) % (usable - 4);

    return payload <= most ? payload : fitting <= most ? fitting : least;
}

static bool give_row(struct walk *w, struct ov_bytes record)
{
    struct ov_reader r = ov_reader_on(record);
    struct ov_sqlite_row row;
    uint64_t header_bytes, skipped;

    if (!read_varint(&r, &header_bytes)) {
        return false;
    }
    skipped = ov_bytes_len(record) - ov_reader_left(&r);
    if (header_bytes < skipped || header_bytes > ov_bytes_len(record)
            || !ov_bytes_slice(record, skipped, header_bytes - skipped, &row.header)) {
        return false;
    }
    row.values = ov_text_behind(record, header_bytes);
    w->fn(w->payload, &row);
    return true;
}

static bool read_leaf_cell(struct walk *w, struct ov_bytes page, uint16_t at)
{
    const struct ov_bytes cell = ov_text_behind(page, at);
    struct ov_reader r = ov_reader_on(cell);
    uint64_t payload, row_id, local;
    struct ov_bytes here;
    uint32_t next;

    if (!read_varint(&r, &payload) || !read_varint(&r, &row_id) || payload > RECORD_MAX) {
        return false;
    }
    local = local_bytes(w->db->usable_bytes, payload);
    if (!ov_read_bytes(&r, local, &here)) {
        return false;
    }
    if (local == payload) {
        return give_row(w, here);
    }
    if (!ov_u32be_at(cell, ov_bytes_len(cell) - ov_reader_left(&r), &next)) {
        return false;
    }
    ov_buf_clear(&w->record);
    ov_buf_put(&w->record, ov_bytes_raw(here), (size_t)local);
    return put_overflow(w, next, payload - local) && give_row(w, ov_buf_bytes(&w->record));
}

/* --- the tree ------------------------------------------------------------------------------- */

struct level {
    struct ov_bytes page;
    uint32_t right;
    uint16_t cells, next;
    uint8_t head_bytes; /* up to the cells' places */
    uint8_t before;     /* of the file's header, on page 1 */
    bool is_leaf, ended;
};

static bool enter(struct walk *w, uint32_t number, struct level *out)
{
    const uint8_t before = number == 1 ? HEADER_BYTES : 0;
    struct level level = { .before = before };
    struct ov_reader r;
    uint8_t type;

    if (w->pages_left == 0 || !page_of(w->db, number, &level.page)) {
        return false;
    }
    w->pages_left--;
    r = ov_reader_on(level.page);
    if (!ov_read_skip(&r, before) || !ov_read_u8(&r, &type)
            || (type != PAGE_INTERIOR && type != PAGE_LEAF)
            || !ov_u16be_at(level.page, before + 3u, &level.cells)) {
        return false;
    }
    level.is_leaf = type == PAGE_LEAF;
    level.head_bytes = level.is_leaf ? 8 : 12;
    if (!level.is_leaf && !ov_u32be_at(level.page, before + 8u, &level.right)) {
        return false;
    }
    *out = level;
    return true;
}

/* The next cell of a page; of an interior one *child, the rightmost last. False: no more, and the
 * page has ended. */
static bool next_cell(struct walk *w, struct level *level, uint32_t *child)
{
    uint16_t at;

    level->ended = true;
    if (level->next > level->cells || (level->is_leaf && level->next == level->cells)) {
        return false;
    }
    if (!ov_evidence_step(w->e, 1)) {
        w->wrong = ""; /* told */
        return false;
    }
    if (level->next == level->cells) {
        *child = level->right;
    } else if (!ov_u16be_at(level->page, level->before + level->head_bytes + 2u * level->next, &at)
               || (level->is_leaf && !read_leaf_cell(w, level->page, at))
               || (!level->is_leaf && !ov_u32be_at(level->page, at, child))) {
        w->wrong = "a page of the database makes no sense";
        return false;
    }
    level->next++;
    level->ended = false;
    return true;
}

static void walk_tree(struct walk *w, uint32_t root)
{
    struct level levels[LEVELS_MAX];
    unsigned depth = 0;
    uint32_t child = root;
    bool descend = true;

    for (;;) { /* each turn enters a page, of which there are so many, or takes a cell */
        if (descend) {
            if (depth == LEVELS_MAX || !enter(w, child, &levels[depth])) {
                w->wrong = "a page of the database is not there, or is no page of a table";
                return;
            }
            depth++;
        }
        descend = next_cell(w, &levels[depth - 1], &child) && !levels[depth - 1].is_leaf;
        if (!descend && levels[depth - 1].ended && (w->wrong != NULL || --depth == 0)) {
            return;
        }
    }
}

void ov_sqlite_rows(struct ov_evidence *e, const struct ov_sqlite *db, uint32_t root,
        ov_sqlite_fn fn, void *payload)
{
    struct walk w = { .e = e, .db = db, .fn = fn, .payload = payload, .pages_left = db->pages };

    ov_buf_init(&w.record, RECORD_MAX);
    walk_tree(&w, root);
    if (w.wrong != NULL && w.wrong[0] != '\0') {
        ov_tell_gap(e, OV_REASON_DAMAGED, w.wrong);
    }
    ov_buf_done(&w.record);
}

/* --- columns -------------------------------------------------------------------------------- */

static uint64_t bytes_of_serial(uint64_t serial)
{
    static const uint8_t fixed[12] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };

    return serial < SERIAL_BLOB ? fixed[serial] : (serial - SERIAL_BLOB) / 2;
}

static bool value_of(
        const struct ov_sqlite_row *row, unsigned column, uint64_t *serial, struct ov_bytes *value)
{
    struct ov_reader r = ov_reader_on(row->header), values = ov_reader_on(row->values);

    for (unsigned i = 0; i <= column; i++) {
        if (!read_varint(&r, serial) || !ov_read_bytes(&values, bytes_of_serial(*serial), value)) {
            return false;
        }
    }
    return true;
}

struct ov_bytes ov_sqlite_bytes(const struct ov_sqlite_row *row, unsigned column)
{
    struct ov_bytes value;
    uint64_t serial;

    return column < COLUMNS_MAX && value_of(row, column, &serial, &value) && serial >= SERIAL_BLOB
                   ? value
                   : ov_bytes_of(NULL, 0);
}

bool ov_sqlite_number(const struct ov_sqlite_row *row, unsigned column, uint32_t *out)
{
    struct ov_bytes value;
    struct ov_reader r;
    uint64_t serial;
    uint32_t v = 0;
    uint8_t c;

    if (column >= COLUMNS_MAX || !value_of(row, column, &serial, &value)) {
        return false;
    }
    if (serial == 8 || serial == 9) {
        *out = (uint32_t)(serial - 8);
        return true;
    }
    if (serial == 0 || serial > 4) {
        return false;
    }
    r = ov_reader_on(value);
    while (ov_read_u8(&r, &c)) {
        v = v << 8 | c;
    }
    *out = v;
    return true;
}

/* --- the schema ----------------------------------------------------------------------------- */

struct search {
    const char *name;
    struct ov_sqlite_table *table;
    bool found;
};

static void on_schema(void *payload, const struct ov_sqlite_row *row)
{
    struct search *search = payload;
    const struct ov_bytes sql = ov_sqlite_bytes(row, COLUMN_SQL);

    if (!search->found && ov_text_is(ov_sqlite_bytes(row, 0), "table")
            && ov_text_is(ov_sqlite_bytes(row, 1), search->name)
            && ov_sqlite_number(row, COLUMN_ROOT, &search->table->root)) {
        ov_buf_put(&search->table->sql, ov_bytes_raw(sql), (size_t)ov_bytes_len(sql));
        search->found = true;
    }
}

bool ov_sqlite_find(struct ov_evidence *e, const struct ov_sqlite *db, const char *name,
        struct ov_sqlite_table *out)
{
    struct search search = { .name = name, .table = out };

    out->root = 0;
    ov_buf_init(&out->sql, SQL_BYTES_MAX);
    ov_sqlite_rows(e, db, 1, on_schema, &search);
    return search.found;
}

void ov_sqlite_table_done(struct ov_sqlite_table *table)
{
    ov_buf_done(&table->sql);
}

static bool is_name_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/* "CREATE TABLE x (a INTEGER, b TEXT(9), ...)": the first word behind the opening bracket and behind
 * each comma that is in no other. */
bool ov_sqlite_column_of(const struct ov_sqlite_table *table, const char *name, unsigned *out)
{
    const struct ov_bytes sql = ov_buf_bytes(&table->sql);
    const uint8_t *raw = ov_bytes_raw(sql);
    const uint64_t len = ov_bytes_len(sql);
    unsigned column = 0, depth = 0;
    bool at_name = false;

    for (uint64_t i = 0; i < len; i++) {
        if (raw[i] == '(') {
            at_name = depth++ == 0;
        } else if (raw[i] == ')') {
            depth -= depth > 0;
        } else if (raw[i] == ',' && depth == 1) {
            column++;
            at_name = true;
        } else if (at_name && is_name_byte(raw[i])) {
            uint64_t end = i;

            while (end < len && is_name_byte(raw[end])) {
                end++;
            }
            if (end - i == strlen(name)
                    && strncasecmp((const char *)raw + i, name, (size_t)(end - i)) == 0) {
                *out = column;
                return true;
            }
            at_name = false;
            i = end - 1;
        }
    }
    return false;
}
