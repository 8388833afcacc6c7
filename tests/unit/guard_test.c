/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/cache.h"
#include "guard/pending.h"
#include "tests/tap.h"

#define OLD_NS INT64_C(1000000000)
#define NOW_NS INT64_C(9000000000)

static struct ov_guard_key key(uint64_t inode, int64_t ctime_ns)
{
    return (struct ov_guard_key){ .device = 1, .inode = inode, .size = 5, .ctime_ns = ctime_ns };
}

TEST(a_verdict_is_remembered_until_the_file_or_the_rules_change)
{
    struct ov_guard_cache *cache = ov_guard_cache_new(64);
    struct ov_guard_key a = key(7, OLD_NS), b = key(7, OLD_NS + 1);

    ov_guard_cache_put(cache, &a, OV_GUARD_DENY, NOW_NS);
    CHECK(ov_guard_cache_find(cache, &a) == OV_GUARD_DENY);
    CHECK(ov_guard_cache_find(cache, &b) == OV_GUARD_UNKNOWN);
    ov_guard_cache_put(cache, &a, OV_GUARD_ALLOW, NOW_NS);
    CHECK(ov_guard_cache_find(cache, &a) == OV_GUARD_ALLOW);
    ov_guard_cache_forget(cache);
    CHECK(ov_guard_cache_find(cache, &a) == OV_GUARD_UNKNOWN);
    ov_guard_cache_free(cache);
}

TEST(a_file_changed_a_moment_ago_is_not_remembered)
{
    struct ov_guard_cache *cache = ov_guard_cache_new(64);
    struct ov_guard_key fresh = key(7, NOW_NS - 1000000);

    ov_guard_cache_put(cache, &fresh, OV_GUARD_ALLOW, NOW_NS);
    CHECK(ov_guard_cache_find(cache, &fresh) == OV_GUARD_UNKNOWN);
    ov_guard_cache_free(cache);
}

TEST(the_cache_is_bounded_and_keeps_the_newest)
{
    struct ov_guard_cache *cache = ov_guard_cache_new(1);
    struct ov_guard_key last;
    unsigned known = 0;

    for (uint64_t i = 0; i < 1000; i++) {
        last = key(i, OLD_NS);
        ov_guard_cache_put(cache, &last, OV_GUARD_ALLOW, NOW_NS);
        CHECK(ov_guard_cache_find(cache, &last) == OV_GUARD_ALLOW);
    }
    for (uint64_t i = 0; i < 1000; i++) {
        last = key(i, OLD_NS);
        known += ov_guard_cache_find(cache, &last) == OV_GUARD_ALLOW;
    }
    CHECK_UINT(known, 4);
    ov_guard_cache_free(cache);
}

TEST(opens_of_one_file_wait_for_one_verdict)
{
    struct ov_guard_pending p;
    struct ov_guard_waiting w;
    struct ov_guard_key a = key(1, OLD_NS), b = key(2, OLD_NS);
    uint32_t asked;
    bool first;
    unsigned taken = 0;

    CHECK(ov_guard_pending_init(&p));
    asked = ov_guard_pending_add(&p, 10, &a, 100, &first);
    CHECK(first);
    (void)ov_guard_pending_add(&p, 11, &b, 100, &first);
    CHECK(first);
    (void)ov_guard_pending_add(&p, 12, &a, 101, &first);
    CHECK(!first);
    while (ov_guard_pending_take(&p, asked, &w)) {
        CHECK(w.fd == 10 || w.fd == 12);
        taken++;
    }
    CHECK_UINT(taken, 2);
    CHECK(ov_guard_pending_late(&p, 100, &w) && w.fd == 11);
    CHECK(ov_guard_pending_wait(&p, 100) == -1);
    ov_guard_pending_done(&p);
}

TEST(the_oldest_is_late_first_and_holes_do_not_count)
{
    struct ov_guard_pending p;
    struct ov_guard_waiting w;
    struct ov_guard_key a = key(1, OLD_NS), b = key(2, OLD_NS);
    uint32_t one;
    bool first;

    CHECK(ov_guard_pending_init(&p));
    one = ov_guard_pending_add(&p, 10, &a, 100, &first);
    (void)ov_guard_pending_add(&p, 11, &b, 150, &first);
    CHECK(ov_guard_pending_wait(&p, 40) == 60);
    CHECK(!ov_guard_pending_late(&p, 99, &w));
    CHECK(ov_guard_pending_take(&p, one, &w) && w.fd == 10);
    CHECK(ov_guard_pending_wait(&p, 100) == 50);
    CHECK(!ov_guard_pending_late(&p, 149, &w));
    CHECK(ov_guard_pending_late(&p, 150, &w) && w.fd == 11);
    CHECK(!ov_guard_pending_take(&p, one, &w));
    ov_guard_pending_done(&p);
}

TEST(a_full_table_says_so_and_goes_round)
{
    struct ov_guard_pending p;
    struct ov_guard_waiting w;
    bool first;

    CHECK(ov_guard_pending_init(&p));
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < OV_GUARD_PENDING_MAX; i++) {
            struct ov_guard_key k = key(i, OLD_NS);

            CHECK(!ov_guard_pending_full(&p));
            (void)ov_guard_pending_add(&p, (int)i, &k, round, &first);
        }
        CHECK(ov_guard_pending_full(&p));
        for (uint32_t i = 0; i < OV_GUARD_PENDING_MAX; i++) {
            CHECK(ov_guard_pending_late(&p, round, &w) && w.fd == (int)i);
        }
    }
    ov_guard_pending_done(&p);
}

TESTS(T(a_verdict_is_remembered_until_the_file_or_the_rules_change),
        T(a_file_changed_a_moment_ago_is_not_remembered),
        T(the_cache_is_bounded_and_keeps_the_newest), T(opens_of_one_file_wait_for_one_verdict),
        T(the_oldest_is_late_first_and_holes_do_not_count), T(a_full_table_says_so_and_goes_round));
