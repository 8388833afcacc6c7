/* SPDX-License-Identifier: Apache-2.0 */
/* verify_match_test.c - what the compiler writes passes, what is damaged is refused or does no
 * harm. */
#include "base/limits.h"
#include "tests/match_hostile.h"
#include "tests/tap.h"

TEST(what_the_compiler_writes_passes)
{
    struct match_bench b;
    overt_status status;
    bool opened;

    hostile_base(&b);
    opened = bench_open(&b);
    status = ov_db_verify_match(&b.view, &b.err);
    if (status != OVERT_OK) {
        printf("# %s\n", b.err.message);
    }
    bench_done(&b);
    CHECK(opened);
    CHECK_UINT(status, OVERT_OK);
}

TEST(no_strings_at_all_pass)
{
    struct match_bench b;
    overt_status status;
    bool opened;

    bench_init(&b);
    opened = bench_open(&b);
    status = ov_db_verify_match(&b.view, &b.err);
    bench_done(&b);
    CHECK(opened);
    CHECK_UINT(status, OVERT_OK);
}

/* Sections are cut one byte and a whole record short. */
TEST(a_section_that_is_cut_short_is_refused)
{
    const enum ov_db_section_id ids[] = { OV_DB_PATTERNS, OV_DB_PATTERN_CODE, OV_DB_FILTERS,
        OV_DB_ATOMS };
    struct match_bench b;

    hostile_base(&b);
    CHECK(bench_open(&b));
    for (size_t i = 0; i < 4; i++) {
        for (uint64_t less = 128; less <= 256; less += 64) {
            struct ov_db_view view = b.view;
            const uint64_t len = ov_bytes_len(view.sections[ids[i]]);

            CHECK(ov_bytes_slice(view.sections[ids[i]], 0, len - less, &view.sections[ids[i]]));
            CHECK_UINT(ov_db_verify_match(&view, &b.err), OVERT_E_CORRUPT);
        }
    }
    bench_done(&b);
}

TEST(every_changed_byte_is_refused_or_harmless)
{
    unsigned refused = 0, scanned = 0;
    struct match_bench b;
    size_t size;

    hostile_base(&b);
    CHECK(bench_open(&b));
    size = (size_t)ov_bytes_len(b.view.file);
    for (size_t at = 64; at < size; at += at < 4096 ? 1 : 13) {
        static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
        const uint8_t before = b.file[at];

        for (size_t v = 0; v < sizeof(values); v++) {
            struct ov_db_view view;
            const struct ov_bytes file = ov_bytes_of(b.file, size);

            b.file[at] = values[v];
            refused += ov_db_view_open(&view, file, &b.err) != OVERT_OK
                       || ov_db_verify_match(&view, &b.err) != OVERT_OK;
            if (at % 7 == 0) {
                scanned += hostile_scan(file, hostile_text, sizeof(hostile_text) - 1);
            }
        }
        b.file[at] = before;
    }
    bench_done(&b);
    printf("# %u refused, %u scanned\n", refused, scanned);
    CHECK(refused > 1000);
    CHECK(scanned > 100);
}

TESTS(T(what_the_compiler_writes_passes), T(no_strings_at_all_pass),
        T(a_section_that_is_cut_short_is_refused), T(every_changed_byte_is_refused_or_harmless));
