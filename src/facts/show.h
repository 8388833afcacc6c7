/* SPDX-License-Identifier: Apache-2.0 */
/* show.h - everything that was said of an object, as `yara -D` prints it: a module, then its
 * fields, a line each, tabs for what is inside. Functions are not shown, constants are. */
#ifndef OV_FACTS_SHOW_H
#define OV_FACTS_SHOW_H

#include "base/buf.h"
#include "facts/tree.h"

/* Appends the lines of one module, each with its LF. */
void ov_fact_show(const struct ov_fact_tree *tree, enum ov_field module, struct ov_buf *out);

#endif
