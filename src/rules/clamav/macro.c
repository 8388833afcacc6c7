/* SPDX-License-Identifier: Apache-2.0 */
/* macro.c - counts of matches that something else decides about: places in version information, and
 * macros, `${min-max}g$`: members of a group, bodies of an .ndb, behind the body before the macro.
 * Members may come in files behind the signature that speaks of them, so such lines wait. */
#include <string.h>

#include "base/checked.h"
#include "db/clam_layout.h"
#include "rules/clamav/reader.h"

struct ov_clam_member {
    struct ov_clam_member *next;
    const struct ov_re *re;
    enum ov_clam_target target;
    uint32_t group;
};

struct ov_clam_waiting {
    struct ov_clam_waiting *next;
    struct line line;
    bool pua;
};

/* --- counts ---------------------------------------------------------------------------------- */

static struct ov_expr *count_of(struct line *line, const struct ov_clam_count *how,
        const uint32_t *strings, uint32_t string_count)
{
    uint8_t record[sizeof(*how) + sizeof(struct ov_le32) * LOGICAL_STRINGS_MAX];
    struct ov_expr *found[LOGICAL_STRINGS_MAX], *count = ex_new(line, OV_EXPR_COMPARE, OV_TYPE_INT);

    OV_ASSERT(string_count <= LOGICAL_STRINGS_MAX);
    memcpy(record, how, sizeof(*how));
    for (uint32_t i = 0; i < string_count; i++) {
        const struct ov_le32 number = ov_le32_of(strings[i]);

        memcpy(record + sizeof(*how) + i * sizeof(number), &number, sizeof(number));
        found[i] = ex_string(line, OV_EXPR_COUNT, OV_TYPE_INT, strings[i]);
    }
    if (count == NULL
            || !ov_arena_copy(line->clam->set->arena,
                    ov_bytes_of(record, sizeof(*how) + string_count * sizeof(struct ov_le32)),
                    &count->text)) {
        return NULL;
    }
    /* Nothing is counted where none of the bodies was found; and all their matches are kept. */
    count->a = ex_sum(line, found, string_count);
    return count->a == NULL ? NULL : ex_two(line, OV_EXPR_IF, count->a, count);
}

struct ov_expr *count_at_versions(struct line *line, uint32_t string)
{
    const struct ov_clam_count how = { .form = OV_CLAM_COUNT_VERSION, .bodies = ov_le32_of(1) };

    return count_of(line, &how, &string, 1);
}

/* --- members --------------------------------------------------------------------------------- */

void macro_member(
        struct line *line, enum ov_clam_target target, uint32_t group, struct ov_bytes body)
{
    const struct ov_re *re = body_read(line, body, 0);
    struct ov_clam_member *member =
            re == NULL ? NULL : ov_arena_alloc(line->clam->set->arena, 1, sizeof(*member));

    if (re == NULL) {
        return;
    }
    if (member == NULL) {
        (void)no_memory(line);
        return;
    }
    *member = (struct ov_clam_member){
        .next = line->clam->members, .re = re, .target = target, .group = group
    };
    line->clam->members = member;
}

static bool add_member(
        struct logical *logical, const struct ov_re *re, uint32_t *strings, uint32_t *count)
{
    if (logical->string_count == LOGICAL_STRINGS_MAX) {
        return refuse(logical->line, "it and the groups of its macros have more than %u bodies",
                LOGICAL_STRINGS_MAX);
    }
    logical->strings[logical->string_count].re = re;
    strings[(*count)++] = logical->string_count++;
    return true;
}

/* `${min-max}g$` */
static bool read_parts(struct ov_bytes text, uint64_t *min, uint64_t *max, uint64_t *group)
{
    const uint64_t close = find_byte(text, '}'), len = ov_bytes_len(text);

    return len >= 4 && close + 2 < len && ends(text, "$")
           && read_range(part(text, 2, close), min, max) && *min <= *max && *max <= UINT32_MAX
           && read_number(part(text, close + 1, len - 1), 31, group);
}

bool macro_read(struct logical *logical, struct ov_bytes text, uint32_t index, struct subsig *sub)
{
    struct line *line = logical->line;
    struct subsig *before = index == 0 ? NULL : &logical->subs[index - 1];
    uint32_t strings[LOGICAL_STRINGS_MAX], count = 0;
    struct ov_clam_count how = { .form = OV_CLAM_COUNT_MACRO };
    uint64_t min, max, group;

    if (!read_parts(text, &min, &max, &group)) {
        return refuse(line, "a macro is ${min-max}group$, group being at most 31");
    }
    if (before == NULL || before->body_count == 0) {
        return refuse(line, "a macro stands behind a body without an offset");
    }
    for (uint32_t i = 0; i < before->body_count; i++) {
        strings[count++] = before->bodies[i];
    }
    how.bodies = ov_le32_of(count);
    for (const struct ov_clam_member *m = line->clam->members; m != NULL; m = m->next) {
        if (m->group == group && m->target == logical->target
                && !add_member(logical, m->re, strings, &count)) {
            return false;
        }
    }
    how.members = ov_le32_of(count - before->body_count);
    how.min = ov_le32_of((uint32_t)min);
    how.max = ov_le32_of((uint32_t)max);
    sub->count = count_of(line, &how, strings, count);
    how.form = OV_CLAM_COUNT_BEFORE;
    before->count = count_of(line, &how, strings, count);
    sub->found = sub->count == NULL ? NULL : ex_two(line, OV_EXPR_GT, sub->count, ex_int(line, 0));
    return sub->found != NULL && before->count != NULL;
}

/* --- waiting --------------------------------------------------------------------------------- */

bool macro_waits(struct line *line, bool pua)
{
    static const char mark[] = ";${";
    struct ov_clamav *clam = line->clam;
    struct ov_clam_waiting *waiting;

    if (clam->finishing
            || memmem(ov_bytes_raw(line->text), (size_t)ov_bytes_len(line->text), mark,
                       sizeof(mark) - 1)
                       == NULL) {
        return false;
    }
    waiting = ov_arena_alloc(clam->set->arena, 1, sizeof(*waiting));
    if (waiting == NULL) {
        (void)no_memory(line);
        return true;
    }
    *waiting = (struct ov_clam_waiting){ .line = *line, .pua = pua };
    if (clam->waiting_last == NULL) {
        clam->waiting = waiting;
    } else {
        clam->waiting_last->next = waiting;
    }
    clam->waiting_last = waiting;
    line->told = true; /* it is counted when its turn comes */
    return true;
}

bool ov_clamav_finish(struct ov_clamav *clam)
{
    const uint64_t errors_before = clam->diags->errors;

    clam->finishing = true;
    for (struct ov_clam_waiting *w = clam->waiting; w != NULL; w = w->next) {
        (w->pua ? line_ldu : line_ldb)(&w->line);
        clam->count.loaded += !w->line.told;
        clam->signatures += !w->line.told;
    }
    clam->waiting = NULL;
    clam->waiting_last = NULL;
    if (clam->signatures != 0) {
        const bool asks = clam->set->clam;

        (void)clam_setting(clam, OV_SETTING_SIGNATURES, clam->signatures);
        clam->set->clam = asks; /* that alone is nothing about objects */
    }
    return !clam->diags->out_of_memory && clam->diags->errors == errors_before;
}
