/* SPDX-License-Identifier: Apache-2.0 */
/* arj.c - ARJ archives: headers one behind the other, members stored, packed as LHA packs them
 * (methods 1 to 3) or with prefix codes (4). Sizes are claims, checked against what is there; each
 * header moves the walk forward. */
#include <string.h>

#include "base/checked.h"
#include "formats/bits.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define FLAG_GARBLED 0x01u
#define FLAG_VOLUME  0x04u

struct arj {
    uint64_t at;
    bool begun;
    struct ov_buf made;
    struct ov_buf name;
};

struct arj_header {
    uint64_t next; /* behind it and its extensions */
    uint64_t packed;
    uint64_t size;
    uint32_t crc;
    uint8_t flags;
    uint8_t method;
    uint8_t kind;
    struct ov_bytes name;
};

static bool arj_begin(struct ov_parser *p)
{
    struct arj *a = p->state;

    ov_buf_init(&a->made, OV_MADE_BYTES_MAX);
    ov_buf_init(&a->name, OV_NAME_BYTES_MAX);
    return true;
}

static void arj_end(struct ov_parser *p)
{
    struct arj *a = p->state;

    ov_buf_done(&a->made);
    ov_buf_done(&a->name);
}

/* 1: a header; 0: the end mark; -1: neither. */
static int read_header(struct ov_bytes b, uint64_t at, struct arj_header *out)
{
    const uint64_t size = ov_u16le_at(b, at + 2, 0);
    const uint64_t head = at + 4;
    const uint64_t first = ov_u8_at(b, head, 0);
    struct ov_bytes name;
    uint64_t ext;

    if (!ov_has(b, at, "\x60\xea", 2)) {
        return -1;
    }
    if (size == 0) {
        return 0;
    }
    if (size < 30 || first < 30 || first > size || head + size + 6 > ov_bytes_len(b)) {
        return -1;
    }
    out->flags = ov_u8_at(b, head + 4, 0);
    out->method = ov_u8_at(b, head + 5, 0);
    out->kind = ov_u8_at(b, head + 6, 0);
    out->packed = ov_u32le_at(b, head + 12, 0);
    out->size = ov_u32le_at(b, head + 16, 0);
    out->crc = ov_u32le_at(b, head + 20, 0);
    name = ov_bytes_between(b, head + first, head + size);
    out->name = ov_bytes_between(
            name, 0, strnlen((const char *)ov_bytes_raw(name), (size_t)ov_bytes_len(name)));
    out->next = head + size + 4;
    /* Extended headers: a size, so many bytes, a checksum; the last has size 0 and nothing else. */
    while ((ext = ov_u16le_at(b, out->next, 0)) != 0) {
        out->next += 2 + ext + 4;
    }
    out->next += 2;
    return 1;
}

/* The literals and lengths of method 4: a count of ones says how many bits follow. */
static uint32_t prefix_number(struct ov_bits *b, unsigned from, unsigned to)
{
    uint32_t plus = 0, step = 1u << from;
    unsigned width = from;

    while (width < to && ov_bits_high(b, 1) != 0) {
        plus += step;
        step <<= 1;
        width++;
    }
    return plus + ov_bits_high(b, width);
}

static bool unpack_fastest(struct ov_buf *out, struct ov_bytes in, uint64_t size)
{
    struct ov_bits b = ov_bits_on(in);

    while (ov_bytes_len(ov_buf_bytes(out)) < size && !b.over && ov_buf_ok(out)) {
        const uint32_t len = prefix_number(&b, 0, 7);

        if (len == 0) {
            ov_buf_put_u8(out, (uint8_t)ov_bits_high(&b, 8));
        } else if (!ov_lz_copy(out, (uint64_t)prefix_number(&b, 9, 13) + 1, len + 2)) {
            return false;
        }
    }
    return !b.over;
}

static void unpack_member(struct ov_parser *p, const struct arj_header *h, struct ov_bytes data)
{
    struct arj *a = p->state;
    bool good = true;

    switch (h->method) {
    case 0:
        ov_buf_put(&a->made, ov_bytes_raw(data), (size_t)ov_bytes_len(data));
        break;
    case 1:
    case 2:
    case 3:
        good = ov_unpack_lzh(&a->made, data, h->size, 17);
        break;
    case 4:
        good = unpack_fastest(&a->made, data, h->size);
        break;
    default:
        ov_lay_trouble(p, OV_REASON_UNSUPPORTED, "packed with arj method %u", h->method);
        return;
    }
    if (ov_buf_ok(&a->made) && (!good || ov_crc32(ov_buf_bytes(&a->made)) != h->crc)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "its checksum differs");
    }
}

static enum ov_give arj_step(struct ov_parser *p)
{
    struct arj *a = p->state;

    /* Each turn goes behind another header. */
    for (;;) {
        struct arj_header h = { .next = 0 };
        const int kind = read_header(p->all, a->at, &h);
        struct ov_bytes data;

        if (kind == 0) {
            return OV_GIVE_END;
        }
        if (kind < 0) {
            a->at = UINT64_MAX / 2;
            if (!a->begun) {
                return OV_GIVE_END;
            }
            a->begun = false;
            return ov_parser_say(p, OV_REASON_DAMAGED, "it has no end: cut short");
        }
        if (!a->begun || h.kind == 2) { /* the archive's own header */
            a->begun = true;
            a->at = h.next;
            continue;
        }
        data = ov_bytes_between(p->all, h.next, h.next + h.packed);
        a->at = h.next + h.packed;
        if (h.kind == 3 || h.kind == 5) { /* a folder, a chapter's label */
            continue;
        }
        ov_buf_clear(&a->made);
        ov_buf_clear(&a->name);
        ov_buf_put(&a->name, ov_bytes_raw(h.name), (size_t)ov_bytes_len(h.name));
        if ((h.flags & FLAG_GARBLED) != 0) {
            ov_lay_trouble(p, OV_REASON_ENCRYPTED, "an encrypted member");
        } else {
            unpack_member(p, &h, data);
            if ((h.flags & FLAG_VOLUME) != 0) {
                p->laid.trouble.reason = OV_REASON_NONE;
                ov_lay_trouble(p, OV_REASON_MULTIVOLUME, "goes on in another file");
            }
        }
        return ov_lay_buf(p, ov_buf_bytes(&a->name), &a->made);
    }
}

const struct ov_parser_ops ov_parser_arj = {
    .state_bytes = sizeof(struct arj),
    .whole = true,
    .begin = arj_begin,
    .step = arj_step,
    .end = arj_end,
};
