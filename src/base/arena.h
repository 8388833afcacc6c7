/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - many small things with one lifetime: one free for all of them.
 *
 * Memory comes zeroed and aligned to 16. A cap in bytes makes running out an ordinary result.
 */
#ifndef OV_BASE_ARENA_H
#define OV_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct ov_arena {
    struct ov_arena_chunk *priv_chunks; /* newest first */
    uint64_t priv_used;
    uint64_t priv_cap;
};

/* `bytes_max` bounds the sum of all chunks; UINT64_MAX: only the machine does. */
void ov_arena_init(struct ov_arena *arena, uint64_t bytes_max);
void ov_arena_done(struct ov_arena *arena);

/* Forgets everything, keeps one chunk for the next use. */
void ov_arena_reset(struct ov_arena *arena);

/* NULL when out of memory or over the cap. Zero bytes give a valid pointer. */
void *ov_arena_alloc(struct ov_arena *arena, size_t count, size_t size) OV_MUST_CHECK;

/* A copy of `b` with a NUL behind it (not counted). False: out of memory. */
OV_MUST_CHECK bool ov_arena_copy(struct ov_arena *arena, struct ov_bytes b, struct ov_bytes *out);

#endif
