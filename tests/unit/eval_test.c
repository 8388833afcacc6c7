/* SPDX-License-Identifier: Apache-2.0 */
/* What conditions mean. The answers of `table` are those of YARA 4.5. */
#include "tests/eval_build.h"
#include "tests/tap.h"

#define OBJECT "xxABxxABxxABxxCD"

/* For an object of sixteen bytes: $a "AB" at 2, 6, 10; $b nowhere; $c "CD" at 14. U is undefined,
 * N is -1 and Z is 0, which no compiler can know. */
struct row {
    const char *condition;
    char is; /* '1', '0', or 'u' for undefined */
};

static const struct row table[] = {
    /* undefined spreads, except through and, or, defined */
    { "U", 'u' },
    { "U == 1", 'u' },
    { "not (U == 1)", 'u' },
    { "(U and true)", '0' },
    { "(true and U)", '0' },
    { "(U or false)", '0' },
    { "(false or U)", '0' },
    { "(U or true)", '1' },
    { "defined U", '0' },
    { "not defined U", '1' },
    { "-U", 'u' },
    { "~U", 'u' },
    { "U + 1 == 1", 'u' },
    { "U + 1.0 > 3", 'u' },
    { "U + 1.0 < 3", '0' },
    { "@b < 1.5", '0' },
    { "1.5 < @b", '0' },
    { "@b <= 1.5", 'u' },
    { "1.5 > @b", 'u' },
    { "$a at U", 'u' },
    { "$a in (U..5)", 'u' },
    { "$a in (0..U)", 'u' },
    { "#a in (0..U) == 0", 'u' },
    { "@a[U] == 1", 'u' },
    { "U of them", '0' },
    { "U of ($a)", '1' },
    { "U % of them", 'u' },
    { "U of ($a, $b) in (0..20)", '0' },
    { "U of ($a) in (0..9)", '1' },
    { "any of ($a, $b) in (0..U)", 'u' },
    { "none of ($a, $b) in (0..U)", 'u' },
    { "all of ($a) in (U..3)", 'u' },
    { "any of ($a) at U", 'u' },
    { "none of ($a) at U", 'u' },
    { "for any i in (U..3) : (true)", '0' },
    { "for none i in (U..3) : (false)", '0' },
    { "for all i in (1..3) : (U == i)", '0' },
    { "for none i in (1..3) : (U == i)", '1' },
    { "for U i in (1..3) : (i > 0)", '1' },
    { "for U i in (1..3) : (i < 2)", '0' },
    { "for any i in (1, U, 3) : (i == 3)", '1' },
    { "for all i in (U) : (not defined i)", '1' },
    /* strings */
    { "$a", '1' },
    { "$b", '0' },
    { "defined $b", '1' },
    { "#a == 3", '1' },
    { "#b == 0", '1' },
    { "#a in (2..6) == 2", '1' },
    { "#a in (uint8(0)..1) == 0", '1' },
    { "$a in (uint8(0)..1)", '0' },
    { "$a in (6..6)", '1' },
    { "$a in (7..9)", '0' },
    { "$a at 2", '1' },
    { "$a at 3", '0' },
    { "$a at -1", '0' },
    { "$a at (uint8(0) - 118)", '1' },
    { "@a == 2", '1' },
    { "@a[0] == 0", 'u' },
    { "@a[1] == 2", '1' },
    { "@a[3] == 10", '1' },
    { "@a[4] == 10", 'u' },
    { "@a[-1] == 1", 'u' },
    { "not @b", 'u' },
    { "!a == 2", '1' },
    { "!a[3] == 2", '1' },
    { "!b == 0", 'u' },
    /* sets */
    { "any of them", '1' },
    { "all of them", '0' },
    { "none of them", '0' },
    { "none of ($b)", '1' },
    { "0 of them", '0' },
    { "0 of ($b)", '1' },
    { "2 of them", '1' },
    { "3 of them", '0' },
    { "2 of ($a, $a)", '1' },
    { "3 of ($a, $a)", '0' },
    { "66% of them", '1' },
    { "67% of them", '0' },
    { "N of ($b)", '1' },
    { "Z of them", '0' },
    { "Z of ($b)", '1' },
    { "N % of ($b)", '1' },
    { "Z % of ($b)", '1' },
    { "(Z + 140) % of them", '0' },
    { "any of them at 2", '1' },
    { "any of them at 3", '0' },
    { "0 of ($a) at 1", '1' },
    { "N of ($a) at 1", '1' },
    { "U of ($a, $b) at 2", '0' },
    { "U of ($a) at 2", '1' },
    { "all of ($a, $c) in (0..20)", '1' },
    { "2 of ($a, $c) in (0..9)", '0' },
    { "N of ($b) in (0..20)", '1' },
    { "#a of them", '0' },
    /* loops */
    { "for any of them : ($)", '1' },
    { "for all of ($a, $c) : (@ > 0)", '1' },
    { "for all of ($a, $b) : (@ > 0)", '0' },
    { "for none of ($b) : (@ == 1)", '1' },
    { "for none of ($b) : ($)", '1' },
    { "for 0 of them : ($)", '0' },
    { "for N of ($b) : ($)", '1' },
    { "for any of them : ($ at 2 and # == 3)", '1' },
    { "for any of them : (@[2] == 6 and ![2] == 2)", '1' },
    { "for any of them : ($ in (3..6))", '1' },
    { "for any of them : (# in (3..12) == 2)", '1' },
    { "for all i in (1..#a) : (@a[i] == 4 * i - 2)", '1' },
    { "for all i in (1..#b) : (true)", '0' },
    { "for none i in (1..#b) : (true)", '0' },
    { "for all i in (Z..N) : (true)", '0' },
    { "for 2 i in (1..3) : (i < 3)", '1' },
    { "for 3 i in (1..3) : (i < 3)", '0' },
    { "for Z i in (1..3) : (i == 1)", '0' },
    { "for N i in (1..3) : (i > 5)", '1' },
    { "for any i in (1, 2, 3) : (i == 3)", '1' },
    { "for all i in (1, 2, 3) : (i < 3)", '0' },
    { "for none i in (1, 2, 3) : (i > 3)", '1' },
    { "for any s in (\"x\", \"yz\") : (s == \"yz\")", '1' },
    { "for all s in (\"x\", \"yz\") : (s contains \"y\")", '0' },
    { "for any i in (0..filesize) : (uint8(i) == 0x44)", '1' },
    { "for all i in (0..2) : (for any j in (0..3) : (i < j))", '1' },
    { "for all i in (0..3) : (for any j in (0..3) : (i < j))", '0' },
    { "for all i in (1, 2) : (for any of them : (@[i] > 0))", '1' },
    { "for all of ($a, $c) : (for any i in (1..#) : (@[i] > 1))", '1' },
    /* numbers */
    { "5 \\ 2 == 2", '1' },
    { "N \\ 2 == 0", '1' },
    { "1 \\ Z", 'u' },
    { "1 % Z", 'u' },
    { "1.0 \\ Z > 5", '1' },
    { "0.0 \\ Z == 0", '0' },
    { "defined (0.0 \\ Z)", '1' },
    { "N * 5 % 3 == -2", '1' },
    { "N << 1 == -2", '1' },
    { "1 << (Z + 63) < 0", '1' },
    { "1 << (Z + 64) == 0", '1' },
    { "1 << N", 'u' },
    { "1 >> N", 'u' },
    { "N >> (Z + 63) == -1", '1' },
    { "N >> (Z + 64) == 0", '1' },
    { "~N == 0", '1' },
    { "0x7fffffffffffffff + Z - N < 0", '1' },
    { "(1 << (Z + 63)) \\ N == (1 << (Z + 63))", '1' },
    { "(1 << (Z + 63)) % N == 0", '1' },
    { "0.1 + 0.2 == 0.3", '1' },
    { "0.1 + 0.2 != 0.3", '0' },
    { "#a == 3.0", '1' },
    { "#a + 0.5 == 3.5", '1' },
    { "xf - 0.5", '0' },
    { "-(xf - 0.5)", '1' },
    { "x7 \\ 2.0 == 3.5", '1' },
    { "xb and x7", '1' },
    { "xb + 1 == 2", '1' },
    { "not x7", '0' },
    { "3 & 6 == 2", '1' },
    { "(3 & 6) == 2", '1' },
    { "(3 | 6) == 7", '1' },
    { "(3 ^ 6) == 5", '1' },
    /* texts */
    { "xs", '0' },
    { "not xs", '1' },
    { "xs == \"\"", '1' },
    { "\"a\" < \"\\xff\"", '0' },
    { "\"a\" < \"ab\"", '1' },
    { "\"b\" > \"ab\"", '1' },
    { "\"abc\" contains \"bc\"", '1' },
    { "\"abc\" contains \"\"", '1' },
    { "\"\" contains \"a\"", '0' },
    { "\"aBc\" icontains \"bC\"", '1' },
    { "\"abc\" startswith \"ab\"", '1' },
    { "\"abc\" startswith \"b\"", '0' },
    { "\"ABC\" istartswith \"ab\"", '1' },
    { "\"abc\" endswith \"bc\"", '1' },
    { "\"bc\" endswith \"abc\"", '0' },
    { "\"ABC\" iendswith \"bc\"", '1' },
    { "\"ABC\" iequals \"abc\"", '1' },
    { "\"ABC\" iequals \"abcd\"", '0' },
    { "xs matches /a*/", '1' },
    { "\"abc\" matches /b/", '1' },
    { "\"abc\" matches /^b/", '0' },
    { "\"abc\" matches /b$/", '0' },
    { "\"ABC\" matches /b/i", '1' },
    { "\"a\\nc\" matches /a.c/", '0' },
    { "\"a\\nc\" matches /a.c/s", '1' },
    /* the object */
    { "filesize == 16", '1' },
    { "int8(0) == 120", '1' },
    { "uint16(2) == 0x4241", '1' },
    { "uint16be(2) == 0x4142", '1' },
    { "uint32(12) == 0x44437878", '1' },
    { "uint32be(12) == 0x78784344", '1' },
    { "uint32(13) == 0", 'u' },
    { "uint8(16) == 0", 'u' },
    { "uint8(N) == 0", 'u' },
    { "uint8(0x7fffffffffffffff) == 0", 'u' },
    { "entrypoint == 0", 'u' },
    { "defined entrypoint", '0' },
};

