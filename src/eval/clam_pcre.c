/* SPDX-License-Identifier: Apache-2.0 */
/* Perl regular expressions of ClamAV's logical signatures, by PCRE2's interpreter: no code is made,
 * and its match limits bound what one expression may cost. It backtracks, which nothing else in
 * overt does; so it runs only once the rest of its signature asks for it. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "db/clam_layout.h"
#include "eval/clam.h"

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
static enum ov_pcre_end load(
        struct ov_clam_pcre_state *state, struct ov_source *source, struct ov_budget *budget)
{
    size_t got;

    if (state->loaded) {
        return OV_PCRE_DONE;
    }
    if (source->size > OV_CLAM_PCRE_BYTES_MAX) {
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

static uint32_t options_of(uint32_t flags)
{
    static const struct {
        uint32_t flag;
        uint32_t option;
    } table[] = {
        { OV_CLAM_PCRE_CASELESS, PCRE2_CASELESS },
        { OV_CLAM_PCRE_DOTALL, PCRE2_DOTALL },
        { OV_CLAM_PCRE_MULTILINE, PCRE2_MULTILINE },
        { OV_CLAM_PCRE_EXTENDED, PCRE2_EXTENDED },
        { OV_CLAM_PCRE_ANCHORED, PCRE2_ANCHORED },
        { OV_CLAM_PCRE_DOLLAR_END, PCRE2_DOLLAR_ENDONLY },
        { OV_CLAM_PCRE_UNGREEDY, PCRE2_UNGREEDY },
    };
    uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        options |= (flags & table[i].flag) != 0 ? table[i].option : 0;
    }
    return options;
}

static const pcre2_code *code_of(
        struct ov_clam_pcre_state *state, uint32_t id, uint32_t flags, struct ov_bytes expression)
{
    struct compiled *place = &state->kept[(id * 0x9e3779b1u >> 16) % OV_CLAM_PCRE_KEPT];
    PCRE2_SIZE where;
    int error;

    if (place->used && place->id == id) {
        return place->bad ? NULL : place->code;
    }
    pcre2_code_free(place->code);
    place->code = pcre2_compile(ov_bytes_raw(expression), (PCRE2_SIZE)ov_bytes_len(expression),
            options_of(flags), &error, &where, NULL);
    place->bad = place->code == NULL;
    place->used = true;
    place->id = id;
    return place->code;
}

struct search {
    const pcre2_code *code;
    struct ov_bytes subject;
    uint64_t from;
    uint64_t last; /* a match that begins behind this does not count */
    bool anchored;
    bool global;
};

static enum ov_pcre_end count_matches(struct ov_clam_pcre_state *state, const struct search *search,
        struct ov_budget *budget, uint64_t *count)
{
    const uint32_t options = search->anchored ? PCRE2_ANCHORED : 0;
    uint64_t at = search->from;

    while (at <= ov_bytes_len(search->subject)) {
        const uint64_t limit = budget->steps_left < OV_CLAM_PCRE_MATCHES_MAX
                                       ? budget->steps_left
                                       : OV_CLAM_PCRE_MATCHES_MAX;
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

enum ov_pcre_end ov_clam_pcre_count(struct ov_clam_pcre_state *state, struct ov_source *source,
        struct ov_bytes record, uint32_t id, struct ov_value start, struct ov_budget *budget,
        uint64_t *count)
{
    struct ov_clam_pcre head;
    struct ov_bytes raw, expression;
    struct search search = { 0 };
    enum ov_pcre_end end;
    uint32_t flags;
    uint64_t shift;
    int64_t from;

    *count = 0;
    if (!ov_bytes_slice(record, 0, sizeof(head), &raw)
            || !ov_bytes_slice(
                    record, sizeof(head), ov_bytes_len(record) - sizeof(head), &expression)) {
        return OV_PCRE_BAD;
    }
    memcpy(&head, ov_bytes_raw(raw), sizeof(head));
    flags = ov_le32_get(head.flags);
    shift = ov_le32_get(head.shift);
    if (!ov_value_as_int(start, &from) || from < 0 || (uint64_t)from > source->size) {
        return OV_PCRE_DONE;
    }
    search.code = code_of(state, id, flags, expression);
    if (search.code == NULL) {
        return OV_PCRE_BAD;
    }
    end = load(state, source, budget);
    if (end != OV_PCRE_DONE || (uint64_t)from > ov_bytes_len(state->whole)) {
        return end;
    }
    search.subject = state->whole;
    search.from = (uint64_t)from;
    search.last = UINT64_MAX;
    search.global = (flags & OV_CLAM_PCRE_GLOBAL) != 0;
    if ((flags & OV_CLAM_PCRE_ANYWHERE) == 0) {
        search.anchored = (flags & OV_CLAM_PCRE_ROLLING) == 0 && shift == 0;
        if ((flags & OV_CLAM_PCRE_ROLLING) == 0) {
            search.last = (uint64_t)from + shift;
        }
        if ((flags & OV_CLAM_PCRE_ENCOMPASS) != 0 && shift != 0) {
            const uint64_t end_at = (uint64_t)from + shift;

            if (end_at < ov_bytes_len(search.subject)
                    && !ov_bytes_slice(search.subject, 0, end_at, &search.subject)) {
                return OV_PCRE_BAD;
            }
        }
    }
    if (!ov_budget_steps(budget, 64 + (ov_bytes_len(search.subject) - search.from) / 4)) {
        return OV_PCRE_LIMIT;
    }
    return count_matches(state, &search, budget, count);
}
