/* SPDX-License-Identifier: Apache-2.0 */
/* moving.c - a file into the store, and out of it. Each step leaves either the file where it was or
 * its copy whole in the store; the journal says which way a crash is to be resolved. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/digest.h"
#include "base/file.h"
#include "quarantine/inside.h"

struct move {
    struct ov_quarantine *store;
    struct ov_quarantine_id id;
    int folder, file;
    const char *name; /* in the folder */
    char hidden[OV_QUARANTINE_NAME_BYTES + sizeof(OV_QUARANTINE_HIDDEN)];
    struct ov_item item;
};

int ov_quarantine_open_folder(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    auto_free char *folder = slash == NULL ? NULL : strndup(path, (size_t)(slash - path));

    if (folder == NULL || path[0] != '/' || slash[1] == '\0') {
        errno = EINVAL;
        return -1;
    }
    *name = slash + 1;
    return open(folder[0] == '\0' ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void hidden_name(const struct ov_quarantine_id *id, char *out, size_t size)
{
    char hex[OV_QUARANTINE_ID_TEXT];

    ov_quarantine_id_text(id, hex);
    (void)snprintf(out, size, "%s%s", OV_QUARANTINE_HIDDEN, hex);
}

/* --- the copy ------------------------------------------------------------------------------- */

static bool put_record(int to, struct ov_seal *seal, struct ov_bytes plain, bool last)
{
    struct ov_buf record;
    bool good;

    ov_buf_init(&record, OV_SEAL_RECORD_BYTES + 64u);
    good = ov_seal_put(seal, &record, plain, last) && ov_file_write_all(to, ov_buf_bytes(&record));
    ov_buf_done(&record);
    return good;
}

/* Reads the file to its end: into the digest and, where `to` is given, as records. */
static bool read_through(const struct move *m, int to, struct ov_seal *seal, uint8_t *sum)
{
    auto_free uint8_t *part = malloc(OV_SEAL_RECORD_BYTES);
    OV_CLEANUP(ov_digest_free_at) struct ov_digest *digest = ov_digest_new(OV_DIGEST_SHA256);
    uint8_t all[OV_DIGEST_BYTES_MAX];
    uint64_t at = 0;

    if (part == NULL || digest == NULL) {
        errno = ENOMEM;
        return false;
    }
    ov_digest_begin(digest);
    for (;;) {
        const ssize_t n = pread(m->file, part, OV_SEAL_RECORD_BYTES, (off_t)at);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 || (to >= 0 && !put_record(to, seal, ov_bytes_of(part, (size_t)n), n == 0))) {
            return false;
        }
        if (n == 0) {
            break;
        }
        ov_digest_update(digest, ov_bytes_of(part, (size_t)n));
        at += (uint64_t)n;
    }
    ov_digest_end(digest, all);
    memcpy(sum, all, 32);
    return true;
}

static overt_status write_copy(struct move *m, overt_error *err)
{
    char name[OV_QUARANTINE_NAME_BYTES];
    uint8_t sum[32];
    auto_fd int to = -1;
    struct ov_seal seal;
    struct ov_buf text;
    bool good;

    ov_quarantine_name(&m->id, ".new", name);
    to = openat(m->store->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0 || !ov_seal_begin(&seal, m->store->key, m->id.bytes)) {
        return ov_quarantine_fail(err, "a quarantined copy could not be begun");
    }
    ov_buf_init(&text, 2u * OV_SEAL_RECORD_BYTES);
    ov_seal_put_head(&text, m->id.bytes);
    good = ov_buf_ok(&text) && ov_file_write_all(to, ov_buf_bytes(&text));
    ov_buf_clear(&text);
    if (good && !ov_item_encode(&m->item, &text)) {
        errno = E2BIG; /* its path and attributes are more than an item holds */
        good = false;
    }
    good = good && put_record(to, &seal, ov_buf_bytes(&text), false)
           && read_through(m, to, &seal, sum) && fsync(to) == 0;
    ov_buf_done(&text);
    ov_seal_done(&seal);
    if (!good) {
        return ov_quarantine_fail(err, "the quarantined copy could not be written");
    }
    return memcmp(sum, m->item.sha256, sizeof(sum)) == 0
                   ? OVERT_OK
                   : ov_fail(err, OVERT_E_IO, UINT64_MAX, "the file changes while it is moved");
}

static overt_status write_journal(struct move *m, const char *path, overt_error *err)
{
    char name[OV_QUARANTINE_NAME_BYTES];
    const size_t folder_bytes = (size_t)(m->name - path) - 1;
    auto_fd int to = -1;
    struct ov_buf text;
    bool good;

    ov_quarantine_name(&m->id, ".journal", name);
    to = openat(m->store->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ov_buf_init(&text, OV_ITEM_PATH_BYTES_MAX + 512u);
    ov_buf_put(&text, folder_bytes == 0 ? "/" : path, folder_bytes == 0 ? 1 : folder_bytes);
    ov_buf_put_u8(&text, 0);
    ov_buf_put_text(&text, m->name);
    ov_buf_put_u8(&text, 0);
    good = to >= 0 && ov_buf_ok(&text) && ov_file_write_all(to, ov_buf_bytes(&text))
           && fsync(to) == 0 && fsync(m->store->folder) == 0;
    ov_buf_done(&text);
    return good ? OVERT_OK : ov_quarantine_fail(err, "a journal could not be written");
}

/* --- in ------------------------------------------------------------------------------------- */

static overt_status open_file(
        struct move *m, const struct ov_quarantine_wanted *wanted, overt_error *err)
{
    struct stat st, named;

    m->folder = ov_quarantine_open_folder(wanted->path, &m->name);
    if (m->folder < 0) {
        return ov_quarantine_fail(err, "its folder could not be opened");
    }
    m->file = wanted->fd >= 0 ? fcntl(wanted->fd, F_DUPFD_CLOEXEC, 3)
                              : openat(m->folder, m->name,
                                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (m->file < 0 || fstat(m->file, &st) != 0) {
        return ov_quarantine_fail(err, "it could not be opened");
    }
    if (!S_ISREG(st.st_mode)) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "it is not a regular file");
    }
    if (wanted->known && (st.st_dev != wanted->device || st.st_ino != wanted->inode)) {
        return ov_fail(err, OVERT_E_IO, UINT64_MAX,
                "another file has taken its place since it was looked at");
    }
    if (fstatat(m->folder, m->name, &named, AT_SYMLINK_NOFOLLOW) != 0 || named.st_dev != st.st_dev
            || named.st_ino != st.st_ino) {
        return ov_fail(err, OVERT_E_IO, UINT64_MAX,
                "another file has taken its place since it was looked at");
    }
    if (!ov_item_look(&m->item, m->file)) {
        return ov_quarantine_fail(err, "its owner, times and attributes could not be read");
    }
    if (!read_through(m, -1, NULL, m->item.sha256)) {
        return ov_quarantine_fail(err, "it could not be read");
    }
    if (wanted->sha256 != NULL && memcmp(wanted->sha256, m->item.sha256, 32) != 0) {
        return ov_fail(
                err, OVERT_E_IO, UINT64_MAX, "its content has changed since it was looked at");
    }
    m->item.path = strdup(wanted->path);
    m->item.rule = strdup(wanted->rule == NULL ? "" : wanted->rule);
    m->item.moved_s = (int64_t)time(NULL);
    if (m->item.path == NULL || m->item.rule == NULL
            || getrandom(m->id.bytes, sizeof(m->id.bytes), 0) != (ssize_t)sizeof(m->id.bytes)) {
        return ov_quarantine_fail(err, "an item could not be begun");
    }
    hidden_name(&m->id, m->hidden, sizeof(m->hidden));
    return OVERT_OK;
}

/* Gives the file its hidden name. Only now nobody can put another in its place unnoticed. */
static overt_status hide(struct move *m, overt_error *err)
{
    struct stat st;

    if (renameat2(m->folder, m->name, m->folder, m->hidden, RENAME_NOREPLACE) != 0) {
        return ov_quarantine_fail(err, "it could not be taken from its folder");
    }
    if (fstatat(m->folder, m->hidden, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == m->item.device
            && st.st_ino == m->item.inode && (uint64_t)st.st_size == m->item.size) {
        return OVERT_OK;
    }
    if (renameat2(m->folder, m->hidden, m->folder, m->name, RENAME_NOREPLACE) != 0) {
        return ov_quarantine_fail(
                err, "another file had taken its place, and could not be put back");
    }
    return ov_fail(err, OVERT_E_IO, UINT64_MAX, "another file had taken its place");
}

static overt_status move_in(
        struct move *m, const struct ov_quarantine_wanted *wanted, overt_error *err)
{
    const int store = m->store->folder;
    char half[OV_QUARANTINE_NAME_BYTES], item[OV_QUARANTINE_NAME_BYTES],
            journal[OV_QUARANTINE_NAME_BYTES];
    overt_status status = open_file(m, wanted, err);

    if (status != OVERT_OK) {
        return status;
    }
    ov_quarantine_name(&m->id, ".new", half);
    ov_quarantine_name(&m->id, ".ovq", item);
    ov_quarantine_name(&m->id, ".journal", journal);
    status = write_copy(m, err);
    if (status == OVERT_OK) {
        status = write_journal(m, wanted->path, err);
    }
    if (status == OVERT_OK) {
        status = hide(m, err);
    }
    if (status != OVERT_OK) {
        (void)unlinkat(store, half, 0);
        (void)unlinkat(store, journal, 0);
        return status;
    }
    if (fsync(m->folder) != 0 || renameat(store, half, store, item) != 0 || fsync(store) != 0) {
        return ov_quarantine_fail(
                err, "the item could not be finished; the next command puts it right");
    }
    if (unlinkat(m->folder, m->hidden, 0) != 0 || fsync(m->folder) != 0
            || unlinkat(store, journal, 0) != 0) {
        return ov_quarantine_fail(err, "the file is in quarantine, and could not be removed yet");
    }
    return OVERT_OK;
}

overt_status ov_quarantine_add(struct ov_quarantine *store,
        const struct ov_quarantine_wanted *wanted, struct ov_quarantine_id *out, overt_error *err)
{
    struct move m = { .store = store, .folder = -1, .file = -1 };
    const overt_status status = move_in(&m, wanted, err);

    if (status == OVERT_OK) {
        *out = m.id;
    }
    ov_item_done(&m.item);
    if (m.file >= 0) {
        (void)close(m.file);
    }
    if (m.folder >= 0) {
        (void)close(m.folder);
    }
    return status;
}

/* --- out ------------------------------------------------------------------------------------ */

overt_status ov_quarantine_restore(struct ov_quarantine *store, const struct ov_quarantine_id *id,
        const char *path, overt_error *err)
{
    char back[OV_QUARANTINE_NAME_BYTES + sizeof(OV_QUARANTINE_HIDDEN)];
    struct ov_item item = { .path = NULL };
    auto_fd int folder = -1;
    auto_fd int to = -1;
    const char *name, *wrong;
    overt_status status = ov_quarantine_read(store, id, &item, err);

    if (status != OVERT_OK) {
        return status;
    }
    hidden_name(id, back, sizeof(back));
    folder = ov_quarantine_open_folder(path == NULL ? item.path : path, &name);
    if (folder < 0) {
        status = ov_quarantine_fail(err, "its folder could not be opened");
        ov_item_done(&item);
        return status;
    }
    (void)unlinkat(folder, back, 0); /* of a try that did not get to its end */
    to = openat(folder, back, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0) {
        status = ov_quarantine_fail(err, "it could not be put back");
    }
    if (status == OVERT_OK) {
        status = ov_quarantine_export(store, id, to, err);
    }
    if (status == OVERT_OK && (wrong = ov_item_apply(&item, to)) != NULL) {
        status = ov_quarantine_fail(err, wrong);
    }
    if (status == OVERT_OK
            && (fsync(to) != 0 || renameat2(folder, back, folder, name, RENAME_NOREPLACE) != 0
                    || fsync(folder) != 0)) {
        status = ov_quarantine_fail(err, "it could not be put back");
    }
    if (status != OVERT_OK && to >= 0) {
        (void)unlinkat(folder, back, 0);
    }
    ov_item_done(&item);
    return status == OVERT_OK ? ov_quarantine_delete(store, id, err) : status;
}
