/* SPDX-License-Identifier: Apache-2.0 */
/* cosignature.h - cosignature/v1: what a witness signs, and how its signature field is laid out.
 *
 * A witness says: at this time, this was the largest tree of this log I had seen, and it
 * continued every one before. The time is part of what is signed; the witness's name is not. */
#ifndef OV_TRUST_COSIGNATURE_H
#define OV_TRUST_COSIGNATURE_H

#include "base/buf.h"

/* The field: the time in seconds since 1970, 8 bytes big-endian, then an Ed25519 signature. */
#define OV_COSIGNATURE_TIME_BYTES 8u

/* NULL, or why not: shorter than the time, or a time of 2^63 or more. */
OV_MUST_CHECK const char *ov_cosignature_read(
        struct ov_bytes field, uint64_t *time, struct ov_bytes *signature);

void ov_cosignature_put_time(struct ov_buf *out, uint64_t time);

/* The bytes that are signed: two lines, then the whole text of the checkpoint. */
void ov_cosignature_put_message(struct ov_buf *out, uint64_t time, struct ov_bytes text);

#endif
