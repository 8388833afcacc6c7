/* SPDX-License-Identifier: Apache-2.0 */
/* codec.c - zlib, bzip2, liblzma, zstd and lz4 behind one face. The libraries check the bytes;
 * here their memory is bounded and their answers are told apart: damage, memory, not supported. */
#include "formats/codec.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"
#include "base/le.h"
#include "base/limits.h"

static unsigned at_most_uint(size_t n)
{
    return n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

/* --- zlib ----------------------------------------------------------------------------------- */

static bool z_begin(struct ov_codec_state *s, int window_bits)
{
    memset(&s->u.z, 0, sizeof(s->u.z));
    return inflateInit2(&s->u.z, window_bits) == Z_OK;
}

static bool gzip_begin(struct ov_codec_state *s)
{
    return z_begin(s, 15 + 16);
}

static bool deflate_begin(struct ov_codec_state *s)
{
    return z_begin(s, -15);
}

static bool zlib_begin(struct ov_codec_state *s)
{
    return z_begin(s, 15);
}

static bool z_again(struct ov_codec_state *s)
{
    return inflateReset(&s->u.z) == Z_OK;
}

static enum ov_codec_step z_run(struct ov_codec_state *s, struct ov_codec_io *io)
{
    const unsigned in = at_most_uint(io->in_left), out = at_most_uint(io->out_left);
    int answer;

    s->u.z.next_in = io->in;
    s->u.z.avail_in = in;
    s->u.z.next_out = io->out;
    s->u.z.avail_out = out;
    answer = inflate(&s->u.z, Z_NO_FLUSH);
    io->in = s->u.z.next_in;
    io->in_left -= in - s->u.z.avail_in;
    io->out = s->u.z.next_out;
    io->out_left -= out - s->u.z.avail_out;
    switch (answer) {
    case Z_OK:
    case Z_BUF_ERROR:
        return OV_CODEC_GOES_ON;
    case Z_STREAM_END:
        return OV_CODEC_DONE;
    case Z_MEM_ERROR:
        return OV_CODEC_MEMORY;
    default:
        return OV_CODEC_DAMAGED;
    }
}

static void z_end(struct ov_codec_state *s)
{
    (void)inflateEnd(&s->u.z);
}

/* --- bzip2 ---------------------------------------------------------------------------------- */

static bool bz_begin(struct ov_codec_state *s)
{
    memset(&s->u.bz, 0, sizeof(s->u.bz));
    return BZ2_bzDecompressInit(&s->u.bz, 0, 0) == BZ_OK;
}

static enum ov_codec_step bz_run(struct ov_codec_state *s, struct ov_codec_io *io)
{
    const unsigned in = at_most_uint(io->in_left), out = at_most_uint(io->out_left);
    /* The library does not write to its input, and does not say so. */
    const union {
        const uint8_t *in;
        char *in_place;
    } input = { .in = io->in };
    int answer;

    s->u.bz.next_in = input.in_place;
    s->u.bz.avail_in = in;
    s->u.bz.next_out = (char *)io->out;
    s->u.bz.avail_out = out;
    answer = BZ2_bzDecompress(&s->u.bz);
    io->in = (const uint8_t *)s->u.bz.next_in;
    io->in_left -= in - s->u.bz.avail_in;
    io->out = (uint8_t *)s->u.bz.next_out;
    io->out_left -= out - s->u.bz.avail_out;
    switch (answer) {
    case BZ_OK:
        return OV_CODEC_GOES_ON;
    case BZ_STREAM_END:
        return OV_CODEC_DONE;
    case BZ_MEM_ERROR:
        return OV_CODEC_MEMORY;
    default:
        return OV_CODEC_DAMAGED;
    }
}

static void bz_end(struct ov_codec_state *s)
{
    (void)BZ2_bzDecompressEnd(&s->u.bz);
}

/* --- liblzma -------------------------------------------------------------------------------- */

static bool xz_begin(struct ov_codec_state *s)
{
    s->u.lzma = (lzma_stream)LZMA_STREAM_INIT;
    return lzma_stream_decoder(&s->u.lzma, OV_CODEC_MEMORY_MAX, 0) == LZMA_OK;
}

static bool xz_again(struct ov_codec_state *s)
{
    return lzma_stream_decoder(&s->u.lzma, OV_CODEC_MEMORY_MAX, 0) == LZMA_OK;
}

static bool lzma_begin(struct ov_codec_state *s)
{
    s->u.lzma = (lzma_stream)LZMA_STREAM_INIT;
    return lzma_alone_decoder(&s->u.lzma, OV_CODEC_MEMORY_MAX) == LZMA_OK;
}

static bool lzip_begin(struct ov_codec_state *s)
{
    s->u.lzma = (lzma_stream)LZMA_STREAM_INIT;
    return lzma_lzip_decoder(&s->u.lzma, OV_CODEC_MEMORY_MAX, 0) == LZMA_OK;
}

static enum ov_codec_step lzma_run(struct ov_codec_state *s, struct ov_codec_io *io)
{
    const size_t in = io->in_left, out = io->out_left;
    lzma_ret answer;

    s->u.lzma.next_in = io->in;
    s->u.lzma.avail_in = in;
    s->u.lzma.next_out = io->out;
    s->u.lzma.avail_out = out;
    answer = lzma_code(&s->u.lzma, io->last ? LZMA_FINISH : LZMA_RUN);
    io->in = s->u.lzma.next_in;
    io->in_left = s->u.lzma.avail_in;
    io->out = s->u.lzma.next_out;
    io->out_left = s->u.lzma.avail_out;
    switch (answer) {
    case LZMA_OK:
    case LZMA_NO_CHECK:
    case LZMA_GET_CHECK:
    case LZMA_BUF_ERROR:
        return OV_CODEC_GOES_ON;
    case LZMA_STREAM_END:
        return OV_CODEC_DONE;
    case LZMA_MEM_ERROR:
    case LZMA_MEMLIMIT_ERROR:
        return OV_CODEC_MEMORY;
    case LZMA_OPTIONS_ERROR:
    case LZMA_UNSUPPORTED_CHECK:
        return OV_CODEC_UNSUPPORTED;
    case LZMA_FORMAT_ERROR:
    case LZMA_DATA_ERROR:
    case LZMA_PROG_ERROR:
    case LZMA_SEEK_NEEDED:
    case LZMA_RET_INTERNAL1:
    case LZMA_RET_INTERNAL2:
    case LZMA_RET_INTERNAL3:
    case LZMA_RET_INTERNAL4:
    case LZMA_RET_INTERNAL5:
    case LZMA_RET_INTERNAL6:
    case LZMA_RET_INTERNAL7:
    case LZMA_RET_INTERNAL8:
        break;
    }
    return OV_CODEC_DAMAGED;
}

static void lzma_done(struct ov_codec_state *s)
{
    lzma_end(&s->u.lzma);
}

/* A zip member of method 14: version (2 bytes), size of the properties (2 bytes, always 5), the
 * properties, the data. In front of the data goes what a .lzma file has: properties, and a size
 * that is unknown (the caller stops at the member's own size, or at the end mark). */
static bool zip_lzma_begin(struct ov_codec_state *s)
{
    s->head_have = 0;
    return lzma_begin(s);
}

static enum ov_codec_step zip_lzma_run(struct ov_codec_state *s, struct ov_codec_io *io)
{
    uint8_t nothing[1]; /* a decoder without room for output takes no input either */
    struct ov_codec_io head = { .in = s->head, .in_left = 13, .out = nothing, .out_left = 1 };

    while (s->head_have < 9 && io->in_left > 0) {
        s->head[s->head_have++] = *io->in++;
        io->in_left--;
        if (s->head_have == 9) {
            if (s->head[2] != 5 || s->head[3] != 0) {
                return OV_CODEC_UNSUPPORTED;
            }
            memmove(s->head, s->head + 4, 5);
            memset(s->head + 5, 0xff, 8);
            while (head.in_left > 0) {
                const size_t before = head.in_left;
                const enum ov_codec_step step = lzma_run(s, &head);

                if (step != OV_CODEC_GOES_ON) {
                    return step;
                }
                if (head.in_left == before) {
                    return OV_CODEC_DAMAGED;
                }
            }
        }
    }
    return s->head_have < 9 ? OV_CODEC_GOES_ON : lzma_run(s, io);
}

/* --- zstd ----------------------------------------------------------------------------------- */

static bool zstd_begin(struct ov_codec_state *s)
{
    s->u.zstd = ZSTD_createDStream();
    if (s->u.zstd == NULL) {
        return false;
    }
    if (ZSTD_isError(
                ZSTD_DCtx_setParameter(s->u.zstd, ZSTD_d_windowLogMax, OV_ZSTD_WINDOW_LOG_MAX))) {
        (void)ZSTD_freeDStream(s->u.zstd);
        return false;
    }
    return true;
}

static bool zstd_again(struct ov_codec_state *s)
{
    return !ZSTD_isError(ZSTD_DCtx_reset(s->u.zstd, ZSTD_reset_session_only));
}

static enum ov_codec_step zstd_run(struct ov_codec_state *s, struct ov_codec_io *io)
{
    ZSTD_inBuffer in = { .src = io->in, .size = io->in_left, .pos = 0 };
    ZSTD_outBuffer out = { .dst = io->out, .size = io->out_left, .pos = 0 };
    const size_t answer = ZSTD_decompressStream(s->u.zstd, &out, &in);

    io->in += in.pos;
    io->in_left -= in.pos;
    io->out += out.pos;
    io->out_left -= out.pos;
    if (!ZSTD_isError(answer)) {
        return answer == 0 ? OV_CODEC_DONE : OV_CODEC_GOES_ON;
    }
    /* The library gives its codes only as text in its stable interface. */
    if (strstr(ZSTD_getErrorName(answer), "memory") != NULL) {
        return OV_CODEC_MEMORY;
    }
    return strstr(ZSTD_getErrorName(answer), "ictionary") != NULL ? OV_CODEC_UNSUPPORTED
                                                                  : OV_CODEC_DAMAGED;
}

static void zstd_end(struct ov_codec_state *s)
{
    (void)ZSTD_freeDStream(s->u.zstd);
}

/* --- lz4 ------------------------------------------------------------------------------------ */

static bool lz4_begin(struct ov_codec_state *s)
{
    return !LZ4F_isError(LZ4F_createDecompressionContext(&s->u.lz4, LZ4F_VERSION));
}

static bool lz4_again(struct ov_codec_state *s)
{
    LZ4F_resetDecompressionContext(s->u.lz4);
    return true;
}

static enum ov_codec_step lz4_run(struct ov_codec_state *s, struct ov_codec_io *io)
{
    size_t in = io->in_left, out = io->out_left;
    const size_t answer = LZ4F_decompress(s->u.lz4, io->out, &out, io->in, &in, NULL);

    if (LZ4F_isError(answer)) {
        return strstr(LZ4F_getErrorName(answer), "allocation") != NULL ? OV_CODEC_MEMORY
                                                                       : OV_CODEC_DAMAGED;
    }
    io->in += in;
    io->in_left -= in;
    io->out += out;
    io->out_left -= out;
    return answer == 0 ? OV_CODEC_DONE : OV_CODEC_GOES_ON;
}

static void lz4_end(struct ov_codec_state *s)
{
    (void)LZ4F_freeDecompressionContext(s->u.lz4);
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct ov_codec_ops codecs[OV_CODEC_DEFLATE64] = {
    [OV_CODEC_GZIP] = { "gzip", gzip_begin, z_again, z_run, z_end },
    [OV_CODEC_BZIP2] = { "bzip2", bz_begin, NULL, bz_run, bz_end },
    [OV_CODEC_XZ] = { "xz", xz_begin, xz_again, lzma_run, lzma_done },
    [OV_CODEC_LZMA] = { "lzma", lzma_begin, NULL, lzma_run, lzma_done },
    [OV_CODEC_LZIP] = { "lzip", lzip_begin, NULL, lzma_run, lzma_done },
    [OV_CODEC_ZSTD] = { "zstd", zstd_begin, zstd_again, zstd_run, zstd_end },
    [OV_CODEC_LZ4] = { "lz4", lz4_begin, lz4_again, lz4_run, lz4_end },
    [OV_CODEC_STORED] = { "stored", NULL, NULL, NULL, NULL }, /* nothing to decode */
    [OV_CODEC_DEFLATE] = { "deflate", deflate_begin, z_again, z_run, z_end },
    [OV_CODEC_ZLIB] = { "zlib", zlib_begin, z_again, z_run, z_end },
    [OV_CODEC_ZIP_LZMA] = { "lzma", zip_lzma_begin, NULL, zip_lzma_run, lzma_done },
};

const struct ov_codec_ops *ov_codec_ops(enum ov_codec codec)
{
    OV_ASSERT(codec < OV_CODECS);
    if (codec == OV_CODEC_DEFLATE64) {
        return &ov_codec_deflate64;
    }
    if (codec == OV_CODEC_PPMD) {
        return &ov_codec_ppmd;
    }
    return codec >= OV_CODEC_IMPLODE ? &ov_codec_implode[codec - OV_CODEC_IMPLODE] : &codecs[codec];
}

enum ov_codec ov_codec_of(enum ov_type type)
{
    OV_ASSERT(ov_type_is_stream(type));
    _Static_assert(
            OV_TYPE_DEFLATE - OV_TYPE_GZIP == OV_CODEC_DEFLATE - OV_CODEC_GZIP, "same order");
    return (enum ov_codec)(type - OV_TYPE_GZIP);
}
