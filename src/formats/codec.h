/* SPDX-License-Identifier: Apache-2.0 */
/* codec.h - the decoders behind stream.h, each as the same four functions over its library. */
#ifndef OV_FORMATS_CODEC_H
#define OV_FORMATS_CODEC_H

#define ZLIB_CONST /* next_in is a pointer to const */

#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "formats/stream.h"

enum ov_codec_step {
    OV_CODEC_GOES_ON,
    OV_CODEC_DONE, /* the stream's own end */
    OV_CODEC_DAMAGED,
    OV_CODEC_MEMORY,
    OV_CODEC_UNSUPPORTED
};

struct ov_codec_state {
    union {
        z_stream z;
        bz_stream bz;
        lzma_stream lzma;
        ZSTD_DStream *zstd;
        LZ4F_dctx *lz4;
    } u;
    struct ov_buf packed; /* decoders of whole buffers: what came in, */
    struct ov_buf plain;  /* what they made of it, */
    size_t plain_at;      /* and how much of that went out */
    bool decoded;
    enum ov_codec_step end; /* what follows it */
    uint8_t head[18];       /* ZIP_LZMA: the .lzma header made from what the zip has */
    uint32_t head_have;
};

struct ov_codec_io {
    const uint8_t *in;
    size_t in_left;
    uint8_t *out;
    size_t out_left;
    bool last; /* no more input will come */
};

struct ov_codec_ops {
    const char *name;
    bool (*begin)(struct ov_codec_state *state); /* false: no memory */
    bool (*again)(struct ov_codec_state *state); /* as begin, on a state that begun; NULL: none */
    enum ov_codec_step (*run)(struct ov_codec_state *state, struct ov_codec_io *io);
    void (*end)(struct ov_codec_state *state);
};

/* codec_whole.c: decoders that want all of a member at once. */
extern const struct ov_codec_ops ov_codec_deflate64;
extern const struct ov_codec_ops ov_codec_implode[4];
/* What they made, as far as there is room; then state->end. */
enum ov_codec_step ov_codec_give(struct ov_codec_state *state, struct ov_codec_io *io);
extern const struct ov_codec_ops ov_codec_ppmd; /* codec_ppmd.c: the same */

const struct ov_codec_ops *ov_codec_ops(enum ov_codec codec);

#endif
