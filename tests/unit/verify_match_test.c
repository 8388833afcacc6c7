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

/* The first filter of any profile that has marks, inside the file; NULL: none has. */
static struct ov_db_filter *filter_with_marks(struct match_bench *b)
{
    const struct ov_bytes section = b->view.sections[OV_DB_FILTERS];
    uint8_t *at = b->file + (ov_bytes_raw(section) - ov_bytes_raw(b->view.file));
    struct ov_db_filters header;

    memcpy(&header, at, sizeof(header));
    for (uint32_t p = 0; p < ov_le32_get(header.profile_count); p++) {
        struct ov_db_profile *profile =
                (void *)(at + ov_le64_get(header.profiles) + p * sizeof(struct ov_db_profile));

        for (size_t i = 0; i < ov_le32_get(header.pass_count); i++) {
            if (profile->filters[i].filter_bits != 0 && profile->filters[i].mark_bits != 0) {
                return &profile->filters[i];
            }
        }
    }
    return NULL;
}

TEST(marks_that_are_not_all_there_are_refused)
{
    struct ov_db_filter *filter, before;
    overt_status many, outside, none;
    struct match_bench b;

    hostile_base(&b);
    CHECK(bench_open(&b));
    filter = filter_with_marks(&b);
    CHECK(filter != NULL);
    before = *filter;
    filter->mark_bits = OV_MARK_BITS_MAX + 1;
    many = ov_db_verify_match(&b.view, &b.err);
    *filter = before;
    filter->marks = ov_le64_of(ov_bytes_len(b.view.sections[OV_DB_FILTERS]));
    outside = ov_db_verify_match(&b.view, &b.err);
    filter->mark_bits = 0; /* without any, nothing is asked of the offset */
    none = ov_db_verify_match(&b.view, &b.err);
    bench_done(&b);
    CHECK_UINT(many, OVERT_E_CORRUPT);
    CHECK_UINT(outside, OVERT_E_CORRUPT);
    CHECK_UINT(none, OVERT_OK);
}

TESTS(T(what_the_compiler_writes_passes), T(no_strings_at_all_pass),
        T(a_section_that_is_cut_short_is_refused), T(every_changed_byte_is_refused_or_harmless),
        T(marks_that_are_not_all_there_are_refused));
