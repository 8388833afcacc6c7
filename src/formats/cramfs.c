/* SPDX-License-Identifier: Apache-2.0 */
/* cramfs.c - Linux's cramfs (include/uapi/linux/cramfs_fs.h): pages of files, each a zlib stream of its
 * own. Offsets and lengths are claims; a folder may be claimed to lie in itself, so entries are counted:
 * there are no more than the image has room for. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define PAGE_BYTES  4096u
#define INODE_BYTES 12u
#define ROOT_AT     64u
#define FOLDERS_MAX 65536u
#define FILE_BYTES  (16u * OV_MIB) /* sizes have 24 bits */
#define EXTENDED    0x800u         /* flags: pointers say how their page is packed */
#define PLAIN_PAGE  0x80000000u
#define DIRECT      0x40000000u

struct folder {
    uint32_t at;
    uint32_t bytes;
};

struct cramfs {
    bool extended;
    uint64_t visits; /* entries that may still be read */
    struct folder here;
    struct folder *folders; /* owned: still to be walked */
    uint32_t folder_count;
    struct ov_buf made;
};

struct inode {
    uint32_t mode;
    uint32_t size;
    uint32_t name_bytes;
    uint32_t at;
};

static struct inode read_inode(struct ov_bytes b, uint64_t at)
{
    const uint32_t third = ov_u32le_at(b, at + 8, 0);

    return (struct inode){ .mode = ov_u16le_at(b, at, 0),
        .size = ov_u32le_at(b, at + 4, 0) & 0xffffffu,
        .name_bytes = (third & 63u) * 4,
        .at = (third >> 6) * 4 };
}

static bool cramfs_begin(struct ov_parser *p)
{
    struct cramfs *c = p->state;
    const struct inode root = read_inode(p->all, ROOT_AT);

    ov_buf_init(&c->made, FILE_BYTES + PAGE_BYTES);
    c->folders = calloc(FOLDERS_MAX, sizeof(*c->folders));
    c->extended = (ov_u32le_at(p->all, 8, 0) & EXTENDED) != 0;
    c->visits = ov_bytes_len(p->all) / INODE_BYTES + 1;
    c->here = (struct folder){ .at = root.at, .bytes = root.size };
    return c->folders != NULL;
}

static void cramfs_end(struct ov_parser *p)
{
    struct cramfs *c = p->state;

    free(c->folders);
    ov_buf_done(&c->made);
}

/* Puts the page whose packed bytes lie in [from, to); `size` is what it must come to. False: it does
 * not. */
static bool put_page(struct ov_parser *p, uint64_t from, uint64_t to, uint32_t size, bool plain)
{
    struct cramfs *c = p->state;
    const struct ov_bytes packed = ov_bytes_between(p->all, from, to);
    const uint64_t had = ov_bytes_len(ov_buf_bytes(&c->made));

    if (from == to) {
        uint8_t *zeros = ov_buf_extend(&c->made, size);

        if (zeros != NULL) {
            memset(zeros, 0, size);
        }
        return true;
    }
    if (plain) {
        if (ov_bytes_len(packed) < size) {
            return false;
        }
        ov_buf_put(&c->made, ov_bytes_raw(packed), size);
        return true;
    }
    return ov_unpack_zlib(&c->made, packed, 15)
           && ov_bytes_len(ov_buf_bytes(&c->made)) - had >= size;
}

/* Where page `number` ends, and how it is packed. */
static uint64_t page_end(const struct ov_parser *p, const struct inode *file, uint64_t number,
        uint64_t *begin, bool *plain)
{
    const struct cramfs *c = p->state;
    const uint32_t pointer = ov_u32le_at(p->all, file->at + 4 * number, 0);
    uint64_t end = pointer;

    *plain = c->extended && (pointer & PLAIN_PAGE) != 0;
    if (!c->extended) {
        return end;
    }
    end = pointer & ~(PLAIN_PAGE | DIRECT);
    if ((pointer & DIRECT) != 0) { /* where it begins, by words; its length stands in front of it */
        *begin = end * 4 + (*plain ? 0 : 2);
        end = *begin + (*plain ? PAGE_BYTES : ov_u16le_at(p->all, end * 4, 0));
    }
    return end;
}

static enum ov_give give_file(struct ov_parser *p, const struct inode *file, struct ov_bytes name)
{
    struct cramfs *c = p->state;
    const uint64_t pages = ((uint64_t)file->size + PAGE_BYTES - 1) / PAGE_BYTES;
    uint64_t begin = file->at + 4 * pages;
    uint32_t left = file->size;

    ov_buf_clear(&c->made);
    for (uint64_t number = 0; number < pages && ov_buf_ok(&c->made); number++) {
        const uint32_t size = left < PAGE_BYTES ? left : PAGE_BYTES;
        bool plain;
        const uint64_t end = page_end(p, file, number, &begin, &plain);

        if (end < begin || end > ov_bytes_len(p->all) || !put_page(p, begin, end, size, plain)) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "one of its pages is damaged");
            break;
        }
        begin = end;
        left -= size;
    }
    return ov_lay_buf(p, name, &c->made);
}

static enum ov_give cramfs_step(struct ov_parser *p)
{
    struct cramfs *c = p->state;

    /* Each turn reads an entry, of which there are so many, or goes to the next folder. */
    for (;;) {
        struct inode one;
        struct ov_bytes name;
        uint64_t at;

        if (c->here.bytes < INODE_BYTES) {
            if (c->folder_count == 0) {
                return OV_GIVE_END;
            }
            c->here = c->folders[--c->folder_count];
            continue;
        }
        at = c->here.at;
        one = read_inode(p->all, at);
        if (c->visits-- == 0 || at + INODE_BYTES > ov_bytes_len(p->all)
                || one.name_bytes > c->here.bytes - INODE_BYTES) {
            c->here.bytes = 0;
            c->folder_count = 0;
            return ov_parser_say(p, OV_REASON_DAMAGED, "its folders lead out of it, or go round");
        }
        c->here.at += INODE_BYTES + one.name_bytes;
        c->here.bytes -= INODE_BYTES + one.name_bytes;
        if (one.mode >> 12 == 4 && one.size != 0) {
            if (c->folder_count == FOLDERS_MAX) {
                c->here.bytes = 0;
                c->folder_count = 0;
                return ov_parser_say(p, OV_REASON_OBJECTS, "more folders than are walked");
            }
            c->folders[c->folder_count++] = (struct folder){ .at = one.at, .bytes = one.size };
        } else if (one.mode >> 12 == 8 && one.size != 0) {
            name = ov_bytes_between(p->all, at + INODE_BYTES, at + INODE_BYTES + one.name_bytes);
            while (ov_bytes_len(name) > 0 && ov_u8_at(name, ov_bytes_len(name) - 1, 1) == 0) {
                name = ov_bytes_between(name, 0, ov_bytes_len(name) - 1);
            }
            return give_file(p, &one, name);
        }
    }
}

const struct ov_parser_ops ov_parser_cramfs = {
    .state_bytes = sizeof(struct cramfs),
    .whole = true,
    .begin = cramfs_begin,
    .step = cramfs_step,
    .end = cramfs_end,
};
