/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - the database file: header and section table. Changing it means changing
 * docs/formats/ovdb.md. What is inside a section is laid out by the header named in the list.
 *
 * Offsets, never pointers: the file is mapped read-only and shared. Multi-byte fields are
 * little-endian and wear a type that will not silently convert.
 */
#ifndef OV_DB_LAYOUT_H
#define OV_DB_LAYOUT_H

#include <stddef.h>

#include "base/le.h"

#define OV_DB_MAGIC   "OVDB\r\n\x1a\n" /* a text-mode copy breaks it visibly */
#define OV_DB_VERSION 6u
/* Conditions name rows of facts/schema.h by number: of which table, as facts_test counts it. */
#ifdef OV_TESTS_MODULE
#define OV_DB_FACTS_CRC 1992156060u
#else
#define OV_DB_FACTS_CRC 212052266u
#endif
#define OV_DB_MUST_CLAM 0x1u /* rules ask how ClamAV sees an object, or allow lists hide others */
#define OV_DB_ALIGN     64u  /* sections begin on a cache line */

struct ov_db_header {
    uint8_t magic[8];
    struct ov_le32 version;    /* readers refuse a version they do not know */
    struct ov_le32 must_know;  /* feature bits a reader has to understand */
    struct ov_le32 may_ignore; /* feature bits a reader can skip */
    struct ov_le32 section_count;
    struct ov_le64 file_bytes; /* the whole file */
    uint8_t body_sha256[32];   /* of everything behind this header */
};

_Static_assert(sizeof(struct ov_db_header) == 64, "on-disk layout");
_Static_assert(offsetof(struct ov_db_header, file_bytes) == 24, "on-disk layout");

/* The table follows the header; sections follow the table, in its order, not overlapping. */
struct ov_db_section {
    struct ov_le32 id;
    struct ov_le32 count;  /* records, where the section is an array; else 0 */
    struct ov_le64 offset; /* from the start of the file; a multiple of OV_DB_ALIGN */
    struct ov_le64 bytes;
};

_Static_assert(sizeof(struct ov_db_section) == 24, "on-disk layout");

/* Closed list, ascending in the file, each at most once. */
enum ov_db_section_id {
    /* db/rules_layout.h: what a rule is called and says, for people */
    OV_DB_TEXT = 1, /* bytes that everything else points into */
    OV_DB_RULES,    /* struct ov_db_rule[] */
    OV_DB_METAS,
    OV_DB_TAGS,
    OV_DB_STRINGS, /* struct ov_db_string[]: what the rules call their strings */
    OV_DB_SPACES,  /* namespaces and their global rules */
    OV_DB_EXTERNALS,
    OV_DB_HASHES,  /* whole-object hashes */
    OV_DB_CODE,    /* condition code */
    OV_DB_REGEXES, /* regular expressions used by conditions (`matches`) */
    OV_DB_GROUPS,  /* which rules to evaluate when */
    OV_DB_LISTS,   /* db/lists.h: what databases of ClamAV's say beside signatures */
    OV_DB_IMPORTS, /* modules that the rules import */
    OV_DB_CLUES,   /* db/clues.h: facts, and the rules that may hold where they have a value */
    /* db/match_layout.h: what the matcher reads */
    OV_DB_PATTERNS = 64, /* one record per form of a string */
    OV_DB_PATTERN_CODE,  /* literals, masks and automata of patterns */
    OV_DB_FILTERS,       /* the first-stage bitmaps */
    OV_DB_ATOMS,         /* the hash tables behind them */
    OV_DB_SECTION_LAST = OV_DB_ATOMS
};

#define OV_DB_SECTIONS_MAX 32u

#endif
