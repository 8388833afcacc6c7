/* SPDX-License-Identifier: Apache-2.0 */
/* compile.h - the intermediate form to a database.
 *
 * Strings are numbered through the whole set: rule r's string s has the number
 * ov_compile_string_base(set, r) + s. The matcher, the condition code and the database use it.
 */
#ifndef OV_COMPILE_COMPILE_H
#define OV_COMPILE_COMPILE_H

#include "db/write.h"
#include "rules/ir/rule.h"

/* What the condition of a string's rule asks about it; decides how much the matcher keeps. */
enum ov_string_use {
    OV_USE_NONE = 0,   /* no condition can be decided by it */
    OV_USE_EXISTS = 1, /* whether it occurs at all: settled by the first match */
    OV_USE_ALL = 2     /* offsets, lengths or counts */
};

/* When a string is looked for. */
enum ov_string_phase {
    OV_PHASE_ALWAYS = 0, /* in every object that its rule may hold for */
    OV_PHASE_GATE,       /* the same, but only whether it occurs: then its rule is woken */
    OV_PHASE_LATER       /* only once its rule was woken */
};

/* Everything: rules, conditions, patterns, hashes. Problems with single rules go to `diags` (a
 * rule with an error is left out and named); the status is about the whole. The hashes are taken
 * out of the set: there may be too many to have them twice. */
OV_MUST_CHECK overt_status ov_compile(struct ov_rule_set *set, struct ov_diags *diags,
        struct ov_db_writer *writer, overt_error *err);

struct ov_db_sleeper;
struct ov_profiles;

/* What rules wait for besides their gates. */
struct ov_waits {
    const struct ov_db_sleeper *guards; /* one for each rule; first_string is filled in later */
    struct ov_bytes signs;              /* struct ov_sign of signs.h */
};

/* compile/patterns.c: `uses` has one ov_string_use per string of the set, `phases` one
 * ov_string_phase (NULL: ALWAYS); `waits` NULL: nothing is asked; `profiles` says which rules' strings to look for in which objects
 * (NULL: all in all). Fills OV_DB_PATTERNS, OV_DB_PATTERN_CODE,
 * OV_DB_FILTERS and OV_DB_ATOMS. */
OV_MUST_CHECK overt_status ov_compile_patterns(const struct ov_rule_set *set, const uint8_t *uses,
        const uint8_t *phases, const struct ov_waits *waits, const struct ov_profiles *profiles,
        struct ov_diags *diags, struct ov_db_writer *writer, overt_error *err);

/* compile/conditions.c: fills every other section, and `uses`. */
OV_MUST_CHECK overt_status ov_compile_conditions(const struct ov_rule_set *set, uint8_t *uses,
        struct ov_diags *diags, struct ov_db_writer *writer, overt_error *err);

uint32_t ov_compile_string_base(const struct ov_rule_set *set, size_t rule);

#endif
