/* SPDX-License-Identifier: Apache-2.0 */
/* clam.h - the object as ClamAV sees it, and the two kinds of subsignature that look at its bytes
 * themselves: a Perl regular expression, and a comparison of a number that stands there. */
#ifndef OV_EVAL_CLAM_H
#define OV_EVAL_CLAM_H

#include "base/budget.h"
#include "base/claims.h"
#include "base/clamtype.h"
#include "base/limits.h"
#include "base/source.h"
#include "db/value.h"
#include "eval/numbers.h"

/* What the engine knows of the object under way. Filled once an object; `executable` is found when
 * somebody asks for the first time. */
struct ov_clam_object {
    enum ov_clam_type type;
    uint32_t targets;   /* bit per target whose signatures are held against it */
    uint64_t file_size; /* of it, or of what it is a view of */
    uint32_t depth;     /* layers outwards: layers[0] is the direct parent's type */
    uint8_t layers[OV_DEPTH_MAX];
    void (*find_executable)(struct ov_source *source, enum ov_clam_type type,
            struct ov_clam_executable *out); /* NULL: none */
    bool is_view;                            /* its parent in another spelling */
    bool looks_whole; /* its first bytes say that it is an executable of Windows' or of ELF's kind */
    bool executable_found;
    struct ov_clam_executable executable;
    /* what its container says of it */
    bool is_member;
    uint32_t member_place;
    struct ov_bytes member_name; /* lent */
    struct ov_member_claims member;
    uint64_t container_size;
    bool (*find_picture)(struct ov_clam_object *object, struct ov_source *source, uint64_t *out);
    bool (*has_certificate)(
            struct ov_clam_object *object, struct ov_source *source, uint32_t number);
    enum ov_link_end (*judge_links)(struct ov_clam_object *object, struct ov_source *source);
    bool (*is_version_place)(
            struct ov_clam_object *object, struct ov_source *source, uint64_t offset);
    bool links_judged;
    enum ov_link_end links;
    void *find_payload; /* whatever these need */
    /* do partitions of this disk share a sector? NULL: it is none of these disks */
    bool (*are_crossed)(struct ov_source *source, enum ov_clam_type type);
    enum ov_clam_type volume; /* what kind of disk */
    bool is_macro;            /* a module of a document's macros */
    bool numbers_counted;
    struct ov_numbers numbers;
    /* of regular expressions; 0: overt's own */
    uint64_t pcre_bytes_max;
    uint32_t pcre_matches_max, pcre_depth_max;
    bool picture_found;
    bool has_picture;
    uint64_t picture;
};

struct ov_value ov_clam_fact(
        struct ov_clam_object *object, struct ov_source *source, unsigned fact, uint32_t argument);

/* `record` is an ov_clam_compare; 0 or 1. */
struct ov_value ov_clam_compare(
        struct ov_source *source, struct ov_bytes record, struct ov_value start);

/* Expressions compiled so far, and the object in one piece for them. */
struct ov_clam_pcre_state;
struct ov_clam_pcre_state *ov_clam_pcre_new(void) OV_MUST_CHECK;
void ov_clam_pcre_free(struct ov_clam_pcre_state *state);
/* Forgets the object, keeps the expressions. */
void ov_clam_pcre_begin(struct ov_clam_pcre_state *state);

enum ov_pcre_end {
    OV_PCRE_DONE = 0,
    OV_PCRE_LIMIT, /* its match limit, the budget, or the size it may look at */
    OV_PCRE_MEMORY,
    OV_PCRE_BAD /* no expression */
};
/* What an expression is held against: the bytes, or the name that they have in their container. */
struct ov_clam_pcre_subject {
    struct ov_source *source;
    struct ov_bytes name;
    uint64_t bytes_max; /* 0: as limits.h says, here and below */
    uint32_t matches_max;
    uint32_t depth_max;
};
/* How many matches of `record` (an ov_clam_pcre). `id` names the record: the same text every time. */
enum ov_pcre_end ov_clam_pcre_count(struct ov_clam_pcre_state *state,
        const struct ov_clam_pcre_subject *subject, struct ov_bytes record, uint32_t id,
        struct ov_value start, struct ov_budget *budget, uint64_t *count);

#endif
