/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h - the matcher as its own files see it. Nobody else includes this.
 *
 * A block is looked at in passes (pass.c); what a filter lets through is compared with the atoms
 * of its bucket (candidates.c) and then confirmed (confirm.c); automata whose confirmations cost
 * more than going over the whole block are run over it instead (dense.c). Matches are kept in
 * lists (matches.c), one for each string and for each part of a chain (chains.c). What wakes rules by
 * where it stands is looked for apart (signs.c).
 */
#ifndef OV_MATCH_INSIDE_H
#define OV_MATCH_INSIDE_H

#include <string.h>

#include "base/arena.h"
#include "match/match.h"
#include "match/simulate.h"

#define OV_USE_NONE_IN_DB   0u /* ov_string_use, as the compiler writes it */
#define OV_USE_EXISTS_IN_DB 1u

#define OV_HITS_MAX 1024u

/* The largest filter that is made for a second sweep, as a binary logarithm of its bits. */
#define OV_AWAKE_BITS_MAX 17u

struct ov_pass {
    unsigned kind;
    unsigned stride;
    unsigned width;
    unsigned bucket_shift; /* 64 - bits */
    uint64_t bucket_hash;
    /* of the profile of the object at hand */
    unsigned filter_bits; /* 0: nothing here is looked for */
    uint32_t hash_low;
    uint32_t hash_high;
    const uint8_t *filter;
    const struct ov_db_nibbles *nibbles; /* nibble_count of them */
    unsigned nibble_count;
    const struct ov_db_mark *marks;
    unsigned mark_shift; /* 64 - bits; 64: there are no marks */
    const struct ov_le32 *buckets;
    const struct ov_db_atom *atoms;
    const struct ov_db_gram *grams;
    uint32_t atom_count;
    uint64_t *dead;       /* a bit for each bucket all of whose strings are settled; owned */
    uint32_t *dead_words; /* which words of it to clear; owned */
    uint32_t dead_count;
    uint64_t barren[4]; /* byte values: inside a run of them nothing here is wanted (any more) */
};

/* What was found of one collector: a string, or a part of a chain. */
struct ov_list {
    struct ov_match *items; /* in the arena */
    uint32_t collector;
    uint32_t count;
    uint32_t cap;
    uint32_t sorted; /* that many, at the front, are sorted and distinct */
    bool settled;    /* nothing more is looked for */
    bool incomplete; /* a gate: the second sweep looks for the rest, from the beginning */
    bool shortest;
};

struct ov_dense;

struct ov_matcher {
    /* the database, opened and checked as far as counts and ends go */
    struct ov_bytes patterns;
    struct ov_bytes code;
    const struct ov_db_part *parts;
    const struct ov_le32 *lone;
    uint32_t pattern_count;
    uint32_t string_count;
    uint32_t part_count;
    uint32_t lone_count;
    struct ov_pass passes[OV_PASSES_MAX];
    uint32_t pass_count;

    /* profiles: what is looked for in which objects */
    struct ov_bytes filters; /* the section */
    const struct ov_db_class *classes;
    const struct ov_le64 *sizes;
    const uint8_t *map;
    const struct ov_db_profile *profiles;
    const struct ov_db_group *groups;
    uint32_t class_count;
    uint32_t size_count;
    uint32_t profile_count;
    uint32_t group_count;
    uint32_t profile; /* of the object at hand */
    enum ov_stance stance;
    bool profile_known;

    /* the second sweep: strings of rules whose gates were found in the first */
    const struct ov_db_sleeper *rules; /* rule_count + 1 */
    uint32_t rule_count;
    uint64_t *awake;       /* a bit for each string; owned */
    uint32_t *awake_rules; /* whose strings' bits are set; owned */
    const struct ov_db_sign *signs;
    const struct ov_le32 *sign_rules;
    uint32_t sign_count;
    uint32_t sign_rule_count;
    uint64_t signs_head;     /* no sign reaches as far as this from the beginning, */
    uint64_t signs_tail;     /* nor begins farther from the end */
    uint64_t *signs_found;   /* a bit for each; owned */
    uint8_t *gates_found;    /* for each rule that needs several: strings; owned */
    uint32_t *waiting_rules; /* of which gates_found is not 0; owned */
    uint32_t waiting_count;
    uint32_t awake_count;
    uint32_t *
            awake_filters[OV_PASSES_MAX]; /* OV_AWAKE_BITS_MAX bits each, made when needed; owned */
    struct ov_db_nibbles awake_nibbles[OV_PASSES_MAX][OV_NIBBLES_MAX];
    bool again; /* this is the second sweep */

