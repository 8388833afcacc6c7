/* SPDX-License-Identifier: Apache-2.0 */
/* squashfs.c - squashfs 4.0 images: the content of every file, in the order of the table of inodes, by
 * the names that the table of folders has for them. Neither table is walked as a tree, so nothing can
 * lead round in circles. What is unpacked is counted: small files may be made to ask for a new fragment
 * each, a thousand times larger than they are. */
#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define META_BYTES      8192u
#define BLOCK_BYTES_MAX (1u << 20)
#define TABLE_BYTES_MAX (64u * OV_MIB)
#define INODES_MAX      (4u * 1024u * 1024u)
#define NONE            UINT32_MAX
/* Bytes unpacked of one image: a floor, and as many for each byte of it. */
#define WORK_FLOOR    ((uint64_t)OV_GIB)
#define WORK_PER_BYTE 256u

enum {
    GZIP = 1,
    LZMA,
    LZO,
    XZ,
    LZ4,
    ZSTD
}; /* "compressor" of the superblock */

struct squashfs {
    uint32_t packer;
    uint32_t block_bytes;
    uint32_t inodes;
    uint32_t fragments;
    uint64_t fragments_at;
    uint64_t work_left;
    bool begun;
    struct ov_buf inode_table;
    struct ov_buf name_table;
    uint32_t *names; /* owned: by inode number, where in name_table its length stands; or NONE */
    uint64_t at;     /* the next inode */
    uint64_t fragment_at; /* where the fragment at hand lies; 0: none is */
    struct ov_buf fragment;
    struct ov_buf packed;
    struct ov_buf made;
    char name[32];
};

static bool squashfs_begin(struct ov_parser *p)
{
    struct squashfs *s = p->state;

    ov_buf_init(&s->inode_table, TABLE_BYTES_MAX);
    ov_buf_init(&s->name_table, TABLE_BYTES_MAX);
    ov_buf_init(&s->fragment, BLOCK_BYTES_MAX);
    ov_buf_init(&s->packed, BLOCK_BYTES_MAX + META_BYTES);
    ov_buf_init(&s->made, OV_MADE_BYTES_MAX);
    return true;
}

static void squashfs_end(struct ov_parser *p)
{
    struct squashfs *s = p->state;

    ov_buf_done(&s->inode_table);
    ov_buf_done(&s->name_table);
    ov_buf_done(&s->fragment);
    ov_buf_done(&s->packed);
    ov_buf_done(&s->made);
    free(s->names);
}

/* --- blocks --------------------------------------------------------------------------------- */

/* These stop at the cap of `out`, not at a block's size. */
static bool unpack_uncapped(uint32_t packer, struct ov_buf *out, struct ov_bytes in)
{
    switch (packer) {
    case GZIP:
        return ov_unpack_zlib(out, in, 15);
    case LZO:
        return ov_unpack_lzo(out, in);
    default: /* LZMA: properties and the size stand in front of it */
        return ov_unpack_lzma(out, ov_bytes_between(in, 0, 5), ov_bytes_between(in, 13, UINT64_MAX),
                ov_u64le_at(in, 5, UINT64_MAX));
    }
}

/* One block of at most `max` bytes, behind what `out` holds. */
static bool unpack_block(
        struct squashfs *s, struct ov_bytes in, struct ov_buf *out, size_t max, size_t *made)
{
    const size_t before = (size_t)ov_bytes_len(ov_buf_bytes(out));
    uint8_t *room;
    size_t len = 0;
    bool good = false;

    if (s->packer == GZIP || s->packer == LZO || s->packer == LZMA) {
        good = unpack_uncapped(s->packer, out, in);
        len = (size_t)ov_bytes_len(ov_buf_bytes(out)) - before;
        *made = len;
        return good && len <= max;
    }
    room = ov_buf_extend(out, max);
    if (room == NULL) {
        return false;
    }
    if (s->packer == LZ4) {
        const int got = LZ4_decompress_safe(
                (const char *)ov_bytes_raw(in), (char *)room, (int)ov_bytes_len(in), (int)max);

        good = got >= 0;
        len = good ? (size_t)got : 0;
    } else if (s->packer == ZSTD) {
        len = ZSTD_decompress(room, max, ov_bytes_raw(in), (size_t)ov_bytes_len(in));
        good = ZSTD_isError(len) == 0;
        len = good ? len : 0;
    } else {
        uint64_t memory = OV_CODEC_MEMORY_MAX;
        size_t in_at = 0;

        good = lzma_stream_buffer_decode(&memory, 0, NULL, ov_bytes_raw(in), &in_at,
                       (size_t)ov_bytes_len(in), room, &len, max)
               == LZMA_OK;
    }
    ov_buf_cut(out, before + len);
    *made = len;
    return good;
}

