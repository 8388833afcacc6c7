/* SPDX-License-Identifier: Apache-2.0 */
/* For rules that must be considered for every object: the few bytes and the range of sizes that
 * decide most of them before any of their code runs. */
#include "base/checked.h"
#include "compile/condition.h"

#define EVERY_SIZE_MAX UINT32_MAX

static const struct ov_guards anything = {
    .tests = { { .bytes = 0 } },
    .count = 1,
    .size_min = 0,
    .size_max = EVERY_SIZE_MAX,
};

static bool is_constant(const struct ov_cond *cond, int64_t *out)
{
    return cond->sure.how == OV_KNOWN_EXACTLY && cond->sure.value.kind == OV_VALUE_INT
           && ov_value_as_int(cond->sure.value, out);
}

static uint32_t saturated(int64_t v)
{
    return v < 0 ? 0 : v > (int64_t)UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static uint32_t swapped(uint32_t v, uint32_t bytes)
{
    return bytes == 1 ? v : bytes == 2 ? (v & 0xff) << 8 | v >> 8 : __builtin_bswap32(v);
}

/* uint16(0) == 0x5a4d */
static bool read_test(const struct ov_cond *read, const struct ov_cond *other, struct ov_guard *out)
{
    const struct ov_expr *e = read->expr;
    int64_t offset, value, low, high;

    if (e->kind != OV_EXPR_READ || !is_constant(read->a, &offset) || !is_constant(other, &value)
            || offset < 0 || offset > (int64_t)OV_DB_GUARD_BYTES_MAX - e->read_bytes) {
        return false;
    }
    high = ((int64_t)1 << (8 * e->read_bytes - (e->read_signed ? 1 : 0))) - 1;
    low = e->read_signed ? -high - 1 : 0;
    if (value < low || value > high) {
        return false; /* never true; not worth a test */
    }
    *out = (struct ov_guard){
        .offset = (uint32_t)offset,
        .bytes = e->read_bytes,
        .value = (uint32_t)((uint64_t)value
                            & (e->read_bytes == 4 ? UINT32_MAX : (1u << 8 * e->read_bytes) - 1)),
    };
    if (e->read_big) {
        out->value = swapped(out->value, out->bytes);
    }
    return true;
}

/* filesize OP constant, or turned around. */
static void size_test(enum ov_expr_kind kind, int64_t n, bool turned, struct ov_guards *out)
{
    if (turned) {
        kind = kind == OV_EXPR_LT   ? OV_EXPR_GT
               : kind == OV_EXPR_LE ? OV_EXPR_GE
               : kind == OV_EXPR_GT ? OV_EXPR_LT
               : kind == OV_EXPR_GE ? OV_EXPR_LE
                                    : kind;
    }
    switch ((unsigned)kind) {
    case OV_EXPR_EQ:
        out->size_min = out->size_max = saturated(n);
        break;
    case OV_EXPR_LT: /* one below it, or what comes out as the same when saturated */
        out->size_max = saturated(n > 0 ? n - 1 : 0);
        break;
    case OV_EXPR_LE:
        out->size_max = saturated(n);
        break;
    case OV_EXPR_GT:
        out->size_min = saturated(n < INT64_MAX ? n + 1 : n);
        break;
    case OV_EXPR_GE:
        out->size_min = saturated(n);
        break;
    default:
        break;
    }
}

/* What every object starts with of which a module has something to say: what else it says is
 * undefined, and a comparison with that does not hold. Of these there are at most OV_GUARDS_MAX. */
struct magic {
    enum ov_field module;
    uint32_t bytes;
    uint32_t value;
};
static const struct magic magics[] = {
    { OV_PE, 2, 0x5a4d },
    { OV_DOTNET, 2, 0x5a4d },
    { OV_ELF, 4, 0x464c457f },
    { OV_DEX, 4, 0x0a786564 },
    { OV_MACHO, 4, 0xfeedface },
    { OV_MACHO, 4, 0xcefaedfe },
    { OV_MACHO, 4, 0xfeedfacf },
    { OV_MACHO, 4, 0xcffaedfe },
    { OV_MACHO, 4, 0xcafebabe },
    { OV_MACHO, 4, 0xbebafeca },
    { OV_MACHO, 4, 0xcafebabf },
    { OV_MACHO, 4, 0xbfbafeca },
};

/* The module without whose kind of object this value is undefined; NONE: it may be defined for
 * any object. */
static enum ov_field needed_module(const struct ov_cond *cond)
{
    const enum ov_expr_kind kind = cond->expr->kind;
    const uint32_t field = cond->expr->field;
    enum ov_field found = OV_FIELD_NONE;

    if (cond->sure.how == OV_KNOWN_EXACTLY || cond->speaks) {
        return OV_FIELD_NONE;
    }
    if (kind == OV_EXPR_FIELD || kind == OV_EXPR_ITEM || kind == OV_EXPR_ENTRY
            || kind == OV_EXPR_CALL) {
        return field == OV_PE_IS_PE || field == OV_DOTNET_IS_DOTNET ? OV_FIELD_NONE
                                                                    : ov_field_module_of(field);
    }
    if (kind == OV_EXPR_NOT || kind == OV_EXPR_NEGATE || kind == OV_EXPR_BIT_NOT
            || kind == OV_EXPR_MATCHES) {
        return needed_module(cond->a);
    }
    if (ov_cond_op(kind, false) != 0
            && ov_cond_op(kind, ov_cond_is_float(cond->a, cond->b)) != OV_OP_LT_FLOAT) {
        found = needed_module(cond->a);
        return found != OV_FIELD_NONE ? found : needed_module(cond->b);
    }
    return OV_FIELD_NONE;
}

bool ov_module_magics(enum ov_field module, struct ov_guards *out)
{
    uint32_t count = 0;

    *out = anything;
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        if (magics[i].module == module) {
            OV_ASSERT(count < OV_GUARDS_MAX);
            out->tests[count++] = (struct ov_guard){
                .bytes = magics[i].bytes,
                .value = magics[i].value,
            };
        }
    }
    out->count = count == 0 ? 1 : count;
    return count != 0;
}

