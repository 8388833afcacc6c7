/* SPDX-License-Identifier: Apache-2.0 */
/* disk.h - disks of virtual machines: which block of the disk lies where in the file. For the parser
 * of disks alone. */
#ifndef OV_FORMATS_DISK_H
#define OV_FORMATS_DISK_H

#include "formats/parser.h"

/* Bytes of a table that are kept at hand. */
#define OV_DISK_TABLE_BYTES 4096u

struct ov_disk {
    uint64_t size;         /* of the disk */
    uint64_t block_bytes;  /* of one block of it; OV_DISK_BLOCK_BYTES_MIN to _MAX */
    uint64_t table_at;     /* the first table, in the file */
    uint64_t table_count;  /* its entries */
    uint64_t second_count; /* entries of each table of the second kind; 0: there is but one kind */
    uint64_t data_at;
    uint64_t stride; /* from one block to the next, where they lie one behind the other */
    unsigned bits;   /* qcow: of a cluster's size */
    unsigned version;
    enum ov_codec codec; /* of packed blocks */
    bool elsewhere;      /* what is not in this file is in another */
    bool logged;         /* its last writes are in a log, which we do not replay */

    uint64_t cache_at; /* what `cache` shows */
    size_t cache_got;
    uint8_t cache[OV_DISK_TABLE_BYTES];
};

/* Where a block's bytes are. */
enum ov_disk_where {
    OV_DISK_NOWHERE, /* all zeros, or in another file */
    OV_DISK_PLAIN,
    OV_DISK_PACKED,
    OV_DISK_BAD /* the tables lead out of the file */
};

struct ov_disk_place {
    enum ov_disk_where where;
    uint64_t at;
    uint64_t bytes; /* packed: at most so many */
};

struct ov_disk_kind {
    const char *magic;
    uint32_t len;
    uint32_t off;
    /* False: the numbers in the header are no disk's. `trouble`: why it is not opened. */
    bool (*open)(struct ov_disk *disk, const struct ov_input *input, struct ov_bytes head,
            struct ov_trouble *trouble);
    struct ov_disk_place (*find)(
            struct ov_disk *disk, const struct ov_input *input, uint64_t number);
};

/* The kind that begins so; NULL: none. */
const struct ov_disk_kind *ov_disk_kind_of(struct ov_bytes head);

/* disk_tables.c: the kinds with two tables, one behind the other, and the one with tables of tables. */
extern const struct ov_disk_kind ov_disk_qcow, ov_disk_vmdk, ov_disk_qed, ov_disk_vhdx;

/* Entry `number` of a table at `at`, of 4 or 8 bytes; false: it lies outside the file. */
OV_MUST_CHECK bool ov_disk_entry_le32(struct ov_disk *disk, const struct ov_input *input,
        uint64_t at, uint64_t number, uint32_t *out);
OV_MUST_CHECK bool ov_disk_entry_be32(struct ov_disk *disk, const struct ov_input *input,
        uint64_t at, uint64_t number, uint32_t *out);
OV_MUST_CHECK bool ov_disk_entry_le64(struct ov_disk *disk, const struct ov_input *input,
        uint64_t at, uint64_t number, uint64_t *out);
OV_MUST_CHECK bool ov_disk_entry_be64(struct ov_disk *disk, const struct ov_input *input,
        uint64_t at, uint64_t number, uint64_t *out);

#endif
