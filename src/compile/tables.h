/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h - the filters and hash tables under construction, and the choice of what goes in.
 *
 * A gram is what a pass looks up at one offset. A pass that looks at every fourth (second) offset
 * cannot miss an atom that is entered with the grams at four (two) neighbouring offsets; so eight
 * bytes in a row are looked for with atoms of eleven bytes, and so on.
 */
#ifndef OV_COMPILE_TABLES_H
#define OV_COMPILE_TABLES_H

#include "base/buf.h"
#include "base/error.h"
#include "compile/profiles.h"
#include "compile/rarity.h"
#include "db/match_layout.h"
#include "db/write.h"
#include "rules/ir/regex.h"

enum ov_table {
    OV_TABLE_FOLD8 = 0, /* eight bytes, every fourth offset */
    OV_TABLE_FOLD2,     /* four bytes, every second offset */
    OV_TABLE_FOLD3,     /* three bytes, every second offset */
    OV_TABLE_FOLD1,     /* four bytes, every offset */
    OV_TABLE_PAIR,      /* two bytes, every offset */
    OV_TABLE_DELTA4,    /* four differences, every fourth offset */
    OV_TABLE_DELTA1,    /* every offset */
    OV_TABLES = OV_PASSES_MAX
};

struct ov_table_entry {
    uint64_t gram;
    struct ov_db_atom atom;
};

struct ov_tables {
    struct ov_rarity rarity;
    struct ov_buf priv_entries[OV_TABLES];
    uint16_t *priv_crowd; /* how many atoms share a gram, by a hash of it; owned */
    uint64_t dear;        /* from this cost on, a rarer gram is worth a pass of its own */
};

/* `strings`: how many there will be, about. */
OV_MUST_CHECK overt_status ov_tables_init(
        struct ov_tables *tables, uint32_t strings, overt_error *err);
void ov_tables_done(struct ov_tables *tables);

uint8_t ov_tables_stride(enum ov_table table);

uint32_t ov_tables_count(const struct ov_tables *tables, enum ov_table table); /* entries */
uint32_t ov_tables_crowd(const struct ov_tables *tables, uint64_t gram);
void ov_tables_add(struct ov_tables *tables, enum ov_table table, uint64_t gram,
        const struct ov_db_atom *atom);

/* Writes `filters` (what it says of passes and profiles filled in), what stands behind it, and the
 * atoms. */
OV_MUST_CHECK overt_status ov_tables_write(struct ov_tables *tables,
        const struct ov_profiles *profiles, struct ov_db_filters *filters, struct ov_bytes parts,
        struct ov_bytes lone, struct ov_bytes sleepers, struct ov_bytes signs,
        struct ov_db_writer *writer, overt_error *err);

/* The number of bits that count so far, between two bounds. */
uint8_t ov_table_bits(uint64_t count, uint8_t low, uint8_t high);

/* filters.c: appends the bitmap of those entries that are looked for in this profile; without any,
 * `filter` says that the pass is not made. Entries with equal grams stand side by side. */
OV_MUST_CHECK overt_status ov_filter_put(const struct ov_rarity *rarity,
        const struct ov_db_pass *pass, const struct ov_table_entry *entries, uint32_t count,
        const struct ov_profiles *profiles, uint32_t profile, struct ov_db_filter *filter,
        struct ov_buf *out, overt_error *err);

/* --- atoms.c: which part of a sequence to look for -------------------------------------------- */

struct ov_place {
    enum ov_table table;
    uint32_t offset; /* of the first gram */
    uint64_t cost;   /* expected finds for each byte read, of OV_SHARE_ONE */
};

/* False: there is nothing to look for. */
OV_MUST_CHECK bool ov_atom_choose(const struct ov_tables *tables, const struct ov_re_set *sets,
        size_t count, struct ov_place *out);
/* The same for a text under an unknown key: each set has one byte. */
OV_MUST_CHECK bool ov_atom_choose_xor(const struct ov_tables *tables, const struct ov_re_set *sets,
        size_t count, struct ov_place *out);

struct ov_atom_target {
    uint32_t pattern;
    uint32_t string;
    uint8_t use;
    uint16_t group;
    uint8_t xor_min;
    uint8_t xor_max;
};

void ov_atom_enter(struct ov_tables *tables, const struct ov_re_set *sets, size_t count,
        const struct ov_place *place, const struct ov_atom_target *target);
void ov_atom_enter_xor(struct ov_tables *tables, const struct ov_re_set *sets, size_t count,
        const struct ov_place *place, const struct ov_atom_target *target);

#endif
