/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/machine.h"

#include <string.h>

#include "base/checked.h"
#include "db/rules.h"
#include "eval/positions.h"
#include "match/regex.h"

/* Every stop but the good ones ends the run at the next instruction. */
static struct ov_value stop(struct ov_machine *m, enum ov_outcome outcome)
{
    if (m->priv_stop == OV_OUTCOME_FALSE) {
        m->priv_stop = outcome;
    }
    return ov_value_undefined();
}

static void push(struct ov_machine *m, struct ov_value v)
{
    if (m->priv_height >= OV_CONDITION_STACK_MAX) {
        (void)stop(m, OV_OUTCOME_DAMAGED);
        return;
    }
    m->priv_values[m->priv_height++] = v;
}

static struct ov_value pop(struct ov_machine *m)
{
    if (m->priv_height == 0) {
        return stop(m, OV_OUTCOME_DAMAGED);
    }
    return m->priv_values[--m->priv_height];
}

static bool charge(struct ov_machine *m, uint64_t steps)
{
    if (ov_budget_steps(m->budget, steps)) {
        return true;
    }
    (void)stop(m, OV_OUTCOME_NO_STEPS);
    return false;
}

/* --- leaves ---------------------------------------------------------------------------------- */

static struct ov_value wide(struct ov_machine *m, uint32_t at, bool as_float)
{
    struct ov_bytes b;
    struct ov_le64 le;
    uint64_t bits;
    double real;

    if (!ov_db_text(m->view, at, sizeof(le), &b)) {
        return stop(m, OV_OUTCOME_DAMAGED);
    }
    memcpy(&le, ov_bytes_raw(b), sizeof(le));
    bits = ov_le64_get(le);
    if (!as_float) {
        return ov_value_int((int64_t)bits);
    }
    memcpy(&real, &bits, sizeof(real));
    return ov_value_float(real);
}

static struct ov_value text(struct ov_machine *m, uint32_t at)
{
    struct ov_bytes b;
    struct ov_le32 le;

    if (!ov_db_text(m->view, at, sizeof(le), &b)) {
        return stop(m, OV_OUTCOME_DAMAGED);
    }
    memcpy(&le, ov_bytes_raw(b), sizeof(le));
    if (!ov_db_text(m->view, (uint64_t)at + sizeof(le), ov_le32_get(le), &b)) {
        return stop(m, OV_OUTCOME_DAMAGED);
    }
    return ov_value_text(b);
}

