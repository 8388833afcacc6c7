/* SPDX-License-Identifier: Apache-2.0 */
/* seen.c - a hash set of what files are, and its file. */
#include "programs/overt/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/file.h"
#include "base/le.h"
#include "base/limits.h"
#include "programs/overt/out.h"
#include "programs/overt/update.h"

#define MAGIC "OVSEEN1\n"

/* Times of change are as coarse as the kernel's tick: a file that changed while we began could
 * change again without showing it. */
#define SETTLED_NS INT64_C(2000000000)

struct head {
    uint8_t magic[8];
    uint8_t rules[32];
    uint8_t version[24]; /* of overt, filled up with NUL: other parsers see other things */
    struct ov_le64 count;
};

struct entry {
    struct ov_le64 device, inode, size, mtime_ns, ctime_ns;
};

_Static_assert(sizeof(struct head) == 72, "in the file");
_Static_assert(sizeof(struct entry) == 40, "in the file");

struct place {
    struct ov_guard_key key;
    bool taken;
    bool met; /* in this run */
};

struct ov_seen {
    const char *command;
    char folder[PATH_MAX], path[PATH_MAX + 16];
    struct head head;
    struct place *places; /* owned; a power of two of them, half of them free */
    size_t cap, count;
    int64_t begun_ns;
    bool changed;
};

/* --- the set --------------------------------------------------------------------------------- */

static struct place *find(const struct ov_seen *s, const struct ov_guard_key *key)
{
    const uint64_t mixed = (key->inode ^ key->device << 32 ^ (uint64_t)key->ctime_ns)
                           * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(mixed >> 20) & (s->cap - 1);

    while (s->places[at].taken && !ov_guard_key_equal(&s->places[at].key, key)) {
        at = (at + 1) & (s->cap - 1);
    }
    return &s->places[at];
}

/* False: no memory, or as many as we keep. */
static bool make_room(struct ov_seen *s)
{
    struct ov_seen larger = *s;

    if (s->count < s->cap / 2) {
        return true;
    }
    if (s->count >= OV_SEEN_ENTRIES_MAX) {
        return false;
    }
    larger.cap = s->cap * 2;
    larger.places = calloc(larger.cap, sizeof(*larger.places));
    if (larger.places == NULL) {
        return false;
    }
    for (size_t i = 0; i < s->cap; i++) {
        if (s->places[i].taken) {
            *find(&larger, &s->places[i].key) = s->places[i];
        }
    }
    free(s->places);
    *s = larger;
    return true;
}

static void put(struct ov_seen *s, const struct ov_guard_key *key, bool met)
{
    struct place *place = find(s, key);

    if (place->taken) {
        place->met |= met;
        return;
    }
    if (make_room(s)) {
        *find(s, key) = (struct place){ .key = *key, .taken = true, .met = met };
        s->count++;
        s->changed |= met;
    }
}

bool ov_seen_has(struct ov_seen *seen, const struct ov_guard_key *key)
{
    struct place *place = find(seen, key);

    place->met |= place->taken;
    return place->taken;
}

void ov_seen_add(struct ov_seen *seen, const struct ov_guard_key *key)
{
    if (key->ctime_ns < seen->begun_ns - SETTLED_NS) {
        put(seen, key, true);
    }
}

/* --- the file -------------------------------------------------------------------------------- */

/* Root's beside its other state; a user's in his cache folder. Root never uses a user's. */
static bool find_place(struct ov_seen *s)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int len = 0;

    if (geteuid() == 0) {
        len = snprintf(s->folder, sizeof(s->folder), "%s", OV_STATE_DEFAULT);
    } else if (cache != NULL && cache[0] == '/') {
        len = snprintf(s->folder, sizeof(s->folder), "%s/overt", cache);
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(s->folder, sizeof(s->folder), "%s/.cache/overt", home);
    }
    (void)snprintf(s->path, sizeof(s->path), "%s/seen", s->folder);
    return len > 0 && (size_t)len < sizeof(s->folder);
}

static bool read_entry(struct ov_reader *r, struct ov_guard_key *key)
{
    struct ov_bytes raw;
    struct entry entry;

    if (!ov_read_bytes(r, sizeof(entry), &raw)) {
        return false;
    }
    memcpy(&entry, ov_bytes_raw(raw), sizeof(entry));
    *key = (struct ov_guard_key){ .device = ov_le64_get(entry.device),
        .inode = ov_le64_get(entry.inode),
        .size = ov_le64_get(entry.size),
        .mtime_ns = (int64_t)ov_le64_get(entry.mtime_ns),
        .ctime_ns = (int64_t)ov_le64_get(entry.ctime_ns) };
    return true;
}

