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
static overt_status compile_patterns(const struct ov_rule_set *set,
        const struct ov_demands *demands, struct ov_diags *diags, struct ov_db_writer *writer,
        overt_error *err)
{
    OV_CLEANUP(ov_profiles_done) struct ov_profiles profiles = { 0 };
    const struct ov_waits waits = {
        .guards = demands->guards,
        .signs = ov_buf_bytes(&demands->signs),
    };
    const overt_status status =
            ov_profiles_init(&profiles, set, demands->hints, demands->weights, err);

    return status != OVERT_OK ? status
                              : ov_compile_patterns(set, demands->uses, demands->phases, &waits,
                                      &profiles, diags, writer, err);
}

overt_status ov_compile(struct ov_rule_set *set, struct ov_diags *diags,
        struct ov_db_writer *writer, overt_error *err)
{
    OV_CLEANUP(ov_demands_done) struct ov_demands demands = { 0 };
    overt_status status = ov_demands_init(&demands, set, err);
    uint64_t errors_before;
    size_t diags_before;

    if (status == OVERT_OK) {
        status = ov_conditions_plan(set, &demands, diags, err);
    }
    writer->must_know |= set->clam ? OV_DB_MUST_CLAM : 0;
    diags_before = diags->count;
    errors_before = diags->errors;
    if (status == OVERT_OK) {
        status = compile_patterns(set, &demands, diags, writer, err);
    }
    if (status == OVERT_OK && diags->errors != errors_before) {
        status = leave_out_named(
                set, diags, diags_before, diags->errors - errors_before, demands.plans, err);
    }
    if (status == OVERT_OK) {
        status = ov_compile_hashes(&set->hashes, writer, err);
    }
    if (status == OVERT_OK) {
        status = ov_conditions_write(set, &demands, diags, writer, err);
    }
    return status;
}
