/* SPDX-License-Identifier: Apache-2.0 */
/* hfs.c - the files of an HFS+ volume (Apple TN1150): leaves of the catalog's tree, each file with its
 * data and its resource fork. Leaves are taken as they lie, not as the tree leads; numbers of blocks are
 * claims, and a fork beyond its eight extents is said. */
#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define HEADER_AT   1024u
#define EXTENTS     8u
#define FORK_BYTES  80u
#define LEAF        0xffu
#define RECORD_FILE 2u
#define NODES_MAX   1000000u

struct hfs {
    uint32_t block_bytes;
    uint32_t node_bytes;
    uint32_t node;
    uint32_t record; /* of the node */
    bool resource_due;
    struct ov_buf leaf;
    struct ov_buf fork; /* of one in pieces */
    struct ov_buf name;
};

static uint32_t u16be_at(struct ov_bytes b, uint64_t at)
{
    return (uint32_t)ov_u8_at(b, at, 0) << 8 | ov_u8_at(b, at + 1, 0);
}

/* Puts [off, off + bytes) of a fork. False: not all of it lies in its extents. */
static bool put_fork(
        struct ov_parser *p, struct ov_bytes fork, uint64_t off, uint64_t bytes, struct ov_buf *out)
{
    const struct hfs *h = p->state;

    for (unsigned i = 0; i < EXTENTS && bytes > 0; i++) {
        const uint64_t first = (uint64_t)ov_u32be_at(fork, 16 + 8 * i, 0) * h->block_bytes;
        const uint64_t size = (uint64_t)ov_u32be_at(fork, 20 + 8 * i, 0) * h->block_bytes;
        uint64_t now;
        struct ov_bytes part;

        if (off >= size) {
            off -= size;
            continue;
        }
        now = size - off < bytes ? size - off : bytes;
        part = ov_bytes_between(p->all, first + off, first + off + now);
        ov_buf_put(out, ov_bytes_raw(part), (size_t)ov_bytes_len(part));
        if (ov_bytes_len(part) < now) {
            return false;
        }
        bytes -= now;
        off = 0;
    }
    return bytes == 0;
}

static struct ov_bytes catalog(struct ov_parser *p)
{
    return ov_bytes_between(p->all, HEADER_AT + 272, HEADER_AT + 272 + FORK_BYTES);
}

static bool hfs_begin(struct ov_parser *p)
{
    struct hfs *h = p->state;
    struct ov_bytes head;

    ov_buf_init(&h->leaf, 64u * OV_KIB);
    ov_buf_init(&h->fork, OV_MADE_BYTES_MAX);
    ov_buf_init(&h->name, OV_NAME_BYTES_MAX);
    h->block_bytes = ov_u32be_at(p->all, HEADER_AT + 40, 0);
    if (h->block_bytes < 512 || h->block_bytes > 16u * OV_MIB) {
        return true;
    }
    (void)put_fork(p, catalog(p), 0, 512, &h->leaf);
    head = ov_buf_bytes(&h->leaf);
    h->node_bytes = u16be_at(head, 14 + 18);
    h->node_bytes = h->node_bytes < 512 || h->node_bytes > 32768 ? 0 : h->node_bytes;
    return true;
}

static void hfs_end(struct ov_parser *p)
{
    struct hfs *h = p->state;

    ov_buf_done(&h->leaf);
    ov_buf_done(&h->fork);
    ov_buf_done(&h->name);
}

/* The next leaf of the catalog into h->leaf. False: there are no more. */
static bool next_leaf(struct ov_parser *p)
{
    struct hfs *h = p->state;
    const uint64_t size = ov_u64be_at(catalog(p), 0, 0);

    while (h->node_bytes != 0 && h->node < NODES_MAX) {
        const uint64_t at = (uint64_t)h->node++ * h->node_bytes;

        if (at >= size) {
            return false;
        }
        ov_buf_clear(&h->leaf);
        if (!put_fork(p, catalog(p), at, h->node_bytes, &h->leaf)) {
            return false;
        }
        if (ov_u8_at(ov_buf_bytes(&h->leaf), 8, 0) == LEAF) {
            h->record = 0;
            return true;
        }
    }
    return false;
}

static void take_name(struct hfs *h, struct ov_bytes key)
{
    const uint32_t letters = u16be_at(key, 6);

    ov_buf_clear(&h->name);
    for (uint64_t i = 0; i < letters && i < 255; i++) {
        const uint32_t c = u16be_at(key, 8 + 2 * i);

        ov_buf_put_u8(&h->name, c >= 32 && c < 127 ? (uint8_t)c : '?');
    }
}

static bool lay_fork(struct ov_parser *p, struct ov_bytes fork)
{
    struct hfs *h = p->state;
    const uint64_t size = ov_u64be_at(fork, 0, 0);
    const uint64_t first = (uint64_t)ov_u32be_at(fork, 16, 0) * h->block_bytes;
    const uint64_t extent = (uint64_t)ov_u32be_at(fork, 20, 0) * h->block_bytes;

    if (size == 0) {
        return false;
    }
    if (size <= extent) {
        (void)ov_lay_part(p, ov_buf_bytes(&h->name), first, size, OV_CODEC_STORED);
        return true;
    }
    ov_buf_clear(&h->fork);
    if (!put_fork(p, fork, 0, size, &h->fork)) {
        ov_lay_trouble(p, OV_REASON_UNSUPPORTED, "a file in more pieces than are followed");
    }
    (void)ov_lay_buf(p, ov_buf_bytes(&h->name), &h->fork);
    return true;
}

/* The record at h->record of the leaf: lays down one of its forks. */
static bool lay_record(struct ov_parser *p)
{
    struct hfs *h = p->state;
    const struct ov_bytes leaf = ov_buf_bytes(&h->leaf);
    const uint64_t slot = (uint64_t)h->node_bytes - 2 * ((uint64_t)h->record + 1);
    const uint64_t at = u16be_at(leaf, slot);
    const uint64_t key = u16be_at(leaf, at);
    const uint64_t data = at + 2 + key;
    const bool resource = h->resource_due;

    h->resource_due = !resource;
    h->record += resource ? 1 : 0;
    if (u16be_at(leaf, data) != RECORD_FILE) {
        return false;
    }
    take_name(h, ov_bytes_between(leaf, at, data));
    return lay_fork(
            p, ov_bytes_between(leaf, data + (resource ? 168 : 88), data + (resource ? 248 : 168)));
}

static enum ov_give hfs_step(struct ov_parser *p)
{
    struct hfs *h = p->state;

    /* Each turn uses up a fork of a record, or goes to the next leaf. */
    for (;;) {
        const struct ov_bytes leaf = ov_buf_bytes(&h->leaf);

        if (h->node == 0 || h->record >= u16be_at(leaf, 10)
                || 2 * ((uint64_t)h->record + 1) > h->node_bytes) {
            if (!next_leaf(p)) {
                return OV_GIVE_END;
            }
        } else if (lay_record(p)) {
            return OV_GIVE_PIECE;
        }
    }
}

const struct ov_parser_ops ov_parser_hfs = {
    .state_bytes = sizeof(struct hfs),
    .whole = true,
    .begin = hfs_begin,
    .step = hfs_step,
    .end = hfs_end,
};
