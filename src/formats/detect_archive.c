/* SPDX-License-Identifier: Apache-2.0 */
/* detect_archive.c - recognises archives by their first structures. Trusts no byte; what is cut
 * short in its very first structure is still called by its name, so that it is not passed over. */
#include "formats/detect_archive.h"

#include <string.h>

#include "base/checked.h"
#include "formats/parsers.h"
#include "formats/zip_end.h"

static void found(struct ov_detected *out, enum ov_type type, uint64_t to)
{
    out->type = type;
    ov_detected_add(out, type, 0, to);
}

static void trouble(struct ov_detected *out, enum ov_reason reason, const char *detail)
{
    out->trouble = reason;
    out->detail = detail;
}

/* --- zip ------------------------------------------------------------------------------------ */

/* Without an end record the beginning has to do: a method that there is, and a version that was
 * written by a packer. A text about zip files has neither, and a zip with neither opens nowhere. */
static bool is_local_header(struct ov_bytes head)
{
    const uint16_t method = ov_u16le_at(head, 8, 0);

    return (method <= 20 || (method >= 93 && method <= 99)) && ov_u8_at(head, 5, 0) <= 20;
}

static bool detect_zip(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    struct ov_zip_end end;
    struct ov_input input;

    if (!ov_has(head, 0, "PK", 2)) {
        return false;
    }
    if (!ov_has_prefix(head, 2, "\3\4", 2) && !ov_has_prefix(head, 2, "\5\6", 2)
            && !ov_has_prefix(head, 2, "\7\10PK", 4) && !ov_has(head, 2, "00PK\3\4", 6)) {
        return false;
    }
    ov_input_init(&input, source, 0, source->size);
    if (ov_zip_end_find(&input, &end)) {
        found(out, OV_TYPE_ZIP, source->size);
        if (end.multivolume) {
            trouble(out, OV_REASON_MULTIVOLUME, "a zip in several files");
        }
        return true;
    }
    if (ov_has_prefix(head, 2, "\3\4", 2) && !is_local_header(head)) {
        return false;
    }
    found(out, OV_TYPE_ZIP, source->size);
    trouble(out, OV_REASON_DAMAGED, "the zip's end, with its central directory, is missing");
    return true;
}

static bool digits_follow(struct ov_bytes head, uint64_t from, uint64_t to, bool hex)
{
    if (to > ov_bytes_len(head)) {
        to = ov_bytes_len(head);
    }
    for (uint64_t i = from; i < to; i++) {
        const uint8_t c = ov_u8_at(head, i, 0);

        if (!(c >= '0' && c <= (hex ? '9' : '7'))
                && !(hex && ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))) {
            return false;
        }
    }
    return true;
}

/* --- tar ------------------------------------------------------------------------------------ */

/* The checksum of a tar header: six octal digits and some blanks, and the sum they give, in which
 * old tars took bytes for signed. */
static bool is_tar(struct ov_bytes head)
{
    struct ov_bytes raw;
    const uint8_t *p;
    uint32_t want = 0, sum = 0, digits = 0;
    int32_t signed_sum = 0;

    if (!ov_bytes_slice(head, 0, 512, &raw)) {
        return false;
    }
    p = ov_bytes_raw(raw);
    for (size_t i = 148; i < 156; i++) {
        if (p[i] >= '0' && p[i] <= '7') {
            want = want * 8 + (p[i] - '0');
            digits++;
        } else if (p[i] != ' ' && p[i] != 0) {
            return false;
        }
    }
    if (digits == 0) {
        return false;
    }
    for (size_t i = 0; i < 512; i++) {
        const uint8_t c = i >= 148 && i < 156 ? ' ' : p[i];

        sum += c;
        signed_sum += (int8_t)c;
    }
    return want == sum || (signed_sum >= 0 && want == (uint32_t)signed_sum);
}

static bool detect_tar(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    if (is_tar(head)) {
        found(out, OV_TYPE_TAR, source->size);
        if (ov_u8_at(head, 156, 0) == 'M') {
            trouble(out, OV_REASON_MULTIVOLUME, "begins in the middle of a member");
        }
        return true;
    }
    if (source->size < 512 && ov_has(head, 257, "ustar", 5)) {
        out->type = OV_TYPE_TAR;
        trouble(out, OV_REASON_DAMAGED, "cut short in its first header");
        return true;
    }
    if ((ov_has(head, 257,
                 "ustar\0"
                 "00",
                 8)
                || ov_has(head, 257, "ustar  ", 8))
            && digits_follow(head, 124, 135, false) && ov_u8_at(head, 0, 0) != 0) {
        out->type = OV_TYPE_TAR; /* some unpackers go on with the next header that is good */
        trouble(out, OV_REASON_DAMAGED, "its first header has a wrong checksum");
        ov_detected_add(out, OV_TYPE_BEHIND, 512, source->size);
        return true;
    }
    return false;
}

