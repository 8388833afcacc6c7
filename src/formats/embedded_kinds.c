/* SPDX-License-Identifier: Apache-2.0 */
/* embedded_kinds.c - files that are looked for inside other files, and by what a claim to be one is
 * believed. Tables of magic numbers, decoders and texts about formats hold the same bytes: each check
 * asks for more than its magic. */
#include "formats/embedded_kinds.h"

#include <lz4frame.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/bits.h"
#include "formats/decode.h"
#include "formats/detect.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

static bool check_pe(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint64_t at = ov_u32le_at(h, 0x3c, UINT32_MAX);
    const uint32_t count = ov_u16le_at(h, at + 6, 0);
    const uint64_t sections = at + 24 + ov_u16le_at(h, at + 20, 0);
    const uint32_t magic = ov_u16le_at(h, at + 24, 0);
    uint64_t end = 0;

    if (at > 1024 || !ov_has(h, at, "PE\0\0", 4) || (magic != 0x10b && magic != 0x20b) || count == 0
            || count > 96) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t s = sections + 40 * (uint64_t)i;
        const uint64_t to = (uint64_t)ov_u32le_at(h, s + 16, 0) + ov_u32le_at(h, s + 20, 0);

        end = to > end ? to : end;
    }
    *bytes = end < left && end != 0 ? end : left;
    return true;
}

uint64_t ov_embedded_filled(struct ov_bytes h, uint64_t bytes)
{
    const uint64_t align = ov_u32le_at(h, ov_u32le_at(h, 0x3c, UINT32_MAX) + 24 + 36, 0);
    uint64_t filled = bytes;

    if (align >= 1 && align <= ov_bytes_len(h)) {
        filled = (bytes + align - 1) / align * align;
    }
    while (filled > bytes && ov_u8_at(h, filled - 1, 1) == 0) {
        filled--;
    }
    return filled;
}

static bool check_zip(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint32_t version = ov_u16le_at(h, 4, UINT16_MAX), method = ov_u16le_at(h, 8, UINT16_MAX);
    const uint32_t name = ov_u16le_at(h, 26, 0);

    if ((version & 0xff) > 63 || (method > 20 && (method < 93 || method > 99)) || name == 0
            || name > 1024) {
        return false;
    }
    if ((ov_u16le_at(h, 6, 0) & 8) == 0 && ov_u32le_at(h, 18, 0) != UINT32_MAX
            && ov_u32le_at(h, 18, 0) > left) {
        return false;
    }
    for (uint32_t i = 0; i < name && i < 64; i++) {
        if (ov_u8_at(h, 30 + i, 0) < ' ') {
            return false;
        }
    }
    *bytes = left;
    return true;
}

static bool check_rar(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    *bytes = left;
    if (ov_u8_at(h, 6, 9) == 1) {                 /* version 5: the first block's checksum */
        const uint64_t size = ov_u8_at(h, 12, 0); /* below 128 it is one byte */

        return ov_u8_at(h, 7, 9) == 0
               && (size >= 128
                       || ov_crc32(ov_bytes_between(h, 12, 13 + size)) == ov_u32le_at(h, 8, 0));
    }
    /* The main header's checksum, over all of it but itself. */
    return ov_u8_at(h, 6, 9) == 0 && ov_u8_at(h, 9, 0) == 0x73
           && (ov_crc32(ov_bytes_between(h, 9, 7 + (uint64_t)ov_u16le_at(h, 12, 0))) & 0xffff)
                      == ov_u16le_at(h, 7, 0);
}

/* 7zFormat.txt: the start header has a checksum, and says where the end is. */
static bool check_7zip(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint64_t off = ov_u64le_at(h, 12, UINT64_MAX), size = ov_u64le_at(h, 20, UINT64_MAX);
    uint64_t end;

    if (ov_crc32(ov_bytes_between(h, 12, 32)) != ov_u32le_at(h, 8, 0) || !ov_add(&end, off, size)
            || !ov_add(&end, end, (uint64_t)32)) {
        return false;
    }
    *bytes = end < left ? end : left;
    return true;
}

static bool check_cab(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint64_t size = ov_u32le_at(h, 8, 0);

    *bytes = size < left ? size : left;
    return ov_u16le_at(h, 24, 0) == 0x0103 && size > 36 && ov_u32le_at(h, 16, UINT32_MAX) < size;
}

static bool check_ole(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint32_t shift = ov_u16le_at(h, 30, 0);

    *bytes = left;
    return ov_u16le_at(h, 28, 0) == 0xfffe && (shift == 9 || shift == 12);
}

/* RFC 1952: no reserved flag, a compression that there is, a system that there is, and deflate that
 * goes well as far as it can be seen. */
