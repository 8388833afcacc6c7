/* SPDX-License-Identifier: Apache-2.0 */
/* match_test.c - patterns to matches: what a string finds, and where. Expected offsets and lengths
 * were asked of yara 4.5. */
#include "base/limits.h"
#include "match/match.h"
#include "tests/match_build.h"
#include "tests/tap.h"

#define STEPS UINT64_C(100000000000)

/* "offset+length offset+length ..." of the first string. */
static const char *shown(struct match_bench *b, const void *data, size_t len)
{
    static char text[4096];
    struct ov_budget budget = { .steps_left = STEPS };
    const struct ov_match *matches;
    size_t count, at = 0;

    text[0] = '\0';
    if (!bench_open(b)) {
        return b->err.message;
    }
    bench_scan(b, data, len, OV_BLOCK_BYTES, OV_CONTEXT_BYTES, true, &budget);
    matches = ov_matcher_matches(b->matcher, 0, &count);
    for (size_t i = 0; i < count && at < sizeof(text) - 64; i++) {
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u+%u", i == 0 ? "" : " ",
                (unsigned)matches[i].offset, (unsigned)matches[i].length);
        if (matches[i].xor_key != 0) {
            at += (size_t)snprintf(
                    text + at, sizeof(text) - at, "^%u", (unsigned)matches[i].xor_key);
        }
    }
    return text;
}

static const char *text_in(
        const char *needle, size_t needle_len, uint32_t flags, const char *data, size_t len)
{
    const char *out;
    struct match_bench b;

    bench_init(&b);
    bench_text(&b, needle, needle_len, flags);
    out = shown(&b, data, len);
    bench_done(&b);
    return out;
}

#define TEXT_IN(needle, flags, data) \
    text_in(needle, sizeof(needle) - 1, flags, data, sizeof(data) - 1)

static const char *re_in(enum ov_string_kind kind, const char *re, bool dot_all, uint32_t flags,
        const char *data, size_t len)
{
    const char *out;
    struct match_bench b;

    bench_init(&b);
    bench_re(&b, kind, re, dot_all, flags);
    out = shown(&b, data, len);
    bench_done(&b);
    return out;
}

#define RE_IN(re, flags, data)   re_in(OV_STRING_REGEX, re, false, flags, data, sizeof(data) - 1)
#define RE_S_IN(re, flags, data) re_in(OV_STRING_REGEX, re, true, flags, data, sizeof(data) - 1)
#define HEX_IN(re, data)         re_in(OV_STRING_HEX, re, true, 0, data, sizeof(data) - 1)

#define ASCII    OV_STRING_ASCII
#define WIDE     OV_STRING_WIDE
#define NOCASE   OV_STRING_NOCASE
#define FULLWORD OV_STRING_FULLWORD
#define XOR      OV_STRING_XOR

TEST(text_is_found_at_both_ends_and_overlapping)
{
    CHECK_STR(TEXT_IN("abcd", ASCII, "abcdxabcd"), "0+4 5+4");
    CHECK_STR(TEXT_IN("abcdefghij", ASCII, "abcdefghij"), "0+10");
    CHECK_STR(TEXT_IN("aaaa", ASCII, "aaaaaa"), "0+4 1+4 2+4");
    CHECK_STR(TEXT_IN("aaaaaaa", ASCII, "aaaaaaaaa"), "0+7 1+7 2+7");
    CHECK_STR(TEXT_IN("a", ASCII, "ba"), "1+1");
    CHECK_STR(TEXT_IN("ab", ASCII, "ab ab"), "0+2 3+2");
    CHECK_STR(TEXT_IN("abc", ASCII, "ab"), "");
    CHECK_STR(TEXT_IN("abc", ASCII, ""), "");
}

TEST(wide_and_nocase_and_both)
{
    CHECK_STR(TEXT_IN("ab", ASCII | WIDE, "a\0b\0ab"), "0+4 4+2");
    CHECK_STR(TEXT_IN("aBc", ASCII | NOCASE, "ABC abc @bc"), "0+3 4+3");
    CHECK_STR(TEXT_IN("[x]", ASCII | NOCASE, "[X] {X}"), "0+3");
    CHECK_STR(TEXT_IN("abc", WIDE | NOCASE, "A\0b\0C\0"), "0+6");
    CHECK_STR(TEXT_IN("a", ASCII | WIDE, "a\0"), "0+1");
}

