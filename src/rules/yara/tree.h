/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - growing the trees of rules/ir/regex.h, for hex strings and regular expressions. */
#ifndef OV_RULES_YARA_TREE_H
#define OV_RULES_YARA_TREE_H

#include "rules/yara/reading.h"

/* Children in order, on their way into a parent. */
struct ov_re_list {
    struct ov_re *first;
    struct ov_re *last;
    uint32_t count;
};

/* NULL: out of memory, noted in `reading`; and so in everything below. */
struct ov_re *ov_re_new(struct ov_reading *reading, enum ov_re_kind kind) OV_MUST_CHECK;
struct ov_re *ov_re_byte(struct ov_reading *reading, uint8_t value) OV_MUST_CHECK;
struct ov_re *ov_re_class(struct ov_reading *reading, const struct ov_re_set *set) OV_MUST_CHECK;

void ov_re_list_add(struct ov_re_list *list, struct ov_re *node);

/* One node for the list: nothing, the only child itself, or a `kind` (CONCAT, ALT) of them. */
struct ov_re *ov_re_list_close(struct ov_reading *reading, const struct ov_re_list *list,
        enum ov_re_kind kind) OV_MUST_CHECK;

void ov_re_set_add(struct ov_re_set *set, uint8_t from, uint8_t to);
void ov_re_set_join(struct ov_re_set *set, const struct ov_re_set *other);
void ov_re_set_invert(struct ov_re_set *set);

#endif
