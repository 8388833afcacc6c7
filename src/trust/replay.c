/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - what the accepted entries come to: the rules in force, where each is from, and what
 * is still to come. A function of the log and the policy alone; "now" is the time of the last
 * accepted checkpoint, so that everybody with the same log has the same rules. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/defence.h"
#include "base/text.h"
#include "trust/line.h"
#include "trust/update.h"

/* What became of an entry. */
enum fate {
    IN_FORCE = 0,
    REVOKED,
    PENDING,
    UNAPPROVED /* waits for the owner's own key */
};

struct replaying {
    struct ov_update *u;
    struct ov_replay *out;
    uint8_t *fates;       /* owned; enum fate of every entry */
    struct ov_note *note; /* owned; the one being read */
};

static void put_bytes(struct ov_buf *out, struct ov_bytes bytes)
{
    ov_buf_put(out, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));
}

/* When an entry comes into effect: its own wish, and never before others could have seen it. */
static uint64_t effective(const struct ov_update *u, const struct ov_entry *entry, uint64_t time)
{
    const uint64_t delay = u->settings->delays[entry->kind];
    const uint64_t soonest = delay > UINT64_MAX - time ? UINT64_MAX : time + delay;

    return soonest > entry->not_before ? soonest : entry->not_before;
}

static bool is_approved(const struct ov_update *u, uint64_t index)
{
    for (size_t i = 0; i < u->approved_count; i++) {
        if (u->approved[i] == index) {
            return true;
        }
    }
    return false;
}

/* What was accepted is read again: it was good then. */
static overt_status read_entry(
        struct replaying *r, uint64_t index, struct ov_entry *entry, overt_error *err)
{
    overt_status status = ov_note_read(r->u->entries[index].note, r->note, err);

    if (status == OVERT_OK) {
        status = ov_entry_read(r->note->text, entry, err);
    }
    return status;
}

static bool takes_away(enum ov_entry_kind kind)
{
    return kind == OV_ENTRY_REVOKE || kind == OV_ENTRY_SUPPRESS;
}

static void decide(struct replaying *r, uint64_t index, const struct ov_entry *entry)
{
    const struct ov_update *u = r->u;

    if (effective(u, entry, u->entries[index].time) > u->state.time && OV_DEFENDED(delays)) {
        r->fates[index] = PENDING;
    } else if (takes_away(entry->kind) && u->settings->has_own_key && !is_approved(u, index)
               && OV_DEFENDED(own_key)) {
        r->fates[index] = UNAPPROVED;
    }
}

static void take_back(struct replaying *r, const struct ov_entry *entry, uint64_t by)
{
    struct ov_lines lines = ov_lines_on(entry->body);
    uint64_t index;

    while (ov_revoke_next(&lines, &index)) {
        if (index < by) { /* what comes later is not this entry's to judge */
            ov_buf_printf(&r->out->origins, "revoked %" PRIu64 " %" PRIu64 "\n", index, by);
            if (!r->u->settings->keep_revoked && r->fates[index] == IN_FORCE) {
                r->fates[index] = REVOKED;
            }
        }
    }
}

static void put_samples(struct replaying *r, uint64_t index, const struct ov_rule_body *rule)
{
    struct ov_lines lines = ov_lines_on(rule->samples);
    struct ov_bytes base64;
    bool must_hold;

    while (ov_rule_body_sample(&lines, &must_hold, &base64)) {
        const size_t cap = (size_t)ov_bytes_len(base64) / 4 * 3;
        uint8_t *at;
        size_t len = 0;
        struct ov_buf bytes;

        ov_buf_init(&bytes, cap + 1);
        at = ov_buf_extend(&bytes, cap + 1);
        if (at == NULL || ov_base64_decode(base64, at, cap, &len) != NULL) {
            (void)!ov_buf_extend(&r->out->samples, SIZE_MAX); /* no memory: said at the end */
        } else {
            ov_buf_put_u64le(&r->out->samples, index);
            ov_buf_put_u32le(&r->out->samples, must_hold ? 1 : 0);
            ov_buf_put_u32le(&r->out->samples, (uint32_t)len);
            ov_buf_put(&r->out->samples, at, len);
        }
        ov_buf_done(&bytes);
    }
}

static overt_status put_rule(
        struct replaying *r, uint64_t index, const struct ov_entry *entry, overt_error *err)
{
    struct ov_rule_body rule;
    const overt_status status = ov_rule_body_read(entry->body, &rule, err);

