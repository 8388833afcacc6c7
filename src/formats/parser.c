/* SPDX-License-Identifier: Apache-2.0 */
/* parser.c - drives a parser's steps behind the face of container.h, and bounds them. What the
 * parser lays down was made from hostile bytes; its sizes are checked views, never claims. */
#include "formats/parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

struct ov_bytes ov_text_bytes(const char *text)
{
    return ov_bytes_of(text, strlen(text));
}

/* The whole input in one piece: lent where it lies in memory, else a copy. */
static bool load(struct ov_parser *p)
{
    const uint64_t size = p->input.size;

    p->all = ov_bytes_of(NULL, 0);
    if (ov_input_lend(&p->input, 0, size, &p->all)) {
        return true;
    }
    if (size > OV_WHOLE_BYTES_MAX) {
        (void)ov_trouble_say(
                &p->priv_failed, OV_REASON_OBJECT_BYTES, "too large to look for what is inside");
        return true;
    }
    p->priv_loaded = malloc((size_t)size);
    if (p->priv_loaded == NULL) {
        return false;
    }
    /* What could not be read is told by whoever scans the same source. */
    p->all = ov_bytes_of(p->priv_loaded, ov_input_read(&p->input, 0, p->priv_loaded, (size_t)size));
    return true;
}

struct ov_parser *ov_parser_open(enum ov_type type, const struct ov_input *input)
{
    struct ov_parser *p = calloc(1, sizeof(*p));

    if (p == NULL) {
        return NULL;
    }
    p->ops = ov_parser_ops_of(type);
    OV_ASSERT(p->ops != NULL);
    p->input = *input;
    p->type = type;
    p->state = calloc(1, p->ops->state_bytes + 1);
    if (p->state == NULL || (p->ops->whole && !load(p))) {
        free(p->state);
        p->state = NULL;
        ov_parser_free(p);
        return NULL;
    }
    if (p->ops->begin != NULL && !p->ops->begin(p)) {
        ov_parser_free(p);
        return NULL;
    }
    return p;
}

void ov_parser_free(struct ov_parser *p)
{
    if (p == NULL) {
        return;
    }
    if (p->state != NULL && p->ops->end != NULL) {
        p->ops->end(p);
    }
    free(p->state);
    ov_stream_free(p->priv_stream);
    free(p->priv_loaded);
    free(p);
}

static struct ov_bytes cut_name(struct ov_bytes name)
{
    struct ov_bytes cut = name;

    if (ov_bytes_len(name) > OV_NAME_BYTES_MAX
            && !ov_bytes_slice(name, 0, OV_NAME_BYTES_MAX, &cut)) {
        OV_ASSERT(false);
    }
    return cut;
}

/* Readies what was laid down for reading. */
static bool begin_member(struct ov_parser *p)
{
    p->priv_bytes_due = ov_bytes_len(p->laid.bytes) != 0;
    p->priv_part_due = p->laid.has_part;
    p->priv_pieces_due = p->laid.has_pieces;
    p->priv_trouble_due = p->laid.trouble.reason != OV_REASON_NONE;
    if (!p->laid.has_part) {
        return true;
    }
    if (p->priv_stream == NULL) {
        p->priv_stream = ov_stream_new();
        if (p->priv_stream == NULL) {
            return false;
        }
    }
    ov_stream_begin(p->priv_stream, p->laid.codec, &p->laid.part, true);
    return true;
}

static enum ov_give tell(struct ov_parser *p, struct ov_trouble *trouble)
{
    *trouble = p->laid.trouble;
    if (++p->priv_troubles >= OV_TROUBLES_MAX) {
        p->priv_over = true;
    }
    return OV_GIVE_TROUBLE;
}