    /* scratch, all of it for the object at hand */
    uint32_t *slots;       /* for each collector the number of its list + 1, or 0; owned */
    struct ov_list *lists; /* owned */
    uint32_t list_count;
    uint32_t list_cap;
    uint32_t *found; /* owned; room for every string found */
    uint32_t found_count;
    uint32_t found_cap;
    uint64_t *spent;    /* for each pattern, steps in this block; owned */
    uint32_t *spent_on; /* which of them are not zero; owned */
    uint32_t spent_count;
    uint32_t hits[OV_HITS_MAX];
    struct ov_simulator simulator;
    struct ov_string_cost *costs; /* one for each string, or NULL: nobody asked; owned */
    struct ov_dense *dense;       /* buffers of dense.c; owned, made when first needed */
    struct ov_arena arena;
    uint64_t chain_matches; /* matches of parts when chains were last resolved */
    uint64_t part_matches;
    uint64_t size;
    bool keep_all;
    bool vectors;      /* the processor has AVX2 */
    bool always_dense; /* tests only: automata are never confirmed one by one */
    enum ov_reason stopped;

    /* the block at hand */
    struct ov_text text;
    uint64_t first;
    uint64_t end;
    struct ov_source *source;
    struct ov_budget *budget;
};

/* A pattern's record, or NULL for a number that is none. */
static inline const struct ov_db_pattern *ov_pattern_at(const struct ov_matcher *m, uint64_t number)
{
    struct ov_bytes record;

    if (number >= m->pattern_count
            || !ov_bytes_slice(m->patterns, number * sizeof(struct ov_db_pattern),
                    sizeof(struct ov_db_pattern), &record)) {
        return NULL;
    }
    return (const void *)ov_bytes_raw(record);
}

static inline bool ov_string_settled(const struct ov_matcher *m, uint32_t string)
{
    uint32_t slot;

    if (string >= m->string_count) {
        return true; /* a database that lies */
    }
    slot = m->slots[string];
    return slot != 0 && m->lists[slot - 1].settled;
}

/* Whether this pattern's matches can still change anything. */
static inline bool ov_pattern_wanted(const struct ov_matcher *m, uint8_t use, uint32_t string)
{
    return (use != OV_USE_NONE_IN_DB || m->keep_all) && !ov_string_settled(m, string);
}

/* Whether strings of this group are looked for in the object at hand. */
static inline bool ov_group_wanted(const struct ov_matcher *m, uint32_t group)
{
    return group < m->group_count && ov_db_group_has(&m->groups[group], m->profile);
}

/* Whether this sweep looks for the string. */
static inline bool ov_string_awake(const struct ov_matcher *m, uint32_t string)
{
    return !m->again
           || (string < m->string_count && (m->awake[string >> 6] >> (string & 63) & 1) != 0);
}

/* Whether what this atom leads to can still change anything. */
static inline bool ov_atom_wanted(const struct ov_matcher *m, const struct ov_db_atom *atom)
{
    return ov_group_wanted(m, ov_le16_get(atom->group))
           && ov_string_awake(m, ov_le32_get(atom->string))
           && ov_pattern_wanted(m, atom->use, ov_le32_get(atom->string));
}

/* Whether one match of this pattern is all that counts in this sweep. */
static inline bool ov_once_is_enough(
        const struct ov_matcher *m, const struct ov_db_pattern *pattern)
{
    return (pattern->use == OV_USE_EXISTS_IN_DB && !m->keep_all)
           || (!m->again && (ov_le16_get(pattern->flags) & OV_PATTERN_GATE) != 0);
}

/* counts.c: what was done for this string; the budget's steps before it. */
void ov_count_candidate(struct ov_matcher *m, uint32_t string);
void ov_count_confirmation(struct ov_matcher *m, uint32_t string, uint64_t steps_before);
void ov_counts_begin(struct ov_matcher *m);

