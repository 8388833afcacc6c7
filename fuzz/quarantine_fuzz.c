/* SPDX-License-Identifier: Apache-2.0 */
/* Target: the description of a quarantined file, and its records. Properties: a description that is
 * accepted encodes to the same bytes; what was not sealed with the key does not open. */
#include <string.h>

#include "base/checked.h"
#include "quarantine/item.h"
#include "quarantine/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void description(struct ov_bytes in)
{
    struct ov_item item;
    struct ov_buf again;

    if (!ov_item_decode(in, &item)) {
        return;
    }
    ov_buf_init(&again, 2u * OV_SEAL_RECORD_BYTES);
    if (ov_item_encode(&item, &again) && item.mode <= 07777) {
        struct ov_item twice;

        OV_ASSERT(ov_item_decode(ov_buf_bytes(&again), &twice));
        OV_ASSERT(strcmp(item.path, twice.path) == 0 && item.attr_count == twice.attr_count);
        ov_item_done(&twice);
    }
    ov_buf_done(&again);
    ov_item_done(&item);
}

static void records(struct ov_bytes in)
{
    static uint8_t plain[OV_SEAL_RECORD_BYTES];
    const uint8_t key[OV_SEAL_KEY_BYTES] = { 1 };
    uint8_t id[OV_SEAL_ID_BYTES];
    struct ov_reader r = ov_reader_on(in);
    struct ov_seal seal;
    size_t bytes = 0;

    if (!ov_seal_read_head(&r, id) || !ov_seal_begin(&seal, key, id)) {
        return;
    }
    for (;;) {
        const enum ov_unseal what = ov_seal_take(&seal, &r, plain, &bytes);

        if (what == OV_UNSEAL_MORE || what == OV_UNSEAL_DAMAGED) {
            break;
        }
        OV_ASSERT(bytes <= sizeof(plain));
    }
    ov_seal_done(&seal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    description(ov_bytes_of(data, size));
    records(ov_bytes_of(data, size));
    return 0;
}
