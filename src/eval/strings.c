/* SPDX-License-Identifier: Apache-2.0 */
/* strings.c - what conditions ask about one string, and about sets of strings or rules. */
#include "eval/inside.h"
#include "eval/positions.h"

/* The number through the whole database of what an instruction names. */
static bool string_number(struct ov_machine *m, const struct ov_db_insn *insn, uint32_t *out)
{
    uint32_t string = ov_le32_get(insn->c);

    if (insn->a != 0) {
        const struct ov_machine_loop *loop = ov_machine_loop_at(m, string, true);

        if (loop == NULL) {
            return false;
        }
        string = loop->string;
    }
    if (string >= m->priv_string_count) {
        (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        return false;
    }
    *out = m->priv_string_first + string;
    return true;
}

struct ov_value ov_machine_of_string(struct ov_machine *m, const struct ov_db_insn *insn)
{
    struct ov_value a = ov_value_undefined(), b = ov_value_undefined();
    uint32_t string;

    if (insn->op == OV_OP_FOUND_IN || insn->op == OV_OP_COUNT_IN) {
        b = ov_machine_pop(m);
    }
    if (insn->op != OV_OP_FOUND && insn->op != OV_OP_COUNT) {
        a = ov_machine_pop(m);
    }
    if (!string_number(m, insn, &string)) {
        return ov_value_undefined();
    }
    switch (insn->op) {
    case OV_OP_FOUND:
        return ov_value_int(ov_matcher_found(m->matcher, string));
    case OV_OP_FOUND_AT:
        return ov_string_found_at(m->matcher, string, a);
    case OV_OP_FOUND_IN:
        return ov_string_found_in(m->matcher, string, a, b);
    case OV_OP_COUNT:
        return ov_string_count(m->matcher, string);
    case OV_OP_COUNT_IN:
        return ov_string_count_in(m->matcher, string, a, b);
    case OV_OP_OFFSET:
        return ov_string_offset(m->matcher, string, a);
    default:
        return ov_string_length(m->matcher, string, a);
    }
}

/* --- sets ------------------------------------------------------------------------------------ */

struct of_operands {
    struct ov_value quantity;
    struct ov_value a;
    struct ov_value b;
};

/* Is member `n` of a set (a string of the rule, or a rule) there, as the instruction asks? */
static bool member_is_there(
        struct ov_machine *m, enum ov_op op, uint32_t n, const struct of_operands *with)
{
    uint32_t string;

    if (op == OV_OP_OF_RULES) {
        return ov_value_is_true(ov_machine_rule_held(m, n));
    }
    if (n >= m->priv_string_count) {
        (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        return false;
    }
    string = m->priv_string_first + n;
    if (op == OV_OP_OF_AT) {
        return ov_value_is_true(ov_string_found_at(m->matcher, string, with->a));
    }
    if (op == OV_OP_OF_IN) {
        return ov_value_is_true(ov_string_found_in(m->matcher, string, with->a, with->b));
    }
    return ov_matcher_found(m->matcher, string);
}

void ov_machine_of_set(struct ov_machine *m, const struct ov_db_insn *insn)
{
    const enum ov_op op = (enum ov_op)insn->op;
    const uint32_t runs = ov_le16_get(insn->b);
    struct of_operands with = { .quantity = ov_value_undefined() };
    uint64_t there = 0, total = 0;
    bool bounded = true;

    if (insn->a < OV_QUANT_ALL || insn->a > OV_QUANT_PERCENT) {
        (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        return;
    }
    if (op == OV_OP_OF_IN) {
        with.b = ov_machine_pop(m);
        bounded = with.b.kind != OV_VALUE_UNDEFINED;
    }
    if (op == OV_OP_OF_IN || op == OV_OP_OF_AT) {
        with.a = ov_machine_pop(m);
        bounded &= with.a.kind != OV_VALUE_UNDEFINED;
    }
    if (ov_quant_has_value(insn->a)) {
        with.quantity = ov_machine_pop(m);
    }
    for (uint32_t r = 0; r < runs; r++) {
        const struct ov_db_insn *run = ov_machine_set_run(m, m->priv_at + r);
        const uint32_t count = run == NULL ? 0 : ov_le16_get(run->b);

        if (!ov_machine_charge(m, 1 + (uint64_t)count)) {
            return;
        }
        for (uint32_t i = 0; i < count && bounded; i++) {
            uint32_t n;

            if (!ov_add(&n, ov_le32_get(run->c), i)) {
                (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
                return;
            }
            there += member_is_there(m, op, n, &with);
        }
        total += count;
    }
    m->priv_at += runs;
    ov_machine_push(m, bounded ? ov_value_of((enum ov_quant)insn->a, with.quantity, there, total)
                               : ov_value_undefined());
}
