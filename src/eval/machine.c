/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/machine.h"

#include <string.h>

#include "base/checked.h"
#include "db/rules.h"
#include "eval/inside.h"
#include "match/regex.h"

struct ov_value ov_machine_stop(struct ov_machine *m, enum ov_outcome outcome)
{
    if (m->priv_stop == OV_OUTCOME_FALSE) {
        m->priv_stop = outcome;
    }
    return ov_value_undefined();
}

void ov_machine_push(struct ov_machine *m, struct ov_value v)
{
    if (m->priv_height >= OV_CONDITION_STACK_MAX) {
        (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        return;
    }
    m->priv_values[m->priv_height++] = v;
}

struct ov_value ov_machine_pop(struct ov_machine *m)
{
    if (m->priv_height == 0) {
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
    }
    return m->priv_values[--m->priv_height];
}

bool ov_machine_charge(struct ov_machine *m, uint64_t steps)
{
    if (ov_budget_steps(m->budget, steps)) {
        return true;
    }
    (void)ov_machine_stop(m, OV_OUTCOME_NO_STEPS);
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
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
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
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
    }
    memcpy(&le, ov_bytes_raw(b), sizeof(le));
    if (!ov_db_text(m->view, (uint64_t)at + sizeof(le), ov_le32_get(le), &b)) {
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
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
        m->facts->asked.used |= OV_USED_VALUES;
        return *given;
    }
    if (!ov_db_external_read(m->view, number, &info)) {
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
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
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
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

    if (!ov_machine_charge(m, 64) || !ov_facts_entry(m->facts, &at)) {
        return ov_value_undefined();
    }
    return ov_value_int((int64_t)at);
}

struct ov_value ov_machine_rule_held(struct ov_machine *m, uint32_t rule)
{
    if (rule >= m->priv_rule) {
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
    }
    if (ov_bits_has(m->open, rule)) {
        return ov_machine_stop(m, OV_OUTCOME_WAITS);
    }
    return ov_value_int(ov_bits_has(m->held, rule));
}

void ov_machine_jump(struct ov_machine *m, uint32_t to)
{
    if (to >= m->priv_code_count) {
        (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        return;
    }
    m->priv_at = to;
}

const struct ov_db_insn *ov_machine_set_run(struct ov_machine *m, uint32_t at)
{
    if (at >= m->priv_code_count || m->priv_code[at].op != OV_OP_RUN) {
        (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        return NULL;
    }
    return &m->priv_code[at];
}

/* --- the rest -------------------------------------------------------------------------------- */

static struct ov_value binary(struct ov_machine *m, enum ov_op op)
{
    const struct ov_value b = ov_machine_pop(m), a = ov_machine_pop(m);

    return ov_machine_charge(m, ov_value_steps(op, a, b)) ? ov_value_binary(op, a, b)
                                                          : ov_value_undefined();
}

struct ov_value ov_machine_search(struct ov_machine *m, uint32_t place, struct ov_bytes in)
{
    const struct ov_bytes all = m->view->sections[OV_DB_REGEXES];
    struct ov_bytes head, program;
    struct ov_le32 len;
    bool found = false;

    if (!ov_bytes_slice(all, place, 8, &head)) {
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
    }
    memcpy(&len, ov_bytes_raw(head), sizeof(len));
    if (!ov_bytes_slice(all, (uint64_t)place + 8, ov_le32_get(len), &program)) {
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
    }
    if (!ov_regex_search(program, in, m->budget, &found)) {
        return ov_machine_stop(m, OV_OUTCOME_NO_STEPS);
    }
    return ov_value_int(found);
}

static struct ov_value matches(struct ov_machine *m, uint32_t place)
{
    const struct ov_value v = ov_machine_pop(m);

    return v.kind == OV_VALUE_TEXT ? ov_machine_search(m, place, v.text) : ov_value_undefined();
}

/* and, or: jumps when the value decides. */
static void decide(struct ov_machine *m, enum ov_op op, uint32_t to)
{
    const bool is_true = ov_value_is_true(ov_machine_pop(m));

    if (is_true == (op == OV_OP_OR)) {
        ov_machine_push(m, ov_value_int(is_true));
        ov_machine_jump(m, to);
    }
}

static bool text_at(struct ov_machine *m, uint32_t at, struct ov_bytes *out)
{
    const struct ov_value v = text(m, at);

    if (v.kind != OV_VALUE_TEXT) {
        return false;
    }
    *out = v.text;
    return true;
}

static struct ov_value compare(struct ov_machine *m, uint32_t at)
{
    const struct ov_value start = ov_machine_pop(m);
    struct ov_bytes record;

    if (!text_at(m, at, &record) || !ov_machine_charge(m, 16)) {
        return ov_value_int(0);
    }
    if (ov_clam_is_count(record)) {
        return ov_machine_clam_count(m, record);
    }
    return ov_clam_compare(m->facts->source, record, start);
}

static struct ov_value pcre(struct ov_machine *m, uint32_t at)
{
    const struct ov_value start = ov_machine_pop(m);
    const struct ov_clam_pcre_subject subject = {
        .source = m->facts->source,
        .name = m->object != NULL && m->object->is_member ? m->object->member_name
                                                          : ov_bytes_of(NULL, 0),
        .bytes_max = m->object == NULL ? 0 : m->object->pcre_bytes_max,
        .matches_max = m->object == NULL ? 0 : m->object->pcre_matches_max,
        .depth_max = m->object == NULL ? 0 : m->object->pcre_depth_max,
    };
    struct ov_bytes record;
    uint64_t count = 0;

    if (m->pcre == NULL) {
        m->pcre = ov_clam_pcre_new();
        if (m->pcre == NULL) {
            m->unfinished = OV_REASON_MEMORY;
            return ov_value_int(0);
        }
    }
    if (!text_at(m, at, &record)) {
        return ov_value_int(0);
    }
    switch (ov_clam_pcre_count(m->pcre, &subject, record, at, start, m->budget, &count)) {
    case OV_PCRE_DONE:
        break;
    case OV_PCRE_LIMIT:
        m->unfinished = OV_REASON_STEPS;
        break;
    case OV_PCRE_MEMORY:
        m->unfinished = OV_REASON_MEMORY;
        break;
    case OV_PCRE_BAD:
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
    }
    return ov_value_int((int64_t)count);
}

static void run_insn(struct ov_machine *m, const struct ov_db_insn *insn)
{
    const uint32_t c = ov_le32_get(insn->c);

    switch (insn->op) {
    case OV_OP_UNDEFINED:
        ov_machine_push(m, ov_value_undefined());
        break;
    case OV_OP_INT:
        ov_machine_push(m, ov_value_int((int32_t)c));
        break;
    case OV_OP_WIDE:
    case OV_OP_FLOAT:
        ov_machine_push(m, wide(m, c, insn->op == OV_OP_FLOAT));
        break;
    case OV_OP_TEXT:
        ov_machine_push(m, text(m, c));
        break;
    case OV_OP_FILESIZE:
        ov_machine_push(m, m->facts->source->is_memory
                                   ? ov_value_undefined()
                                   : ov_value_int((int64_t)m->facts->source->size));
        break;
    case OV_OP_ENTRYPOINT:
        ov_machine_push(m, entry_point(m));
        break;
    case OV_OP_READ:
        ov_machine_push(m, read_object(m, insn->a, ov_machine_pop(m)));
        break;
    case OV_OP_EXTERNAL:
        ov_machine_push(m, external(m, c));
        break;
    case OV_OP_LOCAL:
        ov_machine_push(m, ov_machine_local(m, insn));
        break;
    case OV_OP_RULE:
        ov_machine_push(m, ov_machine_rule_held(m, c));
        break;
    case OV_OP_FOUND:
    case OV_OP_FOUND_AT:
    case OV_OP_FOUND_IN:
    case OV_OP_COUNT:
    case OV_OP_COUNT_IN:
    case OV_OP_OFFSET:
    case OV_OP_LENGTH:
        ov_machine_push(m, ov_machine_of_string(m, insn));
        break;
    case OV_OP_NOT:
    case OV_OP_DEFINED:
    case OV_OP_TRUTH:
    case OV_OP_NEGATE:
    case OV_OP_BIT_NOT:
        ov_machine_push(m, ov_value_unary((enum ov_op)insn->op, ov_machine_pop(m)));
        break;
    case OV_OP_MATCHES:
        ov_machine_push(m, matches(m, c));
        break;
    case OV_OP_OBJECT:
        ov_machine_push(m, ov_machine_charge(m, 4)
                                   ? ov_clam_fact(m->object, m->facts->source, insn->a, c)
                                   : ov_value_undefined());
        break;
    case OV_OP_PCRE:
        ov_machine_push(m, pcre(m, c));
        break;
    case OV_OP_COMPARE:
        ov_machine_push(m, compare(m, c));
        break;
    case OV_OP_AND:
    case OV_OP_OR:
        decide(m, (enum ov_op)insn->op, c);
        break;
    case OV_OP_OF:
    case OV_OP_OF_AT:
    case OV_OP_OF_IN:
    case OV_OP_OF_RULES:
        ov_machine_of_set(m, insn);
        break;
    case OV_OP_FOR_RANGE:
    case OV_OP_FOR_STRINGS:
    case OV_OP_FOR_LIST:
    case OV_OP_FOR_FIELD:
        ov_machine_begin_loop(m, insn);
        break;
    case OV_OP_CLUE:
        ov_machine_push(m, ov_machine_clue(m, insn->a, ov_machine_pop(m)));
        break;
    case OV_OP_NEXT:
        ov_machine_next_round(m, c);
        break;
    case OV_OP_ITEM:
        ov_machine_begin_item(m);
        break;
    case OV_OP_ITEMS_END:
        ov_machine_end_items(m);
        break;
    case OV_OP_MODULE:
    case OV_OP_FIELD:
    case OV_OP_ITEM_OF:
    case OV_OP_ENTRY_OF:
    case OV_OP_PATTERN:
    case OV_OP_CALL:
        ov_machine_push(m, ov_machine_of_module(m, insn));
        break;
    default:
        if (insn->op >= OV_OP_ADD && insn->op <= OV_OP_IEQUALS) {
            ov_machine_push(m, binary(m, (enum ov_op)insn->op));
        } else {
            (void)ov_machine_stop(m, OV_OUTCOME_DAMAGED);
        }
        break;
    }
}

/* Finds code; false: it is not there. */
static bool load_code(struct ov_machine *m, struct ov_le32 first, struct ov_le32 count)
{
    struct ov_bytes code;

    m->priv_code_count = ov_le32_get(count);
    if (!ov_bytes_slice(m->view->sections[OV_DB_CODE],
                (uint64_t)ov_le32_get(first) * sizeof(struct ov_db_insn),
                (uint64_t)m->priv_code_count * sizeof(struct ov_db_insn), &code)) {
        return false;
    }
    m->priv_code = (const void *)ov_bytes_raw(code);
    return true;
}

static bool load(struct ov_machine *m, uint32_t rule)
{
    const struct ov_db_rule *r = ov_db_record(m->view, OV_DB_RULES, rule, sizeof(*r));

    if (r == NULL) {
        return false;
    }
    m->priv_rule = rule;
    m->priv_string_first = ov_le32_get(r->string_first);
    m->priv_string_count = ov_le32_get(r->string_count);
    return m->priv_string_count <= m->view->counts[OV_DB_STRINGS]
           && m->priv_string_first <= m->view->counts[OV_DB_STRINGS] - m->priv_string_count
           && load_code(m, r->code_first, r->code_count);
}

/* Ends: every jump goes forward but for those of a loop, each round of which was charged. */
static enum ov_outcome run(struct ov_machine *m)
{
    m->priv_at = 0;
    m->priv_height = 0;
    m->priv_loop_count = 0;
    m->priv_stop = OV_OUTCOME_FALSE;
    while (m->priv_stop == OV_OUTCOME_FALSE) {
        const struct ov_db_insn *insn;

        if (m->priv_at >= m->priv_code_count) {
            return OV_OUTCOME_DAMAGED;
        }
        if (!ov_machine_charge(m, 1)) {
            break;
        }
        insn = &m->priv_code[m->priv_at++];
        if (insn->op == OV_OP_END) {
            const bool holds = ov_value_is_true(ov_machine_pop(m));

            return m->priv_stop != OV_OUTCOME_FALSE ? m->priv_stop
                   : holds                          ? OV_OUTCOME_HOLDS
                                                    : OV_OUTCOME_FALSE;
        }
        run_insn(m, insn);
    }
    return m->priv_stop;
}

enum ov_outcome ov_machine_run(struct ov_machine *m, uint32_t rule)
{
    return load(m, rule) ? run(m) : OV_OUTCOME_DAMAGED;
}

enum ov_outcome ov_machine_run_probe(struct ov_machine *m)
{
    m->priv_rule = 0; /* a probe asks for no rules and no strings */
    m->priv_string_first = 0;
    m->priv_string_count = 0;
    return load_code(m, m->probe->code_first, m->probe->code_count) ? run(m) : OV_OUTCOME_DAMAGED;
}
