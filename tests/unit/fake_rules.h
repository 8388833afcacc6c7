/* SPDX-License-Identifier: Apache-2.0 */
/* fake_rules.h - a matcher and an evaluator with one rule for the engine's tests: rule 0 holds
 * where the needle occurs, at its first offset. Rule 1 is a hash rule: MD5 of the needle alone.
 * Include it in one file of a test program. */
#ifndef OV_TESTS_FAKE_RULES_H
#define OV_TESTS_FAKE_RULES_H

#include <stdlib.h>

#include "base/checked.h"
#include "base/limits.h"
#include "eval/eval.h"

#define NEEDLE "overt-test-needle"

struct ov_matcher {
    uint64_t at;
    uint64_t seen_to;
    enum ov_reason stopped;
};

struct ov_evaluator {
    int unused;
};

overt_status ov_matcher_new(struct ov_matcher **out, const struct ov_db_view *view,
        uint64_t memory_max, overt_error *err)
{
    (void)view;
    (void)memory_max;
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? OVERT_OK : ov_fail(err, OVERT_E_NOMEM, 0, "no memory");
}

void ov_matcher_free(struct ov_matcher *m)
{
    free(m);
}

void ov_matcher_begin(struct ov_matcher *m, uint64_t size, bool keep_all)
{
    (void)size;
    (void)keep_all;
    *m = (struct ov_matcher){ .at = UINT64_MAX };
}

void ov_matcher_stance(struct ov_matcher *m, enum ov_stance stance)
{
    (void)m;
    (void)stance;
}

void ov_matcher_part(struct ov_matcher *m, uint64_t end)
{
    (void)m;
    (void)end;
}

void ov_matcher_block(struct ov_matcher *m, struct ov_source *source,
        const struct ov_window *window, struct ov_budget *budget)
{
    const uint8_t *p = ov_bytes_raw(window->bytes);
    const size_t len = (size_t)ov_bytes_len(window->bytes);
    const uint8_t *hit = memmem(p, len, NEEDLE, sizeof(NEEDLE) - 1);

    (void)source;
    OV_ASSERT(window->first == m->seen_to); /* in order, without gaps */
    m->seen_to = window->end;
    if (!ov_budget_steps(budget, (window->end - window->first) / 64)) {
        m->stopped = OV_REASON_STEPS;
        return;
    }
    if (hit != NULL && m->at == UINT64_MAX) {
        m->at = window->offset + (uint64_t)(hit - p);
    }
}

void ov_matcher_end(struct ov_matcher *m, struct ov_source *source, struct ov_budget *budget)
{
    (void)m;
    (void)source;
    (void)budget;
}

bool ov_matcher_count_costs(struct ov_matcher *m, bool count)
{
    (void)m;
    return !count; /* there is nothing to count */
}

const struct ov_string_cost *ov_matcher_cost(const struct ov_matcher *m, uint32_t string)
{
    (void)m;
    (void)string;
    return NULL;
}

const struct ov_match *ov_matcher_matches(
        const struct ov_matcher *m, uint32_t string, size_t *count)
{
    (void)m;
    (void)string;
    *count = 0;
    return NULL;
}

bool ov_evaluator_count_steps(struct ov_evaluator *ev, bool count)
{
    (void)ev;
    return !count;
}

uint64_t ov_evaluator_steps(const struct ov_evaluator *ev, uint32_t rule)
{
    (void)ev;
    (void)rule;
    return 0;
}

bool ov_matcher_again(struct ov_matcher *m)
{
    (void)m;
    return false;
}

enum ov_reason ov_matcher_stopped(const struct ov_matcher *m)
{
    return m->stopped;
}

overt_status ov_evaluator_new(
        struct ov_evaluator **out, const struct ov_db_view *view, overt_error *err)
{
    (void)view;
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? OVERT_OK : ov_fail(err, OVERT_E_NOMEM, 0, "no memory");
}

