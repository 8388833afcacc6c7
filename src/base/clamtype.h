/* SPDX-License-Identifier: Apache-2.0 */
/* clamtype.h - the types that ClamAV gives to objects, and the targets of its signatures: what
 * the reader of its databases and the scanner must mean the same by. The numbers are overt's own. */
#ifndef OV_BASE_CLAMTYPE_H
#define OV_BASE_CLAMTYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/limits.h"

/* clang-format off */
#define OV_CLAM_TYPES(X) \
    X(ANY) X(TEXT_ASCII) X(TEXT_UTF8) X(TEXT_UTF16LE) X(TEXT_UTF16BE) X(BINARY_DATA) \
    X(IGNORED) X(ERROR) X(MSEXE) X(ELF) X(MACHO) X(MACHO_UNIBIN) X(POSIX_TAR) X(OLD_TAR) \
    X(CPIO_OLD) X(CPIO_ODC) X(CPIO_NEWC) X(CPIO_CRC) X(GZ) X(ZIP) X(BZ) X(RAR) X(ARJ) \
    X(MSSZDD) X(MSOLE2) X(MSCAB) X(MSCHM) X(SIS) X(SCRENC) X(GRAPHICS) X(GIF) X(PNG) \
    X(JPEG) X(TIFF) X(RIFF) X(BINHEX) X(TNEF) X(CRYPTFF) X(PDF) X(UUENCODED) X(HTML_UTF16) \
    X(SCRIPT) X(RTF) X(HTML) X(MAIL) X(SFX) X(ZIPSFX) X(RARSFX) X(CABSFX) X(ARJSFX) \
    X(NULSFT) X(AUTOIT) X(ISHIELD_MSI) X(7Z) X(7ZSFX) X(SWF) X(ISO9660) X(JAVA) X(DMG) \
    X(MBR) X(GPT) X(APM) X(XAR) X(PART_ANY) X(PART_HFSPLUS) X(XZ) X(OOXML_WORD) \
    X(OOXML_PPT) X(OOXML_XL) X(INTERNAL) X(XDP) X(XML_WORD) X(XML_XL) X(HWP3) X(XML_HWP) \
    X(HWPOLE2) X(OOXML_HWP) X(PS) X(MHTML) X(LNK) X(EGG) X(EGGSFX) X(UDF) X(ALZ) \
    X(ONENOTE) X(PYTHON_COMPILED) X(LHA_LZH) X(AI_MODEL) X(ZSTD)
/* clang-format on */

enum ov_clam_type {
#define X(name) OV_CLAM_##name,
    OV_CLAM_TYPES(X)
#undef X
    OV_CLAM_TYPE_COUNT
};

/* "CL_TYPE_MSEXE"; static. */
const char *ov_clam_type_name(enum ov_clam_type type);
/* By that name. False: there is no such type. */
OV_MUST_CHECK bool ov_clam_type_of(struct ov_bytes name, enum ov_clam_type *out);

/* What a signature is about: the T of `Name:T:...` and `Target:T`. */
enum ov_clam_target {
    OV_TARGET_ANY = 0,
    OV_TARGET_PE = 1,
    OV_TARGET_OLE2 = 2,
    OV_TARGET_HTML = 3,
    OV_TARGET_MAIL = 4,
    OV_TARGET_GRAPHICS = 5,
    OV_TARGET_ELF = 6,
    OV_TARGET_TEXT = 7,
    OV_TARGET_UNUSED = 8,
    OV_TARGET_MACHO = 9,
    OV_TARGET_PDF = 10,
    OV_TARGET_FLASH = 11,
    OV_TARGET_JAVA = 12,
    OV_TARGET_INTERNAL = 13,
    OV_TARGET_OTHER = 14,
    OV_TARGET_COUNT
};

/* The target whose signatures an object of this type is held against, beside OV_TARGET_ANY's. */
enum ov_clam_target ov_clam_target_of(enum ov_clam_type type);

