/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/tree.h"

#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/checked.h"
#include "trust/line.h"

_Static_assert(OV_HASH_BYTES == OV_DIGEST_BYTES_MAX, "a digest ends in a hash");

const struct ov_hash ov_tree_empty_root = { { 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a,
        0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
        0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55 } };

bool ov_hash_equal(const struct ov_hash *a, const struct ov_hash *b)
{
    return memcmp(a->b, b->b, OV_HASH_BYTES) == 0;
}

const char *ov_hash_read(struct ov_bytes text, struct ov_hash *out)
{
    struct ov_hash hash = { 0 };
    size_t len = 0;
    const char *why;

    if (ov_bytes_len(text) != OV_BASE64_CHARS(OV_HASH_BYTES)) {
        return "a hash is 44 characters of base64";
    }
    why = ov_base64_decode(text, hash.b, sizeof(hash.b), &len);
    if (why == NULL && len != OV_HASH_BYTES) {
        why = "a hash is 32 bytes";
    }
    if (why == NULL) {
        *out = hash;
    }
    return why;
}

void ov_hash_put(struct ov_buf *out, const struct ov_hash *hash)
{
    ov_base64_put(out, ov_bytes_of(hash->b, OV_HASH_BYTES));
}

void ov_tree_leaf(struct ov_digest *sha, struct ov_bytes entry, struct ov_hash *out)
{
    static const uint8_t prefix = 0x00; /* so that no leaf can pass for a node */

    ov_digest_begin(sha);
    ov_digest_update(sha, ov_bytes_of(&prefix, 1));
    ov_digest_update(sha, entry);
    ov_digest_end(sha, out->b);
}

void ov_tree_node(struct ov_digest *sha, const struct ov_hash *left, const struct ov_hash *right,
        struct ov_hash *out)
{
    uint8_t both[1 + 2 * OV_HASH_BYTES] = {
        0x01
    }; /* in one piece: three calls cost as much again */

    memcpy(both + 1, left->b, OV_HASH_BYTES);
    memcpy(both + 1 + OV_HASH_BYTES, right->b, OV_HASH_BYTES);
    ov_digest_begin(sha);
    ov_digest_update(sha, ov_bytes_of(both, sizeof(both)));
    ov_digest_end(sha, out->b); /* last, so `out` may be one of the two */
}

bool ov_tree_append(struct ov_digest *sha, struct ov_tree *tree, const struct ov_hash *leaf)
{
    struct ov_hash node = *leaf;

    if (tree->size >= OV_LOG_NUMBER_MAX) {
        return false;
    }
    OV_ASSERT(tree->peak_count == (uint32_t)__builtin_popcountll(tree->size));
    for (uint64_t carry = tree->size; (carry & 1) != 0; carry >>= 1) {
        tree->peak_count--;
        ov_tree_node(sha, &tree->peaks[tree->peak_count], &node, &node);
    }
    tree->peaks[tree->peak_count] = node;
    tree->peak_count++;
    tree->size++;
    return true;
}

void ov_tree_root(struct ov_digest *sha, const struct ov_tree *tree, struct ov_hash *out)
{
    struct ov_hash root = ov_tree_empty_root;

    if (tree->peak_count > 0) {
        root = tree->peaks[tree->peak_count - 1];
        for (uint32_t i = tree->peak_count - 1; i > 0; i--) {
            ov_tree_node(sha, &tree->peaks[i - 1], &root, &root);
        }
    }
    *out = root;
}

/* A climb goes from one node to the root, level by level; `last` is the number of the rightmost
 * node on the level. A node that is even and the last has no sibling and rises as it is. */
static bool has_left(uint64_t node)
{
    return (node & 1) != 0;
}

static bool has_right(uint64_t node, uint64_t last)
{
    return !has_left(node) && node < last;
}

/* Hashes that a climb needs. */
static uint32_t climb_count(uint64_t node, uint64_t last)
{
    uint32_t count = 0;

    for (; last != 0; node >>= 1, last >>= 1) {
        count += has_left(node) || has_right(node, last);
    }
    return count;
}