static void with_values(char *out, size_t size, const char *condition)
{
    size_t len = 0;

    for (const char *p = condition; *p != '\0'; p++) {
        const bool alone = (p == condition || strchr("([ .-~", p[-1]) != NULL)
                           && strchr("UNZ", *p) != NULL
                           && (p[1] == '\0' || strchr(" )].,", p[1]) != NULL);
        const char *by = !alone      ? NULL
                         : *p == 'U' ? "uint8(99999)"
                         : *p == 'N' ? "(uint8(0) - 121)"
                                     : "(uint8(0) - 120)";

        len += (size_t)(by != NULL ? snprintf(out + len, size - len, "%s", by)
                                   : snprintf(out + len, size - len, "%c", *p));
    }
}

static bool bench_rule(struct eval_bench *b, const char *text)
{
    eval_init(b);
    eval_external(b, "xb", OV_TYPE_BOOL, 1, 0);
    eval_external(b, "x7", OV_TYPE_INT, 7, 0);
    eval_external(b, "xf", OV_TYPE_FLOAT, 0, 0.5);
    eval_external(b, "xs", OV_TYPE_TEXT, 0, 0);
    if (!eval_rules(b, "default", text) || !eval_open(b)) {
        printf("# %s: %.*s%s\n", text,
                b->diags.count == 0 ? 0 : (int)ov_bytes_len(b->diags.items[0].message),
                b->diags.count == 0 ? "" : (const char *)ov_bytes_raw(b->diags.items[0].message),
                b->err.message);
        return false;
    }
    return true;
}

