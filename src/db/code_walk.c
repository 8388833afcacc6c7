/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction by instruction: what each does to an abstract stack of types, where its jumps lead,
 * what its numbers name. Code is structured: targets of jumps nest, and so do loops; so one walk
 * from front to back with two small stacks sees everything. */
#include "db/code_walk.h"

#include <string.h>

#include "base/checked.h"
#include "base/clamtype.h"
#include "base/limits.h"
#include "db/clam_layout.h"
#include "db/clues.h"
#include "db/rules.h"
#include "db/value.h"
#include "facts/schema.h"

enum type {
    NUMBER = 1, /* integer or float */
    TEXT = 2,
    EITHER = 3,
    NODE = 4,   /* a structure of a module */
    PATTERN = 8 /* a regular expression, for a function */
};

#define TARGETS_MAX OV_CONDITION_DEPTH_MAX

struct target {
    uint32_t at;
    uint32_t height; /* of the stack there, the jump's value included */
};

struct open_loop {
    enum ov_op op;
    enum type type;   /* of its variable */
    bool has_key;     /* FOR_FIELD over a dictionary */
    uint32_t height;  /* of the stack around it */
    bool in_items;    /* FOR_LIST: behind its body */
    uint32_t items;   /* FOR_LIST: where they begin */
    uint32_t end;     /* of the others: where its NEXT must lead */
    uint32_t targets; /* open ones when it began */
};

struct ov_code_walk {
    const struct ov_db_view *view;
    const struct ov_db_insn *code;
    bool is_probe;
    uint32_t count;
    uint32_t at; /* behind the instruction at hand */
    uint32_t height;
    uint32_t target_count;
    uint32_t loop_count;
    uint32_t strings_needed; /* how many strings its rule must have */
    uint32_t rules_needed;   /* how many rules must come before it */
    uint8_t types[OV_CONDITION_STACK_MAX];
    struct target targets[TARGETS_MAX];
    struct open_loop loops[OV_LOOP_NEST_MAX];
};

static bool push(struct ov_code_walk *w, enum type type)
{
    if (w->height >= OV_CONDITION_STACK_MAX) {
        return false;
    }
    w->types[w->height++] = (uint8_t)type;
    return true;
}

/* What lies below an open loop is not its own. */
static uint32_t floor_of(const struct ov_code_walk *w)
{
    return w->loop_count == 0 ? 0 : w->loops[w->loop_count - 1].height;
}

static bool pop(struct ov_code_walk *w, enum type type)
{
    return w->height > floor_of(w) && (w->types[--w->height] & type) != 0;
}

static bool pop_two(struct ov_code_walk *w, enum type type)
{
    const bool second = pop(w, type);

    return second && pop(w, type);
}

static bool pop_any(struct ov_code_walk *w, enum type *out)
{
    if (w->height <= floor_of(w)) {
        return false;
    }
    *out = (enum type)w->types[--w->height];
    return true;
}

/* --- what instructions name ------------------------------------------------------------------ */

static bool names_string(struct ov_code_walk *w, uint32_t string)
{
    if (string == UINT32_MAX) {
        return false;
    }
    if (string >= w->strings_needed) {
        w->strings_needed = string + 1;
    }
    return true;
}

static bool names_rule(struct ov_code_walk *w, uint32_t rule)
{
    if (rule == UINT32_MAX) {
        return false;
    }
    if (rule >= w->rules_needed) {
        w->rules_needed = rule + 1;
    }
    return true;
}

static bool names_loop(const struct ov_code_walk *w, uint32_t depth, bool of_strings)
{
    return depth < w->loop_count && (w->loops[depth].op == OV_OP_FOR_STRINGS) == of_strings;
}

static bool names_text(const struct ov_code_walk *w, uint32_t at)
{
    struct ov_bytes b;
    struct ov_le32 len;

    if (!ov_db_text(w->view, at, sizeof(len), &b)) {
        return false;
    }
    memcpy(&len, ov_bytes_raw(b), sizeof(len));
    return ov_db_text(w->view, (uint64_t)at + sizeof(len), ov_le32_get(len), &b);
}

