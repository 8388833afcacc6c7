/* SPDX-License-Identifier: Apache-2.0 */
/* update.c - the decision on an update: signatures, times, roots, entries. What the accepted
 * entries come to is in replay.c. */
#include "trust/update.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/defence.h"
#include "trust/line.h"
#include "trust/pack.h"

/* --- entries -------------------------------------------------------------------------------- */

static bool same(struct ov_bytes a, struct ov_bytes b)
{
    return ov_bytes_equal(a, ov_bytes_raw(b), (size_t)ov_bytes_len(b));
}

static overt_status about_entry(overt_error *err, overt_status status, uint64_t index)
{
    char why[sizeof(err->message)];

    if (err != NULL) {
        memcpy(why, err->message, sizeof(why));
        return ov_fail(err, status, UINT64_MAX, "entry %" PRIu64 ": %s", index, why);
    }
    return status;
}

/* The keyset whose time has come takes over. Times ascend, so it never goes back. */
static void turn_keyset(struct ov_update *u, uint64_t time)
{
    if (u->next_from <= time) {
        u->keyset = u->next;
        u->next_from = UINT64_MAX;
    }
}

/* A keyset that was accepted: a later one replaces it even before it came into force. */
static overt_status take_keyset(
        struct ov_update *u, const struct ov_entry *entry, uint64_t time, overt_error *err)
{
    const overt_status status = ov_keyset_read(entry->body, &u->next, err);
    uint64_t from;

    if (status == OVERT_OK) {
        if (!ov_add(&from, time, u->settings->delays[OV_ENTRY_KEYSET])) {
            from = UINT64_MAX;
        }
        u->next_from = from > entry->not_before ? from : entry->not_before;
    }
    return status;
}

static overt_status check_signatures(struct ov_update *u, const struct ov_note *note,
        const struct ov_entry *entry, overt_error *err)
{
    overt_status status = ov_keyset_check(&u->keyset, note, entry->kind, err);
    struct ov_keyset *coming;

    if (status != OVERT_OK || entry->kind != OV_ENTRY_KEYSET) {
        return status;
    }
    coming = malloc(sizeof(*coming)); /* the new holders must have signed, too: they exist */
    if (coming == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a keyset");
    }
    status = ov_keyset_read(entry->body, coming, err);
    if (status == OVERT_OK) {
        status = ov_keyset_check(coming, note, OV_ENTRY_KEYSET, err);
    }
    free(coming);
    return status;
}

/* `fresh`: not accepted before, so everything is checked. */
static overt_status take_entry(
        struct ov_update *u, struct ov_bytes bytes, uint64_t time, bool fresh, overt_error *err)
{
    const uint64_t index = u->state.tree.size;
    struct ov_note *note = NULL;
    struct ov_hash leaf;
    struct ov_entry entry;
    overt_status status = OVERT_OK;

    if (index >= OV_LOG_ENTRIES_MAX) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "the log has more than %u entries",
                OV_LOG_ENTRIES_MAX);
    }
    if (index == u->entry_cap) {
        const size_t cap = u->entry_cap == 0 ? 1024 : u->entry_cap * 2;
        struct ov_logged *more = reallocarray(u->entries, cap, sizeof(*more));

        if (more == NULL) {
            return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the log's entries");
        }
        u->entries = more;
        u->entry_cap = cap;
    }
    turn_keyset(u, time);
    note = malloc(sizeof(*note));
    if (note == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for an entry");
    }
    status = ov_note_read(bytes, note, err);
    if (status == OVERT_OK) {
        status = ov_entry_read(note->text, &entry, err);
    }
    if (status == OVERT_OK && fresh && !same(entry.scope, u->wanted.origin) && OV_DEFENDED(scope)) {
        status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "it was made for another log");
    }
    if (status == OVERT_OK && fresh) {
        status = check_signatures(u, note, &entry, err);
    }
    if (status == OVERT_OK && entry.kind == OV_ENTRY_KEYSET) {
        status = take_keyset(u, &entry, time, err);
    }
    free(note);
    if (status != OVERT_OK) {
        return about_entry(err, status, index);
    }
    ov_tree_leaf(u->sha, bytes, &leaf);
    if (!ov_tree_append(u->sha, &u->state.tree, &leaf)) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "the log is too long");
    }
    u->entries[index] = (struct ov_logged){ .note = bytes, .time = time };
    return OVERT_OK;
}

/* --- beginning ------------------------------------------------------------------------------ */

