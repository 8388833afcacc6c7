/* SPDX-License-Identifier: Apache-2.0 */
/* match_layout.h - what the matcher reads: the sections PATTERNS, PATTERN_CODE, FILTERS and
 * ATOMS. docs/formats/ovdb-match.md tells the same in prose; change both.
 *
 * Nothing here is trusted by the matcher: every offset, count and index is checked where it is
 * used, so a hostile file can at worst make it find the wrong things.
 */
#ifndef OV_DB_MATCH_LAYOUT_H
#define OV_DB_MATCH_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/le.h"

/* --- PATTERN_CODE: byte sets and automata ---------------------------------------------------- */

struct ov_db_set {
    uint8_t bits[32]; /* bit b & 7 of byte b >> 3: byte value b belongs */
};

/* One automaton: this header, `sets` sets, `nodes` nodes. A forward program reads bytes upwards
 * from where it starts, a backward one reads them downwards. */
struct ov_db_program {
    struct ov_le32 nodes;
    struct ov_le32 sets;
    struct ov_le32 start;
    uint8_t flags;
    uint8_t reserved[3];
};

_Static_assert(sizeof(struct ov_db_program) == 16, "on-disk layout");

#define OV_PROGRAM_BACKWARD  0x01u
#define OV_PROGRAM_UNBOUNDED 0x02u /* some path is longer than OV_REGEX_REACH_BYTES */
#define OV_PROGRAM_LOOPS     0x04u /* nodes that take no byte may form a cycle */

#define OV_PROGRAM_EMPTY 0x08u /* may match without taking a byte */

#define OV_PROGRAM_NODES_MAX 32768u

enum ov_db_node_op {
    OV_NODE_BYTE = 1, /* takes one byte: `arg` */
    OV_NODE_ANY,      /* takes one byte, any */
    OV_NODE_SET,      /* takes one byte of set number `set` */
    OV_NODE_SPLIT,    /* takes nothing: goes on at `next`, which is preferred, and at `alt` */
    OV_NODE_ASSERT,   /* takes nothing: goes on if `arg` (ov_db_assert) holds here */
    OV_NODE_MATCH     /* the end */
};

enum ov_db_assert {
    OV_ASSERT_BEGIN = 1,
    OV_ASSERT_END,
    OV_ASSERT_WORD,
    OV_ASSERT_NOT_WORD,
    OV_ASSERT_WORD_WIDE, /* characters are two bytes, the second one zero */
    OV_ASSERT_NOT_WORD_WIDE,
    OV_ASSERT_EDGE,                          /* + an ov_edge of base/clamtype.h */
    OV_ASSERT_NOT_EDGE = OV_ASSERT_EDGE + 8, /* the same, negated */
    OV_ASSERT_LAST = OV_ASSERT_NOT_EDGE + 7
};

struct ov_db_node {
    uint8_t op;
    uint8_t arg;
    struct ov_le16 set;
    struct ov_le16 next;
    struct ov_le16 alt;
};

_Static_assert(sizeof(struct ov_db_node) == 8, "on-disk layout");

/* --- PATTERNS: one record for each form of a string ------------------------------------------ */

enum ov_db_pattern_kind {
    OV_PATTERN_FIXED = 1, /* `length` bytes, each of its own set */
    OV_PATTERN_AUTOMATON  /* left and right of a cut, found by its atoms */
};

#define OV_PATTERN_FULLWORD 0x0001u
#define OV_PATTERN_WIDE     0x0002u /* neighbours of a full word are two bytes */
#define OV_PATTERN_SHORTEST 0x0004u /* of several lengths at one offset the shortest counts */
#define OV_PATTERN_ANY_END  0x0008u /* FULLWORD is asked of every end, not of the best one only */
#define OV_PATTERN_XOR      0x0010u /* one key in xor_min..xor_max over all bytes */
#define OV_PATTERN_MASKED   0x0020u /* FIXED: masks follow the values */
#define OV_PATTERN_NO_ATOM  0x0040u /* tried at every offset */
#define OV_PATTERN_GATE     0x0080u /* found in the first sweep, it wakes its rule */

/* FIXED: `code` leads to `length` values, then (MASKED) `length` masks, then `extras` places.
 * AUTOMATON: `code` leads to the forward program right of the cut; `left` to the backward and
 * `left_forward` to the forward program of what is left of it (both OV_PATTERN_NOTHING if that
 * is empty). */
