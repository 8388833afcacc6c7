/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue_read.c - JSON into the catalogue. Every member is taken by name and type; what is
 * missing, of another type, or not known stops the file with a sentence that names the place, so
 * that a mistyped fact is never a fact that silently finds nothing. */
#include "prohibited/catalogue_read.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "prohibited/grow.h"

struct reading {
    struct ov_catalogue *c;
    const char *name; /* of the file */
    char where[160];  /* in it, for messages */
    overt_error *err;
    overt_status status; /* the first failure */
};

static void fail(struct reading *g, const char *what, const char *which)
{
    if (g->status == OVERT_OK) {
        (void)snprintf(g->err->source, sizeof(g->err->source), "%s", g->name);
        g->status =
                ov_fail(g->err, OVERT_E_SYNTAX, UINT64_MAX, "%s: %s \"%s\"", g->where, what, which);
    }
}

static void fail_memory(struct reading *g)
{
    if (g->status == OVERT_OK) {
        g->status = ov_fail(g->err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the catalogue");
    }
}

static void at(struct reading *g, const char *what, const char *id)
{
    (void)snprintf(g->where, sizeof(g->where), "%s %s", what, id);
}

/* --- members -------------------------------------------------------------------------------- */

static const char *copy(struct reading *g, const char *text)
{
    struct ov_bytes out;

    if (!ov_arena_copy(&g->c->arena, ov_bytes_of(text, strlen(text)), &out)) {
        fail_memory(g);
        return "";
    }
    return (const char *)ov_bytes_raw(out);
}

static const char *text_of(struct reading *g, const json_t *object, const char *key, bool required)
{
    const json_t *value = json_object_get(object, key);

    if (value == NULL) {
        if (required) {
            fail(g, "there is no", key);
        }
        return "";
    }
    if (!json_is_string(value)) {
        fail(g, "not a text:", key);
        return "";
    }
    return copy(g, json_string_value(value));
}

static bool flag_of(struct reading *g, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (value != NULL && !json_is_boolean(value)) {
        fail(g, "not true or false:", key);
    }
    return json_is_true(value);
}

static const json_t *list_of(
        struct reading *g, const json_t *object, const char *key, bool required)
{
    const json_t *value = json_object_get(object, key);

    if ((value == NULL && required) || (value != NULL && !json_is_array(value))) {
        fail(g, "not a list:", key);
        return NULL;
    }
    return value;
}

static const char **texts_of(struct reading *g, const json_t *object, const char *key)
{
    const json_t *list = list_of(g, object, key, false);
    const size_t count = list == NULL ? 0 : json_array_size(list);
    const char **out = ov_arena_alloc(&g->c->arena, count + 1, sizeof(*out));

    if (out == NULL) {
        fail_memory(g);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);

        if (!json_is_string(value)) {
            fail(g, "not a list of texts:", key);
            return out;
        }
        out[i] = copy(g, json_string_value(value));
    }
    return out;
}

/* Members that nobody reads are mistakes in writing. `known` is NULL-terminated. */
static void check_known(struct reading *g, json_t *object, const char *const *known)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        const char *const *k = known;

        while (*k != NULL && strcmp(*k, key) != 0) {
            k++;
        }
        if (*k == NULL) {
            fail(g, "nothing is known of", key);
        }
    }
}

/* --- products ------------------------------------------------------------------------------- */

static struct ov_vendor *vendor_named(struct reading *g, const char *id, const char *name)
{
    struct ov_catalogue *c = g->c;
    struct ov_vendor *vendor;

    for (size_t i = 0; i < c->vendor_count; i++) {
        if (strcmp(c->vendors[i]->id, id) == 0) {
            return c->vendors[i];
        }
    }
    vendor = ov_arena_alloc(&c->arena, 1, sizeof(*vendor));
    if (vendor == NULL
            || !ov_grow(&c->vendors, &c->priv_caps[0], c->vendor_count, sizeof(void *))) {
        fail_memory(g);
        return NULL;
    }
    *vendor = (struct ov_vendor){ .id = id, .name = name };
    c->vendors[c->vendor_count++] = vendor;
    return vendor;
}

static struct ov_vendor *read_vendor(struct reading *g, json_t *object)
{
    static const char *const known[] = { "id", "name", "entities", NULL };
    const json_t *entities;
    struct ov_vendor *vendor;
    size_t count;

