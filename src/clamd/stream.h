/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - INSTREAM: chunks of a 32-bit big-endian length and that many bytes, ended by a length
 * of zero. A length is a claim: it is held against the quota before a byte of it is read. */
#ifndef OV_CLAMD_STREAM_H
#define OV_CLAMD_STREAM_H

#include "base/bytes.h"

struct ov_clamd_stream {
    uint64_t quota_left; /* bytes all further chunks may have together */
    uint32_t chunk_left; /* bytes of the chunk under way */
    uint32_t head;       /* the length as far as it was read */
    unsigned head_have;  /* its bytes */
};

enum ov_clamd_stream_step {
    OV_CLAMD_STREAM_MORE = 0, /* all of `in` was used */
    OV_CLAMD_STREAM_DATA,     /* *data is part of the stream; call again with the rest */
    OV_CLAMD_STREAM_END,
    OV_CLAMD_STREAM_TOO_LONG /* over the quota; nothing behind this is read */
};

void ov_clamd_stream_begin(struct ov_clamd_stream *stream, uint64_t quota);

/* Takes from the front of `in`; `*used` is how many bytes, `*data` borrows from `in`. */
enum ov_clamd_stream_step ov_clamd_stream_take(
        struct ov_clamd_stream *stream, struct ov_bytes in, struct ov_bytes *data, uint64_t *used);

#endif
