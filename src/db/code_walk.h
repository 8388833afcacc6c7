/* SPDX-License-Identifier: Apache-2.0 */
/* code_walk.h - is a piece of condition code well-formed? Private to src/db. */
#ifndef OV_DB_CODE_WALK_H
#define OV_DB_CODE_WALK_H

#include "base/attr.h"
#include "db/view.h"

/* Scratch, large enough not to lie on the stack. */
struct ov_code_walk;
struct ov_code_walk *ov_code_walk_new(const struct ov_db_view *view) OV_MUST_CHECK;
void ov_code_walk_free(struct ov_code_walk *w);
OV_DEFINE_AUTO(struct ov_code_walk, ov_code_walk_free);

/* What it asks of who uses it. */
struct ov_code_asks {
    uint32_t strings; /* how many its rule must have */
    uint32_t rules;   /* how many must come before its rule */
};

/* `is_probe`: it may look up clues. *stopped: at which instruction the walk ended. */
OV_MUST_CHECK bool ov_code_is_sound(struct ov_code_walk *w, struct ov_bytes code, bool is_probe,
        struct ov_code_asks *asks, uint32_t *stopped);

#endif
