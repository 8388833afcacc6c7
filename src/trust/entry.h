/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h - one entry of the log: a signed note whose text says of what kind it is, how it is
 * called, for which log it was made, and then holds its body. docs/formats/updates.md
 *
 * Entries are public and come from whoever could append to the log. Nothing in one is believed
 * before enough release keys were found under it. */
#ifndef OV_TRUST_ENTRY_H
#define OV_TRUST_ENTRY_H

#include "trust/line.h"
#include "trust/note.h"

/* The closed list: an update with any other kind is refused whole. */
enum ov_entry_kind {
    OV_ENTRY_RULE = 0,
    OV_ENTRY_REVOKE,
    OV_ENTRY_SUPPRESS,
    OV_ENTRY_BINARY,
    OV_ENTRY_KEYSET,
    OV_ENTRY_STATEMENT,
    OV_ENTRY_KINDS
};

const char *ov_entry_kind_name(enum ov_entry_kind kind);
OV_MUST_CHECK bool ov_entry_kind_of(struct ov_bytes name, enum ov_entry_kind *out);

/* 1 to 128 of [0-9A-Za-z._-]. */
OV_MUST_CHECK bool ov_entry_name_is_good(struct ov_bytes name);

/* Borrows from what it was read from. */
struct ov_entry {
    enum ov_entry_kind kind;
    struct ov_bytes name;
    struct ov_bytes scope; /* the origin of the log it was made for */
    uint64_t not_before;   /* seconds since 1970; 0: at once */
    struct ov_bytes body;
};

/* `text` is the text of a note. The body is checked for the form of its kind. */
OV_MUST_CHECK overt_status ov_entry_read(
        struct ov_bytes text, struct ov_entry *out, overt_error *err);
void ov_entry_put(struct ov_buf *out, const struct ov_entry *entry);

/* --- bodies --------------------------------------------------------------------------------- */

enum ov_rule_language {
    OV_LANGUAGE_YARA = 0,
    OV_LANGUAGE_HASHLIST,
    OV_LANGUAGE_CLAMAV_NDB, /* one signature each */
    OV_LANGUAGE_CLAMAV_LDB,
    OV_LANGUAGE_CLAMAV_MDB, /* digests of sections: lines, as of a hash list */
    OV_LANGUAGE_CLAMAV_MSB,
    OV_LANGUAGES
};

/* "yara", "clamav-ndb": as a body and a rule stream call it. */
const char *ov_rule_language_name(enum ov_rule_language language);

struct ov_rule_body {
    enum ov_rule_language language;
    struct ov_bytes samples; /* lines `holds BASE64` and `spares BASE64`; may be empty */
    struct ov_bytes text;
};

OV_MUST_CHECK overt_status ov_rule_body_read(
        struct ov_bytes body, struct ov_rule_body *out, overt_error *err);

/* The next `holds` or `spares` line of a rule's samples; false: no more. */
OV_MUST_CHECK bool ov_rule_body_sample(
        struct ov_lines *lines, bool *must_hold, struct ov_bytes *base64);

/* The next number of a revoke body, or digest (64 hex digits) of a suppress body. */
OV_MUST_CHECK bool ov_revoke_next(struct ov_lines *lines, uint64_t *index);
OV_MUST_CHECK bool ov_suppress_next(struct ov_lines *lines, struct ov_bytes *sha256_hex);

/* A keyset: who signs releases from its time on, and how many of them for what. */
struct ov_keyset {
    uint32_t key_count;
    uint32_t thresholds[OV_ENTRY_KINDS];
    struct ov_key keys[OV_RELEASE_KEYS_MAX];
};

OV_MUST_CHECK overt_status ov_keyset_read(
        struct ov_bytes body, struct ov_keyset *out, overt_error *err);
/* OVERT_OK: as many keys as `kind` needs signed this note. */
OV_MUST_CHECK overt_status ov_keyset_check(const struct ov_keyset *keyset,
        const struct ov_note *note, enum ov_entry_kind kind, overt_error *err);

#endif
