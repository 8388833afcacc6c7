/* SPDX-License-Identifier: Apache-2.0 */
/* budget.h - how much work one scan may still do. Counted, never timed: a worker has no clock,
 * and the same bytes under the same rules must stop at the same place on every machine. */
#ifndef OV_BASE_BUDGET_H
#define OV_BASE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct ov_budget {
    uint64_t steps_left; /* confirmation and condition steps */
    uint64_t bytes_left; /* bytes examined, unpacked ones included */
    uint32_t objects_left;
};

/* Charges before the work is done. False: there is not that much left; nothing is charged. */
OV_MUST_CHECK static inline bool ov_budget_steps(struct ov_budget *budget, uint64_t steps)
{
    if (budget->steps_left < steps) {
        return false;
    }
    budget->steps_left -= steps;
    return true;
}

OV_MUST_CHECK static inline bool ov_budget_bytes(struct ov_budget *budget, uint64_t bytes)
{
    if (budget->bytes_left < bytes) {
        return false;
    }
    budget->bytes_left -= bytes;
    return true;
}

OV_MUST_CHECK static inline bool ov_budget_object(struct ov_budget *budget)
{
    if (budget->objects_left == 0) {
        return false;
    }
    budget->objects_left--;
    return true;
}

#endif
