/* SPDX-License-Identifier: Apache-2.0 */
/* regex_test.c - compile/regex.h and match/regex.h together, against the plain matcher. */
#include "base/limits.h"
#include "compile/regex.h"
#include "db/match_layout.h"
#include "match/regex.h"
#include "tests/re_build.h"
#include "tests/tap.h"

#define STEPS UINT64_C(1000000000)

static bool search(
        const char *pattern, uint32_t flags, const void *text, size_t len, uint64_t *steps)
{
    struct ov_budget budget = { .steps_left = STEPS };
    overt_error err = OVERT_ERROR_INIT;
    struct ov_arena arena;
    struct ov_buf code;
    bool found = false, done;

    ov_arena_init(&arena, UINT64_MAX);
    ov_buf_init(&code, OV_MIB);
    done = ov_compile_regex(re_of(&arena, pattern, false), flags, &code, &err) == OVERT_OK
           && ov_regex_search(ov_buf_bytes(&code), ov_bytes_of(text, len), &budget, &found);
    if (!done) {
        printf("# %s: not searched: %s\n", pattern, err.message);
    }
    if (steps != NULL) {
        *steps = STEPS - budget.steps_left;
    }
    ov_buf_done(&code);
    ov_arena_done(&arena);
    return found;
}

static bool finds(const char *pattern, const char *text)
{
    return search(pattern, 0, text, strlen(text), NULL);
}

TEST(it_finds_what_stands_in_the_middle)
{
    CHECK(finds("b+c", "aabbcc"));
    CHECK(!finds("b{3}c", "aabbcc"));
    CHECK(finds("(ab|bb)c", "aabbcc"));
    CHECK(finds("[^a-b]", "aabbcc"));
    CHECK(!finds("x.y", "x\ny"));
}

TEST(the_empty_match_counts)
{
    CHECK(finds("x*", "aaa"));
    CHECK(finds("", ""));
    CHECK(!finds("x", ""));
}

TEST(anchors_are_the_ends_of_the_value)
{
    CHECK(finds("^ab$", "ab"));
    CHECK(!finds("^b", "ab"));
    CHECK(!finds("a$", "ab"));
    CHECK(finds("\\bab\\b", "x ab y"));
    CHECK(!finds("\\bab\\b", "xab"));
    CHECK(finds("\\Bb", "ab"));
    CHECK(finds("((^a)|(b$))*c", "ac"));
}

TEST(letters_fold_when_asked)
{
    CHECK(search("aB[x-z]@", OV_STRING_NOCASE, "AbY@", 4, NULL));
    CHECK(!search("aB", 0, "Ab", 2, NULL));
    CHECK(!search("@", OV_STRING_NOCASE, "`", 1, NULL));
}

TEST(nested_stars_end_and_cost_a_step_for_each_byte_and_state)
{
    static char text[100000];
    const char *const bombs[] = { "(a*)*b", "(a|aa)+$b", "(a+)+(a+)+b", "((a?)*)*b", "(((a*)*)*)*b",
        "(\\b|a?)*b", "a.*b.*c.*d" };

    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        uint64_t steps = 0;

        CHECK(!search(bombs[i], 0, text, sizeof(text), &steps));
        CHECK(steps < 40 * sizeof(text));
    }
}

TEST(a_budget_that_is_too_small_is_no_answer)
{
    struct ov_budget budget = { .steps_left = 10 };
    overt_error err = OVERT_ERROR_INIT;
    struct ov_arena arena;
    struct ov_buf code;
    bool found = true, compiled, searched;

    ov_arena_init(&arena, UINT64_MAX);
    ov_buf_init(&code, OV_MIB);
    compiled = ov_compile_regex(re_of(&arena, "a+b", false), 0, &code, &err) == OVERT_OK;
    searched = ov_regex_search(
            ov_buf_bytes(&code), ov_bytes_of("aaaaaaaaaaaaaaaaaaaab", 21), &budget, &found);
    ov_buf_done(&code);
    ov_arena_done(&arena);
    CHECK(compiled);
    CHECK(!searched);
    CHECK(found);
}

TEST(an_expression_that_is_too_large_is_refused)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_arena arena;
    struct ov_buf code;
    overt_status large, hollow;

    ov_arena_init(&arena, UINT64_MAX);
    ov_buf_init(&code, OV_MIB);
    large = ov_compile_regex(re_of(&arena, "((a{1000}){1000}){1000}", false), 0, &code, &err);
    hollow = ov_compile_regex(re_of(&arena, "((){4000000000}){4000000000}", false), 0, &code, &err);
    ov_buf_done(&code);
    ov_arena_done(&arena);
    CHECK_UINT(large, OVERT_E_LIMIT);
    CHECK_UINT(hollow, OVERT_OK);
}

