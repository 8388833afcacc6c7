/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h - RFC 4648 section 4, with padding, one text for each byte string and no other.
 *
 * Common decoders accept texts whose last character carries bits that belong to no byte. Then
 * one proof has several spellings, and a hash over its text says nothing. Here they are refused.
 */
#ifndef OV_BASE_BASE64_H
#define OV_BASE_BASE64_H

#include "base/buf.h"

#define OV_BASE64_CHARS(bytes) (((bytes) + 2u) / 3u * 4u)

/* NULL, or why not. With `out` NULL the text is only checked and measured; otherwise it must
 * hold at most `cap` bytes. `out` may be written to, and *len is not, when it is refused. */
OV_MUST_CHECK const char *ov_base64_decode(
        struct ov_bytes text, uint8_t *out, size_t cap, size_t *len);

void ov_base64_put(struct ov_buf *out, struct ov_bytes bytes);

#endif
