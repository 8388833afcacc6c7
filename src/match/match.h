/* SPDX-License-Identifier: Apache-2.0 */
/* match.h - one pass over the bytes of one object: which strings of the database occur, where.
 *
 * A matcher is scratch for one thread, on one database, reused object after object:
 *
 *   ov_matcher_begin(m, size, keep_all);
 *   do {
 *       while (ov_source_block(source, at, &window)) {
 *           ov_matcher_block(m, source, &window, budget);
 *       }
 *       ov_matcher_end(m, source, budget);
 *   } while (ov_matcher_again(m));
 *   ... ov_matcher_found, ov_matcher_matches ...
 *
 * Of most rules the first sweep looks for one or a few strings only, without which they cannot
 * hold; in the few objects that have them a second sweep looks for the others.
 *
 * Strings whose condition only asks whether they occur stop being looked for after the first
 * match, unless keep_all. Memory: a cap given at creation; past it the state says MATCHES/MEMORY.
 */
#ifndef OV_MATCH_MATCH_H
#define OV_MATCH_MATCH_H

#include "base/budget.h"
#include "base/error.h"
#include "base/reason.h"
#include "base/source.h"
#include "db/match_layout.h"
#include "db/view.h"

struct ov_match {
    uint64_t offset;
    uint32_t length;
    uint32_t xor_key; /* of an xor string; else 0 */
};

struct ov_matcher;

/* `view` outlives the matcher. */
OV_MUST_CHECK overt_status ov_matcher_new(struct ov_matcher **out, const struct ov_db_view *view,
        uint64_t memory_max, overt_error *err);
void ov_matcher_free(struct ov_matcher *m);
OV_DEFINE_AUTO(struct ov_matcher, ov_matcher_free);

void ov_matcher_begin(struct ov_matcher *m, uint64_t size, bool keep_all);

/* After begin: how the object is looked at; FILE, unless this is called. */
void ov_matcher_stance(struct ov_matcher *m, enum ov_stance stance);

/* Blocks come in order and without gaps. `source` is for the few confirmations that reach beyond
 * the window's context. */
void ov_matcher_block(struct ov_matcher *m, struct ov_source *source,
        const struct ov_window *window, struct ov_budget *budget);
void ov_matcher_end(struct ov_matcher *m, struct ov_source *source, struct ov_budget *budget);

/* The blocks to come are another part of the same address space, which ends at `end`: what is
 * found is added. Parts come in order; ov_matcher_begin had UINT64_MAX for a size. */
void ov_matcher_part(struct ov_matcher *m, uint64_t end);

/* True: the first sweep found that a second one is needed. All blocks come once more. */
OV_MUST_CHECK bool ov_matcher_again(struct ov_matcher *m);

/* OV_REASON_NONE, or why not everything was looked for or kept (STEPS, MATCHES, MEMORY). */
enum ov_reason ov_matcher_stopped(const struct ov_matcher *m);

/* After ov_matcher_end. `string` is the number through the whole database. */
bool ov_matcher_found(const struct ov_matcher *m, uint32_t string);
/* Ascending by offset, no two at one offset; borrowed until the next begin. */
const struct ov_match *ov_matcher_matches(
        const struct ov_matcher *m, uint32_t string, size_t *count);
/* The numbers of all strings found, in no particular order. */
const uint32_t *ov_matcher_found_strings(const struct ov_matcher *m, size_t *count);

/* What looking for a string took since the last begin, counted only if it was asked for. A candidate
 * is a place where a few of its bytes were found; steps are those of the budget. */
struct ov_string_cost {
    uint64_t candidates;
    uint64_t confirmations; /* candidates that were compared whole */
    uint64_t steps;
};

/* From the next begin on. False: no memory for it, and nothing is counted. */
OV_MUST_CHECK bool ov_matcher_count_costs(struct ov_matcher *m, bool count);
/* NULL: nothing is counted, or there is no such string. */
const struct ov_string_cost *ov_matcher_cost(const struct ov_matcher *m, uint32_t string);

/* match/regex.h runs a regular expression of a condition (`matches`) over one value. */

#endif
