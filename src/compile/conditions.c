/* SPDX-License-Identifier: Apache-2.0 */
/* All rules of a set to the sections about rules. A rule that cannot be compiled is left out and
 * named, and so is what refers to it; the others go on. */
#include "compile/conditions.h"

#include <string.h>

#include "base/checked.h"
#include "compile/condition.h"
#include "compile/spaces.h"
#include "db/lists.h"

_Static_assert(OV_DB_RULE_PRIVATE == OV_RULE_PRIVATE, "the same flags");
_Static_assert(OV_DB_RULE_GLOBAL == OV_RULE_GLOBAL, "the same flags");
_Static_assert(OV_DB_RULE_OPEN == OV_RULE_OPEN, "the same flags");

static overt_status no_memory(overt_error *err)
{
    return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for conditions");
}

uint32_t ov_compile_string_base(const struct ov_rule_set *set, size_t rule)
{
    uint64_t base = 0;

    for (size_t r = 0; r < rule; r++) {
        base += set->rules[r].string_count;
    }
    OV_ASSERT(base <= UINT32_MAX);
    return (uint32_t)base;
}

/* --- writing --------------------------------------------------------------------------------- */

struct writing {
    struct ov_cond_context context;
    struct ov_rule_plan *plans;
    struct ov_diags *diags;
    struct ov_db_writer *writer;
    struct ov_intern texts;
    struct ov_intern codes;
    struct ov_intern regexes;
    struct ov_spaces spaces;
    struct ov_groups_build groups;
    struct ov_buf code;  /* of the rule at hand */
    struct ov_buf waits; /* rules of the set that the rule at hand waits for, u32 */
    struct ov_buf found; /* the clues that wake it: pointers */
    struct ov_clues_build clues;
    uint8_t *wakes;   /* which of its strings wake it */
    uint32_t strings; /* so far */
    uint32_t metas;
    uint32_t tags;
    uint32_t rules;
    uint32_t imports;
};

static struct ov_db_span span(struct writing *w, struct ov_bytes text)
{
    return (struct ov_db_span){
        .offset = ov_le32_of(ov_intern_put(&w->texts, text, 1)),
        .bytes = ov_le32_of((uint32_t)ov_bytes_len(text)),
    };
}

/* Metas and externals have the same form. FLOAT: `integer` holds the bits. */
static struct ov_db_datum datum(struct writing *w, struct ov_bytes name, enum ov_type type,
        int64_t integer, struct ov_bytes text)
{
    struct ov_db_datum d = { .name = span(w, name), .value = ov_le64_of((uint64_t)integer) };
    struct ov_db_span where;

    switch (type) {
    case OV_TYPE_BOOL:
        d.type = ov_le32_of(OV_DB_DATUM_BOOL);
        break;
    case OV_TYPE_INT:
        d.type = ov_le32_of(OV_DB_DATUM_INT);
        break;
    case OV_TYPE_FLOAT:
        d.type = ov_le32_of(OV_DB_DATUM_FLOAT);
        break;
    case OV_TYPE_TEXT:
    case OV_TYPE_REGEX:
    case OV_TYPE_NODE:
        d.type = ov_le32_of(OV_DB_DATUM_TEXT);
        where = span(w, text);
        d.value = ov_le64_of(ov_le32_get(where.offset));
        d.text_bytes = where.bytes;
        break;
    }
    return d;
}

static void write_strings(struct writing *w, const struct ov_rule *rule, bool left_out)
{
    for (uint32_t s = 0; s < rule->string_count; s++) {
        const struct ov_string *from = &rule->strings[s];
        const bool wakes = !left_out && w->plans[w->context.rule].needs_wake && w->wakes[s] != 0;
        const struct ov_db_string to = {
            .name = span(w, from->name),
            .rule = ov_le32_of(left_out ? OV_DB_STRING_NO_RULE : w->rules),
            .flags = ov_le32_of((from->flags & OV_DB_STRING_MODIFIERS)
                                | (wakes ? OV_DB_STRING_WAKES : 0)
                                | (from->is_at ? OV_DB_STRING_AT : 0)
                                | (uint32_t)from->kind << OV_DB_STRING_KIND_SHIFT),
            .only_at = ov_le64_of(from->is_at ? (uint64_t)from->only_at : 0),
        };

        ov_buf_put(&w->writer->sections[OV_DB_STRINGS], &to, sizeof(to));
    }
    w->strings += rule->string_count;
}

