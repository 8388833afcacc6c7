/* SPDX-License-Identifier: Apache-2.0 */
/* disk_kinds.c - disks with one table or none: VHD (Microsoft's specification 1.0), VDI, Parallels, and
 * the 2,352 bytes of each sector of a CD (ECMA-130 14). */
#include "base/checked.h"
#include "formats/disk.h"
#include "formats/peek.h"

#define SECTOR_BYTES 512u

/* --- entries of tables ---------------------------------------------------------------------- */

/* `len` bytes at entry `number` of a table at `at`. */
static bool entry(struct ov_disk *disk, const struct ov_input *input, uint64_t at, uint64_t number,
        uint32_t len, struct ov_bytes *out)
{
    uint64_t off;

    if (!ov_mul(&off, number, (uint64_t)len) || !ov_add(&off, off, at)) {
        return false;
    }
    if (disk->cache_at == UINT64_MAX || off < disk->cache_at
            || off - disk->cache_at > disk->cache_got
            || len > disk->cache_got - (off - disk->cache_at)) {
        disk->cache_got = ov_input_read(input, off, disk->cache, sizeof(disk->cache));
        disk->cache_at = off;
    }
    return ov_bytes_slice(
            ov_bytes_of(disk->cache, disk->cache_got), off - disk->cache_at, len, out);
}

bool ov_disk_entry_le32(struct ov_disk *disk, const struct ov_input *input, uint64_t at,
        uint64_t number, uint32_t *out)
{
    struct ov_bytes b;
    const bool there = entry(disk, input, at, number, 4, &b);

    *out = there ? ov_u32le_at(b, 0, 0) : 0;
    return there;
}

bool ov_disk_entry_be32(struct ov_disk *disk, const struct ov_input *input, uint64_t at,
        uint64_t number, uint32_t *out)
{
    struct ov_bytes b;
    const bool there = entry(disk, input, at, number, 4, &b);

    *out = there ? ov_u32be_at(b, 0, 0) : 0;
    return there;
}

bool ov_disk_entry_le64(struct ov_disk *disk, const struct ov_input *input, uint64_t at,
        uint64_t number, uint64_t *out)
{
    struct ov_bytes b;
    const bool there = entry(disk, input, at, number, 8, &b);

    *out = there ? ov_u64le_at(b, 0, 0) : 0;
    return there;
}

bool ov_disk_entry_be64(struct ov_disk *disk, const struct ov_input *input, uint64_t at,
        uint64_t number, uint64_t *out)
{
    struct ov_bytes b;
    const bool there = entry(disk, input, at, number, 8, &b);

    *out = there ? ov_u64be_at(b, 0, 0) : 0;
    return there;
}

/* --- VHD ------------------------------------------------------------------------------------ */

/* The footer's copy stands in front; a disk of fixed size has only the footer, and is what it holds. */
static bool vhd_open(struct ov_disk *disk, const struct ov_input *input, struct ov_bytes head,
        struct ov_trouble *trouble)
{
    const uint64_t second = ov_u64be_at(head, 16, UINT64_MAX);
    uint8_t raw[64];
    struct ov_bytes b;

    (void)trouble;
    b = ov_bytes_of(raw, second < input->size ? ov_input_read(input, second, raw, sizeof(raw)) : 0);
    disk->size = ov_u64be_at(head, 48, 0);
    disk->elsewhere = ov_u32be_at(head, 60, 0) == 4;
    disk->table_at = ov_u64be_at(b, 16, UINT64_MAX);
    disk->table_count = ov_u32be_at(b, 28, 0);
    disk->block_bytes = ov_u32be_at(b, 32, 0);
    /* In front of each block a bit for each of its sectors, filled up to whole sectors. */
    disk->data_at =
            (disk->block_bytes / SECTOR_BYTES / 8 + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
    return ov_has(b, 0, "cxsparse", 8) && disk->block_bytes % SECTOR_BYTES == 0;
}

static struct ov_disk_place vhd_find(
        struct ov_disk *disk, const struct ov_input *input, uint64_t number)
{
    uint32_t sector;

    if (number >= disk->table_count
            || !ov_disk_entry_be32(disk, input, disk->table_at, number, &sector)) {
        return (struct ov_disk_place){ .where = OV_DISK_BAD };
    }
    if (sector == UINT32_MAX) {
        return (struct ov_disk_place){ .where = OV_DISK_NOWHERE };
    }
    return (struct ov_disk_place){ .where = OV_DISK_PLAIN,
        .at = (uint64_t)sector * SECTOR_BYTES + disk->data_at };
}

/* --- VDI ------------------------------------------------------------------------------------ */

static bool vdi_open(struct ov_disk *disk, const struct ov_input *input, struct ov_bytes head,
        struct ov_trouble *trouble)
{
    const uint32_t kind = ov_u32le_at(head, 0x4c, 0), extra = ov_u32le_at(head, 0x17c, 0);

