/* SPDX-License-Identifier: Apache-2.0 */
/* The tree to instructions (db/code.h). The height of the stack is followed along, so that what
 * comes out is what the verifier will accept. */
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "compile/condition.h"
#include "compile/regex.h"

#define RUNS_MAX UINT16_MAX

static bool emit(struct ov_cond_emit *em, const struct ov_cond *cond);

static bool fail(struct ov_cond_emit *em, const struct ov_cond *cond, overt_status status,
        const char *message)
{
    em->status = status;
    em->at = cond->expr;
    (void)ov_fail(&em->err, status, UINT64_MAX, "%s", message);
    return false;
}

static uint32_t here(const struct ov_cond_emit *em)
{
    return (uint32_t)(ov_bytes_len(ov_buf_bytes(em->code)) / sizeof(struct ov_db_insn));
}

/* Appends an instruction that takes `takes` values and leaves `leaves`. */
static bool put_insn(struct ov_cond_emit *em, const struct ov_cond *cond, struct ov_db_insn insn,
        uint32_t takes, uint32_t leaves)
{
    OV_ASSERT(em->priv_height >= takes);
    em->priv_height = em->priv_height - takes + leaves;
    if (em->priv_height > OV_CONDITION_STACK_MAX) {
        return fail(em, cond, OVERT_E_LIMIT, "the condition holds too many values at once");
    }
    ov_buf_put(em->code, &insn, sizeof(insn));
    if (!ov_buf_ok(em->code)) {
        return fail(em, cond, OVERT_E_LIMIT, "the condition is too long");
    }
    return true;
}

static bool put(struct ov_cond_emit *em, const struct ov_cond *cond, enum ov_op op, unsigned a,
        uint32_t c, uint32_t takes, uint32_t leaves)
{
    const struct ov_db_insn insn = {
        .op = (uint8_t)op,
        .a = (uint8_t)a,
        .c = ov_le32_of(c),
    };

    return put_insn(em, cond, insn, takes, leaves);
}

static void set_c(struct ov_cond_emit *em, uint32_t at, uint32_t c)
{
    ov_buf_set_u32le(
            em->code, (size_t)at * sizeof(struct ov_db_insn) + offsetof(struct ov_db_insn, c), c);
}

/* --- constants ------------------------------------------------------------------------------- */

static uint32_t intern_u64(struct ov_cond_emit *em, uint64_t v)
{
    const struct ov_le64 le = ov_le64_of(v);

    return ov_intern_put(em->texts, ov_bytes_of(le.b, sizeof(le.b)), 1);
}

static bool intern_text(
        struct ov_cond_emit *em, const struct ov_cond *cond, struct ov_bytes text, uint32_t *out)
{
    struct ov_buf whole;

    if (ov_bytes_len(text) > UINT32_MAX) {
        return fail(em, cond, OVERT_E_LIMIT, "a text is too long");
    }
    ov_buf_init(&whole, SIZE_MAX);
    ov_buf_put_u32le(&whole, (uint32_t)ov_bytes_len(text));
    ov_buf_put(&whole, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    if (!ov_buf_ok(&whole)) {
        ov_buf_done(&whole);
        return fail(em, cond, OVERT_E_NOMEM, "no memory for a text");
    }
    *out = ov_intern_put(em->texts, ov_buf_bytes(&whole), 1);
    ov_buf_done(&whole);
    return true;
}

static bool emit_constant(struct ov_cond_emit *em, const struct ov_cond *cond)
{
    const struct ov_value v = cond->sure.value;
    uint64_t bits;
    uint32_t at = 0;

    switch (v.kind) {
    case OV_VALUE_INT:
        if (v.integer >= INT32_MIN && v.integer <= INT32_MAX) {
            return put(em, cond, OV_OP_INT, 0, (uint32_t)(int32_t)v.integer, 0, 1);
        }
        return put(em, cond, OV_OP_WIDE, 0, intern_u64(em, (uint64_t)v.integer), 0, 1);
    case OV_VALUE_FLOAT:
        memcpy(&bits, &v.real, sizeof(bits));
        return put(em, cond, OV_OP_FLOAT, 0, intern_u64(em, bits), 0, 1);
    case OV_VALUE_TEXT:
        return intern_text(em, cond, v.text, &at) && put(em, cond, OV_OP_TEXT, 0, at, 0, 1);
    case OV_VALUE_NODE:    /* never known before there is an object */
    case OV_VALUE_PATTERN: /* the same */
    case OV_VALUE_UNDEFINED:
        break;
    }
    return put(em, cond, OV_OP_UNDEFINED, 0, 0, 0, 1);
}

/* --- strings, sets --------------------------------------------------------------------------- */

/* The loop whose variable has this number in the tree; in code, loops are named by depth. */
static uint32_t loop_of(const struct ov_cond_emit *em, uint32_t local)
{
    for (uint32_t i = em->priv_loop_count; i > 0; i--) {
        if (em->priv_loops[i - 1] == local) {
            return i - 1;
        }
    }
    OV_ASSERT(false); /* ov_cond_build saw to it */
    return 0;
}

static bool emit_string(
        struct ov_cond_emit *em, const struct ov_cond *cond, enum ov_op op, uint32_t takes)
{
    const struct ov_expr *e = cond->expr;
    const bool local = e->string == OV_STRING_LOCAL;