/* `size` bytes of the image at `at`: one block, packed or not. Charged before it is unpacked. */
static bool put_block(struct ov_parser *p, uint64_t at, uint32_t size, bool packed,
        struct ov_buf *out, uint32_t max, size_t *made)
{
    struct squashfs *s = p->state;
    uint8_t *room;

    *made = 0;
    if (size > max + META_BYTES || s->work_left < max) {
        return false;
    }
    s->work_left -= max;
    ov_buf_clear(&s->packed);
    room = ov_buf_extend(&s->packed, size);
    if (room == NULL || ov_input_read(&p->input, at, room, size) != size) {
        return false;
    }
    if (packed) {
        const bool good = unpack_block(s, ov_buf_bytes(&s->packed), out, max, made);

        s->work_left -= s->work_left < *made ? s->work_left : *made;
        return good;
    }
    ov_buf_put(out, room, size);
    *made = size;
    return ov_buf_ok(out);
}

/* A block of a table: its length stands in front of it. */
static bool put_meta(struct ov_parser *p, uint64_t *at, struct ov_buf *out)
{
    uint8_t raw[2];
    const struct ov_bytes b = ov_bytes_of(raw, ov_input_read(&p->input, *at, raw, sizeof(raw)));
    const uint32_t head = ov_u16le_at(b, 0, 0), size = head & 0x7fff;
    size_t made;

    if (size == 0 || !put_block(p, *at + 2, size, (head & 0x8000) == 0, out, META_BYTES, &made)) {
        return false;
    }
    *at += 2 + (uint64_t)size;
    return true;
}

static bool put_table(struct ov_parser *p, uint64_t at, uint64_t end, struct ov_buf *out)
{
    while (at < end) { /* each turn goes three bytes forward or more */
        if (!put_meta(p, &at, out)) {
            return false;
        }
    }
    return true;
}

/* --- names ---------------------------------------------------------------------------------- */

/* The folders' lists stand one behind the other: a head for up to 256 entries of inodes near each
 * other, then those. */
static void list_names(struct squashfs *s)
{
    const struct ov_bytes b = ov_buf_bytes(&s->name_table);
    uint64_t at = 0;

    for (uint32_t i = 0; i <= s->inodes; i++) {
        s->names[i] = NONE;
    }
    while (at + 12 <= ov_bytes_len(b)) {
        const uint32_t base = ov_u32le_at(b, at + 8, 0);
        uint64_t count = (uint64_t)ov_u32le_at(b, at, 0) + 1;

        at += 12;
        for (; count > 0 && at + 8 <= ov_bytes_len(b); count--) {
            const uint32_t delta = ov_u16le_at(b, at + 2, 0);
            const uint32_t inode = base + delta - (delta < 0x8000 ? 0 : 0x10000); /* it is signed */

            if (inode <= s->inodes && s->names[inode] == NONE) {
                s->names[inode] = (uint32_t)(at + 6);
            }
            at += 8 + (uint64_t)ov_u16le_at(b, at + 6, 0) + 1;
        }
    }
}

static struct ov_bytes name_of(struct squashfs *s, uint32_t inode)
{
    const struct ov_bytes b = ov_buf_bytes(&s->name_table);
    const uint32_t at = inode <= s->inodes ? s->names[inode] : NONE;

    if (at == NONE) {
        (void)snprintf(s->name, sizeof(s->name), "inode %u", inode);
        return ov_text_bytes(s->name);
    }
    return ov_bytes_between(b, at + 2, at + 3 + (uint64_t)ov_u16le_at(b, at, 0));
}

/* --- files ---------------------------------------------------------------------------------- */

struct file {
    uint64_t start;
    uint64_t size;
    uint32_t fragment; /* NONE: it has none */
    uint32_t offset;   /* in it */
    uint64_t sizes_at; /* of its blocks, in the table of inodes */
};

