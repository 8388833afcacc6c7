/* SPDX-License-Identifier: Apache-2.0 */
/* automaton.c - Thompson's construction, written from the end to the beginning: each node is made
 * when the one behind it is known, so that only loops point forward. */
#include "compile/automaton.h"

#include <string.h>

#include "base/arena.h"
#include "base/clamtype.h"
#include "base/limits.h"
#include "compile/byteset.h"
#include "db/match_layout.h"

struct node {
    uint8_t op;
    uint8_t arg;
    uint16_t set;
    uint16_t next;
    uint16_t alt;
};

struct builder {
    const struct ov_automaton_options *options;
    struct ov_arena arena; /* lists of children, while the tree is walked */
    struct node *nodes;    /* owned, OV_PROGRAM_NODES_MAX of them */
    uint32_t node_count;
    struct ov_re_set *sets; /* owned */
    uint32_t set_count;
    uint32_t set_cap;
    bool loops;
    bool too_large;
    bool out_of_memory;
};

static bool failed(const struct builder *b)
{
    return b->too_large || b->out_of_memory;
}

static uint16_t add_node(struct builder *b, struct node node)
{
    if (b->node_count >= OV_PROGRAM_NODES_MAX) {
        b->too_large = true;
        return 0;
    }
    b->nodes[b->node_count] = node;
    return (uint16_t)b->node_count++;
}

/* Equal sets stand near each other in rules, so looking at the last few finds most of them. */
static uint16_t add_set(struct builder *b, const struct ov_re_set *set)
{
    const uint32_t first = b->set_count > 64 ? b->set_count - 64 : 0;

    for (uint32_t i = first; i < b->set_count; i++) {
        if (ov_set_equal(&b->sets[i], set)) {
            return (uint16_t)i;
        }
    }
    if (b->set_count == b->set_cap) {
        const uint32_t cap = b->set_cap == 0 ? 16 : b->set_cap * 2;
        struct ov_re_set *at = realloc(b->sets, cap * sizeof(*at));

        if (at == NULL) {
            b->out_of_memory = true;
            return 0;
        }
        b->sets = at;
        b->set_cap = cap;
    }
    b->sets[b->set_count] = *set; /* never more sets than nodes, so the number fits */
    return (uint16_t)b->set_count++;
}

static uint16_t add_byte(struct builder *b, const struct ov_re_set *set, uint16_t next)
{
    const unsigned count = ov_set_count(set);
    struct node node = { .op = OV_NODE_SET, .next = next };

    if (failed(b)) {
        return 0;
    }
    if (count == 256) {
        node.op = OV_NODE_ANY;
    } else if (count == 1) {
        node.op = OV_NODE_BYTE;
        while (!ov_set_has(set, node.arg)) {
            node.arg++;
        }
    } else {
        node.set = add_set(b, set);
    }
    return add_node(b, node);
}

static uint16_t emit_one_byte(struct builder *b, const struct ov_re_set *set, uint16_t next)
{
    const struct ov_re_set zero = { { 1 } };

    if (!b->options->wide) {
        return add_byte(b, set, next);
    }
    if (b->options->backward) { /* comes to the zero first */
        return add_byte(b, &zero, add_byte(b, set, next));
    }
    return add_byte(b, set, add_byte(b, &zero, next));
}

static uint16_t emit_assert(struct builder *b, const struct ov_re *re, uint16_t next)
{
    const enum ov_re_kind kind = re->kind;
    const bool wide = b->options->wide;
    unsigned arg = kind == OV_RE_BEGIN ? OV_ASSERT_BEGIN : OV_ASSERT_END;

    if (kind == OV_RE_WORD_BOUNDARY) {
        arg = wide ? OV_ASSERT_WORD_WIDE : OV_ASSERT_WORD;
    } else if (kind == OV_RE_NOT_WORD_BOUNDARY) {
        arg = wide ? OV_ASSERT_NOT_WORD_WIDE : OV_ASSERT_NOT_WORD;
    } else if (kind == OV_RE_EDGE) {
        arg = (unsigned)(re->negate ? OV_ASSERT_NOT_EDGE : OV_ASSERT_EDGE) + re->value % OV_EDGES;
    }
    return add_node(b, (struct node){ .op = OV_NODE_ASSERT, .arg = (uint8_t)arg, .next = next });
}

