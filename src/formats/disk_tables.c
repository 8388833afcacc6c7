/* SPDX-License-Identifier: Apache-2.0 */
/* disk_tables.c - disks whose blocks are found through two tables: qcow and qcow2 (QEMU's
 * docs/interop/qcow2.txt), VMDK's sparse extents (VMware's Virtual Disk Format 5.0), QED; and VHDX
 * ([MS-VHDX]). Each number is a claim; a find reads two entries, and follows nothing further. */
#include "base/checked.h"
#include "formats/disk.h"
#include "formats/peek.h"

#define SECTOR_BYTES 512u

/* --- qcow ----------------------------------------------------------------------------------- */

#define QCOW_OFFSET    0x00fffffffffffe00u
#define QCOW2_PACKED   ((uint64_t)1 << 62)
#define QCOW1_PACKED   ((uint64_t)1 << 63)
#define QCOW_EXTERNAL  4u  /* incompatible features: the data are in another file, */
#define QCOW_OTHER     8u  /* packed in another way than deflate, */
#define QCOW_SUBBLOCKS 16u /* and entries of 16 bytes */

static bool qcow1_open(struct ov_disk *disk, struct ov_bytes head)
{
    const unsigned bits = ov_u8_at(head, 32, 0), second = ov_u8_at(head, 33, 0);

    if (bits < 9 || bits > 21 || second < 6 || second > 18) {
        return false;
    }
    disk->bits = bits;
    disk->second_count = (uint64_t)1 << second;
    disk->table_at = ov_u64be_at(head, 40, UINT64_MAX);
    disk->table_count = (disk->size >> (bits + second)) + 1;
    return true;
}

static bool qcow_open(struct ov_disk *disk, const struct ov_input *input, struct ov_bytes head,
        struct ov_trouble *trouble)
{
    const uint64_t features = ov_u32be_at(head, 4, 0) >= 3 ? ov_u64be_at(head, 72, 0) : 0;
    const bool one = ov_u32be_at(head, 4, 0) == 1;

    (void)input;
    disk->version = ov_u32be_at(head, 4, 0);
    disk->size = ov_u64be_at(head, 24, 0);
    disk->elsewhere = ov_u64be_at(head, 8, 0) != 0;
    disk->codec = OV_CODEC_DEFLATE;
    if (ov_u32be_at(head, one ? 36 : 32, 0) != 0) {
        (void)ov_trouble_say(trouble, OV_REASON_ENCRYPTED, "an encrypted disk");
        return false;
    }
    if ((features & QCOW_EXTERNAL) != 0) {
        (void)ov_trouble_say(trouble, OV_REASON_MULTIVOLUME, "its data are in another file");
        return false;
    }
    if ((features & QCOW_OTHER) != 0) {
        if (ov_u8_at(head, 104, 0) != 1) {
            (void)ov_trouble_say(trouble, OV_REASON_UNSUPPORTED, "packed in an unknown way");
            return false;
        }
        disk->codec = OV_CODEC_ZSTD;
    }
    if (one) {
        if (!qcow1_open(disk, head)) {
            return false;
        }
        disk->block_bytes = (uint64_t)1 << disk->bits;
        return true;
    }
    disk->bits = ov_u32be_at(head, 20, 0) & 31;
    if (disk->bits < 9 || disk->bits > 21) {
        return false;
    }
    disk->block_bytes = (uint64_t)1 << disk->bits;
    disk->stride = (features & QCOW_SUBBLOCKS) != 0 ? 2 : 1;
    disk->second_count = disk->block_bytes / 8 / disk->stride;
    disk->table_count = ov_u32be_at(head, 36, 0);
    disk->table_at = ov_u64be_at(head, 40, UINT64_MAX);
    return true;
}

/* A packed cluster's entry has its place and how many sectors, or bytes, it may take. */
static struct ov_disk_place qcow_packed(const struct ov_disk *disk, uint64_t entry)
{
    struct ov_disk_place place = { .where = OV_DISK_PACKED };
    const unsigned shift = disk->version == 1 ? 63 - disk->bits : 62 - (disk->bits - 8);

