/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a stream of decisions, or of the rules of a log. Property: everything that was kept is
 * named after its entry, and nothing of what was left out stays. */
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "rules/logged/logged.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool begins(struct ov_bytes text, const char *with)
{
    return ov_bytes_len(text) >= strlen(with)
           && memcmp(ov_bytes_raw(text), with, strlen(with)) == 0;
}

static void check(const struct ov_rule_set *set)
{
    for (size_t i = 0; i < set->rule_count; i++) {
        OV_ASSERT(begins(set->rules[i].space, "log:") && set->rules[i].flags == 0);
    }
    for (size_t i = 0; i < set->hashes.count; i++) {
        OV_ASSERT(begins(ov_hash_set_get(&set->hashes, i).name, "log:")
                  || begins(ov_hash_set_get(&set->hashes, i).name, "suppress:"));
    }
    OV_ASSERT(set->lists == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ov_logged_decisions decisions = { .held = NULL };
    const struct ov_bytes text = ov_bytes_of(data, size), file = ov_bytes_of("log", 3);
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;

    ov_arena_init(&arena, 256u * (uint64_t)OV_MIB);
    ov_rule_set_init(&set, &arena);
    ov_diags_init(&diags, &arena);
    if (!ov_logged_decide(&set, file, text, &decisions, &diags)) {
        const bool good = ov_logged_read(&set, file, text, &decisions, &diags);

        OV_ASSERT(good || diags.errors > 0 || diags.out_of_memory);
    }
    check(&set);
    ov_diags_done(&diags);
    ov_rule_set_done(&set);
    ov_arena_done(&arena);
    return 0;
}