TEST(a_full_word_has_no_letter_or_digit_beside_it)
{
    CHECK_STR(TEXT_IN("abc", ASCII | FULLWORD, "_abc_ xabc abc9 abc"), "1+3 16+3");
    CHECK_STR(TEXT_IN("abc", WIDE | FULLWORD, "x\0a\0b\0c\0"), "");
    CHECK_STR(TEXT_IN("abc", WIDE | FULLWORD, "\0xa\0b\0c\0xxx"), "2+6");
    CHECK_STR(TEXT_IN("abc", WIDE | FULLWORD, "a\0b\0c\0x"), "0+6");
    CHECK_STR(TEXT_IN("abc", WIDE | FULLWORD, "a\0b\0c\0x\0"), "");
}

TEST(xor_finds_every_key_of_its_range_and_tells_it)
{
    CHECK_STR(TEXT_IN("abcdef", ASCII | XOR, "dgfa`c abcdef"), "0+6^5 7+6");
    CHECK_STR(TEXT_IN("abcdefghijklm", ASCII | XOR, "  cbedgfihkjmlo"), "");
    CHECK_STR(TEXT_IN("aaaa", ASCII | XOR, "bbbbbb"), "0+4^3 1+4^3 2+4^3");
    CHECK_STR(TEXT_IN("ab", ASCII | XOR, "c`ab"), "0+2^2 2+2");
    CHECK_STR(TEXT_IN("a", ASCII | XOR, "abc"), "0+1 1+1^3 2+1^2");
    CHECK_STR(TEXT_IN("abc", ASCII | XOR | FULLWORD, " bcd` q`cb"), "");
    CHECK_STR(TEXT_IN("ab", WIDE | XOR, "d\5g\5"), "0+4^5");
    CHECK_STR(TEXT_IN("abcdef", ASCII | WIDE | XOR, "d\5g\5f\5a\5`\5c\5"), "0+12^5");
}

TEST(base64_is_found_at_all_three_alignments)
{
    CHECK_STR(TEXT_IN("abc", ASCII | OV_STRING_BASE64, "YWJj eGFiYw== eHlhYmM="), "0+4 7+3 17+3");
    CHECK_STR(TEXT_IN("abcd", ASCII | OV_STRING_BASE64, "YWJjZA== eGFiY2Q= eHlhYmNk"),
            "0+5 11+4 21+5");
    CHECK_STR(TEXT_IN("abc", ASCII | OV_STRING_BASE64_WIDE, "Y\0W\0J\0j\0"), "0+8");
    CHECK_STR(TEXT_IN("abc", ASCII | WIDE | OV_STRING_BASE64, "YQBiAGMAYWJj"), "0+8 8+4");
    CHECK_STR(TEXT_IN("a", ASCII | OV_STRING_BASE64, "YQ== eGFieg=="), "0+1");
}

TEST(of_several_lengths_the_one_yara_would_tell)
{
    CHECK_STR(RE_IN("a(b|bcd)", ASCII, "xabcdx"), "1+2");
    CHECK_STR(RE_IN("(a|ab)(c|bcd)(d*)", ASCII, "abcd"), "0+4");
    CHECK_STR(RE_IN("x.*foobar", ASCII, "x foobar foobarz"), "0+15");
    CHECK_STR(RE_IN("x.*?foobar", ASCII | OV_STRING_LAZY, "x foobar foobarz"), "0+8");
    CHECK_STR(RE_IN("a.*?foo", ASCII | OV_STRING_LAZY, "aaaafoo"), "0+7 1+6 2+5 3+4");
    CHECK_STR(RE_IN("[a-z]+", ASCII | WIDE, "a\0b\0ab "), "0+4 2+2 4+2 5+1");
    CHECK_STR(RE_IN("ab|cd+", ASCII, "abcddd"), "0+2 2+4");
    CHECK_STR(RE_IN("foo.*", ASCII, "foo\nfoox\n"), "0+3 4+4");
    CHECK_STR(RE_IN("[^\n]*foo", ASCII, "x foo\n foo"), "0+5 1+4 2+3 6+4 7+3");
    CHECK_STR(RE_IN("a{2,3}", ASCII, "aaaa"), "0+3 1+3 2+2");
    CHECK_STR(HEX_IN("\x01(\x02\x03|\x02)", "\x01\x02\x03"), "0+3");
    CHECK_STR(RE_IN("(a|ab)(c|bcd)", ASCII, "abcd"), "0+4");
    CHECK_STR(RE_IN("xA?(AB)*", ASCII, "xAB"), "0+2");
    CHECK_STR(RE_IN("x(|a)b?", ASCII, "xab"), "0+1");
    CHECK_STR(RE_IN("foo(b|bar)?x?", ASCII, "foobarx"), "0+4");
    CHECK_STR(RE_IN("foo(a*|ab)*", ASCII, "fooab"), "0+5"); /* choices without order: the longest */
}

