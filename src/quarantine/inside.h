/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h - what the files of the quarantine share. Not for other rooms. */
#ifndef OV_QUARANTINE_INSIDE_H
#define OV_QUARANTINE_INSIDE_H

#include "quarantine/store.h"

struct ov_quarantine {
    int folder;
    int lock;
    uint8_t key[OV_SEAL_KEY_BYTES];
};

/* "ID.ovq" and the like. */
#define OV_QUARANTINE_NAME_BYTES (OV_QUARANTINE_ID_TEXT + 16u)
void ov_quarantine_name(const struct ov_quarantine_id *id, const char *suffix, char *out);
#define OV_QUARANTINE_HIDDEN ".overt-quarantine-" /* the file's name while it is on its way */

overt_status ov_quarantine_fail(overt_error *err, const char *what); /* errno */

/* Reads an item's records one after the other. */
struct ov_quarantine_reader {
    int fd;
    struct ov_seal seal;
    uint8_t *room; /* owned: what was read and not yet opened */
    size_t have;
    bool ended;
};
OV_MUST_CHECK overt_status ov_quarantine_reader_open(struct ov_quarantine_reader *reader,
        struct ov_quarantine *store, const struct ov_quarantine_id *id, overt_error *err);
/* The next record into `plain`; *bytes 0 and reader->ended behind the last. */
OV_MUST_CHECK overt_status ov_quarantine_reader_next(
        struct ov_quarantine_reader *reader, uint8_t *plain, size_t *bytes, overt_error *err);
void ov_quarantine_reader_done(struct ov_quarantine_reader *reader);

/* Is the item whole? Opens every record and holds the content against its SHA-256. */
OV_MUST_CHECK overt_status ov_quarantine_check(
        struct ov_quarantine *store, const struct ov_quarantine_id *id, overt_error *err);

/* The folder of an absolute path, opened without following a link in its last part but one. */
int ov_quarantine_open_folder(const char *path, const char **name); /* -1: errno */

#endif
