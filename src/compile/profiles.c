/* SPDX-License-Identifier: Apache-2.0 */
/* profiles.c - see profiles.h. The same rules give the same profiles, always. */
#include "compile/profiles.h"

#include <string.h>

#include "base/buf.h"
#include "base/checked.h"

/* Beginnings longer than this are cut: what tells files apart stands at the front. */
#define PREFIX_MAX 4u

/* Sizes considered; of more the ones with the most strings. */
#define BOUNDS_MAX 256u

/* --- what the rules ask ------------------------------------------------------------------------ */

struct beginning {
    uint8_t bytes[PREFIX_MAX];
    uint32_t length;
    uint64_t weight;
};

struct bound {
    uint64_t size;
    uint64_t weight;
};

struct gathering {
    struct ov_buf beginnings;
    struct ov_buf bounds;
    bool stances; /* some rule asks how an object is looked at */
};

/* A hint's depth is that of its condition, which is bounded. */
static void gather(struct gathering *g, const struct ov_hint *hint, uint64_t weight)
{
    struct beginning beginning = { .weight = weight };
    struct bound bound = { .weight = weight };

    switch (hint->kind) {
    case OV_HINT_BYTES:
    case OV_HINT_NOT_BYTES:
        if (hint->offset == 0) {
            beginning.length = hint->count < PREFIX_MAX ? hint->count : PREFIX_MAX;
            memcpy(beginning.bytes, hint->bytes, beginning.length);
            ov_buf_put(&g->beginnings, &beginning, sizeof(beginning));
        }
        break;
    case OV_HINT_SIZE:
        if (hint->size_max != UINT64_MAX) {
            bound.size = hint->size_max;
            ov_buf_put(&g->bounds, &bound, sizeof(bound));
        }
        if (hint->size_min > 0) {
            bound.size = hint->size_min - 1;
            ov_buf_put(&g->bounds, &bound, sizeof(bound));
        }
        break;
    case OV_HINT_AND:
    case OV_HINT_OR:
        for (const struct ov_hint *child = hint->children; child != NULL; child = child->next) {
            gather(g, child, weight);
        }
        break;
    case OV_HINT_STANCE:
        g->stances = true;
        break;
    case OV_HINT_NEVER:
        break;
    }
}

/* Thousands of rules share the hint of a target of ClamAV's: what they weigh together is gathered
 * once. */
struct shared {
    const struct ov_hint *hint;
    uint64_t weight;
};
#define SHARED_COUNT 64u

static size_t shared_place(const struct ov_hint *hint)
{
    return (uintptr_t)hint / sizeof(*hint) % SHARED_COUNT;
}

static void gather_all(struct gathering *g, const struct ov_rule_set *set,
        const struct ov_hints *hints, const uint32_t *weights)
{
    struct shared shared[SHARED_COUNT] = { { .hint = NULL } };

    for (size_t r = 0; r < set->rule_count; r++) {
        const struct ov_hint *hint = hints->of_rule[r];
        struct shared *here = &shared[shared_place(hint)];

        if (hint == NULL || weights[r] == 0) {
            continue;
        }
        if (here->hint != hint) {
            if (here->hint != NULL) {
                gather(g, here->hint, here->weight);
            }
            *here = (struct shared){ .hint = hint };
        }
        here->weight += weights[r];
    }
    for (size_t i = 0; i < SHARED_COUNT; i++) {
        if (shared[i].hint != NULL) {
            gather(g, shared[i].hint, shared[i].weight);
        }
    }
}

static int by_bytes(const void *x, const void *y)
{
    const struct beginning *a = x, *b = y;
    const int c = memcmp(a->bytes, b->bytes, sizeof(a->bytes));

    return c != 0 ? c : (a->length > b->length) - (a->length < b->length);
}

static int by_beginning_weight(const void *x, const void *y)
{
    const struct beginning *a = x, *b = y;

    return a->weight != b->weight ? (a->weight < b->weight) - (a->weight > b->weight)
                                  : by_bytes(x, y);
}

static int by_size(const void *x, const void *y)
{
    const struct bound *a = x, *b = y;

    return (a->size > b->size) - (a->size < b->size);
}

