/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c - nodes of patterns and conditions, in the rule set's arena. */
#include "base/checked.h"
#include "rules/clamav/reader.h"

static void *alloc(struct line *line, size_t size)
{
    void *at = ov_arena_alloc(line->clam->set->arena, 1, size);

    if (at == NULL) {
        (void)no_memory(line);
    }
    return at;
}

struct ov_re *re_new(struct line *line, enum ov_re_kind kind)
{
    struct ov_re *node = alloc(line, sizeof(*node));

    if (node != NULL) {
        node->kind = kind;
    }
    return node;
}

void re_add(struct re_list *list, struct ov_re *node)
{
    if (node == NULL) {
        return;
    }
    if (list->last == NULL) {
        list->first = node;
    } else {
        list->last->next = node;
    }
    list->last = node;
    list->count++;
}

struct ov_re *re_close(struct line *line, const struct re_list *list, enum ov_re_kind kind)
{
    struct ov_re *node;

    if (list->count == 1) {
        return list->first;
    }
    node = re_new(line, list->count == 0 ? OV_RE_EMPTY : kind);
    if (node != NULL) {
        node->children = list->first;
    }
    return node;
}

struct ov_re *re_any(struct line *line, uint32_t min, uint32_t max)
{
    struct ov_re *any = re_new(line, OV_RE_ANY), *node;

    if (any == NULL || (min == 1 && max == 1)) {
        return any;
    }
    node = re_new(line, OV_RE_REPEAT);
    if (node != NULL) {
        node->lazy = true;
        node->min = min;
        node->max = max;
        node->children = any;
    }
    return node;
}

struct ov_re *re_class(struct line *line, const struct ov_re_set *set)
{
    struct ov_re *node = re_new(line, OV_RE_CLASS);

    if (node == NULL) {
        return NULL;
    }
    node->set = alloc(line, sizeof(*set));
    if (node->set == NULL) {
        return NULL;
    }
    *node->set = *set;
    return node;
}

struct ov_expr *ex_new(struct line *line, enum ov_expr_kind kind, enum ov_type type)
{
    struct ov_expr *e = alloc(line, sizeof(*e));

    if (e != NULL) {
        e->kind = kind;
        e->type = type;
        e->line = line->number;
        e->column = 1;
    }
    return e;
}

struct ov_expr *ex_int(struct line *line, int64_t value)
{
    struct ov_expr *e = ex_new(line, OV_EXPR_INT, OV_TYPE_INT);

    if (e != NULL) {
        e->integer = value;
    }
    return e;
}

struct ov_expr *ex_two(
        struct line *line, enum ov_expr_kind kind, struct ov_expr *a, struct ov_expr *b)
{
    const bool compares = kind >= OV_EXPR_EQ && kind <= OV_EXPR_GE;
    struct ov_expr *e = ex_new(line, kind, compares ? OV_TYPE_BOOL : OV_TYPE_INT);

    if (e == NULL || a == NULL || b == NULL) {
        return NULL;
    }
    e->a = a;
    e->b = b;
    return e;
}

struct ov_expr *ex_not(struct line *line, struct ov_expr *a)
{
    struct ov_expr *e = ex_new(line, OV_EXPR_NOT, OV_TYPE_BOOL);

    if (e == NULL || a == NULL) {
        return NULL;
    }
    e->a = a;
    return e;
}

/* An expression stands in one list only: what is used twice is copied at its top, which is all that
 * a list touches. */
struct ov_expr *ex_list(
        struct line *line, enum ov_expr_kind kind, struct ov_expr **parts, size_t count)
{
    struct ov_expr *e, *last = NULL;

    OV_ASSERT(count > 0);
    if (count == 1) {
        return parts[0];
    }
    e = ex_new(line, kind, OV_TYPE_BOOL);
    for (size_t i = 0; e != NULL && i < count; i++) {
        struct ov_expr *copy = alloc(line, sizeof(*copy));

        if (copy == NULL || parts[i] == NULL) {
            return NULL;
        }
        *copy = *parts[i];
        copy->next = NULL;
        if (last == NULL) {
            e->children = copy;
        } else {
            last->next = copy;
        }
        last = copy;
    }
    return e;
}

/* As a balanced tree: its depth is that of a logarithm. */
struct ov_expr *ex_sum(struct line *line, struct ov_expr **parts, size_t count)
{
    struct ov_expr *level[2 * SUBSIGS_MAX];

    OV_ASSERT(count <= 2 * SUBSIGS_MAX);
    if (count == 0) {
        return ex_int(line, 0);
    }
    for (size_t i = 0; i < count; i++) {
        level[i] = parts[i];
    }
    while (count > 1) {
        size_t made = 0;

        for (size_t i = 0; i < count; i += 2) {
            level[made++] =
                    i + 1 < count ? ex_two(line, OV_EXPR_ADD, level[i], level[i + 1]) : level[i];
        }
        count = made;
    }
    return level[0];
}

struct ov_expr *ex_object(struct line *line, enum ov_object_fact fact, uint32_t argument)
{
    struct ov_expr *e = ex_new(line, OV_EXPR_OBJECT, OV_TYPE_INT);

    if (e != NULL) {
        e->index = (uint32_t)fact;
        e->integer = argument;
    }
    return e;
}

struct ov_expr *ex_string(
        struct line *line, enum ov_expr_kind kind, enum ov_type type, uint32_t string)
{
    struct ov_expr *e = ex_new(line, kind, type);

    if (e != NULL) {
        e->string = string;
    }
    return e;
}

/* min <= value <= max */
struct ov_expr *ex_within(struct line *line, struct ov_expr *value, uint64_t min, uint64_t max)
{
    struct ov_expr *parts[2];
    const int64_t low = min > INT64_MAX ? INT64_MAX : (int64_t)min;
    const int64_t high = max > INT64_MAX ? INT64_MAX : (int64_t)max;
    size_t count = 0;

    parts[count++] = ex_two(line, OV_EXPR_GE, value, ex_int(line, low));
    parts[count++] = ex_two(line, OV_EXPR_LE, value, ex_int(line, high));
    return ex_list(line, OV_EXPR_AND, parts, count);
}
