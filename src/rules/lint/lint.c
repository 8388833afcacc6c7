/* SPDX-License-Identifier: Apache-2.0 */
/* lint.c - judges conditions in two imagined objects: a plain document, in which any ordinary text
 * may stand, and one in which nothing stands at all. A rule that could hold in the first hunts
 * documents; one that could hold in the second matches everything.
 *
 * Each part of a condition is asked whether it could be true and whether it could be false. What
 * this cannot follow could be both, so the answer errs towards holding a rule back. */
#include "rules/lint/lint.h"

#include <string.h>

#include "base/clamtype.h"
#include "base/limits.h"
#include "facts/schema.h"
#include "rules/lint/text.h"
#include "rules/yara/quality.h"

/* As deep as conditions may be, and then some: operators of one level are not nested here. */
#define DEPTH_MAX (OV_CONDITION_DEPTH_MAX + OV_NEST_MAX)

enum object {
    DOCUMENT,
    NOTHING
};

struct truth {
    bool yes, no; /* could be */
};

/* An integer: what it is, if that is known. */
struct number {
    bool known;
    bool undefined; /* every comparison with it is false */
    int64_t value;
};

struct lint {
    const struct ov_rule *rule;
    enum object object;
    unsigned depth;
};

static const struct truth both = { true, true };
static const struct truth never = { false, true };
static const struct truth always = { true, false };

static struct truth judge(struct lint *lint, const struct ov_expr *e);

static bool may_be_found(const struct lint *lint, uint32_t string)
{
    if (lint->object == NOTHING) {
        return false;
    }
    return string >= lint->rule->string_count
           || ov_lint_string_may_be_text(&lint->rule->strings[string]);
}

/* How many strings of a set could be found. None of them has to be. */
static uint32_t findable(const struct lint *lint, const struct ov_expr *e)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < e->string_count; i++) {
        count += may_be_found(lint, e->strings[i]);
    }
    return count;
}

static struct truth judge_of(const struct lint *lint, const struct ov_expr *e)
{
    const uint32_t most = findable(lint, e);
    const bool constant = e->how_many_value != NULL && e->how_many_value->kind == OV_EXPR_INT;
    const int64_t n = constant ? e->how_many_value->integer : 0;

    switch (e->how_many) {
    case OV_ALL:
        return (struct truth){ most == e->string_count, true };
    case OV_ANY:
        return (struct truth){ most > 0, true };
    case OV_NONE:
        return (struct truth){ true, most > 0 };
    case OV_COUNT:
        if (!constant) {
            return both;
        }
        return n <= 0 ? (struct truth){ true, most > 0 } : (struct truth){ most >= n, true };
    case OV_PERCENT:
        if (!constant || n > 100) {
            return both;
        }
        return (struct truth){ (int64_t)most * 100 >= (int64_t)e->string_count * n, true };
    }
    return both;
}

/* --- numbers -------------------------------------------------------------------------------- */

/* `pe.number_of_sections` and the like: not there in a document, so every comparison with it is
 * false. What some modules say of any file (math, hash, string) is as unknown as its size. */
static bool is_of_a_format(const struct ov_expr *e)
{
    static const char *const formats[] = { "pe", "elf", "macho", "dotnet", "dex", "lnk" };

    if (e->kind != OV_EXPR_FIELD && e->kind != OV_EXPR_ITEM && e->kind != OV_EXPR_ENTRY
            && e->kind != OV_EXPR_CALL) {
        return false;
    }
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        const struct ov_bytes name = ov_bytes_of(formats[i], strlen(formats[i]));
        const enum ov_field module = ov_field_module(name);

        if (module != OV_FIELD_NONE && ov_field_module_of(e->field) == module) {
            return true;
        }
    }
    return false;
}

static struct number number_of(const struct lint *lint, const struct ov_expr *e)
{
    const struct number unknown = { .known = false };

    if (e->kind == OV_EXPR_INT) {
        return (struct number){ .known = true, .value = e->integer };
    }
    if (e->kind == OV_EXPR_COUNT || e->kind == OV_EXPR_COUNT_IN) {
        return may_be_found(lint, e->string) ? unknown
                                             : (struct number){ .known = true, .value = 0 };
    }
    if (e->kind == OV_EXPR_OFFSET || e->kind == OV_EXPR_LENGTH) {
        return (struct number){ .undefined = !may_be_found(lint, e->string) };
    }
    if (e->kind == OV_EXPR_ENTRYPOINT || is_of_a_format(e)) {
        return (struct number){ .undefined = true };
    }
    return unknown;
}

static struct truth compare(enum ov_expr_kind kind, int64_t a, int64_t b)
{
    const bool holds = kind == OV_EXPR_EQ   ? a == b
                       : kind == OV_EXPR_NE ? a != b
                       : kind == OV_EXPR_LT ? a < b
                       : kind == OV_EXPR_LE ? a <= b
                       : kind == OV_EXPR_GT ? a > b
                                            : a >= b;

    return holds ? always : never;
}

/* `uint32(0) == 0x464c457f`: could a document begin so? The magics of containers that documents
 * come in are as good as text. */
