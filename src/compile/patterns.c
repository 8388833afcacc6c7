/* SPDX-License-Identifier: Apache-2.0 */
/* patterns.c - the strings of all rules to what the matcher reads. Rule text is hostile: whatever
 * is too large becomes an error that names its string. */
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "compile/automaton.h"
#include "compile/byteset.h"
#include "compile/compile.h"
#include "compile/cuts.h"
#include "compile/profiles.h"

/* An atom that is found more often than this is no better than trying every offset. */
#define FIXED_COST_MAX     (OV_SHARE_ONE >> 2)
#define AUTOMATON_COST_MAX (OV_SHARE_ONE >> 4)

_Static_assert(OV_SEQUENCE_BYTES_MAX <= OV_ATOM_BACK_MAX, "sweeps go back far enough");

struct compiler {
    struct ov_db_writer *writer;
    struct ov_tables tables;
    struct ov_arena arena; /* one string's forms */
    struct ov_buf parts;
    struct ov_buf lone;
    struct ov_buf sleepers;         /* one for each rule, and one more */
    struct ov_buf programs;         /* one pattern's, until all of them are there */
    struct ov_sequences *sequences; /* two workspaces, owned */
    uint32_t string_count;
    uint32_t part_count;
    uint32_t pattern_count;
    uint32_t lone_count;
};

/* What is being compiled, and what came of it so far. */
struct subject {
    const struct ov_rule *rule;
    const struct ov_string *string;
    uint32_t number;
    uint32_t rule_number;
    uint8_t use;
    uint8_t phase; /* ov_string_phase */
    uint16_t group;
    uint32_t first_part; /* of this string's chain */
    bool lone;           /* a form of it has no atom */
};

static uint32_t code_end(struct compiler *c)
{
    return (uint32_t)ov_bytes_len(ov_buf_bytes(&c->writer->sections[OV_DB_PATTERN_CODE]));
}

static uint16_t flags_of(const struct subject *subject, const struct ov_form *form)
{
    return (uint16_t)((form->fullword ? OV_PATTERN_FULLWORD : 0)
                      | (subject->phase == OV_PHASE_GATE ? OV_PATTERN_GATE : 0)
                      | (form->wide ? OV_PATTERN_WIDE : 0)
                      | (form->shortest ? OV_PATTERN_SHORTEST : 0)
                      | (form->any_end ? OV_PATTERN_ANY_END : 0)
                      | (form->is_xor ? OV_PATTERN_XOR : 0));
}

static struct ov_db_pattern record_of(
        const struct compiler *c, const struct subject *subject, const struct ov_form *form)
{
    const uint32_t collector = form->part == OV_FORM_UNCHAINED
                                       ? subject->number
                                       : c->string_count + subject->first_part + form->part;

    return (struct ov_db_pattern){
        .kind = form->fixed ? OV_PATTERN_FIXED : OV_PATTERN_AUTOMATON,
        .use = subject->use,
        .string = ov_le32_of(subject->number),
        .collector = ov_le32_of(collector),
        .left = ov_le32_of(OV_PATTERN_NOTHING),
        .left_forward = ov_le32_of(OV_PATTERN_NOTHING),
        .xor_min = form->xor_min,
        .xor_max = form->xor_max,
        .group = ov_le16_of(subject->group),
        .rule = ov_le32_of(subject->rule_number),
    };
}

static void put_pattern(struct compiler *c, struct ov_db_pattern *record, uint16_t flags)
{
    if ((flags & OV_PATTERN_NO_ATOM) != 0) {
        ov_buf_put_u32le(&c->lone, c->pattern_count);
        c->lone_count++;
    }
    record->flags = ov_le16_of(flags);
    ov_buf_put(&c->writer->sections[OV_DB_PATTERNS], record, sizeof(*record));
    c->pattern_count++;
}

static struct ov_atom_target target_of(
        const struct compiler *c, const struct subject *subject, const struct ov_form *form)
{
    return (struct ov_atom_target){
        .pattern = c->pattern_count,
        .string = subject->number,
        .use = subject->use,
        .group = subject->group,
        .xor_min = form->xor_min,
        .xor_max = form->xor_max,
    };
}

/* --- fixed forms ----------------------------------------------------------------------------- */

static void put_fixed_code(
        struct compiler *c, const struct ov_form *form, struct ov_db_pattern *record, bool *masked)
{
    struct ov_buf *code = &c->writer->sections[OV_DB_PATTERN_CODE];
    uint32_t extras = 0;
    uint8_t value, mask;

