/* SPDX-License-Identifier: Apache-2.0 */
/* zip_entry.c - reads a zip's member records. Every number in them is a claim. */
#include "formats/zip_entry.h"

#include "base/limits.h"
#include "formats/peek.h"

#define ENTRY_BYTES 46u
#define SATURATED   UINT32_MAX

/* Zip64 extended information (4.5.3): 64-bit values for those fields that are saturated, in this
 * order. `local` is NULL for a local header, which has no such field. */
static void read_zip64(struct ov_bytes extra, struct ov_zip_entry *entry, uint64_t *local)
{
    struct ov_reader r = ov_reader_on(extra);
    uint16_t id, len;
    struct ov_bytes body;

    while (ov_read_u16le(&r, &id) && ov_read_u16le(&r, &len) && ov_read_bytes(&r, len, &body)) {
        uint64_t *const fields[] = { &entry->size, &entry->packed, local };
        uint64_t at = 0;

        if (id != 1) {
            continue;
        }
        for (size_t i = 0; i < 3; i++) {
            if (fields[i] != NULL && *fields[i] == SATURATED && len - at >= 8) {
                *fields[i] = ov_u64le_at(body, at, SATURATED);
                at += 8;
            }
        }
        return;
    }
}

bool ov_zip_entry_read(struct ov_bytes directory, uint64_t at, struct ov_zip_entry *out)
{
    struct ov_zip_entry entry;
    struct ov_bytes head, extra;
    uint64_t extra_bytes, comment_bytes;

    if (!ov_bytes_slice(directory, at, ENTRY_BYTES, &head) || !ov_has(head, 0, "PK\1\2", 4)) {
        return false;
    }
    entry = (struct ov_zip_entry){
        .flags = ov_u16le_at(head, 8, 0),
        .method = ov_u16le_at(head, 10, 0),
        .time = ov_u16le_at(head, 12, 0),
        .crc = ov_u32le_at(head, 16, 0),
        .packed = ov_u32le_at(head, 20, 0),
        .size = ov_u32le_at(head, 24, 0),
        .name_bytes = ov_u16le_at(head, 28, 0),
        .local = ov_u32le_at(head, 42, 0),
    };
    extra_bytes = ov_u16le_at(head, 30, 0);
    comment_bytes = ov_u16le_at(head, 32, 0);
    if (!ov_bytes_slice(directory, at + ENTRY_BYTES, entry.name_bytes, &entry.name)
            || !ov_bytes_slice(
                    directory, at + ENTRY_BYTES + entry.name_bytes, extra_bytes, &extra)) {
        return false;
    }
    read_zip64(extra, &entry, &entry.local);
    entry.next = at + ENTRY_BYTES + entry.name_bytes + extra_bytes + comment_bytes;
    *out = entry;
    return true;
}

bool ov_zip_local_read(const struct ov_input *input, uint64_t at, struct ov_zip_entry *out)
{
    uint8_t raw[OV_ZIP_LOCAL_BYTES] = { 0 };
    const struct ov_bytes head = ov_bytes_of(raw, sizeof(raw));
    uint8_t extra[256];
    struct ov_zip_entry entry;
    size_t extra_bytes;

    if (ov_input_read(input, at, raw, sizeof(raw)) != sizeof(raw)
            || !ov_has(head, 0, "PK\3\4", 4)) {
        return false;
    }
    entry = (struct ov_zip_entry){
        .flags = ov_u16le_at(head, 6, 0),
        .method = ov_u16le_at(head, 8, 0),
        .time = ov_u16le_at(head, 10, 0),
        .crc = ov_u32le_at(head, 14, 0),
        .packed = ov_u32le_at(head, 18, 0),
        .size = ov_u32le_at(head, 22, 0),
        .name_bytes = ov_u16le_at(head, 26, 0),
        .name = ov_bytes_of(NULL, 0),
    };
    extra_bytes = ov_u16le_at(head, 28, 0);
    entry.data = OV_ZIP_LOCAL_BYTES + entry.name_bytes + extra_bytes;
    if (entry.packed == SATURATED || entry.size == SATURATED) {
        /* The field is 20 bytes and comes first wherever it is written; 256 leave room. */
        const size_t want = extra_bytes < sizeof(extra) ? extra_bytes : sizeof(extra);
        const size_t got =
                ov_input_read(input, at + OV_ZIP_LOCAL_BYTES + entry.name_bytes, extra, want);

        read_zip64(ov_bytes_of(extra, got), &entry, NULL);
    }
    *out = entry;
    return true;
}

bool ov_zip_method_codec(uint16_t method, uint16_t flags, enum ov_codec *codec)
{
    static const struct {
        uint16_t method;
        enum ov_codec codec;
    } methods[] = {
        { 0, OV_CODEC_STORED },
        { 8, OV_CODEC_DEFLATE },
        { 9, OV_CODEC_DEFLATE64 },
        { 12, OV_CODEC_BZIP2 },
        { 14, OV_CODEC_ZIP_LZMA },
        { 98, OV_CODEC_PPMD },
        { 20, OV_CODEC_ZSTD },
        { 93, OV_CODEC_ZSTD },
        { 95, OV_CODEC_XZ },
    };

    if (method == 6) {
        *codec = (enum ov_codec)(OV_CODEC_IMPLODE + (flags >> 1 & 3));
        return true;
    }
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (methods[i].method == method) {
            *codec = methods[i].codec;
            return true;
        }
    }
    return false;
}