static int by_bound_weight(const void *x, const void *y)
{
    const struct bound *a = x, *b = y;

    return a->weight != b->weight ? (a->weight < b->weight) - (a->weight > b->weight)
                                  : by_size(x, y);
}

/* Ways to look are classes; then the heaviest beginnings, as far as there is room. */
static void choose_classes(struct ov_profiles *profiles, struct ov_buf *from, bool stances)
{
    size_t bytes = 0, kept = 0;
    auto_free struct beginning *all = (void *)ov_buf_steal(from, &bytes);
    const size_t count = bytes / sizeof(*all);

    profiles->class_count = 1;
    for (uint8_t stance = OV_STANCE_FILE + 1; stances && stance < OV_STANCES; stance++) {
        profiles->classes[profiles->class_count++].stance = stance;
    }
    if (count == 0) {
        return;
    }
    qsort(all, count, sizeof(*all), by_bytes);
    for (size_t i = 0; i < count; i++) {
        if (kept != 0 && by_bytes(&all[kept - 1], &all[i]) == 0) {
            all[kept - 1].weight += all[i].weight;
        } else {
            all[kept++] = all[i];
        }
    }
    qsort(all, kept, sizeof(*all), by_beginning_weight);
    for (size_t i = 0; i < kept && profiles->class_count < OV_CLASSES_MAX; i++) {
        struct ov_db_class *class = &profiles->classes[profiles->class_count++];

        memcpy(class->bytes, all[i].bytes, all[i].length);
        class->length = (uint8_t)all[i].length;
    }
}

/* Binary logarithm in 256ths, near enough: where sizes matter, only their ratio does. */
static uint64_t log_of(uint64_t size)
{
    const unsigned bits = size < 2 ? 0 : 63u - (unsigned)__builtin_clzll(size);

    return bits * 256u + (bits >= 8 ? (size >> (bits - 8) & 255) : (size << (8 - bits) & 255));
}

/* What it costs that rules asking for at most sizes[from..to] are looked at up to sizes[to]. */
static uint64_t rounding(const struct bound *bounds, size_t from, size_t to)
{
    uint64_t cost = 0;

    for (size_t i = from; i <= to; i++) {
        cost += bounds[i].weight * (log_of(bounds[to].size) - log_of(bounds[i].size));
    }
    return cost;
}

/* Of the ascending bounds, the few to which rounding up costs least: for each number of chosen
 * ones and each last one the best choice so far. */
static void choose_few(struct ov_profiles *profiles, const struct bound *bounds, size_t count)
{
    enum {
        FEW = OV_SIZES_MAX - 1
    };
    static const uint64_t no_bound = 40 * 256; /* unbounded is as bad as 1 TiB */
    uint64_t best[FEW][BOUNDS_MAX];
    uint8_t before[FEW][BOUNDS_MAX];
    uint64_t least = UINT64_MAX;
    size_t few = 0, last = 0;

    for (size_t n = 0; n < FEW && n < count; n++) {
        for (size_t to = n; to < count; to++) {
            uint64_t behind = 0;

            best[n][to] = n == 0 ? rounding(bounds, 0, to) : UINT64_MAX;
            for (size_t from = n; n != 0 && from <= to; from++) {
                const uint64_t cost = best[n - 1][from - 1] + rounding(bounds, from, to);

                if (cost < best[n][to]) {
                    best[n][to] = cost;
                    before[n][to] = (uint8_t)(from - 1);
                }
            }
            for (size_t i = to + 1; i < count; i++) {
                const uint64_t log = log_of(bounds[i].size);

                behind += bounds[i].weight * (log < no_bound ? no_bound - log : 0);
            }
            if (best[n][to] + behind < least) {
                least = best[n][to] + behind;
                few = n;
                last = to;
            }
        }
    }
    profiles->size_count = (uint32_t)few + 2;
    for (size_t n = few + 1; n > 0; n--) {
        profiles->sizes[n - 1] = bounds[last].size;
        last = n > 1 ? before[n - 1][last] : 0;
    }
}

_Static_assert(BOUNDS_MAX <= 256, "an index fits into a byte");