TEST(every_truncation_and_every_changed_byte_of_a_program_is_survived)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_arena arena;
    struct ov_buf code;
    struct ov_bytes whole, part;
    bool compiled, found;
    size_t searched = 0;

    ov_arena_init(&arena, UINT64_MAX);
    ov_buf_init(&code, OV_MIB);
    compiled =
            ov_compile_regex(re_of(&arena, "(a|[b-d]x)*\\by?$", false), 0, &code, &err) == OVERT_OK;
    whole = ov_buf_bytes(&code);
    for (uint64_t len = 0; compiled && len < ov_bytes_len(whole); len++) {
        struct ov_budget budget = { .steps_left = 100000 };

        if (ov_bytes_slice(whole, 0, len, &part)) {
            searched += ov_regex_search(part, ov_bytes_of("abxy", 4), &budget, &found);
        }
    }
    for (size_t at = 0; compiled && at < ov_bytes_len(whole); at++) {
        uint8_t bad[1024];

        memcpy(bad, ov_bytes_raw(whole), (size_t)ov_bytes_len(whole));
        for (unsigned value = 0; value < 256; value += 15) {
            struct ov_budget budget = { .steps_left = 100000 };

            bad[at] = (uint8_t)value;
            (void)!ov_regex_search(ov_bytes_of(bad, (size_t)ov_bytes_len(whole)),
                    ov_bytes_of("abxy", 4), &budget, &found);
        }
    }
    ov_buf_done(&code);
    ov_arena_done(&arena);
    CHECK(compiled);
    CHECK_UINT(searched, 0);
}

static uint32_t rnd(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static struct ov_re *random_re(struct ov_arena *arena, uint32_t *seed, unsigned depth)
{
    struct re_builder b = { .arena = arena };
    static const char *const leaves[] = { "a", "b", "[ab]", ".", "\\b", "^", "$", "\\B", "", "[^a]",
        "_", "a" };
    struct ov_re *re;
    unsigned kind = depth == 0 ? 0 : rnd(seed) % 4;

    if (kind == 0) {
        return re_of(arena, leaves[rnd(seed) % 12], rnd(seed) % 2 != 0);
    }
    re = re_node(&b, kind == 1 ? OV_RE_CONCAT : kind == 2 ? OV_RE_ALT : OV_RE_REPEAT);
    re->children = random_re(arena, seed, depth - 1);
    if (kind == 3) {
        re->min = rnd(seed) % 3;
        re->max = rnd(seed) % 3 == 0 ? OV_RE_UNBOUNDED : re->min + rnd(seed) % 3;
        return re;
    }
    re->children->next = random_re(arena, seed, depth - 1);
    re->children->next->next = random_re(arena, seed, depth - 1);
    return re;
}

TEST(random_expressions_agree_with_the_plain_matcher)
{
    uint32_t seed = 7, found_count = 0;

    for (unsigned round = 0; round < 30000; round++) {
        struct ov_budget budget = { .steps_left = STEPS };
        overt_error err = OVERT_ERROR_INIT;
        const bool nocase = rnd(&seed) % 2 != 0, wide = rnd(&seed) % 4 == 0;
        uint8_t text[16];
        struct naive naive = { .text = text, .nocase = nocase, .wide = wide };
        struct ov_arena arena;
        struct ov_buf code;
        struct ov_re *re;
        bool found = false, want, ok;

        ov_arena_init(&arena, UINT64_MAX);
        ov_buf_init(&code, OV_MIB);
        re = random_re(&arena, &seed, 3);
        naive.size = rnd(&seed) % 9;
        for (size_t i = 0; i < naive.size; i++) {
            text[i] = (uint8_t) "abAB \n_\0\0\0\0\0"[rnd(&seed) % (wide ? 11u : 8u)];
        }
        want = naive_ends(&naive, re, (UINT64_C(2) << naive.size) - 1) != 0;
        ok = ov_compile_regex(re,
                     (nocase ? OV_STRING_NOCASE : 0) | (wide ? OV_STRING_WIDE : OV_STRING_ASCII),
                     &code, &err)
                     == OVERT_OK
             && ov_regex_search(
                     ov_buf_bytes(&code), ov_bytes_of(text, naive.size), &budget, &found);
        ov_buf_done(&code);
        ov_arena_done(&arena);
        found_count += found;
        if (!ok || found != want) {
            printf("# round %u\n", round);
        }
        CHECK(ok);
        CHECK(found == want);
    }
    CHECK(found_count > 3000 && found_count < 29000);
}

TESTS(T(it_finds_what_stands_in_the_middle), T(the_empty_match_counts),
        T(anchors_are_the_ends_of_the_value), T(letters_fold_when_asked),
        T(nested_stars_end_and_cost_a_step_for_each_byte_and_state),
        T(a_budget_that_is_too_small_is_no_answer), T(an_expression_that_is_too_large_is_refused),
        T(every_truncation_and_every_changed_byte_of_a_program_is_survived),
        T(random_expressions_agree_with_the_plain_matcher));
