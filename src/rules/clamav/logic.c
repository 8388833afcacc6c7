/* SPDX-License-Identifier: Apache-2.0 */
/* logic.c - the expression of a logical signature, as ClamAV evaluates it: no precedence, split at
 * the first operator outside parentheses; a group compares the sum of what its parts counted, if
 * it is true, else zero. */
#include "base/checked.h"
#include "rules/clamav/reader.h"

/* What a part comes to. `count`: of matches, 0 unless the part is true; `distinct`: how many
 * different subsignatures did it. Both only where an outer group asks. */
struct meaning {
    struct ov_expr *truth;
    struct ov_expr *count;
    struct ov_expr *distinct;
};

struct comparison {
    char op; /* '=', '<', '>'; 0: none */
    uint64_t value;
    uint64_t distinct; /* 0: any */
};

struct logic {
    struct logical *logical;
    struct line *line;
    unsigned nodes;
};

static bool read_meaning(struct logic *logic, struct ov_bytes text, bool counted, unsigned depth,
        struct meaning *out);

static bool wrong(struct line *line)
{
    return refuse(line, "its expression is none");
}

/* --- cutting --------------------------------------------------------------------------------- */

/* The first `&` or `|` outside parentheses, or the length. False: parentheses do not match. */
static bool find_operator(struct ov_bytes text, uint64_t *out)
{
    const uint8_t *raw = ov_bytes_raw(text);
    unsigned open = 0;

    for (uint64_t i = 0; i < ov_bytes_len(text); i++) {
        if (raw[i] == '(') {
            open++;
        } else if (raw[i] == ')' && open-- == 0) {
            return false;
        } else if ((raw[i] == '&' || raw[i] == '|') && open == 0) {
            *out = i;
            return true;
        }
    }
    *out = ov_bytes_len(text);
    return open == 0;
}

/* `=X`, `>X,Y`: what stands behind an index or a parenthesis. */
static bool read_comparison(struct ov_bytes text, struct comparison *out)
{
    const uint64_t comma = find_byte(text, ',');

    *out = (struct comparison){ .op = 0 };
    if (ov_bytes_len(text) == 0) {
        return true;
    }
    out->op = (char)ov_bytes_raw(text)[0];
    return (out->op == '=' || out->op == '<' || out->op == '>')
           && read_number(part(text, 1, comma), UINT32_MAX, &out->value)
           && (comma == ov_bytes_len(text)
                   || read_number(
                           part(text, comma + 1, ov_bytes_len(text)), UINT32_MAX, &out->distinct));
}

bool logic_highest(struct line *line, struct ov_bytes text, uint32_t *out)
{
    const uint8_t *raw = ov_bytes_raw(text);
    bool any = false, compared = false;
    uint32_t highest = 0;

    for (uint64_t i = 0; i < ov_bytes_len(text);) {
        uint64_t end = i, number;

        while (end < ov_bytes_len(text) && raw[end] >= '0' && raw[end] <= '9') {
            end++;
        }
        if (end == i) {
            /* numbers behind these are no indices */
            compared =
                    raw[i] == '=' || raw[i] == '<' || raw[i] == '>' || (compared && raw[i] == ',');
            i++;
            continue;
        }
        if (!read_number(part(text, i, end), UINT32_MAX, &number)) {
            return wrong(line);
        }
        if (!compared) {
            if (number >= SUBSIGS_MAX) {
                return refuse(line, "there is no subsignature beyond number %u", SUBSIGS_MAX - 1);
            }
            any = true;
            highest = number > highest ? (uint32_t)number : highest;
        }
        i = end;
    }
    *out = highest;
    return any || wrong(line);
}

/* --- meaning --------------------------------------------------------------------------------- */

static struct ov_expr *compare(struct line *line, struct ov_expr *count, const struct comparison *c)
{
    const enum ov_expr_kind kind = c->op == '='   ? OV_EXPR_EQ
                                   : c->op == '<' ? OV_EXPR_LT
                                                  : OV_EXPR_GT;

    return ex_two(line, kind, count, ex_int(line, (int64_t)c->value));
}

static struct ov_expr *when(struct line *line, struct ov_expr *truth, struct ov_expr *value)
{
    return ex_two(line, OV_EXPR_IF, truth, value);
}

/* One index, with or without a comparison. */
static bool leaf(struct logic *logic, struct ov_bytes text, bool counted, struct meaning *out)
{
    const uint8_t *raw = ov_bytes_raw(text);
    struct line *line = logic->line;
    struct comparison c;
    const struct subsig *sub;
    uint64_t end = 0, index;

    while (end < ov_bytes_len(text) && raw[end] >= '0' && raw[end] <= '9') {
        end++;
    }
    if (!read_number(part(text, 0, end), SUBSIGS_MAX - 1, &index)
            || !read_comparison(part(text, end, ov_bytes_len(text)), &c)) {
        return wrong(line);
    }
    sub = &logic->logical->subs[index];
    out->truth = c.op == 0 ? sub->found : compare(line, sub->count, &c);
    if (counted) {
        out->count = c.op == 0 ? sub->count : when(line, out->truth, sub->count);
        out->distinct = when(line, out->truth, ex_int(line, 1));
    }
    return out->truth != NULL;
}

