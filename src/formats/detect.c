/* SPDX-License-Identifier: Apache-2.0 */
/* detect.c - the table of beginnings, and the checks behind it. Trusts no byte: a magic number
 * is a claim, and the fields behind it have to agree before the claim counts. */
#include "formats/detect.h"

#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "emu/program.h"
#include "formats/container.h"
#include "formats/decode.h"
#include "formats/detect_archive.h"
#include "formats/detect_document.h"
#include "formats/detect_trial.h"
#include "formats/embedded_kinds.h"
#include "formats/parsers.h"

static const char *const names[OV_TYPE_COUNT] = {
    [OV_TYPE_DATA] = "data",
    [OV_TYPE_GZIP] = "gzip",
    [OV_TYPE_BZIP2] = "bzip2",
    [OV_TYPE_XZ] = "xz",
    [OV_TYPE_LZMA] = "lzma",
    [OV_TYPE_LZIP] = "lzip",
    [OV_TYPE_ZSTD] = "zstd",
    [OV_TYPE_LZ4] = "lz4",
    [OV_TYPE_ZLIB] = "zlib",
    [OV_TYPE_DEFLATE] = "deflate",
    [OV_TYPE_ZIP] = "zip",
    [OV_TYPE_TAR] = "tar",
    [OV_TYPE_CPIO] = "cpio",
    [OV_TYPE_AR] = "ar",
    [OV_TYPE_DEB] = "deb",
    [OV_TYPE_RPM] = "rpm",
    [OV_TYPE_CAB] = "cab",
    [OV_TYPE_ISO9660] = "iso9660",
    [OV_TYPE_LHA] = "lha",
    [OV_TYPE_RAR] = "rar",
    [OV_TYPE_RAR5] = "rar5",
    [OV_TYPE_7ZIP] = "7z",
    [OV_TYPE_ARJ] = "arj",
    [OV_TYPE_ACE] = "ace",
    [OV_TYPE_ZOO] = "zoo",
    [OV_TYPE_XAR] = "xar",
    [OV_TYPE_WIM] = "wim",
    [OV_TYPE_SQUASHFS] = "squashfs",
    [OV_TYPE_COMPRESS] = "compress",
    [OV_TYPE_LZOP] = "lzop",
    [OV_TYPE_LZ4_OLD] = "lz4",
    [OV_TYPE_INNO] = "inno",
    [OV_TYPE_DISK] = "disk",
    [OV_TYPE_LRZIP] = "lrzip",
    [OV_TYPE_SZDD] = "szdd",
    [OV_TYPE_CRAMFS] = "cramfs",
    [OV_TYPE_OUTLOOK] = "outlook",
    [OV_TYPE_MAIL] = "mail",
    [OV_TYPE_MBOX] = "mbox",
    [OV_TYPE_TNEF] = "tnef",
    [OV_TYPE_UUENCODE] = "uuencode",
    [OV_TYPE_BINHEX] = "binhex",
    [OV_TYPE_ONENOTE] = "onenote",
    [OV_TYPE_SIS] = "sis",
    [OV_TYPE_NSIS] = "nsis",
    [OV_TYPE_AUTOIT] = "autoit",
    [OV_TYPE_INSTALLSHIELD] = "installshield",
    [OV_TYPE_ALZ] = "alz",
    [OV_TYPE_EGG] = "egg",
    [OV_TYPE_DMG] = "dmg",
    [OV_TYPE_MBR] = "mbr",
    [OV_TYPE_GPT] = "gpt",
    [OV_TYPE_APM] = "apm",
    [OV_TYPE_HFS] = "hfs",
    [OV_TYPE_FAT] = "fat",
    [OV_TYPE_EXT] = "ext",
    [OV_TYPE_ROMFS] = "romfs",
    [OV_TYPE_UDF] = "udf",
    [OV_TYPE_FILE_SYSTEM] = "filesystem",
    [OV_TYPE_SWF] = "swf",
    [OV_TYPE_PYZ] = "pyz",
    [OV_TYPE_PYINSTALLER] = "pyinstaller",
    [OV_TYPE_BASE64] = "base64",
    [OV_TYPE_SCRENC] = "screnc",
    [OV_TYPE_UPX] = "upx",
    [OV_TYPE_HTML_VIEWS] = "views",
    [OV_TYPE_TEXT_VIEWS] = "views",
    [OV_TYPE_EMBEDDED] = "embedded",
    [OV_TYPE_EMBEDDED_DATA] = "embedded",
    [OV_TYPE_APPENDED] = "appended",
    [OV_TYPE_BEHIND] = "behind",
    [OV_TYPE_PACKED] = "packed",
    [OV_TYPE_ELF] = "elf",
    [OV_TYPE_PE] = "pe",
    [OV_TYPE_DOS] = "dos",
    [OV_TYPE_MACHO] = "macho",
    [OV_TYPE_CLASS] = "class",
    [OV_TYPE_DEX] = "dex",
    [OV_TYPE_PDF] = "pdf",
    [OV_TYPE_OLE2] = "ole2",
    [OV_TYPE_RTF] = "rtf",
    [OV_TYPE_SCRIPT] = "script",
    [OV_TYPE_HTML] = "html",
    [OV_TYPE_XML] = "xml",
    [OV_TYPE_HWP] = "hwp",
    [OV_TYPE_LNK] = "lnk",
    [OV_TYPE_CHM] = "chm",
    [OV_TYPE_PNG] = "png",
    [OV_TYPE_JPEG] = "jpeg",
    [OV_TYPE_GIF] = "gif",
    [OV_TYPE_SQLITE] = "sqlite",
};

