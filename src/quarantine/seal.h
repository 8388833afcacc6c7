/* SPDX-License-Identifier: Apache-2.0 */
/* seal.h - the records of a quarantined file (docs/formats/quarantine.md), out and in. */
#ifndef OV_QUARANTINE_SEAL_H
#define OV_QUARANTINE_SEAL_H

#include "base/buf.h"
#include "base/error.h"

#define OV_SEAL_KEY_BYTES    32u
#define OV_SEAL_ID_BYTES     16u
#define OV_SEAL_RECORD_BYTES 65536u
#define OV_SEAL_TAG_BYTES    16u
#define OV_SEAL_HEAD_BYTES   32u

struct ov_seal {
    uint8_t priv_key[32];
    uint64_t priv_number; /* of the next record */
    bool priv_ended;
};

/* The item's own key from the store's. False: the library failed. */
OV_MUST_CHECK bool ov_seal_begin(struct ov_seal *seal, const uint8_t key[OV_SEAL_KEY_BYTES],
        const uint8_t id[OV_SEAL_ID_BYTES]);

void ov_seal_put_head(struct ov_buf *out, const uint8_t id[OV_SEAL_ID_BYTES]);
/* Reads the head of a file. False: it is none, or of a later version. */
OV_MUST_CHECK bool ov_seal_read_head(struct ov_reader *r, uint8_t id[OV_SEAL_ID_BYTES]);

/* Appends one record. `plain` has at most OV_SEAL_RECORD_BYTES; none but the last is empty. */
OV_MUST_CHECK bool ov_seal_put(
        struct ov_seal *seal, struct ov_buf *out, struct ov_bytes plain, bool last);

/* Opens the record at the front of `r` into `plain` (OV_SEAL_RECORD_BYTES of room). */
enum ov_unseal {
    OV_UNSEAL_RECORD = 1,
    OV_UNSEAL_LAST,
    OV_UNSEAL_MORE,   /* it is not all there */
    OV_UNSEAL_DAMAGED /* it is not what was written */
};
enum ov_unseal ov_seal_take(
        struct ov_seal *seal, struct ov_reader *r, uint8_t *plain, size_t *plain_bytes);

void ov_seal_done(struct ov_seal *seal); /* forgets the key */

#endif
