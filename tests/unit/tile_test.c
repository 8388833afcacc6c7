/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap.h"
#include "tests/unit/log_help.h"
#include "trust/tile.h"

#define SIZE 70000u

/* Hash j of a tile covers 256^level leaves: the hash of a complete subtree. */
static void make_tile(const struct ov_hash *leaves, const struct ov_tile *tile, uint8_t *out)
{
    const uint64_t span = UINT64_C(1) << (8 * tile->level);

    for (uint64_t j = 0; j < tile->width; j++) {
        struct ov_hash hash;

        root_of(leaves + (tile->number * OV_TILE_WIDTH + j) * span, span, &hash);
        memcpy(out + j * OV_HASH_BYTES, hash.b, OV_HASH_BYTES);
    }
}

static bool path_is(const struct ov_tile *tile, const char *want)
{
    struct ov_buf out;
    bool same;

    ov_buf_init(&out, 256);
    ov_tile_put_path(&out, tile);
    same = ov_bytes_equal(ov_buf_bytes(&out), want, strlen(want));
    ov_buf_done(&out);
    return same;
}

/* V5: the tiles of a tree of 70000, built from its leaves. */
TEST(every_tile_of_the_vectors_comes_out)
{
    auto_free struct ov_hash *leaves = leaves_of(SIZE);
    unsigned rows_seen = 0;
    struct rows rows;

    rows_open(&rows);
    while (rows_next(&rows, "tile")) {
        static uint8_t bytes[OV_TILE_BYTES_MAX];
        static struct ov_hash hashes[OV_TILE_WIDTH];
        uint8_t digest[OV_DIGEST_BYTES_MAX], want[32];
        struct ov_tile tile;
        size_t len;

        CHECK(ov_tile_read_path(text_of(rows.fields[4]), &tile, NULL) == OVERT_OK);
        CHECK(!tile.is_entries);
        CHECK_UINT(tile.level, strtoul(rows.fields[1], NULL, 10));
        CHECK_UINT(tile.number, strtoul(rows.fields[2], NULL, 10));
        CHECK_UINT(tile.width, strtoul(rows.fields[3], NULL, 10));
        CHECK(path_is(&tile, rows.fields[4]));
        CHECK_UINT(ov_tile_width_in(tile.level, tile.number, SIZE), tile.width);
        make_tile(leaves, &tile, bytes);
        len = tile.width * OV_HASH_BYTES;
        CHECK(ov_digest_of(OV_DIGEST_SHA256, ov_bytes_of(bytes, len), digest));
        CHECK(from_hex(rows.fields[5], want, 32) && memcmp(digest, want, 32) == 0);
        CHECK(ov_tile_read(&tile, ov_bytes_of(bytes, len), hashes, NULL) == OVERT_OK);
        CHECK(memcmp(hashes, bytes, len) == 0);
        rows_seen++;
    }
    CHECK_UINT(rows_seen, 7);
}

/* A full tile hashes to the one hash that stands for it a level higher. */
TEST(files_of_the_vectors_hash_up_to_the_level_above)
{
    static struct ov_hash low[OV_TILE_WIDTH], middle[OV_TILE_WIDTH], top[OV_TILE_WIDTH];
    static const struct ov_tile t1 = { .level = 1, .number = 1, .width = 17 },
                                t2 = { .level = 2, .width = 1 },
                                t0 = { .number = 273, .width = 112 };
    struct ov_bytes f0, f1, f2;
    kept uint8_t *b0 = vector_file("tile/0/273.p/112", &f0);
    kept uint8_t *b1 = vector_file("tile/1/001.p/17", &f1);
    kept uint8_t *b2 = vector_file("tile/2/000.p/1", &f2);
    auto_free struct ov_hash *leaves = leaves_of(SIZE);
    struct ov_hash root, want;

    CHECK(ov_tile_read(&t0, f0, low, NULL) == OVERT_OK);
    CHECK(ov_tile_read(&t1, f1, middle, NULL) == OVERT_OK);
    CHECK(ov_tile_read(&t2, f2, top, NULL) == OVERT_OK);
    CHECK(memcmp(low, leaves + (size_t)273 * 256, sizeof(low[0]) * 112) == 0);
    root_of(leaves + (size_t)272 * 256, 256, &want);
    CHECK(ov_hash_equal(&middle[16], &want));
    root_of(leaves, 65536, &want);
    CHECK(ov_hash_equal(&top[0], &want));
    /* 70000 = 65536 + 17 * 256 + 112, and 17 and 112 are sums of powers of two: the tree's root
     * from its tiles alone. */
    root_of(low, 112, &root);
    ov_tree_node(sha, &middle[16], &root, &root);
    root_of(middle, 16, &want);
    ov_tree_node(sha, &want, &root, &root);
    ov_tree_node(sha, &top[0], &root, &root);
    root_of(leaves, SIZE, &want);
    CHECK(ov_hash_equal(&root, &want));
}

