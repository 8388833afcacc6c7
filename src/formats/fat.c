/* SPDX-License-Identifier: Apache-2.0 */
/* fat.c - FAT12, FAT16 and FAT32 file systems (Microsoft's FAT specification 1.03): the files of all
 * folders. Numbers of the boot sector are claims; a folder's clusters are walked once each, a file's as
 * often as its size has room for, so that no chain goes round for ever. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define ENTRY_BYTES      32u
#define FOLDERS_MAX      65536u
#define TABLE_BYTES      4096u /* of the table that are kept at hand */
#define ATTRIBUTE_LABEL  0x08u
#define ATTRIBUTE_FOLDER 0x10u

struct fat {
    uint32_t bits; /* 12, 16, 32 */
    uint64_t cluster_bytes;
    uint64_t table_at;
    uint64_t data_at;  /* of cluster 2 */
    uint32_t clusters; /* numbers below this are some */

    uint8_t *seen;     /* owned: a bit for each cluster that was a folder's */
    uint32_t *folders; /* owned: first clusters that are still to be walked */
    uint32_t folder_count;

    uint32_t cluster; /* of the folder at hand; 0: the old root, which is none */
    uint64_t at;      /* its next entry */
    uint64_t end;     /* of this piece of the folder */
    bool over;

    uint64_t table_off; /* what `table` shows */
    size_t table_got;
    uint8_t table[TABLE_BYTES];
    char name[16];
    struct ov_buf made;
};

struct geometry {
    uint64_t sector;
    uint64_t cluster;
    uint64_t table_at;
    uint64_t root_at;
    uint64_t root_bytes;
    uint64_t data_at;
    uint64_t data_sectors;
    uint32_t root_cluster;
    uint32_t bits;
};

/* The boot sector; false: the numbers in it are no file system's. */
static bool read_geometry(struct ov_bytes b, struct geometry *g)
{
    const uint32_t sector = ov_u16le_at(b, 11, 0), per_cluster = ov_u8_at(b, 13, 0);
    const uint32_t reserved = ov_u16le_at(b, 14, 0), tables = ov_u8_at(b, 16, 0);
    const uint32_t roots = ov_u16le_at(b, 17, 0), old_size = ov_u16le_at(b, 22, 0);
    const uint64_t size = old_size != 0 ? old_size : ov_u32le_at(b, 36, 0);
    const uint64_t total =
            ov_u16le_at(b, 19, 0) != 0 ? ov_u16le_at(b, 19, 0) : ov_u32le_at(b, 32, 0);
    uint64_t first, clusters;

    if ((ov_u8_at(b, 0, 0) != 0xeb && ov_u8_at(b, 0, 0) != 0xe9) || !ov_has(b, 510, "\x55\xaa", 2)
            || sector < 512 || sector > 4096 || (sector & (sector - 1)) != 0 || per_cluster == 0
            || (per_cluster & (per_cluster - 1)) != 0 || reserved == 0 || tables < 1 || tables > 2
            || size == 0 || ov_u8_at(b, 21, 0) < 0xf0) {
        return false;
    }
    *g = (struct geometry){ .sector = sector, .cluster = (uint64_t)sector * per_cluster };
    g->table_at = (uint64_t)reserved * sector;
    g->root_at = g->table_at + tables * size * sector;
    g->root_bytes = (uint64_t)roots * ENTRY_BYTES;
    first = reserved + tables * size + (g->root_bytes + sector - 1) / sector;
    g->data_at = first * sector;
    if (total <= first) {
        return false;
    }
    clusters = (total - first) / per_cluster;
    g->data_sectors = total - first;
    g->bits = old_size == 0 ? 32 : clusters < 4085 ? 12 : 16;
    g->root_cluster = g->bits == 32 ? ov_u32le_at(b, 44, 0) : 0;
    return g->bits != 32 || g->root_cluster >= 2;
}

bool ov_fat_begins(struct ov_bytes head)
{
    struct geometry g;

    return read_geometry(head, &g);
}

