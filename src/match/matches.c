/* SPDX-License-Identifier: Apache-2.0 */
/* matches.c - what was found, one list for each string (and each part of a chain). Lists live in
 * the arena, so a file made to match everywhere meets the cap, not the machine's memory. */
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "match/inside.h"

/* Lists of parts are gone through for what cannot be used any more when they are this large. */
#define PRUNE_FROM 4096u

/* --- rules that were woken --------------------------------------------------------------------- */

/* The range of a rule's strings; empty if the database lies. */
static void strings_of(const struct ov_matcher *m, uint32_t rule, uint32_t *first, uint32_t *end)
{
    *first = *end = 0;
    if (rule < m->rule_count) {
        const uint32_t a = ov_le32_get(m->rules[rule].first_string);
        const uint32_t b = ov_le32_get(m->rules[rule + 1].first_string);

        if (a < b && b <= m->string_count) {
            *first = a;
            *end = b;
        }
    }
}

/* Whether the object is one that the rule may hold for. */
static bool may_hold(struct ov_matcher *m, const struct ov_db_sleeper *rule)
{
    const uint32_t size = m->size < UINT32_MAX ? (uint32_t)m->size : UINT32_MAX;
    const size_t bytes = rule->bytes;
    uint8_t at[4];
    uint32_t value = 0;

    if (size < ov_le32_get(rule->size_min) || size > ov_le32_get(rule->size_max)) {
        return false;
    }
    if (bytes == 0 || bytes > sizeof(at)) {
        return true;
    }
    if (ov_source_read(m->source, ov_le16_get(rule->offset), at, bytes) != bytes) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        value |= (uint32_t)at[i] << 8 * i;
    }
    return value == ov_le32_get(rule->value);
}

/* One more gate of the rule was found. Are they enough? A string is a gate's once: it is settled by its
 * first match. */
static bool enough_gates(struct ov_matcher *m, uint32_t rule)
{
    if (rule >= m->rule_count || m->rules[rule].gates <= 1) {
        return true;
    }
    if (m->gates_found[rule] == 0) {
        OV_ASSERT(m->waiting_count < m->rule_count);
        m->waiting_rules[m->waiting_count++] = rule;
    }
    if (m->gates_found[rule] < UINT8_MAX) {
        m->gates_found[rule]++;
    }
    return m->gates_found[rule] >= m->rules[rule].gates;
}

/* All strings of the rule are looked for in the second sweep. */
void ov_matches_wake(struct ov_matcher *m, uint32_t rule)
{
    uint32_t first, end;

    strings_of(m, rule, &first, &end);
    if (first == end || (m->awake[first >> 6] >> (first & 63) & 1) != 0
            || m->awake_count == m->rule_count || !may_hold(m, &m->rules[rule])) {
        return; /* it is awake, or need not be */
    }
    m->awake_rules[m->awake_count++] = rule;
    for (uint32_t s = first; s < end; s++) {
        m->awake[s >> 6] |= UINT64_C(1) << (s & 63);
    }
}

static void put_to_sleep(struct ov_matcher *m)
{
    for (uint32_t i = 0; i < m->awake_count; i++) {
        uint32_t first, end;

        strings_of(m, m->awake_rules[i], &first, &end);
        for (uint32_t s = first; s < end; s++) {
            m->awake[s >> 6] = 0; /* the others in this word are of this object, too */
        }
    }
    m->awake_count = 0;
    for (uint32_t i = 0; i < m->waiting_count; i++) {
        m->gates_found[m->waiting_rules[i]] = 0;
    }
    m->waiting_count = 0;
}

/* --- lists ---------------------------------------------------------------------------------------- */

void ov_matches_begin(struct ov_matcher *m)
{
    for (uint32_t i = 0; i < m->list_count; i++) {
        m->slots[m->lists[i].collector] = 0;
    }
    if (m->list_count != 0) {
        ov_arena_reset(&m->arena);
    }
    put_to_sleep(m);
    m->again = false;
    m->list_count = 0;
    m->found_count = 0;
    m->part_matches = 0;
    m->chain_matches = 0;
}

struct ov_list *ov_matches_list(struct ov_matcher *m, uint32_t collector)
{
    const uint32_t slot = m->slots[collector];

    if (slot != 0) {
        return &m->lists[slot - 1];
    }
    if (m->list_count == m->list_cap) {
        const uint32_t cap = m->list_cap == 0 ? 64 : m->list_cap * 2;
        struct ov_list *at = realloc(m->lists, cap * sizeof(*at));

        if (at == NULL) {
            ov_matcher_stop(m, OV_REASON_MEMORY);
            return NULL;
        }
        m->lists = at;
        m->list_cap = cap;
    }
    m->lists[m->list_count] = (struct ov_list){ .collector = collector };
    m->slots[collector] = ++m->list_count;
    return &m->lists[m->list_count - 1];
}

/* --- sorting: in place, n log n whatever the order, and one glance if it is in order ----------- */

static bool before(const struct ov_match *a, const struct ov_match *b)
{
    return a->offset != b->offset ? a->offset < b->offset : a->length < b->length;
}

static void sift(struct ov_match *items, size_t root, size_t count)
{
    const struct ov_match moving = items[root];

    while (root * 2 + 1 < count) {
        size_t child = root * 2 + 1;

        if (child + 1 < count && before(&items[child], &items[child + 1])) {
            child++;
        }
        if (!before(&moving, &items[child])) {
            break;
        }
        items[root] = items[child];
        root = child;
    }
    items[root] = moving;
}

