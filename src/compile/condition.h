/* SPDX-License-Identifier: Apache-2.0 */
/* condition.h - one rule's condition on its way from tree to code; private to src/compile.
 *
 * ov_cond_build copies the tree of the intermediate form into one that carries what is known of
 * each part: its value whatever the object is (then it is a constant), and its value if none of
 * the strings occurs. From the second follows when the rule need not be looked at. */
#ifndef OV_COMPILE_CONDITION_H
#define OV_COMPILE_CONDITION_H

#include <overt/overt.h>

#include "base/limits.h"
#include "compile/clues.h"
#include "compile/costs.h"
#include "compile/hints.h"
#include "compile/intern.h"
#include "db/rules_layout.h"
#include "db/value.h"
#include "db/write.h"
#include "facts/schema.h"
#include "rules/ir/rule.h"

enum ov_known_how {
    OV_KNOWN_NOT = 0,
    OV_KNOWN_OR_UNDEFINED, /* `value`, or undefined */
    OV_KNOWN_EXACTLY
};

struct ov_known {
    enum ov_known_how how;
    struct ov_value value;
};

enum ov_truth {
    OV_TRUTH_OPEN = 0,
    OV_TRUTH_TRUE,
    OV_TRUTH_FALSE /* or undefined, which holds as little */
};

struct ov_cond {
    const struct ov_expr *expr;
    struct ov_known sure;       /* whatever the object is */
    struct ov_known bare;       /* when no string occurs and no rule holds that needs waking */
    struct ov_known mute;       /* the same, when none of the clues in it is found either */
    const struct ov_clue *clue; /* without which it is 0 or undefined; NULL: there is none */
    uint32_t weight;            /* what evaluating costs, roughly */
    uint32_t place;             /* among its siblings, as written */
    uint8_t type;               /* OV_COND_NUMBER, OV_COND_TEXT, or both: either; NODE, PATTERN */
    bool speaks; /* calls console.log or the like: may be neither left out nor moved */
    struct ov_cond *a;
    struct ov_cond *b;
    struct ov_cond *body;
    struct ov_cond *quantity;
    struct ov_cond **children; /* AND, OR (cheapest first), FOR_LIST, CALL */
    uint32_t child_count;
};

/* What became of a rule. */
struct ov_rule_plan {
    bool left_out;   /* had an error */
    bool needs_wake; /* cannot hold unless something wakes it: a string, a rule, a clue */
    uint32_t number; /* in the database */
};

struct ov_cond_context {
    const struct ov_rule_set *set;
    const struct ov_rule_plan *plans; /* of rules before this one */
    struct ov_costs *costs;           /* of the set's strings */
    uint32_t string_base;             /* number of the rule's first string in the set */
    size_t rule;
    struct ov_arena *arena;
    /* set when building fails */
    bool out_of_memory;
    uint32_t line;
    uint32_t column;
    char why[160];
};

/* plan.c: a rule with an error goes no further and is named. */
void ov_rule_leave_out(struct ov_rule_plan *plan, const struct ov_rule *rule, uint32_t line,
        uint32_t column, const char *why, struct ov_diags *diags);
/* The rule's tree, or NULL: left out, or (context->out_of_memory) the end of everything. */
struct ov_cond *ov_rule_tree(
        struct ov_cond_context *context, struct ov_rule_plan *plans, struct ov_diags *diags);

enum ov_truth ov_known_truth(struct ov_known known);
/* False, or undefined, unless something was found: a string, a clue. */
bool ov_cond_needs_wake(const struct ov_cond *cond);

/* The operator of the code that an operator of the tree becomes; 0: it is none. `is_float`: one
 * of its operands is a float. */
enum ov_op ov_cond_op(enum ov_expr_kind kind, bool is_float);
bool ov_cond_is_float(const struct ov_cond *a, const struct ov_cond *b);
enum ov_quant ov_cond_quant(enum ov_how_many how_many);

/* NULL: out of memory, or the condition cannot be compiled (line, column, why). */
struct ov_cond *ov_cond_build(struct ov_cond_context *context, const struct ov_expr *expr);

