/* SPDX-License-Identifier: Apache-2.0 */
/* romfs.c - Linux's romfs (Documentation/filesystems/romfs.rst): files in chains, one for each folder.
 * Where the next is, is a claim: no image has more files than its bytes have room for heads, so chains
 * that go round end there. */
#include <stdlib.h>

#include "base/checked.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define FOLDERS_MAX 65536u
#define NAME_BYTES  256u
#define HEAD_BYTES  16u /* and 16 of its name at least */
#define KIND_FOLDER 1u
#define KIND_FILE   2u

struct romfs {
    uint32_t at;     /* of the next file's head; 0: the chain is over */
    uint64_t visits; /* heads that may still be read */
    uint32_t folder_count;
    uint32_t *folders; /* owned: chains that are still to be walked */
    bool told;
    uint8_t raw[HEAD_BYTES + NAME_BYTES];
};

/* Behind a name that begins at `from`: it is filled up to 16 bytes. */
static uint32_t behind_name(struct ov_bytes b, uint32_t from, uint32_t *name_bytes)
{
    uint32_t end = from;

    while (ov_u8_at(b, end, 0) != 0) {
        end++;
    }
    *name_bytes = end - from;
    return (end + 1 + 15) & ~15u;
}

static bool romfs_begin(struct ov_parser *p)
{
    struct romfs *r = p->state;
    const struct ov_bytes b =
            ov_bytes_of(r->raw, ov_input_read(&p->input, 0, r->raw, sizeof(r->raw)));
    uint32_t name_bytes;

    r->folders = calloc(FOLDERS_MAX, sizeof(*r->folders));
    r->at = behind_name(b, 16, &name_bytes);
    r->visits = p->input.size / (2u * HEAD_BYTES) + 1;
    return r->folders != NULL;
}

static void romfs_end(struct ov_parser *p)
{
    struct romfs *r = p->state;

    free(r->folders);
}

static enum ov_give tell(struct ov_parser *p, enum ov_reason reason, const char *what)
{
    struct romfs *r = p->state;

    r->at = 0;
    r->folder_count = 0;
    return ov_parser_say(p, reason, "%s", what);
}

static enum ov_give romfs_step(struct ov_parser *p)
{
    struct romfs *r = p->state;

    /* Each turn reads a head, of which there are so many, or goes to the next folder. */
    for (;;) {
        struct ov_bytes b;
        uint32_t kind, here, data, name_bytes, info, size;

        if (r->at == 0) {
            if (r->folder_count == 0) {
                return OV_GIVE_END;
            }
            r->at = r->folders[--r->folder_count];
            continue;
        }
        if (r->visits-- == 0) {
            return tell(p, OV_REASON_DAMAGED, "its chains of files go round");
        }
        here = r->at;
        b = ov_bytes_of(r->raw, ov_input_read(&p->input, here, r->raw, sizeof(r->raw)));
        if (ov_bytes_len(b) < HEAD_BYTES) {
            r->at = 0;
            return ov_parser_say(p, OV_REASON_DAMAGED, "a file lies behind the image's end");
        }
        kind = ov_u32be_at(b, 0, 0) & 7;
        info = ov_u32be_at(b, 4, 0) & ~15u;
        size = ov_u32be_at(b, 8, 0);
        r->at = ov_u32be_at(b, 0, 0) & ~15u;
        data = behind_name(b, HEAD_BYTES, &name_bytes);
        if (kind == KIND_FOLDER && info != here && info != 0) {
            if (r->folder_count == FOLDERS_MAX) {
                return tell(p, OV_REASON_OBJECTS, "more folders than are walked");
            }
            r->folders[r->folder_count++] = info;
        }
        if (kind == KIND_FILE && size != 0) {
            return ov_lay_part(p, ov_bytes_of(r->raw + HEAD_BYTES, name_bytes),
                    (uint64_t)here + data, size, OV_CODEC_STORED);
        }
    }
}

const struct ov_parser_ops ov_parser_romfs = {
    .state_bytes = sizeof(struct romfs),
    .begin = romfs_begin,
    .step = romfs_step,
    .end = romfs_end,
};
