/* SPDX-License-Identifier: Apache-2.0 */
/* Target: the list of a Firefox profile's add-ons. Properties: evidence_fuzz.h. */
#include "evidence_fuzz.h"

FUZZ_READER(ov_read_addons)
