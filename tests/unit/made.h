/* SPDX-License-Identifier: Apache-2.0 */
/* made.h - archives made by code, for tests: well-formed ones through libarchive's writer, and
 * zip, rar, cab, lha and rpm by hand, as it does not write them or not as crookedly as we need. */
#ifndef OV_TESTS_MADE_H
#define OV_TESTS_MADE_H

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/checked.h"
#include "base/limits.h"

#define MADE_BYTES_MAX (64u * OV_MIB)

static inline void made_init(struct ov_buf *out)
{
    ov_buf_init(out, MADE_BYTES_MAX);
}

/* One member in an archive of libarchive's `format` (as its bsdtar names it), packed with
 * `filter` ("none", "gzip", ...). Format "raw" is the member alone. */
static inline void made_archive(struct ov_buf *out, const char *format, const char *filter,
        const char *name, struct ov_bytes content)
{
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    const size_t room = (size_t)ov_bytes_len(content) + 8 * (size_t)OV_MIB;
    uint8_t *to = malloc(room);
    size_t used = 0;
    int bad = 0;

    OV_ASSERT(a != NULL && entry != NULL && to != NULL);
    bad |= archive_write_set_format_by_name(a, format);
    if (strcmp(filter, "none") != 0) {
        bad |= archive_write_add_filter_by_name(a, filter);
    }
    bad |= archive_write_open_memory(a, to, room, &used);
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, 1000000000, 0);
    archive_entry_set_size(entry, (la_int64_t)ov_bytes_len(content));
    bad |= archive_write_header(a, entry);
    bad |= archive_write_data(a, ov_bytes_raw(content), (size_t)ov_bytes_len(content))
           != (la_ssize_t)ov_bytes_len(content);
    bad |= archive_write_close(a);
    if (bad != 0) {
        printf("# libarchive: %s\n", archive_error_string(a));
    }
    OV_ASSERT(bad == 0);
    ov_buf_put(out, to, used);
    archive_entry_free(entry);
    (void)archive_write_free(a);
    free(to);
}

/* --- zip ------------------------------------------------------------------------------------ */

struct made_zip {
    struct ov_buf *out;
    struct ov_buf directory;
    size_t start; /* of the zip in `out` */
    uint16_t count;
    /* what the next member lies about, or has */
    uint16_t method; /* 0 or 8; anything else is stored and called that */
    uint16_t flags;
    uint16_t local_method_xor;
    uint32_t crc_xor;
    uint32_t attributes;
    bool sizes_later;
    bool unlisted;
    struct ov_bytes raw_head; /* method 14: its properties, 5 bytes */
};

static inline void made_zip_begin(struct made_zip *z, struct ov_buf *out)
{
    *z = (struct made_zip){ .out = out, .method = 8 };
    z->start = (size_t)ov_bytes_len(ov_buf_bytes(out));
    ov_buf_init(&z->directory, MADE_BYTES_MAX);
}

