/* SPDX-License-Identifier: Apache-2.0 */
/* atoms_test.c - what is looked for of a text: what ordinary files seldom have, where the fewest
 * offsets have to be asked. */
#include <string.h>

#include "compile/byteset.h"
#include "compile/common.h"
#include "compile/tables.h"
#include "tests/tap.h"

#define TEXT_MAX 64u

/* Where the atom of a text is, among `strings` others. False: it has none. */
static bool choose(const char *text, size_t len, uint32_t strings, struct ov_place *out)
{
    struct ov_re_set sets[TEXT_MAX] = { { { 0 } } };
    overt_error err = OVERT_ERROR_INIT;
    struct ov_tables tables;
    bool chosen = false;

    for (size_t i = 0; i < len && i < TEXT_MAX; i++) {
        ov_set_add(&sets[i], (uint8_t)text[i]);
    }
    if (ov_tables_init(&tables, strings, &err) == OVERT_OK) {
        chosen = ov_atom_choose(&tables, sets, len, out);
    }
    ov_tables_done(&tables);
    return chosen;
}

TEST(counted_words_are_common)
{
    CHECK(ov_common_share((const uint8_t *)"file", 4) > OV_SHARE_ONE >> 16);
    CHECK(ov_common_share((const uint8_t *)"FILE", 4)
            == ov_common_share((const uint8_t *)"file", 4));
    CHECK(ov_common_share((const uint8_t *)"val", 3) > OV_SHARE_ONE >> 15);
    CHECK(ov_common_share((const uint8_t *)"\0\0\0\0", 4)
            > ov_common_share((const uint8_t *)"file", 4));
}

/* Four grams in a row are looked for: none of them is of the run alone. */
TEST(a_run_is_not_what_is_looked_for)
{
    static const char text[] = "\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc"
                               "\x55\x8b\xec\x50\x53\x51\x52\x56\x57\x0f\xef\xc0\x66";
    struct ov_place place;

    CHECK(choose(text, sizeof(text) - 1, 20000, &place));
    CHECK_UINT(place.table, OV_TABLE_FOLD8);
    CHECK(place.offset > 8);
}

TEST(what_everybody_writes_is_not_looked_for)
{
    static const char text[] = "https://www.qzxvkj-wq.example/";
    struct ov_place place;

    CHECK(choose(text, sizeof(text) - 1, 20000, &place));
    CHECK_UINT(place.table, OV_TABLE_FOLD8);
    CHECK(place.offset >= 4);
}

TEST(spaces_are_dear_wherever_they_are_looked_for)
{
    struct ov_place spaces, other;

    CHECK(choose("                ", 16, 20000, &spaces));
    CHECK(choose("q#vx0j!w", 8, 20000, &other));
    CHECK(spaces.cost > 1000 * other.cost);
}

TEST(every_offset_is_asked_only_where_nothing_else_does)
{
    struct ov_place place;

    CHECK(choose("eval", 4, 20000, &place));
    CHECK_UINT(place.table, OV_TABLE_FOLD3);
    CHECK(choose("qzx", 3, 20000, &place));
    CHECK_UINT(place.table, OV_TABLE_PAIR);
    CHECK(choose("q", 1, 20000, &place));
    CHECK_UINT(place.table, OV_TABLE_PAIR);
    CHECK(!choose("", 0, 20000, &place));
}

TESTS(T(counted_words_are_common), T(a_run_is_not_what_is_looked_for),
        T(what_everybody_writes_is_not_looked_for), T(spaces_are_dear_wherever_they_are_looked_for),
        T(every_offset_is_asked_only_where_nothing_else_does));
