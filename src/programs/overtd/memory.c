/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - is there enough memory to begin with? Below the least, the kernel ends one process after the
 * other before anything is answered; it is better to say so and not to begin. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "programs/overtd/daemon.h"

/* Measured with one rule: in 8 MiB it does not come to answer, in 10 it does all it has to, reloads
 * too. A database's pages can be let go of, so its size does not count. */
#define LEAST_BYTES (10u * (uint64_t)OV_MIB)

/* The group's path in a line of /proc/self/cgroup, `ID:CONTROLLERS:PATH`, if its memory is counted
 * there; NULL: not in this one. *unified: by the kernel's second form. */
static const char *path_in(char *line, bool *unified)
{
    char *controllers = strchr(line, ':');
    char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');

    if (path == NULL) {
        return NULL;
    }
    *path++ = '\0';
    path[strcspn(path, "\n")] = '\0';
    *unified = controllers[1] == '\0';
    return *unified || strcmp(controllers + 1, "memory") == 0 ? path : NULL;
}

/* UINT64_MAX: there is no limit, or none can be seen. */
static uint64_t limit_of(const char *path, bool unified)
{
    char name[4096 + 64], text[32] = "";
    unsigned long long bytes = 0;
    FILE *file;

    if (snprintf(name, sizeof(name), "/sys/fs/cgroup%s%s/%s", unified ? "" : "/memory", path,
                unified ? "memory.max" : "memory.limit_in_bytes")
            >= (int)sizeof(name)) {
        return UINT64_MAX;
    }
    file = fopen(name, "re");
    if (file == NULL) {
        return UINT64_MAX;
    }
    if (fgets(text, sizeof(text), file) != NULL) {
        char *end = NULL;

        errno = 0;
        bytes = strtoull(text, &end, 10);
        bytes = errno != 0 || end == text ? 0 : bytes; /* "max" */
    }
    (void)fclose(file);
    return bytes == 0 ? UINT64_MAX : bytes;
}

bool ovd_memory_is_enough(struct ovd *d)
{
    FILE *groups = fopen("/proc/self/cgroup", "re");
    uint64_t least = UINT64_MAX;
    char line[4096];

    while (groups != NULL && fgets(line, sizeof(line), groups) != NULL) {
        bool unified = false;
        const char *path = path_in(line, &unified);
        const uint64_t bytes = path == NULL ? UINT64_MAX : limit_of(path, unified);

        least = bytes < least ? bytes : least;
    }
    if (groups != NULL) {
        (void)fclose(groups);
    }
    if (least >= LEAST_BYTES) {
        return true;
    }
    ovd_log(&d->log, OVD_ERROR,
            "overtd needs %llu MiB of memory at least; its group may use %llu MiB",
            (unsigned long long)(LEAST_BYTES / OV_MIB), (unsigned long long)(least / OV_MIB));
    return false;
}