/* --- cpio ----------------------------------------------------------------------------------- */

/* The oldest form has two bytes of magic, 16-bit fields in either order, and no check: its mode
 * must be one a file can have, and the name as long as it says, with its NUL. */
static bool is_binary_cpio(struct ov_bytes head)
{
    const bool big = ov_has(head, 0, "\x71\xc7", 2);
    uint32_t mode = ov_u16le_at(head, 6, 0), name = ov_u16le_at(head, 20, 0), kind;

    if (!big && !ov_has(head, 0, "\xc7\x71", 2)) {
        return false;
    }
    if (big) {
        mode = (uint32_t)__builtin_bswap16((uint16_t)mode);
        name = (uint32_t)__builtin_bswap16((uint16_t)name);
    }
    kind = mode >> 12;
    return (kind == 1 || kind == 2 || kind == 4 || kind == 6 || kind == 8 || kind == 10
                   || kind == 12)
           && name >= 2 && name <= 4096 && ov_u8_at(head, 26, 0) != 0
           && ov_u8_at(head, 26 + name - 1, 1) == 0 && ov_u8_at(head, 26 + name - 2, 0) != 0;
}

bool ov_cpio_begins(struct ov_bytes head)
{
    const bool odc = ov_has(head, 0, "070707", 6) && digits_follow(head, 6, 76, false);
    const bool newc = (ov_has(head, 0, "070701", 6) || ov_has(head, 0, "070702", 6))
                      && digits_follow(head, 6, 110, true);

    if (!odc && !newc && !is_binary_cpio(head)) {
        return false;
    }
    /* Six digits alone are a number in a text file. */
    return (!odc && !newc) || ov_bytes_len(head) >= 16;
}

static bool detect_cpio(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    if (!ov_cpio_begins(head)) {
        return false;
    }
    found(out, OV_TYPE_CPIO, source->size);
    return true;
}

/* --- ar, deb, rpm --------------------------------------------------------------------------- */

static bool detect_ar(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    if (!ov_has(head, 0, "!<arch>\n", 8)) {
        return false;
    }
    out->type = ov_has(head, 8, "debian-binary", 13) ? OV_TYPE_DEB : OV_TYPE_AR;
    if (source->size > 8) {
        ov_detected_add(out, out->type, 0, source->size);
    }
    return true;
}

/* One header of an RPM (signature or main): magic, entries of 16 bytes, a store of bytes. */
static bool skip_rpm_header(struct ov_source *source, uint64_t *at)
{
    uint8_t raw[16] = { 0 };
    const struct ov_bytes b = ov_bytes_of(raw, sizeof(raw));

    if (ov_source_read(source, *at, raw, sizeof(raw)) != sizeof(raw)
            || !ov_has(b, 0, "\x8e\xad\xe8\1", 4)) {
        return false;
    }
    *at += sizeof(raw) + 16u * (uint64_t)ov_u32be_at(b, 8, 0) + ov_u32be_at(b, 12, 0);
    return true;
}

static bool detect_rpm(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    uint64_t at = 96;
    uint8_t raw[64];
    enum ov_type payload;

    if (!ov_has(head, 0, "\xed\xab\xee\xdb", 4) || ov_u8_at(head, 4, 3) < 3
            || ov_u8_at(head, 4, 3) > 4) {
        return false;
    }
    out->type = OV_TYPE_RPM;
    if (!skip_rpm_header(source, &at) || (at = (at + 7) & ~(uint64_t)7) == 0
            || !skip_rpm_header(source, &at) || at >= source->size) {
        trouble(out, OV_REASON_DAMAGED, "cut short in its headers");
        return true;
    }
    {
        const size_t got = ov_source_read(source, at, raw, sizeof(raw));
        const struct ov_bytes b = ov_bytes_of(raw, got);

        payload = ov_has(b, 0, "07070", 5) ? OV_TYPE_CPIO : ov_detect_stream(b, source->size - at);
    }
    if (payload == OV_TYPE_DATA) {
        trouble(out, OV_REASON_UNSUPPORTED, "the payload is of no kind overt unpacks");
        return true;
    }
    ov_detected_add(out, payload, at, source->size);
    return true;
}

/* --- cab, iso9660, lha ---------------------------------------------------------------------- */

