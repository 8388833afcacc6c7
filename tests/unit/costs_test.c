/* SPDX-License-Identifier: Apache-2.0 */
/* What the compiler takes strings to cost, and where it cuts expressions: not figures, which may change with what is
 * known of ordinary files, but what must be true of any. */
#include "compile/byteset.h"
#include "compile/costs.h"
#include "tests/eval_build.h"
#include "tests/tap.h"

struct bench {
    struct eval_bench rules;
    struct ov_costs costs;
};

static void bench_done(struct bench *b)
{
    ov_costs_done(&b->costs);
    eval_done(&b->rules);
}

/* One rule whose strings these are. False: it is not taken. */
static bool bench_open(struct bench *b, const char *strings)
{
    char text[1024];

    eval_init(&b->rules);
    b->costs = (struct ov_costs){ 0 };
    (void)snprintf(text, sizeof(text), "rule r { strings: %s condition: any of them }", strings);
    return eval_rules(&b->rules, "default", text)
           && ov_costs_init(&b->costs, &b->rules.set, &b->rules.err) == OVERT_OK;
}

static const struct ov_string *string(const struct bench *b, uint32_t i)
{
    return &b->rules.set.rules[0].strings[i];
}

static struct ov_cost cost(struct bench *b, uint32_t i)
{
    return ov_cost_of(&b->costs, string(b, i), i);
}

TEST(rare_is_cheaper_than_common)
{
    OV_CLEANUP(bench_done) struct bench b;

    CHECK(bench_open(&b, "$rare = \"qZ7#kX0!vJw9\" $common = \"Content-Type\" $zeros = "
                         "{ 00 00 00 00 }"));
    CHECK(cost(&b, 0).all < cost(&b, 2).all);
    CHECK(cost(&b, 0).find <= cost(&b, 1).find);
    CHECK(!b.costs.out_of_memory);
}

TEST(what_is_wider_costs_no_less)
{
    OV_CLEANUP(bench_done) struct bench b;

    CHECK(bench_open(&b, "$a = \"InternetOpenUrl\" $b = \"InternetOpenUrl\" nocase $c = "
                         "\"InternetOpenUrl\" wide ascii"));
    CHECK(cost(&b, 0).all <= cost(&b, 1).all);
    CHECK(cost(&b, 0).all <= cost(&b, 2).all);
    CHECK(cost(&b, 0).find <= cost(&b, 1).find);
}

TEST(a_cost_is_reckoned_once)
{
    OV_CLEANUP(bench_done) struct bench b;
    struct ov_cost first;

    CHECK(bench_open(&b, "$a = \"InternetOpenUrl\" $b = /[0-9]+/"));
    first = cost(&b, 0);
    CHECK(first.all != 0);
    /* Under its number the string is known, whatever is asked about next. */
    CHECK_UINT(ov_cost_of(&b.costs, string(&b, 1), 0).all, first.all);
    CHECK(cost(&b, 1).all != first.all);
}

TEST(nothing_to_look_for_is_everywhere)
{
    OV_CLEANUP(bench_done) struct bench b;

    CHECK(bench_open(&b, "$any = /.{4}/s $digits = /[0-9]+/ $one = { 90 }"));
    CHECK(cost(&b, 0).all >= OV_SHARE_ONE);
    CHECK(cost(&b, 0).all < OV_COST_UNFIT);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(ov_cost_every_offset(&b.costs, string(&b, i)));
    }
}

TEST(long_strings_are_not_looked_for_at_every_offset)
{
    OV_CLEANUP(bench_done) struct bench b;

    CHECK(bench_open(&b,
            "$text = \"a rather long text of words\" $re = /[a-z]+:\\/\\/evil-host-name-[0-9]+/"));
    CHECK(!ov_cost_every_offset(&b.costs, string(&b, 0)));
}

TEST(chains_are_no_gates)
{
    OV_CLEANUP(bench_done) struct bench b;

    CHECK(bench_open(&b, "$chain = { 51 5a 37 23 6b 58 [300-400] 71 5a 37 23 6b 59 }"));
    CHECK_UINT(cost(&b, 0).all, OV_COST_UNFIT);
    CHECK_UINT(cost(&b, 0).find, OV_COST_UNFIT);
}

/* --- cuts ------------------------------------------------------------------------------------- */

struct cutting {
    struct ov_forms forms;
    struct ov_arena arena;
    size_t cut;
    uint64_t cost;
};

static bool cut_first(struct bench *b, struct cutting *c)
{
    ov_arena_init(&c->arena, UINT64_MAX);
    return ov_forms_of(string(b, 0), &c->arena, &c->forms, &b->rules.err) == OVERT_OK
           && c->forms.count == 1 && !c->forms.items[0].fixed
           && ov_cut_choose(
                   &b->costs.tables, &c->forms.items[0], b->costs.workspaces, &c->cut, &c->cost);
}

static void cutting_done(struct cutting *c)
{
    ov_arena_done(&c->arena);
}

TEST(a_cut_stands_before_what_is_rare)
{
    OV_CLEANUP(bench_done) struct bench b;
    OV_CLEANUP(cutting_done) struct cutting c;
    struct ov_re_set q = { 0 };

    CHECK(bench_open(&b, "$a = /[a-z]+[0-9]*qZ7#kX0!vJw9/"));
    CHECK(cut_first(&b, &c));
    CHECK(c.cost < OV_SHARE_ONE / 8);
    CHECK_UINT(b.costs.workspaces[0].count, 1);
    CHECK(ov_re_one_byte(c.forms.items[0].items[c.cut], false, &q));
    /* What stands behind the cut begins with the set of the node there. */
    CHECK(memcmp(&q, &b.costs.workspaces[0].items[0].sets[0], sizeof(q)) == 0);
}

TEST(each_alternative_is_a_sequence)
{
    OV_CLEANUP(bench_done) struct bench b;
    OV_CLEANUP(cutting_done) struct cutting c;

    CHECK(bench_open(&b, "$a = /.+(qZ7#kX0|vJw9!!xQ|Zq0Zq0Zq)/"));
    CHECK(cut_first(&b, &c));
    CHECK_UINT(b.costs.workspaces[0].count, 3);
    CHECK(c.cost <= 3 * OV_SHARE_ONE);
}

TEST(no_cut_where_nothing_is_certain)
{
    OV_CLEANUP(bench_done) struct bench b;
    OV_CLEANUP(cutting_done) struct cutting c;

    CHECK(bench_open(&b, "$a = /(a|b?)(c|d?)/"));
    CHECK(cut_first(&b, &c));
    CHECK_UINT(c.cost, UINT64_MAX);
}

TESTS(T(rare_is_cheaper_than_common), T(what_is_wider_costs_no_less), T(a_cost_is_reckoned_once),
        T(nothing_to_look_for_is_everywhere), T(long_strings_are_not_looked_for_at_every_offset),
        T(chains_are_no_gates), T(a_cut_stands_before_what_is_rare),
        T(each_alternative_is_a_sequence), T(no_cut_where_nothing_is_certain));
