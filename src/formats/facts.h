/* SPDX-License-Identifier: Apache-2.0 */
/* facts.h - which parser fills which module's facts (facts/tree.h). */
#ifndef OV_FORMATS_FACTS_H
#define OV_FORMATS_FACTS_H

#include "facts/tree.h"

typedef void (*ov_fact_parser)(struct ov_fact_tree *tree, struct ov_pages *pages);

/* NULL: the module has no facts of an object, only functions. */
ov_fact_parser ov_facts_parser(enum ov_field module);

/* tests_facts.c, in builds with -Dtests_module=true */
void ov_tests_facts(struct ov_fact_tree *tree, struct ov_pages *pages);

#endif
