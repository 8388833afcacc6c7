/* SPDX-License-Identifier: Apache-2.0 */
/* parser.h - the common base of overt's own readers of what is inside documents, mail, programs,
 * disks. For src/formats alone.
 *
 * A parser is a state and a step. Each step lays down one member - bytes it made, bytes of the
 * input, or a packed part of it - or one trouble, or says that there is no more. A step's own loops
 * end because each turn goes forward in the input; what a member unpacks to is bounded by
 * OV_MADE_BYTES_MAX and charged by the walk. How often a parser may step is bounded here.
 */
#ifndef OV_FORMATS_PARSER_H
#define OV_FORMATS_PARSER_H

#include "base/buf.h"
#include "base/limits.h"
#include "formats/reader.h"

/* What one step laid down. All of it belongs to the parser, and is lent until the next step. */
struct ov_laid {
    struct ov_bytes name; /* cut to OV_NAME_BYTES_MAX by whoever takes it */
    enum ov_view view;
    bool unpacked;
    bool macro;
    struct ov_bytes bytes; /* first these, */
    struct ov_input part;  /* then these, if `has_part`, unpacked as `codec` */
    enum ov_codec codec;
    bool has_part;
    bool has_pieces;           /* then what ops->piece gives */
    struct ov_trouble trouble; /* told behind the member's bytes; NONE: none */
};

struct ov_parser {
    const struct ov_parser_ops *ops;
    struct ov_input input;
    struct ov_bytes all; /* the whole input, where ops->whole */
    enum ov_type type;   /* as it was opened */
    void *state;         /* ops->state_bytes of zeros at first */
    struct ov_laid laid;
    uint64_t steps; /* of interpreted programs */
    uint64_t end;   /* where in the input its own end was; 0: it does not say */

    uint8_t *priv_loaded; /* owned: `all`, if it is a copy */
    struct ov_stream *priv_stream;
    uint32_t priv_troubles;
    bool priv_over;
    bool priv_bytes_due;
    bool priv_part_due;
    bool priv_pieces_due;
    bool priv_trouble_due;
    struct ov_trouble priv_failed; /* opening */
};

struct ov_parser_ops {
    size_t state_bytes;
    bool whole;                         /* wants all of the input in one piece */
    bool (*begin)(struct ov_parser *p); /* false: no memory; NULL: nothing to do */
    enum ov_give (*step)(struct ov_parser *p);
    /* The next piece of a member with has_pieces: for what lies in many places. */
    enum ov_give (*piece)(struct ov_parser *p, struct ov_piece *piece, struct ov_trouble *trouble);
    void (*end)(struct ov_parser *p); /* NULL: nothing to do */
};

/* The parser of a type, or NULL: parsers.c. */
const struct ov_parser_ops *ov_parser_ops_of(enum ov_type type);

struct ov_parser *ov_parser_open(
        enum ov_type type, const struct ov_input *input); /* NULL: memory */
void ov_parser_free(struct ov_parser *p);
enum ov_give ov_parser_next_member(
        struct ov_parser *p, struct ov_member *member, struct ov_trouble *trouble);
enum ov_give ov_parser_read(
        struct ov_parser *p, struct ov_piece *piece, struct ov_trouble *trouble);

/* For a step's last line: lays a member down. Return OV_GIVE_PIECE. */
enum ov_give ov_lay_bytes(struct ov_parser *p, struct ov_bytes name, struct ov_bytes bytes);
enum ov_give ov_lay_part(struct ov_parser *p, struct ov_bytes name, uint64_t off, uint64_t size,
        enum ov_codec codec);
/* What was made in `buf`, as far as it fitted. */
enum ov_give ov_lay_buf(struct ov_parser *p, struct ov_bytes name, const struct ov_buf *buf);
/* Notes a trouble of the member just laid down; keeps the first. */
void ov_lay_trouble(struct ov_parser *p, enum ov_reason reason, const char *fmt, ...)
        OV_PRINTF(3, 4);
/* A trouble of the container itself. Returns OV_GIVE_TROUBLE. */
enum ov_give ov_parser_say(struct ov_parser *p, enum ov_reason reason, const char *fmt, ...)
        OV_PRINTF(3, 4);

struct ov_bytes ov_text_bytes(const char *text);

#endif
