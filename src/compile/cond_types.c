/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and texts, as db/verify_code.c will see them: one rule that confuses them must not make
 * the whole database unacceptable. */
#include <string.h>

#include "compile/condition.h"

static bool is(const struct ov_cond *part, unsigned type)
{
    return part == NULL || (part->type & type) != 0;
}

static uint8_t type_of_row(const struct ov_field_row *row)
{
    return row->type == OV_FACT_TYPE_STRUCT ? OV_COND_NODE
           : row->type == OV_FACT_TYPE_TEXT ? OV_COND_TEXT
                                            : OV_COND_NUMBER;
}

uint8_t ov_cond_type(const struct ov_cond_context *context, const struct ov_cond *cond)
{
    const struct ov_expr *e = cond->expr;

    switch ((unsigned)e->kind) {
    case OV_EXPR_TEXT:
        return OV_COND_TEXT;
    case OV_EXPR_EXTERNAL:
        return context->set->externals[e->index].type == OV_TYPE_TEXT ? OV_COND_TEXT
                                                                      : OV_COND_NUMBER;
    case OV_EXPR_LOCAL: /* of a range, a list, or an array or dictionary */
        return e->type == OV_TYPE_NODE ? OV_COND_NODE : OV_COND_NUMBER | OV_COND_TEXT;
    case OV_EXPR_MODULE:
    case OV_EXPR_FIELD:
    case OV_EXPR_ITEM:
    case OV_EXPR_ENTRY:
    case OV_EXPR_CALL:
        return type_of_row(ov_field_row(e->field));
    case OV_EXPR_PATTERN:
        return OV_COND_PATTERN;
    default:
        return OV_COND_NUMBER;
    }
}

static const char *check_operator(const struct ov_cond *cond)
{
    const enum ov_op op = ov_cond_op(cond->expr->kind, ov_cond_is_float(cond->a, cond->b));

    if (op >= OV_OP_CONTAINS && op <= OV_OP_IEQUALS) {
        return is(cond->a, OV_COND_TEXT) && is(cond->b, OV_COND_TEXT)
                       ? NULL
                       : "this operator wants two texts";
    }
    if (op < OV_OP_EQ || op == OV_OP_LT_FLOAT) {
        return is(cond->a, OV_COND_NUMBER) && is(cond->b, OV_COND_NUMBER)
                       ? NULL
                       : "this operator wants two numbers";
    }
    return is(cond->a, cond->b->type) ? NULL : "a text cannot be compared with a number";
}

/* As the row of the function says. */
static const char *check_arguments(const struct ov_cond *cond)
{
    const char *takes = ov_field_row(cond->expr->field)->arguments;

    if (strlen(takes) != cond->child_count) {
        return "a function with more or fewer arguments than it takes";
    }
    for (uint32_t i = 0; i < cond->child_count; i++) {
        const unsigned wanted = takes[i] == 's'   ? OV_COND_TEXT
                                : takes[i] == 'r' ? OV_COND_PATTERN
                                                  : OV_COND_NUMBER;

        /* Any condition will do where one is wanted. */
        if (!is(cond->children[i], takes[i] == 'b' ? OV_COND_NUMBER | OV_COND_TEXT : wanted)) {
            return "a function with an argument of another type than it takes";
        }
    }
    return NULL;
}

static const char *check_field(const struct ov_cond *cond)
{
    const enum ov_expr_kind kind = cond->expr->kind;

    if (!is(cond->a, OV_COND_NODE)) {
        return "a field of something that has none";
    }
    if (kind == OV_EXPR_ITEM || kind == OV_EXPR_ENTRY) {
        return is(cond->b, kind == OV_EXPR_ITEM ? OV_COND_NUMBER : OV_COND_TEXT)
                       ? NULL
                       : "an array wants a number, a dictionary a text";
    }
    return kind == OV_EXPR_CALL ? check_arguments(cond) : NULL;
}

static bool is_about_fields(enum ov_expr_kind kind)
{
    return (kind >= OV_EXPR_FIELD && kind <= OV_EXPR_CALL) || kind == OV_EXPR_FOR_FIELD;
}

const char *ov_cond_check_types(const struct ov_cond *cond)
{
    const enum ov_expr_kind kind = cond->expr->kind;

    if (!is(cond->quantity, OV_COND_NUMBER)) {
        return "the quantity is a text";
    }
    if (ov_cond_op(kind, false) != 0) {
        return check_operator(cond);
    }
    if (is_about_fields(kind)) {
        return check_field(cond);
    }
    if (kind == OV_EXPR_MATCHES) {
        return is(cond->a, OV_COND_TEXT) ? NULL : "`matches` wants a text on its left";
    }
    if (kind == OV_EXPR_NOT || kind == OV_EXPR_DEFINED) {
        return NULL;
    }
    return is(cond->a, OV_COND_NUMBER) && is(cond->b, OV_COND_NUMBER)
                   ? NULL
                   : "there is a text where a number is wanted";
}
