/* SPDX-License-Identifier: Apache-2.0 */
/* heuristics.c - what the owner asked to be alerted to, as rules like any other, and settings of the
 * scan that go with a database. */
#include <string.h>

#include "rules/clamav/reader.h"

static struct ov_rule *heuristic(struct ov_clamav *clam, struct line *line, const char *name)
{
    *line = (struct line){
        .clam = clam,
        .file = ov_bytes_of("options", 7),
        .text = ov_bytes_of(name, strlen(name)),
        .number = 1,
        .official = true,
    };
    return rule_new(line, line->text, 0);
}

static bool holds_above(struct ov_clamav *clam, const char *name, enum ov_object_fact fact,
        uint32_t argument, uint64_t least)
{
    struct line line;
    struct ov_rule *rule = heuristic(clam, &line, name);

    if (rule == NULL) {
        return false;
    }
    rule->condition = ex_two(&line, OV_EXPR_GE, ex_object(&line, fact, argument),
            ex_int(&line, least > INT64_MAX ? INT64_MAX : (int64_t)least));
    return rule->condition != NULL;
}

bool clam_alert(struct ov_clamav *clam, struct ov_bytes what, uint64_t least)
{
    if (is_text(what, "alert-broken")) {
        return holds_above(clam, "Heuristics.Broken.Executable", OV_FACT_BROKEN, 0, 1);
    }
    if (is_text(what, "alert-crossed")) { /* spelled as ClamAV spells them */
        return holds_above(
                       clam, "Heuristics.MBRPartitionnIntersect", OV_FACT_CROSSED, OV_CLAM_MBR, 1)
               && holds_above(
                       clam, "Heuristics.GPTPartitionIntersection", OV_FACT_CROSSED, OV_CLAM_GPT, 1)
               && holds_above(clam, "Heuristics.APMPartitionIntersection", OV_FACT_CROSSED,
                       OV_CLAM_APM, 1);
    }
    if (is_text(what, "alert-macros")) {
        return holds_above(clam, "Heuristics.OLE2.ContainsMacros.VBA", OV_FACT_MACRO, 0, 1);
    }
    if (is_text(what, "cards")) {
        return holds_above(clam, "Heuristics.Structured.CreditCardNumber", OV_FACT_NUMBERS,
                OV_NUMBERS_CARDS, least);
    }
    if (is_text(what, "credit-cards")) {
        return holds_above(clam, "Heuristics.Structured.CreditCardNumber", OV_FACT_NUMBERS,
                OV_NUMBERS_CREDIT, least);
    }
    if (is_text(what, "people")) {
        return holds_above(
                clam, "Heuristics.Structured.SSN", OV_FACT_NUMBERS, OV_NUMBERS_PEOPLE, least);
    }
    if (is_text(what, "people-plain")) {
        return holds_above(
                clam, "Heuristics.Structured.SSN", OV_FACT_NUMBERS, OV_NUMBERS_PEOPLE_PLAIN, least);
    }
    return false;
}

bool clam_setting(struct ov_clamav *clam, enum ov_setting what, uint64_t value)
{
    const struct ov_list_setting head = {
        .what = ov_le32_of((uint32_t)what),
        .value = ov_le64_of(value),
    };
    struct line line = { .clam = clam, .file = ov_bytes_of("options", 7) };

    return list_add(&line, OV_LIST_SETTING, &head, sizeof(head), ov_bytes_of("", 0));
}
