/* SPDX-License-Identifier: Apache-2.0 */
/* inflate_whole.h - deflate of which the ends are known on both sides, all at once (libdeflate):
 * twice as fast as zlib's pieces, and most members of archives are small. What does not come out as
 * promised is left to zlib, which says what is wrong with it and gives what there is before that. */
#ifndef OV_FORMATS_INFLATE_WHOLE_H
#define OV_FORMATS_INFLATE_WHOLE_H

#include "formats/container.h"

struct ov_inflate_room {
    uint8_t *at; /* owned; NULL: none so far */
    size_t bytes;
};

struct ov_inflate_whole {
    struct libdeflate_decompressor *priv_decoder; /* owned; kept for the next member */
    struct ov_inflate_room priv_packed;           /* likewise: an input that is not in memory */
    struct ov_inflate_room priv_plain;
    struct ov_bytes plain; /* what is still to be given out; in priv_plain */
    uint64_t packed;       /* bytes of the input that it took */
};

void ov_inflate_whole_init(struct ov_inflate_whole *whole);
void ov_inflate_whole_done(struct ov_inflate_whole *whole);

/* False: too large, or not exactly `plain_bytes` bytes; nothing was given out. */
OV_MUST_CHECK bool ov_inflate_whole_run(
        struct ov_inflate_whole *whole, const struct ov_input *input, uint64_t plain_bytes);

/* A gzip file that is one member and nothing else, as its last four bytes tell the size of. False: it
 * is not, or damaged, or too large; nothing was given out. */
OV_MUST_CHECK bool ov_inflate_whole_gzip(
        struct ov_inflate_whole *whole, const struct ov_input *input);

/* The next piece; false: there is none. */
OV_MUST_CHECK bool ov_inflate_whole_next(struct ov_inflate_whole *whole, struct ov_bytes *piece);

/* The checksum of what came before, gone on with. */
uint32_t ov_crc32_on(uint32_t crc, struct ov_bytes bytes);

#endif