enum ov_give ov_parser_next_member(
        struct ov_parser *p, struct ov_member *member, struct ov_trouble *trouble)
{
    if (p->priv_failed.reason != OV_REASON_NONE) {
        *trouble = p->priv_failed;
        p->priv_failed.reason = OV_REASON_NONE;
        p->priv_over = true;
        return OV_GIVE_TROUBLE;
    }
    p->priv_bytes_due = p->priv_part_due = p->priv_pieces_due = p->priv_trouble_due = false;
    if (p->priv_over) {
        return OV_GIVE_END;
    }
    p->laid = (struct ov_laid){ .codec = OV_CODEC_STORED };
    switch (p->ops->step(p)) {
    case OV_GIVE_PIECE:
        break;
    case OV_GIVE_TROUBLE:
        return tell(p, trouble);
    case OV_GIVE_END:
        p->priv_over = true;
        return OV_GIVE_END;
    }
    if (!begin_member(p)) {
        p->priv_over = true;
        return ov_trouble_say(trouble, OV_REASON_MEMORY, "no memory to unpack its members");
    }
    member->name = cut_name(p->laid.name);
    member->view = p->laid.view;
    member->unpacked = p->laid.unpacked;
    member->macro = p->laid.macro;
    member->stored = p->laid.view == OV_VIEW_NONE;
    member->claims.encrypted = p->laid.trouble.reason == OV_REASON_ENCRYPTED;
    if (p->laid.has_part) {
        member->claims.has_packed = true;
        member->claims.packed = p->laid.part.size;
        member->claims.has_size = p->laid.codec == OV_CODEC_STORED;
        member->claims.size = p->laid.part.size;
    }
    return OV_GIVE_PIECE;
}

enum ov_give ov_parser_read(struct ov_parser *p, struct ov_piece *piece, struct ov_trouble *trouble)
{
    piece->zeros = 0;
    if (p->priv_bytes_due) {
        p->priv_bytes_due = false;
        piece->bytes = p->laid.bytes;
        return OV_GIVE_PIECE;
    }
    if (p->priv_part_due) {
        const enum ov_give give = ov_stream_next(p->priv_stream, &piece->bytes, trouble);

        if (give != OV_GIVE_END) {
            return give;
        }
        p->priv_part_due = false;
    }
    if (p->priv_pieces_due) {
        const enum ov_give give = p->ops->piece(p, piece, trouble);

        if (give != OV_GIVE_END) {
            return give;
        }
        p->priv_pieces_due = false;
    }
    if (p->priv_trouble_due) {
        p->priv_trouble_due = false;
        return tell(p, trouble);
    }
    return OV_GIVE_END;
}

/* --- for steps ------------------------------------------------------------------------------ */

enum ov_give ov_lay_bytes(struct ov_parser *p, struct ov_bytes name, struct ov_bytes bytes)
{
    p->laid.name = name;
    p->laid.bytes = bytes;
    return OV_GIVE_PIECE;
}

enum ov_give ov_lay_part(
        struct ov_parser *p, struct ov_bytes name, uint64_t off, uint64_t size, enum ov_codec codec)
{
    p->laid.name = name;
    p->laid.part = ov_input_part(&p->input, off, size);
    p->laid.codec = codec;
    p->laid.has_part = true;
    if (off > p->input.size || size > p->input.size - off) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "cut short");
    }
    return OV_GIVE_PIECE;
}

enum ov_give ov_lay_buf(struct ov_parser *p, struct ov_bytes name, const struct ov_buf *buf)
{
    if (!ov_buf_ok(buf)) {
        ov_lay_trouble(p, OV_REASON_OBJECT_BYTES, "its unpacked bytes are too many to hold");
    }
    return ov_lay_bytes(p, name, ov_buf_bytes(buf));
}

void ov_lay_trouble(struct ov_parser *p, enum ov_reason reason, const char *fmt, ...)
{
    va_list ap;

    if (p->laid.trouble.reason != OV_REASON_NONE) {
        return;
    }
    p->laid.trouble.reason = reason;
    va_start(ap, fmt);
    (void)vsnprintf(p->laid.trouble.detail, sizeof(p->laid.trouble.detail), fmt, ap);
    va_end(ap);
}

enum ov_give ov_parser_say(struct ov_parser *p, enum ov_reason reason, const char *fmt, ...)
{
    va_list ap;

    p->laid.trouble.reason = reason;
    va_start(ap, fmt);
    (void)vsnprintf(p->laid.trouble.detail, sizeof(p->laid.trouble.detail), fmt, ap);
    va_end(ap);
    return OV_GIVE_TROUBLE;
}
