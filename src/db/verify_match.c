/* SPDX-License-Identifier: Apache-2.0 */
/* verify_match.c - the sections of the matcher, once, when the database becomes active. The file
 * may have been made by anyone: code has to lie in the order of its patterns without gaps, so that
 * every byte is looked at once, whatever the records claim. */
#include <string.h>

#include "base/checked.h"
#include "db/match_layout.h"
#include "db/verify.h"

struct check {
    const struct ov_db_view *view;
    struct ov_db_filters filters;
    const struct ov_db_part *parts;
    uint32_t pattern_count;
    uint32_t string_count;
    uint32_t part_count;
    uint64_t code_at; /* where the next pattern's code has to begin */
    overt_error *err;
};

static overt_status bad(const struct check *c, const char *what, uint64_t number)
{
    return ov_fail(c->err, OVERT_E_CORRUPT, UINT64_MAX, "%s %llu of the database makes no sense",
            what, (unsigned long long)number);
}

/* `count` records of `size` bytes at `offset` of a section; NULL if they are not all there. */
static const void *records(const struct check *c, enum ov_db_section_id id, uint64_t offset,
        uint64_t count, size_t size)
{
    struct ov_bytes part;
    uint64_t bytes;

    if (!ov_mul(&bytes, count, (uint64_t)size)
            || !ov_bytes_slice(c->view->sections[id], offset, bytes, &part)) {
        return NULL;
    }
    return ov_bytes_raw(part);
}

/* --- chains ---------------------------------------------------------------------------------- */

static overt_status check_parts(struct check *c)
{
    bool inside = false;

    c->parts = records(
            c, OV_DB_FILTERS, ov_le64_get(c->filters.parts), c->part_count, sizeof(*c->parts));
    if (c->parts == NULL) {
        return bad(c, "parts: count", c->part_count);
    }
    for (uint32_t i = 0; i < c->part_count; i++) {
        const struct ov_db_part *part = &c->parts[i];
        const bool head = (part->flags & OV_PART_HEAD) != 0;
        const bool tail = (part->flags & OV_PART_TAIL) != 0;

        if (head == inside || (part->flags & ~(OV_PART_HEAD | OV_PART_TAIL)) != 0 || part->use > 2
                || ov_le32_get(part->string) >= c->string_count
                || ov_le32_get(part->gap_min) > ov_le32_get(part->gap_max)) {
            return bad(c, "part", i);
        }
        if (!head
                && (ov_le32_get(part->string) != ov_le32_get(part[-1].string)
                        || part->use != part[-1].use)) {
            return bad(c, "part", i);
        }
        inside = !tail;
    }
    return inside ? bad(c, "part", c->part_count) : OVERT_OK;
}

/* --- patterns -------------------------------------------------------------------------------- */

static bool node_is_sound(const struct ov_db_node *node, uint32_t node_count, uint32_t set_count)
{
    const bool next_ok = ov_le16_get(node->next) < node_count;

    switch (node->op) {
    case OV_NODE_BYTE:
    case OV_NODE_ANY:
        return next_ok;
    case OV_NODE_SET:
        return next_ok && ov_le16_get(node->set) < set_count;
    case OV_NODE_SPLIT:
        return next_ok && ov_le16_get(node->alt) < node_count;
    case OV_NODE_ASSERT:
        return next_ok && node->arg >= OV_ASSERT_BEGIN && node->arg <= OV_ASSERT_LAST;
    case OV_NODE_MATCH:
        return true;
    default:
        return false;
    }
}

/* The program that has to begin at code_at, and does so according to its pattern. */
static bool check_program(struct check *c, struct ov_le32 offset, bool backward)
{
    const struct ov_db_program *header;
    const struct ov_db_node *nodes;
    uint32_t node_count, set_count;
    uint64_t at = c->code_at;

    header = records(c, OV_DB_PATTERN_CODE, at, 1, sizeof(*header));
    if (ov_le32_get(offset) != at || header == NULL) {
        return false;
    }
    node_count = ov_le32_get(header->nodes);
    set_count = ov_le32_get(header->sets);
    if (node_count == 0 || node_count > OV_PROGRAM_NODES_MAX || set_count > node_count
            || ov_le32_get(header->start) >= node_count
            || backward != ((header->flags & OV_PROGRAM_BACKWARD) != 0)) {
        return false;
    }
    at += sizeof(*header) + set_count * sizeof(struct ov_db_set);
    nodes = records(c, OV_DB_PATTERN_CODE, at, node_count, sizeof(*nodes));
    if (nodes == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < node_count; i++) {
        if (!node_is_sound(&nodes[i], node_count, set_count)) {
            return false;
        }
    }
    c->code_at = at + node_count * sizeof(*nodes);
    return true;
}

