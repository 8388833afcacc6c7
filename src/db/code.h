/* SPDX-License-Identifier: Apache-2.0 */
/* code.h - condition code: what the compiler writes, the verifier checks and the evaluator runs.
 * docs/formats/ovdb.md says what each instruction does to the stack.
 *
 * A stack machine with fixed instructions of 8 bytes. Jumps go forward only, except back to the
 * body of a loop; the stack and the loops have fixed limits. Values are int64, double or bytes,
 * each possibly undefined; a boolean is the integer 0 or 1. */
#ifndef OV_DB_CODE_H
#define OV_DB_CODE_H

#include <stdbool.h>

#include "base/le.h"

struct ov_db_insn {
    uint8_t op; /* enum ov_op */
    uint8_t a;
    struct ov_le16 b;
    struct ov_le32 c;
};
_Static_assert(sizeof(struct ov_db_insn) == 8, "on-disk layout");

enum ov_op {
    OV_OP_END = 1, /* the rule holds if the one value left is true */

    OV_OP_UNDEFINED,
    OV_OP_INT,   /* c, sign-extended */
    OV_OP_WIDE,  /* the integer in the 8 bytes at c of OV_DB_TEXT */
    OV_OP_FLOAT, /* the double there */
    OV_OP_TEXT,  /* the text there: le32 length, bytes */
    OV_OP_FILESIZE,
    OV_OP_ENTRYPOINT,
    OV_OP_READ,     /* a: OV_READ_*; offset -> integer */
    OV_OP_EXTERNAL, /* number c */
    OV_OP_LOCAL,    /* the variable of loop c, 0 being the outermost; a == 1: its key */
    OV_OP_RULE,     /* did rule c hold? */

    /* strings: a == 0: string c of the rule; a == 1: the string of loop c */
    OV_OP_FOUND,
    OV_OP_FOUND_AT, /* offset -> */
    OV_OP_FOUND_IN, /* low, high -> */
    OV_OP_COUNT,
    OV_OP_COUNT_IN, /* low, high -> */
    OV_OP_OFFSET,   /* index -> */
    OV_OP_LENGTH,   /* index -> */

    /* one value -> one value */
    OV_OP_NOT,
    OV_OP_DEFINED,
    OV_OP_TRUTH, /* 0 or 1; undefined becomes 0 */
    OV_OP_NEGATE,
    OV_OP_BIT_NOT,

    /* two values -> one value */
    OV_OP_ADD,
    OV_OP_SUB,
    OV_OP_MUL,
    OV_OP_DIV,
    OV_OP_MOD,
    OV_OP_BIT_AND,
    OV_OP_BIT_OR,
    OV_OP_BIT_XOR,
    OV_OP_SHIFT_LEFT,
    OV_OP_SHIFT_RIGHT,
    OV_OP_EQ,
    OV_OP_NE,
    OV_OP_LT, /* of integers or texts */
    OV_OP_LE,
    OV_OP_GT,
    OV_OP_GE,
    OV_OP_LT_FLOAT, /* see value.h */
    OV_OP_CONTAINS,
    OV_OP_ICONTAINS,
    OV_OP_STARTSWITH,
    OV_OP_ISTARTSWITH,
    OV_OP_ENDSWITH,
    OV_OP_IENDSWITH,
    OV_OP_IEQUALS,

    OV_OP_MATCHES, /* text -> ; c: OV_DB_REGEXES offset of le32 length, le32 zero, program */

    OV_OP_AND, /* takes a value; if it is not true, leaves 0 and jumps to c */
    OV_OP_OR,  /* takes a value; if it is true, leaves 1 and jumps to c */

    /* a: OV_QUANT_*; b: that many OV_OP_RUN follow and are the set */
    OV_OP_OF,       /* [quantity] -> */
    OV_OP_OF_AT,    /* [quantity] offset -> */
    OV_OP_OF_IN,    /* [quantity] low, high -> */
    OV_OP_OF_RULES, /* [quantity] -> */
    OV_OP_RUN,      /* b of them from c: strings of the rule, or rules of the database */

    /* a: OV_QUANT_*, but not PERCENT */
    OV_OP_FOR_RANGE,   /* [quantity] low, high -> ; c: behind its NEXT */
    OV_OP_FOR_STRINGS, /* [quantity] -> ; b runs follow; c: behind its NEXT */
    OV_OP_FOR_LIST,    /* [quantity] -> ; c: behind its NEXT, where the items are */
    OV_OP_NEXT,        /* ends a body: takes its value; c: behind the loop */
    OV_OP_ITEM,        /* takes an item's value and runs the body with it */
    OV_OP_ITEMS_END,   /* ends the items: the loop's result */

    /* modules; c: a row of facts/schema.h. A node stands for a structure of one */
    OV_OP_MODULE,    /* -> node */
    OV_OP_FIELD,     /* node -> value or node */
    OV_OP_ITEM_OF,   /* node, index -> value or node */
    OV_OP_ENTRY_OF,  /* node, key -> value or node */
    OV_OP_PATTERN,   /* -> a regular expression for CALL; c: as MATCHES */
    OV_OP_CALL,      /* node, arguments -> value */
    OV_OP_FOR_FIELD, /* [quantity] node -> ; b: the row; as FOR_RANGE otherwise */

    /* the object as ClamAV sees it */
    OV_OP_OBJECT,  /* a: an ov_object_fact, c: its argument */
    OV_OP_PCRE,    /* offset -> count; c: the text there is an ov_clam_pcre */
    OV_OP_COMPARE, /* offset -> 0 or 1; c: the text there is an ov_clam_compare */

    /* probes alone (db/clues.h): takes a value and looks it up; leaves 0 */
    OV_OP_CLUE, /* a: OV_CLUE_FOLDS or 0 */

    OV_OP_LAST = OV_OP_CLUE
};

#define OV_READ_BYTES  0x07u /* 1, 2 or 4 */
#define OV_READ_SIGNED 0x08u
#define OV_READ_BIG    0x10u

enum ov_quant {
    OV_QUANT_ALL = 1,
    OV_QUANT_ANY,
    OV_QUANT_NONE,
    OV_QUANT_COUNT,  /* the quantity is on the stack */
    OV_QUANT_PERCENT /* the quantity is on the stack */
};

static inline bool ov_quant_has_value(unsigned quant)
{
    return quant == OV_QUANT_COUNT || quant == OV_QUANT_PERCENT;
}

#endif
