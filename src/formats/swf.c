/* SPDX-License-Identifier: Apache-2.0 */
/* swf.c - packed Flash movies: behind eight bytes of header a zlib stream (CWS), or LZMA (ZWS). What
 * comes out is the movie as an unpacked one begins (FWS). */
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

struct swf {
    bool given;
    struct ov_buf made;
};

static bool swf_begin(struct ov_parser *p)
{
    struct swf *s = p->state;

    ov_buf_init(&s->made, OV_MADE_BYTES_MAX);
    return true;
}

static void swf_end(struct ov_parser *p)
{
    struct swf *s = p->state;

    ov_buf_done(&s->made);
}

static enum ov_give swf_step(struct ov_parser *p)
{
    struct swf *s = p->state;
    const struct ov_bytes head = ov_bytes_between(p->all, 1, 8);
    const uint64_t size = ov_u32le_at(p->all, 4, 0);
    bool good;

    if (s->given || ov_u8_at(p->all, 0, 0) == 'F') {
        return OV_GIVE_END;
    }
    s->given = true;
    ov_buf_put_u8(&s->made, 'F');
    ov_buf_put(&s->made, ov_bytes_raw(head), (size_t)ov_bytes_len(head));
    good = ov_u8_at(p->all, 0, 0) == 'C'
                   ? ov_unpack_zlib(&s->made, ov_bytes_between(p->all, 8, UINT64_MAX), 15)
                   : ov_unpack_lzma(&s->made, ov_bytes_between(p->all, 12, 17),
                           ov_bytes_between(p->all, 17, UINT64_MAX), size < 8 ? 0 : size - 8);
    if (!good) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "the packed movie is damaged");
    }
    return ov_lay_buf(p, ov_text_bytes("movie"), &s->made);
}

const struct ov_parser_ops ov_parser_swf = {
    .state_bytes = sizeof(struct swf),
    .whole = true,
    .begin = swf_begin,
    .step = swf_step,
    .end = swf_end,
};
