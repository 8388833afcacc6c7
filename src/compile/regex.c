/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/regex.h"

#include "compile/automaton.h"
#include "compile/byteset.h"

overt_status ov_compile_regex(
        const struct ov_re *re, uint32_t string_flags, struct ov_buf *out, overt_error *err)
{
    const struct ov_automaton_options options = {
        .nocase = (string_flags & OV_STRING_NOCASE) != 0,
        .wide = (string_flags & (OV_STRING_WIDE | OV_STRING_ASCII)) == OV_STRING_WIDE,
    };

    if (!ov_re_depth_ok(re)) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "the expression nests deeper than %u",
                OV_RE_DEPTH_MAX);
    }
    return ov_automaton_append(&re, 1, &options, out, err);
}
