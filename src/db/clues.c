/* SPDX-License-Identifier: Apache-2.0 */
#include "db/clues.h"

#include <string.h>

#include "base/checked.h"

static uint32_t mixed(uint64_t h)
{
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return (uint32_t)(h >> 32);
}

/* Without regard to case a text counts up to its first NUL, as in eval/calls_pe_imports.c. */
static uint64_t of_text(struct ov_bytes text, bool folds)
{
    const uint8_t *at = ov_bytes_raw(text);
    const uint64_t len = ov_bytes_len(text);
    uint64_t h = 0xcbf29ce484222325u ^ len;

    for (uint64_t i = 0; i < len && !(folds && at[i] == 0); i++) {
        const uint8_t c = folds && at[i] >= 'A' && at[i] <= 'Z' ? at[i] + ('a' - 'A') : at[i];

        h = (h ^ c) * 0x100000001b3u;
    }
    return h;
}

bool ov_db_clue_hash(struct ov_value value, bool folds, uint32_t *out)
{
    if (value.kind == OV_VALUE_INT) {
        *out = mixed((uint64_t)value.integer * 0x9e3779b97f4a7c15u);
        return true;
    }
    if (value.kind == OV_VALUE_TEXT) {
        *out = mixed(of_text(value.text, folds));
        return true;
    }
    return false;
}

bool ov_db_clues_read(const struct ov_db_view *view, struct ov_db_clues *out)
{
    struct ov_bytes head;

    if (!ov_bytes_slice(view->sections[OV_DB_CLUES], 0, sizeof(*out), &head)) {
        return false;
    }
    memcpy(out, ov_bytes_raw(head), sizeof(*out));
    return true;
}

const void *ov_db_clues_item(
        const struct ov_db_view *view, struct ov_db_array array, uint64_t index, size_t size)
{
    struct ov_bytes item;

    if (index >= ov_le32_get(array.count)
            || !ov_bytes_slice(view->sections[OV_DB_CLUES],
                    (uint64_t)ov_le32_get(array.offset) + index * size, size, &item)) {
        return NULL;
    }
    return ov_bytes_raw(item);
}
