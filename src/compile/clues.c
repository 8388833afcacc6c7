/* SPDX-License-Identifier: Apache-2.0 */
/* Clues of all rules to OV_DB_CLUES. Clues that ask for the same fact share one probe; what is
 * written is sorted, so that the same rules give the same bytes. */
#include "compile/clues.h"

#include <string.h>

#include "base/checked.h"
#include "compile/condition.h"

#define HEAD_BYTES 8u /* before the code of a probe: le32 count, 0 */

struct ov_clue_entry {
    uint32_t code; /* in priv_codes */
    uint32_t module;
    bool is_any;
    uint32_t hash;
    uint32_t rule;
    uint32_t size_min;
    uint32_t size_max;
};

void ov_clues_init(struct ov_clues_build *build)
{
    ov_buf_init(&build->priv_codes, UINT32_MAX);
    ov_buf_init(&build->priv_entries, SIZE_MAX);
    ov_intern_init(&build->priv_intern, &build->priv_codes);
}

void ov_clues_done(struct ov_clues_build *build)
{
    ov_intern_done(&build->priv_intern);
    ov_buf_done(&build->priv_entries);
    ov_buf_done(&build->priv_codes);
}

/* --- the code of a probe --------------------------------------------------------------------- */

static uint32_t here(const struct ov_buf *code)
{
    return (uint32_t)((ov_bytes_len(ov_buf_bytes(code)) - HEAD_BYTES) / sizeof(struct ov_db_insn));
}

static void put(struct ov_buf *code, enum ov_op op, unsigned a, uint32_t b, uint32_t c)
{
    const struct ov_db_insn insn = {
        .op = (uint8_t)op,
        .a = (uint8_t)a,
        .b = ov_le16_of((uint16_t)b),
        .c = ov_le32_of(c),
    };

    ov_buf_put(code, &insn, sizeof(insn));
}

static void put_key(struct ov_buf *code, struct ov_intern *texts, struct ov_bytes key)
{
    struct ov_buf whole;

    ov_buf_init(&whole, UINT32_MAX);
    ov_buf_put_u32le(&whole, (uint32_t)ov_bytes_len(key));
    ov_buf_put(&whole, ov_bytes_raw(key), (size_t)ov_bytes_len(key));
    put(code, OV_OP_TEXT, 0, 0, ov_intern_put(texts, ov_buf_bytes(&whole), 1));
    ov_buf_done(&whole);
}

/* for any e1 in module.array : ( for any e2 in e1.array : ( CLUE(e2.field) ) ) */
static void put_probe(struct ov_buf *code, struct ov_intern *texts, const struct ov_clue *clue)
{
    uint32_t loops[OV_LOOP_NEST_MAX], count = 0;

    ov_buf_put_zeros(code, HEAD_BYTES);
    for (uint32_t i = 0; i < clue->step_count; i++) {
        const struct ov_clue_step *step = &clue->steps[i];

        if (step->op == OV_OP_ENTRY_OF) {
            put_key(code, texts, step->key);
        }
        if (step->op != OV_OP_FOR_FIELD) {
            put(code, step->op, 0, 0, step->field);
            continue;
        }
        OV_ASSERT(count < OV_LOOP_NEST_MAX);
        loops[count] = here(code);
        put(code, OV_OP_FOR_FIELD, OV_QUANT_ANY, step->field, 0);
        put(code, OV_OP_LOCAL, 0, 0, count++);
    }
    put(code, OV_OP_CLUE, clue->kind == OV_CLUE_FOLDED ? OV_CLUE_FOLDS : 0, 0, 0);
    while (count > 0) {
        const uint32_t end = here(code) + 1;

        put(code, OV_OP_NEXT, 0, 0, end);
        ov_buf_set_u32le(code,
                HEAD_BYTES + loops[--count] * sizeof(struct ov_db_insn)
                        + offsetof(struct ov_db_insn, c),
                end);
    }
    put(code, OV_OP_END, 0, 0, 0);
    ov_buf_set_u32le(code, 0, here(code));
}

