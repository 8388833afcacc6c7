/* SPDX-License-Identifier: Apache-2.0 */
/* swf.c - packed Flash movies: behind eight bytes of header a zlib stream (CWS), or LZMA (ZWS). What
 * comes out is the movie as an unpacked one begins (FWS); of that, what its DefineBinaryData tags hold. */
#include <stdio.h>

#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define TAG_BINARY_DATA 87u

struct swf {
    bool given;
    uint64_t at; /* of the next tag */
    char name[16];
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

static enum ov_give give_movie(struct ov_parser *p)
{
    struct swf *s = p->state;
    const struct ov_bytes head = ov_bytes_between(p->all, 1, 8);
    const uint64_t size = ov_u32le_at(p->all, 4, 0);
    bool good;

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

/* The next tag that holds data of no form of Flash's own; each turn goes a tag forward. */
static enum ov_give give_data(struct ov_parser *p)
{
    struct swf *s = p->state;

    if (s->at == 0) {
        /* A rectangle of four numbers, whose width the first five bits say; a rate, a count. */
        s->at = 8 + (5 + 4 * (uint64_t)(ov_u8_at(p->all, 8, 0) >> 3) + 7) / 8 + 4;
    }
    while (s->at + 2 <= ov_bytes_len(p->all)) {
        const uint32_t tag = ov_u16le_at(p->all, s->at, 0);
        uint64_t from = s->at + 2, size = tag & 63;

        if (size == 63) {
            size = ov_u32le_at(p->all, from, 0);
            from += 4;
        }
        s->at = from + size;
        if (tag >> 6 == TAG_BINARY_DATA && size > 6) {
            (void)snprintf(s->name, sizeof(s->name), "data %u", ov_u16le_at(p->all, from, 0));
            return ov_lay_bytes(
                    p, ov_text_bytes(s->name), ov_bytes_between(p->all, from + 6, from + size));
        }
    }
    return OV_GIVE_END;
}

static enum ov_give swf_step(struct ov_parser *p)
{
    struct swf *s = p->state;

    if (ov_u8_at(p->all, 0, 0) == 'F') {
        return give_data(p);
    }
    if (s->given) {
        return OV_GIVE_END;
    }
    s->given = true;
    return give_movie(p);
}

const struct ov_parser_ops ov_parser_swf = {
    .state_bytes = sizeof(struct swf),
    .whole = true,
    .begin = swf_begin,
    .step = swf_step,
    .end = swf_end,
};
