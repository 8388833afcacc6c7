/* SPDX-License-Identifier: Apache-2.0 */
/* container.c - the one face of the four kinds of reader. */
#include "formats/container.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/checked.h"
#include "formats/parser.h"

struct ov_container {
    struct ov_input input;
    struct ov_zip *zip;         /* exactly one */
    struct ov_archive *archive; /* of these */
    struct ov_parser *parser;   /* four */
    struct ov_stream *stream;
    bool stream_given; /* its only member */
};

enum ov_give ov_trouble_say(struct ov_trouble *trouble, enum ov_reason reason, const char *fmt, ...)
{
    va_list ap;

    trouble->reason = reason;
    va_start(ap, fmt);
    (void)vsnprintf(trouble->detail, sizeof(trouble->detail), fmt, ap);
    va_end(ap);
    return OV_GIVE_TROUBLE;
}

static bool finish_open(struct ov_container *c, struct ov_container **out)
{
    if (c->zip == NULL && c->archive == NULL && c->parser == NULL && c->stream == NULL) {
        free(c);
        return false;
    }
    *out = c;
    return true;
}

bool ov_container_open(struct ov_container **out, enum ov_type type, const struct ov_input *input)
{
    struct ov_container *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        return false;
    }
    c->input = *input;
    if (type == OV_TYPE_ZIP) {
        c->zip = ov_zip_open(input);
    } else if (ov_type_is_stream(type)) {
        c->stream = ov_stream_new();
        if (c->stream != NULL) {
            ov_stream_begin(c->stream, ov_codec_of(type), input, false);
        }
    } else if (ov_parser_ops_of(type) != NULL) {
        c->parser = ov_parser_open(type, input);
    } else {
        c->archive = ov_archive_open(type, input, NULL);
    }
    return finish_open(c, out);
}

bool ov_container_open_packed(struct ov_container **out, enum ov_type type,
        enum ov_type stream_type, const struct ov_input *input)
{
    struct ov_container *c = calloc(1, sizeof(*c));
    struct ov_stream *stream = ov_stream_new();

    OV_ASSERT(ov_archive_is_forward(type));
    if (c == NULL || stream == NULL) {
        free(c);
        ov_stream_free(stream);
        return false;
    }
    c->input = *input;
    ov_stream_begin(stream, ov_codec_of(stream_type), input, false);
    c->archive = ov_archive_open(type, input, stream);
    return finish_open(c, out);
}

bool ov_container_reads_forward(enum ov_type type)
{
    return ov_archive_is_forward(type);
}

bool ov_container_opens(enum ov_type type)
{
    return ov_parser_ops_of(type) != NULL;
}

void ov_container_free(struct ov_container *c)
{
    if (c == NULL) {
        return;
    }
    ov_zip_free(c->zip);
    ov_archive_free(c->archive);
    ov_parser_free(c->parser);
    ov_stream_free(c->stream);
    free(c);
}

enum ov_give ov_container_next(
        struct ov_container *c, struct ov_member *member, struct ov_trouble *trouble)
{
    member->view = OV_VIEW_NONE;
    member->unpacked = false;
    member->stored = false;
    member->macro = false;
    member->claims = (struct ov_member_claims){ .has_size = false };
    if (c->parser != NULL) {
        return ov_parser_next_member(c->parser, member, trouble);
    }
    if (c->zip != NULL) {
        return ov_zip_next(c->zip, member, trouble);
    }
    if (c->archive != NULL) {
        return ov_archive_next(c->archive, member, trouble);
    }
    if (c->stream_given) {
        return OV_GIVE_END;
    }
    c->stream_given = true;
    member->name = ov_bytes_of(NULL, 0);
    return OV_GIVE_PIECE;
}

enum ov_give ov_container_read(
        struct ov_container *c, struct ov_piece *piece, struct ov_trouble *trouble)
{
    if (c->parser != NULL) {
        return ov_parser_read(c->parser, piece, trouble);
    }
    if (c->zip != NULL) {
        return ov_zip_read(c->zip, piece, trouble);
    }
    if (c->archive != NULL) {
        return ov_archive_read(c->archive, piece, trouble);
    }
    piece->zeros = 0;
    return ov_stream_next(c->stream, &piece->bytes, trouble);
}

uint64_t ov_container_steps(const struct ov_container *c)
{
    return c->parser == NULL ? 0 : c->parser->steps;
}

/* Zeros fill blocks up: they are nobody's. */
static uint64_t skip_zeros(const struct ov_input *input, uint64_t from)
{
    uint8_t block[4096];
    uint64_t at = from;
    size_t got;

    while ((got = ov_input_read(input, at, block, sizeof(block))) != 0) {
        for (size_t i = 0; i < got; i++) {
            if (block[i] != 0) {
                return at + i;
            }
        }
        at += got;
    }
    return input->size;
}

uint64_t ov_container_end(const struct ov_container *c)
{
    uint64_t at = 0;

    if (c->zip != NULL) {
        at = ov_zip_end_of(c->zip);
    } else if (c->archive != NULL) {
        at = ov_archive_end_of(c->archive);
    } else if (c->parser != NULL) {
        at = c->parser->end;
    } else if (c->stream_given && ov_stream_ended(c->stream)) {
        at = ov_stream_used(c->stream);
    }
    return at == 0 ? c->input.size : skip_zeros(&c->input, at);
}

bool ov_container_skips(const struct ov_container *c)
{
    if (c->zip != NULL) {
        return ov_zip_skips(c->zip);
    }
    /* A packed stream has nothing behind its only member. */
    return c->archive == NULL || ov_archive_skips(c->archive);
}
