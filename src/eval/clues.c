/* SPDX-License-Identifier: Apache-2.0 */
/* clues.c - facts of the object looked up among those that rules compare them with (db/clues.h).
 * Rules that can hold only with such a fact are run when it is found, whatever their number. */
#include "db/clues.h"

#include "eval/inside.h"

/* Adds rules [first, first + count) of the section to those to be run. */
static void wake(struct ov_machine *m, struct ov_le32 first, struct ov_le32 count)
{
    const uint64_t from = ov_le32_get(first), n = ov_le32_get(count);

    if (n == 0 || !ov_machine_charge(m, 1 + n / 16)) {
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        const struct ov_le32 *rule =
                ov_db_clues_item(m->view, m->clues->rules, from + i, sizeof(*rule));

        if (rule == NULL) {
            (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
            return;
        }
        ov_bits_add(m->woken, ov_le32_get(*rule));
    }
}

/* The record of this hash among those of the probe; NULL: no rule asks for such a value. */
static const struct ov_db_clue_value *find(struct ov_machine *m, uint32_t hash)
{
    uint64_t low = ov_le32_get(m->probe->value_first);
    uint64_t high = low + ov_le32_get(m->probe->value_count);

    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        const struct ov_db_clue_value *value =
                ov_db_clues_item(m->view, m->clues->values, middle, sizeof(*value));

        if (value == NULL) {
            (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
            return NULL;
        }
        if (ov_le32_get(value->hash) == hash) {
            return value;
        }
        if (ov_le32_get(value->hash) < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

struct ov_value ov_machine_clue(struct ov_machine *m, unsigned how, struct ov_value value)
{
    const uint64_t bytes = value.kind == OV_VALUE_TEXT ? ov_bytes_len(value.text) : 0;
    const struct ov_db_clue_value *found;
    uint32_t hash;

    if (m->probe == NULL || (how & ~OV_CLUE_FOLDS) != 0) {
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
    }
    if (value.kind == OV_VALUE_UNDEFINED || !ov_machine_charge(m, 1 + bytes / 16)) {
        return ov_value_int(0);
    }
    if (m->told != m->probe) {
        m->told = m->probe;
        wake(m, m->probe->any_first, m->probe->any_count);
    }
    if (ov_db_clue_hash(value, (how & OV_CLUE_FOLDS) != 0, &hash)) {
        found = find(m, hash);
        if (found != NULL) {
            wake(m, found->first, found->count);
        }
    }
    return ov_value_int(0);
}