const char *ov_type_name(enum ov_type type)
{
    OV_ASSERT(type < OV_TYPE_COUNT);
    return names[type];
}

bool ov_type_is_stream(enum ov_type type)
{
    return type >= OV_TYPE_GZIP && type <= OV_TYPE_DEFLATE;
}

/* --- packed streams ------------------------------------------------------------------------- */

/* RFC 1952 2.3: magic, the only method, and no reserved flag. */
static bool is_gzip(struct ov_bytes b)
{
    return ov_has(b, 0, "\x1f\x8b\x08", 3) && (ov_u8_at(b, 3, 0) & 0xe0) == 0;
}

/* The level, then a block's or the end's magic as far as there are bytes. */
static bool is_bzip2(struct ov_bytes b)
{
    const uint8_t level = ov_u8_at(b, 3, 0);

    return ov_has(b, 0, "BZh", 3) && level >= '1' && level <= '9'
           && (ov_has_prefix(b, 4, "\x31\x41\x59\x26\x53\x59", 6)
                   || ov_has_prefix(b, 4, "\x17\x72\x45\x38\x50\x90", 6));
}

/* .lzma has no magic at all. The same guesses as xz's own: a possible first byte, a dictionary of
 * 2^n or 2^n + 2^(n-1), a size that is unknown or below 256 GiB; and the first byte of a range
 * coder is always zero. First bytes other than the usual one also need a size that `total` bytes
 * are not too many for. Kotlin's metadata pass all that; what fails at once is no lzma (stream.c). */
static bool is_lzma(struct ov_bytes b, uint64_t total)
{
    const uint8_t properties = ov_u8_at(b, 0, 255);
    const uint32_t dict = ov_u32le_at(b, 1, 0);
    const uint64_t size = ov_u64le_at(b, 5, 0);
    uint32_t round;

    if (ov_bytes_len(b) < 18 || properties >= 225 || ov_u8_at(b, 13, 255) != 0 || dict < 4096) {
        return false;
    }
    if (size != UINT64_MAX && (size == 0 || size >= (uint64_t)256 << 30)) {
        return false;
    }
    if (properties != 0x5d && size != UINT64_MAX && total > size + size / 8 + 64) {
        return false;
    }
    round = dict - 1;
    round |= round >> 2;
    round |= round >> 3;
    round |= round >> 4;
    round |= round >> 8;
    round |= round >> 16;
    return dict == UINT32_MAX || round + 1 == dict;
}

