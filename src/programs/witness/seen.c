/* SPDX-License-Identifier: Apache-2.0 */
/* seen.c - what a monitor has seen, in SQLite: of each log the last checkpoint, and the hashes of its
 * entries, 256 a row. With them a checkpoint of any smaller size can be judged, too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "programs/witness/monitor.h"
#include "programs/witness/witness.h"

#define ROW_HASHES 256u

static bool fail(const struct seen *seen, const char *what)
{
    complain(what, sqlite3_errmsg(seen->db));
    return false;
}

static bool bind_origin(sqlite3_stmt *s, const struct ov_key *log)
{
    return sqlite3_bind_text(s, 1, (const char *)ov_bytes_raw(log->name),
                   (int)ov_bytes_len(log->name), SQLITE_STATIC)
           == SQLITE_OK;
}

bool seen_room(struct seen *seen, uint64_t size)
{
    const size_t rows = (size_t)(size / ROW_HASHES) + 1;
    struct ov_hash *more = size > OV_LOG_ENTRIES_MAX
                                   ? NULL
                                   : realloc(seen->leaves, rows * ROW_HASHES * sizeof(*more));

    if (more == NULL) {
        complain("state", "no memory for so many entries");
        return false;
    }
    seen->leaves = more;
    return true;
}

static bool load_note(struct seen *seen, const struct ov_key *log)
{
    sqlite3_stmt *s = NULL;
    bool good = sqlite3_prepare_v2(
                        seen->db, "SELECT size, note FROM seen WHERE origin = ?", -1, &s, NULL)
                        == SQLITE_OK
                && bind_origin(s, log);
    const int got = good ? sqlite3_step(s) : SQLITE_ERROR;

    if (got == SQLITE_ROW) {
        const sqlite3_int64 size = sqlite3_column_int64(s, 0);

        good = size >= 0 && size <= OV_LOG_ENTRIES_MAX;
        seen->size = good ? (uint64_t)size : 0;
        ov_buf_put(&seen->note, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
    }
    good = good && (got == SQLITE_ROW || got == SQLITE_DONE);
    (void)sqlite3_finalize(s);
    return good || fail(seen, "state");
}

static bool load_leaves(struct seen *seen, const struct ov_key *log)
{
    sqlite3_stmt *s = NULL;
    bool good = sqlite3_prepare_v2(seen->db,
                        "SELECT hashes FROM leaves WHERE origin = ? ORDER BY n", -1, &s, NULL)
                        == SQLITE_OK
                && bind_origin(s, log);
    uint64_t at = 0;
    int got = SQLITE_DONE;

    while (good && at < seen->size && (got = sqlite3_step(s)) == SQLITE_ROW) {
        const uint64_t count = seen->size - at < ROW_HASHES ? seen->size - at : ROW_HASHES;

        good = (uint64_t)sqlite3_column_bytes(s, 0) == count * sizeof(struct ov_hash);
        if (good) {
            memcpy(seen->leaves + at, sqlite3_column_blob(s, 0), count * sizeof(struct ov_hash));
            at += count;
        }
    }
    (void)sqlite3_finalize(s);
    if (!good || at != seen->size) {
        complain("state", "it is damaged: not as many entries as its checkpoint has");
        return false;
    }
    return true;
}

/* The checkpoint was checked when it was accepted; that it still is this log's, and these are its
 * entries, is checked again. */
static bool check(const struct seen *seen, struct ov_digest *sha)
{
    struct ov_note *note = malloc(sizeof(*note));
    struct ov_checkpoint checkpoint = { .size = 0 };
    struct ov_tree tree = { 0 };
    struct ov_hash root;
    bool good = note != NULL && ov_note_read(ov_buf_bytes(&seen->note), note, NULL) == OVERT_OK
                && ov_checkpoint_read(note->text, &checkpoint, NULL) == OVERT_OK
                && checkpoint.size == seen->size;

    for (uint64_t i = 0; good && i < seen->size; i++) {
        good = ov_tree_append(sha, &tree, &seen->leaves[i]);
    }
    if (good) {
        ov_tree_root(sha, &tree, &root);
        good = ov_hash_equal(&root, &checkpoint.root);
    }
    free(note);
    if (!good) {
        complain("state", "it is damaged: its entries are not those of its checkpoint");
    }
    return good;
}

