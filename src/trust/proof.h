/* SPDX-License-Identifier: Apache-2.0 */
/* proof.h - offline proofs (c2sp.org/tlog-proof@v1): one file that shows, without a network, that
 * an entry is in a log and that enough witnesses saw that log.
 *
 * Nothing in a proof is trusted; it is checked against the owner's policy and the entry itself. */
#ifndef OV_TRUST_PROOF_H
#define OV_TRUST_PROOF_H

#include "trust/policy.h"

/* Borrows from what it was read from. After a failed read it holds nothing of use. */
struct ov_proof {
    struct ov_bytes extra; /* base64, well-formed; empty: there is none. Vouched for by nobody */
    uint64_t index;
    uint32_t path_count;
    struct ov_hash path[OV_TREE_HEIGHT_MAX];
    struct ov_checkpoint checkpoint;
    uint32_t note_line; /* lines before the note, so that its errors can be placed */
    struct ov_note note;
};

OV_MUST_CHECK overt_status ov_proof_read(
        struct ov_bytes in, struct ov_proof *out, overt_error *err);

/* OVERT_OK: the policy accepts the checkpoint, and `entry` is number proof->index of its tree.
 * Order: origin, the log's signature, witnesses, quorum, inclusion. */
OV_MUST_CHECK overt_status ov_proof_check(const struct ov_proof *proof,
        const struct ov_policy *policy, struct ov_bytes entry, struct ov_judgement *out,
        overt_error *err);

/* Everything before the note, which ov_note_put_text and signatures continue. */
void ov_proof_put_head(struct ov_buf *out, const struct ov_proof *proof);

#endif