static inline void made_deflate(struct ov_buf *out, struct ov_bytes content)
{
    z_stream s = { .next_in = (Bytef *)(uintptr_t)ov_bytes_raw(content),
        .avail_in = (uInt)ov_bytes_len(content) };
    uint8_t piece[65536];
    int answer;

    OV_ASSERT(deflateInit2(&s, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    do {
        s.next_out = piece;
        s.avail_out = sizeof(piece);
        answer = deflate(&s, Z_FINISH);
        ov_buf_put(out, piece, sizeof(piece) - s.avail_out);
    } while (answer == Z_OK);
    OV_ASSERT(answer == Z_STREAM_END);
    (void)deflateEnd(&s);
}

static inline void made_zip_sizes(struct ov_buf *to, uint32_t crc, uint64_t packed, uint64_t size)
{
    ov_buf_put_u32le(to, crc);
    ov_buf_put_u32le(to, (uint32_t)packed);
    ov_buf_put_u32le(to, (uint32_t)size);
}

/* `packed` is what `content` became by the zip's method. */
static inline void made_zip_add_packed(
        struct made_zip *z, const char *name, struct ov_bytes packed, struct ov_bytes content)
{
    const size_t at = (size_t)ov_bytes_len(ov_buf_bytes(z->out)) - z->start;
    const uint16_t flags = (uint16_t)(z->flags | (z->sizes_later ? 8 : 0));
    const uint32_t crc =
            (uint32_t)crc32(0, ov_bytes_raw(content), (uInt)ov_bytes_len(content)) ^ z->crc_xor;
    const uint64_t head_bytes = z->method == 14 ? 9 : 0;
    const uint64_t packed_bytes = ov_bytes_len(packed) + head_bytes;

    ov_buf_put(z->out, "PK\3\4\24\0", 6);
    ov_buf_put_u16le(z->out, flags);
    ov_buf_put_u16le(z->out, (uint16_t)(z->method ^ z->local_method_xor));
    ov_buf_put_u32le(z->out, 0x21);
    if (z->sizes_later) {
        made_zip_sizes(z->out, 0, 0, 0);
    } else {
        made_zip_sizes(z->out, crc, packed_bytes, ov_bytes_len(content));
    }
    ov_buf_put_u16le(z->out, (uint16_t)strlen(name));
    ov_buf_put_u16le(z->out, 0);
    ov_buf_put_text(z->out, name);
    if (head_bytes != 0) {
        ov_buf_put(z->out, "\11\4\5\0", 4);
        ov_buf_put(z->out, ov_bytes_raw(z->raw_head), 5);
    }
    ov_buf_put(z->out, ov_bytes_raw(packed), (size_t)ov_bytes_len(packed));
    if (z->sizes_later) {
        ov_buf_put(z->out, "PK\7\10", 4);
        made_zip_sizes(z->out, crc, packed_bytes, ov_bytes_len(content));
    }
    if (!z->unlisted) {
        ov_buf_put(&z->directory, "PK\1\2\24\0\24\0", 8);
        ov_buf_put_u16le(&z->directory, flags);
        ov_buf_put_u16le(&z->directory, z->method);
        ov_buf_put_u32le(&z->directory, 0x21);
        made_zip_sizes(&z->directory, crc, packed_bytes, ov_bytes_len(content));
        ov_buf_put_u16le(&z->directory, (uint16_t)strlen(name));
        ov_buf_put_zeros(&z->directory, 8);
        ov_buf_put_u32le(&z->directory, z->attributes);
        ov_buf_put_u32le(&z->directory, (uint32_t)at);
        ov_buf_put_text(&z->directory, name);
        z->count++;
    }
}

static inline void made_zip_add(struct made_zip *z, const char *name, struct ov_bytes content)
{
    struct ov_buf packed;

    if (z->method != 8) {
        made_zip_add_packed(z, name, content, content);
        return;
    }
    ov_buf_init(&packed, MADE_BYTES_MAX);
    made_deflate(&packed, content);
    made_zip_add_packed(z, name, ov_buf_bytes(&packed), content);
    ov_buf_done(&packed);
}

static inline void made_zip_end(struct made_zip *z, const char *comment)
{
    const size_t at = (size_t)ov_bytes_len(ov_buf_bytes(z->out)) - z->start;
    const struct ov_bytes directory = ov_buf_bytes(&z->directory);

    ov_buf_put(z->out, ov_bytes_raw(directory), (size_t)ov_bytes_len(directory));
    ov_buf_put(z->out, "PK\5\6\0\0\0\0", 8);
    ov_buf_put_u16le(z->out, z->count);
    ov_buf_put_u16le(z->out, z->count);
    ov_buf_put_u32le(z->out, (uint32_t)ov_bytes_len(directory));
    ov_buf_put_u32le(z->out, (uint32_t)at);
    ov_buf_put_u16le(z->out, (uint16_t)strlen(comment));
    ov_buf_put_text(z->out, comment);
    ov_buf_done(&z->directory);
    OV_ASSERT(ov_buf_ok(z->out));
}

static inline void made_zip(
        struct ov_buf *out, uint16_t method, const char *name, struct ov_bytes content)
{
    struct made_zip z;

    made_zip_begin(&z, out);
    z.method = method;
    made_zip_add(&z, name, content);
    made_zip_end(&z, "");
}

/* --- rar ------------------------------------------------------------------------------------ */

static inline void made_rar_block(struct ov_buf *out, struct ov_bytes head)
{
    ov_buf_put_u16le(out, (uint16_t)crc32(0, ov_bytes_raw(head), (uInt)ov_bytes_len(head)));
    ov_buf_put(out, ov_bytes_raw(head), (size_t)ov_bytes_len(head));
}

/* RAR 2.9 to 4: a marker, the main block, a file block with stored data, the end. `main_flags` 1:
 * one of several volumes; `file_flags` 4: encrypted. */
static inline void made_rar(struct ov_buf *out, const char *name, struct ov_bytes content,
        uint16_t main_flags, uint16_t file_flags)
{
    const uint16_t name_bytes = (uint16_t)strlen(name);
    struct ov_buf head;

    ov_buf_init(&head, 65536);
    ov_buf_put(out, "Rar!\x1a\7\0", 7);
    ov_buf_put_u8(&head, 0x73);
    ov_buf_put_u16le(&head, main_flags);
    ov_buf_put_u16le(&head, 13);
    ov_buf_put_zeros(&head, 6);
    made_rar_block(out, ov_buf_bytes(&head));
    ov_buf_clear(&head);
    ov_buf_put_u8(&head, 0x74);
    ov_buf_put_u16le(&head, (uint16_t)(0x8000 | file_flags));
    ov_buf_put_u16le(&head, (uint16_t)(32 + name_bytes));
    ov_buf_put_u32le(&head, (uint32_t)ov_bytes_len(content));
    ov_buf_put_u32le(&head, (uint32_t)ov_bytes_len(content));
    ov_buf_put_u8(&head, 3);
    ov_buf_put_u32le(&head, (uint32_t)crc32(0, ov_bytes_raw(content), (uInt)ov_bytes_len(content)));
    ov_buf_put_u32le(&head, 0x5a000000);
    ov_buf_put_u8(&head, 29);
    ov_buf_put_u8(&head, 0x30);
    ov_buf_put_u16le(&head, name_bytes);
    ov_buf_put_u32le(&head, 0100644);
    ov_buf_put_text(&head, name);
    made_rar_block(out, ov_buf_bytes(&head));
    ov_buf_put(out, ov_bytes_raw(content), (size_t)ov_bytes_len(content));
    ov_buf_clear(&head);
    ov_buf_put(&head, "\x7b\x00\x40\x07\x00", 5);
    made_rar_block(out, ov_buf_bytes(&head));
    ov_buf_done(&head);
}

static inline void made_vint(struct ov_buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) {
        ov_buf_put_u8(out, (uint8_t)(v | 0x80));
    }
    ov_buf_put_u8(out, (uint8_t)v);
}

/* A RAR 5 block: its fields behind type and flags. The size fits into one byte. */
static inline void made_rar5_block(struct ov_buf *out, struct ov_bytes fields)
{
    struct ov_buf sized;
    struct ov_bytes all;

    OV_ASSERT(ov_bytes_len(fields) < 128);
    ov_buf_init(&sized, 65536);
    made_vint(&sized, ov_bytes_len(fields));
    ov_buf_put(&sized, ov_bytes_raw(fields), (size_t)ov_bytes_len(fields));
    all = ov_buf_bytes(&sized);
    ov_buf_put_u32le(out, (uint32_t)crc32(0, ov_bytes_raw(all), (uInt)ov_bytes_len(all)));
    ov_buf_put(out, ov_bytes_raw(all), (size_t)ov_bytes_len(all));
    ov_buf_done(&sized);
}

static inline void made_rar5(
        struct ov_buf *out, const char *name, struct ov_bytes content, uint8_t archive_flags)
{
    struct ov_buf head;

    ov_buf_init(&head, 65536);
    ov_buf_put(out, "Rar!\x1a\7\1\0", 8);
    ov_buf_put(&head, "\1\0", 2);
    ov_buf_put_u8(&head, archive_flags);
    made_rar5_block(out, ov_buf_bytes(&head));
    ov_buf_clear(&head);
    ov_buf_put(&head, "\2\2", 2);
    made_vint(&head, ov_bytes_len(content));
    made_vint(&head, 4);
    made_vint(&head, ov_bytes_len(content));
    made_vint(&head, 0644);
    ov_buf_put_u32le(&head, (uint32_t)crc32(0, ov_bytes_raw(content), (uInt)ov_bytes_len(content)));
    made_vint(&head, 0);
    made_vint(&head, 1);
    made_vint(&head, strlen(name));
    ov_buf_put_text(&head, name);
    made_rar5_block(out, ov_buf_bytes(&head));
    ov_buf_put(out, ov_bytes_raw(content), (size_t)ov_bytes_len(content));
    made_rar5_block(out, ov_bytes_of("\5\0\0", 3));
    ov_buf_done(&head);
}

/* --- cab, lha, rpm -------------------------------------------------------------------------- */

/* [MS-CAB]: one folder, one stored member below 32 KiB. */
static inline void made_cab(
        struct ov_buf *out, const char *name, struct ov_bytes content, uint16_t flags)
{
    const uint16_t size = (uint16_t)ov_bytes_len(content);
    const uint32_t files = 44, data = files + 16 + (uint32_t)strlen(name) + 1;

    ov_buf_put(out, "MSCF\0\0\0\0", 8);
    ov_buf_put_u32le(out, data + 8 + size);
    ov_buf_put_u32le(out, 0);
    ov_buf_put_u32le(out, files);
    ov_buf_put_u32le(out, 0);
    ov_buf_put(out, "\3\1\1\0\1\0", 6);
    ov_buf_put_u16le(out, flags);
    ov_buf_put_u32le(out, 0);
    ov_buf_put_u32le(out, data);
    ov_buf_put_u32le(out, 1); /* one block, stored */
    ov_buf_put_u32le(out, size);
    ov_buf_put_u32le(out, 0);
    ov_buf_put_u16le(out, 0);
    ov_buf_put_u32le(out, 0x5a21);
    ov_buf_put_u16le(out, 0x20);
    ov_buf_put_text(out, name);
    ov_buf_put_u8(out, 0);
    ov_buf_put_u32le(out, 0);
    ov_buf_put_u16le(out, size);
    ov_buf_put_u16le(out, size);
    ov_buf_put(out, ov_bytes_raw(content), size);
}

/* CRC-16 of LHA: polynomial 0xA001, from zero. */
static inline uint16_t made_crc16(struct ov_bytes b)
{
    uint16_t crc = 0;

    for (size_t i = 0; i < ov_bytes_len(b); i++) {
        crc = (uint16_t)(crc ^ ov_bytes_raw(b)[i]);
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1) != 0 ? crc >> 1 ^ 0xa001 : crc >> 1);
        }
    }
    return crc;
}

