/* SPDX-License-Identifier: Apache-2.0 */
/* What a condition asks of an object's first bytes and size, as hints: a tree of its `and`s and
 * `or`s in which only such questions are left. `not` is pushed down to the questions. Anything
 * else might be true, so it is open. */
#include <stdlib.h>
#include <string.h>

#include "compile/condition.h"
#include "db/lists.h"

/* Questions farther inside an object are not asked: classes of objects are told apart by their
 * first bytes. */
#define OFFSET_MAX 64

static const struct ov_hint never = { .kind = OV_HINT_NEVER };

bool ov_hints_init(struct ov_hints *hints, size_t rules, const struct ov_list_entry *lists)
{
    *hints = (struct ov_hints){ .of_rule = calloc(rules + 1, sizeof(const struct ov_hint *)),
        .lists = lists };
    ov_arena_init(&hints->arena, UINT64_MAX);
    return hints->of_rule != NULL;
}

void ov_hints_done(struct ov_hints *hints)
{
    free(hints->of_rule);
    ov_arena_done(&hints->arena);
    *hints = (struct ov_hints){ 0 };
}

static struct ov_hint *new_hint(struct ov_hints *hints, enum ov_hint_kind kind)
{
    struct ov_hint *hint = ov_arena_alloc(&hints->arena, 1, sizeof(*hint));

    if (hint == NULL) {
        hints->out_of_memory = true;
        return NULL;
    }
    hint->kind = kind;
    return hint;
}

/* A copy in a list of its own: one hint may have several parents. */
static const struct ov_hint *listed(
        struct ov_hints *hints, const struct ov_hint *hint, const struct ov_hint *before)
{
    struct ov_hint *copy = new_hint(hints, hint->kind);

    if (copy == NULL) {
        return before;
    }
    *copy = *hint;
    copy->next = before;
    return copy;
}

/* One more child of an AND or OR under construction: NULL is the AND of nothing, NEVER the OR of
 * nothing. */
static const struct ov_hint *join(struct ov_hints *hints, enum ov_hint_kind kind,
        const struct ov_hint *all, const struct ov_hint *one)
{
    struct ov_hint *parent;

    if (kind == OV_HINT_AND) {
        if (one == NULL || (all != NULL && all->kind == OV_HINT_NEVER)) {
            return all;
        }
        if (all == NULL || one->kind == OV_HINT_NEVER) {
            return one;
        }
    } else {
        if (all == NULL || one == NULL) {
            return NULL;
        }
        if (all->kind == OV_HINT_NEVER) {
            return one;
        }
        if (one->kind == OV_HINT_NEVER) {
            return all;
        }
    }
    parent = new_hint(hints, kind);
    if (parent == NULL) {
        return NULL;
    }
    if (all->kind == kind) { /* flat, so that long chains are not deep */
        parent->children = listed(hints, one, all->children);
    } else {
        parent->children = listed(hints, one, listed(hints, all, NULL));
    }
    return parent;
}

static bool constant_of(const struct ov_cond *cond, int64_t *out)
{
    return cond != NULL && cond->sure.how == OV_KNOWN_EXACTLY
           && cond->sure.value.kind == OV_VALUE_INT && ov_value_as_int(cond->sure.value, out);
}

static const struct ov_hint *bytes_hint(struct ov_hints *hints, enum ov_hint_kind kind,
        int64_t offset, const uint8_t *bytes, uint32_t count)
{
    struct ov_hint *hint;

    if (offset < 0 || offset > OFFSET_MAX || count == 0) {
        return NULL;
    }
    hint = new_hint(hints, kind);
    if (hint == NULL) {
        return NULL;
    }
    hint->offset = (uint32_t)offset;
    hint->count = count < OV_HINT_BYTES_MAX ? count : OV_HINT_BYTES_MAX;
    memcpy(hint->bytes, bytes, hint->count);
    return hint;
}

/* --- uint16(0) == 0x5a4d, filesize < 1MB -------------------------------------------------------- */

static const struct ov_hint *of_read(
        struct ov_hints *hints, const struct ov_cond *read, const struct ov_cond *other, bool equal)
{
    const struct ov_expr *e = read->expr;
    int64_t offset, value, low, high;
    uint8_t bytes[4];

