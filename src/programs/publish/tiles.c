/* SPDX-License-Identifier: Apache-2.0 */
/* tiles.c - the log as static tiles (c2sp.org/tlog-tiles). A tile that was part of a signed tree
 * never changes; one that is only partly filled is written again under its new width. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "programs/publish/publish.h"
#include "trust/pack.h"
#include "trust/tile.h"

static void path_of(const struct ov_tile *tile, char path[256])
{
    struct ov_buf text;

    ov_buf_init(&text, 200);
    ov_tile_put_path(&text, tile);
    (void)snprintf(path, 256, "public/%.*s", (int)ov_bytes_len(ov_buf_bytes(&text)),
            (const char *)ov_bytes_raw(ov_buf_bytes(&text)));
    ov_buf_done(&text);
}

/* The tile as it was written for a tree of `size`, or a fuller one of later. */
static bool read_tile(struct log *log, struct ov_tile tile, struct ov_buf *out)
{
    overt_error err = OVERT_ERROR_INIT;
    const uint32_t least = tile.width;
    char path[256];

    for (; tile.width <= OV_TILE_WIDTH; tile.width = tile.width == least ? OV_TILE_WIDTH : 257) {
        path_of(&tile, path);
        ov_buf_clear(out);
        if (ov_file_read(log->fd, path, 256u * 65537u, out, &err) == OVERT_OK) {
            return true;
        }
    }
    (void)complain(path, &err);
    return false;
}

bool tiles_load(struct log *log)
{
    const uint64_t size = log->size;
    struct ov_hash hashes[OV_TILE_WIDTH];
    struct ov_buf file;
    bool good = true;

    log->leaf_cap = (size_t)(size < 1024 ? 1024 : size + size / 2);
    log->leaves = calloc(log->leaf_cap, sizeof(*log->leaves));
    if (log->leaves == NULL) {
        return complain_text(log->path, "no memory for its entries") == EXIT_DONE;
    }
    ov_buf_init(&file, 256u * 65537u + 1u);
    for (uint64_t n = 0; good && n * OV_TILE_WIDTH < size; n++) {
        const struct ov_tile tile = { .number = n, .width = ov_tile_width_in(0, n, size) };
        overt_error err = OVERT_ERROR_INIT;

        good = read_tile(log, tile, &file);
        if (good && ov_tile_read(&tile, ov_buf_bytes(&file), hashes, &err) != OVERT_OK) {
            good = complain(log->path, &err) == EXIT_DONE;
        }
        if (good) {
            memcpy(log->leaves + n * OV_TILE_WIDTH, hashes, tile.width * sizeof(hashes[0]));
        }
    }
    ov_buf_done(&file);
    return good;
}

bool log_read_entry(struct log *log, uint64_t index, struct ov_buf *out)
{
    const struct ov_tile tile = { .is_entries = true,
        .number = index / OV_TILE_WIDTH,
        .width = ov_tile_width_in(0, index / OV_TILE_WIDTH, log->size) };
    struct ov_bytes *entries = calloc(OV_TILE_WIDTH, sizeof(*entries));
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf file;
    bool good;

    ov_buf_init(&file, 256u * 65537u + 1u);
    good = entries != NULL && read_tile(log, tile, &file);
    if (good && ov_tile_read_entries(&tile, ov_buf_bytes(&file), entries, &err) != OVERT_OK) {
        good = complain(log->path, &err) == EXIT_DONE;
    }
    if (good) {
        const struct ov_bytes entry = entries[index % OV_TILE_WIDTH];

        ov_buf_put(out, ov_bytes_raw(entry), (size_t)ov_bytes_len(entry));
    }
    free(entries);
    ov_buf_done(&file);
    return good;
}

