/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h - hits of the catalogue's facts, gathered by product, and at the end judged: what state
 * a product is in, how sure that is, and whether each ban covers it. */
#ifndef OV_PROHIBITED_GATHER_H
#define OV_PROHIBITED_GATHER_H

#include "prohibited/finding.h"

struct ov_hit {
    const struct ov_clue_fact *fact;
    enum ov_state shows;   /* what this hit shows; nearly always what the fact says */
    const char *where;     /* path, process, package database, ... */
    const char *detail;    /* more for people; "" */
    const char *version;   /* "" when it tells none */
    unsigned version_rank; /* of two versions the higher rank counts */
    const char *entity;    /* the maker as the system names it; "" */
};

struct ov_gather;

struct ov_gather *ov_gather_new(struct ov_survey *survey, const struct ov_catalogue *catalogue)
        OV_MUST_CHECK;
void ov_gather_free(struct ov_gather *g);

/* The texts are copied. */
void ov_gather_hit(struct ov_gather *g, const struct ov_hit *hit);

/* Findings and leads into the survey, for its last host, whose system is `platform`. */
void ov_gather_finish(struct ov_gather *g, const char *platform);

/* Is this product covered by this ban? `why` lives as long as survey and catalogue. */
enum ov_scope ov_ban_judge(struct ov_survey *s, const struct ov_ban *ban,
        const struct ov_found *found, const char **why);

#endif
