/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c - hands what there is to overt-verify in its jail, and keeps what comes out of it: numbers
 * that are bounded here, and blobs that go unread to the next jail or to the disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "api/compiling.h"
#include "programs/overt/update.h"
#include "trust/pack.h"

#define OUTPUT_BYTES_MAX (4u * OV_GIB)

struct conversation {
    struct ov_compiling jail;
    int output; /* borrowed */
    uint64_t output_bytes;
    char (*packs)[20];    /* owned; the plan */
    uint64_t *pack_bytes; /* owned */
    size_t pack_count;
};

void ov_judged_done(struct ov_judged *judged)
{
    if (judged->at != NULL) {
        (void)munmap((void *)(uintptr_t)judged->at, judged->bytes);
    }
    if (judged->fd >= 0) {
        (void)close(judged->fd);
    }
    *judged = (struct ov_judged){ .fd = -1 };
}

/* --- inputs --------------------------------------------------------------------------------- */

static bool on_plan(void *payload, const struct ov_record *record)
{
    struct conversation *c = payload;

    if (record->kind != OV_RECORD_DIAG || !ov_pack_name_is_good(record->text)
            || record->size > OV_PACK_BYTES_MAX || c->pack_count == OV_PACKS_MAX) {
        return false;
    }
    if (c->packs == NULL) {
        c->packs = calloc(OV_PACKS_MAX, sizeof(*c->packs));
        c->pack_bytes = calloc(OV_PACKS_MAX, sizeof(*c->pack_bytes));
    }
    if (c->packs == NULL || c->pack_bytes == NULL) {
        return false;
    }
    (void)snprintf(c->packs[c->pack_count], sizeof(c->packs[0]), "%.*s",
            (int)ov_bytes_len(record->text), (const char *)ov_bytes_raw(record->text));
    c->pack_bytes[c->pack_count++] = record->size;
    return true;
}

static overt_status hand(
        struct conversation *c, enum ov_verify_input input, int fd, overt_error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return ov_file_fail(err, errno, "input", "an input cannot be examined");
    }
    return ov_compiling_ask(&c->jail, OV_REQUEST_SOURCE, (uint32_t)input,
            S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, ov_bytes_of(NULL, 0), fd,
            input == OV_INPUT_INDEX ? on_plan : NULL, c, err);
}

