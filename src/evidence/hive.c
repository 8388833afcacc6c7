/* SPDX-License-Identifier: Apache-2.0 */
/* hive.c - cells of a registry hive ("regf"): keys (nk), lists of keys (lf, lh, li, ri), values
 * (vk), long data (db is not joined: what is asked for is short). Offsets count from 4096. */
#include "evidence/hive.h"

#include <string.h>

#include "base/checked.h"

#define HEADER_BYTES 4096u
#define NONE         0xffffffffu

#define KEY_NAME_IS_ASCII   0x20u
#define VALUE_NAME_IS_ASCII 0x01u
#define VALUE_IS_INLINE     0x80000000u

#define KEY_NAME_AT   76u
#define VALUE_NAME_AT 20u

bool ov_hive_open(struct ov_bytes bytes, struct ov_hive *out)
{
    struct ov_hive hive = { .root = NONE };
    uint32_t magic, sequence[2], bins_bytes;

    if (!ov_u32_at(bytes, 0, &magic) || magic != 0x66676572u /* "regf" */
            || !ov_u32_at(bytes, 4, &sequence[0]) || !ov_u32_at(bytes, 8, &sequence[1])
            || !ov_u32_at(bytes, 36, &hive.root) || !ov_u32_at(bytes, 40, &bins_bytes)) {
        return false;
    }
    hive.dirty = sequence[0] != sequence[1];
    hive.cut =
            ov_bytes_len(bytes) < HEADER_BYTES || ov_bytes_len(bytes) - HEADER_BYTES < bins_bytes;
    hive.priv_bins = ov_text_behind(bytes, HEADER_BYTES);
    *out = hive;
    return true;
}

/* A cell's data, allocated ones only: a free cell is where something was, not where it is. */
static bool cell(struct ov_hive *hive, uint32_t offset, struct ov_bytes *out)
{
    uint32_t size;

    if (offset == NONE || !ov_u32_at(hive->priv_bins, offset, &size) || (size & 0x80000000u) == 0
            || (0u - size) < 8
            || !ov_bytes_slice(hive->priv_bins, (uint64_t)offset + 4, (0u - size) - 4u, out)) {
        hive->damaged = true;
        return false;
    }
    return true;
}

static bool has_magic(struct ov_bytes b, const char magic[2])
{
    const uint8_t *raw = ov_bytes_raw(b);

    return ov_bytes_len(b) >= 4 && raw[0] == (uint8_t)magic[0] && raw[1] == (uint8_t)magic[1];
}

bool ov_hive_key_read(struct ov_hive *hive, uint32_t offset, struct ov_hive_key *out)
{
    struct ov_hive_key key = { .subkeys = 0 };
    uint16_t flags, name_bytes;
    struct ov_bytes b;

    if (!cell(hive, offset, &b)) {
        return false;
    }
    if (!has_magic(b, "nk") || !ov_u16_at(b, 2, &flags) || !ov_u32_at(b, 20, &key.subkeys)
            || !ov_u32_at(b, 28, &key.subkey_list) || !ov_u32_at(b, 36, &key.values)
            || !ov_u32_at(b, 40, &key.value_list) || !ov_u16_at(b, 72, &name_bytes)
            || !ov_bytes_slice(b, KEY_NAME_AT, name_bytes, &key.name)) {
        hive->damaged = true;
        return false;
    }
    key.name_is_ascii = (flags & KEY_NAME_IS_ASCII) != 0;
    *out = key;
    return true;
}

/* --- children ------------------------------------------------------------------------------- */

/* Which key a leaf list names at `index`. False: it has no such place. */
static bool leaf_entry(struct ov_bytes list, uint32_t index, uint32_t *key)
{
    const uint32_t entry_bytes = has_magic(list, "li") ? 4u : 8u;
    uint16_t count;

    return ov_u16_at(list, 2, &count) && index < count
           && ov_u32_at(list, 4 + (uint64_t)index * entry_bytes, key);
}

static bool is_leaf(struct ov_bytes list)
{
    return has_magic(list, "lf") || has_magic(list, "lh") || has_magic(list, "li");
}

/* The leaf list that `position` is in, stepping over ends of lists. */
static bool next_entry(
        struct ov_hive *hive, struct ov_bytes top, struct ov_hive_position *position, uint32_t *key)
{
    if (is_leaf(top)) {
        return leaf_entry(top, position->index++, key);
    }
    if (!has_magic(top, "ri")) {
        hive->damaged = true;
        return false;
    }
    for (;;) {
        struct ov_bytes list;
        uint32_t offset;
        uint16_t count;

        if (!ov_u16_at(top, 2, &count) || position->list >= count) {
            return false; /* each turn takes the next list, and there are at most 65535 */
        }
        if (!ov_u32_at(top, 4 + (uint64_t)position->list * 4, &offset) || !cell(hive, offset, &list)
                || !is_leaf(list)) {
            hive->damaged = true;
            return false;
        }
        if (leaf_entry(list, position->index, key)) {
            position->index++;
            return true;
        }
        position->list++;
        position->index = 0;
    }
}

