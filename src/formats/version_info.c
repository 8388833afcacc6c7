/* SPDX-License-Identifier: Apache-2.0 */
/* version_info.c - where the strings of a program's version information begin, for signatures whose offset
 * is VI. Lengths are claims: every turn of a loop goes forward, inside the resource. */
#include "formats/version_info.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/checked.h"
#include "formats/facts.h"

#define TYPE_VERSION 16
#define BLOCK_HEAD   6u  /* length, length of the value, type; then a key */
#define FIXED_BYTES  52u /* VS_FIXEDFILEINFO */

#define TABLE_KEY_BYTES  18u /* a language and a set of characters, 8 digits */
#define STRING_BYTES_MIN 16u

struct places {
    struct ov_budget *budget;
    struct ov_pages *pages;
    struct ov_version_places *out;
    bool cut; /* there may be more than it had room or steps for */
};

/* One block: [at, end), its key of so many bytes, and where what follows the key begins. */
struct block {
    uint64_t at, end;
    uint64_t key_bytes; /* with its zero */
    uint64_t inside;
};

/* Blocks begin at multiples of 4 from the resource, which itself does. */
static uint64_t aligned(uint64_t bytes)
{
    return (bytes + 3) & ~3ull;
}

/* The block at `at`, which ends before `end`. */
static bool read_block(struct places *p, uint64_t at, uint64_t end, struct block *out)
{
    uint64_t key = at + BLOCK_HEAD;
    uint16_t length, c = 1;

    if (at >= end || !ov_pages_u16le(p->pages, at, &length) || length < BLOCK_HEAD
            || length > end - at) {
        return false;
    }
    if (!ov_budget_steps(p->budget, length / 16u + 8)) {
        p->cut = true;
        return false;
    }
    out->at = at;
    out->end = at + length;
    while (c != 0) {
        if (key >= out->end || !ov_pages_u16le(p->pages, key, &c)) {
            return false;
        }
        key += 2;
    }
    out->key_bytes = key - at - BLOCK_HEAD;
    out->inside = at + aligned(key - at);
    return true;
}

/* Is the key this name, in UTF-16? */
static bool has_key(struct places *p, const struct block *block, const char *name)
{
    const size_t len = strlen(name);
    uint16_t c;

    for (size_t i = 0; i < len; i++) {
        if (!ov_pages_u16le(p->pages, block->at + BLOCK_HEAD + 2 * i, &c)
                || c != (uint8_t)name[i]) {
            return false;
        }
    }
    return block->key_bytes == 2 * len + 2;
}

static void add_place(struct places *p, uint64_t at)
{
    if (p->out->count < OV_VERSION_PLACES_MAX) {
        p->out->at[p->out->count++] = at;
    } else {
        p->cut = true;
    }
}

/* As observed: a string counts with what pads it to a multiple of 4, which has to lie in its table,
 * and has more than 16 bytes. False: one is otherwise, which ends the look at all of the resource. */
static bool read_table(struct places *p, const struct block *table)
{
    struct block string;

    for (uint64_t at = table->inside; at + BLOCK_HEAD < table->end;) {
        uint64_t bytes;

        if (!read_block(p, at, table->end, &string)) {
            return false;
        }
        bytes = aligned(string.end - string.at);
        if (bytes > table->end - at || bytes <= STRING_BYTES_MIN) {
            return false;
        }
        add_place(p, at + BLOCK_HEAD);
        at += bytes;
    }
    return true;
}

static bool read_tables(struct places *p, const struct block *info)
{
    struct block table;

    for (uint64_t at = info->inside; at + BLOCK_HEAD < info->end;) {
        if (!read_block(p, at, info->end, &table) || table.key_bytes != TABLE_KEY_BYTES
                || !read_table(p, &table)) {
            return false;
        }
        at += aligned(table.end - table.at);
    }
    return true;
}

/* VS_VERSIONINFO, then StringFileInfo, StringTable, String, each in the one before. */
static void read_resource(struct places *p, uint64_t at, uint64_t end)
{
    struct block whole, info;

    if (!read_block(p, at, end, &whole) || !has_key(p, &whole, "VS_VERSION_INFO")) {
        return;
    }
    for (at = whole.inside + FIXED_BYTES; read_block(p, at, whole.end, &info);
            at += aligned(info.end - info.at)) {
        if (has_key(p, &info, "StringFileInfo") && !read_tables(p, &info)) {
            return;
        }
    }
}

enum ov_reason ov_version_places_find(
        struct ov_source *source, struct ov_budget *budget, struct ov_version_places *out)
{
    OV_CLEANUP(ov_fact_tree_free_at) struct ov_fact_tree *tree = ov_fact_tree_new();
    auto_free struct ov_pages *pages = malloc(sizeof(*pages));
    struct places p = { .budget = budget, .pages = pages, .out = out };
    ov_fact_node pe;

    out->count = 0;
    if (tree == NULL || pages == NULL) {
        return OV_REASON_MEMORY;
    }
    ov_fact_tree_begin(tree);
    ov_fact_tree_charge_to(tree, budget);
    ov_pages_on(pages, source);
    pe = ov_fact_root(tree, OV_PE);
    ov_facts_parser(OV_PE)(tree, pages);
    for (uint32_t i = 0; i < ov_fact_count(tree, pe, OV_PE_RESOURCES); i++) {
        const ov_fact_node resource = ov_fact_get_item_node(tree, pe, OV_PE_RESOURCES, i);
        int64_t type, at, bytes;
        uint64_t end;

        if (ov_fact_get_int(tree, resource, OV_PE_RESOURCES_TYPE, &type) && type == TYPE_VERSION
                && ov_fact_get_int(tree, resource, OV_PE_RESOURCES_OFFSET, &at)
                && ov_fact_get_int(tree, resource, OV_PE_RESOURCES_LENGTH, &bytes) && at >= 0
                && bytes >= 0 && ov_add(&end, (uint64_t)at, (uint64_t)bytes)) {
            read_resource(&p, (uint64_t)at, end);
        }
    }
    if (ov_fact_tree_reason(tree) != OV_REASON_NONE) {
        return ov_fact_tree_reason(tree);
    }
    return p.cut ? OV_REASON_STEPS : OV_REASON_NONE;
}
