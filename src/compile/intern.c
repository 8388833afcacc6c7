/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/intern.h"

#include <string.h>

#include "base/checked.h"

struct ov_intern_slot {
    uint32_t hash; /* 0: free */
    uint32_t offset;
    uint32_t bytes;
};

/* Longer things (rule sources) are rarely the same twice. */
#define INTERN_BYTES_MAX 4096u

/* Rule text can be made to collide. Then things stand twice, and nothing becomes slow. */
#define PROBES_MAX 16u

void ov_intern_init(struct ov_intern *intern, struct ov_buf *buf)
{
    *intern = (struct ov_intern){ .priv_buf = buf };
}

void ov_intern_done(struct ov_intern *intern)
{
    free(intern->priv_slots);
    *intern = (struct ov_intern){ .priv_buf = intern->priv_buf };
}

bool ov_intern_ok(const struct ov_intern *intern)
{
    return !intern->priv_failed && ov_buf_ok(intern->priv_buf);
}

static uint32_t hash_of(struct ov_bytes bytes)
{
    const uint8_t *at = ov_bytes_raw(bytes);
    uint64_t h = 0xcbf29ce484222325u;

    for (uint64_t i = 0; i < ov_bytes_len(bytes); i++) {
        h = (h ^ at[i]) * 0x100000001b3u;
    }
    h ^= h >> 32;
    return (uint32_t)h == 0 ? 1 : (uint32_t)h;
}

/* The slot that holds `bytes`, or the free one where they belong; NULL: too crowded there. */
static struct ov_intern_slot *find(
        const struct ov_intern *intern, struct ov_bytes bytes, uint32_t hash)
{
    const struct ov_bytes all = ov_buf_bytes(intern->priv_buf);

    for (uint32_t i = 0; i < PROBES_MAX; i++) {
        struct ov_intern_slot *slot = &intern->priv_slots[(hash + i) & (intern->priv_cap - 1)];
        struct ov_bytes there;

        if (slot->hash == 0) {
            return slot;
        }
        if (slot->hash == hash && slot->bytes == ov_bytes_len(bytes)
                && ov_bytes_slice(all, slot->offset, slot->bytes, &there)
                && ov_bytes_equal(there, ov_bytes_raw(bytes), slot->bytes)) {
            return slot;
        }
    }
    return NULL;
}

static bool grow(struct ov_intern *intern)
{
    struct ov_intern old = *intern;

    intern->priv_cap = old.priv_cap == 0 ? 1024 : old.priv_cap * 2;
    intern->priv_slots = calloc(intern->priv_cap, sizeof(*intern->priv_slots));
    if (intern->priv_slots == NULL) {
        *intern = old;
        intern->priv_failed = true;
        return false;
    }
    for (size_t i = 0; i < old.priv_cap; i++) {
        const struct ov_intern_slot *from = &old.priv_slots[i];
        struct ov_bytes bytes;
        struct ov_intern_slot *to;

        if (from->hash != 0
                && ov_bytes_slice(
                        ov_buf_bytes(intern->priv_buf), from->offset, from->bytes, &bytes)) {
            to = find(intern, bytes, from->hash);
            if (to != NULL) {
                *to = *from;
            }
        }
    }
    free(old.priv_slots);
    return true;
}

static uint32_t append(struct ov_intern *intern, struct ov_bytes bytes, size_t align)
{
    uint64_t at, end;

    ov_buf_align(intern->priv_buf, align);
    at = ov_bytes_len(ov_buf_bytes(intern->priv_buf));
    if (!ov_add(&end, at, ov_bytes_len(bytes)) || end > UINT32_MAX) {
        intern->priv_failed = true;
        return 0;
    }
    ov_buf_put(intern->priv_buf, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));
    return (uint32_t)at;
}

uint32_t ov_intern_put(struct ov_intern *intern, struct ov_bytes bytes, size_t align)
{
    struct ov_intern_slot *slot;
    uint32_t hash, offset;

    if (!ov_intern_ok(intern)) {
        return 0;
    }
    if (ov_bytes_len(bytes) == 0) {
        return 0;
    }
    if (ov_bytes_len(bytes) > INTERN_BYTES_MAX) {
        return append(intern, bytes, align);
    }
    if (intern->priv_count * 2 >= intern->priv_cap && !grow(intern)) {
        return 0;
    }
    hash = hash_of(bytes);
    slot = find(intern, bytes, hash);
    if (slot != NULL && slot->hash != 0) {
        return slot->offset;
    }
    offset = append(intern, bytes, align);
    if (slot != NULL && ov_intern_ok(intern)) {
        *slot = (struct ov_intern_slot){
            .hash = hash,
            .offset = offset,
            .bytes = (uint32_t)ov_bytes_len(bytes),
        };
        intern->priv_count++;
    }
    return offset;
}
