/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - the folder, its key, its items; and what a crash left. */
#include "quarantine/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "base/file.h"
#include "quarantine/inside.h"

#define JOURNAL_BYTES_MAX (OV_ITEM_PATH_BYTES_MAX + 512u)

overt_status ov_quarantine_fail(overt_error *err, const char *what)
{
    const int bad = errno;

    (void)ov_fail(err, OVERT_E_IO, UINT64_MAX, "%s: %s", what, strerror(bad));
    if (err != NULL) {
        err->sys_errno = bad;
    }
    return OVERT_E_IO;
}

void ov_quarantine_id_text(const struct ov_quarantine_id *id, char text[OV_QUARANTINE_ID_TEXT])
{
    for (size_t i = 0; i < OV_SEAL_ID_BYTES; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", id->bytes[i]);
    }
}

void ov_quarantine_name(const struct ov_quarantine_id *id, const char *suffix, char *out)
{
    char text[OV_QUARANTINE_ID_TEXT];

    ov_quarantine_id_text(id, text);
    (void)snprintf(out, OV_QUARANTINE_NAME_BYTES, "%s%s", text, suffix);
}

/* False: not the name of an item's file with this suffix. */
static bool id_of_name(const char *name, const char *suffix, struct ov_quarantine_id *out)
{
    if (strlen(name) != 2 * OV_SEAL_ID_BYTES + strlen(suffix)
            || strcmp(name + 2 * OV_SEAL_ID_BYTES, suffix) != 0) {
        return false;
    }
    for (size_t i = 0; i < OV_SEAL_ID_BYTES; i++) {
        unsigned byte = 0;

        for (size_t j = 0; j < 2; j++) {
            const char c = name[2 * i + j];

            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
                return false;
            }
            byte = byte << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        out->bytes[i] = (uint8_t)byte;
    }
    return true;
}

/* --- the key -------------------------------------------------------------------------------- */

