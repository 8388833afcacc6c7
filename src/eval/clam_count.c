/* SPDX-License-Identifier: Apache-2.0 */
/* clam_count.c - matches that count only with something else: those at a string of the version
 * information, and those that a member of a macro's group follows. Records are not trusted. */
#include <string.h>

#include "db/clam_layout.h"
#include "eval/clam.h"
#include "eval/inside.h"
#include "match/match.h"

#define STRINGS_MAX 256u /* of one record; the compiler stays below */

struct run {
    const struct ov_match *matches;
    size_t count;
    size_t next;
};

bool ov_clam_is_count(struct ov_bytes record)
{
    struct ov_bytes head;

    return ov_bytes_slice(record, 0, 1, &head) && ov_bytes_raw(head)[0] >= OV_CLAM_COUNT_VERSION
           && ov_bytes_raw(head)[0] <= OV_CLAM_COUNT_MACRO;
}

/* The matches of the strings that the record names. */
static bool open_runs(
        struct ov_machine *m, struct ov_bytes numbers, struct run *runs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct ov_bytes raw;
        struct ov_le32 le;
        uint32_t string;

        if (!ov_bytes_slice(numbers, 4 * (uint64_t)i, 4, &raw)) {
            return false;
        }
        memcpy(&le, ov_bytes_raw(raw), sizeof(le));
        string = ov_le32_get(le);
        if (string >= m->priv_string_count) {
            return false;
        }
        string += m->priv_string_first;
        runs[i] = (struct run){ .count = 0 };
        if (ov_matcher_found(m->matcher, string)) {
            runs[i].matches = ov_matcher_matches(m->matcher, string, &runs[i].count);
        }
    }
    return true;
}

/* The match that ends next, as that is when ClamAV sees it; *from: of which run. NULL: none left. */
static const struct ov_match *next_match(struct run *runs, uint32_t count, uint32_t *from)
{
    const struct ov_match *best = NULL;

    for (uint32_t i = 0; i < count; i++) {
        const struct ov_match *match =
                runs[i].next < runs[i].count ? &runs[i].matches[runs[i].next] : NULL;

        if (match != NULL
                && (best == NULL || match->offset + match->length < best->offset + best->length)) {
            best = match;
            *from = i;
        }
    }
    if (best != NULL) {
        runs[*from].next++;
    }
    return best;
}

static int64_t count_at_versions(struct ov_machine *m, struct run *runs, uint32_t count)
{
    struct ov_clam_object *object = m->object;
    const struct ov_match *match;
    int64_t there = 0;
    uint32_t from = 0;

    if (object == NULL || object->is_version_place == NULL) {
        return 0;
    }
    while ((match = next_match(runs, count, &from)) != NULL && ov_machine_charge(m, 16)) {
        there += object->is_version_place(object, m->facts->source, match->offset);
    }
    return there;
}

/* As observed: whether a member follows a match of the body is asked when the body matches again,
 * and once more at the end of the object; both times of the member seen last. A match that none
 * followed does not count, and the next is measured from. One that was followed stays what is
 * measured from. */
struct macro {
    uint64_t min, max;
    bool has_last, has_member;
    uint64_t last;   /* the match of the body that is measured from */
    uint64_t member; /* the member seen last */
    int64_t bodies, members;
};

static void ask(struct macro *macro, uint64_t next)
{
    if (macro->bodies < 2) {
        return;
    }
    if (macro->has_member && macro->member >= macro->last
            && macro->member - macro->last >= macro->min
            && macro->member - macro->last <= macro->max) {
        macro->members++;
        return;
    }
    macro->bodies--;
    macro->last = next;
}

static int64_t count_macro(
        struct ov_machine *m, const struct ov_clam_count *how, struct run *runs, uint32_t count)
{
    struct macro macro = { .min = ov_le32_get(how->min), .max = ov_le32_get(how->max) };
    const uint32_t bodies = ov_le32_get(how->bodies);
    const struct ov_match *match;
    uint32_t from = 0;

    while ((match = next_match(runs, count, &from)) != NULL && ov_machine_charge(m, count)) {
        if (from >= bodies) {
            macro.has_member = true;
            macro.member = match->offset;
        } else if (!macro.has_last || match->offset > macro.last) {
            macro.bodies++;
            if (!macro.has_last) {
                macro.has_last = true;
                macro.last = match->offset;
            }
            ask(&macro, match->offset);
        }
    }
    ask(&macro, macro.last);
    return how->form == OV_CLAM_COUNT_BEFORE ? macro.bodies : macro.members;
}

struct ov_value ov_machine_clam_count(struct ov_machine *m, struct ov_bytes record)
{
    struct run runs[STRINGS_MAX];
    struct ov_clam_count how;
    struct ov_bytes head, numbers;
    uint32_t count;

    if (!ov_bytes_slice(record, 0, sizeof(how), &head)) {
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
    }
    memcpy(&how, ov_bytes_raw(head), sizeof(how));
    if (!ov_bytes_slice(record, sizeof(how), ov_bytes_len(record) - sizeof(how), &numbers)
            || !ov_add(&count, ov_le32_get(how.bodies), ov_le32_get(how.members))
            || count > STRINGS_MAX || !open_runs(m, numbers, runs, count)) {
        return ov_machine_stop(m, OV_OUTCOME_DAMAGED);
    }
    return ov_value_int(how.form == OV_CLAM_COUNT_VERSION ? count_at_versions(m, runs, count)
                                                          : count_macro(m, &how, runs, count));
}
