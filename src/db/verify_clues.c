/* SPDX-License-Identifier: Apache-2.0 */
/* OV_DB_CLUES: every probe's values and rules are there, and can be searched. Its code is verified
 * with that of the conditions (verify_code.c). */
#include "base/checked.h"
#include "db/clues.h"
#include "db/verify.h"

static bool array_fits(const struct ov_db_view *view, struct ov_db_array array, size_t size)
{
    const uint64_t bytes = (uint64_t)ov_le32_get(array.count) * size;
    struct ov_bytes all;

    return ov_le32_get(array.offset) % 4 == 0
           && ov_bytes_slice(view->sections[OV_DB_CLUES], ov_le32_get(array.offset), bytes, &all);
}

static bool range_fits(struct ov_le32 first, struct ov_le32 count, struct ov_db_array in)
{
    return ov_le32_get(count) <= ov_le32_get(in.count)
           && ov_le32_get(first) <= ov_le32_get(in.count) - ov_le32_get(count);
}

static bool values_are_sound(const struct ov_db_view *view, const struct ov_db_clues *clues,
        const struct ov_db_probe *probe)
{
    const uint64_t first = ov_le32_get(probe->value_first), count = ov_le32_get(probe->value_count);
    uint32_t last = 0;

    for (uint64_t i = 0; i < count; i++) {
        const struct ov_db_clue_value *v =
                ov_db_clues_item(view, clues->values, first + i, sizeof(*v));

        if (v == NULL || (i != 0 && ov_le32_get(v->hash) <= last)
                || !range_fits(v->first, v->count, clues->rules)) {
            return false;
        }
        last = ov_le32_get(v->hash);
    }
    return true;
}

static bool probe_is_sound(const struct ov_db_view *view, const struct ov_db_clues *clues,
        const struct ov_db_probe *probe)
{
    const uint16_t bytes = ov_le16_get(probe->bytes);

    return (bytes == 0 || bytes == 1 || bytes == 2 || bytes == 4)
           && (uint32_t)ov_le16_get(probe->offset) + bytes <= OV_DB_GUARD_BYTES_MAX
           && range_fits(probe->any_first, probe->any_count, clues->rules)
           && range_fits(probe->value_first, probe->value_count, clues->values)
           && values_are_sound(view, clues, probe);
}

overt_status ov_db_verify_clues(const struct ov_db_view *view, overt_error *err)
{
    struct ov_db_clues clues;

    if (ov_bytes_len(view->sections[OV_DB_CLUES]) == 0) {
        return OVERT_OK;
    }
    if (!ov_db_clues_read(view, &clues)
            || !array_fits(view, clues.probes, sizeof(struct ov_db_probe))
            || !array_fits(view, clues.values, sizeof(struct ov_db_clue_value))
            || !array_fits(view, clues.rules, sizeof(struct ov_le32))) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the tables of clues are cut short");
    }
    for (uint64_t i = 0; i < ov_le32_get(clues.probes.count); i++) {
        const struct ov_db_probe *p = ov_db_clues_item(view, clues.probes, i, sizeof(*p));

        if (p == NULL || !probe_is_sound(view, &clues, p)) {
            return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "probe %llu is malformed",
                    (unsigned long long)i);
        }
    }
    for (uint64_t i = 0; i < ov_le32_get(clues.rules.count); i++) {
        const struct ov_le32 *rule = ov_db_clues_item(view, clues.rules, i, sizeof(*rule));

        if (rule == NULL || ov_le32_get(*rule) >= view->counts[OV_DB_RULES]) {
            return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                    "clue %llu is of a rule that is not there", (unsigned long long)i);
        }
    }
    return OVERT_OK;
}
