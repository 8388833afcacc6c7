/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.h - what this machine did, on record: append-only, hashed into a Merkle tree, so that no
 * record can be changed, dropped or moved without showing. docs/formats/ledger.md
 *
 * Other programs append through this. A reader of the file trusts nothing of it. */
#ifndef OV_TRUST_LEDGER_H
#define OV_TRUST_LEDGER_H

#include "trust/tree.h"

enum ov_ledger_kind {
    OV_LEDGER_SCAN = 1,
    OV_LEDGER_UPDATE,
    OV_LEDGER_ACTIVATION,
    OV_LEDGER_POLICY,
    OV_LEDGER_JAIL,
    OV_LEDGER_QUARANTINE,
    OV_LEDGER_PROHIBITED, /* a look for banned products */
    OV_LEDGER_DAEMON,     /* it began, ended, changed its rules */
    OV_LEDGER_KINDS
};

const char *ov_ledger_kind_name(enum ov_ledger_kind kind);

/* `path` is a folder, made where it is missing. `text` is lines `NAME VALUE` of UTF-8 without
 * control characters, each ending in LF. On the disk when this returns OVERT_OK. Safe beside other
 * programs that append: a lock orders them. What a crash left half written is cut off first. */
OV_MUST_CHECK overt_status ov_ledger_append(const char *path, enum ov_ledger_kind kind,
        uint64_t time, struct ov_bytes text, overt_error *err);

struct ov_ledger_record {
    uint64_t number; /* from 0 */
    enum ov_ledger_kind kind;
    uint64_t time;
    struct ov_bytes text;
    struct ov_bytes bytes; /* the record's own: what its leaf hash is over */
};

/* Cuts the next record off `rest`. False: `rest` is empty, or *status is no longer OVERT_OK. */
OV_MUST_CHECK bool ov_ledger_next(struct ov_bytes *rest, uint64_t number,
        struct ov_ledger_record *out, overt_status *status, overt_error *err);

/* The whole of a ledger, both files: every record's form and number, every leaf hash, and the root
 * that `head` has. OVERT_E_CORRUPT names the first record that is not what was written. */
OV_MUST_CHECK overt_status ov_ledger_verify(struct ov_bytes records, struct ov_bytes leaves,
        struct ov_bytes head, struct ov_tree *tree, overt_error *err);

#endif
