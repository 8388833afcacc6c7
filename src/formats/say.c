/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/say.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"

struct ov_spot ov_say_begin(struct ov_say *say, struct ov_fact_tree *tree, enum ov_field module)
{
    memset(say, 0, sizeof(*say));
    say->tree = tree;
    return (struct ov_spot){ .node = ov_fact_root(tree, module), .field = (uint16_t)module };
}

/* Names are literals: one literal in one structure is looked up once, by its address. */
static enum ov_field field_of(struct ov_say *say, struct ov_spot at, const char *name)
{
    struct ov_say_name *kept =
            &say->priv_names[((uintptr_t)name / 4 + at.field * 7u) % OV_SAY_NAMES];

    if (kept->name != name || kept->parent != at.field) {
        kept->name = name;
        kept->parent = at.field;
        kept->field = (uint16_t)ov_field_find(at.field, ov_bytes_of(name, strlen(name)));
        OV_ASSERT(kept->field != OV_FIELD_NONE);
    }
    return (enum ov_field)kept->field;
}

void ov_say_int(struct ov_say *say, struct ov_spot at, const char *field, uint64_t value)
{
    ov_fact_int(say->tree, at.node, field_of(say, at, field), (int64_t)value);
}

void ov_say_text(struct ov_say *say, struct ov_spot at, const char *field, struct ov_bytes value)
{
    ov_fact_text(say->tree, at.node, field_of(say, at, field), value);
}

void ov_say_name(struct ov_say *say, struct ov_spot at, const char *field, const char *value)
{
    ov_say_text(say, at, field, ov_bytes_of(value, strlen(value)));
}

/* Bytes that may be more than the pages lend at once: then they are copied to `*room`. */
static bool bytes_of(struct ov_say *say, const struct ov_image *image, uint64_t offset,
        uint64_t len, uint8_t **room, struct ov_bytes *out)
{
    if (len <= OV_PAGES_LEND_BYTES) {
        return ov_image_lend(image, offset, len, out);
    }
    /* More than there may be texts is for the tree to refuse: it knows the reason. */
    if (!ov_image_has(image, offset, len) || !ov_say_work(say, len / 16)) {
        return false;
    }
    *room = len > OV_FACT_TEXT_BYTES_MAX ? NULL : malloc((size_t)len);
    if (*room == NULL) {
        ov_fact_give_up(say->tree, OV_REASON_MEMORY);
        return false;
    }
    if (!ov_image_copy(image, offset, *room, (size_t)len)) {
        return false;
    }
    *out = ov_bytes_of(*room, (size_t)len);
    return true;
}

void ov_say_part(struct ov_say *say, struct ov_spot at, const char *field,
        const struct ov_image *image, uint64_t offset, uint64_t len)
{
    auto_free uint8_t *room = NULL;
    struct ov_bytes bytes;

    if (at.node != 0 && bytes_of(say, image, offset, len, &room, &bytes)) {
        ov_say_text(say, at, field, bytes);
    }
}

struct ov_spot ov_say_in(struct ov_say *say, struct ov_spot at, const char *field)
{
    const enum ov_field found = field_of(say, at, field);

    return (struct ov_spot){ .node = ov_fact_struct(say->tree, at.node, found),
        .field = (uint16_t)found };
}

struct ov_spot ov_say_item(struct ov_say *say, struct ov_spot at, const char *array, uint64_t index)
{
    const enum ov_field found = field_of(say, at, array);

    return (struct ov_spot){
        .node = index >= UINT32_MAX ? 0 : ov_fact_item(say->tree, at.node, found, (uint32_t)index),
        .field = (uint16_t)found,
    };
}

void ov_say_item_int(
        struct ov_say *say, struct ov_spot at, const char *array, uint64_t index, uint64_t value)
{
    if (index < UINT32_MAX) {
        ov_fact_item_int(
                say->tree, at.node, field_of(say, at, array), (uint32_t)index, (int64_t)value);
    }
}

void ov_say_item_text(struct ov_say *say, struct ov_spot at, const char *array, uint64_t index,
        struct ov_bytes value)
{
    if (index < UINT32_MAX) {
        ov_fact_item_text(say->tree, at.node, field_of(say, at, array), (uint32_t)index, value);
    }
}

void ov_say_item_part(struct ov_say *say, struct ov_spot at, const char *array, uint64_t index,
        const struct ov_image *image, uint64_t offset, uint64_t len)
{
    auto_free uint8_t *room = NULL;
    struct ov_bytes bytes;

    if (at.node != 0 && bytes_of(say, image, offset, len, &room, &bytes)) {
        ov_say_item_text(say, at, array, index, bytes);
    }
}

bool ov_say_work(struct ov_say *say, uint64_t steps)
{
    return ov_fact_charge(say->tree, steps);
}

bool ov_say_stopped(const struct ov_say *say)
{
    return !ov_fact_goes_on(say->tree);
}
