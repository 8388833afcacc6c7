/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/schema.h"

#include <string.h>

#define INT    OV_FACT_TYPE_INT
#define FLOAT  OV_FACT_TYPE_FLOAT
#define TEXT   OV_FACT_TYPE_TEXT
#define STRUCT OV_FACT_TYPE_STRUCT

static const struct ov_field_row rows[OV_FIELD_COUNT] = {
#define OV_FACT_MODULE(id, label)                                                               \
    [OV_##id] = {                                                                               \
        .name = (label), .kind = OV_FIELD_IS_MODULE, .type = STRUCT, .shape = OV_FACT_SHAPE_ONE \
    },
#define OV_FACT(id, in, kind_of, many, label) \
    [OV_##id] = { .name = (label),            \
        .parent = OV_##in,                    \
        .kind = OV_FIELD_IS_FACT,             \
        .type = (kind_of),                    \
        .shape = OV_FACT_SHAPE_##many },
#define OV_FACT_CONSTANT(id, in, label, value) \
    [OV_##id] = { .name = (label),             \
        .parent = OV_##in,                     \
        .kind = OV_FIELD_IS_CONSTANT,          \
        .type = INT,                           \
        .shape = OV_FACT_SHAPE_ONE,            \
        .integer = (int64_t)(value) },
#define OV_FACT_TEXT_CONSTANT(id, in, label, value) \
    [OV_##id] = { .name = (label),                  \
        .parent = OV_##in,                          \
        .kind = OV_FIELD_IS_CONSTANT,               \
        .type = TEXT,                               \
        .shape = OV_FACT_SHAPE_ONE,                 \
        .text = (value),                            \
        .text_bytes = sizeof(value) - 1 },
#define OV_FACT_FLOAT_CONSTANT(id, in, label, value) \
    [OV_##id] = { .name = (label),                   \
        .parent = OV_##in,                           \
        .kind = OV_FIELD_IS_CONSTANT,                \
        .type = FLOAT,                               \
        .shape = OV_FACT_SHAPE_ONE,                  \
        .real = (value) },
#define OV_FACT_FUNCTION(id, in, label, takes, returned) \
    [OV_##id] = { .name = (label),                       \
        .parent = OV_##in,                               \
        .kind = OV_FIELD_IS_FUNCTION,                    \
        .type = (returned),                              \
        .shape = OV_FACT_SHAPE_ONE,                      \
        .arguments = (takes) },
#include "facts/all.def"
};

const struct ov_field_row *ov_field_row(unsigned field)
{
    return &rows[field < OV_FIELD_COUNT ? field : OV_FIELD_NONE];
}

static bool is_called(unsigned field, struct ov_bytes name)
{
    return ov_bytes_equal(name, rows[field].name, strlen(rows[field].name));
}

enum ov_field ov_field_module(struct ov_bytes name)
{
    for (unsigned field = 1; field < OV_FIELD_COUNT; field++) {
        if (rows[field].kind == OV_FIELD_IS_MODULE && is_called(field, name)) {
            return (enum ov_field)field;
        }
    }
    return OV_FIELD_NONE;
}

bool ov_field_module_is_given(unsigned module)
{
    return module == OV_TIME || module == OV_CUCKOO || module == OV_MAGIC;
}

enum ov_field ov_field_module_of(unsigned field)
{
    unsigned at = field < OV_FIELD_COUNT ? field : OV_FIELD_NONE;

    /* A parent has a smaller number than its fields, which the test of this file sees to. */
    while (rows[at].parent != OV_FIELD_NONE) {
        at = rows[at].parent;
    }
    return (enum ov_field)at;
}

enum ov_field ov_field_next_in(unsigned parent, unsigned after)
{
    if (parent == OV_FIELD_NONE || parent >= OV_FIELD_COUNT) {
        return OV_FIELD_NONE;
    }
    for (unsigned field = after + 1; field < OV_FIELD_COUNT; field++) {
        if (rows[field].parent == parent) {
            return (enum ov_field)field;
        }
        if (rows[field].parent == OV_FIELD_NONE) {
            break; /* the next module */
        }
    }
    return OV_FIELD_NONE;
}

enum ov_field ov_field_find(unsigned parent, struct ov_bytes name)
{
    enum ov_field field = (enum ov_field)parent;

    while ((field = ov_field_next_in(parent, field)) != OV_FIELD_NONE) {
        if (is_called(field, name)) {
            break;
        }
    }
    return field;
}

enum ov_field ov_field_next_overload(unsigned field)
{
    const struct ov_field_row *row = ov_field_row(field);
    const struct ov_field_row *next = ov_field_row(field + 1);

    return row->kind == OV_FIELD_IS_FUNCTION && next->kind == OV_FIELD_IS_FUNCTION
                           && next->parent == row->parent && strcmp(next->name, row->name) == 0
                   ? (enum ov_field)(field + 1)
                   : OV_FIELD_NONE;
}
