/* SPDX-License-Identifier: Apache-2.0 */
/* running.h - which programs of a release run, and whether they are the release's. Processes are
 * anybody's: their bytes are hashed, their names are shown escaped. */
#ifndef OV_PROGRAMS_OVERT_RUNNING_H
#define OV_PROGRAMS_OVERT_RUNNING_H

#include "trust/releases.h"

/* The SHA-256 of what the descriptor is open on, from its beginning. False: errno. */
OV_MUST_CHECK bool ov_sha256_fd(int fd, struct ov_hash *out);

/* Is it a file of this name that the release has? NULL: not of this name. */
const struct ov_release_file *ov_release_file_called(
        const struct ov_releases *releases, uint64_t index, const char *base_name);

/* The first release with these bytes under this name; NULL: none. */
const struct ov_release *ov_release_with(
        const struct ov_releases *releases, const char *base_name, const struct ov_hash *sha256);

struct ov_running {
    uint64_t same, other, unread; /* processes */
};

/* Looks at every process whose program is called as one of the release's, and puts a line about each
 * that does not run the release. False: /proc cannot be listed, errno. */
OV_MUST_CHECK bool ov_running_check(const struct ov_releases *releases,
        const struct ov_release *release, struct ov_buf *out, struct ov_running *counts);

#endif
