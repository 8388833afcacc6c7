/* SPDX-License-Identifier: Apache-2.0 */
/* A structure is a row of cells, one for each of its facts; an array or dictionary is a cell that
 * names a list. What is counted against OV_FACT_CELLS_MAX is cells, those of lists included. */
#include "facts/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "facts/tree_inside.h"

#define KEPT_CELLS 65536u /* what a tree keeps for the next object */

/* --- life ------------------------------------------------------------------------------------ */

struct ov_fact_tree *ov_fact_tree_new(void)
{
    struct ov_fact_tree *tree = calloc(1, sizeof(*tree));

    if (tree == NULL) {
        return NULL;
    }
    ov_arena_init(&tree->texts, OV_FACT_TEXT_BYTES_MAX);
    for (unsigned field = 1; field < OV_FIELD_COUNT; field++) {
        const struct ov_field_row *row = ov_field_row(field);

        if (row->kind == OV_FIELD_IS_FACT) {
            tree->slots[field] = tree->slot_counts[row->parent]++;
        }
    }
    tree->node_count = 1;
    return tree;
}

static void drop_lists(struct ov_fact_tree *tree)
{
    for (uint32_t i = 0; i < tree->list_count; i++) {
        free(tree->lists[i].items);
        free(tree->lists[i].keys);
    }
    tree->list_count = 0;
}

void ov_fact_tree_begin(struct ov_fact_tree *tree)
{
    drop_lists(tree);
    if (tree->cell_cap > KEPT_CELLS) {
        free(tree->cells);
        tree->cells = NULL;
        tree->cell_cap = 0;
    }
    if (tree->node_cap > KEPT_CELLS) {
        free(tree->nodes);
        tree->nodes = NULL;
        tree->node_cap = 0;
    }
    if (tree->list_cap > KEPT_CELLS) {
        free(tree->lists);
        tree->lists = NULL;
        tree->list_cap = 0;
    }
    tree->cell_count = 0;
    tree->node_count = 1;
    tree->cells_held = 0;
    tree->budget = NULL;
    tree->reason = OV_REASON_NONE;
    memset(tree->roots, 0, sizeof(tree->roots));
    ov_arena_done(&tree->texts);
    ov_arena_init(&tree->texts, OV_FACT_TEXT_BYTES_MAX);
}

void ov_fact_tree_free(struct ov_fact_tree *tree)
{
    if (tree != NULL) {
        drop_lists(tree);
        free(tree->lists);
        free(tree->nodes);
        free(tree->cells);
        ov_arena_done(&tree->texts);
        free(tree);
    }
}

void ov_fact_tree_charge_to(struct ov_fact_tree *tree, struct ov_budget *budget)
{
    tree->budget = budget;
}

enum ov_reason ov_fact_tree_reason(const struct ov_fact_tree *tree)
{
    return tree->reason;
}

bool ov_fact_goes_on(const struct ov_fact_tree *tree)
{
    return tree->reason == OV_REASON_NONE && tree->budget != NULL;
}

static bool stop(struct ov_fact_tree *tree, enum ov_reason reason)
{
    if (tree->reason == OV_REASON_NONE) {
        tree->reason = reason;
    }
    return false;
}

bool ov_fact_charge(struct ov_fact_tree *tree, uint64_t steps)
{
    if (!ov_fact_goes_on(tree)) {
        return false;
    }
    return ov_budget_steps(tree->budget, steps) || stop(tree, OV_REASON_STEPS);
}

void ov_fact_give_up(struct ov_fact_tree *tree, enum ov_reason reason)
{
    (void)stop(tree, reason);
}

/* --- room ------------------------------------------------------------------------------------ */

/* `at` with room for `more` entries of `size` bytes behind `count`; NULL: there is no memory, and
 * `at` is as it was. */
static void *grown(struct ov_fact_tree *tree, void *at, uint32_t count, uint32_t more,
        uint32_t *cap, size_t size)
{
    uint32_t wanted = *cap < 16 ? 16 : *cap;
    void *moved;

    if (count <= *cap && more <= *cap - count) {
        return at;
    }
    while (wanted - count < more) {
        wanted *= 2; /* counts are below OV_FACT_CELLS_MAX */
    }
    moved = reallocarray(at, wanted, size);
    if (moved == NULL) {
        (void)stop(tree, OV_REASON_MEMORY);
        return NULL;
    }
    *cap = wanted;
    return moved;
}

static bool grow_nodes(struct ov_fact_tree *tree)
{
    struct node *nodes =
            grown(tree, tree->nodes, tree->node_count, 1, &tree->node_cap, sizeof(*nodes));

    if (nodes != NULL) {
        tree->nodes = nodes;
    }
    return nodes != NULL;
}

static bool grow_cells(struct ov_fact_tree *tree, uint32_t more)
{
    struct cell *cells =
            grown(tree, tree->cells, tree->cell_count, more, &tree->cell_cap, sizeof(*cells));

    if (cells != NULL) {
        tree->cells = cells;
    }
    return cells != NULL || more == 0;
}