void ov_evaluator_free(struct ov_evaluator *ev)
{
    free(ev);
}

void ov_evaluator_forget_values(struct ov_evaluator *ev)
{
    (void)ev;
}

bool ov_evaluator_give_value(struct ov_evaluator *ev, const struct ov_external_value *value)
{
    (void)ev;
    (void)value;
    return true;
}

const struct ov_fact_tree *ov_evaluator_facts(struct ov_evaluator *ev, enum ov_field module)
{
    (void)ev;
    (void)module;
    return NULL;
}

enum ov_reason ov_evaluator_facts_reason(const struct ov_evaluator *ev)
{
    (void)ev;
    return OV_REASON_NONE;
}

uint32_t ov_evaluator_used(const struct ov_evaluator *ev)
{
    (void)ev;
    return 0;
}

void ov_evaluator_use(struct ov_evaluator *ev, const struct ov_eval_means *means)
{
    (void)ev;
    (void)means;
}

enum ov_reason ov_evaluate(struct ov_evaluator *ev, const struct ov_matcher *m,
        struct ov_source *source, struct ov_budget *budget, ov_rule_fn rule_fn, void *payload)
{
    (void)ev;
    (void)source;
    (void)budget;
    if (m->at != UINT64_MAX) {
        rule_fn(payload, 0, m->at);
    }
    return OV_REASON_NONE;
}

unsigned ov_hashes_wanted(const struct ov_db_view *view, uint64_t size)
{
    (void)view;
    return size == sizeof(NEEDLE) - 1 ? 1u << OV_DIGEST_MD5 : 0;
}

void ov_hashes_find(const struct ov_db_view *view, enum ov_digest_kind kind, const uint8_t *digest,
        uint64_t size, ov_rule_fn rule_fn, void *payload)
{
    uint8_t want[OV_DIGEST_BYTES_MAX];

    (void)view;
    (void)size;
    if (ov_digest_of(kind, ov_bytes_of(NEEDLE, sizeof(NEEDLE) - 1), want)
            && memcmp(want, digest, ov_digest_bytes(kind)) == 0) {
        rule_fn(payload, 1, UINT64_MAX);
    }
}

/* Nothing here is about ClamAV. */
unsigned ov_domain_wanted(const struct ov_db_view *view, enum ov_hash_domain domain, uint64_t size)
{
    (void)view;
    (void)domain;
    (void)size;
    return 0;
}

void ov_domain_find(const struct ov_db_view *view, enum ov_hash_domain domain,
        enum ov_digest_kind kind, const uint8_t *digest, uint64_t size, ov_rule_fn rule_fn,
        void *payload)
{
    (void)view;
    (void)domain;
    (void)kind;
    (void)digest;
    (void)size;
    (void)rule_fn;
    (void)payload;
}

bool ov_domain_is_empty(const struct ov_db_view *view, enum ov_hash_domain domain)
{
    (void)view;
    (void)domain;
    return true;
}

/* No link of mail is judged here: the fake database lists no hosts. */
struct ov_clam_pcre_state *ov_clam_pcre_new(void)
{
    return NULL;
}

void ov_clam_pcre_free(struct ov_clam_pcre_state *state)
{
    (void)state;
}

enum ov_pcre_end ov_clam_pcre_count(struct ov_clam_pcre_state *state,
        const struct ov_clam_pcre_subject *subject, struct ov_bytes record, uint32_t id,
        struct ov_value start, struct ov_budget *budget, uint64_t *count)
{
    (void)state;
    (void)subject;
    (void)record;
    (void)id;
    (void)start;
    (void)budget;
    *count = 0;
    return OV_PCRE_BAD;
}

struct ov_value ov_clam_fact(
        struct ov_clam_object *object, struct ov_source *source, unsigned fact, uint32_t argument)
{
    (void)object;
    (void)source;
    (void)fact;
    (void)argument;
    return (struct ov_value){ .kind = OV_VALUE_UNDEFINED };
}

#endif
