/* SPDX-License-Identifier: Apache-2.0 */
/* pe_resources.c - the tree of resources (type, name, language) and what the version resource
 * says. Three levels, walked with a stack of three; entries may lead anywhere, again and again, so
 * each is charged. */
#include <string.h>

#include "formats/pe.h"

#define RESOURCES_MAX      65536u      /* as YARA, which keeps one more */
#define RESOURCE_BYTES_MAX 0x3fffffffu /* the same */
#define LEVELS             3u
#define DIRECTORY_BYTES    16u
#define ENTRY_BYTES        8u
#define DATA_BYTES         16u
#define HIGH_BIT           0x80000000u
#define TYPE_VERSION       16

/* Where a name stands, if an entry has one. */
struct label {
    int32_t number;
    bool has_text;
    uint64_t at; /* of the text, behind its length */
    uint32_t bytes;
};

struct level {
    uint64_t next; /* the entry to come */
    uint32_t left;
};

struct walk {
    struct ov_fact_tree *tree;
    ov_fact_node module;
    struct ov_pe *pe;
    uint64_t root;
    uint32_t resources;
    uint32_t versions;
    struct label labels[LEVELS]; /* type, name, language */
    struct level levels[LEVELS];
    unsigned depth; /* levels in use */
};

/* --- version information --------------------------------------------------------------------- */

#define BLOCK_HEAD      6u /* length, length of the value, type; then a key */
#define KEY_BYTES_MAX   63u
#define VALUE_BYTES_MAX 255u

/* The next block begins at a multiple of 4 from this one. */
static uint64_t behind(uint64_t at, uint64_t bytes)
{
    return at + ((bytes + 3) & ~3ull);
}

/* Is the key of the block at `at` this one, in wide characters, with its end? */
static bool has_key(const struct walk *w, uint64_t at, const char *key)
{
    const size_t len = strlen(key) + 1;
    struct ov_bytes wide;

    if (!ov_pages_lend(w->pe->pages, at + BLOCK_HEAD, 2 * len, &wide)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const uint8_t *c = ov_bytes_raw(wide) + 2 * i;

        if (c[0] != (uint8_t)key[i] || c[1] != 0) {
            return false;
        }
    }
    return true;
}

static bool length_of(const struct walk *w, uint64_t at, uint16_t *length)
{
    struct ov_bytes head;

    return ov_pages_lend(w->pe->pages, at, BLOCK_HEAD, &head)
           && ov_pages_u16le(w->pe->pages, at, length) && *length != 0;
}

/* A wide text, up to and without its end. False: it has none before the file's. */
static bool wide_text(const struct walk *w, uint64_t at, struct ov_bytes *out)
{
    const struct ov_bytes some = ov_pages_lend_some(w->pe->pages, at, OV_PAGES_LEND_BYTES);
    const uint8_t *raw = ov_bytes_raw(some);

    for (uint64_t i = 0; i + 2 <= ov_bytes_len(some); i += 2) {
        if (raw[i] == 0 && raw[i + 1] == 0) {
            return ov_bytes_slice(some, 0, i, out) && ov_fact_charge(w->tree, 1 + i / 16);
        }
    }
    return false;
}

/* Every other byte up to a zero, at most `max`. */
static size_t narrowed(struct ov_bytes wide, uint8_t *out, size_t max)
{
    const uint8_t *raw = ov_bytes_raw(wide);
    size_t len = 0;

    while (len < max && 2 * len < ov_bytes_len(wide) && raw[2 * len] != 0) {
        out[len] = raw[2 * len];
        len++;
    }
    return len;
}

static void set_string(struct walk *w, uint64_t at, struct ov_bytes key_wide)
{
    const uint64_t value_at = behind(at, BLOCK_HEAD + ov_bytes_len(key_wide) + 2);
    uint8_t key[KEY_BYTES_MAX], value[VALUE_BYTES_MAX];
    const size_t key_len = narrowed(key_wide, key, KEY_BYTES_MAX); /* before it is lent anew */
    size_t value_len;
    struct ov_bytes wide;
    uint16_t value_length;
    ov_fact_node entry;

    if (!wide_text(w, value_at, &wide)) {
        return;
    }
    value_len = narrowed(wide, value, VALUE_BYTES_MAX);
    if (!ov_pages_u16le(w->pe->pages, at + 2, &value_length) || value_length == 0) {
        value_len = 0;
    }
    ov_fact_entry_text(w->tree, w->module, OV_PE_VERSION_INFO, ov_bytes_of(key, key_len),
            ov_bytes_of(value, value_len));
    entry = ov_fact_item(w->tree, w->module, OV_PE_VERSION_INFO_LIST, w->versions);
    ov_fact_text(w->tree, entry, OV_PE_VERSION_INFO_LIST_KEY, ov_bytes_of(key, key_len));
    ov_fact_text(w->tree, entry, OV_PE_VERSION_INFO_LIST_VALUE, ov_bytes_of(value, value_len));
    w->versions++;
}

