/* SPDX-License-Identifier: Apache-2.0 */
/* activate.c - from a judged rule stream to the active set, in one step that a crash cannot halve:
 * a set is a folder that never changes once it has its name, and `active` is a link to one.
 *
 *   sets/N/rules.ovdb   the database     sets/N/origins   where its rules come from
 *   sets/N/held         entries that were left out, and why
 *   sets/N/stream       SHA-256 of the rule stream: is this the same set again?
 *   active, previous    links to sets/N; active.ovdb to active/rules.ovdb
 *   refused             the stream that a person rolled back
 *   accepted            entries the lint and trials may not hold, one index a line */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/text.h"
#include "db/layout.h"
#include "programs/overt/out.h"
#include "programs/overt/update.h"
#include "trust/line.h"

#define ROUNDS_MAX  4 /* a rule that hits the system is left out; the rest is tried again */
#define HEX_BYTES   65u
#define SMALL_BYTES (16u * OV_MIB)

struct making {
    struct ov_store *store;
    const struct ov_judged *judged;
    const char *const *weaker;
    struct ov_held held;
    struct ov_held accepted; /* indices alone */
    char stream[HEX_BYTES];
    overt_db *db; /* owned */
};

/* --- compiling ------------------------------------------------------------------------------ */

/* "log:INDEX" in the place of a file's name: which entry was left out. */
static void on_diag(void *payload, const overt_error *diag, int is_warning)
{
    struct making *m = payload;
    struct ov_bytes number;
    uint64_t index = 0;

    if (!is_warning
            && ov_text_after(ov_bytes_of(diag->source, strlen(diag->source)), "log:", &number)
            && ov_decimal_read(number, &index) == NULL) {
        (void)ov_held_add(&m->held, index, diag->message);
    }
}

static void put_decisions(const struct making *m, struct ov_buf *out)
{
    ov_buf_put_text(out, "overt-decisions/v1\n");
    for (size_t i = 0; i < m->held.count; i++) {
        ov_buf_printf(out, "hold %" PRIu64 "\n", m->held.at[i].index);
    }
    for (size_t i = 0; i < m->accepted.count; i++) {
        ov_buf_printf(out, "accept %" PRIu64 "\n", m->accepted.at[i].index);
    }
}

static overt_status compile(struct making *m, overt_error *err)
{
    overt_compiler *compiler = NULL;
    struct ov_buf decisions;
    overt_status status = overt_compiler_new(&compiler, err);

    overt_db_free(m->db);
    m->db = NULL;
    ov_buf_init(&decisions, SMALL_BYTES);
    put_decisions(m, &decisions);
    if (status == OVERT_OK && !ov_buf_ok(&decisions)) {
        status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for decisions");
    }
    if (status == OVERT_OK) {
        overt_compiler_on_diag(compiler, on_diag, m);
        for (const char *const *layer = m->weaker;
                status == OVERT_OK && layer != NULL && *layer != NULL; layer++) {
            status = overt_compiler_accept_weaker(compiler, *layer, err);
        }
    }
    if (status == OVERT_OK) {
        const struct ov_bytes bytes = ov_buf_bytes(&decisions);

        status = overt_compiler_add(compiler, OVERT_LOGGED, "decisions", ov_bytes_raw(bytes),
                (size_t)ov_bytes_len(bytes), err);
    }
    if (status == OVERT_OK) {
        status = overt_compiler_add(compiler, OVERT_LOGGED, "log", ov_bytes_raw(m->judged->rules),
                (size_t)ov_bytes_len(m->judged->rules), err);
    }
    if (status == OVERT_OK) {
        status = overt_compiler_finish(compiler, 1, &m->db, err);
    }
    overt_compiler_free(compiler);
    ov_buf_done(&decisions);
    return status;
}

/* Rules that the owner accepted stay, whatever a trial says. */
static void forgive(struct making *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->held.count; i++) {
        bool accepted = false;

        for (size_t k = 0; k < m->accepted.count; k++) {
            accepted = accepted || m->accepted.at[k].index == m->held.at[i].index;
        }
        if (!accepted) {
            m->held.at[kept++] = m->held.at[i];
        }
    }
    m->held.count = kept;
}

