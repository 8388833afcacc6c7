/* SPDX-License-Identifier: Apache-2.0 */
/* update.h - from what was fetched or carried in to a new state and the rules it stands for.
 *
 * Everything is checked here, and nothing here has a clock, a file or a network: it runs in
 * overt-verify's jail. The result is a function of the policy, the old state and the bytes. */
#ifndef OV_TRUST_UPDATE_H
#define OV_TRUST_UPDATE_H

#include "trust/settings.h"
#include "trust/state.h"

struct ov_logged { /* one entry of the log that was accepted */
    struct ov_bytes note;
    uint64_t time; /* when it came into the log */
};

struct ov_update {
    const struct ov_policy *policy;
    const struct ov_settings *settings;
    struct ov_digest *sha;
    struct ov_state state; /* grows with every segment */
    uint64_t old_size;
    struct ov_logged *entries; /* owned; all of them, old and new */
    size_t entry_cap;
    struct ov_keyset keyset;     /* in force at `keyset_time` */
    struct ov_keyset next;       /* comes into force later */
    uint64_t next_from;          /* UINT64_MAX: there is none */
    struct ov_checkpoint wanted; /* the newest checkpoint, where all of this has to lead */
    struct ov_bytes wanted_note;
    struct ov_judgement judgement;
    struct ov_buf append; /* segments to be put behind the store */
    uint64_t *approved;   /* owned; indices that the owner's own key approved, ascending */
    size_t approved_count;
};

/* `state` and `store` are the client's own; both empty at first. The policy and all bytes are
 * borrowed until ov_update_done. */
OV_MUST_CHECK overt_status ov_update_begin(struct ov_update *u, const struct ov_policy *policy,
        const struct ov_settings *settings, struct ov_bytes state, struct ov_bytes store,
        overt_error *err);
void ov_update_done(struct ov_update *u);

/* The newest cosigned checkpoint: must be accepted by the policy, and continue in size and time
 * what was accepted before. Without one, the last accepted stays. */
OV_MUST_CHECK overt_status ov_update_checkpoint(
        struct ov_update *u, struct ov_bytes note, overt_error *err);

/* Packs in the order of their entries. What is known already, or lies behind the checkpoint, is
 * passed over. OVERT_E_CORRUPT: an entry, a root or a signature is wrong; the update is over. */
OV_MUST_CHECK overt_status ov_update_pack(
        struct ov_update *u, struct ov_bytes in, overt_error *err);

/* OVERT_OK: the packs led to the checkpoint, root and all. The state is the new one. */
OV_MUST_CHECK overt_status ov_update_end(struct ov_update *u, overt_error *err);

/* Part of a replay: what the owner's own key signed (docs/formats/updates.md, "approvals"). */
OV_MUST_CHECK overt_status ov_update_approval(
        struct ov_update *u, struct ov_bytes note, overt_error *err);

struct ov_replay {
    struct ov_buf rules;   /* a rule stream, docs/formats/updates.md */
    struct ov_buf samples; /* what rules must hold for, and what not */
    struct ov_buf origins; /* the text beside the database: where its rules come from */
    uint64_t active;       /* rules */
    uint64_t pending;      /* entries that come into effect later */
};

/* The rules in force at the time of the last accepted checkpoint: a function of the log. */
OV_MUST_CHECK overt_status ov_update_replay(
        struct ov_update *u, struct ov_replay *out, overt_error *err);
void ov_replay_done(struct ov_replay *replay);

#endif