    if (!json_is_object(object)) {
        fail(g, "not an object:", "vendor");
        return NULL;
    }
    check_known(g, object, known);
    vendor = vendor_named(g, text_of(g, object, "id", true), text_of(g, object, "name", true));
    entities = list_of(g, object, "entities", false);
    count = entities == NULL ? 0 : json_array_size(entities);
    if (vendor == NULL || count == 0) {
        return vendor;
    }
    vendor->entities = ov_arena_alloc(&g->c->arena, count, sizeof(*vendor->entities));
    if (vendor->entities == NULL) {
        fail_memory(g);
        return vendor;
    }
    for (size_t i = 0; i < count; i++) {
        vendor->entities[i] = text_of(g, json_array_get(entities, i), "name", true);
    }
    vendor->entity_count = count;
    return vendor;
}

static void read_fact(struct reading *g, json_t *object, const struct ov_product *product)
{
    static const char *const known[] = { "kind", "value", "shows", "strength", "source", "platform",
        "note", "about", "under", NULL };
    struct ov_catalogue *c = g->c;
    struct ov_clue_fact *fact = ov_arena_alloc(&c->arena, 1, sizeof(*fact));

    if (fact == NULL || !ov_grow(&c->facts, &c->priv_caps[2], c->fact_count, sizeof(void *))) {
        fail_memory(g);
        return;
    }
    if (!json_is_object(object)) {
        fail(g, "not an object: one of", "facts");
        return;
    }
    check_known(g, object, known);
    fact->product = product;
    fact->value = text_of(g, object, "value", true);
    fact->source = text_of(g, object, "source", true);
    fact->note = text_of(g, object, "note", false);
    fact->platform = text_of(g, object, "platform", false);
    fact->under = texts_of(g, object, "under");
    if (!ov_mark_of(text_of(g, object, "kind", true), &fact->mark)) {
        fail(g, "there is no such kind:", json_string_value(json_object_get(object, "kind")));
    }
    if (!ov_state_of(text_of(g, object, "shows", true), &fact->shows)) {
        fail(g, "neither running, installed, remnant nor mention:", fact->value);
    }
    if (!ov_strength_of(text_of(g, object, "strength", true), &fact->strength)) {
        fail(g, "neither strong, medium nor weak:", fact->value);
    }
    if (fact->value[0] == '\0') {
        fail(g, "an empty", "value");
    }
    c->facts[c->fact_count++] = fact;
}

static struct ov_product *product_named(struct reading *g, const char *id)
{
    struct ov_catalogue *c = g->c;
    struct ov_product *product;

    for (size_t i = 0; i < c->product_count; i++) {
        if (strcmp(c->products[i]->id, id) == 0) {
            return c->products[i];
        }
    }
    product = ov_arena_alloc(&c->arena, 1, sizeof(*product));
    if (product == NULL
            || !ov_grow(&c->products, &c->priv_caps[1], c->product_count, sizeof(void *))) {
        fail_memory(g);
        return NULL;
    }
    product->id = id;
    c->products[c->product_count++] = product;
    return product;
}

/* A product may be told in several files: its facts add up, and what it is comes from the first. */
static void read_product(struct reading *g, json_t *object, const struct ov_vendor *vendor)
{
    static const char *const known[] = { "id", "name", "class", "generic", "embedded", "note",
        "facts", NULL };
    const json_t *facts;
    struct ov_product *product;
    const char *id;

    if (!json_is_object(object)) {
        fail(g, "not an object: one of", "products");
        return;
    }
    check_known(g, object, known);
    id = text_of(g, object, "id", true);
    at(g, "product", id);
    product = product_named(g, id);
    if (product == NULL) {
        return;
    }
    if (product->vendor != NULL && product->vendor != vendor) {
        fail(g, "another vendor's product has this id:", id);
    }
    if (product->vendor == NULL) {
        product->vendor = vendor;
        product->name = text_of(g, object, "name", true);
        product->product_class = text_of(g, object, "class", true);
        product->note = text_of(g, object, "note", false);
        product->generic = flag_of(g, object, "generic");
        product->embedded = flag_of(g, object, "embedded");
    }
    facts = list_of(g, object, "facts", true);
    for (size_t i = 0; facts != NULL && i < json_array_size(facts) && g->status == OVERT_OK; i++) {
        read_fact(g, json_array_get(facts, i), product);
    }
}