TEST(the_empty_match_counts_but_not_behind_the_last_byte)
{
    CHECK_STR(RE_IN("x*", ASCII, "yyxxy"), "0+0 1+0 2+2 3+1 4+0");
    CHECK_STR(RE_IN("x*?", ASCII | OV_STRING_LAZY, "yyx"), "0+0 1+0 2+0");
    CHECK_STR(RE_IN("$", ASCII, "yy"), "");
    CHECK_STR(RE_IN("x{0}", ASCII, "yy"), "0+0 1+0");
    CHECK_STR(RE_IN("\\b", ASCII, "ab cd"), "0+0 2+0 3+0");
}

TEST(anchors_and_word_boundaries)
{
    CHECK_STR(RE_IN("\\bfoo\\b", ASCII, "xfoo foo_ foo"), "10+3");
    CHECK_STR(RE_IN("\\Bfoo", ASCII, "foo"), "");
    CHECK_STR(RE_IN("\\b ", ASCII, " a b "), "2+1 4+1");
    CHECK_STR(RE_IN(" \\b", ASCII, " a "), "0+1");
    CHECK_STR(RE_IN(" \\B", ASCII, " a "), "2+1");
    CHECK_STR(RE_IN("^foo", ASCII | WIDE, "f\0o\0o\0foo"), "0+6");
    CHECK_STR(RE_IN("foo$", ASCII | WIDE, "foof\0o\0o\0"), "3+6");
    CHECK_STR(RE_IN("(^a|b)c", ASCII, "acbcac"), "0+2 2+2");
    CHECK_STR(RE_IN("\\bfoo\\b", WIDE, "x\0f\0o\0o\0 xf\0o\0o\0x \0f\0o\0o\0x\0 \0f\0o\0o\0"),
            "10+6 29+6");
    CHECK_STR(RE_IN("a$b", ASCII, "ab"), "");
}

TEST(a_full_word_is_asked_of_the_best_length_or_of_each_alternative)
{
    CHECK_STR(RE_IN("(foo|foo bar)", ASCII | FULLWORD, " foo barx"), "1+3");
    CHECK_STR(RE_IN("(foo|foobar)", ASCII | FULLWORD, " foobar "), "1+6");
    CHECK_STR(RE_IN("ab.{0,3}", ASCII | FULLWORD, " ab cdx"), "");
    CHECK_STR(RE_IN("ab.*?c", ASCII | FULLWORD | OV_STRING_LAZY, " ab cx c "), "");
    CHECK_STR(RE_IN("x.*foobar", ASCII | FULLWORD, "x foobar foobarz"), "0+8");
}

TEST(an_expression_reaches_4096_bytes_from_its_cut)
{
    static char data[3 + 5000 + 3];

    memset(data, 'x', sizeof(data));
    memcpy(data, "foo", 3);
    CHECK_STR(re_in(OV_STRING_REGEX, "foo.*", true, ASCII, data, sizeof(data)), "0+4096");
    CHECK_STR(re_in(OV_STRING_REGEX, "foo.*bar", true, ASCII, data, sizeof(data)), "");
    memcpy(data + 4093, "bar", 3);
    CHECK_STR(re_in(OV_STRING_REGEX, "foo.*bar", true, ASCII, data, sizeof(data)), "0+4096");
}

