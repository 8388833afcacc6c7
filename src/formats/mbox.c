/* SPDX-License-Identifier: Apache-2.0 */
/* mbox.c - mails one behind the other, each after a line that begins with "From " (RFC 4155). Any
 * size: only windows of it are read. A "From " inside a mail ends it only where a header follows. */
#include <stdio.h>
#include <string.h>

#include "formats/decode.h"
#include "formats/mail_header.h"
#include "formats/parser.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define WINDOW_BYTES OV_PIECE_BYTES
/* A line "From ..." and the beginning of the next fit into this. */
#define MARK_BYTES 1024u

struct mbox {
    uint64_t at;
    uint32_t count;
    char name[24];
    uint8_t window[WINDOW_BYTES];
};

/* Does a mail begin here, behind a "From " line? */
static bool begins_at(const struct ov_input *input, uint64_t at)
{
    uint8_t raw[MARK_BYTES];
    const struct ov_bytes head = ov_bytes_of(raw, ov_input_read(input, at, raw, sizeof(raw)));
    struct ov_bytes line, after;
    uint64_t next, behind;

    return ov_has(head, 0, "From ", 5) && ov_line_at(head, 0, &line, &next)
           && ov_line_at(head, next, &after, &behind)
           && (ov_mail_is_header_line(after) || ov_has(after, 0, ">From ", 6));
}

/* Where the mail that begins at `from` ends. */
static uint64_t end_of(struct ov_parser *p, uint64_t from)
{
    struct mbox *m = p->state;
    uint64_t at = from;

    /* Each turn reads the next window, which overlaps the last by a mark. */
    while (at < p->input.size) {
        const size_t got = ov_input_read(&p->input, at, m->window, sizeof(m->window));
        const struct ov_bytes b = ov_bytes_of(m->window, got);
        uint64_t found = 0;

        while ((found = ov_bytes_find(b, found, "\nFrom ", 6)) != UINT64_MAX) {
            if (begins_at(&p->input, at + found + 1)) {
                return at + found + 1;
            }
            found++;
        }
        if (got < sizeof(m->window)) {
            break;
        }
        at += got - 5;
    }
    return p->input.size;
}

/* Behind the line at `at`, which belongs to the box and not to the mail. */
static uint64_t behind_mark(const struct ov_input *input, uint64_t at)
{
    uint8_t raw[MARK_BYTES];
    const struct ov_bytes head = ov_bytes_of(raw, ov_input_read(input, at, raw, sizeof(raw)));
    struct ov_bytes line;
    uint64_t next;

    if (!ov_has(head, 0, "From ", 5) || !ov_line_at(head, 0, &line, &next)) {
        return at;
    }
    return at + next;
}

static enum ov_give mbox_step(struct ov_parser *p)
{
    struct mbox *m = p->state;
    const uint64_t from = behind_mark(&p->input, m->at);

    if (m->at >= p->input.size) {
        return OV_GIVE_END;
    }
    m->at = end_of(p, m->at);
    (void)snprintf(m->name, sizeof(m->name), "mail %u", ++m->count);
    return ov_lay_part(
            p, ov_text_bytes(m->name), from, m->at > from ? m->at - from : 0, OV_CODEC_STORED);
}

const struct ov_parser_ops ov_parser_mbox = {
    .state_bytes = sizeof(struct mbox),
    .step = mbox_step,
};
