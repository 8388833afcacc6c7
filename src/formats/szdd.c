/* SPDX-License-Identifier: Apache-2.0 */
/* szdd.c - what Microsoft's compress.exe wrote: LZSS over a window of 4 KiB that begins as blanks. */
#include <string.h>

#include "formats/parsers.h"
#include "formats/peek.h"

struct szdd {
    bool given;
    struct ov_buf made;
};

static bool szdd_begin(struct ov_parser *p)
{
    struct szdd *s = p->state;

    ov_buf_init(&s->made, OV_MADE_BYTES_MAX);
    return true;
}

static void szdd_end(struct ov_parser *p)
{
    struct szdd *s = p->state;

    ov_buf_done(&s->made);
}

static void unpack(struct ov_buf *out, struct ov_bytes in, uint64_t at, uint32_t pos, uint32_t size)
{
    uint8_t window[4096];
    uint32_t made = 0;

    memset(window, ' ', sizeof(window));
    /* Each turn uses up a byte of the input at least. */
    while (at < ov_bytes_len(in) && made < size) {
        const uint8_t flags = ov_u8_at(in, at++, 0);

        for (unsigned bit = 0; bit < 8 && at < ov_bytes_len(in) && made < size; bit++) {
            const uint8_t first = ov_u8_at(in, at++, 0);
            uint32_t from, count;

            if ((flags >> bit & 1) != 0) {
                window[pos] = first;
                pos = (pos + 1) & 4095;
                ov_buf_put_u8(out, first);
                made++;
                continue;
            }
            from = first | (uint32_t)(ov_u8_at(in, at, 0) & 0xf0) << 4;
            count = (ov_u8_at(in, at++, 0) & 0x0fu) + 3;
            for (; count > 0 && made < size; count--, made++) {
                window[pos] = window[from];
                ov_buf_put_u8(out, window[pos]);
                pos = (pos + 1) & 4095;
                from = (from + 1) & 4095;
            }
        }
    }
}

static enum ov_give szdd_step(struct ov_parser *p)
{
    struct szdd *s = p->state;
    const bool basic = ov_has(p->all, 0, "SZ \x88", 4); /* as QBasic's installer has it */
    const uint32_t size = ov_u32le_at(p->all, basic ? 8 : 10, 0);

    if (s->given) {
        return OV_GIVE_END;
    }
    s->given = true;
    unpack(&s->made, p->all, basic ? 12 : 14, basic ? 4096 - 18 : 4096 - 16, size);
    if (ov_bytes_len(ov_buf_bytes(&s->made)) < size) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "the szdd data ends before its end");
    }
    return ov_lay_buf(p, ov_bytes_of(NULL, 0), &s->made);
}

const struct ov_parser_ops ov_parser_szdd = {
    .state_bytes = sizeof(struct szdd),
    .whole = true,
    .begin = szdd_begin,
    .step = szdd_step,
    .end = szdd_end,
};
