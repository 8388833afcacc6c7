/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <string.h>

#include "base/checked.h"

/* Chunks grow with what there is, so that a large arena is a few mappings and goes back as such. */
#define CHUNK_BYTES_MIN ((size_t)64 * 1024)
#define CHUNK_BYTES_MAX ((size_t)1024 * 1024)
#define CHUNKS_FEW      16u /* of one size */

struct ov_arena_chunk {
    struct ov_arena_chunk *next;
    size_t used;
    size_t cap;
    size_t unused_; /* keeps `data` aligned to 16 */
    uint8_t data[];
};

_Static_assert(offsetof(struct ov_arena_chunk, data) % 16 == 0, "what we hand out is aligned");

void ov_arena_init(struct ov_arena *arena, uint64_t bytes_max)
{
    *arena = (struct ov_arena){ .priv_cap = bytes_max };
}

void ov_arena_done(struct ov_arena *arena)
{
    struct ov_arena_chunk *chunk = arena->priv_chunks;

    while (chunk != NULL) {
        struct ov_arena_chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
    arena->priv_chunks = NULL;
    arena->priv_used = 0;
}

void ov_arena_reset(struct ov_arena *arena)
{
    struct ov_arena_chunk *keep = arena->priv_chunks;
    struct ov_arena_chunk *chunk;

    if (keep == NULL) {
        return;
    }
    chunk = keep->next;
    keep->next = NULL;
    memset(keep->data, 0, keep->used);
    keep->used = 0;
    while (chunk != NULL) {
        struct ov_arena_chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
    arena->priv_used = keep->cap;
}

static struct ov_arena_chunk *chunk_new(struct ov_arena *arena, size_t bytes)
{
    struct ov_arena_chunk *chunk;
    size_t cap = CHUNK_BYTES_MIN;
    size_t whole;
    uint64_t used;

    while (cap < CHUNK_BYTES_MAX && cap * CHUNKS_FEW <= arena->priv_used
            && cap * 2 <= arena->priv_cap - arena->priv_used) {
        cap *= 2;
    }
    cap = bytes > cap ? bytes : cap;
    if (!ov_add(&whole, cap, sizeof(*chunk)) || !ov_add(&used, arena->priv_used, cap)
            || used > arena->priv_cap) {
        return NULL;
    }
    chunk = calloc(1, whole);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->cap = cap;
    arena->priv_used = used;
    chunk->next = arena->priv_chunks;
    arena->priv_chunks = chunk;
    return chunk;
}

void *ov_arena_alloc(struct ov_arena *arena, size_t count, size_t size)
{
    struct ov_arena_chunk *chunk = arena->priv_chunks;
    size_t bytes, rounded;
    void *at;

    if (!ov_mul(&bytes, count, size) || !ov_add(&rounded, bytes, (size_t)15)) {
        return NULL;
    }
    rounded &= ~(size_t)15;
    if (chunk == NULL || chunk->cap - chunk->used < rounded) {
        chunk = chunk_new(arena, rounded);
        if (chunk == NULL) {
            return NULL;
        }
    }
    at = chunk->data + chunk->used;
    chunk->used += rounded;
    return at;
}

bool ov_arena_copy(struct ov_arena *arena, struct ov_bytes b, struct ov_bytes *out)
{
    const size_t len = (size_t)ov_bytes_len(b);
    uint8_t *copy;

    if (len == SIZE_MAX) {
        return false;
    }
    copy = ov_arena_alloc(arena, len + 1, 1);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, ov_bytes_raw(b), len);
    *out = ov_bytes_of(copy, len);
    return true;
}
