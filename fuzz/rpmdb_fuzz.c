/* SPDX-License-Identifier: Apache-2.0 */
/* Target: an RPM database: SQLite, NDB, Berkeley DB. Properties: evidence_fuzz.h. */
#include "evidence_fuzz.h"

FUZZ_READER(ov_read_rpmdb)