/* Compile and try until nothing more is held. */
static overt_status compile_and_try(struct making *m, overt_error *err)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        overt_status status = compile(m, err);
        const size_t before = m->held.count;

        if (status == OVERT_OK) {
            status = ov_try_samples(m->db, m->judged->samples, m->weaker, &m->held, err);
        }
        if (status == OVERT_OK) {
            status = ov_try_system(
                    m->db, m->store->settings.probation_bytes, m->weaker, &m->held, err);
        }
        if (status != OVERT_OK) {
            return status;
        }
        forgive(m);
        if (m->held.count <= before) {
            return overt_db_verify(m->db, err);
        }
    }
    return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX,
            "after %d rounds there are still rules that hit this system's files", ROUNDS_MAX);
}

/* --- the set as files ------------------------------------------------------------------------ */

/* The number of the set that a link names; 0: none. */
static uint64_t set_of(const struct ov_store *store, const char *link)
{
    char target[64];
    const ssize_t n = readlinkat(store->fd, link, target, sizeof(target) - 1);
    struct ov_bytes number;
    uint64_t set = 0;

    if (n > 0 && ov_text_after(ov_bytes_of(target, (size_t)n), "sets/", &number)
            && ov_decimal_read(number, &set) == NULL) {
        return set;
    }
    return 0;
}

static overt_status point(
        struct ov_store *store, const char *link, const char *target, overt_error *err)
{
    char fresh[64];

    (void)snprintf(fresh, sizeof(fresh), "%s.new", link);
    (void)unlinkat(store->fd, fresh, 0);
    if (symlinkat(target, store->fd, fresh) != 0
            || renameat(store->fd, fresh, store->fd, link) != 0) {
        return ov_file_fail(err, errno, link, "the link cannot be set");
    }
    return ov_folder_sync(store->fd, ".", err);
}

static overt_status point_at_set(
        struct ov_store *store, const char *link, uint64_t set, overt_error *err)
{
    char target[40];

    (void)snprintf(target, sizeof(target), "sets/%" PRIu64, set);
    return point(store, link, target, err);
}

static void remove_set(struct ov_store *store, const char *name)
{
    static const char *const files[] = { "rules.ovdb", "rules.ovdb.new", "origins", "origins.new",
        "held", "held.new", "stream", "stream.new" };
    char path[300];

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(path, sizeof(path), "sets/%s/%s", name, files[i]);
        (void)unlinkat(store->fd, path, 0);
    }
    (void)snprintf(path, sizeof(path), "sets/%s", name);
    (void)unlinkat(store->fd, path, AT_REMOVEDIR);
}

/* Sets that no link names, also those a crash left half made. */
static void sweep(struct ov_store *store)
{
    const uint64_t active = set_of(store, "active"), previous = set_of(store, "previous");
    const int fd = openat(store->fd, "sets", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);

    if (folder == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return;
    }
    for (const struct dirent *d = readdir(folder); d != NULL; d = readdir(folder)) {
        uint64_t set = 0;
        const bool numbered =
                ov_decimal_read(ov_bytes_of(d->d_name, strlen(d->d_name)), &set) == NULL;

        if (d->d_name[0] != '.' && (!numbered || (set != active && set != previous))) {
            remove_set(store, d->d_name);
        }
    }
    (void)closedir(folder);
}

