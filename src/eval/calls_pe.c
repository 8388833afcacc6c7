/* SPDX-License-Identifier: Apache-2.0 */
/* calls_pe.c - functions of the module pe, over what its parser said. Of what is no PE file nothing
 * was said, and every function is undefined. */
#include <string.h>

#include "base/le.h"
#include "eval/calls.h"
#include "facts/pe_map.h"

#define FLAG_DLL 0x2000
#define MAGIC_64 0x20b

static ov_fact_node pe_of(const struct ov_call *call)
{
    return ov_fact_get_root(call->tree, OV_PE);
}

/* A number of the module; false: it is no PE file. */
static bool number(const struct ov_call *call, enum ov_field field, int64_t *out)
{
    return ov_fact_get_int(call->tree, pe_of(call), field, out);
}

struct ov_value ov_call_pe_is_dll(struct ov_call *call)
{
    int64_t flags;

    return number(call, OV_PE_CHARACTERISTICS, &flags) ? ov_value_int(flags & FLAG_DLL)
                                                       : ov_value_undefined();
}

/* Whatever is not PE32+ is taken for PE32. */
static struct ov_value is_wide(const struct ov_call *call, bool wanted)
{
    int64_t magic;

    return number(call, OV_PE_OPTHDR_MAGIC, &magic) ? ov_value_int((magic == MAGIC_64) == wanted)
                                                    : ov_value_undefined();
}

struct ov_value ov_call_pe_is_32bit(struct ov_call *call)
{
    return is_wide(call, false);
}

struct ov_value ov_call_pe_is_64bit(struct ov_call *call)
{
    return is_wide(call, true);
}

struct ov_value ov_call_pe_valid_on(struct ov_call *call)
{
    int64_t from, to;

    if (!ov_fact_get_int(call->tree, call->node, OV_PE_SIGNATURES_NOT_BEFORE, &from)
            || !ov_fact_get_int(call->tree, call->node, OV_PE_SIGNATURES_NOT_AFTER, &to)) {
        return ov_value_undefined();
    }
    return ov_value_int(ov_call_int(call, 0) >= from && ov_call_int(call, 0) <= to);
}

/* --- sections -------------------------------------------------------------------------------- */

/* As C compares them: a name may have bytes behind a NUL, which do not count. */
static bool same_up_to_nul(struct ov_bytes a, struct ov_bytes b)
{
    struct ov_reader x = ov_reader_on(a), y = ov_reader_on(b);
    uint8_t c = 0, d = 0;

    do {
        c = d = 0;
        (void)!ov_read_u8(&x, &c);
        (void)!ov_read_u8(&y, &d);
    } while (c == d && c != 0);
    return c == d;
}

static bool section_has(const struct ov_call *call, ov_fact_node section)
{
    struct ov_bytes name;
    int64_t offset, size;

    if (call->field == OV_PE_SECTION_INDEX_OF_S) {
        return ov_fact_get_text(call->tree, section, OV_PE_SECTIONS_NAME, &name)
               && same_up_to_nul(name, ov_call_text(call, 0));
    }
    return ov_fact_get_int(call->tree, section, OV_PE_SECTIONS_RAW_DATA_OFFSET, &offset)
           && ov_fact_get_int(call->tree, section, OV_PE_SECTIONS_RAW_DATA_SIZE, &size)
           && ov_call_int(call, 0) >= offset && ov_call_int(call, 0) < offset + size;
}

struct ov_value ov_call_pe_section_index(struct ov_call *call)
{
    const ov_fact_node pe = pe_of(call);
    const uint32_t count = ov_fact_count(call->tree, pe, OV_PE_SECTIONS);

    for (uint32_t i = 0; i < count && ov_machine_charge(call->m, 1); i++) {
        if (section_has(call, ov_fact_get_item_node(call->tree, pe, OV_PE_SECTIONS, i))) {
            return ov_value_int(i);
        }
    }
    return ov_value_undefined();
}

static uint32_t low_half(const struct ov_call *call, ov_fact_node node, enum ov_field field)
{
    int64_t v;

    return ov_fact_get_int(call->tree, node, field, &v) ? (uint32_t)v : 0;
}

struct ov_value ov_call_pe_rva_to_offset(struct ov_call *call)
{
    const ov_fact_node pe = pe_of(call);
    struct ov_pe_map map = { .size = call->m->facts->source->size };
    int64_t claimed;
    uint64_t at;

    if (!number(call, OV_PE_NUMBER_OF_SECTIONS, &claimed) || !ov_machine_charge(call->m, 100)) {
        return ov_value_undefined();
    }
    map.file_alignment = low_half(call, pe, OV_PE_FILE_ALIGNMENT);
    map.section_alignment = low_half(call, pe, OV_PE_SECTION_ALIGNMENT);
    map.claimed = claimed < OV_PE_SECTIONS_MAX ? (uint32_t)claimed : OV_PE_SECTIONS_MAX;
    map.count = ov_fact_count(call->tree, pe, OV_PE_SECTIONS);
    if (map.count > map.claimed) {
        map.count = map.claimed;
    }
    for (uint32_t i = 0; i < map.count; i++) {
        const ov_fact_node section = ov_fact_get_item_node(call->tree, pe, OV_PE_SECTIONS, i);

        map.sections[i] = (struct ov_pe_section){
            .virtual_address = low_half(call, section, OV_PE_SECTIONS_VIRTUAL_ADDRESS),
            .virtual_size = low_half(call, section, OV_PE_SECTIONS_VIRTUAL_SIZE),
            .raw_offset = low_half(call, section, OV_PE_SECTIONS_RAW_DATA_OFFSET),
            .raw_size = low_half(call, section, OV_PE_SECTIONS_RAW_DATA_SIZE),
        };
    }
    return ov_pe_map_offset(&map, (uint64_t)ov_call_int(call, 0), &at) ? ov_value_int((int64_t)at)
                                                                       : ov_value_undefined();
}

