/* SPDX-License-Identifier: Apache-2.0 */
/* tile.h - a log as static files: tiles of 256 hashes, and bundles of the entries themselves.
 *
 * A server of tiles is not trusted: what it sends is cut to the width that a checked checkpoint
 * asks for, and hashed up to that checkpoint's root before anyone believes it. */
#ifndef OV_TRUST_TILE_H
#define OV_TRUST_TILE_H

#include "trust/tree.h"

#define OV_TILE_WIDTH     256u
#define OV_TILE_LEVEL_MAX 63u
#define OV_TILE_BYTES_MAX (OV_TILE_WIDTH * OV_HASH_BYTES)

struct ov_tile {
    bool is_entries; /* a bundle of entries, level 0 */
    uint32_t level;
    uint64_t number;
    uint32_t width; /* 1 to 256 hashes or entries */
};

/* "tile/0/x001/x234/067.p/112". OVERT_E_SYNTAX: any other spelling than what ov_tile_put_path
 * writes. */
OV_MUST_CHECK overt_status ov_tile_read_path(
        struct ov_bytes path, struct ov_tile *out, overt_error *err);
void ov_tile_put_path(struct ov_buf *out, const struct ov_tile *tile);

/* How wide this tile is in a tree of `size`; 0: it is not there. Only such tiles are asked for. */
uint32_t ov_tile_width_in(uint32_t level, uint64_t number, uint64_t size);

/* The hashes of a tile, into hashes[0 .. tile->width). The file has exactly those, or is the full
 * tile, served where the partial one was dropped: then it is cut. */
OV_MUST_CHECK overt_status ov_tile_read(const struct ov_tile *tile, struct ov_bytes file,
        struct ov_hash hashes[OV_TILE_WIDTH], overt_error *err);

/* The entries of a bundle, borrowed; the same about its length. */
OV_MUST_CHECK overt_status ov_tile_read_entries(const struct ov_tile *tile, struct ov_bytes file,
        struct ov_bytes entries[OV_TILE_WIDTH], overt_error *err);

#endif
