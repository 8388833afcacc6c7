/* SPDX-License-Identifier: Apache-2.0 */
/* expr.h - conditions, as a typed tree in one dialect-free form.
 *
 * Values are 64-bit integers, doubles, byte strings and booleans, each possibly undefined.
 * Types were checked by the front end; implicit casts are explicit here only where they change
 * meaning: an integer or string where a boolean is wanted stands for "not zero" / "not empty".
 */
#ifndef OV_RULES_IR_EXPR_H
#define OV_RULES_IR_EXPR_H

#include "base/bytes.h"
#include "rules/ir/regex.h"

enum ov_type {
    OV_TYPE_BOOL = 1,
    OV_TYPE_INT,
    OV_TYPE_FLOAT,
    OV_TYPE_TEXT,
    OV_TYPE_REGEX,
    OV_TYPE_NODE /* a structure of a module: asked further, never a value */
};

enum ov_expr_kind {
    /* constants */
    OV_EXPR_BOOL, /* integer: 0 or 1 */
    OV_EXPR_INT,  /* integer */
    OV_EXPR_FLOAT,
    OV_EXPR_TEXT,
    OV_EXPR_REGEX,   /* re, re_flags: only right of MATCHES */
    OV_EXPR_PATTERN, /* the same as an argument of CALL */

    /* the object */
    OV_EXPR_FILESIZE,
    OV_EXPR_ENTRYPOINT, /* undefined unless PE or ELF */
    OV_EXPR_READ,       /* int8..uint32be(a): read_bytes, read_signed, read_big */

    /* the object as ClamAV sees it (base/clamtype.h) */
    OV_EXPR_OBJECT,  /* index: an ov_object_fact; integer: its argument */
    OV_EXPR_PCRE,    /* how many matches of `text` (db/clam_layout.h) begin where `a` says; 0 if a
                        is undefined */
    OV_EXPR_COMPARE, /* 1 if what stands near offset a compares as `text` says (db/clam_layout.h) */
    OV_EXPR_IF,      /* b if a is true, else 0 */

    /* names */
    OV_EXPR_EXTERNAL, /* index into ov_rule_set.externals */
    OV_EXPR_LOCAL,    /* a loop variable: local */
    OV_EXPR_RULE,     /* index of an earlier rule: did it hold? */

    /* modules (facts/schema.h); `field` is a row of its table */
    OV_EXPR_MODULE, /* the module */
    OV_EXPR_FIELD,  /* a.field: a fact that is there once, or a constant */
    OV_EXPR_ITEM,   /* a.field[b], an array */
    OV_EXPR_ENTRY,  /* a.field[b], a dictionary */
    OV_EXPR_CALL,   /* a.field(children...) */

    /* strings; `string` is an index into the rule's strings, or OV_STRING_LOCAL */
    OV_EXPR_FOUND,    /* $a */
    OV_EXPR_FOUND_AT, /* $a at a */
    OV_EXPR_FOUND_IN, /* $a in (a..b) */
    OV_EXPR_COUNT,    /* #a */
    OV_EXPR_COUNT_IN, /* #a in (a..b) */
    OV_EXPR_OFFSET,   /* @a[a], a == NULL: the first */
    OV_EXPR_LENGTH,   /* !a[a], a == NULL: the first */

    /* operators */
    OV_EXPR_NOT,
    OV_EXPR_DEFINED,
    OV_EXPR_AND, /* children: two or more */
    OV_EXPR_OR,  /* children: two or more */
    OV_EXPR_NEGATE,
    OV_EXPR_BIT_NOT,
    OV_EXPR_ADD,
    OV_EXPR_SUB,
    OV_EXPR_MUL,
    OV_EXPR_DIV,
    OV_EXPR_MOD,
    OV_EXPR_BIT_AND,
    OV_EXPR_BIT_OR,
    OV_EXPR_BIT_XOR,
    OV_EXPR_SHIFT_LEFT,
    OV_EXPR_SHIFT_RIGHT,
    OV_EXPR_EQ,
    OV_EXPR_NE,
    OV_EXPR_LT,
    OV_EXPR_LE,
    OV_EXPR_GT,
    OV_EXPR_GE,
    OV_EXPR_CONTAINS,
    OV_EXPR_ICONTAINS,
    OV_EXPR_STARTSWITH,
    OV_EXPR_ISTARTSWITH,
    OV_EXPR_ENDSWITH,
    OV_EXPR_IENDSWITH,
    OV_EXPR_IEQUALS,
    OV_EXPR_MATCHES, /* a: text, b: OV_EXPR_REGEX */

    /* quantified: how_many, how_many_value */
    OV_EXPR_OF_STRINGS,    /* strings[]: N of ($a, $b*) */
    OV_EXPR_OF_STRINGS_AT, /* ... at a */
    OV_EXPR_OF_STRINGS_IN, /* ... in (a..b) */
    OV_EXPR_OF_RULES,      /* rules[] */
    OV_EXPR_FOR_STRINGS,   /* for N of (strings[]) : ( body ); local = the string's slot */
    OV_EXPR_FOR_RANGE,     /* for N i in (a..b) : ( body ); local = i's slot */
    OV_EXPR_FOR_LIST,      /* for N i in (children...) : ( body ); integers or texts */
    OV_EXPR_FOR_FIELD      /* for N k, i in a.field : ( body ); an array or a dictionary */
};

/* The string bound by an enclosing FOR_STRINGS: which one is in the slot `local`. */
#define OV_STRING_LOCAL UINT32_MAX

enum ov_how_many {
    OV_ALL = 1,
    OV_ANY,
    OV_NONE,
    OV_COUNT,  /* at least how_many_value; zero or less: none at all, as YARA reads `0 of` */
    OV_PERCENT /* at least how_many_value per cent, rounded up */
};

struct ov_expr {
    enum ov_expr_kind kind;
    enum ov_type type;
    uint32_t line; /* 1-based, of the first token */
    uint32_t column;

    struct ov_expr *a;
    struct ov_expr *b;
    struct ov_expr *body;
    struct ov_expr *children; /* first of a list through `next` */
    struct ov_expr *next;

    int64_t integer;
    double real;
    struct ov_bytes text;
    const struct ov_re *re;
    uint32_t re_flags; /* OV_STRING_NOCASE, OV_STRING_DOT_ALL */

    uint8_t read_bytes; /* 1, 2, 4 */
    bool read_signed;
    bool read_big;

    uint32_t string;
    uint32_t local; /* loop slots are numbered from 0 per rule; nested loops get different ones */
    uint32_t index; /* EXTERNAL, RULE */
    uint32_t field; /* MODULE to CALL, FOR_FIELD; of type NODE: which structure it is */
    bool is_key;    /* LOCAL: the key of a loop over a dictionary, not the value */

    enum ov_how_many how_many;
    struct ov_expr *how_many_value;
    uint32_t *strings; /* sets are resolved: wildcards are gone */
    uint32_t string_count;
    uint32_t *rules;
    uint32_t rule_count;
};

#endif
