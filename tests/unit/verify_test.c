/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier refuses what contradicts itself, and what it accepts evaluates. */
#include "db/code.h"
#include "tests/eval_build.h"
#include "tests/tap.h"

static const char rules_text[] =
        "rule a : t { meta: n = 3 strings: $a = \"AB\" $b = \"zz\" condition: $a and not $b }"
        "global rule g { condition: filesize < 100KB or uint16(0) == 0x5a4d }"
        "private rule p { strings: $a = \"CD\" condition: $a in (0..filesize) }"
        "rule w { condition: p and a }"
        "rule l { strings: $a = \"AB\" $b = \"CD\" condition: for any i in (1..#a) : (@a[i] > 4 "
        "and "
        "for all j in (1, i, 3) : (j < 9)) or for 2 of them : (# > 0 and $ in (0..3)) }"
        "rule t { condition: \"abc\" icontains x and for any s in (\"x\", \"yz\") : "
        "(s matches /y+z/ or s == x) }"
        "rule o { condition: any of (a, w) and (filesize == 0x7fffffffff or 1.5 * filesize < 9) }";

static bool open_rules(struct eval_bench *b)
{
    eval_init(b);
    eval_external(b, "x", OV_TYPE_TEXT, 0, 0);
    return eval_rules(b, "default", rules_text) && eval_open(b);
}

/* Where a section's bytes lie in the file. */
static size_t section_at(const struct eval_bench *b, enum ov_db_section_id id)
{
    return (size_t)(ov_bytes_raw(b->view.sections[id]) - b->file);
}

static void ignore(void *payload, uint32_t rule, uint64_t offset)
{
    uint64_t *sum = payload;

    *sum += rule + offset;
}

/* Evaluates the file as it is now, changed bytes and all, with the hits of the good one. */
static enum ov_reason evaluate_changed(struct eval_bench *b)
{
    static const char object[] = "MZxxABxxABzzABxxCD";
    struct ov_budget budget = { .steps_left = 50000 };
    struct ov_evaluator *ev = NULL;
    struct ov_source source;
    enum ov_reason reason;
    uint64_t sum = 0;

    if (ov_evaluator_new(&ev, &b->view, &b->err) != OVERT_OK) {
        return OV_REASON_RULES;
    }
    ov_source_on_bytes(&source, ov_bytes_of(object, sizeof(object) - 1));
    reason = ov_evaluate(ev, b->matcher, &source, &budget, ignore, &sum);
    ov_evaluator_free(ev);
    return reason;
}

/* Each byte of each section about rules, with several values. */
TEST(what_is_accepted_never_contradicts_itself_later)
{
    static struct eval_bench b;
    static const enum ov_db_section_id sections[] = { OV_DB_RULES, OV_DB_STRINGS, OV_DB_SPACES,
        OV_DB_EXTERNALS, OV_DB_CODE, OV_DB_GROUPS, OV_DB_METAS, OV_DB_TAGS };
    static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    unsigned refused = 0, accepted = 0;

    CHECK(open_rules(&b));
    CHECK_UINT(eval_scan(&b, "MZxxABxxABzzABxxCD", 18, 50000), OV_REASON_NONE);
    for (size_t s = 0; s < sizeof(sections) / sizeof(sections[0]); s++) {
        const size_t at = section_at(&b, sections[s]);
        const size_t len = (size_t)ov_bytes_len(b.view.sections[sections[s]]);

        for (size_t i = at; i < at + len; i++) {
            const uint8_t was = b.file[i];

            for (size_t v = 0; v <= sizeof(values); v++) {
                bool sound;
                enum ov_reason reason;

                b.file[i] = v < sizeof(values) ? values[v] : (uint8_t)(was + 1);
                sound = ov_db_verify(&b.view, &b.err) == OVERT_OK;
                reason = evaluate_changed(&b);
                refused += !sound;
                accepted += sound;
                CHECK(!sound || reason != OV_REASON_RULES);
            }
            b.file[i] = was;
        }
    }
    CHECK_UINT(ov_db_verify(&b.view, &b.err), OVERT_OK);
    printf("# %u changes refused, %u accepted\n", refused, accepted);
    CHECK(refused > 1000);
    eval_done(&b);
}

