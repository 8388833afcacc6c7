/* SPDX-License-Identifier: Apache-2.0 */
/* sweep.c - see sweep.h. Programs come from the database; they were found sound before. */
#include "match/sweep.h"

#include <string.h>

#define SET_WORDS_MAX (OV_SWEEP_NODES_MAX / 64u)

void ov_sweeper_done(struct ov_sweeper *sweeper)
{
    for (size_t i = 0; i < 2; i++) {
        free(sweeper->priv_carried[i]);
        free(sweeper->priv_sets[i]);
        sweeper->priv_carried[i] = NULL;
        sweeper->priv_sets[i] = NULL;
    }
    free(sweeper->priv_takers);
    free(sweeper->priv_order);
    free(sweeper->priv_seen);
    free(sweeper->priv_stack);
    sweeper->priv_takers = NULL;
    sweeper->priv_order = NULL;
    sweeper->priv_seen = NULL;
    sweeper->priv_stack = NULL;
    sweeper->priv_cap = 0;
}

bool ov_sweeper_grow(struct ov_sweeper *sweeper, uint32_t nodes)
{
    bool done = true;
    uint32_t cap = 64;

    if (nodes <= sweeper->priv_cap) {
        return true;
    }
    while (cap < nodes) {
        cap *= 2;
    }
    ov_sweeper_done(sweeper);
    for (size_t i = 0; i < 2; i++) {
        const uint32_t set_nodes = cap <= OV_SWEEP_NODES_MAX ? cap : 1;

        sweeper->priv_carried[i] = calloc(cap, sizeof(*sweeper->priv_carried[i]));
        sweeper->priv_sets[i] = calloc(set_nodes, SET_WORDS_MAX * sizeof(uint64_t));
        done = done && sweeper->priv_carried[i] != NULL && sweeper->priv_sets[i] != NULL;
    }
    sweeper->priv_takers = calloc(cap, sizeof(*sweeper->priv_takers));
    sweeper->priv_order = calloc(cap, sizeof(*sweeper->priv_order));
    sweeper->priv_seen = calloc(cap, sizeof(*sweeper->priv_seen));
    sweeper->priv_stack = calloc((size_t)cap * 2 + 2, sizeof(*sweeper->priv_stack));
    done = done && sweeper->priv_takers != NULL && sweeper->priv_order != NULL
           && sweeper->priv_seen != NULL && sweeper->priv_stack != NULL;
    if (!done) {
        ov_sweeper_done(sweeper);
        return false;
    }
    sweeper->priv_cap = cap;
    return true;
}

/* --- the program, prepared --------------------------------------------------------------------- */

bool ov_program_is_sound(const struct ov_program *program)
{
    for (uint32_t i = 0; i < program->node_count; i++) {
        const struct ov_db_node *node = &program->nodes[i];

        if (node->op < OV_NODE_BYTE || node->op > OV_NODE_MATCH
                || ov_le16_get(node->next) >= program->node_count
                || ov_le16_get(node->alt) >= program->node_count) {
            return false;
        }
    }
    return true;
}

enum {
    UNSEEN = 0,
    OPEN = 1,
    DONE = 2
};

static bool takes_nothing(const struct ov_db_node *node)
{
    return node->op == OV_NODE_SPLIT || node->op == OV_NODE_ASSERT;
}

/* Goes to `next` if it is new. An open one means a cycle of nodes that take nothing. */
static void visit(struct ov_sweeper *sweeper, const struct ov_program *program, uint16_t next,
        uint32_t *depth)
{
    if (!takes_nothing(&program->nodes[next])) {
        return;
    }
    if (sweeper->priv_seen[next] == UNSEEN) {
        sweeper->priv_stack[(*depth)++] = next;
    } else if (sweeper->priv_seen[next] == OPEN) {
        sweeper->priv_cyclic = true;
    }
}

/* Depth first, so that each node that takes nothing stands behind those it leads to. Each node is
 * opened once and pushes two others then, which is what the stack has room for. */
static void put_in_order(struct ov_sweeper *sweeper, const struct ov_program *program)
{
    sweeper->priv_taker_count = 0;
    sweeper->priv_order_count = 0;
    sweeper->priv_cyclic = false;
    memset(sweeper->priv_seen, UNSEEN, program->node_count);
    for (uint32_t root = 0; root < program->node_count; root++) {
        uint32_t depth = 0;

        if (!takes_nothing(&program->nodes[root])) {
            if (program->nodes[root].op != OV_NODE_MATCH) {
                sweeper->priv_takers[sweeper->priv_taker_count++] = (uint16_t)root;
            }
            continue;
        }
        if (sweeper->priv_seen[root] == UNSEEN) {
            sweeper->priv_stack[depth++] = (uint16_t)root;
        }
        while (depth > 0) {
            const uint16_t at = sweeper->priv_stack[depth - 1];
            const struct ov_db_node *node = &program->nodes[at];

            if (sweeper->priv_seen[at] == UNSEEN) {
                sweeper->priv_seen[at] = OPEN;
                visit(sweeper, program, ov_le16_get(node->next), &depth);
                if (node->op == OV_NODE_SPLIT) {
                    visit(sweeper, program, ov_le16_get(node->alt), &depth);
                }
                continue;
            }
            depth--;
            if (sweeper->priv_seen[at] == OPEN) {
                sweeper->priv_seen[at] = DONE;
                sweeper->priv_order[sweeper->priv_order_count++] = at;
            }
        }
    }
}

