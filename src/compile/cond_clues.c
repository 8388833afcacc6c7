/* SPDX-License-Identifier: Apache-2.0 */
/* Which parts of a condition cannot be true unless the object has a certain fact. Only facts of
 * modules that know objects by their first bytes count (ov_module_magics): nothing else is parsed
 * for the sake of clues. */
#include <string.h>

#include "base/checked.h"
#include "compile/clues.h"
#include "compile/condition.h"

static const struct ov_expr *loop_over(const struct ov_cond_scope *scope, uint32_t local)
{
    while (scope != NULL && scope->expr->local != local) {
        scope = scope->outer;
    }
    return scope != NULL && scope->expr->kind == OV_EXPR_FOR_FIELD ? scope->expr : NULL;
}

static bool is_asked_first(enum ov_field module)
{
    struct ov_guards guards;

    return ov_module_magics(module, &guards);
}

/* A function that costs little and is the object's alone. */
static bool is_plain_function(uint32_t field)
{
    return field == OV_PE_IMPHASH_OF_NOTHING || field == OV_ELF_TELFHASH_OF_NOTHING
           || field == OV_ELF_IMPORT_MD5_OF_NOTHING;
}

/* One step back towards the module. *from: what the step starts from. */
static bool step_back(const struct ov_expr *e, const struct ov_cond_scope *scope, bool is_last,
        struct ov_clue_step *step, const struct ov_expr **from)
{
    const struct ov_expr *loop;

    *step = (struct ov_clue_step){ .field = e->field };
    *from = e->a;
    switch ((unsigned)e->kind) {
    case OV_EXPR_MODULE:
        step->op = OV_OP_MODULE;
        return is_asked_first((enum ov_field)e->field);
    case OV_EXPR_FIELD:
        step->op = OV_OP_FIELD;
        return ov_field_row(e->field)->kind == OV_FIELD_IS_FACT && e->field != OV_PE_IS_PE
               && e->field != OV_DOTNET_IS_DOTNET;
    case OV_EXPR_ITEM: /* whichever it is */
        step->op = OV_OP_FOR_FIELD;
        return true;
    case OV_EXPR_ENTRY:
        step->op = e->b->kind == OV_EXPR_TEXT ? OV_OP_ENTRY_OF : OV_OP_FOR_FIELD;
        step->key = e->b->text;
        return true;
    case OV_EXPR_CALL:
        step->op = OV_OP_CALL;
        return is_last && is_plain_function(e->field);
    case OV_EXPR_LOCAL:
        loop = e->is_key ? NULL : loop_over(scope, e->local);
        if (loop == NULL) {
            return false;
        }
        step->op = OV_OP_FOR_FIELD;
        step->field = loop->field;
        *from = loop->a;
        return true;
    default:
        return false;
    }
}

/* The way from a module to what `e` says, if that is a number or a text. */
static bool way_to(const struct ov_expr *e, const struct ov_cond_scope *scope, struct ov_clue *clue)
{
    struct ov_clue_step back[OV_CLUE_STEPS_MAX];
    uint32_t count = 0, loops = 0;

    do {
        if (count == OV_CLUE_STEPS_MAX || e == NULL
                || !step_back(e, scope, count == 0, &back[count], &e)) {
            return false;
        }
        loops += back[count].op == OV_OP_FOR_FIELD;
    } while (back[count++].op != OV_OP_MODULE);
    if (loops > OV_LOOP_NEST_MAX || count == 1
            || ov_field_row(back[0].field)->type == OV_FACT_TYPE_STRUCT) {
        return false;
    }
    clue->step_count = count;
    for (uint32_t i = 0; i < count; i++) {
        clue->steps[i] = back[count - 1 - i];
    }
    return true;
}

static bool is_constant(const struct ov_cond *cond, struct ov_value *out)
{
    *out = cond->sure.value;
    return cond->sure.how == OV_KNOWN_EXACTLY
           && (out->kind == OV_VALUE_INT || out->kind == OV_VALUE_TEXT);
}

