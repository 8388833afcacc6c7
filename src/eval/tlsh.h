/* SPDX-License-Identifier: Apache-2.0 */
/* tlsh.h - Trend Micro's locality-sensitive hash: alike texts have hashes that differ little. */
#ifndef OV_EVAL_TLSH_H
#define OV_EVAL_TLSH_H

#include "base/bytes.h"

#define OV_TLSH_CHARS 72u

/* "T1" and 70 hexadecimal digits, NUL-terminated; empty where `in` is too short or too uniform to
 * have a hash. Work: a constant for each byte. */
void ov_tlsh_of(struct ov_bytes in, char out[OV_TLSH_CHARS + 1]);

#endif