/* '1', '0', 'u', or '?' if the three rules disagree. */
static char judge(const char *condition)
{
    static struct eval_bench b;
    char expanded[512], text[4096];
    char got = '?';

    with_values(expanded, sizeof(expanded), condition);
    /* The same rule three times; `or` keeps every string asked for. */
    (void)snprintf(text, sizeof(text),
            "rule is { strings: $a = \"AB\" $b = \"zz\" $c = \"CD\" condition: "
            "(%s) and (1 of them or true) }\n"
            "rule is_not { strings: $a = \"AB\" $b = \"zz\" $c = \"CD\" condition: "
            "(not (%s)) and (1 of them or true) }\n"
            "rule is_undefined { strings: $a = \"AB\" $b = \"zz\" $c = \"CD\" condition: "
            "(not defined (%s)) and (1 of them or true) }\n",
            expanded, expanded, expanded);
    if (bench_rule(&b, text) && eval_scan(&b, OBJECT, 16, 1000000) == OV_REASON_NONE) {
        const bool is = eval_holds(&b, "is"), is_not = eval_holds(&b, "is_not");
        const bool undefined = eval_holds(&b, "is_undefined");

        got = is + is_not + undefined != 1 ? '?' : is ? '1' : is_not ? '0' : 'u';
    }
    eval_done(&b);
    return got;
}

