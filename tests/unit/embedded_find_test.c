/* SPDX-License-Identifier: Apache-2.0 */
/* The search for files inside files sees many bytes at once; it must find what looking at one place
 * after the other finds. */
#include <string.h>

#include "formats/embedded_kinds.h"
#include "formats/peek.h"
#include "tests/tap.h"

#define ROOM 700u

static uint64_t seed = 1;

static uint32_t roll(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

/* As its contract has it, two bytes of the magic at least. */
static uint64_t find_slowly(struct ov_bytes b, uint64_t from, unsigned where)
{
    for (uint64_t at = from; at + 2 <= ov_bytes_len(b); at++) {
        for (size_t kind = 0; kind < OV_EMBEDDED_KINDS; kind++) {
            const struct ov_embedded_kind *k = &ov_embedded_kinds[kind];

            if ((k->where & where) != 0 && ov_has_prefix(b, at, k->magic, k->len)) {
                return at;
            }
        }
    }
    return UINT64_MAX;
}

/* Bytes of magics, so that what nearly begins is frequent. */
static size_t fill(uint8_t *bytes)
{
    const size_t len = roll(ROOM);

    for (size_t i = 0; i < len; i++) {
        const struct ov_embedded_kind *k = &ov_embedded_kinds[roll(OV_EMBEDDED_KINDS)];
        const uint32_t kind = roll(40);

        bytes[i] = kind == 0 ? (uint8_t)k->magic[roll(k->len)] : (uint8_t)roll(256);
        if (kind == 1) {
            const size_t whole = roll(3) == 0 ? k->len : roll(k->len);

            memcpy(bytes + i, k->magic, whole < len - i ? whole : len - i);
            i += whole < len - i ? whole : len - i;
        }
    }
    return len;
}

TEST(many_places_at_once_are_as_one_after_the_other)
{
    static const unsigned wheres[] = { OV_EMBEDDED_IN_PROGRAMS, OV_EMBEDDED_IN_DATA,
        OV_EMBEDDED_IN_PROGRAMS | OV_EMBEDDED_IN_DATA };
    uint8_t bytes[ROOM] = { 0 };
    uint32_t found = 0;

    for (uint32_t i = 0; i < 3000; i++) {
        const struct ov_bytes b = ov_bytes_of(bytes, fill(bytes));
        const unsigned where = wheres[roll(3)];

        for (uint64_t at = 0; at != UINT64_MAX; at += at != UINT64_MAX) {
            const uint64_t expected = find_slowly(b, at, where);

            at = ov_embedded_find(b, at, where);
            CHECK_UINT(at, expected);
            found += at != UINT64_MAX;
        }
    }
    CHECK(found > 3000);
}

TEST(a_beginning_behind_the_end_is_nowhere)
{
    CHECK_UINT(ov_embedded_find(ov_bytes_of("MZ", 2), 3, OV_EMBEDDED_IN_PROGRAMS), UINT64_MAX);
    CHECK_UINT(ov_embedded_find(ov_bytes_of(NULL, 0), 0, OV_EMBEDDED_IN_PROGRAMS), UINT64_MAX);
    CHECK_UINT(ov_embedded_find(ov_bytes_of("MZ", 2), 0, OV_EMBEDDED_IN_PROGRAMS), 0);
}

TESTS(T(many_places_at_once_are_as_one_after_the_other), T(a_beginning_behind_the_end_is_nowhere));
