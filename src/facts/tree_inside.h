/* SPDX-License-Identifier: Apache-2.0 */
/* tree_inside.h - a tree of facts as tree.c (which builds it) and tree_read.c (which answers) see it.
 * Nobody else includes this. */
#ifndef OV_FACTS_TREE_INSIDE_H
#define OV_FACTS_TREE_INSIDE_H

#include "base/arena.h"
#include "facts/tree.h"

enum cell_kind {
    CELL_EMPTY = 0, /* as calloc leaves it */
    CELL_INT,
    CELL_FLOAT,
    CELL_TEXT,
    CELL_NODE,
    CELL_LIST
};

struct cell {
    uint32_t kind;
    uint32_t text_bytes; /* TEXT */
    union {
        int64_t integer;
        double real;
        const uint8_t *text; /* in `texts` */
        uint32_t number;     /* NODE, LIST */
    };
};

struct node {
    uint32_t field; /* enum ov_field: a module, or a fact of type STRUCT */
    uint32_t first; /* cell */
};

struct list {
    struct cell *items;
    struct ov_bytes *keys; /* of a dictionary */
    uint32_t count;
    uint32_t cap;
};

struct ov_fact_tree {
    struct cell *cells;
    uint32_t cell_count, cell_cap;
    struct node *nodes; /* [0] is none */
    uint32_t node_count, node_cap;
    struct list *lists;
    uint32_t list_count, list_cap;
    uint32_t cells_held; /* of structures and lists */
    struct ov_arena texts;
    struct ov_budget *budget;
    enum ov_reason reason;
    uint16_t slots[OV_FIELD_COUNT];       /* which cell of its structure a fact has */
    uint16_t slot_counts[OV_FIELD_COUNT]; /* of a structure */
    ov_fact_node roots[OV_FIELD_COUNT];   /* of modules */
};

/* The cell of a fact in a structure; NULL: there is no such structure. Lent until cells grow. */
struct cell *ov_fact_cell(const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field);
/* The entry of a dictionary; NULL: there is none. */
struct cell *ov_fact_entry_cell(const struct list *list, struct ov_bytes key);

#endif