/* The strings of the tables of one StringFileInfo, which ends at `end`. */
static void string_tables(struct walk *w, uint64_t table, uint64_t end)
{
    struct ov_bytes key;
    uint16_t length;

    while (table < end && length_of(w, table, &length) && wide_text(w, table + BLOCK_HEAD, &key)
            && ov_fact_charge(w->tree, 1)) {
        uint64_t string = behind(table, BLOCK_HEAD + ov_bytes_len(key) + 2);

        table = behind(table, length);
        while (string < table && length_of(w, string, &length)
                && wide_text(w, string + BLOCK_HEAD, &key) && ov_fact_charge(w->tree, 1)) {
            set_string(w, string, key);
            string = behind(string, length);
        }
    }
}

static void version_info(struct walk *w, uint32_t rva)
{
    uint64_t at, start;
    uint16_t length;

    if (!ov_pe_file_offset(w->pe, rva, &at) || !has_key(w, at, "VS_VERSION_INFO")) {
        return;
    }
    at = behind(at, BLOCK_HEAD + 86); /* the key, and the fixed part */
    while (has_key(w, at, "VarFileInfo") && length_of(w, at, &length)
            && ov_fact_charge(w->tree, 1)) {
        at = behind(at, length);
    }
    while (has_key(w, at, "StringFileInfo") && length_of(w, at, &length)
            && ov_fact_charge(w->tree, 1)) {
        start = at;
        at = behind(at, length);
        string_tables(w, behind(start, BLOCK_HEAD + 30), at);
    }
}

/* --- the tree -------------------------------------------------------------------------------- */

static void set_label(struct walk *w, ov_fact_node resource, const struct label *label,
        enum ov_field text_field, enum ov_field number_field)
{
    struct ov_bytes text;

    if (!label->has_text && label->number == -1) {
        return;
    }
    if (!label->has_text) {
        ov_fact_int(w->tree, resource, number_field, label->number);
        return;
    }
    /* At most 128 KiB, in two pieces of which the first is all that anybody wrote so far. */
    if (ov_pages_lend(w->pe->pages, label->at, label->bytes, &text)) {
        ov_fact_text(w->tree, resource, text_field, text);
    }
}

/* What is empty, or larger than any file, is passed over. */
static void resource(struct walk *w, uint64_t at)
{
    uint32_t rva, bytes;
    uint64_t place;
    ov_fact_node node;

    if (at > w->pe->layout.map.size || w->pe->layout.map.size - at < DATA_BYTES
            || !ov_pages_u32le(w->pe->pages, at, &rva)
            || !ov_pages_u32le(w->pe->pages, at + 4, &bytes) || bytes == 0
            || bytes > RESOURCE_BYTES_MAX || w->resources > RESOURCES_MAX) {
        return;
    }
    node = ov_fact_item(w->tree, w->module, OV_PE_RESOURCES, w->resources);
    ov_fact_int(w->tree, node, OV_PE_RESOURCES_RVA, rva);
    if (ov_pe_file_offset(w->pe, rva, &place)) {
        ov_fact_int(w->tree, node, OV_PE_RESOURCES_OFFSET, (int64_t)place);
    }
    ov_fact_int(w->tree, node, OV_PE_RESOURCES_LENGTH, bytes);
    set_label(w, node, &w->labels[0], OV_PE_RESOURCES_TYPE_STRING, OV_PE_RESOURCES_TYPE);
    set_label(w, node, &w->labels[1], OV_PE_RESOURCES_NAME_STRING, OV_PE_RESOURCES_ID);
    set_label(w, node, &w->labels[2], OV_PE_RESOURCES_LANGUAGE_STRING, OV_PE_RESOURCES_LANGUAGE);
    if (w->labels[0].number == TYPE_VERSION) {
        version_info(w, rva);
    }
    w->resources++;
}