static overt_status write_db(struct making *m, const char *path, overt_error *err)
{
    auto_fd int fd = openat(m->store->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    overt_status status =
            fd < 0 ? ov_file_fail(err, errno, path, "it cannot be written") : OVERT_OK;

    if (status == OVERT_OK) {
        status = overt_db_write(m->db, fd, err);
    }
    if (status == OVERT_OK && fsync(fd) != 0) {
        status = ov_file_fail(err, errno, path, "it cannot be synced");
    }
    return status;
}

static void put_held(const struct making *m, struct ov_buf *out)
{
    for (size_t i = 0; i < m->held.count; i++) {
        ov_buf_printf(out, "%" PRIu64 " ", m->held.at[i].index);
        ov_text_escape(out, ov_bytes_of(m->held.at[i].why, strlen(m->held.at[i].why)));
        ov_buf_put_u8(out, '\n');
    }
}

/* Under a name of its own first; the number is given when all of it is on the disk. */
static overt_status write_set(struct making *m, uint64_t set, overt_error *err)
{
    struct ov_store *store = m->store;
    char name[40];
    struct ov_buf held;
    overt_status status = ov_folder_make(store->fd, "sets", 0755, err);

    remove_set(store, "making");
    if (status == OVERT_OK) {
        status = ov_folder_make(store->fd, "sets/making", 0755, err);
    }
    if (status == OVERT_OK) {
        status = write_db(m, "sets/making/rules.ovdb", err);
    }
    if (status == OVERT_OK) {
        status = ov_file_replace(store->fd, "sets/making/origins", m->judged->origins, 0644, err);
    }
    ov_buf_init(&held, SMALL_BYTES);
    put_held(m, &held);
    if (status == OVERT_OK) {
        status = ov_file_replace(store->fd, "sets/making/held", ov_buf_bytes(&held), 0644, err);
    }
    ov_buf_done(&held);
    if (status == OVERT_OK) {
        status = ov_file_replace(store->fd, "sets/making/stream",
                ov_bytes_of(m->stream, strlen(m->stream)), 0644, err);
    }
    (void)snprintf(name, sizeof(name), "sets/%" PRIu64, set);
    if (status == OVERT_OK && renameat(store->fd, "sets/making", store->fd, name) != 0) {
        status = ov_file_fail(err, errno, name, "the set cannot be named");
    }
    return status == OVERT_OK ? ov_folder_sync(store->fd, "sets", err) : status;
}

static overt_status switch_to(struct ov_store *store, uint64_t set, overt_error *err)
{
    const uint64_t before = set_of(store, "active");
    overt_status status = OVERT_OK;

    if (before != 0) {
        status = point_at_set(store, "previous", before, err);
    }
    return status == OVERT_OK ? point_at_set(store, "active", set, err) : status;
}

/* Before there is an active set: whoever is killed between the two links leaves a name for nothing,
 * and not a set without a name, which the next update would take for one that is done. */
static overt_status name_database(struct ov_store *store, overt_error *err)
{
    struct stat st;

    return fstatat(store->fd, "active.ovdb", &st, AT_SYMLINK_NOFOLLOW) == 0
                   ? OVERT_OK
                   : point(store, "active.ovdb", "active/rules.ovdb", err);
}

/* --- is it the same again? -------------------------------------------------------------------- */

static bool file_is(struct ov_store *store, const char *path, struct ov_bytes bytes)
{
    struct ov_buf file;
    bool same;

    ov_buf_init(&file, SIZE_MAX);
    same = ov_file_read(store->fd, path, SIZE_MAX / 2, &file, NULL) == OVERT_OK
           && ov_bytes_equal(ov_buf_bytes(&file), ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));
    ov_buf_done(&file);
    return same;
}

/* The rules, what the owner accepted, and how far a trial goes: one of them new, and it is another
 * set. */
static overt_status name_stream(struct making *m, overt_error *err)
{
    struct ov_digest *sha = ov_digest_new(OV_DIGEST_SHA256);
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    struct ov_buf decisions;

    if (sha == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a digest");
    }
    ov_buf_init(&decisions, SMALL_BYTES);
    put_decisions(m, &decisions);
    ov_buf_printf(&decisions, "probation %" PRIu64 " database %u\n",
            m->store->settings.probation_bytes, OV_DB_VERSION);
    ov_digest_begin(sha);
    ov_digest_update(sha, ov_buf_bytes(&decisions));
    ov_digest_update(sha, m->judged->rules);
    ov_digest_update(sha, m->judged->samples);
    ov_digest_end(sha, digest);
    ov_digest_free(sha);
    ov_buf_done(&decisions);
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(m->stream + 2 * i, 3, "%02x", digest[i]);
    }
    return OVERT_OK;
}

