/* SPDX-License-Identifier: Apache-2.0 */
/* clues.h - facts without which a rule cannot hold: of `pe.imphash() == "..."` the import hash and
 * its value. They are looked up from the value to the rules (OV_DB_CLUES), so that thousands of
 * such rules cost an object no more than a few look-ups. */
#ifndef OV_COMPILE_CLUES_H
#define OV_COMPILE_CLUES_H

#include "compile/intern.h"
#include "db/clues.h"
#include "db/value.h"
#include "db/write.h"
#include "facts/schema.h"
#include "rules/ir/expr.h"

/* Loops around an expression, the innermost first. */
struct ov_cond_scope {
    const struct ov_expr *expr;
    const struct ov_cond_scope *outer;
};

enum ov_clue_kind {
    OV_CLUE_EQUAL = 1, /* the fact is `value` */
    OV_CLUE_FOLDED,    /* the same, without regard to case */
    OV_CLUE_DEFINED    /* it is there */
};

#define OV_CLUE_STEPS_MAX 8u

struct ov_clue_step {
    enum ov_op op; /* MODULE, FIELD, ENTRY_OF, CALL; FOR_FIELD: any element */
    uint32_t field;
    struct ov_bytes key; /* ENTRY_OF */
};

struct ov_clue {
    enum ov_clue_kind kind;
    struct ov_value value;
    uint32_t step_count;
    struct ov_clue_step steps[OV_CLUE_STEPS_MAX]; /* from the module on */
};

struct ov_cond;

/* cond_clues.c: the clue without which `cond` is 0 or undefined. False: there is none. */
OV_MUST_CHECK bool ov_cond_clue(
        const struct ov_cond *cond, const struct ov_cond_scope *scope, struct ov_clue *out);

/* What is gathered while rules are written. */
struct ov_clues_build {
    struct ov_buf priv_codes; /* of probes: le32 count, 0, instructions */
    struct ov_intern priv_intern;
    struct ov_buf priv_entries; /* struct ov_clue_entry, clues.c */
    bool priv_failed;
};

void ov_clues_init(struct ov_clues_build *build);
void ov_clues_done(struct ov_clues_build *build);

/* Rule `rule` of the database has to be looked at when the clue is found in an object of a size
 * between these. Failure shows in ov_clues_write. */
void ov_clues_add(struct ov_clues_build *build, struct ov_intern *texts, const struct ov_clue *clue,
        uint32_t rule, uint32_t size_min, uint32_t size_max);

/* Fills OV_DB_CLUES, and puts its code behind that of the rules. */
OV_MUST_CHECK overt_status ov_clues_write(struct ov_clues_build *build, struct ov_intern *codes,
        struct ov_db_writer *writer, overt_error *err);

#endif
