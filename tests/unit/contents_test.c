/* SPDX-License-Identifier: Apache-2.0 */
/* contents_test.c - the same bytes are known again, others are not, and other rules know nothing. */
#include <stdio.h>
#include <string.h>

#include "guard/contents.h"
#include "tests/tap.h"

static struct ov_guard_tag tag_of(struct ov_guard_contents *contents, const char *text)
{
    return ov_guard_contents_tag(contents, ov_bytes_of(text, strlen(text)));
}

TEST(what_was_put_is_known_and_nothing_else)
{
    struct ov_guard_contents *contents = ov_guard_contents_new(64);
    const struct ov_guard_tag none = { .bytes = { 0 } };
    struct ov_guard_tag clean, other;

    CHECK(contents != NULL);
    clean = tag_of(contents, "clean");
    other = tag_of(contents, "cleam");
    CHECK(!ov_guard_contents_knows(contents, &clean));
    ov_guard_contents_put(contents, &clean, ov_guard_contents_rules(contents));
    CHECK(ov_guard_contents_knows(contents, &clean));
    CHECK(!ov_guard_contents_knows(contents, &other));
    ov_guard_contents_put(contents, &none, ov_guard_contents_rules(contents));
    CHECK(!ov_guard_contents_knows(contents, &none)); /* no tag is nobody's */
    clean = tag_of(contents, "clean");
    CHECK(ov_guard_contents_knows(contents, &clean));
    ov_guard_contents_free(contents);
}

TEST(pieces_have_the_tag_of_the_whole)
{
    struct ov_guard_contents *contents = ov_guard_contents_new(64);
    char text[200];
    struct ov_guard_tag whole;

    CHECK(contents != NULL);
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)(i * 7);
    }
    whole = ov_guard_contents_tag(contents, ov_bytes_of(text, sizeof(text)));
    for (size_t cut = 0; cut <= sizeof(text); cut++) {
        struct ov_guard_tagging *tagging = ov_guard_tagging_begin(contents);
        struct ov_guard_tag tag;

        CHECK(tagging != NULL);
        ov_guard_tagging_put(tagging, ov_bytes_of(text, cut));
        ov_guard_tagging_put(tagging, ov_bytes_of(text + cut, sizeof(text) - cut));
        tag = ov_guard_tagging_end(tagging);
        CHECK(memcmp(&tag, &whole, sizeof(tag)) == 0);
    }
    for (size_t len = 0; len < sizeof(text); len++) { /* a beginning is another content */
        const struct ov_guard_tag tag = ov_guard_contents_tag(contents, ov_bytes_of(text, len));

        CHECK(memcmp(&tag, &whole, sizeof(tag)) != 0);
    }
    ov_guard_tagging_free(ov_guard_tagging_begin(contents)); /* one that came to no end */
    ov_guard_contents_free(contents);
}

TEST(other_rules_know_nothing_and_what_was_asked_before_is_not_remembered)
{
    struct ov_guard_contents *contents = ov_guard_contents_new(64);
    const uint32_t before = ov_guard_contents_rules(contents);
    const struct ov_guard_tag clean = tag_of(contents, "clean");

    ov_guard_contents_put(contents, &clean, before);
    ov_guard_contents_forget(contents);
    CHECK(!ov_guard_contents_knows(contents, &clean));
    ov_guard_contents_put(contents, &clean, before);
    CHECK(!ov_guard_contents_knows(contents, &clean));
    ov_guard_contents_put(contents, &clean, ov_guard_contents_rules(contents));
    CHECK(ov_guard_contents_knows(contents, &clean));
    ov_guard_contents_free(contents);
}

TEST(a_full_table_takes_the_newest_and_keeps_as_many_as_it_has_places)
{
    struct ov_guard_contents *contents = ov_guard_contents_new(16);
    uint32_t known = 0;

    for (unsigned i = 0; i < 1000; i++) {
        char text[16];
        struct ov_guard_tag tag;

        (void)snprintf(text, sizeof(text), "%u", i);
        tag = tag_of(contents, text);
        ov_guard_contents_put(contents, &tag, ov_guard_contents_rules(contents));
        CHECK(ov_guard_contents_knows(contents, &tag));
    }
    for (unsigned i = 0; i < 1000; i++) {
        char text[16];
        struct ov_guard_tag tag;

        (void)snprintf(text, sizeof(text), "%u", i);
        tag = tag_of(contents, text);
        known += ov_guard_contents_knows(contents, &tag) ? 1 : 0;
    }
    CHECK_UINT(known, 16);
    ov_guard_contents_free(contents);
}

TEST(two_processes_make_different_tags)
{
    struct ov_guard_contents *a = ov_guard_contents_new(1), *b = ov_guard_contents_new(1);
    const struct ov_guard_tag of_a = tag_of(a, "clean"), of_b = tag_of(b, "clean");

    CHECK(memcmp(&of_a, &of_b, sizeof(of_a)) != 0);
    ov_guard_contents_free(a);
    ov_guard_contents_free(b);
}

TESTS(T(what_was_put_is_known_and_nothing_else), T(pieces_have_the_tag_of_the_whole),
        T(other_rules_know_nothing_and_what_was_asked_before_is_not_remembered),
        T(a_full_table_takes_the_newest_and_keeps_as_many_as_it_has_places),
        T(two_processes_make_different_tags));
