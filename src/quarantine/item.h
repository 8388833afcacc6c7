/* SPDX-License-Identifier: Apache-2.0 */
/* item.h - what is known of a quarantined file beside its content: all that giving it back exactly
 * needs. docs/formats/quarantine.md has the bytes. */
#ifndef OV_QUARANTINE_ITEM_H
#define OV_QUARANTINE_ITEM_H

#include "base/buf.h"
#include "base/error.h"

#define OV_ITEM_PATH_BYTES_MAX  65536u /* deeper trees than PATH_MAX exist */
#define OV_ITEM_ATTRS_MAX       256u
#define OV_ITEM_ATTRS_BYTES_MAX (48u * 1024u)

struct ov_item_attr {
    char *name;     /* owned, NUL-terminated */
    uint8_t *value; /* owned */
    size_t value_bytes;
};

struct ov_item {
    char *path; /* owned */
    char *rule; /* owned; "" if nobody said */
    uint64_t size, mode, uid, gid, device, inode, links;
    int64_t atime_ns, mtime_ns, moved_s;
    uint8_t sha256[32];
    struct ov_item_attr attrs[OV_ITEM_ATTRS_MAX];
    size_t attr_count;
};

void ov_item_done(struct ov_item *item);

/* Appends the description; it fits one record unless the path and attributes are larger than any
 * real ones: false then. */
OV_MUST_CHECK bool ov_item_encode(const struct ov_item *item, struct ov_buf *out);
/* Fills `out` (yours to ov_item_done). False: no description, or no memory. */
OV_MUST_CHECK bool ov_item_decode(struct ov_bytes bytes, struct ov_item *out);

/* Size, mode, owner, times and extended attributes of an open file. False: errno. */
OV_MUST_CHECK bool ov_item_look(struct ov_item *item, int fd);
/* The same onto an open file: attributes and ACLs, owner, mode, times, in an order in which none
 * undoes another. NULL, or what could not be set (static; errno). */
const char *ov_item_apply(const struct ov_item *item, int fd);

#endif