static void read_products(struct reading *g, json_t *root)
{
    static const char *const known[] = { "format", "vendor", "products", NULL };
    const struct ov_vendor *vendor;
    const json_t *products;

    check_known(g, root, known);
    vendor = read_vendor(g, json_object_get(root, "vendor"));
    products = list_of(g, root, "products", true);
    for (size_t i = 0; vendor != NULL && products != NULL && i < json_array_size(products)
                       && g->status == OVERT_OK;
            i++) {
        at(g, "products", "");
        read_product(g, json_array_get(products, i), vendor);
    }
}

/* --- bans ----------------------------------------------------------------------------------- */

static void read_covers(struct reading *g, json_t *object, struct ov_ban *ban)
{
    static const char *const known[] = { "embedded", "classes", "platforms", "products", "why",
        "condition", NULL };

    if (!json_is_object(object)) {
        fail(g, "not an object:", "covers");
        return;
    }
    check_known(g, object, known);
    ban->embedded = flag_of(g, object, "embedded");
    ban->classes = texts_of(g, object, "classes");
    ban->platforms = texts_of(g, object, "platforms");
    ban->products = texts_of(g, object, "products");
    ban->why = text_of(g, object, "why", false);
    ban->condition = text_of(g, object, "condition", false);
}

static void read_excludes(struct reading *g, const json_t *list, struct ov_ban *ban)
{
    const size_t count = list == NULL ? 0 : json_array_size(list);

    ban->embedded_exclusion = "";
    ban->excludes = ov_arena_alloc(&g->c->arena, count + 1, sizeof(*ban->excludes));
    for (size_t i = 0; i < count && ban->excludes != NULL; i++) {
        const json_t *one = json_array_get(list, i);

        ban->excludes[i] = text_of(g, one, "text", true);
        if (flag_of(g, one, "embedded")) {
            ban->embedded_exclusion = ban->excludes[i];
        }
    }
    if (ban->excludes == NULL) {
        fail_memory(g);
    }
}

static void read_form(struct reading *g, const json_t *object, struct ov_ban_form *form)
{
    const json_t *fields = list_of(g, object, "fields", true);
    const size_t count = fields == NULL ? 0 : json_array_size(fields);

    form->form = text_of(g, object, "form", true);
    form->due = text_of(g, object, "due", true);
    form->fields = ov_arena_alloc(&g->c->arena, count, sizeof(*form->fields));
    if (form->fields == NULL) {
        fail_memory(g);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *field = json_array_get(fields, i);

        form->fields[i].name = text_of(g, field, "name", true);
        form->fields[i].from = text_of(g, field, "from", false);
    }
    form->field_count = count;
}

static void read_lists(struct reading *g, const json_t *object, struct ov_ban *ban)
{
    const json_t *deadlines = list_of(g, object, "deadlines", false);
    const json_t *forms = list_of(g, object, "reports", false);
    const size_t deadline_count = deadlines == NULL ? 0 : json_array_size(deadlines);
    const size_t form_count = forms == NULL ? 0 : json_array_size(forms);

    ban->deadlines = ov_arena_alloc(&g->c->arena, deadline_count, sizeof(*ban->deadlines));
    ban->forms = ov_arena_alloc(&g->c->arena, form_count, sizeof(*ban->forms));
    if (ban->deadlines == NULL || ban->forms == NULL) {
        fail_memory(g);
        return;
    }
    for (size_t i = 0; i < deadline_count; i++) {
        ban->deadlines[i].first = text_of(g, json_array_get(deadlines, i), "what", true);
        ban->deadlines[i].second = text_of(g, json_array_get(deadlines, i), "when", true);
    }
    for (size_t i = 0; i < form_count; i++) {
        read_form(g, json_array_get(forms, i), &ban->forms[i]);
    }
    ban->deadline_count = deadline_count;
    ban->form_count = form_count;
}