/* A text that holds a record of at least `bytes`. */
static bool names_block(const struct ov_code_walk *w, uint32_t at, uint64_t bytes)
{
    struct ov_bytes b;

    struct ov_le32 len;

    if (!names_text(w, at) || !ov_db_text(w->view, at, sizeof(len), &b)) {
        return false;
    }
    memcpy(&len, ov_bytes_raw(b), sizeof(len));
    return ov_le32_get(len) >= bytes;
}

static bool names_regex(const struct ov_code_walk *w, uint32_t at)
{
    const struct ov_bytes all = w->view->sections[OV_DB_REGEXES];
    struct ov_bytes b;
    struct ov_le32 len, zero;

    if (at % 8 != 0 || !ov_bytes_slice(all, at, 8, &b)) {
        return false;
    }
    memcpy(&len, ov_bytes_raw(b), sizeof(len));
    memcpy(&zero, ov_bytes_raw(b) + 4, sizeof(zero));
    return ov_le32_get(zero) == 0 && ov_bytes_slice(all, (uint64_t)at + 8, ov_le32_get(len), &b);
}

static bool external_type(const struct ov_code_walk *w, uint32_t number, enum type *out)
{
    struct ov_datum_info info;

    if (!ov_db_external_read(w->view, number, &info)) {
        return false;
    }
    *out = info.type == OV_DB_DATUM_TEXT ? TEXT : NUMBER;
    return true;
}

static enum type type_of(const struct ov_field_row *row)
{
    return row->type == OV_FACT_TYPE_STRUCT ? NODE : row->type == OV_FACT_TYPE_TEXT ? TEXT : NUMBER;
}

/* The runs behind an instruction with a set. */
static bool take_runs(struct ov_code_walk *w, uint32_t runs, bool of_rules)
{
    for (uint32_t i = 0; i < runs; i++) {
        const struct ov_db_insn *run = &w->code[w->at];
        uint32_t last;

        if (w->at >= w->count || run->op != OV_OP_RUN || run->a != 0 || ov_le16_get(run->b) == 0
                || !ov_add(&last, ov_le32_get(run->c), (uint32_t)ov_le16_get(run->b) - 1)
                || !(of_rules ? names_rule(w, last) : names_string(w, last))) {
            return false;
        }
        w->at++;
    }
    return true;
}

/* --- jumps and loops ------------------------------------------------------------------------- */

/* The innermost target may not lie behind an outer one, nor outside the loop it began in. */
static bool add_target(struct ov_code_walk *w, uint32_t at)
{
    const uint32_t floor = w->loop_count == 0 ? 0 : w->loops[w->loop_count - 1].targets;

    if (at < w->at || at >= w->count || w->target_count >= TARGETS_MAX) {
        return false;
    }
    if (w->target_count > floor) {
        const struct target *outer = &w->targets[w->target_count - 1];

        if (outer->at == at) {
            return outer->height == w->height + 1;
        }
        if (outer->at < at) {
            return false;
        }
    }
    w->targets[w->target_count++] = (struct target){ .at = at, .height = w->height + 1 };
    return true;
}

/* At an instruction that jumps lead to. Falling through must leave the same height; a value that
 * came by a jump is a number. */
static bool pass_targets(struct ov_code_walk *w)
{
    while (w->target_count > 0 && w->targets[w->target_count - 1].at <= w->at) {
        const struct target *t = &w->targets[w->target_count - 1];

        if (t->at != w->at || t->height != w->height || w->height == 0
                || w->types[w->height - 1] != NUMBER) {
            return false;
        }
        w->target_count--;
    }
    return true;
}

