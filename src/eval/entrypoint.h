/* SPDX-License-Identifier: Apache-2.0 */
/* entrypoint.h - where the first instruction of a PE or ELF file lies in it. */
#ifndef OV_EVAL_ENTRYPOINT_H
#define OV_EVAL_ENTRYPOINT_H

#include "eval/machine.h"

/* As the deprecated keyword of YARA 4.5 counts. False: neither PE nor ELF, or its headers do not
 * lead to a place. */
OV_MUST_CHECK bool ov_entrypoint_find(struct ov_facts *facts, uint64_t *out);

#endif
