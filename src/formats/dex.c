/* SPDX-License-Identifier: Apache-2.0 */
/* "Dalvik executable format" (source.android.com), as far as YARA 4.5's module reads it, and where
 * it stops. Many classes may share one item, so every row is charged. */
#include "formats/dex.h"

#include "formats/say.h"

#define MAGIC        0x6465780au /* "dex\n" */
#define VERSION_03   0x3330u     /* "03" */
#define HEADER_BYTES 112u
/* YARA looks no further into a table of ids. */
#define INDEX_MAX 0x80000u

enum {
    STRING_ROW = 4,
    TYPE_ROW = 4,
    PROTO_ROW = 12,
    ID_ROW = 8,
    CLASS_ROW = 32,
    MAP_ROW = 12
};

struct table {
    uint64_t at;
    uint64_t count;
};

struct dex {
    struct ov_image image;
    struct table strings, types, protos, fields, methods, classes;
    uint64_t field_count; /* said so far */
    uint64_t method_count;
    struct ov_spot root;
    struct ov_say *say;
};

static uint32_t u32(const struct dex *dex, uint64_t at)
{
    return ov_image_u32le(&dex->image, at);
}

static uint16_t u16(const struct dex *dex, uint64_t at)
{
    return ov_image_u16le(&dex->image, at);
}

static bool fits(const struct dex *dex, uint64_t at, uint64_t bytes)
{
    return ov_image_has(&dex->image, at, bytes);
}

static bool table_fits(const struct dex *dex, const struct table *table, uint64_t row)
{
    return fits(dex, table->at, table->count * row);
}

/* Unsigned LEB128 of at most 5 bytes; what the last one holds too much is ignored. */
static bool leb128(const struct dex *dex, uint64_t *at, uint32_t *out)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < 5; i++) {
        uint8_t byte;

        if (!fits(dex, *at, 1)) {
            return false;
        }
        byte = ov_image_u8(&dex->image, *at);
        (*at)++;
        v |= (i < 4 ? byte & 0x7fu : (uint32_t)byte) << (7 * i);
        if (i < 4 && byte < 0x80) {
            break;
        }
    }
    *out = v;
    return true;
}

static void read_header(struct dex *dex)
{
    static const struct {
        const char *field;
        uint8_t at;
    } numbers[] = {
        { "checksum", 8 },
        { "file_size", 32 },
        { "header_size", 36 },
        { "endian_tag", 40 },
        { "link_size", 44 },
        { "link_offset", 48 },
        { "map_offset", 52 },
        { "string_ids_size", 56 },
        { "string_ids_offset", 60 },
        { "type_ids_size", 64 },
        { "type_ids_offset", 68 },
        { "proto_ids_size", 72 },
        { "proto_ids_offset", 76 },
        { "field_ids_size", 80 },
        { "field_ids_offset", 84 },
        { "method_ids_size", 88 },
        { "method_ids_offset", 92 },
        { "class_defs_size", 96 },
        { "class_defs_offset", 100 },
        { "data_size", 104 },
        { "data_offset", 108 },
    };
    struct table *const tables[] = { &dex->strings, &dex->types, &dex->protos, &dex->fields,
        &dex->methods, &dex->classes };
    struct ov_spot at;

    at = ov_say_in(dex->say, dex->root, "header");
    ov_say_part(dex->say, at, "magic", &dex->image, 0, 8);
    ov_say_part(dex->say, at, "signature", &dex->image, 12, 20);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ov_say_int(dex->say, at, numbers[i].field, u32(dex, numbers[i].at));
    }
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        tables[i]->count = u32(dex, 56 + 8 * i);
        tables[i]->at = u32(dex, 60 + 8 * i);
    }
}

/* Bytes of the file. */
struct part {
    uint64_t at;
    uint64_t len;
};

/* string_id_item and its string_data_item. YARA takes one byte for the length, however long it
 * is, and that many bytes for the text. False: it does not lie in the file. */
