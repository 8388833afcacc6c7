/* SPDX-License-Identifier: Apache-2.0 */
/* yara_test.c - what golden files cannot hold: odd bytes, limits reached on purpose, includes,
 * several sources, memory running out. */
#include "base/limits.h"
#include "rules/yara/yara.h"
#include "tests/ir_show.h"
#include "tests/tap.h"

struct world {
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;
    struct ov_yara_options options;
};

static void open_world(struct world *w)
{
    ov_arena_init(&w->arena, UINT64_MAX);
    ov_rule_set_init(&w->set, &w->arena);
    ov_diags_init(&w->diags, &w->arena);
    w->options = (struct ov_yara_options){ .space = ov_bytes_of("default", 7) };
}

static void close_world(struct world *w)
{
    ov_rule_set_done(&w->set);
    ov_diags_done(&w->diags);
    ov_arena_done(&w->arena);
}

static bool read_bytes(struct world *w, const void *at, size_t len)
{
    return ov_yara_read(
            &w->set, ov_bytes_of("a.yar", 5), ov_bytes_of(at, len), &w->options, &w->diags);
}

static bool read_text(struct world *w, const char *text)
{
    return read_bytes(w, text, strlen(text));
}

/* Reads one source in a world of its own. */
static bool is_good(const char *text)
{
    struct world w;
    bool good;

    open_world(&w);
    good = read_text(&w, text);
    close_world(&w);
    return good;
}

/* prefix + n times `open` + middle + n times `close` + suffix; good? */
static bool is_good_nested(const char *prefix, const char *open, const char *middle,
        const char *close, const char *suffix, unsigned n)
{
    struct ov_buf b;
    struct world w;
    bool good;

    ov_buf_init(&b, 64u << 20);
    ov_buf_put_text(&b, prefix);
    for (unsigned i = 0; i < n; i++) {
        ov_buf_put_text(&b, open);
    }
    ov_buf_put_text(&b, middle);
    for (unsigned i = 0; i < n; i++) {
        ov_buf_put_text(&b, close);
    }
    ov_buf_put_text(&b, suffix);
    open_world(&w);
    good = ov_buf_ok(&b)
           && read_bytes(
                   &w, ov_bytes_raw(ov_buf_bytes(&b)), (size_t)ov_bytes_len(ov_buf_bytes(&b)));
    for (uint32_t i = 0; i < w.set.rule_count; i++) { /* also checks the depth of the tree */
        ov_buf_clear(&b);
        (void)ir_show_rule(&b, "", &w.set, i);
    }
    close_world(&w);
    ov_buf_done(&b);
    return good;
}

TEST(line_ends_and_marks_do_not_matter)
{
    struct world w;

    open_world(&w);
    CHECK(read_text(&w, "\xef\xbb\xbfrule a\r\n{\r\n  strings:\r\n\t$a = \"abcd\" // x\r\n"
                        "  condition:\r\n    $a\r\n}\r\n"));
    CHECK_UINT(w.set.rule_count, 1);
    CHECK_UINT(w.set.rules[0].line, 1);
    CHECK_UINT(w.set.rules[0].strings[0].line, 4);
    CHECK_UINT(w.set.rules[0].strings[0].column, 2);
    CHECK(ov_bytes_equal(w.set.rules[0].file, "a.yar", 5));
    CHECK(ov_bytes_equal(w.set.rules[0].space, "default", 7));
    close_world(&w);
}

TEST(a_rule_keeps_its_own_text)
{
    static const char first[] = "private global rule a { condition: true }";
    static const char second[] = "rule b : t { condition: a /* } */ }";
    struct world w;
    char text[256];

    open_world(&w);
    (void)snprintf(text, sizeof(text), "// before\n%s /* between */%s // after", first, second);
    CHECK(read_text(&w, text));
    memset(text, 'x', sizeof(text)); /* nothing is borrowed from the caller */
    CHECK_UINT(w.set.rule_count, 2);
    CHECK(ov_bytes_equal(w.set.rules[0].source, first, sizeof(first) - 1));
    CHECK(ov_bytes_equal(w.set.rules[1].source, second, sizeof(second) - 1));
    CHECK(ov_bytes_equal(w.set.rules[1].name, "b", 1));
    close_world(&w);
}

