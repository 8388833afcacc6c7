/* SPDX-License-Identifier: Apache-2.0 */
/* looked_test.c - what a worker remembers of what it looked at: nearly everything as long as there is
 * room, then the youngest; never what was not put. */
#include <string.h>

#include "guard/looked.h"
#include "tests/tap.h"

static void digest_of(uint32_t number, uint8_t out[OV_DIGEST_BYTES_MAX])
{
    if (!ov_digest_of(OV_DIGEST_SHA256, ov_bytes_of(&number, sizeof(number)), out)) {
        abort();
    }
}

static bool knows(const struct ov_looked *l, uint32_t number, uint32_t with)
{
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    uint32_t found = 0;

    digest_of(number, digest);
    return ov_looked_find(l, digest, &found) && found == with;
}

static void put(struct ov_looked *l, uint32_t number, uint32_t with)
{
    uint8_t digest[OV_DIGEST_BYTES_MAX];

    digest_of(number, digest);
    ov_looked_put(l, digest, with);
}

TEST(what_was_put_is_found_with_its_number_and_nothing_else_is)
{
    struct ov_looked *l = ov_looked_new(1000);
    uint32_t number = 7;
    uint8_t digest[OV_DIGEST_BYTES_MAX];

    CHECK(l != NULL);
    digest_of(1, digest);
    CHECK(!ov_looked_find(l, digest, &number));
    CHECK_UINT(number, 7);
    put(l, 1, 5);
    CHECK(knows(l, 1, 5));
    digest[27] ^= 1; /* the last byte that counts */
    CHECK(!ov_looked_find(l, digest, &number));
    put(l, 1, 6); /* the same bytes have the same answer */
    CHECK(knows(l, 1, 5));
    ov_looked_forget(l);
    CHECK(!knows(l, 1, 5));
    ov_looked_free(l);
    ov_looked_free(NULL);
}

TEST(it_grows_and_forgets_few_while_it_may)
{
    struct ov_looked *l = ov_looked_new(1u << 16);
    uint32_t known = 0;

    for (uint32_t i = 0; i < 10000; i++) {
        put(l, i, i + 1);
    }
    for (uint32_t i = 0; i < 10000; i++) {
        known += knows(l, i, i + 1) ? 1 : 0;
    }
    CHECK(known > 9500);
    CHECK(!knows(l, 10000, 10001));
    ov_looked_free(l);
}

TEST(the_youngest_stay_where_there_is_no_more_room)
{
    struct ov_looked *l = ov_looked_new(128);
    uint32_t young = 0, old = 0;

    for (uint32_t i = 0; i < 2000; i++) {
        put(l, i, 1);
    }
    for (uint32_t i = 0; i < 64; i++) {
        young += knows(l, 1936 + i, 1) ? 1 : 0;
        old += knows(l, i, 1) ? 1 : 0;
    }
    CHECK(young > 56); /* a set that got more than eight of them lets some go */
    CHECK_UINT(old, 0);
    CHECK(knows(l, 1999, 1));
    ov_looked_free(l);
}

TESTS(T(what_was_put_is_found_with_its_number_and_nothing_else_is),
        T(it_grows_and_forgets_few_while_it_may), T(the_youngest_stay_where_there_is_no_more_room));
