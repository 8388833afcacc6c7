/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - could these bytes stand in a document that people write? */
#ifndef OV_RULES_LINT_TEXT_H
#define OV_RULES_LINT_TEXT_H

#include "rules/ir/rule.h"

/* False only if every match holds bytes that no text has (in UTF-8, UTF-16 or a common 8-bit
 * code), or words that only program text has. */
bool ov_lint_string_may_be_text(const struct ov_string *string);

bool ov_lint_bytes_may_be_text(struct ov_bytes bytes);

/* The beginnings of PDF, of zip (OOXML, OpenDocument), of OLE, of RTF. */
bool ov_lint_is_document_magic(const uint8_t *bytes, unsigned count);

#endif
