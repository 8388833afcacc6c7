/* SPDX-License-Identifier: Apache-2.0 */
/* codec_whole.c - old zip methods, decoded a whole member at a time: they are rare, and small where
 * they occur. The member is kept until it is all there; what it unpacks to has a cap. */
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/codec.h"
#include "formats/unpack.h"

static bool whole_begin(struct ov_codec_state *s)
{
    ov_buf_init(&s->packed, OV_MADE_BYTES_MAX);
    ov_buf_init(&s->plain, OV_MADE_BYTES_MAX);
    s->plain_at = 0;
    s->decoded = false;
    s->end = OV_CODEC_DONE;
    return true;
}

static void whole_end(struct ov_codec_state *s)
{
    ov_buf_done(&s->packed);
    ov_buf_done(&s->plain);
}

/* Takes all that came in. True: that was the last of it. */
static bool take(struct ov_codec_state *s, struct ov_codec_io *io)
{
    ov_buf_put(&s->packed, io->in, io->in_left);
    io->in += io->in_left;
    io->in_left = 0;
    return io->last;
}

enum ov_codec_step ov_codec_give(struct ov_codec_state *s, struct ov_codec_io *io)
{
    const struct ov_bytes plain = ov_buf_bytes(&s->plain);
    const size_t left = (size_t)ov_bytes_len(plain) - s->plain_at;
    const size_t now = left < io->out_left ? left : io->out_left;

    if (now != 0) {
        memcpy(io->out, &ov_bytes_raw(plain)[s->plain_at], now);
    }
    io->out += now;
    io->out_left -= now;
    s->plain_at += now;
    return now == left ? s->end : OV_CODEC_GOES_ON;
}

static enum ov_codec_step finish(struct ov_codec_state *s, bool good)
{
    if (!ov_buf_ok(&s->packed) || !ov_buf_ok(&s->plain)) {
        return OV_CODEC_MEMORY;
    }
    return good ? OV_CODEC_DONE : OV_CODEC_DAMAGED;
}

static enum ov_codec_step deflate64_run(struct ov_codec_state *s, struct ov_codec_io *io)
{
    if (!s->decoded) {
        if (!take(s, io)) {
            return OV_CODEC_GOES_ON;
        }
        s->decoded = true;
        s->end = finish(s, ov_unpack_deflate64(&s->plain, ov_buf_bytes(&s->packed)));
    }
    return ov_codec_give(s, io);
}

static enum ov_codec_step implode_run(
        struct ov_codec_state *s, struct ov_codec_io *io, unsigned flags)
{
    if (!s->decoded) {
        if (!take(s, io)) {
            return OV_CODEC_GOES_ON;
        }
        s->decoded = true;
        /* The zip knows the size, and cuts what comes of the last byte's idle bits. */
        s->end = finish(s, ov_unpack_implode(&s->plain, ov_buf_bytes(&s->packed), flags));
    }
    return ov_codec_give(s, io);
}

static enum ov_codec_step implode0_run(struct ov_codec_state *s, struct ov_codec_io *io)
{
    return implode_run(s, io, 0);
}

static enum ov_codec_step implode1_run(struct ov_codec_state *s, struct ov_codec_io *io)
{
    return implode_run(s, io, 1);
}

static enum ov_codec_step implode2_run(struct ov_codec_state *s, struct ov_codec_io *io)
{
    return implode_run(s, io, 2);
}

static enum ov_codec_step implode3_run(struct ov_codec_state *s, struct ov_codec_io *io)
{
    return implode_run(s, io, 3);
}

const struct ov_codec_ops ov_codec_deflate64 = { "deflate64", whole_begin, NULL, deflate64_run,
    whole_end };

const struct ov_codec_ops ov_codec_implode[4] = {
    { "imploded", whole_begin, NULL, implode0_run, whole_end },
    { "imploded", whole_begin, NULL, implode1_run, whole_end },
    { "imploded", whole_begin, NULL, implode2_run, whole_end },
    { "imploded", whole_begin, NULL, implode3_run, whole_end },
};
