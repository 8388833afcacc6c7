/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/inflate_whole.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/le.h"
#include "base/limits.h"
#include "formats/reader.h"

/* A header, a block and a trailer. */
#define GZIP_BYTES_MIN 18u
/* Of the flags: its header has a checksum, which libdeflate would not look at. */
#define HAS_HEAD_CRC   2u
#define ROOM_BYTES_MIN (64u * (size_t)OV_KIB)
/* What deflate can make of a byte, and no more. */
#define DEFLATE_RATIO_MAX 1032u

void ov_inflate_whole_init(struct ov_inflate_whole *whole)
{
    *whole = (struct ov_inflate_whole){ .plain = ov_bytes_of(NULL, 0) };
}

void ov_inflate_whole_done(struct ov_inflate_whole *whole)
{
    libdeflate_free_decompressor(whole->priv_decoder);
    free(whole->priv_packed.at);
    free(whole->priv_plain.at);
    ov_inflate_whole_init(whole);
}

/* At least so many bytes. Rooms only grow: most members are small, and the next is no other. */
static bool grow(struct ov_inflate_room *room, uint64_t bytes)
{
    size_t size = room->bytes == 0 ? ROOM_BYTES_MIN : room->bytes;

    OV_ASSERT(bytes <= OV_INFLATE_WHOLE_BYTES_MAX);
    while (size < bytes) {
        size *= 2;
    }
    if (size == room->bytes) {
        return true;
    }
    free(room->at);
    room->at = ov_source_room(size);
    room->bytes = room->at == NULL ? 0 : size;
    return room->at != NULL;
}

/* The decoder and its rooms, and the packed bytes, lent or read; false: there are too many on a side,
 * or no memory. */
static bool begin(struct ov_inflate_whole *whole, const struct ov_input *input,
        uint64_t plain_bytes, struct ov_bytes *packed)
{
    whole->plain = ov_bytes_of(NULL, 0);
    if (plain_bytes > OV_INFLATE_WHOLE_BYTES_MAX || input->size > OV_INFLATE_WHOLE_BYTES_MAX) {
        return false;
    }
    if (whole->priv_decoder == NULL) {
        whole->priv_decoder = libdeflate_alloc_decompressor();
    }
    if (whole->priv_decoder == NULL || !grow(&whole->priv_plain, plain_bytes)) {
        return false;
    }
    if (ov_input_lend(input, 0, input->size, packed)) {
        return true;
    }
    if (!grow(&whole->priv_packed, input->size)) {
        return false;
    }
    *packed = ov_bytes_of(whole->priv_packed.at,
            ov_input_read(input, 0, whole->priv_packed.at, (size_t)input->size));
    return true;
}

bool ov_inflate_whole_run(
        struct ov_inflate_whole *whole, const struct ov_input *input, uint64_t plain_bytes)
{
    size_t used = 0, made = 0;
    struct ov_bytes packed;

    if (!begin(whole, input, plain_bytes, &packed)
            || libdeflate_deflate_decompress_ex(whole->priv_decoder, ov_bytes_raw(packed),
                       (size_t)ov_bytes_len(packed), whole->priv_plain.at, (size_t)plain_bytes,
                       &used, &made)
                       != LIBDEFLATE_SUCCESS
            || made != plain_bytes) {
        return false;
    }
    whole->plain = ov_bytes_of(whole->priv_plain.at, made);
    whole->packed = used;
    return true;
}

bool ov_inflate_whole_gzip(struct ov_inflate_whole *whole, const struct ov_input *input)
{
    size_t used = 0, made = 0;
    struct ov_bytes packed;
    uint8_t head[4], trailer[4];
    struct ov_le32 size;

    /* RFC 1952, 2.3.1. At the end stands the size, if there is but one member. */
    if (input->size < GZIP_BYTES_MIN || ov_input_read(input, 0, head, sizeof(head)) != sizeof(head)
            || (head[3] & HAS_HEAD_CRC) != 0
            || ov_input_read(input, input->size - sizeof(trailer), trailer, sizeof(trailer))
                       != sizeof(trailer)) {
        return false;
    }
    memcpy(&size, trailer, sizeof(size));
    if (ov_le32_get(size) == 0 || ov_le32_get(size) / DEFLATE_RATIO_MAX > input->size
            || !begin(whole, input, ov_le32_get(size), &packed)
            || libdeflate_gzip_decompress_ex(whole->priv_decoder, ov_bytes_raw(packed),
                       (size_t)ov_bytes_len(packed), whole->priv_plain.at, ov_le32_get(size), &used,
                       &made)
                       != LIBDEFLATE_SUCCESS
            || used != input->size) {
        return false;
    }
    whole->plain = ov_bytes_of(whole->priv_plain.at, made);
    whole->packed = used;
    return true;
}

bool ov_inflate_whole_next(struct ov_inflate_whole *whole, struct ov_bytes *piece)
{
    const uint64_t left = ov_bytes_len(whole->plain);
    const uint64_t now = left < OV_PIECE_BYTES ? left : OV_PIECE_BYTES;

    return now != 0 && ov_bytes_slice(whole->plain, 0, now, piece)
           && ov_bytes_slice(whole->plain, now, left - now, &whole->plain);
}

uint32_t ov_crc32_on(uint32_t crc, struct ov_bytes bytes)
{
    return libdeflate_crc32(crc, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));
}