/* --- carrying ---------------------------------------------------------------------------------- */

static uint32_t better(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Ranks of the nodes that take nothing. Without a cycle one round is right. */
static bool settle_ranks(const struct ov_sweep *s, uint32_t *here, uint64_t offset)
{
    const struct ov_program *program = s->program;
    const bool in_order = s->in_order && !s->sweeper->priv_cyclic;
    bool changed = true;

    for (uint32_t i = 0; i < s->sweeper->priv_order_count && s->sweeper->priv_cyclic; i++) {
        here[s->sweeper->priv_order[i]] = OV_NO_RANK;
    }
    while (changed) {
        changed = false;
        if (!ov_budget_steps(s->budget, s->sweeper->priv_order_count)) {
            return false;
        }
        for (uint32_t i = 0; i < s->sweeper->priv_order_count; i++) {
            const uint16_t at = s->sweeper->priv_order[i];
            const struct ov_db_node *node = &program->nodes[at];
            uint32_t rank = OV_NO_RANK;

            if (node->op == OV_NODE_SPLIT) {
                const uint32_t first = here[ov_le16_get(node->next)];
                const uint32_t second = here[ov_le16_get(node->alt)];

                rank = !in_order ? better(first, second) : first != OV_NO_RANK ? first : second;
            } else if (ov_text_assert(s->text, node->arg, offset)) {
                rank = here[ov_le16_get(node->next)];
            }
            changed |= s->sweeper->priv_cyclic && rank != here[at];
            here[at] = rank;
        }
    }
    return true;
}

/* The ranks of all nodes at `offset`, from those one byte higher (NULL: nothing is). */
static bool carry_ranks(
        const struct ov_sweep *s, const uint32_t *higher, uint32_t *here, uint64_t offset)
{
    const struct ov_program *program = s->program;
    const uint32_t accepted = s->in[offset - s->base];
    const uint8_t byte = higher != NULL ? ov_text_byte(s->text, offset) : 0;

    if (!ov_budget_steps(s->budget, s->sweeper->priv_taker_count + 1)) {
        return false;
    }
    for (uint32_t i = 0; i < program->node_count; i++) {
        if (program->nodes[i].op == OV_NODE_MATCH) {
            here[i] = accepted;
        }
    }
    for (uint32_t i = 0; i < s->sweeper->priv_taker_count; i++) {
        const uint16_t at = s->sweeper->priv_takers[i];
        const struct ov_db_node *node = &program->nodes[at];

        here[at] = higher != NULL && ov_program_takes(program, node, byte)
                           ? higher[ov_le16_get(node->next)]
                           : OV_NO_RANK;
    }
    return settle_ranks(s, here, offset);
}

/* For programs that take no more than one reach, or where the nearest end is the best. */
static bool sweep_ranks(const struct ov_sweep *s)
{
    uint32_t *higher = s->sweeper->priv_carried[0], *here = s->sweeper->priv_carried[1];
    bool first = true;

    for (uint64_t offset = s->top;; offset--) {
        uint32_t *spare = higher;

        if (!carry_ranks(s, first ? NULL : higher, here, offset)) {
            return false;
        }
        if (offset < s->high) {
            s->out[offset - s->base] = here[s->program->start];
        }
        if (offset == s->low) {
            return true;
        }
        first = false;
        higher = here;
        here = spare;
    }
}

/* --- segments ---------------------------------------------------------------------------------- */

static void settle_sets(const struct ov_sweep *s, uint64_t *here, size_t words, uint64_t offset)
{
    const struct ov_program *program = s->program;
    bool changed = true;

    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < s->sweeper->priv_order_count; i++) {
            const uint16_t at = s->sweeper->priv_order[i];
            const struct ov_db_node *node = &program->nodes[at];
            const bool split = node->op == OV_NODE_SPLIT;
            const bool open = split || ov_text_assert(s->text, node->arg, offset);

            for (size_t w = 0; w < words && open; w++) {
                uint64_t set = here[at * words + w] | here[ov_le16_get(node->next) * words + w];

                set |= split ? here[ov_le16_get(node->alt) * words + w] : 0;
                changed |= s->sweeper->priv_cyclic && set != here[at * words + w];
                here[at * words + w] = set;
            }
        }
    }
}