TEST(what_is_no_text_is_told_once)
{
    static const char nul[] = "rule a { condition: true }\0rule b { condition: true }";
    static const uint8_t utf16[] = { 0xff, 0xfe, 'r', 0, 'u', 0, 'l', 0, 'e', 0 };
    uint8_t noise[4096];
    uint32_t x = 1;
    struct world w;

    open_world(&w);
    CHECK(!read_bytes(&w, nul, sizeof(nul) - 1));
    CHECK_UINT(w.diags.errors, 1);
    CHECK_UINT(w.set.rule_count, 2); /* both are whole */
    close_world(&w);
    open_world(&w);
    CHECK(!read_bytes(&w, utf16, sizeof(utf16)));
    CHECK_UINT(w.diags.errors, 1);
    close_world(&w);
    for (size_t i = 0; i < sizeof(noise); i++) {
        x = x * 1103515245u + 12345u;
        noise[i] = (uint8_t)(x >> 16);
    }
    open_world(&w);
    CHECK(!read_bytes(&w, noise, sizeof(noise)));
    CHECK_UINT(w.set.rule_count, 0);
    close_world(&w);
}

TEST(an_empty_source_is_no_error)
{
    CHECK(is_good(""));
    CHECK(is_good(" \r\n\t// nothing\n/* at all */"));
    CHECK(is_good("\xef\xbb\xbf"));
}