TEST(conditions_mean_what_yara_means)
{
    size_t wrong = 0;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char got = judge(table[i].condition);

        if (got != table[i].is) {
            printf("# %s is %c, want %c\n", table[i].condition, got, table[i].is);
            wrong++;
        }
    }
    CHECK_UINT(wrong, 0);
}

static bool holds_for(const char *rule, const void *data, size_t len)
{
    static struct eval_bench b;
    const bool holds = bench_rule(&b, rule) && eval_scan(&b, data, len, 1000000) == OV_REASON_NONE
                       && eval_holds(&b, "r");

    eval_done(&b);
    return holds;
}

TEST(a_rule_is_woken_by_what_can_make_it_true)
{
    CHECK(holds_for(
            "rule r { strings: $a = \"AB\" $b = \"zz\" condition: not $b and $a }", OBJECT, 16));
    CHECK(holds_for("rule r { strings: $b = \"zz\" condition: not $b }", OBJECT, 16));
    CHECK(holds_for("rule r { strings: $b = \"zz\" condition: #b == 0 }", "", 0));
    CHECK(holds_for("rule r { strings: $a = \"AB\" $b = \"zz\" condition: none of ($b) at @a }",
            OBJECT, 16));
    CHECK(holds_for("rule r { strings: $a = \"AB\" $b = \"zz\" condition: (4 - #a) of ($a, $b) }",
            OBJECT, 16));
    CHECK(holds_for("rule r { strings: $a = \"AB\" $b = \"zz\" condition: "
                    "(1 - #a \\ 3) of ($b) and uint8(0) == 120 }",
            OBJECT, 16));
    CHECK(holds_for("rule r { strings: $a = \"AB\" $b = \"zz\" $c = \"CD\" condition: 2 of them }",
            OBJECT, 16));
    CHECK(holds_for("rule r { strings: $a = \"AB\" $b = \"zz\" condition: "
                    "for any i in (1..#a) : (@a[i] == 6) and not $b }",
            OBJECT, 16));
    CHECK(holds_for(
            "rule p { strings: $a = \"AB\" condition: $a } rule r { condition: p }", OBJECT, 16));
    CHECK(holds_for("rule p { strings: $a = \"AB\" condition: $a } "
                    "rule q { strings: $z = \"zz\" condition: $z or p } "
                    "rule r { condition: all of (p, q) }",
            OBJECT, 16));
    CHECK(holds_for("rule p { strings: $z = \"zz\" condition: $z } rule r { condition: not p }",
            OBJECT, 16));
}

TEST(a_rule_that_nothing_woke_costs_nothing)
{
    static struct eval_bench b;

    CHECK(bench_rule(&b, "rule r { strings: $a = \"zz\" condition: for all i in (0..1000) : "
                         "(uint8(i) < 255) and $a }"));
    CHECK_UINT(eval_scan(&b, OBJECT, 16, 1000000), OV_REASON_NONE);
    CHECK_UINT(b.steps_used, 0);
    CHECK_UINT(eval_scan(&b, "zz", 2, 1000000), OV_REASON_NONE);
    CHECK(b.steps_used > 0);
    eval_done(&b);
}