TEST(long_jumps_make_chains)
{
    CHECK_STR(HEX_IN("a.{0,300}?b", "azzbbab"), "0+4 5+2");
    CHECK_STR(HEX_IN("a.{0,}?b.{0,}?c", "aabccbca"), "0+4 1+3");
    CHECK_STR(HEX_IN("a.{0,250}?b.{0,250}?c", "aabbccabc"), "0+5 1+4 6+3");
    CHECK_STR(HEX_IN("1.{0,}?.{8}.{0,}?0", "1234567890"), "0+10");
    CHECK_STR(HEX_IN("a.{2,}?b", "abbb"), "0+4");
    CHECK_STR(HEX_IN("a.{2,}?b", "abb"), "");
    CHECK_STR(HEX_IN("b.{0,}?a", "ab"), "");
}

TEST(a_chain_may_span_blocks_and_its_jump_has_an_end)
{
    static char data[3u << 18];
    struct ov_budget budget = { .steps_left = STEPS };
    struct match_bench b;
    const struct ov_match *match;
    size_t count, far, none;

    memset(data, '.', sizeof(data));
    memcpy(data + 10, "begin", 5);
    memcpy(data + (2u << 18) + 5, "finis", 5);
    bench_init(&b);
    bench_re(&b, OV_STRING_HEX, "begin.{0,}?finis", true, 0);
    bench_re(&b, OV_STRING_HEX, "begin.{0,524278}?finis", true, 0);
    bench_re(&b, OV_STRING_HEX, "begin.{0,524277}?finis", true, 0);
    CHECK(bench_open(&b));
    bench_scan(&b, data, sizeof(data), OV_BLOCK_BYTES, OV_CONTEXT_BYTES, false, &budget);
    match = ov_matcher_matches(b.matcher, 0, &count);
    CHECK_UINT(count, 1);
    CHECK_UINT(match->offset, 10);
    CHECK_UINT(match->length, (2u << 18) + 10 - 10);
    (void)ov_matcher_matches(b.matcher, 1, &far);
    (void)ov_matcher_matches(b.matcher, 2, &none);
    CHECK_UINT(far, 1);
    CHECK_UINT(none, 0);
    bench_done(&b);
}

TEST(parts_that_are_everywhere_do_not_fill_the_lists)
{
    static char data[3u << 20];
    struct ov_budget budget = { .steps_left = STEPS };
    struct match_bench b;

    memset(data, 'z', sizeof(data));
    data[sizeof(data) - 1] = 'e';
    bench_init(&b);
    bench_re(&b, OV_STRING_HEX, "zz.{0,}?zz.{0,}?q", true, 0); /* heads everywhere, no tail */
    bench_re(&b, OV_STRING_HEX, "q.{0,}?zz.{0,}?e", true, 0);  /* no head */
    bench_re(&b, OV_STRING_HEX, "zz.{0,300}?q", true, 0);
    b.uses[0] = b.uses[1] = b.uses[2] = OV_USE_EXISTS;
    CHECK(bench_open(&b));
    bench_scan(&b, data, sizeof(data), OV_BLOCK_BYTES, OV_CONTEXT_BYTES, false, &budget);
    CHECK_UINT(ov_matcher_stopped(b.matcher), OV_REASON_NONE);
    CHECK(!ov_matcher_found(b.matcher, 0) && !ov_matcher_found(b.matcher, 1)
            && !ov_matcher_found(b.matcher, 2));
    bench_done(&b);
}

TEST(a_long_literal_crosses_whole_windows)
{
    static char needle[60000], data[400000];
    struct ov_budget budget = { .steps_left = STEPS };
    struct match_bench b;
    const struct ov_match *matches;
    size_t count;

    for (size_t i = 0; i < sizeof(needle); i++) {
        needle[i] = (char)(i % 251 + i / 1000);
    }
    memset(data, 'z', sizeof(data));
    memcpy(data + 230000, needle, sizeof(needle));
    memcpy(data + 300000, needle, sizeof(needle) - 1);
    memcpy(data + sizeof(data) - sizeof(needle) / 2, needle, sizeof(needle) / 2);
    bench_init(&b);
    bench_text(&b, needle, sizeof(needle), ASCII);
    CHECK(bench_open(&b));
    bench_scan(&b, data, sizeof(data), OV_BLOCK_BYTES, OV_CONTEXT_BYTES, false, &budget);
    matches = ov_matcher_matches(b.matcher, 0, &count);
    CHECK_UINT(count, 1);
    CHECK_UINT(matches->offset, 230000);
    CHECK_UINT(matches->length, sizeof(needle));
    bench_done(&b);
}