    if (e->kind != OV_EXPR_READ || !constant_of(read->a, &offset) || !constant_of(other, &value)) {
        return NULL;
    }
    high = ((int64_t)1 << (8 * e->read_bytes - (e->read_signed ? 1 : 0))) - 1;
    low = e->read_signed ? -high - 1 : 0;
    if (value < low || value > high) {
        return equal ? &never : NULL;
    }
    for (unsigned i = 0; i < e->read_bytes && i < sizeof(bytes); i++) {
        const unsigned place = e->read_big ? e->read_bytes - 1u - i : i;

        bytes[i] = (uint8_t)((uint64_t)value >> 8 * place);
    }
    return bytes_hint(
            hints, equal ? OV_HINT_BYTES : OV_HINT_NOT_BYTES, offset, bytes, e->read_bytes);
}

static const struct ov_hint *size_hint(struct ov_hints *hints, uint64_t min, uint64_t max)
{
    struct ov_hint *hint;

    if (min > max) {
        return &never;
    }
    hint = new_hint(hints, OV_HINT_SIZE);
    if (hint != NULL) {
        hint->size_min = min;
        hint->size_max = max;
    }
    return hint;
}

/* filesize KIND n */
static const struct ov_hint *of_size(struct ov_hints *hints, enum ov_expr_kind kind, int64_t n)
{
    const uint64_t size = n < 0 ? 0 : (uint64_t)n;

    switch ((unsigned)kind) {
    case OV_EXPR_EQ:
        return n < 0 ? &never : size_hint(hints, size, size);
    case OV_EXPR_LT:
        return n <= 0 ? &never : size_hint(hints, 0, size - 1);
    case OV_EXPR_LE:
        return n < 0 ? &never : size_hint(hints, 0, size);
    case OV_EXPR_GT:
        return n < 0 ? NULL : size_hint(hints, size + 1, UINT64_MAX);
    case OV_EXPR_GE:
        return size_hint(hints, size, UINT64_MAX);
    default:
        return NULL;
    }
}

/* The comparison with its operands exchanged, or the one that is true when this one is not. */
static enum ov_expr_kind turned(enum ov_expr_kind kind)
{
    return kind == OV_EXPR_LT   ? OV_EXPR_GT
           : kind == OV_EXPR_LE ? OV_EXPR_GE
           : kind == OV_EXPR_GT ? OV_EXPR_LT
           : kind == OV_EXPR_GE ? OV_EXPR_LE
                                : kind;
}

static enum ov_expr_kind opposite(enum ov_expr_kind kind)
{
    return kind == OV_EXPR_LT   ? OV_EXPR_GE
           : kind == OV_EXPR_LE ? OV_EXPR_GT
           : kind == OV_EXPR_GT ? OV_EXPR_LE
           : kind == OV_EXPR_GE ? OV_EXPR_LT
           : kind == OV_EXPR_EQ ? OV_EXPR_NE
                                : OV_EXPR_EQ;
}

/* Which side of `not` something stands on. */
enum ov_side {
    OV_SIDE_PLAIN,
    OV_SIDE_NEGATED,
    OV_SIDE_BACK /* of an even number, not 0: what is undefined may count as true here */
};

/* A size is always defined, so `not` can turn a comparison around; a byte that is not there is
 * neither equal nor unequal. */
static const struct ov_hint *of_comparison(
        struct ov_hints *hints, const struct ov_cond *cond, enum ov_side side)
{
    const bool negated = side == OV_SIDE_NEGATED;
    const enum ov_expr_kind kind = cond->expr->kind;
    int64_t n;

    if (cond->a->expr->kind == OV_EXPR_FILESIZE && constant_of(cond->b, &n)) {
        return of_size(hints, negated ? opposite(kind) : kind, n);
    }
    if (cond->b->expr->kind == OV_EXPR_FILESIZE && constant_of(cond->a, &n)) {
        return of_size(hints, turned(negated ? opposite(kind) : kind), n);
    }
    if ((kind == OV_EXPR_EQ && side != OV_SIDE_BACK)
            || (kind == OV_EXPR_NE && side == OV_SIDE_PLAIN)) {
        const bool equal = kind == OV_EXPR_EQ && !negated;
        const struct ov_hint *hint = of_read(hints, cond->a, cond->b, equal);

        return hint != NULL ? hint : of_read(hints, cond->b, cond->a, equal);
    }
    return NULL;
}

/* What cond_guards.c knows of it: facts of a module are there in its kind of object alone. */
static const struct ov_hint *of_guards(struct ov_hints *hints, const struct ov_cond *cond)
{
    const struct ov_hint *all = &never;
    struct ov_guards guards;

    ov_cond_guards(cond, &guards);
    for (uint32_t t = 0; t < guards.count; t++) {
        const struct ov_guard *test = &guards.tests[t];
        uint8_t bytes[4];

        for (unsigned i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)(test->value >> 8 * i);
        }
        all = join(hints, OV_HINT_OR, all,
                bytes_hint(hints, OV_HINT_BYTES, test->offset, bytes, test->bytes));
    }
    return all;
}

