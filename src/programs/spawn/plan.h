/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - the parts of overt-spawn: the plan, the child that shuts itself in, the parent that
 * sees to it, and the watch over what runs inside.
 *
 * overt-spawn reads no content. It trusts the library that started it (same build, same user) and
 * nothing about the program it starts. */
#ifndef OV_PROGRAMS_SPAWN_PLAN_H
#define OV_PROGRAMS_SPAWN_PLAN_H

#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "sandbox/jail.h"
#include "sandbox/order.h"

struct plan {
    enum ov_jail_profile profile;
    unsigned layers; /* wanted, bonuses included */
    uint32_t cpu_seconds;
    uint64_t address_bytes;
    int channel;
    int program;
    int database; /* -1: none */
    int null;
};

static inline bool plan_wants(const struct plan *plan, unsigned layer)
{
    return (plan->layers & layer) != 0;
}

/* ptrace as the kernel has it: where the C library wants a pointer, it takes numbers. */
static inline long trace(int request, pid_t pid, unsigned long at, unsigned long value)
{
    return syscall(SYS_ptrace, (long)request, (long)pid, at, value);
}

/* Why there is no jail. */
struct refusal {
    unsigned layer; /* 0: none in particular */
    int sys_errno;
    char text[96];
};

bool refuse(struct refusal *out, unsigned layer, int sys_errno, const char *fmt, ...)
        OV_PRINTF(4, 5); /* false */

/* One page shared with the child until its exec: how far it came. */
struct progress {
    unsigned bonuses; /* ov_jail_layer bits the child found in this kernel */
    bool own_uid;     /* set by the parent: the child is to become its own user */
    bool failed;      /* then the rest says where */
    unsigned layer;
    int sys_errno;
    char what[48];
};

/* build.c: makes the jail and starts the program in it, stopped just before its first instruction
 * became possible and let go. *layers is what is in force. */
bool build_jail(const struct plan *plan, pid_t *pid, unsigned *layers, struct refusal *why);

/* inside.c: the child. Returns only by _exit, which means that it failed. */
_Noreturn void shut_in(const struct plan *plan, struct progress *progress, int go, int alive);

/* landlock.c. *bonuses gains what this kernel's version has. */
bool restrict_files(int program, unsigned wanted, unsigned *bonuses);

/* clock.c: takes the vDSO away from a tracee stopped at its exec. On failure `what` says why. */
bool remove_clock(pid_t pid, const char **what);

/* obstacles.c: what on this machine refuses user namespaces, or (`made`) what they are for, as an
 * end to a sentence; "" if nothing known does. */
const char *namespace_obstacle(int sys_errno, bool made);
bool worker_ids(uid_t *uid, gid_t *gid); /* of overt-worker; false: the fallback */

/* watch.c: until the program or its supervisor is gone. */
void watch(pid_t pid, int control, int supervisor);

#endif
