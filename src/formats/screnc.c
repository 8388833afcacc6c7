/* SPDX-License-Identifier: Apache-2.0 */
/* screnc.c - scripts that Windows Script Encoder wrote (JScript.Encode, VBScript.Encode): letters
 * exchanged by one of three tables, in a fixed order of 64. */
#include "formats/decode.h"
#include "formats/peek.h"
#include "formats/script.h"

static const uint8_t order[64] = { 1, 2, 0, 1, 2, 0, 2, 0, 0, 2, 0, 2, 1, 0, 2, 0, 1, 0, 2, 0, 1, 1,
    2, 0, 0, 2, 1, 0, 2, 0, 0, 2, 1, 1, 0, 2, 0, 2, 0, 1, 0, 1, 1, 2, 0, 1, 0, 2, 1, 0, 2, 0, 1, 1,
    2, 0, 0, 1, 1, 2, 0, 1, 0, 2 };

static const uint8_t tables[3][128] = {
    {
            0x00,
            0x01,
            0x02,
            0x03,
            0x04,
            0x05,
            0x06,
            0x07,
            0x08,
            0x7b,
            0x0a,
            0x0b,
            0x0c,
            0x0d,
            0x0e,
            0x0f,
            0x10,
            0x11,
            0x12,
            0x13,
            0x14,
            0x15,
            0x16,
            0x17,
            0x18,
            0x19,
            0x1a,
            0x1b,
            0x1c,
            0x1d,
            0x1e,
            0x1f,
            0x32,
            0x30,
            0x21,
            0x29,
            0x5b,
            0x38,
            0x33,
            0x3d,
            0x58,
            0x3a,
            0x35,
            0x65,
            0x39,
            0x5c,
            0x56,
            0x73,
            0x66,
            0x4e,
            0x45,
            0x6b,
            0x62,
            0x59,
            0x78,
            0x5e,
            0x7d,
            0x4a,
            0x6d,
            0x71,
            0x3c,
            0x60,
            0x3e,
            0x53,
            0x40,
            0x42,
            0x27,
            0x48,
            0x72,
            0x75,
            0x31,
            0x37,
            0x4d,
            0x52,
            0x22,
            0x54,
            0x6a,
            0x47,
            0x64,
            0x2d,
            0x20,
            0x7f,
            0x2e,
            0x4c,
            0x5d,
            0x7e,
            0x6c,
            0x6f,
            0x79,
            0x74,
            0x43,
            0x26,
            0x76,
            0x25,
            0x24,
            0x2b,
            0x28,
            0x23,
            0x41,
            0x34,
            0x09,
            0x2a,
            0x44,
            0x3f,
            0x77,
            0x3b,
            0x55,
            0x69,
            0x61,
            0x63,
            0x50,
            0x67,
            0x51,
            0x49,
            0x4f,
            0x46,
            0x68,
            0x7c,
            0x36,
            0x70,
            0x6e,
            0x7a,
            0x2f,
            0x5f,
            0x4b,
            0x5a,
            0x2c,
            0x57,
    },
    {
            0x00,
            0x01,
            0x02,
            0x03,
            0x04,
            0x05,
            0x06,
            0x07,
            0x08,
            0x57,
            0x0a,
            0x0b,
            0x0c,
            0x0d,
            0x0e,
            0x0f,
            0x10,
            0x11,
            0x12,
            0x13,
            0x14,
            0x15,
            0x16,
            0x17,
            0x18,
            0x19,
            0x1a,
            0x1b,
            0x1c,
            0x1d,
            0x1e,
            0x1f,
            0x2e,
            0x47,
            0x7a,
            0x56,
            0x42,
            0x6a,
            0x2f,
            0x26,
            0x49,
            0x41,
            0x34,
            0x32,
            0x5b,
            0x76,
            0x72,
            0x43,
            0x38,
            0x39,
            0x70,
            0x45,
            0x68,
            0x71,
            0x4f,
            0x09,
            0x62,
            0x44,
            0x23,
            0x75,
            0x3c,
            0x7e,
            0x3e,
            0x5e,
            0x40,
            0x77,
            0x4a,
            0x61,
            0x5d,
            0x22,
            0x4b,
            0x6f,
            0x4e,
            0x3b,
            0x4c,
            0x50,
            0x67,
            0x2a,
            0x7d,
            0x74,
            0x54,
            0x2b,
            0x2d,
            0x2c,
            0x30,
            0x6e,
            0x6b,
            0x66,
            0x35,
            0x25,
            0x21,
            0x64,
            0x4d,
            0x52,
            0x63,
            0x3f,
            0x7b,
            0x78,
            0x29,
            0x28,
            0x73,
            0x59,
            0x33,
            0x7f,
            0x6d,
            0x55,
            0x53,
            0x7c,
            0x3a,
            0x5f,
            0x65,
            0x46,
            0x58,
            0x31,
            0x69,
            0x6c,
            0x5a,
            0x48,
            0x27,
            0x5c,
            0x3d,
            0x24,
            0x79,
            0x37,
            0x60,
            0x51,
            0x20,
            0x36,
    },
    {
            0x00,
            0x01,
            0x02,
            0x03,
            0x04,
            0x05,
            0x06,
            0x07,
            0x08,
            0x6e,
            0x0a,
            0x0b,
            0x0c,
            0x0d,
            0x0e,
            0x0f,
            0x10,
            0x11,
            0x12,
            0x13,
            0x14,
            0x15,
            0x16,
            0x17,
            0x18,
            0x19,
            0x1a,
            0x1b,
            0x1c,
            0x1d,
            0x1e,
            0x1f,
            0x2d,
            0x75,
            0x52,
            0x60,
            0x71,
            0x5e,
            0x49,
            0x5c,
            0x62,
            0x7d,
            0x29,
            0x36,
            0x20,
            0x7c,
            0x7a,
            0x7f,
            0x6b,
            0x63,
            0x33,
            0x2b,
            0x68,
            0x51,
            0x66,
            0x76,
            0x31,
            0x64,
            0x54,
            0x43,
            0x3c,
            0x3a,
            0x3e,
            0x7e,
            0x40,
            0x45,
            0x2c,
            0x2a,
            0x74,
            0x27,
            0x37,
            0x44,
            0x79,
            0x59,
            0x2f,
            0x6f,
            0x26,
            0x72,
            0x6a,
            0x39,
            0x7b,
            0x3f,
            0x38,
            0x77,
            0x67,
            0x53,
            0x47,
            0x34,
            0x78,
            0x5d,
            0x30,
            0x23,
            0x5a,
            0x5b,
            0x6c,
            0x48,
            0x55,
            0x70,
            0x69,
            0x2e,
            0x4c,
            0x21,
            0x24,
            0x4e,
            0x50,
            0x09,
            0x56,
            0x73,
            0x35,
            0x61,
            0x4b,
            0x58,
            0x3b,
            0x57,
            0x22,
            0x6d,
            0x4d,
            0x25,
            0x28,
            0x46,
            0x4a,
            0x32,
            0x41,
            0x3d,
            0x5f,
            0x4f,
            0x42,
            0x65,
    },
};

