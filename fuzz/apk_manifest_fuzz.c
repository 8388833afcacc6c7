/* SPDX-License-Identifier: Apache-2.0 */
/* Target: the manifest of an Android package. Properties: evidence_fuzz.h. */
#include "evidence_fuzz.h"

FUZZ_READER(ov_read_manifest)
