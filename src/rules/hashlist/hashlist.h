/* SPDX-License-Identifier: Apache-2.0 */
/* hashlist.h - lists of whole-file hashes: `DIGEST[:SIZE]:NAME`, one a line, DIGEST being the hex
 * of an MD5, SHA-1 or SHA-256 (told apart by length). Empty lines and lines starting with `#`
 * are skipped. docs/formats/hashlist.md */
#ifndef OV_RULES_HASHLIST_HASHLIST_H
#define OV_RULES_HASHLIST_HASHLIST_H

#include "rules/ir/rule.h"

/* Appends to `set`; problems go to `diags` by line and column. True if there was no error. */
bool ov_hashlist_read(struct ov_rule_set *set, struct ov_bytes file, struct ov_bytes text,
        struct ov_diags *diags);

#endif
