/* SPDX-License-Identifier: Apache-2.0 */
/* volume.c - files that hold a whole file system or disk. overt looks into none of them, so each
 * that is met is said: a product may lie inside, and an encrypted one hides it. */
#include <string.h>

#include "evidence/inside.h"
#include "evidence/readers.h"

/* Less than the two headers of a VeraCrypt volume is none. */
#define SEALED_BYTES_MIN (256u * OV_KIB)

struct mark {
    uint64_t at;
    const char *bytes;
    uint32_t len;
    bool from_end;
    enum ov_reason reason;
    const char *what;
};

/* The most telling first: BitLocker keeps a boot sector, encrypted disk images have a trailer. */
static const struct mark marks[] = {
    { 0, "LUKS\xba\xbe", 6, false, OV_REASON_ENCRYPTED, "a LUKS volume, encrypted" },
    { 3, "-FVE-FS-", 8, false, OV_REASON_ENCRYPTED, "a BitLocker volume, encrypted" },
    { 424, "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a", 8, false, OV_REASON_ENCRYPTED,
            "a BitLocker To Go volume, encrypted" },
    { 0, "encrcdsa", 8, false, OV_REASON_ENCRYPTED, "an encrypted Apple disk image" },
    { 0, "QFI\xfb", 4, false, OV_REASON_UNSUPPORTED, "a qcow2 disk image" },
    { 0, "KDMV", 4, false, OV_REASON_UNSUPPORTED, "a VMDK disk image" },
    { 0, "QED\0", 4, false, OV_REASON_UNSUPPORTED, "a QED disk image" },
    { 0, "EVF\x09\x0d\x0a\xff", 7, false, OV_REASON_UNSUPPORTED, "an EnCase disk image" },
    { 0, "conectix", 8, false, OV_REASON_UNSUPPORTED, "a VHD disk image" },
    { 0, "vhdxfile", 8, false, OV_REASON_UNSUPPORTED, "a VHDX disk image" },
    { 64, "\x7f\x10\xda\xbe", 4, false, OV_REASON_UNSUPPORTED, "a VDI disk image" },
    { 512, "koly", 4, true, OV_REASON_UNSUPPORTED, "an Apple disk image" },
    { 512, "conectix", 8, true, OV_REASON_UNSUPPORTED, "a VHD disk image" },
    { 512, "EFI PART", 8, false, OV_REASON_UNSUPPORTED, "a partitioned disk image" },
    { 3, "NTFS    ", 8, false, OV_REASON_UNSUPPORTED, "an NTFS image" },
    { 3, "EXFAT   ", 8, false, OV_REASON_UNSUPPORTED, "an exFAT image" },
    { 82, "FAT32   ", 8, false, OV_REASON_UNSUPPORTED, "a FAT image" },
    { 54, "FAT16   ", 8, false, OV_REASON_UNSUPPORTED, "a FAT image" },
    { 54, "FAT12   ", 8, false, OV_REASON_UNSUPPORTED, "a FAT image" },
    { 512, "LABELONE", 8, false, OV_REASON_UNSUPPORTED, "a volume of LVM" },
    { 32, "NXSB", 4, false, OV_REASON_UNSUPPORTED, "an APFS image" },
    { 0, "XFSB", 4, false, OV_REASON_UNSUPPORTED, "an XFS image" },
    { 65600, "_BHRfS_M", 8, false, OV_REASON_UNSUPPORTED, "a Btrfs image" },
    { 0, "hsqs", 4, false, OV_REASON_UNSUPPORTED, "a SquashFS image" },
    { 0, "MSWIM\0\0\0", 8, false, OV_REASON_UNSUPPORTED, "a Windows image (WIM)" },
    { 1024, "H+\0\4", 4, false, OV_REASON_UNSUPPORTED, "an HFS+ image" },
};

/* ext has two bytes of magic: only together with a plausible superblock around it. */
static bool is_ext(struct ov_source *source)
{
    struct ov_reader r;
    uint8_t block[100];
    uint32_t inodes, log_block;
    uint16_t magic;

    if (ov_source_read(source, 1024, block, sizeof(block)) != sizeof(block)) {
        return false;
    }
    r = ov_reader_on(ov_bytes_of(block, sizeof(block)));
    if (!ov_read_u32le(&r, &inodes) || !ov_read_skip(&r, 20) || !ov_read_u32le(&r, &log_block)
            || !ov_read_skip(&r, 28) || !ov_read_u16le(&r, &magic)) {
        return false;
    }
    return magic == 0xef53 && inodes != 0 && log_block <= 6;
}

#define TABLE_AT      446u
#define TABLE_ENTRIES 4u
#define TABLE_ENTRY   16u
#define SECTOR_BYTES  512u

/* A table of partitions has two bytes of magic, as every boot sector: only together with entries that
 * make sense, all four of them. */
static bool is_partitioned(struct ov_source *source)
{
    struct ov_bytes table;
    uint8_t block[SECTOR_BYTES];
    unsigned used = 0;
    uint16_t magic;

    if (ov_source_read(source, 0, block, sizeof(block)) != sizeof(block)) {
        return false;
    }
    table = ov_bytes_of(block, sizeof(block));
    if (!ov_u16_at(table, 510, &magic) || magic != 0xaa55) {
        return false;
    }
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        const unsigned at = TABLE_AT + i * TABLE_ENTRY;
        const uint8_t status = block[at], type = block[at + 4];
        uint32_t from, count;

        if ((status != 0 && status != 0x80) || !ov_u32_at(table, at + 8, &from)
                || !ov_u32_at(table, at + 12, &count) || (type == 0) != (count == 0)
                || (type != 0 && from == 0)) {
            return false;
        }
        used += type != 0 && from < source->size / SECTOR_BYTES;
    }
    return used != 0;
}

/* Do the first bytes look random? Of 4096 such bytes nearly every value occurs. */
static bool is_random(struct ov_source *source)
{
    uint8_t head[4096];
    bool seen[256] = { false };
    unsigned values = 0;

    if (ov_source_read(source, 0, head, sizeof(head)) != sizeof(head)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(head); i++) {
        values += !seen[head[i]];
        seen[head[i]] = true;
    }
    return values > 240;
}

bool ov_tell_sealed(struct ov_evidence *e, struct ov_source *source)
{
    struct ov_detected detected;

    if (source->size < SEALED_BYTES_MIN || ov_tell_volume(e, source)
            || !ov_detect_source(e, source, &detected) || detected.type != OV_TYPE_DATA
            || !is_random(source)) {
        return false;
    }
    ov_tell_gap(e, OV_REASON_ENCRYPTED, "a VeraCrypt volume, by its name; nothing else can tell");
    return true;
}

bool ov_tell_volume(struct ov_evidence *e, struct ov_source *source)
{
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        const struct mark *m = &marks[i];
        uint8_t bytes[8];
        uint64_t at = m->at;

        if (m->from_end) {
            if (source->size < m->at) {
                continue;
            }
            at = source->size - m->at;
        }
        if (ov_source_read(source, at, bytes, m->len) == m->len
                && memcmp(bytes, m->bytes, m->len) == 0) {
            ov_tell_gap(e, m->reason, m->what);
            return true;
        }
    }
    if (is_partitioned(source)) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED, "a partitioned disk image");
        return true;
    }
    if (is_ext(source)) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED, "an ext file system image");
        return true;
    }
    return false;
}