TEST(a_bundle_of_the_vectors_is_its_leaves)
{
    static const struct ov_tile tile = { .is_entries = true, .number = 273, .width = 112 };
    static struct ov_bytes entries[OV_TILE_WIDTH];
    auto_free struct ov_hash *leaves = leaves_of(SIZE);
    struct ov_bytes file;
    kept uint8_t *bytes = vector_file("tile/entries/273.p/112", &file);

    CHECK(path_is(&tile, "tile/entries/273.p/112"));
    CHECK(ov_tile_read_entries(&tile, file, entries, NULL) == OVERT_OK);
    for (size_t i = 0; i < 112; i++) {
        struct ov_hash hash;

        ov_tree_leaf(sha, entries[i], &hash);
        CHECK(ov_hash_equal(&hash, &leaves[(size_t)273 * 256 + i]));
    }
}

TEST(the_paths_of_the_vectors_go_both_ways)
{
    unsigned rows_seen = 0;
    struct rows rows;

    rows_open(&rows);
    while (rows_next(&rows, "path")) {
        struct ov_tile tile;

        CHECK(ov_tile_read_path(text_of(rows.fields[4]), &tile, NULL) == OVERT_OK);
        CHECK_UINT(tile.level, 4);
        CHECK_UINT(tile.number, 1234067);
        CHECK_UINT(tile.width, strtoul(rows.fields[3], NULL, 10));
        CHECK(path_is(&tile, rows.fields[4]));
        rows_seen++;
    }
    CHECK_UINT(rows_seen, 2);
}

/* Trap 3 among them: the height that Go's library writes is not part of a path. */
static const char *const bad_paths[] = { "", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0",
    "tile/0/0000", "tile/0/00a", "/tile/0/000", "tile/0/000/", "tile/8/0/000", "tile/00/000",
    "tile/64/000", "tile/-1/000", "tile/0/x000/000", "tile/0/x000", "tile/0/001/000",
    "tile/0/x001/x000", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256",
    "tile/0/000.p/01", "tile/0/000.p/1/", "tile/0/000.q/1", "tile/entry/000", "tile/entries",
    "tile/0/../000", "tile/0/x999/x999/x999/x999/x999/x999/999",
    "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999", "tile/0/x036/x028/x797/x018/x963/968" };

TEST(a_path_has_one_spelling)
{
    struct ov_tile tile;

    CHECK(ov_tile_read_path(text_of("tile/0/x036/x028/x797/x018/x963/967"), &tile, NULL)
            == OVERT_OK);
    CHECK_UINT(tile.number, INT64_MAX / 256);
    CHECK(ov_tile_read_path(text_of("tile/63/000.p/255"), &tile, NULL) == OVERT_OK);
    for (size_t i = 0; i < sizeof(bad_paths) / sizeof(bad_paths[0]); i++) {
        overt_error err = OVERT_ERROR_INIT;
        char want[128];

        (void)snprintf(want, sizeof(want), "not the path of a tile: %s", bad_paths[i]);
        CHECK(ov_tile_read_path(text_of(bad_paths[i]), &tile, &err) == OVERT_E_SYNTAX);
        CHECK_STR(err.message, want);
    }
}

