/* SPDX-License-Identifier: Apache-2.0 */
/* sis.c - installers of EPOC up to release 8 (Symbian): a header with offsets, a list of file
 * records, data stored or as zlib streams. Every offset is checked where it is used. */
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define LANGUAGES_MAX 128u
#define FILES_MAX     4096u

struct sis {
    uint64_t at; /* the record */
    uint32_t files_left;
    uint32_t language; /* of the record, the next due */
    uint32_t languages;
    bool begun;
    struct ov_buf made;
    struct ov_buf name;
};

static bool sis_begin(struct ov_parser *p)
{
    struct sis *s = p->state;

    ov_buf_init(&s->made, OV_MADE_BYTES_MAX);
    ov_buf_init(&s->name, OV_NAME_BYTES_MAX);
    s->languages = ov_u16le_at(p->all, 18, 0);
    s->languages = s->languages < LANGUAGES_MAX ? s->languages : LANGUAGES_MAX;
    s->files_left = ov_u16le_at(p->all, 20, 0);
    s->at = ov_u32le_at(p->all, 52, 0);
    return true;
}

static void sis_end(struct ov_parser *p)
{
    struct sis *s = p->state;

    ov_buf_done(&s->made);
    ov_buf_done(&s->name);
}

/* The name on the telephone; UTF-16 with the option for it. */
static void take_name(struct ov_parser *p)
{
    struct sis *s = p->state;
    const uint64_t bytes = ov_u32le_at(p->all, s->at + 20, 0);
    const uint64_t at = ov_u32le_at(p->all, s->at + 24, 0);
    const uint64_t step = (ov_u16le_at(p->all, 36, 0) & 1) != 0 ? 2 : 1;

    ov_buf_clear(&s->name);
    for (uint64_t i = 0; i < bytes && i < OV_NAME_BYTES_MAX; i += step) {
        ov_buf_put_u8(&s->name, ov_u8_at(p->all, at + i, '?'));
    }
}

static enum ov_give sis_step(struct ov_parser *p)
{
    struct sis *s = p->state;

    /* Each turn uses up a language of a record, or a record. */
    while (s->files_left > 0) {
        const uint32_t kind = ov_u32le_at(p->all, s->at, UINT32_MAX);
        const uint32_t count = kind == 1 ? s->languages : 1;
        struct ov_bytes data;
        uint64_t len, at, size;

        if (kind > 1) {
            /* Conditions and options of newer installers: their records have no fixed size. */
            s->files_left = 0;
            return ov_parser_say(p, OV_REASON_UNSUPPORTED, "a kind of record that is not read");
        }
        if (s->language >= count) {
            s->at += 28 + 12 * (uint64_t)count + (ov_u32le_at(p->all, 32, 0) >= 200 ? 8 : 0);
            s->language = 0;
            s->files_left--;
            continue;
        }
        len = ov_u32le_at(p->all, s->at + 28 + 4 * (uint64_t)s->language, 0);
        at = ov_u32le_at(p->all, s->at + 28 + 4 * ((uint64_t)count + s->language), 0);
        size = ov_u32le_at(p->all, s->at + 28 + 4 * (2 * (uint64_t)count + s->language), 0);
        s->language++;
        take_name(p);
        data = ov_bytes_between(p->all, at, at + len);
        if (len == 0) {
            continue;
        }
        ov_buf_clear(&s->made);
        if (ov_bytes_len(data) < len) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "cut short");
        }
        if ((ov_u16le_at(p->all, 36, 0) & 8) == 0 && ov_has(data, 0, "\x78", 1)
                && ov_u32le_at(p->all, 32, 0) >= 200) {
            if (!ov_unpack_zlib(&s->made, data, 15)
                    || ov_bytes_len(ov_buf_bytes(&s->made)) != size) {
                ov_lay_trouble(p, OV_REASON_DAMAGED, "the zlib data is damaged");
            }
            return ov_lay_buf(p, ov_buf_bytes(&s->name), &s->made);
        }
        return ov_lay_bytes(p, ov_buf_bytes(&s->name), data);
    }
    return OV_GIVE_END;
}

const struct ov_parser_ops ov_parser_sis = {
    .state_bytes = sizeof(struct sis),
    .whole = true,
    .begin = sis_begin,
    .step = sis_step,
    .end = sis_end,
};