bool seen_open(struct seen *seen, const char *path, const struct ov_key *log, struct ov_digest *sha)
{
    /* Not the tables of a witness: what was looked at was not cosigned. */
    static const char schema[] =
            "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;"
            "CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL,"
            " note BLOB NOT NULL) STRICT;"
            "CREATE TABLE IF NOT EXISTS leaves (origin TEXT NOT NULL, n INTEGER NOT NULL,"
            " hashes BLOB NOT NULL, PRIMARY KEY (origin, n)) STRICT;";

    *seen = (struct seen){ .size = 0 };
    ov_buf_init(&seen->note, 2u * OV_NOTE_BYTES_MAX);
    if (sqlite3_open_v2(path, &seen->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL)
            != SQLITE_OK) {
        return fail(seen, path);
    }
    (void)sqlite3_busy_timeout(seen->db, 5000);
    if (sqlite3_exec(seen->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        return fail(seen, path);
    }
    return load_note(seen, log) && seen_room(seen, seen->size) && load_leaves(seen, log)
           && (ov_bytes_len(ov_buf_bytes(&seen->note)) == 0 || check(seen, sha));
}

void seen_close(struct seen *seen)
{
    (void)sqlite3_close(seen->db);
    ov_buf_done(&seen->note);
    free(seen->leaves);
    *seen = (struct seen){ .size = 0 };
}

static bool put_rows(struct seen *seen, const struct ov_key *log, uint64_t old_size, uint64_t size)
{
    static const char sql[] = "INSERT OR REPLACE INTO leaves (origin, n, hashes) VALUES (?, ?, ?)";
    sqlite3_stmt *s = NULL;
    bool good = sqlite3_prepare_v2(seen->db, sql, -1, &s, NULL) == SQLITE_OK;

    for (uint64_t n = old_size / ROW_HASHES; good && n * ROW_HASHES < size; n++) {
        const uint64_t at = n * ROW_HASHES;
        const uint64_t count = size - at < ROW_HASHES ? size - at : ROW_HASHES;

        good = sqlite3_reset(s) == SQLITE_OK && bind_origin(s, log)
               && sqlite3_bind_int64(s, 2, (sqlite3_int64)n) == SQLITE_OK
               && sqlite3_bind_blob(s, 3, seen->leaves + at, (int)(count * sizeof(struct ov_hash)),
                          SQLITE_STATIC)
                          == SQLITE_OK
               && sqlite3_step(s) == SQLITE_DONE;
    }
    (void)sqlite3_finalize(s);
    return good;
}

static bool put_note(
        struct seen *seen, const struct ov_key *log, uint64_t size, struct ov_bytes note)
{
    static const char sql[] = "INSERT OR REPLACE INTO seen (origin, size, note) VALUES (?, ?, ?)";
    sqlite3_stmt *s = NULL;
    const bool good =
            sqlite3_prepare_v2(seen->db, sql, -1, &s, NULL) == SQLITE_OK && bind_origin(s, log)
            && sqlite3_bind_int64(s, 2, (sqlite3_int64)size) == SQLITE_OK
            && sqlite3_bind_blob(s, 3, ov_bytes_raw(note), (int)ov_bytes_len(note), SQLITE_STATIC)
                       == SQLITE_OK
            && sqlite3_step(s) == SQLITE_DONE;

    (void)sqlite3_finalize(s);
    return good;
}

bool seen_put(struct seen *seen, const struct ov_key *log, uint64_t old_size, uint64_t size,
        struct ov_bytes note)
{
    bool good = sqlite3_exec(seen->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK
                && put_rows(seen, log, old_size, size) && put_note(seen, log, size, note)
                && sqlite3_exec(seen->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;

    if (!good) {
        (void)fail(seen, "state");
        (void)sqlite3_exec(seen->db, "ROLLBACK", NULL, NULL, NULL);
        return false;
    }
    seen->size = size;
    ov_buf_clear(&seen->note);
    ov_buf_put(&seen->note, ov_bytes_raw(note), (size_t)ov_bytes_len(note));
    return ov_buf_ok(&seen->note);
}
