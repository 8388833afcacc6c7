/* SPDX-License-Identifier: Apache-2.0 */
/* clamscan_cvd.c - what the header of a container of ClamAV's says before it is loaded: its version, so
 * that of two the newer is taken, and when it was made. Whether it is believed is decided in the jail. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "programs/overt/clamscan.h"
#include "programs/overt/detached.h"

#define SECONDS_A_DAY 86400u

static unsigned long long version_of(const char *path)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? 0 : ov_cvd_number(fd, OV_CVD_VERSION);
}

static bool has_end(const char *path, const char *end)
{
    const size_t len = strlen(path);

    return len > strlen(end) && strcasecmp(path + len - strlen(end), end) == 0;
}

bool clamscan_cvd_is(const char *path)
{
    return has_end(path, ".cvd") || has_end(path, ".cld");
}

bool clamscan_cvd_is_outdated(const char *path)
{
    const bool cvd = has_end(path, ".cvd");
    auto_free char *other = NULL;

    if (!clamscan_cvd_is(path)
            || asprintf(&other, "%.*s%s", (int)strlen(path) - 4, path, cvd ? ".cld" : ".cvd") < 0
            || access(other, R_OK) != 0) {
        return false;
    }
    return cvd ? version_of(other) >= version_of(path) : version_of(other) > version_of(path);
}

uint64_t clamscan_cvd_age_days(int fd)
{
    const unsigned long long made = ov_cvd_number(fd, OV_CVD_MADE);
    const time_t now = time(NULL);

    return now < 0 || made > (unsigned long long)now
                   ? 0
                   : ((unsigned long long)now - made) / SECONDS_A_DAY;
}