/* --- $mz at 0 ----------------------------------------------------------------------------------- */

/* The bytes a hex string begins with for certain. */
static uint32_t leading_bytes(const struct ov_re *re, uint8_t out[OV_HINT_BYTES_MAX])
{
    const struct ov_re *at = re->kind == OV_RE_CONCAT ? re->children : re;
    uint32_t count = 0;

    for (; at != NULL && count < OV_HINT_BYTES_MAX;
            at = re->kind == OV_RE_CONCAT ? at->next : NULL) {
        if (at->kind != OV_RE_BYTE || at->mask != 0xff || at->negate) {
            break;
        }
        out[count++] = at->value;
    }
    return count;
}

static const struct ov_hint *of_text_at(
        struct ov_hints *hints, const struct ov_string *string, int64_t offset)
{
    const uint64_t len = ov_bytes_len(string->text);
    const uint32_t count = (uint32_t)(len < OV_HINT_BYTES_MAX ? len : OV_HINT_BYTES_MAX);
    const struct ov_hint *all = &never;
    uint8_t wide[OV_HINT_BYTES_MAX] = { 0 };

    if ((string->flags
                & (OV_STRING_NOCASE | OV_STRING_XOR | OV_STRING_BASE64 | OV_STRING_BASE64_WIDE))
            != 0) {
        return NULL;
    }
    for (uint32_t i = 0; i < count && 2 * i < OV_HINT_BYTES_MAX; i++) {
        wide[2 * i] = ov_bytes_raw(string->text)[i];
    }
    if ((string->flags & OV_STRING_ASCII) != 0) {
        all = join(hints, OV_HINT_OR, all,
                bytes_hint(hints, OV_HINT_BYTES, offset, ov_bytes_raw(string->text), count));
    }
    if ((string->flags & OV_STRING_WIDE) != 0) {
        all = join(
                hints, OV_HINT_OR, all, bytes_hint(hints, OV_HINT_BYTES, offset, wide, count * 2));
    }
    return all;
}

static const struct ov_hint *of_string_at(
        struct ov_hints *hints, const struct ov_rule *rule, uint32_t string, int64_t offset)
{
    const struct ov_string *s;
    uint8_t bytes[OV_HINT_BYTES_MAX];
    uint32_t count;

    if (string >= rule->string_count) {
        return NULL; /* the variable of a loop */
    }
    s = &rule->strings[string];
    if (s->kind == OV_STRING_TEXT) {
        return of_text_at(hints, s, offset);
    }
    if (s->kind != OV_STRING_HEX) {
        return NULL;
    }
    count = leading_bytes(s->re, bytes);
    return bytes_hint(hints, OV_HINT_BYTES, offset, bytes, count);
}

/* any of ($a, $b) at 0 */
static const struct ov_hint *of_set_at(
        struct ov_hints *hints, const struct ov_rule *rule, const struct ov_cond *cond)
{
    const struct ov_expr *e = cond->expr;
    const enum ov_hint_kind kind = e->how_many == OV_ANY ? OV_HINT_OR : OV_HINT_AND;
    const struct ov_hint *all = kind == OV_HINT_OR ? &never : NULL;
    int64_t offset;

    if ((e->how_many != OV_ANY && e->how_many != OV_ALL) || !constant_of(cond->a, &offset)) {
        return NULL;
    }
    for (uint32_t i = 0; i < e->string_count; i++) {
        all = join(hints, kind, all, of_string_at(hints, rule, e->strings[i], offset));
    }
    return all;
}

/* --- a target of ClamAV's signatures -------------------------------------------------------------- */

struct start {
    uint8_t target; /* an object of it begins so; ov_clam_detect (formats/clam_type.c) says when */
    uint8_t count;
    const char *bytes;
};

