/* SPDX-License-Identifier: Apache-2.0 */
/* Perl regular expressions of ClamAV's logical signatures, by PCRE2's interpreter: no code is made,
 * and its match limits bound what one expression may cost. It backtracks, which nothing else in
 * overt does; so it runs only once the rest of its signature asks for it. */
#include "db/clam_pcre.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "eval/clam.h"

#define PLACES 8u /* where one expression may be kept */

struct compiled {
    uint32_t id;
    bool used;
    bool bad;
    pcre2_code *code; /* owned */
};

struct ov_clam_pcre_state {
    struct compiled kept[OV_CLAM_PCRE_KEPT];
    pcre2_match_data *match; /* owned */
    pcre2_match_context *limits;
    uint8_t *copy; /* owned: of the object, if it does not lie in one piece */
    struct ov_bytes whole;
    bool loaded;
};

struct ov_clam_pcre_state *ov_clam_pcre_new(void)
{
    struct ov_clam_pcre_state *state = calloc(1, sizeof(*state));

    if (state == NULL) {
        return NULL;
    }
    state->match = pcre2_match_data_create(1, NULL);
    state->limits = pcre2_match_context_create(NULL);
    if (state->match == NULL || state->limits == NULL) {
        ov_clam_pcre_free(state);
        return NULL;
    }
    (void)pcre2_set_depth_limit(state->limits, OV_CLAM_PCRE_DEPTH_MAX);
    (void)pcre2_set_heap_limit(state->limits, OV_CLAM_PCRE_HEAP_KIB_MAX);
    return state;
}

void ov_clam_pcre_free(struct ov_clam_pcre_state *state)
{
    if (state == NULL) {
        return;
    }
    for (size_t i = 0; i < OV_CLAM_PCRE_KEPT; i++) {
        pcre2_code_free(state->kept[i].code);
    }
    pcre2_match_data_free(state->match);
    pcre2_match_context_free(state->limits);
    free(state->copy);
    free(state);
}

void ov_clam_pcre_begin(struct ov_clam_pcre_state *state)
{
    free(state->copy);
    state->copy = NULL;
    state->loaded = false;
}

/* The object in one piece. */
static enum ov_pcre_end load(struct ov_clam_pcre_state *state, struct ov_source *source,
        uint64_t bytes_max, struct ov_budget *budget)
{
    size_t got;

    if (state->loaded) {
        return OV_PCRE_DONE;
    }
    if (source->size > bytes_max) {
        return OV_PCRE_LIMIT;
    }
    if (source->priv_fd < 0) {
        if (!ov_source_whole(source, &state->whole)) {
            return OV_PCRE_MEMORY;
        }
        state->loaded = true;
        return OV_PCRE_DONE;
    }
    if (!ov_budget_steps(budget, source->size / 16 + 1)) {
        return OV_PCRE_LIMIT;
    }
    state->copy = malloc((size_t)source->size + 1);
    if (state->copy == NULL) {
        return OV_PCRE_MEMORY;
    }
    got = ov_source_read(source, 0, state->copy, (size_t)source->size);
    state->whole = ov_bytes_of(state->copy, got);
    state->loaded = true;
    return OV_PCRE_DONE;
}

/* Where the expression is kept, or is to be: one of a few places, so that two that are asked of every
 * object do not put each other out. */
static struct compiled *place_of(struct ov_clam_pcre_state *state, uint32_t id)
{
    const uint32_t first = (id * 0x9e3779b1u >> 16) % OV_CLAM_PCRE_KEPT;
    struct compiled *free_one = NULL;

    for (uint32_t i = 0; i < PLACES; i++) {
        struct compiled *place = &state->kept[(first + i) % OV_CLAM_PCRE_KEPT];

        if (place->used && place->id == id) {
            return place;
        }
        if (free_one == NULL && !place->used) {
            free_one = place;
        }
    }
    return free_one != NULL ? free_one : &state->kept[(first + id % PLACES) % OV_CLAM_PCRE_KEPT];
}

static const pcre2_code *code_of(
        struct ov_clam_pcre_state *state, uint32_t id, uint32_t flags, struct ov_bytes expression)
{
    struct compiled *place = place_of(state, id);
    PCRE2_SIZE where;
    int error;

    if (place->used && place->id == id) {
        return place->bad ? NULL : place->code;
    }
    pcre2_code_free(place->code);
    place->code = pcre2_compile(ov_bytes_raw(expression), (PCRE2_SIZE)ov_bytes_len(expression),
            ov_clam_pcre_options(flags), &error, &where, NULL);
    place->bad = place->code == NULL;
    place->used = true;
    place->id = id;
    return place->code;
}

struct search {
    const pcre2_code *code;
    struct ov_bytes subject;
    uint64_t from;
    uint64_t last;        /* a match that begins behind this does not count */
    uint64_t matches_max; /* of the matcher's own steps */
    bool anchored;
    bool global;
};

