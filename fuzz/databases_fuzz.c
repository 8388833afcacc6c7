/* SPDX-License-Identifier: Apache-2.0 */
/* Target: other databases in SQLite form. Properties: evidence_fuzz.h. */
#include "evidence_fuzz.h"

FUZZ_READER(ov_read_database)