void ov_clues_add(struct ov_clues_build *build, struct ov_intern *texts, const struct ov_clue *clue,
        uint32_t rule, uint32_t size_min, uint32_t size_max)
{
    struct ov_clue_entry entry = {
        .module = clue->steps[0].field,
        .is_any = clue->kind == OV_CLUE_DEFINED,
        .rule = rule,
        .size_min = size_min,
        .size_max = size_max,
    };
    struct ov_buf code;

    ov_buf_init(&code, OV_CONDITION_CODE_MAX);
    put_probe(&code, texts, clue);
    if (!ov_buf_ok(&code)
            || (!entry.is_any
                    && !ov_db_clue_hash(clue->value, clue->kind == OV_CLUE_FOLDED, &entry.hash))) {
        build->priv_failed = true;
    }
    entry.code = ov_intern_put(&build->priv_intern, ov_buf_bytes(&code), HEAD_BYTES);
    ov_buf_put(&build->priv_entries, &entry, sizeof(entry));
    ov_buf_done(&code);
}

/* --- the section ----------------------------------------------------------------------------- */

static int by_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int entry_order(const void *x, const void *y)
{
    const struct ov_clue_entry *p = x, *q = y;
    int c = by_u32(p->code, q->code);

    if (c == 0) {
        c = by_u32(q->is_any, p->is_any);
    }
    if (c == 0) {
        c = by_u32(p->hash, q->hash);
    }
    return c != 0 ? c : by_u32(p->rule, q->rule);
}

struct tables {
    struct ov_buf probes;
    struct ov_buf values;
    struct ov_buf rules;
    uint32_t value_count;
    uint32_t rule_count;
};

static void put_rule(struct tables *t, const struct ov_clue_entry *e)
{
    ov_buf_put_u32le(&t->rules, e->rule);
    t->rule_count++;
}

/* The rules of entries [0, count), which are one value's, each once; returns how many. */
static uint32_t put_rules(struct tables *t, const struct ov_clue_entry *entries, size_t count)
{
    const uint32_t first = t->rule_count;

    for (size_t i = 0; i < count; i++) {
        if (i == 0 || entries[i].rule != entries[i - 1].rule) {
            put_rule(t, &entries[i]);
        }
    }
    return t->rule_count - first;
}

/* One probe's entries: first those that any value wakes, then value by value. */
static void put_values(struct tables *t, const struct ov_clue_entry *entries, size_t count,
        struct ov_db_probe *probe)
{
    const uint32_t value_first = t->value_count;
    size_t any = 0;

    while (any < count && entries[any].is_any) {
        any++;
    }
    probe->any_first = ov_le32_of(t->rule_count);
    probe->any_count = ov_le32_of(put_rules(t, entries, any));
    for (size_t i = any, next; i < count; i = next) {
        struct ov_db_clue_value value = {
            .hash = ov_le32_of(entries[i].hash),
            .first = ov_le32_of(t->rule_count),
        };

        for (next = i; next < count && entries[next].hash == entries[i].hash; next++) {
        }
        value.count = ov_le32_of(put_rules(t, &entries[i], next - i));
        ov_buf_put(&t->values, &value, sizeof(value));
        t->value_count++;
    }
    probe->value_first = ov_le32_of(value_first);
    probe->value_count = ov_le32_of(t->value_count - value_first);
}

static void put_sizes(const struct ov_clue_entry *entries, size_t count, struct ov_db_probe *probe)
{
    uint32_t size_min = UINT32_MAX, size_max = 0;

    for (size_t i = 0; i < count; i++) {
        size_min = entries[i].size_min < size_min ? entries[i].size_min : size_min;
        size_max = entries[i].size_max > size_max ? entries[i].size_max : size_max;
    }
    probe->size_min = ov_le32_of(size_min);
    probe->size_max = ov_le32_of(size_max);
}

/* Puts the probe's code behind that of the rules. */
static void put_code(const struct ov_clues_build *build, uint32_t at, struct ov_intern *codes,
        struct ov_db_probe *probe)
{
    struct ov_reader r = ov_reader_on(ov_buf_bytes(&build->priv_codes));
    struct ov_bytes code;
    uint32_t count = 0, zero;

