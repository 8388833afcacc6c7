/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions of all rules and the probes behind them.
 *
 * Rules may share code. Blocks of code lie in the order in which rules first use them, without
 * gaps, so each is walked once; what it asks for (the highest number of a string, of a rule) is
 * then compared with every rule that shares it. */
#include "base/checked.h"
#include "db/clues.h"
#include "db/code_walk.h"
#include "db/rules_layout.h"
#include "db/verify.h"

/* One condition's code, and what it asks of a rule that uses it. */
struct block {
    uint32_t first;
    uint32_t count;
    struct ov_code_asks asks;
};

struct blocks {
    struct block *items; /* ascending by `first` */
    size_t count;
    size_t cap;
};

static struct block *find_block(const struct blocks *blocks, uint32_t first)
{
    size_t low = 0, high = blocks->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (blocks->items[middle].first < first) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < blocks->count && blocks->items[low].first == first ? &blocks->items[low] : NULL;
}

static struct block *add_block(struct blocks *blocks)
{
    if (blocks->count == blocks->cap) {
        const size_t cap = blocks->cap == 0 ? 256 : blocks->cap * 2;
        struct block *items = reallocarray(blocks->items, cap, sizeof(*items));

        if (items == NULL) {
            return NULL;
        }
        blocks->items = items;
        blocks->cap = cap;
    }
    return &blocks->items[blocks->count++];
}

struct verifier {
    const struct ov_db_view *view;
    struct ov_code_walk *walk;
    struct blocks blocks;
    uint32_t next; /* code before this was walked */
};

/* Walks the code that begins where the last block ended. */
static overt_status verify_block(struct verifier *v, uint32_t count, bool is_probe,
        struct ov_code_asks *asks, overt_error *err)
{
    struct ov_bytes code;
    uint32_t stopped;

    if (!ov_bytes_slice(v->view->sections[OV_DB_CODE],
                (uint64_t)v->next * sizeof(struct ov_db_insn),
                (uint64_t)count * sizeof(struct ov_db_insn), &code)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "a condition at instruction %u does not lie in the database", v->next);
    }
    if (!ov_code_is_sound(v->walk, code, is_probe, asks, &stopped)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "the condition at instruction %u is malformed %u behind it", v->next, stopped);
    }
    v->next += count;
    return OVERT_OK;
}

static overt_status verify_rules(struct verifier *v, overt_error *err)
{
    for (uint32_t rule = 0; rule < v->view->counts[OV_DB_RULES]; rule++) {
        const struct ov_db_rule *r = ov_db_record(v->view, OV_DB_RULES, rule, sizeof(*r));
        const uint32_t first = r == NULL ? 0 : ov_le32_get(r->code_first);
        const uint32_t count = r == NULL ? 0 : ov_le32_get(r->code_count);
        const struct block *block;

        if (first == v->next) {
            struct block one = { .first = first, .count = count };
            const overt_status status = verify_block(v, count, false, &one.asks, err);
            struct block *added = status == OVERT_OK ? add_block(&v->blocks) : NULL;

            if (status != OVERT_OK) {
                return status;
            }
            if (added == NULL) {
                return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to verify conditions");
            }
            *added = one;
        }
        block = find_block(&v->blocks, first);
        if (r == NULL || block == NULL || block->count != count
                || block->asks.strings > ov_le32_get(r->string_count) || block->asks.rules > rule) {
            return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                    "the condition of rule %u is none, or asks for what is not there", rule);
        }
    }
    return OVERT_OK;
}

/* Behind the rules' code; probes that follow each other may share theirs. */
static overt_status verify_probes(struct verifier *v, overt_error *err)
{
    struct ov_db_clues clues;
    uint32_t last_first = 0, last_count = 0;

    if (!ov_db_clues_read(v->view, &clues)) {
        return OVERT_OK;
    }
    for (uint64_t i = 0; i < ov_le32_get(clues.probes.count); i++) {
        const struct ov_db_probe *p = ov_db_clues_item(v->view, clues.probes, i, sizeof(*p));
        const uint32_t first = p == NULL ? 0 : ov_le32_get(p->code_first);
        const uint32_t count = p == NULL ? 0 : ov_le32_get(p->code_count);
        struct ov_code_asks asks = { 0 };

        if (first == v->next) {
            const overt_status status = verify_block(v, count, true, &asks, err);

            if (status != OVERT_OK) {
                return status;
            }
            last_first = first;
            last_count = count;
        }
        if (last_count == 0 || first != last_first || count != last_count || asks.strings != 0
                || asks.rules != 0) {
            return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                    "the code of probe %llu is none, or asks for strings or rules",
                    (unsigned long long)i);
        }
    }
    return OVERT_OK;
}

overt_status ov_db_verify_code(const struct ov_db_view *view, overt_error *err)
{
    struct verifier v = { .view = view, .walk = ov_code_walk_new(view) };
    overt_status status = OVERT_OK;

    if (v.walk == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory to verify conditions");
    }
    status = verify_rules(&v, err);
    if (status == OVERT_OK) {
        status = verify_probes(&v, err);
    }
    if (status == OVERT_OK && v.next != view->counts[OV_DB_CODE]) {
        status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "there are conditions that belong to no rule, from instruction %u", v.next);
    }
    free(v.blocks.items);
    ov_code_walk_free(v.walk);
    return status;
}
