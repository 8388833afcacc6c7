/* SPDX-License-Identifier: Apache-2.0 */
/* The type of an object by its first bytes, as ClamAV 1.4 gives it (observed with clamscan --debug).
 * Deliberately as naive as that: a signature for PE files means everything that begins with MZ. */
#include <string.h>

#include "formats/clam.h"
#include "formats/peek.h"

struct magic {
    const char *bytes;
    uint8_t len;
    uint16_t at;
    enum ov_clam_type type;
};

#define M(lit, type)                            \
    {                                           \
        lit, sizeof(lit) - 1, 0, OV_CLAM_##type \
    }
#define M_AT(at, lit, type)                      \
    {                                            \
        lit, sizeof(lit) - 1, at, OV_CLAM_##type \
    }

static const struct magic magics[] = {
    M("MZ", MSEXE),
    M("\x7f"
      "ELF",
            ELF),
    M("\xcf\xfa\xed\xfe", MACHO),
    M("\xce\xfa\xed\xfe", MACHO),
    M("\xfe\xed\xfa\xce", MACHO),
    M("\xfe\xed\xfa\xcf", MACHO),
    M("%PDF-", PDF),
    M("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", MSOLE2),
    M("PK\x03\x04", ZIP),
    M("PK00PK\x03\x04", ZIP),
    M("\x1f\x8b", GZ),
    M("BZh", BZ),
    M("\xfd"
      "7zXZ\0",
            XZ),
    M("7z\xbc\xaf\x27\x1c", 7Z),
    M("Rar!", RAR),
    M("\x60\xea", ARJ),
    M("MSCF\0\0\0\0", MSCAB),
    M("ITSF", MSCHM),
    M("SZDD", MSSZDD),
    M("xar!", XAR),
    M("EGGA", EGG),
    M("ALZ\x01", ALZ),
    M("GIF8", GIF),
    M("\x89PNG", PNG),
    M("\xff\xd8\xff", JPEG),
    M("II*\0", TIFF),
    M("MM\0*", TIFF),
    M("BM", GRAPHICS),
    M("\0\0\0\x0cjP  \x0d\x0a\x87\x0a", GRAPHICS),
    M("RIFF", RIFF),
    M("RIFX", RIFF),
    M("FWS", SWF),
    M("CWS", SWF),
    M("ZWS", SWF),
    M("{\\rtf", RTF),
    M("#@~^", SCRENC),
    M("%!PS-Adobe-", PS),
    M("\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", LNK),
    M("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", ONENOTE),
    M("\x78\x9f\x3e\x22", TNEF),
    M("\xb6\xb9\xac\xae\xfe\xff\xff\xff", CRYPTFF),
    M("(This file must be converted with BinHex 4.0)", BINHEX),
    M("begin ", UUENCODED),
    M("070701", CPIO_NEWC),
    M("070702", CPIO_CRC),
    M("070707", CPIO_ODC),
    M("\x71\xc7", CPIO_OLD),
    M("\xc7\x71", CPIO_OLD),
    M_AT(257, "ustar", POSIX_TAR),
    M_AT(8, "\x19\x04\0\x10", SIS),
    M_AT(2, "-lh0-", LHA_LZH),
    M_AT(2, "-lh5-", LHA_LZH),
    M_AT(2, "-lh6-", LHA_LZH),
    M_AT(2, "-lh7-", LHA_LZH),
    M_AT(2, "-lzs-", LHA_LZH),
    M("HWP Document File", HWP3),
    M("[aliases]", SCRIPT),
    M("ID3", IGNORED),
    M("\xff\xfb\x90", IGNORED),
    M("OggS", IGNORED),
    M(".RMF", IGNORED),
    M("\0\0\x01\xb3", IGNORED),
    M("\0\0\x01\xba", IGNORED),
    M("SQLite format 3\0", IGNORED),
    /* mail */
    M(">From ", MAIL),
    M("Date: ", MAIL),
    M("Delivered-To: ", MAIL),
    M("Delivery-date: ", MAIL),
    M("Envelope-to: ", MAIL),
    M("For: ", MAIL),
    M("From ", MAIL),
    M("From: ", MAIL),
    M("Hi. This is the qmail-send", MAIL),
    M("Message-ID: ", MAIL),
    M("Message-Id: ", MAIL),
    M("Received: ", MAIL),
    M("Received-SPF: ", MAIL),
    M("Return-Path: ", MAIL),
    M("Return-path: ", MAIL),
    M("Subject: ", MAIL),
    M("To: ", MAIL),
    M("X-Apparently-To: ", MAIL),
    M("X-EVS", MAIL),
    M("X-Envelope-From: ", MAIL),
    M("X-Original-To: ", MAIL),
    M("X-Real-To: ", MAIL),
    M("X-Sieve: ", MAIL),
    M("X-Symantec-", MAIL),
    M("X-UIDL: ", MAIL),
    M("v:\nReceived: ", MAIL),
    M("v:\r\nReceived: ", MAIL),
};

/* 0xcafebabe begins both: a fat file has a handful of architectures where Java has its version. */
static enum ov_clam_type of_cafebabe(struct ov_bytes head)
{
    return ov_u32be_at(head, 4, UINT32_MAX) < 39 ? OV_CLAM_MACHO_UNIBIN : OV_CLAM_JAVA;
}

static enum ov_clam_type by_magic(struct ov_bytes head)
{
    if (ov_has(head, 0, "\xca\xfe\xba\xbe", 4)) {
        return of_cafebabe(head);
    }
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        if (ov_has(head, magics[i].at, magics[i].bytes, magics[i].len)) {
            return magics[i].type;
        }
    }
    return OV_CLAM_ANY;
}

