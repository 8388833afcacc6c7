/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/tile.h"

#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "trust/line.h"

/* A number below 2^63 in groups of three digits. */
#define GROUPS_MAX 7u

static overt_status bad_path(struct ov_bytes path, overt_error *err)
{
    return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX, "not the path of a tile: %.*s",
            (int)(ov_bytes_len(path) > 80 ? 80 : ov_bytes_len(path)),
            (const char *)ov_bytes_raw(path));
}

void ov_tile_put_path(struct ov_buf *out, const struct ov_tile *tile)
{
    unsigned groups[GROUPS_MAX];
    unsigned count = 0;

    OV_ASSERT(tile->width >= 1 && tile->width <= OV_TILE_WIDTH);
    for (uint64_t n = tile->number; count == 0 || n != 0; n /= 1000) {
        groups[count++] = (unsigned)(n % 1000);
    }
    if (tile->is_entries) {
        ov_buf_put_text(out, "tile/entries/");
    } else {
        ov_buf_printf(out, "tile/%u/", tile->level);
    }
    while (count > 1) {
        ov_buf_printf(out, "x%03u/", groups[--count]);
    }
    ov_buf_printf(out, "%03u", groups[0]);
    if (tile->width < OV_TILE_WIDTH) {
        ov_buf_printf(out, ".p/%u", tile->width);
    }
}

/* Three digits. */
static bool read_group(struct ov_bytes text, uint64_t *number)
{
    uint64_t value = 0;

    if (ov_bytes_len(text) != 3) {
        return false;
    }
    for (unsigned i = 0; i < 3; i++) {
        const uint8_t c = ov_bytes_raw(text)[i];

        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(c - '0');
    }
    return ov_mul(number, *number, (uint64_t)1000) && ov_add(number, *number, value);
}

/* Everything but the question whether it is the one spelling. */
static bool read_loosely(struct ov_bytes path, struct ov_tile *tile)
{
    struct ov_bytes part, rest, group, width;
    uint64_t number = 0;

    tile->width = OV_TILE_WIDTH;
    if (!ov_text_after(path, "tile/", &rest) || !ov_text_split(rest, '/', &part, &rest)) {
        return false;
    }
    tile->is_entries = ov_bytes_equal(part, "entries", 7);
    if (!tile->is_entries) {
        if (ov_decimal_read(part, &number) != NULL || number > OV_TILE_LEVEL_MAX) {
            return false;
        }
        tile->level = (uint32_t)number;
    }
    while (ov_text_after(rest, "x", &rest)) { /* each round takes at least two bytes */
        if (!ov_text_split(rest, '/', &part, &rest) || !read_group(part, &tile->number)) {
            return false;
        }
    }
    if (!ov_text_split(rest, '.', &group, &part)) {
        return read_group(rest, &tile->number);
    }
    if (!read_group(group, &tile->number) || !ov_text_after(part, "p/", &width)
            || ov_decimal_read(width, &number) != NULL || number < 1 || number >= OV_TILE_WIDTH) {
        return false;
    }
    tile->width = (uint32_t)number;
    return true;
}

overt_status ov_tile_read_path(struct ov_bytes path, struct ov_tile *out, overt_error *err)
{
    struct ov_tile tile = { 0 };
    struct ov_buf again;
    bool same;

    if (!read_loosely(path, &tile) || tile.number > OV_LOG_NUMBER_MAX / OV_TILE_WIDTH) {
        return bad_path(path, err);
    }
    ov_buf_init(&again, 256);
    ov_tile_put_path(&again, &tile);
    if (!ov_buf_ok(&again)) {
        ov_buf_done(&again);
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a path");
    }
    same = ov_bytes_equal(
            path, ov_bytes_raw(ov_buf_bytes(&again)), (size_t)ov_bytes_len(ov_buf_bytes(&again)));
    ov_buf_done(&again);
    if (!same) { /* zeros in front, as x000/001 */
        return bad_path(path, err);
    }
    *out = tile;
    return OVERT_OK;
}

uint32_t ov_tile_width_in(uint32_t level, uint64_t number, uint64_t size)
{
    /* 256^8 leaves are more than any tree has, so level 8 and above are empty. */
    const uint64_t hashes = level < 8 ? size >> (8 * level) : 0;

    if (number < hashes / OV_TILE_WIDTH) {
        return OV_TILE_WIDTH;
    }
    return number == hashes / OV_TILE_WIDTH ? (uint32_t)(hashes % OV_TILE_WIDTH) : 0;
}

overt_status ov_tile_read(const struct ov_tile *tile, struct ov_bytes file,
        struct ov_hash hashes[OV_TILE_WIDTH], overt_error *err)
{
    const uint64_t want = (uint64_t)tile->width * OV_HASH_BYTES;
    struct ov_reader r = ov_reader_on(file);
    struct ov_bytes hash;

    OV_ASSERT(!tile->is_entries && tile->width <= OV_TILE_WIDTH);
    if (ov_bytes_len(file) != want && ov_bytes_len(file) != OV_TILE_BYTES_MAX) {
        return ov_fail(err, OVERT_E_CORRUPT, ov_bytes_len(file),
                "a tile of %" PRIu64 " bytes; %" PRIu64 " belong to width %u", ov_bytes_len(file),
                want, tile->width);
    }
    for (uint32_t i = 0; i < tile->width; i++) {
        if (!ov_read_bytes(&r, OV_HASH_BYTES, &hash)) {
            return ov_fail(err, OVERT_E_CORRUPT, ov_bytes_len(file), "a tile that is cut short");
        }
        memcpy(hashes[i].b, ov_bytes_raw(hash), OV_HASH_BYTES);
    }
    return OVERT_OK;
}

/* One entry: its length, 16 bits big-endian, and its bytes. */
static bool read_entry(struct ov_reader *r, struct ov_bytes *entry)
{
    uint8_t high, low;

    return ov_read_u8(r, &high) && ov_read_u8(r, &low)
           && ov_read_bytes(r, (uint64_t)high << 8 | low, entry);
}

overt_status ov_tile_read_entries(const struct ov_tile *tile, struct ov_bytes file,
        struct ov_bytes entries[OV_TILE_WIDTH], overt_error *err)
{
    struct ov_reader r = ov_reader_on(file);
    struct ov_bytes entry;
    uint32_t count = 0;

    OV_ASSERT(tile->is_entries && tile->width <= OV_TILE_WIDTH);
    while (ov_reader_left(&r) > 0) { /* each round takes at least the two bytes of a length */
        const uint64_t at = ov_bytes_len(file) - ov_reader_left(&r);

        if (count == OV_TILE_WIDTH) {
            return ov_fail(
                    err, OVERT_E_CORRUPT, at, "more than %u entries in a bundle", OV_TILE_WIDTH);
        }
        if (!read_entry(&r, &entry)) {
            return ov_fail(err, OVERT_E_CORRUPT, at, "entry %u of the bundle is cut short", count);
        }
        if (count < tile->width) {
            entries[count] = entry;
        }
        count++;
    }
    if (count != tile->width && count != OV_TILE_WIDTH) {
        return ov_fail(err, OVERT_E_CORRUPT, ov_bytes_len(file),
                "%u entries in a bundle of width %u", count, tile->width);
    }
    return OVERT_OK;
}
