/* SPDX-License-Identifier: Apache-2.0 */
/* Answers about the object as ClamAV sees it, and byte comparisons. Neither the object nor the
 * records of the database are trusted. */
#include "eval/clam.h"

#include <string.h>

#include "base/checked.h"
#include "db/clam_layout.h"

/* --- facts ----------------------------------------------------------------------------------- */

static const struct ov_clam_executable *executable(
        struct ov_clam_object *object, struct ov_source *source)
{
    if (!object->executable_found) {
        object->executable_found = true;
        object->executable = (struct ov_clam_executable){ .known = false };
        if (object->find_executable != NULL) {
            object->find_executable(source, object->type, &object->executable);
        }
    }
    return object->executable.known ? &object->executable : NULL;
}

static struct ov_value of_executable(
        const struct ov_clam_executable *exe, unsigned fact, uint32_t argument)
{
    const uint32_t last = exe->section_count - 1;

    switch (fact) {
    case OV_FACT_ENTRY:
        return exe->has_entry ? ov_value_int((int64_t)exe->entry) : ov_value_undefined();
    case OV_FACT_SECTION_COUNT:
        return ov_value_int(exe->section_count);
    case OV_FACT_SECTION_START:
    case OV_FACT_SECTION_SIZE:
        if (argument >= exe->section_count) {
            return ov_value_undefined();
        }
        return ov_value_int(
                (int64_t)(fact == OV_FACT_SECTION_START ? exe->sections[argument].start
                                                        : exe->sections[argument].size));
    default: /* LAST_START */
        return exe->section_count == 0 ? ov_value_undefined()
                                       : ov_value_int((int64_t)exe->sections[last].start);
    }
}

static struct ov_value if_known(bool known, uint64_t value)
{
    return known && value <= INT64_MAX ? ov_value_int((int64_t)value) : ov_value_undefined();
}

static struct ov_value of_member(const struct ov_clam_object *object, unsigned fact)
{
    const struct ov_member_claims *member = &object->member;

    if (!object->is_member) {
        return ov_value_undefined();
    }
    switch (fact) {
    case OV_FACT_MEMBER_PLACE:
        return ov_value_int(object->member_place);
    case OV_FACT_MEMBER_SIZE:
        return if_known(member->has_size, member->size);
    case OV_FACT_MEMBER_PACKED:
        return if_known(member->has_packed, member->packed);
    case OV_FACT_MEMBER_CRC:
        return if_known(member->has_crc, member->crc);
    case OV_FACT_MEMBER_ENCRYPTED:
        return ov_value_int(member->encrypted);
    default: /* CONTAINER_SIZE */
        return if_known(true, object->container_size);
    }
}

static struct ov_value picture_of(struct ov_clam_object *object, struct ov_source *source)
{
    if (!object->picture_found) {
        object->picture_found = true;
        object->has_picture = object->find_picture != NULL
                              && object->find_picture(object, source, &object->picture);
    }
    return object->has_picture ? ov_value_int((int64_t)object->picture) : ov_value_undefined();
}

/* Texts are counted block by block, as ClamAV does: a number across two blocks counts in neither. */
static void count_numbers(struct ov_clam_object *object, struct ov_source *source)
{
    uint8_t block[OV_NUMBERS_BLOCK_BYTES / 8];

    object->numbers_counted = true;
    object->numbers = (struct ov_numbers){ .cards = 0 };
    for (uint64_t at = 0; at < source->size;) {
        const size_t got = ov_source_read(source, at, block, sizeof(block));

        if (got == 0) {
            return;
        }
        ov_numbers_count(ov_bytes_of(block, got), &object->numbers);
        at += got;
    }
}

static bool is_readable(enum ov_clam_type type)
{
    return type == OV_CLAM_TEXT_ASCII || type == OV_CLAM_TEXT_UTF8 || type == OV_CLAM_HTML
           || type == OV_CLAM_MAIL;
}

static struct ov_value numbers_of(
        struct ov_clam_object *object, struct ov_source *source, uint32_t kind)
{
    if (!is_readable(object->type) || object->is_view) {
        return ov_value_int(0);
    }
    if (!object->numbers_counted) {
        count_numbers(object, source);
    }
    return ov_value_int(kind == OV_NUMBERS_CARDS    ? object->numbers.cards
                        : kind == OV_NUMBERS_CREDIT ? object->numbers.credit
                        : kind == OV_NUMBERS_PEOPLE ? object->numbers.people
                                                    : object->numbers.people_plain);
}

