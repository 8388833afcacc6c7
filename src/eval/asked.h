/* SPDX-License-Identifier: Apache-2.0 */
/* asked.h - what modules said of the object at hand: parsed when a condition first asks, once. */
#ifndef OV_EVAL_ASKED_H
#define OV_EVAL_ASKED_H

#include "base/arena.h"
#include "db/value.h"
#include "eval/means.h"

#define OV_ASKED_MODULES_MAX 16u /* more than there are */
#define OV_ASKED_RESULTS     64u

/* What a function of a range came to. */
struct ov_asked_result {
    uint32_t field; /* enum ov_field; 0: none */
    int64_t offset;
    int64_t len;
    struct ov_value value;
};

/* How often each byte value occurs in a range. */
struct ov_asked_bytes {
    bool is_known;
    uint64_t offset;
    uint64_t len;
    uint64_t counts[256];
};

struct ov_asked {
    const struct ov_eval_means *means; /* NULL: none */
    struct ov_fact_tree *tree;         /* owned; made when first needed */
    struct ov_pages *pages;            /* owned; the same */
    struct ov_budget *budget;          /* of the whole scan: parsing is nobody's own */
    uint16_t parsed[OV_ASKED_MODULES_MAX];
    uint32_t parsed_count;
    bool has_begun; /* for this object */
    uint32_t used;  /* OV_USED_* */
    enum ov_reason reason;
    struct ov_arena texts; /* that functions made, for this object */
    struct ov_asked_bytes bytes;
    struct ov_asked_result results[OV_ASKED_RESULTS];
};

void ov_asked_begin(struct ov_asked *asked, struct ov_budget *budget);
void ov_asked_done(struct ov_asked *asked);

/* The tree with what this module's parser said. NULL: out of memory. */
struct ov_fact_tree *ov_asked_module(
        struct ov_asked *asked, struct ov_source *source, enum ov_field module) OV_MUST_CHECK;

/* NONE, or why less was said than there was to say. */
enum ov_reason ov_asked_reason(const struct ov_asked *asked);

/* A copy for as long as the object is examined. False: too many. */
OV_MUST_CHECK bool ov_asked_keep(
        struct ov_asked *asked, struct ov_bytes text, struct ov_value *out);

#endif
