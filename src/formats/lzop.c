/* SPDX-License-Identifier: Apache-2.0 */
/* lzop.c - lzop's files: blocks of LZO1X, with lengths and checksums in front of each. The decoder
 * follows the stream format in the Linux kernel's documentation (lzo.rst); the bytes are hostile, each
 * turn takes some of them, and output has a cap. */
#include <zlib.h>

#include "formats/bits.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

struct lzop {
    bool given;
    struct ov_buf made;
    struct ov_buf block;
};

static bool lzop_begin(struct ov_parser *p)
{
    struct lzop *l = p->state;

    ov_buf_init(&l->made, OV_MADE_BYTES_MAX);
    ov_buf_init(&l->block, OV_MADE_BYTES_MAX);
    return true;
}

static void lzop_end(struct ov_parser *p)
{
    struct lzop *l = p->state;

    ov_buf_done(&l->made);
    ov_buf_done(&l->block);
}

/* A length that did not fit: zeros for 255 each, then the rest. */
static uint32_t longer(struct ov_bytes in, uint64_t *at, uint32_t base)
{
    uint32_t len = base;

    while (*at < ov_bytes_len(in) && ov_u8_at(in, *at, 0) == 0 && len < OV_MADE_BYTES_MAX) {
        len += 255;
        (*at)++;
    }
    return len + ov_u8_at(in, (*at)++, 0);
}

static bool literals(struct ov_buf *out, struct ov_bytes in, uint64_t *at, uint32_t count)
{
    const struct ov_bytes part = ov_bytes_between(in, *at, *at + count);

    ov_buf_put(out, ov_bytes_raw(part), (size_t)ov_bytes_len(part));
    *at += count;
    return ov_bytes_len(part) == count;
}

bool ov_unpack_lzo(struct ov_buf *out, struct ov_bytes in)
{
    uint64_t at = 0;
    uint32_t state = 0;
    const uint8_t first = ov_u8_at(in, 0, 0);

    if (first > 17) {
        at = 1;
        state = first - 17u < 4 ? first - 17u : 4;
        if (!literals(out, in, &at, first - 17u)) {
            return false;
        }
    }
    while (at < ov_bytes_len(in) && ov_buf_ok(out)) {
        const uint32_t op = ov_u8_at(in, at++, 0);
        uint32_t len, distance, tail = op;

        if (op < 16 && state == 0) {
            len = op == 0 ? longer(in, &at, 15) : op;
            if (!literals(out, in, &at, len + 3)) {
                return false;
            }
            state = 4;
            continue;
        }
        if (op < 16) {
            distance = ((uint32_t)ov_u8_at(in, at++, 0) << 2) + (op >> 2) + (state == 4 ? 2049 : 1);
            len = state == 4 ? 3 : 2;
        } else if (op < 64) {
            const bool far = op < 32;

            len = op & (far ? 7 : 31);
            len = 2 + (len == 0 ? longer(in, &at, far ? 7 : 31) : len);
            tail = ov_u16le_at(in, at, 0);
            at += 2;
            distance = (tail >> 2) + (far ? 16384 + ((op & 8) << 11) : 1);
            if (far && distance == 16384) {
                return true;
            }
        } else {
            distance = ((uint32_t)ov_u8_at(in, at++, 0) << 3) + (op >> 2 & 7) + 1;
            len = op < 128 ? 3 + (op >> 5 & 1) : 5 + (op >> 5 & 3);
        }
        if (!ov_lz_copy(out, distance, len)) {
            return !ov_buf_ok(out);
        }
        state = tail & 3;
        if (!literals(out, in, &at, state)) {
            return false;
        }
    }
    return !ov_buf_ok(out);
}

/* Behind the header, by its version and flags; *name is in it. */
static uint64_t skip_header(struct ov_bytes b, uint32_t *flags, struct ov_bytes *name)
{
    const uint32_t version = ov_u32be_at(b, 9, 0) >> 16;
    uint64_t at = 13 + (version >= 0x0940 ? 2u : 0u) + 1 + (version >= 0x0940 ? 1u : 0u);

    *flags = ov_u32be_at(b, at, 0);
    at += 4 + ((*flags & 0x800) != 0 ? 4u : 0u) + 8 + (version >= 0x0940 ? 4u : 0u);
    *name = ov_bytes_between(b, at + 1, at + 1 + ov_u8_at(b, at, 0));
    at += 1 + (uint64_t)ov_u8_at(b, at, 0) + 4;
    if ((*flags & 0x40) != 0) {
        at += 4 + (uint64_t)ov_u32be_at(b, at, 0) + 4;
    }
    return at;
}

/* The sums of a block's plain bytes, where the flags say that there are any. */
static bool sums_agree(struct ov_bytes b, uint64_t at, uint32_t flags, struct ov_bytes data)
{
    const uint64_t crc_at = at + ((flags & 1) != 0 ? 4u : 0u);

    if ((flags & 1) != 0
            && ov_u32be_at(b, at, 0) != adler32(1, ov_bytes_raw(data), (uInt)ov_bytes_len(data))) {
        return false;
    }
    return (flags & 0x100) == 0 || ov_u32be_at(b, crc_at, 0) == ov_crc32(data);
}

/* True: the end mark was there, and all blocks were good. *end is behind it. */
static bool unpack(struct lzop *l, struct ov_bytes b, uint64_t at, uint32_t flags, uint64_t *end)
{
    while (at + 4 <= ov_bytes_len(b) && ov_buf_ok(&l->made)) {
        const uint64_t plain = ov_u32be_at(b, at, 0), packed = ov_u32be_at(b, at + 4, 0);
        const uint64_t sums_at = at + 8;
        struct ov_bytes data;

        if (plain == 0) {
            *end = at + 4;
            return true;
        }
        at += 8 + ((flags & 1) != 0 ? 4u : 0u) + ((flags & 0x100) != 0 ? 4u : 0u);
        if (packed < plain) {
            at += ((flags & 2) != 0 ? 4u : 0u) + ((flags & 0x200) != 0 ? 4u : 0u);
        }
        data = ov_bytes_between(b, at, at + packed);
        at += packed;
        ov_buf_clear(&l->block);
        if (packed < plain && !ov_unpack_lzo(&l->block, data)) {
            return false;
        }
        if (packed < plain) {
            data = ov_buf_bytes(&l->block);
        }
        ov_buf_put(&l->made, ov_bytes_raw(data), (size_t)ov_bytes_len(data));
        if (ov_bytes_len(data) != plain || !sums_agree(b, sums_at, flags, data)) {
            return false;
        }
    }
    return false;
}

static enum ov_give lzop_step(struct ov_parser *p)
{
    struct lzop *l = p->state;
    struct ov_bytes name;
    uint32_t flags;
    uint64_t at;

    if (l->given) {
        return OV_GIVE_END;
    }
    l->given = true;
    at = skip_header(p->all, &flags, &name);
    if (!unpack(l, p->all, at, flags, &p->end)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "the lzop data is damaged or cut short");
    }
    return ov_lay_buf(p, name, &l->made);
}

const struct ov_parser_ops ov_parser_lzop = {
    .state_bytes = sizeof(struct lzop),
    .whole = true,
    .begin = lzop_begin,
    .step = lzop_step,
    .end = lzop_end,
};
