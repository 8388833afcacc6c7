/* SPDX-License-Identifier: Apache-2.0 */
/* compress.c - compress's .Z: LZW with codes of 9 to 16 bits. The codes are claims: one that was
 * never made ends it. */
#include "formats/bits.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define CODES     65536u
#define CLEAR     256u
#define NO_PREFIX UINT32_MAX

struct compress {
    bool given;
    struct ov_buf made;
    uint16_t prefix[CODES];
    uint8_t suffix[CODES];
    uint8_t stack[CODES];
};

static bool z_begin(struct ov_parser *p)
{
    struct compress *c = p->state;

    ov_buf_init(&c->made, OV_MADE_BYTES_MAX);
    return true;
}

static void z_end(struct ov_parser *p)
{
    struct compress *c = p->state;

    ov_buf_done(&c->made);
}

/* Puts the string of `code` out, whose prefixes all have smaller codes; returns its first byte. */
static uint8_t put_string(struct compress *c, uint16_t code)
{
    uint32_t len = 0;

    while (code >= 256) {
        /* cppcheck-suppress arrayIndexOutOfBoundsCond; 16 bits are its index */
        c->stack[len++] = c->suffix[code];
        /* cppcheck-suppress arrayIndexOutOfBoundsCond */
        code = c->prefix[code];
    }
    ov_buf_put_u8(&c->made, (uint8_t)code);
    while (len > 0) {
        ov_buf_put_u8(&c->made, c->stack[--len]);
    }
    return (uint8_t)code;
}

/* False: damaged. */
static bool unpack(struct compress *c, struct ov_bytes in)
{
    const unsigned bits_max = ov_u8_at(in, 2, 0) & 0x1f;
    const bool clears = (ov_u8_at(in, 2, 0) & 0x80) != 0;
    struct ov_bits b = ov_bits_on(in);
    uint32_t next = clears ? CLEAR + 1 : CLEAR, last = NO_PREFIX, count = 0;
    unsigned bits = 9;
    uint8_t first = 0;

    if (ov_bytes_len(in) < 3) {
        return false;
    }
    b.at = 3;
    for (;;) {
        const uint64_t left = (ov_bytes_len(in) - b.at) * 8 + b.have;
        uint32_t code, string;

        if (left < bits) { /* what is left of the last byte is nobody's, and zero */
            return left < 8 && ov_bits_low(&b, (unsigned)left) == 0;
        }
        if (!ov_buf_ok(&c->made)) {
            return true;
        }
        code = ov_bits_low(&b, bits);
        count++;
        if (clears && code == CLEAR) {
            /* Codes come in groups of eight; the rest of a group is filled up. */
            while (count++ % 8 != 0) {
                (void)ov_bits_low(&b, bits);
            }
            if (b.over) {
                return true;
            }
            bits = 9;
            count = 0;
            next = CLEAR + 1;
            last = NO_PREFIX;
            continue;
        }
        string = code;
        if (last == NO_PREFIX) {
            if (code > 255) {
                return false;
            }
        } else if (code >= next) {
            if (code > next || next >= CODES) {
                return false;
            }
            string = last;
        }
        if (code >= next && last != NO_PREFIX) {
            first = put_string(c, (uint16_t)string);
            ov_buf_put_u8(&c->made, first);
        } else {
            first = put_string(c, (uint16_t)string);
        }
        if (last != NO_PREFIX && next < (1u << bits_max)) {
            c->prefix[next] = (uint16_t)last;
            c->suffix[next++] = first;
        }
        last = code;
        if (next >= (1u << bits) && bits < bits_max) {
            while (count++ % 8 != 0) {
                (void)ov_bits_low(&b, bits);
            }
            count = 0;
            bits++;
        }
    }
}

static enum ov_give z_step(struct ov_parser *p)
{
    struct compress *c = p->state;

    if (c->given) {
        return OV_GIVE_END;
    }
    c->given = true;
    if (!unpack(c, p->all)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "the compress data is damaged");
    }
    return ov_lay_buf(p, ov_bytes_of(NULL, 0), &c->made);
}

const struct ov_parser_ops ov_parser_compress = {
    .state_bytes = sizeof(struct compress),
    .whole = true,
    .begin = z_begin,
    .step = z_step,
    .end = z_end,
};