static void read_ban(struct reading *g, json_t *object)
{
    static const char *const known[] = { "id", "title", "authority", "kind", "issued", "effective",
        "applies_to", "scope", "covers", "excludes", "deadlines", "reports", "sources", "strength",
        "note", "vendors", NULL };
    struct ov_catalogue *c = g->c;
    struct ov_ban *ban = ov_arena_alloc(&c->arena, 1, sizeof(*ban));

    if (ban == NULL || !ov_grow(&c->bans, &c->priv_caps[3], c->ban_count, sizeof(void *))) {
        fail_memory(g);
        return;
    }
    if (!json_is_object(object)) {
        fail(g, "not an object: one of", "bans");
        return;
    }
    ban->id = text_of(g, object, "id", true);
    at(g, "ban", ban->id);
    check_known(g, object, known);
    ban->title = text_of(g, object, "title", true);
    ban->authority = text_of(g, object, "authority", true);
    ban->kind = text_of(g, object, "kind", true);
    ban->issued = text_of(g, object, "issued", true);
    ban->applies_to = text_of(g, object, "applies_to", true);
    ban->scope = text_of(g, object, "scope", true);
    ban->vendors = texts_of(g, object, "vendors");
    ban->sources = texts_of(g, object, "sources");
    read_covers(g, json_object_get(object, "covers"), ban);
    read_excludes(g, list_of(g, object, "excludes", false), ban);
    read_lists(g, object, ban);
    if (!ov_strength_of(text_of(g, object, "strength", true), &ban->strength)) {
        fail(g, "neither strong, medium nor weak:", "strength");
    }
    for (size_t i = 0; i < c->ban_count; i++) {
        if (strcmp(c->bans[i]->id, ban->id) == 0) {
            fail(g, "another ban has this id:", ban->id);
        }
    }
    c->bans[c->ban_count++] = ban;
}

static void read_bans(struct reading *g, json_t *root)
{
    static const char *const known[] = { "format", "bans", NULL };
    const json_t *bans = list_of(g, root, "bans", true);

    check_known(g, root, known);
    for (size_t i = 0; bans != NULL && i < json_array_size(bans) && g->status == OVERT_OK; i++) {
        at(g, "bans", "");
        read_ban(g, json_array_get(bans, i));
    }
}

/* --- files ---------------------------------------------------------------------------------- */

static overt_status add_root(
        struct ov_catalogue *c, const char *name, json_t *root, overt_error *err)
{
    struct reading g = { .c = c, .name = name, .err = err, .status = OVERT_OK };
    const char *format = json_string_value(json_object_get(root, "format"));

    at(&g, "the file", "");
    if (format != NULL && strcmp(format, "overt-products/1") == 0) {
        read_products(&g, root);
    } else if (format != NULL && strcmp(format, "overt-bans/1") == 0) {
        read_bans(&g, root);
    } else {
        fail(&g, "its format is neither overt-products/1 nor overt-bans/1 but",
                format == NULL ? "" : format);
    }
    return g.status;
}

static json_t *parse(const char *name, struct ov_bytes text, overt_error *err)
{
    json_error_t bad;
    json_t *root = json_loadb((const char *)ov_bytes_raw(text), (size_t)ov_bytes_len(text),
            JSON_REJECT_DUPLICATES, &bad);

    if (root == NULL) {
        (void)snprintf(err->source, sizeof(err->source), "%s", name);
        err->line = bad.line > 0 ? (uint32_t)bad.line : 0;
        err->column = bad.column > 0 ? (uint32_t)bad.column : 0;
        (void)ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX, "%.100s", bad.text);
    }
    return root;
}

overt_status ov_catalogue_add(
        struct ov_catalogue *c, const char *name, struct ov_bytes text, overt_error *err)
{
    json_t *root = parse(name, text, err);
    overt_status status;

    if (root == NULL) {
        return OVERT_E_SYNTAX;
    }
    status = ov_catalogue_note_file(c, text, err);
    if (status == OVERT_OK) {
        status = add_root(c, name, root, err);
    }
    json_decref(root);
    return status;
}

overt_status ov_catalogue_add_bundle(struct ov_catalogue *c, struct ov_bytes text, overt_error *err)
{
    json_t *bundle = parse("the catalogue that overt ships", text, err);
    overt_status status;
    const char *name;
    json_t *root;

    if (bundle == NULL) {
        return OVERT_E_SYNTAX;
    }
    status = ov_catalogue_note_file(c, text, err);
    json_object_foreach(bundle, name, root)
    {
        if (status == OVERT_OK) {
            status = add_root(c, name, root, err);
        }
    }
    json_decref(bundle);
    return status;
}
