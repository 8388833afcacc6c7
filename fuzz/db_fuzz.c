/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a database of anyone's making. Property: whatever the bytes say, it is verified, listed,
 * matched and evaluated without a crash and within its budget; and what the verifier accepts never
 * turns out to contradict itself later. */
#include "base/checked.h"
#include "base/limits.h"
#include "db/rules.h"
#include "db/verify.h"
#include "eval/eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *payload, uint32_t rule, uint64_t offset)
{
    uint64_t *sum = payload;

    *sum += rule + offset;
}

static void list(const struct ov_db_view *view, bool sound)
{
    const uint32_t rules = ov_db_rule_count(view);

    for (uint32_t r = 0; r < rules && r < 1000; r++) {
        struct ov_rule_info rule;
        struct ov_datum_info meta;
        struct ov_string_info string;
        struct ov_bytes text;

        if (!ov_db_rule_read(view, r, &rule)) {
            OV_ASSERT(!sound);
            continue;
        }
        for (uint32_t i = 0; i < rule.meta_count && i < 100; i++) {
            OV_ASSERT(ov_db_rule_meta(view, r, i, &meta) || !sound);
        }
        for (uint32_t i = 0; i < rule.tag_count && i < 100; i++) {
            OV_ASSERT(ov_db_rule_tag(view, r, i, &text) || !sound);
        }
        for (uint32_t i = 0; i < rule.string_count && i < 100; i++) {
            OV_ASSERT(ov_db_string_read(view, rule.string_first + i, &string) || !sound);
        }
    }
    for (uint32_t i = 0; i < ov_db_hash_count(view) && i < 1000; i++) {
        struct ov_hash_info hash;
        struct ov_bytes name;

        OV_ASSERT(ov_db_hash_read(view, i, &hash) || !sound);
        OV_ASSERT(ov_db_any_name(view, rules + i, &name) || !sound);
    }
}

static void look_up(const struct ov_db_view *view)
{
    uint8_t digest[OV_DIGEST_BYTES_MAX] = { 0x44, 0xd8, 0x86, 0x12 };
    uint64_t sum = 0;

    for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        const unsigned wanted = ov_hashes_wanted(view, 68 + kind);

        OV_ASSERT(wanted < 1u << OV_DIGEST_KINDS);
        ov_hashes_find(view, (enum ov_digest_kind)kind, digest, 68, ignore, &sum);
    }
}

/* Facts for clues to be looked up in. */
static void say_pe(struct ov_fact_tree *tree, struct ov_pages *pages)
{
    const ov_fact_node pe = ov_fact_root(tree, OV_PE);
    const ov_fact_node signature = ov_fact_item(tree, pe, OV_PE_SIGNATURES, 1);

    (void)pages;
    ov_fact_int(tree, pe, OV_PE_IS_PE, 1);
    ov_fact_int(tree, pe, OV_PE_NUMBER_OF_SECTIONS, 3);
    ov_fact_int(tree, pe, OV_PE_NUMBER_OF_SIGNATURES, 2);
    ov_fact_name(tree, signature, OV_PE_SIGNATURES_SERIAL, "01");
    ov_fact_name(tree, signature, OV_PE_SIGNATURES_SUBJECT, "x");
}

static void (*parser_of(enum ov_field module))(struct ov_fact_tree *, struct ov_pages *)
{
    return module == OV_PE ? say_pe : NULL;
}

static void evaluate(const struct ov_db_view *view, bool sound)
{
    static const struct ov_eval_means means = { .parser_of = parser_of };
    static const char object[] = "MZxxABxxABzzABxxCD 01 abc";
    struct ov_budget budget = { .steps_left = 200000, .bytes_left = UINT64_MAX };
    struct ov_budget steps = { .steps_left = 100000, .bytes_left = UINT64_MAX };
    struct ov_evaluator *ev = NULL;
    struct ov_matcher *m = NULL;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_source source;
    struct ov_window window;
    enum ov_reason reason;
    uint64_t sum = 0;

    if (ov_matcher_new(&m, view, OV_MIB, &err) == OVERT_OK
            && ov_evaluator_new(&ev, view, &err) == OVERT_OK) {
        ov_evaluator_use(ev, &means);
        ov_source_on_bytes(&source, ov_bytes_of(object, sizeof(object) - 1));
        ov_matcher_begin(m, source.size, false);
        do {
            if (ov_source_block(&source, 0, &window)) {
                ov_matcher_block(m, &source, &window, &budget);
            }
            ov_matcher_end(m, &source, &budget);
        } while (ov_matcher_again(m));
        reason = ov_evaluate(ev, m, &source, &steps, ignore, &sum);
        OV_ASSERT(reason == OV_REASON_NONE || reason == OV_REASON_STEPS
                  || (reason == OV_REASON_RULES && !sound));
    }
    ov_evaluator_free(ev);
    ov_matcher_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_db_view view;
    bool sound;

    if (ov_db_view_open(&view, ov_bytes_of(data, size), &err) != OVERT_OK) {
        return 0;
    }
    sound = ov_db_verify(&view, &err) == OVERT_OK;
    list(&view, sound);
    look_up(&view);
    evaluate(&view, sound);
    return 0;
}
