/* SPDX-License-Identifier: Apache-2.0 */
/* release.c - pending entries into the tree, the tree before witnesses, and what they cosigned to
 * the public. Each step can be repeated: what stopped halfway is finished by the next call.
 *
 * Order: tiles, then the state (what will be signed), then the signature, then the witnesses, then
 * packs and checkpoint. So nothing is signed that a crash could make this folder forget. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "programs/publish/publish.h"
#include "trust/checkpoint.h"
#include "trust/line.h"
#include "trust/pack.h"

/* --- pending entries ------------------------------------------------------------------------ */

struct batch {
    struct ov_bytes *entries; /* owned, and each of them */
    char (*names)[300];       /* owned */
    size_t count;
};

static void batch_done(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        free((void *)(uintptr_t)ov_bytes_raw(batch->entries[i]));
    }
    free(batch->entries);
    free(batch->names);
    *batch = (struct batch){ .count = 0 };
}

static int is_entry(const struct dirent *d)
{
    const size_t len = strlen(d->d_name);

    return len > 6 && len < 290 && strcmp(d->d_name + len - 6, ".entry") == 0;
}

/* The signature lines that lie beside an entry, in the order of the release keys. */
static void put_signatures(struct log *log, const char *name, struct ov_buf *out)
{
    for (uint32_t i = 0; i < log->settings.keyset.key_count; i++) {
        const uint8_t *id = log->settings.keyset.keys[i].id;
        char path[400];

        (void)snprintf(path, sizeof(path), "pending/%s.%02x%02x%02x%02x.sig", name, id[0], id[1],
                id[2], id[3]);
        if (faccessat(log->fd, path, F_OK, 0) == 0
                && ov_file_read(log->fd, path, 4096, out, NULL) != OVERT_OK) {
            (void)complain_text(path, "cannot be read");
        }
    }
}

/* 1: it is in the batch; 0: it wants more signatures; -1: an error, said. */
static int take_pending(
        struct log *log, const char *name, struct batch *batch, struct ov_note *note)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf text, whole;
    struct ov_entry entry = { .not_before = 0 };
    char path[320];
    size_t len = 0;
    overt_status status;
    int result = -1;

    note->signature_count = 0; /* it may not get so far as to be read */
    (void)snprintf(path, sizeof(path), "pending/%s", name);
    ov_buf_init(&text, OV_LOG_ENTRY_BYTES_MAX + 1u);
    ov_buf_init(&whole, OV_LOG_ENTRY_BYTES_MAX);
    status = ov_file_read(log->fd, path, OV_LOG_ENTRY_BYTES_MAX, &text, &err);
    if (status == OVERT_OK) {
        ov_note_put_text(&whole, ov_buf_bytes(&text));
        put_signatures(log, name, &whole);
        status = ov_buf_ok(&whole) ? ov_note_read(ov_buf_bytes(&whole), note, &err)
                                   : ov_fail(&err, OVERT_E_LIMIT, UINT64_MAX, "too long");
    }
    if (status == OVERT_OK) {
        status = ov_entry_read(note->text, &entry, &err);
    }
    if (status == OVERT_OK) {
        status = ov_keyset_check(&log->settings.keyset, note, entry.kind, &err);
    }
    if (status == OVERT_OK) {
        uint8_t *bytes = ov_buf_steal(&whole, &len);

        (void)snprintf(batch->names[batch->count], sizeof(batch->names[0]), "%s", name);
        batch->entries[batch->count++] = ov_bytes_of(bytes, len);
        result = 1;
    } else {
        result = note->signature_count == 0 || status == OVERT_E_CORRUPT ? 0 : -1;
        (void)complain(path, &err);
    }
    ov_buf_done(&text);
    ov_buf_done(&whole);
    return result;
}

static bool gather(struct log *log, struct batch *batch, bool *waiting)
{
    struct ov_note *note = calloc(1, sizeof(*note));
    char folder[4096];
    struct dirent **names = NULL;
    int count;
    bool good = true;

    (void)snprintf(folder, sizeof(folder), "%s/pending", log->path);
    count = scandir(folder, &names, is_entry, alphasort);
    batch->entries = calloc(count > 0 ? (size_t)count : 1, sizeof(*batch->entries));
    batch->names = calloc(count > 0 ? (size_t)count : 1, sizeof(*batch->names));
    if (count < 0 || note == NULL || batch->entries == NULL || batch->names == NULL) {
        (void)complain_text(folder, count < 0 ? strerror(errno) : "no memory");
        good = false;
    }
    for (int i = 0; i < count; i++) {
        if (good) {
            const int got = take_pending(log, names[i]->d_name, batch, note);

            *waiting = *waiting || got == 0;
            good = got >= 0;
        }
        free(names[i]);
    }
    free((void *)names);
    free(note);
    return good;
}