static bool check_gzip(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint8_t flags = ov_u8_at(h, 3, 255), level = ov_u8_at(h, 8, 255), os = ov_u8_at(h, 9, 99);
    uint64_t at = 10;

    *bytes = left;
    if ((flags & 0xe0) != 0 || (level != 0 && level != 2 && level != 4) || (os > 13 && os != 255)) {
        return false;
    }
    if ((flags & 4) != 0) {
        at += 2 + (uint64_t)ov_u16le_at(h, at, 0);
    }
    for (unsigned bit = 8; bit <= 16; bit *= 2) { /* a name, a comment */
        if ((flags & bit) != 0) {
            const uint64_t end = ov_bytes_find(h, at, "", 1);

            if (end == UINT64_MAX) {
                return false;
            }
            at = end + 1;
        }
    }
    at += (flags & 2) != 0 ? 2 : 0;
    return ov_deflate_goes_well(ov_bytes_between(h, at, UINT64_MAX));
}

/* The stream's flags have a checksum. */
static bool check_xz(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    *bytes = left;
    return ov_bytes_len(h) >= 12 && ov_crc32(ov_bytes_between(h, 6, 8)) == ov_u32le_at(h, 8, 0);
}

/* Behind the first block's magic and checksum: not randomised, an origin inside the block, which
 * bytes occur, and how many tables there are. */
static bool check_bzip2(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint32_t first = ov_u32be_at(h, 14, UINT32_MAX);
    const uint32_t used = (uint32_t)ov_u16be_at(h, 17, 0) << 1 | ov_u8_at(h, 19, 0) >> 7;
    const uint64_t tables_at = 14 * 8 + 25 + 16 + 16 * (uint64_t)__builtin_popcount(used & 0xffff);
    const uint32_t bits = (uint32_t)ov_u16be_at(h, tables_at / 8, 0);
    const uint32_t tables = bits >> (13 - tables_at % 8) & 7;

    *bytes = left;
    return first >> 31 == 0 && (first >> 7 & 0xffffff) < 900000 && (used & 0xffff) != 0
           && tables >= 2 && tables <= 6;
}

/* Its first header's checksum. */
static bool check_arj(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint64_t size = ov_u16le_at(h, 2, 0);

    *bytes = left;
    return size >= 30 && size <= 2600 && ov_u8_at(h, 10, 0) == 2
           && ov_crc32(ov_bytes_between(h, 4, 4 + size)) == ov_u32le_at(h, 4 + size, 0);
}

/* POSIX 1003.1, ustar: the sum of the header, its own field taken for blanks. */
static bool check_tar(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    uint32_t sum = 0, said = 0;
    bool digits = false;

    *bytes = left;
    if (ov_bytes_len(h) < 512 || !ov_has(h, 257, "ustar", 5)) {
        return false;
    }
    for (uint64_t i = 0; i < 512; i++) {
        sum += i >= 148 && i < 156 ? ' ' : ov_u8_at(h, i, 0);
    }
    for (uint64_t i = 148; i < 156; i++) {
        const uint8_t c = ov_u8_at(h, i, 0);

        if (c >= '0' && c <= '7') {
            said = said << 3 | (c - '0');
            digits = true;
        } else if (digits) {
            break;
        }
    }
    return digits && said == sum && ov_u8_at(h, 0, 0) != 0;
}

/* Behind 64 bytes of name and version a block: its head, two numbers, has a checksum. */
static bool check_inno(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    *bytes = left;
    return ov_bytes_len(h) >= 73 && ov_crc32(ov_bytes_between(h, 68, 73)) == ov_u32le_at(h, 64, 0);
}

/* RFC 8878 3.1.1: no reserved bit, and a first block of a type and a size that there are. */
static bool check_zstd(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    static const uint8_t dictionary[] = { 0, 1, 2, 4 }, content[] = { 0, 2, 4, 8 };
    const uint8_t flags = ov_u8_at(h, 4, 255);
    const bool single = (flags & 0x20) != 0;
    const uint64_t at = 5u + (single ? 0u : 1u) + dictionary[flags & 3]
                        + (flags >> 6 == 0 && single ? 1u : content[flags >> 6]);
    const uint32_t block =
            ov_u16le_at(h, at, UINT16_MAX) | (uint32_t)ov_u8_at(h, at + 2, 255) << 16;

    *bytes = left;
    return (flags & 0x18) == 0 && (block >> 1 & 3) != 3 && block >> 3 <= 128u * OV_KIB
           && ((block & 1) != 0 || block >> 3 != 0);
}

/* The frame's descriptor has a checksum, which the library looks at. */
static bool check_lz4(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    LZ4F_frameInfo_t info;
    LZ4F_dctx *ctx = NULL;
    size_t len = (size_t)ov_bytes_len(h);
    bool good;

    *bytes = left;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)) != 0) {
        return false;
    }
    good = LZ4F_isError(LZ4F_getFrameInfo(ctx, &info, ov_bytes_raw(h), &len)) == 0;
    (void)LZ4F_freeDecompressionContext(ctx);
    return good;
}

