/* SPDX-License-Identifier: Apache-2.0 */
/* obstacles.c - reads the few system files that explain a refusal or name the worker's user. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "programs/spawn/plan.h"

/* Where the machine has no user overt-worker: a number that no one else uses. */
#define FALLBACK_ID 64999u

/* The first bytes of a small file, as text; "" if it is not there. */
static void read_start(const char *path, char *out, size_t size)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t have = 0;

    while (fd >= 0 && have < size - 1) {
        const ssize_t n = read(fd, out + have, size - 1 - have);

        if (n <= 0) {
            break;
        }
        have += (size_t)n;
    }
    out[have] = '\0';
}

const char *namespace_obstacle(int sys_errno, bool made)
{
    static const struct {
        const char *path;
        char in_the_way;
        bool also_inside; /* lets the namespace be made and takes its rights away */
        const char *text;
    } switches[] = {
        { "/proc/sys/user/max_user_namespaces", '0', false, " (user.max_user_namespaces is 0)" },
        { "/proc/sys/kernel/unprivileged_userns_clone", '0', false,
                " (kernel.unprivileged_userns_clone is 0)" },
        { "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1', true,
                " (kernel.apparmor_restrict_unprivileged_userns is 1)" },
    };

    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        char value[16];

        if (made && !switches[i].also_inside) {
            continue;
        }
        read_start(switches[i].path, value, sizeof(value));
        if (value[0] == switches[i].in_the_way && (value[1] == '\n' || value[1] == '\0')) {
            return switches[i].text;
        }
    }
    switch (made ? 0 : sys_errno) {
    case ENOSPC:
    case EUSERS:
        return " (a limit in /proc/sys/user is reached)";
    case EPERM:
    case EACCES:
    case ENOSYS:
        return " (a container, seccomp or a security module?)";
    default:
        return "";
    }
}

/* "NAME:x:UID:GID:..." */
static bool parse_ids(const char *line, uid_t *uid, gid_t *gid)
{
    const char *at = strchr(line, ':');
    char *end;
    unsigned long u, g;

    at = at != NULL ? strchr(at + 1, ':') : NULL;
    if (at == NULL) {
        return false;
    }
    u = strtoul(at + 1, &end, 10);
    if (end == at + 1 || *end != ':') {
        return false;
    }
    at = end;
    g = strtoul(at + 1, &end, 10);
    if (end == at + 1 || *end != ':' || u == 0 || u >= UINT32_MAX || g == 0 || g >= UINT32_MAX) {
        return false;
    }
    *uid = (uid_t)u;
    *gid = (gid_t)g;
    return true;
}

bool worker_ids(uid_t *uid, gid_t *gid)
{
    static const char name[] = "overt-worker:";
    static char users[256u * 1024u];
    const char *at = users;

    *uid = *gid = FALLBACK_ID;
    read_start("/etc/passwd", users, sizeof(users));
    while (at != NULL) {
        if (strncmp(at, name, sizeof(name) - 1) == 0) {
            return parse_ids(at, uid, gid);
        }
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    return false;
}
