/* SPDX-License-Identifier: Apache-2.0 */
/* TypeDef, MethodDef, Param, GenericParam, InterfaceImpl, NestedClass (ECMA-335, II.22). Rows that
 * belong to a class are found by a sorted copy of who owns them: a walk over the table for each
 * class and method, which is what YARA does, is quadratic in numbers that the file chooses. */
#include "formats/dotnet_classes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/dotnet_types.h"

#define METHODS_MAX    20000u /* of one class: with more of them, YARA takes the table for broken */
#define PARAMETERS_MAX 2000u  /* of one method */

enum {
    TYPE_INTERFACE = 0x20,
    TYPE_ABSTRACT = 0x80,
    TYPE_SEALED = 0x100
};
enum {
    METHOD_STATIC = 0x10,
    METHOD_FINAL = 0x20,
    METHOD_VIRTUAL = 0x40,
    METHOD_ABSTRACT = 0x400
};
#define SIGNATURE_GENERIC 0x10u

struct walk {
    const struct ov_clr *clr;
    struct ov_spot root;
    struct ov_say *say;
    struct ov_clr_text *text;
    struct ov_clr_types types;
    struct ov_clr_owners interfaces;    /* rows of InterfaceImpl by class */
    struct ov_clr_owners generics;      /* rows of GenericParam by coded owner */
    struct ov_clr_part *class_generics; /* room for all rows of GenericParam */
    struct ov_clr_part *method_generics;
};

static int by_owner(const void *a, const void *b)
{
    const struct ov_clr_owned *x = a, *y = b;

    if (x->owner != y->owner) {
        return x->owner < y->owner ? -1 : 1;
    }
    return (x->row > y->row) - (x->row < y->row);
}

/* The rows of a table that can be read, by the value of one column. False: no memory, no budget. */
static bool sort_owners(
        struct walk *w, unsigned table, unsigned column, struct ov_clr_owners *owners)
{
    const uint32_t rows = w->clr->tables[table].rows;
    uint64_t at;

    if (!ov_say_work(w->say, 1 + 16 * (uint64_t)rows)) {
        return false;
    }
    owners->at = calloc(rows + 1, sizeof(*owners->at));
    if (owners->at == NULL) {
        ov_fact_give_up(w->say->tree, OV_REASON_MEMORY);
        return false;
    }
    for (uint32_t row = 1; row <= rows; row++) {
        if (ov_clr_row(w->clr, table, row, &at)) {
            owners->at[owners->count++] =
                    (struct ov_clr_owned){ .owner = ov_clr_cell(w->clr, table, at, column),
                        .row = row };
        }
    }
    qsort(owners->at, owners->count, sizeof(*owners->at), by_owner);
    return true;
}

static struct ov_bytes made(const struct walk *w, size_t from)
{
    return ov_bytes_of(w->text->at + from, w->text->len - from);
}

static bool is_called(const struct walk *w, struct ov_clr_part name, const char *what)
{
    struct ov_bytes bytes;

    return name.len == strlen(what) && ov_image_lend(&w->clr->pe.image, name.at, name.len, &bytes)
           && ov_bytes_equal(bytes, what, strlen(what));
}

/* The generic parameters of a class or method. One without a name: for YARA there are none. */
static struct ov_clr_names generics_of(struct walk *w, uint32_t owner, struct ov_clr_part *room)
{
    const struct ov_clr_names none = { .count = 0 };
    const struct ov_clr_owners *all = &w->generics;
    uint32_t count = 0;
    uint64_t at;

    for (uint32_t i = ov_clr_first_owned(all, owner); i < all->count && all->at[i].owner == owner;
            i++) {
        if (!ov_say_work(w->say, 1)
                || !ov_clr_row(w->clr, OV_CLR_GENERIC_PARAM, all->at[i].row, &at)
                || !ov_clr_string(
                        w->clr, ov_clr_cell(w->clr, OV_CLR_GENERIC_PARAM, at, 3), &room[count])
                || room[count].len == 0) {
            return none;
        }
        count++;
    }
    return (struct ov_clr_names){ .at = room, .count = count };
}

static void say_generics(struct walk *w, struct ov_spot spot, struct ov_clr_names names)
{
    ov_say_int(w->say, spot, "number_of_generic_parameters", names.count);
    for (uint32_t i = 0; i < names.count; i++) {
        ov_say_item_part(w->say, spot, "generic_parameters", i, &w->clr->pe.image, names.at[i].at,
                names.at[i].len);
    }
}

/* --- methods --------------------------------------------------------------------------------- */

