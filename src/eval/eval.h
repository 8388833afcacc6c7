/* SPDX-License-Identifier: Apache-2.0 */
/* eval.h - hits and facts to rules that hold.
 *
 * Rules are numbered as in OV_DB_RULES; hash rules follow: number = rule count + hash index. */
#ifndef OV_EVAL_EVAL_H
#define OV_EVAL_EVAL_H

#include "base/digest.h"
#include "db/rules_layout.h"
#include "eval/means.h"
#include "match/match.h"

struct ov_evaluator;

/* Scratch for one thread; `view` outlives it. */
OV_MUST_CHECK overt_status ov_evaluator_new(
        struct ov_evaluator **out, const struct ov_db_view *view, overt_error *err);
void ov_evaluator_free(struct ov_evaluator *ev);
OV_DEFINE_AUTO(struct ov_evaluator, ov_evaluator_free);

/* What conditions may use beside the object, for what follows; borrowed. NULL: nothing. */
void ov_evaluator_use(struct ov_evaluator *ev, const struct ov_eval_means *means);
/* OV_USED_*: what of it the last evaluation asked for. */
uint32_t ov_evaluator_used(const struct ov_evaluator *ev);

/* Counts what each condition takes, from the next evaluation on. False: no memory for it. */
OV_MUST_CHECK bool ov_evaluator_count_steps(struct ov_evaluator *ev, bool count);
/* Of the last evaluation; 0 if nothing is counted. What a module's parser took is no rule's. */
uint64_t ov_evaluator_steps(const struct ov_evaluator *ev, uint32_t rule);

/* Called for each rule that holds and is to be reported, ascending. `offset`: of the first match
 * of its first string that matched; UINT64_MAX if it has none. */
typedef void (*ov_rule_fn)(void *payload, uint32_t rule, uint64_t offset);

/* Values that take the place of those in the database for the next evaluation, by name and type;
 * others are passed over. The texts are borrowed until then. False: out of memory. */
struct ov_external_value {
    struct ov_bytes name;
    enum ov_db_datum_type type;
    int64_t integer;
    double real;
    struct ov_bytes text;
};
void ov_evaluator_forget_values(struct ov_evaluator *ev);
OV_MUST_CHECK bool ov_evaluator_give_value(
        struct ov_evaluator *ev, const struct ov_external_value *value);

/* Only rules that can hold are evaluated: those some of whose strings were found, and those that
 * need none. Cost grows with these, not with the database. Returns OV_REASON_NONE, or why
 * evaluation was not finished (STEPS, MEMORY). */
enum ov_reason ov_evaluate(struct ov_evaluator *ev, const struct ov_matcher *m,
        struct ov_source *source, struct ov_budget *budget, ov_rule_fn on_rule, void *payload);

/* What a module says of the object evaluated last, parsed now if no condition asked. `means` and
 * `source` of then must still be there. NULL: out of memory. */
const struct ov_fact_tree *ov_evaluator_facts(struct ov_evaluator *ev, enum ov_field module)
        OV_MUST_CHECK;
enum ov_reason ov_evaluator_facts_reason(const struct ov_evaluator *ev);

/* Whole-object hashes. A set of 1 << ov_digest_kind: which digests could decide anything for an
 * object of this size. 0 for most objects where the lists give sizes. */
unsigned ov_hashes_wanted(const struct ov_db_view *view, uint64_t size);
/* Calls on_rule for each hash rule with this digest (and this size, where it has one). */
void ov_hashes_find(const struct ov_db_view *view, enum ov_digest_kind kind, const uint8_t *digest,
        uint64_t size, ov_rule_fn on_rule, void *payload);

/* The same for hashes of anything else. */
unsigned ov_domain_wanted(const struct ov_db_view *view, enum ov_hash_domain domain, uint64_t size);
void ov_domain_find(const struct ov_db_view *view, enum ov_hash_domain domain,
        enum ov_digest_kind kind, const uint8_t *digest, uint64_t size, ov_rule_fn on_rule,
        void *payload);
bool ov_domain_is_empty(const struct ov_db_view *view, enum ov_hash_domain domain);

#endif
