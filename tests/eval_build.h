/* SPDX-License-Identifier: Apache-2.0 */
/* eval_build.h - for tests: rule text to a verified database, an object to the rules that hold. */
#ifndef OV_TESTS_EVAL_BUILD_H
#define OV_TESTS_EVAL_BUILD_H

#include "base/checked.h"
#include "base/limits.h"
#include "compile/compile.h"
#include "db/rules.h"
#include "db/verify.h"
#include "eval/eval.h"
#include "rules/yara/yara.h"

#define EVAL_HITS_MAX 256u

struct eval_hit {
    uint32_t rule;
    uint64_t offset;
};

struct eval_bench {
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;
    struct ov_db_writer writer;
    uint8_t *file;
    size_t file_bytes;
    struct ov_db_view view;
    struct ov_matcher *matcher;
    struct ov_evaluator *evaluator;
    overt_error err;
    struct eval_hit hits[EVAL_HITS_MAX];
    uint32_t hit_count;
    uint64_t steps_used;
};

static inline void eval_init(struct eval_bench *b)
{
    memset(b, 0, sizeof(*b));
    b->err = (overt_error)OVERT_ERROR_INIT;
    ov_arena_init(&b->arena, UINT64_MAX);
    ov_rule_set_init(&b->set, &b->arena);
    ov_diags_init(&b->diags, &b->arena);
    ov_db_writer_init(&b->writer, UINT32_MAX);
}

static inline void eval_done(struct eval_bench *b)
{
    ov_evaluator_free(b->evaluator);
    ov_matcher_free(b->matcher);
    free(b->file);
    ov_db_writer_done(&b->writer);
    ov_diags_done(&b->diags);
    ov_rule_set_done(&b->set);
    ov_arena_done(&b->arena);
}

static inline void eval_external(
        struct eval_bench *b, const char *name, enum ov_type type, int64_t integer, double real)
{
    struct ov_external *x = ov_rule_set_add_external(&b->set);

    OV_ASSERT(x != NULL);
    x->name = ov_bytes_of(name, strlen(name));
    x->type = type;
    x->integer = integer;
    x->real = real;
    x->text = ov_bytes_of(NULL, 0);
}

/* Reads rules of one namespace. False: the front end refused something. */
static inline bool eval_rules(struct eval_bench *b, const char *space, const char *text)
{
    const struct ov_yara_options options = { .space = ov_bytes_of(space, strlen(space)),
        .strings_per_rule_max = OV_STRINGS_PER_RULE_MAX };

    return ov_yara_read(&b->set, ov_bytes_of("test.yar", 8), ov_bytes_of(text, strlen(text)),
            &options, &b->diags);
}

/* Compiles, lays out, verifies, opens. False: b->err says why. */
static inline bool eval_open(struct eval_bench *b)
{
    if (ov_compile(&b->set, &b->diags, &b->writer, &b->err) != OVERT_OK) {
        return false;
    }
    b->file_bytes = (size_t)ov_db_writer_size(&b->writer);
    b->file = malloc(b->file_bytes + 1);
    OV_ASSERT(b->file != NULL);
    return ov_db_writer_finish(&b->writer, b->file, b->file_bytes, &b->err) == OVERT_OK
           && ov_db_view_open(&b->view, ov_bytes_of(b->file, b->file_bytes), &b->err) == OVERT_OK
           && ov_db_verify(&b->view, &b->err) == OVERT_OK
           && ov_matcher_new(&b->matcher, &b->view, 64u * OV_MIB, &b->err) == OVERT_OK
           && ov_evaluator_new(&b->evaluator, &b->view, &b->err) == OVERT_OK;
}

static inline void eval_note(void *payload, uint32_t rule, uint64_t offset)
{
    struct eval_bench *b = payload;

    OV_ASSERT(b->hit_count < EVAL_HITS_MAX);
    b->hits[b->hit_count++] = (struct eval_hit){ .rule = rule, .offset = offset };
}

/* One object. `steps` is what evaluation may spend; matching has enough. */
static inline enum ov_reason eval_scan(
        struct eval_bench *b, const void *data, size_t len, uint64_t steps)
{
    struct ov_budget plenty = { .steps_left = UINT64_MAX, .bytes_left = UINT64_MAX };
    struct ov_budget budget = { .steps_left = steps, .bytes_left = UINT64_MAX };
    struct ov_source source;
    struct ov_window window;
    enum ov_reason reason;

    ov_source_on_bytes(&source, ov_bytes_of(data, len));
    ov_matcher_begin(b->matcher, source.size, false);
    do {
        for (uint64_t at = 0; ov_source_block(&source, at, &window); at += OV_BLOCK_BYTES) {
            ov_matcher_block(b->matcher, &source, &window, &plenty);
        }
        ov_matcher_end(b->matcher, &source, &plenty);
    } while (ov_matcher_again(b->matcher));
    b->hit_count = 0;
    reason = ov_evaluate(b->evaluator, b->matcher, &source, &budget, eval_note, b);
    b->steps_used = steps - budget.steps_left;
    return reason;
}

static inline bool eval_holds(const struct eval_bench *b, const char *name)
{
    for (uint32_t i = 0; i < b->hit_count; i++) {
        struct ov_bytes got;

        if (ov_db_any_name(&b->view, b->hits[i].rule, &got)
                && ov_bytes_equal(got, name, strlen(name))) {
            return true;
        }
    }
    return false;
}

#endif