static void write_metas_and_tags(struct writing *w, const struct ov_rule *rule)
{
    for (uint32_t i = 0; i < rule->meta_count; i++) {
        const struct ov_meta *m = &rule->metas[i];
        const struct ov_db_datum d = datum(w, m->name, m->type, m->integer, m->text);

        ov_buf_put(&w->writer->sections[OV_DB_METAS], &d, sizeof(d));
    }
    for (uint32_t i = 0; i < rule->tag_count; i++) {
        const struct ov_db_span tag = span(w, rule->tags[i]);

        ov_buf_put(&w->writer->sections[OV_DB_TAGS], &tag, sizeof(tag));
    }
    w->metas += rule->meta_count;
    w->tags += rule->tag_count;
}

static void write_rule(struct writing *w, const struct ov_rule *rule)
{
    const struct ov_bytes code = ov_buf_bytes(&w->code);
    const uint32_t at = ov_intern_put(&w->codes, code, sizeof(struct ov_db_insn));
    const struct ov_db_rule to = {
        .name = span(w, rule->name),
        .source = span(w, rule->source),
        .file = span(w, rule->file),
        .line = ov_le32_of(rule->line),
        .space = ov_le32_of(w->spaces.of_rule[w->context.rule]),
        .flags = ov_le32_of(
                rule->flags & (OV_DB_RULE_PRIVATE | OV_DB_RULE_GLOBAL | OV_DB_RULE_OPEN)),
        .code_first = ov_le32_of(at / (uint32_t)sizeof(struct ov_db_insn)),
        .code_count = ov_le32_of((uint32_t)(ov_bytes_len(code) / sizeof(struct ov_db_insn))),
        .string_first = ov_le32_of(w->strings),
        .string_count = ov_le32_of(rule->string_count),
        .meta_first = ov_le32_of(w->metas),
        .meta_count = ov_le32_of(rule->meta_count),
        .tag_first = ov_le32_of(w->tags),
        .tag_count = ov_le32_of(rule->tag_count),
    };

    ov_buf_put(&w->writer->sections[OV_DB_RULES], &to, sizeof(to));
}

static void note_waits(struct writing *w)
{
    struct ov_reader r = ov_reader_on(ov_buf_bytes(&w->waits));
    uint32_t rule;

    while (ov_read_u32le(&r, &rule)) {
        const struct ov_pair pair = { .key = w->plans[rule].number, .item = w->rules };

        ov_buf_put(&w->groups.waits, &pair, sizeof(pair));
    }
}

static void note_clues(struct writing *w, const struct ov_cond *cond)
{
    struct ov_reader r = ov_reader_on(ov_buf_bytes(&w->found));
    struct ov_guards guards;
    struct ov_bytes one;

    ov_cond_guards(cond, &guards);
    while (ov_read_bytes(&r, sizeof(const struct ov_clue *), &one)) {
        const struct ov_clue *clue;

        memcpy(&clue, ov_bytes_raw(one), sizeof(clue));
        ov_clues_add(&w->clues, &w->texts, clue, w->rules, guards.size_min, guards.size_max);
    }
}

static void note_always(struct writing *w, const struct ov_cond *cond)
{
    struct ov_guards guards;

    ov_cond_guards(cond, &guards);
    for (uint32_t i = 0; i < guards.count; i++) {
        const struct ov_always_build entry = {
            .offset = guards.tests[i].offset,
            .bytes = guards.tests[i].bytes,
            .value = guards.tests[i].value,
            .rule = w->rules,
            .size_min = guards.size_min,
            .size_max = guards.size_max,
        };

        ov_buf_put(&w->groups.always, &entry, sizeof(entry));
    }
}

/* When the rule is to be evaluated. */
static void note_needs(struct writing *w, const struct ov_rule *rule, const struct ov_cond *cond)
{
    struct ov_rule_plan *plan = &w->plans[w->context.rule];

    plan->needs_wake = ov_cond_needs_wake(cond);
    if (plan->needs_wake) {
        ov_buf_clear(&w->waits);
        ov_buf_clear(&w->found);
        (void)ov_cond_wakes(&w->context, cond, w->wakes, &w->waits, &w->found);
        note_waits(w);
        note_clues(w, cond);
    } else {
        note_always(w, cond);
    }
    if ((rule->flags & OV_RULE_GLOBAL) != 0) {
        const struct ov_pair pair = {
            .key = w->spaces.of_rule[w->context.rule],
            .item = w->rules,
        };

        ov_buf_put(&w->groups.globals, &pair, sizeof(pair));
    }
}

