/* SPDX-License-Identifier: Apache-2.0 */
/* peek.h - single fields of untrusted bytes, with a stand-in for what is not there. For guesses
 * at what an object is; parsers that walk use ov_reader. */
#ifndef OV_FORMATS_PEEK_H
#define OV_FORMATS_PEEK_H

#include <string.h>

#include "base/bytes.h"
#include "base/le.h"

static inline bool ov_has(struct ov_bytes b, uint64_t off, const char *lit, size_t len)
{
    return ov_bytes_have(b, off, lit, len);
}

/* As ov_has, for as many bytes as there are: a file may be cut in the middle of its magic. */
static inline bool ov_has_prefix(struct ov_bytes b, uint64_t off, const char *lit, size_t len)
{
    const uint64_t left = ov_bytes_len(b) > off ? ov_bytes_len(b) - off : 0;

    return ov_has(b, left == 0 ? 0 : off, lit, left < len ? (size_t)left : len);
}

static inline uint8_t ov_u8_at(struct ov_bytes b, uint64_t off, uint8_t otherwise)
{
    struct ov_bytes part;

    return ov_bytes_slice(b, off, 1, &part) ? ov_bytes_raw(part)[0] : otherwise;
}

static inline uint16_t ov_u16le_at(struct ov_bytes b, uint64_t off, uint16_t otherwise)
{
    struct ov_bytes part;
    struct ov_le16 v;

    if (!ov_bytes_slice(b, off, sizeof(v), &part)) {
        return otherwise;
    }
    memcpy(&v, ov_bytes_raw(part), sizeof(v));
    return ov_le16_get(v);
}

static inline uint32_t ov_u32le_at(struct ov_bytes b, uint64_t off, uint32_t otherwise)
{
    struct ov_bytes part;
    struct ov_le32 v;

    if (!ov_bytes_slice(b, off, sizeof(v), &part)) {
        return otherwise;
    }
    memcpy(&v, ov_bytes_raw(part), sizeof(v));
    return ov_le32_get(v);
}

static inline uint16_t ov_u16be_at(struct ov_bytes b, uint64_t off, uint16_t otherwise)
{
    return __builtin_bswap16(ov_u16le_at(b, off, __builtin_bswap16(otherwise)));
}

static inline uint32_t ov_u32be_at(struct ov_bytes b, uint64_t off, uint32_t otherwise)
{
    return __builtin_bswap32(ov_u32le_at(b, off, __builtin_bswap32(otherwise)));
}

static inline uint64_t ov_u64le_at(struct ov_bytes b, uint64_t off, uint64_t otherwise)
{
    struct ov_bytes part;
    struct ov_le64 v;

    if (!ov_bytes_slice(b, off, sizeof(v), &part)) {
        return otherwise;
    }
    memcpy(&v, ov_bytes_raw(part), sizeof(v));
    return ov_le64_get(v);
}

static inline uint64_t ov_u64be_at(struct ov_bytes b, uint64_t off, uint64_t otherwise)
{
    return __builtin_bswap64(ov_u64le_at(b, off, __builtin_bswap64(otherwise)));
}

/* RAR 5 numbers: seven bits a byte, the lowest first. */
static inline uint64_t ov_rar5_number_at(struct ov_bytes b, uint64_t *at)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 63; shift += 7) {
        const uint8_t c = ov_u8_at(b, (*at)++, 0);

        v |= (uint64_t)(c & 0x7f) << shift;
        if ((c & 0x80) == 0) {
            break;
        }
    }
    return v;
}

#endif