static enum ov_pcre_end count_matches(struct ov_clam_pcre_state *state, const struct search *search,
        struct ov_budget *budget, uint64_t *count)
{
    const uint32_t options = search->anchored ? PCRE2_ANCHORED : 0;
    uint64_t at = search->from;

    while (at <= ov_bytes_len(search->subject)) {
        const uint64_t limit =
                budget->steps_left < search->matches_max ? budget->steps_left : search->matches_max;
        const PCRE2_SIZE *where;
        int found;

        (void)pcre2_set_match_limit(state->limits, (uint32_t)limit);
        found = pcre2_match(search->code, ov_bytes_raw(search->subject),
                (PCRE2_SIZE)ov_bytes_len(search->subject), (PCRE2_SIZE)at, options, state->match,
                state->limits);
        if (found == PCRE2_ERROR_NOMATCH) {
            return OV_PCRE_DONE;
        }
        if (found == PCRE2_ERROR_NOMEMORY) {
            return OV_PCRE_MEMORY;
        }
        if (found < 0) {
            return OV_PCRE_LIMIT;
        }
        where = pcre2_get_ovector_pointer(state->match);
        if (where[0] > search->last || where[1] < where[0]) {
            return OV_PCRE_DONE;
        }
        (*count)++;
        /* It may be empty: the next search begins behind it all the same. */
        if (!search->global || !ov_budget_steps(budget, 64 + (where[1] - at) / 16)) {
            return search->global ? OV_PCRE_LIMIT : OV_PCRE_DONE;
        }
        at = where[1] > at ? where[1] : at + 1;
    }
    return OV_PCRE_DONE;
}

/* Where to search, and for how long a match counts. False: the record says nothing that can be. */
static bool set_bounds(struct search *search, uint32_t flags, uint64_t shift)
{
    search->last = UINT64_MAX;
    search->global = (flags & OV_CLAM_PCRE_GLOBAL) != 0;
    if ((flags & OV_CLAM_PCRE_ANYWHERE) != 0) {
        return true;
    }
    search->anchored = (flags & OV_CLAM_PCRE_ROLLING) == 0 && shift == 0;
    if ((flags & OV_CLAM_PCRE_ROLLING) == 0) {
        search->last = search->from + shift;
    }
    if ((flags & OV_CLAM_PCRE_ENCOMPASS) != 0 && shift != 0) {
        const uint64_t end_at = search->from + shift;

        return end_at >= ov_bytes_len(search->subject)
               || ov_bytes_slice(search->subject, 0, end_at, &search->subject);
    }
    return true;
}

enum ov_pcre_end ov_clam_pcre_count(struct ov_clam_pcre_state *state,
        const struct ov_clam_pcre_subject *subject, struct ov_bytes record, uint32_t id,
        struct ov_value start, struct ov_budget *budget, uint64_t *count)
{
    struct ov_clam_pcre head;
    struct ov_bytes raw, expression;
    struct search search = { .subject = subject->name };
    int64_t from;
    uint32_t flags;

    *count = 0;
    if (!ov_bytes_slice(record, 0, sizeof(head), &raw)
            || !ov_bytes_slice(
                    record, sizeof(head), ov_bytes_len(record) - sizeof(head), &expression)) {
        return OV_PCRE_BAD;
    }
    memcpy(&head, ov_bytes_raw(raw), sizeof(head));
    flags = ov_le32_get(head.flags);
    if (!ov_value_as_int(start, &from) || from < 0) {
        return OV_PCRE_DONE;
    }
    search.code = code_of(state, id, flags, expression);
    if (search.code == NULL) {
        return OV_PCRE_BAD;
    }
    if ((flags & OV_CLAM_PCRE_NAME) == 0) {
        enum ov_pcre_end end;

        if ((uint64_t)from > subject->source->size) {
            return OV_PCRE_DONE;
        }
        end = load(state, subject->source,
                subject->bytes_max != 0 && subject->bytes_max < OV_CLAM_PCRE_BYTES_MAX
                        ? subject->bytes_max
                        : OV_CLAM_PCRE_BYTES_MAX,
                budget);
        if (end != OV_PCRE_DONE) {
            return end;
        }
        search.subject = state->whole;
    }
    if ((uint64_t)from > ov_bytes_len(search.subject)) {
        return OV_PCRE_DONE;
    }
    search.from = (uint64_t)from;
    search.matches_max =
            subject->matches_max != 0 ? subject->matches_max : OV_CLAM_PCRE_MATCHES_MAX;
    (void)pcre2_set_depth_limit(
            state->limits, subject->depth_max != 0 ? subject->depth_max : OV_CLAM_PCRE_DEPTH_MAX);
    if (!set_bounds(&search, flags, ov_le32_get(head.shift))) {
        return OV_PCRE_BAD;
    }
    if (!ov_budget_steps(budget, 64 + (ov_bytes_len(search.subject) - search.from) / 4)) {
        return OV_PCRE_LIMIT;
    }
    return count_matches(state, &search, budget, count);
}
