/* SPDX-License-Identifier: Apache-2.0 */
/* ext.c - ext2, ext3 and ext4 file systems: the content of every file that has a name, in the order of
 * their inodes. Folders are not asked, so none can lead round in circles, and the files are called by
 * their inodes' numbers. Numbers on the image are claims: a file is put together from as many blocks as
 * its size has room for, and the bytes of its tree of extents are counted. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define SUPER_AT          1024u
#define SUPER_BYTES       1024u
#define INODE_BYTES_MAX   1024u
#define BLOCK_BYTES_MAX   65536u
#define EXTENT_DEPTH_MAX  5u
#define INCOMPAT_PACKED   0x1u
#define INCOMPAT_JOURNAL  0x8u
#define INCOMPAT_META_BG  0x10u
#define INCOMPAT_64BIT    0x80u
#define FLAG_ENCRYPTED    0x800u
#define FLAG_EXTENTS      0x80000u
#define FLAG_INLINE       0x10000000u
#define NODE_BYTES_MAX    (4u * (uint64_t)OV_GIB) /* of trees and maps, of one image */
#define INODES_MAX        (16u * 1024u * 1024u)
#define FIRST_OF_THE_USER 11u /* what comes before are the file system's own */

struct ext {
    uint32_t block_bytes;
    uint32_t inode_bytes;
    uint32_t inodes_per_group;
    uint32_t inodes;
    uint64_t descriptors_at;
    uint32_t descriptor_bytes;
    uint32_t next; /* inode, from 1 */
    uint64_t node_bytes_left;
    bool told;
    uint64_t group_table; /* of the group that `next` is in */
    uint32_t group;       /* UINT32_MAX: none yet */
    struct ov_buf made;
    char name[32];
    uint8_t inode[INODE_BYTES_MAX];
    uint8_t node[EXTENT_DEPTH_MAX + 1][BLOCK_BYTES_MAX];
};

bool ov_ext_begins(struct ov_bytes b)
{
    return ov_has(b, SUPER_AT + 56, "\x53\xef", 2) && ov_u32le_at(b, SUPER_AT + 24, 99) <= 6
           && ov_u16le_at(b, SUPER_AT + 58, 99) <= 7 && ov_u32le_at(b, SUPER_AT, 0) != 0;
}

static bool ext_begin(struct ov_parser *p)
{
    struct ext *e = p->state;

    ov_buf_init(&e->made, OV_MADE_BYTES_MAX);
    e->group = UINT32_MAX;
    e->node_bytes_left = NODE_BYTES_MAX;
    return true;
}

static void ext_end(struct ov_parser *p)
{
    struct ext *e = p->state;

    ov_buf_done(&e->made);
}

static struct ov_bytes read_at(const struct ov_parser *p, uint64_t at, uint8_t *raw, size_t len)
{
    return ov_bytes_of(raw, ov_input_read(&p->input, at, raw, len));
}

