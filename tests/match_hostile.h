/* SPDX-License-Identifier: Apache-2.0 */
/* match_hostile.h - for tests: a database with something of everything, to be damaged. */
#ifndef OV_TESTS_MATCH_HOSTILE_H
#define OV_TESTS_MATCH_HOSTILE_H

#include "db/verify.h"
#include "tests/match_build.h"

static inline void hostile_base(struct match_bench *b)
{
    bench_init(b);
    bench_text(b, "some longer text", 16, OV_STRING_ASCII | OV_STRING_WIDE | OV_STRING_NOCASE);
    bench_text(b, "text", 4, OV_STRING_ASCII | OV_STRING_FULLWORD);
    bench_text(b, "ab", 2, OV_STRING_ASCII);
    bench_text(b, "xored text here", 15, OV_STRING_ASCII | OV_STRING_XOR);
    bench_text(b, "xored", 5, OV_STRING_ASCII | OV_STRING_XOR);
    bench_re(b, OV_STRING_REGEX, "(ab|ba)*text[0-9]{1,3}.*end", false, OV_STRING_ASCII);
    bench_re(b, OV_STRING_REGEX, "[a-z]+", false, OV_STRING_ASCII | OV_STRING_WIDE);
    bench_re(b, OV_STRING_HEX, "ab[a-c].cd", true, 0);
    bench_re(b, OV_STRING_HEX, "some.{0,300}?text.{0,}?end", true, 0);
    bench_sign(b, "some", 0, 0, false);
    bench_sign(b, "the end", 20, 0, true);
    b->uses[1] = OV_USE_EXISTS;
    b->uses[8] = OV_USE_EXISTS;
}

static const char hostile_text[] =
        "some longer text, abtext12 and the end; text ab abacd some more text abxcd "
        "s\0o\0m\0e\0 \0l\0o\0n\0g\0e\0r\0 \0t\0e\0x\0t\0 ynsde!udyu!idsd zpqfg the end";

/* Opens and scans with whatever `file` holds. False: it was refused. */
static inline bool hostile_scan(struct ov_bytes file, const void *text, size_t len)
{
    struct ov_budget budget = { .steps_left = 200000 };
    overt_error err = OVERT_ERROR_INIT;
    struct match_bench b = { 0 };
    size_t count;

    if (ov_db_view_open(&b.view, file, &err) != OVERT_OK) {
        return false;
    }
    (void)!ov_db_verify_match(&b.view, &err);
    if (ov_matcher_new(&b.matcher, &b.view, UINT64_C(1) << 26, &err) != OVERT_OK) {
        return false;
    }
    for (unsigned round = 0; round < 3; round++) {
        b.matcher->vectors &= round != 1;
        b.matcher->always_dense = round == 2;
        bench_scan(&b, text, len, round == 0 ? 64 : OV_BLOCK_BYTES, OV_CONTEXT_BYTES, round != 1,
                &budget);
        budget.steps_left = 200000;
    }
    (void)ov_matcher_found_strings(b.matcher, &count);
    ov_matcher_free(b.matcher);
    return true;
}

#endif