/* What is in the log now need not be pending; its signatures are in the entry. */
static void clear_pending(struct log *log, const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        char path[400];

        (void)snprintf(path, sizeof(path), "pending/%s", batch->names[i]);
        (void)unlinkat(log->fd, path, 0);
        for (uint32_t k = 0; k < log->settings.keyset.key_count; k++) {
            const uint8_t *id = log->settings.keyset.keys[k].id;

            (void)snprintf(path, sizeof(path), "pending/%s.%02x%02x%02x%02x.sig", batch->names[i],
                    id[0], id[1], id[2], id[3]);
            (void)unlinkat(log->fd, path, 0);
        }
    }
}

/* --- the tree ------------------------------------------------------------------------------- */

static bool sign_tree(struct log *log)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_checkpoint checkpoint = { .origin = log->key.signer.key.name, .size = log->size };
    struct ov_tree tree = { 0 };
    struct ov_buf text, note;
    overt_status status;
    bool good = true;

    for (uint64_t i = 0; good && i < log->size; i++) {
        good = ov_tree_append(log->sha, &tree, &log->leaves[i]);
    }
    ov_tree_root(log->sha, &tree, &checkpoint.root);
    ov_buf_init(&text, 4096);
    ov_buf_init(&note, 8192);
    ov_checkpoint_put(&text, &checkpoint);
    status = ov_file_replace(log->fd, "state", ov_buf_bytes(&text), 0644, &err);
    if (status == OVERT_OK) {
        ov_note_put_text(&note, ov_buf_bytes(&text));
        status = ov_sign_note(&note, ov_buf_bytes(&text), &log->key.signer, 0, &err);
    }
    if (status == OVERT_OK) {
        status = ov_file_replace(log->fd, "signed", ov_buf_bytes(&note), 0644, &err);
    }
    if (status == OVERT_OK) { /* where witnesses that only see the folder look for it */
        status = ov_file_replace(
                log->fd, "public/checkpoint.pending", ov_buf_bytes(&note), 0644, &err);
    }
    ov_buf_done(&text);
    ov_buf_done(&note);
    return status == OVERT_OK || complain(log->path, &err) == EXIT_DONE;
}

static bool integrate(struct log *log, bool *waiting)
{
    const uint64_t old_size = log->size;
    struct batch batch = { .count = 0 };
    bool good = gather(log, &batch, waiting);

    for (size_t i = 0; good && i < batch.count; i++) {
        good = log_add_leaf(log, batch.entries[i]);
    }
    if (good && batch.count > 0) {
        good = tiles_write(log, old_size, batch.entries);
    }
    good = good && sign_tree(log);
    if (good) {
        clear_pending(log, &batch);
        (void)printf("tree of %" PRIu64 " entries, %zu of them new\n", log->size, batch.count);
    }
    batch_done(&batch);
    return good;
}

/* --- to the public -------------------------------------------------------------------------- */

/* The size of the checkpoint that everyone sees; 0: there is none. */
static uint64_t published_size(struct log *log)
{
    struct ov_note *note = calloc(1, sizeof(*note));
    struct ov_checkpoint checkpoint = { .size = 0 };
    struct ov_buf bytes;
    uint64_t size = 0;

    ov_buf_init(&bytes, OV_NOTE_BYTES_MAX + 1u);
    if (note != NULL
            && ov_file_read(log->fd, "public/checkpoint", OV_NOTE_BYTES_MAX, &bytes, NULL)
                       == OVERT_OK
            && ov_note_read(ov_buf_bytes(&bytes), note, NULL) == OVERT_OK
            && ov_checkpoint_read(note->text, &checkpoint, NULL) == OVERT_OK) {
        size = checkpoint.size;
    }
    free(note);
    ov_buf_done(&bytes);
    return size;
}

/* Where the list of packs ends. A pack that was written before a crash is not written again. */
struct packs {
    struct ov_buf list;  /* the whole file */
    struct ov_buf lines; /* its lines but the last */
    struct ov_pack_line last;
    uint64_t end;
};

