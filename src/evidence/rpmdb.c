/* SPDX-License-Identifier: Apache-2.0 */
/* rpmdb.c - RPM's databases: SQLite (Fedora 33, RHEL 9), NDB (SUSE), Berkeley DB hashes (RHEL 8 and
 * before). Whatever the file, its values are headers, and rpm.c reads those.
 *
 * Of Berkeley DB ("dbinc/db_page.h") only what Packages uses is read: a hash table whose large
 * values lie in chains of overflow pages. Pages are gone through as they lie, not as the table
 * would find them, so an entry that no bucket leads to is read as well: too much rather than too
 * little. Of NDB ("lib/backend/ndb/rpmpkg.c") every slot that is in use. */
#include "base/checked.h"
#include "evidence/readers.h"
#include "evidence/sqlite.h"

#define HEADER_BYTES_MAX (64u * OV_MIB)

/* --- SQLite --------------------------------------------------------------------------------- */

struct packages {
    struct ov_evidence *e;
    unsigned column;
};

static void on_package(void *payload, const struct ov_sqlite_row *row)
{
    const struct packages *p = payload;

    ov_read_rpm_header(p->e, ov_sqlite_bytes(row, p->column));
}

static void read_sqlite(struct ov_evidence *e, const struct ov_sqlite *db)
{
    struct packages p = { .e = e };
    struct ov_sqlite_table table;

    if (db->cut) {
        ov_tell_gap(e, OV_REASON_CUT, "the RPM database is shorter than it says");
    }
    if (!ov_sqlite_find(e, db, "Packages", &table)) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "no table of packages in the RPM database");
    } else if (!ov_sqlite_column_of(&table, "blob", &p.column)) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED, "the RPM database keeps its packages otherwise");
    } else {
        ov_sqlite_rows(e, db, table.root, on_package, &p);
    }
    ov_sqlite_table_done(&table);
}

/* --- NDB ------------------------------------------------------------------------------------ */

#define NDB_MAGIC      0x506d7052u /* "RpmP" */
#define NDB_SLOT       0x746f6c53u /* "Slot" */
#define NDB_BLOB       0x53626c42u /* "BlbS" */
#define NDB_BLOB_END   0x45626c42u /* "BlbE" */
#define NDB_PAGE_BYTES 4096u
#define NDB_SLOT_BYTES 16u
#define NDB_BLOCK      16u

static bool read_slot(struct ov_evidence *e, struct ov_bytes bytes, uint64_t at)
{
    uint32_t magic, number, block, blocks, blob_magic, blob_number, blob_bytes, end;
    struct ov_bytes header;
    uint64_t blob;

    if (!ov_u32_at(bytes, at, &magic) || magic != NDB_SLOT || !ov_u32_at(bytes, at + 4, &number)
            || !ov_u32_at(bytes, at + 8, &block) || !ov_u32_at(bytes, at + 12, &blocks)) {
        return false;
    }
    if (number == 0) {
        return true; /* free */
    }
    blob = (uint64_t)block * NDB_BLOCK;
    if (!ov_u32_at(bytes, blob, &blob_magic) || blob_magic != NDB_BLOB
            || !ov_u32_at(bytes, blob + 4, &blob_number) || blob_number != number
            || !ov_u32_at(bytes, blob + 12, &blob_bytes)
            || !ov_bytes_slice(bytes, blob + 16, blob_bytes, &header)
            || !ov_u32_at(bytes, blob + (uint64_t)blocks * NDB_BLOCK - 4, &end)
            || end != NDB_BLOB_END) {
        return false;
    }
    ov_read_rpm_header(e, header);
    return true;
}

