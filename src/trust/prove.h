/* SPDX-License-Identifier: Apache-2.0 */
/* prove.h - makes the proofs that tree.h checks, from all leaf hashes. For whoever publishes a
 * log; a client never needs it. Trusts its caller. */
#ifndef OV_TRUST_PROVE_H
#define OV_TRUST_PROVE_H

#include "trust/tree.h"

struct ov_tree_path {
    uint32_t count;
    struct ov_hash hashes[OV_TREE_HEIGHT_MAX];
};

/* index < size. The cost is one hash per leaf, nearly. */
void ov_tree_prove_inclusion(struct ov_digest *sha, const struct ov_hash *leaves, uint64_t size,
        uint64_t index, struct ov_tree_path *out);

/* old_size <= new_size. */
void ov_tree_prove_consistency(struct ov_digest *sha, const struct ov_hash *leaves,
        uint64_t old_size, uint64_t new_size, struct ov_tree_path *out);

#endif
