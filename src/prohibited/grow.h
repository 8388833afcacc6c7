/* SPDX-License-Identifier: Apache-2.0 */
/* grow.h - room for one more in an array that grows. */
#ifndef OV_PROHIBITED_GROW_H
#define OV_PROHIBITED_GROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/attr.h"

/* `at` is the address of the array's pointer. False: no memory, nothing changed. */
OV_MUST_CHECK static inline bool ov_grow(void *at, size_t *cap, size_t count, size_t size)
{
    void **array = at;
    size_t want;
    void *more;

    if (count < *cap) {
        return true;
    }
    want = *cap == 0 ? 16 : *cap * 2;
    if (want < *cap || __builtin_mul_overflow(want, size, &(size_t){ 0 })) {
        return false;
    }
    more = realloc(*array, want * size);
    if (more == NULL) {
        return false;
    }
    *array = more;
    *cap = want;
    return true;
}

#endif