bool ov_hive_child(struct ov_evidence *e, struct ov_hive *hive, const struct ov_hive_key *key,
        struct ov_hive_position *position, struct ov_hive_key *out)
{
    struct ov_bytes top;
    uint32_t offset;

    if (key->subkeys == 0 || position->given >= key->subkeys || !ov_evidence_step(e, 1)
            || !cell(hive, key->subkey_list, &top)) {
        return false;
    }
    if (!next_entry(hive, top, position, &offset)) {
        hive->damaged = hive->damaged || position->given != key->subkeys;
        return false;
    }
    position->given++;
    return ov_hive_key_read(hive, offset, out);
}

void ov_hive_name_put(struct ov_buf *out, struct ov_bytes name, bool is_ascii)
{
    if (is_ascii) {
        ov_latin1_put(out, name);
    } else {
        ov_utf16_put(out, name);
    }
}

static bool name_is(struct ov_bytes name, bool is_ascii, struct ov_bytes want)
{
    struct ov_buf text;
    bool same;

    if (is_ascii && ov_bytes_len(name) != ov_bytes_len(want)) {
        return false;
    }
    ov_buf_init(&text, 4096);
    ov_hive_name_put(&text, name, is_ascii);
    same = ov_bytes_len(ov_buf_bytes(&text)) == ov_bytes_len(want)
           && strncasecmp((const char *)ov_bytes_raw(ov_buf_bytes(&text)),
                      (const char *)ov_bytes_raw(want), (size_t)ov_bytes_len(want))
                      == 0;
    ov_buf_done(&text);
    return same;
}

static bool child_named(struct ov_evidence *e, struct ov_hive *hive, const struct ov_hive_key *key,
        struct ov_bytes name, struct ov_hive_key *out)
{
    struct ov_hive_position position = { .list = 0 };
    struct ov_hive_key child;

    while (ov_hive_child(e, hive, key, &position, &child)) {
        if (name_is(child.name, child.name_is_ascii, name)) {
            *out = child;
            return true;
        }
    }
    return false;
}

bool ov_hive_find(struct ov_evidence *e, struct ov_hive *hive, const struct ov_hive_key *from,
        struct ov_bytes path, struct ov_hive_key *out)
{
    struct ov_hive_key at = *from;

    while (ov_bytes_len(path) != 0) { /* each turn takes a part off the path */
        const uint8_t *raw = ov_bytes_raw(path);
        const uint8_t *end = memchr(raw, '\\', (size_t)ov_bytes_len(path));
        const uint64_t len = end == NULL ? ov_bytes_len(path) : (uint64_t)(end - raw);
        struct ov_bytes part;

        if (!ov_bytes_slice(path, 0, len, &part)) {
            return false;
        }
        if (len != 0 && !child_named(e, hive, &at, part, &at)) {
            return false;
        }
        path = ov_text_behind(path, end == NULL ? len : len + 1);
    }
    *out = at;
    return true;
}

/* --- values --------------------------------------------------------------------------------- */

bool ov_hive_value_read(struct ov_evidence *e, struct ov_hive *hive, const struct ov_hive_key *key,
        uint32_t index, struct ov_hive_value *out)
{
    struct ov_hive_value value = { .type = 0 };
    struct ov_bytes list, b, data;
    uint32_t offset, data_bytes, data_at;
    uint16_t name_bytes, flags;

    if (index >= key->values || !ov_evidence_step(e, 1) || !cell(hive, key->value_list, &list)) {
        return false;
    }
    if (!ov_u32_at(list, (uint64_t)index * 4, &offset) || !cell(hive, offset, &b)
            || !has_magic(b, "vk") || !ov_u16_at(b, 2, &name_bytes) || !ov_u32_at(b, 4, &data_bytes)
            || !ov_u32_at(b, 8, &data_at) || !ov_u32_at(b, 12, &value.type)
            || !ov_u16_at(b, 16, &flags)
            || !ov_bytes_slice(b, VALUE_NAME_AT, name_bytes, &value.name)) {
        hive->damaged = true;
        return false;
    }
    value.name_is_ascii = (flags & VALUE_NAME_IS_ASCII) != 0;
    if ((data_bytes & VALUE_IS_INLINE) != 0) {
        const uint32_t len = data_bytes & ~VALUE_IS_INLINE;

        if (len > 4 || !ov_bytes_slice(b, 8, len, &value.data)) {
            hive->damaged = true;
            return false;
        }
    } else if (data_bytes != 0) {
        if (!cell(hive, data_at, &data)) {
            return false;
        }
        if (!ov_bytes_slice(data, 0, data_bytes, &value.data)) {
            value.data = data; /* long data: its first part, or what there is */
        }
    }
    *out = value;
    return true;
}

bool ov_hive_value_find(struct ov_evidence *e, struct ov_hive *hive, const struct ov_hive_key *key,
        const char *name, struct ov_hive_value *out)
{
    struct ov_hive_value value;

    for (uint32_t i = 0; i < key->values; i++) {
        if (!ov_hive_value_read(e, hive, key, i, &value)) {
            return false;
        }
        if (name_is(value.name, value.name_is_ascii, ov_text_lit(name))) {
            *out = value;
            return true;
        }
    }
    return false;
}
