/* SPDX-License-Identifier: Apache-2.0 */
/* yara_process.h - the memory of a running process, as a descriptor and a list of its parts. */
#ifndef OV_PROGRAMS_OVERT_YARA_PROCESS_H
#define OV_PROGRAMS_OVERT_YARA_PROCESS_H

#include <stdbool.h>

#include <overt/overt.h>

struct ov_process_memory {
    int fd;                /* owned: /proc/PID/mem, open for reading */
    overt_region *regions; /* owned */
    size_t count, cap;
};

/* `chunk_bytes`: no part is larger. False: it cannot be had, or there is none. */
bool ov_process_memory_open(struct ov_process_memory *memory, long pid, uint64_t chunk_bytes);
void ov_process_memory_done(struct ov_process_memory *memory);

#endif
