/* SPDX-License-Identifier: Apache-2.0 */
/* starter.c - the database that the build made of the files in rules/ and embedded (tools/embed.py). */
#include <stdint.h>

#include "programs/overt/rulesets.h"

extern const uint8_t ov_starter_begin[] __attribute__((visibility("hidden")));
extern const uint8_t ov_starter_end[] __attribute__((visibility("hidden")));

struct ov_bytes ov_starter_database(void)
{
    const uintptr_t bytes = (uintptr_t)ov_starter_end - (uintptr_t)ov_starter_begin;

    return ov_bytes_of(ov_starter_begin, (size_t)bytes);
}
