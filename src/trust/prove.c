/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/prove.h"

#include "base/checked.h"

/* The root of leaves[from .. from + count). */
static void range_root(struct ov_digest *sha, const struct ov_hash *leaves, uint64_t from,
        uint64_t count, struct ov_hash *out)
{
    struct ov_tree tree = { 0 };

    for (uint64_t i = 0; i < count; i++) {
        const bool fits = ov_tree_append(sha, &tree, &leaves[from + i]);

        OV_ASSERT(fits);
    }
    ov_tree_root(sha, &tree, out);
}

/* Where RFC 6962 splits: the largest power of two below `count`, which is at least 2. */
static uint64_t split_of(uint64_t count)
{
    return UINT64_C(1) << (63 - __builtin_clzll(count - 1));
}

/* Proofs are found from the root downwards and written from the leaf upwards. */
static void reverse(struct ov_tree_path *path)
{
    for (uint32_t i = 0; i < path->count / 2; i++) {
        const struct ov_hash other = path->hashes[path->count - 1 - i];

        path->hashes[path->count - 1 - i] = path->hashes[i];
        path->hashes[i] = other;
    }
}

void ov_tree_prove_inclusion(struct ov_digest *sha, const struct ov_hash *leaves, uint64_t size,
        uint64_t index, struct ov_tree_path *out)
{
    uint64_t from = 0, count = size;

    OV_ASSERT(index < size);
    out->count = 0;
    while (count > 1) { /* count halves, nearly: at most 63 rounds */
        const uint64_t left = split_of(count);

        if (index - from < left) {
            range_root(sha, leaves, from + left, count - left, &out->hashes[out->count++]);
            count = left;
        } else {
            range_root(sha, leaves, from, left, &out->hashes[out->count++]);
            from += left;
            count -= left;
        }
    }
    reverse(out);
}

void ov_tree_prove_consistency(struct ov_digest *sha, const struct ov_hash *leaves,
        uint64_t old_size, uint64_t new_size, struct ov_tree_path *out)
{
    uint64_t from = 0, count = new_size, old_left = old_size;

    OV_ASSERT(old_size <= new_size);
    out->count = 0;
    if (old_size == 0) {
        return;
    }
    while (old_left != count) {
        const uint64_t left = split_of(count);

        if (old_left <= left) {
            range_root(sha, leaves, from + left, count - left, &out->hashes[out->count++]);
            count = left;
        } else {
            range_root(sha, leaves, from, left, &out->hashes[out->count++]);
            from += left;
            count -= left;
            old_left -= left;
        }
    }
    if (from != 0) { /* otherwise it is the old root, which the checker has */
        range_root(sha, leaves, from, count, &out->hashes[out->count++]);
    }
    reverse(out);
}
