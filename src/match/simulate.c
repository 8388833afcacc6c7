/* SPDX-License-Identifier: Apache-2.0 */
/* simulate.c - see simulate.h. The set of states is kept as a list, with a mark for each node, so
 * that clearing it costs nothing and a cycle of nodes that take nothing ends at once. */
#include "match/simulate.h"

#include <string.h>

#include "base/clamtype.h"

bool ov_program_open(struct ov_bytes code, struct ov_program *out)
{
    struct ov_db_program header;
    struct ov_bytes part, sets, nodes;
    uint64_t set_bytes, node_bytes;
    uint32_t set_count, node_count;

    if (!ov_bytes_slice(code, 0, sizeof(header), &part)) {
        return false;
    }
    memcpy(&header, ov_bytes_raw(part), sizeof(header));
    set_count = ov_le32_get(header.sets);
    node_count = ov_le32_get(header.nodes);
    if (set_count > OV_PROGRAM_NODES_MAX || node_count == 0 || node_count > OV_PROGRAM_NODES_MAX
            || ov_le32_get(header.start) >= node_count) {
        return false;
    }
    set_bytes = set_count * sizeof(struct ov_db_set);
    node_bytes = node_count * sizeof(struct ov_db_node);
    if (!ov_bytes_slice(code, sizeof(header), set_bytes, &sets)
            || !ov_bytes_slice(code, sizeof(header) + set_bytes, node_bytes, &nodes)) {
        return false;
    }
    *out = (struct ov_program){
        .nodes = (const void *)ov_bytes_raw(nodes),
        .sets = (const void *)ov_bytes_raw(sets),
        .node_count = node_count,
        .set_count = set_count,
        .start = ov_le32_get(header.start),
        .flags = header.flags,
    };
    return true;
}

static bool is_word(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z')
           || (byte >= 'a' && byte <= 'z') || byte == '_';
}

static bool word_before(const struct ov_text *text, uint64_t offset, bool wide)
{
    if (!wide) {
        return offset > text->low && is_word(ov_text_byte(text, offset - 1));
    }
    return offset - text->low >= 2 && ov_text_byte(text, offset - 1) == 0
           && is_word(ov_text_byte(text, offset - 2));
}

static bool word_behind(const struct ov_text *text, uint64_t offset, bool wide)
{
    if (!wide) {
        return offset < text->high && is_word(ov_text_byte(text, offset));
    }
    return text->high - offset >= 2 && ov_text_byte(text, offset + 1) == 0
           && is_word(ov_text_byte(text, offset));
}

/* ClamAV's (B): which bytes may stand before a body, and which behind. */
static bool is_blank(uint8_t b, bool before)
{
    switch (b) {
    case ' ':
    case '-':
    case '/':
    case '_':
        return true;
    case '.':
    case '<':
    case '@':
        return before;
    case '\n':
    case '\r':
    case '"':
    case '\'':
    case '=':
    case '>':
        return !before;
    default:
        return false;
    }
}

static bool is_alnum(uint8_t b)
{
    return (b >= '0' && b <= '9') || ((b | 0x20) >= 'a' && (b | 0x20) <= 'z');
}

static bool edge_before(const struct ov_text *text, unsigned edge, uint64_t offset)
{
    uint8_t b;

    if (offset == 0) {
        return true;
    }
    if (offset <= text->low) {
        return false;
    }
    b = ov_text_byte(text, offset - 1);
    switch (edge) {
    case OV_EDGE_BLANK_BEFORE:
        return is_blank(b, true);
    case OV_EDGE_LINE_BEFORE:
        return b == '\n';
    case OV_EDGE_WIDE_WORD_BEFORE:
        return b != 0 || offset - text->low < 2 || !is_alnum(ov_text_byte(text, offset - 2));
    default:
        return !is_alnum(b);
    }
}

static bool edge_after(const struct ov_text *text, unsigned edge, uint64_t offset)
{
    uint8_t b, second;

    if (offset >= text->size) {
        return true;
    }
    if (offset >= text->high) {
        return false;
    }
    b = ov_text_byte(text, offset);
    second = text->high - offset >= 2 ? ov_text_byte(text, offset + 1) : 0xff;
    switch (edge) {
    case OV_EDGE_BLANK_AFTER:
        return is_blank(b, false);
    case OV_EDGE_LINE_AFTER:
        return b == '\n' || (b == '\r' && second == '\n');
    case OV_EDGE_WIDE_WORD_AFTER:
        return second != 0 || !is_alnum(b);
    default:
        return !is_alnum(b);
    }
}

