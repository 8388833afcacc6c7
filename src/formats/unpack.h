/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h - decoders of whole buffers, for what streams and libraries do not have. Each puts behind
 * what `out` holds already (copies reach back to its beginning), stops at its cap, and returns false
 * where the packed bytes are damaged or end too early; what came out until then is kept. */
#ifndef OV_FORMATS_UNPACK_H
#define OV_FORMATS_UNPACK_H

#include "base/buf.h"

/* zlib (`window_bits` 15), or bare deflate (-15). */
bool ov_unpack_zlib(struct ov_buf *out, struct ov_bytes in, int window_bits);
/* The one zlib stream that begins here; *used is behind its end. */
bool ov_unpack_zlib_first(struct ov_buf *out, struct ov_bytes in, uint64_t *used);
/* Does bare deflate go well as far as there are bytes, and come to some? */
bool ov_deflate_goes_well(struct ov_bytes in);
/* How far a deflate stream gets: bare (`window_bits` -15) or zlib's (15). */
struct ov_deflate_trial {
    uint64_t used; /* of the input */
    uint64_t made;
    bool ended;  /* by its own end, checksum and all */
    bool failed; /* at a byte that no such stream has there */
};
struct ov_deflate_trial ov_deflate_try(struct ov_bytes in, int window_bits);
/* Does a .lzma file go well as far as there are bytes, and come to some? */
bool ov_lzma_goes_well(struct ov_bytes in);
/* LZMA, bare: the five bytes of properties, then as much as `size` says (UINT64_MAX: an end mark). */
bool ov_unpack_lzma(
        struct ov_buf *out, struct ov_bytes properties, struct ov_bytes in, uint64_t size);
/* bzip2's blocks, as Nullsoft's installers have them. */
bool ov_unpack_bzip(struct ov_buf *out, struct ov_bytes in);
/* LHA's static Huffman codes with `places` codes for distances; ARJ's methods 1 to 3 have 17. */
bool ov_unpack_lzh(struct ov_buf *out, struct ov_bytes in, uint64_t size, unsigned places);
/* PKWARE's method 9, and its method 6 (`flags`: bit 0, a window of 8 KiB; bit 1, a table for
 * literals). */
bool ov_unpack_deflate64(struct ov_buf *out, struct ov_bytes in);
bool ov_unpack_implode(struct ov_buf *out, struct ov_bytes in, unsigned flags);

/* UCL's codes, as UPX has them. */
enum ov_nrv {
    OV_NRV2B,
    OV_NRV2D,
    OV_NRV2E
};
bool ov_unpack_nrv(struct ov_buf *out, struct ov_bytes in, enum ov_nrv kind);
/* LZX of help files, over words whose bytes were exchanged; begun anew every `reset_bytes`. */
bool ov_unpack_lzx(struct ov_buf *out, struct ov_bytes words, uint64_t size, uint32_t window,
        uint64_t reset_bytes);

uint32_t ov_crc32(struct ov_bytes bytes);

#endif
