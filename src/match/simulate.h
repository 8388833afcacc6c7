/* SPDX-License-Identifier: Apache-2.0 */
/* simulate.h - running a program: all its states at once, byte after byte, nothing ever twice. States
 * are kept in the order in which they are preferred, so that of several matches the one can be told
 * that trying one way after the other would find first.
 *
 * Programs come from the database and are not trusted: numbers in them are checked where they
 * are followed. The work of one run is at most bytes times nodes, charged step by step.
 */
#ifndef OV_MATCH_SIMULATE_H
#define OV_MATCH_SIMULATE_H

#include "base/budget.h"
#include "base/bytes.h"
#include "db/match_layout.h"

struct ov_program {
    const struct ov_db_node *nodes;
    const struct ov_db_set *sets;
    uint32_t node_count;
    uint32_t set_count;
    uint32_t start;
    uint8_t flags;
};

/* Reads the header at the beginning of `code`. False: not all there, or more nodes than allowed. */
OV_MUST_CHECK bool ov_program_open(struct ov_bytes code, struct ov_program *out);

/* The bytes a program may see: those at offsets [low, high) of an object of `size` bytes. */
struct ov_text {
    const uint8_t *at; /* the byte at offset `low`; borrowed */
    uint64_t low;
    uint64_t high;
    uint64_t size;
};

static inline uint8_t ov_text_byte(const struct ov_text *text, uint64_t offset)
{
    return text->at[offset - text->low];
}

/* Whether the assertion holds at `offset` (low <= offset <= high). */
bool ov_text_assert(const struct ov_text *text, uint8_t assertion, uint64_t offset);

/* Whether a consuming node takes this byte. */
static inline bool ov_program_takes(
        const struct ov_program *program, const struct ov_db_node *node, uint8_t byte)
{
    unsigned set;

    if (node->op == OV_NODE_BYTE) {
        return byte == node->arg;
    }
    if (node->op == OV_NODE_ANY) {
        return true;
    }
    set = ov_le16_get(node->set);
    return set < program->set_count && (program->sets[set].bits[byte >> 3] >> (byte & 7) & 1) != 0;
}

/* Whether the preferred match counts, and not the nearest or farthest. Where what may be empty is
 * repeated without end, choices lead back to themselves, and a sweep cannot tell their order. */
static inline bool ov_program_in_order(const struct ov_program *program)
{
    return (program->flags & OV_PROGRAM_LOOPS) == 0;
}

/* Scratch for runs, grown to the largest program seen. */
struct ov_simulator {
    uint32_t *priv_marks; /* the generation in which a node was last reached */
    uint16_t *priv_lists[2];
    uint16_t *priv_stack;
    uint32_t priv_generation;
    uint32_t priv_cap;
};

void ov_simulator_init(struct ov_simulator *sim);
void ov_simulator_done(struct ov_simulator *sim);

enum ov_accepted {
    OV_ACCEPT_STOP = 0, /* the run ends here */
    OV_ACCEPT_ALL,      /* it goes on */
    OV_ACCEPT_BEST      /* only with what would be preferred to this match */
};

/* Asked at each offset where the program has matched. */
typedef enum ov_accepted (*ov_accept_fn)(void *payload, uint64_t offset);

enum ov_run {
    OV_RUN_ENDED = 0, /* no state left, or the reach or the text ended */
    OV_RUN_STOPPED,   /* `accept` said so */
    OV_RUN_STEPS,     /* the budget is gone */
    OV_RUN_MEMORY,
    OV_RUN_MALFORMED
};

struct ov_run_options {
    uint64_t from;
    uint64_t reach;  /* bytes taken at most */
    bool everywhere; /* begin anew at each offset: a search */
    ov_accept_fn accept;
    void *payload;
};

/* Runs the program in its own direction. */
OV_MUST_CHECK enum ov_run ov_program_run(const struct ov_program *program,
        const struct ov_text *text, const struct ov_run_options *options, struct ov_simulator *sim,
        struct ov_budget *budget);

#endif