    place.at = entry & (((uint64_t)1 << shift) - 1);
    entry >>= shift;
    if (disk->version == 1) {
        place.bytes = entry & (disk->block_bytes - 1);
    } else {
        place.bytes = ((entry & (((uint64_t)1 << (disk->bits - 8)) - 1)) + 1) * SECTOR_BYTES
                      - place.at % SECTOR_BYTES;
    }
    return place;
}

static struct ov_disk_place qcow_find(
        struct ov_disk *disk, const struct ov_input *input, uint64_t number)
{
    const uint64_t first = number / disk->second_count, second = number % disk->second_count;
    const uint64_t mask = disk->version == 1 ? UINT64_MAX : QCOW_OFFSET;
    uint64_t table, block;

    if (first >= disk->table_count
            || !ov_disk_entry_be64(disk, input, disk->table_at, first, &table)) {
        return (struct ov_disk_place){ .where = OV_DISK_BAD };
    }
    if ((table & mask) == 0) {
        return (struct ov_disk_place){ .where = OV_DISK_NOWHERE };
    }
    if (!ov_disk_entry_be64(disk, input, table & mask,
                second * (disk->version == 1 ? 1 : disk->stride), &block)) {
        return (struct ov_disk_place){ .where = OV_DISK_BAD };
    }
    if ((block & (disk->version == 1 ? QCOW1_PACKED : QCOW2_PACKED)) != 0) {
        return qcow_packed(disk, block);
    }
    /* Bit 0: reads as zeros, whatever lies there. What the subblocks say is not asked: all that is
     * there is looked at. */
    if ((block & mask) == 0 || (disk->version >= 3 && disk->stride == 1 && (block & 1) != 0)) {
        return (struct ov_disk_place){ .where = OV_DISK_NOWHERE };
    }
    return (struct ov_disk_place){ .where = OV_DISK_PLAIN, .at = block & mask };
}

const struct ov_disk_kind ov_disk_qcow = { "QFI\xfb\0\0\0", 7, 0, qcow_open, qcow_find };

/* --- VMDK ----------------------------------------------------------------------------------- */

#define VMDK_PACKED 0x10000u /* flags: each grain is a zlib stream, behind its number and size */

static bool vmdk_open(struct ov_disk *disk, const struct ov_input *input, struct ov_bytes head,
        struct ov_trouble *trouble)
{
    uint8_t raw[SECTOR_BYTES];
    struct ov_bytes b = head;
    uint64_t grain, at;

    (void)trouble;
    if (ov_u64le_at(b, 56, 0) == UINT64_MAX && input->size >= 2u * SECTOR_BYTES) {
        /* It was written in one go: the head that is right stands at the end. */
        at = input->size - 2u * SECTOR_BYTES;
        b = ov_bytes_of(raw, ov_input_read(input, at, raw, sizeof(raw)));
        if (!ov_has(b, 0, "KDMV", 4)) {
            return false;
        }
    }
    grain = ov_u64le_at(b, 20, 0);
    disk->second_count = ov_u32le_at(b, 44, 0);
    disk->codec = OV_CODEC_ZLIB;
    disk->version = (ov_u32le_at(b, 8, 0) & VMDK_PACKED) != 0 ? 1 : 0;
    if (grain == 0 || grain > OV_DISK_PACKED_BYTES_MAX / SECTOR_BYTES || disk->second_count == 0
            || !ov_mul(&disk->size, ov_u64le_at(b, 12, 0), (uint64_t)SECTOR_BYTES)
            || !ov_mul(&disk->table_at, ov_u64le_at(b, 56, 0), (uint64_t)SECTOR_BYTES)) {
        return false;
    }
    disk->block_bytes = grain * SECTOR_BYTES;
    return true;
}

static struct ov_disk_place vmdk_find(
        struct ov_disk *disk, const struct ov_input *input, uint64_t number)
{
    const uint64_t first = number / disk->second_count, second = number % disk->second_count;
    struct ov_disk_place place = { .where = OV_DISK_PLAIN };
    uint32_t table, grain;
    uint8_t raw[12];

