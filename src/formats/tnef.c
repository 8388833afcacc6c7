/* SPDX-License-Identifier: Apache-2.0 */
/* tnef.c - winmail.dat ([MS-OXTNEF]): a list of attributes. Attachments, objects in MAPI properties,
 * and the body as compressed RTF ([MS-OXRTFCP]) are its members. Lengths are claims; each attribute
 * is longer than its header, so the walk ends. */
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define ATT_TITLE      0x8010u
#define ATT_DATA       0x800fu
#define ATT_BODY       0x800cu
#define ATT_PROPS      0x9003u
#define ATT_ATTACHMENT 0x9005u

#define PROP_DATA     0x3701u
#define PROP_RTF      0x1009u
#define PROP_HTML     0x1013u
#define PROP_BODY     0x1000u
#define VALUES_MAX    4096u
#define PROP_FIXED(t) ((t) != 0x1e && (t) != 0x1f && (t) != 0x102 && (t) != 0x0d)

struct tnef {
    uint64_t at;
    struct ov_bytes title;
    struct ov_bytes props; /* being walked */
    uint64_t props_at;
    uint32_t props_left;
    struct ov_bytes values; /* of one property, being walked */
    uint32_t values_left;
    uint32_t value_type;
    uint32_t value_id;
    struct ov_buf made;
};

static bool tnef_begin(struct ov_parser *p)
{
    struct tnef *t = p->state;

    ov_buf_init(&t->made, OV_MADE_BYTES_MAX);
    t->at = 6;
    return true;
}

static void tnef_end(struct ov_parser *p)
{
    struct tnef *t = p->state;

    ov_buf_done(&t->made);
}

/* [MS-OXRTFCP] 2.1.3: runs within a ring of 4096 bytes that begins with common words of RTF. */
static bool unpack_rtf(struct ov_buf *out, struct ov_bytes in)
{
    static const char common[] =
            "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman "
            "\\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes "
            "New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain"
            "\\f0\\fs20\\b\\i\\u\\tab\\tx";
    uint8_t ring[4096] = { 0 };
    uint32_t pos = sizeof(common) - 1;
    uint64_t at = 16;

    if (ov_u32le_at(in, 8, 0) == 0x414c454du) { /* "MELA": not packed */
        const struct ov_bytes rest = ov_bytes_between(in, 16, UINT64_MAX);

        ov_buf_put(out, ov_bytes_raw(rest), (size_t)ov_bytes_len(rest));
        return true;
    }
    memcpy(ring, common, sizeof(common) - 1);
    while (at < ov_bytes_len(in)) {
        const uint8_t flags = ov_u8_at(in, at++, 0);

        for (unsigned bit = 0; bit < 8 && at < ov_bytes_len(in); bit++) {
            uint32_t from, count;

            if ((flags >> bit & 1) == 0) {
                ring[pos] = ov_u8_at(in, at++, 0);
                ov_buf_put_u8(out, ring[pos]);
                pos = (pos + 1) & 4095;
                continue;
            }
            from = (uint32_t)ov_u8_at(in, at, 0) << 4 | ov_u8_at(in, at + 1, 0) >> 4;
            count = (ov_u8_at(in, at + 1, 0) & 15u) + 2;
            at += 2;
            if (from == pos) {
                return true;
            }
            for (; count > 0; count--) {
                ring[pos] = ring[from];
                ov_buf_put_u8(out, ring[pos]);
                pos = (pos + 1) & 4095;
                from = (from + 1) & 4095;
            }
        }
    }
    return false;
}

/* --- MAPI properties ------------------------------------------------------------------------ */

static uint64_t fixed_bytes(uint32_t type)
{
    switch (type) {
    case 0x05:
    case 0x06:
    case 0x07:
    case 0x14:
    case 0x40:
        return 8;
    case 0x48:
        return 16;
    default:
        return 4; /* shorter ones are filled up */
    }
}

static void begin_props(struct tnef *t, struct ov_bytes data)
{
    t->props = data;
    t->props_left = ov_u32le_at(data, 0, 0);
    t->props_at = 4;
}

