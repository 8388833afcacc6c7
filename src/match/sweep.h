/* SPDX-License-Identifier: Apache-2.0 */
/* sweep.h - one forward program over all offsets of a range, from the highest down: what is the
 * best that can be reached from each? The work is linear in the range.
 *
 * Each node carries the best rank of accepting that can be reached from it. A program may take
 * OV_REGEX_REACH_BYTES at most. Programs that cannot take more need no further care. For the
 * others the offsets are worked off in segments of one reach: what ends inside the segment is
 * carried; for what crosses its upper edge, the nodes crossed at are carried as a set, and from
 * each of them one run upwards says which end is the best below each limit.
 */
#ifndef OV_MATCH_SWEEP_H
#define OV_MATCH_SWEEP_H

#include "base/limits.h"
#include "match/simulate.h"

/* Ranks: 0 is none, a greater one is better. */
#define OV_NO_RANK 0u

/* Larger programs cannot be swept with segments. */
#define OV_SWEEP_NODES_MAX 1024u

struct ov_sweeper {
    uint32_t priv_best[OV_REGEX_REACH_BYTES + 1];
    uint64_t priv_crossed[OV_REGEX_REACH_BYTES][OV_SWEEP_NODES_MAX / 64u];
    uint32_t *priv_carried[2]; /* for each node its rank here and one byte higher; owned */
    uint64_t *priv_sets[2];    /* for each node, the nodes the edge is crossed at; owned */
    uint16_t *priv_takers;     /* nodes that take a byte; owned */
    uint16_t *priv_order;      /* the others, each behind those it leads to; owned */
    uint8_t *priv_seen;        /* owned */
    uint16_t *priv_stack;      /* owned */
    uint32_t priv_cap;
    uint32_t priv_taker_count;
    uint32_t priv_order_count;
    bool priv_cyclic; /* nodes that take nothing lead back to themselves */
};

/* Over the offsets [low, high): from `in`, the rank of accepting at each offset of [low, top], to
 * `out`, the best rank that can be reached. Both arrays begin at offset `base`. `top` is at least
 * high - 1 and no greater than text->high. */
struct ov_sweep {
    struct ov_sweeper *sweeper;
    struct ov_simulator *simulator;
    const struct ov_program *program; /* found sound */
    const struct ov_text *text;
    struct ov_budget *budget;
    const uint32_t *in;
    uint32_t *out;
    uint64_t base;
    uint64_t low;
    uint64_t high;
    uint64_t top;
    bool in_order; /* the preferred end of all, whatever its rank; not with `limited` */
};

/* All numbers in range and all kinds known, so that sweeping need not ask again. */
bool ov_program_is_sound(const struct ov_program *program);

/* Buffers for programs of so many nodes. A zeroed sweeper is an empty one. */
OV_MUST_CHECK bool ov_sweeper_grow(struct ov_sweeper *sweeper, uint32_t nodes);
void ov_sweeper_done(struct ov_sweeper *sweeper);

/* With `limited`, only ends within reach of each offset are chosen from; without, all are. False:
 * the budget is gone. */
OV_MUST_CHECK bool ov_sweep_run(const struct ov_sweep *sweep, bool limited);

#endif