    *masked = false;
    record->code = ov_le32_of(code_end(c));
    record->length = ov_le32_of((uint32_t)form->count);
    for (size_t i = 0; i < form->count; i++) {
        (void)ov_set_mask(&form->elements[i], &value, &mask);
        *masked |= mask != 0xff;
        ov_buf_put_u8(code, value);
    }
    for (size_t i = 0; i < form->count && *masked; i++) {
        (void)ov_set_mask(&form->elements[i], &value, &mask);
        ov_buf_put_u8(code, mask);
    }
    for (size_t i = 0; i < form->count && *masked; i++) {
        if (ov_set_mask(&form->elements[i], &value, &mask)) {
            continue;
        }
        extras++;
        ov_buf_put_u32le(code, (uint32_t)i);
        for (size_t word = 0; word < 4; word++) {
            ov_buf_put_u64le(code, form->elements[i].bits[word]);
        }
    }
    record->extras = ov_le32_of(extras);
}

static bool has_empty_set(const struct ov_form *form)
{
    for (size_t i = 0; i < form->count; i++) {
        if (ov_set_count(&form->elements[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void compile_fixed(struct compiler *c, struct subject *subject, const struct ov_form *form)
{
    struct ov_db_pattern record = record_of(c, subject, form);
    const struct ov_atom_target target = target_of(c, subject, form);
    uint16_t flags = flags_of(subject, form);
    struct ov_place place;
    bool chosen, masked;

    if (has_empty_set(form)) {
        return; /* a class of nothing: it cannot match */
    }
    chosen = form->is_xor ? ov_atom_choose_xor(&c->tables, form->elements, form->count, &place)
                          : ov_atom_choose(&c->tables, form->elements, form->count, &place);
    chosen = chosen && place.cost <= FIXED_COST_MAX;
    if (chosen && form->is_xor) {
        ov_atom_enter_xor(&c->tables, form->elements, form->count, &place, &target);
    } else if (chosen) {
        ov_atom_enter(&c->tables, form->elements, form->count, &place, &target);
    }
    subject->lone |= !chosen;
    put_fixed_code(c, form, &record, &masked);
    flags = (uint16_t)(flags | (masked ? OV_PATTERN_MASKED : 0)
                       | (chosen ? 0 : OV_PATTERN_NO_ATOM));
    put_pattern(c, &record, flags);
}

/* --- automata -------------------------------------------------------------------------------- */

/* The cheapest cut and (in c->sequences[0]) what stands behind it. False: none is good enough. */
static bool choose_cut(
        struct compiler *c, const struct ov_form *form, size_t *cut, bool *out_of_memory)
{
    uint64_t cost;

    if (!ov_cut_choose(&c->tables, form, c->sequences, cut, &cost)) {
        *out_of_memory = true;
        return false;
    }
    return cost <= AUTOMATON_COST_MAX;
}

static uint32_t programs_end(const struct compiler *c, uint32_t base)
{
    return base + (uint32_t)ov_bytes_len(ov_buf_bytes(&c->programs));
}

/* All of a pattern's programs or none: code without a pattern would not pass verification. */
static overt_status put_programs(struct compiler *c, const struct ov_form *form, size_t cut,
        struct ov_db_pattern *record, overt_error *err)
{
    struct ov_buf *code = &c->writer->sections[OV_DB_PATTERN_CODE];
    struct ov_automaton_options options = {
        .nocase = form->nocase, .wide = form->wide, .reach = true
    };
    const uint32_t base = code_end(c);
    overt_status status;

    ov_buf_clear(&c->programs);
    record->code = ov_le32_of(base);
    status = ov_automaton_append(
            form->items + cut, form->item_count - cut, &options, &c->programs, err);
    if (status == OVERT_OK && cut != 0) {
        record->left_forward = ov_le32_of(programs_end(c, base));
        status = ov_automaton_append(form->items, cut, &options, &c->programs, err);
    }
    if (status == OVERT_OK && cut != 0) {
        options.backward = true;
        record->left = ov_le32_of(programs_end(c, base));
        status = ov_automaton_append(form->items, cut, &options, &c->programs, err);
    }
    if (status == OVERT_OK && !ov_buf_ok(&c->programs)) {
        status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a string");
    }
    if (status == OVERT_OK) {
        const struct ov_bytes programs = ov_buf_bytes(&c->programs);

        ov_buf_put(code, ov_bytes_raw(programs), (size_t)ov_bytes_len(programs));
    }
    return status;
}

static overt_status compile_automaton(
        struct compiler *c, struct subject *subject, const struct ov_form *form, overt_error *err)
{
    struct ov_db_pattern record = record_of(c, subject, form);
    const struct ov_atom_target target = target_of(c, subject, form);
    uint16_t flags = flags_of(subject, form);
    bool chosen, out_of_memory = false;
    size_t cut = 0;
    overt_status status;

    chosen = choose_cut(c, form, &cut, &out_of_memory);
    if (out_of_memory) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a string");
    }
    cut = chosen ? cut : 0;
    subject->lone |= !chosen;
    status = put_programs(c, form, cut, &record, err);
    if (status != OVERT_OK) {
        return status;
    }
    for (uint32_t i = 0; i < c->sequences[0].count && chosen; i++) {
        const struct ov_sequence *seq = &c->sequences[0].items[i];
        struct ov_place place;

        if (ov_atom_choose(&c->tables, seq->sets, seq->count, &place)) {
            ov_atom_enter(&c->tables, seq->sets, seq->count, &place, &target);
        }
    }
    put_pattern(c, &record, (uint16_t)(flags | (chosen ? 0 : OV_PATTERN_NO_ATOM)));
    return OVERT_OK;
}

/* --- strings --------------------------------------------------------------------------------- */

static void put_parts(
        struct compiler *c, const struct subject *subject, const struct ov_forms *forms)
{
    for (uint32_t i = 0; i < forms->part_count; i++) {
        const bool tail = i + 1 == forms->part_count;
        const struct ov_db_part part = {
            .string = ov_le32_of(subject->number),
            .gap_min = ov_le32_of(tail ? 0 : forms->gaps[i].min),
            .gap_max = ov_le32_of(tail ? 0 : forms->gaps[i].max),
            .flags = (uint8_t)((i == 0 ? OV_PART_HEAD : 0) | (tail ? OV_PART_TAIL : 0)),
            .use = subject->use,
        };

        ov_buf_put(&c->parts, &part, sizeof(part));
        c->part_count++;
    }
}

static overt_status compile_string(struct compiler *c, struct subject *subject, overt_error *err)
{
    struct ov_forms forms;
    overt_status status = ov_forms_of(subject->string, &c->arena, &forms, err);

    if (status != OVERT_OK) {
        return status;
    }
    subject->first_part = c->part_count;
    put_parts(c, subject, &forms);
    for (size_t i = 0; i < forms.count && status == OVERT_OK; i++) {
        if (forms.items[i].fixed) {
            compile_fixed(c, subject, &forms.items[i]);
        } else {
            status = compile_automaton(c, subject, &forms.items[i], err);
        }
    }
    return status;
}

static void tell_slow(const struct subject *subject, struct ov_diags *diags)
{
    const struct ov_bytes name = subject->string->name;

    if (subject->lone && !diags->as_yara) {
        ov_diag_add(diags, OV_DIAG_WARNING, subject->rule->file, subject->rule->name,
                subject->string->line, subject->string->column,
                "string \"%.*s\" is slow: nothing rare is in it for certain, so it is tried at "
                "every offset",
                (int)ov_bytes_len(name), (const char *)ov_bytes_raw(name));
    }
}

/* A problem with the string is told and the string left out; running out of memory ends all. */
static overt_status compile_subject(
        struct compiler *c, struct subject *subject, struct ov_diags *diags, overt_error *err)
{
    const struct ov_string *string = subject->string;
    overt_error why = OVERT_ERROR_INIT;
    const overt_status status = compile_string(c, subject, &why);

    ov_arena_reset(&c->arena);
    if (status == OVERT_OK) {
        tell_slow(subject, diags);
        return OVERT_OK;
    }
    if (status == OVERT_E_NOMEM) {
        *err = why;
        return status;
    }
    ov_diag_add(diags, OV_DIAG_ERROR, subject->rule->file, subject->rule->name, string->line,
            string->column, "string \"%.*s\": %s", (int)ov_bytes_len(string->name),
            (const char *)ov_bytes_raw(string->name), why.message);
    return OVERT_OK;
}

/* `guard` NULL: whatever the object. */
static void put_sleeper(struct compiler *c, const struct ov_db_sleeper *guard, uint32_t first)
{
    struct ov_db_sleeper sleeper = { .size_max = ov_le32_of(UINT32_MAX) };

    if (guard != NULL) {
        sleeper = *guard;
    }
    sleeper.first_string = ov_le32_of(first);
    ov_buf_put(&c->sleepers, &sleeper, sizeof(sleeper));
}

static overt_status compile_all(struct compiler *c, const struct ov_rule_set *set,
        const uint8_t *uses, const uint8_t *phases, const struct ov_waits *waits,
        const struct ov_profiles *profiles, struct ov_diags *diags, overt_error *err)
{
    uint32_t number = 0;

    for (size_t r = 0; r < set->rule_count; r++) {
        put_sleeper(c, waits == NULL ? NULL : &waits->guards[r], number);
        for (uint32_t s = 0; s < set->rules[r].string_count; s++, number++) {
            const uint8_t phase = phases == NULL ? OV_PHASE_ALWAYS : phases[number];
            struct subject subject = {
                .rule = &set->rules[r],
                .string = &set->rules[r].strings[s],
                .number = number,
                .use = uses[number],
                .phase = phase,
                .group = ov_profiles_group(profiles, r, phase == OV_PHASE_LATER),
                .rule_number = (uint32_t)r,
            };
            const overt_status status = compile_subject(c, &subject, diags, err);

            if (status != OVERT_OK) {
                return status;
            }
        }
    }
    put_sleeper(c, NULL, number);
    return OVERT_OK;
}

static overt_status write_out(struct compiler *c, const struct ov_profiles *profiles,
        const struct ov_waits *waits, overt_error *err)
{
    struct ov_db_writer *writer = c->writer;
    struct ov_db_filters filters = {
        .string_count = ov_le32_of(c->string_count),
        .part_count = ov_le32_of(c->part_count),
        .lone_count = ov_le32_of(c->lone_count),
    };

    writer->counts[OV_DB_PATTERNS] = c->pattern_count;
    if (!ov_buf_ok(&writer->sections[OV_DB_PATTERNS])
            || !ov_buf_ok(&writer->sections[OV_DB_PATTERN_CODE]) || !ov_buf_ok(&c->parts)
            || !ov_buf_ok(&c->lone) || !ov_buf_ok(&c->sleepers)) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the patterns");
    }
    if (ov_bytes_len(ov_buf_bytes(&writer->sections[OV_DB_PATTERN_CODE])) >= UINT32_MAX) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "the patterns need more than 4 GiB");
    }
    return ov_tables_write(&c->tables, profiles, &filters, ov_buf_bytes(&c->parts),
            ov_buf_bytes(&c->lone), ov_buf_bytes(&c->sleepers),
            waits == NULL ? ov_bytes_of(NULL, 0) : waits->signs, writer, err);
}

static overt_status count_strings(const struct ov_rule_set *set, uint32_t *count, overt_error *err)
{
    *count = 0;
    for (size_t r = 0; r < set->rule_count; r++) {
        /* Parts of chains are numbered behind the strings, so half the numbers are kept free. */
        if (!ov_add(count, *count, set->rules[r].string_count) || *count > INT32_MAX) {
            return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "too many strings in one database");
        }
    }
    return OVERT_OK;
}