/* Leaves the rule out, or returns why nothing can go on. */
static overt_status give_up(struct writing *w, const struct ov_rule *rule,
        const struct ov_cond_emit *emit, overt_error *err)
{
    if (emit->status == OVERT_E_NOMEM || emit->status == OVERT_E_INTERNAL) {
        *err = emit->err;
        return emit->status;
    }
    ov_rule_leave_out(&w->plans[w->context.rule], rule, emit->at->line, emit->at->column,
            emit->err.message, w->diags);
    write_strings(w, rule, true);
    return OVERT_OK;
}

static overt_status write_one(struct writing *w, overt_error *err)
{
    const struct ov_rule *rule = &w->context.set->rules[w->context.rule];
    struct ov_rule_plan *plan = &w->plans[w->context.rule];
    struct ov_cond_emit emit = {
        .context = &w->context,
        .texts = &w->texts,
        .regexes = &w->regexes,
        .code = &w->code,
    };
    const struct ov_cond *cond =
            plan->left_out ? NULL : ov_rule_tree(&w->context, w->plans, w->diags);

    if (w->context.out_of_memory) {
        return no_memory(err);
    }
    if (cond == NULL) {
        write_strings(w, rule, true);
        return OVERT_OK;
    }
    ov_buf_clear(&w->code);
    if (!ov_cond_emit(&emit, cond)) {
        return give_up(w, rule, &emit, err);
    }
    plan->number = w->rules;
    note_needs(w, rule, cond);
    write_rule(w, rule);
    write_strings(w, rule, false);
    write_metas_and_tags(w, rule);
    w->rules++;
    return OVERT_OK;
}

static void write_externals(struct writing *w)
{
    const struct ov_rule_set *set = w->context.set;

    for (size_t i = 0; i < set->external_count; i++) {
        const struct ov_external *x = &set->externals[i];
        int64_t bits = x->integer;
        struct ov_db_datum d;

        if (x->type == OV_TYPE_FLOAT) {
            memcpy(&bits, &x->real, sizeof(bits));
        }
        d = datum(w, x->name, x->type, bits, x->text);
        ov_buf_put(&w->writer->sections[OV_DB_EXTERNALS], &d, sizeof(d));
    }
}

/* Those that stand before the rule under way; `r`: its number in the set. */
static void write_imports(struct writing *w, size_t r)
{
    const struct ov_rule_set *set = w->context.set;

    while (w->imports < set->import_count && set->imports[w->imports].rule <= r) {
        const struct ov_db_import to = {
            .module = ov_le32_of(set->imports[w->imports].module),
            .rule = ov_le32_of(w->rules),
        };

        ov_buf_put(&w->writer->sections[OV_DB_IMPORTS], &to, sizeof(to));
        w->imports++;
    }
}

static void write_spaces(struct writing *w)
{
    for (uint32_t i = 0; i < w->spaces.count; i++) {
        const struct ov_db_space to = { .name = span(w, w->spaces.names[i]) };

        ov_buf_put(&w->writer->sections[OV_DB_SPACES], &to, sizeof(to));
    }
}

static void write_lists(struct writing *w)
{
    struct ov_buf *to = &w->writer->sections[OV_DB_LISTS];
    uint32_t count = 0;

    for (const struct ov_list_entry *e = w->context.set->lists; e != NULL; e = e->next, count++) {
        const size_t bytes = (size_t)ov_bytes_len(e->bytes);
        const struct ov_list_head head = {
            .kind = ov_le32_of(e->kind),
            .bytes = ov_le32_of((uint32_t)bytes),
        };

        ov_buf_put(to, &head, sizeof(head));
        ov_buf_put(to, ov_bytes_raw(e->bytes), bytes);
        ov_buf_put(to, "\0\0\0", (4 - bytes % 4) % 4);
    }
    w->writer->counts[OV_DB_LISTS] = count;
}

