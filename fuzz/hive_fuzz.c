/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a registry hive. Properties: evidence_fuzz.h. */
#include "evidence_fuzz.h"

FUZZ_READER(ov_read_hive)
