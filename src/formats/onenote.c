/* SPDX-License-Identifier: Apache-2.0 */
/* onenote.c - files embedded in OneNote sections ([MS-ONESTORE] 2.6.13): objects that begin with a GUID
 * of their own, wherever they lie. The structures that lead there are not asked: one may point past
 * them. Lengths are claims. */
#include <stdio.h>

#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define OBJECT_HEAD_BYTES 36u

struct onenote {
    uint64_t at;
    uint32_t count;
    char name[24];
};

static enum ov_give onenote_step(struct ov_parser *p)
{
    static const char guid[] = "\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac";
    struct onenote *o = p->state;
    const uint64_t at = ov_bytes_find(p->all, o->at, guid, 16);
    uint64_t bytes;
    struct ov_bytes data;

    if (at == UINT64_MAX) {
        return OV_GIVE_END;
    }
    bytes = ov_u64le_at(p->all, at + 16, 0);
    data = ov_bytes_between(p->all, at + OBJECT_HEAD_BYTES, UINT64_MAX);
    o->at = at + 16;
    if (bytes > ov_bytes_len(data)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "cut short");
    }
    (void)snprintf(o->name, sizeof(o->name), "file %u", ++o->count);
    return ov_lay_bytes(p, ov_text_bytes(o->name), ov_bytes_between(data, 0, bytes));
}

const struct ov_parser_ops ov_parser_onenote = {
    .state_bytes = sizeof(struct onenote),
    .whole = true,
    .step = onenote_step,
};
