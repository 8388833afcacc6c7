/* SPDX-License-Identifier: Apache-2.0 */
/* A process's memory as the engine looks at it; a file stands for it, whose offsets are the addresses. */
#include <sys/mman.h>
#include <unistd.h>

#include "engine/engine.h"
#include "tests/eval_build.h"
#include "tests/tap.h"

#define SPACE_BYTES (3u * OV_MIB)

struct bench {
    struct eval_bench rules;
    struct ov_engine *engine;
    int fd;
    struct ov_scan_limits limits;
    uint32_t held;   /* bit i: rule i holds */
    uint64_t offset; /* of the last */
    enum ov_reason reason;
    uint32_t objects;
};

static void on_object(void *payload, const struct ov_engine_object *object)
{
    struct bench *b = payload;

    OV_ASSERT(strcmp(object->type, "memory") == 0);
    b->objects++;
}

static void on_detected(void *payload, uint32_t ordinal, uint32_t rule, uint64_t offset,
        const struct ov_matcher *m, struct ov_source *source)
{
    struct bench *b = payload;

    OV_ASSERT(ordinal == 0 && rule < 32 && m != NULL && source != NULL);
    b->held |= UINT32_C(1) << rule;
    b->offset = offset;
}

static void on_incomplete(
        void *payload, uint32_t ordinal, enum ov_reason reason, const char *detail)
{
    struct bench *b = payload;

    OV_ASSERT(ordinal == 0 && detail != NULL);
    b->reason = reason;
}

static bool bench_open(struct bench *b, const char *rules)
{
    const struct ov_engine_options options = { .memory_max = OV_ENGINE_MEMORY_DEFAULT,
        .inside = true };

    *b = (struct bench){ .fd = -1 };
    eval_init(&b->rules);
    if (!eval_rules(&b->rules, "default", rules) || !eval_open(&b->rules)) {
        return false;
    }
    b->fd = memfd_create("space", MFD_CLOEXEC);
    return b->fd >= 0 && ftruncate(b->fd, SPACE_BYTES) == 0
           && ov_engine_new(&b->engine, &b->rules.view, &options, &b->rules.err) == OVERT_OK;
}

static void bench_done(struct bench *b)
{
    ov_engine_free(b->engine);
    eval_done(&b->rules);
    if (b->fd >= 0) {
        (void)close(b->fd);
    }
}

static bool put(struct bench *b, uint64_t address, const char *text)
{
    return pwrite(b->fd, text, strlen(text), (off_t)address) == (ssize_t)strlen(text);
}

static void scan(struct bench *b, const struct ov_engine_region *regions, size_t count)
{
    const struct ov_engine_sink sink = {
        .payload = b, .object = on_object, .detected = on_detected, .incomplete = on_incomplete
    };

    b->held = 0;
    b->offset = UINT64_MAX;
    b->reason = OV_REASON_NONE;
    b->objects = 0;
    ov_engine_scan_memory(b->engine, b->fd, regions, count, &b->limits, &sink);
    OV_ASSERT(b->objects == 1);
}

static const char needle[] = "rule r { strings: $a = \"overt-test-needle\" condition: $a }";

TEST(offsets_are_addresses)
{
    const struct ov_engine_region regions[] = { { 0x1000, 0x2000 }, { 0x200000, 0x3000 } };
    OV_CLEANUP(bench_done) struct bench b;

    CHECK(bench_open(&b, needle));
    CHECK(put(&b, 0x201234, "overt-test-needle"));
    scan(&b, regions, 2);
    CHECK_UINT(b.held, 1);
    CHECK_UINT(b.offset, 0x201234);
    CHECK_UINT(b.reason, OV_REASON_NONE);
}

TEST(what_lies_between_the_parts_is_not_looked_at)
{
    const struct ov_engine_region regions[] = { { 0x1000, 0x2000 }, { 0x200000, 0x3000 } };
    OV_CLEANUP(bench_done) struct bench b;

    CHECK(bench_open(&b, needle));
    CHECK(put(&b, 0x3000, "overt-test-needle"));
    CHECK(put(&b, 0x203000 - 5, "overt-test-needle")); /* half in a part, half behind it */
    scan(&b, regions, 2);
    CHECK_UINT(b.held, 0);
    CHECK_UINT(b.reason, OV_REASON_NONE);
}

TEST(no_match_goes_from_one_part_into_the_next)
{
    const struct ov_engine_region apart[] = { { 0x1000, 0x1000 }, { 0x2000, 0x1000 } };
    const struct ov_engine_region whole[] = { { 0x1000, 0x2000 } };
    OV_CLEANUP(bench_done) struct bench b;

    CHECK(bench_open(&b, needle));
    CHECK(put(&b, 0x2000 - 5, "overt-test-needle"));
    scan(&b, apart, 2);
    CHECK_UINT(b.held, 0);
    scan(&b, whole, 1);
    CHECK_UINT(b.held, 1);
}

TEST(conditions_see_all_parts_at_once)
{
    const struct ov_engine_region regions[] = { { 0x1000, 0x1000 }, { 0x100000, 0x1000 } };
    OV_CLEANUP(bench_done) struct bench b;

    CHECK(bench_open(&b, "rule both { strings: $a = \"first-of-two\" $b = \"other-of-two\" "
                         "condition: $b at 0x100010 and $a }"
                         "rule size { condition: filesize >= 0 }"
                         "rule read { condition: uint32be(0x100010) == 0x6f746865 }"));
    CHECK(put(&b, 0x1800, "first-of-two"));
    CHECK(put(&b, 0x100010, "other-of-two"));
    scan(&b, regions, 2);
    CHECK_UINT(b.held, 1 | 4); /* there is no size */
}

TEST(parts_that_cannot_be_are_passed_over)
{
    const struct ov_engine_region regions[] = { { 0x1000, 0x1000 }, { SPACE_BYTES - 0x800, 0x2000 },
        { (uint64_t)INT64_MAX - 1, 2 }, { UINT64_MAX - 4095, 4095 } };
    OV_CLEANUP(bench_done) struct bench b;

    CHECK(bench_open(&b, needle));
    CHECK(put(&b, SPACE_BYTES - 0x400, "overt-test-needle")); /* that part is there by half */
    scan(&b, regions, 4);
    CHECK_UINT(b.held, 1);
    CHECK_UINT(b.offset, SPACE_BYTES - 0x400);
}

TEST(bytes_that_run_out_are_said)
{
    const struct ov_engine_region regions[] = { { 0x1000, 0x1000 }, { 0x100000, 0x1000 } };
    OV_CLEANUP(bench_done) struct bench b;

    CHECK(bench_open(&b, needle));
    b.limits.bytes_max = 0x1800;
    CHECK(put(&b, 0x100000, "overt-test-needle"));
    scan(&b, regions, 2);
    CHECK_UINT(b.reason, OV_REASON_BYTES);
    CHECK_UINT(b.held, 0);
    b.limits.bytes_max = 0x2000;
    scan(&b, regions, 2);
    CHECK_UINT(b.reason, OV_REASON_NONE);
    CHECK_UINT(b.held, 1);
}

TESTS(T(offsets_are_addresses), T(what_lies_between_the_parts_is_not_looked_at),
        T(no_match_goes_from_one_part_into_the_next), T(conditions_see_all_parts_at_once),
        T(parts_that_cannot_be_are_passed_over), T(bytes_that_run_out_are_said));
