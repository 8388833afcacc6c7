/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - one row a log in SQLite. A cosignature leaves this program only after the row that it
 * stands for is on the disk: synchronous=FULL, and the row changes only if it still is what the
 * decision was made on. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "programs/witness/witness.h"
#include "trust/line.h"

static bool fail(struct witness *w, const char *what)
{
    complain(what, sqlite3_errmsg(w->state));
    return false;
}

bool state_open(struct witness *w, const char *path)
{
    static const char schema[] =
            "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA locking_mode=NORMAL;"
            "CREATE TABLE IF NOT EXISTS logs (origin TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
            " size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL) STRICT;";

    if (sqlite3_open_v2(path, &w->state, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL)
            != SQLITE_OK) {
        return fail(w, path);
    }
    (void)sqlite3_busy_timeout(w->state, 5000);
    return sqlite3_exec(w->state, schema, NULL, NULL, NULL) == SQLITE_OK || fail(w, path);
}

bool state_last(void *witness, struct ov_bytes origin, struct ov_witnessed *out)
{
    struct witness *w = witness;
    sqlite3_stmt *s = NULL;
    bool good = sqlite3_prepare_v2(
                        w->state, "SELECT size, root FROM logs WHERE origin = ?", -1, &s, NULL)
                == SQLITE_OK;
    int got;

    *out = (struct ov_witnessed){ .size = 0 };
    good = good
           && sqlite3_bind_text(s, 1, (const char *)ov_bytes_raw(origin), (int)ov_bytes_len(origin),
                      SQLITE_STATIC)
                      == SQLITE_OK;
    got = good ? sqlite3_step(s) : SQLITE_ERROR;
    if (got == SQLITE_ROW) {
        good = sqlite3_column_bytes(s, 1) == OV_HASH_BYTES && sqlite3_column_int64(s, 0) >= 0;
        if (good) {
            out->size = (uint64_t)sqlite3_column_int64(s, 0);
            memcpy(out->root.b, sqlite3_column_blob(s, 1), OV_HASH_BYTES);
        }
    }
    good = good && (got == SQLITE_ROW || got == SQLITE_DONE);
    (void)sqlite3_finalize(s);
    return good || fail(w, "state");
}

bool state_note(struct witness *w, const char *origin_sha256_hex, struct ov_buf *out)
{
    sqlite3_stmt *s = NULL;
    bool good = sqlite3_prepare_v2(w->state, "SELECT note FROM logs WHERE id = ?", -1, &s, NULL)
                        == SQLITE_OK
                && sqlite3_bind_text(s, 1, origin_sha256_hex, -1, SQLITE_STATIC) == SQLITE_OK
                && sqlite3_step(s) == SQLITE_ROW;

    if (good) {
        ov_buf_put(out, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
    }
    (void)sqlite3_finalize(s);
    return good;
}

static bool origin_id(struct ov_bytes origin, char hex[2 * OV_HASH_BYTES + 1])
{
    uint8_t digest[OV_DIGEST_BYTES_MAX];

    if (!ov_digest_of(OV_DIGEST_SHA256, origin, digest)) {
        return false;
    }
    for (size_t i = 0; i < OV_HASH_BYTES; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    return true;
}

bool state_advance(struct witness *w, const struct ov_submission *s,
        const struct ov_witnessed *last, struct ov_bytes line, bool *lost)
{
    static const char sql[] =
            "INSERT INTO logs (origin, id, size, root, note) VALUES (?1, ?2, ?3, ?4, ?5)"
            " ON CONFLICT(origin) DO UPDATE SET size = ?3, root = ?4, note = ?5"
            " WHERE size = ?6 AND (root = ?7 OR size = 0)";
    const struct ov_checkpoint *c = &s->checkpoint;
    char hex[2 * OV_HASH_BYTES + 1];
    sqlite3_stmt *put = NULL;
    struct ov_buf note;
    bool good;

    *lost = false;
    ov_buf_init(&note, 2u * OV_NOTE_BYTES_MAX);
    ov_buf_put(&note, ov_bytes_raw(s->note_bytes), (size_t)ov_bytes_len(s->note_bytes));
    ov_buf_put(&note, ov_bytes_raw(line), (size_t)ov_bytes_len(line));
    good = ov_buf_ok(&note) && origin_id(c->origin, hex)
           && sqlite3_prepare_v2(w->state, sql, -1, &put, NULL) == SQLITE_OK
           && sqlite3_bind_text(put, 1, (const char *)ov_bytes_raw(c->origin),
                      (int)ov_bytes_len(c->origin), SQLITE_STATIC)
                      == SQLITE_OK
           && sqlite3_bind_text(put, 2, hex, -1, SQLITE_STATIC) == SQLITE_OK
           && sqlite3_bind_int64(put, 3, (sqlite3_int64)c->size) == SQLITE_OK
           && sqlite3_bind_blob(put, 4, c->root.b, OV_HASH_BYTES, SQLITE_STATIC) == SQLITE_OK
           && sqlite3_bind_blob(put, 5, ov_bytes_raw(ov_buf_bytes(&note)),
                      (int)ov_bytes_len(ov_buf_bytes(&note)), SQLITE_STATIC)
                      == SQLITE_OK
           && sqlite3_bind_int64(put, 6, (sqlite3_int64)last->size) == SQLITE_OK
           && sqlite3_bind_blob(put, 7, last->root.b, OV_HASH_BYTES, SQLITE_STATIC) == SQLITE_OK
           && sqlite3_step(put) == SQLITE_DONE;
    if (good && sqlite3_changes(w->state) != 1) {
        *lost = true;
        good = false;
    } else if (!good) {
        (void)fail(w, "state");
    }
    (void)sqlite3_finalize(put);
    ov_buf_done(&note);
    return good;
}
