/* SPDX-License-Identifier: Apache-2.0 */
/* modules.h - what follows a name: fields, elements and calls of modules (facts/schema.h). Errors
 * are worded as YARA words them. */
#ifndef OV_RULES_YARA_MODULES_H
#define OV_RULES_YARA_MODULES_H

#include "facts/schema.h"
#include "rules/yara/parser.h"

/* Behind `name`, which `base` stands for: everything up to a value. */
struct ov_term ov_module_read_value(
        struct ov_parser *p, struct ov_term base, const struct ov_token *name);

/* The same up to an array or dictionary to loop over. */
OV_MUST_CHECK bool ov_module_read_iterable(struct ov_parser *p, struct ov_term base,
        const struct ov_token *name, struct ov_iterable *out);

enum ov_type ov_module_type(const struct ov_field_row *row);

#endif