static bool grow_lists(struct ov_fact_tree *tree)
{
    struct list *lists =
            grown(tree, tree->lists, tree->list_count, 1, &tree->list_cap, sizeof(*lists));

    if (lists != NULL) {
        tree->lists = lists;
    }
    return lists != NULL;
}

static bool hold_cells(struct ov_fact_tree *tree, uint32_t count)
{
    if (count > OV_FACT_CELLS_MAX - tree->cells_held) {
        return stop(tree, OV_REASON_MEMORY);
    }
    tree->cells_held += count;
    return ov_fact_charge(tree, 1 + count / 16);
}

static ov_fact_node new_node(struct ov_fact_tree *tree, enum ov_field field)
{
    const uint32_t cells = tree->slot_counts[field];

    if (!hold_cells(tree, 1 + cells) || !grow_nodes(tree) || !grow_cells(tree, cells)) {
        return 0;
    }
    if (cells != 0) {
        memset(&tree->cells[tree->cell_count], 0, cells * sizeof(*tree->cells));
    }
    tree->nodes[tree->node_count] = (struct node){ .field = field, .first = tree->cell_count };
    tree->cell_count += cells;
    return tree->node_count++;
}

struct cell *ov_fact_cell(const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field)
{
    const struct ov_field_row *row = ov_field_row(field);

    if (node == 0 || node >= tree->node_count || row->kind != OV_FIELD_IS_FACT
            || tree->nodes[node].field != row->parent) {
        return NULL;
    }
    return &tree->cells[tree->nodes[node].first + tree->slots[field]];
}

/* The same for a setter, which must be right about what it sets. */
static struct cell *cell_to_set(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        enum ov_fact_shape shape, enum ov_fact_type type)
{
    const struct ov_field_row *row = ov_field_row(field);

    if (node == 0 || !ov_fact_charge(tree, 1)) {
        return NULL;
    }
    OV_ASSERT(node < tree->node_count && tree->nodes[node].field == row->parent
              && row->kind == OV_FIELD_IS_FACT && row->shape == (uint8_t)shape
              && row->type == (uint8_t)type);
    return ov_fact_cell(tree, node, field);
}

/* --- lists ----------------------------------------------------------------------------------- */

static bool grow_items(struct ov_fact_tree *tree, struct list *list, uint32_t more, bool keyed)
{
    const uint32_t old = list->cap;
    uint32_t key_cap = old;
    struct cell *items = grown(tree, list->items, old, more, &list->cap, sizeof(*items));
    struct ov_bytes *keys;

    if (items == NULL) {
        return false;
    }
    list->items = items;
    if (keyed) {
        keys = grown(tree, list->keys, old, more, &key_cap, sizeof(*keys));
        if (keys == NULL) {
            list->cap = old; /* the smaller of the two */
            return false;
        }
        list->keys = keys;
    }
    return hold_cells(tree, list->cap - old);
}

static bool grow_list(struct ov_fact_tree *tree, struct list *list, uint32_t count, bool keyed)
{
    if (count > OV_FACT_CELLS_MAX) {
        return stop(tree, OV_REASON_MEMORY);
    }
    if (count > list->cap && !grow_items(tree, list, count - list->cap, keyed)) {
        return false;
    }
    if (count > list->count) {
        OV_ASSERT(list->items != NULL); /* there is room for some */
        memset(&list->items[list->count], 0, (count - list->count) * sizeof(*list->items));
        list->count = count;
    }
    return true;
}

static struct list *list_to_set(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        enum ov_fact_shape shape, enum ov_fact_type type)
{
    struct cell *cell = cell_to_set(tree, node, field, shape, type);

    if (cell == NULL) {
        return NULL;
    }
    if (cell->kind == CELL_EMPTY) {
        if (!hold_cells(tree, 1) || !grow_lists(tree)) {
            return NULL;
        }
        tree->lists[tree->list_count] = (struct list){ .items = NULL };
        cell->kind = CELL_LIST;
        cell->number = tree->list_count++;
    }
    return &tree->lists[cell->number];
}

static struct cell *item_to_set(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        uint32_t index, enum ov_fact_type type)
{
    struct list *list = list_to_set(tree, node, field, OV_FACT_SHAPE_ARRAY, type);

    if (list == NULL || index == UINT32_MAX
            || (index >= list->count && !grow_list(tree, list, index + 1, false))) {
        return NULL;
    }
    return &list->items[index];
}

struct cell *ov_fact_entry_cell(const struct list *list, struct ov_bytes key)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (ov_bytes_equal(list->keys[i], ov_bytes_raw(key), (size_t)ov_bytes_len(key))) {
            return &list->items[i];
        }
    }
    return NULL;
}

static struct cell *entry_to_set(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        struct ov_bytes key, enum ov_fact_type type)
{
    struct list *list = list_to_set(tree, node, field, OV_FACT_SHAPE_DICTIONARY, type);
    struct cell *cell;
    struct ov_bytes kept;

