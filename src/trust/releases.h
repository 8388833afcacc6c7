/* SPDX-License-Identifier: Apache-2.0 */
/* releases.h - the log's release entries: which files, with which bytes, from which source.
 *
 * A replay wrote the text, but names in it are a publisher's: none of them may lead out of the folder
 * that it is looked up in. */
#ifndef OV_TRUST_RELEASES_H
#define OV_TRUST_RELEASES_H

#include "trust/tree.h"

enum ov_release_fate {
    OV_RELEASE_IN_FORCE = 0,
    OV_RELEASE_PENDING, /* comes into force at `when` */
    OV_RELEASE_REVOKED  /* by entry `when` */
};

struct ov_release {
    uint64_t index; /* of its entry */
    struct ov_bytes name;
    struct ov_bytes commit;
    enum ov_release_fate fate;
    uint64_t when;
};

struct ov_release_file {
    uint64_t index; /* of the release's entry */
    struct ov_hash sha256;
    struct ov_bytes name; /* below the prefix, as `bin/overt` */
};

/* Borrows from the text it was read from. */
struct ov_releases {
    size_t count, file_count;
    struct ov_release *at;         /* owned; in the order of the log */
    struct ov_release_file *files; /* owned; those of one release stand together */
};

/* `lines` is what stands behind the segments of an origins text (trust/origins.h). */
OV_MUST_CHECK overt_status ov_releases_read(
        struct ov_bytes lines, struct ov_releases *out, overt_error *err);
void ov_releases_done(struct ov_releases *releases);

#endif
