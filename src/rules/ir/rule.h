/* SPDX-License-Identifier: Apache-2.0 */
/* rule.h - the one intermediate form that every rule language lowers to and the compiler reads.
 *
 * Everything lives in the set's arena, texts included. Rules are numbered in the order they were
 * added; a rule may refer to earlier ones only, so evaluation in order is always possible.
 */
#ifndef OV_RULES_IR_RULE_H
#define OV_RULES_IR_RULE_H

#include "base/arena.h"
#include "base/limits.h"
#include "rules/ir/diag.h"
#include "rules/ir/expr.h"
#include "rules/ir/hash_set.h"
#include "rules/ir/names.h"

enum ov_string_kind {
    OV_STRING_TEXT = 1, /* `text`, with the modifiers in `flags` */
    OV_STRING_HEX,      /* `re` */
    OV_STRING_REGEX     /* `re` */
};

/* Modifiers. Neither ASCII nor WIDE set never happens for TEXT and REGEX: the front end sets
 * ASCII where nothing was said. BASE64 replaces the plain form, as in YARA. */
#define OV_STRING_ASCII       0x0001u
#define OV_STRING_WIDE        0x0002u
#define OV_STRING_NOCASE      0x0004u
#define OV_STRING_FULLWORD    0x0008u
#define OV_STRING_XOR         0x0010u /* xor_min..xor_max */
#define OV_STRING_BASE64      0x0020u
#define OV_STRING_BASE64_WIDE 0x0040u
#define OV_STRING_PRIVATE     0x0080u /* counts, but is not shown */
#define OV_STRING_DOT_ALL     0x0100u /* /s, already applied to the tree; kept for show */
#define OV_STRING_LAZY        0x0200u /* the shortest match counts; else the longest */

struct ov_string {
    enum ov_string_kind kind;
    uint32_t flags;
    struct ov_bytes name; /* "$a"; "$" for an anonymous one */
    struct ov_bytes text; /* TEXT: unescaped */
    const struct ov_re *re;
    uint8_t xor_min;
    uint8_t xor_max;
    struct ov_bytes base64_alphabet; /* 64 bytes; the standard one if none was given */
    struct ov_bytes base64_wide_alphabet;
    bool is_at;      /* the condition asks for it at one known offset only: nothing else is shown */
    int64_t only_at; /* which */
    uint32_t line;
    uint32_t column;
};

struct ov_meta {
    struct ov_bytes name;
    enum ov_type type; /* BOOL, INT, TEXT */
    int64_t integer;
    struct ov_bytes text;
};

#define OV_RULE_PRIVATE 0x1u /* holds, but is not reported */
#define OV_RULE_GLOBAL  0x2u /* if it does not hold, no rule of its namespace does */
#define OV_RULE_OPEN    0x4u /* reported even of what is signed under a trusted certificate */

struct ov_rule {
    struct ov_bytes name;
    struct ov_bytes space; /* the namespace; "default" */
    struct ov_bytes file;
    struct ov_bytes source; /* from `rule` (or its first modifier) to its `}` */
    uint32_t line;
    uint32_t flags;
    struct ov_bytes *tags;
    uint32_t tag_count;
    struct ov_meta *metas;
    uint32_t meta_count;
    struct ov_string *strings;
    uint32_t string_count;
    struct ov_expr *condition; /* BOOL, or anything that converts */
    uint32_t local_count;
};

struct ov_external {
    struct ov_bytes name;
    enum ov_type type; /* BOOL, INT, FLOAT, TEXT */
    int64_t integer;
    double real;
    struct ov_bytes text;
};

/* A module that some source imports, for the first time: before which rule. */
struct ov_import {
    uint32_t module; /* its row of facts/schema.h */
    size_t rule;
};

/* A rule that was read but not kept. Who asks about it cannot be kept either. */
struct ov_refused_rule {
    struct ov_bytes space;
    struct ov_bytes name;
    struct ov_refused_rule *next;
};

/* What is no rule, but goes into the database as it is (db/lists.h). */
struct ov_list_entry {
    uint32_t kind;
    struct ov_bytes bytes;
    struct ov_list_entry *next;
};

struct ov_rule_set {
    struct ov_arena *arena; /* borrowed */
    struct ov_rule *rules;  /* owned array; the rest is in the arena */
    size_t rule_count;
    size_t priv_rule_cap;
    struct ov_hash_set hashes;
    struct ov_external *externals; /* owned array; defined before the first rule is read */
    size_t external_count;
    size_t priv_external_cap;
    struct ov_names names;     /* front ends: what the names of rules stand for, refused too */
    struct ov_names wildcards; /* front ends: `name*` that conditions asked about */
    struct ov_names modules;   /* front ends: imported by a namespace; the field of the module */
    struct ov_import imports[OV_IMPORTS_MAX]; /* in the order of the sources */
    size_t import_count;
    struct ov_refused_rule *refused;
    struct ov_list_entry *lists; /* in the order they came */
    struct ov_list_entry *priv_lists_end;
    bool clam; /* some rule asks how ClamAV sees the object, or hides what others find */
};

void ov_rule_set_init(struct ov_rule_set *set, struct ov_arena *arena);
void ov_rule_set_done(struct ov_rule_set *set);

/* Zeroed and appended; lent until the next add. NULL: out of memory or OV_RULES_MAX. */
struct ov_rule *ov_rule_set_add_rule(struct ov_rule_set *set) OV_MUST_CHECK;
struct ov_external *ov_rule_set_add_external(struct ov_rule_set *set) OV_MUST_CHECK;
/* `bytes` lies in the arena. False: out of memory. */
OV_MUST_CHECK bool ov_rule_set_add_list(
        struct ov_rule_set *set, uint32_t kind, struct ov_bytes bytes);
/* Before the next rule; another time counts for nothing. */
void ov_rule_set_import(struct ov_rule_set *set, uint32_t module);

#endif
