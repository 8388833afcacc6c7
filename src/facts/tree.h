/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - what parsers said about one object. Everything is undefined until it is set.
 *
 * For whoever writes a parser. It is one function in src/formats/NAME_facts.c, listed in
 * formats/facts.c, and called at most once for an object, when a condition first asks:
 *
 *   void ov_elf_facts(struct ov_fact_tree *tree, struct ov_pages *pages)
 *   {
 *       const ov_fact_node elf = ov_fact_root(tree, OV_ELF);
 *       uint16_t type;
 *
 *       if (!ov_pages_u16le(pages, 16, &type)) {
 *           return;                                           // nothing can be said
 *       }
 *       ov_fact_int(tree, elf, OV_ELF_TYPE, type);
 *       for (uint32_t i = 0; i < count && ov_fact_goes_on(tree); i++) {
 *           ov_fact_node section = ov_fact_item(tree, elf, OV_ELF_SECTIONS, i);
 *
 *           ov_fact_text(tree, section, OV_ELF_SECTIONS_NAME, name);  // copied
 *       }
 *   }
 *
 * - A node is a structure: the module itself (ov_fact_root), a structure inside one
 *   (ov_fact_struct), an element of an array (ov_fact_item) or of a dictionary (ov_fact_entry) of
 *   structures. Node 0 is none: everything that is set in it goes nowhere, so a parser checks
 *   nothing. Numbers of fields are OV_MODULE_STRUCT_FIELD (the first column of MODULE.def).
 * - Setting twice replaces. Arrays may be filled in any order; what lies between is undefined.
 *   Setting a field that is no field of the node is our bug: an assertion.
 * - Work is charged to the budget of the scan: every call costs a step, and texts one for each 16
 *   bytes. A loop over what a file claims ends when ov_fact_goes_on says no, and charges with
 *   ov_fact_charge what it does besides setting facts. When the budget, the memory for facts
 *   (OV_FACT_CELLS_MAX, OV_FACT_TEXT_BYTES_MAX) or the machine's memory is used up, the rest goes
 *   nowhere, and the scan is INCOMPLETE with that reason: a parser just returns.
 * - Bytes are read through base/pages.h: the object need not lie in memory. What
 *   ov_pages_lend gives is valid until the next call on the same pages.
 */
#ifndef OV_FACTS_TREE_H
#define OV_FACTS_TREE_H

#include "base/budget.h"
#include "base/pages.h"
#include "base/reason.h"
#include "facts/schema.h"

struct ov_fact_tree;
typedef uint32_t ov_fact_node; /* 0: none */

/* --- for parsers ----------------------------------------------------------------------------- */

ov_fact_node ov_fact_root(struct ov_fact_tree *tree, enum ov_field module);
ov_fact_node ov_fact_struct(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field);
ov_fact_node ov_fact_item(
        struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, uint32_t index);
ov_fact_node ov_fact_entry(
        struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, struct ov_bytes key);

void ov_fact_int(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, int64_t value);
void ov_fact_float(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, double value);
void ov_fact_text(
        struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, struct ov_bytes value);
/* The same of a C string. */
void ov_fact_name(
        struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, const char *value);

/* Elements of arrays and dictionaries of integers and texts. */
void ov_fact_item_int(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        uint32_t index, int64_t value);
void ov_fact_item_text(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        uint32_t index, struct ov_bytes value);
void ov_fact_entry_int(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        struct ov_bytes key, int64_t value);
void ov_fact_entry_text(struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        struct ov_bytes key, struct ov_bytes value);

/* False: a limit is reached, nothing more will be kept. */
bool ov_fact_goes_on(const struct ov_fact_tree *tree);
bool ov_fact_charge(struct ov_fact_tree *tree, uint64_t steps);
/* A parser met a limit of its own: what it says is not all. */
void ov_fact_give_up(struct ov_fact_tree *tree, enum ov_reason reason);

/* --- for conditions -------------------------------------------------------------------------- */

enum ov_fact_kind {
    OV_FACT_UNDEFINED = 0,
    OV_FACT_INT,
    OV_FACT_FLOAT,
    OV_FACT_TEXT,
    OV_FACT_NODE
};

struct ov_fact {
    enum ov_fact_kind kind;
    union {
        int64_t integer;
        double real;
        struct ov_bytes text; /* lent until the tree is begun again */
        ov_fact_node node;    /* 0: a structure of which nothing was said */
    };
};

/* Of a field that is there once. Constants are always defined. A field of another structure than
 * the node is undefined. */
struct ov_fact ov_fact_get(const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field);
/* How many elements an array or dictionary has, holes included. */
uint32_t ov_fact_count(const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field);
struct ov_fact ov_fact_get_item(
        const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, uint64_t index);
struct ov_fact ov_fact_get_entry(const struct ov_fact_tree *tree, ov_fact_node node,
        enum ov_field field, struct ov_bytes key);
/* The key of element `index` of a dictionary, in the order they were set. False: there is none. */
OV_MUST_CHECK bool ov_fact_key(const struct ov_fact_tree *tree, ov_fact_node node,
        enum ov_field field, uint32_t index, struct ov_bytes *out);
/* ov_fact_get, _item or _entry where integers are wanted. False: undefined, or no integer. */
OV_MUST_CHECK bool ov_fact_get_int(
        const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, int64_t *out);
OV_MUST_CHECK bool ov_fact_get_text(const struct ov_fact_tree *tree, ov_fact_node node,
        enum ov_field field, struct ov_bytes *out);
/* The structure in `node`, or element `index` of an array of structures; 0: nothing was said. */
ov_fact_node ov_fact_get_node(
        const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field);
ov_fact_node ov_fact_get_item_node(
        const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field, uint64_t index);
/* The module's own node; 0: nobody said anything yet. */
ov_fact_node ov_fact_get_root(const struct ov_fact_tree *tree, enum ov_field module);

/* --- for whoever owns it --------------------------------------------------------------------- */

/* NULL: out of memory. */
struct ov_fact_tree *ov_fact_tree_new(void) OV_MUST_CHECK;
void ov_fact_tree_free(struct ov_fact_tree *tree);
OV_DEFINE_AUTO(struct ov_fact_tree, ov_fact_tree_free);

/* Forgets all facts, and what it needed much memory for. */
void ov_fact_tree_begin(struct ov_fact_tree *tree);
/* Who pays for what follows; NULL: nobody, and setters do nothing. */
void ov_fact_tree_charge_to(struct ov_fact_tree *tree, struct ov_budget *budget);
/* NONE, or the first limit that made the facts incomplete. */
enum ov_reason ov_fact_tree_reason(const struct ov_fact_tree *tree);

#endif
