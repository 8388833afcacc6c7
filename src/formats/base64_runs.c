/* SPDX-License-Identifier: Apache-2.0 */
/* base64_runs.c - long runs of base64 (RFC 4648) in scripts: what the script decodes, whatever it calls the
 * decoder. A run is one word, or lines of the same kind below each other. Words of a language end
 * sooner; digests in hex do not, and are left out. One pass from front to back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"

/* The shortest that could be a program: the EICAR test file has 92. */
#define RUN_BYTES_MIN 88u
/* A line of this many goes on in the next one. */
#define LINE_BYTES_MIN 48u

struct base64 {
    uint64_t at;
    uint64_t count;   /* digits of the run at hand */
    uint64_t in_line; /* of its last line */
    uint64_t begin;   /* of the run */
    bool hex;         /* so far it has only digits of hex */
    bool padded;
    bool over;
    struct ov_buf text;
    struct ov_buf made;
    char name[40];
    uint8_t *window; /* owned; NULL where the input lies in memory */
};

static bool base64_begin(struct ov_parser *p)
{
    struct base64 *s = p->state;

    ov_buf_init(&s->text, OV_MADE_BYTES_MAX);
    ov_buf_init(&s->made, OV_MADE_BYTES_MAX);
    if (ov_input_in_memory(&p->input)) {
        return true;
    }
    s->window = ov_source_room(OV_PIECE_BYTES);
    return s->window != NULL;
}

static void base64_end(struct ov_parser *p)
{
    struct base64 *s = p->state;

    free(s->window);
    ov_buf_done(&s->text);
    ov_buf_done(&s->made);
}

enum kind {
    OTHER,
    DIGIT,
    HEX_DIGIT,
    PADDING,
    LINE_END
};

static enum kind kind_of(uint8_t c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        return HEX_DIGIT;
    }
    if ((c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z') || c == '+' || c == '/' || c == '-'
            || c == '_') {
        return DIGIT;
    }
    return c == '=' ? PADDING : c == '\n' || c == '\r' ? LINE_END : OTHER;
}

/* Forgets the run at hand. */
static void begin_run(struct base64 *s)
{
    s->count = s->in_line = 0;
    s->hex = true;
    s->padded = false;
    ov_buf_clear(&s->text);
}

static bool run_is_long(const struct base64 *s)
{
    return s->count >= RUN_BYTES_MIN && !s->hex;
}

/* One more byte. False: it does not belong to the run, which ends in front of it. */
static bool take(struct base64 *s, uint8_t c, uint64_t at)
{
    switch (kind_of(c)) {
    case HEX_DIGIT:
    case DIGIT:
        if (s->padded) {
            return false;
        }
        s->begin = s->count == 0 ? at : s->begin;
        s->hex = s->hex && kind_of(c) == HEX_DIGIT;
        s->count++;
        s->in_line++;
        ov_buf_put_u8(&s->text, c);
        return true;
    case PADDING:
        s->padded = s->count != 0;
        return s->padded;
    case LINE_END:
        if (c == '\r') {
            return s->count != 0;
        }
        if (s->in_line < LINE_BYTES_MIN || s->padded) {
            return false;
        }
        s->in_line = 0;
        return true;
    case OTHER:
        break;
    }
    return false;
}

static bool is_digit(uint8_t c)
{
    const enum kind kind = kind_of(c);

    return kind == DIGIT || kind == HEX_DIGIT;
}

/* The next place at or behind `from` at which a run may begin that is long enough. Its first line has
 * LINE_BYTES_MIN digits at least, or it is not the last: where the last of so many bytes is none, none
 * of them begins it. Most bytes of a text are never looked at. */
static uint64_t next_run(const uint8_t *raw, uint64_t len, uint64_t from)
{
    /* Each turn goes behind a byte that is no digit. */
    while (len - from >= LINE_BYTES_MIN) {
        uint64_t at = from + LINE_BYTES_MIN;

        while (at > from && (is_digit(raw[at - 1]) || raw[at - 1] == '\r')) {
            at--;
        }
        if (at == from) {
            return from;
        }
        from = at;
    }
    while (from < len && !is_digit(raw[from])) { /* it may go on in the next piece */
        from++;
    }
    return from;
}

static enum ov_give give_run(struct ov_parser *p)
{
    struct base64 *s = p->state;
    const bool whole = ov_buf_ok(&s->text);

    ov_buf_clear(&s->made);
    ov_decode_base64(&s->made, ov_buf_bytes(&s->text));
    (void)snprintf(s->name, sizeof(s->name), "base64 at %llu", (unsigned long long)s->begin);
    begin_run(s);
    if (!whole) {
        ov_lay_trouble(p, OV_REASON_OBJECT_BYTES, "its decoded bytes are too many to hold");
    }
    return ov_lay_buf(p, ov_text_bytes(s->name), &s->made);
}

static enum ov_give base64_step(struct ov_parser *p)
{
    struct base64 *s = p->state;

    begin_run(s);
    /* Each turn goes a piece forward. */
    while (!s->over) {
        const struct ov_bytes piece = ov_input_piece(&p->input, s->at, s->window);
        const uint8_t *raw = ov_bytes_raw(piece);
        const uint64_t len = ov_bytes_len(piece);

        s->over = len == 0;
        for (uint64_t i = 0; i < len;) {
            if (s->count == 0) {
                i = next_run(raw, len, i);
            }
            if (i == len || take(s, raw[i], s->at + i)) {
                i += i < len;
                continue;
            }
            if (run_is_long(s)) {
                s->at += i;
                return give_run(p);
            }
            i += s->count == 0; /* what ends a run may begin the next: a digit behind padding */
            begin_run(s);
        }
        s->at += len;
    }
    return run_is_long(s) ? give_run(p) : OV_GIVE_END;
}

bool ov_base64_is_spoken_of(struct ov_bytes head)
{
    const uint8_t *p = ov_bytes_raw(head), *end = p + ov_bytes_len(head), *at = p;

    for (uint64_t i = 0; i < 64 && i < ov_bytes_len(head); i++) {
        if (p[i] < 32 && (p[i] < 8 || p[i] > 13)) {
            return false; /* no text */
        }
    }
    /* "base64", "b64decode", "FromBase64String": a digit is rarer than a letter. */
    while (at < end && (at = memchr(at, '6', (size_t)(end - at))) != NULL) {
        const uint64_t place = (uint64_t)(at - p);

        if (place >= 4 && ov_u8_at(head, place + 1, 0) == '4'
                && (ov_starts_with(head, place - 4, "base64")
                        || ov_starts_with(head, place - 1, "b64dec"))) {
            return true;
        }
        at++;
    }
    return false;
}

const struct ov_parser_ops ov_parser_base64 = {
    .state_bytes = sizeof(struct base64),
    .begin = base64_begin,
    .step = base64_step,
    .end = base64_end,
};
