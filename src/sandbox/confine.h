/* SPDX-License-Identifier: Apache-2.0 */
/* confine.h - a role of a larger program gives up what it does not need, before the first foreign
 * byte. Weaker than jail.h by one thing: the program confines itself, so it must be honest until
 * then. It is for roles that parse framing or open names, never for one that parses content. */
#ifndef OV_SANDBOX_CONFINE_H
#define OV_SANDBOX_CONFINE_H

#include <sys/types.h>

#include "sandbox/jail.h"

struct ov_confine {
    enum ov_jail_profile profile; /* OV_JAIL_GATE, OV_JAIL_OPENER or OV_JAIL_GUARD */
    bool set_ids;                 /* needs root: become these, for good */
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    size_t group_count;
    uint64_t descriptors_max; /* RLIMIT_NOFILE */
};

/* Whose users do not exist on this machine run as this one. */
#define OV_GUARD_UID 64999u

/* All or nothing: after a failure the process must end. OVERT_E_SANDBOX names the step. As root
 * the gate gets empty network, IPC and host-name namespaces as well; Landlock denies writing to
 * files, and to the gate everything, where this kernel has it. */
OV_MUST_CHECK overt_status ov_confine_self(const struct ov_confine *confine, overt_error *err);

#endif
