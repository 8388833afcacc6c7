/* SPDX-License-Identifier: Apache-2.0 */
/* regex.h - one regular expression over one value, as the operator `matches` asks. */
#ifndef OV_MATCH_REGEX_H
#define OV_MATCH_REGEX_H

#include "base/budget.h"
#include "base/bytes.h"

/* Whether `program` (made by compile/regex.h, not trusted) matches anywhere in `text`; the empty
 * match counts. ^ and $ are the ends of `text`. One step for each state visited, so at most the
 * length of the text times the states. False: budget gone, out of memory, or malformed. */
OV_MUST_CHECK bool ov_regex_search(
        struct ov_bytes program, struct ov_bytes text, struct ov_budget *budget, bool *found);

#endif
