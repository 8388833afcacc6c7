/* SPDX-License-Identifier: Apache-2.0 */
/* screnc.c - scripts that Windows Script Encoder wrote (JScript.Encode, VBScript.Encode): letters
 * exchanged by one of three tables, in a fixed order of 64. */
#include "formats/decode.h"
#include "formats/peek.h"
#include "formats/script.h"

static const uint8_t order[64] = { 1, 2, 0, 1, 2, 0, 2, 0, 0, 2, 0, 2, 1, 0, 2, 0, 1, 0, 2, 0, 1, 1,
    2, 0, 0, 2, 1, 0, 2, 0, 0, 2, 1, 1, 0, 2, 0, 2, 0, 1, 0, 1, 1, 2, 0, 1, 0, 2, 1, 0, 2, 0, 1, 1,
    2, 0, 0, 1, 1, 2, 0, 1, 0, 2 };

/* What each table gives for a tab, and for the letters from the blank on; the rest are themselves. */
static const char tables[3][98] = {
    "{20!)[83=X:5e9\\VsfNEkbYx^}Jmq<`>S@B'Hru17MR\"Tj"
    "Gd- \177.L]~loytC&v%$+(#A4\t*D?w;UiacPgQIOFh|6pn"
    "z/_KZ,W",
    "W.GzVBj/&IA42[vrC89pEhqO\tbD#u<~>^@wJa]\"KoN;LPg"
    "*}tT+-,0nkf5%!dMRc?{x)(sY3\177mUS|:_eFX1ilZH'\\="
    "$y7`Q 6",
    "n-uR`q^I\\b})6 |z\177kc3+hQfv1dTC<:>~@E,*t'7DyY/"
    "o&rj9{?8wgSG4x]0#Z[lHUpi.L!$NP\tVs5aKX;W\"mM%(FJ"
    "2A=_OBe",
};

static uint8_t letter_of(uint32_t place, uint8_t c)
{
    const char *table = tables[order[place % 64]];

    if (c == '\t') {
        return (uint8_t)table[0];
    }
    return c >= ' ' && c < 128 ? (uint8_t)table[1 + (c - ' ')] : c;
}

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
        } else {
            c = letter_of(place, c);
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