/* The store holds what was accepted before; its root, at the end, is the proof. */
static overt_status load_store(struct ov_update *u, struct ov_bytes store,
        const struct ov_state *accepted, overt_error *err)
{
    struct ov_pack pack;
    struct ov_segment segment;
    struct ov_bytes entry;
    struct ov_hash root;
    overt_status status = ov_pack_read(store, &pack, err);

    if (status == OVERT_OK
            && (pack.first != 0 || !same(pack.origin, accepted->checkpoint.origin))) {
        status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the store is another log's");
    }
    while (status == OVERT_OK && ov_pack_next(&pack.segments, &segment, &status, err)) {
        while (status == OVERT_OK && ov_segment_next(&segment.entries, &entry)) {
            const struct ov_state_segment *when = ov_state_segment_of(accepted, u->state.tree.size);

            status = when == NULL ? ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                             "the store has more entries than were accepted")
                                  : take_entry(u, entry, when->time, false, err);
        }
    }
    if (status != OVERT_OK) {
        return status;
    }
    ov_tree_root(u->sha, &u->state.tree, &root);
    if (u->state.tree.size != accepted->checkpoint.size
            || !ov_hash_equal(&root, &accepted->checkpoint.root)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "the store is damaged: its entries are not those that were accepted");
    }
    return OVERT_OK;
}

overt_status ov_update_begin(struct ov_update *u, const struct ov_policy *policy,
        const struct ov_settings *settings, struct ov_bytes state, struct ov_bytes store,
        overt_error *err)
{
    overt_status status;

    *u = (struct ov_update){ .policy = policy,
        .settings = settings,
        .keyset = settings->keyset,
        .next_from = UINT64_MAX,
        .sha = ov_digest_new(OV_DIGEST_SHA256) };
    ov_buf_init(&u->append, SIZE_MAX);
    if (u->sha == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a digest");
    }
    if (settings->keyset.key_count == 0) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                "the policy names no release keys (lines `overt release-key`)");
    }
    if (policy->quorum == OV_POLICY_QUORUM_NONE) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                "the policy asks for no witness: updates need some, and their times");
    }
    status = ov_state_read(state, &u->state, u->sha, err);
    if (status != OVERT_OK || ov_bytes_len(u->state.note) == 0) {
        return status;
    }
    if (ov_bytes_len(store) < u->state.store_bytes) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the store is cut short");
    }
    {
        const struct ov_state accepted = u->state; /* keeps the segments' array meanwhile */

        u->state.tree = (struct ov_tree){ 0 };
        status = load_store(u, ov_text_cut(store, 0, accepted.store_bytes), &accepted, err);
        u->old_size = accepted.checkpoint.size;
        u->wanted = accepted.checkpoint;
    }
    return status;
}

void ov_update_done(struct ov_update *u)
{
    ov_digest_free(u->sha);
    ov_state_done(&u->state);
    free(u->entries);
    free(u->approved);
    ov_buf_done(&u->append);
    *u = (struct ov_update){ .sha = NULL };
}

/* --- what arrives --------------------------------------------------------------------------- */

/* A cosigned checkpoint that the policy accepts; nobody's time may be before `since`. */
static overt_status judge(struct ov_update *u, struct ov_bytes bytes, uint64_t since,
        struct ov_checkpoint *checkpoint, struct ov_judgement *judgement, overt_error *err)
{
    struct ov_note *note = malloc(sizeof(*note));
    overt_status status;

    if (note == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a checkpoint");
    }
    status = ov_note_read(bytes, note, err);
    if (status == OVERT_OK) {
        status = ov_checkpoint_read(note->text, checkpoint, err);
    }
    if (status == OVERT_OK) {
        status = ov_policy_judge(u->policy, note, checkpoint, since, judgement, err);
    }
    free(note);
    return status;
}

overt_status ov_update_checkpoint(struct ov_update *u, struct ov_bytes note, overt_error *err)
{
    const bool had = ov_bytes_len(u->state.note) != 0;
    struct ov_checkpoint wanted = { .size = 0 };
    overt_status status = judge(u, note, u->state.time, &wanted, &u->judgement, err);

    if (status != OVERT_OK) {
        return status;
    }
    if (had && !same(wanted.origin, u->state.checkpoint.origin)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the checkpoint is of another log");
    }
    if (wanted.size < u->state.tree.size && OV_DEFENDED(size_ascends)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "rollback: the checkpoint has %" PRIu64 " entries, %" PRIu64 " were accepted",
                wanted.size, u->state.tree.size);
    }
    if (had && wanted.size == u->state.tree.size
            && !ov_hash_equal(&wanted.root, &u->state.checkpoint.root) && OV_DEFENDED(one_tree)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "FORK: the log signed another tree of %" PRIu64 " entries; keep this file: it is "
                "evidence",
                wanted.size);
    }
    u->wanted = wanted;
    u->wanted_note = note;
    return OVERT_OK;
}