static const struct start starts[] = {
    { OV_TARGET_PE, 2, "MZ" },
    { OV_TARGET_ELF, 4, "\177ELF" },
    { OV_TARGET_MACHO, 4, "\xcf\xfa\xed\xfe" },
    { OV_TARGET_MACHO, 4, "\xce\xfa\xed\xfe" },
    { OV_TARGET_MACHO, 4, "\xfe\xed\xfa\xce" },
    { OV_TARGET_MACHO, 4, "\xfe\xed\xfa\xcf" },
    { OV_TARGET_MACHO, 4, "\xca\xfe\xba\xbe" },
    { OV_TARGET_JAVA, 4, "\xca\xfe\xba\xbe" },
    { OV_TARGET_OLE2, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" },
    { OV_TARGET_PDF, 5, "%PDF-" },
    { OV_TARGET_FLASH, 3, "FWS" },
    { OV_TARGET_FLASH, 3, "CWS" },
    { OV_TARGET_FLASH, 3, "ZWS" },
    { OV_TARGET_GRAPHICS, 4, "GIF8" },
    { OV_TARGET_GRAPHICS, 4, "\x89PNG" },
    { OV_TARGET_GRAPHICS, 3, "\xff\xd8\xff" },
    { OV_TARGET_GRAPHICS, 4, "II*\0" },
    { OV_TARGET_GRAPHICS, 4, "MM\0*" },
    { OV_TARGET_GRAPHICS, 2, "BM" },
    { OV_TARGET_GRAPHICS, 8, "\0\0\0\x0cjP  " },
};

/* Mail begins in many ways, but not as what is most common beside it: a file that does so is of
 * another type. No more than four bytes: only then does a class hold all of them. */
static const struct start not_text[] = {
    { 0, 2, "MZ" },
    { 0, 4, "\177ELF" },
    { 0, 4, "PK\3\4" },
    { 0, 4, "\xca\xfe\xba\xbe" },
    { 0, 2, "\x1f\x8b" },
    { 0, 4, "\x89PNG" },
    { 0, 4, "GIF8" },
    { 0, 3, "\xff\xd8\xff" },
};

static const struct ov_hint *looked_at(struct ov_hints *hints, uint32_t stances)
{
    struct ov_hint *hint = new_hint(hints, OV_HINT_STANCE);

    if (hint != NULL) {
        hint->stances = stances;
    }
    return hint;
}

/* How an object of the target begins. */
static const struct ov_hint *beginning_of(struct ov_hints *hints, unsigned target)
{
    const struct ov_hint *all = &never;

    if (target == OV_TARGET_MAIL) {
        all = NULL;
        for (size_t i = 0; i < sizeof(not_text) / sizeof(not_text[0]); i++) {
            all = join(hints, OV_HINT_AND, all,
                    bytes_hint(hints, OV_HINT_NOT_BYTES, 0, (const uint8_t *)not_text[i].bytes,
                            not_text[i].count));
        }
        return all;
    }
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        if (starts[i].target == target) {
            all = join(hints, OV_HINT_OR, all,
                    bytes_hint(hints, OV_HINT_BYTES, 0, (const uint8_t *)starts[i].bytes,
                            starts[i].count));
        }
    }
    return all == &never ? NULL : all;
}

/* Do the bytes begin as the start does, or as much as there is of either? */
static bool begin_alike(struct ov_bytes bytes, const struct start *start)
{
    const uint64_t len = ov_bytes_len(bytes) < start->count ? ov_bytes_len(bytes) : start->count;

    return memcmp(ov_bytes_raw(bytes), start->bytes, (size_t)len) == 0;
}

/* Objects with these bytes are of the target whatever else is known: does the hint hold for them as
 * it is? */
static bool is_covered(unsigned target, uint32_t offset, struct ov_bytes bytes)
{
    if (target == OV_TARGET_MAIL) {
        bool alike = offset != 0;

        for (size_t i = 0; i < sizeof(not_text) / sizeof(not_text[0]); i++) {
            alike = alike || begin_alike(bytes, &not_text[i]);
        }
        return !alike;
    }
    for (size_t i = 0; offset == 0 && i < sizeof(starts) / sizeof(starts[0]); i++) {
        if (starts[i].target == target && ov_bytes_len(bytes) >= starts[i].count
                && begin_alike(bytes, &starts[i])) {
            return true;
        }
    }
    return false;
}

/* The hint, or a beginning that the database itself lists for the target. */
static const struct ov_hint *or_listed(
        struct ov_hints *hints, unsigned target, const struct ov_hint *all)
{
    for (const struct ov_list_entry *e = hints->lists; e != NULL && all != NULL; e = e->next) {
        struct ov_list_magic head;
        struct ov_bytes fixed, bytes;

        if (e->kind != OV_LIST_MAGIC || !ov_bytes_slice(e->bytes, 0, sizeof(head), &fixed)
                || !ov_bytes_slice(
                        e->bytes, sizeof(head), ov_bytes_len(e->bytes) - sizeof(head), &bytes)) {
            continue;
        }
        memcpy(&head, ov_bytes_raw(fixed), sizeof(head));
        if ((unsigned)ov_clam_target_of((enum ov_clam_type)ov_le32_get(head.type)) == target
                && !is_covered(target, ov_le32_get(head.offset), bytes)) {
            all = join(hints, OV_HINT_OR, all,
                    bytes_hint(hints, OV_HINT_BYTES, ov_le32_get(head.offset), ov_bytes_raw(bytes),
                            (uint32_t)ov_bytes_len(bytes)));
        }
    }
    return all;
}

