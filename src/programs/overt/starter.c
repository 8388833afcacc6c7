/* SPDX-License-Identifier: Apache-2.0 */
/* starter.c - the database that the build made of the files in rules/ and embedded (tools/embed.py). */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "programs/overt/rulesets.h"

extern const uint8_t ov_starter_begin[] __attribute__((visibility("hidden")));
extern const uint8_t ov_starter_end[] __attribute__((visibility("hidden")));

struct ov_bytes ov_starter_database(void)
{
    const uintptr_t bytes = (uintptr_t)ov_starter_end - (uintptr_t)ov_starter_begin;

    return ov_bytes_of(ov_starter_begin, (size_t)bytes);
}

/* Megabytes of the program's own file, which the kernel reads again if somebody asks again. */
void ov_starter_put_back(void)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t from = ((uintptr_t)ov_starter_begin + page - 1) / page * page;
    const uintptr_t to = (uintptr_t)ov_starter_end / page * page;

    if (from < to) {
        (void)madvise(
                (void *)from, to - from, MADV_DONTNEED); /* never written to: nothing is lost */
    }
}