/* What is known of a method before anything is said of it: YARA leaves out those it cannot read. */
struct method {
    uint64_t row_at;
    struct ov_clr_part name;
    struct ov_clr_names generics;
    struct ov_clr_signature rest; /* of the signature: its parameters */
    uint32_t parameters;
    uint32_t parameter_list;
    size_t returned; /* where in the text what it returns begins */
    size_t returned_end;
};

/* II.23.2.1: flags, count of generic parameters, of parameters, and what is returned. */
static bool read_signature(struct walk *w, struct ov_clr_names class_names, struct method *m)
{
    const struct ov_clr *clr = w->clr;
    struct ov_clr_part blob;
    uint8_t flags;

    if (!ov_clr_blob(clr, clr->blobs.at + ov_clr_cell(clr, OV_CLR_METHOD_DEF, m->row_at, 4), &blob)
            || blob.len < 3) {
        return false;
    }
    flags = ov_image_u8(&clr->pe.image, blob.at);
    m->rest = (struct ov_clr_signature){ .at = blob.at + 1, .left = (uint32_t)blob.len - 1 };
    if ((flags & SIGNATURE_GENERIC) != 0) {
        (void)ov_clr_read_number(clr, &m->rest); /* the table has them with their names */
    }
    m->parameters = ov_clr_read_number(clr, &m->rest);
    m->returned = w->text->len;
    if (!ov_clr_type(&w->types, &m->rest, class_names, m->generics)) {
        return false;
    }
    m->returned_end = w->text->len;
    return m->parameters <= PARAMETERS_MAX;
}

static void say_parameter(struct walk *w, struct ov_spot spot, uint32_t index, uint32_t row)
{
    const struct ov_clr *clr = w->clr;
    struct ov_clr_part name;
    uint64_t at;
    char made_up[24];

    if (row < 1 || row > clr->tables[OV_CLR_PARAM].rows) {
        (void)snprintf(made_up, sizeof(made_up), "P_%u", index);
        ov_say_name(w->say, spot, "name", made_up);
    } else if (ov_clr_row(clr, OV_CLR_PARAM, row, &at)
               && ov_clr_string(clr, ov_clr_cell(clr, OV_CLR_PARAM, at, 2), &name)) {
        ov_say_part(w->say, spot, "name", &clr->pe.image, name.at, name.len);
    }
}

/* With a `spot`, says the parameters; without, only tells whether all of them can be read. */
static bool walk_parameters(struct walk *w, const struct method *m, struct ov_clr_names class_names,
        const struct ov_spot *spot)
{
    struct ov_clr_signature rest = m->rest;
    const size_t from = w->text->len;
    uint64_t at;

    for (uint32_t i = 0; i < m->parameters; i++) {
        const uint32_t row = m->parameter_list + i;
        bool read = row < 1 || row > w->clr->tables[OV_CLR_PARAM].rows
                    || ov_clr_row(w->clr, OV_CLR_PARAM, row, &at);

        read = read && ov_clr_type(&w->types, &rest, class_names, m->generics);
        if (!read) {
            return false;
        }
        if (spot != NULL) {
            const struct ov_spot item = ov_say_item(w->say, *spot, "parameters", i);

            say_parameter(w, item, i, row);
            ov_say_text(w->say, item, "type", made(w, from));
        }
        w->text->len = from;
    }
    return true;
}

static const char *method_visibility(uint32_t flags)
{
    static const char *const names[8] = { "private", "private", "private protected", "internal",
        "protected", "protected internal", "public", "private" };

    return names[flags & 7];
}

static void say_method(struct walk *w, struct ov_spot spot, const struct method *m,
        struct ov_clr_names class_names)
{
    const struct ov_image *image = &w->clr->pe.image;
    const uint32_t flags = ov_clr_cell(w->clr, OV_CLR_METHOD_DEF, m->row_at, 2);

    ov_say_part(w->say, spot, "name", image, m->name.at, m->name.len);
    ov_say_name(w->say, spot, "visibility", method_visibility(flags));
    ov_say_int(w->say, spot, "static", (flags & METHOD_STATIC) != 0);
    ov_say_int(w->say, spot, "virtual", (flags & METHOD_VIRTUAL) != 0);
    ov_say_int(w->say, spot, "final", (flags & METHOD_FINAL) != 0);
    ov_say_int(w->say, spot, "abstract", (flags & METHOD_ABSTRACT) != 0);
    say_generics(w, spot, m->generics);
    if (!is_called(w, m->name, ".ctor") && !is_called(w, m->name, ".cctor")) {
        ov_say_text(w->say, spot, "return_type",
                ov_bytes_of(w->text->at + m->returned, m->returned_end - m->returned));
    }
    if (m->parameter_list != 0) {
        ov_say_int(w->say, spot, "number_of_parameters", m->parameters);
        (void)walk_parameters(w, m, class_names, &spot);
    }
}

