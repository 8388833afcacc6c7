/* SPDX-License-Identifier: Apache-2.0 */
/* match_random_test.c - random strings over random texts: the matcher against the plain way, at
 * every block size, and its two ways of confirming automata against each other. */
#include "base/limits.h"
#include "tests/match_random.h"
#include "tests/tap.h"

#define STEPS UINT64_C(100000000000)

/* True if what the matcher found of string 0 is what the plain way finds. */
static bool agrees(struct match_bench *b, const uint8_t *text, unsigned size, unsigned *found)
{
    const struct ov_match *matches;
    size_t count, at = 0;

    matches = ov_matcher_matches(b->matcher, 0, &count);
    *found += count != 0;
    for (unsigned start = 0; start < size; start++) {
        unsigned key;
        const uint64_t lengths = plain_lengths(&b->strings[0], text, size, start, &key);

        if (lengths == 0) {
            continue;
        }
        if (at == count || matches[at].offset != start || matches[at].length > 62
                || (lengths >> matches[at].length & 1) == 0 || matches[at].xor_key != key) {
            printf("# at %u: want one of the lengths %#llx, key %u\n", start,
                    (unsigned long long)lengths, key);
            return false;
        }
        at++;
    }
    if (at != count) {
        printf("# found at %u, length %u, but it is not there\n", (unsigned)matches[at].offset,
                matches[at].length);
    }
    return at == count;
}

static bool one_round(uint32_t seed, bool dense, unsigned *found)
{
    struct ov_budget budget = { .steps_left = STEPS };
    struct choices choices = { .seed = seed };
    struct match_bench b;
    uint8_t text[64];
    bool ok;

    bench_init(&b);
    random_string(&b, &choices);
    ok = bench_open(&b);
    if (!ok) {
        printf("# round %u: %s\n", seed, b.err.message);
    }
    for (unsigned i = 0; i < 6 && ok; i++) {
        const unsigned size = random_text(&choices, text);
        const unsigned block = choose(&choices, 2) != 0 ? 64 : 1 + choose(&choices, 9);

        b.matcher->always_dense = dense;
        bench_scan(&b, text, size, block, OV_CONTEXT_BYTES, true, &budget);
        ok = agrees(&b, text, size, found);
        if (!ok) {
            printf("# round %u, text %u of %u bytes, block %u, flags %#x\n", seed, i, size, block,
                    b.strings[0].flags);
        }
    }
    /* One match is enough, and is the truth or part of it. */
    if (ok) {
        const unsigned size = random_text(&choices, text);
        size_t count = 0, all = 0;

        b.uses[0] = OV_USE_EXISTS;
        bench_scan(&b, text, size, 8, OV_CONTEXT_BYTES, true, &budget);
        (void)ov_matcher_matches(b.matcher, 0, &all);
        bench_scan(&b, text, size, 8, OV_CONTEXT_BYTES, false, &budget);
        (void)ov_matcher_matches(b.matcher, 0, &count);
        ok = (count != 0) == (all != 0);
    }
    bench_done(&b);
    return ok;
}

TEST(random_strings_agree_with_the_plain_way)
{
    unsigned found = 0;

    for (uint32_t seed = 1; seed <= 1200; seed += TAP_STEP) {
        CHECK(one_round(seed, false, &found));
    }
    CHECK(found > 1200 / TAP_STEP);
}

TEST(random_strings_agree_with_the_plain_way_when_swept)
{
    unsigned found = 0;

    for (uint32_t seed = 1; seed <= 1200; seed += TAP_STEP) {
        CHECK(one_round(seed, true, &found));
    }
    CHECK(found > 1200 / TAP_STEP);
}

/* Both ways of confirming, over texts longer than an expression reaches. */
static bool same_both_ways(struct match_bench *b, const uint8_t *text, size_t size, bool keep_all)
{
    static struct ov_match first[200000];
    struct ov_budget budget = { .steps_left = STEPS };
    const struct ov_match *matches;
    size_t first_count, count;

    b->matcher->always_dense = false;
    bench_scan(b, text, size, OV_BLOCK_BYTES, OV_CONTEXT_BYTES, keep_all, &budget);
    matches = ov_matcher_matches(b->matcher, 0, &first_count);
    if (first_count > 200000) {
        return false;
    }
    if (first_count != 0) {
        memcpy(first, matches, first_count * sizeof(*first));
    }
    b->matcher->always_dense = true;
    bench_scan(b, text, size, OV_BLOCK_BYTES, OV_CONTEXT_BYTES, keep_all, &budget);
    matches = ov_matcher_matches(b->matcher, 0, &count);
    if (!keep_all) {
        return (count == 0) == (first_count == 0);
    }
    for (size_t i = 0; i < count && i < first_count; i++) {
        if (matches[i].offset != first[i].offset || matches[i].length != first[i].length) {
            printf("# one by one %u+%u, swept %u+%u\n", (unsigned)first[i].offset, first[i].length,
                    (unsigned)matches[i].offset, matches[i].length);
            return false;
        }
    }
    if (count != first_count) {
        printf("# one by one %zu, swept %zu\n", first_count, count);
    }
    return count == first_count;
}

