/* SPDX-License-Identifier: Apache-2.0 */
/* Target: the decoders of what crosses the jail's wall. Property: what is accepted encodes back
 * to the same bytes, so a frame has no room for anything the other side did not mean to say. */
#include "base/checked.h"
#include "sandbox/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_verdict(struct ov_bytes message, uint32_t seq)
{
    struct ov_verdict_frame again;
    struct ov_verdict v;

    if (ov_verdict_decode(message, seq, 1000, &v)) {
        ov_verdict_encode(&again, seq, &v);
        OV_ASSERT(ov_bytes_equal(message, &again, sizeof(again)));
    }
}

static void check_record(struct ov_bytes message, uint32_t seq)
{
    struct ov_record record;
    struct ov_buf again;
    bool cut;

    if (ov_record_decode(message, seq, &record, &cut) && !cut) {
        ov_buf_init(&again, OV_EXPLAIN_FRAME_BYTES_MAX);
        ov_record_encode(&again, seq, &record);
        OV_ASSERT(ov_buf_ok(&again));
        OV_ASSERT(ov_bytes_equal(message, ov_bytes_raw(ov_buf_bytes(&again)),
                (size_t)ov_bytes_len(ov_buf_bytes(&again))));
        ov_buf_done(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ov_bytes message = ov_bytes_of(data, size);
    struct ov_reader r = ov_reader_on(message);
    struct ov_request request;
    struct ov_bytes name;
    uint32_t seq = 0;

    if (!ov_read_u32le(&r, &seq)) {
        return 0;
    }
    check_verdict(message, seq);
    check_record(message, seq);
    if (ov_request_decode(message, &request, &name)) {
        OV_ASSERT(ov_bytes_len(name) + sizeof(request) == size);
    }
    return 0;
}
