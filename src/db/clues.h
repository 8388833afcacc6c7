/* SPDX-License-Identifier: Apache-2.0 */
/* clues.h - what lies inside OV_DB_CLUES: facts of an object, and the rules that may hold where a
 * fact has a certain value. Changing it means changing docs/formats/ovdb.md.
 *
 * The section begins with struct ov_db_clues; its arrays lie at byte offsets from the section's
 * start. */
#ifndef OV_DB_CLUES_H
#define OV_DB_CLUES_H

#include "db/rules_layout.h"
#include "db/value.h"
#include "db/view.h"

struct ov_db_clues {
    struct ov_db_array probes; /* struct ov_db_probe */
    struct ov_db_array values; /* struct ov_db_clue_value */
    struct ov_db_array rules;  /* ov_le32 */
};
_Static_assert(sizeof(struct ov_db_clues) == 24, "on-disk layout");

/* One fact, or one of each element of an array. Its code is that of a condition in which
 * OV_OP_CLUE looks each value up; it is run for objects of these sizes whose `bytes` bytes at
 * `offset` are `test` (as those of a guard). */
struct ov_db_probe {
    struct ov_le16 offset;
    struct ov_le16 bytes;
    struct ov_le32 test;
    struct ov_le32 size_min;
    struct ov_le32 size_max;
    struct ov_le32 code_first;
    struct ov_le32 code_count;
    struct ov_le32 value_first; /* its values, ascending by hash */
    struct ov_le32 value_count;
    struct ov_le32 any_first; /* rules to wake whatever the value, if there is one */
    struct ov_le32 any_count;
};
_Static_assert(sizeof(struct ov_db_probe) == 40, "on-disk layout");

struct ov_db_clue_value {
    struct ov_le32 hash; /* ov_db_clue_hash */
    struct ov_le32 first;
    struct ov_le32 count;
};
_Static_assert(sizeof(struct ov_db_clue_value) == 12, "on-disk layout");

#define OV_CLUE_FOLDS 1u /* `a` of OV_OP_CLUE: texts are compared without regard to case */

/* Two values that conditions call equal have one hash; so may others, which only costs time.
 * False: it is neither an integer nor a text. */
OV_MUST_CHECK bool ov_db_clue_hash(struct ov_value value, bool folds, uint32_t *out);

/* False: there is no such section, or it is cut. */
OV_MUST_CHECK bool ov_db_clues_read(const struct ov_db_view *view, struct ov_db_clues *out);
/* The element `index` of one of its arrays, or NULL. */
const void *ov_db_clues_item(
        const struct ov_db_view *view, struct ov_db_array array, uint64_t index, size_t size);

#endif
