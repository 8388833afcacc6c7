/* SPDX-License-Identifier: Apache-2.0 */
/* input.c - a clipped view of a source. Offsets come from hostile directories and may be anything. */
#include "formats/input.h"

#include <string.h>

#include "base/checked.h"
#include "base/limits.h"

void ov_input_init(struct ov_input *input, struct ov_source *source, uint64_t from, uint64_t to)
{
    const uint64_t end = to < source->size ? to : source->size;

    *input = (struct ov_input){
        .priv_source = source,
        .priv_memory = ov_bytes_of(NULL, 0),
        .priv_from = from < end ? from : end,
    };
    input->size = end - input->priv_from;
    input->priv_in_memory = ov_source_whole(source, &input->priv_memory);
}

struct ov_input ov_input_part(const struct ov_input *input, uint64_t off, uint64_t size)
{
    struct ov_input part = *input;

    off = off < input->size ? off : input->size;
    part.priv_from = input->priv_from + off;
    part.size = size < input->size - off ? size : input->size - off;
    return part;
}

size_t ov_input_read(const struct ov_input *input, uint64_t off, void *out, size_t len)
{
    struct ov_bytes part;

    if (off >= input->size) {
        return 0;
    }
    if (len > input->size - off) {
        len = (size_t)(input->size - off);
    }
    if (!input->priv_in_memory) {
        return ov_source_read(input->priv_source, input->priv_from + off, out, len);
    }
    if (!ov_bytes_slice(input->priv_memory, input->priv_from + off, len, &part)) {
        return 0;
    }
    memcpy(out, ov_bytes_raw(part), len);
    return len;
}

struct ov_bytes ov_input_piece(const struct ov_input *input, uint64_t off, uint8_t *room)
{
    struct ov_bytes part = ov_bytes_of(NULL, 0);
    uint64_t len;

    if (off >= input->size) {
        return part;
    }
    len = input->size - off < OV_PIECE_BYTES ? input->size - off : OV_PIECE_BYTES;
    if (!input->priv_in_memory) {
        return ov_bytes_of(room, ov_input_read(input, off, room, (size_t)len));
    }
    if (!ov_bytes_slice(input->priv_memory, input->priv_from + off, len, &part)) {
        return ov_bytes_of(NULL, 0);
    }
    return part;
}

bool ov_input_lend(const struct ov_input *input, uint64_t off, uint64_t len, struct ov_bytes *out)
{
    return input->priv_in_memory && off <= input->size && len <= input->size - off
           && ov_bytes_slice(input->priv_memory, input->priv_from + off, len, out);
}

bool ov_input_in_memory(const struct ov_input *input)
{
    return input->priv_in_memory;
}
