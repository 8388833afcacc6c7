/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h - the other side: keys that sign, and signature lines. For those who publish and for
 * tests; the link check holds that no verifying program contains it. Trusts its caller. */
#ifndef OV_TRUST_SIGN_H
#define OV_TRUST_SIGN_H

#include "trust/note.h"

#define OV_SEED_BYTES 32u

struct ov_signer {
    struct ov_key key; /* the public half */
    uint8_t seed[OV_SEED_BYTES];
};

/* `name` is borrowed for the life of the signer. */
OV_MUST_CHECK overt_status ov_signer_init(struct ov_signer *out, struct ov_bytes name,
        enum ov_key_algorithm algorithm, const uint8_t seed[OV_SEED_BYTES], overt_error *err);

/* A private key's one line, as Go's note package writes it: PRIVATE+KEY+NAME+ID+BASE64, LF. The
 * name is borrowed from it. */
OV_MUST_CHECK overt_status ov_signer_read(
        struct ov_bytes text, struct ov_signer *out, overt_error *err);
OV_MUST_CHECK bool ov_signer_put(struct ov_buf *out, const struct ov_signer *signer);

/* Appends this signer's line over `text`. `time` goes into a cosignature and is not used
 * otherwise. OVERT_E_ARGUMENT: not a text that a note could carry. */
OV_MUST_CHECK overt_status ov_sign_note(struct ov_buf *out, struct ov_bytes text,
        const struct ov_signer *signer, uint64_t time, overt_error *err);

#endif