struct ov_db_pattern {
    uint8_t kind;
    uint8_t use; /* as ov_string_use: 0 none, 1 exists, 2 all */
    struct ov_le16 flags;
    struct ov_le32 string;
    struct ov_le32 collector; /* the string, or string_count + number of a chain's part */
    struct ov_le32 code;
    struct ov_le32 length;
    struct ov_le32 extras;
    struct ov_le32 left;
    struct ov_le32 left_forward;
    uint8_t xor_min;
    uint8_t xor_max;
    struct ov_le16 group; /* in which profiles it is looked for */
    uint8_t reserved[4];
    struct ov_le32 rule; /* the sleeper it wakes */
};

_Static_assert(sizeof(struct ov_db_pattern) == 44, "on-disk layout");

#define OV_PATTERN_NOTHING UINT32_MAX

/* A place of a FIXED pattern that values and masks cannot say. */
struct ov_db_extra {
    struct ov_le32 at; /* ascending, < length */
    struct ov_db_set set;
};

_Static_assert(sizeof(struct ov_db_extra) == 36, "on-disk layout");

/* --- FILTERS: this header, the chains' parts, patterns without atoms, profiles, the bitmaps ---- */

#define OV_PASSES_MAX 7u

enum ov_db_pass_kind {
    OV_PASS_FOLD = 1, /* grams of 3, 4 or 8 bytes, each | 0x20 */
    OV_PASS_PAIR,     /* grams of 2 bytes as they are */
    OV_PASS_DELTA     /* grams of 4 differences x[i] ^ x[i + 1]: whatever the xor key */
};

/* The hash tables of one kind of gram. A gram is a little-endian number of `width` bytes; its
 * bucket is the topmost bucket_bits bits of gram * bucket_hash, modulo 2^64. */
struct ov_db_pass {
    uint8_t kind;
    uint8_t stride;      /* 4, 2 or 1: which offsets of the object are looked at */
    uint8_t width;       /* bytes of a gram */
    uint8_t bucket_bits; /* there are 1 << bucket_bits buckets */
    struct ov_le32 atom_count;
    struct ov_le64 bucket_hash;
    struct ov_le64 buckets; /* offset in ATOMS: (1 << bucket_bits) + 1 numbers */
    struct ov_le64 atoms;   /* offset in ATOMS: atom_count records */
    struct ov_le64 grams;   /* offset in ATOMS: atom_count records, ascending by pattern */
};

_Static_assert(sizeof(struct ov_db_pass) == 40, "on-disk layout");

/* The bitmap of one pass in one profile. The low four bytes of a gram (or what there is of them)
 * and its high four make h = low * hash_low + high * hash_high, modulo 2^32, and the hash is
 * h ^ h >> 15: without that the last bytes of grams would choose words only, not bits. The topmost
 * filter_bits - 5 bits of the hash are the number of a 32-bit word of the bitmap, bits 12..16, 7..11
 * and 2..6 are three bits in it, which are all set if the gram is entered.
 *
 * What the bitmap lets through is looked up among the marks, if there are any: record number (the
 * topmost mark_bits bits of gram * bucket_hash) says which bytes may stand around the gram. */
struct ov_db_filter {
    struct ov_le64 offset;   /* in FILTERS */
    struct ov_le64 nibbles;  /* offset in FILTERS */
    struct ov_le64 marks;    /* offset in FILTERS: 1 << mark_bits records */
    struct ov_le32 hash_low; /* odd multipliers */
    struct ov_le32 hash_high;
    uint8_t filter_bits;  /* the bitmap has 1 << filter_bits bits; 0: the pass is not made */
    uint8_t nibble_count; /* records at `nibbles`, at most OV_NIBBLES_MAX */
    uint8_t mark_bits; /* 0: there are no marks; at most OV_MARK_BITS_MAX. None in a DELTA pass */
    uint8_t reserved[5];
};

_Static_assert(sizeof(struct ov_db_filter) == 40, "on-disk layout");

/* Of a filter with few grams, at every offset: what can be asked of four bytes (DELTA: four
 * differences) from there before the bitmap is. The entries are in eight sets; bit s of low[i][n]
 * is there if byte i of an entry of set s may have n for its low half, high[i][n] the same for the
 * high one. An entry can be here only if a bit is in all eight of some record. */
struct ov_db_nibbles {
    uint8_t low[4][16];
    uint8_t high[4][16];
};

_Static_assert(sizeof(struct ov_db_nibbles) == 128, "on-disk layout");

