/* SPDX-License-Identifier: Apache-2.0 */
/* ole_native.c - packages and Visual Basic. Lengths are claims; copies reach into their own chunk
 * only, and a chunk is at most 4096 bytes. */
#include "formats/ole_native.h"

#include <string.h>

#include "formats/bits.h"
#include "formats/decode.h"
#include "formats/peek.h"

#define CHUNK_BYTES 4096u

static struct ov_bytes text_at(struct ov_bytes in, uint64_t *at)
{
    const struct ov_bytes rest = ov_bytes_between(in, *at, *at + 1024);
    const size_t len = strnlen((const char *)ov_bytes_raw(rest), (size_t)ov_bytes_len(rest));
    const struct ov_bytes text = ov_bytes_between(rest, 0, len);

    *at += len + 1;
    return text;
}

bool ov_ole_package(struct ov_bytes in, struct ov_bytes *name, struct ov_bytes *data, bool *cut)
{
    uint64_t at = 2, bytes;
    uint32_t kind;

    if (ov_u16le_at(in, 0, 0) != 2) {
        return false;
    }
    *name = text_at(in, &at);
    (void)text_at(in, &at);
    kind = ov_u32le_at(in, at, 0);
    if (kind != 0x00030000u) { /* 1: a link, whose file is elsewhere */
        return false;
    }
    at += 4;
    at += 4 + (uint64_t)ov_u32le_at(in, at, 0);
    bytes = ov_u32le_at(in, at, 0);
    *data = ov_bytes_between(in, at + 4, at + 4 + bytes);
    *cut = ov_bytes_len(*data) < bytes;
    return bytes != 0;
}

/* --- Visual Basic --------------------------------------------------------------------------- */

/* One chunk of tokens, [MS-OVBA] 2.4.1.3.5: eight to a flag byte; 1 is a copy. */
static bool unpack_chunk(struct ov_buf *out, struct ov_bytes chunk)
{
    const uint64_t base = ov_bytes_len(ov_buf_bytes(out));
    uint64_t at = 0;

    while (at < ov_bytes_len(chunk)) {
        const uint8_t flags = ov_u8_at(chunk, at++, 0);

        for (unsigned bit = 0; bit < 8 && at < ov_bytes_len(chunk); bit++) {
            const uint64_t made = ov_bytes_len(ov_buf_bytes(out)) - base;
            uint32_t token, place_bits = 4;

            if (made >= CHUNK_BYTES) {
                return made == CHUNK_BYTES;
            }
            if ((flags >> bit & 1) == 0) {
                ov_buf_put_u8(out, ov_u8_at(chunk, at++, 0));
                continue;
            }
            token = ov_u16le_at(chunk, at, 0);
            at += 2;
            while (made > (uint64_t)1 << place_bits) {
                place_bits++;
            }
            if ((token >> (16 - place_bits)) + 1 > made
                    || !ov_lz_copy(out, (token >> (16 - place_bits)) + 1,
                            (token & (0xffffu >> place_bits)) + 3)) {
                return false;
            }
        }
    }
    return true;
}

bool ov_vba_unpack(struct ov_buf *out, struct ov_bytes in)
{
    uint64_t at = 1;

    if (ov_u8_at(in, 0, 0) != 1) {
        return false;
    }
    /* Each turn goes behind a chunk of three bytes or more. */
    while (at + 2 < ov_bytes_len(in) && ov_buf_ok(out)) {
        const uint32_t head = ov_u16le_at(in, at, 0);
        const struct ov_bytes chunk = ov_bytes_between(in, at + 2, at + (head & 0xfff) + 3);

        if ((head >> 12 & 7) != 3) {
            return false;
        }
        if (head >> 15 == 0) {
            const struct ov_bytes plain = ov_bytes_between(in, at + 2, at + 2 + CHUNK_BYTES);

            ov_buf_put(out, ov_bytes_raw(plain), (size_t)ov_bytes_len(plain));
            at += 2 + CHUNK_BYTES;
            continue;
        }
        if (!unpack_chunk(out, chunk)) {
            return !ov_buf_ok(out);
        }
        at += (head & 0xfff) + 3;
    }
    return true;
}

uint64_t ov_vba_source_at(struct ov_bytes dir, struct ov_bytes stream)
{
    bool ours = false;
    uint64_t at = 0;

    /* [MS-OVBA] 2.3.4.2: records of id, size, data; that of the version is longer than it says. */
    while (at + 6 <= ov_bytes_len(dir)) {
        const uint32_t id = ov_u16le_at(dir, at, 0);
        const uint64_t size = id == 9 ? 6 : ov_u32le_at(dir, at + 2, 0);
        const struct ov_bytes data = ov_bytes_between(dir, at + 6, at + 6 + size);

        if (id == 0x1a) { /* MODULESTREAMNAME */
            ours = ov_bytes_equal(data, ov_bytes_raw(stream), (size_t)ov_bytes_len(stream));
        } else if (id == 0x31 && ours) { /* MODULEOFFSET */
            return ov_u32le_at(data, 0, 0);
        }
        at += 6 + size;
    }
    return UINT64_MAX;
}

uint64_t ov_vba_source_guess(struct ov_bytes stream)
{
    uint64_t at = 0;

    /* A container begins 01, two bytes of a chunk's head, and a flag byte for eight letters. */
    while ((at = ov_bytes_find(stream, at, "\0Attribut", 9)) != UINT64_MAX) {
        if (at >= 3 && ov_u8_at(stream, at - 3, 0) == 1) {
            return at - 3;
        }
        at++;
    }
    return UINT64_MAX;
}
