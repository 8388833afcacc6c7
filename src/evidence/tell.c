/* SPDX-License-Identifier: Apache-2.0 */
/* tell.c - small things that every reader of evidence needs. */
#include "evidence/tell.h"

#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "base/text.h"

void ov_tell_number(struct ov_evidence *e, enum ov_trace_kind kind, uint32_t number,
        struct ov_bytes text, struct ov_bytes more)
{
    const struct ov_trace fact = {
        .kind = kind, .member = e->member, .number = number, .text = text, .more = more
    };

    e->sink->fact(e->sink->payload, &fact);
}

void ov_tell(
        struct ov_evidence *e, enum ov_trace_kind kind, struct ov_bytes text, struct ov_bytes more)
{
    ov_tell_number(e, kind, 0, text, more);
}

void ov_tell_gap(struct ov_evidence *e, enum ov_reason reason, const char *detail)
{
    e->sink->gap(e->sink->payload, e->member, reason, detail);
}

bool ov_evidence_step(struct ov_evidence *e, uint64_t steps)
{
    if (e->steps_left >= steps) {
        e->steps_left -= steps;
        return true;
    }
    if (!e->out_of_steps) {
        e->out_of_steps = true;
        ov_tell_gap(e, OV_REASON_STEPS, "");
    }
    e->steps_left = 0;
    return false;
}

void ov_parts_add(struct ov_buf *parts, struct ov_bytes part)
{
    const uint8_t *raw = ov_bytes_raw(part);
    const size_t len = (size_t)ov_bytes_len(part);
    const size_t text = len == 0 ? 0 : strnlen((const char *)raw, len);

    ov_buf_put(parts, raw, text);
    ov_buf_put_u8(parts, 0);
}

bool ov_u16_at(struct ov_bytes b, uint64_t off, uint16_t *out)
{
    struct ov_reader r = ov_reader_on(b);

    return ov_read_skip(&r, off) && ov_read_u16le(&r, out);
}

bool ov_u32_at(struct ov_bytes b, uint64_t off, uint32_t *out)
{
    struct ov_reader r = ov_reader_on(b);

    return ov_read_skip(&r, off) && ov_read_u32le(&r, out);
}

bool ov_u16be_at(struct ov_bytes b, uint64_t off, uint16_t *out)
{
    uint16_t v;

    if (!ov_u16_at(b, off, &v)) {
        return false;
    }
    *out = __builtin_bswap16(v);
    return true;
}

bool ov_u32be_at(struct ov_bytes b, uint64_t off, uint32_t *out)
{
    uint32_t v;

    if (!ov_u32_at(b, off, &v)) {
        return false;
    }
    *out = __builtin_bswap32(v);
    return true;
}

bool ov_line_next(struct ov_reader *r, struct ov_bytes *line)
{
    struct ov_bytes rest, text;
    struct ov_reader ahead = *r;
    const uint8_t *raw, *end;
    uint64_t len;

    if (ov_reader_left(r) == 0 || !ov_read_bytes(&ahead, ov_reader_left(r), &rest)) {
        return false;
    }
    raw = ov_bytes_raw(rest);
    end = memchr(raw, '\n', (size_t)ov_bytes_len(rest));
    len = end == NULL ? ov_bytes_len(rest) : (uint64_t)(end - raw);
    if (!ov_read_bytes(r, len, &text)) {
        return false;
    }
    if (end != NULL && !ov_read_skip(r, 1)) {
        return false;
    }
    if (len > 0 && raw[len - 1] == '\r' && !ov_bytes_slice(text, 0, len - 1, &text)) {
        return false;
    }
    *line = text;
    return true;
}

struct ov_bytes ov_text_lit(const char *text)
{
    return ov_bytes_of(text, strlen(text));
}

bool ov_text_begins(struct ov_bytes b, const char *with)
{
    const size_t len = strlen(with);

    return ov_bytes_len(b) >= len && strncasecmp((const char *)ov_bytes_raw(b), with, len) == 0;
}

bool ov_text_is(struct ov_bytes b, const char *text)
{
    return ov_bytes_len(b) == strlen(text) && ov_text_begins(b, text);
}

struct ov_bytes ov_text_behind(struct ov_bytes b, uint64_t skip)
{
    struct ov_bytes out = ov_bytes_of(NULL, 0);

    if (skip <= ov_bytes_len(b) && ov_bytes_slice(b, skip, ov_bytes_len(b) - skip, &out)) {
        return out;
    }
    return ov_bytes_of(NULL, 0);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct ov_bytes ov_text_trim(struct ov_bytes b)
{
    const uint8_t *raw = ov_bytes_raw(b);
    uint64_t from = 0, to = ov_bytes_len(b);
    struct ov_bytes out = ov_bytes_of(NULL, 0);

    while (from < to && is_blank(raw[from])) {
        from++;
    }
    while (to > from && is_blank(raw[to - 1])) {
        to--;
    }
    if (!ov_bytes_slice(b, from, to - from, &out)) {
        return ov_bytes_of(NULL, 0);
    }
    return out;
}

void ov_utf16_put(struct ov_buf *out, struct ov_bytes utf16)
{
    struct ov_reader r = ov_reader_on(utf16);
    uint16_t unit;

    while (ov_read_u16le(&r, &unit) && unit != 0) {
        uint32_t c = unit;

        if (unit >= 0xd800 && unit < 0xdc00) {
            struct ov_reader ahead = r;
            uint16_t low;

            if (ov_read_u16le(&ahead, &low) && low >= 0xdc00 && low < 0xe000) {
                c = 0x10000u + (((uint32_t)unit - 0xd800u) << 10) + ((uint32_t)low - 0xdc00u);
                r = ahead;
            } else {
                c = 0xfffd;
            }
        } else if (unit >= 0xdc00 && unit < 0xe000) {
            c = 0xfffd;
        }
        ov_text_put_utf8(out, c);
    }
}

void ov_latin1_put(struct ov_buf *out, struct ov_bytes latin1)
{
    struct ov_reader r = ov_reader_on(latin1);
    uint8_t c;

    while (ov_read_u8(&r, &c) && c != 0) {
        ov_text_put_utf8(out, c);
    }
}
