/* SPDX-License-Identifier: Apache-2.0 */
/* looked.h - contents that a worker has looked at and found nothing in, remembered by their SHA-256:
 * the same bytes under the same rules and limits have the same verdict.
 *
 * It lives in the worker whose looks it remembers, and ends with it: a worker that was taken over
 * can say by it what it could say anyway, and to nobody else's files. No key and no chance are in it,
 * so a verdict stays a function of bytes and rules. */
#ifndef OV_GUARD_LOOKED_H
#define OV_GUARD_LOOKED_H

#include "base/digest.h"

struct ov_looked;

/* `places`: as many contents, rounded up; memory is taken as they come. NULL: no memory. */
OV_MUST_CHECK struct ov_looked *ov_looked_new(uint32_t places);
void ov_looked_free(struct ov_looked *looked);
OV_DEFINE_AUTO(struct ov_looked, ov_looked_free);

/* *number: what was put with it. */
OV_MUST_CHECK bool ov_looked_find(const struct ov_looked *looked,
        const uint8_t sha256[OV_DIGEST_BYTES_MAX], uint32_t *number);
/* Where no memory is left to remember more, the oldest gives way. */
void ov_looked_put(
        struct ov_looked *looked, const uint8_t sha256[OV_DIGEST_BYTES_MAX], uint32_t number);
void ov_looked_forget(struct ov_looked *looked);

#endif