    if (status != OVERT_OK) {
        return status;
    }
    ov_buf_printf(
            &r->out->rules, "rule %" PRIu64 " %s ", index, ov_rule_language_name(rule.language));
    put_bytes(&r->out->rules, entry->name);
    ov_buf_printf(&r->out->rules, " %" PRIu64 "\n", ov_bytes_len(rule.text));
    put_bytes(&r->out->rules, rule.text);
    ov_buf_put_u8(&r->out->rules, '\n');
    put_samples(r, index, &rule);
    r->out->active++;
    return OVERT_OK;
}

/* A suppressed digest is looked for like any other; who shows hits then says both. */
static void put_suppress(struct replaying *r, uint64_t index, const struct ov_entry *entry)
{
    struct ov_lines lines = ov_lines_on(entry->body);
    struct ov_bytes hex;

    while (ov_suppress_next(&lines, &hex)) {
        ov_buf_printf(&r->out->origins, "suppressed %" PRIu64 " ", index);
        put_bytes(&r->out->origins, hex);
        ov_buf_put_u8(&r->out->origins, '\n');
        if (!r->u->settings->keep_revoked) {
            ov_buf_printf(&r->out->rules, "suppress %" PRIu64 " ", index);
            put_bytes(&r->out->rules, hex);
            ov_buf_put_u8(&r->out->rules, '\n');
        }
    }
}

static void put_waiting(struct replaying *r, uint64_t index, const struct ov_entry *entry)
{
    const bool unapproved = r->fates[index] == UNAPPROVED;

    ov_buf_printf(&r->out->origins, "%s %" PRIu64 " %s ", unapproved ? "unapproved" : "pending",
            index, ov_entry_kind_name(entry->kind));
    put_bytes(&r->out->origins, entry->name);
    ov_buf_printf(
            &r->out->origins, " %" PRIu64 "\n", effective(r->u, entry, r->u->entries[index].time));
    r->out->pending++;
}

/* What was built and from what; how (the recipe) is for people, who read the entry itself. */
static void put_binary(struct replaying *r, uint64_t index, const struct ov_entry *entry)
{
    struct ov_lines lines = ov_lines_on(entry->body);
    struct ov_bytes line, rest;

    while (ov_lines_next(&lines, &line)) {
        const bool is_file = ov_text_after(line, "file ", &rest);

        if (is_file || ov_text_after(line, "commit ", &rest)) {
            ov_buf_printf(&r->out->origins, "%s %" PRIu64 " ", is_file ? "file" : "commit", index);
            put_bytes(&r->out->origins, rest);
            ov_buf_put_u8(&r->out->origins, '\n');
        }
    }
}

/* Two passes: what is taken away has to be known before the rest is put. */
static overt_status pass(struct replaying *r, bool first, overt_error *err)
{
    for (uint64_t i = 0; i < r->u->state.tree.size; i++) {
        struct ov_entry entry;
        overt_status status = read_entry(r, i, &entry, err);

        if (status != OVERT_OK) {
            return status;
        }
        if (first) {
            decide(r, i, &entry);
            if (entry.kind == OV_ENTRY_REVOKE && r->fates[i] == IN_FORCE) {
                take_back(r, &entry, i);
            }
            continue;
        }
        if (r->fates[i] == PENDING || r->fates[i] == UNAPPROVED) {
            put_waiting(r, i, &entry);
        } else if (entry.kind == OV_ENTRY_RULE && r->fates[i] == IN_FORCE) {
            status = put_rule(r, i, &entry, err);
        } else if (entry.kind == OV_ENTRY_SUPPRESS) {
            put_suppress(r, i, &entry);
        } else if (entry.kind == OV_ENTRY_BINARY || entry.kind == OV_ENTRY_STATEMENT) {
            ov_buf_printf(&r->out->origins, "%s %" PRIu64 " ", ov_entry_kind_name(entry.kind), i);
            put_bytes(&r->out->origins, entry.name);
            ov_buf_put_u8(&r->out->origins, '\n');
        }
        if (entry.kind == OV_ENTRY_BINARY) {
            put_binary(r, i, &entry);
        }
        if (status != OVERT_OK) {
            return status;
        }
    }
    return OVERT_OK;
}