static bool read_method(
        struct walk *w, uint32_t row, struct ov_clr_names class_names, struct method *m)
{
    const struct ov_clr *clr = w->clr;

    if (!ov_clr_row(clr, OV_CLR_METHOD_DEF, row, &m->row_at)
            || !ov_clr_string(clr, ov_clr_cell(clr, OV_CLR_METHOD_DEF, m->row_at, 3), &m->name)
            || m->name.len == 0) {
        return false;
    }
    m->generics = generics_of(w, row << 1 | 1, w->method_generics);
    m->parameter_list = ov_clr_cell(clr, OV_CLR_METHOD_DEF, m->row_at, 5);
    return read_signature(w, class_names, m)
           && (m->parameter_list == 0 || walk_parameters(w, m, class_names, NULL));
}

static void say_methods(struct walk *w, struct ov_spot spot, uint32_t first, uint32_t count,
        struct ov_clr_names class_names)
{
    uint32_t said = 0;

    if (first == 0) {
        return;
    }
    for (uint32_t i = 0; i < count && ov_say_work(w->say, 1); i++) {
        struct method m = { .parameters = 0 };

        if (i > w->clr->tables[OV_CLR_METHOD_DEF].rows
                || first > w->clr->tables[OV_CLR_METHOD_DEF].rows - i) {
            break;
        }
        w->text->len = 0;
        if (read_method(w, first + i, class_names, &m)) {
            say_method(w, ov_say_item(w->say, spot, "methods", said), &m, class_names);
            said++;
        }
    }
    ov_say_int(w->say, spot, "number_of_methods", said);
}

/* --- classes --------------------------------------------------------------------------------- */

/* The class it extends, then the interfaces. */
static void say_base_types(struct walk *w, struct ov_spot spot, uint32_t row, uint32_t extends,
        struct ov_clr_names names)
{
    const struct ov_clr_owners *all = &w->interfaces;
    uint32_t said = 0;
    uint64_t at;

    w->text->len = 0;
    if (ov_clr_type_name(&w->types, extends, names)) {
        ov_say_item_text(w->say, spot, "base_types", said++, made(w, 0));
    }
    for (uint32_t i = ov_clr_first_owned(all, row); i < all->count && all->at[i].owner == row;
            i++) {
        w->text->len = 0;
        if (ov_say_work(w->say, 1) && ov_clr_row(w->clr, OV_CLR_INTERFACE_IMPL, all->at[i].row, &at)
                && ov_clr_type_name(
                        &w->types, ov_clr_cell(w->clr, OV_CLR_INTERFACE_IMPL, at, 1), names)) {
            ov_say_item_text(w->say, spot, "base_types", said++, made(w, 0));
        }
    }
    ov_say_int(w->say, spot, "number_of_base_types", said);
}

static const char *type_visibility(uint32_t flags)
{
    static const char *const names[8] = { "internal", "public", "public", "private", "protected",
        "internal", "private protected", "protected internal" };

    return names[flags & 7];
}

static void say_class_names(
        struct walk *w, struct ov_spot spot, uint32_t row, uint64_t row_at, uint32_t flags)
{
    const struct ov_clr *clr = w->clr;
    const uint32_t name = ov_clr_cell(clr, OV_CLR_TYPE_DEF, row_at, 1);
    const uint32_t space = ov_clr_cell(clr, OV_CLR_TYPE_DEF, row_at, 2);
    struct ov_clr_part part;
    bool there;

    w->text->len = 0;
    if (ov_clr_is_nested(flags)) {
        there = ov_clr_enclosing(&w->types, row);
        ov_clr_join(&w->types, 0, &there, space);
    } else {
        there = ov_clr_string(clr, space, &part) && ov_clr_put_part(clr, w->text, part);
    }
    if (there) {
        ov_say_text(w->say, spot, "namespace", made(w, 0));
    }
    ov_clr_join(&w->types, 0, &there, name);
    if (there) {
        ov_say_text(w->say, spot, "fullname", made(w, 0));
    }
}

