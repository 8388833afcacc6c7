/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/spaces.h"

#include <string.h>

#include "compile/condition.h"

/* Rules one after another in the same namespace. */
struct run {
    struct ov_bytes name;
    uint32_t number; /* of the run, in order; later: of the space */
};

static int by_name(const void *x, const void *y)
{
    const struct run *p = x, *q = y;
    const uint64_t len_p = ov_bytes_len(p->name), len_q = ov_bytes_len(q->name);
    const uint64_t both = len_p < len_q ? len_p : len_q;
    const int c =
            both == 0 ? 0 : memcmp(ov_bytes_raw(p->name), ov_bytes_raw(q->name), (size_t)both);

    if (c != 0) {
        return c;
    }
    if (len_p != len_q) {
        return len_p < len_q ? -1 : 1;
    }
    return (p->number > q->number) - (p->number < q->number);
}

static bool same_name(const struct run *p, const struct run *q)
{
    return ov_bytes_equal(p->name, ov_bytes_raw(q->name), (size_t)ov_bytes_len(q->name));
}

/* first[run] becomes the first run that has the same name. */
static void find_firsts(struct run *runs, uint32_t count, uint32_t *first)
{
    qsort(runs, count, sizeof(*runs), by_name);
    for (uint32_t i = 0; i < count; i++) {
        first[runs[i].number] = i != 0 && same_name(&runs[i - 1], &runs[i])
                                        ? first[runs[i - 1].number]
                                        : runs[i].number;
    }
}

static uint32_t cut_into_runs(const struct ov_rule_set *set, struct run *runs, uint32_t *run_of)
{
    uint32_t count = 0;

    for (size_t r = 0; r < set->rule_count; r++) {
        const struct run next = { .name = set->rules[r].space, .number = count };

        if (count == 0 || !same_name(&runs[count - 1], &next)) {
            runs[count++] = next;
        }
        run_of[r] = count - 1;
    }
    return count;
}

bool ov_spaces_find(
        const struct ov_rule_set *set, const struct ov_rule_plan *plans, struct ov_spaces *out)
{
    const size_t rules = set->rule_count + 1;
    struct run *runs = calloc(rules, sizeof(*runs));
    uint32_t *first = calloc(rules, sizeof(*first));
    uint32_t *number = calloc(rules, sizeof(*number)); /* by first run, plus one */
    uint32_t count;
    bool good;

    *out = (struct ov_spaces){
        .of_rule = calloc(rules, sizeof(*out->of_rule)),
        .names = calloc(rules, sizeof(*out->names)),
    };
    good = runs != NULL && first != NULL && number != NULL && out->of_rule != NULL
           && out->names != NULL;
    if (good) {
        count = cut_into_runs(set, runs, out->of_rule);
        find_firsts(runs, count, first);
        for (size_t r = 0; r < set->rule_count; r++) {
            uint32_t *n = &number[first[out->of_rule[r]]];

            if (*n == 0 && !plans[r].left_out) {
                out->names[out->count++] = set->rules[r].space;
                *n = out->count;
            }
            out->of_rule[r] = *n == 0 ? 0 : *n - 1;
        }
    }
    free(number);
    free(first);
    free(runs);
    return good;
}

void ov_spaces_done(struct ov_spaces *spaces)
{
    free(spaces->of_rule);
    free(spaces->names);
    *spaces = (struct ov_spaces){ 0 };
}
