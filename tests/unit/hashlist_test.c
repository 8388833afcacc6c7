/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "rules/hashlist/hashlist.h"
#include "tests/tap.h"

#define MD5    "d41d8cd98f00b204e9800998ecf8427e"
#define SHA1   "DA39A3EE5E6B4B0D3255bfef95601890afd80709"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct world {
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;
    bool ok;
};

static void read_bytes(struct world *w, struct ov_bytes bytes)
{
    ov_arena_init(&w->arena, UINT64_MAX);
    ov_rule_set_init(&w->set, &w->arena);
    ov_diags_init(&w->diags, &w->arena);
    w->ok = ov_hashlist_read(&w->set, ov_bytes_of("list", 4), bytes, &w->diags);
}

static void read_text(struct world *w, const char *text)
{
    read_bytes(w, ov_bytes_of(text, strlen(text)));
}

static void done(struct world *w)
{
    ov_rule_set_done(&w->set);
    ov_diags_done(&w->diags);
    ov_arena_done(&w->arena);
}

TEST(the_three_digests_are_told_apart_by_length)
{
    struct world w;

    read_text(&w, MD5 ":a\n" SHA1 ":12:b\r\n" SHA256 ":0:c d  \t\n\n# no entry\n \t\n");
    CHECK(w.ok);
    CHECK_UINT(w.set.hashes.count, 3);
    CHECK(ov_hash_set_get(&w.set.hashes, 0).kind == OV_DIGEST_MD5);
    CHECK(!ov_hash_set_get(&w.set.hashes, 0).has_size);
    CHECK_UINT(ov_hash_set_get(&w.set.hashes, 0).digest[0], 0xd4);
    CHECK_UINT(ov_hash_set_get(&w.set.hashes, 0).digest[15], 0x7e);
    CHECK_UINT(ov_hash_set_get(&w.set.hashes, 0).digest[16], 0);
    CHECK(ov_hash_set_get(&w.set.hashes, 1).kind == OV_DIGEST_SHA1);
    CHECK(ov_hash_set_get(&w.set.hashes, 1).has_size);
    CHECK_UINT(ov_hash_set_get(&w.set.hashes, 1).size, 12);
    CHECK_UINT(ov_hash_set_get(&w.set.hashes, 1).digest[0], 0xda);
    CHECK(ov_hash_set_get(&w.set.hashes, 2).kind == OV_DIGEST_SHA256);
    CHECK(ov_hash_set_get(&w.set.hashes, 2).has_size);
    CHECK_UINT(ov_hash_set_get(&w.set.hashes, 2).size, 0);
    CHECK(ov_bytes_equal(ov_hash_set_get(&w.set.hashes, 2).name, "c d", 3));
    done(&w);
}

TEST(a_last_line_needs_no_end_and_a_mark_at_the_start_is_no_digit)
{
    struct world w;

    read_text(&w, "\xef\xbb\xbf" MD5 ":18446744073709551614:zażółć");
    CHECK(w.ok);
    CHECK_UINT(w.set.hashes.count, 1);
    CHECK_UINT(ov_hash_set_get(&w.set.hashes, 0).size, UINT64_MAX - 1);
    done(&w);
    read_text(&w, "");
    CHECK(w.ok);
    CHECK_UINT(w.set.hashes.count, 0);
    done(&w);
}

TEST(a_size_that_stands_for_none_is_refused)
{
    struct world w;

    read_text(&w, MD5 ":18446744073709551615:a");
    CHECK(!w.ok);
    CHECK_UINT(w.set.hashes.count, 0);
    done(&w);
}

TEST(digits_without_a_second_colon_are_a_name)
{
    struct world w;

    read_text(&w, MD5 ":12\n");
    CHECK(w.ok);
    CHECK(!ov_hash_set_get(&w.set.hashes, 0).has_size);
    CHECK(ov_bytes_equal(ov_hash_set_get(&w.set.hashes, 0).name, "12", 2));
    done(&w);
}

TEST(every_wrong_line_is_told_where_and_the_good_ones_stay)
{
    static const struct {
        const char *line;
        uint32_t column;
    } cases[] = {
        { "hello", 1 },
        { MD5, 33 },
        { MD5 "0:a", 1 },
        { "x41d8cd98f00b204e9800998ecf8427e:a", 1 },
        { "d41d8cd98f00b204e9800998ecf8427x:a", 32 },
        { MD5 ":", 34 },
        { MD5 "::a", 34 },
        { MD5 ":5:", 36 },
        { MD5 ":-5:a", 34 },
        { MD5 ":5x:a", 34 },
        { MD5 ":18446744073709551616:a", 34 },
        { MD5 ":5:a:b", 37 },
        { MD5 ":a\tb", 35 },
        { MD5 ":a\x7f", 35 },
        { MD5 ":a\xff", 34 },
        { MD5 ": ", 34 },
        { " " MD5 ":a", 1 },
        { ":a", 1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[512];
        struct world w;

        (void)snprintf(text, sizeof(text), MD5 ":before\n%s\n" MD5 ":after\n", cases[i].line);
        read_text(&w, text);
        CHECK(!w.ok);
        CHECK_UINT(w.set.hashes.count, 2);
        CHECK_UINT(w.diags.count, 1);
        CHECK_UINT(w.diags.errors, 1);
        CHECK_UINT(w.diags.items[0].line, 2);
        CHECK_UINT(w.diags.items[0].column, cases[i].column);
        CHECK(ov_bytes_equal(w.diags.items[0].file, "list", 4));
        done(&w);
    }
}

TEST(a_name_is_as_long_as_the_limit_and_no_longer)
{
    char text[64 + OV_HASH_NAME_BYTES_MAX];
    struct world w;
    int len = snprintf(text, sizeof(text), MD5 ":");

    memset(text + len, 'n', OV_HASH_NAME_BYTES_MAX + 1);
    read_bytes(&w, ov_bytes_of(text, (size_t)len + OV_HASH_NAME_BYTES_MAX));
    CHECK(w.ok);
    done(&w);
    read_bytes(&w, ov_bytes_of(text, (size_t)len + OV_HASH_NAME_BYTES_MAX + 1));
    CHECK(!w.ok);
    done(&w);
}

TEST(a_nul_byte_is_told)
{
    struct world w;

    read_bytes(&w, ov_bytes_of(MD5 ":a\0b\n", 37));
    CHECK(!w.ok);
    CHECK_UINT(w.set.hashes.count, 0);
    done(&w);
}

TEST(running_out_of_memory_is_told)
{
    struct world w = { .ok = true };

    ov_arena_init(&w.arena, 0);
    ov_rule_set_init(&w.set, &w.arena);
    ov_diags_init(&w.diags, &w.arena);
    CHECK(!ov_hashlist_read(&w.set, ov_bytes_of("list", 4), ov_bytes_of(MD5 ":a", 34), &w.diags));
    CHECK(w.diags.out_of_memory);
    done(&w);
}

TESTS(T(the_three_digests_are_told_apart_by_length),
        T(a_last_line_needs_no_end_and_a_mark_at_the_start_is_no_digit),
        T(a_size_that_stands_for_none_is_refused), T(digits_without_a_second_colon_are_a_name),
        T(every_wrong_line_is_told_where_and_the_good_ones_stay),
        T(a_name_is_as_long_as_the_limit_and_no_longer), T(a_nul_byte_is_told),
        T(running_out_of_memory_is_told));
