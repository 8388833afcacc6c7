/* SPDX-License-Identifier: Apache-2.0 */
/* dense.c - one automaton over a whole block, in time linear in the block: for automata without
 * atoms, and for those whose atoms are everywhere in this block.
 *
 * A sweep over the program right of the cut gives for every cut its best end: the preferred one; where
 * that is out of reach, the nearest or farthest within it. Another one over
 * the program left of it, in which these ends are what is carried, gives for every offset the
 * match that begins there. A match may reach OV_REGEX_REACH_BYTES from its cut to either side.
 */
#include "base/limits.h"
#include "match/inside.h"
#include "match/sweep.h"

/* Cuts done at a time; starts lie a reach lower, ends a reach higher. */
#define PIECE_BYTES (32u * OV_KIB)
#define SPAN_BYTES  (PIECE_BYTES + 2u * OV_REGEX_REACH_BYTES)

struct ov_dense {
    uint32_t right_in[SPAN_BYTES + 1];  /* rank of ending here, for the program right of the cut */
    uint32_t right_out[SPAN_BYTES + 1]; /* best rank for a cut here */
    uint32_t left_out[SPAN_BYTES + 1];  /* best rank for a match that begins here */
    struct ov_sweeper sweeper;
};

void ov_dense_free(struct ov_dense *dense)
{
    if (dense != NULL) {
        ov_sweeper_done(&dense->sweeper);
        free(dense);
    }
}

struct job {
    struct ov_matcher *m;
    struct ov_dense *d;
    const struct ov_db_pattern *pattern;
    struct ov_program right;
    struct ov_program left; /* node_count 0: nothing is left of the cut */
    unsigned flags;
    bool nearest; /* the nearest end and cut are as good as any */
};

/* Whether ends have to be chosen among those within reach of each offset. The nearest one needs
 * no choice: if it is out of reach, so are all. */
static bool needs_sets(const struct job *job, const struct ov_program *program)
{
    const bool nearest =
            job->nearest || (program == &job->right && (job->flags & OV_PATTERN_SHORTEST) != 0);

    return (program->flags & OV_PROGRAM_UNBOUNDED) != 0 && !nearest;
}

/* A sweep of this program; where to and from what is for the caller to fill in. */
static struct ov_sweep sweep_of(const struct job *job, const struct ov_program *program)
{
    return (struct ov_sweep){
        .sweeper = &job->d->sweeper,
        .simulator = &job->m->simulator,
        .program = program,
        .text = &job->m->text,
        .budget = job->m->budget,
    };
}

/* Ranks and offsets: the farther is better, or the nearer. `base` is below both by a reach at
 * most, so ranks are small. */
static uint32_t rank_of(const struct job *job, uint64_t base, uint64_t offset)
{
    const uint32_t distance = (uint32_t)(offset - base);

    return (job->flags & OV_PATTERN_SHORTEST) != 0 || job->nearest ? UINT32_MAX - distance
                                                                   : distance + 1;
}

static uint64_t offset_of(const struct job *job, uint64_t base, uint32_t rank)
{
    return base
           + ((job->flags & OV_PATTERN_SHORTEST) != 0 || job->nearest ? UINT32_MAX - rank
                                                                      : rank - 1);
}

/* Fills right_out. */
static bool choose_ends(struct job *job, struct ov_sweep *sweep)
{
    uint32_t *preferred = job->d->left_out; /* not in use yet */
    bool far = false;

    if (job->nearest || !ov_program_in_order(&job->right)) {
        return ov_sweep_run(sweep, needs_sets(job, &job->right));
    }
    sweep->in_order = true;
    if (!ov_sweep_run(sweep, false)) {
        return false;
    }
    for (uint64_t cut = sweep->low; cut < sweep->high; cut++) {
        const uint32_t rank = sweep->out[cut - sweep->base];
        const bool out_of_reach = rank != OV_NO_RANK
                                  && offset_of(job, sweep->base, rank) - cut > OV_REGEX_REACH_BYTES;

        far |= out_of_reach;
        preferred[cut - sweep->base] = out_of_reach ? OV_NO_RANK : rank;
    }
    if (!far) {
        return true;
    }
    sweep->in_order = false;
    if (!ov_sweep_run(sweep, needs_sets(job, &job->right))) {
        return false;
    }
    for (uint64_t cut = sweep->low; cut < sweep->high; cut++) {
        if (preferred[cut - sweep->base] != OV_NO_RANK) {
            sweep->out[cut - sweep->base] = preferred[cut - sweep->base];
        }
    }
    return true;
}