overt_status ov_tree_check_inclusion(struct ov_digest *sha, const struct ov_hash *leaf,
        uint64_t index, uint64_t size, const struct ov_hash *path, uint32_t path_count,
        const struct ov_hash *root, overt_error *err)
{
    struct ov_hash at = *leaf;
    uint64_t node = index, last;
    uint32_t used = 0, need;

    if (index >= size) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "index %" PRIu64 " is not in a tree of size %" PRIu64, index, size);
    }
    last = size - 1;
    need = climb_count(node, last);
    if (path_count != need) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "%u hashes in the inclusion proof; index %" PRIu64 " of size %" PRIu64 " needs %u",
                path_count, index, size, need);
    }
    for (; last != 0; node >>= 1, last >>= 1) {
        if (has_left(node)) {
            ov_tree_node(sha, &path[used++], &at, &at);
        } else if (has_right(node, last)) {
            ov_tree_node(sha, &at, &path[used++], &at);
        }
    }
    OV_ASSERT(used == path_count);
    if (!ov_hash_equal(&at, root)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "the inclusion proof leads to another root: this is not entry %" PRIu64
                " of that tree",
                index);
    }
    return OVERT_OK;
}

/* Trees of the same size, or an old tree that is empty: there is nothing to climb. */
static overt_status check_without_climb(uint64_t old_size, const struct ov_hash *old_root,
        uint64_t new_size, const struct ov_hash *new_root, uint32_t path_count, overt_error *err)
{
    if (path_count != 0) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "%u hashes in the consistency proof from size %" PRIu64 " to %" PRIu64
                ", which needs none",
                path_count, old_size, new_size);
    }
    if (old_size == 0 && !ov_hash_equal(old_root, &ov_tree_empty_root)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the old root is not the empty tree's");
    }
    if (old_size == new_size && !ov_hash_equal(old_root, new_root)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "two different trees of size %" PRIu64 ": the log has forked", old_size);
    }
    return OVERT_OK;
}

overt_status ov_tree_check_consistency(struct ov_digest *sha, uint64_t old_size,
        const struct ov_hash *old_root, uint64_t new_size, const struct ov_hash *new_root,
        const struct ov_hash *path, uint32_t path_count, overt_error *err)
{
    struct ov_hash old_at, new_at;
    uint64_t node, last;
    uint32_t used = 0, need;

    if (old_size > new_size) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "size %" PRIu64 " is older than size %" PRIu64 ": a log does not shrink", new_size,
                old_size);
    }
    if (old_size == 0 || old_size == new_size) {
        return check_without_climb(old_size, old_root, new_size, new_root, path_count, err);
    }
    /* The climb begins at the old tree's rightmost complete subtree. If that is the whole old
     * tree, its root is known and left out of the path. */
    node = old_size - 1;
    last = new_size - 1;
    for (; has_left(node); node >>= 1, last >>= 1) {
    }
    need = climb_count(node, last) + (node != 0);
    if (path_count != need) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "%u hashes in the consistency proof; from size %" PRIu64 " to %" PRIu64 " needs %u",
                path_count, old_size, new_size, need);
    }
    old_at = node == 0 ? *old_root : path[used++];
    new_at = old_at;
    for (; last != 0; node >>= 1, last >>= 1) {
        if (has_left(node)) {
            ov_tree_node(sha, &path[used], &old_at, &old_at);
            ov_tree_node(sha, &path[used], &new_at, &new_at);
            used++;
        } else if (has_right(node, last)) {
            ov_tree_node(sha, &new_at, &path[used], &new_at);
            used++;
        }
    }
    OV_ASSERT(used == path_count);
    if (!ov_hash_equal(&old_at, old_root)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "the consistency proof does not lead to the old root");
    }
    if (!ov_hash_equal(&new_at, new_root)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "the consistency proof does not lead to the new root");
    }
    return OVERT_OK;
}
