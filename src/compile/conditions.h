/* SPDX-License-Identifier: Apache-2.0 */
/* conditions.h - the two halves of ov_compile_conditions, for the driver: between them patterns
 * are compiled, which need the uses and may find a rule wanting. */
#ifndef OV_COMPILE_CONDITIONS_H
#define OV_COMPILE_CONDITIONS_H

#include "base/buf.h"
#include "compile/compile.h"

struct ov_costs;
struct ov_db_sleeper;
struct ov_hints;
struct ov_rule_plan;

/* What a set's conditions ask for: one item for each rule, or for each of its strings. */
struct ov_demands {
    struct ov_rule_plan *plans;
    uint8_t *uses;                /* ov_string_use of each string */
    uint8_t *phases;              /* ov_string_phase of each string */
    uint32_t *weights;            /* of each rule: strings looked for in the first sweep */
    struct ov_db_sleeper *guards; /* of each rule */
    struct ov_buf signs;          /* struct ov_sign of signs.h */
    struct ov_hints *hints;
    struct ov_costs *costs;
};

OV_MUST_CHECK overt_status ov_demands_init(
        struct ov_demands *demands, const struct ov_rule_set *set, overt_error *err);
void ov_demands_done(struct ov_demands *demands);

/* Fills `demands`. Rules whose conditions cannot be compiled, and those that refer to a rule left
 * out, are marked as left out and named in `diags`. */
OV_MUST_CHECK overt_status ov_conditions_plan(const struct ov_rule_set *set,
        struct ov_demands *demands, struct ov_diags *diags, overt_error *err);

/* Fills all sections but those of patterns. Numbers the rules that are not left out. */
OV_MUST_CHECK overt_status ov_conditions_write(const struct ov_rule_set *set,
        struct ov_demands *demands, struct ov_diags *diags, struct ov_db_writer *writer,
        overt_error *err);

/* compile/groups.c: OV_DB_GROUPS from what the rules need. */
struct ov_groups_build {
    struct ov_buf waits;   /* struct { u32 rule waited for, u32 waiter }, database numbers */
    struct ov_buf always;  /* struct ov_always_build */
    struct ov_buf globals; /* struct { u32 space, u32 rule } */
};
struct ov_always_build {
    uint32_t offset;
    uint32_t bytes;
    uint32_t value;
    uint32_t rule;
    uint32_t size_min;
    uint32_t size_max;
};
struct ov_pair {
    uint32_t key;
    uint32_t item;
};
/* Sorts what was gathered and writes it; sets the ranges in OV_DB_RULES and OV_DB_SPACES, whose
 * records must be complete otherwise. */
OV_MUST_CHECK overt_status ov_groups_write(
        struct ov_groups_build *build, struct ov_db_writer *writer, overt_error *err);

/* compile/hashes.c: OV_DB_HASHES, and the names in OV_DB_TEXT. Takes the records and the names out
 * of `set`, whose count stays. */
OV_MUST_CHECK overt_status ov_compile_hashes(
        struct ov_hash_set *set, struct ov_db_writer *writer, overt_error *err);

#endif
