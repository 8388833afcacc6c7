/* SPDX-License-Identifier: Apache-2.0 */
/* hex.h - the inside of { 4D 5A ?? [2-4] (01 | 02) } to a tree. */
#ifndef OV_RULES_YARA_HEX_H
#define OV_RULES_YARA_HEX_H

#include "rules/yara/lex.h"

/* `name`: of the string, for messages. NULL: it was wrong, which was told, or memory ran out, which was noted. */
struct ov_re *ov_hex_read(struct ov_reading *reading, const struct ov_token *token,
        struct ov_bytes name) OV_MUST_CHECK;

#endif