/* RFC 8878 3.1.1: the reserved bit of the frame header is zero. */
static bool is_zstd(struct ov_bytes b)
{
    return ov_has(b, 0, "\x28\xb5\x2f\xfd", 4) && (ov_u8_at(b, 4, 0) & 0x08) == 0;
}

/* The LZ4 frame format, "Frame Descriptor": version 01, reserved bits zero, block size 4..7. */
static bool is_lz4(struct ov_bytes b)
{
    const uint8_t flags = ov_u8_at(b, 4, 0x40);
    const uint8_t block = ov_u8_at(b, 5, 0x40);

    return ov_has(b, 0, "\x04\x22\x4d\x18", 4) && flags >> 6 == 1 && (flags & 0x02) == 0
           && (block & 0x8f) == 0 && block >> 4 >= 4;
}

/* A frame that zstd and lz4 decoders pass over; what matters is the one behind it. */
static bool skip_skippable(struct ov_bytes b, struct ov_bytes *rest)
{
    const uint32_t magic = ov_u32le_at(b, 0, 0);
    const uint64_t skip = 8u + (uint64_t)ov_u32le_at(b, 4, UINT32_MAX);

    return (magic & 0xfffffff0u) == 0x184d2a50u && skip <= ov_bytes_len(b)
           && ov_bytes_slice(b, skip, ov_bytes_len(b) - skip, rest);
}

enum ov_type ov_detect_stream(struct ov_bytes head, uint64_t total)
{
    struct ov_bytes rest;

    switch (ov_u8_at(head, 0, 0)) {
    case 0x1f:
        return is_gzip(head) ? OV_TYPE_GZIP : OV_TYPE_DATA;
    case 'B':
        return is_bzip2(head) ? OV_TYPE_BZIP2 : OV_TYPE_DATA;
    case 0xfd:
        return ov_has(head, 0,
                       "\xfd"
                       "7zXZ\0",
                       6)
                       ? OV_TYPE_XZ
                       : OV_TYPE_DATA;
    case 'L':
        return ov_has(head, 0, "LZIP\1", 5) ? OV_TYPE_LZIP : OV_TYPE_DATA;
    case 0x28:
        return is_zstd(head) ? OV_TYPE_ZSTD : OV_TYPE_DATA;
    case 0x04:
        return is_lz4(head) ? OV_TYPE_LZ4 : OV_TYPE_DATA;
    default:
        break;
    }
    if (skip_skippable(head, &rest)) {
        return is_zstd(rest) ? OV_TYPE_ZSTD : is_lz4(rest) ? OV_TYPE_LZ4 : OV_TYPE_DATA;
    }
    return is_lzma(head, total) ? OV_TYPE_LZMA : OV_TYPE_DATA;
}

/* --- what is not opened --------------------------------------------------------------------- */

