/* SPDX-License-Identifier: Apache-2.0 */
/* detect_document.c - recognises mail, documents, old packers by their first structures. Text that
 * merely talks of them must not become a container, so each needs more than one sign. */
#include "formats/detect_document.h"

#include <string.h>

#include "formats/decode.h"
#include "formats/detect_volume.h"
#include "formats/mail_header.h"
#include "formats/parsers.h"
#include "formats/peek.h"

static bool found(struct ov_source *source, enum ov_type type, struct ov_detected *out)
{
    out->type = type;
    ov_detected_add(out, type, 0, source->size);
    return true;
}

/* .Z has two bytes of magic; the third holds 9..16 bits, and its reserved bits are zero. A packed
 * text is told from chance by the first code, which must be a literal. */
static bool is_compress(struct ov_bytes b)
{
    const uint8_t bits = ov_u8_at(b, 2, 0);

    return ov_has(b, 0, "\x1f\x9d", 2) && (bits & 0x60) == 0 && (bits & 0x1f) >= 9
           && (bits & 0x1f) <= 16 && (ov_u8_at(b, 4, 1) & 1) == 0;
}

/* ARJ's main header: 30 bytes or more of it first, type 2, a version some archiver had. */
static bool is_arj(struct ov_bytes b)
{
    const uint32_t size = ov_u16le_at(b, 2, 0);
    const uint8_t first = ov_u8_at(b, 4, 0);

    return ov_has(b, 0, "\x60\xea", 2) && size >= 30 && size <= 2600 && first >= 30 && first < size
           && ov_u8_at(b, 10, 0) == 2;
}

/* EPOC release 3 to 8: the second and third of its ids. */
static bool is_sis(struct ov_bytes b)
{
    const uint32_t second = ov_u32le_at(b, 4, 0);

    return ov_u32le_at(b, 8, 0) == 0x10000419u && (second == 0x10003a12u || second == 0x1000006du);
}

/* Text only: no byte that text does not have in its beginning. */
static bool is_text(struct ov_bytes head, uint64_t bytes)
{
    const uint8_t *p = ov_bytes_raw(head);
    const uint64_t len = ov_bytes_len(head) < bytes ? ov_bytes_len(head) : bytes;

    for (uint64_t i = 0; i < len; i++) {
        if (p[i] < 32 && (p[i] < 8 || p[i] > 13) && p[i] != 0x1b) {
            return false;
        }
    }
    return len != 0;
}

/* Word takes it with one letter less, and with blanks before it. */
static bool is_rtf(struct ov_bytes head)
{
    uint64_t at = 0;

    while (at < 1024 && ov_u8_at(head, at, 'x') <= ' ' && ov_u8_at(head, at, 'x') != 0) {
        at++;
    }
    return ov_has(head, at, "{\\rt", 4);
}

/* "7 0 obj": readers that find no mark go on all the same, and rebuild the table of objects. */
static bool is_pdf_object(struct ov_bytes b)
{
    uint64_t at = 0;

    for (unsigned number = 0; number < 2; number++) {
        const uint64_t first = at;

        while (at < first + 9 && ov_u8_at(b, at, 0) >= '0' && ov_u8_at(b, at, 0) <= '9') {
            at++;
        }
        if (at == first || ov_u8_at(b, at++, 0) != ' ') {
            return false;
        }
    }
    return ov_has(b, at, "obj", 3);
}

/* Readers look for the mark in the first kilobyte. Asked of every object: a byte that is rare finds the
 * place sooner than a search for all five. */
static bool is_pdf(struct ov_bytes head)
{
    const struct ov_bytes b = ov_bytes_between(head, 0, 1024);
    const uint8_t *p = ov_bytes_raw(b), *end = p + ov_bytes_len(b), *at = p;

    while (at < end && (at = memchr(at, '%', (size_t)(end - at))) != NULL) {
        if (ov_has(b, (uint64_t)(at - p), "%PDF-", 5) || (at == p && ov_has(b, 0, "%PDF", 4))) {
            return true;
        }
        at++;
    }
    return is_pdf_object(head);
}

static bool is_binhex(struct ov_bytes head)
{
    static const char mark[] = "(This file must be converted with BinHex";
    const uint64_t at =
            ov_bytes_find(ov_bytes_between(head, 0, OV_UU_HEAD_BYTES), 0, mark, sizeof(mark) - 1);

    return at != UINT64_MAX && ov_bytes_find(head, at, "\n:", 2) - at < 200;
}

/* A volume header of HFS+ or HFSX, version 4 or 5, with blocks of a power of two. */
static bool is_hfs(struct ov_bytes b)
{
    const uint32_t version = ov_u32be_at(b, 1024, 0) & 0xffff, block = ov_u32be_at(b, 1064, 0);

    return ((ov_has(b, 1024, "H+", 2) && version == 4)
                   || (ov_has(b, 1024, "HX", 2) && version == 5))
           && block >= 512 && (block & (block - 1)) == 0;
}

/* The trailer of a disk image is its last sector. */
static bool is_dmg(struct ov_source *source)
{
    uint8_t raw[8];
    const uint64_t at = source->size < 512 ? 0 : source->size - 512;
    const struct ov_bytes b = ov_bytes_of(raw, ov_source_read(source, at, raw, sizeof(raw)));

    return source->size > 512 && ov_has(b, 0, "koly\0\0\0\4", 8);
}