static void read_ndb(struct ov_evidence *e, struct ov_bytes bytes)
{
    uint32_t version, pages;
    uint64_t end;
    bool good = true;

    if (!ov_u32_at(bytes, 4, &version) || !ov_u32_at(bytes, 12, &pages)) {
        ov_tell_gap(e, OV_REASON_CUT, "the RPM database is cut short");
        return;
    }
    if (version != 0) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED, "an RPM database in NDB form of another version");
        return;
    }
    end = (uint64_t)pages * NDB_PAGE_BYTES;
    /* The first two slots' room is the file's header. */
    for (uint64_t at = 2ull * NDB_SLOT_BYTES;
            at < end && at < ov_bytes_len(bytes) && ov_evidence_step(e, 1); at += NDB_SLOT_BYTES) {
        good = read_slot(e, bytes, at) && good;
    }
    if (!good || end > ov_bytes_len(bytes)) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "slots of the RPM database make no sense");
    }
}

/* --- Berkeley DB ---------------------------------------------------------------------------- */

#define BDB_HASH       0x00061561u
#define BDB_BTREE      0x00053162u
#define BDB_PAGE_HEAD  26u
#define BDB_OVERFLOW   7u
#define BDB_META_HASH  8u
#define BDB_HASH_PAGE  13u
#define BDB_UNSORTED   2u
#define BDB_KEY_DATA   1u
#define BDB_OFF_PAGE   3u
#define BDB_INSTANCE   4u /* bytes of a package's number, and of the counter under number 0 */
#define BDB_ITEM_BYTES 12u
#define BDB_CHECKSUMS  1u

struct bdb {
    struct ov_evidence *e;
    struct ov_bytes bytes;
    uint32_t page_bytes;
    bool swapped; /* written on a machine of the other byte order */
    bool damaged;
};

static bool bdb_u32(const struct bdb *b, struct ov_bytes in, uint64_t at, uint32_t *out)
{
    return b->swapped ? ov_u32be_at(in, at, out) : ov_u32_at(in, at, out);
}

static bool bdb_u16(const struct bdb *b, struct ov_bytes in, uint64_t at, uint16_t *out)
{
    return b->swapped ? ov_u16be_at(in, at, out) : ov_u16_at(in, at, out);
}

static bool bdb_page(const struct bdb *b, uint32_t number, struct ov_bytes *page, uint8_t *type)
{
    struct ov_reader r;

    if (!ov_bytes_slice(b->bytes, (uint64_t)number * b->page_bytes, b->page_bytes, page)) {
        return false;
    }
    r = ov_reader_on(*page);
    return ov_read_skip(&r, BDB_PAGE_HEAD - 1) && ov_read_u8(&r, type);
}

/* A value in a chain of overflow pages. */
static bool read_chain(struct bdb *b, uint32_t page_number, uint32_t value_bytes)
{
    struct ov_buf value;
    uint64_t left = value_bytes;
    bool good = value_bytes <= HEADER_BYTES_MAX;

    ov_buf_init(&value, HEADER_BYTES_MAX);
    while (good && left > 0) { /* each turn takes a byte at least */
        struct ov_bytes page, part;
        uint16_t here;
        uint8_t type;

        good = ov_evidence_step(b->e, 1 + b->page_bytes / 64)
               && bdb_page(b, page_number, &page, &type) && type == BDB_OVERFLOW
               && bdb_u16(b, page, 22, &here) && here != 0 && here <= left
               && ov_bytes_slice(page, BDB_PAGE_HEAD, here, &part)
               && bdb_u32(b, page, 16, &page_number);
        if (good) {
            ov_buf_put(&value, ov_bytes_raw(part), here);
            left -= here;
        }
    }
    good = good && ov_buf_ok(&value);
    if (good) {
        ov_read_rpm_header(b->e, ov_buf_bytes(&value));
    }
    ov_buf_done(&value);
    return good;
}