/* For each cut of [first, end) the rank of its end, in right_out. */
static bool find_ends(struct job *job, uint64_t base, uint64_t first, uint64_t end)
{
    struct ov_matcher *m = job->m;
    struct ov_sweep sweep = sweep_of(job, &job->right);
    const bool fullword = (job->flags & OV_PATTERN_FULLWORD) != 0;
    const bool any_end = (job->flags & OV_PATTERN_ANY_END) != 0;
    const bool wide = (job->flags & OV_PATTERN_WIDE) != 0;
    const uint64_t top =
            m->text.high - end < OV_REGEX_REACH_BYTES ? m->text.high : end + OV_REGEX_REACH_BYTES;

    for (uint64_t y = first; y <= top; y++) {
        const bool counts = !fullword || !any_end || ov_fullword_right(m, y, wide);

        job->d->right_in[y - base] = counts ? rank_of(job, base, y) : OV_NO_RANK;
    }
    sweep.in = job->d->right_in;
    sweep.out = job->d->right_out;
    sweep.base = base;
    sweep.low = first;
    sweep.high = end;
    sweep.top = top;
    if (!choose_ends(job, &sweep)) {
        return false;
    }
    for (uint64_t cut = first; cut < end; cut++) {
        uint32_t *rank = &job->d->right_out[cut - base];

        if (*rank != OV_NO_RANK
                && (offset_of(job, base, *rank) - cut > OV_REGEX_REACH_BYTES
                        || (fullword && !any_end
                                && !ov_fullword_right(m, offset_of(job, base, *rank), wide)))) {
            *rank = OV_NO_RANK;
        }
    }
    return true;
}

static void keep(struct job *job, uint64_t start, uint64_t end)
{
    if ((job->flags & OV_PATTERN_FULLWORD) == 0
            || ov_fullword_left(job->m, start, (job->flags & OV_PATTERN_WIDE) != 0)) {
        ov_matches_add(job->m, job->pattern, start, end - start, 0);
    }
}

static bool wanted(const struct job *job)
{
    return ov_pattern_wanted(job->m, job->pattern->use, ov_le32_get(job->pattern->string));
}

/* Left of the cuts of [first, end): which match begins where. */
static bool find_starts(struct job *job, uint64_t base, uint64_t low, uint64_t first, uint64_t end)
{
    struct ov_dense *d = job->d;
    struct ov_sweep sweep = sweep_of(job, &job->left);
    uint32_t *ends = d->right_out;

    for (uint64_t at = low; at < first; at++) {
        ends[at - base] = OV_NO_RANK;
    }
    if (job->nearest) { /* the nearest cut, then its end: cuts are what is carried */
        for (uint64_t cut = first; cut < end; cut++) {
            d->right_in[cut - base] =
                    ends[cut - base] == OV_NO_RANK ? OV_NO_RANK : rank_of(job, base, cut);
        }
        for (uint64_t at = low; at < first; at++) {
            d->right_in[at - base] = OV_NO_RANK;
        }
    }
    sweep.in = job->nearest ? d->right_in : ends;
    sweep.out = d->left_out;
    sweep.base = base;
    sweep.low = low;
    sweep.high = end;
    sweep.top = end - 1;
    if (!ov_sweep_run(&sweep, needs_sets(job, &job->left))) {
        return false;
    }
    for (uint64_t start = low; start < end && wanted(job); start++) {
        uint64_t at;

        if (d->left_out[start - base] == OV_NO_RANK) {
            continue;
        }
        at = offset_of(job, base, d->left_out[start - base]);
        if (!job->nearest) {
            keep(job, start, at);
        } else if (at - start <= OV_REGEX_REACH_BYTES) {
            keep(job, start, offset_of(job, base, ends[at - base]));
        }
    }
    return true;
}

