/* SPDX-License-Identifier: Apache-2.0 */
/* pe_facts_fuzz.c - any bytes as a PE file: no facts beyond the caps, none twice as many steps as
 * were given, and the same facts when the same bytes are read again. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "facts/show.h"
#include "formats/pe.h"

#define STEPS (1u << 20)

static void parse(const uint8_t *data, size_t size, struct ov_buf *out)
{
    struct ov_fact_tree *tree = ov_fact_tree_new();
    struct ov_pages *pages = malloc(sizeof(*pages));
    struct ov_budget budget = { .steps_left = STEPS };
    struct ov_source source;

    OV_ASSERT(tree != NULL && pages != NULL);
    ov_source_on_bytes(&source, ov_bytes_of(data, size));
    ov_pages_on(pages, &source);
    ov_fact_tree_begin(tree);
    ov_fact_tree_charge_to(tree, &budget);
    ov_pe_facts(tree, pages);
    OV_ASSERT(budget.steps_left <= STEPS);
    ov_fact_show(tree, OV_PE, out);
    ov_fact_tree_free(tree);
    free(pages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ov_buf first, second;

    ov_buf_init(&first, SIZE_MAX);
    ov_buf_init(&second, SIZE_MAX);
    parse(data, size, &first);
    parse(data, size, &second);
    OV_ASSERT(ov_buf_ok(&first) && ov_buf_ok(&second)
              && ov_bytes_equal(ov_buf_bytes(&first), ov_bytes_raw(ov_buf_bytes(&second)),
                      (size_t)ov_bytes_len(ov_buf_bytes(&second))));
    ov_buf_done(&second);
    ov_buf_done(&first);
    return 0;
}