static struct ov_value links_of(struct ov_clam_object *object, struct ov_source *source)
{
    if (!object->links_judged) {
        object->links_judged = true;
        object->links =
                object->judge_links == NULL ? OV_LINK_GOOD : object->judge_links(object, source);
    }
    return ov_value_int((int64_t)object->links);
}

static bool is_executable(enum ov_clam_type type)
{
    return type == OV_CLAM_MSEXE || type == OV_CLAM_ELF || type == OV_CLAM_MACHO;
}

static bool layer_is(const struct ov_clam_object *object, uint32_t argument)
{
    const uint32_t layer = argument >> OV_FACT_LAYER_SHIFT;
    const uint32_t type = argument & ((1u << OV_FACT_LAYER_SHIFT) - 1);

    return layer < object->depth && layer < OV_DEPTH_MAX
           && (type == OV_CLAM_ANY || object->layers[layer] == type);
}

struct ov_value ov_clam_fact(
        struct ov_clam_object *object, struct ov_source *source, unsigned fact, uint32_t argument)
{
    const struct ov_clam_executable *exe;

    if (object == NULL) {
        return ov_value_undefined();
    }
    switch (fact) {
    case OV_FACT_TARGET:
        return ov_value_int(argument < 32 && (object->targets >> argument & 1) != 0);
    case OV_FACT_FILE_SIZE:
        return ov_value_int((int64_t)object->file_size);
    case OV_FACT_END:
        if (is_executable(object->type) && executable(object, source) == NULL) {
            return ov_value_undefined();
        }
        return ov_value_int((int64_t)source->size);
    case OV_FACT_TYPE:
        return ov_value_int(object->type == argument);
    case OV_FACT_CONTAINER:
        return ov_value_int(
                argument == OV_CLAM_ANY ? object->depth == 0 : layer_is(object, argument));
    case OV_FACT_LAYER:
        return ov_value_int(layer_is(object, argument));
    case OV_FACT_PICTURE:
        return picture_of(object, source);
    case OV_FACT_CERTIFICATE:
        return ov_value_int(object->has_certificate != NULL
                            && object->has_certificate(object, source, argument));
    case OV_FACT_LINKS:
        return links_of(object, source);
    case OV_FACT_BROKEN:
        return ov_value_int((object->type == OV_CLAM_MSEXE || object->type == OV_CLAM_ELF)
                            && executable(object, source) == NULL && object->looks_whole);
    case OV_FACT_CROSSED:
        return ov_value_int(object->are_crossed != NULL && object->volume == argument
                            && object->are_crossed(source, object->volume));
    case OV_FACT_MACRO:
        return ov_value_int(object->is_macro);
    case OV_FACT_NUMBERS:
        return numbers_of(object, source, argument);
    case OV_FACT_MEMBER_PLACE:
    case OV_FACT_MEMBER_SIZE:
    case OV_FACT_MEMBER_PACKED:
    case OV_FACT_MEMBER_CRC:
    case OV_FACT_MEMBER_ENCRYPTED:
    case OV_FACT_CONTAINER_SIZE:
        return of_member(object, fact);
    default:
        break;
    }
    if (fact < OV_FACT_ENTRY || fact > OV_FACT_LAST_START) {
        return ov_value_undefined();
    }
    exe = executable(object, source);
    return exe == NULL ? ov_value_undefined() : of_executable(exe, fact, argument);
}

/* --- byte comparisons ------------------------------------------------------------------------ */