static uint16_t emit(struct builder *b, const struct ov_re *re, uint16_t next);

static uint16_t emit_items(
        struct builder *b, const struct ov_re *const *items, size_t count, uint16_t next)
{
    for (size_t i = 0; i < count && !failed(b); i++) {
        next = emit(b, items[b->options->backward ? i : count - 1 - i], next);
    }
    return next;
}

/* The children of a node in a list; NULL: no memory. */
static const struct ov_re **children_of(struct builder *b, const struct ov_re *re, size_t *count)
{
    const struct ov_re **items;
    size_t i = 0;

    *count = 0;
    for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
        ++*count;
    }
    items = ov_arena_alloc(&b->arena, *count, sizeof(struct ov_re *));
    b->out_of_memory |= items == NULL;
    for (const struct ov_re *child = re->children; child != NULL && items != NULL;
            child = child->next) {
        items[i++] = child;
    }
    return items;
}

static uint16_t emit_concat(struct builder *b, const struct ov_re *re, uint16_t next)
{
    size_t count;
    const struct ov_re **items = children_of(b, re, &count);

    return items != NULL ? emit_items(b, items, count, next) : 0;
}

/* A choice: `first` is preferred. */
static uint16_t add_split(struct builder *b, uint16_t first, uint16_t second)
{
    return add_node(b, (struct node){ .op = OV_NODE_SPLIT, .next = first, .alt = second });
}

static uint16_t emit_alt(struct builder *b, const struct ov_re *re, uint16_t next)
{
    size_t count;
    const struct ov_re **items = children_of(b, re, &count);
    uint16_t entry = next;

    for (size_t i = count; i > 0 && items != NULL && !failed(b); i--) {
        const uint16_t one = emit(b, items[i - 1], next);

        entry = i == count ? one : add_split(b, one, entry);
    }
    return entry;
}

static uint16_t emit_loop(struct builder *b, const struct ov_re *re, uint16_t next)
{
    const uint16_t loop = add_split(b, next, next);
    const uint16_t body = emit(b, re->children, loop);

    if (!failed(b) && body != loop) {
        *(re->lazy ? &b->nodes[loop].alt : &b->nodes[loop].next) = body;
    }
    b->loops |= ov_re_length_min(re->children) == 0;
    return loop;
}

static uint16_t emit_repeat(struct builder *b, const struct ov_re *re, uint16_t next)
{
    const struct ov_re *child = re->children;
    uint32_t min = re->min, max = re->max;
    uint16_t entry = next;

    if (b->options->reach && ov_re_length_min(child) > 0) {
        /* So many copies reach farther than any run: one more or less changes nothing. */
        min = min > OV_REGEX_REACH_BYTES ? OV_REGEX_REACH_BYTES + 1 : min;
        max = max > OV_REGEX_REACH_BYTES ? OV_RE_UNBOUNDED : max;
    }
    if (max == OV_RE_UNBOUNDED) {
        entry = emit_loop(b, re, next);
    } else {
        for (uint32_t i = min; i < max && !failed(b); i++) {
            const uint16_t body = emit(b, child, entry);

            if (body == entry) {
                break; /* the child is nothing at all, however often */
            }
            entry = re->lazy ? add_split(b, next, body) : add_split(b, body, next);
        }
    }
    for (uint32_t i = 0; i < min && !failed(b); i++) {
        const uint16_t body = emit(b, child, entry);

        if (body == entry) {
            break;
        }
        entry = body;
    }
    return entry;
}

