/* SPDX-License-Identifier: Apache-2.0 */
/* upx.c - ELF programs that UPX packed: behind a header blocks, each a piece of the old file, packed by
 * one of UCL's codes or LZMA, with calls changed so that they pack better. The interpreter does not run
 * these, as they unpack by system calls. Sizes are claims; every block is longer than its head. */
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define LOADER_BYTES  12u /* l_info, whose magic stands at 4 */
#define PROGRAM_BYTES 12u /* p_info */
#define BLOCK_BYTES   12u /* b_info */

struct upx {
    bool given;
    struct ov_buf made;
    struct ov_buf block;
};

static bool upx_begin(struct ov_parser *p)
{
    struct upx *u = p->state;

    ov_buf_init(&u->made, OV_MADE_BYTES_MAX);
    ov_buf_init(&u->block, OV_MADE_BYTES_MAX);
    return true;
}

static void upx_end(struct ov_parser *p)
{
    struct upx *u = p->state;

    ov_buf_done(&u->made);
    ov_buf_done(&u->block);
}

/* UPX's LZMA: two bytes of parameters instead of five of properties. */
static bool unpack_lzma(struct ov_buf *out, struct ov_bytes in, uint32_t size)
{
    const uint32_t first = ov_u8_at(in, 0, 0), second = ov_u8_at(in, 1, 0);
    uint8_t properties[5] = { 0 };

    properties[0] = (uint8_t)(((first & 7) * 5 + (second >> 4)) * 9 + (second & 15));
    properties[3] = 0x40; /* a dictionary of 4 MiB and more */
    properties[4] = (uint8_t)(size >> 24);
    return ov_unpack_lzma(
            out, ov_bytes_of(properties, 5), ov_bytes_between(in, 2, UINT64_MAX), size);
}

/* Filters 46 and 49: calls and jumps hold their target's place behind a marker, the highest byte
 * first. */
static void unfilter(struct ov_buf *block, uint32_t filter, uint32_t marker)
{
    const struct ov_bytes b = ov_buf_bytes(block);
    const uint64_t len = ov_bytes_len(b);

    for (uint64_t i = 0; i + 5 <= len; i++) {
        const uint8_t op = ov_u8_at(b, i, 0), before = i == 0 ? 0 : ov_u8_at(b, i - 1, 0);
        const bool jumps = op == 0xe8 || op == 0xe9
                           || (filter == 0x49 && before == 0x0f && op >= 0x80 && op < 0x90);

        if (jumps && ov_u8_at(b, i + 1, 0) == marker) {
            const uint32_t to = ov_u32be_at(b, i + 1, 0) - (marker << 24) - (uint32_t)(i + 1);

            ov_buf_set_u32le(block, (size_t)i + 1, to);
            i += 4;
        }
    }
}

static bool unpack_block(struct ov_parser *p, struct ov_bytes head, struct ov_bytes data)
{
    struct upx *u = p->state;
    const uint32_t size = ov_u32le_at(head, 0, 0), method = ov_u8_at(head, 8, 0);
    const uint32_t filter = ov_u8_at(head, 9, 0);
    bool good = true;

    ov_buf_clear(&u->block);
    if (ov_bytes_len(data) == size) {
        ov_buf_put(&u->block, ov_bytes_raw(data), (size_t)size);
    } else if (method == 2 || method == 5 || method == 8) {
        good = ov_unpack_nrv(&u->block, data, (enum ov_nrv)((method - 2) / 3));
    } else if (method == 14) {
        good = unpack_lzma(&u->block, data, size);
    } else {
        ov_lay_trouble(p, OV_REASON_UNSUPPORTED, "packed with upx method %u", method);
    }
    if (filter == 0x46 || filter == 0x49) {
        unfilter(&u->block, filter, ov_u8_at(head, 10, 0));
    }
    ov_buf_put(&u->made, ov_bytes_raw(ov_buf_bytes(&u->block)),
            (size_t)ov_bytes_len(ov_buf_bytes(&u->block)));
    return good && ov_bytes_len(ov_buf_bytes(&u->block)) == size;
}

bool ov_upx_begins(struct ov_bytes head)
{
    const uint64_t at = ov_bytes_find(ov_bytes_between(head, 0, 4096 + 3), 0, "UPX!", 4);

    return at != UINT64_MAX && at >= 52 + 4;
}

static enum ov_give upx_step(struct ov_parser *p)
{
    struct upx *u = p->state;
    uint64_t at = ov_bytes_find(p->all, 0, "UPX!", 4) - 4 + LOADER_BYTES;
    const uint64_t size = ov_u32le_at(p->all, at + 4, 0);

    if (u->given || at > ov_bytes_len(p->all)) {
        return OV_GIVE_END;
    }
    u->given = true;
    at += PROGRAM_BYTES;
    /* Each turn goes behind a block. */
    while (ov_bytes_len(ov_buf_bytes(&u->made)) < size && ov_buf_ok(&u->made)) {
        const struct ov_bytes head = ov_bytes_between(p->all, at, at + BLOCK_BYTES);
        const uint64_t packed = ov_u32le_at(head, 4, 0);
        const struct ov_bytes data =
                ov_bytes_between(p->all, at + BLOCK_BYTES, at + BLOCK_BYTES + packed);

        if (ov_u32le_at(head, 0, 0) == 0 || packed == 0) {
            break;
        }
        at += BLOCK_BYTES + packed;
        if (!unpack_block(p, head, data)) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "a packed block is damaged");
            break;
        }
    }
    p->laid.unpacked = true;
    return ov_lay_buf(p, ov_text_bytes("unpacked"), &u->made);
}

const struct ov_parser_ops ov_parser_upx = {
    .state_bytes = sizeof(struct upx),
    .whole = true,
    .begin = upx_begin,
    .step = upx_step,
    .end = upx_end,
};