static const struct {
    const char *magic;
    uint8_t len;
    uint8_t off;
    enum ov_type type;
    const char *not_unpacked; /* a container overt does not open: the sentence for it */
} beginnings[] = {
    { "\x7f"
      "ELF",
            4, 0, OV_TYPE_ELF, NULL },
    { "%PDF-", 5, 0, OV_TYPE_PDF, NULL },
    { "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, 0, OV_TYPE_OLE2, NULL },
    { "#!", 2, 0, OV_TYPE_SCRIPT, NULL },
    { "<?xml", 5, 0, OV_TYPE_XML, NULL },
    { "\x89PNG\r\n\x1a\n", 8, 0, OV_TYPE_PNG, NULL },
    { "\xff\xd8\xff", 3, 0, OV_TYPE_JPEG, NULL },
    { "GIF8", 4, 0, OV_TYPE_GIF, NULL },
    { "SQLite format 3", 16, 0, OV_TYPE_SQLITE, NULL },
    { "dex\n", 4, 0, OV_TYPE_DEX, NULL },
    { "L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", 20, 0, OV_TYPE_LNK, NULL },
    { "ITSF\3\0\0\0", 8, 0, OV_TYPE_CHM, NULL },
    { "\xfe\xed\xfa\xce", 4, 0, OV_TYPE_MACHO, NULL },
    { "\xfe\xed\xfa\xcf", 4, 0, OV_TYPE_MACHO, NULL },
    { "\xce\xfa\xed\xfe", 4, 0, OV_TYPE_MACHO, NULL },
    { "\xcf\xfa\xed\xfe", 4, 0, OV_TYPE_MACHO, NULL },
    { "**ACE**", 7, 7, OV_TYPE_ACE, "ace archives are not unpacked" },
    { "\xdc\xa7\xc4\xfd", 4, 20, OV_TYPE_ZOO, "zoo archives are not unpacked" },
    { "MSWIM\0\0\0\xd0\0\0\0", 12, 0, OV_TYPE_WIM, "wim images are not unpacked" },
    { "hsqs", 4, 0, OV_TYPE_SQUASHFS, NULL },
    { "EGGA\0\1", 6, 0, OV_TYPE_EGG, NULL },
    { "-rom1fs-", 8, 0, OV_TYPE_ROMFS, NULL },
    { "\x45\x3d\xcd\x28", 4, 0, OV_TYPE_CRAMFS, NULL },
    { "KWAJ\x88\xf0\x27\xd1", 8, 0, OV_TYPE_SZDD, "kwaj files are not unpacked" },
    { "LRZI\0", 5, 0, OV_TYPE_LRZIP, "lrzip files are not unpacked" },
    { "Inno Setup Setup Data (", 23, 0, OV_TYPE_INNO, "Inno Setup's installers are not unpacked" },
    { "QFI\xfb\0\0\0", 7, 0, OV_TYPE_DISK, NULL },
    { "KDMV", 4, 0, OV_TYPE_DISK, NULL },
    { "vhdxfile", 8, 0, OV_TYPE_DISK, NULL },
    { "conectix", 8, 0, OV_TYPE_DISK, NULL },
    { "QED\0", 4, 0, OV_TYPE_DISK, NULL },
    { "WithoutFreeSpace", 16, 0, OV_TYPE_DISK, NULL },
    { "WithouFreSpacExt", 16, 0, OV_TYPE_DISK, NULL },
    { "\x7f\x10\xda\xbe", 4, 64, OV_TYPE_DISK, NULL },
    { "EVF\x09\r\n\xff", 8, 0, OV_TYPE_DISK, "EnCase's images are not opened" },
    { "\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, 0, OV_TYPE_DISK, NULL },
    { "!BDN", 4, 0, OV_TYPE_OUTLOOK, "Outlook's mail folders are not opened" },
    { "HWP Document File V", 19, 0, OV_TYPE_HWP, NULL },
    { "RZIP\2", 5, 0, OV_TYPE_LRZIP, "rzip files are not unpacked" },
    { "zPQ\2", 4, 0, OV_TYPE_LRZIP, "zpaq files are not unpacked" },
    { "7kSt", 4, 0, OV_TYPE_LRZIP, "zpaq files are not unpacked" },
};

/* squashfs 4.0 superblock: version 4.0 and a block size that is its own logarithm's power. */
static bool is_squashfs(struct ov_bytes b)
{
    const uint32_t log = ov_u16le_at(b, 22, 0);

    return ov_u16le_at(b, 28, 0) == 4 && ov_u16le_at(b, 30, 1) == 0 && log >= 12 && log <= 20
           && ov_u32le_at(b, 12, 0) == 1u << log;
}

/* A page begins with a mark-up tag that pages have; a comment or two may stand before it. */
static bool is_html(struct ov_bytes b)
{
    static const char *const tags[] = { "!doctype html", "!--", "html", "script", "head", "body",
        "a ", "meta ", "title", "iframe", "img ", "table", "div", "p>", "br", "svg", "object",
        "embed", "form", "style", "font", "center", "link ", "base ", "h1", "ul", "span" };
    uint64_t at = ov_has(b, 0, "\xef\xbb\xbf", 3) ? 3 : 0;

    while (at < 1024 && ov_u8_at(b, at, 0) <= ' ' && ov_u8_at(b, at, 0) != 0) {
        at++;
    }
    if (ov_u8_at(b, at, 0) != '<') {
        return false;
    }
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        const uint64_t len = strlen(tags[i]);

        if (ov_starts_with(b, at + 1, tags[i])) {
            const uint8_t next = ov_u8_at(b, at + 1 + len, '>');

            return (next | 0x20) < 'a' || (next | 0x20) > 'z' || tags[i][len - 1] == ' ';
        }
    }
    return false;
}

static enum ov_type dos_or_pe(struct ov_bytes b)
{
    const uint32_t at = ov_u32le_at(b, 0x3c, UINT32_MAX);

    return ov_has(b, at, "PE\0\0", 4) ? OV_TYPE_PE : OV_TYPE_DOS;
}

/* 0xcafebabe begins fat Mach-O files (few architectures) and Java classes (major version >= 45). */
static enum ov_type class_or_macho(struct ov_bytes b)
{
    return ov_u8_at(b, 7, 0) >= 43 ? OV_TYPE_CLASS : OV_TYPE_MACHO;
}

/* Where an ELF ends, by its section headers, which stand last: what lies behind is not its own. */
static void add_behind_elf(struct ov_source *source, struct ov_bytes b, struct ov_detected *out)
{
    const bool wide = ov_u8_at(b, 4, 0) == 2;
    const uint64_t at = wide ? ov_u64le_at(b, 0x28, 0) : ov_u32le_at(b, 0x20, 0);
    const uint64_t each = ov_u16le_at(b, wide ? 0x3a : 0x2e, 0);
    const uint64_t count = ov_u16le_at(b, wide ? 0x3c : 0x30, 0);
    uint64_t end;

    if (ov_u8_at(b, 5, 0) == 1 && at != 0 && ov_add(&end, at, each * count) && end < source->size) {
        ov_detected_add(out, OV_TYPE_APPENDED, end, source->size);
    }
}

/* Its loader is a program. */
static void add_pyinstaller(struct ov_source *source, struct ov_detected *out)
{
    if (ov_pyinstaller_is_in(source)) {
        ov_detected_add(out, OV_TYPE_PYINSTALLER, 0, source->size);
    }
}

static void detect_plain(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    if (ov_has(head, 0, "MZ", 2)) {
        out->type = dos_or_pe(head);
        if (out->type == OV_TYPE_PE && ov_guest_looks_packed(head)) {
            ov_detected_add(out, OV_TYPE_PACKED, 0, source->size);
        }
        ov_detected_add(out, OV_TYPE_EMBEDDED, 0, source->size);
        add_pyinstaller(source, out);
        return;
    }
    if (ov_has(head, 0, "\xca\xfe\xba\xbe", 4) && ov_bytes_len(head) > 8) {
        out->type = class_or_macho(head);
        return;
    }
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        if (ov_has(head, beginnings[i].off, beginnings[i].magic, beginnings[i].len)
                && (beginnings[i].type != OV_TYPE_SQUASHFS || is_squashfs(head))) {
            out->type = beginnings[i].type;
            if (beginnings[i].not_unpacked != NULL) {
                out->trouble = OV_REASON_UNSUPPORTED;
                out->detail = beginnings[i].not_unpacked;
            } else if (out->type == OV_TYPE_ELF) {
                add_behind_elf(source, head, out);
                add_pyinstaller(source, out);
                if (ov_upx_begins(head)) {
                    ov_detected_add(out, OV_TYPE_UPX, 0, source->size);
                }
            } else if (out->type == OV_TYPE_SCRIPT && ov_uu_begins(head)) {
                ov_detected_add(out, OV_TYPE_UUENCODE, 0, source->size); /* a shell archive */
            } else if (ov_container_opens(out->type)) {
                ov_detected_add(out, out->type, 0, source->size);
            }
            return;
        }
    }
    if (ov_detect_document(source, head, out)) {
        return;
    }
    if (is_html(head)) {
        out->type = OV_TYPE_HTML;
        ov_detected_add(out, OV_TYPE_HTML, 0, source->size);
    }
}