static bool string_at(const struct dex *dex, uint64_t index, struct part *out)
{
    const uint64_t offset = u32(dex, dex->strings.at + index * STRING_ROW);
    uint64_t at = offset;
    uint32_t len;

    if (!fits(dex, at, 4) || !leb128(dex, &at, &len) || !fits(dex, offset + 1, len)) {
        return false;
    }
    *out = (struct part){ .at = offset + 1, .len = len };
    return true;
}

static void say_strings(const struct dex *dex)
{
    struct part text;

    for (uint64_t i = 0; i < dex->strings.count && ov_say_work(dex->say, 1); i++) {
        if (!string_at(dex, i, &text)) {
            continue;
        }
        const struct ov_spot spot = ov_say_item(dex->say, dex->root, "string_ids", i);

        ov_say_int(dex->say, spot, "offset", text.at - 1);
        ov_say_int(dex->say, spot, "size", text.len);
        ov_say_part(dex->say, spot, "value", &dex->image, text.at, text.len);
    }
}

static void say_types(const struct dex *dex)
{
    for (uint64_t i = 0; i < dex->types.count && !ov_say_stopped(dex->say); i++) {
        ov_say_int(dex->say, ov_say_item(dex->say, dex->root, "type_ids", i), "descriptor_idx",
                u32(dex, dex->types.at + i * TYPE_ROW));
    }
}

static void say_protos(const struct dex *dex)
{
    for (uint64_t i = 0; i < dex->protos.count && !ov_say_stopped(dex->say); i++) {
        const uint64_t at = dex->protos.at + i * PROTO_ROW;
        const struct ov_spot spot = ov_say_item(dex->say, dex->root, "proto_ids", i);

        ov_say_int(dex->say, spot, "shorty_idx", u32(dex, at));
        ov_say_int(dex->say, spot, "return_type_idx", u32(dex, at + 4));
        ov_say_int(dex->say, spot, "parameters_offset", u32(dex, at + 8));
    }
}

/* field_id_item and method_id_item: class, type or prototype, name. */
static void say_ids(
        const struct dex *dex, const struct table *table, const char *array, const char *second)
{
    for (uint64_t i = 0; i < table->count && !ov_say_stopped(dex->say); i++) {
        const uint64_t at = table->at + i * ID_ROW;
        const struct ov_spot spot = ov_say_item(dex->say, dex->root, array, i);

        ov_say_int(dex->say, spot, "class_idx", u16(dex, at));
        ov_say_int(dex->say, spot, second, u16(dex, at + 2));
        ov_say_int(dex->say, spot, "name_idx", u32(dex, at + 4));
    }
}

/* False: the list runs out of the file, where YARA stops for good. */
static bool say_map(const struct dex *dex)
{
    const uint64_t at = u32(dex, 52);
    uint64_t count;
    struct ov_spot spot;

    if (at == 0 || !fits(dex, at, 4)) {
        return true;
    }
    count = u32(dex, at);
    spot = ov_say_in(dex->say, dex->root, "map_list");
    ov_say_int(dex->say, spot, "size", count);
    if (4 + count * MAP_ROW > dex->image.size) {
        return false;
    }
    for (uint64_t i = 0; i < count && !ov_say_stopped(dex->say); i++) {
        const uint64_t row = at + 4 + i * MAP_ROW;

        if (!fits(dex, row, MAP_ROW)) {
            return false;
        }
        const struct ov_spot item = ov_say_item(dex->say, spot, "map_item", i);

        ov_say_int(dex->say, item, "type", u16(dex, row));
        ov_say_int(dex->say, item, "unused", u16(dex, row + 2));
        ov_say_int(dex->say, item, "size", u32(dex, row + 4));
        ov_say_int(dex->say, item, "offset", u32(dex, row + 8));
    }
    return true;
}