static bool fat_begin(struct ov_parser *p)
{
    struct fat *f = p->state;
    uint8_t raw[512];
    const struct ov_bytes b = ov_bytes_of(raw, ov_input_read(&p->input, 0, raw, sizeof(raw)));
    struct geometry g;
    uint64_t clusters;

    ov_buf_init(&f->made, OV_MADE_BYTES_MAX);
    if (!read_geometry(b, &g)) {
        f->over = true; /* only where nobody looked */
        return true;
    }
    f->bits = g.bits;
    f->cluster_bytes = g.cluster;
    f->table_at = g.table_at;
    f->data_at = g.data_at;
    f->table_off = UINT64_MAX;
    clusters = p->input.size > g.data_at ? (p->input.size - g.data_at) / g.cluster + 3 : 2;
    if (clusters > g.data_sectors * g.sector / g.cluster + 2) {
        clusters = g.data_sectors * g.sector / g.cluster + 2;
    }
    f->clusters = clusters < 0x0ffffff6u ? (uint32_t)clusters : 0x0ffffff6u;
    f->seen = calloc(1, f->clusters / 8 + 1);
    f->folders = calloc(FOLDERS_MAX, sizeof(*f->folders));
    if (f->seen == NULL || f->folders == NULL) {
        return false;
    }
    if (f->bits == 32) {
        f->folders[f->folder_count++] = g.root_cluster;
        return true;
    }
    f->at = g.root_at;
    f->end = g.root_at + g.root_bytes;
    return true;
}

static void fat_end(struct ov_parser *p)
{
    struct fat *f = p->state;

    free(f->seen);
    free(f->folders);
    ov_buf_done(&f->made);
}

/* Bytes of the table at `off`, as far as there are any. */
static uint32_t table_at(struct ov_parser *p, uint64_t off, size_t bytes)
{
    struct fat *f = p->state;
    struct ov_bytes b;

    if (off < f->table_off || off + bytes > f->table_off + f->table_got) {
        f->table_off = off;
        f->table_got = ov_input_read(&p->input, f->table_at + off, f->table, sizeof(f->table));
    }
    b = ov_bytes_of(f->table, f->table_got);
    return bytes == 4 ? ov_u32le_at(b, off - f->table_off, 0)
                      : ov_u16le_at(b, off - f->table_off, 0);
}

/* The cluster behind this one; 0: none. */
static uint32_t next_cluster(struct ov_parser *p, uint32_t cluster)
{
    const struct fat *f = p->state;
    uint32_t next;

    if (f->bits == 12) {
        next = table_at(p, cluster + cluster / 2, 2);
        next = (cluster & 1) != 0 ? next >> 4 : next & 0xfff;
    } else {
        next = f->bits == 16 ? table_at(p, (uint64_t)cluster * 2, 2)
                             : table_at(p, (uint64_t)cluster * 4, 4) & 0x0fffffffu;
    }
    return next >= 2 && next < f->clusters ? next : 0;
}

static uint64_t cluster_at(const struct fat *f, uint32_t cluster)
{
    return f->data_at + (uint64_t)(cluster - 2) * f->cluster_bytes;
}

/* Goes on with the folder at hand, or with the next one. False: there are no more. */
static bool next_piece(struct ov_parser *p)
{
    struct fat *f = p->state;
    uint32_t cluster = f->cluster == 0 ? 0 : next_cluster(p, f->cluster);

    /* Each turn takes a folder from the list, or goes into a cluster that was not seen yet. */
    for (;;) {
        if (cluster == 0 || (f->seen[cluster / 8] & 1u << cluster % 8) != 0) {
            if (f->folder_count == 0) {
                return false;
            }
            cluster = f->folders[--f->folder_count];
            cluster = cluster >= 2 && cluster < f->clusters ? cluster : 0;
            continue;
        }
        f->seen[cluster / 8] |= (uint8_t)(1u << cluster % 8);
        f->cluster = cluster;
        f->at = cluster_at(f, cluster);
        f->end = f->at + f->cluster_bytes;
        return true;
    }
}