TEST(first_bytes_and_sizes_guard_rules_without_strings)
{
    static struct eval_bench b;

    CHECK(bench_rule(&b,
            "rule a { condition: uint16(0) == 0x5a4d and for any i in (0..9) : (uint8(i) == 1) }"
            "rule b { condition: filesize > 100 and for any i in (0..9) : (uint8(i) == 120) }"
            "rule c { condition: (uint32be(0) == 0x78784142 or uint8(1) == 0) and filesize < 17 }"
            "rule d { condition: int16(0) == -2 }"));
    CHECK_UINT(eval_scan(&b, OBJECT, 16, 1000000), OV_REASON_NONE);
    CHECK_UINT(b.hit_count, 1);
    CHECK(eval_holds(&b, "c"));
    CHECK(b.steps_used < 20);
    CHECK_UINT(eval_scan(&b, "MZ\x01", 3, 1000000), OV_REASON_NONE);
    CHECK(b.hit_count == 1 && eval_holds(&b, "a"));
    CHECK_UINT(eval_scan(&b, "\xfe\xff", 2, 1000000), OV_REASON_NONE);
    CHECK(b.hit_count == 1 && eval_holds(&b, "d"));
    CHECK_UINT(eval_scan(&b, "\xfe", 1, 1000000), OV_REASON_NONE);
    CHECK_UINT(b.hit_count, 0);
    eval_done(&b);
}

TEST(endless_loops_end_with_steps_and_hide_nothing)
{
    static struct eval_bench b;

    CHECK(bench_rule(&b,
            "rule slow { condition: for all i in (0..2000000000) : (i >= 0) }"
            "rule on_it { condition: slow or true }"
            "rule fast { strings: $a = \"AB\" condition: $a }"
            "rule edge { condition: for all i in (0x7ffffffffffffffe..0x7fffffffffffffff) : "
            "(i > 0) }"));
    CHECK_UINT(eval_scan(&b, OBJECT, 16, 10000000), OV_REASON_STEPS);
    CHECK(eval_holds(&b, "fast"));
    CHECK(eval_holds(&b, "edge"));
    CHECK(!eval_holds(&b, "slow"));
    /* And the next object is not the worse for it. */
    CHECK_UINT(eval_scan(&b, "", 0, 10000000), OV_REASON_STEPS);
    CHECK(!eval_holds(&b, "fast"));
    for (uint64_t steps = 0; steps < 40; steps++) {
        CHECK_UINT(eval_scan(&b, OBJECT, 16, steps), OV_REASON_STEPS);
    }
    eval_done(&b);
}

TEST(a_rule_put_off_is_finished_and_so_are_those_that_wait_for_it)
{
    static struct eval_bench b;

    CHECK(bench_rule(&b, "rule slow { condition: for all i in (0..1000000) : (i >= 0) }"
                         "rule two { condition: slow }"
                         "rule three { strings: $a = \"AB\" condition: $a and two }"
                         "rule four { condition: three and two }"
                         "rule five { condition: not four }"));
    CHECK_UINT(eval_scan(&b, OBJECT, 16, 100000000), OV_REASON_NONE);
    CHECK_UINT(b.hit_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_UINT(b.hits[i].rule, i);
    }
    CHECK_UINT(b.hits[2].offset, 2);
    CHECK_UINT(b.hits[0].offset, UINT64_MAX);
    eval_done(&b);
}

TEST(global_rules_decide_over_their_namespace_only)
{
    static struct eval_bench b;

    eval_init(&b);
    CHECK(eval_rules(&b, "one",
            "rule early { condition: true } "
            "global rule gate { condition: filesize > 3 } "
            "rule late { condition: true } "
            "private rule quiet { condition: true }"));
    CHECK(eval_rules(&b, "two",
            "rule other { condition: true } "
            "global private rule wall { strings: $a = \"AB\" condition: $a }"));
    CHECK(eval_open(&b));
    CHECK_UINT(eval_scan(&b, "ABAB", 4, 1000), OV_REASON_NONE);
    CHECK_UINT(b.hit_count, 4);
    CHECK(eval_holds(&b, "early") && eval_holds(&b, "gate") && eval_holds(&b, "late"));
    CHECK(eval_holds(&b, "other"));
    CHECK_UINT(eval_scan(&b, "AB", 2, 1000), OV_REASON_NONE);
    CHECK(b.hit_count == 1 && eval_holds(&b, "other"));
    CHECK_UINT(eval_scan(&b, "xxxx", 4, 1000), OV_REASON_NONE);
    CHECK(b.hit_count == 3 && !eval_holds(&b, "other"));
    eval_done(&b);
}

