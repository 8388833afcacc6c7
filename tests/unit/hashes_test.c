/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"
#include "rules/hashlist/hashlist.h"
#include "tests/eval_build.h"
#include "tests/tap.h"

static bool add_list(struct eval_bench *b, const char *text)
{
    return ov_hashlist_read(
            &b->set, ov_bytes_of("test.hash", 9), ov_bytes_of(text, strlen(text)), &b->diags);
}

static uint32_t find(
        struct eval_bench *b, enum ov_digest_kind kind, const uint8_t *digest, uint64_t size)
{
    b->hit_count = 0;
    ov_hashes_find(&b->view, kind, digest, size, eval_note, b);
    return b->hit_count;
}

static void digest_number(enum ov_digest_kind kind, uint32_t n, uint8_t out[OV_DIGEST_BYTES_MAX])
{
    const struct ov_le32 le = ov_le32_of(n);

    OV_ASSERT(ov_digest_of(kind, ov_bytes_of(le.b, sizeof(le.b)), out));
}

TEST(a_listed_digest_is_found_with_its_size_and_not_with_another)
{
    static struct eval_bench b;
    static const uint8_t md5[16] = { 0x44, 0xd8, 0x86, 0x12 }, other[16] = { 0x44, 0xd8 };
    struct ov_hash_info info;
    struct ov_bytes name;

    eval_init(&b);
    CHECK(eval_rules(&b, "default", "rule r { condition: false }"));
    CHECK(add_list(&b, "44d88612000000000000000000000000:68:First\n"
                       "44d88612000000000000000000000000:Any\n"
                       "44d88612000000000000000000000000:70:Second\n"));
    CHECK(eval_open(&b));
    CHECK_UINT(ov_db_hash_count(&b.view), 3);
    CHECK_UINT(find(&b, OV_DIGEST_MD5, md5, 68), 2);
    CHECK(eval_holds(&b, "First") && eval_holds(&b, "Any"));
    CHECK_UINT(find(&b, OV_DIGEST_MD5, md5, 70), 2);
    CHECK(eval_holds(&b, "Second"));
    CHECK_UINT(find(&b, OV_DIGEST_MD5, md5, 1), 1);
    CHECK_UINT(find(&b, OV_DIGEST_MD5, other, 68), 0);
    CHECK_UINT(find(&b, OV_DIGEST_SHA1, md5, 68), 0);
    CHECK(ov_db_hash_read(&b.view, 0, &info) && info.has_size && info.size == 68);
    CHECK(ov_bytes_equal(info.digest, md5, 16) && info.kind == OV_DIGEST_MD5);
    CHECK(!ov_db_hash_read(&b.view, 3, &info) && !ov_db_any_name(&b.view, 4, &name));
    eval_done(&b);
}

TEST(digests_are_wanted_only_for_sizes_that_are_listed)
{
    static struct eval_bench b;
    uint32_t wanted = 0;

    eval_init(&b);
    CHECK(add_list(&b, "da39a3ee5e6b4b0d3255bfef95601890afd80709:1000:A\n"
                       "da39a3ee5e6b4b0d3255bfef95601890afd80708:3000:B\n"));
    CHECK(eval_open(&b));
    CHECK_UINT(ov_hashes_wanted(&b.view, 1000), 1u << OV_DIGEST_SHA1);
    CHECK_UINT(ov_hashes_wanted(&b.view, 3000), 1u << OV_DIGEST_SHA1);
    CHECK_UINT(ov_hashes_wanted(&b.view, 999), 0);
    CHECK_UINT(ov_hashes_wanted(&b.view, 3001), 0);
    for (uint64_t size = 0; size < 10000; size++) {
        wanted += ov_hashes_wanted(&b.view, size) != 0;
    }
    CHECK(wanted < 10);
    eval_done(&b);
    eval_init(&b);
    CHECK(add_list(&b, "da39a3ee5e6b4b0d3255bfef95601890afd80709:A\n"));
    CHECK(eval_open(&b));
    CHECK_UINT(ov_hashes_wanted(&b.view, 5), 1u << OV_DIGEST_SHA1);
    eval_done(&b);
}

/* Many, of every kind, in no order; then each is found, and nothing else. */
TEST(every_one_of_many_is_found)
{
    static struct eval_bench b;
    enum {
        MANY = 30000
    };
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    uint32_t strangers = 0;

    eval_init(&b);
    for (uint32_t i = 0; i < MANY; i++) {
        struct ov_hash_rule rule = { .domain = OV_HASH_FILE };

        rule.kind = (enum ov_digest_kind)(i % OV_DIGEST_KINDS);
        digest_number(rule.kind, i, rule.digest);
        rule.has_size = i % 5 != 0;
        rule.size = (uint64_t)i * 1000;
        rule.name = ov_bytes_of("Many", 4);
        CHECK(ov_hash_set_add(&b.set.hashes, &rule));
    }
    CHECK(eval_open(&b));
    for (uint32_t i = 0; i < MANY; i++) {
        const enum ov_digest_kind kind = (enum ov_digest_kind)(i % OV_DIGEST_KINDS);

        digest_number(kind, i, digest);
        CHECK_UINT(find(&b, kind, digest, (uint64_t)i * 1000), 1);
        CHECK((ov_hashes_wanted(&b.view, (uint64_t)i * 1000) & 1u << kind) != 0);
        digest_number(kind, i + 1000000, digest);
        strangers += find(&b, kind, digest, (uint64_t)i * 1000);
    }
    CHECK_UINT(strangers, 0);
    eval_done(&b);
}

/* Digests made to share their leading bits crowd one bucket; it is searched, not walked. */
TEST(crowded_buckets_are_searched)
{
    static struct eval_bench b;
    uint8_t digest[OV_DIGEST_BYTES_MAX] = { 0 };

    eval_init(&b);
    for (uint32_t i = 0; i < 5000; i++) {
        struct ov_hash_rule rule = { .domain = OV_HASH_FILE };

        rule.kind = OV_DIGEST_SHA256;
        rule.digest[30] = (uint8_t)(i >> 8);
        rule.digest[31] = (uint8_t)i;
        rule.name = ov_bytes_of("Crowd", 5);
        CHECK(ov_hash_set_add(&b.set.hashes, &rule));
    }
    CHECK(eval_open(&b));
    for (uint32_t i = 0; i < 5000; i++) {
        digest[30] = (uint8_t)(i >> 8);
        digest[31] = (uint8_t)i;
        CHECK_UINT(find(&b, OV_DIGEST_SHA256, digest, i), 1);
    }
    digest[0] = 1;
    CHECK_UINT(find(&b, OV_DIGEST_SHA256, digest, 1), 0);
    eval_done(&b);
}

TESTS(T(a_listed_digest_is_found_with_its_size_and_not_with_another),
        T(digests_are_wanted_only_for_sizes_that_are_listed), T(every_one_of_many_is_found),
        T(crowded_buckets_are_searched));