static bool looks_back(unsigned edge)
{
    return edge == OV_EDGE_BLANK_BEFORE || edge == OV_EDGE_LINE_BEFORE
           || edge == OV_EDGE_WORD_BEFORE || edge == OV_EDGE_WIDE_WORD_BEFORE;
}

static bool edge_holds(const struct ov_text *text, unsigned edge, uint64_t offset)
{
    return looks_back(edge) ? edge_before(text, edge, offset) : edge_after(text, edge, offset);
}

/* Negated, (B) before a body refuses the bytes that may stand behind one, too: as observed. */
static bool edge_is_refused(const struct ov_text *text, unsigned edge, uint64_t offset)
{
    if (edge == OV_EDGE_BLANK_BEFORE && offset > text->low
            && is_blank(ov_text_byte(text, offset - 1), false)) {
        return false;
    }
    return !edge_holds(text, edge, offset);
}

bool ov_text_assert(const struct ov_text *text, uint8_t assertion, uint64_t offset)
{
    const bool wide = assertion == OV_ASSERT_WORD_WIDE || assertion == OV_ASSERT_NOT_WORD_WIDE;

    switch (assertion) {
    case OV_ASSERT_BEGIN:
        return offset == 0;
    case OV_ASSERT_END:
        return offset == text->size;
    case OV_ASSERT_WORD:
    case OV_ASSERT_WORD_WIDE:
        return word_before(text, offset, wide) != word_behind(text, offset, wide);
    case OV_ASSERT_NOT_WORD:
    case OV_ASSERT_NOT_WORD_WIDE:
        return word_before(text, offset, wide) == word_behind(text, offset, wide);
    default:
        if (assertion >= OV_ASSERT_EDGE && assertion < OV_ASSERT_NOT_EDGE) {
            return edge_holds(text, assertion - OV_ASSERT_EDGE, offset);
        }
        return assertion >= OV_ASSERT_NOT_EDGE && assertion <= OV_ASSERT_LAST
               && edge_is_refused(text, assertion - OV_ASSERT_NOT_EDGE, offset);
    }
}

void ov_simulator_init(struct ov_simulator *sim)
{
    *sim = (struct ov_simulator){ 0 };
}

void ov_simulator_done(struct ov_simulator *sim)
{
    free(sim->priv_marks);
    free(sim->priv_lists[0]);
    free(sim->priv_lists[1]);
    free(sim->priv_stack);
    *sim = (struct ov_simulator){ 0 };
}

static bool grow(struct ov_simulator *sim, uint32_t nodes)
{
    uint32_t cap = 64;

    if (nodes <= sim->priv_cap) {
        return true;
    }
    while (cap < nodes) {
        cap *= 2;
    }
    ov_simulator_done(sim);
    sim->priv_marks = calloc(cap, sizeof(*sim->priv_marks));
    sim->priv_lists[0] = calloc(cap, sizeof(uint16_t));
    sim->priv_lists[1] = calloc(cap, sizeof(uint16_t));
    sim->priv_stack = calloc(cap, sizeof(uint16_t));
    if (sim->priv_marks == NULL || sim->priv_lists[0] == NULL || sim->priv_lists[1] == NULL
            || sim->priv_stack == NULL) {
        ov_simulator_done(sim);
        return false;
    }
    sim->priv_cap = cap;
    return true;
}

static void next_generation(struct ov_simulator *sim)
{
    if (++sim->priv_generation == 0) {
        memset(sim->priv_marks, 0, sim->priv_cap * sizeof(*sim->priv_marks));
        sim->priv_generation = 1;
    }
}

struct run {
    const struct ov_program *program;
    const struct ov_text *text;
    struct ov_simulator *sim;
    struct ov_budget *budget;
    uint16_t *list; /* consuming nodes reached in this generation, what is preferred first */
    uint32_t count;
    uint32_t preferred; /* how many of them are preferred to the match */
    bool accepted;
};

/* Adds the node and all it leads to without taking a byte. A choice is followed once a generation,
 * so the stack, as large as the program, cannot overflow. */
static enum ov_run reach_node(struct run *run, uint32_t node, uint64_t offset)
{
    struct ov_simulator *sim = run->sim;
    uint32_t depth = 0;

