/* SPDX-License-Identifier: Apache-2.0 */
/* Which parts of a condition are false unless certain bytes stand at a certain place: `uint32(0) == n`,
 * `$a at 0`, `$a in (0..100)`, `$a in (filesize - 100..filesize)`, and sets of such. */
#include <string.h>

#include "compile/byteset.h"
#include "compile/signs.h"

/* Objects of ordinary files are about so large, as a binary logarithm: a share of objects is one of
 * offsets times that. */
#define OBJECT_SHIFT 15u

/* Many files begin so. Of programs and the like profiles are made, which is better than to go over each
 * of them twice; small texts may be. */
#define COMMON_SHARE (OV_SHARE_ONE >> 3)
static const char common_programs[][3] = { "MZ", "\177E", "PK", "\37\213", "\211P", "GI",
    "\377\330", "\312\376", "\0\0" };
static const char common_texts[][3] = { "<?", "#!", "<!", "//", "/*", "%P" };

static bool constant(const struct ov_cond *cond, int64_t *out)
{
    return cond != NULL && cond->sure.how == OV_KNOWN_EXACTLY
           && cond->sure.value.kind == OV_VALUE_INT && ov_value_as_int(cond->sure.value, out);
}

/* `filesize`, or `filesize - n`: how far from the end. */
static bool from_end(const struct ov_cond *cond, int64_t *out)
{
    *out = 0;
    if (cond == NULL || cond->expr->kind == OV_EXPR_FILESIZE) {
        return cond != NULL;
    }
    return cond->expr->kind == OV_EXPR_SUB && cond->a != NULL
           && cond->a->expr->kind == OV_EXPR_FILESIZE && constant(cond->b, out);
}

/* From what to what a string may begin. False: it may be far inside. */
static bool stretch_of(
        const struct ov_cond *low, const struct ov_cond *high, struct ov_db_sign *out)
{
    int64_t first, last;

    out->from_end = 0;
    if (constant(low, &first) && constant(high, &last)) {
        first = first < 0 ? 0 : first; /* no more is asked than before */
        if (last < first || last > (int64_t)OV_SIGN_REACH_MAX) {
            return false;
        }
    } else if (from_end(low, &first) && from_end(high, &last)) {
        out->from_end = 1;
        last = last < 0 ? 0 : last;
        if (first < last || first > (int64_t)OV_SIGN_REACH_MAX) {
            return false;
        }
    } else {
        return false;
    }
    out->first = ov_le32_of((uint32_t)first);
    out->last = ov_le32_of((uint32_t)last);
    return true;
}

static bool is_among(const struct ov_db_sign *sign, const char (*starts)[3], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(sign->value, starts[i], 2) == 0) {
            return true;
        }
    }
    return false;
}

/* The share of objects that have the sign; at most 1. */
static uint64_t share_of(const struct ov_rarity *rarity, const struct ov_db_sign *sign)
{
    const uint32_t first = ov_le32_get(sign->first), last = ov_le32_get(sign->last);
    const uint64_t stretch = 1u + (first < last ? last - first : first - last);
    unsigned certain = 0;
    uint64_t share;

    while (certain < sign->length && (sign->mask[certain] | 0x20u) == 0xff) {
        certain++;
    }
    if (certain < 2) {
        return OV_SHARE_ONE;
    }
    if (sign->from_end == 0 && last == 0) {
        if (is_among(sign, common_programs, sizeof(common_programs) / sizeof(common_programs[0]))) {
            return OV_SHARE_ONE;
        }
        if (is_among(sign, common_texts, sizeof(common_texts) / sizeof(common_texts[0]))) {
            return COMMON_SHARE;
        }
    }
    share = ov_rarity_gram(rarity, sign->value, certain) + 1;
    if (stretch == 1) {
        share = share < (OV_SHARE_ONE >> 8) ? OV_SHARE_ONE >> 8 : share;
    }
    return share > OV_SHARE_ONE / stretch ? OV_SHARE_ONE : share * stretch;
}

static bool put(const struct ov_cond_context *context, const struct ov_db_sign *sign,
        struct ov_sign_choice *out)
{
    const uint64_t share = share_of(&context->costs->tables.rarity, sign);

