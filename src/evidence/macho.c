/* SPDX-License-Identifier: Apache-2.0 */
/* macho.c - who signed a Mach-O program: the team and the identifier of its code directory
 * (LC_CODE_SIGNATURE, cs_blobs.h). Of a fat file the first 16 parts are looked at. */
#include <string.h>

#include "evidence/readers.h"

#define FAT_PARTS_MAX  16u
#define COMMANDS_MAX   4096u
#define BLOBS_MAX      64u
#define CODE_SIGNATURE 0x1du

static bool number_at(struct ov_bytes b, uint64_t off, bool big, uint32_t *out)
{
    struct ov_reader r = ov_reader_on(b);
    uint32_t v;

    if (!ov_read_skip(&r, off) || !ov_read_u32le(&r, &v)) {
        return false;
    }
    *out = big ? __builtin_bswap32(v) : v;
    return true;
}

static struct ov_bytes text_at(struct ov_bytes b, uint32_t off)
{
    const struct ov_bytes rest = ov_text_behind(b, off);
    const size_t len = (size_t)ov_bytes_len(rest);
    struct ov_bytes out = ov_bytes_of(NULL, 0);
    const size_t text = len == 0 ? 0 : strnlen((const char *)ov_bytes_raw(rest), len);

    return text < len && ov_bytes_slice(rest, 0, text, &out) ? out : ov_bytes_of(NULL, 0);
}

static void read_directory(struct ov_evidence *e, struct ov_bytes blob)
{
    uint32_t magic, version, identifier_at, team_at = 0;
    struct ov_buf more;

    if (!number_at(blob, 0, true, &magic) || magic != 0xfade0c02u
            || !number_at(blob, 8, true, &version) || !number_at(blob, 20, true, &identifier_at)
            || version < 0x20200u || !number_at(blob, 48, true, &team_at) || team_at == 0) {
        return;
    }
    ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX);
    ov_parts_add(&more, text_at(blob, identifier_at));
    if (ov_bytes_len(text_at(blob, team_at)) != 0) {
        ov_tell(e, OV_TRACE_TEAM, text_at(blob, team_at), ov_buf_bytes(&more));
    }
    ov_buf_done(&more);
}

static void read_signature(struct ov_evidence *e, struct ov_bytes all)
{
    uint32_t magic, count, offset;

    if (!number_at(all, 0, true, &magic) || magic != 0xfade0cc0u
            || !number_at(all, 8, true, &count)) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "the program's signature makes no sense");
        return;
    }
    for (uint32_t i = 0; i < count && i < BLOBS_MAX; i++) {
        if (!number_at(all, 12 + i * 8ull + 4, true, &offset)) {
            return;
        }
        read_directory(e, ov_text_behind(all, offset));
    }
}

static void read_thin(struct ov_evidence *e, struct ov_bytes b)
{
    uint32_t magic, count, command, bytes, at, size;
    uint64_t pos;

    if (!number_at(b, 0, false, &magic) || !number_at(b, 16, false, &count)) {
        return;
    }
    pos = magic == 0xfeedfacfu ? 32 : 28;
    for (uint32_t i = 0; i < count && i < COMMANDS_MAX && ov_evidence_step(e, 1); i++) {
        if (!number_at(b, pos, false, &command) || !number_at(b, pos + 4, false, &bytes)
                || bytes < 8) {
            ov_tell_gap(e, OV_REASON_DAMAGED, "the program's load commands make no sense");
            return;
        }
        if (command == CODE_SIGNATURE && number_at(b, pos + 8, false, &at)
                && number_at(b, pos + 12, false, &size)) {
            struct ov_bytes signature;

            if (ov_bytes_slice(b, at, size, &signature)) {
                read_signature(e, signature);
            } else {
                ov_tell_gap(e, OV_REASON_DAMAGED, "the program's signature lies beyond its end");
            }
        }
        pos += bytes;
    }
}

void ov_read_macho(struct ov_evidence *e, struct ov_bytes bytes)
{
    uint32_t magic, count, at, size;

    if (!number_at(bytes, 0, false, &magic)) {
        return;
    }
    if (magic == 0xfeedfaceu || magic == 0xfeedfacfu) {
        read_thin(e, bytes);
        return;
    }
    /* A Java class begins like a fat file, with a version where this has a small count. */
    if (magic != 0xbebafecau || !number_at(bytes, 4, true, &count) || count > FAT_PARTS_MAX) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct ov_bytes part;

        if (number_at(bytes, 8 + i * 20ull + 8, true, &at)
                && number_at(bytes, 8 + i * 20ull + 12, true, &size)
                && ov_bytes_slice(bytes, at, size, &part)) {
            read_thin(e, part);
        }
    }
}