static bool is_swf(struct ov_bytes b)
{
    const uint32_t size = ov_u32le_at(b, 4, 0);

    return (ov_has(b, 0, "CWS", 3) || ov_has(b, 0, "ZWS", 3) || ov_has(b, 0, "FWS", 3))
           && ov_u8_at(b, 3, 99) <= 50 && size >= 8 && size < 1u << 30
           && (ov_u8_at(b, 0, 0) != 'C' || (ov_u8_at(b, 8, 0) & 15) == 8);
}

/* Disks: what stands at fixed places of their first sectors. */
static bool detect_disk(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    if (ov_has(head, 512, "EFI PART", 8)) {
        return found(source, OV_TYPE_GPT, out);
    }
    if (ov_has(head, 0, "ER", 2) && ov_has(head, 512, "PM", 2)) {
        return found(source, OV_TYPE_APM, out);
    }
    if (is_hfs(head)) {
        return found(source, OV_TYPE_HFS, out);
    }
    if (ov_fat_begins(head)) {
        return found(source, OV_TYPE_FAT, out);
    }
    if (ov_ext_begins(head)) {
        return found(source, OV_TYPE_EXT, out);
    }
    if (ov_detect_volume(source, head, out)) {
        return true;
    }
    if (ov_mbr_is_table(head, source->size)) {
        return found(source, OV_TYPE_MBR, out);
    }
    return ov_udf_is_on(source) && found(source, OV_TYPE_UDF, out);
}

/* Magic numbers that are long enough, or that fields agree with. */
static enum ov_type by_magic(struct ov_bytes head)
{
    static const struct {
        const char *magic;
        uint32_t len;
        enum ov_type type;
    } magics[] = {
        { "\x89LZO\0\r\n\x1a\n", 9, OV_TYPE_LZOP },
        { "xar!\0\x1c\0\1", 8, OV_TYPE_XAR },
        { "ALZ\1", 4, OV_TYPE_ALZ },
        { "\x02\x21\x4c\x18", 4, OV_TYPE_LZ4_OLD },
        { "PYZ\0", 4, OV_TYPE_PYZ },
        { "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", 16, OV_TYPE_ONENOTE },
    };

    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        if (ov_has(head, 0, magics[i].magic, magics[i].len)) {
            return magics[i].type;
        }
    }
    return is_swf(head) ? OV_TYPE_SWF : OV_TYPE_DATA;
}

static bool detect_text(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    const uint8_t first = ov_u8_at(head, 0, 0);

    /* Headers may hold a NUL or two, for scanners to stumble over. */
    if ((((first | 0x20) >= 'a' && (first | 0x20) <= 'z') || first == 0xef || is_text(head, 64))
            && ov_mail_begins(head)) {
        return found(source, ov_has(head, 0, "From ", 5) ? OV_TYPE_MBOX : OV_TYPE_MAIL, out);
    }
    if (!is_text(head, 64)) {
        return false;
    }
    if (is_binhex(head)) {
        return found(source, OV_TYPE_BINHEX, out);
    }
    return ov_uu_begins(ov_bytes_between(head, 0, OV_UU_HEAD_BYTES))
           && found(source, OV_TYPE_UUENCODE, out);
}

bool ov_detect_document(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    const enum ov_type type = by_magic(head);

    if (type != OV_TYPE_DATA) {
        return found(source, type, out);
    }
    if (is_dmg(source)) {
        return found(source, OV_TYPE_DMG, out);
    }
    if (detect_disk(source, head, out)) {
        return true;
    }
    if (is_compress(head)) {
        return found(source, OV_TYPE_COMPRESS, out);
    }
    if (is_arj(head)) {
        return found(source, OV_TYPE_ARJ, out);
    }
    if (is_sis(head)) {
        return found(source, OV_TYPE_SIS, out);
    }
    if (ov_has(head, 0, "\x78\x9f\x3e\x22", 4)) {
        return found(source, OV_TYPE_TNEF, out);
    }
    if (ov_has(head, 0, "SZDD\x88\xf0\x27\x33", 8)
            || ov_has(head, 0, "SZ \x88\xf0\x27\x33\xd1", 8)) {
        return found(source, OV_TYPE_SZDD, out);
    }
    if (ov_has(head, 0, "\xa3\x48\x4b\xbe\x98\x6c\x4a\xa9", 8) && ov_has(head, 16, "AU3!EA0", 7)) {
        return found(source, OV_TYPE_AUTOIT, out);
    }
    if (ov_has(head, 4, "\xef\xbe\xad\xdeNullsoftInst", 16)) {
        return found(source, OV_TYPE_NSIS, out);
    }
    if (ov_installshield_begins(head)) {
        return found(source, OV_TYPE_INSTALLSHIELD, out);
    }
    if (is_rtf(head)) {
        return found(source, OV_TYPE_RTF, out);
    }
    if (is_pdf(head)) {
        return found(source, OV_TYPE_PDF, out);
    }
    if (ov_has(head, 0, "#@~^", 4) && ov_has(head, 10, "==", 2)) {
        return found(source, OV_TYPE_SCRENC, out);
    }
    return detect_text(source, head, out);
}
