/* SPDX-License-Identifier: Apache-2.0 */
/* lz4_old.c - LZ4's legacy frames, as `lz4 -l` writes them and kernels are packed: blocks that unpack to
 * 8 MiB at most, each behind its length; no end but the file's. */
#include <lz4.h>

#include "formats/parsers.h"
#include "formats/peek.h"

#define MAGIC       0x184c2102u
#define BLOCK_BYTES (8u * OV_MIB)

struct lz4_old {
    bool given;
    struct ov_buf made;
};

static bool lz4_begin(struct ov_parser *p)
{
    struct lz4_old *s = p->state;

    ov_buf_init(&s->made, OV_MADE_BYTES_MAX);
    return true;
}

static void lz4_end(struct ov_parser *p)
{
    struct lz4_old *s = p->state;

    ov_buf_done(&s->made);
}

/* One block. False: it is damaged, or there is no room for more. */
static bool put_block(struct ov_buf *out, struct ov_bytes block)
{
    uint8_t *room = ov_buf_extend(out, BLOCK_BYTES);
    const uint64_t before = ov_bytes_len(ov_buf_bytes(out)) - (room == NULL ? 0 : BLOCK_BYTES);
    int got;

    if (room == NULL) {
        return false;
    }
    got = LZ4_decompress_safe((const char *)ov_bytes_raw(block), (char *)room,
            (int)ov_bytes_len(block), (int)BLOCK_BYTES);
    ov_buf_cut(out, (size_t)(before + (got > 0 ? (uint64_t)got : 0)));
    return got > 0;
}

static enum ov_give lz4_step(struct ov_parser *p)
{
    struct lz4_old *s = p->state;
    uint64_t at = 4;

    if (s->given) {
        return OV_GIVE_END;
    }
    s->given = true;
    /* Each turn goes a block forward. */
    while (at + 4 <= ov_bytes_len(p->all)) {
        const uint32_t bytes = ov_u32le_at(p->all, at, 0);
        struct ov_bytes block;

        at += 4;
        if (bytes == MAGIC) {
            continue; /* another frame */
        }
        if (bytes == 0 || bytes > BLOCK_BYTES + BLOCK_BYTES / 255 + 16
                || !ov_bytes_slice(p->all, at, bytes, &block)) {
            if (at == 8) {
                ov_lay_trouble(p, OV_REASON_DAMAGED, "cut short in its first block");
            }
            p->end = at - 4;
            break; /* what stands behind the last block is no block */
        }
        if (!put_block(&s->made, block)) {
            ov_lay_trouble(p, ov_buf_ok(&s->made) ? OV_REASON_DAMAGED : OV_REASON_OBJECT_BYTES,
                    "a block that does not unpack");
            break;
        }
        at += bytes;
    }
    return ov_lay_bytes(p, ov_bytes_of(NULL, 0), ov_buf_bytes(&s->made));
}

const struct ov_parser_ops ov_parser_lz4_old = {
    .state_bytes = sizeof(struct lz4_old),
    .whole = true,
    .begin = lz4_begin,
    .step = lz4_step,
    .end = lz4_end,
};
