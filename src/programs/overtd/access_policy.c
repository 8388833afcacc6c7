/* SPDX-License-Identifier: Apache-2.0 */
/* access_policy.c - files, processes and users whose opens are let through unlooked at. Paths and
 * processes are asked of /proc at the moment of the event: good enough to spare work, never the
 * ground for a refusal. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "programs/overtd/daemon.h"

struct ovd_access_policy {
    const struct ovd_config *config; /* borrowed */
    uid_t uids[2 * OVD_LIST_MAX + 1];
    size_t uid_count;
};

static bool add_users(struct ovd *d, struct ovd_access_policy *policy)
{
    for (size_t i = 0; i < d->config.access_users.count; i++) {
        const struct passwd *user = getpwnam(d->config.access_users.at[i]);

        if (user == NULL) {
            ovd_log(&d->log, OVD_ERROR, "OnAccessExcludeUname %s: there is no such user",
                    d->config.access_users.at[i]);
            return false;
        }
        policy->uids[policy->uid_count++] = user->pw_uid;
    }
    for (size_t i = 0; i < d->config.access_uids.count; i++) {
        char *end;
        const unsigned long uid = strtoul(d->config.access_uids.at[i], &end, 10);

        if (*end != '\0' || end == d->config.access_uids.at[i] || uid >= UINT32_MAX) {
            ovd_log(&d->log, OVD_ERROR, "OnAccessExcludeUID %s: wants a number",
                    d->config.access_uids.at[i]);
            return false;
        }
        policy->uids[policy->uid_count++] = (uid_t)uid;
    }
    if (d->config.access_spare_root) {
        policy->uids[policy->uid_count++] = 0;
    }
    return true;
}

struct ovd_access_policy *ovd_access_policy_new(struct ovd *d)
{
    struct ovd_access_policy *policy = calloc(1, sizeof(*policy));

    if (policy == NULL) {
        ovd_log(&d->log, OVD_ERROR, "no memory for the on-access policy");
        return NULL;
    }
    policy->config = &d->config;
    if (!add_users(d, policy)) {
        free(policy);
        return NULL;
    }
    return policy;
}

void ovd_access_policy_free(struct ovd_access_policy *policy)
{
    free(policy);
}

static const char *link_of(const char *link, char *room, size_t size)
{
    const ssize_t n = readlink(link, room, size - 1);

    room[n < 0 ? 0 : n] = '\0';
    return room;
}

const char *ovd_access_path(int fd, char *room, size_t size)
{
    char link[48];

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return link_of(link, room, size);
}

static bool user_is_spared(const struct ovd_access_policy *policy, pid_t pid)
{
    char proc[32];
    struct stat st;

    (void)snprintf(proc, sizeof(proc), "/proc/%d", (int)pid);
    if (policy->uid_count == 0 || stat(proc, &st) != 0) {
        return false;
    }
    for (size_t i = 0; i < policy->uid_count; i++) {
        if (policy->uids[i] == st.st_uid) {
            return true;
        }
    }
    return false;
}

static bool process_is_spared(const struct ovd_access_policy *policy, pid_t pid)
{
    const struct ovd_list *list = &policy->config->access_processes;
    char link[48], exe[PATH_MAX];

    if (list->count == 0) {
        return false;
    }
    (void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
    (void)link_of(link, exe, sizeof(exe));
    for (size_t i = 0; i < list->count; i++) {
        if (fnmatch(list->at[i], exe, 0) == 0) {
            return true;
        }
    }
    return false;
}

bool ovd_access_spares(const struct ovd_access_policy *policy, const char *path, pid_t pid)
{
    const struct ovd_list *excludes = &policy->config->access_excludes;

    for (size_t i = 0; i < excludes->count; i++) {
        const char *glob = excludes->at[i];
        const size_t len = strlen(glob);

        if (fnmatch(glob, path, 0) == 0) {
            return true;
        }
        /* As clamd: a folder stands for all that is below it. */
        if (strncmp(path, glob, len) == 0
                && (path[len] == '/' || (len > 0 && glob[len - 1] == '/'))) {
            return true;
        }
    }
    return user_is_spared(policy, pid) || process_is_spared(policy, pid);
}

/* The kernel gives a lease on reading only where nobody has the file open for writing, nor mapped after
 * an open for writing: the test takes no longer than the lease lives. Who opens it for writing
 * in between waits for that long; the signal that we would get of it is blocked. */
bool ovd_access_has_writers(int fd)
{
    if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0) {
        return true; /* or it cannot be known: a file system without leases, or no right to one */
    }
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
}