static bool read_packs(struct log *log, struct packs *packs)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_status status =
            ov_file_read(log->fd, "public/packs", OV_INDEX_BYTES_MAX, &packs->list, &err);
    struct ov_bytes rest;
    struct ov_pack_line line;

    if (status != OVERT_OK && err.sys_errno == ENOENT) {
        return true;
    }
    if (status == OVERT_OK
            && ov_text_after(ov_buf_bytes(&packs->list), OV_PACK_INDEX_HEAD, &rest)) {
        while (ov_pack_index_next(&rest, &line, &status, &err)) {
            if (packs->end != 0) {
                ov_pack_index_put(&packs->lines, &packs->last);
            }
            packs->last = line;
            packs->end = line.end;
        }
    }
    return status == OVERT_OK || complain("public/packs", &err) == EXIT_DONE;
}

/* A day's next file when the day's pack is full: DAY.1, DAY.2 and so on. */
static void next_name(char name[32], const char *day, const struct packs *packs)
{
    unsigned number = 0;
    char last[32];

    (void)snprintf(last, sizeof(last), "%.*s", OV_TEXT_ARG(packs->last.name));
    if (packs->end != 0 && strncmp(last, day, 10) == 0) {
        number = 1;
        if (last[10] == '.') {
            number += (unsigned)strtoul(last + 11, NULL, 10);
        }
    }
    if (number == 0) {
        (void)snprintf(name, 32, "%s", day);
    } else {
        (void)snprintf(name, 32, "%s.%u", day, number);
    }
}

static bool put_pack(struct log *log, struct packs *packs, const char *name, uint64_t first,
        struct ov_buf *bytes)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_pack_line line = { .name = ov_bytes_of(name, strlen(name)),
        .first = first,
        .end = log->size,
        .bytes = ov_bytes_len(ov_buf_bytes(bytes)) };
    struct ov_buf list;
    char path[64];
    overt_status status = OVERT_OK;

    if (!ov_buf_ok(bytes)) {
        status = ov_fail(&err, OVERT_E_LIMIT, UINT64_MAX, "the pack would have over %u bytes",
                OV_PACK_BYTES_MAX);
    }
    (void)snprintf(path, sizeof(path), "public/pack/%s", name);
    if (status == OVERT_OK) {
        status = ov_file_replace(log->fd, path, ov_buf_bytes(bytes), 0644, &err);
    }
    ov_buf_init(&list, OV_INDEX_BYTES_MAX);
    ov_buf_put_text(&list, OV_PACK_INDEX_HEAD);
    ov_buf_put(&list, ov_bytes_raw(ov_buf_bytes(&packs->lines)),
            (size_t)ov_bytes_len(ov_buf_bytes(&packs->lines)));
    ov_pack_index_put(&list, &line);
    if (status == OVERT_OK) {
        status = ov_file_replace(log->fd, "public/packs", ov_buf_bytes(&list), 0644, &err);
    }
    ov_buf_done(&list);
    return status == OVERT_OK || complain(path, &err) == EXIT_DONE;
}

/* The segment from what was public to the checkpoint, behind what the day has already. */
static bool write_pack(struct log *log, struct ov_bytes note, const char *day)
{
    struct packs packs = { .end = 0 };
    struct ov_buf bytes, segment;
    char name[32];
    uint64_t first;
    bool same_day, good;

    ov_buf_init(&packs.list, OV_INDEX_BYTES_MAX);
    ov_buf_init(&packs.lines, OV_INDEX_BYTES_MAX);
    ov_buf_init(&bytes, OV_PACK_BYTES_MAX);
    ov_buf_init(&segment, OV_PACK_BYTES_MAX);
    good = read_packs(log, &packs);
    if (good && packs.end < log->size) {
        first = packs.end;
        ov_pack_put_segment(&segment, note, log->size - first);
        for (uint64_t i = first; good && i < log->size; i++) {
            struct ov_buf entry;

            ov_buf_init(&entry, OV_LOG_ENTRY_BYTES_MAX);
            good = log_read_entry(log, i, &entry);
            if (good) {
                ov_pack_put_entry(&segment, ov_buf_bytes(&entry));
            }
            ov_buf_done(&entry);
        }
        same_day = packs.end != 0 && ov_bytes_len(packs.last.name) >= 10
                   && memcmp(ov_bytes_raw(packs.last.name), day, 10) == 0
                   && packs.last.bytes + ov_bytes_len(ov_buf_bytes(&segment)) <= OV_PACK_BYTES_MAX;
        if (good && same_day) {
            char path[64];

            (void)snprintf(name, sizeof(name), "%.*s", OV_TEXT_ARG(packs.last.name));
            (void)snprintf(path, sizeof(path), "public/pack/%s", name);
            first = packs.last.first;
            good = ov_file_read(log->fd, path, OV_PACK_BYTES_MAX, &bytes, NULL) == OVERT_OK;
        } else if (good) {
            next_name(name, day, &packs);
            if (packs.end != 0) {
                ov_pack_index_put(&packs.lines, &packs.last);
            }
            ov_pack_put_head(&bytes, log->key.signer.key.name, first);
        }
        ov_buf_put(&bytes, ov_bytes_raw(ov_buf_bytes(&segment)),
                (size_t)ov_bytes_len(ov_buf_bytes(&segment)));
        good = good && ov_buf_ok(&segment) && put_pack(log, &packs, name, first, &bytes);
    }
    ov_buf_done(&packs.list);
    ov_buf_done(&packs.lines);
    ov_buf_done(&bytes);
    ov_buf_done(&segment);
    return good;
}

