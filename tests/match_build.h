/* SPDX-License-Identifier: Apache-2.0 */
/* match_build.h - for tests: strings to a database to a matcher, without rules around them. */
#ifndef OV_TESTS_MATCH_BUILD_H
#define OV_TESTS_MATCH_BUILD_H

#include "compile/compile.h"
#include "compile/signs.h"
#include "match/inside.h"
#include "tests/re_build.h"

#define BENCH_STRINGS_MAX 64u

/* One rule with the strings under test, compiled and opened. */
struct match_bench {
    struct ov_arena arena;
    struct ov_string strings[BENCH_STRINGS_MAX];
    uint8_t uses[BENCH_STRINGS_MAX];
    uint32_t count;
    struct ov_sign signs[8]; /* that wake the rule */
    uint32_t sign_count;
    struct ov_diags diags;
    struct ov_db_writer writer;
    uint8_t *file;
    struct ov_db_view view;
    struct ov_matcher *matcher;
    overt_error err;
};

static inline void bench_init(struct match_bench *b)
{
    memset(b, 0, sizeof(*b));
    b->err = (overt_error)OVERT_ERROR_INIT;
    ov_arena_init(&b->arena, UINT64_MAX);
    ov_diags_init(&b->diags, &b->arena);
    ov_db_writer_init(&b->writer, SIZE_MAX);
}

static inline void bench_done(struct match_bench *b)
{
    ov_matcher_free(b->matcher);
    free(b->file);
    ov_db_writer_done(&b->writer);
    ov_diags_done(&b->diags);
    ov_arena_done(&b->arena);
}

static inline struct ov_string *bench_add(
        struct match_bench *b, enum ov_string_kind kind, uint32_t flags)
{
    struct ov_string *string = &b->strings[b->count];

    OV_ASSERT(b->count < BENCH_STRINGS_MAX);
    b->uses[b->count++] = OV_USE_ALL;
    string->kind = kind;
    string->flags = flags;
    string->name = ov_bytes_of("$a", 2);
    string->text = ov_bytes_of(NULL, 0);
    string->base64_alphabet = ov_bytes_of(NULL, 0);
    string->base64_wide_alphabet = ov_bytes_of(NULL, 0);
    string->xor_max = 255;
    return string;
}

static inline void bench_text(struct match_bench *b, const void *text, size_t len, uint32_t flags)
{
    bench_add(b, OV_STRING_TEXT, flags)->text = ov_bytes_of(text, len);
}

static inline void bench_re(struct match_bench *b, enum ov_string_kind kind, const char *text,
        bool dot_all, uint32_t flags)
{
    const struct ov_re *re = re_of(&b->arena, text, dot_all);

    bench_add(b, kind, flags)->re = re;
}

static inline void bench_sign(
        struct match_bench *b, const char *bytes, uint32_t first, uint32_t last, bool from_end)
{
    struct ov_db_sign *sign = &b->signs[b->sign_count++].at;

    OV_ASSERT(b->sign_count <= sizeof(b->signs) / sizeof(b->signs[0]));
    sign->length = (uint8_t)strlen(bytes);
    memcpy(sign->value, bytes, sign->length);
    memset(sign->mask, 0xff, sign->length);
    sign->first = ov_le32_of(first);
    sign->last = ov_le32_of(last);
    sign->from_end = from_end;
}

/* Compiles and opens. False: b->err says why. */
static inline bool bench_open(struct match_bench *b)
{
    const struct ov_db_sleeper guard = { .size_max = ov_le32_of(UINT32_MAX) };
    const struct ov_waits waits = {
        .guards = &guard,
        .signs = ov_bytes_of(b->signs, b->sign_count * sizeof(b->signs[0])),
    };
    struct ov_rule_set set;
    struct ov_rule *rule;
    uint64_t size;
    overt_status status;

    ov_rule_set_init(&set, &b->arena);
    rule = ov_rule_set_add_rule(&set);
    OV_ASSERT(rule != NULL);
    rule->strings = b->strings;
    rule->string_count = b->count;
    rule->file = rule->name = ov_bytes_of(NULL, 0);
    status = ov_compile_patterns(&set, b->uses, NULL, &waits, NULL, &b->diags, &b->writer, &b->err);
    ov_rule_set_done(&set);
    if (status != OVERT_OK) {
        return false;
    }
    size = ov_db_writer_size(&b->writer);
    b->file = malloc((size_t)size);
    OV_ASSERT(b->file != NULL);
    return ov_db_writer_finish(&b->writer, b->file, (size_t)size, &b->err) == OVERT_OK
           && ov_db_view_open(&b->view, ov_bytes_of(b->file, (size_t)size), &b->err) == OVERT_OK
           && ov_matcher_new(&b->matcher, &b->view, UINT64_C(1) << 30, &b->err) == OVERT_OK;
}

/* Scans in blocks of any size, each with `context` bytes around it. */
static inline void bench_scan(struct match_bench *b, const void *data, size_t len, size_t block,
        size_t context, bool keep_all, struct ov_budget *budget)
{
    const struct ov_bytes whole = ov_bytes_of(data, len);
    struct ov_source source;

    ov_source_on_bytes(&source, whole);
    ov_matcher_begin(b->matcher, len, keep_all);
    for (size_t first = 0; first < len; first += block) {
        const size_t end = len - first < block ? len : first + block;
        const size_t low = first < context ? 0 : first - context;
        const size_t high = len - end < context ? len : end + context;
        struct ov_window window = { .offset = low, .first = first, .end = end };

        OV_ASSERT(ov_bytes_slice(whole, low, high - low, &window.bytes));
        ov_matcher_block(b->matcher, &source, &window, budget);
    }
    ov_matcher_end(b->matcher, &source, budget);
}

#endif
