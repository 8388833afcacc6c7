/* SPDX-License-Identifier: Apache-2.0 */
/* Target: manifests of container images. Properties: evidence_fuzz.h. */
#include "evidence_fuzz.h"

FUZZ_READER(ov_read_image)
