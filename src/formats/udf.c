/* SPDX-License-Identifier: Apache-2.0 */
/* udf.c - UDF file systems (ECMA-167 with OSTA's restrictions) of one partition: the files of all
 * folders. Every number of a descriptor is a claim; a folder is walked once, by a bit for each block of
 * the image, so that folders inside one another end. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define SECTOR           2048u
#define ANCHOR           256u /* the sector that everybody looks at */
#define RECOGNITION_AT   16u
#define RECOGNITION_MAX  16u
#define DESCRIPTORS_MAX  64u
#define FOLDERS_MAX      65536u
#define FOLDER_BYTES_MAX (16u * OV_MIB)

/* Tags of ECMA-167 3/7.2 and 4/7.2. */
#define TAG_PARTITION      5u
#define TAG_LOGICAL_VOLUME 6u
#define TAG_TERMINATOR     8u
#define TAG_FILE_SET       256u
#define TAG_FILE_NAME      257u
#define TAG_ENTRY          261u
#define TAG_EXTENDED_ENTRY 266u

struct udf {
    bool begun;
    uint64_t partition_at;
    uint32_t blocks;
    uint8_t *seen;     /* owned: a bit for each block that was a folder's entry */
    uint32_t *folders; /* owned: entries that are still to be walked */
    uint32_t folder_count;
    uint64_t at; /* in `folder` */
    struct ov_buf folder;
    struct ov_buf made;
    struct ov_buf name;
};

/* What a file's entry says: where the list of its extents is, or its bytes are. */
struct entry {
    bool folder;
    unsigned form; /* 0 short, 1 long, 3: the bytes themselves */
    uint64_t size;
    uint64_t list_at; /* in the entry's block */
    uint64_t list_bytes;
};

bool ov_udf_is_on(struct ov_source *source)
{
    uint8_t raw[SECTOR];

    for (uint64_t i = 0; i < RECOGNITION_MAX; i++) {
        const uint64_t at = (RECOGNITION_AT + i) * SECTOR;
        struct ov_bytes b;

        if (at >= source->size) {
            return false;
        }
        b = ov_bytes_of(raw, ov_source_read(source, at, raw, 8));
        if (ov_has(b, 1, "NSR02", 5) || ov_has(b, 1, "NSR03", 5)) {
            return source->size > (ANCHOR + 1) * SECTOR;
        }
        if (!ov_has(b, 1, "CD001", 5) && !ov_has(b, 1, "BEA01", 5) && !ov_has(b, 1, "CDW02", 5)
                && !ov_has(b, 1, "BOOT2", 5)) {
            return false;
        }
    }
    return false;
}

static bool udf_begin(struct ov_parser *p)
{
    struct udf *u = p->state;

    ov_buf_init(&u->folder, FOLDER_BYTES_MAX);
    ov_buf_init(&u->made, OV_MADE_BYTES_MAX);
    ov_buf_init(&u->name, OV_NAME_BYTES_MAX);
    u->blocks = p->input.size / SECTOR < UINT32_MAX ? (uint32_t)(p->input.size / SECTOR) + 1
                                                    : UINT32_MAX;
    u->seen = calloc(1, u->blocks / 8 + 1);
    u->folders = calloc(FOLDERS_MAX, sizeof(*u->folders));
    return u->seen != NULL && u->folders != NULL;
}

static void udf_end(struct ov_parser *p)
{
    struct udf *u = p->state;

    free(u->seen);
    free(u->folders);
    ov_buf_done(&u->folder);
    ov_buf_done(&u->made);
    ov_buf_done(&u->name);
}

/* A descriptor, whose tag must have the sum that it says (ECMA-167 3/7.2.3). */
static struct ov_bytes read_descriptor(const struct ov_parser *p, uint64_t at, uint8_t *raw)
{
    const struct ov_bytes b = ov_bytes_of(raw, ov_input_read(&p->input, at, raw, SECTOR));
    uint8_t sum = 0;

    for (uint64_t i = 0; i < 16; i++) {
        sum = (uint8_t)(sum + (i == 4 ? 0 : ov_u8_at(b, i, 0)));
    }
    return ov_bytes_len(b) >= 16 && sum == ov_u8_at(b, 4, 0) ? b : ov_bytes_of(NULL, 0);
}

static uint32_t tag_of(struct ov_bytes b)
{
    return ov_u16le_at(b, 0, 0);
}

static void add_folder(struct udf *u, uint32_t block)
{
    if (block < u->blocks && u->folder_count < FOLDERS_MAX
            && (u->seen[block / 8] & 1u << block % 8) == 0) {
        u->seen[block / 8] |= (uint8_t)(1u << block % 8);
        u->folders[u->folder_count++] = block;
    }
}

