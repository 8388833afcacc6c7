/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.h - what overt-verify in its jail and its parent say to each other: which inputs there
 * are, which jobs, and how the output file is laid out. docs/protocols/verify.md */
#ifndef OV_TRUST_VERDICT_H
#define OV_TRUST_VERDICT_H

#include "base/bytes.h"
#include "base/le.h"

/* In `flags` of OV_REQUEST_SOURCE. Policy, state and store come first, in this order. */
enum ov_verify_input {
    OV_INPUT_POLICY = 1,
    OV_INPUT_STATE,
    OV_INPUT_STORE,
    OV_INPUT_CHECKPOINT,
    OV_INPUT_INDEX, /* answered with a DIAG record for each pack to be fetched */
    OV_INPUT_PACK,
    OV_INPUT_BUNDLE, /* a pack whose last checkpoint is the newest */
    OV_INPUT_APPROVAL,
    OV_INPUT_HIGHEST = OV_INPUT_APPROVAL
};

#define OV_UPDATE_MAGIC 0x3150444eu

/* The output at descriptor 201, answered to OV_REQUEST_FINISH: this, then the parts in this order. */
struct ov_update_head {
    struct ov_le32 magic;
    struct ov_le32 witnesses;
    struct ov_le64 old_size;
    struct ov_le64 size;
    struct ov_le64 time;
    struct ov_le64 store_before; /* the store's bytes that count; `append` goes there */
    struct ov_le64 active;
    struct ov_le64 pending;
    struct ov_le64 state_bytes;
    struct ov_le64 append_bytes;
    struct ov_le64 rules_bytes;
    struct ov_le64 samples_bytes;
    struct ov_le64 origins_bytes;
};

_Static_assert(sizeof(struct ov_update_head) == 96, "in a shared file");

#endif