#define OV_NIBBLES_MAX 4u

/* Bit b & 31 of `before` (`behind`) is there if some gram of this place may stand behind (before)
 * the byte b. */
struct ov_db_mark {
    struct ov_le32 before;
    struct ov_le32 behind;
};

_Static_assert(sizeof(struct ov_db_mark) == 8, "on-disk layout");

#define OV_MARK_BITS_MAX 20u

#define OV_FILTER_BITS_MIN 9u
#define OV_FILTER_BITS_MAX 26u
#define OV_BUCKET_BITS_MIN 1u
#define OV_BUCKET_BITS_MAX 24u

/* A profile says what is looked for in an object that begins like this and is so large: class
 * times size class to profile. Strings of one group are looked for in the same profiles.
 *
 * That is the first sweep, in which of most rules only gates are looked for: strings without one
 * of which the rule cannot hold. Where a gate is found a second sweep looks for all strings of the
 * rules that were woken so, and for nothing else: its filters are made of their grams, and for a
 * pass with too many of them those of the last profile are used. */
struct ov_db_profile {
    struct ov_db_filter filters[OV_PASSES_MAX];
};

#define OV_CLASSES_MAX  15u /* the one of all other objects included, which is number 0 */
#define OV_SIZES_MAX    8u
#define OV_PROFILES_MAX 128u
#define OV_GROUPS_MAX   65536u

_Static_assert(OV_CLASSES_MAX *OV_SIZES_MAX <= OV_PROFILES_MAX, "a profile for each");

/* How an object is looked at, where signatures of ClamAV's decide that. */
enum ov_stance {
    OV_STANCE_FILE = 0, /* as it is: against signatures for any type and for its own */
    OV_STANCE_TEXT,     /* a text normalised: any type and texts */
    OV_STANCE_PAGE,     /* a page's view: any type and pages */
    OV_STANCE_NONE,     /* a page, which is held against ClamAV's signatures in its views alone */
    OV_STANCES
};

/* Objects that begin with these bytes, and not with a longer class's; or objects that are looked at
 * so, which are of no other class. NONE is for those that begin as no class does. */
struct ov_db_class {
    uint8_t bytes[6];
    uint8_t stance; /* an ov_stance; FILE: `bytes` say */
    uint8_t length; /* 0: all other objects */
};

_Static_assert(sizeof(struct ov_db_class) == 8, "on-disk layout");

/* A rule of the set that was compiled: its strings, up to the next one's first, are looked for once
 * enough gates were found, if the object's size is in the range and its `bytes` bytes at `offset`, read
 * little-endian, are `value`. */
struct ov_db_sleeper {
    struct ov_le32 first_string;
    struct ov_le32 size_min; /* sizes count as at most UINT32_MAX */
    struct ov_le32 size_max;
    struct ov_le32 value;
    struct ov_le16 offset;
    uint8_t bytes; /* 0: no test; 1, 2, 4 */
    uint8_t gates; /* so many strings that are gates must be found; 0 counts as 1 */
};

_Static_assert(sizeof(struct ov_db_sleeper) == 20, "on-disk layout");

/* Bytes at a place, or in a short stretch, near the beginning or the end of an object. Where they stand
 * the rules named behind it are woken, as by a gate. */
struct ov_db_sign {
    uint8_t value[8]; /* bits that are not in `mask` are 0 */
    uint8_t mask[8];
    struct ov_le32 first; /* offsets of the first byte: from `first` to `last`; */
    struct ov_le32
            last; /* from_end: from the size - `first` to the size - `last`, but not below 0 */
    struct ov_le32 rules; /* number of the first of its rules among the rules of all signs */
    struct ov_le32 rule_count;
    uint8_t length; /* 1 to 8 */
    uint8_t from_end;
    uint8_t reserved[6];
};

_Static_assert(sizeof(struct ov_db_sign) == 40, "on-disk layout");

/* A sign is near, or looking for it would cost what a pass costs. */
#define OV_SIGN_REACH_MAX 4096u
#define OV_SIGNS_MAX      65536u

/* In which profiles a group is looked for: bit p & 63 of word p >> 6. */
struct ov_db_group {
    struct ov_le64 profiles[OV_PROFILES_MAX / 64];
};

_Static_assert(sizeof(struct ov_db_group) == 16, "on-disk layout");

static inline bool ov_db_group_has(const struct ov_db_group *group, uint32_t profile)
{
    return (ov_le64_get(group->profiles[profile / 64 % 2]) >> (profile & 63) & 1) != 0;
}

