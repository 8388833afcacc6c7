/* SPDX-License-Identifier: Apache-2.0 */
/* ldb.c - logical signatures: what the object must be, an expression, and what it is about. */
#include <string.h>

#include "base/checked.h"
#include "rules/clamav/reader.h"

/* Everything but the rule itself; NULL: refused. */
static struct ov_expr *read_condition(struct logical *logical)
{
    struct line *line = logical->line;
    struct ov_expr *parts[TDB_PARTS_MAX + 1];
    size_t count = 0;
    uint32_t highest;

    if (!tdb_read(logical, line->fields[1], parts, &count)
            || !logic_highest(line, line->fields[2], &highest)) {
        return NULL;
    }
    if (highest + 1 != line->field_count - 3) {
        (void)refuse(line, "its expression names %u subsignatures, it has %zu", highest + 1,
                line->field_count - 3);
        return NULL;
    }
    logical->sub_count = highest + 1;
    for (uint32_t i = 0; i < logical->sub_count; i++) {
        if (!subsig_read(logical, line->fields[3 + i], i)) {
            return NULL;
        }
    }
    parts[count] = logic_read(logical, line->fields[2]);
    return parts[count] == NULL ? NULL : ex_list(line, OV_EXPR_AND, parts, count + 1);
}

static void read_ldb(struct line *line, bool pua)
{
    struct logical logical = { .line = line };
    struct ov_expr *condition;
    struct ov_bytes shown;
    struct ov_rule *rule;

    if (macro_waits(line, pua) || !split_logical(line, 2)) {
        return;
    }
    line->name = line->fields[0];
    if (line->field_count < 4 || line->field_count > 3 + SUBSIGS_MAX) {
        (void)refuse(
                line, "it has %zu fields instead of 4 to %u", line->field_count, 3 + SUBSIGS_MAX);
        return;
    }
    if (!take_name(line, line->fields[0], pua, &shown)) {
        return;
    }
    condition = read_condition(&logical);
    rule = condition == NULL ? NULL : rule_new(line, shown, logical.string_count);
    if (rule == NULL) {
        return;
    }
    for (uint32_t i = 0; i < logical.string_count; i++) {
        rule_set_string(line, rule, i, logical.strings[i].re);
    }
    rule->condition = condition;
}

void line_ldb(struct line *line)
{
    read_ldb(line, false);
}

void line_ldu(struct line *line)
{
    read_ldb(line, true);
}
