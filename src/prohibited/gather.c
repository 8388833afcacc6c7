/* SPDX-License-Identifier: Apache-2.0 */
/* gather.c - from hits to findings.
 *
 * What carries a finding is at least medium and more than a mention. Weak facts and mentions alone
 * are leads: told, never counted. A product that only says "something of this vendor" goes into one
 * that says what it is, when that was found as well. */
#include "prohibited/gather.h"

#include <string.h>

#include "base/buf.h"
#include "prohibited/grow.h"

struct pile {
    const struct ov_product *product;
    struct ov_clue *clues;
    size_t count, cap;
    uint64_t left_out;
    enum ov_state state;         /* of what carries a finding */
    enum ov_strength confidence; /* likewise */
    bool carries;
    bool folded; /* into another, which explains it */
    const char *platform, *version, *entity;
    unsigned version_rank;
};

struct ov_gather {
    struct ov_survey *survey;
    const struct ov_catalogue *catalogue;
    struct pile *piles;
    size_t count, cap;
};

struct ov_gather *ov_gather_new(struct ov_survey *survey, const struct ov_catalogue *catalogue)
{
    struct ov_gather *g = calloc(1, sizeof(*g));

    if (g != NULL) {
        g->survey = survey;
        g->catalogue = catalogue;
    }
    return g;
}

void ov_gather_free(struct ov_gather *g)
{
    if (g != NULL) {
        for (size_t i = 0; i < g->count; i++) {
            free(g->piles[i].clues);
        }
        free(g->piles);
        free(g);
    }
}

static struct pile *pile_of(struct ov_gather *g, const struct ov_product *product)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->piles[i].product == product) {
            return &g->piles[i];
        }
    }
    if (!ov_grow(&g->piles, &g->cap, g->count, sizeof(*g->piles))) {
        g->survey->failed = true;
        return NULL;
    }
    g->piles[g->count] =
            (struct pile){ .product = product, .platform = "", .version = "", .entity = "" };
    return &g->piles[g->count++];
}

static struct ov_clue *same_clue(struct pile *pile, const struct ov_hit *hit)
{
    for (size_t i = 0; i < pile->count; i++) {
        if (pile->clues[i].value == hit->fact->value
                && strcmp(pile->clues[i].where, hit->where) == 0) {
            return &pile->clues[i];
        }
    }
    return NULL;
}

static void weigh(struct ov_gather *g, struct pile *pile, const struct ov_hit *hit)
{
    const bool carries = hit->shows != OV_STATE_MENTION && hit->fact->strength != OV_STRENGTH_WEAK;

    if (carries) {
        pile->state = pile->carries && pile->state > hit->shows ? pile->state : hit->shows;
        pile->confidence = pile->carries && pile->confidence > hit->fact->strength
                                   ? pile->confidence
                                   : hit->fact->strength;
        pile->carries = true;
    }
    if (hit->version[0] != '\0' && hit->version_rank > pile->version_rank) {
        pile->version = ov_survey_keep(g->survey, hit->version);
        pile->version_rank = hit->version_rank;
    }
    if (hit->entity[0] != '\0' && pile->entity[0] == '\0') {
        pile->entity = ov_survey_keep(g->survey, hit->entity);
    }
    if (pile->platform[0] == '\0' && hit->shows != OV_STATE_MENTION) {
        pile->platform = hit->fact->platform;
    }
}

void ov_gather_hit(struct ov_gather *g, const struct ov_hit *hit)
{
    struct pile *pile = pile_of(g, hit->fact->product);
    struct ov_clue *clue;

    if (pile == NULL) {
        return;
    }
    weigh(g, pile, hit);
    clue = same_clue(pile, hit);
    if (clue != NULL) {
        clue->shows = clue->shows > hit->shows ? clue->shows : hit->shows;
        return;
    }
    if (pile->count == OV_CLUES_MAX) {
        pile->left_out++;
        return;
    }
    if (!ov_grow(&pile->clues, &pile->cap, pile->count, sizeof(*pile->clues))) {
        g->survey->failed = true;
        return;
    }
    pile->clues[pile->count++] = (struct ov_clue){
        .kind = ov_mark_name(hit->fact->mark),
        .value = hit->fact->value,
        .where = ov_survey_keep(g->survey, hit->where),
        .detail = ov_survey_keep(g->survey, hit->detail),
        .source = hit->fact->source,
        .shows = hit->shows,
        .strength = hit->fact->strength,
    };
}

/* --- judging -------------------------------------------------------------------------------- */

static bool is_listed(const char *const *list, const char *text)
{
    for (; *list != NULL; list++) {
        if (strcmp(*list, text) == 0) {
            return true;
        }
    }
    return false;
}

static const char *join(struct ov_survey *s, const char *before, const char *const *list,
        const char *between, const char *last)
{
    struct ov_buf text;
    const char *out = "";

    ov_buf_init(&text, 1u << 16);
    ov_buf_put_text(&text, before);
    for (size_t i = 0; list[i] != NULL; i++) {
        ov_buf_put_text(&text, i == 0 ? "" : ", ");
        ov_buf_put_text(&text, list[i]);
    }
    ov_buf_put_text(&text, between);
    ov_buf_put_text(&text, last);
    ov_buf_put_u8(&text, 0);
    if (ov_buf_ok(&text)) {
        out = ov_survey_keep(s, (const char *)ov_bytes_raw(ov_buf_bytes(&text)));
    } else {
        s->failed = true;
    }
    ov_buf_done(&text);
    return out;
}