/* What the engine says of the object is what its target is asked of (ov_walk_clam_stance), so texts
 * and pages need no other hint. */
static const struct ov_hint *of_target(struct ov_hints *hints, unsigned target)
{
    const uint32_t file = 1u << OV_STANCE_FILE, text = 1u << OV_STANCE_TEXT,
                   page = 1u << OV_STANCE_PAGE;

    switch (target) {
    case OV_TARGET_ANY:
        return looked_at(hints, file | text | page);
    case OV_TARGET_TEXT:
        return looked_at(hints, text);
    case OV_TARGET_HTML:
        return looked_at(hints, page);
    default:
        return join(hints, OV_HINT_AND, looked_at(hints, file),
                or_listed(hints, target, beginning_of(hints, target)));
    }
}

static const struct ov_hint *of_object(
        struct ov_hints *hints, const struct ov_expr *e, enum ov_side side)
{
    const uint64_t target = (uint64_t)e->integer;

    if (side == OV_SIDE_NEGATED || e->index != OV_FACT_TARGET || target >= OV_TARGET_COUNT) {
        return NULL;
    }
    if (!hints->target_known[target]) {
        hints->of_target[target] = of_target(hints, (unsigned)target);
        hints->target_known[target] = true;
    }
    return hints->of_target[target];
}

/* --- the tree ----------------------------------------------------------------------------------- */

static const struct ov_hint *hint_of(struct ov_hints *hints, const struct ov_rule *rule,
        const struct ov_cond *cond, enum ov_side side);

static const struct ov_hint *of_children(struct ov_hints *hints, const struct ov_rule *rule,
        const struct ov_cond *cond, enum ov_side side)
{
    const bool is_and = cond->expr->kind == OV_EXPR_AND;
    const enum ov_hint_kind kind = is_and != (side == OV_SIDE_NEGATED) ? OV_HINT_AND : OV_HINT_OR;
    const struct ov_hint *all = kind == OV_HINT_OR ? &never : NULL;

    for (uint32_t i = 0; i < cond->child_count; i++) {
        all = join(hints, kind, all, hint_of(hints, rule, cond->children[i], side));
    }
    return all;
}

static const struct ov_hint *hint_of(struct ov_hints *hints, const struct ov_rule *rule,
        const struct ov_cond *cond, enum ov_side side)
{
    const bool negated = side == OV_SIDE_NEGATED;
    const struct ov_hint *hint;
    int64_t offset;

    if (cond->sure.how == OV_KNOWN_EXACTLY) {
        return ov_value_is_true(cond->sure.value) == negated ? &never : NULL;
    }
    switch ((unsigned)cond->expr->kind) {
    case OV_EXPR_NOT:
        return hint_of(hints, rule, cond->a, negated ? OV_SIDE_BACK : OV_SIDE_NEGATED);
    case OV_EXPR_AND:
    case OV_EXPR_OR:
        return of_children(hints, rule, cond, side);
    case OV_EXPR_EQ:
    case OV_EXPR_NE:
    case OV_EXPR_LT:
    case OV_EXPR_LE:
    case OV_EXPR_GT:
    case OV_EXPR_GE:
        hint = of_comparison(hints, cond, side);
        return hint != NULL || side != OV_SIDE_PLAIN ? hint : of_guards(hints, cond);
    case OV_EXPR_FOUND_AT:
        return !negated && constant_of(cond->a, &offset)
                       ? of_string_at(hints, rule, cond->expr->string, offset)
                       : NULL;
    case OV_EXPR_OF_STRINGS_AT:
        return negated ? NULL : of_set_at(hints, rule, cond);
    case OV_EXPR_OBJECT:
        return of_object(hints, cond->expr, side);
    case OV_EXPR_RULE:
        return negated || cond->expr->index >= hints->rule_count
                       ? NULL
                       : hints->of_rule[cond->expr->index];
    default:
        return side == OV_SIDE_PLAIN ? of_guards(hints, cond) : NULL;
    }
}

void ov_cond_hint(struct ov_hints *hints, const struct ov_rule *rule, const struct ov_cond *cond)
{
    hints->of_rule[hints->rule_count++] =
            cond == NULL ? &never : hint_of(hints, rule, cond, OV_SIDE_PLAIN);
}
