/* SPDX-License-Identifier: Apache-2.0 */
/* detached.h - the newer signature of a container, in a file of its own beside it. For this room. */
#ifndef OV_RULES_CLAMAV_DETACHED_H
#define OV_RULES_CLAMAV_DETACHED_H

#include "rules/clamav/clamav.h"

enum clam_detached {
    CLAM_DETACHED_NONE = 0, /* there is none that could be judged; `why` says why */
    CLAM_DETACHED_GOOD,
    CLAM_DETACHED_BAD /* it is not by whom it should be, or not of these bytes */
};

struct clam_detached_said {
    enum clam_detached is;
    char why[200];
};

/* Keeps a certificate that signers are led back to: the owner's choice, an option. DER as base64. False:
 * memory ran out. */
OV_MUST_CHECK bool clam_detached_trust(struct ov_clamav *clam, struct ov_bytes base64);

/* Keeps a file of signatures for the container that it is named after, which comes later. False:
 * memory ran out, or it is too large, which was told. */
OV_MUST_CHECK bool clam_detached_keep(
        struct ov_clamav *clam, struct ov_bytes name, struct ov_bytes text);

/* Looks at what is kept for the container of this name and version, all of which is `bytes`. */
void clam_detached_judge(struct ov_clamav *clam, struct ov_bytes name, uint64_t version,
        struct ov_bytes bytes, struct clam_detached_said *out);

#endif
