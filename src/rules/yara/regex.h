/* SPDX-License-Identifier: Apache-2.0 */
/* regex.h - a regular expression between slashes to a tree. The dialect is YARA's own. */
#ifndef OV_RULES_YARA_REGEX_H
#define OV_RULES_YARA_REGEX_H

#include "rules/yara/lex.h"

struct ov_regex {
    struct ov_re *re;
    bool is_greedy;   /* has a greedy quantifier: the longest match counts. Else the shortest */
    bool is_unending; /* has .* or the like: worth a warning in a string */
};

/* `name`: of the string, for messages; empty in a condition. In a string, greedy and lazy quantifiers may not be mixed; in a condition nobody asks for the
 * length, and they may. False: it was wrong, which was told, or memory ran out, which was noted. */
OV_MUST_CHECK bool ov_regex_read(struct ov_reading *reading, const struct ov_token *token,
        struct ov_bytes name, bool in_string, struct ov_regex *out);

#endif