enum ov_scope ov_ban_judge(struct ov_survey *s, const struct ov_ban *ban,
        const struct ov_found *found, const char **why)
{
    static const char *const none[] = { NULL };

    if (found->embedded && !ban->embedded) {
        *why = ban->embedded_exclusion[0] != '\0'
                       ? join(s, "excluded: ", none, ban->embedded_exclusion, "")
                       : "code of the vendor inside other products is not covered";
        return OV_SCOPE_OUT;
    }
    if (ban->products[0] != NULL && !is_listed(ban->products, found->product)) {
        *why = "not among the products that it names";
        return OV_SCOPE_OUT;
    }
    if (ban->classes[0] != NULL && !is_listed(ban->classes, found->product_class)) {
        *why = join(s, "covers ", ban->classes, "; this is of the class ", found->product_class);
        return OV_SCOPE_OUT;
    }
    if (ban->platforms[0] != NULL && !is_listed(ban->platforms, found->platform)) {
        *why = join(s, "covers ", ban->platforms, "; this was found on ", found->platform);
        return OV_SCOPE_OUT;
    }
    if (ban->condition[0] != '\0') {
        *why = ban->condition;
        return OV_SCOPE_DECIDE;
    }
    if (found->state == OV_STATE_REMNANT) {
        *why = join(s, "only remnants are left of it; covered when in use: ", none, ban->why, "");
        return OV_SCOPE_DECIDE;
    }
    *why = ban->why;
    return OV_SCOPE_IN;
}

static void judge_all(
        struct ov_survey *s, const struct ov_catalogue *catalogue, struct ov_found *found)
{
    found->rulings = calloc(catalogue->ban_count + 1, sizeof(*found->rulings));
    if (found->rulings == NULL) {
        s->failed = true;
        return;
    }
    for (size_t i = 0; i < catalogue->ban_count; i++) {
        const struct ov_ban *ban = catalogue->bans[i];

        if (is_listed(ban->vendors, found->vendor)) {
            struct ov_ruling *ruling = &found->rulings[found->ruling_count++];

            *ruling = (struct ov_ruling){ .ban = ban->id, .title = ban->title };
            ruling->scope = ov_ban_judge(s, ban, found, &ruling->why);
        }
    }
}

/* --- findings ------------------------------------------------------------------------------- */

/* The pile that says what it is, of the same vendor and at least as alive; on the same platform
 * rather than not. NULL: none. */
static struct pile *explanation_of(const struct ov_gather *g, const struct pile *pile)
{
    struct pile *best = NULL;

    for (size_t i = 0; i < g->count; i++) {
        struct pile *other = &g->piles[i];

        if (other->carries && !other->product->generic
                && other->product->vendor == pile->product->vendor && other->state >= pile->state
                && (best == NULL || strcmp(other->platform, pile->platform) == 0)) {
            best = other;
        }
    }
    return best;
}

/* What it had to show goes with what explains it. */
static void fold(struct ov_gather *g, struct pile *into, struct pile *pile)
{
    for (size_t i = 0; i < pile->count; i++) {
        if (into->count >= OV_CLUES_MAX) {
            into->left_out++;
        } else if (!ov_grow(&into->clues, &into->cap, into->count, sizeof(*into->clues))) {
            g->survey->failed = true;
        } else {
            into->clues[into->count++] = pile->clues[i];
        }
    }
    into->left_out += pile->left_out;
    pile->count = 0;
    pile->folded = true;
}

static int by_weight(const void *a, const void *b)
{
    const struct ov_clue *x = a, *y = b;
    int order = (int)y->shows - (int)x->shows;

    order = order != 0 ? order : (int)y->strength - (int)x->strength;
    order = order != 0 ? order : strcmp(x->kind, y->kind);
    return order != 0 ? order : strcmp(x->where, y->where);
}

static void make_found(struct ov_gather *g, struct pile *pile, const char *platform)
{
    struct ov_found *found = ov_survey_add_found(g->survey, !pile->carries);
    const struct ov_product *product = pile->product;

    if (found == NULL) {
        return;
    }
    found->host = g->survey->host_count - 1;
    found->product = product->id;
    found->name = product->name;
    found->product_class = product->product_class;
    found->vendor = product->vendor->id;
    found->vendor_name = product->vendor->name;
    found->entity = pile->entity[0] != '\0'             ? pile->entity
                    : product->vendor->entity_count > 0 ? product->vendor->entities[0]
                                                        : product->vendor->name;
    found->note = product->note;
    found->platform = pile->platform[0] != '\0' ? pile->platform : platform;
    found->version = pile->version;
    found->embedded = product->embedded;
    found->generic = product->generic;
    found->state = pile->carries ? pile->state : OV_STATE_MENTION;
    found->confidence = pile->carries ? pile->confidence : OV_STRENGTH_WEAK;
    found->clues = ov_steal(&pile->clues);
    found->clue_count = pile->count;
    found->clue_cap = pile->cap;
    found->clues_left_out = pile->left_out;
    qsort(found->clues, found->clue_count, sizeof(*found->clues), by_weight);
    if (pile->carries) {
        judge_all(g->survey, g->catalogue, found);
    }
}

static int by_product(const void *a, const void *b)
{
    const struct pile *x = a, *y = b;

    return x->state != y->state ? (int)y->state - (int)x->state
                                : strcmp(x->product->id, y->product->id);
}

void ov_gather_finish(struct ov_gather *g, const char *platform)
{
    for (size_t i = 0; i < g->count; i++) {
        struct pile *pile = &g->piles[i];
        struct pile *into =
                pile->product->generic && pile->carries ? explanation_of(g, pile) : NULL;

        if (into != NULL) {
            fold(g, into, pile);
        }
    }
    qsort(g->piles, g->count, sizeof(*g->piles), by_product);
    for (size_t i = 0; i < g->count; i++) {
        if (!g->piles[i].folded) {
            make_found(g, &g->piles[i], platform);
        }
    }
}