    return put(em, cond, op, local, local ? loop_of(em, e->local) : e->string, takes, 1);
}

static bool emit_indexed(struct ov_cond_emit *em, const struct ov_cond *cond, enum ov_op op)
{
    if (cond->a == NULL) {
        if (!put(em, cond, OV_OP_INT, 0, 1, 0, 1)) {
            return false;
        }
    } else if (!emit(em, cond->a)) {
        return false;
    }
    return emit_string(em, cond, op, 1);
}

/* A set of numbers, cut into runs. */
struct set {
    const uint32_t *numbers;
    uint32_t count;
    const struct ov_rule_plan *map; /* of rules: their numbers in the database; or NULL */
};

static uint32_t number_of(const struct set *set, uint32_t i)
{
    return set->map == NULL ? set->numbers[i] : set->map[set->numbers[i]].number;
}

static uint32_t run_at(const struct set *set, uint32_t i)
{
    uint32_t n = 1;

    while (i + n < set->count && n < UINT16_MAX && number_of(set, i + n) == number_of(set, i) + n) {
        n++;
    }
    return n;
}

/* An instruction with a set: itself, then its runs. */
static bool put_with_set(struct ov_cond_emit *em, const struct ov_cond *cond, enum ov_op op,
        const struct set *set, uint32_t takes, uint32_t leaves)
{
    struct ov_db_insn insn = {
        .op = (uint8_t)op,
        .a = (uint8_t)ov_cond_quant(cond->expr->how_many),
    };
    uint32_t runs = 0;

    for (uint32_t i = 0; i < set->count; i += run_at(set, i)) {
        runs++;
    }
    if (runs > RUNS_MAX) {
        return fail(em, cond, OVERT_E_LIMIT, "a set is too scattered");
    }
    insn.b = ov_le16_of((uint16_t)runs);
    if (!put_insn(em, cond, insn, takes, leaves)) {
        return false;
    }
    for (uint32_t i = 0; i < set->count; i += run_at(set, i)) {
        insn = (struct ov_db_insn){
            .op = OV_OP_RUN,
            .b = ov_le16_of((uint16_t)run_at(set, i)),
            .c = ov_le32_of(number_of(set, i)),
        };
        if (!put_insn(em, cond, insn, 0, 0)) {
            return false;
        }
    }
    return true;
}

static bool emit_of(struct ov_cond_emit *em, const struct ov_cond *cond, enum ov_op op)
{
    const struct ov_expr *e = cond->expr;
    const struct set strings = { .numbers = e->strings, .count = e->string_count };
    const struct set rules = {
        .numbers = e->rules,
        .count = e->rule_count,
        .map = em->context->plans,
    };
    uint32_t takes = 0;

    if (cond->quantity != NULL) {
        takes++;
        if (!emit(em, cond->quantity)) {
            return false;
        }
    }
    if (cond->a != NULL) {
        takes++;
        if (!emit(em, cond->a)) {
            return false;
        }
    }
    if (cond->b != NULL) {
        takes++;
        if (!emit(em, cond->b)) {
            return false;
        }
    }
    return put_with_set(em, cond, op, op == OV_OP_OF_RULES ? &rules : &strings, takes, 1);
}

/* --- loops ----------------------------------------------------------------------------------- */

static bool emit_body(struct ov_cond_emit *em, const struct ov_cond *cond, uint32_t *next)
{
    const uint32_t base = em->priv_height;

    OV_ASSERT(em->priv_loop_count < OV_LOOP_NEST_MAX);
    em->priv_loops[em->priv_loop_count++] = cond->expr->local;
    if (!emit(em, cond->body)) {
        return false;
    }
    *next = here(em);
    if (!put(em, cond, OV_OP_NEXT, 0, 0, 1, 0)) {
        return false;
    }
    em->priv_loop_count--;
    OV_ASSERT(em->priv_height == base);
    return true;
}

static bool put_loop(
        struct ov_cond_emit *em, const struct ov_cond *cond, enum ov_op op, uint32_t takes)
{
    const struct ov_db_insn insn = {
        .op = (uint8_t)op,
        .a = (uint8_t)ov_cond_quant(cond->expr->how_many),
        .b = ov_le16_of(op == OV_OP_FOR_FIELD ? (uint16_t)cond->expr->field : 0),
    };