    if (out->count == OV_SIGNS_FEW || share >= OV_SHARE_ONE) {
        return false;
    }
    out->items[out->count++] = (struct ov_sign){ .at = *sign, .rule = (uint32_t)context->rule };
    out->find += (share >> OBJECT_SHIFT) + 1;
    return true;
}

/* --- strings ------------------------------------------------------------------------------------- */

/* A sign for each form of the string, of what it begins with. */
static bool of_string(const struct ov_cond_context *context, uint32_t string,
        const struct ov_db_sign *stretch, struct ov_sign_choice *out)
{
    const struct ov_rule *rule = &context->set->rules[context->rule];
    overt_error err = OVERT_ERROR_INIT;
    struct ov_forms forms;
    bool good;

    if (string >= rule->string_count) {
        return false; /* the variable of a loop */
    }
    good = ov_forms_of(&rule->strings[string], &context->costs->arena, &forms, &err) == OVERT_OK
           && forms.part_count == 0;
    for (size_t f = 0; good && f < forms.count; f++) {
        const struct ov_form *form = &forms.items[f];
        struct ov_db_sign sign = *stretch;

        good = form->fixed && !form->is_xor && form->count >= 2;
        sign.length =
                (uint8_t)(form->count < sizeof(sign.value) ? form->count : sizeof(sign.value));
        for (size_t i = 0; good && i < sign.length; i++) {
            good = ov_set_count(&form->elements[i]) != 0;
            (void)ov_set_mask(&form->elements[i], &sign.value[i], &sign.mask[i]);
            sign.value[i] &= sign.mask[i];
        }
        good = good && put(context, &sign, out);
    }
    ov_arena_reset(&context->costs->arena);
    return good;
}

/* Of `all of` any one string will do, of others all of them are taken. */
static bool of_set(const struct ov_cond_context *context, const struct ov_cond *cond,
        const struct ov_db_sign *stretch, struct ov_sign_choice *out)
{
    const struct ov_expr *e = cond->expr;

    if (e->string_count == 0 || (e->how_many != OV_ANY && e->how_many != OV_ALL)) {
        return false;
    }
    for (uint32_t i = 0; i < (e->how_many == OV_ALL ? 1 : e->string_count); i++) {
        if (!of_string(context, e->strings[i], stretch, out)) {
            return false;
        }
    }
    return true;
}

/* --- uint32(0) == n ------------------------------------------------------------------------------ */

static bool of_read(const struct ov_cond_context *context, const struct ov_cond *read,
        const struct ov_cond *other, struct ov_sign_choice *out)
{
    const struct ov_expr *e = read->expr;
    struct ov_db_sign sign = { .length = e->read_bytes };
    int64_t value;

    if (e->kind != OV_EXPR_READ || e->read_bytes < 2 || e->read_bytes > 4
            || !constant(other, &value) || !stretch_of(read->a, read->a, &sign)
            || sign.from_end != 0) {
        return false;
    }
    /* What does not fit is never equal; bytes that are equal to a part of it do no harm. */
    for (unsigned i = 0; i < e->read_bytes; i++) {
        const unsigned place = e->read_big ? e->read_bytes - 1u - i : i;

        sign.value[i] = (uint8_t)((uint64_t)value >> 8 * place);
        sign.mask[i] = 0xff;
    }
    return put(context, &sign, out);
}

bool ov_cond_signs(const struct ov_cond_context *context, const struct ov_cond *cond,
        struct ov_sign_choice *out)
{
    struct ov_db_sign stretch = { .length = 0 };

    out->count = 0;
    out->find = 0;
    switch ((unsigned)cond->expr->kind) {
    case OV_EXPR_FOUND_AT:
        return stretch_of(cond->a, cond->a, &stretch)
               && of_string(context, cond->expr->string, &stretch, out);
    case OV_EXPR_FOUND_IN:
        return stretch_of(cond->a, cond->b, &stretch)
               && of_string(context, cond->expr->string, &stretch, out);
    case OV_EXPR_OF_STRINGS_AT:
        return stretch_of(cond->a, cond->a, &stretch) && of_set(context, cond, &stretch, out);
    case OV_EXPR_OF_STRINGS_IN:
        return stretch_of(cond->a, cond->b, &stretch) && of_set(context, cond, &stretch, out);
    case OV_EXPR_EQ:
        return of_read(context, cond->a, cond->b, out) || of_read(context, cond->b, cond->a, out);
    default:
        return false;
    }
}