/* A file of the folder; one that is missing is handed over as an empty one. */
static overt_status hand_file(struct conversation *c, struct ov_store *store,
        enum ov_verify_input input, const char *path, overt_error *err)
{
    auto_fd int fd = openat(store->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 && errno == ENOENT) {
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    return fd < 0 ? ov_file_fail(err, errno, path, "it cannot be opened") : hand(c, input, fd, err);
}

static overt_status hand_policy(struct conversation *c, struct ov_store *store, overt_error *err)
{
    auto_fd int fd = memfd_create("overt-policy", MFD_CLOEXEC);

    if (fd < 0 || !ov_file_write_all(fd, ov_buf_bytes(&store->policy_text))) {
        return ov_file_fail(err, errno, "policy", "it cannot be handed over");
    }
    return hand(c, OV_INPUT_POLICY, fd, err);
}

/* What the owner's own key signed, one file each. */
static overt_status hand_approvals(struct conversation *c, struct ov_store *store, overt_error *err)
{
    const int fd = openat(store->fd, "approvals", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    overt_status status = OVERT_OK;

    if (folder == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return OVERT_OK;
    }
    for (const struct dirent *d = readdir(folder); status == OVERT_OK && d != NULL;
            d = readdir(folder)) {
        char path[300];

        if (d->d_name[0] != '.') {
            (void)snprintf(path, sizeof(path), "approvals/%s", d->d_name);
            status = hand_file(c, store, OV_INPUT_APPROVAL, path, err);
        }
    }
    (void)closedir(folder);
    return status;
}

/* --- from a mirror -------------------------------------------------------------------------- */

static overt_status fetch_small(struct conversation *c, const struct ov_supply *supply,
        enum ov_verify_input input, const char *name, uint64_t bytes_max, overt_error *err)
{
    auto_fd int fd = memfd_create("overt-fetched", MFD_CLOEXEC);
    char url[1300];
    long http;
    overt_status status;

    (void)snprintf(url, sizeof(url), "%s/%s", supply->mirror, name);
    if (fd < 0) {
        return ov_file_fail(err, errno, name, "it cannot be kept");
    }
    status = ov_fetch(supply->download, url, fd, bytes_max, 0, &http, err);
    return status == OVERT_OK ? hand(c, input, fd, err) : status;
}

/* Begun downloads lie in the folder: after a break the rest is asked for. A file that turns out
 * wrong is thrown away, so that it cannot be in the way for ever. */
static overt_status fetch_pack(struct conversation *c, struct ov_store *store,
        const struct ov_supply *supply, size_t i, overt_error *err)
{
    char url[1300], path[64];
    auto_fd int fd = -1;
    struct stat st;
    long http = 0;
    overt_status status;

    (void)snprintf(url, sizeof(url), "%s/pack/%s", supply->mirror, c->packs[i]);
    (void)snprintf(path, sizeof(path), "log/staging/%s", c->packs[i]);
    fd = openat(store->fd, path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return ov_file_fail(err, errno, path, "it cannot be written");
    }
    if ((uint64_t)st.st_size > c->pack_bytes[i] && ftruncate(fd, 0) == 0) {
        st.st_size = 0;
    }
    if ((uint64_t)st.st_size < c->pack_bytes[i]) {
        status = ov_fetch(supply->download, url, fd, OV_PACK_BYTES_MAX - (uint64_t)st.st_size,
                (uint64_t)st.st_size, &http, err);
        if (status != OVERT_OK && st.st_size != 0 && http != 0 && ftruncate(fd, 0) == 0) {
            status = ov_fetch(supply->download, url, fd, OV_PACK_BYTES_MAX, 0, &http, err);
        }
        if (status != OVERT_OK) {
            return status;
        }
    }
    status = hand(c, OV_INPUT_PACK, fd, err);
    if (status != OVERT_OK || unlinkat(store->fd, path, 0) != 0) {
        (void)unlinkat(store->fd, path, 0);
    }
    return status;
}

static overt_status hand_mirror(struct conversation *c, struct ov_store *store,
        const struct ov_supply *supply, overt_error *err)
{
    overt_status status =
            fetch_small(c, supply, OV_INPUT_CHECKPOINT, "checkpoint", OV_NOTE_BYTES_MAX, err);

    if (status == OVERT_OK) {
        status = fetch_small(c, supply, OV_INPUT_INDEX, "packs", OV_INDEX_BYTES_MAX, err);
    }
    if (status == OVERT_OK) {
        status = ov_folder_make(store->fd, "log/staging", 0700, err);
    }
    for (size_t i = 0; status == OVERT_OK && i < c->pack_count; i++) {
        status = fetch_pack(c, store, supply, i, err);
    }
    return status;
}

/* --- the answer ----------------------------------------------------------------------------- */

static bool on_finish(void *payload, const struct ov_record *record)
{
    struct conversation *c = payload;

    if (record->kind != OV_RECORD_COMPILED || c->output_bytes != 0
            || record->offset > OUTPUT_BYTES_MAX
            || record->offset < sizeof(struct ov_update_head)) {
        return false;
    }
    c->output_bytes = record->offset;
    return true;
}

static bool cut(const struct ov_judged *j, uint64_t *at, struct ov_le64 bytes, struct ov_bytes *out)
{
    const struct ov_bytes all = ov_bytes_of(j->at, j->bytes);

    if (!ov_bytes_slice(all, *at, ov_le64_get(bytes), out)) {
        return false;
    }
    *at += ov_le64_get(bytes);
    return true;
}

static overt_status take_output(struct ov_judged *j, int fd, uint64_t bytes, overt_error *err)
{
    struct ov_update_head head;
    uint64_t at = sizeof(head);
    void *map = MAP_FAILED;

    if (ftruncate(fd, (off_t)bytes) == 0) {
        map = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, 0);
    }
    if (map == MAP_FAILED) {
        return ov_file_fail(err, errno, "output", "the verdict cannot be mapped");
    }
    j->at = map;
    j->bytes = (size_t)bytes;
    memcpy(&head, j->at, sizeof(head));
    if (ov_le32_get(head.magic) != OV_UPDATE_MAGIC || !cut(j, &at, head.state_bytes, &j->state)
            || !cut(j, &at, head.append_bytes, &j->append)
            || !cut(j, &at, head.rules_bytes, &j->rules)
            || !cut(j, &at, head.samples_bytes, &j->samples)
            || !cut(j, &at, head.origins_bytes, &j->origins)) {
        return ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX, "the verifier's output is none");
    }
    j->old_size = ov_le64_get(head.old_size);
    j->size = ov_le64_get(head.size);
    j->time = ov_le64_get(head.time);
    j->store_before = ov_le64_get(head.store_before);
    j->active = ov_le64_get(head.active);
    j->pending = ov_le64_get(head.pending);
    j->witnesses = ov_le32_get(head.witnesses);
    return OVERT_OK;
}