static bool begin_loop(struct ov_code_walk *w, const struct ov_db_insn *insn)
{
    const bool of_field = insn->op == OV_OP_FOR_FIELD;
    const struct ov_field_row *row = ov_field_row(of_field ? ov_le16_get(insn->b) : 0u);
    const uint32_t runs = of_field ? 0 : ov_le16_get(insn->b);
    struct open_loop *loop;

    if (insn->a < OV_QUANT_ALL || insn->a > OV_QUANT_COUNT
            || (insn->op != OV_OP_FOR_STRINGS && runs != 0)) {
        return false;
    }
    if (insn->op == OV_OP_FOR_RANGE && !pop_two(w, NUMBER)) {
        return false;
    }
    if (of_field
            && (row->kind != OV_FIELD_IS_FACT || row->shape == OV_FACT_SHAPE_ONE
                    || !pop(w, NODE))) {
        return false;
    }
    if ((ov_quant_has_value(insn->a) && !pop(w, NUMBER)) || !take_runs(w, runs, false)
            || w->loop_count >= OV_LOOP_NEST_MAX) {
        return false;
    }
    loop = &w->loops[w->loop_count++];
    *loop = (struct open_loop){
        .op = (enum ov_op)insn->op,
        .type = insn->op == OV_OP_FOR_LIST ? EITHER
                : of_field                 ? type_of(row)
                                           : NUMBER,
        .has_key = row->shape == OV_FACT_SHAPE_DICTIONARY,
        .height = w->height,
        .items = ov_le32_get(insn->c),
        .end = ov_le32_get(insn->c),
        .targets = w->target_count,
    };
    return true;
}

static struct open_loop *innermost(struct ov_code_walk *w)
{
    struct open_loop *loop = w->loop_count == 0 ? NULL : &w->loops[w->loop_count - 1];

    return loop != NULL && w->target_count == loop->targets ? loop : NULL;
}

static bool end_loop(struct ov_code_walk *w)
{
    w->loop_count--;
    return push(w, NUMBER);
}

static bool end_body(struct ov_code_walk *w, uint32_t end)
{
    struct open_loop *loop = innermost(w);
    enum type type;

    if (loop == NULL || loop->in_items || !pop_any(w, &type) || w->height != loop->height) {
        return false;
    }
    if (loop->op == OV_OP_FOR_LIST) {
        loop->in_items = true;
        loop->end = end;
        return loop->items == w->at;
    }
    return end == w->at && loop->end == w->at && end_loop(w);
}

static bool end_item(struct ov_code_walk *w)
{
    const struct open_loop *loop = innermost(w);
    enum type type;

    return loop != NULL && loop->op == OV_OP_FOR_LIST && loop->in_items && pop_any(w, &type)
           && w->height == loop->height;
}

static bool end_items(struct ov_code_walk *w)
{
    const struct open_loop *loop = innermost(w);

    return loop != NULL && loop->op == OV_OP_FOR_LIST && loop->in_items && w->height == loop->height
           && loop->end == w->at && end_loop(w);
}

/* --- instructions ---------------------------------------------------------------------------- */

static bool of_string(struct ov_code_walk *w, const struct ov_db_insn *insn)
{
    const uint32_t c = ov_le32_get(insn->c);
    const unsigned takes = insn->op == OV_OP_FOUND || insn->op == OV_OP_COUNT         ? 0
                           : insn->op == OV_OP_FOUND_IN || insn->op == OV_OP_COUNT_IN ? 2
                                                                                      : 1;

    for (unsigned i = 0; i < takes; i++) {
        if (!pop(w, NUMBER)) {
            return false;
        }
    }
    return (insn->a == 0 ? names_string(w, c) : insn->a == 1 && names_loop(w, c, true))
           && push(w, NUMBER);
}

static bool of_set(struct ov_code_walk *w, const struct ov_db_insn *insn)
{
    const unsigned takes = insn->op == OV_OP_OF_IN ? 2 : insn->op == OV_OP_OF_AT ? 1 : 0;

    if (insn->a < OV_QUANT_ALL || insn->a > OV_QUANT_PERCENT) {
        return false;
    }
    for (unsigned i = 0; i < takes + ov_quant_has_value(insn->a); i++) {
        if (!pop(w, NUMBER)) {
            return false;
        }
    }
    return take_runs(w, ov_le16_get(insn->b), insn->op == OV_OP_OF_RULES) && push(w, NUMBER);
}

static bool of_two(struct ov_code_walk *w, enum ov_op op)
{
    enum type a, b;

    if (!pop_any(w, &b) || !pop_any(w, &a) || (a & b) == 0) {
        return false;
    }
    if (op >= OV_OP_CONTAINS && op <= OV_OP_IEQUALS) {
        return (a & b & TEXT) != 0 && push(w, NUMBER);
    }
    if (op < OV_OP_EQ || op == OV_OP_LT_FLOAT) {
        return (a & b & NUMBER) != 0 && push(w, NUMBER);
    }
    return push(w, NUMBER);
}