/* One instruction of the first rule's code is replaced. */
static bool accepts(const struct ov_db_insn *code, uint32_t count)
{
    static struct eval_bench b;
    struct ov_db_rule *rule;
    uint8_t *insns;
    bool sound = false;

    eval_init(&b);
    if (eval_rules(&b, "default",
                "rule r { strings: $a = \"AB\" $b = \"CD\" condition: for any i in (1..#a) : "
                "(@a[i] > 4 and @b[i] > @a[i] or #a == 7 or #b == 6 or @a > @b) }")
            && eval_open(&b)) {
        rule = (void *)(b.file + section_at(&b, OV_DB_RULES));
        insns = b.file + section_at(&b, OV_DB_CODE);
        OV_ASSERT(count <= ov_le32_get(rule->code_count));
        memcpy(insns, code, count * sizeof(*code));
        rule->code_count = ov_le32_of(count);
        b.view.sections[OV_DB_CODE] = ov_bytes_of(insns, count * sizeof(*code));
        b.view.counts[OV_DB_CODE] = count;
        sound = ov_db_verify(&b.view, &b.err) == OVERT_OK;
    }
    eval_done(&b);
    return sound;
}

#define INSN(o, x, y, z)                                                    \
    {                                                                       \
        .op = (o), .a = (x), .b = { { (y), 0 } }, .c = { { (z), 0, 0, 0 } } \
    }
#define ACCEPTS(...)                                    \
    accepts((const struct ov_db_insn[]){ __VA_ARGS__ }, \
            sizeof((const struct ov_db_insn[]){ __VA_ARGS__ }) / sizeof(struct ov_db_insn))
#define END   INSN(OV_OP_END, 0, 0, 0)
#define ONE   INSN(OV_OP_INT, 0, 0, 1)
#define TRUTH INSN(OV_OP_TRUTH, 0, 0, 0)

TEST(code_must_be_whole_and_balanced)
{
    CHECK(ACCEPTS(ONE, END));
    CHECK(!ACCEPTS(END));
    CHECK(!ACCEPTS(ONE, ONE, END));
    CHECK(!ACCEPTS(ONE));
    CHECK(!ACCEPTS(ONE, END, ONE));
    CHECK(!ACCEPTS(ONE, INSN(0, 0, 0, 0), END));
    CHECK(!ACCEPTS(ONE, INSN(OV_OP_LAST + 1, 0, 0, 0), END));
    CHECK(!ACCEPTS(ONE, INSN(OV_OP_ADD, 0, 0, 0), END));
    CHECK(ACCEPTS(ONE, ONE, INSN(OV_OP_ADD, 0, 0, 0), END));
}

TEST(code_names_only_what_is_there)
{
    CHECK(ACCEPTS(INSN(OV_OP_FOUND, 0, 0, 1), END));
    CHECK(!ACCEPTS(INSN(OV_OP_FOUND, 0, 0, 2), END));
    CHECK(!ACCEPTS(INSN(OV_OP_FOUND, 1, 0, 0), END));
    CHECK(!ACCEPTS(INSN(OV_OP_FOUND, 2, 0, 0), END));
    CHECK(!ACCEPTS(INSN(OV_OP_RULE, 0, 0, 0), END));
    CHECK(!ACCEPTS(INSN(OV_OP_LOCAL, 0, 0, 0), END));
    CHECK(!ACCEPTS(INSN(OV_OP_EXTERNAL, 0, 0, 0), END));
    CHECK(!ACCEPTS(INSN(OV_OP_TEXT, 0, 0, 255), TRUTH, END));
    CHECK(!ACCEPTS(INSN(OV_OP_READ, 3, 0, 0), END));
    CHECK(ACCEPTS(ONE, INSN(OV_OP_READ, 4, 0, 0), END));
    CHECK(!ACCEPTS(ONE, INSN(OV_OP_READ, 3, 0, 0), END));
    CHECK(ACCEPTS(INSN(OV_OP_OF, OV_QUANT_ALL, 1, 0), INSN(OV_OP_RUN, 0, 2, 0), END));
    CHECK(!ACCEPTS(INSN(OV_OP_OF, OV_QUANT_ALL, 1, 0), INSN(OV_OP_RUN, 0, 3, 0), END));
    CHECK(!ACCEPTS(INSN(OV_OP_OF, OV_QUANT_ALL, 1, 0), END));
    CHECK(!ACCEPTS(INSN(OV_OP_OF, OV_QUANT_COUNT, 1, 0), INSN(OV_OP_RUN, 0, 2, 0), END));
    CHECK(!ACCEPTS(INSN(OV_OP_OF, 0, 1, 0), INSN(OV_OP_RUN, 0, 2, 0), END));
    CHECK(!ACCEPTS(INSN(OV_OP_RUN, 0, 1, 0), ONE, END));
}

