/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ir/names.h"
#include "tests/tap.h"

static struct ov_bytes text(const char *s)
{
    return ov_bytes_of(s, strlen(s));
}

TEST(a_name_is_found_with_its_value_and_only_then)
{
    struct ov_arena arena;
    struct ov_names names;
    uint32_t *value;

    ov_arena_init(&arena, UINT64_MAX);
    ov_names_init(&names, &arena);
    CHECK(ov_names_find(&names, text("s"), text("a")) == NULL);
    value = ov_names_add(&names, text("s"), text("a"));
    CHECK(value != NULL && *value == OV_NAME_NEW);
    *value = 7;
    CHECK(ov_names_find(&names, text("s"), text("a")) == value);
    CHECK(ov_names_add(&names, text("s"), text("a")) == value);
    CHECK_UINT(*value, 7);
    CHECK(ov_names_find(&names, text("s"), text("b")) == NULL);
    ov_arena_done(&arena);
}

TEST(space_and_name_do_not_run_into_each_other)
{
    struct ov_arena arena;
    struct ov_names names;
    uint32_t *value;

    ov_arena_init(&arena, UINT64_MAX);
    ov_names_init(&names, &arena);
    value = ov_names_add(&names, text("ab"), text("c"));
    CHECK(value != NULL);
    CHECK(ov_names_find(&names, text("a"), text("bc")) == NULL);
    CHECK(ov_names_find(&names, text("abc"), text("")) == NULL);
    CHECK(ov_names_find(&names, text(""), text("abc")) == NULL);
    ov_arena_done(&arena);
}

TEST(many_names_stay_apart)
{
    static char texts[50000][16];
    struct ov_arena arena;
    struct ov_names names;

    ov_arena_init(&arena, UINT64_MAX);
    ov_names_init(&names, &arena);
    for (uint32_t i = 0; i < 50000; i++) {
        uint32_t *value;

        (void)snprintf(texts[i], sizeof(texts[i]), "name_%u", i);
        value = ov_names_add(&names, text("s"), text(texts[i]));
        CHECK(value != NULL && *value == OV_NAME_NEW);
        *value = i;
    }
    for (uint32_t i = 0; i < 50000; i++) {
        const uint32_t *value = ov_names_find(&names, text("s"), text(texts[i]));

        CHECK(value != NULL);
        CHECK_UINT(*value, i);
    }
    ov_arena_done(&arena);
}

TEST(out_of_memory_is_said)
{
    struct ov_arena arena;
    struct ov_names names;

    ov_arena_init(&arena, 0);
    ov_names_init(&names, &arena);
    CHECK(ov_names_add(&names, text("s"), text("a")) == NULL);
    CHECK(ov_names_find(&names, text("s"), text("a")) == NULL);
    ov_arena_done(&arena);
}

TESTS(T(a_name_is_found_with_its_value_and_only_then), T(space_and_name_do_not_run_into_each_other),
        T(many_names_stay_apart), T(out_of_memory_is_said));
