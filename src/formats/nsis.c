/* SPDX-License-Identifier: Apache-2.0 */
/* nsis.c - Nullsoft's installers: behind the first header a header and files, each packed on its own
 * (a length whose top bit says so), or all in one stream. deflate, LZMA and a bzip2 of their own,
 * told apart by how they begin. Lengths are claims; a block is four bytes at least. */
#include <stdio.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define FIRST_HEADER_BYTES 28u
#define PACKED             0x80000000u

struct nsis {
    bool begun;
    bool solid;
    struct ov_bytes blocks; /* what is walked: the input, or the one stream unpacked */
    uint64_t at;
    uint32_t count;
    struct ov_buf stream;
    struct ov_buf made;
    char name[24];
};

static bool nsis_begin(struct ov_parser *p)
{
    struct nsis *n = p->state;

    ov_buf_init(&n->stream, OV_MADE_BYTES_MAX);
    ov_buf_init(&n->made, OV_MADE_BYTES_MAX);
    return true;
}

static void nsis_end(struct ov_parser *p)
{
    struct nsis *n = p->state;

    ov_buf_done(&n->stream);
    ov_buf_done(&n->made);
}

enum packing {
    PACKING_DEFLATE,
    PACKING_LZMA,
    PACKING_LZMA_FILTERED, /* a byte in front says whether jumps were changed */
    PACKING_BZIP2
};

static enum packing packing_of(struct ov_bytes b)
{
    if (ov_has(b, 0, "\x5d\0\0", 3) && ov_u8_at(b, 5, 1) == 0) {
        return PACKING_LZMA;
    }
    if (ov_u8_at(b, 0, 9) <= 1 && ov_has(b, 1, "\x5d\0\0", 3) && ov_u8_at(b, 6, 1) == 0) {
        return PACKING_LZMA_FILTERED;
    }
    return ov_u8_at(b, 0, 0) == 0x31 && ov_u8_at(b, 1, 0xff) < 14 ? PACKING_BZIP2 : PACKING_DEFLATE;
}

static bool is_lzma(struct ov_bytes b)
{
    const enum packing packing = packing_of(b);

    return packing == PACKING_LZMA || packing == PACKING_LZMA_FILTERED;
}

static void unpack(struct ov_parser *p, struct ov_buf *out, struct ov_bytes in)
{
    const enum packing packing = packing_of(in);
    const uint64_t skip = packing == PACKING_LZMA_FILTERED ? 1 : 0;
    bool good = false;

    switch (packing) {
    case PACKING_DEFLATE:
        good = ov_unpack_zlib(out, in, -15);
        break;
    case PACKING_BZIP2:
        good = ov_unpack_bzip(out, in);
        break;
    case PACKING_LZMA:
    case PACKING_LZMA_FILTERED:
        good = ov_unpack_lzma(out, ov_bytes_between(in, skip, skip + 5),
                ov_bytes_between(in, skip + 5, UINT64_MAX), UINT64_MAX);
        break;
    }
    if (!good) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "the packed data is damaged");
    }
}

static void begin_blocks(struct ov_parser *p)
{
    struct nsis *n = p->state;
    const uint64_t all = ov_u32le_at(p->all, 24, 0);
    const struct ov_bytes data = ov_bytes_between(p->all, FIRST_HEADER_BYTES, all);
    const uint32_t first = ov_u32le_at(data, 0, 0);

    n->begun = true;
    n->solid = (first & PACKED) == 0 && first != ov_u32le_at(p->all, 20, 0);
    n->solid = n->solid || (first & ~PACKED) > ov_bytes_len(data);
    /* LZMA's properties look like the length of a small block. */
    n->solid = n->solid || is_lzma(data);
    n->blocks = data;
    if (n->solid) {
        unpack(p, &n->stream, data);
        n->blocks = ov_buf_bytes(&n->stream);
    }
}

static enum ov_give nsis_step(struct ov_parser *p)
{
    struct nsis *n = p->state;
    uint32_t head;
    struct ov_bytes data;

    if (!n->begun) {
        begin_blocks(p);
    }
    /* What is left behind the last block is its checksum. */
    if (n->at > ov_bytes_len(n->blocks) || ov_bytes_len(n->blocks) - n->at <= 4) {
        return p->laid.trouble.reason == OV_REASON_NONE ? OV_GIVE_END : OV_GIVE_TROUBLE;
    }
    head = ov_u32le_at(n->blocks, n->at, 0);
    data = ov_bytes_between(n->blocks, n->at + 4, n->at + 4 + (uint64_t)(head & ~PACKED));
    n->at += 4 + (uint64_t)(head & ~PACKED);
    (void)snprintf(n->name, sizeof(n->name), n->count == 0 ? "header" : "file %u", n->count);
    n->count++;
    if (ov_bytes_len(data) < (head & ~PACKED)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "cut short");
    }
    if (n->solid || (head & PACKED) == 0) {
        return ov_lay_bytes(p, ov_text_bytes(n->name), data);
    }
    ov_buf_clear(&n->made);
    unpack(p, &n->made, data);
    return ov_lay_buf(p, ov_text_bytes(n->name), &n->made);
}

const struct ov_parser_ops ov_parser_nsis = {
    .state_bytes = sizeof(struct nsis),
    .whole = true,
    .begin = nsis_begin,
    .step = nsis_step,
    .end = nsis_end,
};