/* The parts of one run of the same operator; behind the last comes another operator, or nothing. */
static bool sequence(struct logic *logic, struct ov_bytes text, uint64_t at, bool counted,
        unsigned depth, struct meaning *out)
{
    const uint8_t op = ov_bytes_raw(text)[at];
    struct ov_expr *truths[2 * SUBSIGS_MAX], *counts[2 * SUBSIGS_MAX], *distincts[2 * SUBSIGS_MAX];
    struct line *line = logic->line;
    struct ov_bytes rest = text;
    size_t count = 0;

    for (bool last = false; !last; count++) {
        struct meaning one = { .truth = NULL };

        if (count == 2 * SUBSIGS_MAX) {
            return refuse(line, "its expression is too long");
        }
        if (!find_operator(rest, &at)) {
            return wrong(line);
        }
        /* Another operator: all of the rest is the last operand. */
        last = at == ov_bytes_len(rest) || ov_bytes_raw(rest)[at] != op;
        if (!read_meaning(logic, last ? rest : part(rest, 0, at), counted, depth + 1, &one)) {
            return false;
        }
        truths[count] = one.truth;
        counts[count] = one.count;
        distincts[count] = one.distinct;
        rest = last ? rest : part(rest, at + 1, ov_bytes_len(rest));
    }
    out->truth = ex_list(line, op == '&' ? OV_EXPR_AND : OV_EXPR_OR, truths, count);
    if (out->truth != NULL && counted) {
        out->count = ex_sum(line, counts, count);
        out->distinct = ex_sum(line, distincts, count);
        if (op == '&') {
            out->count = when(line, out->truth, out->count);
            out->distinct = when(line, out->truth, out->distinct);
        }
    }
    return out->truth != NULL;
}

/* A group in parentheses, with what follows it. */
static bool group(struct logic *logic, struct ov_bytes text, uint64_t close, bool counted,
        unsigned depth, struct meaning *out)
{
    struct line *line = logic->line;
    struct meaning inner = { .truth = NULL };
    struct ov_expr *parts[2];
    struct comparison c;

    if (!read_comparison(part(text, close + 1, ov_bytes_len(text)), &c)) {
        return wrong(line);
    }
    if (!read_meaning(logic, part(text, 1, close), counted || c.op != 0, depth + 1, &inner)) {
        return false;
    }
    if (c.op == 0) {
        *out = inner;
        return true;
    }
    parts[0] = compare(line, inner.count, &c);
    out->truth = parts[0];
    if (c.distinct != 0) {
        parts[1] = ex_two(line, OV_EXPR_GE, inner.distinct, ex_int(line, (int64_t)c.distinct));
        out->truth =
                parts[0] == NULL || parts[1] == NULL ? NULL : ex_list(line, OV_EXPR_AND, parts, 2);
    }
    if (counted) {
        out->count = when(line, out->truth, inner.count);
        out->distinct = ex_int(line, 0); /* a group's own are not passed on */
    }
    return out->truth != NULL;
}

/* Depth is bounded by OV_CLAM_NEST_MAX parentheses and changes of operator. */
static bool read_meaning(struct logic *logic, struct ov_bytes text, bool counted, unsigned depth,
        struct meaning *out)
{
    const uint64_t len = ov_bytes_len(text);
    uint64_t at;

    if (depth > 4 * OV_CLAM_NEST_MAX || ++logic->nodes > OV_CLAM_LOGIC_NODES_MAX) {
        return refuse(logic->line, "its expression is nested too deeply");
    }
    if (len == 0 || !find_operator(text, &at)) {
        return wrong(logic->line);
    }
    if (at < len) {
        return sequence(logic, text, at, counted, depth, out);
    }
    if (begins(text, "(")) {
        uint64_t close = len;

        while (close > 0 && ov_bytes_raw(text)[close - 1] != ')') {
            close--;
        }
        return close == 0 ? wrong(logic->line) : group(logic, text, close - 1, counted, depth, out);
    }
    return leaf(logic, text, counted, out);
}

struct ov_expr *logic_read(struct logical *logical, struct ov_bytes text)
{
    struct logic logic = { .logical = logical, .line = logical->line };
    struct meaning meaning = { .truth = NULL };

    return read_meaning(&logic, text, false, 0, &meaning) ? meaning.truth : NULL;
}
