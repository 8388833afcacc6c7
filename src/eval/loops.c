/* SPDX-License-Identifier: Apache-2.0 */
/* loops.c - loops over ranges, lists, strings, arrays and dictionaries. */
#include "eval/inside.h"

const struct ov_machine_loop *ov_machine_loop_at(struct ov_machine *m, uint32_t depth, bool strings)
{
    if (depth >= m->priv_loop_count || (m->priv_loops[depth].op == OV_OP_FOR_STRINGS) != strings) {
        (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        return NULL;
    }
    return &m->priv_loops[depth];
}

struct ov_value ov_machine_local(struct ov_machine *m, const struct ov_db_insn *insn)
{
    const struct ov_machine_loop *loop = ov_machine_loop_at(m, ov_le32_get(insn->c), false);

    if (loop == NULL) {
        return ov_value_undefined();
    }
    return insn->a == 0 ? loop->value : loop->key;
}

/* Leaves the innermost loop with its result. */
static void finish_loop(struct ov_machine *m, uint32_t to)
{
    const struct ov_machine_loop *loop = &m->priv_loops[--m->priv_loop_count];

    ov_machine_push(m, ov_value_int(ov_value_loop(loop->wanted, loop->true_count, loop->total)));
    ov_machine_jump(m, to);
}

/* The next string of a set; false: that was all of them. */
static bool next_string(struct ov_machine *m, struct ov_machine_loop *loop)
{
    while (loop->run < loop->runs_end) {
        const struct ov_db_insn *run = ov_machine_set_run(m, loop->run);

        if (run == NULL) {
            return false;
        }
        if (loop->in_run < ov_le16_get(run->b)) {
            if (!ov_add(&loop->string, ov_le32_get(run->c), loop->in_run)) {
                (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
                return false;
            }
            loop->in_run++;
            return true;
        }
        loop->run++;
        loop->in_run = 0;
    }
    return false;
}

/* The next element of an array or dictionary; false: that was all of them. */
static bool next_element(struct ov_machine *m, struct ov_machine_loop *loop)
{
    const struct ov_fact_tree *tree = m->facts->asked.tree;
    const enum ov_field field = (enum ov_field)loop->field;
    struct ov_bytes key;

    if (loop->element >= ov_fact_count(tree, loop->node, field)) {
        return false;
    }
    if (ov_fact_key(tree, loop->node, field, loop->element, &key)) {
        loop->key = ov_value_text(key);
    }
    loop->value = ov_machine_fact(ov_fact_get_item(tree, loop->node, field, loop->element));
    loop->element++;
    return true;
}

static void begin_range(struct ov_machine *m, struct ov_machine_loop *loop, uint32_t end,
        struct ov_value low, struct ov_value high)
{
    int64_t from, to;

    if (!ov_value_as_int(low, &from) || !ov_value_as_int(high, &to) || from > to) {
        finish_loop(m, end);
        return;
    }
    loop->value = ov_value_int(from);
    loop->last = to;
}

void ov_machine_begin_loop(struct ov_machine *m, const struct ov_db_insn *insn)
{
    const bool of_field = insn->op == OV_OP_FOR_FIELD;
    const uint32_t end = ov_le32_get(insn->c), runs = of_field ? 0 : ov_le16_get(insn->b);
    struct ov_value low = ov_value_undefined(), high = ov_value_undefined();
    struct ov_value quantity = ov_value_undefined(), node = ov_value_undefined();
    struct ov_machine_loop *loop;

    if (insn->op == OV_OP_FOR_RANGE) {
        high = ov_machine_pop(m);
        low = ov_machine_pop(m);
    }
    if (of_field) {
        node = ov_machine_pop(m);
    }
    if (ov_quant_has_value(insn->a)) {
        quantity = ov_machine_pop(m);
    }
    if (m->priv_loop_count >= OV_LOOP_NEST_MAX || insn->a < OV_QUANT_ALL || insn->a > OV_QUANT_COUNT
            || runs > m->priv_code_count - m->priv_at) {
        (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        return;
    }
    loop = &m->priv_loops[m->priv_loop_count++];
    *loop = (struct ov_machine_loop){
        .op = (enum ov_op)insn->op,
        .wanted = ov_value_wanted((enum ov_quant)insn->a, quantity),
        .value = ov_value_undefined(),
    };
    switch (insn->op) {
    case OV_OP_FOR_RANGE:
        loop->body = m->priv_at;
        begin_range(m, loop, end, low, high);
        break;
    case OV_OP_FOR_STRINGS:
        loop->run = m->priv_at;
        loop->runs_end = m->priv_at + runs;
        loop->body = loop->runs_end;
        if (next_string(m, loop)) {
            ov_machine_jump(m, loop->body);
        } else {
            finish_loop(m, end);
        }
        break;
    case OV_OP_FOR_FIELD:
        loop->body = m->priv_at;
        loop->field = ov_le16_get(insn->b);
        loop->node = node.kind == OV_VALUE_NODE ? node.node : 0;
        if (!next_element(m, loop)) {
            finish_loop(m, end);
        }
        break;
    default:
        loop->body = m->priv_at;
        ov_machine_jump(m, end); /* to the items */
        break;
    }
}

static struct ov_machine_loop *innermost(struct ov_machine *m)
{
    if (m->priv_loop_count == 0) {
        (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        return NULL;
    }
    return &m->priv_loops[m->priv_loop_count - 1];
}

/* A body is done. */
void ov_machine_next_round(struct ov_machine *m, uint32_t end)
{
    struct ov_machine_loop *loop = innermost(m);
    const bool was_true = ov_value_is_true(ov_machine_pop(m));
    bool more = false;

    if (loop == NULL) {
        return;
    }
    loop->total++;
    loop->true_count += was_true;
    if (ov_value_loop_is_settled(loop->wanted, loop->true_count, loop->total)) {
        finish_loop(m, end);
        return;
    }
    if (loop->op == OV_OP_FOR_LIST) {
        if (!loop->in_body) {
            (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
            return;
        }
        loop->in_body = false;
        ov_machine_jump(m, loop->back);
        return;
    }
    if (loop->op == OV_OP_FOR_STRINGS) {
        more = next_string(m, loop);
    } else if (loop->op == OV_OP_FOR_FIELD) {
        more = next_element(m, loop);
    } else if (loop->value.integer < loop->last) {
        loop->value.integer++;
        more = true;
    }
    if (more) {
        ov_machine_jump(m, loop->body);
    } else {
        finish_loop(m, end);
    }
}

void ov_machine_begin_item(struct ov_machine *m)
{
    struct ov_machine_loop *loop = innermost(m);
    const struct ov_value value = ov_machine_pop(m);

    if (loop == NULL || loop->op != OV_OP_FOR_LIST || loop->in_body) {
        (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        return;
    }
    loop->value = value;
    loop->back = m->priv_at;
    loop->in_body = true;
    ov_machine_jump(m, loop->body);
}

void ov_machine_end_items(struct ov_machine *m)
{
    const struct ov_machine_loop *loop = innermost(m);

    if (loop == NULL || loop->op != OV_OP_FOR_LIST || loop->in_body) {
        (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        return;
    }
    finish_loop(m, m->priv_at);
}