static int make_public(struct log *log, struct ov_bytes note, const struct ov_judgement *judgement)
{
    overt_error err = OVERT_ERROR_INIT;
    const time_t when = (time_t)judgement->median_time;
    struct tm tm;
    char day[16];

    if (gmtime_r(&when, &tm) == NULL || strftime(day, sizeof(day), "%Y-%m-%d", &tm) != 10) {
        return complain_text("witnesses", "their time is no time");
    }
    if (!write_pack(log, note, day)) {
        return EXIT_ERROR;
    }
    if (ov_file_replace(log->fd, "public/checkpoint", note, 0644, &err) != OVERT_OK) {
        return complain("public/checkpoint", &err);
    }
    (void)printf("published: %" PRIu64 " entries, %u witnesses\n", log->size, judgement->counted);
    return EXIT_DONE;
}

static int ask_and_publish(struct log *log)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_note *note = calloc(1, sizeof(*note));
    struct ov_checkpoint checkpoint;
    struct ov_judgement judgement;
    struct ov_buf bytes, lines;
    int code = EXIT_ERROR;

    ov_buf_init(&bytes, OV_NOTE_BYTES_MAX + 1u);
    ov_buf_init(&lines, OV_NOTE_BYTES_MAX);
    if (note == NULL
            || ov_file_read(log->fd, "signed", OV_NOTE_BYTES_MAX / 2u, &bytes, &err) != OVERT_OK) {
        code = complain("signed", &err);
    } else {
        (void)cosign(log, ov_buf_bytes(&bytes), &lines); /* the quorum counts, not the number */
        ov_buf_put(&bytes, ov_bytes_raw(ov_buf_bytes(&lines)),
                (size_t)ov_bytes_len(ov_buf_bytes(&lines)));
        if (ov_note_read(ov_buf_bytes(&bytes), note, &err) != OVERT_OK
                || ov_checkpoint_read(note->text, &checkpoint, &err) != OVERT_OK) {
            code = complain("signed", &err);
        } else if (ov_policy_judge(&log->policy, note, &checkpoint, 0, &judgement, &err)
                   != OVERT_OK) {
            (void)complain(log->path, &err);
            code = EXIT_WAITING;
        } else {
            code = make_public(log, ov_buf_bytes(&bytes), &judgement);
        }
    }
    ov_buf_done(&bytes);
    ov_buf_done(&lines);
    free(note);
    return code;
}

/* FOLDER: everything that can be done now. Without news, the witnesses' times are refreshed. */
int cmd_publish(int argc, char **argv)
{
    bool waiting = false;
    struct log log;
    int code = EXIT_ERROR;

    if (argc != 2) {
        return complain_text("publish", "usage: overt-publish publish FOLDER");
    }
    if (log_open(argv[1], &log)) {
        if (log.settings.keyset.key_count == 0 || log.policy.quorum == OV_POLICY_QUORUM_NONE) {
            code = complain_text(
                    argv[1], "its policy names no release keys, or no quorum of witnesses");
        } else if (published_size(&log) < log.size ? sign_tree(&log) : integrate(&log, &waiting)) {
            code = ask_and_publish(&log);
        }
    }
    log_close(&log);
    return code == EXIT_DONE && waiting ? EXIT_WAITING : code;
}