static bool do_piece(struct job *job, uint64_t first, uint64_t end)
{
    const bool has_left = job->left.node_count != 0;
    const uint64_t low = !has_left ? first
                         : first - job->m->text.low < OV_REGEX_REACH_BYTES
                                 ? job->m->text.low
                                 : first - OV_REGEX_REACH_BYTES;
    const uint64_t base = low;

    if (!find_ends(job, base, first, end)) {
        return false;
    }
    if (has_left) {
        return find_starts(job, base, low, first, end);
    }
    for (uint64_t cut = first; cut < end && wanted(job); cut++) {
        if (job->d->right_out[cut - base] != OV_NO_RANK) {
            keep(job, cut, offset_of(job, base, job->d->right_out[cut - base]));
        }
    }
    return true;
}

static bool open_program(const struct ov_matcher *m, struct ov_le32 at, struct ov_program *out)
{
    const uint64_t from = ov_le32_get(at), size = ov_bytes_len(m->code);
    struct ov_bytes rest;

    return from <= size && ov_bytes_slice(m->code, from, size - from, &rest)
           && ov_program_open(rest, out) && (out->flags & OV_PROGRAM_BACKWARD) == 0;
}

/* True if the job can be done; the buffers are there then. */
static bool prepare(struct job *job)
{
    struct ov_matcher *m = job->m;
    const uint32_t larger = job->right.node_count > job->left.node_count ? job->right.node_count
                                                                         : job->left.node_count;

    if ((needs_sets(job, &job->right) && job->right.node_count > OV_SWEEP_NODES_MAX)
            || (needs_sets(job, &job->left) && job->left.node_count > OV_SWEEP_NODES_MAX)) {
        return false;
    }
    if (!ov_budget_steps(m->budget, job->right.node_count + job->left.node_count)
            || !ov_program_is_sound(&job->right) || !ov_program_is_sound(&job->left)) {
        return false;
    }
    if (m->dense == NULL) {
        m->dense = calloc(1, sizeof(*m->dense));
    }
    job->d = m->dense;
    if (job->d == NULL || !ov_sweeper_grow(&job->d->sweeper, larger)) {
        ov_matcher_stop(m, OV_REASON_MEMORY);
        return false;
    }
    return true;
}

bool ov_dense_run(struct ov_matcher *m, const struct ov_db_pattern *pattern)
{
    struct job job = { .m = m, .pattern = pattern, .flags = ov_le16_get(pattern->flags) };
    const bool has_left = ov_le32_get(pattern->left_forward) != OV_PATTERN_NOTHING;
    uint64_t from = m->first;

    /* Where only the being there counts, the nearest end is as good as the best one. A full word
     * is asked of the best one, though. */
    job.nearest =
            ov_once_is_enough(m, pattern) && ov_le32_get(pattern->collector) < m->string_count
            && ((job.flags & OV_PATTERN_FULLWORD) == 0 || (job.flags & OV_PATTERN_ANY_END) != 0);
    if (!open_program(m, pattern->code, &job.right)
            || (has_left && !open_program(m, pattern->left_forward, &job.left))) {
        return false;
    }
    if (!prepare(&job)) {
        return false;
    }
    if ((job.flags & OV_PATTERN_NO_ATOM) == 0) { /* atoms of this block belong to earlier cuts */
        from = m->first - m->text.low < OV_ATOM_BACK_MAX ? m->text.low
                                                         : m->first - OV_ATOM_BACK_MAX;
    }
    for (uint64_t first = from; first < m->end && wanted(&job); first += PIECE_BYTES) {
        const uint64_t end = m->end - first < PIECE_BYTES ? m->end : first + PIECE_BYTES;

        if (!do_piece(&job, first, end)) {
            ov_matcher_stop(m, OV_REASON_STEPS);
            return true;
        }
    }
    return true;
}

uint64_t ov_dense_steps(const struct ov_program *right, const struct ov_program *left)
{
    return ((uint64_t)right->node_count + left->node_count) * 2;
}