static void choose_sizes(struct ov_profiles *profiles, struct ov_buf *from)
{
    size_t bytes = 0, kept = 0;
    auto_free struct bound *all = (void *)ov_buf_steal(from, &bytes);
    const size_t count = bytes / sizeof(*all);

    profiles->size_count = 1;
    if (count == 0) {
        return;
    }
    qsort(all, count, sizeof(*all), by_size);
    for (size_t i = 0; i < count; i++) {
        if (kept != 0 && all[kept - 1].size == all[i].size) {
            all[kept - 1].weight += all[i].weight;
        } else {
            all[kept++] = all[i];
        }
    }
    if (kept > BOUNDS_MAX) {
        qsort(all, kept, sizeof(*all), by_bound_weight);
        kept = BOUNDS_MAX;
        qsort(all, kept, sizeof(*all), by_size);
    }
    choose_few(profiles, all, kept);
}

/* --- what cannot be ------------------------------------------------------------------------------ */

/* One class and size of objects. */
struct kind {
    const struct ov_profiles *profiles;
    const struct ov_db_class *class;
    uint64_t size_min;
    uint64_t size_max;
};

/* Whether an object of `class` in which the hint's bytes stand would begin as another, longer
 * class does. */
static bool is_of_another(const struct ov_db_class *class, const struct ov_db_class *other,
        const struct ov_hint *hint)
{
    if (other->length <= class->length) {
        return false;
    }
    for (uint32_t i = 0; i < other->length; i++) {
        const bool known = i < class->length && class->bytes[i] == other->bytes[i];
        const bool asked = i >= hint->offset && i - hint->offset < hint->count
                           && hint->bytes[i - hint->offset] == other->bytes[i];

        if (!known && !asked) {
            return false;
        }
    }
    return true;
}

/* Whether objects of the kind are told from others by how they begin. */
static bool is_by_beginning(const struct kind *kind)
{
    return kind->class->stance != OV_STANCE_TEXT && kind->class->stance != OV_STANCE_PAGE;
}

static bool bytes_may_stand(const struct kind *kind, const struct ov_hint *hint)
{
    if (kind->size_max - hint->offset < hint->count || kind->size_max < hint->offset) {
        return false;
    }
    if (!is_by_beginning(kind)) {
        return true;
    }
    for (uint32_t i = 0; i < hint->count; i++) {
        const uint32_t at = hint->offset + i;

        if (at < kind->class->length && kind->class->bytes[at] != hint->bytes[i]) {
            return false;
        }
    }
    for (uint32_t c = 1; c < kind->profiles->class_count; c++) {
        if (is_of_another(kind->class, &kind->profiles->classes[c], hint)) {
            return false;
        }
    }
    return true;
}

static bool bytes_must_stand(const struct kind *kind, const struct ov_hint *hint)
{
    if (hint->offset + hint->count > kind->class->length) {
        return false;
    }
    return memcmp(kind->class->bytes + hint->offset, hint->bytes, hint->count) == 0;
}

static bool may_be(const struct kind *kind, const struct ov_hint *hint)
{
    const struct ov_hint *child = hint == NULL ? NULL : hint->children;

    if (hint == NULL) {
        return true;
    }
    switch (hint->kind) {
    case OV_HINT_NEVER:
        return false;
    case OV_HINT_BYTES:
        return bytes_may_stand(kind, hint);
    case OV_HINT_NOT_BYTES:
        return !bytes_must_stand(kind, hint);
    case OV_HINT_SIZE:
        return hint->size_min <= kind->size_max && kind->size_min <= hint->size_max;
    case OV_HINT_STANCE:
        return (hint->stances >> kind->class->stance & 1) != 0;
    case OV_HINT_AND:
        while (child != NULL && may_be(kind, child)) {
            child = child->next;
        }
        return child == NULL;
    case OV_HINT_OR:
        while (child != NULL && !may_be(kind, child)) {
            child = child->next;
        }
        return child != NULL;
    }
    return true;
}

/* What may_be said of a hint that several rules share. */
struct answer {
    const struct ov_hint *hint;
    bool may_be;
};

static bool may_be_shared(
        const struct kind *kind, const struct ov_hint *hint, struct answer answers[SHARED_COUNT])
{
    struct answer *here = &answers[shared_place(hint)];

    if (hint == NULL) {
        return true;
    }
    if (here->hint != hint) {
        *here = (struct answer){ .hint = hint, .may_be = may_be(kind, hint) };
    }
    return here->may_be;
}

