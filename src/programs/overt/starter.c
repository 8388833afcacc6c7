/* SPDX-License-Identifier: Apache-2.0 */
/* starter.c - embeds the database that the build made of the files in rules/. */
#include <stdint.h>

#include "programs/overt/rulesets.h"

/* OV_STARTER_PATH is set by the build. Aligned as a mapping would be. */
__asm__(".pushsection .rodata\n"
        ".balign 64\n"
        "starter_begin:\n"
        ".incbin \"" OV_STARTER_PATH "\"\n"
        "starter_end:\n"
        ".popsection\n");

extern const uint8_t starter_begin[] __attribute__((visibility("hidden")));
extern const uint8_t starter_end[] __attribute__((visibility("hidden")));

struct ov_bytes ov_starter_database(void)
{
    return ov_bytes_of(starter_begin, (size_t)((uintptr_t)starter_end - (uintptr_t)starter_begin));
}