    if (list == NULL || !ov_fact_charge(tree, list->count)) {
        return NULL;
    }
    cell = ov_fact_entry_cell(list, key);
    if (cell != NULL) {
        return cell;
    }
    if (!ov_arena_copy(&tree->texts, key, &kept)) {
        (void)stop(tree, OV_REASON_MEMORY);
        return NULL;
    }
    if (!grow_list(tree, list, list->count + 1, true)) {
        return NULL;
    }
    list->keys[list->count - 1] = kept;
    return &list->items[list->count - 1];
}

/* --- setters --------------------------------------------------------------------------------- */

static void put_int(struct cell *cell, int64_t value)
{
    if (cell != NULL) {
        *cell = (struct cell){ .kind = CELL_INT, .integer = value };
    }
}

static void put_text(struct ov_fact_tree *tree, struct cell *cell, struct ov_bytes value)
{
    struct ov_bytes kept;

    if (cell == NULL || !ov_fact_charge(tree, ov_bytes_len(value) / 16)) {
        return;
    }
    if (ov_bytes_len(value) > OV_FACT_TEXT_BYTES_MAX
            || !ov_arena_copy(&tree->texts, value, &kept)) {
        (void)stop(tree, OV_REASON_MEMORY);
        return;
    }
    *cell = (struct cell){
        .kind = CELL_TEXT,
        .text_bytes = (uint32_t)ov_bytes_len(kept),
        .text = ov_bytes_raw(kept),
    };
}

void ov_fact_int(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, int64_t value)
{
    put_int(cell_to_set(tree, node, field, OV_FACT_SHAPE_ONE, OV_FACT_TYPE_INT), value);
}

void ov_fact_float(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, double value)
{
    struct cell *cell = cell_to_set(tree, node, field, OV_FACT_SHAPE_ONE, OV_FACT_TYPE_FLOAT);

    if (cell != NULL) {
        *cell = (struct cell){ .kind = CELL_FLOAT, .real = value };
    }
}

void ov_fact_text(
        struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, struct ov_bytes value)
{
    put_text(tree, cell_to_set(tree, node, field, OV_FACT_SHAPE_ONE, OV_FACT_TYPE_TEXT), value);
}

void ov_fact_name(
        struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, const char *value)
{
    ov_fact_text(tree, node, field, ov_bytes_of(value, strlen(value)));
}

void ov_fact_item_int(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        uint32_t index, int64_t value)
{
    put_int(item_to_set(tree, node, field, index, OV_FACT_TYPE_INT), value);
}

void ov_fact_item_text(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        uint32_t index, struct ov_bytes value)
{
    put_text(tree, item_to_set(tree, node, field, index, OV_FACT_TYPE_TEXT), value);
}

void ov_fact_entry_int(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        struct ov_bytes key, int64_t value)
{
    put_int(entry_to_set(tree, node, field, key, OV_FACT_TYPE_INT), value);
}

void ov_fact_entry_text(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        struct ov_bytes key, struct ov_bytes value)
{
    put_text(tree, entry_to_set(tree, node, field, key, OV_FACT_TYPE_TEXT), value);
}

ov_fact_node ov_fact_root(struct ov_fact_tree *tree, enum ov_field module)
{
    OV_ASSERT(ov_field_row(module)->kind == OV_FIELD_IS_MODULE);
    if (tree->roots[module] == 0 && ov_fact_goes_on(tree)) {
        tree->roots[module] = new_node(tree, module);
    }
    return tree->roots[module];
}

ov_fact_node ov_fact_struct(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field)
{
    const struct cell *cell =
            cell_to_set(tree, node, field, OV_FACT_SHAPE_ONE, OV_FACT_TYPE_STRUCT);
    ov_fact_node made;

    if (cell == NULL || cell->kind == CELL_NODE) {
        return cell == NULL ? 0 : cell->number;
    }
    made = new_node(tree, field); /* may move the cells */
    if (made != 0) {
        *ov_fact_cell(tree, node, field) = (struct cell){ .kind = CELL_NODE, .number = made };
    }
    return made;
}

/* An element of a list stays where it is while a node is made. */
static ov_fact_node node_in(struct ov_fact_tree *tree, struct cell *cell, enum ov_field field)
{
    ov_fact_node made;

    if (cell == NULL || cell->kind == CELL_NODE) {
        return cell == NULL ? 0 : cell->number;
    }
    made = new_node(tree, field);
    if (made != 0) {
        *cell = (struct cell){ .kind = CELL_NODE, .number = made };
    }
    return made;
}

ov_fact_node ov_fact_item(
        struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, uint32_t index)
{
    return node_in(tree, item_to_set(tree, node, field, index, OV_FACT_TYPE_STRUCT), field);
}

ov_fact_node ov_fact_entry(
        struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, struct ov_bytes key)
{
    return node_in(tree, entry_to_set(tree, node, field, key, OV_FACT_TYPE_STRUCT), field);
}
