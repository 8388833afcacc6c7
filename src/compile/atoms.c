/* SPDX-License-Identifier: Apache-2.0 */
/* atoms.c - which few bytes of a pattern to look for: those that ordinary files and the other
 * patterns use least. */
#include <string.h>

#include "base/checked.h"
#include "compile/byteset.h"
#include "compile/common.h"
#include "compile/tables.h"

#define PLACES_MAX      1024u /* offsets of a long pattern that are considered */
#define PLACES_FEW      64u   /* and all that a short one has */
#define FOLDED_MAX      16u   /* values of one byte, folded, in a gram */
#define GRAM_COMBOS_MAX 64u   /* grams entered for one offset */
#define PAIR_COMBOS_MAX 4096u
#define FEW_DELTAS      64u
#define FOLD1_DEAR      (OV_SHARE_ONE >> 8)
#define PAIR_DEAR       8u /* what is found by two bytes is seldom what was looked for */
#define NO_COST         UINT64_MAX

/* No more than that has a gram that is not among the counted ones. */
#define UNCOUNTED_SHARE (OV_SHARE_ONE >> 16)

/* Of runs of two bytes one in so many goes on; of eight common bytes, at one offset in so many. */
#define RUN_PAIRS    4u
#define COMMON_SHARE (OV_SHARE_ONE >> 18)

/* The folded values of a set. */
struct folded {
    uint8_t count; /* 0: too many */
    uint8_t values[FOLDED_MAX];
};

static void fold_set(const struct ov_re_set *set, struct folded *out)
{
    struct ov_re_set folded = *set;
    unsigned count = 0;

    /* Bit 5 set: the upper half of each word, where those of the lower half go too. */
    for (unsigned word = 0; word < 4; word++) {
        folded.bits[word] |= folded.bits[word] << 32;
        folded.bits[word] &= UINT64_C(0xffffffff00000000);
    }
    out->count = 0;
    if (ov_set_count(&folded) > FOLDED_MAX) {
        return;
    }
    for (unsigned word = 0; word < 4; word++) {
        for (uint64_t left = folded.bits[word]; left != 0; left &= left - 1) {
            out->values[count++] = (uint8_t)(word * 64 + (unsigned)__builtin_ctzll(left));
        }
    }
    out->count = (uint8_t)count;
}

static uint64_t gram_of(const uint8_t *bytes, unsigned width)
{
    uint64_t gram = 0;

    for (unsigned i = 0; i < width; i++) {
        gram |= (uint64_t)bytes[i] << 8 * i;
    }
    return gram;
}

/* How many grams these sets stand for; 0: too many, or one of them is empty. */
static uint32_t combos_of(const struct folded *folded, unsigned width)
{
    uint32_t combos = 1;

    for (unsigned i = 0; i < width && combos <= GRAM_COMBOS_MAX; i++) {
        combos *= folded[i].count;
    }
    return combos <= GRAM_COMBOS_MAX ? combos : 0;
}

static void combo(const struct folded *folded, unsigned width, uint32_t number, uint8_t *out)
{
    for (unsigned i = 0; i < width; i++) {
        const uint32_t count = folded[i].count;

        OV_ASSERT(count != 0); /* combos_of said so */
        out[i] = folded[i].values[count == 1 ? 0 : number % count];
        number = count == 1 ? number : number / count;
    }
}

/* Pairs say nothing of words that everybody writes, nor of runs: of each the share is far more than
 * that of its pairs in a chain. */
static uint64_t gram_share(const struct ov_tables *tables, const uint8_t *bytes, unsigned width)
{
    const uint64_t share = ov_rarity_gram(&tables->rarity, bytes, width) + 1;

    if (width < 8) {
        const uint64_t counted = ov_common_share(bytes, width);

        return counted != 0 ? counted : share < UNCOUNTED_SHARE ? share : UNCOUNTED_SHARE;
    }
    if (memcmp(bytes, bytes + 1, 7) == 0) {
        const uint64_t run = ov_rarity_pair(&tables->rarity, bytes[0], bytes[0]) / RUN_PAIRS;

        return run > share ? run : share;
    }
    return ov_common_gram(bytes) && share < COMMON_SHARE ? COMMON_SHARE : share;
}

