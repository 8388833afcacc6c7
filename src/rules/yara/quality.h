/* SPDX-License-Identifier: Apache-2.0 */
/* quality.h - will looking for a string be slow? Answered as YARA 4.5 answers it, so that the same
 * rules give the same warnings in both; what overt's own matcher can do is not asked here. */
#ifndef OV_RULES_YARA_QUALITY_H
#define OV_RULES_YARA_QUALITY_H

#include "rules/ir/rule.h"

bool ov_string_is_slow(const struct ov_string *string);

#endif
