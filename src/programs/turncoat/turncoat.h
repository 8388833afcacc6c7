/* SPDX-License-Identifier: Apache-2.0 */
/* turncoat.h - what every attack gets and how it answers. */
#ifndef OV_PROGRAMS_TURNCOAT_TURNCOAT_H
#define OV_PROGRAMS_TURNCOAT_TURNCOAT_H

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "programs/turncoat/attacks.h"

struct world {
    int file; /* the "scanned" file, opened read-only */
    uint32_t seq;
    uint32_t supervisor;
    const struct bait *bait;
};

/* An attack returns 0 or more if it got what it wanted, else -errno. */
#define ATTACK(id) int attack_##id(__attribute__((unused)) const struct world *w)

#define X(class, id, judge, name, gain) ATTACK(id);
#include "programs/turncoat/attacks.def"
#undef X

/* What a system call returned, as an attack returns it. */
static inline int got(long result)
{
    return result < 0 ? -errno : 0;
}

/* The same, where `reached` shows that only our made-up arguments were refused. */
static inline int got_or(long result, int reached)
{
    return result < 0 && errno != reached ? -errno : 0;
}

/* bait->dir "/" name, in a buffer of the caller's. */
#define PATH_BYTES 160
const char *bait_path(const struct world *w, const char *name, char out[PATH_BYTES]);

/* One byte of a descriptor just opened (or not: -1), which is closed. */
int read_one(long fd);

/* Bytes of a function that returns 42. */
#define CODE       "\xb8\x2a\0\0\0\xc3"
#define CODE_BYTES 6
int run_code(const void *at);

#endif