/* With `crowds`, what it costs that many patterns share a gram, which is a long list to walk; without,
 * no more than what it costs with. */
static uint64_t gram_cost(
        const struct ov_tables *tables, const struct folded *folded, unsigned width, bool crowds)
{
    const uint32_t combos = combos_of(folded, width);
    uint64_t cost = 0;

    if (combos == 0) {
        return NO_COST;
    }
    for (uint32_t i = 0; i < combos; i++) {
        uint8_t bytes[8];
        uint64_t share;

        combo(folded, width, i, bytes);
        share = gram_share(tables, bytes, width);
        cost += share;
        if (crowds) {
            cost += share * ov_tables_crowd(tables, gram_of(bytes, width)) / 4;
        }
    }
    return cost;
}

static uint32_t places_of(size_t count, size_t width)
{
    if (count < width) {
        return 0;
    }
    return count - width + 1 < PLACES_MAX ? (uint32_t)(count - width + 1) : PLACES_MAX;
}

/* What the grams of a pattern cost, place by place. How many patterns share one is asked of a large table:
 * only where what is known without it could still be the cheapest. */
struct gram_costs {
    const struct ov_tables *tables;
    const struct folded *folded; /* NULL: every cost is exact */
    unsigned width;
    uint32_t count;
    uint64_t *costs;
    bool *exact; /* else a cost is no more than the least it can be */
};

static uint64_t exact_cost(const struct gram_costs *g, uint32_t at)
{
    if (g->folded != NULL && !g->exact[at]) {
        g->costs[at] = gram_cost(g->tables, &g->folded[at], g->width, true);
        g->exact[at] = true;
    }
    return g->costs[at];
}

/* Of `stride` grams from `at` on; NO_COST if one of them cannot be looked for. */
static uint64_t cost_of_row(const struct gram_costs *g, uint32_t at, uint32_t stride, bool exact)
{
    uint64_t cost = 0;

    for (uint32_t i = 0; i < stride; i++) {
        if (g->costs[at + i] == NO_COST) {
            return NO_COST;
        }
        cost += exact ? exact_cost(g, at + i) : g->costs[at + i];
    }
    return cost;
}

/* The cheapest place for as many grams in a row as the table's stride. */
static bool cheapest(const struct gram_costs *g, enum ov_table table, struct ov_place *out)
{
    const uint32_t stride = ov_tables_stride(table);

    OV_ASSERT(stride != 0);
    *out = (struct ov_place){ .table = table, .cost = NO_COST };
    for (uint32_t at = 0; at + stride <= g->count; at++) {
        uint64_t cost = cost_of_row(g, at, stride, false);

        if (cost == NO_COST || cost / stride >= out->cost) {
            continue;
        }
        cost = cost_of_row(g, at, stride, true) / stride; /* every stride-th offset is looked at */
        if (cost < out->cost) {
            out->cost = cost;
            out->offset = at;
        }
    }
    return out->cost != NO_COST;
}

/* Two bytes (the last one of a pattern of one byte is followed by anything). */
static uint64_t pair_cost(const struct ov_tables *tables, const struct ov_re_set *first,
        const struct ov_re_set *second)
{
    uint8_t firsts[256], seconds[256];
    unsigned first_count, second_count;
    uint64_t cost = 0;

    if (ov_set_count(first) * ov_set_count(second) > PAIR_COMBOS_MAX) {
        return NO_COST;
    }
    first_count = ov_set_members(first, firsts);
    second_count = ov_set_members(second, seconds);
    for (unsigned a = 0; a < first_count; a++) {
        for (unsigned b = 0; b < second_count; b++) {
            /* The table knows folded pairs only, which stand for up to four of these. */
            cost += ov_rarity_pair(&tables->rarity, firsts[a], seconds[b]) * PAIR_DEAR / 2 + 1;
        }
    }
    return cost;
}

