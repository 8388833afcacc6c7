/* SPDX-License-Identifier: Apache-2.0 */
/* note.h - signed notes: a text, an empty line, and a line for each signature. Everything a log
 * publishes is one. docs/formats/log.md says where we are stricter than others.
 *
 * A note is not trusted. Its text means nothing before a key of ours was found under it.
 */
#ifndef OV_TRUST_NOTE_H
#define OV_TRUST_NOTE_H

#include "base/limits.h"
#include "trust/key.h"

struct ov_note_signature {
    struct ov_bytes name;
    struct ov_bytes encoded; /* base64 of the id and the signature; known to be well-formed */
    uint32_t line;           /* in the note, from 1 */
    uint32_t bytes;          /* decoded, without the id */
    uint8_t id[OV_KEY_ID_BYTES];
};

/* Borrows from what it was read from. After a failed read it holds nothing of use. */
struct ov_note {
    struct ov_bytes text; /* with its last LF: exactly what is signed */
    uint32_t signature_count;
    struct ov_note_signature signatures[OV_NOTE_SIGNATURES_MAX];
};

OV_MUST_CHECK overt_status ov_note_read(struct ov_bytes in, struct ov_note *out, overt_error *err);

/* What one key has to say about a note. */
struct ov_note_check {
    bool is_signed;
    uint64_t time; /* of a cosignature; the earliest if the key signed more than once */
};

/* Looks for the key's lines. None: OVERT_OK, not signed. One of them wrong: OVERT_E_CORRUPT, and
 * the note is to be refused whatever other keys say. */
OV_MUST_CHECK overt_status ov_note_check_key(const struct ov_note *note, const struct ov_key *key,
        struct ov_note_check *out, overt_error *err);

/* Writing one: the text, then this, then signature lines. */
void ov_note_put_text(struct ov_buf *out, struct ov_bytes text);
void ov_note_put_signature(struct ov_buf *out, struct ov_bytes name,
        const uint8_t id[OV_KEY_ID_BYTES], struct ov_bytes signature);

#endif
