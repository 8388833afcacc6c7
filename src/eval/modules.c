/* SPDX-License-Identifier: Apache-2.0 */
/* modules.c - instructions that ask modules. Code is not trusted: rows, kinds of values and how
 * many there are, are checked here again. */
#include <string.h>

#include "eval/calls.h"
#include "eval/inside.h"

struct ov_value ov_machine_fact(struct ov_fact fact)
{
    switch (fact.kind) {
    case OV_FACT_INT:
        return ov_value_int(fact.integer);
    case OV_FACT_FLOAT:
        return ov_value_float(fact.real);
    case OV_FACT_TEXT:
        return ov_value_text(fact.text);
    case OV_FACT_NODE:
        return ov_value_node(fact.node);
    case OV_FACT_UNDEFINED:
        break;
    }
    return ov_value_undefined();
}

static struct ov_value module(struct ov_machine *m, enum ov_field field)
{
    const struct ov_fact_tree *tree;

    if (ov_field_row(field)->kind != OV_FIELD_IS_MODULE) {
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
    }
    tree = ov_asked_module(&m->facts->asked, m->facts->source, field);
    return tree == NULL ? ov_value_undefined() : ov_value_node(ov_fact_get_root(tree, field));
}

static struct ov_value item(
        struct ov_machine *m, enum ov_field field, struct ov_value node, struct ov_value index)
{
    int64_t i;

    if (node.kind != OV_VALUE_NODE || !ov_value_as_int(index, &i) || i < 0) {
        return ov_value_undefined();
    }
    return ov_machine_fact(ov_fact_get_item(m->facts->asked.tree, node.node, field, (uint64_t)i));
}

static struct ov_value entry(
        struct ov_machine *m, enum ov_field field, struct ov_value node, struct ov_value key)
{
    const struct ov_fact_tree *tree = m->facts->asked.tree;

    if (node.kind != OV_VALUE_NODE || key.kind != OV_VALUE_TEXT
            || !ov_machine_charge(m, ov_fact_count(tree, node.node, field))) {
        return ov_value_undefined();
    }
    return ov_machine_fact(ov_fact_get_entry(tree, node.node, field, key.text));
}

static bool fits(char takes, enum ov_value_kind kind)
{
    switch (takes) {
    case 'i':
        return kind == OV_VALUE_INT;
    case 'f':
        return kind == OV_VALUE_FLOAT;
    case 's':
        return kind == OV_VALUE_TEXT;
    case 'r':
        return kind == OV_VALUE_PATTERN;
    default:
        return kind != OV_VALUE_PATTERN && kind != OV_VALUE_NODE;
    }
}

static struct ov_value call(struct ov_machine *m, enum ov_field field)
{
    const struct ov_field_row *row = ov_field_row(field);
    const ov_call_fn function = ov_call_find(field);
    struct ov_call c = { .m = m, .asked = &m->facts->asked, .field = field };
    bool defined = true;
    struct ov_value node;

    if (row->kind != OV_FIELD_IS_FUNCTION || strlen(row->arguments) > OV_ARGUMENTS_MAX) {
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
    }
    for (size_t i = strlen(row->arguments); i > 0; i--) {
        c.arguments[i - 1] = ov_machine_pop(m);
        defined &= c.arguments[i - 1].kind != OV_VALUE_UNDEFINED;
        if (c.arguments[i - 1].kind != OV_VALUE_UNDEFINED
                && !fits(row->arguments[i - 1], c.arguments[i - 1].kind)) {
            return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        }
    }
    node = ov_machine_pop(m);
    if (!defined || node.kind != OV_VALUE_NODE || function == NULL) {
        return ov_value_undefined();
    }
    c.node = node.node;
    c.tree = c.asked->tree;
    /* cppcheck-suppress returnDanglingLifetime ; values point into the tree, not into the call */
    return function(&c);
}

struct ov_value ov_machine_of_module(struct ov_machine *m, const struct ov_db_insn *insn)
{
    const uint32_t c = ov_le32_get(insn->c);
    const enum ov_field field = c < OV_FIELD_COUNT ? (enum ov_field)c : OV_FIELD_NONE;
    struct ov_value a, b;

    switch (insn->op) {
    case OV_OP_MODULE:
        return module(m, field);
    case OV_OP_FIELD:
        a = ov_machine_pop(m);
        return a.kind == OV_VALUE_NODE
                       ? ov_machine_fact(ov_fact_get(m->facts->asked.tree, a.node, field))
                       : ov_value_undefined();
    case OV_OP_ITEM_OF:
        b = ov_machine_pop(m);
        return item(m, field, ov_machine_pop(m), b);
    case OV_OP_ENTRY_OF:
        b = ov_machine_pop(m);
        return entry(m, field, ov_machine_pop(m), b);
    case OV_OP_PATTERN:
        return (struct ov_value){ .kind = OV_VALUE_PATTERN, .place = c };
    default:
        return call(m, field);
    }
}