static const struct ov_re_set anything = { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } };

static bool choose_pair(const struct ov_tables *tables, const struct ov_re_set *sets, size_t count,
        struct ov_place *out)
{
    const uint32_t places = count == 1 ? 1 : places_of(count < 64 ? count : 64, 2);

    *out = (struct ov_place){ .table = OV_TABLE_PAIR, .cost = NO_COST };
    for (uint32_t at = 0; at < places; at++) {
        const uint64_t cost = pair_cost(tables, &sets[at], count == 1 ? &anything : &sets[at + 1]);

        if (cost < out->cost) {
            out->cost = cost;
            out->offset = at;
        }
    }
    return out->cost != NO_COST;
}

static unsigned width_of(enum ov_table table)
{
    return table == OV_TABLE_FOLD8 ? 8 : table == OV_TABLE_FOLD3 ? 3 : 4;
}

/* `folded`, `costs` and `exact` have room for each of the places. */
static bool choose_gram(const struct ov_tables *tables, const struct ov_re_set *sets,
        uint32_t places, struct folded *folded, uint64_t *costs, bool *exact, struct ov_place *out)
{
    static const enum ov_table order[4] = { OV_TABLE_FOLD8, OV_TABLE_FOLD2, OV_TABLE_FOLD3,
        OV_TABLE_FOLD1 };

    *out = (struct ov_place){ .cost = NO_COST };
    for (uint32_t at = 0; at < places; at++) {
        fold_set(&sets[at], &folded[at]);
    }
    for (unsigned i = 0; i < 4; i++) {
        const enum ov_table table = order[i];
        const unsigned width = width_of(table);
        const struct gram_costs grams = { .tables = tables,
            .folded = folded,
            .width = width,
            .count = places < width ? 0 : places - width + 1,
            .costs = costs,
            .exact = exact };
        struct ov_place place;
        uint64_t dear;

        for (uint32_t at = 0; at < grams.count; at++) {
            costs[at] = gram_cost(tables, &folded[at], width, false);
            exact[at] = false;
        }
        if (!cheapest(&grams, table, &place)) {
            continue;
        }
        /* The first pass that can do it, unless a later one is much better and it matters. One over
         * every offset is for a few. */
        dear = table == OV_TABLE_FOLD1 ? FOLD1_DEAR : tables->dear;
        if (out->cost == NO_COST || (out->cost > dear && place.cost < out->cost / 4)) {
            *out = place;
        }
        if (out->cost <= tables->dear) {
            break;
        }
    }
    return out->cost != NO_COST;
}

bool ov_atom_choose(const struct ov_tables *tables, const struct ov_re_set *sets, size_t count,
        struct ov_place *out)
{
    const uint32_t places = places_of(count, 1);
    bool chosen;

    /* Most are short, and room for the longest is 25 KiB that would be zeroed for each. */
    if (places <= PLACES_FEW) {
        struct folded folded[PLACES_FEW];
        uint64_t costs[PLACES_FEW];
        bool exact[PLACES_FEW];

        chosen = choose_gram(tables, sets, places, folded, costs, exact, out);
    } else {
        struct folded folded[PLACES_MAX];
        uint64_t costs[PLACES_MAX];
        bool exact[PLACES_MAX];

        chosen = choose_gram(tables, sets, places, folded, costs, exact, out);
    }
    return chosen || (count != 0 && choose_pair(tables, sets, count, out));
}

/* --- under an unknown key: differences of neighbours ------------------------------------------ */

static uint8_t only_byte(const struct ov_re_set *set)
{
    unsigned b = 0;

    while (b < 255 && !ov_set_has(set, b)) {
        b++;
    }
    return (uint8_t)b;
}

static void deltas_at(const struct ov_re_set *sets, size_t at, uint8_t out[4])
{
    for (size_t i = 0; i < 4; i++) {
        out[i] = (uint8_t)(only_byte(&sets[at + i]) ^ only_byte(&sets[at + i + 1]));
    }
}

