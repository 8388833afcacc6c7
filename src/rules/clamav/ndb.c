/* SPDX-License-Identifier: Apache-2.0 */
/* ndb.c - one body, its target and its place: .ndb, .ndu, .sdb; and .db, which has only the body. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "rules/clamav/reader.h"

bool target_read(struct line *line, struct ov_bytes text, enum ov_clam_target *out)
{
    uint64_t target;

    if (is_text(text, "*")) {
        *out = OV_TARGET_ANY;
        return true;
    }
    if (!read_number(text, UINT32_MAX, &target)) {
        return refuse(line, "the target is no number");
    }
    if (target >= OV_TARGET_COUNT) {
        return skip(line);
    }
    *out = (enum ov_clam_target)target;
    return true;
}

struct ov_rule *rule_new(struct line *line, struct ov_bytes shown, uint32_t strings)
{
    struct ov_rule_set *set = line->clam->set;
    struct ov_string *room = ov_arena_alloc(set->arena, strings, sizeof(*room));
    struct ov_rule *rule = room == NULL ? NULL : ov_rule_set_add_rule(set);

    if (rule == NULL) {
        (void)no_memory(line);
        return NULL;
    }
    rule->name = shown;
    rule->space = ov_bytes_of("clamav", 6);
    rule->file = line->file;
    rule->source = line->text;
    rule->line = line->number;
    rule->strings = room;
    rule->string_count = strings;
    set->clam = true;
    return rule;
}

void rule_set_string(
        struct line *line, struct ov_rule *rule, uint32_t index, const struct ov_re *re)
{
    static const char digits[] = "0123456789";
    uint8_t *name = ov_arena_alloc(line->clam->set->arena, 4, 1);
    struct ov_string *s = &rule->strings[index];
    size_t len = 0;

    *s = (struct ov_string){
        .kind = OV_STRING_HEX, .flags = OV_STRING_ASCII, .re = re, .line = line->number, .column = 1
    };
    if (name == NULL) {
        (void)no_memory(line);
        return;
    }
    name[len++] = '$';
    if (index >= 100) {
        name[len++] = (uint8_t)digits[index / 100 % 10];
    }
    if (index >= 10) {
        name[len++] = (uint8_t)digits[index / 10 % 10];
    }
    name[len++] = (uint8_t)digits[index % 10];
    s->name = ov_bytes_of(name, len);
}

/* `HH[n-m]` at the beginning: the place is that of what stands behind it. False: there is none. */
static bool anchor_of(struct ov_bytes body, uint64_t *min, uint64_t *max, uint64_t *behind)
{
    const uint64_t close = find_byte(body, ']');
    struct ov_bytes inside;
    uint64_t dash;

    if (ov_bytes_len(body) < 4 || find_byte(body, '[') != 2 || close == ov_bytes_len(body)) {
        return false;
    }
    inside = part(body, 3, close);
    dash = find_byte(inside, '-');
    *behind = close + 1;
    return read_number(part(inside, 0, dash), 32, min)
           && read_number(dash < ov_bytes_len(inside) ? part(inside, dash + 1, ov_bytes_len(inside))
                                                      : inside,
                   32, max)
           && *min <= *max;
}

/* The body with its anchor at one distance: `HH{distance}rest`. */
static bool at_distance(struct line *line, struct ov_bytes body, uint64_t behind, uint64_t distance,
        struct ov_bytes *out)
{
    const struct ov_bytes rest = part(body, behind, ov_bytes_len(body));
    const size_t room = (size_t)ov_bytes_len(rest) + 8;
    char *text = ov_arena_alloc(line->clam->set->arena, room, 1);
    int len;

    if (text == NULL) {
        return no_memory(line);
    }
    len = snprintf(text, room, "%.2s{%u}%.*s", (const char *)ov_bytes_raw(body), (unsigned)distance,
            (int)ov_bytes_len(rest), (const char *)ov_bytes_raw(rest));
    *out = ov_bytes_of(text, (size_t)len);
    return true;
}

