/* SPDX-License-Identifier: Apache-2.0 */
/* hints.h - what a condition asks of how an object begins and how large it is, before anything is
 * looked for in it. What a hint says cannot be is certain; NULL: anything may be. */
#ifndef OV_COMPILE_HINTS_H
#define OV_COMPILE_HINTS_H

#include "base/arena.h"
#include "base/clamtype.h"

#define OV_HINT_BYTES_MAX 8u

enum ov_hint_kind {
    OV_HINT_NEVER = 1, /* whatever the object: no */
    OV_HINT_BYTES,     /* these bytes stand at `offset` */
    OV_HINT_NOT_BYTES, /* they do not (or the object ends before) */
    OV_HINT_SIZE,      /* size_min <= size <= size_max */
    OV_HINT_STANCE,    /* it is looked at in one of these ways */
    OV_HINT_AND,
    OV_HINT_OR
};

struct ov_hint {
    enum ov_hint_kind kind;
    uint32_t offset;
    uint32_t count;
    uint32_t stances; /* a bit for each ov_stance */
    uint8_t bytes[OV_HINT_BYTES_MAX];
    uint64_t size_min;
    uint64_t size_max;
    const struct ov_hint *children; /* first of a list through `next` */
    const struct ov_hint *next;
};

/* The hints of all rules of a set, in their order; NULL among them: open. */
struct ov_hints {
    struct ov_arena arena;          /* where they live */
    const struct ov_hint **of_rule; /* owned; room for every rule */
    size_t rule_count;              /* known so far */
    /* of each of ClamAV's targets, shared by thousands of rules */
    const struct ov_hint *of_target[OV_TARGET_COUNT];
    bool target_known[OV_TARGET_COUNT];
    const struct ov_list_entry *lists; /* borrowed: one of them may name other beginnings */
    bool out_of_memory;
};

/* False: out of memory. Done may be called all the same. */
OV_MUST_CHECK bool ov_hints_init(
        struct ov_hints *hints, size_t rules, const struct ov_list_entry *lists);
void ov_hints_done(struct ov_hints *hints);

#endif
