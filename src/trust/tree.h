/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - Merkle trees as RFC 6962 section 2.1 hashes them: a tree that grows, and the checks
 * that an entry is in a tree and that one tree continues another.
 *
 * Whoever sends a proof is not trusted: it is right or it is refused. `sha` is a running SHA-256
 * that the caller owns (ov_digest_new); nothing in here allocates.
 */
#ifndef OV_TRUST_TREE_H
#define OV_TRUST_TREE_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"

#define OV_HASH_BYTES 32u

/* A tree has less than 2^63 leaves: no proof climbs higher, and no tree has more peaks. */
#define OV_TREE_HEIGHT_MAX 63u

struct ov_hash {
    uint8_t b[OV_HASH_BYTES];
};

extern const struct ov_hash ov_tree_empty_root; /* SHA-256 of nothing */

bool ov_hash_equal(const struct ov_hash *a, const struct ov_hash *b);

/* As base64. NULL, or why `text` is no hash. */
OV_MUST_CHECK const char *ov_hash_read(struct ov_bytes text, struct ov_hash *out);
void ov_hash_put(struct ov_buf *out, const struct ov_hash *hash);

void ov_tree_leaf(struct ov_digest *sha, struct ov_bytes entry, struct ov_hash *out);
void ov_tree_node(struct ov_digest *sha, const struct ov_hash *left, const struct ov_hash *right,
        struct ov_hash *out);

/* --- a tree that grows at its right edge ---------------------------------------------------- */

/* The roots of the complete subtrees a tree of this size is made of, largest first: one for each
 * bit set in `size`. Zeroed: the empty tree. */
struct ov_tree {
    uint64_t size;
    uint32_t peak_count;
    struct ov_hash peaks[OV_TREE_HEIGHT_MAX];
};

/* `leaf` is a leaf's hash. False: the tree has 2^63 - 1 leaves already. */
OV_MUST_CHECK bool ov_tree_append(
        struct ov_digest *sha, struct ov_tree *tree, const struct ov_hash *leaf);
void ov_tree_root(struct ov_digest *sha, const struct ov_tree *tree, struct ov_hash *out);

/* --- proofs --------------------------------------------------------------------------------- */

/* OVERT_OK: `leaf` is number `index` of the tree. `path` goes from the leaf's sibling upwards. */
OV_MUST_CHECK overt_status ov_tree_check_inclusion(struct ov_digest *sha,
        const struct ov_hash *leaf, uint64_t index, uint64_t size, const struct ov_hash *path,
        uint32_t path_count, const struct ov_hash *root, overt_error *err);

/* OVERT_OK: the new tree begins with all of the old one. */
OV_MUST_CHECK overt_status ov_tree_check_consistency(struct ov_digest *sha, uint64_t old_size,
        const struct ov_hash *old_root, uint64_t new_size, const struct ov_hash *new_root,
        const struct ov_hash *path, uint32_t path_count, overt_error *err);

#endif