/* --- languages ------------------------------------------------------------------------------- */

/* A language that is a text counts as the low bits of what stands for "undefined" in YARA. */
#define NO_LANGUAGE 0xdaff

struct ov_value ov_call_pe_language(struct ov_call *call)
{
    const ov_fact_node pe = pe_of(call);
    const int64_t mask = call->field == OV_PE_LANGUAGE_OF_I ? 0xff : 0xffff;
    int64_t count, language;

    if (!number(call, OV_PE_NUMBER_OF_RESOURCES, &count)) {
        return ov_value_undefined();
    }
    for (int64_t i = 0; i < count && ov_machine_charge(call->m, 1); i++) {
        const ov_fact_node resource =
                ov_fact_get_item_node(call->tree, pe, OV_PE_RESOURCES, (uint64_t)i);

        if (!ov_fact_get_int(call->tree, resource, OV_PE_RESOURCES_LANGUAGE, &language)) {
            language = NO_LANGUAGE;
        }
        if ((language & mask) == ov_call_int(call, 0)) {
            return ov_value_int(1);
        }
    }
    return ov_value_int(0);
}

/* --- what linkers left ----------------------------------------------------------------------- */

#define RICH_HEAD 16u

struct ov_value ov_call_pe_rich(struct ov_call *call)
{
    const bool first_is_version = call->field == OV_PE_RICH_SIGNATURE_VERSION_OF_I
                                  || call->field == OV_PE_RICH_SIGNATURE_VERSION_OF_II;
    const bool both = call->field == OV_PE_RICH_SIGNATURE_VERSION_OF_II
                      || call->field == OV_PE_RICH_SIGNATURE_TOOLID_OF_II;
    struct ov_bytes clear;
    struct ov_reader r;
    int64_t times = 0;
    uint32_t id, count;

    if (!ov_fact_get_text(call->tree, call->node, OV_PE_RICH_SIGNATURE_CLEAR_DATA, &clear)
            || !ov_machine_charge(call->m, 1 + ov_bytes_len(clear) / 8)) {
        return ov_value_undefined();
    }
    r = ov_reader_on(clear);
    if (!ov_read_skip(&r, RICH_HEAD)) {
        return ov_value_int(0);
    }
    while (ov_read_u32le(&r, &id) && ov_read_u32le(&r, &count)) {
        const int64_t version = id & 0xffff, tool = id >> 16;
        const int64_t first = first_is_version ? version : tool;
        const int64_t second = first_is_version ? tool : version;

        if (first == ov_call_int(call, 0) && (!both || second == ov_call_int(call, 1))) {
            times += count;
        }
    }
    return ov_value_int(times);
}

/* --- the checksum ---------------------------------------------------------------------------- */

struct checksum {
    uint64_t at; /* in the file */
    uint64_t skip;
    uint64_t sum;
    uint8_t left[4]; /* of a number that lies across two pieces */
    unsigned left_count;
};

static void add_word(struct checksum *c, uint32_t word)
{
    if (c->at != c->skip) {
        c->sum += word;
        if (c->sum > UINT32_MAX) {
            c->sum = (c->sum & UINT32_MAX) + (c->sum >> 32);
        }
    }
    c->at += 4;
}

static void feed_checksum(void *payload, struct ov_bytes piece)
{
    struct checksum *c = payload;
    const uint8_t *raw = ov_bytes_raw(piece);
    struct ov_le32 word;

    for (size_t i = 0; i < ov_bytes_len(piece); i++) {
        c->left[c->left_count++] = raw[i];
        if (c->left_count == 4) {
            memcpy(&word, c->left, sizeof(word));
            add_word(c, ov_le32_get(word));
            c->left_count = 0;
        }
    }
}

struct ov_value ov_call_pe_checksum(struct ov_call *call)
{
    const uint64_t size = call->m->facts->source->size;
    struct checksum c = { .sum = 0 };
    struct ov_value value;
    uint32_t headers, last = 0;
    int64_t magic;

    if (!number(call, OV_PE_OPTHDR_MAGIC, &magic)
            || !ov_pages_u32le(call->asked->pages, 60, &headers)) {
        return ov_value_undefined();
    }
    call->arguments[0] = call->arguments[1] = ov_value_int(0); /* it is remembered as of no range */
    if (ov_call_remembered(call, &value)) {
        return value;
    }
    c.skip = (uint64_t)headers + 88u; /* CheckSum itself, if it is aligned */
    if (!ov_call_read(call, 0, size, feed_checksum, &c)) {
        return ov_value_undefined();
    }
    for (unsigned i = 0; i < c.left_count; i++) {
        last |= (uint32_t)c.left[i] << 8 * i;
    }
    if (c.left_count != 0) {
        add_word(&c, last);
    }
    c.sum = (c.sum & 0xffff) + (c.sum >> 16);
    c.sum += c.sum >> 16;
    return ov_call_remember(call, ov_value_int((int64_t)((c.sum & 0xffff) + size)));
}
