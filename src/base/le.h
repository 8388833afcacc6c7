/* SPDX-License-Identifier: Apache-2.0 */
/* le.h - little-endian numbers as they lie in files and messages. The types have no alignment
 * and do not convert by accident. */
#ifndef OV_BASE_LE_H
#define OV_BASE_LE_H

#include <stdint.h>
#include <string.h>

struct ov_le16 {
    uint8_t b[2];
};
struct ov_le32 {
    uint8_t b[4];
};
struct ov_le64 {
    uint8_t b[8];
};

static inline uint16_t ov_le16_get(struct ov_le16 v)
{
    return (uint16_t)(v.b[0] | (unsigned)v.b[1] << 8);
}

static inline uint32_t ov_le32_get(struct ov_le32 v)
{
    return v.b[0] | (uint32_t)v.b[1] << 8 | (uint32_t)v.b[2] << 16 | (uint32_t)v.b[3] << 24;
}

static inline uint64_t ov_le64_get(struct ov_le64 v)
{
    struct ov_le32 lo, hi;

    memcpy(&lo, v.b, 4);
    memcpy(&hi, v.b + 4, 4);
    return ov_le32_get(lo) | (uint64_t)ov_le32_get(hi) << 32;
}

static inline struct ov_le16 ov_le16_of(uint16_t v)
{
    return (struct ov_le16){ { (uint8_t)v, (uint8_t)(v >> 8) } };
}

static inline struct ov_le32 ov_le32_of(uint32_t v)
{
    return (struct ov_le32){ { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
            (uint8_t)(v >> 24) } };
}

static inline struct ov_le64 ov_le64_of(uint64_t v)
{
    struct ov_le64 out;
    const struct ov_le32 lo = ov_le32_of((uint32_t)v), hi = ov_le32_of((uint32_t)(v >> 32));

    memcpy(out.b, lo.b, 4);
    memcpy(out.b + 4, hi.b, 4);
    return out;
}

#endif
