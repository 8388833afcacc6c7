/* SPDX-License-Identifier: Apache-2.0 */
/* ole_file.c - sectors, chains and the directory of a compound file. Any number may lead anywhere: a
 * chain is followed for as many sectors as the file has, and no longer. */
#include "formats/ole_file.h"

#include <stdlib.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/decode.h"
#include "formats/peek.h"

#define END_OF_CHAIN  0xfffffffeu
#define ENTRY_BYTES   128u
#define SECTORS_SHOWN 109u /* FAT sectors that the header names */

static struct ov_bytes sector(const struct ov_ole *ole, uint32_t number)
{
    const uint64_t at = ((uint64_t)number + 1) * ole->sector_bytes;

    return ov_bytes_between(ole->file, at, at + ole->sector_bytes);
}

static uint32_t sector_count(const struct ov_ole *ole)
{
    return (uint32_t)(ov_bytes_len(ole->file) / ole->sector_bytes);
}

static uint32_t next_sector(const struct ov_ole *ole, uint32_t number)
{
    const uint32_t per = ole->sector_bytes / 4;
    const uint32_t fat = ov_u32le_at(
            ov_buf_bytes(&ole->fat_sectors), (uint64_t)(number / per) * 4, END_OF_CHAIN);

    return fat >= END_OF_CHAIN
                   ? END_OF_CHAIN
                   : ov_u32le_at(sector(ole, fat), (uint64_t)(number % per) * 4, END_OF_CHAIN);
}

/* The FAT's sectors: 109 in the header, the others in a chain of lists. */
static void list_fat(struct ov_ole *ole)
{
    const uint32_t per = ole->sector_bytes / 4 - 1;
    uint32_t list = ov_u32le_at(ole->file, 68, END_OF_CHAIN);

    for (uint32_t i = 0; i < SECTORS_SHOWN; i++) {
        ov_buf_put_u32le(
                &ole->fat_sectors, ov_u32le_at(ole->file, 76 + 4 * (uint64_t)i, END_OF_CHAIN));
    }
    for (uint32_t turn = 0; turn < sector_count(ole) && list < sector_count(ole); turn++) {
        for (uint32_t i = 0; i < per; i++) {
            ov_buf_put_u32le(&ole->fat_sectors,
                    ov_u32le_at(sector(ole, list), 4 * (uint64_t)i, END_OF_CHAIN));
        }
        list = ov_u32le_at(sector(ole, list), 4 * (uint64_t)per, END_OF_CHAIN);
    }
}

/* Puts up to `bytes` of the chain that begins at `start`. False: there are fewer. */
static bool read_chain(const struct ov_ole *ole, uint32_t start, uint64_t bytes, struct ov_buf *out)
{
    uint32_t at = start;

    for (uint32_t turn = 0; turn <= sector_count(ole) && at < END_OF_CHAIN && bytes > 0; turn++) {
        const struct ov_bytes s = ov_bytes_between(sector(ole, at), 0, bytes);

        if (ov_bytes_len(s) == 0) {
            break;
        }
        ov_buf_put(out, ov_bytes_raw(s), (size_t)ov_bytes_len(s));
        bytes -= ov_bytes_len(s);
        at = next_sector(ole, at);
    }
    return bytes == 0;
}

static bool read_small(const struct ov_ole *ole, uint32_t start, uint64_t bytes, struct ov_buf *out)
{
    const struct ov_bytes small = ov_buf_bytes(&ole->small), fat = ov_buf_bytes(&ole->small_fat);
    const uint64_t turns = ov_bytes_len(small) / ole->small_bytes + 1;
    uint32_t at = start;

    for (uint64_t turn = 0; turn <= turns && at < END_OF_CHAIN && bytes > 0; turn++) {
        const uint64_t from = (uint64_t)at * ole->small_bytes;
        const uint64_t most = bytes < ole->small_bytes ? bytes : ole->small_bytes;
        const struct ov_bytes s = ov_bytes_between(small, from, from + most);

        if (ov_bytes_len(s) == 0) {
            break;
        }
        ov_buf_put(out, ov_bytes_raw(s), (size_t)ov_bytes_len(s));
        bytes -= ov_bytes_len(s);
        at = ov_u32le_at(fat, 4 * (uint64_t)at, END_OF_CHAIN);
    }
    return bytes == 0;
}

/* --- the directory -------------------------------------------------------------------------- */

static struct ov_bytes entry_bytes(const struct ov_ole *ole, uint32_t index)
{
    const uint64_t at = (uint64_t)index * ENTRY_BYTES;

    return ov_bytes_between(ov_buf_bytes(&ole->directory), at, at + ENTRY_BYTES);
}

/* Storages name a child, which names its siblings: a tree that may be none. Each entry is visited
 * once, and the stack holds each once. */
static bool find_parents(struct ov_ole *ole)
{
    uint32_t *stack = malloc((size_t)ole->entry_count * sizeof(*stack) + 4);

    ole->parents = malloc((size_t)ole->entry_count * sizeof(*ole->parents) + 4);
    if (stack == NULL || ole->parents == NULL) {
        free(stack);
        return false;
    }
    for (uint32_t i = 0; i < ole->entry_count; i++) {
        ole->parents[i] = OV_OLE_NONE;
    }
    for (uint32_t i = 0; i < ole->entry_count; i++) {
        const uint8_t kind = ov_u8_at(entry_bytes(ole, i), 66, 0);
        uint32_t count = 0, child = ov_u32le_at(entry_bytes(ole, i), 76, OV_OLE_NONE);

        if ((kind != OV_OLE_STORAGE && kind != OV_OLE_ROOT) || child >= ole->entry_count
                || ole->parents[child] != OV_OLE_NONE || child == i) {
            continue;
        }
        ole->parents[child] = i;
        stack[count++] = child;
        while (count > 0) {
            const struct ov_bytes e = entry_bytes(ole, stack[--count]);

            for (unsigned side = 68; side <= 72; side += 4) {
                const uint32_t next = ov_u32le_at(e, side, OV_OLE_NONE);

                if (next < ole->entry_count && ole->parents[next] == OV_OLE_NONE && next != i) {
                    ole->parents[next] = i;
                    stack[count++] = next;
                }
            }
        }
    }
    free(stack);
    return true;
}

