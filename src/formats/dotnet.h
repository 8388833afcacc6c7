/* SPDX-License-Identifier: Apache-2.0 */
/* dotnet.h - what YARA's module `dotnet` knows of a .NET assembly. */
#ifndef OV_FORMATS_DOTNET_H
#define OV_FORMATS_DOTNET_H

#include "facts/tree.h"

/* Says of a PE file at least that it is none; of others nothing. */
void ov_dotnet_facts(struct ov_fact_tree *tree, struct ov_pages *pages);

#endif
