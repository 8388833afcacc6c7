/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - what a client has accepted of a log so far: docs/formats/updates.md, "state".
 *
 * The file is the client's own and still read strictly: a torn one is refused, never guessed at. */
#ifndef OV_TRUST_STATE_H
#define OV_TRUST_STATE_H

#include "trust/checkpoint.h"

/* When the entries below `end` came into the log, and how many witnesses of the policy said so. */
struct ov_state_segment {
    uint64_t end;
    uint64_t time;
    uint32_t witnesses;
};

/* Zeroed: nothing accepted yet. */
struct ov_state {
    uint64_t store_bytes; /* of the store, as far as it counts */
    uint64_t time;        /* median cosignature time of the last accepted checkpoint */
    uint32_t witnesses;
    struct ov_tree tree;
    struct ov_checkpoint checkpoint; /* borrows from the text it was read from */
    struct ov_bytes note;            /* the cosigned checkpoint; borrowed; empty: none */
    size_t segment_count;
    struct ov_state_segment *segments; /* owned */
    size_t priv_segment_cap;
};

/* `in` empty: a zeroed state. OVERT_E_CORRUPT also when its tree has another root. */
OV_MUST_CHECK overt_status ov_state_read(
        struct ov_bytes in, struct ov_state *out, struct ov_digest *sha, overt_error *err);
void ov_state_put(struct ov_buf *out, const struct ov_state *state);
void ov_state_done(struct ov_state *state);

OV_MUST_CHECK bool ov_state_add_segment(
        struct ov_state *state, const struct ov_state_segment *segment);
/* The segment that brought entry `index`; NULL: not accepted yet. */
const struct ov_state_segment *ov_state_segment_of(const struct ov_state *state, uint64_t index);

#endif