/* E == "...", or turned around. */
static bool of_equal(const struct ov_cond *fact, const struct ov_cond *constant,
        const struct ov_cond_scope *scope, enum ov_clue_kind kind, struct ov_clue *out)
{
    out->kind = kind;
    return is_constant(constant, &out->value) && way_to(fact->expr, scope, out)
           && ov_field_row(out->steps[out->step_count - 1].field)->type != OV_FACT_TYPE_FLOAT;
}

/* Whatever an undefined operand is compared with, the outcome is undefined or false. */
static bool of_operator(
        const struct ov_cond *cond, const struct ov_cond_scope *scope, struct ov_clue *out)
{
    const enum ov_clue_kind kind =
            cond->expr->kind == OV_EXPR_IEQUALS ? OV_CLUE_FOLDED : OV_CLUE_EQUAL;

    if ((cond->expr->kind == OV_EXPR_EQ || kind == OV_CLUE_FOLDED)
            && (of_equal(cond->a, cond->b, scope, kind, out)
                    || of_equal(cond->b, cond->a, scope, kind, out))) {
        return true;
    }
    out->kind = OV_CLUE_DEFINED;
    return way_to(cond->a->expr, scope, out)
           || (cond->b != NULL && way_to(cond->b->expr, scope, out));
}

static void set_way(struct ov_clue *clue, const enum ov_field *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        clue->steps[i] = (struct ov_clue_step){
            .op = i == 0           ? OV_OP_MODULE
                  : i + 1 == count ? OV_OP_FIELD
                                   : OV_OP_FOR_FIELD,
            .field = fields[i],
        };
    }
    clue->step_count = count;
}

/* pe.exports("...") and pe.imports("...", "..."): 0 unless something has that name. */
static bool of_call(const struct ov_cond *cond, struct ov_clue *out)
{
    static const enum ov_field exports[] = { OV_PE, OV_PE_EXPORT_DETAILS,
        OV_PE_EXPORT_DETAILS_NAME };
    static const enum ov_field functions[] = { OV_PE, OV_PE_IMPORT_DETAILS,
        OV_PE_IMPORT_DETAILS_FUNCTIONS, OV_PE_IMPORT_DETAILS_FUNCTIONS_NAME };
    static const enum ov_field libraries[] = { OV_PE, OV_PE_IMPORT_DETAILS,
        OV_PE_IMPORT_DETAILS_LIBRARY_NAME };
    uint32_t argument = 0;

    switch (cond->expr->field) {
    case OV_PE_EXPORTS_OF_S:
        set_way(out, exports, sizeof(exports) / sizeof(exports[0]));
        break;
    case OV_PE_IMPORTS_OF_SS:
        set_way(out, functions, sizeof(functions) / sizeof(functions[0]));
        argument = 1;
        break;
    case OV_PE_IMPORTS_OF_S:
        set_way(out, libraries, sizeof(libraries) / sizeof(libraries[0]));
        break;
    default:
        return false;
    }
    out->kind = OV_CLUE_FOLDED;
    return argument < cond->child_count && is_constant(cond->children[argument], &out->value)
           && out->value.kind == OV_VALUE_TEXT;
}

bool ov_cond_clue(
        const struct ov_cond *cond, const struct ov_cond_scope *scope, struct ov_clue *out)
{
    const enum ov_expr_kind kind = cond->expr->kind;

    if (cond->speaks || cond->sure.how == OV_KNOWN_EXACTLY) {
        return false;
    }
    if (kind == OV_EXPR_CALL) {
        return of_call(cond, out);
    }
    if (kind == OV_EXPR_MATCHES) {
        out->kind = OV_CLUE_DEFINED;
        return way_to(cond->a->expr, scope, out);
    }
    return (kind == OV_EXPR_EQ || kind == OV_EXPR_NE || kind == OV_EXPR_LT || kind == OV_EXPR_LE
                   || kind == OV_EXPR_GT || kind == OV_EXPR_GE
                   || (kind >= OV_EXPR_CONTAINS && kind <= OV_EXPR_IEQUALS))
           && of_operator(cond, scope, out);
}
