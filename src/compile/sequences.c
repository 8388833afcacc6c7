/* SPDX-License-Identifier: Apache-2.0 */
/* sequences.c - see sequences.h. Whatever would make too many or too long sequences closes them
 * where they are: shorter sequences are always right, only less telling. */
#include "compile/sequences.h"

#include <stdlib.h>
#include <string.h>

#include "compile/byteset.h"

/* Workspaces live on the heap, one for each alternative under construction. */
#define BRANCH_DEPTH_MAX 6u

struct walk {
    bool nocase;
    bool wide;
    bool out_of_memory;
    unsigned branches; /* how many alternatives we are inside of */
    uint32_t work_left;
};

/* Nodes looked at for one cut, repeats counted each time; a branch costs more. Ordinary strings
 * need a few hundred; only nested repeats of nothing could go on for ever. */
#define WORK_MAX    20000u
#define WORK_BRANCH 64u

static bool any_open(const struct ov_sequences *seqs)
{
    for (uint32_t i = 0; i < seqs->count; i++) {
        if (seqs->items[i].open) {
            return true;
        }
    }
    return false;
}

static void close_all(struct ov_sequences *seqs)
{
    for (uint32_t i = 0; i < seqs->count; i++) {
        seqs->items[i].open = false;
    }
}

static void append(const struct walk *walk, struct ov_sequences *seqs, const struct ov_re_set *set)
{
    const uint32_t step = walk->wide ? 2 : 1;

    for (uint32_t i = 0; i < seqs->count; i++) {
        struct ov_sequence *seq = &seqs->items[i];

        if (!seq->open) {
            continue;
        }
        if (seq->count + step > OV_SEQUENCE_BYTES_MAX) {
            seq->open = false;
            continue;
        }
        seq->sets[seq->count++] = *set;
        if (walk->wide) {
            seq->sets[seq->count++] = (struct ov_re_set){ { 1 } };
        }
    }
}

static void extend(struct walk *walk, struct ov_sequences *seqs, const struct ov_re *re);

/* What is in use of it: most sequences are short, and most of the room for them is empty. */
static void copy_sequence(struct ov_sequence *to, const struct ov_sequence *from)
{
    memcpy(to->sets, from->sets, from->count * sizeof(from->sets[0]));
    to->count = from->count;
    to->open = from->open;
}

void ov_sequences_copy(struct ov_sequences *to, const struct ov_sequences *from)
{
    for (uint32_t i = 0; i < from->count; i++) {
        copy_sequence(&to->items[i], &from->items[i]);
    }
    to->count = from->count;
}

/* An empty workspace; NULL: out of memory. Only what its counts cover is ever read. */
static struct ov_sequences *new_sequences(struct walk *walk)
{
    struct ov_sequences *seqs = malloc(sizeof(*seqs));

    walk->out_of_memory |= seqs == NULL;
    if (seqs != NULL) {
        seqs->count = 0;
    }
    return seqs;
}

/* Moves the closed sequences of `from` to `to` (all of them with `also_open`). */
static bool move(struct ov_sequences *to, const struct ov_sequences *from, bool also_open)
{
    for (uint32_t i = 0; i < from->count; i++) {
        if (!also_open && from->items[i].open) {
            continue;
        }
        if (to->count == OV_SEQUENCES_MAX) {
            return false;
        }
        copy_sequence(&to->items[to->count++], &from->items[i]);
    }
    return true;
}

/* One branch: the open sequences of `seqs` go on with `copies` times `re`; added to `out`. */
static bool branch(struct walk *walk, const struct ov_sequences *seqs, const struct ov_re *re,
        uint32_t copies, struct ov_sequences *out)
{
    struct ov_sequences *part;
    bool fits;

    if (walk->work_left < WORK_BRANCH) {
        return false;
    }
    walk->work_left -= WORK_BRANCH;
    part = new_sequences(walk);
    if (part == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < seqs->count; i++) {
        if (seqs->items[i].open) {
            copy_sequence(&part->items[part->count++], &seqs->items[i]);
        }
    }
    for (uint32_t i = 0; i < copies; i++) {
        extend(walk, part, re);
    }
    fits = move(out, part, true);
    free(part);
    return fits;
}