static int digit_of(uint8_t c, unsigned base)
{
    int digit = -1;

    if (c >= '0' && c <= '9') {
        digit = c - '0';
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        digit = (c | 0x20) - 'a' + 10;
    }
    return digit < (int)base ? digit : -1;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The number that `text` begins with; *used: how much of it is that number. */
static bool read_digits(struct ov_bytes text, unsigned base, int64_t *out, uint64_t *used)
{
    struct ov_reader r = ov_reader_on(text);
    uint64_t value = 0;
    bool negative = false, any = false;
    uint8_t c;

    *used = 0;
    while (ov_read_u8(&r, &c)) {
        const int digit = digit_of(c, base);

        if (!any && *used == 0 && base == 10 && (c == '-' || c == '+')) {
            negative = c == '-';
            (*used)++;
            continue;
        }
        if (digit < 0) {
            break;
        }
        any = true;
        value = value * base + (uint64_t)digit;
        (*used)++;
    }
    *out = (int64_t)(negative ? 0 - value : value);
    return any;
}

static struct ov_bytes behind(struct ov_bytes b, uint64_t from)
{
    struct ov_bytes out = b;

    return ov_bytes_slice(b, from, ov_bytes_len(b) - from, &out) ? out : b;
}

static bool number_in_text(const struct ov_clam_compare *how, struct ov_bytes text, int64_t *out)
{
    const uint8_t *raw = ov_bytes_raw(text);
    unsigned base = how->form == OV_CLAM_COMPARE_DECIMAL ? 10 : 16;
    uint64_t skip = 0, used;

    while (skip < ov_bytes_len(text) && is_space(raw[skip])) {
        skip++;
    }
    if (how->form != OV_CLAM_COMPARE_DECIMAL && ov_bytes_len(text) - skip >= 2 && raw[skip] == '0'
            && (raw[skip + 1] | 0x20) == 'x') {
        skip += 2;
    } else if (how->form == OV_CLAM_COMPARE_AUTO) {
        base = 10;
    }
    text = behind(text, skip);
    if (!read_digits(text, base, out, &used)) {
        return false;
    }
    return (how->flags & OV_CLAM_COMPARE_EXACT) == 0 || used == ov_bytes_len(text);
}

static bool number_in_bytes(const struct ov_clam_compare *how, struct ov_bytes bytes, int64_t *out)
{
    const uint64_t count = ov_bytes_len(bytes);
    const uint8_t *raw = ov_bytes_raw(bytes);
    uint64_t value = 0;

    for (uint64_t i = 0; i < count; i++) {
        const bool big = (how->flags & OV_CLAM_COMPARE_BIG) != 0;

        value = value << 8 | raw[big ? i : count - 1 - i];
    }
    *out = (int64_t)value;
    return true;
}

/* The pairs of digits in the order of a little-endian number. */
static void turn_pairs(uint8_t *digits, size_t count)
{
    for (size_t i = 0; i + 2 <= count / 2 && count >= 4; i += 2) {
        for (size_t k = 0; k < 2; k++) {
            const size_t other = count - 2 - i + k;
            const uint8_t c = digits[i + k];

            if (i + k < other) {
                digits[i + k] = digits[other];
                digits[other] = c;
            }
        }
    }
}

static bool holds(uint8_t op, int64_t number, int64_t value)
{
    return op == '<' ? number < value : op == '>' ? number > value : number == value;
}

struct ov_value ov_clam_compare(
        struct ov_source *source, struct ov_bytes record, struct ov_value start)
{
    struct ov_clam_compare how;
    uint8_t bytes[256];
    struct ov_bytes head, text;
    int64_t at, number;

    if (!ov_bytes_slice(record, 0, sizeof(how), &head) || !ov_value_as_int(start, &at)) {
        return ov_value_int(0);
    }
    memcpy(&how, ov_bytes_raw(head), sizeof(how));
    if (!ov_add(&at, at, (int64_t)ov_le64_get(how.offset)) || at <= 0
            || (uint64_t)at >= source->size || how.bytes > source->size - (uint64_t)at
            || ov_source_read(source, (uint64_t)at, bytes, how.bytes) != how.bytes) {
        return ov_value_int(0);
    }
    text = ov_bytes_of(bytes, how.bytes);
    if (how.form == OV_CLAM_COMPARE_BINARY) {
        if (!number_in_bytes(&how, text, &number)) {
            return ov_value_int(0);
        }
    } else {
        if (how.form == OV_CLAM_COMPARE_HEX && (how.flags & OV_CLAM_COMPARE_BIG) == 0) {
            turn_pairs(bytes, how.bytes);
        }
        if (!number_in_text(&how, text, &number)) {
            return ov_value_int(0);
        }
    }
    for (unsigned i = 0; i < how.count && i < 2; i++) {
        if (!holds(how.op[i], number, (int64_t)ov_le64_get(how.value[i]))) {
            return ov_value_int(0);
        }
    }
    return ov_value_int(how.count != 0);
}