/* At each offset of the segment, which nodes the edge can be crossed at. */
static bool carry_sets(const struct ov_sweep *s, uint64_t low, uint64_t edge)
{
    const struct ov_program *program = s->program;
    const size_t words = (program->node_count + 63) / 64;
    uint64_t *higher = s->sweeper->priv_sets[0], *here = s->sweeper->priv_sets[1];

    for (uint64_t offset = edge; offset-- > low;) {
        const uint8_t byte = ov_text_byte(s->text, offset);
        uint64_t *spare = higher;

        if (!ov_budget_steps(s->budget, program->node_count * words)) {
            return false;
        }
        memset(here, 0, program->node_count * words * sizeof(*here));
        for (uint32_t i = 0; i < s->sweeper->priv_taker_count; i++) {
            const uint16_t at = s->sweeper->priv_takers[i];
            const struct ov_db_node *node = &program->nodes[at];
            const uint16_t next = ov_le16_get(node->next);

            if (!ov_program_takes(program, node, byte)) {
                continue;
            }
            if (offset + 1 == edge) {
                here[at * words + next / 64] |= UINT64_C(1) << (next % 64);
            } else {
                memcpy(&here[at * words], &higher[next * words], words * sizeof(*here));
            }
        }
        settle_sets(s, here, words, offset);
        memcpy(s->sweeper->priv_crossed[offset - low], &here[program->start * words],
                words * sizeof(*here));
        higher = here;
        here = spare;
    }
    return true;
}

/* Collects the ranks of the ends above the edge. */
struct above {
    const struct ov_sweep *s;
    uint64_t edge;
};

static enum ov_accepted on_end_above(void *payload, uint64_t offset)
{
    const struct above *above = payload;

    above->s->sweeper->priv_best[offset - above->edge] = above->s->in[offset - above->s->base];
    return OV_ACCEPT_ALL;
}

/* What is reached over node `node` at the edge improves what the segment has so far. */
static bool run_above(const struct ov_sweep *s, uint32_t node, uint64_t low, uint64_t edge)
{
    struct above above = { .s = s, .edge = edge };
    const struct ov_run_options options = {
        .from = edge,
        .reach = s->top - edge < OV_REGEX_REACH_BYTES ? s->top - edge : OV_REGEX_REACH_BYTES,
        .accept = on_end_above,
        .payload = &above,
    };
    struct ov_program from = *s->program;
    uint32_t *best = s->sweeper->priv_best;

    from.start = node;
    memset(best, 0, sizeof(s->sweeper->priv_best));
    if (ov_program_run(&from, s->text, &options, s->simulator, s->budget) != OV_RUN_ENDED) {
        return false;
    }
    for (size_t i = 1; i <= OV_REGEX_REACH_BYTES; i++) {
        best[i] = better(best[i], best[i - 1]);
    }
    for (uint64_t offset = low; offset < edge; offset++) {
        if ((s->sweeper->priv_crossed[offset - low][node / 64] >> (node % 64) & 1) != 0) {
            uint32_t *out = &s->out[offset - s->base];

            *out = better(*out, best[offset + OV_REGEX_REACH_BYTES - edge]);
        }
    }
    return true;
}

static bool sweep_segment(const struct ov_sweep *s, uint64_t low, uint64_t edge)
{
    const size_t words = (s->program->node_count + 63) / 64;
    struct ov_sweep inside = *s;

    /* Ends inside the segment are below every limit. What ends at the edge crosses it. */
    inside.low = low;
    inside.high = edge;
    inside.top = edge - 1;
    inside.in_order = false;
    if (!sweep_ranks(&inside)) {
        return false;
    }
    if (edge > s->top) {
        return true; /* nothing can end above */
    }
    if (!carry_sets(s, low, edge)) {
        return false;
    }
    for (uint32_t node = 0; node < s->program->node_count; node++) {
        bool crossed = false;

        for (uint64_t offset = low; offset < edge && !crossed; offset++) {
            crossed = (s->sweeper->priv_crossed[offset - low][node / 64] >> (node % 64) & 1) != 0;
        }
        if (!ov_budget_steps(s->budget, words) || (crossed && !run_above(s, node, low, edge))) {
            return false;
        }
    }
    return true;
}

static bool sweep_segments(const struct ov_sweep *s)
{
    for (uint64_t low = s->low; low < s->high; low += OV_REGEX_REACH_BYTES) {
        const uint64_t left = s->high - low;
        const uint64_t edge = left < OV_REGEX_REACH_BYTES ? s->high : low + OV_REGEX_REACH_BYTES;

        if (!sweep_segment(s, low, edge)) {
            return false;
        }
    }
    return true;
}

bool ov_sweep_run(const struct ov_sweep *sweep, bool limited)
{
    put_in_order(sweep->sweeper, sweep->program);
    return limited ? sweep_segments(sweep) : sweep_ranks(sweep);
}