void ov_detected_add(struct ov_detected *out, enum ov_type type, uint64_t from, uint64_t to)
{
    OV_ASSERT(from <= to);
    if (out->inside_count == OV_INSIDES_MAX) {
        out->trouble = OV_REASON_UNSUPPORTED;
        out->detail = "more containers in one object than are opened";
        return;
    }
    out->inside[out->inside_count++] = (struct ov_inside){ .type = type, .from = from, .to = to };
}

void ov_detected_remove(struct ov_detected *out, enum ov_type type)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < out->inside_count; i++) {
        if (out->inside[i].type != type) {
            out->inside[kept++] = out->inside[i];
        }
    }
    out->inside_count = kept;
}

/* Archives stand behind scripts, pictures and anything else that their programs search from the end,
 * or that a script cuts off. What is small enough to be seen as a whole is searched right here. */
static void look_for_more(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    static const bool searched[OV_TYPE_COUNT] = {
        [OV_TYPE_DATA] = true,
        [OV_TYPE_SCRIPT] = true,
        [OV_TYPE_HTML] = true,
        [OV_TYPE_LNK] = true,
        [OV_TYPE_PNG] = true,
        [OV_TYPE_JPEG] = true,
        [OV_TYPE_GIF] = true,
    };

    const struct ov_window window = { .bytes = head, .end = ov_bytes_len(head) };

    if (searched[out->type]
            && (source->size > window.end || ov_detected_in_block(&window, source->size))) {
        ov_detected_add(out, OV_TYPE_EMBEDDED_DATA, 0, source->size);
    }
}

