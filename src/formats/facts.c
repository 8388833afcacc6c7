/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/facts.h"

ov_fact_parser ov_facts_parser(enum ov_field module)
{
    switch ((unsigned)module) {
    default:
        return NULL;
    }
}
