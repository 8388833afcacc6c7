/* SPDX-License-Identifier: Apache-2.0 */
/* What a condition asks about its strings decides what the matcher keeps of them. */
#include "base/checked.h"
#include "compile/compile.h"
#include "compile/condition.h"

struct scope {
    const struct ov_cond *loop; /* FOR_STRINGS */
    const struct scope *outer;
};

static void raise_to(uint8_t *uses, uint32_t string, enum ov_string_use use)
{
    if (uses[string] < (uint8_t)use) {
        uses[string] = (uint8_t)use;
    }
}

static void use_set(const struct ov_expr *e, enum ov_string_use use, uint8_t *uses)
{
    for (uint32_t i = 0; i < e->string_count; i++) {
        raise_to(uses, e->strings[i], use);
    }
}

static void use_string(
        const struct ov_expr *e, enum ov_string_use use, uint8_t *uses, const struct scope *scope)
{
    if (e->string != OV_STRING_LOCAL) {
        raise_to(uses, e->string, use);
        return;
    }
    while (scope != NULL && scope->loop->expr->local != e->local) {
        scope = scope->outer;
    }
    OV_ASSERT(scope != NULL); /* ov_cond_build saw to it */
    use_set(scope->loop->expr, use, uses);
}

static void walk(const struct ov_cond *cond, uint8_t *uses, const struct scope *scope)
{
    const struct scope inner = { .loop = cond, .outer = scope };

    if (cond == NULL || cond->sure.how == OV_KNOWN_EXACTLY) {
        return;
    }
    switch ((unsigned)cond->expr->kind) {
    case OV_EXPR_FOUND:
        use_string(cond->expr, OV_USE_EXISTS, uses, scope);
        break;
    case OV_EXPR_FOUND_AT:
    case OV_EXPR_FOUND_IN:
    case OV_EXPR_COUNT:
    case OV_EXPR_COUNT_IN:
    case OV_EXPR_OFFSET:
    case OV_EXPR_LENGTH:
        use_string(cond->expr, OV_USE_ALL, uses, scope);
        break;
    case OV_EXPR_OF_STRINGS:
        use_set(cond->expr, OV_USE_EXISTS, uses);
        break;
    case OV_EXPR_OF_STRINGS_AT:
    case OV_EXPR_OF_STRINGS_IN:
        use_set(cond->expr, OV_USE_ALL, uses);
        break;
    default:
        break;
    }
    walk(cond->a, uses, scope);
    walk(cond->b, uses, scope);
    walk(cond->quantity, uses, scope);
    for (uint32_t i = 0; i < cond->child_count; i++) {
        walk(cond->children[i], uses, scope);
    }
    walk(cond->body, uses, cond->expr->kind == OV_EXPR_FOR_STRINGS ? &inner : scope);
}

void ov_cond_uses(const struct ov_cond *cond, uint8_t *uses)
{
    walk(cond, uses, NULL);
}
