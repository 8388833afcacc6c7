/* SPDX-License-Identifier: Apache-2.0 */
/* dex.h - what YARA's module `dex` knows of a Dalvik executable. */
#ifndef OV_FORMATS_DEX_H
#define OV_FORMATS_DEX_H

#include "facts/tree.h"

/* Says nothing of what is no DEX file. */
void ov_dex_facts(struct ov_fact_tree *tree, struct ov_pages *pages);

#endif
