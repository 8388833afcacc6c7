/* SPDX-License-Identifier: Apache-2.0 */
/* intern.h - the same bytes once: names, constants and code that many rules share.
 *
 * What is found depends on the order of puts alone, so the same rules give the same file. */
#ifndef OV_COMPILE_INTERN_H
#define OV_COMPILE_INTERN_H

#include "base/buf.h"

struct ov_intern {
    struct ov_buf *priv_buf; /* borrowed: where the bytes go */
    struct ov_intern_slot *priv_slots;
    size_t priv_cap; /* a power of two, or 0 */
    size_t priv_count;
    bool priv_failed;
};

void ov_intern_init(struct ov_intern *intern, struct ov_buf *buf);
void ov_intern_done(struct ov_intern *intern);

/* Where `bytes` stand in the buffer, as put there earlier or now, behind zeros up to a multiple of
 * `align`. One `intern` is used with one alignment. */
uint32_t ov_intern_put(struct ov_intern *intern, struct ov_bytes bytes, size_t align);

/* False: out of memory, the buffer failed, or it has grown beyond 32-bit offsets. */
bool ov_intern_ok(const struct ov_intern *intern);

#endif
