/* SPDX-License-Identifier: Apache-2.0 */
/* access_marks.c - what on-access watches: which file systems, and which kinds of opens. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/fanotify.h>

#include "programs/overtd/daemon.h"

static bool has_mode(const struct ovd *d, const char *mode)
{
    for (size_t i = 0; i < d->config.access_modes.count; i++) {
        if (strcasecmp(d->config.access_modes.at[i], mode) == 0) {
            return true;
        }
    }
    return false;
}

bool ovd_access_modes_are_known(struct ovd *d)
{
    for (size_t i = 0; i < d->config.access_modes.count; i++) {
        const char *mode = d->config.access_modes.at[i];

        if (strcasecmp(mode, "exec") != 0 && strcasecmp(mode, "open") != 0
                && strcasecmp(mode, "close") != 0) {
            ovd_log(&d->log, OVD_ERROR, "OnAccess %s: none of exec, open, close", mode);
            return false;
        }
    }
    return true;
}

/* The whole file system of each path: whatever mount, and so whatever container, it is reached
 * through. File systems that cannot be marked as such are marked by the mount. */
bool ovd_access_mark(struct ovd *d, int group)
{
    const uint64_t mask = (has_mode(d, "open") ? FAN_OPEN_PERM : 0)
                          | (has_mode(d, "exec") ? FAN_OPEN_EXEC_PERM : 0)
                          | (has_mode(d, "close") ? FAN_CLOSE_WRITE : 0);

    if (d->config.access_paths.count == 0) {
        ovd_log(&d->log, OVD_ERROR, "OnAccess needs an OnAccessPath");
        return false;
    }
    for (size_t i = 0; i < d->config.access_paths.count; i++) {
        const char *path = d->config.access_paths.at[i];

        if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask, AT_FDCWD, path) != 0
                && fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, mask, AT_FDCWD, path) != 0) {
            ovd_log(&d->log, OVD_ERROR, "OnAccessPath %s cannot be watched: %s", path,
                    strerror(errno));
            return false;
        }
        ovd_log(&d->log, OVD_INFO, "ScanOnAccess: watching the file system of %s", path);
    }
    return true;
}