    if (!ov_disk_entry_le32(disk, input, disk->table_at, first, &table)) {
        return (struct ov_disk_place){ .where = OV_DISK_BAD };
    }
    if (table == 0) {
        return (struct ov_disk_place){ .where = OV_DISK_NOWHERE };
    }
    if (!ov_disk_entry_le32(disk, input, (uint64_t)table * SECTOR_BYTES, second, &grain)) {
        return (struct ov_disk_place){ .where = OV_DISK_BAD };
    }
    if (grain < 2) { /* never written, or zeros */
        return (struct ov_disk_place){ .where = OV_DISK_NOWHERE };
    }
    place.at = (uint64_t)grain * SECTOR_BYTES;
    if (disk->version != 0) {
        const size_t got = ov_input_read(input, place.at, raw, sizeof(raw));

        place.where = OV_DISK_PACKED;
        place.bytes = ov_u32le_at(ov_bytes_of(raw, got), 8, 0);
        place.at += sizeof(raw);
    }
    return place;
}

const struct ov_disk_kind ov_disk_vmdk = { "KDMV", 4, 0, vmdk_open, vmdk_find };

/* --- QED ------------------------------------------------------------------------------------ */

static bool qed_open(struct ov_disk *disk, const struct ov_input *input, struct ov_bytes head,
        struct ov_trouble *trouble)
{
    (void)input;
    (void)trouble;
    disk->block_bytes = ov_u32le_at(head, 4, 0);
    disk->second_count = disk->block_bytes * ov_u32le_at(head, 8, 0) / 8;
    disk->table_count = disk->second_count;
    disk->elsewhere = (ov_u64le_at(head, 16, 0) & 1) != 0;
    disk->table_at = ov_u64le_at(head, 40, UINT64_MAX);
    disk->size = ov_u64le_at(head, 48, 0);
    return disk->second_count != 0;
}

static struct ov_disk_place qed_find(
        struct ov_disk *disk, const struct ov_input *input, uint64_t number)
{
    const uint64_t first = number / disk->second_count, second = number % disk->second_count;
    uint64_t table, block;

    if (first >= disk->table_count
            || !ov_disk_entry_le64(disk, input, disk->table_at, first, &table)) {
        return (struct ov_disk_place){ .where = OV_DISK_BAD };
    }
    if (table == 0) {
        return (struct ov_disk_place){ .where = OV_DISK_NOWHERE };
    }
    if (!ov_disk_entry_le64(disk, input, table, second, &block)) {
        return (struct ov_disk_place){ .where = OV_DISK_BAD };
    }
    return (struct ov_disk_place){ .where = block < 2 ? OV_DISK_NOWHERE : OV_DISK_PLAIN,
        .at = block };
}

const struct ov_disk_kind ov_disk_qed = { "QED\0", 4, 0, qed_open, qed_find };

/* --- VHDX ----------------------------------------------------------------------------------- */

#define HEADERS_AT   0x10000u /* and once more behind it */
#define REGIONS_AT   0x30000u
#define REGIONS_MAX  2047u
#define METADATA_MAX 2047u

static const char block_table_id[] =
        "\x66\x77\xc2\x2d\x23\xf6\x00\x42\x9d\x64\x11\x5e\x9b\xfd\x4a\x08";
static const char metadata_id[] =
        "\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e";
static const char parameters_id[] =
        "\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b";
static const char disk_size_id[] =
        "\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8";
static const char sector_size_id[] =
        "\x1d\xbf\x41\x81\x6f\xa9\x09\x47\xba\x47\xf2\x33\xa8\xfa\xab\x5f";

/* The record of 32 bytes with this id in a list at `at`. */
static bool find_record(const struct ov_input *input, uint64_t at, uint32_t count, const char *id,
        uint8_t raw[32], struct ov_bytes *out)
{
    for (uint32_t i = 0; i < count; i++) {
        *out = ov_bytes_of(raw, ov_input_read(input, at + 32 * (uint64_t)i, raw, 32));
        if (ov_has(*out, 0, id, 16)) {
            return true;
        }
    }
    return false;
}