/* The first reason stays. */
void ov_matcher_stop(struct ov_matcher *m, enum ov_reason reason);

/* profile.c: opens the tables of profiles; chooses the object's, once its first block is at hand */
OV_MUST_CHECK bool ov_profiles_open(
        struct ov_matcher *m, const struct ov_db_view *view, const struct ov_db_filters *filters);
void ov_profile_choose(struct ov_matcher *m);
/* signs.c: opens their tables; looks for them in the block at hand; forgets what was found */
OV_MUST_CHECK bool ov_signs_open(
        struct ov_matcher *m, const struct ov_db_view *view, const struct ov_db_filters *filters);
void ov_signs_block(struct ov_matcher *m);
void ov_signs_forget(struct ov_matcher *m);
/* awake.c: filters of the awake rules' grams, in place of the last profile's */
void ov_awake_filters(struct ov_matcher *m);

/* pass.c: every pass over the block at hand */
void ov_passes_run(struct ov_matcher *m);
bool ov_pass_has_vectors(void);
/* The gram at `at`, of which `left` bytes may be read (zeros stand for the others). */
uint64_t ov_pass_gram(const struct ov_pass *pass, const uint8_t *at, uint64_t left);

/* Whether one gram passes the filter. */
static inline bool ov_pass_passes(const struct ov_pass *pass, uint64_t gram)
{
    const uint32_t hash = ov_gram_hash(gram, pass->hash_low, pass->hash_high);
    const uint32_t mask = ov_gram_mask(hash);
    uint32_t word;

    memcpy(&word, pass->filter + 4u * (size_t)ov_gram_word(hash, pass->filter_bits), sizeof(word));
    return (word & mask) == mask;
}

/* pass_avx2.c: the offsets in [*from, to) that pass, as far as whole vectors go and `hits` has
 * room; *from is where to go on. */
uint32_t ov_pass_find_avx2(const struct ov_pass *pass, const uint8_t *at, size_t *from, size_t to,
        size_t readable, uint32_t *hits);

/* candidates.c: `count` offsets (from text.low) that a filter let through, in m->hits */
void ov_candidates_check(struct ov_matcher *m, struct ov_pass *pass, uint32_t count);

/* confirm.c: does pattern `number` match with its beginning (FIXED) or cut (AUTOMATON) here? Keeps
 * what is found. */
void ov_confirm(struct ov_matcher *m, uint32_t number, uint64_t at);
void ov_confirm_everywhere(struct ov_matcher *m, uint32_t number);
bool ov_fullword_left(struct ov_matcher *m, uint64_t start, bool wide);
bool ov_fullword_right(struct ov_matcher *m, uint64_t end, bool wide);

/* dense.c: one automaton over the whole block. False: it cannot be done for this one, and nothing
 * was. */
bool ov_dense_run(struct ov_matcher *m, const struct ov_db_pattern *pattern);
/* Steps that ov_dense_run takes for one byte, about. */
uint64_t ov_dense_steps(const struct ov_program *right, const struct ov_program *left);
void ov_dense_free(struct ov_dense *dense);

/* matches.c */
void ov_matches_begin(struct ov_matcher *m);
void ov_matches_add(struct ov_matcher *m, const struct ov_db_pattern *pattern, uint64_t offset,
        uint64_t length, uint32_t xor_key);
struct ov_list *ov_matches_list(struct ov_matcher *m, uint32_t collector); /* NULL: no memory */
void ov_matches_sort(struct ov_list *list);
void ov_matches_end(struct ov_matcher *m);
/* Something without which the rule cannot hold was found. */
void ov_matches_wake(struct ov_matcher *m, uint32_t rule);
/* Before the second sweep: forgets what it looks for from the beginning. */
void ov_matches_again(struct ov_matcher *m);

/* chains.c: heads whose tails are known become matches of their string. */
void ov_chains_settle(struct ov_matcher *m, bool at_the_end);
/* Whether a part's match has to be kept beside those in its list. */
bool ov_chains_need(struct ov_matcher *m, uint32_t collector, struct ov_list *list, uint64_t offset,
        uint64_t length);
/* Drops what cannot belong to a whole chain any more from a part's (sorted) list. */
void ov_chains_prune(struct ov_matcher *m, struct ov_list *list);

#endif
