/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a file of detached signatures. Property: nothing that is made up is a signature by the one who
 * is trusted over these bytes; and what is one over them is none over others. */
#include <string.h>

#include "base/checked.h"
#include "rules/clamav/detached.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An authority of the corpus; its key is gone. */
static const char authority[] =
        "MIIBfDCCASOgAwIBAgIUfb0MBN6ZYJQ1wgwTklBHtI6ojn0wCgYIKoZIzj0EAwIwFDESMBAGA1UE"
        "AwwJYXV0aG9yaXR5MB4XDTI2MTEyNTE3MjMwMVoXDTM2MTEyMjE3MjMwMVowFDESMBAGA1UEAwwJ"
        "YXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErzmbDyJuRQJD9i9ULTbuvA5dPdyx"
        "kPLXPik2D9GUqt6HkTbc5ukm9qs08LVFCcJvkzXtUXT9+Eb2BeVo8ul2TKNTMFEwHQYDVR0OBBYE"
        "FNq28zNWCXxplQsbM6mmLIrS+q2iMB8GA1UdIwQYMBaAFNq28zNWCXxplQsbM6mmLIrS+q2iMA8G"
        "A1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgASWVJ3CbF228bZRYnczWlhEJRQn8SGAA"
        "6ba5q4rkfbcCIAFca9HBgTaLEoebk1UPb/tSMbytWDgct1EGtnCACldn";
static const char container[] = "all bytes of a container";

static enum clam_detached judge(struct ov_clamav *clam, size_t bytes)
{
    struct clam_detached_said said;

    clam_detached_judge(
            clam, ov_bytes_of("d/test.cvd", 10), 7, ov_bytes_of(container, bytes), &said);
    OV_ASSERT((said.is == CLAM_DETACHED_GOOD) == (said.why[0] == '\0'));
    return said.is;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;
    struct ov_clamav clam;
    bool kept;

    ov_arena_init(&arena, 16u * (uint64_t)OV_MIB);
    ov_rule_set_init(&set, &arena);
    ov_diags_init(&diags, &arena);
    ov_clamav_init(&clam, &set, &diags);
    OV_ASSERT(clam_detached_trust(&clam, ov_bytes_of(authority, strlen(authority)))
              && clam.trusted_count == 1);
    kept = clam_detached_keep(&clam, ov_bytes_of("d/test-7.cvd.sign", 17), ov_bytes_of(data, size));
    if (kept && judge(&clam, strlen(container)) == CLAM_DETACHED_GOOD) {
        OV_ASSERT(judge(&clam, strlen(container) - 1) == CLAM_DETACHED_BAD);
    }
    ov_clamav_done(&clam);
    ov_diags_done(&diags);
    ov_rule_set_done(&set);
    ov_arena_done(&arena);
    return 0;
}
