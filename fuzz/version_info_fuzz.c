/* SPDX-License-Identifier: Apache-2.0 */
/* version_info_fuzz.c - any bytes as a program with version information: every place lies in it, and
 * what costs more steps than there are has a reason. */
#include <stdlib.h>

#include "base/checked.h"
#include "formats/version_info.h"

#define STEPS (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ov_version_places *places = malloc(sizeof(*places));
    struct ov_budget budget = { .steps_left = STEPS };
    struct ov_source source;

    OV_ASSERT(places != NULL);
    ov_source_on_bytes(&source, ov_bytes_of(data, size));
    for (unsigned turn = 0; turn < 2; turn++) {
        const enum ov_reason reason = ov_version_places_find(&source, &budget, places);

        OV_ASSERT(budget.steps_left <= STEPS && places->count <= OV_VERSION_PLACES_MAX);
        for (uint32_t i = 0; i < places->count; i++) {
            OV_ASSERT(places->at[i] < size);
        }
        if (turn == 0) {
            budget.steps_left = STEPS / 8; /* too few for some */
        }
        OV_ASSERT(reason == OV_REASON_NONE || reason == OV_REASON_STEPS
                  || reason == OV_REASON_MEMORY || turn == 1);
    }
    free(places);
    return 0;
}