/* Scripts carry files as base64, and decode them; other texts do where they have a word for that. */
static void look_for_base64(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    if (out->type == OV_TYPE_SCRIPT || out->type == OV_TYPE_HTML
            || (out->type == OV_TYPE_DATA && ov_base64_is_spoken_of(head))) {
        ov_detected_add(out, OV_TYPE_BASE64, 0, source->size);
    }
}

bool ov_detected_in_block(const struct ov_window *window, uint64_t object_bytes)
{
    return !ov_embedded_none(window, object_bytes, OV_EMBEDDED_IN_DATA);
}

void ov_detect(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    enum ov_type stream;

    *out = (struct ov_detected){ .type = OV_TYPE_DATA, .detail = "" };
    if (ov_bytes_len(head) < 3) {
        return;
    }
    if (ov_detect_archive(source, head, out)) {
        if (out->type == OV_TYPE_7ZIP || out->type == OV_TYPE_RAR || out->type == OV_TYPE_RAR5
                || out->type == OV_TYPE_CAB) {
            ov_detect_appended(source, out);
        }
        return;
    }
    stream = ov_detect_stream(head, source->size);
    if (stream != OV_TYPE_DATA) {
        out->type = stream;
        ov_detected_add(out, stream, 0, source->size);
    } else {
        detect_plain(source, head, out);
        if (out->type == OV_TYPE_DATA) {
            ov_detect_trial(source, head, out);
        }
        look_for_base64(source, head, out);
        look_for_more(source, head, out);
    }
    ov_detect_appended(source, out);
}
