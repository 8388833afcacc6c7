/* SPDX-License-Identifier: Apache-2.0 */
/* counts.c - what each string costs, for a person who asks (`overt rules cost`). Nothing of it decides
 * anything, so what is counted twice or not at all changes no answer. */
#include <stdlib.h>

#include "match/inside.h"

bool ov_matcher_count_costs(struct ov_matcher *m, bool count)
{
    if (!count) {
        free(m->costs);
        m->costs = NULL;
        return true;
    }
    if (m->costs == NULL) {
        /* The count was measured against the database when its slots were made. */
        m->costs = calloc((size_t)m->string_count + 1, sizeof(*m->costs));
    }
    return m->costs != NULL;
}

const struct ov_string_cost *ov_matcher_cost(const struct ov_matcher *m, uint32_t string)
{
    return m->costs != NULL && string < m->string_count ? &m->costs[string] : NULL;
}

void ov_counts_begin(struct ov_matcher *m)
{
    memset(m->costs, 0, ((size_t)m->string_count + 1) * sizeof(*m->costs));
}

void ov_count_candidate(struct ov_matcher *m, uint32_t string)
{
    if (string < m->string_count) { /* else: a database that lies */
        m->costs[string].candidates++;
    }
}

void ov_count_confirmation(struct ov_matcher *m, uint32_t string, uint64_t steps_before)
{
    if (string < m->string_count) {
        m->costs[string].confirmations++;
        m->costs[string].steps += steps_before - m->budget->steps_left;
    }
}
