/* SPDX-License-Identifier: Apache-2.0 */
/* database.c - opening, sharing and writing out a compiled database. Trusts no byte of it: the
 * header and the section bounds are checked here, everything else where it is read.
 *
 * A mapped file that somebody cuts short while it is in use ends the process with SIGBUS; that is
 * why databases are replaced by rename and never written in place. */
#include "api/database.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "api/fail.h"
#include "api/memfd.h"
#include "base/checked.h"
#include "db/lists.h"

overt_db *ov_database_hold(overt_db *db)
{
    const unsigned before = atomic_fetch_add_explicit(&db->holders, 1, memory_order_relaxed);

    OV_ASSERT(before != 0 && before < UINT32_MAX);
    return db;
}

void overt_db_free(overt_db *db)
{
    if (db == NULL || atomic_fetch_sub_explicit(&db->holders, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (db->map != NULL) {
        (void)munmap(db->map, db->map_bytes);
    }
    if (db->fd >= 0) {
        (void)close(db->fd);
    }
    free(db);
}

/* Whoever supervises looks at little of it: what checking it touched is the page cache's from here on,
 * and comes back where it is needed. */
static void forget_pages(const overt_db *db)
{
    (void)madvise(db->map, db->map_bytes, MADV_DONTNEED);
}

overt_status ov_database_on_fd(
        overt_db **out, int fd, uint64_t bytes, const char *name, overt_error *err)
{
    overt_db *db;
    overt_status status;
    void *map = NULL;

    if (bytes == 0) {
        (void)ov_fail(err, OVERT_E_CORRUPT, 0, "an empty file is no rule database");
        ov_error_about_text(err, name);
        return OVERT_E_CORRUPT;
    }
    if (bytes > SIZE_MAX / 2) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "the database is too large to be mapped");
    }
    map = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        status = ov_fail_errno(err, errno, "the database could not be mapped");
        ov_error_about_text(err, name);
        return status;
    }
    db = calloc(1, sizeof(*db));
    if (db == NULL) {
        (void)munmap(map, (size_t)bytes);
        return ov_fail_nomem(err, "a database");
    }
    atomic_init(&db->holders, 1);
    db->fd = -1;
    db->map = map;
    db->map_bytes = (size_t)bytes;
    status = ov_db_view_open(&db->view, ov_bytes_of(map, (size_t)bytes), err);
    if (status != OVERT_OK) {
        ov_error_about_text(err, name);
        overt_db_free(db);
        return status;
    }
    db->fd = fd;
    forget_pages(db);
    *out = db;
    return OVERT_OK;
}

overt_status overt_db_open(overt_db **out, const char *path, overt_error *err)
{
    auto_fd int fd = -1;
    overt_status status;
    struct stat st;

    if (out == NULL || path == NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a database needs a path");
    }
    /* O_NONBLOCK: a FIFO by that name is refused below instead of waited for. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        status = ov_fail_errno(err, errno, "the database could not be opened");
        ov_error_about_text(err, path);
        return status;
    }
    if (!S_ISREG(st.st_mode)) {
        (void)ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a database is a regular file");
        ov_error_about_text(err, path);
        return OVERT_E_ARGUMENT;
    }
    status = ov_database_on_fd(out, fd, (uint64_t)st.st_size, path, err);
    if (status == OVERT_OK) {
        (void)ov_steal_fd(&fd);
    }
    return status;
}

overt_status overt_db_open_bytes(overt_db **out, const void *data, size_t len, overt_error *err)
{
    auto_fd int fd = -1;
    overt_status status;

    if (out == NULL || (data == NULL && len != 0)) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a database needs bytes");
    }
    status = ov_memfd_of(&fd, "overt-database", ov_bytes_of(data, len), err);
    if (status == OVERT_OK) {
        status = ov_database_on_fd(out, fd, len, "", err);
    }
    if (status == OVERT_OK) {
        (void)ov_steal_fd(&fd);
    }
    return status;
}

overt_status overt_db_write(const overt_db *db, int fd, overt_error *err)
{
    const uint8_t *at = db->map;
    size_t left = db->map_bytes;

    while (left > 0) {
        const ssize_t n = write(fd, at, left);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return ov_fail_errno(err, n < 0 ? errno : ENOSPC, "the database could not be written");
        }
        at += n;
        left -= (size_t)n;
    }
    return OVERT_OK;
}

uint64_t overt_db_bytes(const overt_db *db)
{
    return db->map_bytes;
}

uint64_t overt_db_rule_count(const overt_db *db)
{
    return db->view.counts[OV_DB_RULES];
}

uint64_t overt_db_hash_count(const overt_db *db)
{
    return db->view.counts[OV_DB_HASHES];
}

uint64_t overt_db_signature_count(const overt_db *db)
{
    struct ov_list_setting setting;
    struct ov_list_item item;
    struct ov_bytes rest;
    uint64_t at = 0;

    while (ov_db_list_next(&db->view, &at, &item)) {
        if (item.kind == OV_LIST_SETTING
                && ov_db_list_split(&item, &setting, sizeof(setting), &rest)
                && ov_le32_get(setting.what) == OV_SETTING_SIGNATURES) {
            return ov_le64_get(setting.value);
        }
    }
    return ov_database_rules(db);
}

uint64_t ov_database_rules(const overt_db *db)
{
    return overt_db_rule_count(db) + overt_db_hash_count(db);
}

void overt_db_digest(const overt_db *db, uint8_t sha256[32])
{
    struct ov_bytes digest;
    const bool inside =
            ov_bytes_slice(db->view.file, offsetof(struct ov_db_header, body_sha256), 32, &digest);

    OV_ASSERT(inside); /* the view was opened, so there is a header */
    memcpy(sha256, ov_bytes_raw(digest), 32);
}