static void say_string(
        const struct dex *dex, struct ov_spot spot, const char *field, uint64_t index)
{
    struct part text;

    if (index < dex->strings.count && index <= INDEX_MAX && string_at(dex, index, &text)) {
        ov_say_part(dex->say, spot, field, &dex->image, text.at, text.len);
    }
}

static void say_type_name(
        const struct dex *dex, struct ov_spot spot, const char *field, uint64_t type)
{
    if (type < dex->types.count) {
        say_string(dex, spot, field, u32(dex, dex->types.at + type * TYPE_ROW));
    }
}

/* encoded_field. False: it cannot be read, and what follows it neither. */
static bool say_field(struct dex *dex, uint64_t *at, uint32_t *previous, bool is_static)
{
    uint64_t next = *at, row;
    uint32_t diff, flags;
    struct ov_spot spot;

    if (!fits(dex, next, 8) || !leb128(dex, &next, &diff) || !leb128(dex, &next, &flags)) {
        return false;
    }
    spot = ov_say_item(dex->say, dex->root, "field", dex->field_count);
    ov_say_int(dex->say, spot, "field_idx_diff", diff);
    ov_say_int(dex->say, spot, "access_flags", flags);
    ov_say_int(dex->say, spot, "static", is_static);
    ov_say_int(dex->say, spot, "instance", !is_static);
    *previous += diff;
    if (*previous >= dex->fields.count || *previous > INDEX_MAX) {
        return false;
    }
    row = dex->fields.at + (uint64_t)*previous * ID_ROW;
    say_string(dex, spot, "name", u32(dex, row + 4));
    say_type_name(dex, spot, "class_name", u16(dex, row));
    say_type_name(dex, spot, "proto", u16(dex, row + 2));
    dex->field_count++;
    *at = next;
    return true;
}

/* code_item: the header, and its instructions as bytes. */
static void say_code(const struct dex *dex, struct ov_spot method, uint64_t at)
{
    static const char *const halves[] = { "registers_size", "ins_size", "outs_size", "tries_size" };
    struct ov_spot spot;

    if (at == 0 || !fits(dex, at, 16)) {
        return;
    }
    spot = ov_say_in(dex->say, method, "code_item");
    for (unsigned i = 0; i < 4; i++) {
        ov_say_int(dex->say, spot, halves[i], u16(dex, at + 2 * (uint64_t)i));
    }
    ov_say_int(dex->say, spot, "debug_info_off", u32(dex, at + 8));
    ov_say_int(dex->say, spot, "insns_size", u32(dex, at + 12));
    ov_say_part(dex->say, spot, "insns", &dex->image, at + 16, 2 * (uint64_t)u32(dex, at + 12));
}

/* encoded_method. False: as with fields. */
static bool say_method(struct dex *dex, uint64_t *at, uint32_t *previous, bool is_direct)
{
    uint64_t next = *at, row, proto;
    uint32_t diff, flags, code;
    struct ov_spot spot;

    if (!fits(dex, next, 12) || !leb128(dex, &next, &diff) || !leb128(dex, &next, &flags)
            || !leb128(dex, &next, &code)) {
        return false;
    }
    spot = ov_say_item(dex->say, dex->root, "method", dex->method_count);
    ov_say_int(dex->say, spot, "method_idx_diff", diff);
    ov_say_int(dex->say, spot, "access_flags", flags);
    ov_say_int(dex->say, spot, "code_off", code);
    ov_say_int(dex->say, spot, "direct", is_direct);
    ov_say_int(dex->say, spot, "virtual", !is_direct);
    *previous += diff;
    if (*previous >= dex->methods.count || *previous > INDEX_MAX) {
        return false;
    }
    row = dex->methods.at + (uint64_t)*previous * ID_ROW;
    say_string(dex, spot, "name", u32(dex, row + 4));
    say_type_name(dex, spot, "class_name", u16(dex, row));
    proto = u16(dex, row + 2);
    if (proto < dex->protos.count) {
        say_string(dex, spot, "proto", u32(dex, dex->protos.at + proto * PROTO_ROW));
    }
    say_code(dex, spot, code);
    dex->method_count++;
    *at = next;
    return true;
}