TEST(jumps_lead_forward_and_nest)
{
    CHECK(ACCEPTS(ONE, INSN(OV_OP_AND, 0, 0, 4), ONE, TRUTH, END));
    CHECK(!ACCEPTS(ONE, INSN(OV_OP_AND, 0, 0, 1), ONE, TRUTH, END));
    CHECK(!ACCEPTS(ONE, INSN(OV_OP_AND, 0, 0, 0), ONE, TRUTH, END));
    CHECK(!ACCEPTS(ONE, INSN(OV_OP_AND, 0, 0, 2), ONE, TRUTH, END));
    CHECK(!ACCEPTS(ONE, INSN(OV_OP_AND, 0, 0, 9), ONE, TRUTH, END));
    CHECK(ACCEPTS(
            ONE, INSN(OV_OP_AND, 0, 0, 7), ONE, INSN(OV_OP_OR, 0, 0, 6), ONE, TRUTH, TRUTH, END));
    CHECK(!ACCEPTS(
            ONE, INSN(OV_OP_AND, 0, 0, 6), ONE, INSN(OV_OP_OR, 0, 0, 7), ONE, TRUTH, TRUTH, END));
}

TEST(loops_are_closed_and_jumps_do_not_leave_them)
{
    CHECK(ACCEPTS(ONE, ONE, INSN(OV_OP_FOR_RANGE, OV_QUANT_ALL, 0, 5), INSN(OV_OP_LOCAL, 0, 0, 0),
            INSN(OV_OP_NEXT, 0, 0, 5), END));
    CHECK(!ACCEPTS(ONE, ONE, INSN(OV_OP_FOR_RANGE, OV_QUANT_PERCENT, 0, 5),
            INSN(OV_OP_LOCAL, 0, 0, 0), INSN(OV_OP_NEXT, 0, 0, 5), END));
    CHECK(!ACCEPTS(ONE, ONE, INSN(OV_OP_FOR_RANGE, OV_QUANT_ALL, 0, 3), INSN(OV_OP_LOCAL, 0, 0, 0),
            INSN(OV_OP_NEXT, 0, 0, 5), END));
    CHECK(!ACCEPTS(ONE, ONE, INSN(OV_OP_FOR_RANGE, OV_QUANT_ALL, 0, 5), INSN(OV_OP_LOCAL, 0, 0, 0),
            INSN(OV_OP_NEXT, 0, 0, 3), END));
    CHECK(!ACCEPTS(ONE, ONE, INSN(OV_OP_FOR_RANGE, OV_QUANT_ALL, 0, 4), ONE, END));
    CHECK(!ACCEPTS(ONE, INSN(OV_OP_NEXT, 0, 0, 2), END));
    CHECK(!ACCEPTS(ONE, ONE, ONE, INSN(OV_OP_FOR_RANGE, OV_QUANT_ALL, 0, 5), TRUTH,
            INSN(OV_OP_NEXT, 0, 0, 6), END)); /* takes a value from outside */
    CHECK(!ACCEPTS(ONE, ONE, INSN(OV_OP_FOR_RANGE, OV_QUANT_ALL, 0, 7), ONE,
            INSN(OV_OP_AND, 0, 0, 8), ONE, INSN(OV_OP_NEXT, 0, 0, 7), TRUTH, END));
    CHECK(ACCEPTS(INSN(OV_OP_FOR_LIST, OV_QUANT_ANY, 0, 3), INSN(OV_OP_LOCAL, 0, 0, 0),
            INSN(OV_OP_NEXT, 0, 0, 6), ONE, INSN(OV_OP_ITEM, 0, 0, 0),
            INSN(OV_OP_ITEMS_END, 0, 0, 0), END));
    CHECK(!ACCEPTS(INSN(OV_OP_FOR_LIST, OV_QUANT_ANY, 0, 3), INSN(OV_OP_LOCAL, 0, 0, 0),
            INSN(OV_OP_NEXT, 0, 0, 5), ONE, INSN(OV_OP_ITEM, 0, 0, 0),
            INSN(OV_OP_ITEMS_END, 0, 0, 0), END));
    CHECK(!ACCEPTS(INSN(OV_OP_FOR_LIST, OV_QUANT_ANY, 0, 3), INSN(OV_OP_ITEM, 0, 0, 0),
            INSN(OV_OP_NEXT, 0, 0, 5), ONE, INSN(OV_OP_ITEMS_END, 0, 0, 0), END));
}

