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

#define HEADER_BYTES  512
#define FIELD_VERSION 2u
#define FIELD_MADE    8u
#define SECONDS_A_DAY 86400u

/* A field of the header, which are cut by colons. 0: there is none, or it is no number. */
static unsigned long long field_of(int fd, unsigned field)
{
    char head[HEADER_BYTES + 1], *at = head;
    const ssize_t n = pread(fd, head, sizeof(head) - 1, 0);

    if (n <= 0) {
        return 0;
    }
    head[n] = '\0';
    for (unsigned i = 0; i < field; i++) {
        at = strchr(at, ':');
        if (at == NULL) {
            return 0;
        }
        at++;
    }
    return strtoull(at, NULL, 10);
}

static unsigned long long version_of(const char *path)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? 0 : field_of(fd, FIELD_VERSION);
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
    const unsigned long long made = field_of(fd, FIELD_MADE);
    const time_t now = time(NULL);

    return now < 0 || made > (unsigned long long)now
                   ? 0
                   : ((unsigned long long)now - made) / SECONDS_A_DAY;
}
