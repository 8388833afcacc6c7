/* SPDX-License-Identifier: Apache-2.0 */
/* profiles.h - which strings to look for in which objects.
 *
 * Objects are told apart by how they begin (classes) and how large they are. For each class and
 * size it is certain of some rules that they cannot hold, so their strings are not looked for.
 * Classes times sizes with the same rules left are one profile; rules that are left in the same
 * profiles are one group. Which beginnings and sizes are worth telling apart follows from the
 * rules: those that most strings wait behind. */
#ifndef OV_COMPILE_PROFILES_H
#define OV_COMPILE_PROFILES_H

#include "base/error.h"
#include "compile/hints.h"
#include "db/match_layout.h"
#include "rules/ir/rule.h"

struct ov_profile_set { /* a bit for each profile */
    uint64_t words[OV_PROFILES_MAX / 64];
};

struct ov_profiles {
    struct ov_db_class classes[OV_CLASSES_MAX]; /* [0]: all others */
    uint32_t class_count;
    uint64_t sizes[OV_SIZES_MAX - 1]; /* ascending; the largest of each class but the last */
    uint32_t size_count;
    uint8_t map[OV_CLASSES_MAX * OV_SIZES_MAX];
    uint32_t profile_count; /* the last one, which has everything, is that of the second sweep */
    struct ov_profile_set *groups; /* owned */
    uint32_t group_count;          /* the last one: the second sweep only */
    uint16_t *of_rule; /* the group of each rule of the set; owned; NULL: all rules in group 0 */
};

/* `hints` of every rule of `set`, or NULL: nothing is known, and there is one profile of all.
 * `weights`: for each rule, how many of its strings are looked for in the first sweep. */
OV_MUST_CHECK overt_status ov_profiles_init(struct ov_profiles *profiles,
        const struct ov_rule_set *set, const struct ov_hints *hints, const uint32_t *weights,
        overt_error *err);
void ov_profiles_done(struct ov_profiles *profiles);

/* The group of a rule's strings; `later`: of those for the second sweep only. */
static inline uint16_t ov_profiles_group(
        const struct ov_profiles *profiles, size_t rule, bool later)
{
    if (later) {
        return (uint16_t)(profiles->group_count - 1);
    }
    return profiles->of_rule == NULL ? 0 : profiles->of_rule[rule];
}

static inline bool ov_profile_has(const struct ov_profile_set *set, uint32_t profile)
{
    return (set->words[profile / 64] >> (profile & 63) & 1) != 0;
}

#endif