static uint16_t emit(struct builder *b, const struct ov_re *re, uint16_t next)
{
    struct ov_re_set set;

    if (failed(b)) {
        return 0;
    }
    switch (re->kind) {
    case OV_RE_EMPTY:
        return next;
    case OV_RE_BYTE:
    case OV_RE_CLASS:
    case OV_RE_ANY:
        (void)ov_re_one_byte(re, b->options->nocase, &set);
        return emit_one_byte(b, &set, next);
    case OV_RE_CONCAT:
        return emit_concat(b, re, next);
    case OV_RE_ALT:
        return emit_alt(b, re, next);
    case OV_RE_REPEAT:
        return emit_repeat(b, re, next);
    case OV_RE_BEGIN:
    case OV_RE_END:
    case OV_RE_WORD_BOUNDARY:
    case OV_RE_NOT_WORD_BOUNDARY:
    case OV_RE_EDGE:
        return emit_assert(b, re, next);
    }
    return next;
}

static void put_program(const struct builder *b, uint16_t start, uint64_t bytes_min,
        uint64_t bytes_max, struct ov_buf *out)
{
    const struct ov_db_program header = {
        .nodes = ov_le32_of(b->node_count),
        .sets = ov_le32_of(b->set_count),
        .start = ov_le32_of(start),
        .flags = (uint8_t)((b->options->backward ? OV_PROGRAM_BACKWARD : 0)
                           | (bytes_max > OV_REGEX_REACH_BYTES ? OV_PROGRAM_UNBOUNDED : 0)
                           | (bytes_min == 0 ? OV_PROGRAM_EMPTY : 0)
                           | (b->loops ? OV_PROGRAM_LOOPS : 0)),
    };

    ov_buf_put(out, &header, sizeof(header));
    for (uint32_t i = 0; i < b->set_count; i++) {
        for (size_t word = 0; word < 4; word++) {
            ov_buf_put_u64le(out, b->sets[i].bits[word]);
        }
    }
    for (uint32_t i = 0; i < b->node_count; i++) {
        const struct ov_db_node node = {
            .op = b->nodes[i].op,
            .arg = b->nodes[i].arg,
            .set = ov_le16_of(b->nodes[i].set),
            .next = ov_le16_of(b->nodes[i].next),
            .alt = ov_le16_of(b->nodes[i].alt),
        };

        ov_buf_put(out, &node, sizeof(node));
    }
}

overt_status ov_automaton_append(const struct ov_re *const *items, size_t count,
        const struct ov_automaton_options *options, struct ov_buf *out, overt_error *err)
{
    struct builder b = { .options = options };
    overt_status status = OVERT_OK;
    uint64_t bytes_min = 0, bytes_max = 0;

    for (size_t i = 0; i < count; i++) {
        bytes_min += ov_re_length_min(items[i]);
        bytes_max += ov_re_length_max(items[i]) * (options->wide ? 2u : UINT64_C(1));
    }
    ov_arena_init(&b.arena, UINT64_MAX);
    b.nodes = malloc(OV_PROGRAM_NODES_MAX * sizeof(*b.nodes));
    if (b.nodes == NULL) {
        b.out_of_memory = true;
    } else {
        const uint16_t end = add_node(&b, (struct node){ .op = OV_NODE_MATCH });
        const uint16_t start = emit_items(&b, items, count, end);

        if (!failed(&b)) {
            put_program(&b, start, bytes_min, bytes_max, out);
        }
    }
    if (b.out_of_memory) {
        status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for an expression");
    } else if (b.too_large) {
        status = ov_fail(err, OVERT_E_LIMIT, UINT64_MAX,
                "the expression is too large: it needs more than %u states", OV_PROGRAM_NODES_MAX);
    }
    free(b.nodes);
    free(b.sets);
    ov_arena_done(&b.arena);
    return status;
}
