/* SPDX-License-Identifier: Apache-2.0 */
/* yara_process.c - opens a process's memory and lists what is mapped (proc(5), /proc/PID/maps). The
 * bytes are read in the jail, through the descriptor. */
#include "programs/overt/yara_process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/checked.h"

void ov_process_memory_done(struct ov_process_memory *memory)
{
    if (memory->fd >= 0) {
        (void)close(memory->fd);
    }
    free(memory->regions);
    *memory = (struct ov_process_memory){ .fd = -1 };
}

static bool add(struct ov_process_memory *memory, uint64_t address, uint64_t bytes)
{
    if (memory->count == memory->cap) {
        const size_t cap = memory->cap == 0 ? 256 : memory->cap * 2;
        overt_region *regions = reallocarray(memory->regions, cap, sizeof(*regions));

        if (regions == NULL) {
            return false;
        }
        memory->regions = regions;
        memory->cap = cap;
    }
    memory->regions[memory->count++] = (overt_region){ .address = address, .bytes = bytes };
    return true;
}

/* Each mapping is a block of its own, or several. */
static bool read_maps(struct ov_process_memory *memory, FILE *maps, uint64_t chunk_bytes)
{
    char *line = NULL;
    size_t cap = 0;
    bool good = true;

    while (good && getline(&line, &cap, maps) > 0) {
        char *dash = NULL, *blank = NULL;
        uint64_t begin = strtoull(line, &dash, 16);
        const uint64_t end = *dash == '-' ? strtoull(dash + 1, &blank, 16) : 0;

        if (blank == NULL || *blank != ' ') {
            continue; /* not of the form that proc(5) describes */
        }
        while (good && begin < end) {
            const uint64_t bytes = end - begin < chunk_bytes ? end - begin : chunk_bytes;

            good = add(memory, begin, bytes);
            begin += bytes;
        }
    }
    free(line);
    return good;
}

bool ov_process_memory_open(struct ov_process_memory *memory, long pid, uint64_t chunk_bytes)
{
    char path[64];
    FILE *maps;
    bool good;

    OV_ASSERT(chunk_bytes > 0);
    *memory = (struct ov_process_memory){ .fd = -1 };
    (void)snprintf(path, sizeof(path), "/proc/%ld/mem", pid);
    memory->fd = open(path, O_RDONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof(path), "/proc/%ld/maps", pid);
    maps = memory->fd < 0 ? NULL : fopen(path, "re");
    good = maps != NULL && read_maps(memory, maps, chunk_bytes) && memory->count > 0;
    if (maps != NULL) {
        (void)fclose(maps);
    }
    if (!good) {
        ov_process_memory_done(memory);
    }
    return good;
}