static overt_status write_all(struct writing *w, overt_error *err)
{
    uint32_t *counts = w->writer->counts;
    overt_status status = OVERT_OK;

    for (size_t r = 0; r < w->context.set->rule_count && status == OVERT_OK; r++) {
        w->context.rule = r;
        write_imports(w, r);
        status = write_one(w, err);
        w->context.string_base += w->context.set->rules[r].string_count;
    }
    if (status != OVERT_OK) {
        return status;
    }
    write_imports(w, w->context.set->rule_count);
    write_externals(w);
    write_spaces(w);
    write_lists(w);
    status = ov_groups_write(&w->groups, w->writer, err);
    if (status == OVERT_OK) {
        status = ov_clues_write(&w->clues, &w->codes, w->writer, err);
    }
    if (status != OVERT_OK) {
        return status;
    }
    counts[OV_DB_RULES] = w->rules;
    counts[OV_DB_METAS] = w->metas;
    counts[OV_DB_TAGS] = w->tags;
    counts[OV_DB_STRINGS] = w->strings;
    counts[OV_DB_SPACES] = w->spaces.count;
    counts[OV_DB_IMPORTS] = w->imports;
    counts[OV_DB_EXTERNALS] = (uint32_t)w->context.set->external_count;
    counts[OV_DB_CODE] = (uint32_t)(ov_bytes_len(ov_buf_bytes(&w->writer->sections[OV_DB_CODE]))
                                    / sizeof(struct ov_db_insn));
    if (!ov_intern_ok(&w->texts) || !ov_intern_ok(&w->codes) || !ov_intern_ok(&w->regexes)
            || !ov_buf_ok(&w->waits) || !ov_buf_ok(&w->found)) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX,
                "the texts or conditions of all rules together are too large, or memory ran out");
    }
    return OVERT_OK;
}

overt_status ov_conditions_write(const struct ov_rule_set *set, struct ov_demands *demands,
        struct ov_diags *diags, struct ov_db_writer *writer, overt_error *err)
{
    struct ov_arena arena;
    struct writing w = {
        .context = { .set = set,
                .plans = demands->plans,
                .costs = demands->costs,
                .arena = &arena },
        .plans = demands->plans,
        .diags = diags,
        .writer = writer,
    };
    uint32_t strings_max = 1;
    overt_status status = OVERT_OK;

    for (size_t r = 0; r < set->rule_count; r++) {
        if (set->rules[r].string_count > strings_max) {
            strings_max = set->rules[r].string_count;
        }
    }
    ov_arena_init(&arena, UINT64_MAX);
    ov_intern_init(&w.texts, &writer->sections[OV_DB_TEXT]);
    ov_intern_init(&w.codes, &writer->sections[OV_DB_CODE]);
    ov_intern_init(&w.regexes, &writer->sections[OV_DB_REGEXES]);
    ov_buf_init(&w.code, OV_CONDITION_CODE_MAX);
    ov_buf_init(&w.waits, SIZE_MAX);
    ov_buf_init(&w.found, SIZE_MAX);
    ov_clues_init(&w.clues);
    ov_buf_init(&w.groups.waits, SIZE_MAX);
    ov_buf_init(&w.groups.always, SIZE_MAX);
    ov_buf_init(&w.groups.globals, SIZE_MAX);
    w.wakes = calloc(strings_max, 1);
    if (w.wakes == NULL || !ov_spaces_find(set, demands->plans, &w.spaces)) {
        status = no_memory(err);
    }
    if (status == OVERT_OK) {
        status = write_all(&w, err);
    }
    free(w.wakes);
    ov_spaces_done(&w.spaces);
    ov_buf_done(&w.groups.globals);
    ov_buf_done(&w.groups.always);
    ov_buf_done(&w.groups.waits);
    ov_clues_done(&w.clues);
    ov_buf_done(&w.found);
    ov_buf_done(&w.waits);
    ov_buf_done(&w.code);
    ov_intern_done(&w.regexes);
    ov_intern_done(&w.codes);
    ov_intern_done(&w.texts);
    ov_arena_done(&arena);
    return status;
}

overt_status ov_compile_conditions(const struct ov_rule_set *set, uint8_t *uses,
        struct ov_diags *diags, struct ov_db_writer *writer, overt_error *err)
{
    OV_CLEANUP(ov_demands_done) struct ov_demands demands = { 0 };
    overt_status status = ov_demands_init(&demands, set, err);
    uint64_t strings = 0;

    if (status == OVERT_OK) {
        status = ov_conditions_plan(set, &demands, diags, err);
    }
    for (size_t r = 0; r < set->rule_count && status == OVERT_OK; r++) {
        strings += set->rules[r].string_count;
    }
    if (status == OVERT_OK) {
        memcpy(uses, demands.uses, (size_t)strings);
        status = ov_conditions_write(set, &demands, diags, writer, err);
    }
    return status;
}
