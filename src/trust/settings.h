/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - what a policy file says beyond logs and witnesses: release keys, delays, freshness,
 * mirrors. Each such line begins with the word `overt`; without them the file is a C2SP policy.
 *
 * The file is the owner's and believed, and read strictly: a slip in it would be a hole. */
#ifndef OV_TRUST_SETTINGS_H
#define OV_TRUST_SETTINGS_H

#include "trust/entry.h"
#include "trust/policy.h"

#define OV_MIRRORS_MAX 16u

/* Borrows from the text it was read from. */
struct ov_settings {
    struct ov_keyset keyset; /* key_count 0: no release keys, and so no updates */
    uint64_t delays[OV_ENTRY_KINDS];
    uint64_t stale_seconds;
    bool keep_revoked; /* revoked rules stay; suppressions are shown and not applied */
    bool has_own_key;  /* the owner's organisation signs revokes and suppressions, too */
    struct ov_key own_key;
    uint64_t probation_bytes; /* of this system's own files that new rules are tried on; 0: none */
    uint32_t mirror_count;
    struct ov_bytes mirrors[OV_MIRRORS_MAX];
    struct ov_bytes proxy; /* may be empty */
};

/* Reads the `overt` lines; the others were read by ov_policy_read, which skips these. */
OV_MUST_CHECK overt_status ov_settings_read(
        struct ov_bytes in, struct ov_settings *out, overt_error *err);

#endif