static void read_label(struct walk *w, uint32_t name, struct label *out)
{
    const uint64_t at = w->root + (name & ~HIGH_BIT);
    uint16_t length;

    out->number = (int32_t)name;
    out->has_text = false;
    if ((name & HIGH_BIT) != 0 && ov_pages_u16le(w->pe->pages, at, &length)
            && 2ull + 2ull * length <= w->pe->layout.map.size - at) {
        out->has_text = true;
        out->at = at + 2;
        out->bytes = 2u * length;
    }
}

/* Goes down into a directory. One that is cut off or looks wrong has no entries. */
static void enter(struct walk *w, uint64_t at)
{
    struct ov_bytes head;
    uint32_t characteristics;
    uint16_t named, numbered;

    if (!ov_pages_lend(w->pe->pages, at, DIRECTORY_BYTES, &head)
            || !ov_pages_u32le(w->pe->pages, at, &characteristics)
            || !ov_pages_u16le(w->pe->pages, at + 12, &named)
            || !ov_pages_u16le(w->pe->pages, at + 14, &numbered)) {
        return;
    }
    if (characteristics == 0 && named <= 32768 && numbered <= 32768
            && (uint64_t)ENTRY_BYTES * ((uint64_t)named + numbered)
                       <= w->pe->layout.map.size - at - DIRECTORY_BYTES) {
        w->levels[w->depth++] = (struct level){
            .next = at + DIRECTORY_BYTES,
            .left = (uint32_t)named + numbered,
        };
    }
}

/* One entry of the innermost directory. False: the whole walk ends. */
static bool entry(struct walk *w)
{
    struct level *level = &w->levels[w->depth - 1];
    uint32_t name, offset;
    uint64_t at;

    if (!ov_pages_u32le(w->pe->pages, level->next, &name)
            || !ov_pages_u32le(w->pe->pages, level->next + 4, &offset)) {
        return false;
    }
    if (offset == 0) { /* ends the directory, whatever it claims */
        level->left = 0;
        return true;
    }
    read_label(w, name, &w->labels[w->depth - 1]);
    for (unsigned i = w->depth; i < LEVELS; i++) {
        w->labels[i].has_text = false;
    }
    level->next += ENTRY_BYTES;
    level->left--;
    at = w->root + (offset & ~HIGH_BIT);
    if ((offset & HIGH_BIT) != 0 && w->depth < LEVELS) {
        enter(w, at);
    } else {
        resource(w, at);
    }
    return true;
}

void ov_pe_resources(struct ov_fact_tree *tree, ov_fact_node node, struct ov_pe *pe)
{
    struct walk w = { .tree = tree, .module = node, .pe = pe };
    uint32_t bytes, stamp;
    uint16_t major, minor;

    for (unsigned i = 0; i < LEVELS; i++) {
        w.labels[i].number = -1;
    }
    if (ov_pe_directory_at(pe, OV_PE_DIRECTORY_RESOURCE, &w.root, &bytes)
            && w.root + DIRECTORY_BYTES <= pe->layout.map.size
            && ov_pages_u32le(pe->pages, w.root + 4, &stamp)
            && ov_pages_u16le(pe->pages, w.root + 8, &major)
            && ov_pages_u16le(pe->pages, w.root + 10, &minor)) {
        const ov_fact_node version = ov_fact_struct(tree, node, OV_PE_RESOURCE_VERSION);
        bool more = true;

        ov_fact_int(tree, node, OV_PE_RESOURCE_TIMESTAMP, stamp);
        ov_fact_int(tree, version, OV_PE_RESOURCE_VERSION_MAJOR, major);
        ov_fact_int(tree, version, OV_PE_RESOURCE_VERSION_MINOR, minor);
        enter(&w, w.root);
        while (more && w.depth > 0 && ov_fact_charge(tree, 1)) {
            if (w.levels[w.depth - 1].left == 0) {
                w.depth--;
            } else {
                more = entry(&w);
            }
        }
    }
    ov_fact_int(tree, node, OV_PE_NUMBER_OF_RESOURCES, w.resources);
    ov_fact_int(tree, node, OV_PE_NUMBER_OF_VERSION_INFOS, w.versions);
}