/* The superblock. False: *give says why not; and unless e->next was left alone, that is all. */
static bool read_super(struct ov_parser *p, enum ov_give *give)
{
    struct ext *e = p->state;
    uint8_t raw[SUPER_BYTES];
    const struct ov_bytes b = read_at(p, SUPER_AT, raw, sizeof(raw));
    const uint32_t incompat = ov_u32le_at(b, 96, 0), log = ov_u32le_at(b, 24, 99);

    e->told = true;
    e->block_bytes = 1024u << (log <= 6 ? log : 0);
    e->inodes = ov_u32le_at(b, 0, 0);
    e->inodes_per_group = ov_u32le_at(b, 40, 0);
    e->inode_bytes = ov_u32le_at(b, 76, 0) == 0 ? 128 : ov_u16le_at(b, 88, 0);
    e->descriptor_bytes = (incompat & INCOMPAT_64BIT) != 0 ? ov_u16le_at(b, 254, 0) : 32;
    e->descriptors_at = ((uint64_t)ov_u32le_at(b, 20, 0) + 1) * e->block_bytes;
    e->next = UINT32_MAX;
    *give = OV_GIVE_END;
    if ((incompat & INCOMPAT_JOURNAL) != 0) {
        return false; /* a journal alone: there are no files in it */
    }
    if ((incompat & (INCOMPAT_PACKED | INCOMPAT_META_BG)) != 0) {
        *give = ov_parser_say(p, OV_REASON_UNSUPPORTED, "a variant of ext4 that is not unpacked");
        return false;
    }
    if (e->inodes_per_group == 0 || e->inode_bytes < 128 || e->inode_bytes > INODE_BYTES_MAX
            || e->descriptor_bytes < 32 || e->descriptor_bytes > 1024 || log > 6) {
        *give = ov_parser_say(p, OV_REASON_DAMAGED, "the superblock makes no sense");
        return false;
    }
    e->next = 1;
    if (e->inodes > INODES_MAX) {
        e->inodes = INODES_MAX;
        *give = ov_parser_say(p, OV_REASON_UNSUPPORTED, "more inodes than are looked at");
        return false;
    }
    return true;
}

/* Inode e->next, into e->inode. False: it is not there. */
static bool read_inode(struct ov_parser *p)
{
    struct ext *e = p->state;
    const uint32_t group = (e->next - 1) / e->inodes_per_group;
    const uint32_t index = (e->next - 1) % e->inodes_per_group;

    if (group != e->group) {
        uint8_t raw[64] = { 0 };
        const struct ov_bytes b =
                read_at(p, e->descriptors_at + (uint64_t)group * e->descriptor_bytes, raw,
                        e->descriptor_bytes < sizeof(raw) ? e->descriptor_bytes : sizeof(raw));
        const uint64_t high = e->descriptor_bytes >= 64 ? ov_u32le_at(b, 40, 0) & 0xffffu : 0;

        e->group = group;
        e->group_table = (high << 32 | ov_u32le_at(b, 8, 0)) * e->block_bytes;
    }
    return ov_input_read(&p->input, e->group_table + (uint64_t)index * e->inode_bytes, e->inode,
                   e->inode_bytes)
           == e->inode_bytes;
}

/* --- a file's blocks ------------------------------------------------------------------------ */

/* A run of blocks behind what was put together so far; what lies between is a hole. False: the run is
 * out of order or not on the image, or there is no more room. */
static bool put_run(struct ov_parser *p, uint64_t size, uint64_t logical, uint64_t physical,
        uint64_t blocks, bool zeros)
{
    struct ext *e = p->state;
    const uint64_t have = ov_bytes_len(ov_buf_bytes(&e->made));
    const uint64_t from = logical * e->block_bytes;
    uint64_t bytes = blocks * e->block_bytes;
    uint8_t *room;

    if (from < have || from >= size) {
        return from >= size;
    }
    bytes = bytes < size - from ? bytes : size - from;
    if (from + bytes > OV_MADE_BYTES_MAX) {
        ov_lay_trouble(p, OV_REASON_OBJECT_BYTES, "its bytes are too many to hold");
        return false;
    }
    ov_buf_put_zeros(&e->made, (size_t)(from - have));
    if (zeros) {
        ov_buf_put_zeros(&e->made, (size_t)bytes);
        return ov_buf_ok(&e->made);
    }
    room = ov_buf_extend(&e->made, (size_t)bytes);
    if (room == NULL) {
        return false;
    }
    memset(room, 0, (size_t)bytes);
    return ov_input_read(&p->input, physical * e->block_bytes, room, (size_t)bytes) == bytes;
}

static bool node_is_good(struct ov_bytes node, uint32_t depth)
{
    const uint64_t entries = ov_u16le_at(node, 2, 0);

    return ov_has(node, 0, "\x0a\xf3", 2) && ov_u16le_at(node, 6, 99) == depth
           && 12 + 12 * entries <= ov_bytes_len(node);
}