/* The value with this number of a hash page; it ends where the one before it begins. */
static bool read_value(struct bdb *b, struct ov_bytes page, uint16_t index)
{
    uint16_t at, end = 0;
    uint32_t chain, value_bytes;
    struct ov_bytes item, value;
    struct ov_reader r;
    uint8_t type;

    if (!bdb_u16(b, page, BDB_PAGE_HEAD + 2ull * index, &at)
            || !bdb_u16(b, page, BDB_PAGE_HEAD + 2ull * (index - 1u), &end) || end <= at
            || !ov_bytes_slice(page, at, (uint64_t)(end - at), &item)) {
        return false;
    }
    r = ov_reader_on(item);
    if (!ov_read_u8(&r, &type)) {
        return false;
    }
    if (type == BDB_KEY_DATA) {
        value = ov_text_behind(item, 1);
        if (ov_bytes_len(value) > BDB_INSTANCE) {
            ov_read_rpm_header(b->e, value);
        }
        return true;
    }
    return type == BDB_OFF_PAGE && ov_bytes_len(item) >= BDB_ITEM_BYTES
           && bdb_u32(b, item, 4, &chain) && bdb_u32(b, item, 8, &value_bytes)
           && read_chain(b, chain, value_bytes);
}

static bool read_hash_page(struct bdb *b, struct ov_bytes page)
{
    uint16_t entries;
    bool good = true;

    if (!bdb_u16(b, page, 20, &entries)) {
        return false;
    }
    /* Keys and values in turn. */
    for (uint32_t i = 1; i < entries && ov_evidence_step(b->e, 1); i += 2) {
        good = read_value(b, page, (uint16_t)i) && good;
    }
    return good;
}

static void read_bdb(struct ov_evidence *e, struct ov_bytes bytes, bool swapped)
{
    struct bdb b = { .e = e, .bytes = bytes, .swapped = swapped };
    struct ov_reader r = ov_reader_on(bytes);
    uint32_t last;
    uint8_t encrypted, type, flags;

    if (!bdb_u32(&b, bytes, 20, &b.page_bytes) || !bdb_u32(&b, bytes, 32, &last)
            || !ov_read_skip(&r, 24) || !ov_read_u8(&r, &encrypted) || !ov_read_u8(&r, &type)
            || !ov_read_u8(&r, &flags)) {
        ov_tell_gap(e, OV_REASON_CUT, "the RPM database is cut short");
        return;
    }
    if (encrypted != 0) {
        ov_tell_gap(e, OV_REASON_ENCRYPTED, "an encrypted RPM database");
        return;
    }
    if ((flags & BDB_CHECKSUMS) != 0) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED, "an RPM database with checksums in its pages");
        return;
    }
    if (type != BDB_META_HASH || b.page_bytes < 512 || b.page_bytes > 65536
            || (b.page_bytes & (b.page_bytes - 1)) != 0) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "the RPM database's first page makes no sense");
        return;
    }
    for (uint32_t i = 1; ov_bytes_len(bytes) / b.page_bytes > i && ov_evidence_step(e, 1); i++) {
        struct ov_bytes page;

        if (bdb_page(&b, i, &page, &type) && (type == BDB_HASH_PAGE || type == BDB_UNSORTED)) {
            b.damaged = !read_hash_page(&b, page) || b.damaged;
        }
    }
    if (b.damaged || ov_bytes_len(bytes) / b.page_bytes <= last) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "the RPM database is damaged or cut short");
    }
}

void ov_read_rpmdb(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct ov_sqlite sqlite;
    uint32_t magic, bdb = 0;

    if (ov_sqlite_open(bytes, &sqlite)) {
        read_sqlite(e, &sqlite);
        return;
    }
    if (!ov_u32_at(bytes, 0, &magic) || !ov_u32_at(bytes, 12, &bdb)) {
        ov_tell_gap(e, OV_REASON_CUT, "the RPM database is cut short");
        return;
    }
    if (magic == NDB_MAGIC) {
        read_ndb(e, bytes);
    } else if (bdb == BDB_HASH || __builtin_bswap32(bdb) == BDB_HASH) {
        read_bdb(e, bytes, bdb != BDB_HASH);
    } else if (bdb == BDB_BTREE || __builtin_bswap32(bdb) == BDB_BTREE) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED, "an RPM database as a B-tree of Berkeley DB");
    } else {
        ov_tell_gap(e, OV_REASON_DAMAGED, "not an RPM database of a kind that is known");
    }
}