static bool read_key(struct ov_quarantine *s)
{
    auto_fd int fd = openat(s->folder, "key", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0 && read(fd, s->key, sizeof(s->key)) == (ssize_t)sizeof(s->key);
}

/* Written under another name first: a key is there whole, or not at all. */
static bool make_key(struct ov_quarantine *s)
{
    auto_fd int fd = openat(
            s->folder, "key.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    return fd >= 0 && getrandom(s->key, sizeof(s->key), 0) == (ssize_t)sizeof(s->key)
           && ov_file_write_all(fd, ov_bytes_of(s->key, sizeof(s->key))) && fsync(fd) == 0
           && renameat(s->folder, "key.new", s->folder, "key") == 0 && fsync(s->folder) == 0;
}

/* --- what a crash left ---------------------------------------------------------------------- */

static bool read_journal(
        struct ov_quarantine *s, const char *name, char *text, size_t *folder_bytes)
{
    auto_fd int fd = openat(s->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const ssize_t n = fd < 0 ? -1 : read(fd, text, JOURNAL_BYTES_MAX);
    const char *end = n > 0 ? memchr(text, 0, (size_t)n) : NULL;

    if (end == NULL || text[n - 1] != '\0' || end == text + n - 1) {
        return false; /* it was never finished, so the file has not been touched */
    }
    *folder_bytes = (size_t)(end - text);
    return strchr(end + 1, '/') == NULL;
}

static overt_status recover_one(
        struct ov_quarantine *s, const struct ov_quarantine_id *id, overt_error *err)
{
    auto_free char *text = malloc(JOURNAL_BYTES_MAX);
    char journal[OV_QUARANTINE_NAME_BYTES], item[OV_QUARANTINE_NAME_BYTES],
            half[OV_QUARANTINE_NAME_BYTES];
    char hidden[OV_QUARANTINE_NAME_BYTES + sizeof(OV_QUARANTINE_HIDDEN)],
            hex[OV_QUARANTINE_ID_TEXT];
    size_t folder_bytes;

    if (text == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a journal");
    }
    ov_quarantine_name(id, ".journal", journal);
    ov_quarantine_name(id, ".ovq", item);
    ov_quarantine_name(id, ".new", half);
    ov_quarantine_id_text(id, hex);
    (void)snprintf(hidden, sizeof(hidden), "%s%s", OV_QUARANTINE_HIDDEN, hex);
    if (read_journal(s, journal, text, &folder_bytes)) {
        const char *name = text + folder_bytes + 1;
        auto_fd int folder = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        const bool whole = ov_quarantine_check(s, id, NULL) == OVERT_OK;

        /* Its folder may be gone, or the file never got its hidden name: nothing to do there. */
        if (folder >= 0 && whole && unlinkat(folder, hidden, 0) != 0 && errno != ENOENT) {
            return ov_quarantine_fail(err, "a file on its way to quarantine could not be removed");
        }
        if (folder >= 0 && !whole && renameat2(folder, hidden, folder, name, RENAME_NOREPLACE) != 0
                && errno != ENOENT) {
            return ov_quarantine_fail(err, "a file on its way to quarantine could not be put back");
        }
        if (folder >= 0 && fsync(folder) != 0) {
            return ov_quarantine_fail(err, "a folder could not be synced");
        }
        if (!whole) {
            (void)unlinkat(s->folder, item, 0);
        }
    }
    (void)unlinkat(s->folder, half, 0);
    return unlinkat(s->folder, journal, 0) == 0 || errno == ENOENT
                   ? OVERT_OK
                   : ov_quarantine_fail(err, "a journal could not be removed");
}

static overt_status for_names(struct ov_quarantine *s, const char *suffix,
        overt_status (*fn)(void *payload, const struct ov_quarantine_id *id, overt_error *err),
        void *payload, overt_error *err)
{
    const int fd = openat(s->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    overt_status status = OVERT_OK;
    const struct dirent *entry;

    if (dir == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return ov_quarantine_fail(err, "the quarantine could not be listed");
    }
    while (status == OVERT_OK && (entry = readdir(dir)) != NULL) {
        struct ov_quarantine_id id;

        if (id_of_name(entry->d_name, suffix, &id)) {
            status = fn(payload, &id, err);
        }
    }
    (void)closedir(dir);
    return status;
}

struct recovery {
    struct ov_quarantine *store;
    unsigned count;
};

static overt_status recover(void *payload, const struct ov_quarantine_id *id, overt_error *err)
{
    struct recovery *r = payload;

    r->count++;
    return recover_one(r->store, id, err);
}

/* --- opening -------------------------------------------------------------------------------- */

static overt_status make_folders(const char *folder, overt_error *err)
{
    auto_free char *path = strdup(folder);

    if (path == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a path");
    }
    for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST) {
            return ov_quarantine_fail(err, path);
        }
        *at = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST ? OVERT_OK : ov_quarantine_fail(err, folder);
}

static overt_status open_folder(struct ov_quarantine *s, const char *folder, overt_error *err)
{
    struct stat st;
    overt_status status = make_folders(folder, err);

    if (status != OVERT_OK) {
        return status;
    }
    s->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (s->folder < 0 || fstat(s->folder, &st) != 0) {
        return ov_quarantine_fail(err, folder);
    }
    if (st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        return ov_fail(err, OVERT_E_IO, UINT64_MAX, "%.80s must be yours alone (owner %u, mode %o)",
                folder, st.st_uid, st.st_mode & 07777u);
    }
    s->lock = openat(s->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0 || flock(s->lock, LOCK_EX) != 0) {
        return ov_quarantine_fail(err, "the quarantine could not be locked");
    }
    return OVERT_OK;
}

overt_status ov_quarantine_open(
        struct ov_quarantine **out, const char *folder, unsigned *recovered, overt_error *err)
{
    OV_CLEANUP(ov_quarantine_close_at) struct ov_quarantine *s = calloc(1, sizeof(*s));
    struct recovery recovery = { .store = s };
    overt_status status;

    if (s == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a quarantine");
    }
    s->folder = s->lock = -1;
    status = open_folder(s, folder, err);
    if (status != OVERT_OK) {
        return status;
    }
    if (!read_key(s) && (errno != ENOENT || !make_key(s))) {
        return ov_quarantine_fail(err, "the quarantine's key");
    }
    status = for_names(s, ".journal", recover, &recovery, err);
    if (status != OVERT_OK) {
        return status;
    }
    if (recovered != NULL) {
        *recovered = recovery.count;
    }
    *out = ov_steal(&s);
    return OVERT_OK;
}

void ov_quarantine_close(struct ov_quarantine *store)
{
    if (store == NULL) {
        return;
    }
    if (store->folder >= 0) {
        (void)close(store->folder);
    }
    if (store->lock >= 0) {
        (void)close(store->lock); /* and with it the lock */
    }
    OPENSSL_cleanse(store->key, sizeof(store->key));
    free(store);
}

/* --- items ---------------------------------------------------------------------------------- */

overt_status ov_quarantine_read(struct ov_quarantine *store, const struct ov_quarantine_id *id,
        struct ov_item *out, overt_error *err)
{
    auto_free uint8_t *plain = malloc(OV_SEAL_RECORD_BYTES);
    struct ov_quarantine_reader reader;
    size_t bytes = 0;
    overt_status status;

    if (plain == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for an item");
    }
    status = ov_quarantine_reader_open(&reader, store, id, err);
    if (status != OVERT_OK) {
        return status;
    }
    status = ov_quarantine_reader_next(&reader, plain, &bytes, err);
    ov_quarantine_reader_done(&reader);
    if (status == OVERT_OK && !ov_item_decode(ov_bytes_of(plain, bytes), out)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the item's description is none");
    }
    return status;
}

struct each {
    struct ov_quarantine *store;
    ov_quarantine_fn fn;
    void *payload;
    bool over;
};

static overt_status tell_one(void *payload, const struct ov_quarantine_id *id, overt_error *err)
{
    struct each *each = payload;
    overt_error why = OVERT_ERROR_INIT;
    struct ov_item item = { .path = NULL };

    (void)err;
    if (!each->over) {
        const bool good = ov_quarantine_read(each->store, id, &item, &why) == OVERT_OK;

        each->over = !each->fn(each->payload, id, good ? &item : NULL, why.message);
        ov_item_done(&item);
    }
    return OVERT_OK;
}

overt_status ov_quarantine_each(
        struct ov_quarantine *store, ov_quarantine_fn fn, void *payload, overt_error *err)
{
    struct each each = { .store = store, .fn = fn, .payload = payload };

    return for_names(store, ".ovq", tell_one, &each, err);
}

struct search {
    const char *text;
    struct ov_quarantine_id found;
    unsigned count;
};

static overt_status compare(void *payload, const struct ov_quarantine_id *id, overt_error *err)
{
    struct search *search = payload;
    char hex[OV_QUARANTINE_ID_TEXT];

    (void)err;
    ov_quarantine_id_text(id, hex);
    if (strncmp(hex, search->text, strlen(search->text)) == 0) {
        search->found = *id;
        search->count++;
    }
    return OVERT_OK;
}

overt_status ov_quarantine_find(struct ov_quarantine *store, const char *text,
        struct ov_quarantine_id *out, overt_error *err)
{
    struct search search = { .text = text };
    const overt_status status = for_names(store, ".ovq", compare, &search, err);

    if (status != OVERT_OK) {
        return status;
    }
    if (text[0] == '\0' || search.count != 1) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "%.40s: %s", text,
                search.count > 1 ? "several items begin so" : "there is no such item");
    }
    *out = search.found;
    return OVERT_OK;
}

overt_status ov_quarantine_delete(
        struct ov_quarantine *store, const struct ov_quarantine_id *id, overt_error *err)
{
    char item[OV_QUARANTINE_NAME_BYTES];

    ov_quarantine_name(id, ".ovq", item);
    return unlinkat(store->folder, item, 0) == 0 && fsync(store->folder) == 0
                   ? OVERT_OK
                   : ov_quarantine_fail(err, "the item could not be deleted");
}