static void put_head(struct replaying *r)
{
    const struct ov_state *state = &r->u->state;
    struct ov_buf *out = &r->out->origins;

    ov_buf_put_text(out, "overt-origins/v1\norigin ");
    put_bytes(out, state->checkpoint.origin);
    ov_buf_printf(out, "\nsize %" PRIu64 "\nroot ", state->checkpoint.size);
    ov_hash_put(out, &state->checkpoint.root);
    ov_buf_printf(
            out, "\ntime %" PRIu64 "\nwitnesses %" PRIu32 "\n", state->time, state->witnesses);
    for (size_t i = 0; i < state->segment_count; i++) {
        ov_buf_printf(out, "segment %" PRIu64 " %" PRIu64 " %" PRIu32 "\n", state->segments[i].end,
                state->segments[i].time, state->segments[i].witnesses);
    }
}

overt_status ov_update_replay(struct ov_update *u, struct ov_replay *out, overt_error *err)
{
    struct replaying r = { .u = u, .out = out };
    overt_status status = OVERT_OK;

    *out = (struct ov_replay){ .active = 0 };
    ov_buf_init(&out->rules, SIZE_MAX);
    ov_buf_init(&out->samples, SIZE_MAX);
    ov_buf_init(&out->origins, SIZE_MAX);
    r.fates = calloc(u->state.tree.size == 0 ? 1 : (size_t)u->state.tree.size, 1);
    r.note = malloc(sizeof(*r.note));
    if (r.fates == NULL || r.note == NULL) {
        status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a replay");
    }
    if (status == OVERT_OK) {
        ov_buf_put_text(&out->rules, "overt-rules/v1\n");
        put_head(&r);
        status = pass(&r, true, err);
    }
    if (status == OVERT_OK) {
        status = pass(&r, false, err);
    }
    if (status == OVERT_OK
            && (!ov_buf_ok(&out->rules) || !ov_buf_ok(&out->samples)
                    || !ov_buf_ok(&out->origins))) {
        status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a replay");
    }
    free(r.fates);
    free(r.note);
    if (status != OVERT_OK) {
        ov_replay_done(out);
    }
    return status;
}

void ov_replay_done(struct ov_replay *replay)
{
    ov_buf_done(&replay->rules);
    ov_buf_done(&replay->samples);
    ov_buf_done(&replay->origins);
}

/* --- approvals ------------------------------------------------------------------------------ */

/* The text: which entry, and its leaf hash, so that it is no other. */
overt_status ov_update_approval(struct ov_update *u, struct ov_bytes bytes, overt_error *err)
{
    struct ov_note *note = malloc(sizeof(*note));
    struct ov_bytes line[3], number, hash;
    struct ov_note_check check = { 0 };
    struct ov_hash leaf, wanted;
    struct ov_lines lines;
    uint64_t index = 0;
    uint64_t *more;
    overt_status status;

    if (note == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for an approval");
    }
    status = u->settings->has_own_key ? ov_note_read(bytes, note, err)
                                      : ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                                              "the policy has no line `overt own-key`");
    if (status == OVERT_OK) {
        status = ov_note_check_key(note, &u->settings->own_key, &check, err);
    }
    if (status != OVERT_OK || !check.is_signed) {
        free(note);
        return status != OVERT_OK ? status
                                  : ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                                          "an approval that the policy's own key did not sign");
    }
    lines = ov_lines_on(note->text);
    if (!ov_lines_next(&lines, &line[0]) || !ov_bytes_equal(line[0], "overt-approval/v1", 17)
            || !ov_lines_next(&lines, &line[1]) || !ov_text_after(line[1], "entry ", &number)
            || ov_decimal_read(number, &index) != NULL || !ov_lines_next(&lines, &line[2])
            || !ov_text_after(line[2], "leaf ", &hash) || ov_hash_read(hash, &wanted) != NULL
            || index >= u->state.tree.size) {
        free(note);
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                "an approval names an entry of the log and its leaf hash");
    }
    free(note);
    ov_tree_leaf(u->sha, u->entries[index].note, &leaf);
    if (!ov_hash_equal(&leaf, &wanted)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "entry %" PRIu64 " is not the one that was approved", index);
    }
    more = reallocarray(u->approved, u->approved_count + 1, sizeof(*more));
    if (more == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for an approval");
    }
    u->approved = more;
    u->approved[u->approved_count++] = index;
    return OVERT_OK;
}