/* ClamAV's (B), (L) and (W) at an end of a body: what stands before it, or behind. */
enum ov_edge {
    OV_EDGE_BLANK_BEFORE = 0,
    OV_EDGE_BLANK_AFTER,
    OV_EDGE_LINE_BEFORE,
    OV_EDGE_LINE_AFTER,
    OV_EDGE_WORD_BEFORE,
    OV_EDGE_WORD_AFTER,
    OV_EDGE_WIDE_WORD_BEFORE, /* characters of two bytes, the second one zero */
    OV_EDGE_WIDE_WORD_AFTER,
    OV_EDGES
};

/* What conditions can ask about an object as ClamAV sees it (OV_EXPR_OBJECT, OV_OP_OBJECT). */
enum ov_object_fact {
    OV_FACT_TARGET = 1,    /* argument t: is the object held against signatures of target t? */
    OV_FACT_ENTRY,         /* file offset of the entry point; undefined without an executable */
    OV_FACT_SECTION_COUNT, /* undefined without an executable */
    OV_FACT_SECTION_START, /* argument x: raw start of section x; undefined if there is none */
    OV_FACT_SECTION_SIZE,  /* argument x: its raw size */
    OV_FACT_LAST_START,    /* raw start of the last section */
    OV_FACT_CONTAINER,     /* argument c: is the direct parent of ClamAV type c? ANY: no parent */
    OV_FACT_LAYER,         /* argument c | n << 16: is the nth layer outwards (0: the direct
                              parent) of ClamAV type c? ANY: is there one? */
    OV_FACT_FILE_SIZE,     /* of the object, or of what it is a view of */
    OV_FACT_END,           /* its size; undefined of an executable whose headers lead nowhere */
    OV_FACT_TYPE,          /* argument c: is the object itself of ClamAV type c? */
    /* what its container says of it; undefined where it says nothing, and of what is in none */
    OV_FACT_MEMBER_PLACE,     /* the how manieth member, as ClamAV counts */
    OV_FACT_MEMBER_SIZE,      /* unpacked, as it says */
    OV_FACT_MEMBER_PACKED,    /* as it lies there */
    OV_FACT_MEMBER_CRC,       /* its checksum of 32 bits */
    OV_FACT_MEMBER_ENCRYPTED, /* 0 or 1 */
    OV_FACT_CONTAINER_SIZE,   /* of the container itself */
    OV_FACT_PICTURE,          /* the perceptual hash of a picture; undefined if it is none */
    OV_FACT_CERTIFICATE,      /* argument n: is it signed with certificate n of the lists? */
    OV_FACT_LINKS,            /* an ov_link_end: do links in mail lead where they show? */
    OV_FACT_BROKEN,           /* 1: a PE or ELF file whose headers lead nowhere */
    OV_FACT_MACRO,            /* 1: a module of a document's macros */
    OV_FACT_NUMBERS,          /* argument: an ov_numbers_kind; how many of them are in a text */
    OV_FACT_CROSSED,          /* argument c: 1 if it is a disk of ClamAV type c, MBR, GPT or APM,
                                 two of whose partitions share a sector */
    OV_FACT_LAST = OV_FACT_CROSSED
};

#define OV_FACT_LAYER_SHIFT 16u

enum ov_link_end {
    OV_LINK_GOOD = 0,
    OV_LINK_SPOOFED,    /* shows another host, one that is often imitated */
    OV_LINK_NOT_SECURE, /* shows https and leads to http */
    OV_LINK_NULL        /* hides where it leads behind a zero byte */
};

enum ov_numbers_kind {
    OV_NUMBERS_CARDS = 0,    /* of payment cards */
    OV_NUMBERS_PEOPLE,       /* US social security numbers, with hyphens */
    OV_NUMBERS_PEOPLE_PLAIN, /* as nine digits */
    OV_NUMBERS_CREDIT,       /* of payment cards, those of credit alone */
    OV_NUMBERS_KINDS
};

/* An executable as ClamAV counts it. */
struct ov_clam_section {
    uint64_t start; /* raw, in the file */
    uint64_t size;
};

struct ov_clam_executable {
    bool known; /* its headers could be read */
    bool has_entry;
    uint64_t entry;
    uint32_t section_count;
    struct ov_clam_section sections[OV_CLAM_SECTIONS_MAX];
};

#endif
