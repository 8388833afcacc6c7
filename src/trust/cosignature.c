/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/cosignature.h"

#include <inttypes.h>

#include "trust/line.h"

const char *ov_cosignature_read(struct ov_bytes field, uint64_t *time, struct ov_bytes *signature)
{
    struct ov_reader r = ov_reader_on(field);
    uint64_t value = 0;
    uint8_t byte = 0;

    for (unsigned i = 0; i < OV_COSIGNATURE_TIME_BYTES; i++) {
        if (!ov_read_u8(&r, &byte)) {
            return "a cosignature without its time";
        }
        value = value << 8 | byte;
    }
    if (value > OV_LOG_NUMBER_MAX) {
        return "a cosignature's time is below 2^63";
    }
    if (!ov_read_bytes(&r, ov_reader_left(&r), signature)) {
        return "a cosignature without a signature";
    }
    *time = value;
    return NULL;
}

void ov_cosignature_put_time(struct ov_buf *out, uint64_t time)
{
    for (unsigned shift = 64; shift > 0; shift -= 8) {
        ov_buf_put_u8(out, (uint8_t)(time >> (shift - 8)));
    }
}

void ov_cosignature_put_message(struct ov_buf *out, uint64_t time, struct ov_bytes text)
{
    ov_buf_printf(out, "cosignature/v1\ntime %" PRIu64 "\n", time);
    ov_buf_put(out, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
}
