/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and texts, as db/verify_code.c will see them: one rule that confuses them must not make
 * the whole database unacceptable. */
#include "compile/condition.h"

static bool is(const struct ov_cond *part, unsigned type)
{
    return part == NULL || (part->type & type) != 0;
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
    case OV_EXPR_LOCAL: /* of a range or of a list */
        return OV_COND_NUMBER | OV_COND_TEXT;
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

const char *ov_cond_check_types(const struct ov_cond *cond)
{
    const enum ov_expr_kind kind = cond->expr->kind;

    if (!is(cond->quantity, OV_COND_NUMBER)) {
        return "the quantity is a text";
    }
    if (ov_cond_op(kind, false) != 0) {
        return check_operator(cond);
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