/* Other rules, another version, a damaged file: nothing was seen. */
static void read_all(struct ov_seen *s, struct ov_bytes all)
{
    struct ov_reader r = ov_reader_on(all);
    struct ov_guard_key key;
    struct ov_bytes raw;
    struct head head;
    uint64_t count;

    if (!ov_read_bytes(&r, sizeof(head), &raw)) {
        return;
    }
    memcpy(&head, ov_bytes_raw(raw), sizeof(head));
    count = ov_le64_get(head.count);
    head.count = s->head.count;
    if (memcmp(&head, &s->head, sizeof(head)) != 0 || count > OV_SEEN_ENTRIES_MAX
            || ov_reader_left(&r) != count * sizeof(struct entry)) {
        return;
    }
    while (read_entry(&r, &key)) {
        put(s, &key, false);
    }
}

static void load(struct ov_seen *s)
{
    auto_fd int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf all;
    struct stat st;

    if (fd < 0) {
        if (errno != ENOENT) {
            ov_complain(s->command, "%s: %s; everything is looked at", s->path, strerror(errno));
        }
        return;
    }
    if (fstat(fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        ov_complain(s->command, "%s: not this user's alone; everything is looked at", s->path);
        return;
    }
    ov_buf_init(&all, sizeof(struct head) + OV_SEEN_ENTRIES_MAX * sizeof(struct entry));
    if (ov_file_read(AT_FDCWD, s->path, SIZE_MAX / 2, &all, &err) != OVERT_OK) {
        ov_complain_error(s->command, &err);
    } else {
        read_all(s, ov_buf_bytes(&all));
    }
    ov_buf_done(&all);
}

struct ov_seen *ov_seen_open(const char *command, const uint8_t rules[32])
{
    struct ov_seen *s = calloc(1, sizeof(*s));
    struct timespec now = { .tv_sec = 0 };

    if (s != NULL) {
        s->cap = 1024;
        s->places = calloc(s->cap, sizeof(*s->places));
    }
    if (s == NULL || s->places == NULL) {
        ov_complain(command, "no memory");
        free(s);
        return NULL;
    }
    s->command = command;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    s->begun_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    memcpy(s->head.magic, MAGIC, sizeof(s->head.magic));
    memcpy(s->head.rules, rules, sizeof(s->head.rules));
    (void)snprintf((char *)s->head.version, sizeof(s->head.version), "%s", OV_VERSION);
    if (!find_place(s)) {
        ov_complain(
                command, "there is no folder for what was seen: neither XDG_CACHE_HOME nor HOME");
        ov_seen_free(s);
        return NULL;
    }
    load(s);
    return s;
}

void ov_seen_free(struct ov_seen *seen)
{
    if (seen != NULL) {
        free(seen->places);
        free(seen);
    }
}

static void put_entry(struct ov_buf *out, const struct ov_guard_key *key)
{
    const struct entry entry = { .device = ov_le64_of(key->device),
        .inode = ov_le64_of(key->inode),
        .size = ov_le64_of(key->size),
        .mtime_ns = ov_le64_of((uint64_t)key->mtime_ns),
        .ctime_ns = ov_le64_of((uint64_t)key->ctime_ns) };

    ov_buf_put(out, &entry, sizeof(entry));
}

bool ov_seen_save(struct ov_seen *seen, bool all)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf out;
    uint64_t count = 0;
    overt_status status;

    if (!seen->changed && !all) {
        return true;
    }
    for (size_t i = 0; i < seen->cap; i++) {
        count += seen->places[i].taken && (seen->places[i].met || !all) ? 1 : 0;
    }
    seen->head.count = ov_le64_of(count);
    ov_buf_init(&out, sizeof(struct head) + OV_SEEN_ENTRIES_MAX * sizeof(struct entry));
    ov_buf_put(&out, &seen->head, sizeof(seen->head));
    for (size_t i = 0; i < seen->cap; i++) {
        if (seen->places[i].taken && (seen->places[i].met || !all)) {
            put_entry(&out, &seen->places[i].key);
        }
    }
    status = ov_folder_make(AT_FDCWD, seen->folder, 0700, &err);
    if (status == OVERT_OK) {
        status = ov_buf_ok(&out)
                         ? ov_file_replace(AT_FDCWD, seen->path, ov_buf_bytes(&out), 0600, &err)
                         : ov_fail(&err, OVERT_E_NOMEM, UINT64_MAX, "no memory");
    }
    ov_buf_done(&out);
    if (status != OVERT_OK) {
        ov_complain_error(seen->command, &err);
    }
    return status == OVERT_OK;
}
