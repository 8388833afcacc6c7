/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - which words are keywords. */
#ifndef OV_RULES_YARA_WORDS_H
#define OV_RULES_YARA_WORDS_H

#include "rules/yara/lex.h"

/* What kind of token its text is: a keyword, int8 and its relatives, or else a name. */
void ov_word_look_up(struct ov_token *token);

#endif
