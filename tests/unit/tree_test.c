/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap.h"
#include "tests/unit/log_help.h"
#include "trust/tree.h"

#define SMALL 40u /* every pair of sizes up to here: more than one carry in every direction */

static bool hash_is(const struct ov_hash *hash, const char *hex)
{
    struct ov_hash want;

    return from_hex(hex, want.b, sizeof(want.b)) && ov_hash_equal(hash, &want);
}

TEST(the_empty_tree_is_the_hash_of_nothing)
{
    const struct ov_tree tree = { 0 };
    uint8_t want[OV_DIGEST_BYTES_MAX];
    struct ov_hash root;

    CHECK(ov_digest_of(OV_DIGEST_SHA256, ov_bytes_of(NULL, 0), want));
    ov_tree_root(sha, &tree, &root);
    CHECK(memcmp(root.b, want, sizeof(want)) == 0);
    CHECK(hash_is(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

TEST(every_root_of_the_vectors_comes_out)
{
    auto_free struct ov_hash *leaves = leaves_of(70000);
    unsigned rows_seen = 0;
    struct ov_hash root;
    struct rows rows;

    rows_open(&rows);
    while (rows_next(&rows, "root")) {
        root_of(leaves, strtoul(rows.fields[1], NULL, 10), &root);
        CHECK(hash_is(&root, rows.fields[2]));
        rows_seen++;
    }
    CHECK_UINT(rows_seen, 16);
    rows_open(&rows);
    while (rows_next(&rows, "leaf")) {
        CHECK(hash_is(&leaves[strtoul(rows.fields[1], NULL, 10)], rows.fields[2]));
        rows_seen++;
    }
    CHECK_UINT(rows_seen, 18);
}

static uint32_t read_path(const struct rows *rows, size_t first, struct ov_hash *path)
{
    uint32_t count = 0;

    for (size_t i = first; i < rows->count; i++) {
        if (!from_hex(rows->fields[i], path[count++].b, OV_HASH_BYTES)) {
            abort();
        }
    }
    return count;
}

TEST(every_inclusion_proof_of_the_vectors_holds_and_comes_out)
{
    auto_free struct ov_hash *leaves = leaves_of(70000);
    unsigned rows_seen = 0;
    struct rows rows;

    rows_open(&rows);
    while (rows_next(&rows, "inclusion")) {
        const uint64_t size = strtoul(rows.fields[1], NULL, 10);
        const uint64_t index = strtoul(rows.fields[2], NULL, 10);
        struct ov_hash path[64], leaf, root;
        struct ov_tree_path made;
        const uint32_t count = read_path(&rows, 5, path);

        CHECK(from_hex(rows.fields[3], leaf.b, 32) && from_hex(rows.fields[4], root.b, 32));
        CHECK(ov_tree_check_inclusion(sha, &leaf, index, size, path, count, &root, NULL)
                == OVERT_OK);
        ov_tree_prove_inclusion(sha, leaves, size, index, &made);
        CHECK_UINT(made.count, count);
        CHECK(memcmp(made.hashes, path, count * sizeof(path[0])) == 0);
        rows_seen++;
    }
    CHECK_UINT(rows_seen, 10);
}

TEST(every_consistency_proof_of_the_vectors_holds_and_comes_out)
{
    auto_free struct ov_hash *leaves = leaves_of(70000);
    unsigned rows_seen = 0;
    struct rows rows;

    rows_open(&rows);
    while (rows_next(&rows, "consistency")) {
        const uint64_t old_size = strtoul(rows.fields[1], NULL, 10);
        const uint64_t new_size = strtoul(rows.fields[2], NULL, 10);
        struct ov_hash path[64], old_root, new_root;
        struct ov_tree_path made;
        const uint32_t count = read_path(&rows, 5, path);

        CHECK(from_hex(rows.fields[3], old_root.b, 32) && from_hex(rows.fields[4], new_root.b, 32));
        CHECK(ov_tree_check_consistency(
                      sha, old_size, &old_root, new_size, &new_root, path, count, NULL)
                == OVERT_OK);
        ov_tree_prove_consistency(sha, leaves, old_size, new_size, &made);
        CHECK_UINT(made.count, count);
        CHECK(memcmp(made.hashes, path, count * sizeof(path[0])) == 0);
        rows_seen++;
    }
    CHECK_UINT(rows_seen, 13);
}

/* Every index of every small tree: its proof holds, and nothing near it does. */
TEST(an_inclusion_proof_holds_for_one_leaf_of_one_tree)
{
    auto_free struct ov_hash *leaves = leaves_of(SMALL);

    for (uint64_t size = 1; size <= SMALL; size++) {
        struct ov_hash root;

        root_of(leaves, size, &root);
        for (uint64_t index = 0; index < size; index++) {
            struct ov_tree_path p;

            ov_tree_prove_inclusion(sha, leaves, size, index, &p);
            for (uint64_t other = 0; other <= size; other++) {
                const overt_status s = ov_tree_check_inclusion(
                        sha, &leaves[index], other, size, p.hashes, p.count, &root, NULL);

                CHECK((s == OVERT_OK) == (other == index));
            }
            CHECK(ov_tree_check_inclusion(sha, &leaves[(index + 1) % SMALL], index, size, p.hashes,
                          p.count, &root, NULL)
                    != OVERT_OK);
            for (uint32_t i = 0; i < p.count; i++) {
                p.hashes[i].b[i % 32] ^= 1;
                CHECK(ov_tree_check_inclusion(
                              sha, &leaves[index], index, size, p.hashes, p.count, &root, NULL)
                        != OVERT_OK);
                p.hashes[i].b[i % 32] ^= 1;
            }
        }
    }
}

TEST(a_consistency_proof_holds_between_two_trees)
{
    auto_free struct ov_hash *leaves = leaves_of(SMALL);
    struct ov_hash roots[SMALL + 1];

    for (size_t size = 0; size <= SMALL; size++) {
        root_of(leaves, size, &roots[size]);
    }
    for (uint64_t n = 0; n <= SMALL; n++) {
        for (uint64_t m = 0; m <= n; m++) {
            struct ov_tree_path p;

            ov_tree_prove_consistency(sha, leaves, m, n, &p);
            CHECK(ov_tree_check_consistency(
                          sha, m, &roots[m], n, &roots[n], p.hashes, p.count, NULL)
                    == OVERT_OK);
            for (uint32_t i = 0; i < p.count; i++) {
                p.hashes[i].b[31] ^= 0x80;
                CHECK(ov_tree_check_consistency(
                              sha, m, &roots[m], n, &roots[n], p.hashes, p.count, NULL)
                        != OVERT_OK);
                p.hashes[i].b[31] ^= 0x80;
            }
            if (m < n) { /* turned around, the log would shrink */
                CHECK(ov_tree_check_consistency(
                              sha, n, &roots[n], m, &roots[m], p.hashes, p.count, NULL)
                        != OVERT_OK);
            }
            if (m > 0) { /* a forged old or new root */
                struct ov_hash forged = roots[m];

                forged.b[0] ^= 1;
                CHECK(ov_tree_check_consistency(
                              sha, m, &forged, n, &roots[n], p.hashes, p.count, NULL)
                        != OVERT_OK);
                forged = roots[n];
                forged.b[0] ^= 1;
                CHECK(ov_tree_check_consistency(
                              sha, m, &roots[m], n, &forged, p.hashes, p.count, NULL)
                        != OVERT_OK);
            }
        }
    }
}

TEST(reasons_are_said)
{
    auto_free struct ov_hash *leaves = leaves_of(8);
    overt_error err = OVERT_ERROR_INIT;
    struct ov_hash r3, r7, other;
    struct ov_tree_path p, inclusion;

    root_of(leaves, 3, &r3);
    root_of(leaves, 7, &r7);
    ov_tree_prove_consistency(sha, leaves, 3, 7, &p);
    ov_tree_prove_inclusion(sha, leaves, 7, 6, &inclusion);
    CHECK(ov_tree_check_inclusion(
                  sha, &leaves[6], 7, 7, inclusion.hashes, inclusion.count, &r7, &err)
            == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "index 7 is not in a tree of size 7");
    CHECK(ov_tree_check_inclusion(sha, &leaves[6], 6, 7, inclusion.hashes, 1, &r7, &err)
            == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "1 hashes in the inclusion proof; index 6 of size 7 needs 2");
    CHECK(ov_tree_check_inclusion(sha, &leaves[5], 6, 7, inclusion.hashes, 2, &r7, &err)
            == OVERT_E_CORRUPT);
    CHECK_STR(err.message,
            "the inclusion proof leads to another root: this is not entry 6 of that tree");
    CHECK(ov_tree_check_consistency(sha, 7, &r7, 3, &r3, p.hashes, p.count, &err)
            == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "size 3 is older than size 7: a log does not shrink");
    CHECK(ov_tree_check_consistency(sha, 3, &r3, 7, &r7, p.hashes, p.count - 1, &err)
            == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "3 hashes in the consistency proof; from size 3 to 7 needs 4");
    other = r7;
    other.b[5] ^= 4;
    CHECK(ov_tree_check_consistency(sha, 7, &r7, 7, &other, NULL, 0, &err) == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "two different trees of size 7: the log has forked");
    CHECK(ov_tree_check_consistency(sha, 7, &r7, 7, &r7, p.hashes, 1, &err) == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "1 hashes in the consistency proof from size 7 to 7, which needs none");
    CHECK(ov_tree_check_consistency(sha, 0, &r3, 7, &r7, NULL, 0, &err) == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "the old root is not the empty tree's");
    CHECK(ov_tree_check_consistency(sha, 3, &other, 7, &r7, p.hashes, p.count, &err)
            == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "the consistency proof does not lead to the old root");
    CHECK(ov_tree_check_consistency(sha, 3, &r3, 7, &other, p.hashes, p.count, &err)
            == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "the consistency proof does not lead to the new root");
}

TEST(a_tree_ends_before_two_to_the_63)
{
    struct ov_hash leaf = { { 1 } }, root;
    struct ov_tree tree = { .size = (uint64_t)INT64_MAX - 1, .peak_count = 62 };

    CHECK(ov_tree_append(sha, &tree, &leaf));
    CHECK_UINT(tree.size, INT64_MAX);
    CHECK_UINT(tree.peak_count, 63);
    ov_tree_root(sha, &tree, &root);
    CHECK(!ov_tree_append(sha, &tree, &leaf));
    CHECK_UINT(tree.size, INT64_MAX);
}

/* The longest proofs there are, and sizes that no tree has. */
TEST(proofs_at_the_edge_of_the_numbers)
{
    struct ov_hash path[OV_TREE_HEIGHT_MAX] = { 0 }, leaf = { { 7 } }, root;

    root = leaf;
    for (unsigned i = 0; i < 63; i++) {
        ov_tree_node(sha, &root, &path[i], &root);
    }
    CHECK(ov_tree_check_inclusion(sha, &leaf, 0, INT64_MAX, path, 63, &root, NULL) == OVERT_OK);
    CHECK(ov_tree_check_inclusion(sha, &leaf, 0, UINT64_MAX, path, 63, &root, NULL)
            == OVERT_E_CORRUPT);
    CHECK(ov_tree_check_inclusion(sha, &leaf, UINT64_MAX, UINT64_MAX, path, 63, &root, NULL)
            == OVERT_E_CORRUPT);
    CHECK(ov_tree_check_consistency(sha, UINT64_MAX - 1, &root, UINT64_MAX, &root, path, 63, NULL)
            == OVERT_E_CORRUPT);
}

TEST(a_hash_is_32_bytes_in_one_spelling)
{
    struct ov_hash hash;

    CHECK(ov_hash_read(text_of("Zod31sMXdYviuN26JySta60xgfkrnf3HJxxkrqCi6lA="), &hash) == NULL);
    CHECK(hash_is(&hash, "668777d6c317758be2b8ddba2724ad6bad3181f92b9dfdc7271c64aea0a2ea50"));
    CHECK_STR(ov_hash_read(text_of("Zod31sMXdYviuN26JySta60xgfkrnf3HJxxkrqCi6lB="), &hash),
            "base64 with bits set behind its last byte");
    CHECK_STR(ov_hash_read(text_of("Zod31sMXdYviuN26JySta60xgfkrnf3HJxxkrqCi6lA"), &hash),
            "a hash is 44 characters of base64");
    CHECK_STR(ov_hash_read(text_of("Zod31sMXdYviuN26JySta60xgfkrnf3HJxxkrqCi6g=="), &hash),
            "a hash is 32 bytes");
    CHECK_STR(ov_hash_read(text_of("Zod31sMXdYviuN26JySta60xgfkrnf3HJxxkrqCi6lAA"), &hash),
            "more base64 than fits here");
}

TESTS(T(the_empty_tree_is_the_hash_of_nothing), T(every_root_of_the_vectors_comes_out),
        T(every_inclusion_proof_of_the_vectors_holds_and_comes_out),
        T(every_consistency_proof_of_the_vectors_holds_and_comes_out),
        T(an_inclusion_proof_holds_for_one_leaf_of_one_tree),
        T(a_consistency_proof_holds_between_two_trees), T(reasons_are_said),
        T(a_tree_ends_before_two_to_the_63), T(proofs_at_the_edge_of_the_numbers),
        T(a_hash_is_32_bytes_in_one_spelling));