/* Blocks of 8 MiB, which do not grow by more than this when they are packed. */
static bool check_lz4_old(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint32_t block = ov_u32le_at(h, 4, 0);

    *bytes = left;
    return block != 0 && block <= 8u * OV_MIB + 8u * OV_MIB / 255 + 16 && left >= 8
           && block <= left - 8;
}

/* A dictionary of 4 KiB to 512 MiB; and a range coder begins with a zero. */
static bool check_lzip(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint8_t dictionary = ov_u8_at(h, 5, 0) & 31;

    *bytes = left;
    return dictionary >= 12 && dictionary <= 29 && ov_u8_at(h, 6, 1) == 0;
}

/* It has no magic: what most packers write, and a decoder that makes something of it. */
static bool check_lzma(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    *bytes = left;
    return ov_detect_stream(h, left) == OV_TYPE_LZMA && ov_lzma_goes_well(h);
}

/* Codes of nine bits, the first a literal, and none that could not have been defined by then. */
static bool check_compress(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    struct ov_bits bits = ov_bits_on(ov_bytes_between(h, 3, UINT64_MAX));
    const uint64_t codes = left > 3 ? (left - 3) * 8 / 9 : 0;

    *bytes = left;
    for (uint32_t i = 0; i < codes && i < 24; i++) {
        if (ov_bits_low(&bits, 9) > (i == 0 ? 255 : 256 + i)) {
            return false;
        }
    }
    return codes >= 12;
}

static bool check_long_magic(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    (void)h;
    *bytes = left;
    return true;
}

/* AutoIt's is its own; behind it stands which version's. */
static bool check_autoit(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    *bytes = left;
    return ov_has(h, 16, "AU3!EA0", 7);
}

static bool check_installshield(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    *bytes = left;
    return ov_u16le_at(h, 14, 0) != 0 && ov_u8_at(h, 46, 0) > ' '
           && ov_u32le_at(h, 46 + 260, 99) <= 6;
}

#define P OV_EMBEDDED_IN_PROGRAMS
#define D OV_EMBEDDED_IN_DATA
#define B OV_EMBEDDED_BEHIND

const struct ov_embedded_kind ov_embedded_kinds[] = {
    { "MZ", 2, 0, P | D, false, check_pe, "program" },
    { "PK\3\4", 4, 0, P | D, true, check_zip, "zip" },
    { "Rar!\x1a\7", 6, 0, P | D, false, check_rar, "rar" },
    { "7z\xbc\xaf\x27\x1c", 6, 0, P | D, false, check_7zip, "7z" },
    { "MSCF\0\0\0\0", 8, 0, P | D, false, check_cab, "cabinet" },
    { "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, 0, P | D, false, check_ole, "document" },
    { "\xef\xbe\xad\xdeNullsoftInst", 16, 4, P, false, check_long_magic, "installer" },
    { "\xa3\x48\x4b\xbe\x98\x6c\x4a\xa9\x99\x4c\x53\x0a\x86\xd6\x48\x7d", 16, 0, P, false,
            check_autoit, "script" },
    { "InstallShield", 14, 0, P, false, check_installshield, "installer" },
    { "\x1f\x8b\x08", 3, 0, P | D, false, check_gzip, "gzip" },
    { "\xfd"
      "7zXZ\0",
            6, 0, P | D, false, check_xz, "xz" },
    { "BZh91AY&SY", 10, 0, P | D, false, check_bzip2, "bzip2" },
    { "\x60\xea", 2, 0, P | D, false, check_arj, "arj" },
    { "\x28\xb5\x2f\xfd", 4, 0, P | D, false, check_zstd, "zstd" },
    { "\x04\x22\x4d\x18", 4, 0, P | D, false, check_lz4, "lz4" },
    { "\x02\x21\x4c\x18", 4, 0, P | D, false, check_lz4_old, "lz4" },
    { "LZIP\1", 5, 0, P | D, false, check_lzip, "lzip" },
    { "\x89LZO\0\r\n\x1a\n", 9, 0, P | D, false, check_long_magic, "lzop" },
    { "\x1f\x9d\x90", 3, 0, P | D, false, check_compress, "compress" },
    /* The ends of "ustar\0" "00", of GNU's "ustar  \0" and of what mixes both: how they begin is in
     * every text, and the last two bytes of GNU's alone in every program. */
    { "r\0"
      "00",
            4, 261, P | D, false, check_tar, "tar" },
    { "Inno Setup Setup Data (", 23, 0, P, false, check_inno, "installer" },
    { "r  \0", 4, 261, P | D, false, check_tar, "tar" },
    { "r\0 \0", 4, 261, P | D, false, check_tar, "tar" },
    { "\x5d\0\0", 3, 0, B, false, check_lzma, "lzma" },
};

_Static_assert(sizeof(ov_embedded_kinds) / sizeof(ov_embedded_kinds[0]) == OV_EMBEDDED_KINDS,
        "as many as are said to be");