/* A file's bytes: where they lie, if they lie together, else a copy. */
static enum ov_give give_file(struct ov_parser *p, uint32_t first, uint64_t size)
{
    struct fat *f = p->state;
    const uint64_t from = cluster_at(f, first);
    uint64_t together = f->cluster_bytes, left;
    uint32_t cluster = first, next;

    while (together < size && (next = next_cluster(p, cluster)) == cluster + 1) {
        cluster = next;
        together += f->cluster_bytes;
    }
    if (together >= size) {
        return ov_lay_part(p, ov_text_bytes(f->name), from, size, OV_CODEC_STORED);
    }
    ov_buf_clear(&f->made);
    cluster = first;
    for (left = size; left > 0 && cluster != 0 && ov_buf_ok(&f->made);
            cluster = next_cluster(p, cluster)) {
        const size_t want = left < f->cluster_bytes ? (size_t)left : (size_t)f->cluster_bytes;
        uint8_t *to = ov_buf_extend(&f->made, want);
        size_t got;

        if (to == NULL) {
            break;
        }
        got = ov_input_read(&p->input, cluster_at(f, cluster), to, want);
        if (got != want) {
            ov_buf_cut(&f->made, (size_t)ov_bytes_len(ov_buf_bytes(&f->made)) - (want - got));
            break;
        }
        left -= want;
    }
    if (left > 0 && ov_buf_ok(&f->made)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "its clusters end before its size");
    }
    return ov_lay_buf(p, ov_text_bytes(f->name), &f->made);
}

/* "NAME    EXT" without its blanks. */
static void take_name(struct fat *f, struct ov_bytes entry)
{
    size_t len = 0;

    for (uint32_t i = 0; i < 11; i++) {
        const uint8_t c = ov_u8_at(entry, i, ' ');

        if (i == 8 && ov_u8_at(entry, 8, ' ') != ' ') {
            f->name[len++] = '.';
        }
        if (c > ' ') {
            f->name[len++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        }
    }
    f->name[len] = 0;
}

static enum ov_give fat_step(struct ov_parser *p)
{
    struct fat *f = p->state;

    /* Each turn goes an entry forward, or into a piece that was not walked yet. */
    while (!f->over) {
        uint8_t raw[ENTRY_BYTES];
        struct ov_bytes entry;
        uint32_t first;

        if (f->at + ENTRY_BYTES > f->end) {
            f->over = !next_piece(p);
            continue;
        }
        entry = ov_bytes_of(raw, ov_input_read(&p->input, f->at, raw, sizeof(raw)));
        f->at += ENTRY_BYTES;
        if (ov_u8_at(entry, 0, 0) == 0) { /* nothing behind it was ever used */
            f->cluster = 0;
            f->at = f->end;
            continue;
        }
        if (ov_u8_at(entry, 0, 0) == 0xe5 || (ov_u8_at(entry, 11, 0) & ATTRIBUTE_LABEL) != 0) {
            continue;
        }
        first = ov_u16le_at(entry, 26, 0);
        first |= f->bits == 32 ? (uint32_t)ov_u16le_at(entry, 20, 0) << 16 : 0;
        if (first < 2 || first >= f->clusters) {
            continue; /* empty */
        }
        if ((ov_u8_at(entry, 11, 0) & ATTRIBUTE_FOLDER) == 0) {
            take_name(f, entry);
            return give_file(p, first, ov_u32le_at(entry, 28, 0));
        }
        if (ov_u8_at(entry, 0, 0) == '.') {
            continue; /* itself, and where it lies */
        }
        if (f->folder_count == FOLDERS_MAX) {
            f->over = true;
            return ov_parser_say(p, OV_REASON_OBJECTS, "more folders than are walked");
        }
        f->folders[f->folder_count++] = first;
    }
    return OV_GIVE_END;
}

const struct ov_parser_ops ov_parser_fat = {
    .state_bytes = sizeof(struct fat),
    .begin = fat_begin,
    .step = fat_step,
    .end = fat_end,
};
