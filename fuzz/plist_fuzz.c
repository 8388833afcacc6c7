/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a property list, XML or binary. Properties: evidence_fuzz.h. */
#include "evidence_fuzz.h"

FUZZ_READER(ov_read_plist)