TEST(a_string_that_only_has_to_exist_is_looked_for_once)
{
    struct ov_budget budget = { .steps_left = STEPS };
    struct match_bench b;
    size_t first, all;

    bench_init(&b);
    bench_text(&b, "needle", 6, ASCII);
    b.uses[0] = OV_USE_EXISTS;
    CHECK(bench_open(&b));
    bench_scan(&b, "needle needle needle", 20, 16, 64, false, &budget);
    (void)ov_matcher_matches(b.matcher, 0, &first);
    bench_scan(&b, "needle needle needle", 20, 16, 64, true, &budget);
    (void)ov_matcher_matches(b.matcher, 0, &all);
    CHECK_UINT(first, 1);
    CHECK_UINT(all, 3);
    bench_done(&b);
}

TEST(a_string_nobody_asks_about_is_found_only_when_all_is_kept)
{
    struct ov_budget budget = { .steps_left = STEPS };
    struct match_bench b;
    size_t count;

    bench_init(&b);
    bench_text(&b, "needle", 6, ASCII);
    b.uses[0] = OV_USE_NONE;
    CHECK(bench_open(&b));
    bench_scan(&b, "needle", 6, 16, 64, false, &budget);
    CHECK(!ov_matcher_found(b.matcher, 0));
    bench_scan(&b, "needle", 6, 16, 64, true, &budget);
    CHECK(ov_matcher_found(b.matcher, 0));
    CHECK_UINT(*ov_matcher_found_strings(b.matcher, &count), 0);
    CHECK_UINT(count, 1);
    bench_done(&b);
}

TEST(nothing_is_left_over_from_the_object_before)
{
    struct ov_budget budget = { .steps_left = STEPS };
    struct match_bench b;
    size_t count;

    bench_init(&b);
    bench_text(&b, "needle", 6, ASCII);
    bench_re(&b, OV_STRING_HEX, "ab.{0,}?cd", true, 0);
    CHECK(bench_open(&b));
    bench_scan(&b, "needle ab", 9, 16, 64, false, &budget);
    CHECK(ov_matcher_found(b.matcher, 0));
    bench_scan(&b, "cd", 2, 16, 64, false, &budget);
    CHECK(!ov_matcher_found(b.matcher, 0) && !ov_matcher_found(b.matcher, 1));
    (void)ov_matcher_found_strings(b.matcher, &count);
    CHECK_UINT(count, 0);
    bench_done(&b);
}

TEST(too_many_matches_are_cut_and_told)
{
    static char data[1100000];
    struct ov_budget budget = { .steps_left = STEPS };
    struct match_bench b;
    size_t count;

    memset(data, 'z', sizeof(data));
    bench_init(&b);
    bench_text(&b, "zzzz", 4, ASCII);
    CHECK(bench_open(&b));
    bench_scan(&b, data, sizeof(data), OV_BLOCK_BYTES, OV_CONTEXT_BYTES, false, &budget);
    CHECK_UINT(ov_matcher_stopped(b.matcher), OV_REASON_MATCHES);
    (void)ov_matcher_matches(b.matcher, 0, &count);
    CHECK_UINT(count, OV_STRING_MATCHES_MAX);
    bench_done(&b);
}

TEST(a_budget_that_ends_is_told)
{
    struct ov_budget budget = { .steps_left = 3 };
    struct match_bench b;

    bench_init(&b);
    bench_text(&b, "needle", 6, ASCII);
    CHECK(bench_open(&b));
    bench_scan(&b, "needle needle needle needle", 27, 64, 64, true, &budget);
    CHECK_UINT(ov_matcher_stopped(b.matcher), OV_REASON_STEPS);
    bench_done(&b);
}

/* What matching one expression in so many bytes of one kind costs. */
static uint64_t steps_for(const char *re, uint8_t filler, size_t len, bool keep_all)
{
    struct ov_budget budget = { .steps_left = STEPS };
    uint8_t *data = malloc(len);
    struct match_bench b;

    OV_ASSERT(data != NULL);
    memset(data, filler, len);
    bench_init(&b);
    bench_re(&b, OV_STRING_REGEX, re, false, ASCII);
    OV_ASSERT(bench_open(&b));
    bench_scan(&b, data, len, OV_BLOCK_BYTES, OV_CONTEXT_BYTES, keep_all, &budget);
    bench_done(&b);
    free(data);
    return STEPS - budget.steps_left;
}