static overt_status converse(struct conversation *c, struct ov_store *store,
        const struct ov_supply *supply, overt_error *err)
{
    auto_fd int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    overt_status status = hand_policy(c, store, err);

    if (status == OVERT_OK) {
        status = hand_file(c, store, OV_INPUT_STATE, "log/state", err);
    }
    if (status == OVERT_OK) {
        status = hand_file(c, store, OV_INPUT_STORE, "log/store", err);
    }
    if (status == OVERT_OK && supply->mirror != NULL) {
        status = hand_mirror(c, store, supply, err);
    }
    if (status == OVERT_OK && supply->bundle >= 0) {
        status = hand(c, OV_INPUT_BUNDLE, supply->bundle, err);
    }
    if (status == OVERT_OK) {
        status = hand_approvals(c, store, err);
    }
    if (status == OVERT_OK) {
        status = nothing < 0 ? ov_file_fail(err, errno, "/dev/null", "it cannot be opened")
                             : ov_compiling_ask(&c->jail, OV_REQUEST_FINISH, 0, OUTPUT_BYTES_MAX,
                                     ov_bytes_of(NULL, 0), nothing, on_finish, c, err);
    }
    return status;
}

overt_status ov_judge(struct ov_store *store, const struct ov_supply *supply,
        const char *const *weaker, struct ov_judged *out, overt_error *err)
{
    struct conversation c = { .output = memfd_create("overt-verdict", MFD_CLOEXEC) };
    unsigned without = 0;
    overt_status status;

    *out = (struct ov_judged){ .fd = c.output };
    for (; weaker != NULL && *weaker != NULL; weaker++) {
        without |= ov_jail_layer_of(*weaker);
    }
    if (c.output < 0 || ftruncate(c.output, (off_t)OUTPUT_BYTES_MAX) != 0) {
        status = ov_file_fail(err, errno, "output", "a memory file cannot be made");
    } else {
        status = ov_verifying_begin(&c.jail, c.output, OUTPUT_BYTES_MAX, without, err);
    }
    if (status == OVERT_OK) {
        status = converse(&c, store, supply, err);
        ov_compiling_done(&c.jail);
    }
    if (status == OVERT_OK) {
        status = take_output(out, c.output, c.output_bytes, err);
    }
    free(c.packs);
    free(c.pack_bytes);
    if (status != OVERT_OK) {
        ov_judged_done(out);
    }
    return status;
}

/* --- to the disk ---------------------------------------------------------------------------- */

static overt_status append(struct ov_store *store, const struct ov_judged *j, overt_error *err)
{
    auto_fd int fd =
            openat(store->fd, "log/store", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

    /* What lies behind the bytes that count is left over from an update that did not finish. */
    if (fd < 0 || ftruncate(fd, (off_t)j->store_before) != 0
            || lseek(fd, (off_t)j->store_before, SEEK_SET) < 0 || !ov_file_write_all(fd, j->append)
            || fsync(fd) != 0) {
        return ov_file_fail(err, errno, "log/store", "it cannot be written");
    }
    return ov_folder_sync(store->fd, "log", err);
}

overt_status ov_accept(struct ov_store *store, const struct ov_judged *judged, overt_error *err)
{
    overt_status status = OVERT_OK;

    if (ov_bytes_len(judged->append) != 0) {
        status = append(store, judged, err);
    }
    return status == OVERT_OK ? ov_file_replace(store->fd, "log/state", judged->state, 0644, err)
                              : status;
}