/* The end of a file, in a block that it shares with others. */
static bool put_fragment(struct ov_parser *p, const struct file *f, uint64_t bytes)
{
    struct squashfs *s = p->state;
    struct ov_buf entries;
    uint8_t raw[8];
    const struct ov_bytes pointer = ov_bytes_of(raw,
            ov_input_read(&p->input, s->fragments_at + 8 * (uint64_t)(f->fragment / 512), raw, 8));
    uint64_t at = ov_u64le_at(pointer, 0, UINT64_MAX), block;
    struct ov_bytes entry, part;
    uint32_t size;
    size_t made;
    bool good;

    if (f->fragment >= s->fragments) {
        return false;
    }
    ov_buf_init(&entries, META_BYTES + 1);
    good = put_meta(p, &at, &entries);
    entry = ov_bytes_between(
            ov_buf_bytes(&entries), 16 * (uint64_t)(f->fragment % 512), UINT64_MAX);
    block = ov_u64le_at(entry, 0, 0);
    size = ov_u32le_at(entry, 8, 0);
    ov_buf_done(&entries);
    if (!good || block == 0) {
        return false;
    }
    if (block != s->fragment_at) {
        ov_buf_clear(&s->fragment);
        s->fragment_at = 0;
        if (!put_block(p, block, size & 0xffffff, (size & 1u << 24) == 0, &s->fragment,
                    s->block_bytes, &made)) {
            return false;
        }
        s->fragment_at = block;
    }
    part = ov_bytes_between(ov_buf_bytes(&s->fragment), f->offset, f->offset + bytes);
    ov_buf_put(&s->made, ov_bytes_raw(part), (size_t)ov_bytes_len(part));
    return ov_bytes_len(part) == bytes;
}

static bool put_file(struct ov_parser *p, const struct file *f)
{
    struct squashfs *s = p->state;
    const struct ov_bytes table = ov_buf_bytes(&s->inode_table);
    const uint64_t blocks = f->fragment == NONE ? (f->size + s->block_bytes - 1) / s->block_bytes
                                                : f->size / s->block_bytes;
    uint64_t at = f->start, left = f->size;

    for (uint64_t i = 0; i < blocks; i++) {
        const uint32_t said = ov_u32le_at(table, f->sizes_at + 4 * i, UINT32_MAX);
        const uint32_t size = said & 0xffffff;
        const uint64_t want = left < s->block_bytes ? left : s->block_bytes;
        size_t made;

        if (said == UINT32_MAX) {
            return false;
        }
        if (size == 0) { /* a hole */
            ov_buf_put_zeros(&s->made, (size_t)want);
        } else if (!put_block(p, at, size, (said & 1u << 24) == 0, &s->made, s->block_bytes, &made)
                   || made != want) {
            return false;
        }
        at += size;
        left -= want;
        if (!ov_buf_ok(&s->made)) {
            return true; /* told by who lays it down */
        }
    }
    return left == 0 || (f->fragment != NONE && put_fragment(p, f, left));
}

static enum ov_give lay_file(struct ov_parser *p, const struct file *f, uint32_t inode)
{
    struct squashfs *s = p->state;

    ov_buf_clear(&s->made);
    if (!put_file(p, f) && ov_buf_ok(&s->made)) {
        ov_lay_trouble(p, s->work_left < s->block_bytes ? OV_REASON_STEPS : OV_REASON_DAMAGED,
                "a file whose blocks do not all unpack");
    }
    return ov_lay_buf(p, name_of(s, inode), &s->made);
}

/* Behind the inode of kind `kind` at `at`; 0: there is no such kind. A file is told in *f. */
static uint64_t skip_inode(
        const struct squashfs *s, struct ov_bytes b, uint64_t at, uint32_t kind, struct file *f)
{
    uint64_t blocks;

    switch (kind) {
    case 1: /* a folder */
        return at + 32;
    case 3: /* a link: 10 has attributes too */
    case 10:
        return at + 24 + (uint64_t)ov_u32le_at(b, at + 20, 0) + (kind == 10 ? 4 : 0);
    case 4: /* devices, pipes, sockets */
    case 5:
        return at + 24;
    case 6:
    case 7:
        return at + 20;
    case 11:
    case 12:
        return at + 28;
    case 13:
    case 14:
        return at + 24;
    case 8: { /* a folder with an index */
        uint32_t count = ov_u16le_at(b, at + 32, 0);
        uint64_t end = at + 40;

        for (; count > 0; count--) {
            end += 12 + (uint64_t)ov_u32le_at(b, end + 8, 0) + 1;
        }
        return end;
    }
    case 2:
        f->start = ov_u32le_at(b, at + 16, 0);
        f->fragment = ov_u32le_at(b, at + 20, NONE);
        f->offset = ov_u32le_at(b, at + 24, 0);
        f->size = ov_u32le_at(b, at + 28, 0);
        f->sizes_at = at + 32;
        break;
    case 9:
        f->start = ov_u64le_at(b, at + 16, 0);
        f->size = ov_u64le_at(b, at + 24, 0);
        f->fragment = ov_u32le_at(b, at + 44, NONE);
        f->offset = ov_u32le_at(b, at + 48, 0);
        f->sizes_at = at + 56;
        break;
    default:
        return 0;
    }
    blocks = f->size / s->block_bytes;
    blocks += f->fragment == NONE && f->size % s->block_bytes != 0 ? 1 : 0;
    return f->sizes_at + 4 * blocks;
}

