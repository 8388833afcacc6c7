/* SPDX-License-Identifier: Apache-2.0 */
/* value.h - the values of condition code and what its operators make of them. One place for the
 * compiler, which folds constants, and the evaluator, so that they cannot disagree.
 *
 * The rules are those of YARA 4.5 on x86-64, as observed:
 *   - an operator with an undefined operand is undefined. Exceptions: and, or, defined; and `<` of
 *     floats, which is false;
 *   - integers wrap; division by zero is undefined for integers, IEEE for floats; a shift by 64 or
 *     more gives 0, by less than 0 undefined;
 *   - floats are equal if they differ by less than DBL_EPSILON;
 *   - where an integer is wanted and a float is there, its bits are taken (so `@a[1.0]` is no
 *     match, and 0.0 is false but -0.0 is true);
 *   - texts are ordered as signed bytes. */
#ifndef OV_DB_VALUE_H
#define OV_DB_VALUE_H

#include "base/bytes.h"
#include "db/code.h"

enum ov_value_kind {
    OV_VALUE_UNDEFINED = 0,
    OV_VALUE_INT,
    OV_VALUE_FLOAT,
    OV_VALUE_TEXT,
    OV_VALUE_NODE,   /* a structure of a module: `node` */
    OV_VALUE_PATTERN /* a regular expression: `place` in OV_DB_REGEXES */
};

struct ov_value {
    enum ov_value_kind kind;
    union {
        int64_t integer;
        double real;
        struct ov_bytes text;
        uint32_t node;
        uint32_t place;
    };
};

struct ov_value ov_value_undefined(void);
struct ov_value ov_value_int(int64_t v);
struct ov_value ov_value_float(double v);
struct ov_value ov_value_text(struct ov_bytes v);
struct ov_value ov_value_node(uint32_t node);

/* Undefined is not true; a number is true if its bits are not all zero, a text if not empty. */
bool ov_value_is_true(struct ov_value v);

/* False if undefined or a text. */
OV_MUST_CHECK bool ov_value_as_int(struct ov_value v, int64_t *out);

/* NOT to BIT_NOT; undefined for a kind the operator does not take. */
struct ov_value ov_value_unary(enum ov_op op, struct ov_value v);

/* ADD to IEQUALS; undefined for kinds the operator does not take. */
struct ov_value ov_value_binary(enum ov_op op, struct ov_value a, struct ov_value b);

/* What ov_value_binary costs at most, in steps. */
uint64_t ov_value_steps(enum ov_op op, struct ov_value a, struct ov_value b);

/* Does `true_count` of `total` satisfy an `of`? `quantity` is looked at where `quant` has one.
 * An undefined count means all, an undefined percentage makes the result undefined. */
struct ov_value ov_value_of(
        enum ov_quant quant, struct ov_value quantity, uint64_t true_count, uint64_t total);

/* The quantity of a loop, as a number: at least so many (INT64_MIN: all of them; 0: none). */
int64_t ov_value_wanted(enum ov_quant quant, struct ov_value quantity);
#define OV_WANTED_ALL INT64_MIN

/* Does a loop hold that ran `total` times, its body being true `true_count` times? */
bool ov_value_loop(int64_t wanted, uint64_t true_count, uint64_t total);

/* Is that known already, whatever the rest of the loop says? */
bool ov_value_loop_is_settled(int64_t wanted, uint64_t true_count, uint64_t total);

#endif