/* From the anchor to the root folder. False: *trouble says why not. */
static bool find_root(struct ov_parser *p, const char **trouble)
{
    struct udf *u = p->state;
    uint8_t raw[SECTOR];
    struct ov_bytes b = read_descriptor(p, (uint64_t)ANCHOR * SECTOR, raw);
    const uint64_t list = (uint64_t)ov_u32le_at(b, 20, 0) * SECTOR;
    uint64_t files = UINT64_MAX;
    bool partition = false;

    *trouble = "its volume descriptors are not where they should be";
    for (uint64_t i = 0; i < DESCRIPTORS_MAX && i * SECTOR < ov_u32le_at(b, 16, 0); i++) {
        uint8_t one[SECTOR];
        const struct ov_bytes d = read_descriptor(p, list + i * SECTOR, one);

        if (tag_of(d) == TAG_PARTITION && !partition) {
            u->partition_at = (uint64_t)ov_u32le_at(d, 188, 0) * SECTOR;
            partition = true;
        } else if (tag_of(d) == TAG_LOGICAL_VOLUME) {
            files = ov_u32le_at(d, 252, 0);
            if (ov_u32le_at(d, 212, 0) != SECTOR || ov_u8_at(d, 440, 0) != 1) {
                *trouble = "a kind of partition or block that is not read";
                return false;
            }
        } else if (tag_of(d) == TAG_TERMINATOR) {
            break;
        }
    }
    if (!partition || files == UINT64_MAX) {
        return false;
    }
    b = read_descriptor(p, u->partition_at + files * SECTOR, raw);
    if (tag_of(b) != TAG_FILE_SET) {
        return false;
    }
    add_folder(u, ov_u32le_at(b, 404, UINT32_MAX));
    return true;
}

static bool read_entry(struct ov_bytes b, struct entry *e)
{
    const bool extended = tag_of(b) == TAG_EXTENDED_ENTRY;
    const uint64_t lengths = extended ? 208 : 168;
    const uint64_t attributes = ov_u32le_at(b, lengths, UINT32_MAX);

    if (!extended && tag_of(b) != TAG_ENTRY) {
        return false;
    }
    e->folder = ov_u8_at(b, 27, 0) == 4;
    e->form = ov_u16le_at(b, 34, 0) & 7;
    e->size = ov_u64le_at(b, 56, 0);
    e->list_at = lengths + 8 + attributes;
    e->list_bytes = ov_u32le_at(b, lengths + 4, 0);
    return e->form != 2 && e->form < 4;
}

/* One extent of the list. False: there are no more. */
static bool next_extent(struct ov_bytes b, const struct entry *e, uint64_t *at, uint64_t *bytes,
        uint32_t *block, uint32_t *kind)
{
    const uint64_t each = e->form == 0 ? 8 : 16;

    if (*at + each > e->list_bytes || *at + each > SECTOR) {
        return false;
    }
    *bytes = ov_u32le_at(b, e->list_at + *at, 0) & 0x3fffffffu;
    *kind = ov_u32le_at(b, e->list_at + *at, 0) >> 30;
    *block = ov_u32le_at(b, e->list_at + *at + 4, 0);
    *at += each;
    return *bytes != 0;
}

/* All of a file's bytes into `out`. False: some are missing. */
static bool gather(
        const struct ov_parser *p, struct ov_bytes b, const struct entry *e, struct ov_buf *out)
{
    const struct udf *u = p->state;
    uint64_t left = e->size, at = 0, bytes;
    uint32_t block, kind;

    ov_buf_clear(out);
    if (e->form == 3) {
        struct ov_bytes inside = ov_bytes_of(NULL, 0);

        if (!ov_bytes_slice(b, e->list_at, e->size, &inside)) {
            return false;
        }
        ov_buf_put(out, ov_bytes_raw(inside), (size_t)ov_bytes_len(inside));
        return true;
    }
    while (left > 0 && ov_buf_ok(out) && next_extent(b, e, &at, &bytes, &block, &kind)) {
        const uint64_t here = bytes < left ? bytes : left;
        uint8_t *to;
        size_t got;

        if (kind == 3) {
            return false; /* the list goes on elsewhere */
        }
        if (kind != 0) {
            ov_buf_put_zeros(out, (size_t)here);
            left -= here;
            continue;
        }
        if (u->partition_at + (uint64_t)block * SECTOR + here > p->input.size
                || (to = ov_buf_extend(out, (size_t)here)) == NULL) {
            return false;
        }
        got = ov_input_read(
                &p->input, u->partition_at + (uint64_t)block * SECTOR, to, (size_t)here);
        if (got != here) {
            ov_buf_cut(out, (size_t)(ov_bytes_len(ov_buf_bytes(out)) - (here - got)));
            return false;
        }
        left -= here;
    }
    return left == 0;
}