static bool of_one(struct ov_code_walk *w, enum ov_op op)
{
    enum type a;

    return pop_any(w, &a) && (op < OV_OP_NEGATE || (a & NUMBER) != 0) && push(w, NUMBER);
}

static bool step_leaf(struct ov_code_walk *w, const struct ov_db_insn *insn)
{
    const uint32_t c = ov_le32_get(insn->c);
    struct ov_bytes b;
    enum type type;

    switch (insn->op) {
    case OV_OP_UNDEFINED:
        return push(w, EITHER);
    case OV_OP_INT:
    case OV_OP_FILESIZE:
    case OV_OP_ENTRYPOINT:
        return push(w, NUMBER);
    case OV_OP_WIDE:
    case OV_OP_FLOAT:
        return ov_db_text(w->view, c, 8, &b) && push(w, NUMBER);
    case OV_OP_TEXT:
        return names_text(w, c) && push(w, TEXT);
    case OV_OP_EXTERNAL:
        return external_type(w, c, &type) && push(w, type);
    case OV_OP_LOCAL:
        if (!names_loop(w, c, false) || insn->a > 1) {
            return false;
        }
        return insn->a == 1 ? w->loops[c].has_key && push(w, TEXT) : push(w, w->loops[c].type);
    default: /* RULE */
        return names_rule(w, c) && push(w, NUMBER);
    }
}

/* The arguments lie above the node, the last on top. */
static bool of_call(struct ov_code_walk *w, const struct ov_field_row *row)
{
    enum type type;

    if (row->kind != OV_FIELD_IS_FUNCTION) {
        return false;
    }
    for (size_t i = strlen(row->arguments); i > 0; i--) {
        const char takes = row->arguments[i - 1];

        if (!pop_any(w, &type)
                || (type
                           & (takes == 's'        ? TEXT
                                   : takes == 'r' ? PATTERN
                                   : takes == 'b' ? EITHER
                                                  : NUMBER))
                           == 0) {
            return false;
        }
    }
    return pop(w, NODE) && push(w, type_of(row));
}

static bool of_module(struct ov_code_walk *w, const struct ov_db_insn *insn)
{
    const uint32_t c = ov_le32_get(insn->c);
    const struct ov_field_row *row = ov_field_row(c);
    const bool is_fact = row->kind == OV_FIELD_IS_FACT;

    switch (insn->op) {
    case OV_OP_MODULE:
        return row->kind == OV_FIELD_IS_MODULE && push(w, NODE);
    case OV_OP_FIELD:
        return (is_fact || row->kind == OV_FIELD_IS_CONSTANT) && row->shape == OV_FACT_SHAPE_ONE
               && pop(w, NODE) && push(w, type_of(row));
    case OV_OP_ITEM_OF:
        return is_fact && row->shape == OV_FACT_SHAPE_ARRAY && pop(w, NUMBER) && pop(w, NODE)
               && push(w, type_of(row));
    case OV_OP_ENTRY_OF:
        return is_fact && row->shape == OV_FACT_SHAPE_DICTIONARY && pop(w, TEXT) && pop(w, NODE)
               && push(w, type_of(row));
    case OV_OP_PATTERN:
        return names_regex(w, c) && push(w, PATTERN);
    default:
        return of_call(w, row);
    }
}

