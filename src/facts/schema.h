/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h - the closed list of what parsers can say about an object and what conditions can ask:
 * the modules of YARA 4.5, their fields, constants and functions, with the names and types they
 * have there. MODULE.def holds one module, a row each:
 *
 *   OV_FACT(PE_SECTIONS_NAME, PE_SECTIONS, TEXT, ONE, "name")
 *           its number     , in which     , type, how many: ONE, ARRAY or DICTIONARY
 *   OV_FACT_CONSTANT(PE_C_DLL, PE, "DLL", 0x2000)
 *   OV_FACT_FUNCTION(PE_IMPORTS_OF_SS, PE, "imports", "ss", INT)
 *           arguments: i integer, f float, s text, r regular expression, b condition; one row for
 *           each overload, of one name
 *
 * A name that begins with a space is no identifier: such a row is for functions alone.
 *
 * Numbers stand in compiled databases: who changes the table changes OV_DB_FACTS_CRC, and
 * OV_DB_VERSION once a release is out. */
#ifndef OV_FACTS_SCHEMA_H
#define OV_FACTS_SCHEMA_H

#include "base/bytes.h"

enum ov_field {
    OV_FIELD_NONE = 0,
#define OV_FACT_MODULE(id, name)                                OV_##id,
#define OV_FACT(id, parent, type, shape, name)                  OV_##id,
#define OV_FACT_CONSTANT(id, parent, name, value)               OV_##id,
#define OV_FACT_TEXT_CONSTANT(id, parent, name, value)          OV_##id,
#define OV_FACT_FLOAT_CONSTANT(id, parent, name, value)         OV_##id,
#define OV_FACT_FUNCTION(id, parent, name, arguments, returned) OV_##id,
#include "facts/all.def"
    OV_FIELD_COUNT
};

enum ov_field_kind {
    OV_FIELD_IS_MODULE = 1,
    OV_FIELD_IS_FACT,
    OV_FIELD_IS_CONSTANT,
    OV_FIELD_IS_FUNCTION
};

enum ov_fact_type {
    OV_FACT_TYPE_INT = 1,
    OV_FACT_TYPE_FLOAT,
    OV_FACT_TYPE_TEXT,
    OV_FACT_TYPE_STRUCT
};

enum ov_fact_shape {
    OV_FACT_SHAPE_ONE = 1,
    OV_FACT_SHAPE_ARRAY,
    OV_FACT_SHAPE_DICTIONARY
};

struct ov_field_row {
    const char *name;
    uint16_t parent; /* enum ov_field; 0: a module */
    uint8_t kind;    /* enum ov_field_kind */
    uint8_t type;    /* enum ov_fact_type: of a fact, of a constant, of what a function returns */
    uint8_t shape;   /* enum ov_fact_shape */
    const char *arguments; /* FUNCTION */
    int64_t integer;       /* CONSTANT */
    double real;
    const char *text;
    size_t text_bytes; /* a NUL in it counts */
};

/* OV_FIELD_NONE and numbers that are none have a row too, of kind 0. */
const struct ov_field_row *ov_field_row(unsigned field);

/* The module of this name; OV_FIELD_NONE: there is none. */
enum ov_field ov_field_module(struct ov_bytes name);

/* True: what it says is not the object's but what the owner's command hands over (the time, a
 * sandbox's report, libmagic's database). Rules that everyone gets may not ask for it. */
bool ov_field_module_is_given(unsigned module);

/* The module that a field belongs to. */
enum ov_field ov_field_module_of(unsigned field);

/* The first row called `name` in a structure (a module, or a fact of type STRUCT). Functions of
 * one name follow each other: ov_field_next_overload. */
enum ov_field ov_field_find(unsigned parent, struct ov_bytes name);
enum ov_field ov_field_next_overload(unsigned field);

/* Walks the rows of a structure in the order of the table: start with `parent` itself as `after`. */
enum ov_field ov_field_next_in(unsigned parent, unsigned after);

#endif