TEST(limits_of_conditions_are_told_and_cost_one_rule)
{
    static struct eval_bench b;
    struct ov_buf text;
    uint32_t rules;

    ov_buf_init(&text, OV_MIB);
    eval_init(&b);
    ov_buf_put_text(&text, "rule good { condition: true } rule deep { condition: ");
    for (unsigned i = 0; i < 3000; i++) {
        ov_buf_put_text(&text, "filesize + ");
    }
    ov_buf_put_text(&text, "1 > 0 } rule on_it { condition: deep or true } ");
    ov_buf_put_u8(&text, 0);
    (void)eval_rules(&b, "default", (const char *)ov_bytes_raw(ov_buf_bytes(&text)));
    rules = (uint32_t)b.set.rule_count;
    CHECK(eval_open(&b));
    /* Refused by whoever met it first, with its place. */
    CHECK(b.diags.errors >= 1 && b.diags.items[0].line == 1);
    CHECK(rules <= 3);
    CHECK_UINT(ov_db_rule_count(&b.view), 1);
    CHECK_UINT(eval_scan(&b, "", 0, 1000), OV_REASON_NONE);
    CHECK(eval_holds(&b, "good"));
    eval_done(&b);
    ov_buf_done(&text);
}

/* A tree that no front end of ours would make. */
static bool refuses(struct ov_expr *condition, const char *why)
{
    static struct eval_bench b;
    static struct ov_string string = { .kind = OV_STRING_TEXT, .flags = OV_STRING_ASCII };
    struct ov_rule *rule;
    bool refused;

    eval_init(&b);
    string.name = ov_bytes_of("$a", 2);
    string.text = ov_bytes_of("AB", 2);
    rule = ov_rule_set_add_rule(&b.set);
    OV_ASSERT(rule != NULL);
    rule->name = ov_bytes_of("odd", 3);
    rule->space = ov_bytes_of("default", 7);
    rule->file = rule->source = ov_bytes_of("f", 1);
    rule->strings = &string;
    rule->string_count = 1;
    rule->condition = condition;
    refused = eval_open(&b) && b.diags.errors == 1 && ov_db_rule_count(&b.view) == 0
              && memmem(ov_bytes_raw(b.diags.items[0].message),
                         (size_t)ov_bytes_len(b.diags.items[0].message), why, strlen(why))
                         != NULL;
    eval_done(&b);
    return refused;
}

TEST(trees_that_make_no_sense_are_refused)
{
    struct ov_expr one = { .kind = OV_EXPR_INT, .type = OV_TYPE_INT, .integer = 1 };
    struct ov_expr name = { .kind = OV_EXPR_TEXT, .type = OV_TYPE_TEXT };
    struct ov_expr e = { .kind = OV_EXPR_FOUND, .type = OV_TYPE_BOOL, .string = 1 };
    struct ov_expr inner = { .kind = OV_EXPR_LOCAL, .type = OV_TYPE_INT, .local = 1 };

    name.text = ov_bytes_of("x", 1);
    CHECK(refuses(NULL, "without a condition"));
    CHECK(refuses(&e, "string 1 of a rule with 1"));
    e.string = OV_STRING_LOCAL;
    CHECK(refuses(&e, "belongs to no loop"));
    CHECK(refuses(&inner, "belongs to no loop"));
    e = (struct ov_expr){ .kind = OV_EXPR_RULE, .index = 0 };
    CHECK(refuses(&e, "earlier rules only"));
    e = (struct ov_expr){ .kind = OV_EXPR_EXTERNAL, .index = 0 };
    CHECK(refuses(&e, "no external variable"));
    e = (struct ov_expr){ .kind = OV_EXPR_ADD, .a = &one };
    CHECK(refuses(&e, "without its operand"));
    e = (struct ov_expr){ .kind = OV_EXPR_ADD, .a = &one, .b = &name };
    CHECK(refuses(&e, "two numbers"));
    e = (struct ov_expr){ .kind = OV_EXPR_EQ, .a = &one, .b = &name };
    CHECK(refuses(&e, "cannot be compared"));
    e = (struct ov_expr){ .kind = OV_EXPR_READ, .a = &one, .read_bytes = 3 };
    CHECK(refuses(&e, "cannot read 3 bytes"));
    e = (struct ov_expr){ .kind = OV_EXPR_AND };
    CHECK(refuses(&e, "without operands"));
    e = (struct ov_expr){ .kind = OV_EXPR_FOR_RANGE,
        .how_many = OV_PERCENT,
        .a = &one,
        .b = &one,
        .how_many_value = &one,
        .body = &one };
    CHECK(refuses(&e, "per cent"));
}

TESTS(T(what_is_accepted_never_contradicts_itself_later), T(code_must_be_whole_and_balanced),
        T(code_names_only_what_is_there), T(jumps_lead_forward_and_nest),
        T(loops_are_closed_and_jumps_do_not_leave_them),
        T(limits_of_conditions_are_told_and_cost_one_rule),
        T(trees_that_make_no_sense_are_refused));
