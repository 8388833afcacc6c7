/* SPDX-License-Identifier: Apache-2.0 */
/* calls_ranges.c - ranges of the object for functions that read all of them. */
#include <string.h>

#include "eval/calls.h"

#define STEPS_PER_BYTES 16u /* a step for each so many bytes read */

bool ov_call_range(const struct ov_call *call, unsigned first, uint64_t *offset, uint64_t *len)
{
    const uint64_t size = call->m->facts->source->size;
    const int64_t from = ov_call_int(call, first), count = ov_call_int(call, first + 1);

    if (from < 0 || count < 0 || (uint64_t)from >= size) {
        return false;
    }
    *offset = (uint64_t)from;
    *len = (uint64_t)count < size - *offset ? (uint64_t)count : size - *offset;
    return true;
}

bool ov_call_read(
        struct ov_call *call, uint64_t offset, uint64_t len, ov_feed_fn feed, void *payload)
{
    struct ov_pages *pages = call->asked->pages;

    if (!ov_machine_charge(call->m, 16 + len / STEPS_PER_BYTES)) {
        return false;
    }
    while (len > 0) {
        const struct ov_bytes piece = ov_pages_lend_some(pages, offset, len);

        if (ov_bytes_len(piece) == 0) {
            return false; /* cut short, which the scan will say */
        }
        feed(payload, piece);
        offset += ov_bytes_len(piece);
        len -= ov_bytes_len(piece);
    }
    return true;
}

static void count_bytes(void *payload, struct ov_bytes piece)
{
    uint64_t *counts = payload;
    const uint8_t *raw = ov_bytes_raw(piece);

    for (size_t i = 0; i < ov_bytes_len(piece); i++) {
        counts[raw[i]]++;
    }
}

const uint64_t *ov_call_counts(struct ov_call *call, uint64_t offset, uint64_t len)
{
    struct ov_asked_bytes *bytes = &call->asked->bytes;

    if (bytes->is_known && bytes->offset == offset && bytes->len == len) {
        return bytes->counts;
    }
    memset(bytes->counts, 0, sizeof(bytes->counts));
    bytes->is_known = ov_call_read(call, offset, len, count_bytes, bytes->counts);
    bytes->offset = offset;
    bytes->len = len;
    return bytes->is_known ? bytes->counts : NULL;
}

static struct ov_asked_result *place_of(const struct ov_call *call)
{
    const uint64_t mixed =
            ((uint64_t)ov_call_int(call, 0) * 0x9e3779b97f4a7c15u + (uint64_t)ov_call_int(call, 1))
                    * 0x9e3779b97f4a7c15u
            + (uint64_t)call->field * 0x632be59bd9b4e019u;

    return &call->asked->results[(mixed >> 40) % OV_ASKED_RESULTS];
}

bool ov_call_remembered(const struct ov_call *call, struct ov_value *out)
{
    const struct ov_asked_result *result = place_of(call);

    if (result->field != (uint32_t)call->field || result->offset != ov_call_int(call, 0)
            || result->len != ov_call_int(call, 1)) {
        return false;
    }
    *out = result->value;
    return true;
}

struct ov_value ov_call_remember(struct ov_call *call, struct ov_value value)
{
    if (value.kind == OV_VALUE_UNDEFINED) {
        return value; /* it may be so for want of steps, of which there will be more */
    }
    *place_of(call) = (struct ov_asked_result){
        .field = (uint32_t)call->field,
        .offset = ov_call_int(call, 0),
        .len = ov_call_int(call, 1),
        .value = value,
    };
    return value;
}
