/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "tests/tap.h"

#define SIZE (3u * OV_PAGES_BYTES * OV_PAGES_COUNT + 5u)

static uint8_t byte_at(uint64_t off)
{
    return (uint8_t)(off * 7 + off / 251);
}

static struct ov_pages *open_pages(struct ov_source *source, uint8_t *memory)
{
    struct ov_pages *pages = malloc(sizeof(*pages));

    for (uint32_t i = 0; i < SIZE; i++) {
        memory[i] = byte_at(i);
    }
    ov_source_on_bytes(source, ov_bytes_of(memory, SIZE));
    if (pages != NULL) {
        ov_pages_on(pages, source);
    }
    return pages;
}

TEST(bytes_are_the_same_whichever_page_they_lie_in)
{
    auto_free uint8_t *memory = malloc(SIZE);
    struct ov_source source;
    auto_free struct ov_pages *pages = open_pages(&source, memory);
    uint64_t off = 1;

    for (unsigned i = 0; i < 2000; i++) {
        const uint64_t len = off % 300;
        struct ov_bytes lent;

        off = (off * 2862933555777941757ull + 3037000493ull) % (SIZE - 300);
        CHECK(ov_pages_lend(pages, off, len, &lent));
        CHECK_UINT(ov_bytes_len(lent), len);
        CHECK(ov_bytes_equal(lent, memory + off, (size_t)len));
    }
}

TEST(numbers_across_a_page_and_at_the_end)
{
    auto_free uint8_t *memory = malloc(SIZE);
    struct ov_source source;
    auto_free struct ov_pages *pages = open_pages(&source, memory);
    uint32_t v = 0, expected;
    uint16_t w = 7;

    CHECK(ov_pages_u32le(pages, OV_PAGES_BYTES - 2, &v));
    memcpy(&expected, memory + OV_PAGES_BYTES - 2, 4);
    CHECK_UINT(v, expected);
    CHECK(ov_pages_u32be(pages, OV_PAGES_BYTES - 2, &v));
    CHECK_UINT(v, __builtin_bswap32(expected));
    CHECK(ov_pages_u32le(pages, SIZE - 4, &v));
    CHECK(!ov_pages_u32le(pages, SIZE - 3, &v));
    CHECK(!ov_pages_u16le(pages, UINT64_MAX, &w));
    CHECK_UINT(w, 7);
}

TEST(what_is_not_there_is_not_lent)
{
    auto_free uint8_t *memory = malloc(SIZE);
    struct ov_source source;
    auto_free struct ov_pages *pages = open_pages(&source, memory);
    struct ov_bytes lent = ov_bytes_of("x", 1);

    CHECK(!ov_pages_lend(pages, SIZE - 1, 2, &lent));
    CHECK(!ov_pages_lend(pages, UINT64_MAX, 1, &lent));
    CHECK(!ov_pages_lend(pages, 0, (uint64_t)OV_PAGES_LEND_BYTES + 1, &lent));
    CHECK_UINT(ov_bytes_len(lent), 1);
    CHECK_UINT(ov_bytes_len(ov_pages_lend_some(pages, SIZE - 3, 100)), 3);
    CHECK_UINT(ov_bytes_len(ov_pages_lend_some(pages, SIZE, 100)), 0);
}

TEST(a_text_ends_at_its_nul_or_is_none)
{
    auto_free uint8_t *memory = malloc(SIZE);
    struct ov_source source;
    auto_free struct ov_pages *pages = open_pages(&source, memory);
    struct ov_bytes text;

    memset(memory, 'a', SIZE);
    memory[OV_PAGES_BYTES + 3] = 0;
    CHECK(ov_pages_text(pages, OV_PAGES_BYTES - 2, 64, &text));
    CHECK(ov_bytes_equal(text, "aaaaa", 5));
    CHECK(!ov_pages_text(pages, OV_PAGES_BYTES - 2, 5, &text));
    CHECK(!ov_pages_text(pages, SIZE - 3, 64, &text));
}

TESTS(T(bytes_are_the_same_whichever_page_they_lie_in), T(numbers_across_a_page_and_at_the_end),
        T(what_is_not_there_is_not_lent), T(a_text_ends_at_its_nul_or_is_none));
