/* SPDX-License-Identifier: Apache-2.0 */
/* pending.h - events that wait for a verdict, each with its deadline. All have the same time, so
 * the oldest is always the next to be late. Several opens of one file wait for one verdict. */
#ifndef OV_GUARD_PENDING_H
#define OV_GUARD_PENDING_H

#include "guard/cache.h"

#define OV_GUARD_PENDING_MAX 4096u

struct ov_guard_waiting {
    int fd; /* the event's descriptor, still open */
    uint32_t number;
    bool asked; /* the supervisor was asked about this one; others of the same key wait with it */
    uint64_t late_ms;
    struct ov_guard_key key;
};

struct ov_guard_pending {
    struct ov_guard_waiting *priv_ring; /* owned; a ring of OV_GUARD_PENDING_MAX */
    uint32_t priv_first, priv_count;
    uint32_t priv_numbers;
};

OV_MUST_CHECK bool ov_guard_pending_init(struct ov_guard_pending *pending);
void ov_guard_pending_done(struct ov_guard_pending *pending);

bool ov_guard_pending_full(const struct ov_guard_pending *pending);

/* Adds one behind the others; not when full. *first: nobody has been asked about this key yet.
 * Returns its number. */
uint32_t ov_guard_pending_add(struct ov_guard_pending *pending, int fd,
        const struct ov_guard_key *key, uint64_t late_ms, bool *first);

/* Takes out one of those that wait for the verdict about `number`: call until false. */
OV_MUST_CHECK bool ov_guard_pending_take(
        struct ov_guard_pending *pending, uint32_t number, struct ov_guard_waiting *out);

/* Takes out the oldest if it is late at `now_ms`. */
OV_MUST_CHECK bool ov_guard_pending_late(
        struct ov_guard_pending *pending, uint64_t now_ms, struct ov_guard_waiting *out);

/* Milliseconds until the oldest is late; -1: none waits. */
int ov_guard_pending_wait(struct ov_guard_pending *pending, uint64_t now_ms);

#endif