/* A name of OSTA's: a byte a letter, or two; *letters* of the second kind are taken by their low byte,
 * as names are for showing only. */
static void take_name(struct udf *u, struct ov_bytes id)
{
    const uint64_t wide = ov_u8_at(id, 0, 8) == 16 ? 2 : 1;

    ov_buf_clear(&u->name);
    for (uint64_t i = wide; i < ov_bytes_len(id); i += wide) {
        const uint8_t c = ov_u8_at(id, i, 0);

        ov_buf_put_u8(&u->name, c < ' ' ? '?' : c);
    }
}

static enum ov_give give_file(struct ov_parser *p, struct ov_bytes b, const struct entry *e)
{
    struct udf *u = p->state;
    uint64_t at = 0, bytes;
    uint32_t block, kind;

    if (e->form != 3 && next_extent(b, e, &at, &bytes, &block, &kind) && kind == 0
            && bytes >= e->size) {
        return ov_lay_part(p, ov_buf_bytes(&u->name), u->partition_at + (uint64_t)block * SECTOR,
                e->size, OV_CODEC_STORED);
    }
    if (!gather(p, b, e, &u->made)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "not all of its extents are there");
    }
    return ov_lay_buf(p, ov_buf_bytes(&u->name), &u->made);
}

/* The next folder of the list, in u->folder. False: there are no more. */
static bool open_folder(struct ov_parser *p, bool *damaged)
{
    struct udf *u = p->state;
    uint8_t raw[SECTOR];
    struct ov_bytes b;
    struct entry e;

    *damaged = false;
    if (u->folder_count == 0) {
        return false;
    }
    u->at = 0;
    b = read_descriptor(p, u->partition_at + (uint64_t)u->folders[--u->folder_count] * SECTOR, raw);
    *damaged = !read_entry(b, &e) || !gather(p, b, &e, &u->folder) || !ov_buf_ok(&u->folder);
    return true;
}

/* The file name at u->at (ECMA-167 4/14.4). True: a file, laid down. */
static bool give_named(struct ov_parser *p)
{
    struct udf *u = p->state;
    const struct ov_bytes list = ov_buf_bytes(&u->folder);
    const uint64_t at = u->at;
    const uint32_t flags = ov_u8_at(list, at + 18, 0), id_bytes = ov_u8_at(list, at + 19, 0);
    const uint32_t block = ov_u32le_at(list, at + 24, UINT32_MAX);
    const uint64_t id_at = at + 38 + ov_u16le_at(list, at + 36, 0);
    struct ov_bytes id = ov_bytes_of(NULL, 0);
    uint8_t raw[SECTOR];
    struct ov_bytes b;
    struct entry e;

    if (ov_u16le_at(list, at, 0) != TAG_FILE_NAME || !ov_bytes_slice(list, id_at, id_bytes, &id)) {
        u->at = ov_bytes_len(list);
        return false;
    }
    u->at = (id_at + id_bytes + 3) & ~(uint64_t)3;
    if ((flags & 0x0c) != 0 || block >= u->blocks) { /* deleted, or where the folder lies */
        return false;
    }
    if ((flags & 2) != 0) {
        add_folder(u, block);
        return false;
    }
    take_name(u, id);
    b = read_descriptor(p, u->partition_at + (uint64_t)block * SECTOR, raw);
    if (!read_entry(b, &e)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "its file entry is damaged");
        (void)ov_lay_bytes(p, ov_buf_bytes(&u->name), ov_bytes_of(NULL, 0));
        return true;
    }
    if (e.size == 0) {
        return false;
    }
    (void)give_file(p, b, &e);
    return true;
}

static enum ov_give udf_step(struct ov_parser *p)
{
    struct udf *u = p->state;
    const char *trouble = "";
    bool damaged;

    if (!u->begun) {
        u->begun = true;
        if (!find_root(p, &trouble)) {
            return ov_parser_say(p, OV_REASON_DAMAGED, "%s", trouble);
        }
    }
    /* Each turn goes a name forward, or into a folder that was not walked yet. */
    for (;;) {
        if (u->at < ov_bytes_len(ov_buf_bytes(&u->folder))) {
            if (give_named(p)) {
                return OV_GIVE_PIECE;
            }
            continue;
        }
        if (!open_folder(p, &damaged)) {
            return OV_GIVE_END;
        }
        if (damaged) {
            u->at = 0;
            ov_buf_clear(&u->folder);
            return ov_parser_say(p, OV_REASON_DAMAGED, "a folder of it is damaged");
        }
    }
}

const struct ov_parser_ops ov_parser_udf = {
    .state_bytes = sizeof(struct udf),
    .begin = udf_begin,
    .step = udf_step,
    .end = udf_end,
};
