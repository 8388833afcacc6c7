/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a program: version, signers, team. Properties: evidence_fuzz.h. */
#include "evidence_fuzz.h"

FUZZ_READER(ov_read_program)
