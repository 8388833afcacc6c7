/* SPDX-License-Identifier: Apache-2.0 */
/* dmg.c - Apple's disk images (UDIF): a trailer leads to a property list in XML, whose tables in base64
 * say how runs of sectors are packed: not at all, as zeros, ADC, zlib, bzip2, LZMA. What tables say are
 * claims; what they make is capped. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "formats/bits.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define TRAILER_BYTES 512u
#define SECTOR_BYTES  512u

enum run {
    RUN_ZEROS = 0,
    RUN_RAW = 1,
    RUN_NOTHING = 2,
    RUN_COMMENT = 0x7ffffffe
};

struct dmg {
    uint64_t at; /* in the list */
    struct ov_bytes list;
    uint64_t data; /* where the packed runs' offsets begin */
    uint32_t count;
    struct ov_buf table;
    struct ov_buf made;
    char name[24];
};

static bool dmg_begin(struct ov_parser *p)
{
    struct dmg *d = p->state;
    const uint64_t size = ov_bytes_len(p->all);
    const struct ov_bytes trailer =
            ov_bytes_between(p->all, size < TRAILER_BYTES ? 0 : size - TRAILER_BYTES, size);
    uint64_t end;
    const uint64_t from = ov_u64be_at(trailer, 0xd8, 0);

    ov_buf_init(&d->table, OV_MADE_BYTES_MAX);
    ov_buf_init(&d->made, OV_MADE_BYTES_MAX);
    d->data = ov_u64be_at(trailer, 0x18, 0);
    d->list = ov_add(&end, from, ov_u64be_at(trailer, 0xe0, 0))
                      ? ov_bytes_between(p->all, from, end)
                      : ov_bytes_of(NULL, 0);
    d->at = ov_bytes_find(d->list, 0, "<key>blkx</key>", 15);
    return true;
}

static void dmg_end(struct ov_parser *p)
{
    struct dmg *d = p->state;

    ov_buf_done(&d->table);
    ov_buf_done(&d->made);
}

/* Apple Data Compression: letters, and copies of two and of three bytes. */
static bool unpack_adc(struct ov_buf *out, struct ov_bytes in)
{
    uint64_t at = 0;

    while (at < ov_bytes_len(in) && ov_buf_ok(out)) {
        const uint32_t op = ov_u8_at(in, at, 0);
        uint32_t len, distance;

        if ((op & 0x80) != 0) {
            const struct ov_bytes part = ov_bytes_between(in, at + 1, at + 1 + (op & 0x7f) + 1);

            ov_buf_put(out, ov_bytes_raw(part), (size_t)ov_bytes_len(part));
            at += 1 + (op & 0x7f) + 1;
            continue;
        }
        if ((op & 0x40) != 0) {
            len = (op & 0x3f) + 4;
            distance = (uint32_t)ov_u8_at(in, at + 1, 0) << 8 | ov_u8_at(in, at + 2, 0);
            at += 3;
        } else {
            len = (op >> 2 & 15) + 3;
            distance = (op & 3) << 8 | ov_u8_at(in, at + 1, 0);
            at += 2;
        }
        if (!ov_lz_copy(out, (uint64_t)distance + 1, len)) {
            return !ov_buf_ok(out);
        }
    }
    return true;
}

/* bzip2 and xz have streams of their own; a run is a whole one. */
static bool unpack_stream(
        struct ov_parser *p, struct ov_buf *out, enum ov_codec codec, uint64_t from, uint64_t bytes)
{
    struct ov_stream *stream = ov_stream_new();
    const struct ov_input part = ov_input_part(&p->input, from, bytes);
    struct ov_trouble trouble;
    struct ov_bytes piece;
    enum ov_give give = OV_GIVE_TROUBLE;

    if (stream == NULL) {
        return false;
    }
    ov_stream_begin(stream, codec, &part, true);
    while (ov_buf_ok(out) && (give = ov_stream_next(stream, &piece, &trouble)) == OV_GIVE_PIECE) {
        ov_buf_put(out, ov_bytes_raw(piece), (size_t)ov_bytes_len(piece));
    }
    ov_stream_free(stream);
    return give != OV_GIVE_TROUBLE;
}

static bool put_run(
        struct ov_parser *p, uint32_t kind, uint64_t sectors, uint64_t from, uint64_t bytes)
{
    struct dmg *d = p->state;
    uint64_t size, end;
    struct ov_bytes data;

    if (!ov_add(&from, from, d->data) || !ov_add(&end, from, bytes)
            || !ov_mul(&size, sectors, (uint64_t)SECTOR_BYTES)) {
        return false;
    }
    data = ov_bytes_between(p->all, from, end);
    switch (kind) {
    case RUN_ZEROS:
    case RUN_NOTHING:
        ov_buf_put_zeros(&d->made, (size_t)size);
        return true;
    case RUN_RAW:
        ov_buf_put(&d->made, ov_bytes_raw(data), (size_t)ov_bytes_len(data));
        return ov_bytes_len(data) == bytes;
    case 0x80000004u:
        return unpack_adc(&d->made, data);
    case 0x80000005u:
        return ov_unpack_zlib(&d->made, data, 15);
    case 0x80000006u:
        return unpack_stream(p, &d->made, OV_CODEC_BZIP2, from, bytes);
    case 0x80000008u:
        return unpack_stream(p, &d->made, OV_CODEC_XZ, from, bytes);
    case 0x80000007u:
        ov_lay_trouble(p, OV_REASON_UNSUPPORTED, "packed with LZFSE");
        ov_buf_put_zeros(&d->made, (size_t)size);
        return true;
    case RUN_COMMENT:
    case UINT32_MAX: /* the end */
        return true;
    default:
        ov_lay_trouble(p, OV_REASON_UNSUPPORTED, "packed with method %x", kind);
        return true;
    }
}

static enum ov_give dmg_step(struct ov_parser *p)
{
    struct dmg *d = p->state;
    const uint64_t from = d->at == UINT64_MAX ? d->at : ov_bytes_find(d->list, d->at, "<data>", 6);
    const uint64_t end = from == UINT64_MAX ? from : ov_bytes_find(d->list, from, "</data>", 7);
    struct ov_bytes table;
    uint32_t runs;

    if (end == UINT64_MAX) {
        return OV_GIVE_END;
    }
    d->at = end;
    ov_buf_clear(&d->table);
    ov_buf_clear(&d->made);
    ov_decode_base64(&d->table, ov_bytes_between(d->list, from + 6, end));
    table = ov_buf_bytes(&d->table);
    if (!ov_has(table, 0, "mish", 4)) {
        return OV_GIVE_END; /* behind the tables come resources of other kinds */
    }
    runs = ov_u32be_at(table, 200, 0);
    for (uint32_t i = 0; i < runs && ov_buf_ok(&d->made); i++) {
        const uint64_t at = 204 + 40 * (uint64_t)i;

        if (at + 40 > ov_bytes_len(table)) {
            break;
        }
        if (!put_run(p, ov_u32be_at(table, at, 0), ov_u64be_at(table, at + 16, 0),
                    ov_u64be_at(table, at + 24, 0), ov_u64be_at(table, at + 32, 0))) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "a packed run of sectors is damaged");
        }
    }
    (void)snprintf(d->name, sizeof(d->name), "partition %u", ++d->count);
    return ov_lay_buf(p, ov_text_bytes(d->name), &d->made);
}

const struct ov_parser_ops ov_parser_dmg = {
    .state_bytes = sizeof(struct dmg),
    .whole = true,
    .begin = dmg_begin,
    .step = dmg_step,
    .end = dmg_end,
};
