/* SPDX-License-Identifier: Apache-2.0 */
/* ledgers.h - what this program did, on record (trust/ledger.h, docs/formats/ledger.md).
 *
 * A command calls this once, when what it did is done:
 *
 *     struct ov_buf text;
 *
 *     ov_ledger_begin(&text);
 *     ov_ledger_put(&text, "system", path);            any text: what could act is escaped
 *     ov_ledger_put_number(&text, "findings", count);
 *     ov_ledger_end("prohibited", OV_LEDGER_PROHIBITED, &text);
 *
 * Where the user has begun no ledger (`overt ledger begin`) this does nothing, and costs a look. */
#ifndef OV_PROGRAMS_OVERT_LEDGERS_H
#define OV_PROGRAMS_OVERT_LEDGERS_H

#include "base/buf.h"
#include "trust/ledger.h"

/* /var/lib/overt/ledger for root, else overt/ledger in the XDG state folder. False: no such place
 * (neither XDG_STATE_HOME nor HOME), or too long. */
bool ov_ledger_place(char *out, size_t size);

/* A text that ov_ledger_end takes. Names are words of our own: letters, digits, '-'. */
void ov_ledger_begin(struct ov_buf *text);
void ov_ledger_put(struct ov_buf *text, const char *name, const char *value);
void ov_ledger_put_bytes(struct ov_buf *text, const char *name, struct ov_bytes value);
void ov_ledger_put_number(struct ov_buf *text, const char *name, uint64_t value);

/* Puts it on record and frees it. A text that grew past OV_LEDGER_RECORD_BYTES_MAX becomes a record
 * that says so. False: there is a ledger and it could not be written, which was said on standard
 * error in the name of `command`. */
bool ov_ledger_end(const char *command, enum ov_ledger_kind kind, struct ov_buf *text);

/* The same into the ledger of this folder, which is made where it is missing. */
bool ov_ledger_end_at(
        const char *command, const char *folder, enum ov_ledger_kind kind, struct ov_buf *text);

/* The whole of a ledger in memory, verified. Begins as zero. */
struct ov_ledger_files {
    struct ov_buf records, leaves, head;
    struct ov_tree tree;
};

/* 0; 1: it is not what was written; 2: it could not be read. Both were said. In any case *files is to
 * be done with. */
int ov_ledger_open(const char *command, const char *folder, struct ov_ledger_files *files);
void ov_ledger_done(struct ov_ledger_files *files);

/* One record of kind `jail` if layers were done without (`weaker`: NULL or ends with NULL). */
bool ov_ledger_weaker(const char *command, const char *const *weaker);

#endif