/* cond_known.c: fills cond->sure, bare or mute from what is known of the parts. */
enum ov_when {
    OV_WHEN_ANY = 0, /* whatever the object is */
    OV_WHEN_BARE,
    OV_WHEN_MUTE
};
struct ov_known ov_cond_judge(
        const struct ov_cond_context *context, const struct ov_cond *cond, enum ov_when when);

/* cond_types.c */
#define OV_COND_NUMBER  1u
#define OV_COND_TEXT    2u
#define OV_COND_NODE    4u
#define OV_COND_PATTERN 8u
uint8_t ov_cond_type(const struct ov_cond_context *context, const struct ov_cond *cond);
/* NULL: its parts have the types it wants; else what is wrong. */
const char *ov_cond_check_types(const struct ov_cond *cond);

/* cond_uses.c: raises uses[0..string_count) (ov_string_use) to what the condition asks. */
void ov_cond_uses(const struct ov_cond *cond, uint8_t *uses);

/* cond_wakes.c: for a condition whose `bare` or `mute` is false: marks in `strings` (one byte a
 * string), `rules` (numbers in the set, appended as u32) and `clues` (appended as pointers to
 * struct ov_clue; none if `bare` is false) a small choice of those of which at least one must be
 * found or hold for the condition to become true. Returns what looking for them costs
 * (all of ov_cost_of). */
uint64_t ov_cond_wakes(const struct ov_cond_context *context, const struct ov_cond *cond,
        uint8_t *strings, struct ov_buf *rules, struct ov_buf *clues);

/* The same for a second choice that has none of the strings marked in `first`, of a condition that is
 * false for want of strings: of both choices a string must be found. OV_COST_UNFIT: there is none. */
uint64_t ov_cond_wakes_besides(const struct ov_cond_context *context, const struct ov_cond *cond,
        const uint8_t *first, uint8_t *strings, struct ov_buf *rules);

/* The same where bytes near the beginning or the end of an object may do as well as strings: appends them
 * to `signs` (struct ov_sign of signs.h). `find`: how often one of all these is found. False: the
 * condition may be true without any. */
bool ov_cond_wakes_by_signs(const struct ov_cond_context *context, const struct ov_cond *cond,
        uint8_t *strings, struct ov_buf *rules, struct ov_buf *signs, uint64_t *find);

/* cond_guards.c: tests on the first bytes and the size, one of which must pass for the condition
 * to be true. */
#define OV_GUARDS_MAX 8u
struct ov_guard {
    uint32_t offset;
    uint32_t bytes; /* 0: no test */
    uint32_t value; /* as the bytes read little-endian */
};
struct ov_guards {
    struct ov_guard tests[OV_GUARDS_MAX];
    uint32_t count; /* at least 1 */
    uint32_t size_min;
    uint32_t size_max;
};
void ov_cond_guards(const struct ov_cond *cond, struct ov_guards *out);
/* How everything begins of which this module says something. False: it may be anything. */
bool ov_module_magics(enum ov_field module, struct ov_guards *out);

/* cond_hints.c: appends what the condition of the next rule asks of an object's beginning and size;
 * NULL: the rule is left out. Hints of earlier rules are used where the condition refers to them. */
void ov_cond_hint(struct ov_hints *hints, const struct ov_rule *rule, const struct ov_cond *cond);

/* cond_emit.c */
struct ov_cond_emit {
    const struct ov_cond_context *context;
    struct ov_intern *texts;   /* constants go to OV_DB_TEXT */
    struct ov_intern *regexes; /* into OV_DB_REGEXES, aligned to 8 */
    struct ov_buf *code;       /* one rule's instructions */
    /* set when it fails */
    overt_status status; /* NOMEM, INTERNAL: of the whole; others: of this rule */
    overt_error err;
    const struct ov_expr *at;

    uint32_t priv_height;
    uint32_t priv_loops[OV_LOOP_NEST_MAX]; /* the local of each open loop */
    uint32_t priv_loop_count;
};
bool ov_cond_emit(struct ov_cond_emit *emit, const struct ov_cond *root);

#endif