static bool check_automaton(struct check *c, const struct ov_db_pattern *pattern)
{
    const bool has_left = ov_le32_get(pattern->left) != OV_PATTERN_NOTHING;
    const bool has_forward = ov_le32_get(pattern->left_forward) != OV_PATTERN_NOTHING;

    if (has_left != has_forward || !check_program(c, pattern->code, false)) {
        return false;
    }
    return !has_left
           || (check_program(c, pattern->left_forward, false)
                   && check_program(c, pattern->left, true));
}

static bool check_fixed(struct check *c, const struct ov_db_pattern *pattern)
{
    const bool masked = (ov_le16_get(pattern->flags) & OV_PATTERN_MASKED) != 0;
    const uint64_t length = ov_le32_get(pattern->length);
    const uint64_t extra_count = ov_le32_get(pattern->extras);
    const uint64_t extras_at = c->code_at + length * (masked ? 2 : 1);
    const struct ov_db_extra *extras;

    extras = records(c, OV_DB_PATTERN_CODE, extras_at, extra_count, sizeof(*extras));
    if (ov_le32_get(pattern->code) != c->code_at || length == 0 || extra_count > length
            || (extra_count != 0 && !masked) || extras == NULL) {
        return false;
    }
    for (uint64_t i = 0; i < extra_count; i++) {
        if (ov_le32_get(extras[i].at) >= length
                || (i != 0 && ov_le32_get(extras[i].at) <= ov_le32_get(extras[i - 1].at))) {
            return false;
        }
    }
    c->code_at = extras_at + extra_count * sizeof(*extras);
    return true;
}

static bool check_collector(const struct check *c, const struct ov_db_pattern *pattern)
{
    const uint64_t collector = ov_le32_get(pattern->collector);
    const uint32_t string = ov_le32_get(pattern->string);

    if (string >= c->string_count || pattern->use > 2
            || ov_le32_get(pattern->rule) >= ov_le32_get(c->filters.rule_count)
            || ov_le16_get(pattern->group) >= ov_le32_get(c->filters.group_count)) {
        return false;
    }
    if (collector < c->string_count) {
        return collector == string;
    }
    return collector - c->string_count < c->part_count
           && ov_le32_get(c->parts[collector - c->string_count].string) == string;
}

static const struct ov_db_pattern *pattern_at(const struct check *c, uint64_t number)
{
    return ov_db_record(c->view, OV_DB_PATTERNS, number, sizeof(struct ov_db_pattern));
}

static overt_status check_patterns(struct check *c)
{
    uint32_t string = 0; /* patterns are in the order of their strings */

    for (uint32_t i = 0; i < c->pattern_count; i++) {
        const struct ov_db_pattern *pattern = pattern_at(c, i);
        bool ok;

        if (pattern == NULL || !check_collector(c, pattern)
                || ov_le32_get(pattern->string) < string) {
            return bad(c, "pattern", i);
        }
        string = ov_le32_get(pattern->string);
        switch (pattern->kind) {
        case OV_PATTERN_FIXED:
            ok = check_fixed(c, pattern);
            break;
        case OV_PATTERN_AUTOMATON:
            ok = check_automaton(c, pattern);
            break;
        default:
            ok = false;
        }
        if (!ok) {
            return bad(c, "the code of pattern", i);
        }
    }
    if (c->code_at != ov_bytes_len(c->view->sections[OV_DB_PATTERN_CODE])) {
        return bad(c, "pattern code at", c->code_at);
    }
    return OVERT_OK;
}