bool ov_screnc_find(struct ov_bytes text, uint64_t from, uint64_t *at)
{
    uint64_t found = from;

    /* The mark, six digits of base64 and "==": the length. */
    while ((found = ov_bytes_find(text, found, "#@~^", 4)) != UINT64_MAX) {
        if (ov_has(text, found + 10, "==", 2)) {
            *at = found;
            return true;
        }
        found += 4;
    }
    return false;
}

/* What stands behind '@' is a letter that would have been in the way. */
static uint8_t escaped(uint8_t c)
{
    switch (c) {
    case '#':
        return '\r';
    case '&':
        return '\n';
    case '!':
        return '<';
    case '*':
        return '>';
    case '$':
        return '@';
    default:
        return c;
    }
}

bool ov_screnc_decode(struct ov_buf *out, struct ov_bytes text, uint64_t at, uint64_t *end)
{
    const uint8_t *p = ov_bytes_raw(text);
    const uint64_t len = ov_bytes_len(text);
    uint32_t place = 0;

    for (at += 12; at < len; at++) {
        uint8_t c = p[at];

        if (ov_has(text, at, "==^#~@", 6)) {
            *end = at + 6;
            return true;
        }
        /* The checksum stands before the mark: six digits and the same two signs. */
        if (ov_has(text, at + 6, "==^#~@", 6)) {
            *end = at + 12;
            return true;
        }
        if (c == '@' && at + 1 < len) {
            c = escaped(p[++at]);
        } else if (c < 128) {
            c = tables[order[place % 64]][c];
        }
        place++;
        ov_buf_put_u8(out, c);
    }
    *end = len;
    return false;
}

struct screnc {
    uint64_t at;
    struct ov_buf made;
};

static bool screnc_begin(struct ov_parser *p)
{
    struct screnc *s = p->state;

    ov_buf_init(&s->made, OV_MADE_BYTES_MAX);
    return true;
}

static void screnc_end(struct ov_parser *p)
{
    struct screnc *s = p->state;

    ov_buf_done(&s->made);
}

static enum ov_give screnc_step(struct ov_parser *p)
{
    struct screnc *s = p->state;
    uint64_t at;

    if (!ov_screnc_find(p->all, s->at, &at)) {
        return OV_GIVE_END;
    }
    ov_buf_clear(&s->made);
    if (!ov_screnc_decode(&s->made, p->all, at, &s->at)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "the encoded script ends before its end");
    }
    return ov_lay_buf(p, ov_text_bytes("script"), &s->made);
}

const struct ov_parser_ops ov_parser_screnc = {
    .state_bytes = sizeof(struct screnc),
    .whole = true,
    .begin = screnc_begin,
    .step = screnc_step,
    .end = screnc_end,
};
