/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - the framing of INSTREAM. */
#include "clamd/stream.h"

void ov_clamd_stream_begin(struct ov_clamd_stream *stream, uint64_t quota)
{
    *stream = (struct ov_clamd_stream){ .quota_left = quota };
}

enum ov_clamd_stream_step ov_clamd_stream_take(
        struct ov_clamd_stream *stream, struct ov_bytes in, struct ov_bytes *data, uint64_t *used)
{
    const uint64_t len = ov_bytes_len(in);
    uint64_t at = 0;

    while (stream->chunk_left == 0) {
        if (at == len) {
            *used = at;
            return OV_CLAMD_STREAM_MORE;
        }
        stream->head = stream->head << 8 | ov_bytes_raw(in)[at++];
        if (++stream->head_have < 4) {
            continue;
        }
        stream->head_have = 0;
        if (stream->head == 0) {
            *used = at;
            return OV_CLAMD_STREAM_END;
        }
        if (stream->head > stream->quota_left) {
            *used = at;
            return OV_CLAMD_STREAM_TOO_LONG;
        }
        stream->quota_left -= stream->head;
        stream->chunk_left = stream->head;
        stream->head = 0;
    }
    {
        const uint64_t take = len - at < stream->chunk_left ? len - at : stream->chunk_left;

        if (take == 0 || !ov_bytes_slice(in, at, take, data)) {
            *used = at;
            return OV_CLAMD_STREAM_MORE;
        }
        stream->chunk_left -= (uint32_t)take;
        *used = at + take;
    }
    return OV_CLAMD_STREAM_DATA;
}