/* The next property of the list: readies its values. */
static void next_prop(struct tnef *t)
{
    const uint32_t tag = ov_u32le_at(t->props, t->props_at, 0);
    const uint32_t type = tag & 0xfffu;
    uint32_t count = 1;

    if (t->props_left == 0 || ov_bytes_len(t->props) - t->props_at < 8
            || t->props_at > ov_bytes_len(t->props)) {
        t->props_left = 0;
        return;
    }
    t->props_left--;
    t->props_at += 4;
    if (tag >> 31 != 0) { /* a named one */
        const uint32_t kind = ov_u32le_at(t->props, t->props_at + 16, 0);
        const uint64_t len = ov_u32le_at(t->props, t->props_at + 20, 0);

        t->props_at += 24 + (kind == 1 ? (len + 3) / 4 * 4 : 0);
    }
    if ((tag & 0x1000) != 0 || !PROP_FIXED(type)) {
        count = ov_u32le_at(t->props, t->props_at, 0);
        t->props_at += 4;
    }
    if (count > VALUES_MAX) {
        t->props_left = 0;
        return;
    }
    if (PROP_FIXED(type)) {
        t->props_at += fixed_bytes(type) * count;
        return;
    }
    t->values_left = count;
    t->value_type = type;
    t->value_id = tag >> 16;
}

static bool give_value(struct ov_parser *p)
{
    struct tnef *t = p->state;
    const uint64_t len = ov_u32le_at(t->props, t->props_at, 0);
    struct ov_bytes value = ov_bytes_between(t->props, t->props_at + 4, t->props_at + 4 + len);

    t->values_left--;
    t->props_at += 4 + (len + 3) / 4 * 4;
    if (t->value_id == PROP_RTF && ov_bytes_len(value) > 16) {
        ov_buf_clear(&t->made);
        if (!unpack_rtf(&t->made, value)) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "the compressed RTF ends before its end");
        }
        (void)ov_lay_buf(p, ov_text_bytes("body.rtf"), &t->made);
        return true;
    }
    if (t->value_id != PROP_DATA && t->value_id != PROP_HTML && t->value_id != PROP_BODY) {
        return false;
    }
    if (t->value_type == 0x0d) { /* an object, behind the id of its interface */
        value = ov_bytes_between(value, 16, UINT64_MAX);
    }
    (void)ov_lay_bytes(p, t->value_id == PROP_DATA ? t->title : ov_text_bytes("body"), value);
    return ov_bytes_len(value) != 0;
}

/* --- attributes ----------------------------------------------------------------------------- */

/* The attribute at t->at. True: something was laid down. */
static bool next_attribute(struct ov_parser *p)
{
    struct tnef *t = p->state;
    const uint32_t id = ov_u16le_at(p->all, t->at + 1, 0);
    const uint64_t len = ov_u32le_at(p->all, t->at + 5, 0);
    const uint64_t from = t->at + 9;
    const struct ov_bytes data = ov_bytes_between(p->all, from, from + len);

    t->at = from + len + 2;
    if (ov_bytes_len(data) < len) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "cut short");
    }
    switch (id) {
    case ATT_TITLE:
        t->title = ov_bytes_between(
                data, 0, strnlen((const char *)ov_bytes_raw(data), (size_t)ov_bytes_len(data)));
        break;
    case ATT_DATA:
        (void)ov_lay_bytes(p, t->title, data);
        return true;
    case ATT_BODY:
        (void)ov_lay_bytes(p, ov_text_bytes("body"), data);
        return true;
    case ATT_PROPS:
    case ATT_ATTACHMENT:
        begin_props(t, data);
        break;
    default:
        break;
    }
    return false;
}

static enum ov_give tnef_step(struct ov_parser *p)
{
    struct tnef *t = p->state;

    /* Each turn goes forward by a value, a property or an attribute. */
    for (;;) {
        if (t->values_left > 0) {
            if (give_value(p)) {
                return OV_GIVE_PIECE;
            }
        } else if (t->props_left > 0) {
            next_prop(t);
        } else if (t->at + 9 > ov_bytes_len(p->all)) {
            return p->laid.trouble.reason == OV_REASON_NONE ? OV_GIVE_END : OV_GIVE_TROUBLE;
        } else if (next_attribute(p)) {
            return OV_GIVE_PIECE;
        }
    }
}

const struct ov_parser_ops ov_parser_tnef = {
    .state_bytes = sizeof(struct tnef),
    .whole = true,
    .begin = tnef_begin,
    .step = tnef_step,
    .end = tnef_end,
};