TEST(twice_the_input_is_at_most_twice_the_work_for_the_classic_bombs)
{
    static const struct {
        const char *re;
        char filler;
    } bombs[] = {
        { "(a+)+b", 'a' },
        { "(a|aa)+b", 'a' },
        { "(a|a|a|a)*c", 'a' },
        { "a{0,60}a{60}b", 'a' },
        { "a.*a.*a.*a.*b", 'a' },
        { "(x+x+)+y", 'x' },
        { "(.*)(.*)(.*)z", 'q' },
        { "([a-z]+)*[0-9]", 'k' },
        { "(ab?)+(a?b)+c", 'a' },
    };
    enum {
        FEW = 48 * 1024
    };

    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        for (unsigned all = 0; all < 2; all++) {
            const uint8_t filler = (uint8_t)bombs[i].filler;
            const uint64_t once = steps_for(bombs[i].re, filler, FEW, all != 0);
            const uint64_t twice = steps_for(bombs[i].re, filler, (size_t)2 * FEW, all != 0);

            /* The program's size bounds what one byte can cost, whatever stands before it. */
            CHECK(once <= UINT64_C(4000) * FEW);
            CHECK(twice <= once * 2 + once / 4 + 1000000);
        }
    }
}

TEST(slow_strings_are_warned_about_and_impossible_ones_refused)
{
    struct match_bench b;

    bench_init(&b);
    bench_re(&b, OV_STRING_REGEX, "[a-z]+", false, ASCII); /* slow */
    bench_text(&b, "ab", 2, ASCII);
    bench_text(&b, "a", 1, ASCII | XOR);                                /* slow */
    bench_re(&b, OV_STRING_REGEX, "((a{1000}b?){1000})", false, ASCII); /* an error */
    CHECK(bench_open(&b));
    CHECK_UINT(b.diags.warnings, 2);
    CHECK_UINT(b.diags.errors, 1);
    bench_done(&b);
}

TEST(the_same_strings_make_the_same_bytes)
{
    struct match_bench a, b;
    bool same;

    bench_init(&a);
    bench_init(&b);
    for (int i = 0; i < 2; i++) {
        struct match_bench *at = i == 0 ? &a : &b;

        bench_text(at, "some text", 9, ASCII | WIDE | NOCASE);
        bench_text(at, "xored text", 10, ASCII | XOR);
        bench_re(at, OV_STRING_REGEX, "a(b|c)*d{3,9}e.*f", false, ASCII | WIDE);
        bench_re(at, OV_STRING_HEX, "ab.{0,300}?cd", true, 0);
        CHECK(bench_open(at));
    }
    same = ov_bytes_equal(
            a.view.file, ov_bytes_raw(b.view.file), (size_t)ov_bytes_len(b.view.file));
    bench_done(&a);
    bench_done(&b);
    CHECK(same);
}

TESTS(T(text_is_found_at_both_ends_and_overlapping), T(wide_and_nocase_and_both),
        T(a_full_word_has_no_letter_or_digit_beside_it),
        T(xor_finds_every_key_of_its_range_and_tells_it),
        T(base64_is_found_at_all_three_alignments), T(of_several_lengths_the_one_yara_would_tell),
        T(the_empty_match_counts_but_not_behind_the_last_byte), T(anchors_and_word_boundaries),
        T(a_full_word_is_asked_of_the_best_length_or_of_each_alternative),
        T(an_expression_reaches_4096_bytes_from_its_cut), T(long_jumps_make_chains),
        T(a_chain_may_span_blocks_and_its_jump_has_an_end),
        T(parts_that_are_everywhere_do_not_fill_the_lists), T(a_long_literal_crosses_whole_windows),
        T(a_string_that_only_has_to_exist_is_looked_for_once),
        T(a_string_nobody_asks_about_is_found_only_when_all_is_kept),
        T(nothing_is_left_over_from_the_object_before), T(too_many_matches_are_cut_and_told),
        T(a_budget_that_ends_is_told),
        T(twice_the_input_is_at_most_twice_the_work_for_the_classic_bombs),
        T(slow_strings_are_warned_about_and_impossible_ones_refused),
        T(the_same_strings_make_the_same_bytes));
