/* SPDX-License-Identifier: Apache-2.0 */
/* chains.c - hex strings with long jumps. Their parts are found like other patterns and kept in
 * lists of their own; a head counts if the parts behind it follow, each in its gap, and its match
 * ends with the first tail that can be reached. */
#include <string.h>

#include "base/limits.h"
#include "match/inside.h"

#define NOT_REACHED UINT32_MAX

/* A part is at most so long, so a part that begins that far before the block was found. */
#define PART_BYTES_MAX 65536u

static struct ov_list *list_of_part(const struct ov_matcher *m, uint32_t part)
{
    const uint32_t slot = m->slots[m->string_count + part];

    return slot == 0 ? NULL : &m->lists[slot - 1];
}

static uint64_t end_of(const struct ov_match *match)
{
    return match->offset + match->length;
}

/* The first match that does not begin before `offset`. */
static uint32_t first_from(const struct ov_list *list, uint64_t offset)
{
    uint32_t low = 0, high = list->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (list->items[middle].offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Which matches of the next part may follow one that ends at `end`: [*low, *high). */
static void followers(const struct ov_db_part *part, const struct ov_list *next, uint64_t end,
        uint32_t *low, uint32_t *high)
{
    const uint32_t gap_max = ov_le32_get(part->gap_max);

    *low = first_from(next, end + ov_le32_get(part->gap_min));
    *high = gap_max == UINT32_MAX ? next->count : first_from(next, end + gap_max + 1);
}

/* --- keeping the lists small ------------------------------------------------------------------ */

static bool only_exists(const struct ov_matcher *m, const struct ov_db_part *part)
{
    return part->use == OV_USE_EXISTS_IN_DB && !m->keep_all;
}

bool ov_chains_need(struct ov_matcher *m, uint32_t collector, struct ov_list *list, uint64_t offset,
        uint64_t length)
{
    const struct ov_db_part *part = &m->parts[collector - m->string_count];
    struct ov_match *only;

    if ((part->flags & OV_PART_HEAD) == 0 || !only_exists(m, part)
            || ov_le32_get(part->gap_max) != UINT32_MAX || list->count == 0) {
        return true;
    }
    /* Any distance will do and one head is enough: the one that ends first serves every tail. */
    only = &list->items[0];
    if (offset + length < end_of(only)) {
        only->offset = offset;
        only->length = (uint32_t)length;
    }
    return false;
}

/* Whether a match of the part before may stand in front of one at `offset`. */
static bool has_predecessor(
        const struct ov_db_part *before, const struct ov_list *list, uint64_t offset)
{
    const uint64_t gap_min = ov_le32_get(before->gap_min);
    const uint32_t gap_max = ov_le32_get(before->gap_max);
    const uint64_t reach = (uint64_t)gap_max + PART_BYTES_MAX;

    if (list == NULL || list->count == 0 || offset < gap_min) {
        return false;
    }
    if (gap_max == UINT32_MAX) {
        return list->items[0].offset + gap_min < offset; /* a little too generous: harmless */
    }
    /* Lengths differ, so all that begin near enough are asked about as one. */
    return first_from(list, offset < reach ? 0 : offset - reach)
           < first_from(list, offset - gap_min);
}

/* Drops what has no part before it, or none behind it where the jump has an end. */
static void drop_lonely(struct ov_matcher *m, struct ov_list *list)
{
    const uint32_t number = list->collector - m->string_count;
    const struct ov_db_part *part = &m->parts[number];
    const bool head = (part->flags & OV_PART_HEAD) != 0 || number == 0;
    const bool tail = (part->flags & OV_PART_TAIL) != 0 || number + 1 == m->part_count;
    const uint32_t gap_max = ov_le32_get(part->gap_max);
    struct ov_list *before = head ? NULL : list_of_part(m, number - 1);
    struct ov_list *next = tail ? NULL : list_of_part(m, number + 1);
    uint32_t kept = 0;

    if (before != NULL) {
        ov_matches_sort(before);
    }
    if (next != NULL) {
        ov_matches_sort(next);
    }
    for (uint32_t i = 0; i < list->count; i++) {
        const struct ov_match match = list->items[i];
        bool keep = true;

        /* What lies before this block was found in earlier ones, whole. */
        if (!head && match.offset < m->first) {
            keep = has_predecessor(part - 1, before, match.offset);
        }
        if (keep && !tail && gap_max != UINT32_MAX
                && end_of(&match) + gap_max + PART_BYTES_MAX < m->first) {
            uint32_t low = 0, high = 0;

            if (next != NULL) {
                followers(part, next, end_of(&match), &low, &high);
            }
            keep = low < high;
        }
        if (keep) {
            list->items[kept++] = match;
        }
    }
    list->count = kept;
    list->sorted = kept;
}

/* The first part of the chain `part` belongs to, if every jump up to and behind `part` may have any
 * length and only the being there counts; else the part count. */
static uint32_t free_chain_head(const struct ov_matcher *m, uint32_t part)
{
    for (uint32_t at = part;; at--) {
        const struct ov_db_part *record = &m->parts[at];

        if (!only_exists(m, record) || (record->flags & OV_PART_TAIL) != 0
                || ov_le32_get(record->gap_max) != UINT32_MAX) {
            return m->part_count;
        }
        if ((record->flags & OV_PART_HEAD) != 0) {
            return at;
        }
        if (at == 0) {
            return m->part_count;
        }
    }
}

/* Where any distance will do, of all that may follow the part before only the one that ends first
 * matters. Matches of this block wait until all of it has been seen. Returns where the part
 * behind may begin. */
static uint64_t keep_first_end(struct ov_matcher *m, uint32_t part, uint64_t from)
{
    struct ov_list *list = list_of_part(m, part);
    uint32_t best = UINT32_MAX, kept = 0;

    if (list == NULL) {
        return UINT64_MAX;
    }
    ov_matches_sort(list);
    for (uint32_t i = 0; i < list->count && list->items[i].offset < m->first; i++) {
        if (list->items[i].offset >= from
                && (best == UINT32_MAX || end_of(&list->items[i]) < end_of(&list->items[best]))) {
            best = i;
        }
    }
    for (uint32_t i = 0; i < list->count; i++) {
        if (i == best || list->items[i].offset >= m->first) {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
    list->sorted = kept;
    return best == UINT32_MAX ? UINT64_MAX
                              : end_of(&list->items[0]) + ov_le32_get(m->parts[part].gap_min);
}

void ov_chains_prune(struct ov_matcher *m, struct ov_list *list)
{
    const uint32_t number = list->collector - m->string_count;
    const uint32_t head = free_chain_head(m, number);
    uint64_t from = 0;

    if (head == m->part_count) {
        drop_lonely(m, list);
        return;
    }
    for (uint32_t part = head; part <= number; part++) {
        from = keep_first_end(m, part, from);
    }
}

/* --- resolving -------------------------------------------------------------------------------- */

/* For a list of the next part: the smallest of `reach` over a range, in logarithmic time. Leaves
 * are at [count, 2 * count). */
static void build_tree(uint32_t *tree, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        const uint32_t node = i - 1;
        const uint32_t a = tree[2 * node], b = tree[2 * node + 1];

        tree[node] = a < b ? a : b;
    }
}

static uint32_t smallest(const uint32_t *tree, uint32_t count, uint32_t low, uint32_t high)
{
    uint32_t best = NOT_REACHED;
    uint64_t a = (uint64_t)low + count, b = (uint64_t)high + count;

    for (; a < b; a /= 2, b /= 2) {
        if ((a & 1) != 0) {
            best = tree[a] < best ? tree[a] : best;
            a++;
        }
        if ((b & 1) != 0) {
            b--;
            best = tree[b] < best ? tree[b] : best;
        }
    }
    return best;
}

static uint32_t *new_tree(struct ov_matcher *m, uint32_t count)
{
    uint32_t *tree;

    if (!ov_budget_steps(m->budget, (uint64_t)count * 8)) {
        ov_matcher_stop(m, OV_REASON_STEPS);
        return NULL;
    }
    tree = ov_arena_alloc(&m->arena, (size_t)count * 2, sizeof(*tree));
    if (tree == NULL) {
        ov_matcher_stop(m, OV_REASON_MEMORY);
    }
    return tree;
}

/* The tree of a part: for each of its matches the first tail it reaches, NOT_REACHED if none. */
static uint32_t *reach_of(struct ov_matcher *m, uint32_t part, const struct ov_list *list,
        const struct ov_list *next, const uint32_t *next_tree)
{
    uint32_t *tree = new_tree(m, list->count);

    for (uint32_t i = 0; tree != NULL && i < list->count; i++) {
        uint32_t low, high;

        if (next == NULL) { /* a tail reaches itself */
            tree[list->count + i] = i;
            continue;
        }
        followers(&m->parts[part], next, end_of(&list->items[i]), &low, &high);
        tree[list->count + i] =
                low < high ? smallest(next_tree, next->count, low, high) : NOT_REACHED;
    }
    if (tree != NULL) {
        build_tree(tree, list->count);
    }
    return tree;
}

static void keep_heads(struct ov_matcher *m, uint32_t head, uint32_t tail, const uint32_t *tree)
{
    const struct ov_db_part *part = &m->parts[head];
    const struct ov_db_pattern as_pattern = {
        .use = part->use,
        .flags = ov_le16_of(OV_PATTERN_SHORTEST),
        .collector = part->string,
    };
    const struct ov_match *heads = list_of_part(m, head)->items;
    const struct ov_match *tails = list_of_part(m, tail)->items;
    const uint32_t count = list_of_part(m, head)->count;

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t reached = tree[count + i];

        if (reached != NOT_REACHED) {
            ov_matches_add(
                    m, &as_pattern, heads[i].offset, end_of(&tails[reached]) - heads[i].offset, 0);
        }
    }
}

/* Resolves the chain that ends with part `tail`. */
static void resolve(struct ov_matcher *m, uint32_t tail)
{
    const uint32_t string = ov_le32_get(m->parts[tail].string);
    const struct ov_list *next = NULL;
    const uint32_t *tree = NULL;
    uint32_t part = tail;

    if (ov_string_settled(m, string)) {
        return;
    }
    for (;; part--) {
        struct ov_list *list = list_of_part(m, part);

        if (list == NULL || list->count == 0 || ov_le32_get(m->parts[part].string) != string) {
            return;
        }
        ov_matches_sort(list);
        tree = reach_of(m, part, list, next, tree);
        if (tree == NULL) {
            return;
        }
        next = list;
        if ((m->parts[part].flags & OV_PART_HEAD) != 0) {
            break;
        }
        if (part == 0) {
            return; /* a database that lies: no head */
        }
    }
    keep_heads(m, part, tail, tree);
}

void ov_chains_settle(struct ov_matcher *m, bool at_the_end)
{
    /* Between blocks only so often that all of it together costs as much as the last time. */
    if (m->part_matches == 0 || m->stopped == OV_REASON_STEPS
            || (!at_the_end && m->part_matches < m->chain_matches * 2 + 16)) {
        return;
    }
    m->chain_matches = m->part_matches;
    for (uint32_t i = 0; i < m->list_count && m->stopped != OV_REASON_STEPS; i++) {
        const uint32_t collector = m->lists[i].collector;
        const struct ov_db_part *part;

        if (collector < m->string_count) {
            continue;
        }
        part = &m->parts[collector - m->string_count];
        if ((part->flags & OV_PART_TAIL) != 0 && (at_the_end || only_exists(m, part))) {
            resolve(m, collector - m->string_count);
        }
    }
}
