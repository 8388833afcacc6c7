/* SPDX-License-Identifier: Apache-2.0 */
/* landlock.c - "landlock": every right this kernel's Landlock knows is handled and denied, but for
 * executing the one program. Own definitions, because the kernel may be newer than the headers. */
#include <errno.h>
#include <sys/syscall.h>

#include "programs/spawn/plan.h"

#define SYS_LANDLOCK_CREATE   444
#define SYS_LANDLOCK_ADD_RULE 445
#define SYS_LANDLOCK_RESTRICT 446

#define GIVE_VERSION   1u
#define RULE_PATH      1
#define RIGHT_EXECUTE  (1ull << 0)
#define RIGHT_READ     (1ull << 2)
#define NET_BIND       (1ull << 0)
#define NET_CONNECT    (1ull << 1)
#define SCOPE_ABSTRACT (1ull << 0)
#define SCOPE_SIGNAL   (1ull << 1)

struct ruleset {
    uint64_t files;
    uint64_t net;    /* since version 4 */
    uint64_t scoped; /* since version 6 */
};

struct path_rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

/* Rights on files by version: 13 at first, then REFER (2), TRUNCATE (3), IOCTL_DEV (5). */
static uint64_t file_rights(long version)
{
    const unsigned count = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13;

    return (1ull << count) - 1;
}

bool restrict_files(int program, unsigned wanted, unsigned *bonuses)
{
    const long version = syscall(SYS_LANDLOCK_CREATE, NULL, 0, GIVE_VERSION);
    struct ruleset rules = { 0 };
    const struct path_rule run_it = { .allowed = RIGHT_EXECUTE | RIGHT_READ, .parent = program };
    size_t size = sizeof(rules.files);
    unsigned gained = 0;
    int fd;

    if (version < 1) {
        return false;
    }
    rules.files = file_rights(version);
    if (version >= 4 && (wanted & OV_LAYER_LANDLOCK_NET) != 0) {
        rules.net = NET_BIND | NET_CONNECT;
        size = sizeof(rules.files) + sizeof(rules.net);
        gained |= OV_LAYER_LANDLOCK_NET;
    }
    if (version >= 6 && (wanted & OV_LAYER_LANDLOCK_SCOPE) != 0) {
        rules.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
        size = sizeof(rules);
        gained |= OV_LAYER_LANDLOCK_SCOPE;
    }
    fd = (int)syscall(SYS_LANDLOCK_CREATE, &rules, size, 0);
    if (fd < 0 || syscall(SYS_LANDLOCK_ADD_RULE, fd, RULE_PATH, &run_it, 0) != 0
            || syscall(SYS_LANDLOCK_RESTRICT, fd, 0) != 0) {
        return false;
    }
    (void)close(fd);
    *bonuses |= gained;
    return true;
}