static void sort(struct ov_match *items, size_t count)
{
    bool in_order = true;

    for (size_t i = 1; i < count && in_order; i++) {
        in_order = !before(&items[i], &items[i - 1]);
    }
    if (in_order) {
        return;
    }
    for (size_t i = count / 2; i > 0; i--) {
        sift(items, i - 1, count);
    }
    for (size_t i = count - 1; i > 0; i--) {
        const struct ov_match last = items[i];

        items[i] = items[0];
        items[0] = last;
        sift(items, 0, i);
    }
}

void ov_matches_sort(struct ov_list *list)
{
    uint32_t kept = 0;

    if (list->sorted == list->count) {
        return;
    }
    sort(list->items, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        /* Of several at one offset the lengths ascend: first the shortest, last the longest. */
        if (kept != 0 && list->items[kept - 1].offset == list->items[i].offset) {
            if (!list->shortest) {
                list->items[kept - 1] = list->items[i];
            }
            continue;
        }
        list->items[kept++] = list->items[i];
    }
    list->count = kept;
    list->sorted = kept;
}

/* Room for one more. Sorting first drops what was found twice. */
static bool make_room(struct ov_matcher *m, struct ov_list *list)
{
    struct ov_match *at;
    uint32_t cap;

    if (list->count < list->cap) {
        return true;
    }
    ov_matches_sort(list);
    if (list->collector >= m->string_count && list->cap >= PRUNE_FROM) {
        ov_chains_prune(m, list);
    }
    if (list->cap != 0
            && list->count <= (list->cap < OV_STRING_MATCHES_MAX ? list->cap / 2
                                                                 : list->cap / 16 * 15)) {
        return true;
    }
    /* The last sixteenth: making room for a few at a time would sort for ever. */
    if (list->count >= OV_STRING_MATCHES_MAX
            || (list->cap == OV_STRING_MATCHES_MAX && list->count > list->cap / 16 * 15)) {
        list->settled = true;
        ov_matcher_stop(m, OV_REASON_MATCHES);
        return false;
    }
    cap = list->cap == 0 ? 4 : list->cap * 2;
    cap = cap > OV_STRING_MATCHES_MAX ? OV_STRING_MATCHES_MAX : cap;
    at = ov_arena_alloc(&m->arena, cap, sizeof(*at));
    if (at == NULL) {
        list->settled = true;
        ov_matcher_stop(m, OV_REASON_MEMORY);
        return false;
    }
    if (list->count != 0) {
        memcpy(at, list->items, list->count * sizeof(*at));
    }
    list->items = at;
    list->cap = cap;
    return true;
}

void ov_matches_add(struct ov_matcher *m, const struct ov_db_pattern *pattern, uint64_t offset,
        uint64_t length, uint32_t xor_key)
{
    const uint32_t collector = ov_le32_get(pattern->collector);
    const bool of_a_part = collector >= m->string_count;
    struct ov_list *list;
    struct ov_match *last;

    /* As in YARA the empty match counts, but not behind the last byte. */
    if (collector >= m->string_count + m->part_count || offset >= m->size) {
        return;
    }
    list = ov_matches_list(m, collector);
    if (list == NULL || list->settled) {
        return;
    }
    list->shortest = (ov_le16_get(pattern->flags) & OV_PATTERN_SHORTEST) != 0;
    last = list->count == 0 ? NULL : &list->items[list->count - 1];
    if (last != NULL && last->offset == offset && last->length == length) {
        return; /* several atoms led here */
    }
    if ((of_a_part && !ov_chains_need(m, collector, list, offset, length)) || !make_room(m, list)) {
        return;
    }
    list->items[list->count++] = (struct ov_match){
        .offset = offset,
        .length = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX,
        .xor_key = xor_key,
    };
    m->part_matches += of_a_part;
    if (!of_a_part && ov_once_is_enough(m, pattern)) {
        list->settled = true;
        list->incomplete = pattern->use != OV_USE_EXISTS_IN_DB || m->keep_all;
        if (!m->again && (ov_le16_get(pattern->flags) & OV_PATTERN_GATE) != 0
                && enough_gates(m, ov_le32_get(pattern->rule))) {
            ov_matches_wake(m, ov_le32_get(pattern->rule));
        }
    }
}

void ov_matches_again(struct ov_matcher *m)
{
    for (uint32_t i = 0; i < m->list_count; i++) {
        struct ov_list *list = &m->lists[i];

        if (list->incomplete) {
            list->count = 0;
            list->sorted = 0;
            list->settled = false;
            list->incomplete = false;
        }
    }
    m->found_count = 0;
}

void ov_matches_end(struct ov_matcher *m)
{
    for (uint32_t i = 0; i < m->list_count; i++) {
        struct ov_list *list = &m->lists[i];

        if (list->collector >= m->string_count || list->count == 0) {
            continue;
        }
        ov_matches_sort(list);
        if (m->found_count == m->found_cap) {
            const uint32_t cap = m->found_cap == 0 ? 64 : m->found_cap * 2;
            uint32_t *at = realloc(m->found, cap * sizeof(*at));

            if (at == NULL) {
                ov_matcher_stop(m, OV_REASON_MEMORY);
                return;
            }
            m->found = at;
            m->found_cap = cap;
        }
        m->found[m->found_count++] = list->collector;
    }
}

bool ov_matcher_found(const struct ov_matcher *m, uint32_t string)
{
    return string < m->string_count && m->slots[string] != 0
           && m->lists[m->slots[string] - 1].count != 0;
}

const struct ov_match *ov_matcher_matches(
        const struct ov_matcher *m, uint32_t string, size_t *count)
{
    *count = 0;
    if (!ov_matcher_found(m, string)) {
        return NULL;
    }
    *count = m->lists[m->slots[string] - 1].count;
    return m->lists[m->slots[string] - 1].items;
}

const uint32_t *ov_matcher_found_strings(const struct ov_matcher *m, size_t *count)
{
    *count = m->found_count;
    return m->found;
}