    for (;;) {
        const struct ov_db_node *at;
        bool goes_on = false;

        if (node >= run->program->node_count) {
            return OV_RUN_MALFORMED;
        }
        at = &run->program->nodes[node];
        if (sim->priv_marks[node] != sim->priv_generation) {
            sim->priv_marks[node] = sim->priv_generation;
            if (!ov_budget_steps(run->budget, 1)) {
                return OV_RUN_STEPS;
            }
            switch (at->op) {
            case OV_NODE_SPLIT:
                sim->priv_stack[depth++] = ov_le16_get(at->alt);
                goes_on = true;
                break;
            case OV_NODE_ASSERT:
                goes_on = ov_text_assert(run->text, at->arg, offset);
                break;
            case OV_NODE_MATCH:
                run->preferred = run->accepted ? run->preferred : run->count;
                run->accepted = true;
                break;
            case OV_NODE_BYTE:
            case OV_NODE_ANY:
            case OV_NODE_SET:
                run->list[run->count++] = (uint16_t)node;
                break;
            default:
                return OV_RUN_MALFORMED;
            }
        }
        if (!goes_on && depth == 0) {
            return OV_RUN_ENDED;
        }
        node = goes_on ? ov_le16_get(at->next) : sim->priv_stack[--depth];
    }
}

static enum ov_run take_byte(
        struct run *run, const uint16_t *from, uint32_t count, uint8_t byte, uint64_t offset)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct ov_db_node *node = &run->program->nodes[from[i]];

        if (ov_program_takes(run->program, node, byte)) {
            const enum ov_run result = reach_node(run, ov_le16_get(node->next), offset);

            if (result != OV_RUN_ENDED) {
                return result;
            }
        }
    }
    return OV_RUN_ENDED;
}

/* Goes on from *node while the program is one byte behind another, which needs no set of states:
 * nearly every candidate ends among its first. True: *node is another kind of node, at *offset. */
static bool run_straight(struct run *run, bool backward, uint32_t *node, uint64_t *offset,
        uint64_t *left, enum ov_run *result)
{
    *result = OV_RUN_ENDED;
    for (;;) {
        const struct ov_db_node *at = &run->program->nodes[*node];

        if (at->op != OV_NODE_BYTE && at->op != OV_NODE_ANY && at->op != OV_NODE_SET) {
            return true;
        }
        if (!ov_budget_steps(run->budget, 1)) {
            *result = OV_RUN_STEPS;
            return false;
        }
        if (*left == 0
                || !ov_program_takes(run->program, at,
                        ov_text_byte(run->text, backward ? *offset - 1 : *offset))) {
            return false;
        }
        *left -= 1;
        *offset = backward ? *offset - 1 : *offset + 1;
        *node = ov_le16_get(at->next);
        if (*node >= run->program->node_count) {
            *result = OV_RUN_MALFORMED;
            return false;
        }
    }
}

enum ov_run ov_program_run(const struct ov_program *program, const struct ov_text *text,
        const struct ov_run_options *options, struct ov_simulator *sim, struct ov_budget *budget)
{
    const bool backward = (program->flags & OV_PROGRAM_BACKWARD) != 0;
    struct run run = { .program = program, .text = text, .sim = sim, .budget = budget };
    uint64_t offset = options->from, left = options->reach;
    const uint64_t room = backward ? offset - text->low : text->high - offset;
    uint32_t start = program->start;
    enum ov_run result;
    unsigned side = 0;

    left = left < room ? left : room;
    if (!options->everywhere && !run_straight(&run, backward, &start, &offset, &left, &result)) {
        return result;
    }
    if (!grow(sim, program->node_count)) {
        return OV_RUN_MEMORY;
    }
    next_generation(sim);
    run.list = sim->priv_lists[side];
    result = reach_node(&run, start, offset);
    while (result == OV_RUN_ENDED) {
        uint32_t count = run.count;
        uint8_t byte;

        if (run.accepted) {
            const enum ov_accepted answer = options->accept(options->payload, offset);

            if (answer == OV_ACCEPT_STOP) {
                return OV_RUN_STOPPED;
            }
            count = answer == OV_ACCEPT_BEST ? run.preferred : count;
        }
        if (left == 0 || (count == 0 && !options->everywhere)) {
            return OV_RUN_ENDED;
        }
        left--;
        byte = ov_text_byte(text, backward ? offset - 1 : offset);
        offset = backward ? offset - 1 : offset + 1;
        next_generation(sim);
        side ^= 1;
        run.list = sim->priv_lists[side];
        run.count = 0;
        run.accepted = false;
        result = take_byte(&run, sim->priv_lists[side ^ 1], count, byte, offset);
        if (options->everywhere && result == OV_RUN_ENDED) {
            result = reach_node(&run, program->start, offset);
        }
    }
    return result;
}
