/* SPDX-License-Identifier: Apache-2.0 */
/* matcher.c - a matcher's life: the sections are opened and their ends checked once, objects come
 * and go. The database may have been made by anyone. */
#include <string.h>

#include "base/checked.h"
#include "match/inside.h"

static overt_status corrupt(overt_error *err, const char *what)
{
    return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the database's %s are not all there", what);
}

static bool section_part(const struct ov_db_view *view, enum ov_db_section_id id,
        struct ov_le64 offset, uint64_t count, size_t size, const void **out)
{
    struct ov_bytes part;
    uint64_t bytes;

    if (!ov_mul(&bytes, count, (uint64_t)size)
            || !ov_bytes_slice(view->sections[id], ov_le64_get(offset), bytes, &part)) {
        return false;
    }
    *out = ov_bytes_raw(part);
    return true;
}

static overt_status open_pass(const struct ov_db_view *view, const struct ov_db_pass *from,
        struct ov_pass *pass, overt_error *err)
{
    const unsigned bucket_bits = from->bucket_bits;
    const void *buckets, *atoms, *grams;

    if (!ov_pass_is_known(from) || bucket_bits < OV_BUCKET_BITS_MIN
            || bucket_bits > OV_BUCKET_BITS_MAX) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the database has a pass of unknown kind");
    }
    if (!section_part(view, OV_DB_ATOMS, from->buckets, (UINT64_C(1) << bucket_bits) + 1,
                sizeof(struct ov_le32), &buckets)
            || !section_part(view, OV_DB_ATOMS, from->atoms, ov_le32_get(from->atom_count),
                    sizeof(struct ov_db_atom), &atoms)
            || !section_part(view, OV_DB_ATOMS, from->grams, ov_le32_get(from->atom_count),
                    sizeof(struct ov_db_gram), &grams)) {
        return corrupt(err, "atoms");
    }
    *pass = (struct ov_pass){
        .kind = from->kind,
        .stride = from->stride,
        .width = from->width,
        .bucket_shift = 64 - bucket_bits,
        .bucket_hash = ov_le64_get(from->bucket_hash),
        .buckets = buckets,
        .atoms = atoms,
        .grams = grams,
        .atom_count = ov_le32_get(from->atom_count),
    };
    return OVERT_OK;
}

static overt_status open_sections(
        struct ov_matcher *m, const struct ov_db_view *view, overt_error *err)
{
    struct ov_db_filters filters;
    struct ov_bytes part;
    const void *parts, *lone, *rules;
    uint64_t bytes;

    if (ov_bytes_len(view->sections[OV_DB_FILTERS]) == 0) {
        return OVERT_OK; /* a database without strings */
    }
    if (!ov_bytes_slice(view->sections[OV_DB_FILTERS], 0, sizeof(filters), &part)) {
        return corrupt(err, "filters");
    }
    memcpy(&filters, ov_bytes_raw(part), sizeof(filters));
    m->string_count = ov_le32_get(filters.string_count);
    m->part_count = ov_le32_get(filters.part_count);
    m->lone_count = ov_le32_get(filters.lone_count);
    m->pass_count = ov_le32_get(filters.pass_count);
    m->pattern_count = view->counts[OV_DB_PATTERNS];
    if (!ov_mul(&bytes, (uint64_t)m->pattern_count, sizeof(struct ov_db_pattern))
            || !ov_bytes_slice(view->sections[OV_DB_PATTERNS], 0, bytes, &m->patterns)
            || m->string_count > INT32_MAX || m->part_count > INT32_MAX
            || m->pass_count > OV_PASSES_MAX) {
        return corrupt(err, "patterns");
    }
    m->code = view->sections[OV_DB_PATTERN_CODE];
    m->rule_count = ov_le32_get(filters.rule_count);
    if (m->rule_count > INT32_MAX
            || !section_part(view, OV_DB_FILTERS, filters.rules, (uint64_t)m->rule_count + 1,
                    sizeof(*m->rules), &rules)) {
        return corrupt(err, "rules' strings");
    }
    m->rules = rules;
    if (!ov_profiles_open(m, view, &filters)) {
        return corrupt(err, "profiles");
    }
    if (!ov_signs_open(m, view, &filters)) {
        return corrupt(err, "signs");
    }
    if (!section_part(view, OV_DB_FILTERS, filters.parts, m->part_count, sizeof(struct ov_db_part),
                &parts)
            || !section_part(view, OV_DB_FILTERS, filters.lone, m->lone_count,
                    sizeof(struct ov_le32), &lone)) {
        return corrupt(err, "filters");
    }
    m->parts = parts;
    m->lone = lone;
    for (uint32_t i = 0; i < m->pass_count; i++) {
        const overt_status status = open_pass(view, &filters.passes[i], &m->passes[i], err);

        if (status != OVERT_OK) {
            return status;
        }
    }
    return OVERT_OK;
}

