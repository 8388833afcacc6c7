/* SPDX-License-Identifier: Apache-2.0 */
/* lint.h - what a rule of a log may not look for without a person's consent: plain documents,
 * everything, or at too high a price. docs/decisions/0013 says how far this reaches.
 *
 * The rule's author is the one who is not trusted here. */
#ifndef OV_RULES_LINT_LINT_H
#define OV_RULES_LINT_LINT_H

#include "rules/ir/rule.h"

/* NULL, or why the rule is held; a static sentence. */
const char *ov_lint_rule(const struct ov_rule *rule);

#endif
