/* SPDX-License-Identifier: Apache-2.0 */
/* egg.c - ALZip's EGG archives (ESTsoft's EGG format specification 1.0): heads with fields one behind
 * the other, a file's bytes in blocks that are packed each by itself. Lengths are claims; each step goes
 * forward by a head. AZO, which nobody else packs with, is named. */
#include <bzlib.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define MAGIC_FILE    0x0a8590e3u
#define MAGIC_NAME    0x0a8591acu
#define MAGIC_BLOCK   0x02b50c13u
#define MAGIC_CRYPT   0x08d1470fu
#define MAGIC_SPLIT   0x24f5a262u
#define MAGIC_SOLID   0x24e5a060u
#define MAGIC_END     0x08e28222u
#define ARCHIVE_BYTES 14u
#define FILE_BYTES    16u
#define BLOCK_BYTES   18u
#define LZMA_BYTES    9u /* in front of LZMA: a version, a length, five bytes of properties */

struct egg {
    uint64_t at; /* 0: nothing was read yet */
    bool solid;
    struct ov_buf made;
};

/* What the fields in front of an end mark say. */
struct fields {
    struct ov_bytes name;
    bool encrypted;
    bool split;
    bool solid;
};

static bool egg_begin(struct ov_parser *p)
{
    struct egg *e = p->state;

    ov_buf_init(&e->made, OV_MADE_BYTES_MAX);
    return true;
}

static void egg_end(struct ov_parser *p)
{
    struct egg *e = p->state;

    ov_buf_done(&e->made);
}

static void take_field(struct ov_bytes b, uint32_t magic, uint8_t flags, struct fields *out)
{
    /* A code page's number may stand in front of a name, then the number of a folder's. */
    const uint64_t skip = ((flags & 8) != 0 ? 2u : 0u) + ((flags & 16) != 0 ? 4u : 0u);

    if (magic == MAGIC_NAME) {
        out->name = ov_bytes_between(b, skip, UINT64_MAX);
    } else if (magic == MAGIC_CRYPT) {
        out->encrypted = true;
    } else if (magic == MAGIC_SPLIT) {
        out->split = ov_u32le_at(b, 0, 0) != 0 || ov_u32le_at(b, 4, 0) != 0;
    } else if (magic == MAGIC_SOLID) {
        out->solid = true;
    }
}

/* The fields at *at, up to their end mark; *at is behind it. False: there is no such mark. */
static bool read_fields(struct ov_bytes b, uint64_t *at, struct fields *out)
{
    *out = (struct fields){ .name = ov_bytes_of(NULL, 0) };
    /* Each turn goes seven bytes forward, or ends. */
    while (*at + 4 <= ov_bytes_len(b)) {
        const uint32_t magic = ov_u32le_at(b, *at, 0);
        const uint8_t flags = ov_u8_at(b, *at + 4, 0);
        const bool wide = (flags & 1) != 0;
        const uint64_t size = wide ? ov_u32le_at(b, *at + 5, 0) : ov_u16le_at(b, *at + 5, 0);
        const uint64_t from = *at + (wide ? 9 : 7);

        if (magic == MAGIC_END) {
            *at += 4;
            return true;
        }
        if (magic == MAGIC_FILE || magic == MAGIC_BLOCK || from + size > ov_bytes_len(b)) {
            return false;
        }
        take_field(ov_bytes_between(b, from, from + size), magic, flags, out);
        *at = from + size;
    }
    return false;
}

static bool unpack_bzip2(struct ov_buf *out, struct ov_bytes in, uint32_t plain)
{
    const size_t before = (size_t)ov_bytes_len(ov_buf_bytes(out));
    unsigned len = plain;
    uint8_t *room = ov_bytes_len(in) <= OV_WHOLE_BYTES_MAX ? ov_buf_extend(out, plain) : NULL;
    int got;

    if (room == NULL) {
        return false;
    }
    /* The library takes its input as writable and leaves it alone. */
    got = BZ2_bzBuffToBuffDecompress((char *)room, &len, (char *)(uintptr_t)ov_bytes_raw(in),
            (unsigned)ov_bytes_len(in), 0, 0);
    ov_buf_cut(out, before + (got == BZ_OK ? len : 0));
    return got == BZ_OK;
}

