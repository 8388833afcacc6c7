/* SPDX-License-Identifier: Apache-2.0 */
/* Recursion follows the table, whose structures are nested four deep at most. */
#include "facts/show.h"

#include <inttypes.h>

#include "base/checked.h"

#define DEPTH_MAX 12u

static void show_field(const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        struct ov_buf *out, unsigned depth, unsigned arrays);

static void indent(struct ov_buf *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++) {
        ov_buf_put_text(out, "\t");
    }
}

static void show_text(struct ov_buf *out, struct ov_bytes text)
{
    const uint8_t *raw = ov_bytes_raw(text);

    ov_buf_put_text(out, " = \"");
    for (size_t i = 0; i < ov_bytes_len(text); i++) {
        if (raw[i] >= 0x20 && raw[i] < 0x7f) {
            ov_buf_put(out, &raw[i], 1);
        } else {
            ov_buf_printf(out, "\\x%02x", raw[i]);
        }
    }
    ov_buf_put_text(out, "\"");
}

/* YARA prints it as it is. What could act on a terminal, or begin a line, is escaped here. */
static void show_key(struct ov_buf *out, struct ov_bytes key)
{
    const uint8_t *raw = ov_bytes_raw(key);

    for (size_t i = 0; i < ov_bytes_len(key); i++) {
        if (raw[i] < ' ' || (raw[i] > '~' && raw[i] < 0xa0)) {
            ov_buf_printf(out, "\\x%02x", raw[i]);
        } else {
            ov_buf_put(out, &raw[i], 1);
        }
    }
}

/* YARA keeps the fields of a structure in a list that each copy turns around, and each array
 * copies what it holds: backwards at the top, forwards in an array, backwards in one inside it. */
static void show_fields(const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field parent,
        struct ov_buf *out, unsigned depth, unsigned arrays)
{
    enum ov_field fields[OV_FIELD_COUNT];
    size_t count = 0;

    for (enum ov_field field = ov_field_next_in(parent, parent); field != OV_FIELD_NONE;
            field = ov_field_next_in(parent, field)) {
        if (ov_field_row(field)->kind != OV_FIELD_IS_FUNCTION
                && ov_field_row(field)->name[0] != ' ') {
            fields[count++] = field;
        }
    }
    for (size_t i = 0; i < count; i++) {
        show_field(tree, node, fields[arrays % 2 == 0 ? count - 1 - i : i], out, depth, arrays);
    }
}

/* Behind what names it, on the same line; and the lines inside it. */
static void show_value(const struct ov_fact_tree *tree, struct ov_fact fact, enum ov_field field,
        struct ov_buf *out, unsigned depth, unsigned arrays)
{
    switch (fact.kind) {
    case OV_FACT_INT:
        ov_buf_printf(out, " = %" PRId64, fact.integer);
        break;
    case OV_FACT_FLOAT:
        ov_buf_printf(out, " = %f", fact.real);
        break;
    case OV_FACT_TEXT:
        show_text(out, fact.text);
        break;
    case OV_FACT_NODE:
        ov_buf_put_text(out, "\n");
        show_fields(tree, fact.node, field, out, depth + 1, arrays);
        return;
    case OV_FACT_UNDEFINED:
        ov_buf_put_text(out,
                ov_field_row(field)->type == OV_FACT_TYPE_FLOAT ? " = nan" : " = YR_UNDEFINED");
        break;
    }
    ov_buf_put_text(out, "\n");
}

static void show_elements(const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        struct ov_buf *out, unsigned depth, unsigned arrays)
{
    const uint32_t count = ov_fact_count(tree, node, field);
    struct ov_bytes key;

    ov_buf_put_text(out, "\n");
    for (uint32_t i = 0; i < count; i++) {
        const struct ov_fact fact = ov_fact_get_item(tree, node, field, i);

        if (fact.kind == OV_FACT_UNDEFINED) {
            continue; /* a hole */
        }
        indent(out, depth + 1);
        if (ov_fact_key(tree, node, field, i, &key)) {
            show_key(out, key);
        } else {
            ov_buf_printf(out, "[%u]", i);
        }
        show_value(tree, fact, field, out, depth + 1, arrays + 1);
    }
}

static void show_field(const struct ov_fact_tree *tree, ov_fact_node node, enum ov_field field,
        struct ov_buf *out, unsigned depth, unsigned arrays)
{
    const struct ov_field_row *row = ov_field_row(field);

    OV_ASSERT(depth < DEPTH_MAX);
    indent(out, depth);
    ov_buf_put_text(out, row->name);
    if (row->shape != OV_FACT_SHAPE_ONE) {
        show_elements(tree, node, field, out, depth, arrays);
    } else {
        show_value(tree, ov_fact_get(tree, node, field), field, out, depth, arrays);
    }
}

void ov_fact_show(const struct ov_fact_tree *tree, enum ov_field module, struct ov_buf *out)
{
    ov_buf_put_text(out, ov_field_row(module)->name);
    ov_buf_put_text(out, "\n");
    show_fields(tree, ov_fact_get_root(tree, module), module, out, 1, 0);
}
