/* SPDX-License-Identifier: Apache-2.0 */
/* The search for files inside files sees many bytes at once; it must find what looking at one place
 * after the other finds. */
#include <string.h>

#include "base/limits.h"
#include "formats/container.h"
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
        struct ov_embedded_search search;

        ov_embedded_search_init(&search, where);
        for (uint64_t at = 0; at != UINT64_MAX; at += at != UINT64_MAX) {
            const uint64_t expected = find_slowly(b, at, where);

            at = ov_embedded_find(&search, b, at);
            CHECK_UINT(at, expected);
            found += at != UINT64_MAX;
        }
    }
    CHECK(found > 3000);
}

TEST(a_beginning_behind_the_end_is_nowhere)
{
    struct ov_embedded_search search;

    ov_embedded_search_init(&search, OV_EMBEDDED_IN_PROGRAMS);
    CHECK_UINT(ov_embedded_find(&search, ov_bytes_of("MZ", 2), 3), UINT64_MAX);
    CHECK_UINT(ov_embedded_find(&search, ov_bytes_of(NULL, 0), 0), UINT64_MAX);
    CHECK_UINT(ov_embedded_find(&search, ov_bytes_of("MZ", 2), 0), 0);
}

/* What the container finds in the bytes, as it is asked when none could be ruled out. */
static size_t members_of(struct ov_bytes bytes)
{
    struct ov_container *c = NULL;
    struct ov_source source;
    struct ov_input input;
    struct ov_member member;
    struct ov_trouble trouble;
    enum ov_give give;
    size_t count = 0;

    ov_source_on_bytes(&source, bytes);
    ov_input_init(&input, &source, 0, ov_bytes_len(bytes));
    if (!ov_container_open(&c, OV_TYPE_EMBEDDED_DATA, &input)) {
        return SIZE_MAX;
    }
    while ((give = ov_container_next(c, &member, &trouble)) != OV_GIVE_END) {
        count += give == OV_GIVE_PIECE;
    }
    ov_container_free(c);
    return count;
}

static bool none_in(struct ov_bytes bytes)
{
    struct ov_source source;
    struct ov_window window;
    bool none = true;

    ov_source_on_bytes(&source, bytes);
    for (uint64_t at = 0; ov_source_block(&source, at, &window); at += OV_BLOCK_BYTES) {
        none = none && !ov_detected_in_block(&window, ov_bytes_len(bytes));
    }
    return none;
}

/* Headers that their checks believe. */
static const uint8_t zip_head[] = "PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0n";
static const uint8_t cab_head[] =
        "MSCF\0\0\0\0\x40\0\0\0\0\0\0\0\x2c\0\0\0\0\0\0\0\3\1\1\0\1\0\0\0\0\0\0";

/* Is the magic enough, whatever follows? */
static bool is_believed(const struct ov_embedded_kind *kind)
{
    uint8_t head[OV_EMBEDDED_HEAD_BYTES];
    uint64_t bytes;

    memset(head, 'x', sizeof(head));
    memcpy(head + kind->back, kind->magic, kind->len);
    return kind->check(ov_bytes_of(head, sizeof(head)), sizeof(head), &bytes);
}

TEST(what_is_ruled_out_block_by_block_is_not_found)
{
    static uint8_t bytes[OV_BLOCK_BYTES + 70000u];
    const struct ov_bytes all = ov_bytes_of(bytes, sizeof(bytes));
    uint32_t none = 0, some = 0;

    for (uint32_t i = 0; i < 400; i++) {
        const uint8_t *head = roll(2) == 0 ? zip_head : cab_head;
        const size_t head_bytes = head == zip_head ? sizeof(zip_head) : sizeof(cab_head);
        /* Around the edge of a block, at the ends, anywhere. */
        const size_t at = i % 4 == 0   ? OV_BLOCK_BYTES - 40 + roll(60)
                          : i % 4 == 1 ? sizeof(bytes) - head_bytes - roll(3)
                          : i % 4 == 2 ? roll(3)
                                       : roll(sizeof(bytes) - 100);
        const bool broken = roll(2) == 0;

        memset(bytes, 'x', sizeof(bytes));
        for (uint32_t k = 0; k < 200; k++) { /* magics with nothing behind them */
            const struct ov_embedded_kind *kind = &ov_embedded_kinds[roll(OV_EMBEDDED_KINDS)];

            if (!is_believed(kind)) {
                memcpy(bytes + roll(sizeof(bytes) - kind->len), kind->magic, kind->len);
            }
        }
        memcpy(bytes + at, head, head_bytes);
        bytes[at + 4] = broken ? 0xff : bytes[at + 4];
        if (none_in(all)) {
            CHECK_UINT(members_of(all), 0);
            none++;
        } else {
            some++;
        }
        memset(bytes, 'x', sizeof(bytes));
        memcpy(bytes + at, head, head_bytes);
        CHECK(none_in(all) == (at == 0));
        CHECK_UINT(members_of(all), at == 0 ? 0 : 1);
    }
    CHECK(some > 50 && none > 50);
    memset(bytes, 'x', sizeof(bytes));
    CHECK(none_in(all));
}

TESTS(T(many_places_at_once_are_as_one_after_the_other), T(a_beginning_behind_the_end_is_nowhere),
        T(what_is_ruled_out_block_by_block_is_not_found));