overt_status ov_compile_patterns(const struct ov_rule_set *set, const uint8_t *uses,
        const uint8_t *phases, const struct ov_waits *waits, const struct ov_profiles *profiles,
        struct ov_diags *diags, struct ov_db_writer *writer, overt_error *err)
{
    struct compiler c = { .writer = writer };
    OV_CLEANUP(ov_profiles_done) struct ov_profiles open = { 0 };
    overt_status status = count_strings(set, &c.string_count, err);

    if (status == OVERT_OK && profiles == NULL) {
        status = ov_profiles_init(&open, set, NULL, NULL, err);
        profiles = &open;
    }
    if (status != OVERT_OK) {
        return status;
    }
    ov_arena_init(&c.arena, UINT64_MAX);
    ov_buf_init(&c.parts, SIZE_MAX);
    ov_buf_init(&c.lone, SIZE_MAX);
    ov_buf_init(&c.sleepers, SIZE_MAX);
    ov_buf_init(&c.programs, SIZE_MAX);
    status = ov_tables_init(&c.tables, c.string_count, err);
    c.sequences = calloc(2, sizeof(*c.sequences));
    if (status == OVERT_OK && c.sequences == NULL) {
        status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the patterns");
    }
    if (status == OVERT_OK) {
        status = compile_all(&c, set, uses, phases, waits, profiles, diags, err);
    }
    if (status == OVERT_OK) {
        status = write_out(&c, profiles, waits, err);
    }
    free(c.sequences);
    ov_tables_done(&c.tables);
    ov_buf_done(&c.programs);
    ov_buf_done(&c.sleepers);
    ov_buf_done(&c.lone);
    ov_buf_done(&c.parts);
    ov_arena_done(&c.arena);
    return status;
}
