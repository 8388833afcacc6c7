/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/yara/tree.h"

struct ov_re *ov_re_new(struct ov_reading *reading, enum ov_re_kind kind)
{
    struct ov_re *node = ov_reading_alloc(reading, 1, sizeof(*node));

    if (node != NULL) {
        node->kind = kind;
    }
    return node;
}

struct ov_re *ov_re_byte(struct ov_reading *reading, uint8_t value)
{
    struct ov_re *node = ov_re_new(reading, OV_RE_BYTE);

    if (node != NULL) {
        node->value = value;
        node->mask = 0xff;
    }
    return node;
}

struct ov_re *ov_re_class(struct ov_reading *reading, const struct ov_re_set *set)
{
    struct ov_re *node = ov_re_new(reading, OV_RE_CLASS);

    if (node == NULL) {
        return NULL;
    }
    node->set = ov_reading_alloc(reading, 1, sizeof(*node->set));
    if (node->set == NULL) {
        return NULL;
    }
    *node->set = *set;
    return node;
}

void ov_re_list_add(struct ov_re_list *list, struct ov_re *node)
{
    if (list->last == NULL) {
        list->first = node;
    } else {
        list->last->next = node;
    }
    list->last = node;
    list->count++;
}

struct ov_re *ov_re_list_close(
        struct ov_reading *reading, const struct ov_re_list *list, enum ov_re_kind kind)
{
    struct ov_re *node;

    if (list->count == 1) {
        return list->first;
    }
    node = ov_re_new(reading, list->count == 0 ? OV_RE_EMPTY : kind);
    if (node != NULL) {
        node->children = list->first;
    }
    return node;
}

void ov_re_set_add(struct ov_re_set *set, uint8_t from, uint8_t to)
{
    for (unsigned b = from; b <= to; b++) {
        set->bits[b / 64] |= (uint64_t)1 << b % 64;
    }
}

void ov_re_set_join(struct ov_re_set *set, const struct ov_re_set *other)
{
    for (unsigned i = 0; i < 4; i++) {
        set->bits[i] |= other->bits[i];
    }
}

void ov_re_set_invert(struct ov_re_set *set)
{
    for (unsigned i = 0; i < 4; i++) {
        set->bits[i] = ~set->bits[i];
    }
}