/* ext4: a tree whose leaves say which runs of blocks a file has. */
static bool put_extents(struct ov_parser *p, uint64_t size)
{
    struct ext *e = p->state;
    struct ov_bytes node[EXTENT_DEPTH_MAX + 1];
    uint32_t next[EXTENT_DEPTH_MAX + 1] = { 0 };
    const uint32_t depth = ov_u16le_at(ov_bytes_of(e->inode + 40, 60), 6, 99);
    uint32_t level = 0;

    node[0] = ov_bytes_of(e->inode + 40, 60);
    if (depth > EXTENT_DEPTH_MAX || !node_is_good(node[0], depth)) {
        return false;
    }
    /* Each turn uses up an entry of a node; nodes are counted, and each level is one nearer to the
     * leaves. */
    for (;;) {
        const uint64_t at = 12 + 12 * (uint64_t)next[level];

        if (next[level] >= ov_u16le_at(node[level], 2, 0)) {
            if (level == 0) {
                return true;
            }
            level--;
            continue;
        }
        next[level]++;
        if (level == depth) {
            const uint32_t len = ov_u16le_at(node[level], at + 4, 0);
            const uint64_t physical = (uint64_t)ov_u16le_at(node[level], at + 6, 0) << 32
                                      | ov_u32le_at(node[level], at + 8, 0);

            if (!put_run(p, size, ov_u32le_at(node[level], at, 0), physical,
                        len > 32768 ? len - 32768 : len, len > 32768)) {
                return false;
            }
            continue;
        }
        if (e->node_bytes_left < e->block_bytes) {
            ov_lay_trouble(p, OV_REASON_STEPS, "trees of more nodes than are followed");
            return false;
        }
        e->node_bytes_left -= e->block_bytes;
        {
            const uint64_t child = (uint64_t)ov_u16le_at(node[level], at + 8, 0) << 32
                                   | ov_u32le_at(node[level], at + 4, 0);

            level++;
            node[level] = read_at(p, child * e->block_bytes, e->node[level], e->block_bytes);
            next[level] = 0;
            if (!node_is_good(node[level], depth - level)) {
                return false;
            }
        }
    }
}

/* ext2 and ext3: twelve blocks, then blocks of numbers of blocks, up to three deep. */
static bool put_map(struct ov_parser *p, uint64_t size)
{
    struct ext *e = p->state;
    const struct ov_bytes roots = ov_bytes_of(e->inode + 40, 60);
    const uint64_t each = e->block_bytes / 4, blocks = (size + e->block_bytes - 1) / e->block_bytes;
    uint32_t held[3] = { 0 }; /* which block of numbers e->node[] shows */

    for (uint64_t i = 0; i < blocks; i++) { /* the buffer's cap ends it at the latest */
        uint64_t rest = i, span = 1;
        uint32_t deep = 0, block;

        if (rest < 12) {
            block = ov_u32le_at(roots, 4 * rest, 0);
        } else {
            rest -= 12;
            for (deep = 1, span = 1; deep < 3 && rest >= span * each; deep++) {
                rest -= span * each;
                span *= each;
            }
            block = ov_u32le_at(roots, 4 * (11 + (uint64_t)deep), 0);
        }
        for (uint32_t level = 0; level < deep && block != 0; level++) {
            if (held[level] != block) {
                if (e->node_bytes_left < e->block_bytes) {
                    ov_lay_trouble(p, OV_REASON_STEPS, "maps of more blocks than are followed");
                    return false;
                }
                e->node_bytes_left -= e->block_bytes;
                held[level] = block;
                memset(e->node[level], 0, e->block_bytes);
                (void)read_at(p, (uint64_t)block * e->block_bytes, e->node[level], e->block_bytes);
            }
            block = ov_u32le_at(
                    ov_bytes_of(e->node[level], e->block_bytes), 4 * (rest / span % each), 0);
            span = level + 1 < deep ? span / each : 1;
        }
        if (!put_run(p, size, i, block, 1, block == 0)) {
            return false;
        }
    }
    return true;
}

