/* SPDX-License-Identifier: Apache-2.0 */
/* binhex.c - BinHex 4.0 (RFC 1741): six bits a letter, runs, then a name and two forks. */
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"

static const char alphabet[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
_Static_assert(sizeof(alphabet) == 65, "six bits");

struct binhex {
    struct ov_buf made;
    uint32_t next; /* 0: not decoded yet; 1, 2: which fork is due */
    uint64_t forks[2];
    uint64_t at;
};

static bool binhex_begin(struct ov_parser *p)
{
    struct binhex *b = p->state;

    ov_buf_init(&b->made, OV_MADE_BYTES_MAX);
    return true;
}

static void binhex_end(struct ov_parser *p)
{
    struct binhex *b = p->state;

    ov_buf_done(&b->made);
}

/* One byte behind the six-bit decoding: 90 nn repeats the byte before it. */
static void put_run(struct ov_buf *out, uint8_t byte, bool *marked)
{
    const struct ov_bytes made = ov_buf_bytes(out);

    if (*marked) {
        *marked = false;
        if (byte == 0) {
            ov_buf_put_u8(out, 0x90);
        } else if (ov_bytes_len(made) != 0) {
            const uint8_t last = ov_u8_at(made, ov_bytes_len(made) - 1, 0);

            for (unsigned i = 1; i < byte; i++) {
                ov_buf_put_u8(out, last);
            }
        }
    } else if (byte == 0x90) {
        *marked = true;
    } else {
        ov_buf_put_u8(out, byte);
    }
}

/* False: the closing colon is missing. */
static bool decode(struct ov_buf *out, struct ov_bytes text, uint64_t at)
{
    const uint8_t *p = ov_bytes_raw(text);
    uint32_t bits = 0;
    unsigned have = 0;
    bool marked = false;

    for (; at < ov_bytes_len(text); at++) {
        const char *found = p[at] == 0 ? NULL : strchr(alphabet, p[at]);

        if (p[at] == ':') {
            return true;
        }
        if (found == NULL) {
            continue;
        }
        bits = bits << 6 | (uint32_t)(found - alphabet);
        have += 6;
        if (have >= 8) {
            have -= 8;
            put_run(out, (uint8_t)(bits >> have), &marked);
        }
    }
    return false;
}

static enum ov_give read_header(struct ov_parser *p)
{
    struct binhex *b = p->state;
    uint64_t at = ov_bytes_find(p->all, 0, "BinHex", 6);
    struct ov_bytes made;
    uint64_t name;

    at = at == UINT64_MAX ? at : ov_bytes_find(p->all, at, ":", 1);
    if (at == UINT64_MAX) {
        return OV_GIVE_END;
    }
    if (!decode(&b->made, p->all, at + 1)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "it has no end: cut short");
    }
    made = ov_buf_bytes(&b->made);
    name = ov_u8_at(made, 0, 0);
    b->forks[0] = ov_u32be_at(made, name + 12, 0);
    b->forks[1] = ov_u32be_at(made, name + 16, 0);
    b->at = name + 22;
    return OV_GIVE_PIECE;
}

static enum ov_give binhex_step(struct ov_parser *p)
{
    struct binhex *b = p->state;

    if (b->next == 0 && read_header(p) == OV_GIVE_END) {
        return OV_GIVE_END;
    }
    while (b->next < 2) {
        const struct ov_bytes made = ov_buf_bytes(&b->made);
        const uint64_t from = b->at, bytes = b->forks[b->next++];

        b->at += bytes + 2;
        if (bytes == 0) {
            continue;
        }
        if (!ov_buf_ok(&b->made)) {
            ov_lay_trouble(p, OV_REASON_OBJECT_BYTES, "its unpacked bytes are too many to hold");
        } else if (from + bytes > ov_bytes_len(made)) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "cut short");
        }
        return ov_lay_bytes(p, ov_bytes_between(made, 1, 1 + (uint64_t)ov_u8_at(made, 0, 0)),
                ov_bytes_between(made, from, from + bytes));
    }
    return OV_GIVE_END;
}

const struct ov_parser_ops ov_parser_binhex = {
    .state_bytes = sizeof(struct binhex),
    .whole = true,
    .begin = binhex_begin,
    .step = binhex_step,
    .end = binhex_end,
};
