/* SPDX-License-Identifier: Apache-2.0 */
/* detect_volume.c - file systems that nobody opens here, by their superblocks: what is on them would
 * pass for clean if they were not named. A magic of few bytes needs other fields that agree. */
#include "formats/detect_volume.h"

#include "base/checked.h"
#include "formats/peek.h"
#include "formats/unpack.h"

static const struct {
    uint32_t at;
    uint32_t len;
    const char *magic;
    enum ov_reason reason;
    const char *detail;
} volumes[] = {
    { 3, 8, "NTFS    ", OV_REASON_UNSUPPORTED, "NTFS is not unpacked" },
    { 3, 8, "EXFAT   ", OV_REASON_UNSUPPORTED, "exFAT is not unpacked" },
    { 3, 8, "ReFS\0\0\0", OV_REASON_UNSUPPORTED, "ReFS is not unpacked" },
    { 3, 8, "-FVE-FS-", OV_REASON_ENCRYPTED, "a volume of BitLocker" },
    { 0, 6, "LUKS\xba\xbe", OV_REASON_ENCRYPTED, "a volume of LUKS" },
    { 0, 5, "XFSB", OV_REASON_UNSUPPORTED, "XFS is not unpacked" },
    { 0, 4, "UBI#", OV_REASON_UNSUPPORTED, "UBI is not unpacked" },
    { 0, 4, "\x31\x18\x10\x06", OV_REASON_UNSUPPORTED, "UBIFS is not unpacked" },
    { 32, 4, "NXSB", OV_REASON_UNSUPPORTED, "APFS is not unpacked" },
    { 512, 8, "LABELONE", OV_REASON_UNSUPPORTED, "LVM is not opened" },
    { 1024, 4, "\xe2\xe1\xf5\xe0", OV_REASON_UNSUPPORTED, "EROFS is not unpacked" },
    { 1024, 4, "\x10\x20\xf5\xf2", OV_REASON_UNSUPPORTED, "F2FS is not unpacked" },
    { 0x8000, 4, "JFS1", OV_REASON_UNSUPPORTED, "JFS is not unpacked" },
    { 0x10034, 6, "ReIsEr", OV_REASON_UNSUPPORTED, "ReiserFS is not unpacked" },
    { 0x10040, 8, "_BHRfS_M", OV_REASON_UNSUPPORTED, "Btrfs is not unpacked" },
};

/* A node of either order of bytes: magic, kind, and a checksum over those and the length. */
static bool is_jffs2(struct ov_bytes b)
{
    const bool big = ov_has(b, 0, "\x19\x85", 2);
    const uint32_t kind = big ? ov_u16be_at(b, 2, 0) : ov_u16le_at(b, 2, 0);
    const uint32_t said = big ? ov_u32be_at(b, 8, 0) : ov_u32le_at(b, 8, 0);
    uint32_t crc = 0;

    if ((!big && !ov_has(b, 0, "\x85\x19", 2)) || (kind & 0x1ff0) != 0 || (kind & 0xf) > 9) {
        return false;
    }
    for (uint64_t i = 0; i < 8; i++) { /* as zip's, begun with zero and not turned over */
        crc ^= ov_u8_at(b, i, 0);
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
        }
    }
    return crc == said;
}

/* Versions 1 to 3: the magic, and the size of the largest file that there can be. */
static bool is_minix(struct ov_bytes b)
{
    const uint32_t one = ov_u16le_at(b, 1040, 0), three = ov_u16le_at(b, 1048, 0);

    return ((one == 0x137f || one == 0x138f) && ov_u32le_at(b, 1036, 0) == 0x10081c00)
           || ((one == 0x2468 || one == 0x2478) && ov_u32le_at(b, 1036, 0) == 0x7fffffff)
           || (three == 0x4d5a && ov_u32le_at(b, 1032, 0) == 0x7fffffff);
}

/* A master directory block of HFS: allocation blocks of whole sectors, a name of at most 27 bytes. */
static bool is_old_hfs(struct ov_bytes b)
{
    const uint32_t block = ov_u32be_at(b, 1024 + 20, 0);

    return ov_has(b, 1024, "BD", 2) && block != 0 && block % 512 == 0
           && ov_u16be_at(b, 1024 + 18, 0) != 0 && ov_u8_at(b, 1024 + 36, 99) <= 27
           && ov_u8_at(b, 1024 + 37, 0) >= ' ';
}

static void name_it(struct ov_detected *out, enum ov_reason reason, const char *detail)
{
    out->type = OV_TYPE_FILE_SYSTEM;
    out->trouble = reason;
    out->detail = detail;
}

bool ov_detect_volume(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    uint8_t raw[16];

    for (size_t i = 0; i < sizeof(volumes) / sizeof(volumes[0]); i++) {
        struct ov_bytes there;

        if (!ov_bytes_slice(head, volumes[i].at, volumes[i].len, &there)) {
            if (volumes[i].at < ov_bytes_len(head) || volumes[i].at >= source->size) {
                continue;
            }
            there = ov_bytes_of(raw, ov_source_read(source, volumes[i].at, raw, volumes[i].len));
        }
        if (ov_has(there, 0, volumes[i].magic, volumes[i].len)) {
            name_it(out, volumes[i].reason, volumes[i].detail);
            return true;
        }
    }
    if (is_jffs2(head)) {
        name_it(out, OV_REASON_UNSUPPORTED, "JFFS2 is not unpacked");
        return true;
    }
    if (is_minix(head) || is_old_hfs(head)) {
        name_it(out, OV_REASON_UNSUPPORTED, "images of this file system are not unpacked");
        return true;
    }
    return false;
}