static bool could_read(const struct lint *lint, const struct ov_expr *read, int64_t value)
{
    uint8_t bytes[4];
    const unsigned count = read->read_bytes <= 4 ? read->read_bytes : 4;

    if (lint->object == NOTHING) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        const unsigned shift = 8 * (read->read_big ? count - 1 - i : i);

        bytes[i] = (uint8_t)((uint64_t)value >> shift);
    }
    return ov_lint_bytes_may_be_text(ov_bytes_of(bytes, count))
           || (read->a != NULL && read->a->kind == OV_EXPR_INT && read->a->integer == 0
                   && ov_lint_is_document_magic(bytes, count));
}

static struct truth judge_comparison(const struct lint *lint, const struct ov_expr *e)
{
    const struct ov_expr *read = e->a->kind == OV_EXPR_READ   ? e->a
                                 : e->b->kind == OV_EXPR_READ ? e->b
                                                              : NULL;
    const struct number a = number_of(lint, e->a), b = number_of(lint, e->b);

    if (a.undefined || b.undefined) {
        return never;
    }
    if (a.known && b.known) {
        return compare(e->kind, a.value, b.value);
    }
    if (read != NULL && (a.known || b.known) && (e->kind == OV_EXPR_EQ || e->kind == OV_EXPR_NE)) {
        const bool could = could_read(lint, read, a.known ? a.value : b.value);

        return e->kind == OV_EXPR_EQ ? (struct truth){ could, true }
                                     : (struct truth){ true, could };
    }
    return both;
}

/* --- conditions ----------------------------------------------------------------------------- */

static struct truth judge_junction(struct lint *lint, const struct ov_expr *e, bool is_and)
{
    struct truth all = is_and ? always : never;

    for (const struct ov_expr *child = e->children; child != NULL; child = child->next) {
        const struct truth t = judge(lint, child);

        all = is_and ? (struct truth){ all.yes && t.yes, all.no || t.no }
                     : (struct truth){ all.yes || t.yes, all.no && t.no };
    }
    return all;
}

/* What ClamAV takes the object for. Programs and pictures are no documents; all else could be. */
static struct truth judge_target(int64_t target)
{
    const bool no_document = target == OV_TARGET_PE || target == OV_TARGET_ELF
                             || target == OV_TARGET_MACHO || target == OV_TARGET_GRAPHICS
                             || target == OV_TARGET_JAVA;

    return target == OV_TARGET_ANY ? always : no_document ? never : both;
}

static struct truth judge_here(struct lint *lint, const struct ov_expr *e)
{
    const enum ov_expr_kind kind = e->kind;

    if (kind == OV_EXPR_BOOL || kind == OV_EXPR_INT) {
        return e->integer != 0 ? always : never;
    }
    if (kind == OV_EXPR_FOUND || kind == OV_EXPR_FOUND_AT || kind == OV_EXPR_FOUND_IN) {
        if (kind == OV_EXPR_FOUND_AT && e->a != NULL
                && (e->a->kind == OV_EXPR_ENTRYPOINT || is_of_a_format(e->a))) {
            return never;
        }
        return (struct truth){ may_be_found(lint, e->string), true };
    }
    if (kind == OV_EXPR_COUNT) {
        return (struct truth){ may_be_found(lint, e->string), true };
    }
    if (is_of_a_format(e)) {
        return never;
    }
    if (kind == OV_EXPR_FOR_FIELD) { /* over what is not there */
        return e->how_many == OV_NONE ? both : never;
    }
    if (kind == OV_EXPR_OBJECT && e->index == OV_FACT_TARGET) {
        return judge_target(e->integer);
    }
    if (kind == OV_EXPR_NOT) {
        const struct truth t = judge(lint, e->a);

        return (struct truth){ t.no, t.yes };
    }
    if (kind == OV_EXPR_AND || kind == OV_EXPR_OR) {
        return judge_junction(lint, e, kind == OV_EXPR_AND);
    }
    if (kind >= OV_EXPR_EQ && kind <= OV_EXPR_GE) {
        return judge_comparison(lint, e);
    }
    if (kind == OV_EXPR_OF_STRINGS || kind == OV_EXPR_OF_STRINGS_AT
            || kind == OV_EXPR_OF_STRINGS_IN) {
        return judge_of(lint, e);
    }
    if (kind == OV_EXPR_FOR_STRINGS) { /* the body is about strings of the set */
        return findable(lint, e) > 0 || e->how_many == OV_NONE
                       ? both
                       : (struct truth){ judge(lint, e->body).yes, true };
    }
    if (kind == OV_EXPR_FOR_RANGE || kind == OV_EXPR_FOR_LIST) {
        const struct truth t = judge(lint, e->body);

        return e->how_many == OV_NONE ? both : (struct truth){ t.yes, true };
    }
    return both;
}

static struct truth judge(struct lint *lint, const struct ov_expr *e)
{
    struct truth t;

    if (lint->depth == DEPTH_MAX) {
        return both;
    }
    lint->depth++;
    t = judge_here(lint, e);
    lint->depth--;
    return t;
}

const char *ov_lint_rule(const struct ov_rule *rule)
{
    struct lint lint = { .rule = rule, .object = NOTHING };

    if (judge(&lint, rule->condition).yes) {
        return "it matches files in which nothing of it occurs";
    }
    lint.object = DOCUMENT;
    if (judge(&lint, rule->condition).yes) {
        return "it could match plain documents: nothing in it needs a program's format or code";
    }
    for (uint32_t i = 0; i < rule->string_count; i++) {
        if (ov_string_is_slow(&rule->strings[i])) {
            return "it is too dear: one of its strings has no rare bytes to look for";
        }
    }
    return NULL;
}
