/* SPDX-License-Identifier: Apache-2.0 */
/* regex.h - the regular expressions of conditions (`matches`) to programs. */
#ifndef OV_COMPILE_REGEX_H
#define OV_COMPILE_REGEX_H

#include "base/buf.h"
#include "base/error.h"
#include "rules/ir/rule.h"

/* Appends one self-contained automaton for match/regex.h. Of `string_flags` OV_STRING_NOCASE
 * counts (and OV_STRING_WIDE without OV_STRING_ASCII). OVERT_E_LIMIT: too large or too deep. */
OV_MUST_CHECK overt_status ov_compile_regex(
        const struct ov_re *re, uint32_t string_flags, struct ov_buf *out, overt_error *err);

#endif
