/* SPDX-License-Identifier: Apache-2.0 */
/* uuencode.c - a file of uuencode or yEnc blocks, with whatever stands between them. */
#include "formats/decode.h"
#include "formats/parsers.h"

struct uuencode {
    uint64_t at;
    struct ov_buf made;
};

static bool uu_begin(struct ov_parser *p)
{
    struct uuencode *u = p->state;

    ov_buf_init(&u->made, OV_MADE_BYTES_MAX);
    return true;
}

static void uu_end(struct ov_parser *p)
{
    struct uuencode *u = p->state;

    ov_buf_done(&u->made);
}

static enum ov_give uu_step(struct ov_parser *p)
{
    struct uuencode *u = p->state;
    struct ov_uu_block block;

    if (!ov_uu_find(p->all, u->at, &block)) {
        return OV_GIVE_END;
    }
    ov_buf_clear(&u->made);
    if (!ov_uu_decode(&u->made, p->all, &block, &u->at)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "the encoded block has no end: cut short");
    }
    return ov_lay_buf(p, block.name, &u->made);
}

const struct ov_parser_ops ov_parser_uuencode = {
    .state_bytes = sizeof(struct uuencode),
    .whole = true,
    .begin = uu_begin,
    .step = uu_step,
    .end = uu_end,
};
