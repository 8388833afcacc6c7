/* SPDX-License-Identifier: Apache-2.0 */
/* ole_file.h - the streams of a compound file ([MS-CFB]). */
#ifndef OV_FORMATS_OLE_FILE_H
#define OV_FORMATS_OLE_FILE_H

#include "base/buf.h"

#define OV_OLE_ENTRIES_MAX 65536u
#define OV_OLE_NONE        UINT32_MAX

enum ov_ole_kind {
    OV_OLE_UNUSED = 0,
    OV_OLE_STORAGE = 1,
    OV_OLE_STREAM = 2,
    OV_OLE_ROOT = 5
};

struct ov_ole_entry {
    struct ov_bytes name; /* UTF-16LE, as stored */
    uint64_t size;
    enum ov_ole_kind kind;
    uint32_t start;
    uint32_t parent; /* an entry; OV_OLE_NONE: the root's, or nobody's */
};

struct ov_ole {
    struct ov_bytes file;
    uint32_t sector_bytes;
    uint32_t small_bytes; /* sectors of the small streams' container */
    uint32_t cutoff;      /* streams smaller than this lie there */
    uint32_t small_fat_start;
    struct ov_buf fat_sectors; /* their numbers, 32 bits each */
    struct ov_buf directory;
    struct ov_buf small_fat;
    struct ov_buf small; /* the container */
    uint32_t *parents;   /* owned, entry_count */
    uint32_t entry_count;
    bool damaged;
};

/* False: no memory. Whatever is wrong with the file is in `damaged`. */
bool ov_ole_open(struct ov_ole *ole, struct ov_bytes file);
void ov_ole_done(struct ov_ole *ole);
bool ov_ole_entry(const struct ov_ole *ole, uint32_t index, struct ov_ole_entry *out);
/* Puts the stream into `out`. False: it is shorter than it should be. */
bool ov_ole_stream(struct ov_ole *ole, const struct ov_ole_entry *entry, struct ov_buf *out);
/* Its name for people: what is ASCII in it, and the names that installers (MSI) spell shorter. */
void ov_ole_name(struct ov_buf *out, struct ov_bytes name);

#endif