/* How many methods a class has: up to where the next class's begin, or to the table's end. */
static uint32_t method_count(const struct ov_clr *clr, uint32_t row, uint32_t first)
{
    const uint32_t methods = clr->tables[OV_CLR_METHOD_DEF].rows;
    uint64_t at;
    uint32_t next;

    if (row < clr->tables[OV_CLR_TYPE_DEF].rows) {
        if (!ov_clr_row(clr, OV_CLR_TYPE_DEF, row + 1, &at)) {
            return 0;
        }
        next = ov_clr_cell(clr, OV_CLR_TYPE_DEF, at, 5);
        return next >= first ? next - first : 0;
    }
    return methods >= first ? methods + 1 - first : 0;
}

/* The name's length up to a backtick. False: the class is not one to speak of. */
static bool class_name(const struct walk *w, uint64_t row_at, struct ov_clr_part *name)
{
    struct ov_bytes bytes;
    const uint8_t *tick;

    if (!ov_clr_string(w->clr, ov_clr_cell(w->clr, OV_CLR_TYPE_DEF, row_at, 1), name)
            || name->len == 0 || is_called(w, *name, "<Module>")
            || !ov_image_lend(&w->clr->pe.image, name->at, name->len, &bytes)) {
        return false;
    }
    tick = memchr(ov_bytes_raw(bytes), '`', (size_t)name->len);
    if (tick != NULL) {
        name->len = (uint64_t)(tick - ov_bytes_raw(bytes));
    }
    return name->len > 0;
}

static void say_class(
        struct walk *w, struct ov_spot spot, uint32_t row, uint64_t row_at, struct ov_clr_part name)
{
    const struct ov_clr *clr = w->clr;
    const uint32_t flags = ov_clr_cell(clr, OV_CLR_TYPE_DEF, row_at, 0);
    const uint32_t first = ov_clr_cell(clr, OV_CLR_TYPE_DEF, row_at, 5);
    const uint32_t count = method_count(clr, row, first);
    struct ov_clr_names generics;

    ov_say_part(w->say, spot, "name", &clr->pe.image, name.at, name.len);
    say_class_names(w, spot, row, row_at, flags);
    ov_say_name(w->say, spot, "visibility", type_visibility(flags));
    ov_say_name(w->say, spot, "type", (flags & TYPE_INTERFACE) != 0 ? "interface" : "class");
    ov_say_int(w->say, spot, "abstract", (flags & TYPE_ABSTRACT) != 0);
    ov_say_int(w->say, spot, "sealed", (flags & TYPE_SEALED) != 0);
    generics = generics_of(w, row << 1, w->class_generics);
    say_generics(w, spot, generics);
    say_base_types(w, spot, row, ov_clr_cell(clr, OV_CLR_TYPE_DEF, row_at, 3), generics);
    if (count <= METHODS_MAX) {
        say_methods(w, spot, first, count, generics);
    }
}

static void say_all(struct walk *w)
{
    struct ov_clr_part name;
    uint64_t row_at;
    uint32_t said = 0;

    for (uint32_t row = 1; row <= w->clr->tables[OV_CLR_TYPE_DEF].rows; row++) {
        if (!ov_say_work(w->say, 1)) {
            return;
        }
        if (ov_clr_row(w->clr, OV_CLR_TYPE_DEF, row, &row_at) && class_name(w, row_at, &name)) {
            say_class(w, ov_say_item(w->say, w->root, "classes", said), row, row_at, name);
            said++;
        }
    }
    ov_say_int(w->say, w->root, "number_of_classes", said);
}

void ov_clr_say_classes(const struct ov_clr *clr, struct ov_spot root, struct ov_say *say)
{
    const size_t generics = clr->tables[OV_CLR_GENERIC_PARAM].rows + (size_t)1;
    struct walk w = { .clr = clr, .root = root, .say = say };

    w.text = malloc(sizeof(*w.text));
    w.class_generics = calloc(generics, sizeof(*w.class_generics));
    w.method_generics = calloc(generics, sizeof(*w.method_generics));
    if (w.text == NULL || w.class_generics == NULL || w.method_generics == NULL) {
        ov_fact_give_up(say->tree, OV_REASON_MEMORY);
    } else {
        w.text->say = say;
        w.text->len = 0;
        w.text->full = false;
        w.types.clr = clr;
        w.types.text = w.text;
        if (sort_owners(&w, OV_CLR_NESTED_CLASS, 0, &w.types.enclosing)
                && sort_owners(&w, OV_CLR_INTERFACE_IMPL, 0, &w.interfaces)
                && sort_owners(&w, OV_CLR_GENERIC_PARAM, 2, &w.generics)) {
            say_all(&w);
        }
    }
    free(w.generics.at);
    free(w.interfaces.at);
    free(w.types.enclosing.at);
    free(w.method_generics);
    free(w.class_generics);
    free(w.text);
}
