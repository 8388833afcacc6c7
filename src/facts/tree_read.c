/* SPDX-License-Identifier: Apache-2.0 */
/* tree_read.c - what a tree says when it is asked. Any node and number may be asked for; what is not
 * there is undefined. */
#include "facts/tree_inside.h"

static const struct ov_fact undefined = { .kind = OV_FACT_UNDEFINED };

static struct ov_fact fact_in(const struct cell *cell)
{
    if (cell == NULL) {
        return undefined;
    }
    switch (cell->kind) {
    case CELL_INT:
        return (struct ov_fact){ .kind = OV_FACT_INT, .integer = cell->integer };
    case CELL_FLOAT:
        return (struct ov_fact){ .kind = OV_FACT_FLOAT, .real = cell->real };
    case CELL_TEXT:
        return (struct ov_fact){ .kind = OV_FACT_TEXT,
            .text = ov_bytes_of(cell->text, cell->text_bytes) };
    case CELL_NODE:
        return (struct ov_fact){ .kind = OV_FACT_NODE, .node = cell->number };
    default:
        return undefined;
    }
}

static struct ov_fact constant(const struct ov_field_row *row)
{
    if (row->type == OV_FACT_TYPE_FLOAT) {
        return (struct ov_fact){ .kind = OV_FACT_FLOAT, .real = row->real };
    }
    if (row->type == OV_FACT_TYPE_TEXT) {
        return (struct ov_fact){ .kind = OV_FACT_TEXT,
            .text = ov_bytes_of(row->text, row->text_bytes) };
    }
    return (struct ov_fact){ .kind = OV_FACT_INT, .integer = row->integer };
}

struct ov_fact ov_fact_get(const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field)
{
    const struct ov_field_row *row = ov_field_row(field);
    struct ov_fact fact;

    if (row->kind == OV_FIELD_IS_CONSTANT) {
        return constant(row);
    }
    if (row->shape != OV_FACT_SHAPE_ONE) {
        return undefined;
    }
    fact = fact_in(ov_fact_cell(tree, node, field));
    if (fact.kind == OV_FACT_UNDEFINED && row->type == OV_FACT_TYPE_STRUCT) {
        return (struct ov_fact){ .kind = OV_FACT_NODE, .node = 0 };
    }
    return fact;
}

static const struct list *list_of(
        const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field)
{
    const struct cell *cell = ov_fact_cell(tree, node, field);

    return cell == NULL || cell->kind != CELL_LIST ? NULL : &tree->lists[cell->number];
}

uint32_t ov_fact_count(const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field)
{
    const struct list *list = list_of(tree, node, field);

    return list == NULL ? 0 : list->count;
}

struct ov_fact ov_fact_get_item(
        const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, uint64_t index)
{
    const struct list *list = list_of(tree, node, field);

    return list == NULL || index >= list->count ? undefined : fact_in(&list->items[index]);
}

struct ov_fact ov_fact_get_entry(const struct ov_fact_tree *tree, ov_fact_node node,
        enum ov_field field, struct ov_bytes key)
{
    const struct list *list = list_of(tree, node, field);

    return list == NULL || list->keys == NULL ? undefined : fact_in(ov_fact_entry_cell(list, key));
}

bool ov_fact_key(const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        uint32_t index, struct ov_bytes *out)
{
    const struct list *list = list_of(tree, node, field);

    if (list == NULL || list->keys == NULL || index >= list->count) {
        return false;
    }
    *out = list->keys[index];
    return true;
}

bool ov_fact_get_int(
        const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, int64_t *out)
{
    const struct ov_fact fact = ov_fact_get(tree, node, field);

    if (fact.kind != OV_FACT_INT) {
        return false;
    }
    *out = fact.integer;
    return true;
}

bool ov_fact_get_text(const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        struct ov_bytes *out)
{
    const struct ov_fact fact = ov_fact_get(tree, node, field);

    if (fact.kind != OV_FACT_TEXT) {
        return false;
    }
    *out = fact.text;
    return true;
}

ov_fact_node ov_fact_get_node(
        const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field)
{
    const struct ov_fact fact = ov_fact_get(tree, node, field);

    return fact.kind == OV_FACT_NODE ? fact.node : 0;
}

ov_fact_node ov_fact_get_item_node(
        const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, uint64_t index)
{
    const struct ov_fact fact = ov_fact_get_item(tree, node, field, index);

    return fact.kind == OV_FACT_NODE ? fact.node : 0;
}

ov_fact_node ov_fact_get_root(const struct ov_fact_tree *tree, enum ov_field module)
{
    return module < OV_FIELD_COUNT ? tree->roots[module] : 0;
}