    (void)input;
    (void)trouble;
    disk->table_at = ov_u32le_at(head, 0x154, UINT32_MAX);
    disk->data_at = (uint64_t)ov_u32le_at(head, 0x158, UINT32_MAX) + extra;
    disk->size = ov_u64le_at(head, 0x170, 0);
    disk->block_bytes = ov_u32le_at(head, 0x178, 0);
    disk->stride = disk->block_bytes + extra;
    disk->table_count = ov_u32le_at(head, 0x180, 0);
    disk->elsewhere = kind == 3 || kind == 4;
    return extra <= OV_MIB;
}

static struct ov_disk_place vdi_find(
        struct ov_disk *disk, const struct ov_input *input, uint64_t number)
{
    uint32_t block;

    if (number >= disk->table_count
            || !ov_disk_entry_le32(disk, input, disk->table_at, number, &block)) {
        return (struct ov_disk_place){ .where = OV_DISK_BAD };
    }
    if (block >= UINT32_MAX - 1) { /* never written, or freed */
        return (struct ov_disk_place){ .where = OV_DISK_NOWHERE };
    }
    return (struct ov_disk_place){ .where = OV_DISK_PLAIN,
        .at = disk->data_at + block * disk->stride };
}

/* --- Parallels ------------------------------------------------------------------------------ */

static bool parallels_open(struct ov_disk *disk, const struct ov_input *input, struct ov_bytes head,
        struct ov_trouble *trouble)
{
    const uint64_t sectors = ov_u64le_at(head, 36, 0);
    const bool old = ov_has(head, 0, "WithoutFreeSpace", 16);

    (void)input;
    (void)trouble;
    disk->block_bytes = (uint64_t)ov_u32le_at(head, 28, 0) * SECTOR_BYTES;
    disk->table_at = 64;
    disk->table_count = ov_u32le_at(head, 32, 0);
    disk->stride = old ? SECTOR_BYTES : disk->block_bytes; /* what the table counts in */
    return ov_mul(&disk->size, old ? sectors & UINT32_MAX : sectors, (uint64_t)SECTOR_BYTES);
}

static struct ov_disk_place parallels_find(
        struct ov_disk *disk, const struct ov_input *input, uint64_t number)
{
    uint32_t block;

    if (number >= disk->table_count
            || !ov_disk_entry_le32(disk, input, disk->table_at, number, &block)) {
        return (struct ov_disk_place){ .where = OV_DISK_BAD };
    }
    if (block == 0) {
        return (struct ov_disk_place){ .where = OV_DISK_NOWHERE };
    }
    return (struct ov_disk_place){ .where = OV_DISK_PLAIN, .at = block * disk->stride };
}

/* --- a CD's raw sectors --------------------------------------------------------------------- */

/* 12 bytes to find the sector by, its address and mode, in mode 2 eight more, then the data. */
static bool cd_open(struct ov_disk *disk, const struct ov_input *input, struct ov_bytes head,
        struct ov_trouble *trouble)
{
    (void)trouble;
    disk->block_bytes = 2048;
    disk->stride = 2352;
    disk->data_at = ov_u8_at(head, 15, 1) == 2 ? 24 : 16;
    disk->size = input->size / disk->stride * disk->block_bytes;
    return true;
}

static struct ov_disk_place cd_find(
        struct ov_disk *disk, const struct ov_input *input, uint64_t number)
{
    (void)input;
    return (struct ov_disk_place){ .where = OV_DISK_PLAIN,
        .at = number * disk->stride + disk->data_at };
}

/* --- which --------------------------------------------------------------------------------- */

static const struct ov_disk_kind vhd = { "conectix", 8, 0, vhd_open, vhd_find };
static const struct ov_disk_kind vdi = { "\x7f\x10\xda\xbe", 4, 64, vdi_open, vdi_find };
static const struct ov_disk_kind parallels = { "WithoutFreeSpace", 16, 0, parallels_open,
    parallels_find };
static const struct ov_disk_kind parallels_new = { "WithouFreSpacExt", 16, 0, parallels_open,
    parallels_find };
static const struct ov_disk_kind cd = { "\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, 0,
    cd_open, cd_find };

const struct ov_disk_kind *ov_disk_kind_of(struct ov_bytes head)
{
    static const struct ov_disk_kind *const kinds[] = { &vhd, &vdi, &parallels, &parallels_new, &cd,
        &ov_disk_qcow, &ov_disk_vmdk, &ov_disk_qed, &ov_disk_vhdx };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (ov_has(head, kinds[i]->off, kinds[i]->magic, kinds[i]->len)) {
            return kinds[i];
        }
    }
    return NULL;
}