static bool unpack_block(struct ov_parser *p, uint8_t method, struct ov_bytes in, uint32_t plain)
{
    struct egg *e = p->state;

    switch (method) {
    case 0:
        ov_buf_put(&e->made, ov_bytes_raw(in), (size_t)ov_bytes_len(in));
        return true;
    case 1:
        return ov_unpack_zlib(&e->made, in, -15);
    case 2:
        return unpack_bzip2(&e->made, in, plain);
    case 4:
        return ov_unpack_lzma(&e->made, ov_bytes_between(in, LZMA_BYTES - 5, LZMA_BYTES),
                ov_bytes_between(in, LZMA_BYTES, UINT64_MAX), plain);
    default:
        ov_lay_trouble(p, OV_REASON_UNSUPPORTED, "packed with egg method %u", method);
        return true;
    }
}

/* The blocks at *at, one behind the other. */
static void put_blocks(struct ov_parser *p, uint64_t *at, bool encrypted)
{
    struct egg *e = p->state;

    while (ov_u32le_at(p->all, *at, 0) == MAGIC_BLOCK) {
        const uint8_t method = ov_u8_at(p->all, *at + 4, 0);
        const uint32_t plain = ov_u32le_at(p->all, *at + 6, 0);
        const uint32_t packed = ov_u32le_at(p->all, *at + 10, 0);
        const uint32_t sum = ov_u32le_at(p->all, *at + 14, 0);
        const uint64_t before = ov_bytes_len(ov_buf_bytes(&e->made));
        struct fields fields;
        struct ov_bytes in;

        *at += BLOCK_BYTES;
        if (!read_fields(p->all, at, &fields) || !ov_bytes_slice(p->all, *at, packed, &in)) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "a block is cut short");
            *at = ov_bytes_len(p->all);
            return;
        }
        *at += packed;
        if (encrypted || e->solid || !ov_buf_ok(&e->made)) {
            continue;
        }
        if (!unpack_block(p, method, in, plain)
                || (method < 3
                        && ov_crc32(ov_bytes_between(ov_buf_bytes(&e->made), before, UINT64_MAX))
                                   != sum)) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "a block that does not unpack to what it was");
        }
    }
}

static enum ov_give lay_file(struct ov_parser *p)
{
    struct egg *e = p->state;
    struct fields fields;
    uint64_t at = e->at + FILE_BYTES;

    ov_buf_clear(&e->made);
    if (!read_fields(p->all, &at, &fields)) {
        e->at = ov_bytes_len(p->all);
        return ov_parser_say(p, OV_REASON_DAMAGED, "a file's head is cut short");
    }
    if (fields.encrypted) {
        ov_lay_trouble(p, OV_REASON_ENCRYPTED, "an encrypted member");
    } else if (e->solid) {
        ov_lay_trouble(p, OV_REASON_UNSUPPORTED, "a member of a solid egg");
    }
    put_blocks(p, &at, fields.encrypted);
    e->at = at;
    return ov_lay_buf(p, fields.name, &e->made);
}

static enum ov_give egg_step(struct ov_parser *p)
{
    struct egg *e = p->state;
    uint32_t magic;

    if (e->at == 0) {
        struct fields fields;

        e->at = ARCHIVE_BYTES;
        if (!read_fields(p->all, &e->at, &fields)) {
            e->at = ov_bytes_len(p->all);
            return ov_parser_say(p, OV_REASON_DAMAGED, "cut short in its head");
        }
        e->solid = fields.solid;
        if (fields.split) {
            return ov_parser_say(p, OV_REASON_MULTIVOLUME, "an egg in several files");
        }
    }
    put_blocks(p, &e->at, true); /* of a solid one, which is said of its members */
    magic = ov_u32le_at(p->all, e->at, 0);
    if (magic == MAGIC_FILE) {
        return lay_file(p);
    }
    if (magic == MAGIC_END) {
        p->end = e->at + 4;
        return OV_GIVE_END;
    }
    if (e->at == UINT64_MAX) {
        return OV_GIVE_END;
    }
    e->at = UINT64_MAX;
    return ov_parser_say(p, OV_REASON_DAMAGED, "it has no end: cut short");
}

const struct ov_parser_ops ov_parser_egg = {
    .state_bytes = sizeof(struct egg),
    .whole = true,
    .begin = egg_begin,
    .step = egg_step,
    .end = egg_end,
};