/* The passes there are. */
static inline bool ov_pass_is_known(const struct ov_db_pass *pass)
{
    const unsigned stride = pass->stride, width = pass->width;

    switch (pass->kind) {
    case OV_PASS_FOLD:
        return (width == 8 && stride == 4)
               || (width == 4 && (stride == 4 || stride == 2 || stride == 1))
               || (width == 3 && stride == 2);
    case OV_PASS_PAIR:
        return stride == 1 && width == 2;
    case OV_PASS_DELTA:
        return (stride == 4 || stride == 1) && width == 4;
    default:
        return false;
    }
}

static inline uint32_t ov_gram_hash(uint64_t gram, uint32_t hash_low, uint32_t hash_high)
{
    const uint32_t h = (uint32_t)gram * hash_low + (uint32_t)(gram >> 32) * hash_high;

    return h ^ h >> 15;
}

static inline uint32_t ov_gram_word(uint32_t hash, unsigned filter_bits)
{
    return hash >> (37 - filter_bits);
}

static inline uint32_t ov_gram_mask(uint32_t hash)
{
    return UINT32_C(1) << (hash >> 12 & 31) | UINT32_C(1) << (hash >> 7 & 31)
           | UINT32_C(1) << (hash >> 2 & 31);
}

/* A part of a chain: what matched is kept apart until all parts are known. The next record is
 * the next part. */
struct ov_db_part {
    struct ov_le32 string;
    struct ov_le32 gap_min; /* bytes between this part and the next */
    struct ov_le32 gap_max; /* UINT32_MAX: any number */
    uint8_t flags;
    uint8_t use;
    uint8_t reserved[2];
};

#define OV_PART_HEAD 0x1u
#define OV_PART_TAIL 0x2u

_Static_assert(sizeof(struct ov_db_part) == 16, "on-disk layout");

struct ov_db_filters {
    struct ov_le32 string_count;
    struct ov_le32 part_count;
    struct ov_le32 lone_count; /* patterns without atoms */
    struct ov_le32 pass_count;
    struct ov_le32 class_count; /* at least 1 */
    struct ov_le32 size_count;  /* at least 1 */
    struct ov_le32 profile_count;
    struct ov_le32 group_count;
    struct ov_le32 rule_count;
    struct ov_le32 sign_count; /* at most OV_SIGNS_MAX */
    /* offsets in FILTERS */
    struct ov_le64 parts;    /* part_count records */
    struct ov_le64 lone;     /* lone_count pattern numbers (le32) */
    struct ov_le64 classes;  /* class_count records; the first is that of all other objects */
    struct ov_le64 sizes;    /* size_count - 1 ascending sizes (le64): the largest of each class */
    struct ov_le64 map;      /* class_count times size_count bytes: which profile */
    struct ov_le64 profiles; /* profile_count records */
    struct ov_le64 groups;   /* group_count records */
    struct ov_le64
            rules; /* rule_count + 1 records; the last one ends the strings of the one before */
    struct ov_db_pass passes[OV_PASSES_MAX];
    struct ov_le64 signs;      /* sign_count records */
    struct ov_le64 sign_rules; /* numbers of sleepers (le32), those of one sign together */
    struct ov_le32 sign_rule_count;
    uint8_t padding[44];
};

_Static_assert(sizeof(struct ov_db_filters) == 448, "on-disk layout");

/* --- ATOMS: for each pass its buckets, then the atoms, those of one bucket together ----------- */

/* Found at `x`, the eight bytes at x - window must have `value` under `mask`; then the pattern
 * begins (FIXED) or has its cut (AUTOMATON) at x - back. */
struct ov_db_atom {
    uint8_t value[8];
    uint8_t mask[8];
    struct ov_le32 pattern;
    struct ov_le32 string;
    struct ov_le32 back;
    uint8_t window;
    uint8_t use;
    struct ov_le16 group;
};

_Static_assert(sizeof(struct ov_db_atom) == 32, "on-disk layout");

/* One gram that is entered for a pattern: what the second sweep makes its filters of. */
struct ov_db_gram {
    struct ov_le64 gram;
    struct ov_le32 pattern;
};

_Static_assert(sizeof(struct ov_db_gram) == 12, "on-disk layout");

/* How far an automaton's atom may lie behind its cut: a sweep over a block goes back so far, to
 * have the cuts of all atoms of the block. */
#define OV_ATOM_BACK_MAX 64u

#endif