static const struct ov_value *given_value(const struct ov_machine *m, uint32_t number)
{
    uint32_t low = 0, high = m->given_count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (m->given[middle].number == number) {
            return &m->given[middle].value;
        }
        if (m->given[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static struct ov_value external(struct ov_machine *m, uint32_t number)
{
    const struct ov_value *given = given_value(m, number);
    struct ov_datum_info info;

    if (given != NULL) {
        return *given;
    }
    if (!ov_db_external_read(m->view, number, &info)) {
        return stop(m, OV_OUTCOME_DAMAGED);
    }
    switch (info.type) {
    case OV_DB_DATUM_BOOL:
    case OV_DB_DATUM_INT:
        return ov_value_int(info.integer);
    case OV_DB_DATUM_FLOAT:
        return ov_value_float(info.real);
    case OV_DB_DATUM_TEXT:
        break;
    }
    return ov_value_text(info.text);
}

static struct ov_value read_object(struct ov_machine *m, unsigned how, struct ov_value offset)
{
    const unsigned len = how & OV_READ_BYTES;
    int64_t at;
    uint32_t v;

    if (len != 1 && len != 2 && len != 4) {
        return stop(m, OV_OUTCOME_DAMAGED);
    }
    if (!ov_value_as_int(offset, &at) || at < 0
            || !ov_facts_read(m->facts, (uint64_t)at, len, &v)) {
        return ov_value_undefined();
    }
    if ((how & OV_READ_BIG) != 0) {
        v = __builtin_bswap32(v) >> (32 - 8 * len);
    }
    if ((how & OV_READ_SIGNED) == 0) {
        return ov_value_int(v);
    }
    return ov_value_int(len == 1 ? (int8_t)v : len == 2 ? (int16_t)v : (int32_t)v);
}

static struct ov_value entry_point(struct ov_machine *m)
{
    uint64_t at;

    if (!charge(m, 64) || !ov_facts_entry(m->facts, &at)) {
        return ov_value_undefined();
    }
    return ov_value_int((int64_t)at);
}

static const struct ov_machine_loop *loop_at(struct ov_machine *m, uint32_t depth, bool strings)
{
    if (depth >= m->priv_loop_count || (m->priv_loops[depth].op == OV_OP_FOR_STRINGS) != strings) {
        (void)stop(m, OV_OUTCOME_DAMAGED);
        return NULL;
    }
    return &m->priv_loops[depth];
}

static struct ov_value local(struct ov_machine *m, uint32_t depth)
{
    const struct ov_machine_loop *loop = loop_at(m, depth, false);

    return loop == NULL ? ov_value_undefined() : loop->value;
}

static struct ov_value did_rule_hold(struct ov_machine *m, uint32_t rule)
{
    if (rule >= m->priv_rule) {
        return stop(m, OV_OUTCOME_DAMAGED);
    }
    if (ov_bits_has(m->open, rule)) {
        return stop(m, OV_OUTCOME_WAITS);
    }
    return ov_value_int(ov_bits_has(m->held, rule));
}

/* --- strings --------------------------------------------------------------------------------- */

/* The number through the whole database of what an instruction names. */
static bool string_number(struct ov_machine *m, const struct ov_db_insn *insn, uint32_t *out)
{
    uint32_t string = ov_le32_get(insn->c);

    if (insn->a != 0) {
        const struct ov_machine_loop *loop = loop_at(m, string, true);

        if (loop == NULL) {
            return false;
        }
        string = loop->string;
    }
    if (string >= m->priv_string_count) {
        (void)stop(m, OV_OUTCOME_DAMAGED);
        return false;
    }
    *out = m->priv_string_first + string;
    return true;
}

static struct ov_value of_string(struct ov_machine *m, const struct ov_db_insn *insn)
{
    struct ov_value a = ov_value_undefined(), b = ov_value_undefined();
    uint32_t string;

    if (insn->op == OV_OP_FOUND_IN || insn->op == OV_OP_COUNT_IN) {
        b = pop(m);
    }
    if (insn->op != OV_OP_FOUND && insn->op != OV_OP_COUNT) {
        a = pop(m);
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

/* Run number `i` of the instruction before m->priv_at. */
static const struct ov_db_insn *run_at(struct ov_machine *m, uint32_t at)
{
    if (at >= m->priv_code_count || m->priv_code[at].op != OV_OP_RUN) {
        (void)stop(m, OV_OUTCOME_DAMAGED);
        return NULL;
    }
    return &m->priv_code[at];
}

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
        return ov_value_is_true(did_rule_hold(m, n));
    }
    if (n >= m->priv_string_count) {
        (void)stop(m, OV_OUTCOME_DAMAGED);
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

static void run_of(struct ov_machine *m, const struct ov_db_insn *insn)
{
    const enum ov_op op = (enum ov_op)insn->op;
    const uint32_t runs = ov_le16_get(insn->b);
    struct of_operands with = { .quantity = ov_value_undefined() };
    uint64_t there = 0, total = 0;
    bool bounded = true;

    if (insn->a < OV_QUANT_ALL || insn->a > OV_QUANT_PERCENT) {
        (void)stop(m, OV_OUTCOME_DAMAGED);
        return;
    }
    if (op == OV_OP_OF_IN) {
        with.b = pop(m);
        bounded = with.b.kind != OV_VALUE_UNDEFINED;
    }
    if (op == OV_OP_OF_IN || op == OV_OP_OF_AT) {
        with.a = pop(m);
        bounded &= with.a.kind != OV_VALUE_UNDEFINED;
    }
    if (ov_quant_has_value(insn->a)) {
        with.quantity = pop(m);
    }
    for (uint32_t r = 0; r < runs; r++) {
        const struct ov_db_insn *run = run_at(m, m->priv_at + r);
        const uint32_t count = run == NULL ? 0 : ov_le16_get(run->b);

        if (!charge(m, 1 + (uint64_t)count)) {
            return;
        }
        for (uint32_t i = 0; i < count && bounded; i++) {
            uint32_t n;

            if (!ov_add(&n, ov_le32_get(run->c), i)) {
                (void)stop(m, OV_OUTCOME_DAMAGED);
                return;
            }
            there += member_is_there(m, op, n, &with);
        }
        total += count;
    }
    m->priv_at += runs;
    push(m, bounded ? ov_value_of((enum ov_quant)insn->a, with.quantity, there, total)
                    : ov_value_undefined());
}

/* --- loops ----------------------------------------------------------------------------------- */

static void jump(struct ov_machine *m, uint32_t to)
{
    if (to >= m->priv_code_count) {
        (void)stop(m, OV_OUTCOME_DAMAGED);
        return;
    }
    m->priv_at = to;
}

/* Leaves the innermost loop with its result. */
static void finish_loop(struct ov_machine *m, uint32_t to)
{
    const struct ov_machine_loop *loop = &m->priv_loops[--m->priv_loop_count];

    push(m, ov_value_int(ov_value_loop(loop->wanted, loop->true_count, loop->total)));
    jump(m, to);
}

/* The next string of a set; false: that was all of them. */
static bool next_string(struct ov_machine *m, struct ov_machine_loop *loop)
{
    while (loop->run < loop->runs_end) {
        const struct ov_db_insn *run = run_at(m, loop->run);

        if (run == NULL) {
            return false;
        }
        if (loop->in_run < ov_le16_get(run->b)) {
            if (!ov_add(&loop->string, ov_le32_get(run->c), loop->in_run)) {
                (void)stop(m, OV_OUTCOME_DAMAGED);
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

static void begin_loop(struct ov_machine *m, const struct ov_db_insn *insn)
{
    const uint32_t end = ov_le32_get(insn->c), runs = ov_le16_get(insn->b);
    struct ov_value low = ov_value_undefined(), high = ov_value_undefined();
    struct ov_value quantity = ov_value_undefined();
    struct ov_machine_loop *loop;

    if (insn->op == OV_OP_FOR_RANGE) {
        high = pop(m);
        low = pop(m);
    }
    if (ov_quant_has_value(insn->a)) {
        quantity = pop(m);
    }
    if (m->priv_loop_count >= OV_LOOP_NEST_MAX || insn->a < OV_QUANT_ALL || insn->a > OV_QUANT_COUNT
            || runs > m->priv_code_count - m->priv_at) {
        (void)stop(m, OV_OUTCOME_DAMAGED);
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
            jump(m, loop->body);
        } else {
            finish_loop(m, end);
        }
        break;
    default:
        loop->body = m->priv_at;
        jump(m, end); /* to the items */
        break;
    }
}

static struct ov_machine_loop *innermost(struct ov_machine *m)
{
    if (m->priv_loop_count == 0) {
        (void)stop(m, OV_OUTCOME_DAMAGED);
        return NULL;
    }
    return &m->priv_loops[m->priv_loop_count - 1];
}

/* A body is done. */
static void next_round(struct ov_machine *m, uint32_t end)
{
    struct ov_machine_loop *loop = innermost(m);
    const bool was_true = ov_value_is_true(pop(m));
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
            (void)stop(m, OV_OUTCOME_DAMAGED);
            return;
        }
        loop->in_body = false;
        jump(m, loop->back);
        return;
    }
    if (loop->op == OV_OP_FOR_STRINGS) {
        more = next_string(m, loop);
    } else if (loop->value.integer < loop->last) {
        loop->value.integer++;
        more = true;
    }
    if (more) {
        jump(m, loop->body);
    } else {
        finish_loop(m, end);
    }
}

static void begin_item(struct ov_machine *m)
{
    struct ov_machine_loop *loop = innermost(m);
    const struct ov_value value = pop(m);

    if (loop == NULL || loop->op != OV_OP_FOR_LIST || loop->in_body) {
        (void)stop(m, OV_OUTCOME_DAMAGED);
        return;
    }
    loop->value = value;
    loop->back = m->priv_at;
    loop->in_body = true;
    jump(m, loop->body);
}

static void end_items(struct ov_machine *m)
{
    const struct ov_machine_loop *loop = innermost(m);

    if (loop == NULL || loop->op != OV_OP_FOR_LIST || loop->in_body) {
        (void)stop(m, OV_OUTCOME_DAMAGED);
        return;
    }
    finish_loop(m, m->priv_at);
}

/* --- the rest -------------------------------------------------------------------------------- */

static struct ov_value binary(struct ov_machine *m, enum ov_op op)
{
    const struct ov_value b = pop(m), a = pop(m);

    return charge(m, ov_value_steps(op, a, b)) ? ov_value_binary(op, a, b) : ov_value_undefined();
}

static struct ov_value matches(struct ov_machine *m, uint32_t at)
{
    const struct ov_value v = pop(m);
    const struct ov_bytes all = m->view->sections[OV_DB_REGEXES];
    struct ov_bytes head, program;
    struct ov_le32 len;
    bool found = false;

    if (v.kind != OV_VALUE_TEXT) {
        return ov_value_undefined();
    }
    if (!ov_bytes_slice(all, at, 8, &head)) {
        return stop(m, OV_OUTCOME_DAMAGED);
    }
    memcpy(&len, ov_bytes_raw(head), sizeof(len));
    if (!ov_bytes_slice(all, (uint64_t)at + 8, ov_le32_get(len), &program)) {
        return stop(m, OV_OUTCOME_DAMAGED);
    }
    if (!ov_regex_search(program, v.text, m->budget, &found)) {
        return stop(m, OV_OUTCOME_NO_STEPS);
    }
    return ov_value_int(found);
}

/* and, or: jumps when the value decides. */
static void decide(struct ov_machine *m, enum ov_op op, uint32_t to)
{
    const bool is_true = ov_value_is_true(pop(m));

    if (is_true == (op == OV_OP_OR)) {
        push(m, ov_value_int(is_true));
        jump(m, to);
    }
}

static void run_insn(struct ov_machine *m, const struct ov_db_insn *insn)
{
    const uint32_t c = ov_le32_get(insn->c);

    switch (insn->op) {
    case OV_OP_UNDEFINED:
        push(m, ov_value_undefined());
        break;
    case OV_OP_INT:
        push(m, ov_value_int((int32_t)c));
        break;
    case OV_OP_WIDE:
    case OV_OP_FLOAT:
        push(m, wide(m, c, insn->op == OV_OP_FLOAT));
        break;
    case OV_OP_TEXT:
        push(m, text(m, c));
        break;
    case OV_OP_FILESIZE:
        push(m, ov_value_int((int64_t)m->facts->source->size));
        break;
    case OV_OP_ENTRYPOINT:
        push(m, entry_point(m));
        break;
    case OV_OP_READ:
        push(m, read_object(m, insn->a, pop(m)));
        break;
    case OV_OP_EXTERNAL:
        push(m, external(m, c));
        break;
    case OV_OP_LOCAL:
        push(m, local(m, c));
        break;
    case OV_OP_RULE:
        push(m, did_rule_hold(m, c));
        break;
    case OV_OP_FOUND:
    case OV_OP_FOUND_AT:
    case OV_OP_FOUND_IN:
    case OV_OP_COUNT:
    case OV_OP_COUNT_IN:
    case OV_OP_OFFSET:
    case OV_OP_LENGTH:
        push(m, of_string(m, insn));
        break;
    case OV_OP_NOT:
    case OV_OP_DEFINED:
    case OV_OP_TRUTH:
    case OV_OP_NEGATE:
    case OV_OP_BIT_NOT:
        push(m, ov_value_unary((enum ov_op)insn->op, pop(m)));
        break;
    case OV_OP_MATCHES:
        push(m, matches(m, c));
        break;
    case OV_OP_AND:
    case OV_OP_OR:
        decide(m, (enum ov_op)insn->op, c);
        break;
    case OV_OP_OF:
    case OV_OP_OF_AT:
    case OV_OP_OF_IN:
    case OV_OP_OF_RULES:
        run_of(m, insn);
        break;
    case OV_OP_FOR_RANGE:
    case OV_OP_FOR_STRINGS:
    case OV_OP_FOR_LIST:
        begin_loop(m, insn);
        break;
    case OV_OP_NEXT:
        next_round(m, c);
        break;
    case OV_OP_ITEM:
        begin_item(m);
        break;
    case OV_OP_ITEMS_END:
        end_items(m);
        break;
    default:
        if (insn->op >= OV_OP_ADD && insn->op <= OV_OP_IEQUALS) {
            push(m, binary(m, (enum ov_op)insn->op));
        } else {
            (void)stop(m, OV_OUTCOME_DAMAGED);
        }
        break;
    }
}

/* Finds the rule's code; false: it is not there. */
static bool load(struct ov_machine *m, uint32_t rule)
{
    const struct ov_db_rule *r = ov_db_record(m->view, OV_DB_RULES, rule, sizeof(*r));
    struct ov_bytes code;

    if (r == NULL) {
        return false;
    }
    m->priv_rule = rule;
    m->priv_string_first = ov_le32_get(r->string_first);
    m->priv_string_count = ov_le32_get(r->string_count);
    m->priv_code_count = ov_le32_get(r->code_count);
    if (m->priv_string_count > m->view->counts[OV_DB_STRINGS]
            || m->priv_string_first > m->view->counts[OV_DB_STRINGS] - m->priv_string_count
            || !ov_bytes_slice(m->view->sections[OV_DB_CODE],
                    (uint64_t)ov_le32_get(r->code_first) * sizeof(struct ov_db_insn),
                    (uint64_t)m->priv_code_count * sizeof(struct ov_db_insn), &code)) {
        return false;
    }
    m->priv_code = (const void *)ov_bytes_raw(code);
    return true;
}

/* Ends: every jump goes forward but for those of a loop, each round of which was charged. */
enum ov_outcome ov_machine_run(struct ov_machine *m, uint32_t rule)
{
    m->priv_at = 0;
    m->priv_height = 0;
    m->priv_loop_count = 0;
    m->priv_stop = OV_OUTCOME_FALSE;
    if (!load(m, rule)) {
        return OV_OUTCOME_DAMAGED;
    }
    while (m->priv_stop == OV_OUTCOME_FALSE) {
        const struct ov_db_insn *insn;

        if (m->priv_at >= m->priv_code_count) {
            return OV_OUTCOME_DAMAGED;
        }
        if (!charge(m, 1)) {
            break;
        }
        insn = &m->priv_code[m->priv_at++];
        if (insn->op == OV_OP_END) {
            const bool holds = ov_value_is_true(pop(m));

            return m->priv_stop != OV_OUTCOME_FALSE ? m->priv_stop
                   : holds                          ? OV_OUTCOME_HOLDS
                                                    : OV_OUTCOME_FALSE;
        }
        run_insn(m, insn);
    }
    return m->priv_stop;
}