/* class_data_item. False: its four counts cannot be read, where YARA stops for good. */
static bool say_class_data(struct dex *dex, uint64_t at, uint64_t index)
{
    static const char *const counts[] = { "static_fields_size", "instance_fields_size",
        "direct_methods_size", "virtual_methods_size" };
    uint32_t count[4], previous;
    struct ov_spot spot;

    if (!fits(dex, at, 16)) {
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        if (!leb128(dex, &at, &count[i])) {
            return false;
        }
    }
    spot = ov_say_item(dex->say, dex->root, "class_data_item", index);
    for (unsigned i = 0; i < 4; i++) {
        ov_say_int(dex->say, spot, counts[i], count[i]);
    }
    for (unsigned kind = 0; kind < 4; kind++) {
        previous = 0;
        for (uint32_t i = 0; i < count[kind] && !ov_say_stopped(dex->say); i++) {
            if (!(kind < 2 ? say_field(dex, &at, &previous, kind == 0)
                           : say_method(dex, &at, &previous, kind == 2))) {
                break;
            }
        }
    }
    return true;
}

static bool say_classes(struct dex *dex)
{
    static const char *const fields[] = { "class_idx", "access_flags", "super_class_idx",
        "interfaces_offset", "source_file_idx", "annotations_offset", "class_data_offset",
        "static_values_offset" };
    uint64_t items = 0;

    for (uint64_t i = 0; i < dex->classes.count && !ov_say_stopped(dex->say); i++) {
        const uint64_t at = dex->classes.at + i * CLASS_ROW;
        const struct ov_spot spot = ov_say_item(dex->say, dex->root, "class_defs", i);
        const uint32_t data = u32(dex, at + 24);

        for (unsigned k = 0; k < 8; k++) {
            ov_say_int(dex->say, spot, fields[k], u32(dex, at + 4 * (uint64_t)k));
        }
        if (data != 0) {
            if (!say_class_data(dex, data, items)) {
                return false;
            }
            items++;
        }
    }
    return true;
}

/* "dex", a version from 035 to 039, a NUL. */
static bool is_dex(const struct ov_image *image)
{
    const uint8_t version = ov_image_u8(image, 6);

    return image->size >= HEADER_BYTES && ov_image_u32be(image, 0) == MAGIC
           && ov_image_u16le(image, 4) == VERSION_03 && version >= '5' && version <= '9'
           && ov_image_u8(image, 7) == 0;
}

void ov_dex_facts(struct ov_fact_tree *tree, struct ov_pages *pages)
{
    struct ov_say say;
    struct dex dex = { .image = ov_image_on(pages), .say = &say };

    if (!is_dex(&dex.image)) {
        return;
    }
    dex.root = ov_say_begin(&say, tree, OV_DEX);
    read_header(&dex);
    if (!table_fits(&dex, &dex.strings, STRING_ROW)) {
        return;
    }
    say_strings(&dex);
    if (!table_fits(&dex, &dex.types, TYPE_ROW)) {
        return;
    }
    say_types(&dex);
    if (!table_fits(&dex, &dex.protos, PROTO_ROW)) {
        return;
    }
    say_protos(&dex);
    if (!table_fits(&dex, &dex.fields, ID_ROW)) {
        return;
    }
    say_ids(&dex, &dex.fields, "field_ids", "type_idx");
    if (!table_fits(&dex, &dex.methods, ID_ROW)) {
        return;
    }
    say_ids(&dex, &dex.methods, "method_ids", "proto_idx");
    if (!say_map(&dex) || !table_fits(&dex, &dex.classes, CLASS_ROW) || !say_classes(&dex)) {
        return;
    }
    ov_say_int(&say, dex.root, "number_of_methods", dex.method_count);
    ov_say_int(&say, dex.root, "number_of_fields", dex.field_count);
}
