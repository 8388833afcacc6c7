/* SPDX-License-Identifier: Apache-2.0 */
/* logged.h - a rule stream: the rules of a log that are in force, each in a namespace of its own
 * that names its entry. docs/formats/updates.md */
#ifndef OV_RULES_LOGGED_LOGGED_H
#define OV_RULES_LOGGED_LOGGED_H

#include "rules/ir/rule.h"

/* What was decided on single entries beforehand, by trial or by the owner. A source of its own,
 * before the stream: "overt-decisions/v1", then lines `hold INDEX` and `accept INDEX`. */
struct ov_logged_decisions {
    uint64_t *held; /* in the set's arena; ascending */
    size_t held_count;
    uint64_t *accepted; /* the lint does not hold these */
    size_t accepted_count;
};

/* True if `text` is a source of decisions, taken or told to `diags`. */
bool ov_logged_decide(struct ov_rule_set *set, struct ov_bytes file, struct ov_bytes text,
        struct ov_logged_decisions *out, struct ov_diags *diags);

/* Appends to `set`; what is left out goes to `diags` under the name "log:INDEX", the reasons of
 * the lint with "held: " before them. True if nothing was left out. `file` is for messages about
 * the stream itself. */
bool ov_logged_read(struct ov_rule_set *set, struct ov_bytes file, struct ov_bytes text,
        const struct ov_logged_decisions *decisions, struct ov_diags *diags);

#endif
