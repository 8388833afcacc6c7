/* SPDX-License-Identifier: Apache-2.0 */
/* pending.c - a ring in the order of arrival. What was answered before its turn leaves a hole
 * (fd -1) that goes when it becomes the oldest. */
#include "guard/pending.h"

#include "base/checked.h"

bool ov_guard_pending_init(struct ov_guard_pending *pending)
{
    *pending = (struct ov_guard_pending){ .priv_ring = calloc(OV_GUARD_PENDING_MAX,
                                                  sizeof(struct ov_guard_waiting)) };
    return pending->priv_ring != NULL;
}

void ov_guard_pending_done(struct ov_guard_pending *pending)
{
    free(pending->priv_ring);
    *pending = (struct ov_guard_pending){ .priv_ring = NULL };
}

static struct ov_guard_waiting *at(struct ov_guard_pending *pending, uint32_t index)
{
    return &pending->priv_ring[(pending->priv_first + index) % OV_GUARD_PENDING_MAX];
}

static void drop_holes(struct ov_guard_pending *pending)
{
    while (pending->priv_count > 0 && at(pending, 0)->fd < 0) {
        pending->priv_first = (pending->priv_first + 1) % OV_GUARD_PENDING_MAX;
        pending->priv_count--;
    }
}

bool ov_guard_pending_full(const struct ov_guard_pending *pending)
{
    return pending->priv_count == OV_GUARD_PENDING_MAX;
}

uint32_t ov_guard_pending_add(struct ov_guard_pending *pending, int fd,
        const struct ov_guard_key *key, uint64_t late_ms, bool *first)
{
    const uint32_t number = ++pending->priv_numbers;

    OV_ASSERT(!ov_guard_pending_full(pending) && fd >= 0);
    *first = true;
    for (uint32_t i = 0; i < pending->priv_count && *first; i++) {
        const struct ov_guard_waiting *other = at(pending, i);

        *first = !(other->fd >= 0 && ov_guard_key_equal(&other->key, key));
    }
    *at(pending, pending->priv_count++) = (struct ov_guard_waiting){
        .fd = fd, .number = number, .asked = *first, .late_ms = late_ms, .key = *key
    };
    return number;
}

static void take(struct ov_guard_pending *pending, uint32_t index, struct ov_guard_waiting *out)
{
    *out = *at(pending, index);
    at(pending, index)->fd = -1;
    drop_holes(pending);
}

bool ov_guard_pending_take(
        struct ov_guard_pending *pending, uint32_t number, struct ov_guard_waiting *out)
{
    const struct ov_guard_waiting *asked = NULL;

    for (uint32_t i = 0; i < pending->priv_count; i++) {
        const struct ov_guard_waiting *one = at(pending, i);

        if (one->fd < 0) {
            continue;
        }
        if (one->number == number && one->asked) {
            asked = one;
        } else if (asked != NULL && ov_guard_key_equal(&one->key, &asked->key)) {
            take(pending, i, out); /* those behind it first: it is how they are found */
            return true;
        }
    }
    for (uint32_t i = 0; asked != NULL && i < pending->priv_count; i++) {
        if (at(pending, i) == asked) {
            take(pending, i, out);
            return true;
        }
    }
    return false;
}

bool ov_guard_pending_late(
        struct ov_guard_pending *pending, uint64_t now_ms, struct ov_guard_waiting *out)
{
    drop_holes(pending);
    if (pending->priv_count == 0 || at(pending, 0)->late_ms > now_ms) {
        return false;
    }
    take(pending, 0, out);
    return true;
}

int ov_guard_pending_wait(struct ov_guard_pending *pending, uint64_t now_ms)
{
    uint64_t late_ms;

    drop_holes(pending);
    if (pending->priv_count == 0) {
        return -1;
    }
    late_ms = at(pending, 0)->late_ms;
    return late_ms <= now_ms ? 0 : (int)(late_ms - now_ms);
}