/* One form a distance, each with a place of its own. */
static void add_anchored(struct line *line, struct ov_bytes shown, enum ov_clam_target target,
        const struct place *place, struct ov_bytes body)
{
    struct ov_expr *found[33], *parts[2];
    const struct ov_re *res[33];
    uint64_t min = 0, max = 0, behind = 0;
    struct ov_rule *rule;
    uint32_t forms = 0;

    if (!anchor_of(body, &min, &max, &behind)) {
        (void)refuse(line, "between square brackets stands n-m, m being at most 32");
        return;
    }
    for (uint64_t distance = min; distance <= max; distance++, forms++) {
        struct place moved = *place;
        struct ov_bytes form = ov_bytes_of(NULL, 0);

        if (!at_distance(line, body, behind, distance, &form)) {
            return;
        }
        res[forms] = body_read(line, form, 0);
        if (res[forms] == NULL) {
            return;
        }
        moved.back = distance + 1;
        found[forms] = place_found(line, &moved, forms);
    }
    parts[0] = ex_object(line, OV_FACT_TARGET, (uint32_t)target);
    parts[1] = ex_list(line, OV_EXPR_OR, found, forms);
    rule = parts[0] == NULL || parts[1] == NULL ? NULL : rule_new(line, shown, forms);
    if (rule == NULL) {
        return;
    }
    for (uint32_t i = 0; i < forms; i++) {
        rule_set_string(line, rule, i, res[i]);
    }
    rule->condition = ex_list(line, OV_EXPR_AND, parts, 2);
}

/* A rule of one body. */
static void add_body(struct line *line, struct ov_bytes shown, enum ov_clam_target target,
        const struct place *place, struct ov_bytes body)
{
    struct ov_expr *parts[2], *condition;
    const struct ov_re *re;
    struct ov_rule *rule;

    if (place->kind == PLACE_VERSION && find_byte(body, '[') == 2) {
        (void)refuse(line, "a body with an anchor before it cannot have this offset");
        return;
    }
    if (place->kind != PLACE_ANY && find_byte(body, '[') == 2) {
        add_anchored(line, shown, target, place, body);
        return;
    }
    re = body_read(line, body, 0);
    if (re == NULL) {
        return;
    }
    parts[0] = ex_object(line, OV_FACT_TARGET, (uint32_t)target);
    parts[1] = place_found(line, place, 0);
    condition = ex_list(line, OV_EXPR_AND, parts, 2);
    if (condition == NULL) {
        return;
    }
    rule = rule_new(line, shown, 1);
    if (rule != NULL) {
        rule_set_string(line, rule, 0, re);
        rule->condition = condition;
    }
}

static void read_ndb(struct line *line, bool pua)
{
    enum ov_clam_target target = OV_TARGET_ANY;
    struct ov_bytes shown = ov_bytes_of(NULL, 0);
    struct place place;

    if (!split(line, ':')) {
        return;
    }
    line->name = line->fields[0];
    if (line->field_count < 4 || line->field_count > 6) {
        (void)refuse(line, "it has %zu fields instead of 4 to 6", line->field_count);
        return;
    }
    if (!check_levels(line, 4) || !take_name(line, line->fields[0], pua, &shown)
            || !target_read(line, line->fields[1], &target)
            || !place_read(line, line->fields[2], target, &place)) {
        return;
    }
    if (place.kind == PLACE_GROUP) {
        macro_member(line, target, (uint32_t)place.value, line->fields[3]);
        return;
    }
    add_body(line, shown, target, &place, line->fields[3]);
}

void line_ndb(struct line *line)
{
    read_ndb(line, false);
}

void line_ndu(struct line *line)
{
    read_ndb(line, true);
}

void line_db(struct line *line)
{
    const struct place anywhere = { .kind = PLACE_ANY };
    const uint64_t sign = find_byte(line->text, '=');
    struct ov_bytes shown, body;

    line->name = part(line->text, 0, sign);
    if (sign == ov_bytes_len(line->text)) {
        (void)refuse(line, "it has no `=`");
        return;
    }
    body = part(line->text, sign + 1, ov_bytes_len(line->text));
    if (begins(body, "=")) {
        (void)skip(line);
        return;
    }
    if (take_name(line, line->name, false, &shown)) {
        add_body(line, shown, OV_TARGET_ANY, &anywhere, body);
    }
}