TEST(nesting_has_a_limit_everywhere)
{
    static const struct {
        const char *prefix, *open, *middle, *close, *suffix;
    } cases[] = {
        { "rule a { condition: ", "(", "1", ")", " }" },
        { "rule a { condition: ", "not ", "1", "", " }" },
        { "rule a { condition: ", "-", "filesize", "", " }" },
        { "rule a { condition: ", "uint8(", "filesize", ")", " }" },
        { "rule a { strings: $a = \"abcd\" condition: ", "@a[", "1", "]", " }" },
        { "rule a { strings: $a = {", "(", "01 02 03", ")", "} condition: $a }" },
        { "rule a { strings: $a = /", "(", "abcd", ")", "/ condition: $a }" },
        { "rule a { strings: $a = /", "(a|", "abcd", "b)", "/ condition: $a }" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(is_good_nested(cases[i].prefix, cases[i].open, cases[i].middle, cases[i].close,
                cases[i].suffix, OV_NEST_MAX));
        CHECK(!is_good_nested(cases[i].prefix, cases[i].open, cases[i].middle, cases[i].close,
                cases[i].suffix, OV_NEST_MAX + 1));
        CHECK(!is_good_nested(cases[i].prefix, cases[i].open, cases[i].middle, cases[i].close,
                cases[i].suffix, 100000));
    }
}

TEST(rows_of_operators_have_a_limit_and_logic_has_none)
{
    CHECK(is_good_nested("rule a { condition: filesize", " + filesize", "", "", " }", 900));
    CHECK(!is_good_nested("rule a { condition: filesize", " + filesize", "", "", " }", 1000));
    CHECK(is_good_nested("rule a { condition: 1", " + 1", "", "", " }", 20000)); /* folded */
    CHECK(is_good_nested("rule a { condition: true", " and true", "", "", " }", 20000));
    CHECK(is_good_nested("rule a { condition: true", " or true", "", "", " }", 20000));
}

TEST(loops_nest_four_deep)
{
    char text[1024] = "rule a { condition: ";

    for (char v = 'b'; v <= 'e'; v++) {
        (void)snprintf(
                text + strlen(text), sizeof(text) - strlen(text), "for any %c in (1..2) : ( ", v);
    }
    (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "b + c + d + e > 1 ) ) ) ) }");
    CHECK(is_good(text));
    CHECK(!is_good("rule a { condition: for any b in (1..2) : ( for any c in (1..2) : ( for any d "
                   "in (1..2) : ( for any e in (1..2) : ( for any f in (1..2) : ( f ) ) ) ) ) }"));
}

TEST(names_have_a_limit)
{
    CHECK(is_good_nested("rule ", "a", "", "", " { condition: true }", OV_IDENTIFIER_BYTES_MAX));
    CHECK(!is_good_nested(
            "rule ", "a", "", "", " { condition: true }", OV_IDENTIFIER_BYTES_MAX + 1));
    CHECK(is_good_nested(
            "rule a { strings: $", "a", " = \"abcd\"", "", " condition: any of them }", 1000));
}

TEST(strings_of_a_rule_have_a_limit)
{
    struct world w;

    open_world(&w);
    w.options.strings_per_rule_max = 2;
    CHECK(read_text(&w, "rule a { strings: $a = \"abcd\" $b = \"efgh\" condition: all of them }"));
    CHECK(!read_text(&w, "rule b { strings: $a = \"abcd\" $b = \"efgh\" $c = \"ijkl\" "
                         "condition: all of them }"));
    close_world(&w);
    CHECK(is_good_nested("rule a { strings: ", "$ = \"abcd\" ", "", "", "condition: all of them }",
            OV_STRINGS_PER_RULE_MAX));
    CHECK(!is_good_nested("rule a { strings: ", "$ = \"abcd\" ", "", "", "condition: all of them }",
            OV_STRINGS_PER_RULE_MAX + 1));
}

TEST(a_regular_expression_has_a_limit_and_a_text_has_none)
{
    CHECK(is_good_nested("rule a { strings: $a = /", "a", "", "", "/ condition: $a }", 8192));
    CHECK(!is_good_nested("rule a { strings: $a = /", "a", "", "", "/ condition: $a }", 8193));
    CHECK(is_good_nested("rule a { strings: $a = \"", "ab", "", "", "\" condition: $a }", 100000));
}

/* 10,000 strings in each of 100,000 sets would be a thousand million: told, not tried. */
TEST(sets_are_paid_for)
{
    struct ov_buf b;
    struct world w;

    ov_buf_init(&b, 64u << 20);
    ov_buf_put_text(&b, "rule a { strings: ");
    for (unsigned i = 0; i < OV_STRINGS_PER_RULE_MAX; i++) {
        ov_buf_put_text(&b, "$ = \"abcd\" ");
    }
    ov_buf_put_text(&b, "condition: any of them");
    for (unsigned i = 0; i < 100000; i++) {
        ov_buf_put_text(&b, " or any of them");
    }
    ov_buf_put_text(&b, " }");
    CHECK(ov_buf_ok(&b));
    open_world(&w);
    CHECK(!read_bytes(&w, ov_bytes_raw(ov_buf_bytes(&b)), (size_t)ov_bytes_len(ov_buf_bytes(&b))));
    CHECK_UINT(w.diags.errors, 1);
    close_world(&w);
    ov_buf_done(&b);
}

TEST(a_set_lives_through_several_sources)
{
    struct world w;

    open_world(&w);
    CHECK(read_text(&w, "rule a1 { condition: true }"));
    CHECK(!read_text(&w, "rule a2 { condition: nothing }"));
    CHECK(read_text(&w, "rule b { condition: a1 }"));
    CHECK_UINT(w.set.rules[1].condition->index, 0);
    CHECK(!read_text(&w, "rule a1 { condition: true }")); /* there already */
    CHECK(!read_text(&w, "rule c { condition: a2 }"));    /* refused */
    CHECK(!read_text(&w, "rule d { condition: any of (a*) }"));
    CHECK(read_text(&w, "rule e { condition: any of (b*) }"));
    CHECK(!read_text(&w, "rule b2 { condition: true }")); /* comes too late for the set */
    w.options.space = ov_bytes_of("other", 5);
    CHECK(read_text(&w, "rule a1 { condition: true } rule b2 { condition: a1 }"));
    CHECK(!read_text(&w, "rule f { condition: b }")); /* in the other namespace */
    CHECK_UINT(w.set.rule_count, 5);
    CHECK_UINT(w.set.rules[4].condition->index, 3);
    close_world(&w);
}

TEST(externals_have_types_and_take_names)
{
    struct world w;
    struct ov_external *external;

    open_world(&w);
    external = ov_rule_set_add_external(&w.set);
    CHECK(external != NULL);
    *external = (struct ov_external){ .name = ov_bytes_of("ext", 3), .type = OV_TYPE_TEXT };
    CHECK(read_text(&w, "rule a { condition: ext contains \"x\" }"));
    CHECK(!read_text(&w, "rule b { condition: ext + 1 == 2 }"));
    CHECK(!read_text(&w, "rule ext { condition: true }"));
    close_world(&w);
}

/* --- includes ------------------------------------------------------------------------------- */

static bool include(void *payload, struct ov_bytes from_file, struct ov_bytes name,
        struct ov_bytes *text, const char **why)
{
    static const char good[] = "rule inner { condition: true }";
    static const char bad[] = "rule bad { condition: nothing }\n";
    static const char nested[] = "include \"good\" rule outer { condition: inner }";
    static const char itself[] = "include \"itself\"";
    static char deeper[32];
    unsigned *asked = payload;

    ++*asked;
    if (ov_bytes_equal(name, "good", 4)) {
        *text = ov_bytes_of(good, sizeof(good) - 1);
    } else if (ov_bytes_equal(name, "bad", 3)) {
        *text = ov_bytes_of(bad, sizeof(bad) - 1);
    } else if (ov_bytes_equal(name, "nested", 6)) {
        *text = ov_bytes_of(nested, sizeof(nested) - 1);
    } else if (ov_bytes_equal(name, "itself", 6)) {
        *text = ov_bytes_of(itself, sizeof(itself) - 1);
    } else if (ov_bytes_len(name) >= 6 && memcmp(ov_bytes_raw(name), "deeper", 6) == 0) {
        (void)snprintf(deeper, sizeof(deeper), "include \"deeper%u\"", *asked);
        *text = ov_bytes_of(deeper, strlen(deeper));
    } else {
        *why = "no such file";
        return false;
    }
    return ov_bytes_len(from_file) > 0;
}

static void open_with_includes(struct world *w, unsigned *asked)
{
    open_world(w);
    *asked = 0;
    w->options.include = include;
    w->options.include_payload = asked;
}

TEST(an_include_is_read_in_its_place)
{
    struct world w;
    unsigned asked;

    open_with_includes(&w, &asked);
    CHECK(read_text(&w, "rule a { condition: true } include \"nested\" rule b { condition: outer "
                        "and inner and a }"));
    CHECK_UINT(asked, 2);
    CHECK_UINT(w.set.rule_count, 4);
    CHECK(ov_bytes_equal(w.set.rules[1].file, "good", 4));
    CHECK(ov_bytes_equal(w.set.rules[2].file, "nested", 6));
    CHECK(ov_bytes_equal(w.set.rules[3].file, "a.yar", 5));
    close_world(&w);
}

TEST(what_is_wrong_inside_an_include_is_told_with_its_name)
{
    struct world w;
    unsigned asked;

    open_with_includes(&w, &asked);
    CHECK(!read_text(&w, "include \"bad\"\ninclude \"missing\"\nrule b { condition: nothing2 }"));
    CHECK_UINT(w.diags.count, 3);
    CHECK(ov_bytes_equal(w.diags.items[0].file, "bad", 3));
    CHECK_UINT(w.diags.items[0].line, 1);
    CHECK(ov_bytes_equal(w.diags.items[1].file, "a.yar", 5));
    CHECK_UINT(w.diags.items[1].line, 2);
    CHECK(ov_bytes_equal(w.diags.items[2].file, "a.yar", 5));
    CHECK_UINT(w.diags.items[2].line, 3);
    close_world(&w);
}

TEST(a_file_that_includes_itself_comes_to_an_end)
{
    struct world w;
    unsigned asked;

    open_with_includes(&w, &asked);
    CHECK(!read_text(&w, "include \"itself\" rule a { condition: true }"));
    CHECK_UINT(asked, 1);
    CHECK_UINT(w.diags.errors, 1);
    CHECK_UINT(w.set.rule_count, 1);
    close_world(&w);
    open_with_includes(&w, &asked);
    CHECK(!read_text(&w, "include \"deeper\" rule a { condition: true }"));
    CHECK_UINT(asked, OV_INCLUDE_DEPTH_MAX);
    CHECK_UINT(w.diags.errors, 1);
    CHECK_UINT(w.set.rule_count, 1);
    close_world(&w);
}

/* --- memory --------------------------------------------------------------------------------- */

/* With every size of arena up to what is needed: told, never a crash, never a half rule kept. */
TEST(running_out_of_memory_is_told)
{
    struct ov_buf b;
    unsigned told = 0;

    ov_buf_init(&b, 8u << 20);
    for (unsigned i = 0; i < 3000; i++) {
        ov_buf_printf(&b,
                "rule r%u_ : t%u { meta: a = \"\\x41\" strings: $a = \"ab\\ncd\" $b = { 01 (02 | "
                "03) [2-4] 05 } $c = /a(b|c)[d-f]+/ condition: #a > %u and any of them and for "
                "any i in (1, 2) : ( @a[i] == uint8(i) ) and any of (r%u_*) }\n",
                i, i, i, i);
    }
    CHECK(ov_buf_ok(&b));
    for (uint64_t cap = 0; cap < 64u * OV_MIB; cap += cap / 4 + 40000) {
        struct world w;
        bool good;

        open_world(&w);
        ov_arena_init(&w.arena, cap);
        good = read_bytes(
                &w, ov_bytes_raw(ov_buf_bytes(&b)), (size_t)ov_bytes_len(ov_buf_bytes(&b)));
        CHECK(good != w.diags.out_of_memory);
        told += !good;
        for (uint32_t i = 0; i < w.set.rule_count; i++) {
            struct ov_buf shown;

            ov_buf_init(&shown, 1u << 20);
            (void)ir_show_rule(&shown, "", &w.set, i);
            ov_buf_done(&shown);
        }
        close_world(&w);
    }
    CHECK(told > 3);
    ov_buf_done(&b);
}

TESTS(T(line_ends_and_marks_do_not_matter), T(a_rule_keeps_its_own_text),
        T(what_is_no_text_is_told_once), T(an_empty_source_is_no_error),
        T(nesting_has_a_limit_everywhere), T(rows_of_operators_have_a_limit_and_logic_has_none),
        T(loops_nest_four_deep), T(names_have_a_limit), T(strings_of_a_rule_have_a_limit),
        T(a_regular_expression_has_a_limit_and_a_text_has_none), T(sets_are_paid_for),
        T(a_set_lives_through_several_sources), T(externals_have_types_and_take_names),
        T(an_include_is_read_in_its_place),
        T(what_is_wrong_inside_an_include_is_told_with_its_name),
        T(a_file_that_includes_itself_comes_to_an_end), T(running_out_of_memory_is_told));
