/* SPDX-License-Identifier: Apache-2.0 */
/* detect.h - what an object is, by its bytes and never by its name, and whether it holds others.
 *
 * Looks at the first 33 KiB and, for zip, at the last 64 KiB. A magic number of few bytes is
 * never enough: what merely begins like a container must not become an INCOMPLETE.
 */
#ifndef OV_FORMATS_DETECT_H
#define OV_FORMATS_DETECT_H

#include "base/reason.h"
#include "base/source.h"

enum ov_type {
    OV_TYPE_DATA = 0,

    /* one stream, packed */
    OV_TYPE_GZIP,
    OV_TYPE_BZIP2,
    OV_TYPE_XZ,
    OV_TYPE_LZMA,
    OV_TYPE_LZIP,
    OV_TYPE_ZSTD,
    OV_TYPE_LZ4,
    OV_TYPE_ZLIB,    /* without any mark but that it goes well: trial.c */
    OV_TYPE_DEFLATE, /* the same */

    /* many members */
    OV_TYPE_ZIP,
    OV_TYPE_TAR,
    OV_TYPE_CPIO,
    OV_TYPE_AR,
    OV_TYPE_DEB,
    OV_TYPE_RPM,
    OV_TYPE_CAB,
    OV_TYPE_ISO9660,
    OV_TYPE_LHA,
    OV_TYPE_RAR,
    OV_TYPE_RAR5,
    OV_TYPE_7ZIP,

    /* containers that are known and not unpacked: said, never passed over */
    OV_TYPE_ACE,
    OV_TYPE_ZOO,
    OV_TYPE_WIM,
    OV_TYPE_SQUASHFS,
    OV_TYPE_CRAMFS,
    OV_TYPE_LRZIP,
    OV_TYPE_INNO,
    OV_TYPE_OUTLOOK,     /* PST, OST */
    OV_TYPE_DISK,        /* a virtual machine's, in a form of its own */
    OV_TYPE_FILE_SYSTEM, /* NTFS, Btrfs, ...: detect_volume.c */

    /* read by parsers of our own (parser.h) */
    OV_TYPE_ARJ,
    OV_TYPE_XAR,
    OV_TYPE_COMPRESS,
    OV_TYPE_LZOP,
    OV_TYPE_LZ4_OLD,
    OV_TYPE_SZDD,
    OV_TYPE_MAIL,
    OV_TYPE_MBOX,
    OV_TYPE_TNEF,
    OV_TYPE_UUENCODE,
    OV_TYPE_BINHEX,
    OV_TYPE_ONENOTE,
    OV_TYPE_SIS,
    OV_TYPE_NSIS,
    OV_TYPE_AUTOIT,
    OV_TYPE_INSTALLSHIELD,
    OV_TYPE_ALZ,
    OV_TYPE_EGG,
    OV_TYPE_DMG,
    OV_TYPE_MBR,
    OV_TYPE_GPT,
    OV_TYPE_APM,
    OV_TYPE_HFS,
    OV_TYPE_FAT,
    OV_TYPE_EXT,
    OV_TYPE_ROMFS,
    OV_TYPE_UDF,
    OV_TYPE_SWF,
    OV_TYPE_PYZ,
    OV_TYPE_PYINSTALLER,
    OV_TYPE_BASE64,     /* in scripts, for them to decode */
    OV_TYPE_SCRENC,     /* JScript.Encode, VBScript.Encode */
    OV_TYPE_UPX,        /* in an ELF */
    OV_TYPE_HTML_VIEWS, /* a page, a text in other spellings: not members, views */
    OV_TYPE_TEXT_VIEWS,
    OV_TYPE_EMBEDDED,      /* whole files somewhere in a program */
    OV_TYPE_EMBEDDED_DATA, /* the same in scripts, pictures, whatever else */
    OV_TYPE_APPENDED,      /* what lies behind a program's end */
    OV_TYPE_BEHIND,        /* what lies behind a container's end; a zip with its end there, too */
    OV_TYPE_PACKED,        /* a program that unpacks itself: its code is interpreted */

    /* programs, documents, pictures; some hold others */
    OV_TYPE_ELF,
    OV_TYPE_PE,
    OV_TYPE_DOS,
    OV_TYPE_MACHO,
    OV_TYPE_CLASS,
    OV_TYPE_DEX,
    OV_TYPE_PDF,
    OV_TYPE_OLE2,
    OV_TYPE_RTF,
    OV_TYPE_SCRIPT,
    OV_TYPE_HTML,
    OV_TYPE_XML,
    OV_TYPE_HWP,
    OV_TYPE_LNK,
    OV_TYPE_CHM,
    OV_TYPE_PNG,
    OV_TYPE_JPEG,
    OV_TYPE_GIF,
    OV_TYPE_SQLITE,

    OV_TYPE_COUNT
};

/* "zip", "gzip", "elf", ...; "data". Static. */
const char *ov_type_name(enum ov_type type);
bool ov_type_is_stream(enum ov_type type);

/* One container, in [from, to) of the object. */
struct ov_inside {
    enum ov_type type;
    uint64_t from;
    uint64_t to;
};

/* What the object is, and what was appended to it or hides in it (self-extracting archives, packed
 * programs, files that are two things at once). More than this is dropped, and said. */
#define OV_INSIDES_MAX 8u

struct ov_detected {
    enum ov_type type; /* what the object is: a self-extracting zip is a "pe" */
    uint32_t inside_count;
    struct ov_inside inside[OV_INSIDES_MAX];
    enum ov_reason trouble; /* said of the object whether or not it can be opened */
    const char *detail;     /* static; "" */
};

/* `head` shows the object's first bytes: all of it, or at least OV_DETECT_HEAD_BYTES. */
#define OV_DETECT_HEAD_BYTES (36u * 1024u)
void ov_detect(struct ov_source *source, struct ov_bytes head, struct ov_detected *out);

/* Files inside data are believed to be there until all of it was looked at; who reads all of it for
 * something else may look on the way. False: the block that the window shows has none for certain. */
bool ov_detected_in_block(const struct ov_window *window, uint64_t object_bytes);

/* Takes the containers of this type out of `out`. */
void ov_detected_remove(struct ov_detected *out, enum ov_type type);

/* For those who detect: notes one more container of `out`. */
void ov_detected_add(struct ov_detected *out, enum ov_type type, uint64_t from, uint64_t to);

/* Which packed stream, of `total` bytes or fewer, begins here; or OV_TYPE_DATA. */
enum ov_type ov_detect_stream(struct ov_bytes head, uint64_t total);

#endif
