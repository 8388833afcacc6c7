/* SPDX-License-Identifier: Apache-2.0 */
/* hold.h - where unpacked objects lie: one region, taken once, used as a stack.
 *
 * The walk goes depth first, so an object is let go before whatever was unpacked before it. That
 * makes memory a single number with a cap, growing an object free of copies, and unpacking a small
 * member free of system calls.
 */
#ifndef OV_ENGINE_HOLD_H
#define OV_ENGINE_HOLD_H

#include "base/bytes.h"

struct ov_hold {
    uint8_t *priv_at;
    size_t priv_bytes;
    size_t priv_top;
    size_t priv_peak; /* the highest top since the last trim */
};

OV_MUST_CHECK bool ov_hold_init(struct ov_hold *hold, size_t bytes);
void ov_hold_done(struct ov_hold *hold);

size_t ov_hold_top(const struct ov_hold *hold);
size_t ov_hold_room(const struct ov_hold *hold);

/* Appends behind the top; `zeros` and the bytes fit into ov_hold_room. */
void ov_hold_put(struct ov_hold *hold, uint64_t zeros, struct ov_bytes bytes);
/* What was put since the top was `mark`. */
struct ov_bytes ov_hold_since(const struct ov_hold *hold, size_t mark);
/* Lets go of everything put since the top was `mark`. */
void ov_hold_pop(struct ov_hold *hold, size_t mark);

/* Between scans: gives memory back to the machine if the last one needed much. */
void ov_hold_trim(struct ov_hold *hold);

#endif