static void read_directory(struct ov_ole *ole)
{
    const uint32_t start = ov_u32le_at(ole->file, 48, END_OF_CHAIN);
    struct ov_ole_entry root;

    (void)read_chain(ole, start, (uint64_t)OV_OLE_ENTRIES_MAX * ENTRY_BYTES, &ole->directory);
    ole->entry_count = (uint32_t)(ov_bytes_len(ov_buf_bytes(&ole->directory)) / ENTRY_BYTES);
    if (ole->entry_count == 0) {
        ole->damaged = true;
        return;
    }
    for (uint32_t i = 0; i < ole->entry_count; i++) {
        if (ov_u8_at(entry_bytes(ole, i), 66, 0) != OV_OLE_ROOT) {
            continue;
        }
        root.start = ov_u32le_at(entry_bytes(ole, i), 116, END_OF_CHAIN);
        root.size = ov_u32le_at(entry_bytes(ole, i), 120, 0);
        (void)read_chain(ole, root.start, root.size, &ole->small);
        (void)read_chain(ole, ole->small_fat_start, ov_bytes_len(ole->file), &ole->small_fat);
        return;
    }
    ole->damaged = true;
}

bool ov_ole_open(struct ov_ole *ole, struct ov_bytes file)
{
    const uint32_t shift = ov_u16le_at(file, 30, 0), small_shift = ov_u16le_at(file, 32, 0);

    *ole = (struct ov_ole){ .file = file };
    /* Readers take other sizes than 512 and 4096, too, as long as they make sense. */
    ole->sector_bytes = 1u << (shift >= 7 && shift <= 16 ? shift : 9);
    ole->small_bytes = 1u << (small_shift >= 3 && small_shift <= 12 ? small_shift : 6);
    ole->cutoff = ov_u32le_at(file, 56, 4096);
    ole->small_fat_start = ov_u32le_at(file, 60, END_OF_CHAIN);
    ov_buf_init(&ole->fat_sectors, 4u * OV_MIB);
    ov_buf_init(&ole->directory, (size_t)OV_OLE_ENTRIES_MAX * ENTRY_BYTES);
    ov_buf_init(&ole->small_fat, OV_MADE_BYTES_MAX);
    ov_buf_init(&ole->small, OV_MADE_BYTES_MAX);
    list_fat(ole);
    read_directory(ole);
    return find_parents(ole);
}

void ov_ole_done(struct ov_ole *ole)
{
    ov_buf_done(&ole->fat_sectors);
    ov_buf_done(&ole->directory);
    ov_buf_done(&ole->small_fat);
    ov_buf_done(&ole->small);
    free(ole->parents);
    ole->parents = NULL;
}

bool ov_ole_entry(const struct ov_ole *ole, uint32_t index, struct ov_ole_entry *out)
{
    const struct ov_bytes e = entry_bytes(ole, index);
    uint32_t name_bytes;

    if (index >= ole->entry_count || ov_bytes_len(e) != ENTRY_BYTES) {
        return false;
    }
    name_bytes = ov_u16le_at(e, 64, 0);
    name_bytes = name_bytes > 64 ? 64 : name_bytes;
    out->kind = (enum ov_ole_kind)ov_u8_at(e, 66, 0);
    out->name = ov_bytes_between(e, 0, name_bytes < 2 ? 0 : name_bytes - 2);
    out->start = ov_u32le_at(e, 116, END_OF_CHAIN);
    out->size = ov_u32le_at(e, 120, 0);
    out->parent = ole->parents[index];
    return true;
}

bool ov_ole_stream(struct ov_ole *ole, const struct ov_ole_entry *entry, struct ov_buf *out)
{
    if (entry->size < ole->cutoff) {
        return read_small(ole, entry->start, entry->size, out);
    }
    return read_chain(ole, entry->start, entry->size, out);
}

static void put_msi(struct ov_buf *out, uint32_t v)
{
    static const char letters[] =
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";

    ov_buf_put_u8(out, (uint8_t)letters[v & 63]);
}

void ov_ole_name(struct ov_buf *out, struct ov_bytes name)
{
    for (uint64_t i = 0; i + 1 < ov_bytes_len(name); i += 2) {
        const uint32_t c = ov_u16le_at(name, i, 0);

        if (c >= 0x3800 && c < 0x4800) {
            put_msi(out, c - 0x3800);
            put_msi(out, (c - 0x3800) >> 6);
        } else if (c >= 0x4800 && c < 0x4840) {
            put_msi(out, c - 0x4800);
        } else if (c == 0x4840) {
            ov_buf_put_u8(out, '!');
        } else if (c >= 32 && c < 127 && c != '/') {
            ov_buf_put_u8(out, (uint8_t)c);
        } else {
            ov_buf_put_u8(out, c < 32 ? '_' : '?');
        }
    }
}