    return put_insn(em, cond, insn, takes, 0);
}

static bool emit_loop(struct ov_cond_emit *em, const struct ov_cond *cond)
{
    const struct ov_expr *e = cond->expr;
    const enum ov_op op = e->kind == OV_EXPR_FOR_RANGE     ? OV_OP_FOR_RANGE
                          : e->kind == OV_EXPR_FOR_FIELD   ? OV_OP_FOR_FIELD
                          : e->kind == OV_EXPR_FOR_STRINGS ? OV_OP_FOR_STRINGS
                                                           : OV_OP_FOR_LIST;
    const struct set strings = { .numbers = e->strings, .count = e->string_count };
    uint32_t takes = 0, at, next;

    if (cond->quantity != NULL) {
        takes++;
        if (!emit(em, cond->quantity)) {
            return false;
        }
    }
    if (op == OV_OP_FOR_RANGE) {
        takes += 2;
        if (!emit(em, cond->a) || !emit(em, cond->b)) {
            return false;
        }
    }
    if (op == OV_OP_FOR_FIELD) {
        takes++;
        if (!emit(em, cond->a)) {
            return false;
        }
    }
    at = here(em);
    if (!(op == OV_OP_FOR_STRINGS ? put_with_set(em, cond, op, &strings, takes, 0)
                                  : put_loop(em, cond, op, takes))
            || !emit_body(em, cond, &next)) {
        return false;
    }
    set_c(em, at, here(em));
    if (op == OV_OP_FOR_LIST) {
        /* The items stand behind the body. Their loop is open already, so theirs are deeper. */
        if (em->priv_loop_count >= OV_LOOP_NEST_MAX) {
            return fail(em, cond, OVERT_E_LIMIT, "loops nest too deeply");
        }
        em->priv_loops[em->priv_loop_count++] = e->local;
        for (uint32_t i = 0; i < cond->child_count; i++) {
            if (!emit(em, cond->children[i]) || !put(em, cond, OV_OP_ITEM, 0, 0, 1, 0)) {
                return false;
            }
        }
        em->priv_loop_count--;
        if (!put(em, cond, OV_OP_ITEMS_END, 0, 0, 0, 0)) {
            return false;
        }
    }
    set_c(em, next, here(em));
    em->priv_height++; /* the result */
    return em->priv_height <= OV_CONDITION_STACK_MAX
           || fail(em, cond, OVERT_E_LIMIT, "the condition holds too many values at once");
}

/* --- the rest -------------------------------------------------------------------------------- */

static bool emit_connected(struct ov_cond_emit *em, const struct ov_cond *cond)
{
    const enum ov_op op = cond->expr->kind == OV_EXPR_AND ? OV_OP_AND : OV_OP_OR;
    struct ov_buf jumps;
    bool good = true;

    OV_ASSERT(cond->child_count > 0);
    ov_buf_init(&jumps, SIZE_MAX);
    for (uint32_t i = 0; good && i < cond->child_count; i++) {
        good = emit(em, cond->children[i]);
        if (good && i + 1 < cond->child_count) {
            const uint32_t at = here(em);

            ov_buf_put(&jumps, &at, sizeof(at));
            good = put(em, cond, op, 0, 0, 1, 0);
        }
    }
    good = good && put(em, cond, OV_OP_TRUTH, 0, 0, 1, 1);
    if (good && !ov_buf_ok(&jumps)) {
        good = fail(em, cond, OVERT_E_NOMEM, "no memory for a condition");
    }
    if (good) {
        struct ov_reader r = ov_reader_on(ov_buf_bytes(&jumps));
        struct ov_bytes one;
        uint32_t at;

        while (ov_read_bytes(&r, sizeof(at), &one)) {
            memcpy(&at, ov_bytes_raw(one), sizeof(at));
            set_c(em, at, here(em));
        }
    }
    ov_buf_done(&jumps);
    return good;
}

/* b only where a is true; a itself, being 0, where it is not. */
static bool emit_if(struct ov_cond_emit *em, const struct ov_cond *cond)
{
    uint32_t at;

    if (!emit(em, cond->a)) {
        return false;
    }
    at = here(em);
    if (!put(em, cond, OV_OP_AND, 0, 0, 1, 0) || !emit(em, cond->b)) {
        return false;
    }
    set_c(em, at, here(em));
    return true;
}

static bool emit_with_text(struct ov_cond_emit *em, const struct ov_cond *cond, enum ov_op op)
{
    uint32_t at = 0;

    return emit(em, cond->a) && intern_text(em, cond, cond->expr->text, &at)
           && put(em, cond, op, 0, at, 1, 1);
}

/* Where it lies in OV_DB_REGEXES. */
static bool place_regex(struct ov_cond_emit *em, const struct ov_expr *re, uint32_t *out)
{
    struct ov_buf whole;

    ov_buf_init(&whole, UINT32_MAX);
    ov_buf_put_zeros(&whole, 8);
    em->status = ov_compile_regex(re->re, re->re_flags, &whole, &em->err);
    if (em->status == OVERT_OK && !ov_buf_ok(&whole)) {
        em->status =
                ov_fail(&em->err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a regular expression");
    }
    if (em->status == OVERT_OK) {
        ov_buf_set_u32le(&whole, 0, (uint32_t)(ov_bytes_len(ov_buf_bytes(&whole)) - 8));
        *out = ov_intern_put(em->regexes, ov_buf_bytes(&whole), 8);
    }
    ov_buf_done(&whole);
    if (em->status != OVERT_OK) {
        em->at = re;
    }
    return em->status == OVERT_OK;
}

static bool emit_matches(struct ov_cond_emit *em, const struct ov_cond *cond)
{
    uint32_t at = 0;

    return emit(em, cond->a) && place_regex(em, cond->expr->b, &at)
           && put(em, cond, OV_OP_MATCHES, 0, at, 1, 1);
}

static bool emit_pattern(struct ov_cond_emit *em, const struct ov_cond *cond)
{
    uint32_t at = 0;

    return place_regex(em, cond->expr, &at) && put(em, cond, OV_OP_PATTERN, 0, at, 0, 1);
}

static bool emit_field(struct ov_cond_emit *em, const struct ov_cond *cond, enum ov_op op)
{
    const uint32_t takes = cond->b == NULL ? 1 : 2;

    return emit(em, cond->a) && (takes == 1 || emit(em, cond->b))
           && put(em, cond, op, 0, cond->expr->field, takes, 1);
}

static bool emit_call(struct ov_cond_emit *em, const struct ov_cond *cond)
{
    if (!emit(em, cond->a)) {
        return false;
    }
    for (uint32_t i = 0; i < cond->child_count; i++) {
        if (!emit(em, cond->children[i])) {
            return false;
        }
    }
    return put(em, cond, OV_OP_CALL, 0, cond->expr->field, 1 + cond->child_count, 1);
}

static bool emit_operator(
        struct ov_cond_emit *em, const struct ov_cond *cond, enum ov_op op, uint32_t takes)
{
    return emit(em, cond->a) && (takes == 1 || emit(em, cond->b))
           && put(em, cond, op, 0, 0, takes, 1);
}

static bool emit_read(struct ov_cond_emit *em, const struct ov_cond *cond)
{
    const struct ov_expr *e = cond->expr;

    return emit(em, cond->a)
           && put(em, cond, OV_OP_READ,
                   e->read_bytes | (e->read_signed ? OV_READ_SIGNED : 0)
                           | (e->read_big ? OV_READ_BIG : 0),
                   0, 1, 1);
}

static bool emit_bounded(
        struct ov_cond_emit *em, const struct ov_cond *cond, enum ov_op op, uint32_t takes)
{
    return emit(em, cond->a) && (takes == 1 || emit(em, cond->b))
           && emit_string(em, cond, op, takes);
}

static bool emit(struct ov_cond_emit *em, const struct ov_cond *cond)
{
    const struct ov_expr *e = cond->expr;

    if (cond->sure.how == OV_KNOWN_EXACTLY) {
        return emit_constant(em, cond);
    }
    switch ((unsigned)e->kind) {
    case OV_EXPR_FILESIZE:
        return put(em, cond, OV_OP_FILESIZE, 0, 0, 0, 1);
    case OV_EXPR_ENTRYPOINT:
        return put(em, cond, OV_OP_ENTRYPOINT, 0, 0, 0, 1);
    case OV_EXPR_OBJECT:
        return put(em, cond, OV_OP_OBJECT, e->index, (uint32_t)e->integer, 0, 1);
    case OV_EXPR_PCRE:
        return emit_with_text(em, cond, OV_OP_PCRE);
    case OV_EXPR_COMPARE:
        return emit_with_text(em, cond, OV_OP_COMPARE);
    case OV_EXPR_IF:
        return emit_if(em, cond);
    case OV_EXPR_READ:
        return emit_read(em, cond);
    case OV_EXPR_EXTERNAL:
        return put(em, cond, OV_OP_EXTERNAL, 0, e->index, 0, 1);
    case OV_EXPR_LOCAL:
        return put(em, cond, OV_OP_LOCAL, e->is_key, loop_of(em, e->local), 0, 1);
    case OV_EXPR_MODULE:
        return put(em, cond, OV_OP_MODULE, 0, e->field, 0, 1);
    case OV_EXPR_FIELD:
        return emit_field(em, cond, OV_OP_FIELD);
    case OV_EXPR_ITEM:
        return emit_field(em, cond, OV_OP_ITEM_OF);
    case OV_EXPR_ENTRY:
        return emit_field(em, cond, OV_OP_ENTRY_OF);
    case OV_EXPR_CALL:
        return emit_call(em, cond);
    case OV_EXPR_PATTERN:
        return emit_pattern(em, cond);
    case OV_EXPR_RULE:
        return put(em, cond, OV_OP_RULE, 0, em->context->plans[e->index].number, 0, 1);
    case OV_EXPR_FOUND:
        return emit_string(em, cond, OV_OP_FOUND, 0);
    case OV_EXPR_FOUND_AT:
        return emit_bounded(em, cond, OV_OP_FOUND_AT, 1);
    case OV_EXPR_FOUND_IN:
        return emit_bounded(em, cond, OV_OP_FOUND_IN, 2);
    case OV_EXPR_COUNT:
        return emit_string(em, cond, OV_OP_COUNT, 0);
    case OV_EXPR_COUNT_IN:
        return emit_bounded(em, cond, OV_OP_COUNT_IN, 2);
    case OV_EXPR_OFFSET:
        return emit_indexed(em, cond, OV_OP_OFFSET);
    case OV_EXPR_LENGTH:
        return emit_indexed(em, cond, OV_OP_LENGTH);
    case OV_EXPR_NOT:
        return emit_operator(em, cond, OV_OP_NOT, 1);
    case OV_EXPR_DEFINED:
        return emit_operator(em, cond, OV_OP_DEFINED, 1);
    case OV_EXPR_NEGATE:
        return emit_operator(em, cond, OV_OP_NEGATE, 1);
    case OV_EXPR_BIT_NOT:
        return emit_operator(em, cond, OV_OP_BIT_NOT, 1);
    case OV_EXPR_AND:
    case OV_EXPR_OR:
        return emit_connected(em, cond);
    case OV_EXPR_MATCHES:
        return emit_matches(em, cond);
    case OV_EXPR_OF_STRINGS:
        return emit_of(em, cond, OV_OP_OF);
    case OV_EXPR_OF_STRINGS_AT:
        return emit_of(em, cond, OV_OP_OF_AT);
    case OV_EXPR_OF_STRINGS_IN:
        return emit_of(em, cond, OV_OP_OF_IN);
    case OV_EXPR_OF_RULES:
        return emit_of(em, cond, OV_OP_OF_RULES);
    case OV_EXPR_FOR_STRINGS:
    case OV_EXPR_FOR_RANGE:
    case OV_EXPR_FOR_LIST:
    case OV_EXPR_FOR_FIELD:
        return emit_loop(em, cond);
    default:
        return emit_operator(em, cond, ov_cond_op(e->kind, ov_cond_is_float(cond->a, cond->b)), 2);
    }
}

bool ov_cond_emit(struct ov_cond_emit *em, const struct ov_cond *root)
{
    em->status = OVERT_OK;
    em->priv_height = 0;
    em->priv_loop_count = 0;
    if (!emit(em, root) || !put(em, root, OV_OP_END, 0, 0, 1, 0)) {
        return false;
    }
    if (!ov_intern_ok(em->texts) || !ov_intern_ok(em->regexes)) {
        return fail(em, root, OVERT_E_NOMEM, "no memory for conditions");
    }
    return true;
}