static struct kind kind_of(const struct ov_profiles *profiles, uint32_t class, uint32_t size)
{
    return (struct kind){
        .profiles = profiles,
        .class = &profiles->classes[class],
        .size_min = size == 0 ? 0 : profiles->sizes[size - 1] + 1,
        .size_max = size + 1 == profiles->size_count ? UINT64_MAX : profiles->sizes[size],
    };
}

/* --- profiles and groups ------------------------------------------------------------------------- */

/* Which rules may hold, as bits, and how many strings they have. */
struct candidate {
    uint64_t *rules;
    uint64_t weight;
};

/* One profile may serve another kind of objects if it has at most a sixteenth more strings for it:
 * filters of their own for all the kinds there are would be large. */
static bool serves(uint64_t weight_of_both, uint64_t weight)
{
    return weight_of_both <= weight + weight / 16;
}

static uint64_t weight_of(const struct ov_rule_set *set, const uint32_t *weights, const uint64_t *a,
        const uint64_t *b)
{
    uint64_t weight = 0;

    for (size_t word = 0; word <= set->rule_count / 64; word++) {
        for (uint64_t left = a[word] | b[word]; left != 0; left &= left - 1) {
            weight += weights[word * 64 + (size_t)__builtin_ctzll(left)];
        }
    }
    return weight;
}

/* Puts the kind into the profile it fits best, or into a new one. */
static void place(struct ov_profiles *profiles, const struct ov_rule_set *set,
        const uint32_t *weights, struct candidate *all, const struct candidate *one, uint32_t kind)
{
    const size_t words = set->rule_count / 64 + 1;
    uint32_t best = profiles->profile_count;
    uint64_t least = UINT64_MAX;

    for (uint32_t p = 0; p < profiles->profile_count; p++) {
        uint64_t both;

        if (!serves(all[p].weight, one->weight) || !serves(one->weight, all[p].weight)) {
            continue;
        }
        both = weight_of(set, weights, all[p].rules, one->rules);
        if (serves(both, all[p].weight) && serves(both, one->weight) && both < least) {
            least = both;
            best = p;
        }
    }
    profiles->map[kind] = (uint8_t)best;
    if (best == profiles->profile_count) {
        profiles->profile_count++;
    }
    for (size_t word = 0; word < words; word++) {
        all[best].rules[word] |= one->rules[word];
    }
    all[best].weight = weight_of(set, weights, all[best].rules, all[best].rules);
}

static void put_in(struct ov_profile_set *set, uint32_t profile)
{
    set->words[profile / 64] |= UINT64_C(1) << (profile & 63);
}

/* Which rules may hold in which kind of object; kinds with much the same rules become one. */
static bool find_profiles(struct ov_profiles *profiles, const struct ov_rule_set *set,
        const struct ov_hints *hints, const uint32_t *weights, struct ov_profile_set *of_rule)
{
    const size_t words = set->rule_count / 64 + 1;
    auto_free uint64_t *bits = calloc(words * (OV_PROFILES_MAX + 1), sizeof(*bits));
    struct candidate all[OV_PROFILES_MAX + 1];
    struct candidate *one = &all[OV_PROFILES_MAX];

    if (bits == NULL) {
        return false;
    }
    for (size_t i = 0; i <= OV_PROFILES_MAX; i++) {
        all[i] = (struct candidate){ .rules = bits + i * words };
    }
    for (uint32_t k = 0; k < profiles->class_count * profiles->size_count; k++) {
        const struct kind kind =
                kind_of(profiles, k / profiles->size_count, k % profiles->size_count);

        struct answer answers[SHARED_COUNT] = { { .hint = NULL } };

        memset(one->rules, 0, words * sizeof(*bits));
        for (size_t r = 0; r < set->rule_count; r++) {
            if (weights[r] != 0 && may_be_shared(&kind, hints->of_rule[r], answers)) {
                one->rules[r / 64] |= UINT64_C(1) << (r & 63);
            }
        }
        one->weight = weight_of(set, weights, one->rules, one->rules);
        place(profiles, set, weights, all, one, k);
    }
    for (size_t r = 0; r < set->rule_count; r++) {
        put_in(&of_rule[r], profiles->profile_count); /* the second sweep's */
    }
    for (uint32_t p = 0; p < profiles->profile_count; p++) {
        for (size_t r = 0; r < set->rule_count; r++) {
            of_rule[r].words[p / 64] |= (all[p].rules[r / 64] >> (r & 63) & 1) << (p & 63);
        }
    }
    profiles->profile_count++;
    return true;
}