TEST(a_tree_has_the_tiles_of_its_size)
{
    CHECK_UINT(ov_tile_width_in(0, 0, 0), 0);
    CHECK_UINT(ov_tile_width_in(0, 0, 1), 1);
    CHECK_UINT(ov_tile_width_in(0, 0, 255), 255);
    CHECK_UINT(ov_tile_width_in(0, 0, 256), 256);
    CHECK_UINT(ov_tile_width_in(0, 1, 256), 0);
    CHECK_UINT(ov_tile_width_in(1, 0, 256), 1);
    CHECK_UINT(ov_tile_width_in(1, 0, 255), 0);
    CHECK_UINT(ov_tile_width_in(0, 274, SIZE), 0);
    CHECK_UINT(ov_tile_width_in(2, 0, SIZE), 1);
    CHECK_UINT(ov_tile_width_in(3, 0, SIZE), 0);
    CHECK_UINT(ov_tile_width_in(7, 0, INT64_MAX), 127);
    CHECK_UINT(ov_tile_width_in(8, 0, INT64_MAX), 0);
    CHECK_UINT(ov_tile_width_in(63, 0, UINT64_MAX), 0);
}

TEST(a_tile_is_exactly_its_hashes_or_the_full_tile_cut)
{
    static const struct ov_tile two = { .width = 2 };
    static uint8_t bytes[OV_TILE_BYTES_MAX + 1];
    static struct ov_hash hashes[OV_TILE_WIDTH];
    overt_error err = OVERT_ERROR_INIT;

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        const bool good = len == 64 || len == OV_TILE_BYTES_MAX;

        CHECK((ov_tile_read(&two, ov_bytes_of(bytes, len), hashes, &err) == OVERT_OK) == good);
        CHECK(!good || memcmp(hashes, bytes, 64) == 0);
    }
    CHECK(ov_tile_read(&two, ov_bytes_of(bytes, 65), hashes, &err) == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "a tile of 65 bytes; 64 belong to width 2");
}

TEST(a_bundle_is_exactly_its_entries_or_the_full_bundle_cut)
{
    static const struct ov_tile two = { .is_entries = true, .width = 2 };
    static struct ov_bytes entries[OV_TILE_WIDTH];
    static uint8_t many[2 * 257];
    static const uint8_t bytes[] = { 0, 1, 'a', 0, 0 }; /* "a" and the empty entry */
    overt_error err = OVERT_ERROR_INIT;

    CHECK(ov_tile_read_entries(&two, ov_bytes_of(bytes, 5), entries, NULL) == OVERT_OK);
    CHECK(ov_bytes_equal(entries[0], "a", 1) && ov_bytes_len(entries[1]) == 0);
    for (size_t len = 0; len < 5; len++) {
        CHECK(ov_tile_read_entries(&two, ov_bytes_of(bytes, len), entries, &err)
                == OVERT_E_CORRUPT);
    }
    CHECK(ov_tile_read_entries(&two, ov_bytes_of(bytes, 3), entries, &err) == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "1 entries in a bundle of width 2");
    CHECK(ov_tile_read_entries(&two, ov_bytes_of(bytes, 2), entries, &err) == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "entry 0 of the bundle is cut short");
    CHECK_UINT(err.offset, 0);
    CHECK(ov_tile_read_entries(&two, ov_bytes_of(many, 2 * 3), entries, &err) == OVERT_E_CORRUPT);
    CHECK(ov_tile_read_entries(&two, ov_bytes_of(many, 2 * 256), entries, &err) == OVERT_OK);
    CHECK(ov_tile_read_entries(&two, ov_bytes_of(many, 2 * 257), entries, &err) == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "more than 256 entries in a bundle");
}

TESTS(T(every_tile_of_the_vectors_comes_out), T(files_of_the_vectors_hash_up_to_the_level_above),
        T(a_bundle_of_the_vectors_is_its_leaves), T(the_paths_of_the_vectors_go_both_ways),
        T(a_path_has_one_spelling), T(a_tree_has_the_tiles_of_its_size),
        T(a_tile_is_exactly_its_hashes_or_the_full_tile_cut),
        T(a_bundle_is_exactly_its_entries_or_the_full_bundle_cut));
