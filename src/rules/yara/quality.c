/* SPDX-License-Identifier: Apache-2.0 */
/* quality.c - the best four bytes in a row that every match must have, and how rare they look.
 *
 * Runs of known bytes are cut by whatever is not known to be there (classes, negations, optional
 * parts, alternatives); of alternatives the worst counts, of a sequence the best. The points were
 * measured on YARA 4.5's warnings. */
#include "rules/yara/quality.h"

#include <string.h>

#include "base/checked.h"

#define WINDOW_BYTES 4u
#define NO_WINDOW    INT32_MIN
#define SLOW_BELOW   38
/* As YARA: a longer jump of a hex string begins a string of its own. */
#define CHAIN_JUMP_BYTES 200u
/* Nodes looked at for one string. Repetitions inside repetitions would multiply otherwise; whoever
 * has so many bytes in a row is not slow for want of them. */
#define NODES_MAX 4096u

struct window {
    uint8_t value[WINDOW_BYTES];
    uint8_t mask[WINDOW_BYTES];
    unsigned len;
};

/* What a part of a string has to offer. */
struct offer {
    int points; /* by these the best part is chosen */
    int worst;  /* and by these, of all forms that the modifiers make, it is judged */
};

struct walk {
    const struct ov_string *string;
    struct window run; /* the last bytes of the run */
    bool run_was_full;
    struct offer best;
    uint32_t *nodes_left;
};

/* --- points --------------------------------------------------------------------------------- */

static bool is_common(uint8_t b)
{
    return b == 0x00 || b == 0x20 || b == 0xcc || b == 0xff;
}

static int points_of_byte(uint8_t value, uint8_t mask)
{
    const uint8_t folded = value | 0x20;

    if (mask == 0) {
        return -10;
    }
    if (mask != 0xff) {
        return 4;
    }
    if (is_common(value)) {
        return 12;
    }
    return folded >= 'a' && folded <= 'z' ? 18 : 20;
}

static int points_of(const struct window *w)
{
    int points = 0, different = 0;

    for (unsigned i = 0; i < w->len; i++) {
        bool seen = w->mask[i] != 0xff;

        points += points_of_byte(w->value[i], w->mask[i]);
        for (unsigned j = 0; j < i; j++) {
            seen = seen || (w->mask[j] == 0xff && w->value[j] == w->value[i]);
        }
        different += !seen;
    }
    if (different == 1 && (is_common(w->value[0]) || w->value[0] == 0x90)) {
        return points - 10 * (int)w->len;
    }
    return points + 2 * different;
}

static struct window widened(const struct window *w)
{
    struct window out = { .len = 0 };

    for (unsigned i = 0; i < w->len && out.len < WINDOW_BYTES; i++) {
        out.value[out.len] = w->value[i];
        out.mask[out.len] = w->mask[i];
        out.mask[out.len + 1] = 0xff;
        out.len += 2;
    }
    return out;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* The worst of one form under every key of an xor string. */
static int worst_key(const struct ov_string *string, const struct window *w)
{
    int worst = points_of(w);

    if ((string->flags & OV_STRING_XOR) == 0) {
        return worst;
    }
    worst = INT32_MAX;
    for (unsigned key = string->xor_min; key <= string->xor_max; key++) {
        struct window x = *w;

        for (unsigned i = 0; i < x.len; i++) {
            x.value[i] = (uint8_t)(x.value[i] ^ key);
        }
        worst = smaller(worst, points_of(&x));
    }
    return worst;
}

static struct offer offer_of(const struct ov_string *string, const struct window *w)
{
    struct offer out = { .points = points_of(w), .worst = points_of(w) };

