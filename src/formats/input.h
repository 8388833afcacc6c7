/* SPDX-License-Identifier: Apache-2.0 */
/* input.h - the part of an object that a container reader may see, at any offset or in order. */
#ifndef OV_FORMATS_INPUT_H
#define OV_FORMATS_INPUT_H

#include "base/source.h"

/* Words that may open what is encrypted; tried one after the other. */
struct ov_passwords {
    const struct ov_bytes *at;
    size_t count;
};

struct ov_input {
    const struct ov_passwords *passwords; /* borrowed; NULL: none */
    struct ov_source *priv_source;        /* borrowed */
    struct ov_bytes priv_memory;          /* the whole object, if it lies in memory; else empty */
    bool priv_in_memory;
    uint64_t priv_from;
    uint64_t size;
};

/* [from, to) of the source, as far as it reaches. */
void ov_input_init(struct ov_input *input, struct ov_source *source, uint64_t from, uint64_t to);
/* [off, off + size) of another, clipped to it. */
struct ov_input ov_input_part(const struct ov_input *input, uint64_t off, uint64_t size);

/* Copies up to `len` bytes from `off`; returns how many there were. */
size_t ov_input_read(const struct ov_input *input, uint64_t off, void *out, size_t len);

/* Up to OV_PIECE_BYTES from `off`: lent from memory, or read into `room` of that size. Empty at
 * the end. */
struct ov_bytes ov_input_piece(const struct ov_input *input, uint64_t off, uint8_t *room);

/* [off, off + len), if it lies in memory. */
OV_MUST_CHECK bool ov_input_lend(
        const struct ov_input *input, uint64_t off, uint64_t len, struct ov_bytes *out);

/* Does ov_input_piece need its room at all? */
bool ov_input_in_memory(const struct ov_input *input);

#endif