/* --- the image ------------------------------------------------------------------------------ */

/* The superblock and the tables. PIECE: they are there. */
static enum ov_give read_tables(struct ov_parser *p)
{
    struct squashfs *s = p->state;
    uint8_t raw[96] = { 0 };
    const struct ov_bytes b = ov_bytes_of(raw, ov_input_read(&p->input, 0, raw, sizeof(raw)));
    const uint64_t inodes_at = ov_u64le_at(b, 64, 0), folders_at = ov_u64le_at(b, 72, 0);
    uint64_t folders_end = ov_u64le_at(b, 80, 0);

    s->begun = true;
    s->at = UINT64_MAX;
    s->inodes = ov_u32le_at(b, 4, 0);
    s->block_bytes = ov_u32le_at(b, 12, 0);
    s->fragments = ov_u32le_at(b, 16, 0);
    s->packer = ov_u16le_at(b, 20, 0);
    s->fragments_at = folders_end;
    p->end = ov_u64le_at(b, 40, 0); /* what a file system is padded with is zeros */
    if (!ov_mul(&s->work_left, p->input.size, (uint64_t)WORK_PER_BYTE)
            || !ov_add(&s->work_left, s->work_left, WORK_FLOOR)) {
        s->work_left = UINT64_MAX;
    }
    if (s->packer < GZIP || s->packer > ZSTD || s->inodes > INODES_MAX) {
        return ov_parser_say(
                p, OV_REASON_UNSUPPORTED, "a variant of squashfs that is not unpacked");
    }
    if (s->block_bytes < 4096 || s->block_bytes > BLOCK_BYTES_MAX) {
        return ov_parser_say(p, OV_REASON_DAMAGED, "the superblock makes no sense");
    }
    if (folders_end == UINT64_MAX || folders_end < folders_at) { /* no fragments */
        folders_end = folders_at;
    }
    s->names = malloc(sizeof(s->names[0]) * ((size_t)s->inodes + 1));
    if (s->names == NULL) {
        return ov_parser_say(p, OV_REASON_MEMORY, "no memory for %u inodes", s->inodes);
    }
    /* Names are for people: as far as they unpack. Behind the folders' table stand the entries of
     * fragments, and their list is where `fragments_at` leads: unpacking ends there at the latest. */
    (void)put_table(p, folders_at, folders_end, &s->name_table);
    list_names(s);
    if (!put_table(p, inodes_at, folders_at, &s->inode_table) || !ov_buf_ok(&s->inode_table)) {
        s->at = 0;
        return ov_parser_say(p, OV_REASON_DAMAGED, "the table of inodes does not all unpack");
    }
    s->at = 0;
    return OV_GIVE_PIECE;
}

static enum ov_give squashfs_step(struct ov_parser *p)
{
    struct squashfs *s = p->state;
    struct ov_bytes table;

    if (!s->begun) {
        const enum ov_give give = read_tables(p);

        if (give != OV_GIVE_PIECE) {
            return give;
        }
    }
    table = ov_buf_bytes(&s->inode_table);
    /* Each turn goes an inode of twenty bytes or more forward. */
    while (s->at < ov_bytes_len(table) && ov_bytes_len(table) - s->at >= 16) {
        struct file f = { .fragment = NONE };
        const uint64_t at = s->at;

        s->at = skip_inode(s, table, at, ov_u16le_at(table, at, 0), &f);
        if (s->at == 0) {
            s->at = UINT64_MAX;
            return ov_parser_say(p, OV_REASON_DAMAGED, "an inode of no kind that there is");
        }
        if (f.size != 0) {
            return lay_file(p, &f, ov_u32le_at(table, at + 12, 0));
        }
    }
    return OV_GIVE_END;
}

const struct ov_parser_ops ov_parser_squashfs = {
    .state_bytes = sizeof(struct squashfs),
    .begin = squashfs_begin,
    .step = squashfs_step,
    .end = squashfs_end,
};