static overt_status read_accepted(struct making *m, overt_error *err)
{
    struct ov_buf text;
    struct ov_lines lines;
    struct ov_bytes line;
    overt_status status;

    ov_buf_init(&text, SMALL_BYTES);
    status = ov_file_read(m->store->fd, "accepted", SMALL_BYTES - 1u, &text, err);
    if (status != OVERT_OK && err->sys_errno == ENOENT) {
        status = OVERT_OK;
    }
    lines = ov_lines_on(ov_buf_bytes(&text));
    while (status == OVERT_OK && ov_lines_next(&lines, &line)) {
        uint64_t index = 0;
        const char *why = ov_decimal_read(line, &index);

        if (why != NULL) {
            status = ov_line_fail(err, OVERT_E_SYNTAX, &lines, "in `accepted`: %s", why);
        } else if (!ov_held_add(&m->accepted, index, "")) {
            status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for decisions");
        }
    }
    ov_buf_done(&text);
    return status;
}

/* The same rules as now, of a later time: the database is linked, not made again. */
static overt_status refresh(struct making *m, uint64_t active, overt_error *err)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "sets/%" PRIu64 "/origins", active);
    return ov_file_replace(m->store->fd, path, m->judged->origins, 0644, err);
}

static overt_status make(struct making *m, struct ov_activation *out, overt_error *err)
{
    struct ov_store *store = m->store;
    const struct ov_bytes stream = ov_bytes_of(m->stream, strlen(m->stream));
    const uint64_t active = set_of(store, "active"), previous = set_of(store, "previous");
    const uint64_t set = (active > previous ? active : previous) + 1;
    char path[64];
    overt_status status = name_database(store, err);

    if (status != OVERT_OK) {
        return status;
    }
    (void)snprintf(path, sizeof(path), "sets/%" PRIu64 "/stream", active);
    if (active != 0 && file_is(store, path, stream)) {
        return refresh(m, active, err);
    }
    if (file_is(store, "refused", stream)) {
        out->refused = true;
        return OVERT_OK;
    }
    status = compile_and_try(m, err);
    if (status == OVERT_OK) {
        sweep(store);
        status = write_set(m, set, err);
    }
    if (status == OVERT_OK) {
        status = switch_to(store, set, err);
    }
    if (status == OVERT_OK) {
        out->changed = true;
        out->rules = overt_db_rule_count(m->db);
        out->hashes = overt_db_hash_count(m->db);
        out->held = m->held.count;
        sweep(store);
    }
    return status;
}

overt_status ov_activate(struct ov_store *store, const struct ov_judged *judged,
        const char *const *weaker, struct ov_activation *out, overt_error *err)
{
    struct making m = { .store = store, .judged = judged, .weaker = weaker };
    overt_status status;

    *out = (struct ov_activation){ .changed = false };
    status = read_accepted(&m, err);
    if (status == OVERT_OK) {
        status = name_stream(&m, err);
    }
    if (status == OVERT_OK) {
        status = make(&m, out, err);
    }
    overt_db_free(m.db);
    free(m.held.at);
    free(m.accepted.at);
    return status;
}

/* The previous set becomes the active one, and the one that was stays away until the log says
 * something new. */
overt_status ov_roll_back(struct ov_store *store, overt_error *err)
{
    const uint64_t active = set_of(store, "active"), previous = set_of(store, "previous");
    struct ov_buf stream;
    char path[64];
    overt_status status;

    if (active == 0 || previous == 0 || active == previous) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "there is no previous set to go back to");
    }
    (void)snprintf(path, sizeof(path), "sets/%" PRIu64 "/stream", active);
    ov_buf_init(&stream, 256);
    status = ov_file_read(store->fd, path, 128, &stream, err);
    if (status == OVERT_OK) {
        status = ov_file_replace(store->fd, "refused", ov_buf_bytes(&stream), 0644, err);
    }
    ov_buf_done(&stream);
    if (status == OVERT_OK) {
        status = point_at_set(store, "active", previous, err);
    }
    return status == OVERT_OK ? point_at_set(store, "previous", active, err) : status;
}