/* Small files stand in the inode: where blocks would, and in an attribute. */
static bool put_inline(struct ov_parser *p, uint64_t size)
{
    struct ext *e = p->state;
    const struct ov_bytes inode = ov_bytes_of(e->inode, e->inode_bytes);
    const uint64_t first = 128 + (uint64_t)ov_u16le_at(inode, 128, 0) + 4;
    uint64_t at = first;

    ov_buf_put(&e->made, e->inode + 40, size < 60 ? (size_t)size : 60);
    if (size <= 60) {
        return true;
    }
    while (ov_u8_at(inode, at, 0) != 0) { /* each entry has 16 bytes or more */
        const uint32_t name = ov_u8_at(inode, at, 0), value = ov_u16le_at(inode, at + 2, 0);
        const struct ov_bytes data = ov_bytes_between(
                inode, first + value, first + value + (uint64_t)ov_u32le_at(inode, at + 8, 0));

        if (ov_u8_at(inode, at + 1, 0) == 7 && name == 4 && ov_has(inode, at + 16, "data", 4)) {
            ov_buf_put(&e->made, ov_bytes_raw(data), (size_t)ov_bytes_len(data));
            return ov_bytes_len(data) + 60 >= size;
        }
        at += (16 + (uint64_t)name + 3) / 4 * 4;
    }
    return false;
}

static enum ov_give lay_file(struct ov_parser *p, uint64_t size, uint32_t flags)
{
    struct ext *e = p->state;
    bool whole;

    (void)snprintf(e->name, sizeof(e->name), "inode %u", e->next - 1);
    ov_buf_clear(&e->made);
    if ((flags & FLAG_ENCRYPTED) != 0) {
        ov_lay_trouble(p, OV_REASON_ENCRYPTED, "an encrypted file");
        return ov_lay_bytes(p, ov_text_bytes(e->name), ov_bytes_of(NULL, 0));
    }
    if ((flags & FLAG_INLINE) != 0) {
        whole = put_inline(p, size);
    } else if ((flags & FLAG_EXTENTS) != 0) {
        whole = put_extents(p, size);
    } else {
        whole = put_map(p, size);
    }
    if (!whole) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "a file whose blocks are not all there");
    }
    return ov_lay_buf(p, ov_text_bytes(e->name), &e->made);
}

static enum ov_give ext_step(struct ov_parser *p)
{
    struct ext *e = p->state;
    enum ov_give give;

    if (!e->told && !read_super(p, &give)) {
        return give;
    }
    /* Each turn goes an inode forward. */
    while (e->next <= e->inodes && e->next != UINT32_MAX) {
        struct ov_bytes inode;
        uint64_t size;

        if (!read_inode(p)) {
            e->next = UINT32_MAX;
            return ov_parser_say(p, OV_REASON_DAMAGED, "a table of inodes is not all there");
        }
        e->next++;
        inode = ov_bytes_of(e->inode, e->inode_bytes);
        size = ov_u32le_at(inode, 4, 0) | (uint64_t)ov_u32le_at(inode, 108, 0) << 32;
        if (e->next > FIRST_OF_THE_USER && (ov_u16le_at(inode, 0, 0) & 0xf000) == 0x8000
                && ov_u16le_at(inode, 26, 0) != 0 && size != 0) {
            return lay_file(p, size, ov_u32le_at(inode, 32, 0));
        }
    }
    return OV_GIVE_END;
}

const struct ov_parser_ops ov_parser_ext = {
    .state_bytes = sizeof(struct ext),
    .begin = ext_begin,
    .step = ext_step,
    .end = ext_end,
};