/* No difference (a run of one byte) is common; nothing else is known about differences. */
static uint64_t delta_cost(const struct ov_tables *tables, const uint8_t deltas[4])
{
    uint64_t share = OV_SHARE_ONE >> 1;

    for (size_t i = 0; i < 4; i++) {
        share >>= deltas[i] == 0 ? 1 : 6;
    }
    return share + share * ov_tables_crowd(tables, gram_of(deltas, 4)) / 4;
}

bool ov_atom_choose_xor(const struct ov_tables *tables, const struct ov_re_set *sets, size_t count,
        struct ov_place *out)
{
    struct ov_place four, one;
    uint64_t costs[PLACES_MAX];
    const struct gram_costs grams = { .count = places_of(count, 5), .costs = costs };
    bool has_four, has_one;

    for (uint32_t at = 0; at < grams.count; at++) {
        uint8_t deltas[4];

        deltas_at(sets, at, deltas);
        costs[at] = delta_cost(tables, deltas);
    }
    has_four = cheapest(&grams, OV_TABLE_DELTA4, &four);
    has_one = cheapest(&grams, OV_TABLE_DELTA1, &one);
    /* A few differences at every offset are a matter of nibbles. */
    if (has_four && (!has_one || ov_tables_count(tables, OV_TABLE_DELTA1) >= FEW_DELTAS)) {
        *out = four;
        return true;
    }
    if (has_one) {
        *out = one;
        return true;
    }
    if (count < 2) {
        return false; /* every byte is that one under some key */
    }
    /* Too short for differences: one atom for each key. */
    *out = (struct ov_place){
        .table = count == 4 ? OV_TABLE_FOLD1 : OV_TABLE_PAIR,
        .cost = OV_SHARE_ONE >> (count == 4 ? 16 : 6),
    };
    return true;
}

/* --- entering -------------------------------------------------------------------------------- */

/* The eight bytes around gram `at` that say most, of `count` with values and masks: if several say
 * the same, such as show what stands on both sides of it. */
static void set_window(struct ov_db_atom *atom, const uint8_t *values, const uint8_t *masks,
        size_t count, size_t at)
{
    static const uint8_t order[] = { 2, 1, 3, 0, 4 };
    unsigned best = 0;

    for (size_t n = 0; n < sizeof(order); n++) {
        const size_t back = order[n];
        unsigned bits = 0;

        if (back > at) {
            continue;
        }

        for (size_t i = at - back; i < at - back + 8 && i < count; i++) {
            bits += (unsigned)__builtin_popcount(masks[i]);
        }
        if (bits > best) {
            best = bits;
            atom->window = (uint8_t)back;
        }
    }
    memset(atom->value, 0, sizeof(atom->value));
    memset(atom->mask, 0, sizeof(atom->mask));
    for (size_t i = 0; i < 8 && at - atom->window + i < count; i++) {
        atom->value[i] = values[at - atom->window + i];
        atom->mask[i] = masks[at - atom->window + i];
    }
}

/* Values and masks of the sets around `place`, at most 32 of them; `first` is where they begin. */
struct around {
    uint8_t values[32];
    uint8_t masks[32];
    size_t first;
    size_t count;
};

static void look_around(
        struct around *around, const struct ov_re_set *sets, size_t count, uint32_t place)
{
    around->first = place > 8 ? place - 8 : 0;
    around->count = count - around->first < 32 ? count - around->first : 32;
    for (size_t i = 0; i < around->count; i++) {
        (void)ov_set_mask(&sets[around->first + i], &around->values[i], &around->masks[i]);
    }
}

static struct ov_db_atom atom_for(const struct ov_atom_target *target, size_t back)
{
    return (struct ov_db_atom){
        .pattern = ov_le32_of(target->pattern),
        .string = ov_le32_of(target->string),
        .back = ov_le32_of((uint32_t)back),
        .use = target->use,
        .group = ov_le16_of(target->group),
    };
}

