/* SPDX-License-Identifier: Apache-2.0 */
/* Target: dpkg's status. Properties: evidence_fuzz.h. */
#include "evidence_fuzz.h"

FUZZ_READER(ov_read_dpkg)
