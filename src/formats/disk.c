/* SPDX-License-Identifier: Apache-2.0 */
/* disk.c - disks of virtual machines, and CDs as raw sectors, as one member: the disk as the machine saw
 * it, put together block by block. Which block lies where is a claim: a table may lead anywhere, also
 * twice to the same place; what comes of that is bounded as any member is. */
#include "formats/disk.h"

#include <stdlib.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define HEAD_BYTES 1024u

struct disk {
    const struct ov_disk_kind *kind;
    struct ov_disk map;
    struct ov_trouble trouble; /* why it is not opened */
    bool opened;
    bool given;
    bool told;   /* that a block leads nowhere */
    uint64_t at; /* in the disk */
    struct ov_stream *stream;
    struct ov_buf made;
    uint8_t *room; /* owned; NULL where the input lies in memory */
};

static bool disk_begin(struct ov_parser *p)
{
    struct disk *d = p->state;
    uint8_t raw[HEAD_BYTES];
    const struct ov_bytes head = ov_bytes_of(raw, ov_input_read(&p->input, 0, raw, sizeof(raw)));

    ov_buf_init(&d->made, OV_DISK_PACKED_BYTES_MAX);
    d->map.cache_at = UINT64_MAX;
    d->kind = ov_disk_kind_of(head);
    d->opened = d->kind != NULL && d->kind->open(&d->map, &p->input, head, &d->trouble)
                && d->map.block_bytes >= OV_DISK_BLOCK_BYTES_MIN
                && d->map.block_bytes <= OV_DISK_BLOCK_BYTES_MAX;
    if (!ov_input_in_memory(&p->input)) {
        d->room = ov_source_room(OV_PIECE_BYTES);
        return d->room != NULL;
    }
    return true;
}

static void disk_end(struct ov_parser *p)
{
    struct disk *d = p->state;

    ov_stream_free(d->stream);
    ov_buf_done(&d->made);
    free(d->room);
}

static enum ov_give disk_step(struct ov_parser *p)
{
    struct disk *d = p->state;

    if (d->given) {
        return OV_GIVE_END;
    }
    d->given = true;
    if (d->trouble.reason != OV_REASON_NONE) {
        return ov_parser_say(p, d->trouble.reason, "%s", d->trouble.detail);
    }
    if (!d->opened) {
        return ov_parser_say(p, OV_REASON_DAMAGED, "the head of the disk is damaged");
    }
    p->laid.name = ov_text_bytes("disk");
    p->laid.has_pieces = true;
    if (d->map.elsewhere) {
        ov_lay_trouble(p, OV_REASON_MULTIVOLUME, "what is not in it is in another file");
    } else if (d->map.logged) {
        ov_lay_trouble(
                p, OV_REASON_UNSUPPORTED, "its last writes are in a log that is not replayed");
    }
    return OV_GIVE_PIECE;
}

/* One trouble is told of all the blocks that lead nowhere; they are taken for zeros. */
static bool tell_once(struct disk *d, struct ov_trouble *trouble)
{
    if (d->told) {
        return false;
    }
    d->told = true;
    (void)ov_trouble_say(trouble, OV_REASON_DAMAGED, "a block of the disk leads nowhere");
    return true;
}

/* Unpacks a block; false: it does not come to a whole one. */
static bool unpack_block(struct ov_parser *p, const struct ov_disk_place *place)
{
    struct disk *d = p->state;
    const struct ov_input part = ov_input_part(&p->input, place->at, place->bytes);
    struct ov_trouble trouble;
    struct ov_bytes piece;

    ov_buf_clear(&d->made);
    if (d->stream == NULL) {
        d->stream = ov_stream_new();
        if (d->stream == NULL) {
            return false;
        }
    }
    ov_stream_begin(d->stream, d->map.codec, &part, true);
    while (ov_bytes_len(ov_buf_bytes(&d->made)) < d->map.block_bytes && ov_buf_ok(&d->made)
            && ov_stream_next(d->stream, &piece, &trouble) == OV_GIVE_PIECE) {
        ov_buf_put(&d->made, ov_bytes_raw(piece), (size_t)ov_bytes_len(piece));
    }
    return ov_buf_ok(&d->made) && ov_bytes_len(ov_buf_bytes(&d->made)) != 0;
}

/* The rest of the block at hand, or as much of it as a piece has room for. */
static enum ov_give disk_piece(
        struct ov_parser *p, struct ov_piece *piece, struct ov_trouble *trouble)
{
    struct disk *d = p->state;
    const uint64_t within = d->at % d->map.block_bytes;
    const uint64_t block_left = d->map.block_bytes - within;
    const uint64_t left = d->map.size - d->at;
    uint64_t want = block_left < left ? block_left : left;
    struct ov_disk_place place;
    struct ov_bytes bytes = ov_bytes_of(NULL, 0);

    piece->zeros = 0;
    piece->bytes = bytes;
    if (left == 0) {
        return OV_GIVE_END;
    }
    place = d->kind->find(&d->map, &p->input, d->at / d->map.block_bytes);
    if (place.where == OV_DISK_PLAIN) {
        const struct ov_input part = ov_input_part(&p->input, place.at, d->map.block_bytes);

        want = want < OV_PIECE_BYTES ? want : OV_PIECE_BYTES;
        bytes = ov_bytes_between(ov_input_piece(&part, within, d->room), 0, want);
    } else if (place.where == OV_DISK_PACKED && unpack_block(p, &place)) {
        bytes = ov_bytes_between(ov_buf_bytes(&d->made), within, within + want);
    }
    if (ov_bytes_len(bytes) == 0) {
        if (place.where != OV_DISK_NOWHERE && tell_once(d, trouble)) {
            return OV_GIVE_TROUBLE; /* and asked again */
        }
        piece->zeros = want;
        d->at += want;
        return OV_GIVE_PIECE;
    }
    piece->bytes = bytes;
    d->at += ov_bytes_len(bytes);
    return OV_GIVE_PIECE;
}

const struct ov_parser_ops ov_parser_disk = {
    .state_bytes = sizeof(struct disk),
    .begin = disk_begin,
    .step = disk_step,
    .piece = disk_piece,
    .end = disk_end,
};