TEST(both_ways_of_confirming_find_the_same_at_the_edge_of_reach)
{
    static const char *const patterns[] = { "abcd.*", "abcd.*wxyz", "q.*abcd", ".*abcd.*",
        "(q|r).*abcd[^n]*", "abcd(xx|y)*z", "[pq]+abcd.{3,}", "abcd.{0,4090}z", "x.*abcd.*?z",
        "abcd(.*z.*y|x+)", "(abcd|wxyz).*q", "q[^r]*(abcd|z.*wxyz)" };
    static uint8_t text[40000];

    for (unsigned round = 0; round < 12 * 4; round += TAP_STEP) {
        const bool lazy = round % 2 != 0, fullword = round % 4 >= 2;
        struct choices choices = { .seed = round };
        struct match_bench b;
        struct ov_re *re;
        size_t size = 9000 + choose(&choices, 31000);
        bool all, one;

        memset(text, 'x', sizeof(text));
        for (unsigned n = 1 + choose(&choices, 40); n > 0; n--) {
            static const char *const words[] = { "abcd", "wxyz", "q", "r", "z", "y", "n", " " };
            const char *word = words[choose(&choices, 8)];

            memcpy(text + choose(&choices, (uint32_t)size - 4), word, strlen(word));
        }
        bench_init(&b);
        re = re_of(&b.arena, patterns[round / 4], true);
        if (lazy) {
            set_lazy(re);
        }
        bench_add(&b, OV_STRING_REGEX,
                OV_STRING_ASCII | (lazy ? OV_STRING_LAZY : 0) | (fullword ? OV_STRING_FULLWORD : 0))
                ->re = re;
        b.uses[0] = OV_USE_EXISTS;
        CHECK(bench_open(&b));
        all = same_both_ways(&b, text, size, true);
        one = same_both_ways(&b, text, size, false);
        if (!all || !one) {
            printf("# round %u: %s\n", round, patterns[round / 4]);
        }
        bench_done(&b);
        CHECK(all);
        CHECK(one);
    }
}

/* Steps for each byte, for the pattern over `size` bytes of a text made of `unit`. */
static uint64_t steps_a_byte(const char *pattern, const char *unit, size_t size, bool keep_all)
{
    struct ov_budget budget = { .steps_left = STEPS };
    struct match_bench b;
    uint8_t *text = malloc(size);
    const size_t unit_len = strlen(unit);
    enum ov_reason stopped;

    OV_ASSERT(text != NULL);
    for (size_t i = 0; i < size; i++) {
        text[i] = (uint8_t)unit[i % unit_len];
    }
    bench_init(&b);
    bench_re(&b, OV_STRING_REGEX, pattern, true, OV_STRING_ASCII);
    b.uses[0] = OV_USE_EXISTS;
    OV_ASSERT(bench_open(&b));
    bench_scan(&b, text, size, OV_BLOCK_BYTES, OV_CONTEXT_BYTES, keep_all, &budget);
    stopped = ov_matcher_stopped(b.matcher);
    bench_done(&b);
    free(text);
    return stopped == OV_REASON_STEPS ? UINT64_MAX : (STEPS - budget.steps_left) / size;
}

TEST(classic_bombs_stay_linear)
{
    static const struct {
        const char *pattern;
        const char *unit;
        uint64_t most; /* steps for each byte */
    } bombs[] = {
        { "(a*)*b", "a", 60 },
        { "(a|aa)+$", "a", 100 },
        { "a.*b.*c.*d", "a", 300 },
        { "a.*b.*c.*d", "abc", 300 },
        { "(x+x+)+y", "x", 100 },
        { "abcd.*wxyz", "abcd", 200 },
        { "abcd.*[^a-d]wxyz", "abcd", 200 },
        { "z.*abcd.*z", "abcd", 300 },
        { "(abcd)+e", "abcd", 200 },
        { ".*abcd.*e", "abcd", 300 },
        { "([a-d]{1,30})*abcde", "abcd", 600 },
        { "abcd.{0,500}e", "abcd", 6000 },
    };

    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        for (int keep_all = 0; keep_all < 2; keep_all++) {
            const uint64_t small = steps_a_byte(
                    bombs[i].pattern, bombs[i].unit, (1u << 16) / TAP_STEP, keep_all != 0);
            const uint64_t large = steps_a_byte(
                    bombs[i].pattern, bombs[i].unit, (1u << 18) / TAP_STEP, keep_all != 0);

            printf("# %s over %s: %u, %u\n", bombs[i].pattern, bombs[i].unit, (unsigned)small,
                    (unsigned)large);
            CHECK(large <= small + small / 4 + 2);
            CHECK(large <= bombs[i].most);
        }
    }
}

TESTS(T(random_strings_agree_with_the_plain_way),
        T(random_strings_agree_with_the_plain_way_when_swept),
        T(both_ways_of_confirming_find_the_same_at_the_edge_of_reach),
        T(classic_bombs_stay_linear));
