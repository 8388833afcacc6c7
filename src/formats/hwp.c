/* SPDX-License-Identifier: Apache-2.0 */
/* hwp.c - documents of Hangul's word processor, version 3: behind a mark, a head, a summary and a block
 * of any length the text, packed with deflate. What later versions keep, in compound files: ole.c. */
#include "formats/parsers.h"
#include "formats/peek.h"

#define HEAD_AT    30u
#define HEAD_BYTES (128u + 1008u)

struct hwp {
    bool given;
};

static enum ov_give hwp_step(struct ov_parser *p)
{
    struct hwp *s = p->state;
    uint8_t raw[HEAD_AT + 128];
    const struct ov_bytes head = ov_bytes_of(raw, ov_input_read(&p->input, 0, raw, sizeof(raw)));
    const uint64_t from = HEAD_AT + HEAD_BYTES + (uint64_t)ov_u16le_at(head, HEAD_AT + 126, 0);

    if (s->given) {
        return OV_GIVE_END;
    }
    s->given = true;
    if (ov_u16le_at(head, HEAD_AT + 96, 0) != 0) {
        return ov_parser_say(p, OV_REASON_ENCRYPTED, "an encrypted document");
    }
    return ov_lay_part(p, ov_text_bytes("text"), from,
            p->input.size > from ? p->input.size - from : 1,
            ov_u8_at(head, HEAD_AT + 124, 0) != 0 ? OV_CODEC_DEFLATE : OV_CODEC_STORED);
}

const struct ov_parser_ops ov_parser_hwp = {
    .state_bytes = sizeof(struct hwp),
    .step = hwp_step,
};
