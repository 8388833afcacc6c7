/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.h - the text of the note a log signs: who it is, how large it is, its root.
 *
 * Not trusted before the note's signatures were checked. */
#ifndef OV_TRUST_CHECKPOINT_H
#define OV_TRUST_CHECKPOINT_H

#include "trust/tree.h"

struct ov_checkpoint {
    struct ov_bytes origin; /* borrowed; the log's name, also of its key */
    uint64_t size;
    struct ov_hash root;
};

/* Exactly three lines: extension lines are refused, for nobody could audit them. */
OV_MUST_CHECK overt_status ov_checkpoint_read(
        struct ov_bytes text, struct ov_checkpoint *out, overt_error *err);
/* The same but for one thing that is no matter of form: an empty tree may have another root here. A
 * witness answers that with a status of its own. */
OV_MUST_CHECK overt_status ov_checkpoint_read_form(
        struct ov_bytes text, struct ov_checkpoint *out, overt_error *err);
void ov_checkpoint_put(struct ov_buf *out, const struct ov_checkpoint *checkpoint);

#endif