/* [MS-CAB] 2.1 CFHEADER: reserved1 is zero; the flags say whether other files belong to it. */
static bool detect_cab(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    if (!ov_has(head, 0, "MSCF\0\0\0\0", 8)) {
        return false;
    }
    found(out, OV_TYPE_CAB, source->size);
    if ((ov_u16le_at(head, 30, 0) & 3) != 0) {
        trouble(out, OV_REASON_MULTIVOLUME, "a cabinet in several files");
    }
    return true;
}

/* ECMA-119 8.1: the first volume descriptor lies in sector 16. */
static bool detect_iso9660(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    const uint8_t kind = ov_u8_at(head, 32768, 9);

    if (!ov_has(head, 32769,
                "CD001"
                "\1",
                6)
            || (kind > 3 && kind != 255)) {
        return false;
    }
    found(out, OV_TYPE_ISO9660, source->size);
    if (ov_udf_is_on(source)) { /* the same files, or others */
        ov_detected_add(out, OV_TYPE_UDF, 0, source->size);
    }
    return true;
}

/* Header levels 0 and 1 begin with their own length and sum; level 2 with a length of 16 bits. */
static bool detect_lha(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    const uint8_t level = ov_u8_at(head, 20, 255), len = ov_u8_at(head, 0, 0);
    uint8_t sum = 0;

    if (!ov_has(head, 2, "-l", 2) || ov_u8_at(head, 6, 0) != '-'
            || (ov_u8_at(head, 4, 0) != 'h' && ov_u8_at(head, 4, 0) != 'z') || level > 2) {
        return false;
    }
    if (level < 2) {
        for (uint64_t i = 2; i < len + 2u; i++) {
            sum = (uint8_t)(sum + ov_u8_at(head, i, 0));
        }
        if (len < 22 || sum != ov_u8_at(head, 1, 0)) {
            return false;
        }
    }
    found(out, OV_TYPE_LHA, source->size);
    return true;
}

/* --- rar, 7z -------------------------------------------------------------------------------- */

static bool rar5_is_volume(struct ov_bytes head)
{
    uint64_t at = 12; /* behind the signature and the first block's checksum */
    uint64_t type, flags;

    (void)ov_rar5_number_at(head, &at);
    type = ov_rar5_number_at(head, &at);
    flags = ov_rar5_number_at(head, &at);
    if ((flags & 1) != 0) {
        (void)ov_rar5_number_at(head, &at);
    }
    return type == 1 && (ov_rar5_number_at(head, &at) & 1) != 0;
}

static bool detect_rar(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    bool volume;

    if (ov_has(head, 0, "Rar!\x1a\7\0", 7)) {
        found(out, OV_TYPE_RAR, source->size);
        volume = ov_u8_at(head, 9, 0) == 0x73 && (ov_u16le_at(head, 10, 0) & 1) != 0;
    } else if (ov_has(head, 0, "Rar!\x1a\7\1\0", 8)) {
        found(out, OV_TYPE_RAR5, source->size);
        volume = rar5_is_volume(head);
    } else {
        return false;
    }
    if (volume) {
        trouble(out, OV_REASON_MULTIVOLUME, "a rar archive in several files");
    }
    return true;
}

static bool detect_7zip(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    if (!ov_has(head, 0, "7z\xbc\xaf\x27\x1c", 6)) {
        return false;
    }
    found(out, OV_TYPE_7ZIP, source->size);
    return true;
}

bool ov_detect_archive(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    static bool (*const detectors[])(struct ov_source *, struct ov_bytes,
            struct ov_detected *) = { detect_zip, detect_7zip, detect_rar, detect_cab, detect_ar,
        detect_rpm, detect_cpio, detect_lha, detect_tar, detect_iso9660 };

    for (size_t i = 0; i < sizeof(detectors) / sizeof(detectors[0]); i++) {
        if (detectors[i](source, head, out)) {
            return true;
        }
    }
    return false;
}

/* --- behind something else ------------------------------------------------------------------ */

void ov_detect_appended(struct ov_source *source, struct ov_detected *out)
{
    struct ov_zip_end end;
    struct ov_input input;

    ov_input_init(&input, source, 0, source->size);
    if (!ov_zip_end_find(&input, &end) || end.directory_bytes == 0) {
        return;
    }
    if (end.multivolume && out->trouble == OV_REASON_NONE) {
        trouble(out, OV_REASON_MULTIVOLUME, "the last part of a zip in several files");
    }
    if (out->type == OV_TYPE_DATA) {
        out->type = OV_TYPE_ZIP;
    }
    ov_detected_add(out, OV_TYPE_ZIP, 0, source->size);
}