static void of_comparison(const struct ov_cond *cond, struct ov_guards *out)
{
    const enum ov_expr_kind kind = cond->expr->kind;
    int64_t n;

    if (kind == OV_EXPR_EQ
            && (read_test(cond->a, cond->b, &out->tests[0])
                    || read_test(cond->b, cond->a, &out->tests[0]))) {
        return;
    }
    if (cond->a->expr->kind == OV_EXPR_FILESIZE && is_constant(cond->b, &n)) {
        size_test(kind, n, false, out);
    } else if (cond->b->expr->kind == OV_EXPR_FILESIZE && is_constant(cond->a, &n)) {
        size_test(kind, n, true, out);
    }
}

static void of_and(const struct ov_cond *cond, struct ov_guards *out)
{
    for (uint32_t i = 0; i < cond->child_count; i++) {
        struct ov_guards one;

        ov_cond_guards(cond->children[i], &one);
        if (one.size_min > out->size_min) {
            out->size_min = one.size_min;
        }
        if (one.size_max < out->size_max) {
            out->size_max = one.size_max;
        }
        if (one.tests[0].bytes != 0 && (out->tests[0].bytes == 0 || one.count < out->count)) {
            for (uint32_t t = 0; t < one.count; t++) {
                out->tests[t] = one.tests[t];
            }
            out->count = one.count;
        }
    }
}

static void add_test(struct ov_guards *out, struct ov_guard test)
{
    for (uint32_t i = 0; i < out->count; i++) {
        if (out->tests[i].offset == test.offset && out->tests[i].bytes == test.bytes
                && out->tests[i].value == test.value) {
            return;
        }
    }
    if (test.bytes == 0 || out->count == OV_GUARDS_MAX || out->tests[0].bytes == 0) {
        out->count = 1;
        out->tests[0] = (struct ov_guard){ .bytes = 0 };
        return;
    }
    out->tests[out->count++] = test;
}

static void of_or(const struct ov_cond *cond, struct ov_guards *out)
{
    for (uint32_t i = 0; i < cond->child_count; i++) {
        struct ov_guards one;

        ov_cond_guards(cond->children[i], &one);
        if (i == 0) {
            *out = one;
            continue;
        }
        if (one.size_min < out->size_min) {
            out->size_min = one.size_min;
        }
        if (one.size_max > out->size_max) {
            out->size_max = one.size_max;
        }
        for (uint32_t t = 0; t < one.count; t++) {
            add_test(out, one.tests[t]);
        }
    }
}

void ov_cond_guards(const struct ov_cond *cond, struct ov_guards *out)
{
    enum ov_field module;

    *out = anything;
    if (cond->sure.how == OV_KNOWN_EXACTLY || cond->speaks) {
        return;
    }
    module = cond->expr->kind == OV_EXPR_FOR_FIELD ? ov_field_module_of(cond->expr->field)
                                                   : needed_module(cond);
    if (module != OV_FIELD_NONE) {
        (void)ov_module_magics(module, out);
        return;
    }
    switch ((unsigned)cond->expr->kind) {
    case OV_EXPR_AND:
        of_and(cond, out);
        break;
    case OV_EXPR_OR:
        of_or(cond, out);
        break;
    case OV_EXPR_EQ:
    case OV_EXPR_LT:
    case OV_EXPR_LE:
    case OV_EXPR_GT:
    case OV_EXPR_GE:
        of_comparison(cond, out);
        break;
    default:
        break;
    }
}