static bool alternatives(struct walk *walk, const struct ov_sequences *seqs, const struct ov_re *re,
        struct ov_sequences *out)
{
    bool fits = move(out, seqs, false);

    for (const struct ov_re *child = re->children; child != NULL && fits; child = child->next) {
        fits = branch(walk, seqs, child, 1, out);
    }
    return fits;
}

/* The optional copies of a repeat: none, one, ... */
static bool optional_copies(struct walk *walk, const struct ov_sequences *seqs,
        const struct ov_re *re, struct ov_sequences *out)
{
    const uint32_t most = re->max == OV_RE_UNBOUNDED ? UINT32_MAX : re->max - re->min;
    bool fits = most <= OV_SEQUENCE_REPEAT_MAX && move(out, seqs, false);

    for (uint32_t copies = 0; copies <= most && fits; copies++) {
        fits = branch(walk, seqs, re->children, copies, out);
    }
    return fits;
}

/* Branches out at an alternative or at what a repeat may take beyond its minimum. */
static void extend_branches(struct walk *walk, struct ov_sequences *seqs, const struct ov_re *re)
{
    struct ov_sequences *out;
    bool fits;

    if (walk->branches == BRANCH_DEPTH_MAX) {
        close_all(seqs);
        return;
    }
    out = new_sequences(walk);
    if (out == NULL) {
        return;
    }
    walk->branches++;
    fits = re->kind == OV_RE_ALT ? alternatives(walk, seqs, re, out)
                                 : optional_copies(walk, seqs, re, out);
    walk->branches--;
    if (fits) {
        ov_sequences_copy(seqs, out);
    } else {
        close_all(seqs);
    }
    free(out);
}

static void extend(struct walk *walk, struct ov_sequences *seqs, const struct ov_re *re)
{
    struct ov_re_set set;

    if (!any_open(seqs) || walk->out_of_memory) {
        return;
    }
    if (walk->work_left == 0) {
        close_all(seqs);
        return;
    }
    walk->work_left--;
    switch (re->kind) {
    case OV_RE_BYTE:
    case OV_RE_CLASS:
    case OV_RE_ANY:
        (void)ov_re_one_byte(re, walk->nocase, &set);
        append(walk, seqs, &set);
        return;
    case OV_RE_CONCAT:
        for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
            extend(walk, seqs, child);
        }
        return;
    case OV_RE_ALT:
        extend_branches(walk, seqs, re);
        return;
    case OV_RE_REPEAT:
        for (uint32_t i = 0; i < re->min && i <= OV_SEQUENCE_BYTES_MAX && any_open(seqs); i++) {
            extend(walk, seqs, re->children);
        }
        if (re->min > OV_SEQUENCE_BYTES_MAX) {
            close_all(seqs); /* an empty child may have kept them open */
        } else if (re->min != re->max) {
            extend_branches(walk, seqs, re);
        }
        return;
    case OV_RE_EMPTY:
    case OV_RE_BEGIN:
    case OV_RE_END:
    case OV_RE_WORD_BOUNDARY:
    case OV_RE_NOT_WORD_BOUNDARY:
    case OV_RE_EDGE:
        return; /* what it asks is asked when the match is confirmed */
    }
}

bool ov_sequences_of(const struct ov_re *const *items, size_t count, bool nocase, bool wide,
        struct ov_sequences *out)
{
    struct walk walk = { .nocase = nocase, .wide = wide, .work_left = WORK_MAX };

    out->count = 1;
    out->items[0].count = 0;
    out->items[0].open = true;
    for (size_t i = 0; i < count && any_open(out); i++) {
        extend(&walk, out, items[i]);
    }
    return !walk.out_of_memory;
}