/* A level 0 header with a stored member. */
static inline void made_lha(struct ov_buf *out, const char *name, struct ov_bytes content)
{
    struct ov_buf head;
    struct ov_bytes raw;
    uint8_t sum = 0;

    ov_buf_init(&head, 65536);
    ov_buf_put_text(&head, "-lh0-");
    ov_buf_put_u32le(&head, (uint32_t)ov_bytes_len(content));
    ov_buf_put_u32le(&head, (uint32_t)ov_bytes_len(content));
    ov_buf_put_u32le(&head, 0x5a21);
    ov_buf_put_u8(&head, 0x20);
    ov_buf_put_u8(&head, 0);
    ov_buf_put_u8(&head, (uint8_t)strlen(name));
    ov_buf_put_text(&head, name);
    ov_buf_put_u16le(&head, made_crc16(content));
    raw = ov_buf_bytes(&head);
    for (size_t i = 0; i < ov_bytes_len(raw); i++) {
        sum = (uint8_t)(sum + ov_bytes_raw(raw)[i]);
    }
    ov_buf_put_u8(out, (uint8_t)ov_bytes_len(raw));
    ov_buf_put_u8(out, sum);
    ov_buf_put(out, ov_bytes_raw(raw), (size_t)ov_bytes_len(raw));
    ov_buf_put(out, ov_bytes_raw(content), (size_t)ov_bytes_len(content));
    ov_buf_put_u8(out, 0);
    ov_buf_done(&head);
}

/* Lead, an empty signature header, an empty main header, a payload. */
static inline void made_rpm(
        struct ov_buf *out, const char *filter, const char *name, struct ov_bytes content)
{
    static const char empty[] = "\x8e\xad\xe8\1\0\0\0\0\0\0\0\0\0\0\0";

    ov_buf_put(out, "\xed\xab\xee\xdb\3\0\0\0", 8);
    ov_buf_put_zeros(out, 88);
    ov_buf_put(out, empty, 16);
    ov_buf_put(out, empty, 16);
    made_archive(out, "newc", filter, name, content);
}

#endif