static int by_words(const void *x, const void *y)
{
    return memcmp(x, y, sizeof(struct ov_profile_set));
}

/* Rules with the same profiles share a group. Group 0 is that of all profiles, where the rules go
 * for which there is no number left. */
static bool find_groups(
        struct ov_profiles *profiles, size_t rules, const struct ov_profile_set *of_rule)
{
    struct ov_profile_set *sorted = malloc((rules + 1) * sizeof(*sorted));
    uint32_t kept = 0;

    profiles->of_rule = calloc(rules + 1, sizeof(*profiles->of_rule));
    if (sorted == NULL || profiles->of_rule == NULL) {
        free(sorted);
        return false;
    }
    memcpy(sorted, of_rule, rules * sizeof(*sorted));
    qsort(sorted, rules, sizeof(*sorted), by_words);
    for (size_t i = 0; i < rules; i++) {
        if (kept == 0 || by_words(&sorted[kept - 1], &sorted[i]) != 0) {
            sorted[kept++] = sorted[i];
        }
    }
    kept = kept < OV_GROUPS_MAX - 2 ? kept : OV_GROUPS_MAX - 2;
    profiles->groups = calloc((size_t)kept + 2, sizeof(*profiles->groups));
    if (profiles->groups == NULL) {
        free(sorted);
        return false;
    }
    memset(&profiles->groups[0], 0xff, sizeof(profiles->groups[0]));
    memcpy(profiles->groups + 1, sorted, kept * sizeof(*sorted));
    profiles->group_count = kept + 2;
    put_in(&profiles->groups[kept + 1], profiles->profile_count - 1);
    for (size_t r = 0; r < rules; r++) {
        const struct ov_profile_set *found =
                bsearch(&of_rule[r], sorted, kept, sizeof(*sorted), by_words);

        profiles->of_rule[r] = found == NULL ? 0 : (uint16_t)(found - sorted + 1);
    }
    free(sorted);
    return true;
}

static overt_status no_memory(overt_error *err)
{
    return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to group rules");
}

/* One profile with everything in it. */
static overt_status init_open(struct ov_profiles *profiles, overt_error *err)
{
    profiles->class_count = profiles->size_count = 1;
    profiles->profile_count = profiles->group_count = 2;
    profiles->groups = calloc(2, sizeof(*profiles->groups));
    if (profiles->groups == NULL) {
        return no_memory(err);
    }
    memset(&profiles->groups[0], 0xff, sizeof(profiles->groups[0]));
    profiles->groups[1].words[0] = 2;
    return OVERT_OK;
}

overt_status ov_profiles_init(struct ov_profiles *profiles, const struct ov_rule_set *set,
        const struct ov_hints *hints, const uint32_t *weights, overt_error *err)
{
    struct ov_profile_set *of_rule;
    struct gathering g = { .stances = false };
    bool good;

    *profiles = (struct ov_profiles){ 0 };
    if (hints == NULL) {
        return init_open(profiles, err);
    }
    OV_ASSERT(hints->rule_count == set->rule_count);
    ov_buf_init(&g.beginnings, SIZE_MAX);
    ov_buf_init(&g.bounds, SIZE_MAX);
    gather_all(&g, set, hints, weights);
    of_rule = calloc(set->rule_count + 1, sizeof(*of_rule));
    good = of_rule != NULL && ov_buf_ok(&g.beginnings) && ov_buf_ok(&g.bounds);
    if (good) {
        choose_classes(profiles, &g.beginnings, g.stances);
        choose_sizes(profiles, &g.bounds);
        good = find_profiles(profiles, set, hints, weights, of_rule)
               && find_groups(profiles, set->rule_count, of_rule);
    }
    free(of_rule);
    ov_buf_done(&g.bounds);
    ov_buf_done(&g.beginnings);
    return good ? OVERT_OK : no_memory(err);
}

void ov_profiles_done(struct ov_profiles *profiles)
{
    free(profiles->groups);
    free(profiles->of_rule);
    *profiles = (struct ov_profiles){ 0 };
}