static overt_status check_lone(const struct check *c)
{
    const uint32_t count = ov_le32_get(c->filters.lone_count);
    const struct ov_le32 *lone =
            records(c, OV_DB_FILTERS, ov_le64_get(c->filters.lone), count, sizeof(*lone));

    if (lone == NULL) {
        return bad(c, "patterns without atoms: count", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct ov_db_pattern *pattern = pattern_at(c, ov_le32_get(lone[i]));

        if (pattern == NULL || (ov_le16_get(pattern->flags) & OV_PATTERN_NO_ATOM) == 0
                || (i != 0 && ov_le32_get(lone[i]) <= ov_le32_get(lone[i - 1]))) {
            return bad(c, "pattern without atoms", i);
        }
    }
    return OVERT_OK;
}

/* --- profiles -------------------------------------------------------------------------------- */

static bool check_map(const struct check *c, uint32_t class_count, uint32_t size_count)
{
    const uint8_t *map =
            records(c, OV_DB_FILTERS, ov_le64_get(c->filters.map), class_count * size_count, 1);

    if (map == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < class_count * size_count; i++) {
        if (map[i] >= ov_le32_get(c->filters.profile_count)) {
            return false;
        }
    }
    return true;
}

/* Classes differ, the first is that of all other objects; sizes ascend. */
static bool check_kinds(const struct check *c, uint32_t class_count, uint32_t size_count)
{
    const struct ov_db_class *classes = records(
            c, OV_DB_FILTERS, ov_le64_get(c->filters.classes), class_count, sizeof(*classes));
    const struct ov_le64 *sizes = records(
            c, OV_DB_FILTERS, ov_le64_get(c->filters.sizes), size_count - 1, sizeof(*sizes));

    if (classes == NULL || sizes == NULL || classes[0].length != 0
            || classes[0].stance != OV_STANCE_FILE) {
        return false;
    }
    for (uint32_t i = 1; i < class_count; i++) {
        if (classes[i].length > sizeof(classes[i].bytes) || classes[i].stance >= OV_STANCES
                || (classes[i].length == 0) != (classes[i].stance != OV_STANCE_FILE)) {
            return false;
        }
        for (uint32_t j = 1; j < i; j++) {
            if (memcmp(&classes[i], &classes[j], sizeof(classes[i])) == 0) {
                return false;
            }
        }
    }
    for (uint32_t i = 1; i + 1 < size_count; i++) {
        if (ov_le64_get(sizes[i - 1]) >= ov_le64_get(sizes[i])) {
            return false;
        }
    }
    return true;
}

static bool check_filters(const struct check *c, const struct ov_db_profile *profile)
{
    for (uint32_t i = 0; i < ov_le32_get(c->filters.pass_count); i++) {
        const struct ov_db_filter *filter = &profile->filters[i];
        const unsigned bits = filter->filter_bits;

        if (bits == 0) {
            continue;
        }
        if (bits < OV_FILTER_BITS_MIN || bits > OV_FILTER_BITS_MAX
                || records(c, OV_DB_FILTERS, ov_le64_get(filter->offset), UINT64_C(1) << (bits - 3),
                           1)
                           == NULL) {
            return false;
        }
        if (filter->nibble_count != 0
                && (c->filters.passes[i].stride > 2 || filter->nibble_count > OV_NIBBLES_MAX
                        || records(c, OV_DB_FILTERS, ov_le64_get(filter->nibbles),
                                   filter->nibble_count, sizeof(struct ov_db_nibbles))
                                   == NULL)) {
            return false;
        }
        if (filter->mark_bits != 0
                && (c->filters.passes[i].kind == OV_PASS_DELTA
                        || filter->mark_bits > OV_MARK_BITS_MAX
                        || records(c, OV_DB_FILTERS, ov_le64_get(filter->marks),
                                   UINT64_C(1) << filter->mark_bits, sizeof(struct ov_db_mark))
                                   == NULL)) {
            return false;
        }
    }
    return true;
}

static bool check_rules(const struct check *c)
{
    const uint64_t count = (uint64_t)ov_le32_get(c->filters.rule_count) + 1;
    const struct ov_db_sleeper *rules =
            records(c, OV_DB_FILTERS, ov_le64_get(c->filters.rules), count, sizeof(*rules));

    if (rules == NULL || ov_le32_get(rules[0].first_string) != 0
            || ov_le32_get(rules[count - 1].first_string) != c->string_count) {
        return false;
    }
    for (uint64_t i = 1; i < count; i++) {
        if (ov_le32_get(rules[i - 1].first_string) > ov_le32_get(rules[i].first_string)
                || rules[i].bytes > 4) {
            return false;
        }
    }
    return true;
}

static bool sign_is_sound(const struct ov_db_sign *sign, uint32_t rule_count)
{
    const uint32_t first = ov_le32_get(sign->first), last = ov_le32_get(sign->last);
    const uint32_t reach = first < last ? last : first;

    for (unsigned i = 0; i < sizeof(sign->value); i++) {
        if ((sign->value[i] & ~sign->mask[i]) != 0 || (i >= sign->length && sign->mask[i] != 0)) {
            return false;
        }
    }
    return sign->length != 0 && sign->length <= sizeof(sign->value) && sign->from_end <= 1
           && (sign->from_end == 0 ? first <= last : first >= last) && reach <= OV_SIGN_REACH_MAX
           && ov_le32_get(sign->rules) <= rule_count
           && ov_le32_get(sign->rule_count) <= rule_count - ov_le32_get(sign->rules);
}

static overt_status check_signs(const struct check *c)
{
    const uint32_t count = ov_le32_get(c->filters.sign_count);
    const uint32_t rule_count = ov_le32_get(c->filters.sign_rule_count);
    const struct ov_db_sign *signs =
            records(c, OV_DB_FILTERS, ov_le64_get(c->filters.signs), count, sizeof(*signs));
    const struct ov_le32 *rules = records(
            c, OV_DB_FILTERS, ov_le64_get(c->filters.sign_rules), rule_count, sizeof(*rules));

    if (count > OV_SIGNS_MAX || signs == NULL || rules == NULL) {
        return bad(c, "signs: count", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!sign_is_sound(&signs[i], rule_count)) {
            return bad(c, "sign", i);
        }
    }
    for (uint32_t i = 0; i < rule_count; i++) {
        if (ov_le32_get(rules[i]) >= ov_le32_get(c->filters.rule_count)) {
            return bad(c, "a sign's rule", i);
        }
    }
    return OVERT_OK;
}

static overt_status check_profiles(const struct check *c)
{
    const uint32_t class_count = ov_le32_get(c->filters.class_count);
    const uint32_t size_count = ov_le32_get(c->filters.size_count);
    const uint32_t count = ov_le32_get(c->filters.profile_count);
    const struct ov_db_profile *profiles;

    if (class_count == 0 || class_count > OV_CLASSES_MAX || size_count == 0
            || size_count > OV_SIZES_MAX || count == 0 || count > OV_PROFILES_MAX
            || !check_kinds(c, class_count, size_count) || !check_map(c, class_count, size_count)) {
        return bad(c, "profiles: classes", class_count);
    }
    if (!check_rules(c)) {
        return bad(c, "rules' strings: count", ov_le32_get(c->filters.rule_count));
    }
    if (ov_le32_get(c->filters.group_count) > OV_GROUPS_MAX
            || records(c, OV_DB_FILTERS, ov_le64_get(c->filters.groups),
                       ov_le32_get(c->filters.group_count), sizeof(struct ov_db_group))
                       == NULL) {
        return bad(c, "profiles: groups", ov_le32_get(c->filters.group_count));
    }
    profiles =
            records(c, OV_DB_FILTERS, ov_le64_get(c->filters.profiles), count, sizeof(*profiles));
    for (uint32_t i = 0; i < count; i++) {
        if (profiles == NULL || !check_filters(c, &profiles[i])) {
            return bad(c, "profile", i);
        }
    }
    return OVERT_OK;
}

/* --- passes ---------------------------------------------------------------------------------- */

static bool check_atom(const struct check *c, const struct ov_db_atom *atom)
{
    const struct ov_db_pattern *pattern = pattern_at(c, ov_le32_get(atom->pattern));

    if (pattern == NULL || ov_le32_get(atom->string) != ov_le32_get(pattern->string)
            || atom->use != pattern->use || atom->window > 4
            || ov_le16_get(atom->group) != ov_le16_get(pattern->group)) {
        return false;
    }
    return pattern->kind == OV_PATTERN_FIXED
                   ? ov_le32_get(atom->back) < ov_le32_get(pattern->length)
                   : ov_le32_get(atom->back) < OV_ATOM_BACK_MAX;
}

static overt_status check_pass(const struct check *c, uint32_t number)
{
    const struct ov_db_pass *pass = &c->filters.passes[number];
    const uint32_t atom_count = ov_le32_get(pass->atom_count);
    const struct ov_le32 *buckets;
    const struct ov_db_atom *atoms;
    const struct ov_db_gram *grams;
    uint64_t bucket_count;

    if (!ov_pass_is_known(pass) || pass->bucket_bits < OV_BUCKET_BITS_MIN
            || pass->bucket_bits > OV_BUCKET_BITS_MAX) {
        return bad(c, "pass", number);
    }
    bucket_count = UINT64_C(1) << pass->bucket_bits;
    buckets =
            records(c, OV_DB_ATOMS, ov_le64_get(pass->buckets), bucket_count + 1, sizeof(*buckets));
    atoms = records(c, OV_DB_ATOMS, ov_le64_get(pass->atoms), atom_count, sizeof(*atoms));
    grams = records(c, OV_DB_ATOMS, ov_le64_get(pass->grams), atom_count, sizeof(*grams));
    if (buckets == NULL || atoms == NULL || grams == NULL) {
        return bad(c, "the tables of pass", number);
    }
    for (uint32_t i = 1; i < atom_count; i++) {
        if (ov_le32_get(grams[i - 1].pattern) > ov_le32_get(grams[i].pattern)) {
            return bad(c, "gram", i);
        }
    }
    for (uint64_t i = 0; i < bucket_count; i++) {
        if (ov_le32_get(buckets[i]) > ov_le32_get(buckets[i + 1])) {
            return bad(c, "bucket", i);
        }
    }
    if (ov_le32_get(buckets[0]) != 0 || ov_le32_get(buckets[bucket_count]) != atom_count) {
        return bad(c, "the buckets of pass", number);
    }
    for (uint32_t i = 0; i < atom_count; i++) {
        if (!check_atom(c, &atoms[i])) {
            return bad(c, "atom", i);
        }
    }
    return OVERT_OK;
}

overt_status ov_db_verify_match(const struct ov_db_view *view, overt_error *err)
{
    struct check c = { .view = view, .err = err, .pattern_count = view->counts[OV_DB_PATTERNS] };
    const void *header = records(&c, OV_DB_FILTERS, 0, 1, sizeof(c.filters));
    overt_status status;

    if (ov_bytes_len(view->sections[OV_DB_FILTERS]) == 0) {
        return c.pattern_count == 0 && view->counts[OV_DB_STRINGS] == 0
                       ? OVERT_OK
                       : bad(&c, "filters: none for patterns:", c.pattern_count);
    }
    if (header == NULL) {
        return bad(&c, "filters: bytes", ov_bytes_len(view->sections[OV_DB_FILTERS]));
    }
    memcpy(&c.filters, header, sizeof(c.filters));
    c.string_count = ov_le32_get(c.filters.string_count);
    c.part_count = ov_le32_get(c.filters.part_count);
    if (c.string_count > INT32_MAX || c.part_count > INT32_MAX
            || ov_le32_get(c.filters.pass_count) > OV_PASSES_MAX
            || (ov_bytes_len(view->sections[OV_DB_STRINGS]) != 0
                    && c.string_count != view->counts[OV_DB_STRINGS])) {
        return bad(&c, "strings: count", c.string_count);
    }
    status = check_parts(&c);
    if (status == OVERT_OK) {
        status = check_profiles(&c);
    }
    if (status == OVERT_OK) {
        status = check_signs(&c);
    }
    if (status == OVERT_OK) {
        status = check_patterns(&c);
    }
    if (status == OVERT_OK) {
        status = check_lone(&c);
    }
    for (uint32_t i = 0; i < ov_le32_get(c.filters.pass_count) && status == OVERT_OK; i++) {
        status = check_pass(&c, i);
    }
    return status;
}
