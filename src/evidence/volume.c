/* SPDX-License-Identifier: Apache-2.0 */
/* volume.c - files that hold a whole file system or disk. overt looks into none of them, so each
 * that is met is said: a product may lie inside, and an encrypted one hides it. */
#include <string.h>

#include "evidence/readers.h"

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
    { 0, "encrcdsa", 8, false, OV_REASON_ENCRYPTED, "an encrypted Apple disk image" },
    { 0, "QFI\xfb", 4, false, OV_REASON_UNSUPPORTED, "a qcow2 disk image" },
    { 0, "KDMV", 4, false, OV_REASON_UNSUPPORTED, "a VMDK disk image" },
    { 0, "vhdxfile", 8, false, OV_REASON_UNSUPPORTED, "a VHDX disk image" },
    { 64, "\x7f\x10\xda\xbe", 4, false, OV_REASON_UNSUPPORTED, "a VDI disk image" },
    { 512, "koly", 4, true, OV_REASON_UNSUPPORTED, "an Apple disk image" },
    { 512, "conectix", 8, true, OV_REASON_UNSUPPORTED, "a VHD disk image" },
    { 512, "EFI PART", 8, false, OV_REASON_UNSUPPORTED, "a partitioned disk image" },
    { 3, "NTFS    ", 8, false, OV_REASON_UNSUPPORTED, "an NTFS image" },
    { 3, "EXFAT   ", 8, false, OV_REASON_UNSUPPORTED, "an exFAT image" },
    { 82, "FAT32   ", 8, false, OV_REASON_UNSUPPORTED, "a FAT image" },
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
    if (is_ext(source)) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED, "an ext file system image");
        return true;
    }
    return false;
}
