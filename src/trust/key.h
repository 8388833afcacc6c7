/* SPDX-License-Identifier: Apache-2.0 */
/* key.h - the public keys of logs, release signers and witnesses, and the one place where a
 * signature is judged right or wrong.
 *
 * A key is trusted because of where it was written (the owner's policy). Signatures and the text
 * under them are not. The algorithms are one table in key.c, found by their number in the key.
 */
#ifndef OV_TRUST_KEY_H
#define OV_TRUST_KEY_H

#include "base/buf.h"
#include "base/error.h"

#define OV_KEY_ID_BYTES            4u
#define OV_KEY_PUBLIC_BYTES_MAX    32u /* of all algorithms in the table */
#define OV_KEY_SIGNATURE_BYTES_MAX 72u

enum ov_key_algorithm {
    OV_KEY_ED25519 = 0x01,        /* over the text: logs and release keys */
    OV_KEY_COSIGNATURE_V1 = 0x04, /* over a time and a checkpoint: witnesses */
};

struct ov_key {
    struct ov_bytes name; /* borrowed from the text it was read from */
    enum ov_key_algorithm algorithm;
    uint8_t id[OV_KEY_ID_BYTES]; /* tells keys apart; proves nothing */
    uint8_t bytes[OV_KEY_PUBLIC_BYTES_MAX];
};

/* The names of keys, and so of logs: 1 to 255 of [0-9A-Za-z._/-]. */
OV_MUST_CHECK bool ov_key_name_is_good(struct ov_bytes name);

/* `bytes` are OV_KEY_PUBLIC_BYTES_MAX or as many as the algorithm has. Computes the id.
 * OVERT_E_SYNTAX: bad name or a point that is no key; OVERT_E_VERSION: algorithm not in the
 * table. */
OV_MUST_CHECK overt_status ov_key_init(struct ov_key *out, struct ov_bytes name, uint8_t algorithm,
        struct ov_bytes bytes, overt_error *err);

/* The textual form, NAME+ID+BASE64. The id is recomputed, and refused if it disagrees. */
OV_MUST_CHECK overt_status ov_key_read(struct ov_bytes text, struct ov_key *out, overt_error *err);
void ov_key_put(struct ov_buf *out, const struct ov_key *key);

/* True if both wrap the same public key, under whatever name and algorithm. */
bool ov_key_is_same(const struct ov_key *a, const struct ov_key *b);

/* OVERT_OK: `signature` (a signature line's bytes behind the id) is this key's over `text`;
 * *time is when, 0 where the algorithm has no time. OVERT_E_CORRUPT: it is not. Any other status
 * says nothing about the signature. (OpenSSL keeps a few lacks of memory to itself: they come out
 * as a wrong signature, never as a right one.) */
OV_MUST_CHECK overt_status ov_key_check(const struct ov_key *key, struct ov_bytes text,
        struct ov_bytes signature, uint64_t *time, overt_error *err);

#endif