TEST(the_same_rules_give_the_same_bytes)
{
    static struct eval_bench a, b;
    static const char text[] = "rule p : t1 t2 { meta: author = \"x\" n = -3 b = true strings: "
                               "$a = \"AB\" $r = /A[0-9]+/ condition: any of them } "
                               "rule q { strings: $a = \"CD\" $b = { 01 ?? 02 } condition: any of "
                               "them and \"x\" matches /x/ }";

    CHECK(bench_rule(&a, text));
    CHECK(bench_rule(&b, text));
    CHECK_UINT(a.file_bytes, b.file_bytes);
    CHECK(memcmp(a.file, b.file, a.file_bytes) == 0);
    /* One condition, two rules: the code lies there once. */
    eval_done(&a);
    eval_done(&b);
    CHECK(bench_rule(&a, "rule p { strings: $a = \"AB\" condition: all of them }"
                         "rule q { strings: $b = \"CD\" condition: all of them }"));
    CHECK_UINT(a.view.counts[OV_DB_CODE], 3);
    eval_done(&a);
}

TEST(what_a_rule_says_of_itself_is_read_back)
{
    static struct eval_bench b;
    struct ov_rule_info rule;
    struct ov_datum_info meta;
    struct ov_string_info string;
    struct ov_bytes tag;

    CHECK(bench_rule(&b, "\n rule p : t1 t2 { meta: author = \"me\" n = -3 good = true strings: "
                         "$a = \"AB\" nocase condition: $a }"));
    CHECK_UINT(ov_db_rule_count(&b.view), 1);
    CHECK(ov_db_rule_read(&b.view, 0, &rule));
    CHECK(ov_bytes_equal(rule.name, "p", 1) && ov_bytes_equal(rule.space, "default", 7));
    CHECK(ov_bytes_equal(rule.file, "test.yar", 8));
    CHECK_UINT(rule.line, 2);
    CHECK(ov_bytes_len(rule.source) > 60 && rule.meta_count == 3 && rule.tag_count == 2);
    CHECK(ov_db_rule_meta(&b.view, 0, 0, &meta) && ov_bytes_equal(meta.text, "me", 2));
    CHECK(ov_db_rule_meta(&b.view, 0, 1, &meta) && meta.integer == -3);
    CHECK(ov_db_rule_meta(&b.view, 0, 2, &meta) && meta.type == OV_DB_DATUM_BOOL);
    CHECK(!ov_db_rule_meta(&b.view, 0, 3, &meta) && !ov_db_rule_meta(&b.view, 1, 0, &meta));
    CHECK(ov_db_rule_tag(&b.view, 0, 1, &tag) && ov_bytes_equal(tag, "t2", 2));
    CHECK(!ov_db_rule_tag(&b.view, 0, 2, &tag));
    CHECK(ov_db_string_read(&b.view, rule.string_first, &string));
    CHECK(ov_bytes_equal(string.name, "$a", 2) && (string.flags & OV_STRING_NOCASE) != 0);
    CHECK(!ov_db_string_read(&b.view, 1, &string));
    CHECK(ov_db_external_read(&b.view, 2, &meta) && meta.type == OV_DB_DATUM_FLOAT);
    eval_done(&b);
}

TESTS(T(conditions_mean_what_yara_means), T(a_rule_is_woken_by_what_can_make_it_true),
        T(a_rule_that_nothing_woke_costs_nothing),
        T(first_bytes_and_sizes_guard_rules_without_strings),
        T(endless_loops_end_with_steps_and_hide_nothing),
        T(a_rule_put_off_is_finished_and_so_are_those_that_wait_for_it),
        T(global_rules_decide_over_their_namespace_only), T(the_same_rules_give_the_same_bytes),
        T(what_a_rule_says_of_itself_is_read_back));