static bool write_tile(struct log *log, const struct ov_tile *tile, struct ov_bytes bytes)
{
    overt_error err = OVERT_ERROR_INIT;
    char path[256], folder[256];
    overt_status status;

    path_of(tile, path);
    (void)snprintf(folder, sizeof(folder), "%s", path);
    *strrchr(folder, '/') = '\0';
    status = ov_folder_make(log->fd, folder, 0755, &err);
    if (status == OVERT_OK) {
        status = ov_file_replace(log->fd, path, bytes, 0644, &err);
    }
    return status == OVERT_OK || complain(path, &err) == EXIT_DONE;
}

/* The entries of bundle `n`: those from before are read back. */
static bool write_bundle(
        struct log *log, uint64_t n, uint64_t old_size, const struct ov_bytes *entries)
{
    const struct ov_tile tile = {
        .is_entries = true, .number = n, .width = ov_tile_width_in(0, n, log->size)
    };
    const uint64_t first = n * OV_TILE_WIDTH;
    struct ov_buf bytes, file;
    bool good = true;

    ov_buf_init(&bytes, 256u * 65537u + 1u);
    ov_buf_init(&file, 256u * 65537u + 1u);
    if (first < old_size) {
        const struct ov_tile before = {
            .is_entries = true, .number = n, .width = ov_tile_width_in(0, n, old_size)
        };
        struct ov_bytes rest, entry;

        good = read_tile(log, before, &file);
        rest = ov_buf_bytes(&file);
        for (uint32_t i = 0; good && i < before.width; i++) {
            good = ov_segment_next(&rest, &entry);
            if (good) {
                ov_pack_put_entry(&bytes, entry);
            }
        }
    }
    for (uint64_t i = first > old_size ? first : old_size; good && i < first + tile.width; i++) {
        ov_pack_put_entry(&bytes, entries[i - old_size]);
    }
    good = good && ov_buf_ok(&bytes) && write_tile(log, &tile, ov_buf_bytes(&bytes));
    ov_buf_done(&bytes);
    ov_buf_done(&file);
    return good;
}

/* hashes[j] of (level, n), from all leaves of the level below. */
static bool write_level(struct log *log, uint32_t level, const struct ov_hash *hashes,
        uint64_t count, uint64_t old_count)
{
    for (uint64_t n = old_count / OV_TILE_WIDTH; n * OV_TILE_WIDTH < count; n++) {
        const struct ov_tile tile = {
            .level = level, .number = n, .width = ov_tile_width_in(level, n, log->size)
        };

        if (tile.width != 0
                && !write_tile(log, &tile,
                        ov_bytes_of(hashes + n * OV_TILE_WIDTH, tile.width * OV_HASH_BYTES))) {
            return false;
        }
    }
    return true;
}

bool tiles_write(struct log *log, uint64_t old_size, const struct ov_bytes *entries)
{
    struct ov_hash *hashes = log->leaves; /* of this level; level 0 is borrowed */
    uint64_t count = log->size, old_count = old_size;
    bool good = true;

    for (uint64_t n = old_size / OV_TILE_WIDTH; good && n * OV_TILE_WIDTH < log->size; n++) {
        good = write_bundle(log, n, old_size, entries);
    }
    for (uint32_t level = 0; good && count > 0; level++) {
        struct ov_hash *above;

        good = write_level(log, level, hashes, count, old_count);
        above = calloc((size_t)(count / OV_TILE_WIDTH) + 1, sizeof(*above));
        good = good && above != NULL;
        for (uint64_t n = 0; good && n < count / OV_TILE_WIDTH; n++) {
            struct ov_tree tree = { 0 };

            for (uint64_t i = 0; good && i < OV_TILE_WIDTH; i++) {
                good = ov_tree_append(log->sha, &tree, &hashes[n * OV_TILE_WIDTH + i]);
            }
            ov_tree_root(log->sha, &tree, &above[n]);
        }
        if (hashes != log->leaves) {
            free(hashes);
        }
        hashes = above;
        count /= OV_TILE_WIDTH;
        old_count /= OV_TILE_WIDTH;
    }
    if (hashes != log->leaves) {
        free(hashes);
    }
    return good;
}