static bool step(struct ov_code_walk *w, const struct ov_db_insn *insn)
{
    const uint32_t c = ov_le32_get(insn->c);
    const unsigned len = insn->a & OV_READ_BYTES;
    enum type type;

    switch (insn->op) {
    case OV_OP_UNDEFINED:
    case OV_OP_INT:
    case OV_OP_WIDE:
    case OV_OP_FLOAT:
    case OV_OP_TEXT:
    case OV_OP_FILESIZE:
    case OV_OP_ENTRYPOINT:
    case OV_OP_EXTERNAL:
    case OV_OP_LOCAL:
    case OV_OP_RULE:
        return step_leaf(w, insn);
    case OV_OP_OBJECT:
        return insn->a >= OV_FACT_TARGET && insn->a <= OV_FACT_LAST && push(w, NUMBER);
    case OV_OP_PCRE:
        return names_block(w, c, sizeof(struct ov_clam_pcre)) && pop(w, NUMBER) && push(w, NUMBER);
    case OV_OP_COMPARE:
        return names_block(w, c, sizeof(struct ov_clam_compare)) && pop(w, NUMBER)
               && push(w, NUMBER);
    case OV_OP_READ:
        return (len == 1 || len == 2 || len == 4)
               && (insn->a & ~(OV_READ_BYTES | OV_READ_SIGNED | OV_READ_BIG)) == 0 && pop(w, NUMBER)
               && push(w, NUMBER);
    case OV_OP_FOUND:
    case OV_OP_FOUND_AT:
    case OV_OP_FOUND_IN:
    case OV_OP_COUNT:
    case OV_OP_COUNT_IN:
    case OV_OP_OFFSET:
    case OV_OP_LENGTH:
        return of_string(w, insn);
    case OV_OP_NOT:
    case OV_OP_DEFINED:
    case OV_OP_TRUTH:
    case OV_OP_NEGATE:
    case OV_OP_BIT_NOT:
        return of_one(w, (enum ov_op)insn->op);
    case OV_OP_MATCHES:
        return names_regex(w, c) && pop(w, TEXT) && push(w, NUMBER);
    case OV_OP_AND:
    case OV_OP_OR:
        return pop_any(w, &type) && add_target(w, c);
    case OV_OP_OF:
    case OV_OP_OF_AT:
    case OV_OP_OF_IN:
    case OV_OP_OF_RULES:
        return of_set(w, insn);
    case OV_OP_FOR_RANGE:
    case OV_OP_FOR_STRINGS:
    case OV_OP_FOR_LIST:
    case OV_OP_FOR_FIELD:
        return begin_loop(w, insn);
    case OV_OP_MODULE:
    case OV_OP_FIELD:
    case OV_OP_ITEM_OF:
    case OV_OP_ENTRY_OF:
    case OV_OP_PATTERN:
    case OV_OP_CALL:
        return of_module(w, insn);
    case OV_OP_CLUE:
        return w->is_probe && (insn->a & ~OV_CLUE_FOLDS) == 0 && pop_any(w, &type)
               && (type & EITHER) != 0 && push(w, NUMBER);
    case OV_OP_NEXT:
        return end_body(w, c);
    case OV_OP_ITEM:
        return end_item(w);
    case OV_OP_ITEMS_END:
        return end_items(w);
    default:
        return insn->op >= OV_OP_ADD && insn->op <= OV_OP_IEQUALS
               && of_two(w, (enum ov_op)insn->op);
    }
}

struct ov_code_walk *ov_code_walk_new(const struct ov_db_view *view)
{
    struct ov_code_walk *w = calloc(1, sizeof(*w));

    if (w != NULL) {
        w->view = view;
    }
    return w;
}

void ov_code_walk_free(struct ov_code_walk *w)
{
    free(w);
}

static bool walk_all(struct ov_code_walk *w)
{
    enum type type;

    w->at = w->height = w->target_count = w->loop_count = 0;
    w->strings_needed = w->rules_needed = 0;
    while (w->at < w->count) {
        const struct ov_db_insn *insn;

        if (!pass_targets(w)) {
            return false;
        }
        insn = &w->code[w->at++];
        if (insn->op == OV_OP_END) {
            return w->loop_count == 0 && w->target_count == 0 && pop_any(w, &type) && w->height == 0
                   && w->at == w->count;
        }
        if (!step(w, insn)) {
            return false;
        }
    }
    return false;
}

bool ov_code_is_sound(struct ov_code_walk *w, struct ov_bytes code, bool is_probe,
        struct ov_code_asks *asks, uint32_t *stopped)
{
    bool sound;

    w->code = (const void *)ov_bytes_raw(code);
    w->count = (uint32_t)(ov_bytes_len(code) / sizeof(*w->code));
    w->is_probe = is_probe;
    sound = walk_all(w);
    *stopped = w->at;
    *asks = (struct ov_code_asks){ .strings = w->strings_needed, .rules = w->rules_needed };
    return sound;
}