/* Up to eight bytes of the metadata with this id. */
static uint64_t metadata(const struct ov_input *input, uint64_t at, uint32_t count, const char *id)
{
    uint8_t raw[32], value[8] = { 0 };
    struct ov_bytes record;
    uint64_t place;

    if (!find_record(input, at + 32, count, id, raw, &record)
            || !ov_add(&place, at, (uint64_t)ov_u32le_at(record, 16, 0))) {
        return 0;
    }
    (void)ov_input_read(input, place, value, sizeof(value));
    return ov_u64le_at(ov_bytes_of(value, sizeof(value)), 0, 0);
}

/* Whether the current one of two headers, the one with the higher number, names a log. */
static bool vhdx_has_log(const struct ov_input *input)
{
    uint64_t newest = 0;
    bool logged = false;

    for (unsigned i = 0; i < 2; i++) {
        uint8_t raw[64];
        const struct ov_bytes b = ov_bytes_of(
                raw, ov_input_read(input, HEADERS_AT * (uint64_t)(i + 1), raw, sizeof(raw)));
        const uint64_t number = ov_u64le_at(b, 8, 0);

        if (ov_has(b, 0, "head", 4) && number >= newest) {
            newest = number;
            logged = (ov_u64le_at(b, 48, 0) | ov_u64le_at(b, 56, 0)) != 0;
        }
    }
    return logged;
}

static bool vhdx_open(struct ov_disk *disk, const struct ov_input *input, struct ov_bytes head,
        struct ov_trouble *trouble)
{
    uint8_t raw[32];
    struct ov_bytes b = ov_bytes_of(raw, ov_input_read(input, REGIONS_AT, raw, 16));
    uint32_t count = ov_u32le_at(b, 8, 0);
    uint64_t at, parameters, sector;

    (void)head;
    (void)trouble;
    count = count < REGIONS_MAX ? count : REGIONS_MAX;
    if (!ov_has(b, 0, "regi", 4)
            || !find_record(input, REGIONS_AT + 16, count, block_table_id, raw, &b)) {
        return false;
    }
    disk->table_at = ov_u64le_at(b, 16, UINT64_MAX);
    if (!find_record(input, REGIONS_AT + 16, count, metadata_id, raw, &b)) {
        return false;
    }
    at = ov_u64le_at(b, 16, UINT64_MAX);
    b = ov_bytes_of(raw, ov_input_read(input, at, raw, sizeof(raw)));
    count = ov_u16le_at(b, 10, 0);
    count = count < METADATA_MAX ? count : METADATA_MAX;
    if (at >= input->size || !ov_has(b, 0, "metadata", 8)) {
        return false;
    }
    parameters = metadata(input, at, count, parameters_id);
    disk->block_bytes = parameters & UINT32_MAX;
    disk->elsewhere = (parameters >> 33 & 1) != 0;
    disk->logged = vhdx_has_log(input);
    disk->size = metadata(input, at, count, disk_size_id);
    sector = metadata(input, at, count, sector_size_id) & UINT32_MAX;
    if (disk->block_bytes < OV_MIB || (sector != 512 && sector != 4096)) {
        return false;
    }
    /* Behind each so many blocks stands an entry for the bits of their sectors. */
    disk->second_count = ((uint64_t)1 << 23) * sector / disk->block_bytes;
    return disk->second_count != 0;
}

static struct ov_disk_place vhdx_find(
        struct ov_disk *disk, const struct ov_input *input, uint64_t number)
{
    uint64_t entry;

    if (!ov_disk_entry_le64(
                disk, input, disk->table_at, number + number / disk->second_count, &entry)) {
        return (struct ov_disk_place){ .where = OV_DISK_BAD };
    }
    /* 6: all of the block is there; 7: some of it. */
    return (struct ov_disk_place){ .where = (entry & 7) >= 6 ? OV_DISK_PLAIN : OV_DISK_NOWHERE,
        .at = entry >> 20 << 20 };
}

const struct ov_disk_kind ov_disk_vhdx = { "vhdxfile", 8, 0, vhdx_open, vhdx_find };
