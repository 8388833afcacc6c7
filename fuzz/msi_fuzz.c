/* SPDX-License-Identifier: Apache-2.0 */
/* Target: an installer package of Windows. Properties: evidence_fuzz.h. */
#include "evidence_fuzz.h"

FUZZ_READER(ov_read_msi)