/* Zeroed, and counted against what the matcher may use. */
static void *take(uint64_t *left, uint64_t count, size_t size)
{
    uint64_t bytes;

    if (!ov_mul(&bytes, count + 1, (uint64_t)size) || bytes > *left) {
        return NULL;
    }
    *left -= bytes;
    return calloc((size_t)(count + 1), size);
}

static bool make_scratch(struct ov_matcher *m, uint64_t memory_max)
{
    uint64_t left = memory_max;

    m->slots = take(&left, (uint64_t)m->string_count + m->part_count, sizeof(*m->slots));
    m->spent = take(&left, m->pattern_count, sizeof(*m->spent));
    m->spent_on = take(&left, m->pattern_count, sizeof(*m->spent_on));
    m->awake = take(&left, m->string_count / 64 + 1, sizeof(*m->awake));
    m->awake_rules = take(&left, m->rule_count, sizeof(*m->awake_rules));
    m->gates_found = take(&left, m->rule_count, sizeof(*m->gates_found));
    m->waiting_rules = take(&left, m->rule_count, sizeof(*m->waiting_rules));
    m->signs_found = take(&left, m->sign_count / 64, sizeof(*m->signs_found));
    if (m->slots == NULL || m->spent == NULL || m->spent_on == NULL || m->awake == NULL
            || m->awake_rules == NULL || m->gates_found == NULL || m->waiting_rules == NULL
            || m->signs_found == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < m->pass_count; i++) {
        const uint64_t words = (UINT64_C(1) << (64 - m->passes[i].bucket_shift)) / 64 + 1;

        m->passes[i].dead = take(&left, words, sizeof(*m->passes[i].dead));
        m->passes[i].dead_words = take(&left, words, sizeof(*m->passes[i].dead_words));
        if (m->passes[i].dead == NULL || m->passes[i].dead_words == NULL) {
            return false;
        }
    }
    ov_arena_init(&m->arena, left);
    return true;
}

overt_status ov_matcher_new(struct ov_matcher **out, const struct ov_db_view *view,
        uint64_t memory_max, overt_error *err)
{
    OV_CLEANUP(ov_matcher_free_at) struct ov_matcher *m = calloc(1, sizeof(*m));
    overt_status status;

    if (m == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a matcher");
    }
    m->patterns = ov_bytes_of(NULL, 0);
    m->code = ov_bytes_of(NULL, 0);
    m->vectors = ov_pass_has_vectors();
    ov_simulator_init(&m->simulator);
    status = open_sections(m, view, err);
    if (status != OVERT_OK) {
        return status;
    }
    if (!make_scratch(m, memory_max)) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX,
                "a matcher for %u strings needs more memory than it may have", m->string_count);
    }
    *out = ov_steal(&m);
    return OVERT_OK;
}

void ov_matcher_free(struct ov_matcher *m)
{
    if (m == NULL) {
        return;
    }
    for (uint32_t i = 0; i < OV_PASSES_MAX; i++) {
        free(m->passes[i].dead);
        free(m->passes[i].dead_words);
        free(m->awake_filters[i]);
    }
    free(m->slots);
    free(m->lists);
    free(m->found);
    free(m->spent);
    free(m->spent_on);
    free(m->awake);
    free(m->awake_rules);
    free(m->gates_found);
    free(m->waiting_rules);
    free(m->signs_found);
    free(m->costs);
    ov_simulator_done(&m->simulator);
    ov_dense_free(m->dense);
    ov_arena_done(&m->arena);
    free(m);
}

