/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - the folder where quarantined files lie: putting one there, giving one back, at every
 * step so that a crash loses nothing. One process at a time (a lock).
 *
 * A file is known by its folder's descriptor, its inode and its SHA-256, not by its path: what
 * somebody puts in its place between the finding and the moving is not moved, and nothing is
 * removed before its encrypted copy is on the disk. */
#ifndef OV_QUARANTINE_STORE_H
#define OV_QUARANTINE_STORE_H

#include "quarantine/item.h"
#include "quarantine/seal.h"

struct ov_quarantine;

/* Opens the folder, making it and its key where they are not; finishes or takes back what a crash
 * left. `recovered` (may be NULL) counts these. */
OV_MUST_CHECK overt_status ov_quarantine_open(
        struct ov_quarantine **out, const char *folder, unsigned *recovered, overt_error *err);
void ov_quarantine_close(struct ov_quarantine *store);
OV_DEFINE_AUTO(struct ov_quarantine, ov_quarantine_close);

struct ov_quarantine_id {
    uint8_t bytes[OV_SEAL_ID_BYTES];
};
#define OV_QUARANTINE_ID_TEXT (2u * OV_SEAL_ID_BYTES + 1u)
void ov_quarantine_id_text(const struct ov_quarantine_id *id, char text[OV_QUARANTINE_ID_TEXT]);

/* Every item, in no particular order. `item` is NULL for one that cannot be read, and `why` says
 * why. False from the function ends it. */
typedef bool (*ov_quarantine_fn)(void *payload, const struct ov_quarantine_id *id,
        const struct ov_item *item, const char *why);
OV_MUST_CHECK overt_status ov_quarantine_each(
        struct ov_quarantine *store, ov_quarantine_fn fn, void *payload, overt_error *err);

/* The item whose ID begins with `text` (hex), if there is just one. */
OV_MUST_CHECK overt_status ov_quarantine_find(struct ov_quarantine *store, const char *text,
        struct ov_quarantine_id *out, overt_error *err);
OV_MUST_CHECK overt_status ov_quarantine_read(struct ov_quarantine *store,
        const struct ov_quarantine_id *id, struct ov_item *out,
        overt_error *err); /* yours to ov_item_done */

/* What must hold of a file before it is moved. */
struct ov_quarantine_wanted {
    const char *path; /* absolute; its last part is not followed */
    const char *rule; /* for the record */
    bool known;       /* it must be this one: */
    uint64_t device, inode;
    const uint8_t *sha256; /* and have this content; NULL: any */
    int fd; /* it is open already, borrowed: it is not opened again (on-access would refuse that);
               -1: it is not */
};
OV_MUST_CHECK overt_status ov_quarantine_add(struct ov_quarantine *store,
        const struct ov_quarantine_wanted *wanted, struct ov_quarantine_id *out, overt_error *err);

/* Puts it back at `path` (NULL: where it was), where nothing may be; owner, mode, attributes and
 * times as they were. The item leaves the store once the file is on the disk. */
OV_MUST_CHECK overt_status ov_quarantine_restore(struct ov_quarantine *store,
        const struct ov_quarantine_id *id, const char *path, overt_error *err);
/* Writes the content to `fd`, as it was, or sealed as it lies in the store. */
OV_MUST_CHECK overt_status ov_quarantine_export(
        struct ov_quarantine *store, const struct ov_quarantine_id *id, int fd, overt_error *err);
OV_MUST_CHECK overt_status ov_quarantine_delete(
        struct ov_quarantine *store, const struct ov_quarantine_id *id, overt_error *err);

/* owned.c: which package of the operating system the file belongs to: its name in `out`, "" for
 * none. False: it cannot be told. */
OV_MUST_CHECK bool ov_owned_by_package(const char *path, char *out, size_t size);

#endif