/* --- text ------------------------------------------------------------------------------------ */

/* Bytes of plain text below 0x80. */
static bool is_plain(unsigned c)
{
    return (c >= 0x20 && c < 0x7f) || (c >= 7 && c <= 10) || c == 12 || c == 13 || c == 27;
}

static bool is_ascii(struct ov_bytes head)
{
    struct ov_reader r = ov_reader_on(head);
    uint8_t c;

    while (ov_read_u8(&r, &c)) {
        if (c < 0x80 && !is_plain(c)) {
            return false;
        }
    }
    return true;
}

/* What is not ASCII passes for UTF-16, big-endian unless marked otherwise, as long as no unit is a
 * control character. The first unit is not looked at. */
static bool is_utf16(struct ov_bytes head, bool *little)
{
    const uint8_t *raw = ov_bytes_raw(head);
    const uint64_t len = ov_bytes_len(head);

    *little = ov_has(head, 0, "\xff\xfe", 2);
    if (len < 2) {
        return false;
    }
    for (uint64_t at = 2; at + 1 < len; at += 2) {
        const unsigned a = raw[at], b = raw[at + 1];
        const unsigned unit = *little ? a | b << 8 : a << 8 | b;

        if (unit == 0xfffe || (unit < 0x80 && !is_plain(unit))) {
            return false;
        }
    }
    return true;
}

static bool has_one_of(struct ov_bytes head, uint64_t at, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ov_has(head, at, lines[i], strlen(lines[i]))) {
            return true;
        }
    }
    return false;
}

/* Behind the '<' of a mark: of noise, few bytes get further. */
static bool may_follow(uint8_t c)
{
    switch (c | 0x20) {
    case 'a':
    case 'h':
    case 'i':
    case 'o':
    case 's':
    case 't':
        return true;
    default:
        return c == '!';
    }
}

/* With what a header line of a message begins, of those that are looked for. */
static bool may_begin(uint8_t c)
{
    switch (c | 0x20) {
    case 'c':
    case 'f':
    case 'm':
    case 'r':
        return true;
    default:
        return false;
    }
}

/* Spelled in one case or the other, as ClamAV's patterns have it. */
static bool is_html(struct ov_bytes head)
{
    static const char *const marks[] = {
        "<html>",
        "<HTML>",
        "<Html>",
        "<head>",
        "<HEAD>",
        "<Head>",
        "<script",
        "<SCRIPT",
        "<Script",
        "<iframe",
        "<IFRAME",
        "<img",
        "<IMG",
        "<Img",
        "<object",
        "<OBJECT",
        "<Object",
        "<table",
        "<TABLE",
        "<a href",
        "<A HREF",
        "<A href",
        "<a HREF",
        "<html ",
        "<HTML ",
        "<!DOCTYPE html",
        "<!doctype html",
        "<!DOCTYPE HTML",
    };

    const uint8_t *raw = ov_bytes_raw(head);
    const uint64_t len = ov_bytes_len(head);

    for (uint64_t at = 0; at < len; at++) {
        const uint8_t *next = memchr(raw + at, '<', (size_t)(len - at));

        if (next == NULL) {
            return false;
        }
        at = (uint64_t)(next - raw);
        if (may_follow(ov_u8_at(head, at + 1, 0))
                && has_one_of(head, at, marks, sizeof(marks) / sizeof(marks[0]))) {
            return true;
        }
    }
    return false;
}

/* Two header lines of a message, further down than its first line. */
static bool is_mail(struct ov_bytes head)
{
    static const char *const first[] = { "From: ", "from: ", "MIME-Version: ", "Mime-Version: ",
        "mime-version: ", "Message-ID: ", "Message-Id: ", "Received: ", "received: " };
    static const char *const second[] = {
        "Content-Type: ", "Content-type: ", "content-type: ", "MIME-Version: ", "Mime-Version: "
    };
    const uint8_t *raw = ov_bytes_raw(head);
    const uint64_t len = ov_bytes_len(head);
    bool a = false, b = false;

    for (uint64_t at = 0; at < len && !(a && b); at++) {
        const uint8_t *next = memchr(raw + at, '\n', (size_t)(len - at));

        if (next == NULL) {
            break;
        }
        at = (uint64_t)(next - raw);
        if (!may_begin(ov_u8_at(head, at + 1, 0))) {
            continue;
        }
        a = a || has_one_of(head, at + 1, first, sizeof(first) / sizeof(first[0]));
        b = b || has_one_of(head, at + 1, second, sizeof(second) / sizeof(second[0]));
    }
    return a && b;
}

enum ov_clam_type ov_clam_detect(struct ov_bytes head)
{
    enum ov_clam_type type;
    bool little;

    if (ov_bytes_len(head) > OV_CLAM_HEAD_BYTES
            && !ov_bytes_slice(head, 0, OV_CLAM_HEAD_BYTES, &head)) {
        return OV_CLAM_BINARY_DATA;
    }
    type = by_magic(head);
    if (type != OV_CLAM_ANY) {
        return type;
    }
    if (is_mail(head)) {
        return OV_CLAM_MAIL;
    }
    if (is_html(head)) {
        return OV_CLAM_HTML;
    }
    if (is_ascii(head)) {
        return OV_CLAM_TEXT_ASCII;
    }
    if (is_utf16(head, &little)) {
        return little ? OV_CLAM_TEXT_UTF16LE : OV_CLAM_TEXT_UTF16BE;
    }
    return OV_CLAM_BINARY_DATA;
}
