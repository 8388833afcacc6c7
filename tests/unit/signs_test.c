/* SPDX-License-Identifier: Apache-2.0 */
/* signs_test.c - bytes that wake a rule where they stand: wherever they do, in blocks of any size, and
 * nowhere else. */
#include "base/limits.h"
#include "db/verify.h"
#include "tests/match_build.h"
#include "tests/tap.h"

#define SIZE 120u

struct stretch {
    uint32_t first;
    uint32_t last;
    bool from_end;
};

static const struct stretch stretches[] = { { 0, 0, false }, { 3, 3, false }, { 0, 50, false },
    { 17, 90, false }, { 100, 4000, false }, { 0, 0, true }, { 5, 5, true }, { 40, 0, true },
    { 60, 20, true }, { 4000, 0, true } };

/* Whether a sign at `at`, of an object of `size`, counts. */
static bool counts(const struct stretch *s, uint32_t at, uint32_t size, uint32_t length)
{
    const uint32_t low = s->first < size ? size - s->first : 0;
    const uint32_t high = s->last < size ? size - s->last : 0;

    if (at + length > size) {
        return false;
    }
    return s->from_end ? at >= low && at <= high : at >= s->first && at <= s->last;
}

static bool wakes(struct match_bench *b, const char *object, size_t len, size_t block)
{
    struct ov_budget budget = { .steps_left = 1000000 };

    bench_scan(b, object, len, block, OV_CONTEXT_BYTES, false, &budget);
    return ov_matcher_again(b->matcher);
}

TEST(a_sign_wakes_where_it_counts_and_nowhere_else)
{
    static const size_t blocks[] = { 1, 7, 64, SIZE };
    unsigned wrong = 0, awake = 0;

    for (size_t s = 0; s < sizeof(stretches) / sizeof(stretches[0]); s++) {
        struct match_bench b;

        bench_init(&b);
        bench_text(&b, "never to be found", 17, OV_STRING_ASCII);
        bench_sign(&b, "<?x", stretches[s].first, stretches[s].last, stretches[s].from_end);
        OV_ASSERT(bench_open(&b) && ov_db_verify_match(&b.view, &b.err) == OVERT_OK);
        for (uint32_t size = 1; size <= SIZE; size += 17) {
            for (uint32_t at = 0; at < size; at++) {
                char object[SIZE];
                const uint32_t room = size - at < 3 ? size - at : 3;
                const bool want = counts(&stretches[s], at, size, 3);

                memset(object, '<', size);
                memcpy(object + at, "<?x", room);
                for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
                    wrong += wakes(&b, object, size, blocks[i]) != want;
                }
                awake += want;
            }
        }
        bench_done(&b);
    }
    CHECK_UINT(wrong, 0);
    CHECK(awake > 500);
}

/* Equal signs of several rules are one, and a rule is woken once. */
TEST(equal_signs_are_one)
{
    struct match_bench b;

    bench_init(&b);
    bench_text(&b, "never to be found", 17, OV_STRING_ASCII);
    bench_sign(&b, "ab", 0, 9, false);
    bench_sign(&b, "ab", 0, 9, false);
    bench_sign(&b, "ab", 0, 8, false);
    OV_ASSERT(bench_open(&b));
    CHECK_UINT(b.matcher->sign_count, 2);
    CHECK_UINT(b.matcher->sign_rule_count, 2);
    CHECK(wakes(&b, "xxxxab", 6, 6));
    CHECK_UINT(b.matcher->awake_count, 1);
    CHECK(!wakes(&b, "xxxxxx", 6, 6));
    bench_done(&b);
}

TEST(a_sign_that_makes_no_sense_is_refused)
{
    struct match_bench b;
    struct ov_db_filters header;
    struct ov_db_sign *sign, before;
    uint8_t *at;

    bench_init(&b);
    bench_text(&b, "never to be found", 17, OV_STRING_ASCII);
    bench_sign(&b, "ab", 0, 9, false);
    OV_ASSERT(bench_open(&b) && ov_db_verify_match(&b.view, &b.err) == OVERT_OK);
    at = b.file + (ov_bytes_raw(b.view.sections[OV_DB_FILTERS]) - ov_bytes_raw(b.view.file));
    memcpy(&header, at, sizeof(header));
    sign = (void *)(at + ov_le64_get(header.signs));
    before = *sign;
#define REFUSED(field, wrong)                                             \
    do {                                                                  \
        sign->field = wrong;                                              \
        CHECK_UINT(ov_db_verify_match(&b.view, &b.err), OVERT_E_CORRUPT); \
        *sign = before;                                                   \
    } while (0)
    REFUSED(length, 0);
    REFUSED(length, 9);
    REFUSED(length, 1); /* a mask behind the end */
    REFUSED(mask[0], 0);
    REFUSED(from_end, 2);
    REFUSED(from_end, 1); /* it would end before it begins */
    REFUSED(first, ov_le32_of(10));
    REFUSED(last, ov_le32_of(OV_SIGN_REACH_MAX + 1));
    REFUSED(rules, ov_le32_of(2));
    REFUSED(rule_count, ov_le32_of(2));
    CHECK_UINT(ov_db_verify_match(&b.view, &b.err), OVERT_OK);
    bench_done(&b);
}

TESTS(T(a_sign_wakes_where_it_counts_and_nowhere_else), T(equal_signs_are_one),
        T(a_sign_that_makes_no_sense_is_refused));