void ov_matcher_stop(struct ov_matcher *m, enum ov_reason reason)
{
    /* Running out of steps ends everything, so it is what is told. */
    if (m->stopped == OV_REASON_NONE || reason == OV_REASON_STEPS) {
        m->stopped = reason;
    }
}

enum ov_reason ov_matcher_stopped(const struct ov_matcher *m)
{
    return m->stopped;
}

static void forget_block(struct ov_matcher *m)
{
    for (uint32_t i = 0; i < m->spent_count; i++) {
        m->spent[m->spent_on[i]] = 0;
    }
    m->spent_count = 0;
}

/* What was noted in passes is of one sweep. */
static void begin_sweep(struct ov_matcher *m)
{
    for (uint32_t i = 0; i < m->pass_count; i++) {
        struct ov_pass *pass = &m->passes[i];

        for (uint32_t w = 0; w < pass->dead_count; w++) {
            pass->dead[pass->dead_words[w]] = 0;
        }
        pass->dead_count = 0;
        memset(pass->barren, 0, sizeof(pass->barren));
    }
    m->profile_known = false;
}

void ov_matcher_begin(struct ov_matcher *m, uint64_t size, bool keep_all)
{
    ov_matches_begin(m);
    ov_signs_forget(m);
    begin_sweep(m);
    m->size = size;
    m->keep_all = keep_all;
    m->stopped = OV_REASON_NONE;
    m->stance = OV_STANCE_FILE;
    if (m->costs != NULL) {
        ov_counts_begin(m);
    }
}

void ov_matcher_stance(struct ov_matcher *m, enum ov_stance stance)
{
    m->stance = stance;
}

void ov_matcher_part(struct ov_matcher *m, uint64_t end)
{
    m->size = end;
}

bool ov_matcher_again(struct ov_matcher *m)
{
    if (m->again || m->awake_count == 0 || m->stopped == OV_REASON_STEPS) {
        return false;
    }
    m->again = true;
    ov_matches_again(m);
    begin_sweep(m);
    return true;
}

void ov_matcher_block(struct ov_matcher *m, struct ov_source *source,
        const struct ov_window *window, struct ov_budget *budget)
{
    if (m->stopped == OV_REASON_STEPS) {
        return;
    }
    m->text = (struct ov_text){
        .at = ov_bytes_raw(window->bytes),
        .low = window->offset,
        .high = window->offset + ov_bytes_len(window->bytes),
        .size = m->size,
    };
    OV_ASSERT(m->text.low <= window->first && window->first <= window->end
              && window->end <= m->text.high);
    m->first = window->first;
    m->end = window->end;
    m->source = source;
    m->budget = budget;
    if (!m->profile_known && m->profile_count != 0) {
        ov_profile_choose(m);
    }
    ov_signs_block(m);
    ov_passes_run(m);
    for (uint32_t i = 0; i < m->lone_count && m->stopped != OV_REASON_STEPS; i++) {
        const uint32_t number = ov_le32_get(m->lone[i]);
        const struct ov_db_pattern *pattern = ov_pattern_at(m, number);

        if (pattern != NULL && ov_group_wanted(m, ov_le16_get(pattern->group))
                && ov_string_awake(m, ov_le32_get(pattern->string))
                && ov_pattern_wanted(m, pattern->use, ov_le32_get(pattern->string))) {
            ov_confirm_everywhere(m, number);
        }
    }
    forget_block(m);
    ov_chains_settle(m, false);
}

void ov_matcher_end(struct ov_matcher *m, struct ov_source *source, struct ov_budget *budget)
{
    m->source = source;
    m->budget = budget;
    ov_chains_settle(m, true);
    ov_matches_end(m);
}
