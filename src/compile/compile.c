/* SPDX-License-Identifier: Apache-2.0 */
/* The driver. What conditions ask decides what the matcher is built for, and a pattern that
 * cannot be built takes its rule out; so conditions are planned, patterns compiled, conditions
 * written. */
#include "compile/compile.h"

#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "compile/condition.h"
#include "compile/conditions.h"
#include "compile/profiles.h"

static int by_address(const void *x, const void *y)
{
    const uintptr_t p = (uintptr_t) * (const uint8_t *const *)x;
    const uintptr_t q = (uintptr_t) * (const uint8_t *const *)y;

    return (p > q) - (p < q);
}

/* Where the names of rules with errors among diags->items[from..] lie; NULL: out of memory. */
static const uint8_t **named(const struct ov_diags *diags, size_t from, size_t *count)
{
    const uint8_t **names = calloc(diags->count - from + 1, sizeof(const uint8_t *));

    *count = 0;
    for (size_t i = from; names != NULL && i < diags->count; i++) {
        if (diags->items[i].severity == OV_DIAG_ERROR && ov_bytes_len(diags->items[i].rule) != 0) {
            names[(*count)++] = ov_bytes_raw(diags->items[i].rule);
        }
    }
    if (names != NULL) {
        qsort(names, *count, sizeof(names[0]), by_address);
    }
    return names;
}

/* Leaves out the rules that patterns complained about. A diagnostic names its rule by the very
 * bytes of the rule's name. */
static overt_status leave_out_named(const struct ov_rule_set *set, const struct ov_diags *diags,
        size_t from, uint64_t errors, struct ov_rule_plan *plans, overt_error *err)
{
    size_t count;
    const uint8_t **names = named(diags, from, &count);

    if (names == NULL || diags->out_of_memory) {
        free(names);
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for diagnostics");
    }
    if (count != errors) {
        free(names);
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX,
                "patterns with errors cannot be told to rules: too many, or of none");
    }
    for (size_t r = 0; r < set->rule_count; r++) {
        const uint8_t *name = ov_bytes_raw(set->rules[r].name);

        if (bsearch(&name, names, count, sizeof(names[0]), by_address) != NULL) {
            plans[r].left_out = true;
        }
    }
    free(names);
    return OVERT_OK;
}

/* Patterns, each to be looked for in the objects that its rule's hint leaves. */
static overt_status compile_patterns(const struct ov_rule_set *set, const uint8_t *uses,
        const struct ov_hints *hints, struct ov_diags *diags, struct ov_db_writer *writer,
        overt_error *err)
{
    struct ov_profiles profiles;
    overt_status status = ov_profiles_init(&profiles, set, hints, err);

    if (status == OVERT_OK) {
        status = ov_compile_patterns(set, uses, &profiles, diags, writer, err);
    }
    ov_profiles_done(&profiles);
    return status;
}

static overt_status compile_with(const struct ov_rule_set *set, struct ov_rule_plan *plans,
        uint8_t *uses, struct ov_hints *hints, struct ov_diags *diags, struct ov_db_writer *writer,
        overt_error *err)
{
    overt_status status = ov_conditions_plan(set, plans, uses, hints, diags, err);
    const size_t diags_before = diags->count;
    const uint64_t errors_before = diags->errors;

    writer->must_know |= set->clam ? OV_DB_MUST_CLAM : 0;
    if (status == OVERT_OK) {
        status = compile_patterns(set, uses, hints, diags, writer, err);
    }
    if (status == OVERT_OK && diags->errors != errors_before) {
        status = leave_out_named(
                set, diags, diags_before, diags->errors - errors_before, plans, err);
    }
    if (status == OVERT_OK) {
        status = ov_conditions_write(set, plans, diags, writer, err);
    }
    return status;
}

overt_status ov_compile(const struct ov_rule_set *set, struct ov_diags *diags,
        struct ov_db_writer *writer, overt_error *err)
{
    struct ov_rule_plan *plans = calloc(set->rule_count + 1, sizeof(*plans));
    struct ov_hints hints;
    uint64_t strings = 0;
    uint8_t *uses;
    overt_status status;

    for (size_t r = 0; r < set->rule_count; r++) {
        strings += set->rules[r].string_count;
    }
    uses = calloc((size_t)strings + 1, 1);
    if (!ov_hints_init(&hints, set->rule_count) || plans == NULL || uses == NULL) {
        status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to compile rules");
    } else {
        status = compile_with(set, plans, uses, &hints, diags, writer, err);
    }
    ov_hints_done(&hints);
    free(uses);
    free(plans);
    return status;
}