static void enter_grams(struct ov_tables *tables, const struct ov_re_set *sets, size_t count,
        const struct ov_place *place, const struct ov_atom_target *target)
{
    const size_t stride = ov_tables_stride(place->table);
    const unsigned width = width_of(place->table);
    struct around around;

    look_around(&around, sets, count, place->offset);
    for (size_t at = place->offset; at < place->offset + stride; at++) {
        struct ov_db_atom atom = atom_for(target, at);
        struct folded folded[8];
        uint32_t combos;

        for (size_t i = 0; i < width; i++) {
            fold_set(&sets[at + i], &folded[i]);
        }
        combos = combos_of(folded, width);
        set_window(&atom, around.values, around.masks, around.count, at - around.first);
        for (uint32_t i = 0; i < combos; i++) {
            uint8_t bytes[8];

            combo(folded, width, i, bytes);
            ov_tables_add(tables, place->table, gram_of(bytes, width), &atom);
        }
    }
}

void ov_atom_enter(struct ov_tables *tables, const struct ov_re_set *sets, size_t count,
        const struct ov_place *place, const struct ov_atom_target *target)
{
    const size_t at = place->offset;
    const struct ov_re_set *second = count == 1 ? &anything : &sets[at + 1];
    struct ov_db_atom atom = atom_for(target, at);
    struct around around;

    if (place->table != OV_TABLE_PAIR) {
        enter_grams(tables, sets, count, place, target);
        return;
    }
    look_around(&around, sets, count, place->offset);
    set_window(&atom, around.values, around.masks, around.count, at - around.first);
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256 && ov_set_has(&sets[at], a); b++) {
            if (ov_set_has(second, b)) {
                ov_tables_add(tables, OV_TABLE_PAIR, a | b << 8, &atom);
            }
        }
    }
}

/* Two or three bytes in a pass over pairs, four in one over grams of four. */
static void enter_each_key(struct ov_tables *tables, const struct ov_re_set *sets, size_t count,
        const struct ov_place *place, const struct ov_atom_target *target)
{
    const bool pair = place->table == OV_TABLE_PAIR;

    for (unsigned key = target->xor_min; key <= target->xor_max; key++) {
        struct ov_db_atom atom = atom_for(target, 0);
        uint8_t values[4] = { 0 }, masks[4] = { 0 }, folded[4];

        for (size_t i = 0; i < count && i < 4; i++) {
            values[i] = (uint8_t)(only_byte(&sets[i]) ^ key);
            masks[i] = 0xff;
        }
        for (size_t i = 0; i < 4; i++) {
            folded[i] = values[i] | 0x20u;
        }
        set_window(&atom, values, masks, count, 0);
        ov_tables_add(tables, place->table, pair ? gram_of(values, 2) : gram_of(folded, 4), &atom);
    }
}

void ov_atom_enter_xor(struct ov_tables *tables, const struct ov_re_set *sets, size_t count,
        const struct ov_place *place, const struct ov_atom_target *target)
{
    const size_t width = place->table == OV_TABLE_DELTA4 ? 4 : 1;
    const size_t first = place->offset > 8 ? place->offset - 8 : 0;
    uint8_t values[32], masks[32];
    size_t known = 0;

    if (place->table != OV_TABLE_DELTA4 && place->table != OV_TABLE_DELTA1) {
        enter_each_key(tables, sets, count, place, target);
        return;
    }
    for (; known < 32 && first + known + 1 < count; known++) {
        values[known] =
                (uint8_t)(only_byte(&sets[first + known]) ^ only_byte(&sets[first + known + 1]));
        masks[known] = 0xff;
    }
    for (size_t at = place->offset; at < place->offset + width; at++) {
        struct ov_db_atom atom = atom_for(target, at);
        uint8_t deltas[4];

        deltas_at(sets, at, deltas);
        set_window(&atom, values, masks, known, at - first);
        ov_tables_add(tables, place->table, gram_of(deltas, 4), &atom);
    }
}