    if (!ov_read_skip(&r, at) || !ov_read_u32le(&r, &count) || !ov_read_u32le(&r, &zero)
            || !ov_read_bytes(&r, (uint64_t)count * sizeof(struct ov_db_insn), &code)) {
        OV_ASSERT(false); /* ov_clues_add put it there */
        return;
    }
    probe->code_first = ov_le32_of(ov_intern_put(codes, code, sizeof(struct ov_db_insn))
                                   / (uint32_t)sizeof(struct ov_db_insn));
    probe->code_count = ov_le32_of(count);
}

static void put_all(struct tables *t, const struct ov_clues_build *build,
        const struct ov_clue_entry *entries, size_t count, struct ov_intern *codes)
{
    for (size_t i = 0, next; i < count; i = next) {
        struct ov_db_probe probe = { 0 };
        struct ov_guards magics;

        for (next = i; next < count && entries[next].code == entries[i].code; next++) {
        }
        put_code(build, entries[i].code, codes, &probe);
        put_sizes(&entries[i], next - i, &probe);
        put_values(t, &entries[i], next - i, &probe);
        if (!ov_module_magics((enum ov_field)entries[i].module, &magics)) {
            OV_ASSERT(false); /* ov_cond_clue takes no other modules */
        }
        for (uint32_t m = 0; m < magics.count; m++) {
            probe.offset = ov_le16_of((uint16_t)magics.tests[m].offset);
            probe.bytes = ov_le16_of((uint16_t)magics.tests[m].bytes);
            probe.test = ov_le32_of(magics.tests[m].value);
            ov_buf_put(&t->probes, &probe, sizeof(probe));
        }
    }
}

static void put_array(struct ov_buf *section, size_t head, const struct ov_buf *from, size_t size)
{
    const struct ov_bytes items = ov_buf_bytes(from);
    const size_t at = (size_t)ov_bytes_len(ov_buf_bytes(section));

    ov_buf_set_u32le(section, head, (uint32_t)at);
    ov_buf_set_u32le(
            section, head + sizeof(struct ov_le32), (uint32_t)(ov_bytes_len(items) / size));
    ov_buf_put(section, ov_bytes_raw(items), (size_t)ov_bytes_len(items));
}

static bool put_section(const struct tables *t, struct ov_buf *section)
{
    if (!ov_buf_ok(&t->probes) || !ov_buf_ok(&t->values) || !ov_buf_ok(&t->rules)) {
        return false;
    }
    ov_buf_put_zeros(section, sizeof(struct ov_db_clues));
    put_array(
            section, offsetof(struct ov_db_clues, probes), &t->probes, sizeof(struct ov_db_probe));
    put_array(section, offsetof(struct ov_db_clues, values), &t->values,
            sizeof(struct ov_db_clue_value));
    put_array(section, offsetof(struct ov_db_clues, rules), &t->rules, sizeof(struct ov_le32));
    return ov_buf_ok(section);
}

overt_status ov_clues_write(struct ov_clues_build *build, struct ov_intern *codes,
        struct ov_db_writer *writer, overt_error *err)
{
    const struct ov_bytes bytes = ov_buf_bytes(&build->priv_entries);
    const size_t count = (size_t)ov_bytes_len(bytes) / sizeof(struct ov_clue_entry);
    auto_free struct ov_clue_entry *entries = NULL;
    struct tables t = { 0 };
    bool good;

    if (build->priv_failed || !ov_buf_ok(&build->priv_entries)
            || !ov_intern_ok(&build->priv_intern)) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for clues");
    }
    if (count == 0) {
        return OVERT_OK;
    }
    entries = malloc(count * sizeof(*entries));
    if (entries == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for clues");
    }
    memcpy(entries, ov_bytes_raw(bytes), count * sizeof(*entries));
    qsort(entries, count, sizeof(*entries), entry_order);
    ov_buf_init(&t.probes, UINT32_MAX);
    ov_buf_init(&t.values, UINT32_MAX);
    ov_buf_init(&t.rules, UINT32_MAX);
    put_all(&t, build, entries, count, codes);
    good = put_section(&t, &writer->sections[OV_DB_CLUES]);
    ov_buf_done(&t.rules);
    ov_buf_done(&t.values);
    ov_buf_done(&t.probes);
    return good ? OVERT_OK
                : ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "clues of all rules are too large");
}