    if ((string->flags & OV_STRING_WIDE) != 0) {
        const struct window wide = widened(w);

        out.worst = smaller(out.worst, worst_key(string, &wide));
    }
    if ((string->flags & OV_STRING_ASCII) != 0) {
        out.worst = smaller(out.worst, worst_key(string, w));
    }
    return out;
}

/* --- runs ----------------------------------------------------------------------------------- */

static void consider(struct walk *walk)
{
    struct window w = walk->run;

    while (w.len > 0 && w.mask[w.len - 1] == 0) {
        w.len--;
    }
    while (w.len > 0 && w.mask[0] == 0) {
        w.len--;
        memmove(w.value, w.value + 1, WINDOW_BYTES - 1);
        memmove(w.mask, w.mask + 1, WINDOW_BYTES - 1);
    }
    if (w.len > 0 && points_of(&w) > walk->best.points) {
        walk->best = offer_of(walk->string, &w);
    }
}

static void append(struct walk *walk, uint8_t value, uint8_t mask)
{
    struct window *run = &walk->run;

    if (run->len == WINDOW_BYTES) {
        memmove(run->value, run->value + 1, WINDOW_BYTES - 1);
        memmove(run->mask, run->mask + 1, WINDOW_BYTES - 1);
        run->len--;
    }
    run->value[run->len] = value;
    run->mask[run->len] = mask;
    run->len++;
    if (run->len == WINDOW_BYTES) {
        walk->run_was_full = true;
        consider(walk);
    }
}

static void cut(struct walk *walk)
{
    if (!walk->run_was_full) {
        consider(walk);
    }
    walk->run.len = 0;
    walk->run_was_full = false;
}

/* --- trees ---------------------------------------------------------------------------------- */

static struct offer best_of(
        const struct ov_string *string, const struct ov_re *first, bool is_list, uint32_t *left);

static bool is_any(const struct ov_re *node)
{
    static const struct ov_re_set not_lf = { { ~(uint64_t)(1u << '\n'), UINT64_MAX, UINT64_MAX,
            UINT64_MAX } };

    return node->kind == OV_RE_ANY
           || (node->kind == OV_RE_CLASS && memcmp(node->set, &not_lf, sizeof(not_lf)) == 0);
}

static void walk_alternatives(struct walk *walk, const struct ov_re *node)
{
    struct offer worst = { .points = INT32_MAX, .worst = INT32_MAX };

    cut(walk);
    for (const struct ov_re *child = node->children; child != NULL; child = child->next) {
        const struct offer one = best_of(walk->string, child, false, walk->nodes_left);

        worst.points = smaller(worst.points, one.points);
        worst.worst = smaller(worst.worst, one.worst);
    }
    if (worst.points > walk->best.points) {
        walk->best = worst;
    }
}

static void walk_node(struct walk *walk, const struct ov_re *node);

static void walk_repeat(struct walk *walk, const struct ov_re *node)
{
    const bool any = is_any(node->children);
    const bool fixed = node->min == node->max;

    if (node->min == 0 || (any && !fixed)) {
        cut(walk);
        return;
    }
    for (uint32_t i = 0; i < node->min && i <= WINDOW_BYTES; i++) {
        walk_node(walk, node->children);
    }
    if (!any) {
        cut(walk);
    }
}

/* Recursion over a tree whose depth its builder limited. */
static void walk_node(struct walk *walk, const struct ov_re *node)
{
    if (*walk->nodes_left == 0) {
        return;
    }
    --*walk->nodes_left;
    switch (node->kind) {
    case OV_RE_BYTE:
        if (node->negate) {
            cut(walk);
        } else {
            append(walk, node->value, node->mask);
        }
        break;
    case OV_RE_ANY:
    case OV_RE_CLASS:
        if (is_any(node)) {
            append(walk, 0, 0);
        } else {
            cut(walk);
        }
        break;
    case OV_RE_CONCAT:
        for (const struct ov_re *child = node->children; child != NULL; child = child->next) {
            walk_node(walk, child);
        }
        break;
    case OV_RE_ALT:
        walk_alternatives(walk, node);
        break;
    case OV_RE_REPEAT:
        walk_repeat(walk, node);
        break;
    case OV_RE_EMPTY:
    case OV_RE_BEGIN:
    case OV_RE_END:
    case OV_RE_WORD_BOUNDARY:
    case OV_RE_NOT_WORD_BOUNDARY:
    case OV_RE_EDGE:
        cut(walk);
        break;
    }
}

static bool is_chain_jump(const struct ov_string *string, const struct ov_re *node)
{
    return string->kind == OV_STRING_HEX
                   ? node->kind == OV_RE_REPEAT && node->children->kind == OV_RE_ANY
                             && node->max > CHAIN_JUMP_BYTES
                   : node->chains;
}

/* The best of a node or, with `is_list`, of it and those after it up to a jump that chains. */
static struct offer best_of(
        const struct ov_string *string, const struct ov_re *first, bool is_list, uint32_t *left)
{
    struct walk walk = {
        .string = string,
        .best = { .points = NO_WINDOW, .worst = NO_WINDOW },
    };

    walk.nodes_left = left;
    for (const struct ov_re *node = first; node != NULL; node = is_list ? node->next : NULL) {
        if (is_list && is_chain_jump(string, node)) {
            break;
        }
        walk_node(&walk, node);
    }
    cut(&walk);
    return walk.best;
}

static int worst_part(const struct ov_string *string, uint32_t *left)
{
    const struct ov_re *re = string->re;
    int worst;

    if (re->kind != OV_RE_CONCAT) {
        return best_of(string, re, false, left).worst;
    }
    worst = best_of(string, re->children, true, left).worst;
    for (const struct ov_re *node = re->children; node != NULL; node = node->next) {
        if (is_chain_jump(string, node)) {
            worst = smaller(worst, best_of(string, node->next, true, left).worst);
        }
    }
    return worst;
}

static int worst_of_text(const struct ov_string *string)
{
    struct walk walk = {
        .string = string,
        .best = { .points = NO_WINDOW, .worst = NO_WINDOW },
    };
    struct ov_reader r = ov_reader_on(string->text);
    uint8_t b;

    while (ov_read_u8(&r, &b)) {
        append(&walk, b, 0xff);
    }
    cut(&walk);
    return walk.best.worst;
}

bool ov_string_is_slow(const struct ov_string *string)
{
    uint32_t left = NODES_MAX;
    int worst;

    if ((string->flags & (OV_STRING_BASE64 | OV_STRING_BASE64_WIDE)) != 0) {
        /* One byte makes one sure character of base64; two make two. */
        return ov_bytes_len(string->text) < 2 && (string->flags & OV_STRING_ASCII) != 0;
    }
    if (string->kind == OV_STRING_TEXT) {
        return worst_of_text(string) < SLOW_BELOW;
    }
    worst = worst_part(string, &left);
    return left > 0 && worst < SLOW_BELOW;
}
