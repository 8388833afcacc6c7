/* SPDX-License-Identifier: Apache-2.0 */
/* hive_bundle.h - a registry hive and its logs in one file: this head, the logs, the hive.
 * docs/formats/evidence.md */
#ifndef OV_EVIDENCE_HIVE_BUNDLE_H
#define OV_EVIDENCE_HIVE_BUNDLE_H

#include "base/le.h"

#define OV_HIVE_BUNDLE_MAGIC 0x4c48564fu /* "OVHL" */
#define OV_HIVE_LOGS_MAX     3u          /* .LOG, .LOG1, .LOG2 */

struct ov_hive_bundle {
    struct ov_le32 magic;
    struct ov_le32 reserved; /* 0 */
    struct ov_le64 hive_bytes;
    struct ov_le64 log_bytes[OV_HIVE_LOGS_MAX]; /* 0: there is none */
};

_Static_assert(sizeof(struct ov_hive_bundle) == 40, "as docs/formats/evidence.md has it");

#endif