/* The entries of one segment that are new, and its root. */
static overt_status take_segment(
        struct ov_update *u, const struct ov_segment *segment, uint64_t first, overt_error *err)
{
    struct ov_bytes rest = segment->entries, entry;
    const uint64_t before = u->state.tree.size;
    struct ov_judgement judgement = { .counted = 0 };
    struct ov_checkpoint checkpoint = { .size = 0 };
    struct ov_state_segment made;
    struct ov_hash root;
    overt_status status = judge(u, segment->note, u->state.time, &checkpoint, &judgement, err);

    if (status == OVERT_OK && !same(checkpoint.origin, u->wanted.origin)) {
        status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "a segment of another log");
    }
    if (status == OVERT_OK && checkpoint.size != first + segment->count) {
        status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "a segment ends at entry %" PRIu64 ", its checkpoint at %" PRIu64,
                first + segment->count, checkpoint.size);
    }
    ov_pack_put_segment(&u->append, segment->note, checkpoint.size - before);
    for (uint64_t at = first; status == OVERT_OK && ov_segment_next(&rest, &entry); at++) {
        if (at < before) {
            continue;
        }
        status = take_entry(u, entry, judgement.median_time, true, err);
        if (status == OVERT_OK) { /* so it was read, and is short enough */
            ov_pack_put_entry(&u->append, entry);
        }
    }
    if (status != OVERT_OK) {
        return status;
    }
    ov_tree_root(u->sha, &u->state.tree, &root);
    if (!ov_hash_equal(&root, &checkpoint.root) && OV_DEFENDED(roots)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "the entries up to %" PRIu64 " are not those of the checkpoint", checkpoint.size);
    }
    made = (struct ov_state_segment){
        .end = checkpoint.size, .time = judgement.median_time, .witnesses = judgement.counted
    };
    u->state.time = judgement.median_time;
    return ov_state_add_segment(&u->state, &made) && ov_buf_ok(&u->append)
                   ? OVERT_OK
                   : ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a segment");
}

overt_status ov_update_pack(struct ov_update *u, struct ov_bytes in, overt_error *err)
{
    struct ov_segment segment;
    struct ov_pack pack;
    overt_status status = ov_pack_read(in, &pack, err);
    uint64_t at;

    if (status != OVERT_OK) {
        return status;
    }
    if (!same(pack.origin, u->wanted.origin)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "a pack of another log");
    }
    if (pack.first > u->state.tree.size) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "entries %" PRIu64 " to %" PRIu64 " are missing", u->state.tree.size, pack.first);
    }
    at = pack.first;
    while (ov_pack_next(&pack.segments, &segment, &status, err)) {
        const uint64_t end = at + segment.count; /* each entry has bytes: no overflow */

        if (end > u->wanted.size) {
            return OVERT_OK; /* published since the checkpoint was fetched */
        }
        if (end > u->state.tree.size) {
            status = take_segment(u, &segment, at, err);
            if (status != OVERT_OK) {
                return status;
            }
        }
        at = end;
    }
    return status;
}

overt_status ov_update_end(struct ov_update *u, overt_error *err)
{
    struct ov_hash root;

    if (ov_bytes_len(u->wanted_note) == 0) {
        return OVERT_OK; /* nothing arrived */
    }
    if (u->state.tree.size != u->wanted.size && OV_DEFENDED(all_entries)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "the packs end at entry %" PRIu64 " of the checkpoint's %" PRIu64,
                u->state.tree.size, u->wanted.size);
    }
    ov_tree_root(u->sha, &u->state.tree, &root);
    if (!ov_hash_equal(&root, &u->wanted.root) && OV_DEFENDED(roots)) {
        return ov_fail(
                err, OVERT_E_CORRUPT, UINT64_MAX, "the entries are not those of the checkpoint");
    }
    if (u->judgement.median_time < u->state.time && OV_DEFENDED(time_ascends)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "rollback in time: the checkpoint is older than what it contains");
    }
    if (ov_bytes_len(u->state.note) == 0) {
        struct ov_buf head; /* the store begins */

        ov_buf_init(&head, SIZE_MAX);
        ov_pack_put_head(&head, u->wanted.origin, 0);
        ov_buf_put(&head, ov_bytes_raw(ov_buf_bytes(&u->append)),
                (size_t)ov_bytes_len(ov_buf_bytes(&u->append)));
        ov_buf_done(&u->append);
        u->append = head;
    }
    if (!ov_buf_ok(&u->append)) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the store");
    }
    u->state.store_bytes += ov_bytes_len(ov_buf_bytes(&u->append));
    u->state.time = u->judgement.median_time;
    u->state.witnesses = u->judgement.counted;
    u->state.checkpoint = u->wanted;
    u->state.note = u->wanted_note;
    return OVERT_OK;
}
