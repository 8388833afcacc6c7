/* SPDX-License-Identifier: Apache-2.0 */
/* alz.c - ALZip's older archives: headers one behind the other, members stored or deflated. Lengths are
 * claims; every header is longer than its magic. */
#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"

struct alz {
    uint64_t at;
};

static uint64_t number_of(struct ov_bytes b, uint64_t at, uint32_t bytes)
{
    uint64_t v = 0;

    for (uint32_t i = 0; i < bytes && i < 8; i++) {
        v |= (uint64_t)ov_u8_at(b, at + i, 0) << (8 * i);
    }
    return v;
}

static enum ov_give alz_step(struct ov_parser *p)
{
    struct alz *a = p->state;
    uint64_t at = a->at == 0 ? 8 : a->at, packed, next;
    const uint64_t name_bytes = ov_u16le_at(p->all, at + 4, 0);
    const uint8_t flags = ov_u8_at(p->all, at + 11, 0);
    const uint32_t wide = flags >> 4;
    uint8_t method = 0;
    struct ov_bytes name;

    if (!ov_has(p->all, at, "BLZ\1", 4)) {
        const bool ended = ov_has(p->all, at, "CLZ\1", 4) || a->at == UINT64_MAX / 4;

        a->at = UINT64_MAX / 4;
        return ended ? OV_GIVE_END
                     : ov_parser_say(p, OV_REASON_DAMAGED, "it has no end: cut short");
    }
    at += 13;
    packed = 0;
    if (wide != 0) {
        method = ov_u8_at(p->all, at, 0);
        packed = number_of(p->all, at + 6, wide);
        at += 6 + 2 * (uint64_t)wide;
    }
    name = ov_bytes_between(p->all, at, at + name_bytes);
    at += name_bytes + ((flags & 1) != 0 ? 12 : 0);
    a->at = ov_add(&next, at, packed) ? next : UINT64_MAX / 4;
    if ((flags & 1) != 0) {
        ov_lay_trouble(p, OV_REASON_ENCRYPTED, "an encrypted member");
        return ov_lay_bytes(p, name, ov_bytes_of(NULL, 0));
    }
    if (method != 0 && method != 2) {
        ov_lay_trouble(p, OV_REASON_UNSUPPORTED, "packed with alz method %u", method);
        return ov_lay_bytes(p, name, ov_bytes_of(NULL, 0));
    }
    return ov_lay_part(p, name, at, packed, method == 2 ? OV_CODEC_DEFLATE : OV_CODEC_STORED);
}

const struct ov_parser_ops ov_parser_alz = {
    .state_bytes = sizeof(struct alz),
    .whole = true,
    .step = alz_step,
};
