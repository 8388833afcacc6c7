/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - packed bytes in, plain bytes out, a piece at a time, for one stream or for the
 * member of an archive. Bounded memory; every step consumes or produces something. */
#ifndef OV_FORMATS_STREAM_H
#define OV_FORMATS_STREAM_H

#include "formats/container.h"

enum ov_codec {
    OV_CODEC_GZIP,
    OV_CODEC_BZIP2,
    OV_CODEC_XZ,
    OV_CODEC_LZMA,
    OV_CODEC_LZIP,
    OV_CODEC_ZSTD,
    OV_CODEC_LZ4,
    OV_CODEC_ZLIB,
    OV_CODEC_DEFLATE,   /* no header, no checksum */
    OV_CODEC_STORED,    /* the rest: members of a zip */
    OV_CODEC_ZIP_LZMA,  /* APPNOTE 5.8: a header of its own, then LZMA */
    OV_CODEC_DEFLATE64, /* APPNOTE method 9 */
    OV_CODEC_IMPLODE,   /* method 6; this and three more, by bits 1 and 2 of the zip's flags */
    OV_CODEC_IMPLODE_LAST = OV_CODEC_IMPLODE + 3,
    OV_CODEC_PPMD, /* method 98 */
    OV_CODECS
};

struct ov_stream;

struct ov_stream *ov_stream_new(void) OV_MUST_CHECK; /* NULL: no memory */
void ov_stream_free(struct ov_stream *stream);
OV_DEFINE_AUTO(struct ov_stream, ov_stream_free);

/* Starts over on `input`. `alone`: whatever stands behind the first stream is not looked at (a
 * member of an archive); otherwise more streams of the same kind may follow, as in gzip. */
void ov_stream_begin(
        struct ov_stream *stream, enum ov_codec codec, const struct ov_input *input, bool alone);

/* After begin: whoever packed it says that it has so many bytes. They are the same either way, only
 * sooner. */
void ov_stream_expect(struct ov_stream *stream, uint64_t plain_bytes);

/* PIECE, then END; or TROUBLE once, then END. `bytes` is lent until the next call. */
enum ov_give ov_stream_next(
        struct ov_stream *stream, struct ov_bytes *bytes, struct ov_trouble *trouble);

/* Bytes of the input used up so far: behind END, where the stream ended. */
uint64_t ov_stream_used(const struct ov_stream *stream);
/* Did it come to its own end, with nothing of its kind behind it? */
bool ov_stream_ended(const struct ov_stream *stream);

enum ov_codec ov_codec_of(enum ov_type type); /* of a type that ov_type_is_stream */

#endif
